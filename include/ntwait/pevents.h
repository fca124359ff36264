/*
 * ntwait/pevents.h: the API of pevents (https://github.com/neosmart/pevents) on this library's events, from C++11 on.
 *
 * Programs written for pevents compile with this header alone, without a source file of pevents. WaitForMultipleEvents
 * and PulseEvent are there whether or not WFMO and PULSE are defined. What is different:
 *   - An event is a handle: it converts to HANDLE and can stand in one wait with threads, mutexes and timers.
 *   - WAIT_TIMEOUT is 258, as pevents has it on Windows; on Linux pevents has ETIMEDOUT.
 *   - Errors are returned as Win32 error numbers, as pevents does on Windows, where pevents on Linux asserts: 6
 *     (ERROR_INVALID_HANDLE) for what is no event, 87 (ERROR_INVALID_PARAMETER) for no event at all, or for one that is
 *     listed twice in a wait for all.
 *   - A wait for all takes all events in one step or none. There is no limit of 64 (it is 1,048,576).
 *
 * Callers: any thread, callbacks of this library, static constructors; never a signal handler. Times are in ms.
 * This header and ntwait/win32.h may be included together, in either order.
 */
#ifndef NTWAIT_PEVENTS_H
#define NTWAIT_PEVENTS_H

#ifndef __cplusplus
#error "ntwait/pevents.h is for C++; ntwait/win32.h has the calls for C"
#endif

#include "ext.h"

/* What a wait returns when the time is up: an int, like all results here, so that both can be compared. */
#undef WAIT_TIMEOUT
#define WAIT_TIMEOUT 258

namespace neosmart {
    /* An event: never defined, as the pointer is a handle. */
    struct neosmart_event_t_;
    typedef neosmart_event_t_ *neosmart_event_t;

    /* For ever. */
    const uint64_t WAIT_INFINITE = UINT64_MAX;

    namespace ntwait_details {
        /* 0 for success, an abandoned mutex included; WAIT_TIMEOUT; else the Win32 error. */
        inline int result(NTSTATUS status) {
            if (status == STATUS_TIMEOUT) {
                return WAIT_TIMEOUT;
            }
            return NT_SUCCESS(status) ? 0 : static_cast<int>(RtlNtStatusToDosError(status));
        }

        /* Milliseconds as the native calls want them. What they cannot say, 29,000 years, is for ever. */
        class Timeout {
        public:
            explicit Timeout(uint64_t milliseconds) : finite(milliseconds <= INT64_MAX / UNITS) {
                time.QuadPart = finite ? -static_cast<LONGLONG>(milliseconds * UNITS) : 0;
            }

            PLARGE_INTEGER get() { return finite ? &time : nullptr; }

        private:
            static const uint64_t UNITS = 10000;
            LARGE_INTEGER time;
            bool finite;
        };
    } // namespace ntwait_details

    /* A new event; nullptr if there is no memory. Without manualReset each set releases one wait. */
    inline neosmart_event_t CreateEvent(bool manualReset = false, bool initialState = false) {
        HANDLE event = nullptr;
        const EVENT_TYPE type = manualReset ? NotificationEvent : SynchronizationEvent;
        const NTSTATUS status = NtCreateEvent(&event, EVENT_ALL_ACCESS, nullptr, type, initialState ? TRUE : FALSE);
        return NT_SUCCESS(status) ? static_cast<neosmart_event_t>(event) : nullptr;
    }

    /* Who waits for it waits on. The thread that a set has woken may do this at once. */
    inline int DestroyEvent(neosmart_event_t event) {
        return ntwait_details::result(NtClose(event));
    }

    /* 0: the event was set, and is taken if it resets itself. WAIT_TIMEOUT: it was not, and nothing is taken. */
    inline int WaitForEvent(neosmart_event_t event, uint64_t milliseconds = WAIT_INFINITE) {
        return ntwait_details::result(NtWaitForSingleObject(event, FALSE, ntwait_details::Timeout(milliseconds).get()));
    }

    inline int SetEvent(neosmart_event_t event) {
        return ntwait_details::result(NtSetEvent(event, nullptr));
    }

    inline int ResetEvent(neosmart_event_t event) {
        return ntwait_details::result(NtResetEvent(event, nullptr));
    }

    /* Releases those who wait at this moment, one or all as the event is; it is not set afterwards. */
    inline int PulseEvent(neosmart_event_t event) {
        return ntwait_details::result(NtPulseEvent(event, nullptr));
    }

    /*
     * Waits for events, threads, mutexes, semaphores and timers, each as it is. 0: one was taken, whose position is
     * index; or all, in one step, and index is 0. Otherwise nothing was taken, and index is -1. A mutex that its owner
     * has left behind counts as released.
     */
    inline int WaitForMultipleEvents(const HANDLE *objects, int count, bool waitAll, uint64_t milliseconds,
                                     int &index) {
        size_t taken = 0;
        const int result = ntwait_details::result(
            ntw_wait_for_objects(count < 0 ? 0 : static_cast<size_t>(count), objects, waitAll ? WaitAll : WaitAny,
                                 ntwait_details::Timeout(milliseconds).get(), &taken));
        index = result == 0 ? static_cast<int>(taken) : -1;
        return result;
    }

    inline int WaitForMultipleEvents(const HANDLE *objects, int count, bool waitAll, uint64_t milliseconds) {
        int index;
        return WaitForMultipleEvents(objects, count, waitAll, milliseconds, index);
    }

    inline int WaitForMultipleEvents(neosmart_event_t *events, int count, bool waitAll, uint64_t milliseconds,
                                     int &index) {
        const HANDLE *objects = reinterpret_cast<HANDLE *>(events);
        return WaitForMultipleEvents(objects, count, waitAll, milliseconds, index);
    }

    inline int WaitForMultipleEvents(neosmart_event_t *events, int count, bool waitAll, uint64_t milliseconds) {
        int index;
        return WaitForMultipleEvents(events, count, waitAll, milliseconds, index);
    }
} // namespace neosmart

#endif
