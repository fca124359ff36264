// ntwait/pevents.h: the API of pevents, and the bugs of pevents, which must not happen here.
//
// | bug of pevents                                                       | test                                  |
// |----------------------------------------------------------------------|---------------------------------------|
// | a wait for all that times out eats an auto-reset event (its issue 9)  | timed_out_wait_for_all_eats_nothing   |
// | two manual events that are never set together satisfy one            | events_never_set_together             |
// | waits for {a, b} and {b, a} with two setters stop for good           | opposite_orders                       |
// | the same object twice in a wait is a deadlock                        | same_object_twice                     |
// | a set touches the event that its waiter has destroyed                | destroyed_right_after_the_wait        |
// | a pulse misses who waits, and releases who comes later               | pulse_reaches_the_present             |

#include <ntwait/win32.h> // both headers in one file; installed.sh has the other order

#include <ntwait/pevents.h>

#include "check.hpp"

#include <atomic>
#include <chrono>
#include <type_traits>
#include <vector>

using namespace neosmart;

namespace {
    using Milliseconds = std::chrono::milliseconds;
    using Clock = std::chrono::steady_clock;

    // The signatures of pevents.
    static_assert(std::is_same<decltype(&CreateEvent), neosmart_event_t (*)(bool, bool)>::value, "");
    static_assert(std::is_same<decltype(&DestroyEvent), int (*)(neosmart_event_t)>::value, "");
    static_assert(std::is_same<decltype(&WaitForEvent), int (*)(neosmart_event_t, uint64_t)>::value, "");
    static_assert(std::is_same<decltype(&neosmart::SetEvent), int (*)(neosmart_event_t)>::value, "");
    static_assert(std::is_same<decltype(&neosmart::ResetEvent), int (*)(neosmart_event_t)>::value, "");
    static_assert(std::is_same<decltype(&neosmart::PulseEvent), int (*)(neosmart_event_t)>::value, "");
    int (*const WAIT_FOR_MULTIPLE)(neosmart_event_t *, int, bool, uint64_t) = WaitForMultipleEvents;
    int (*const WAIT_FOR_MULTIPLE_INDEX)(neosmart_event_t *, int, bool, uint64_t, int &) = WaitForMultipleEvents;
    static_assert(std::is_same<decltype(WAIT_INFINITE), const uint64_t>::value && WAIT_INFINITE == ~uint64_t(0), "");
    static_assert(std::is_convertible<neosmart_event_t, HANDLE>::value, "");

    // Takes what is there, and says whether it was.
    bool is_set(neosmart_event_t event) {
        const int result = WaitForEvent(event, 0);
        CHECK(result == 0 || result == WAIT_TIMEOUT);
        return result == 0;
    }

    void spin(std::chrono::microseconds time) {
        for (const Clock::time_point end = Clock::now() + time; Clock::now() < end;) {
        }
    }

    void states() {
        neosmart_event_t event = CreateEvent();
        CHECK(event != nullptr && !is_set(event));
        CHECK(SetEvent(event) == 0 && SetEvent(event) == 0);
        CHECK(is_set(event) && !is_set(event)); // one wait for each set
        CHECK(SetEvent(event) == 0 && ResetEvent(event) == 0 && !is_set(event));
        CHECK(DestroyEvent(event) == 0);

        event = CreateEvent(false, true);
        CHECK(is_set(event) && !is_set(event));
        CHECK(DestroyEvent(event) == 0);

        event = CreateEvent(true);
        CHECK(!is_set(event) && SetEvent(event) == 0);
        CHECK(is_set(event) && is_set(event) && WaitForEvent(event) == 0);
        CHECK(ResetEvent(event) == 0 && !is_set(event));
        CHECK(DestroyEvent(event) == 0);

        event = CreateEvent(true, true);
        CHECK(is_set(event) && PulseEvent(event) == 0 && !is_set(event));
        CHECK(DestroyEvent(event) == 0);
    }

