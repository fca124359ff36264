/* Alerts and APCs by the native calls (A1-A28, WA12-WA15). */
#include "nt_check.h"

static LARGE_INTEGER poll = {.QuadPart = 0};
static int calls;
static ULONG_PTR order[8];

static VOID apc(PVOID first, PVOID second, PVOID third) {
    if (calls < 8) order[calls] = (ULONG_PTR)first * 100 + (ULONG_PTR)second * 10 + (ULONG_PTR)third;
    ++calls;
}

static void queue(HANDLE thread, ULONG_PTR first) {
    STATUS(NtQueueApcThread(thread, apc, (PVOID)first, (PVOID)(first + 1), (PVOID)(first + 2)), STATUS_SUCCESS);
}

/* A2, A3, A12, A13, A18, A21, A23. */
static void apcs_to_oneself(void) {
    HANDLE set;
    STATUS(NtCreateEvent(&set, EVENT_ALL_ACCESS, NULL, NotificationEvent, 1), STATUS_SUCCESS);
    queue(NtCurrentThread(), 1);
    queue(NtCurrentThread(), 2);
    STATUS(NtQueueApcThread(NtCurrentThread(), NULL, NULL, NULL, NULL), STATUS_SUCCESS);
    STATUS(NtDelayExecution(FALSE, &poll), STATUS_SUCCESS);
    STATUS(NtWaitForSingleObject(set, TRUE, NULL), STATUS_WAIT_0);
    EQUAL(calls, 0);
    STATUS(NtDelayExecution(TRUE, &poll), STATUS_USER_APC);
    EQUAL(calls, 2);
    EQUAL(order[0], 123);
    EQUAL(order[1], 234);
    queue(NtCurrentThread(), 3);
    STATUS(NtTestAlert(), STATUS_SUCCESS);
    EQUAL(calls, 3);
    STATUS(NtTestAlert(), STATUS_SUCCESS);
    EQUAL(calls, 3);
}

/* A7, A8, A22, A24-A26. */
static void alerts(void) {
    STATUS(NtAlertThread(NtCurrentThread()), STATUS_SUCCESS);
    STATUS(NtAlertThread(NtCurrentThread()), STATUS_SUCCESS);
    queue(NtCurrentThread(), 4);
    STATUS(NtDelayExecution(FALSE, &poll), STATUS_SUCCESS);
    STATUS(NtDelayExecution(TRUE, &poll), STATUS_ALERTED);
    EQUAL(calls, 3);
    STATUS(NtDelayExecution(TRUE, &poll), STATUS_USER_APC);
    EQUAL(calls, 4);
    STATUS(NtAlertThread(NtCurrentThread()), STATUS_SUCCESS);
    STATUS(NtTestAlert(), STATUS_ALERTED);
    STATUS(NtTestAlert(), STATUS_SUCCESS);
}

static NTSTATUS run(PVOID event) {
    /* A19: what was queued before the start has run. */
    EQUAL(calls, 5);
    return NtWaitForSingleObject(event, TRUE, NULL);
}

/* A15, A17, A19, A27, A28. */
static void apcs_to_others(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE thread, blind, never;
    ULONG previous = 77;
    THREAD_BASIC_INFORMATION is;
    STATUS(NtCreateEvent(&never, EVENT_ALL_ACCESS, NULL, NotificationEvent, 0), STATUS_SUCCESS);
    STATUS(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, NtCurrentProcess(), run, never,
                            THREAD_CREATE_FLAGS_CREATE_SUSPENDED, 0, 0, 0, NULL),
           STATUS_SUCCESS);
    STATUS(NtDuplicateObject(NtCurrentProcess(), thread, NtCurrentProcess(), &blind, SYNCHRONIZE, 0, 0), STATUS_SUCCESS);
    STATUS(NtQueueApcThread(blind, apc, NULL, NULL, NULL), STATUS_ACCESS_DENIED);
    STATUS(NtQueueApcThread(never, apc, NULL, NULL, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    STATUS(NtQueueApcThread(NULL, apc, NULL, NULL, NULL), STATUS_INVALID_HANDLE);
    STATUS(NtAlertThread(blind), STATUS_ACCESS_DENIED);
    STATUS(NtAlertThread(NULL), STATUS_INVALID_HANDLE);
    queue(thread, 5);
    for (size_t i = 0; i < COUNT(bad); ++i) STATUS(NtAlertResumeThread(thread, bad[i].pointer), bad[i].status);
    STATUS(NtAlertResumeThread(blind, &previous), STATUS_ACCESS_DENIED);
    EQUAL(previous, 77);
    STATUS(NtResumeThread(thread, &previous), STATUS_SUCCESS);
    EQUAL(previous, 1);
    STATUS(NtAlertThread(thread), STATUS_SUCCESS);
    STATUS(NtWaitForSingleObject(thread, FALSE, NULL), STATUS_WAIT_0);
    STATUS(NtQueryInformationThread(thread, ThreadBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    STATUS(is.ExitStatus, STATUS_ALERTED);
    STATUS(NtQueueApcThread(thread, apc, NULL, NULL, NULL), STATUS_UNSUCCESSFUL);
    STATUS(NtQueueApcThread(thread, NULL, NULL, NULL, NULL), STATUS_UNSUCCESSFUL);
    STATUS(NtAlertResumeThread(NtCurrentThread(), &previous), STATUS_SUCCESS);
    EQUAL(previous, 0);
    STATUS(NtAlertResumeThread(NtCurrentThread(), NULL), STATUS_SUCCESS);
    STATUS(NtDelayExecution(TRUE, &poll), STATUS_ALERTED);
}

/* WA12-WA15. */
static void alerts_by_id(void) {
    THREAD_BASIC_INFORMATION me;
    STATUS(NtQueryInformationThread(NtCurrentThread(), ThreadBasicInformation, &me, sizeof me, NULL), STATUS_SUCCESS);
    STATUS(NtWaitForAlertByThreadId(NULL, &poll), STATUS_TIMEOUT);
    STATUS(NtAlertThreadByThreadId(me.ClientId.UniqueThread), STATUS_SUCCESS);
    STATUS(NtAlertThreadByThreadId(me.ClientId.UniqueThread), STATUS_SUCCESS);
    STATUS(NtWaitForAlertByThreadId((PVOID)1, NULL), STATUS_ALERTED);
    STATUS(NtWaitForAlertByThreadId((PVOID)1, &poll), STATUS_TIMEOUT);
    static const ULONG_PTR unknown[] = {0, 1, 0xFFFFFFFC, 0x100000004, UINTPTR_MAX};
    for (size_t i = 0; i < COUNT(unknown); ++i) STATUS(NtAlertThreadByThreadId((HANDLE)unknown[i]), STATUS_INVALID_CID);
}

int main(void) {
    apcs_to_oneself();
    alerts();
    apcs_to_others();
    alerts_by_id();
    return RESULT();
}
