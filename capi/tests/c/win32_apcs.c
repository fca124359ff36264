/* APCs (A1-A20). */
#include "win32_check.h"

static int calls;
static ULONG_PTR order[32];
static HANDLE inner;

static VOID WINAPI note(ULONG_PTR data) {
    order[calls++ % (int)COUNT(order)] = data;
}

static VOID WINAPI queue_another(ULONG_PTR data) {
    note(data);
    EQUAL(QueueUserAPC(note, GetCurrentThread(), data + 1), TRUE);
}

static VOID WINAPI wait_inside(ULONG_PTR data) {
    note(data);
    EQUAL(WaitForSingleObject(inner, 0), WAIT_TIMEOUT);
}

/* A2, A3, A5, A6, A10, A12-A14, D9: in order, all of them by one alertable wait; its result says so. */
static void one_wait_drains_all(void) {
    HANDLE set = CreateEventW(NULL, TRUE, TRUE, NULL), clear = CreateEventW(NULL, TRUE, FALSE, NULL);
    inner = clear;
    for (int way = 0; way < 6; ++way) {
        calls = 0;
        for (ULONG_PTR i = 0; i < 16; ++i) LEAVES(QueueUserAPC(note, GetCurrentThread(), i), TRUE);
        LEAVES(QueueUserAPC(wait_inside, GetCurrentThread(), 16), TRUE);
        LEAVES(QueueUserAPC(queue_another, GetCurrentThread(), 17), TRUE);
        LEAVES(WaitForSingleObject(clear, 0), WAIT_TIMEOUT); /* A11 */
        Sleep(0);
        LEAVES(WaitForSingleObjectEx(set, 0, TRUE), WAIT_OBJECT_0); /* A13 */
        EQUAL(calls, 0);
        switch (way) {
        case 0: LEAVES(SleepEx(0, TRUE), WAIT_IO_COMPLETION); break;
        case 1: LEAVES(SleepEx(INFINITE, TRUE), WAIT_IO_COMPLETION); break; /* D10 */
        case 2: LEAVES(WaitForSingleObjectEx(clear, 0, TRUE), WAIT_IO_COMPLETION); break; /* A12 */
        case 3: LEAVES(WaitForSingleObjectEx(clear, INFINITE, TRUE), WAIT_IO_COMPLETION); break;
        case 4: LEAVES(WaitForMultipleObjectsEx(2, (HANDLE[]){clear, set}, TRUE, INFINITE, TRUE), WAIT_IO_COMPLETION); break;
        case 5: LEAVES(SignalObjectAndWait(set, clear, INFINITE, TRUE), WAIT_IO_COMPLETION); break;
        }
        EQUAL(calls, 19);
        for (ULONG_PTR i = 0; i < 19; ++i) EQUAL(order[i], i);
        LEAVES(SleepEx(0, TRUE), 0);
    }
    CloseHandle(set);
    CloseHandle(clear);
}

static DWORD sleep_until_apc(void *unused) {
    (void)unused;
    return SleepEx(INFINITE, TRUE);
}

/* A10: from another thread. */
static void a_blocked_thread_is_called(void) {
    struct worker worker = {.work = sleep_until_apc};
    calls = 0;
    worker_block(&worker);
    LEAVES(QueueUserAPC(note, worker.thread, ~(ULONG_PTR)0), TRUE);
    EQUAL(worker_join(&worker), WAIT_IO_COMPLETION);
    EQUAL(calls, 1);
    EQUAL(order[0], ~(ULONG_PTR)0);
}

static DWORD WINAPI count_calls(LPVOID unused) {
    (void)unused;
    return (DWORD)calls;
}

/* A19: before a thread's routine. A15, A16, A17, A18, A20. */
static void threads_that_do_not_run(void) {
    HANDLE thread = CreateThread(NULL, 0, count_calls, NULL, CREATE_SUSPENDED, NULL), weak;
    calls = 0;
    for (ULONG_PTR i = 0; i < 3; ++i) LEAVES(QueueUserAPC(note, thread, i), TRUE);
    LEAVES(QueueUserAPC(NULL, thread, 0), TRUE);
    EQUAL(DuplicateHandle(GetCurrentProcess(), thread, GetCurrentProcess(), &weak, SYNCHRONIZE, FALSE, 0), TRUE);
    LAST(QueueUserAPC(note, weak, 0), 0, ERROR_ACCESS_DENIED);
    LAST(QueueUserAPC(note, NULL, 0), 0, ERROR_INVALID_HANDLE);
    LAST(QueueUserAPC(note, GARBAGE, 0), 0, ERROR_INVALID_HANDLE);
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    LAST(QueueUserAPC(note, event, 0), 0, ERROR_INVALID_HANDLE);
    DWORD code = MARK;
    EQUAL(ResumeThread(thread), 1);
    EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(GetExitCodeThread(thread, &code), TRUE);
    EQUAL(code, 3);
    LAST(QueueUserAPC(note, thread, 0), 0, ERROR_GEN_FAILURE); /* A15 */
    LAST(QueueUserAPC(NULL, thread, 0), 0, ERROR_GEN_FAILURE); /* A18 */
    CloseHandle(thread);
    thread = CreateThread(NULL, 0, count_calls, NULL, CREATE_SUSPENDED, NULL);
    LEAVES(QueueUserAPC(note, thread, 9), TRUE);
    LEAVES(TerminateThread(thread, 5), TRUE);
    EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    LAST(QueueUserAPC(note, thread, 0), 0, ERROR_GEN_FAILURE); /* A16 */
    EQUAL(calls, 3); /* A20 */
    CloseHandle(thread);
    CloseHandle(weak);
    CloseHandle(event);
}

int main(void) {
    one_wait_drains_all();
    a_blocked_thread_is_called();
    threads_that_do_not_run();
    return RESULT();
}