    void times() {
        neosmart_event_t event = CreateEvent();
        neosmart_event_t events[] = {event};
        const Clock::time_point start = Clock::now();
        CHECK(WaitForEvent(event, 20) == WAIT_TIMEOUT && Clock::now() - start >= Milliseconds(20));
        CHECK(WaitForMultipleEvents(events, 1, true, 20) == WAIT_TIMEOUT && Clock::now() - start >= Milliseconds(40));
        // More than can be counted in 100 ns is for ever, and no negative time.
        const uint64_t most = uint64_t(INT64_MAX) / 10000;
        for (uint64_t milliseconds : {WAIT_INFINITE, WAIT_INFINITE - 1, most + 1, most, uint64_t(1) << 32}) {
            check::Blocked waiter([=] { CHECK(WaitForEvent(event, milliseconds) == 0); });
            CHECK(SetEvent(event) == 0);
            waiter.join();
        }
        CHECK(DestroyEvent(event) == 0);
    }

    void errors() {
        neosmart_event_t event = CreateEvent(true, true), gone = CreateEvent();
        CHECK(DestroyEvent(gone) == 0);
        for (neosmart_event_t bad : {gone, neosmart_event_t(nullptr)}) {
            CHECK(DestroyEvent(bad) == ERROR_INVALID_HANDLE && WaitForEvent(bad, 0) == ERROR_INVALID_HANDLE);
            CHECK(SetEvent(bad) == ERROR_INVALID_HANDLE && ResetEvent(bad) == ERROR_INVALID_HANDLE);
            CHECK(PulseEvent(bad) == ERROR_INVALID_HANDLE);
            neosmart_event_t events[] = {event, bad};
            int index = 7;
            CHECK(WaitForMultipleEvents(events, 2, false, 0, index) == ERROR_INVALID_HANDLE && index == -1);
        }
        for (int count : {0, -1, INT32_MIN}) {
            CHECK(WaitForMultipleEvents(&event, count, false, 0) == ERROR_INVALID_PARAMETER);
            CHECK(WaitForMultipleEvents(&event, count, true, 0) == ERROR_INVALID_PARAMETER);
        }
        CHECK(DestroyEvent(event) == 0);
    }

    void multiple() {
        neosmart_event_t events[] = {CreateEvent(), CreateEvent(true), CreateEvent()};
        int index = 7;
        CHECK(WAIT_FOR_MULTIPLE(events, 3, false, 0) == WAIT_TIMEOUT);
        CHECK(WAIT_FOR_MULTIPLE_INDEX(events, 3, false, 5, index) == WAIT_TIMEOUT && index == -1);
        CHECK(SetEvent(events[2]) == 0 && SetEvent(events[1]) == 0);
        CHECK(WaitForMultipleEvents(events, 3, false, 0, index) == 0 && index == 1); // the first in the list
        CHECK(ResetEvent(events[1]) == 0);
        CHECK(WaitForMultipleEvents(events, 3, false, WAIT_INFINITE, index) == 0 && index == 2 && !is_set(events[2]));
        for (neosmart_event_t event : events) {
            CHECK(WaitForMultipleEvents(events, 3, true, 0, index) == WAIT_TIMEOUT && index == -1);
            CHECK(SetEvent(event) == 0);
        }
        CHECK(WaitForMultipleEvents(events, 3, true, 0, index) == 0 && index == 0);
        CHECK(!is_set(events[0]) && is_set(events[1]) && !is_set(events[2]));
        check::Blocked waiter([&] {
            int which = 7;
            CHECK(WaitForMultipleEvents(events, 3, true, WAIT_INFINITE, which) == 0 && which == 0);
        });
        CHECK(SetEvent(events[2]) == 0 && SetEvent(events[0]) == 0);
        waiter.join();
        for (neosmart_event_t event : events) {
            CHECK(DestroyEvent(event) == 0);
        }
    }

    void no_limit_of_64() {
        std::vector<neosmart_event_t> events(1000);
        for (neosmart_event_t &event : events) {
            event = CreateEvent();
            CHECK(event != nullptr);
        }
        const int count = static_cast<int>(events.size());
        int index = 7;
        CHECK(SetEvent(events[997]) == 0);
        CHECK(WaitForMultipleEvents(events.data(), count, false, WAIT_INFINITE, index) == 0 && index == 997);
        check::Blocked waiter([&] { CHECK(WaitForMultipleEvents(events.data(), count, true, WAIT_INFINITE) == 0); });
        for (neosmart_event_t event : events) {
            CHECK(SetEvent(event) == 0);
        }
        waiter.join();
        for (neosmart_event_t event : events) {
            CHECK(!is_set(event) && DestroyEvent(event) == 0);
        }
    }

