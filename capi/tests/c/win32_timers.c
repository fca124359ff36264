/* Waitable timers (T2-T25). */
#include "win32_check.h"

#define MILLISECOND 10000ll

static LARGE_INTEGER in_ms(LONGLONG milliseconds) { return (LARGE_INTEGER){.QuadPart = -milliseconds * MILLISECOND}; }

static LONGLONG now(void) {
    FILETIME time;
    GetSystemTimeAsFileTime(&time);
    return (LONGLONG)((ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime);
}

/* T2-T4, T6-T9. */
static void states(void) {
    LARGE_INTEGER soon = in_ms(1), later = in_ms(60000), past = {.QuadPart = 1}, zero = {.QuadPart = 0};
    for (int manual = 0; manual < 2; ++manual) {
        HANDLE timer = CreateWaitableTimerW(NULL, manual, NULL);
        LEAVES(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);
        LEAVES(SetWaitableTimer(timer, &soon, 0, NULL, NULL, FALSE), TRUE);
        LEAVES(WaitForSingleObject(timer, LONG_ENOUGH), WAIT_OBJECT_0);
        LEAVES(WaitForSingleObject(timer, 0), manual ? WAIT_OBJECT_0 : WAIT_TIMEOUT);
        LEAVES(SetWaitableTimer(timer, &past, 0, NULL, NULL, FALSE), TRUE); /* T3: inside the call */
        LEAVES(WaitForSingleObject(timer, 0), WAIT_OBJECT_0);
        LEAVES(SetWaitableTimer(timer, &zero, 0, NULL, NULL, FALSE), TRUE);
        LEAVES(CancelWaitableTimer(timer), TRUE); /* T6: its state stays */
        LEAVES(WaitForSingleObject(timer, 0), WAIT_OBJECT_0);
        EQUAL(SetWaitableTimer(timer, &zero, 0, NULL, NULL, FALSE), TRUE);
        LEAVES(SetWaitableTimer(timer, &later, 0, NULL, NULL, FALSE), TRUE); /* T4 */
        LEAVES(WaitForSingleObject(timer, 0), WAIT_TIMEOUT);
        LEAVES(SetWaitableTimer(timer, &soon, 5, NULL, NULL, FALSE), TRUE);
        for (int i = 0; i < 3; ++i) LEAVES(WaitForSingleObject(timer, LONG_ENOUGH), WAIT_OBJECT_0);
        LEAVES(CancelWaitableTimer(timer), TRUE);
        LARGE_INTEGER absolute = {.QuadPart = now() + 20 * MILLISECOND};
        LEAVES(SetWaitableTimer(timer, &absolute, 0, NULL, NULL, FALSE), TRUE);
        LEAVES(WaitForSingleObject(timer, LONG_ENOUGH), WAIT_OBJECT_0);
        CHECK(now() >= absolute.QuadPart);
        LEAVES(CloseHandle(timer), TRUE);
    }
}

/* T10, T20, T24, T25: what is refused, and what sets the last error although it succeeds. */
static void settings(void) {
    struct bad_pages bad = bad_pages();
    HANDLE timer = CreateWaitableTimerExW(NULL, NULL, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS);
    LARGE_INTEGER due[2] = {in_ms(60000), in_ms(60000)};
    LARGE_INTEGER *const places[] = {NULL, (LARGE_INTEGER *)bad.none, (LARGE_INTEGER *)8, (LARGE_INTEGER *)((char *)due + 4)};
    REASON_CONTEXT why;
    memset(&why, 0, sizeof why);
    for (size_t i = 0; i < COUNT(places); ++i) {
        REFUSED(SetWaitableTimer(timer, places[i], 0, NULL, NULL, FALSE), ERROR_NOACCESS);
        REFUSED(SetWaitableTimerEx(timer, places[i], 0, NULL, NULL, NULL, 0), ERROR_NOACCESS);
    }
    REFUSED(SetWaitableTimerEx(timer, due, 0, NULL, NULL, (REASON_CONTEXT *)bad.none, 0), ERROR_NOACCESS);
    REFUSED(SetWaitableTimer(timer, due, -1, NULL, NULL, FALSE), ERROR_INVALID_PARAMETER);
    REFUSED(SetWaitableTimer(GARBAGE, due, -1, NULL, NULL, FALSE), ERROR_INVALID_PARAMETER);
    REFUSED(SetWaitableTimer(GARBAGE, due, 0, NULL, NULL, TRUE), ERROR_INVALID_HANDLE);
    LAST(SetWaitableTimer(timer, due, 0, NULL, NULL, TRUE), TRUE, ERROR_NOT_SUPPORTED);
    LAST(SetWaitableTimerEx(timer, due, 0, NULL, NULL, &why, 0), TRUE, ERROR_NOT_SUPPORTED);
    LEAVES(SetWaitableTimerEx(timer, due, 0, NULL, NULL, NULL, 1000), TRUE);
    due[0] = in_ms(1);
    LAST(SetWaitableTimer(timer, due, 0, NULL, NULL, TRUE), TRUE, ERROR_NOT_SUPPORTED);
    LEAVES(WaitForSingleObject(timer, LONG_ENOUGH), WAIT_OBJECT_0); /* it is set all the same */
    LEAVES(CloseHandle(timer), TRUE);
}

static int calls;
static void *context_seen;
static LONGLONG time_seen;

static VOID WINAPI expired(LPVOID context, DWORD low, DWORD high) {
    ++calls;
    context_seen = context;
    time_seen = (LONGLONG)((ULONGLONG)high << 32 | low);
}

/* T14, T15, T18, T6, T19. */
static void completions(void) {
    HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);
    LARGE_INTEGER soon = in_ms(1), zero = {.QuadPart = 0};
    LONGLONG before = now();
    calls = 0;
    LEAVES(SetWaitableTimer(timer, &soon, 0, expired, &calls, FALSE), TRUE);
    LEAVES(WaitForSingleObject(timer, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(calls, 0);
    LEAVES(SleepEx(LONG_ENOUGH, TRUE), WAIT_IO_COMPLETION);
    EQUAL(calls, 1);
    CHECK(context_seen == &calls);
    CHECK(before + MILLISECOND <= time_seen && time_seen <= now());
    /* T15: many periods, one call. */
    LEAVES(SetWaitableTimer(timer, &soon, 1, expired, NULL, FALSE), TRUE);
    Sleep(20);
    calls = 0;
    LEAVES(SleepEx(LONG_ENOUGH, TRUE), WAIT_IO_COMPLETION);
    EQUAL(calls, 1);
    /* T6, T18: taken back. */
    LEAVES(SetWaitableTimer(timer, &zero, 0, expired, NULL, FALSE), TRUE);
    LEAVES(CancelWaitableTimer(timer), TRUE);
    LEAVES(SleepEx(0, TRUE), 0);
    LEAVES(SetWaitableTimer(timer, &zero, 0, expired, NULL, FALSE), TRUE);
    LEAVES(SetWaitableTimer(timer, &zero, 0, NULL, NULL, FALSE), TRUE);
    LEAVES(SleepEx(0, TRUE), 0);
    EQUAL(calls, 1);
    LEAVES(SetWaitableTimerEx(timer, &zero, 0, expired, &soon, NULL, 0), TRUE);
    LEAVES(SleepEx(0, TRUE), WAIT_IO_COMPLETION);
    EQUAL(calls, 2);
    CHECK(context_seen == &soon);
    LEAVES(CloseHandle(timer), TRUE);
}

static DWORD set_and_leave(void *timer) {
    LARGE_INTEGER soon = in_ms(20);
    return (DWORD)SetWaitableTimer(timer, &soon, 0, expired, NULL, FALSE);
}

/* T17: the timer of a thread that has ended is cancelled. */
static void timers_of_threads(void) {
    HANDLE timer = CreateWaitableTimerW(NULL, TRUE, NULL);
    struct worker worker = {.work = set_and_leave, .argument = timer};
    worker_start(&worker);
    EQUAL(worker_join(&worker), TRUE);
    LEAVES(WaitForSingleObject(timer, 60), WAIT_TIMEOUT);
    LEAVES(CloseHandle(timer), TRUE);
}

int main(void) {
    states();
    settings();
    completions();
    timers_of_threads();
    return RESULT();
}