    // A set at any moment of a short wait for all: it is either taken together with the other event, or still there.
    void timed_out_wait_for_all_eats_nothing() {
        neosmart_event_t present = CreateEvent(false, true), late = CreateEvent();
        neosmart_event_t go = CreateEvent(), done = CreateEvent();
        std::atomic<int> pause(0);
        std::thread setter([&] {
            while (WaitForEvent(go) == 0 && pause >= 0) {
                spin(std::chrono::microseconds(pause));
                CHECK(SetEvent(late) == 0 && SetEvent(done) == 0);
            }
        });
        int both = 0, neither = 0;
        for (int trial = 0; trial < 2000; ++trial) {
            pause = trial % 4 == 0 ? 3000 : trial % 1500;
            CHECK(SetEvent(go) == 0);
            neosmart_event_t events[] = {present, late};
            const int result = WaitForMultipleEvents(events, 2, true, 1);
            CHECK(WaitForEvent(done) == 0);
            if (result == WAIT_TIMEOUT) {
                CHECK(is_set(present) && is_set(late));
                ++neither;
            } else {
                CHECK(result == 0 && !is_set(present) && !is_set(late));
                ++both;
            }
            CHECK(SetEvent(present) == 0);
        }
        pause = -1;
        CHECK(SetEvent(go) == 0);
        setter.join();
        CHECK(both > 0 && neither > 0);
        for (neosmart_event_t event : {present, late, go, done}) {
            CHECK(DestroyEvent(event) == 0);
        }
    }

    void events_never_set_together() {
        neosmart_event_t events[] = {CreateEvent(true), CreateEvent(true)};
        std::atomic<bool> stop(false);
        std::atomic<int> rounds(0);
        std::thread toggler([&] {
            while (!stop) {
                for (neosmart_event_t event : events) {
                    CHECK(SetEvent(event) == 0 && ResetEvent(event) == 0);
                }
                ++rounds;
            }
        });
        for (int trial = 0; trial < 20000 || rounds < 1000; ++trial) {
            CHECK(WaitForMultipleEvents(events, 2, true, trial % 100 == 0) == WAIT_TIMEOUT);
        }
        stop = true;
        toggler.join();
        for (neosmart_event_t event : events) {
            CHECK(DestroyEvent(event) == 0);
        }
    }

    // Every set is taken by somebody or still there, and both waiters get on.
    void opposite_orders() {
        const neosmart_event_t a = CreateEvent(), b = CreateEvent();
        std::atomic<bool> stop(false);
        std::atomic<int> took[2] = {{0}, {0}};
        const auto wait = [&](int who, neosmart_event_t first, neosmart_event_t second) {
            neosmart_event_t events[] = {first, second};
            while (!stop) {
                const int result = WaitForMultipleEvents(events, 2, true, 1);
                CHECK(result == 0 || result == WAIT_TIMEOUT);
                took[who] += result == 0;
            }
        };
        const auto set = [&](neosmart_event_t event) {
            while (!stop) {
                CHECK(SetEvent(event) == 0);
                std::this_thread::yield(); // so that the waiters wait
            }
        };
        std::thread threads[] = {std::thread(wait, 0, a, b), std::thread(wait, 1, b, a), std::thread(set, a),
                                 std::thread(set, b)};
        const Clock::time_point enough = Clock::now() + Milliseconds(2000);
        while (took[0] < 500 || took[1] < 500 || Clock::now() < enough) {
            std::this_thread::yield();
        }
        stop = true;
        for (std::thread &thread : threads) {
            thread.join();
        }
        CHECK(DestroyEvent(a) == 0 && DestroyEvent(b) == 0);
    }

    void same_object_twice() {
        const neosmart_event_t event = CreateEvent(), other = CreateEvent();
        neosmart_event_t events[] = {other, event, event};
        int index = 7;
        CHECK(WaitForMultipleEvents(events, 3, false, 1) == WAIT_TIMEOUT);
        check::Blocked waiter([&] {
            int which = 7;
            CHECK(WaitForMultipleEvents(events, 3, false, WAIT_INFINITE, which) == 0 && which == 1);
        });
        CHECK(SetEvent(event) == 0);
        waiter.join();
        CHECK(!is_set(event)); // it was taken, and once
        CHECK(SetEvent(event) == 0 && SetEvent(other) == 0);
        CHECK(WaitForMultipleEvents(events, 3, true, 0, index) == ERROR_INVALID_PARAMETER && index == -1);
        CHECK(is_set(event) && is_set(other));
        CHECK(DestroyEvent(event) == 0 && DestroyEvent(other) == 0);
    }

    // Who is woken destroys the event while the set may still be on its way out; a new event moves into its place.
    void destroyed_right_after_the_wait() {
        std::atomic<neosmart_event_t> given(nullptr);
        std::atomic<bool> stop(false);
        std::thread setter([&] {
            while (!stop) {
                const neosmart_event_t event = given.exchange(nullptr);
                CHECK(event == nullptr || SetEvent(event) == 0);
            }
        });
        for (int trial = 0; trial < 20000; ++trial) {
            const neosmart_event_t event = CreateEvent(trial % 2 != 0);
            given = event;
            CHECK(WaitForEvent(event) == 0 && DestroyEvent(event) == 0);
            const neosmart_event_t heir = CreateEvent(true);
            CHECK(!is_set(heir) && DestroyEvent(heir) == 0);
        }
        stop = true;
        setter.join();
    }

    void pulse_reaches_the_present() {
        const neosmart_event_t all = CreateEvent(true), one = CreateEvent(), never = CreateEvent();
        for (int trial = 0; trial < 20; ++trial) {
            neosmart_event_t events[] = {never, all};
            std::atomic<int> released(0);
            check::Blocked waiters[] = {
                check::Blocked([&] { released += WaitForEvent(all) == 0; }),
                check::Blocked([&] { released += WaitForMultipleEvents(events, 2, false, WAIT_INFINITE) == 0; }),
            };
            CHECK(PulseEvent(all) == 0 && !is_set(all));
            for (check::Blocked &waiter : waiters) {
                waiter.join();
            }
            CHECK(released == 2);
            check::Blocked first([=] { CHECK(WaitForEvent(one) == 0); });
            check::Blocked second([=] { CHECK(WaitForEvent(one) == 0); });
            CHECK(PulseEvent(one) == 0 && !is_set(one));
            first.join(); // who came first; the other waits on
            CHECK(SetEvent(one) == 0);
            second.join();
        }
        CHECK(DestroyEvent(all) == 0 && DestroyEvent(one) == 0 && DestroyEvent(never) == 0);
    }

    DWORD WINAPI leave_with_mutex(LPVOID mutex) {
        return WaitForSingleObject(mutex, INFINITE);
    }

    void together_with_other_objects() {
        const neosmart_event_t event = CreateEvent();
        const HANDLE mutex = CreateMutexW(nullptr, FALSE, nullptr);
        const HANDLE timer = CreateWaitableTimerW(nullptr, TRUE, nullptr);
        const HANDLE thread = CreateThread(nullptr, 0, leave_with_mutex, mutex, 0, nullptr);
        CHECK(mutex != nullptr && timer != nullptr && thread != nullptr);
        const HANDLE objects[] = {event, timer, thread, mutex};
        int index = 7;
        CHECK(WaitForMultipleEvents(objects, 3, false, WAIT_INFINITE, index) == 0 && index == 2);
        LARGE_INTEGER due;
        due.QuadPart = -10000;
        CHECK(SetWaitableTimer(timer, &due, 0, nullptr, nullptr, FALSE));
        CHECK(WaitForMultipleEvents(objects, 2, false, WAIT_INFINITE, index) == 0 && index == 1);
        CHECK(WaitForMultipleEvents(objects, 4, true, 0) == WAIT_TIMEOUT);
        CHECK(::SetEvent(event) && WaitForMultipleEvents(objects, 4, true, 0, index) == 0 && index == 0);
        CHECK(!is_set(event) && ReleaseMutex(mutex)); // the mutex that its owner left behind
        for (const HANDLE object : objects) {
            CHECK(CloseHandle(object));
        }
    }
} // namespace

int main() {
    const check::Test tests[] = {
#define TEST(name) {"pevents::" #name, name}
        TEST(states),
        TEST(times),
        TEST(errors),
        TEST(multiple),
        TEST(no_limit_of_64),
        TEST(timed_out_wait_for_all_eats_nothing),
        TEST(events_never_set_together),
        TEST(opposite_orders),
        TEST(same_object_twice),
        TEST(destroyed_right_after_the_wait),
        TEST(pulse_reaches_the_present),
        TEST(together_with_other_objects),
#undef TEST
    };
    return check::run(tests);
}
