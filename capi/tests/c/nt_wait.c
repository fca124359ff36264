/* Waits by the native calls (W1-W48, S1-S13, D1-D11), and the one for any number of objects. */
#include "ntwait/ext.h"
#include "nt_check.h"
#include <stdlib.h>

static LARGE_INTEGER poll = {.QuadPart = 0}, moment = {.QuadPart = -10000}, past = {.QuadPart = 1};

static HANDLE make(EVENT_TYPE type, BOOLEAN state) {
    HANDLE event = NULL;
    STATUS(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, type, state), STATUS_SUCCESS);
    return event;
}

static LONG state_of(HANDLE event) {
    EVENT_BASIC_INFORMATION is = {0, 77};
    STATUS(NtQueryEvent(event, EventBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    return is.EventState;
}

/* D1, D2, D4, W28, W30, W32. */
static void single(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE set = make(NotificationEvent, 1), clear = make(NotificationEvent, 0);
    struct {
        HANDLE object;
        BOOLEAN alertable;
        PLARGE_INTEGER timeout;
        NTSTATUS status;
    } table[] = {
        {set, FALSE, NULL, STATUS_WAIT_0},
        {set, TRUE, &poll, STATUS_WAIT_0},
        {(HANDLE)((ULONG_PTR)set | 3), FALSE, NULL, STATUS_WAIT_0},
        {clear, FALSE, &poll, STATUS_TIMEOUT},
        {clear, TRUE, &poll, STATUS_TIMEOUT},
        {clear, FALSE, &moment, STATUS_TIMEOUT},
        {clear, FALSE, &past, STATUS_TIMEOUT},
        {NtCurrentThread(), FALSE, &poll, STATUS_TIMEOUT},
        {NtCurrentProcess(), FALSE, &poll, STATUS_TIMEOUT},
        {NULL, FALSE, NULL, STATUS_INVALID_HANDLE},
        {(HANDLE)3, FALSE, NULL, STATUS_INVALID_HANDLE},
        {(HANDLE)0x123456789ABCDEF0, FALSE, &poll, STATUS_INVALID_HANDLE},
    };
    for (size_t i = 0; i < COUNT(table); ++i)
        STATUS(NtWaitForSingleObject(table[i].object, table[i].alertable, table[i].timeout), table[i].status);
    HANDLE automatic = make(SynchronizationEvent, 1);
    for (size_t i = 1; i < COUNT(bad); ++i) {
        STATUS(NtWaitForSingleObject(automatic, FALSE, bad[i].pointer), bad[i].status);
        STATUS(NtWaitForMultipleObjects(1, &automatic, WaitAny, FALSE, bad[i].pointer), bad[i].status);
        STATUS(NtSignalAndWaitForSingleObject(clear, automatic, FALSE, bad[i].pointer), bad[i].status);
        STATUS(NtDelayExecution(FALSE, bad[i].pointer), bad[i].status);
        STATUS(NtWaitForAlertByThreadId(NULL, bad[i].pointer), bad[i].status);
        STATUS(ntw_wait_for_objects(1, &automatic, WaitAny, bad[i].pointer, NULL), bad[i].status);
    }
    EQUAL(state_of(automatic), 1);
    EQUAL(state_of(clear), 0);
}

/* W1-W4, W6, W8, W9, W12, W29. */
static void multiple(void) {
    HANDLE set = make(SynchronizationEvent, 1), clear = make(NotificationEvent, 0), blind, bad = (HANDLE)0x1234;
    STATUS(NtCreateEvent(&blind, EVENT_MODIFY_STATE, NULL, NotificationEvent, 1), STATUS_SUCCESS);
    struct {
        ULONG count;
        HANDLE objects[3];
        int type;
        NTSTATUS status;
    } table[] = {
        {0, {set}, 7, STATUS_INVALID_PARAMETER_1},
        {65, {set}, 7, STATUS_INVALID_PARAMETER_1},
        {0xFFFFFFFF, {set}, 0, STATUS_INVALID_PARAMETER_1},
        {1, {bad}, 2, STATUS_INVALID_PARAMETER_3},
        {2, {set, bad}, WaitAny, STATUS_INVALID_HANDLE},
        {2, {set, bad}, WaitAll, STATUS_INVALID_HANDLE},
        {3, {set, blind, bad}, WaitAny, STATUS_ACCESS_DENIED},
        {2, {set, NtCurrentThread()}, WaitAny, STATUS_INVALID_HANDLE},
        {2, {set, set}, WaitAll, STATUS_INVALID_PARAMETER_MIX},
        {2, {set, clear}, WaitAll, STATUS_TIMEOUT},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        STATUS(NtWaitForMultipleObjects(table[i].count, table[i].objects, (WAIT_TYPE)table[i].type, FALSE, &poll), table[i].status);
        EQUAL(state_of(set), 1);
    }
    STATUS(NtWaitForMultipleObjects(0, NULL, (WAIT_TYPE)7, FALSE, (PLARGE_INTEGER)8), STATUS_INVALID_PARAMETER_1);
    STATUS(NtWaitForMultipleObjects(1, NULL, (WAIT_TYPE)7, FALSE, (PLARGE_INTEGER)8), STATUS_INVALID_PARAMETER_3);
    STATUS(NtWaitForMultipleObjects(1, NULL, WaitAny, FALSE, &poll), STATUS_ACCESS_VIOLATION);
    STATUS(NtWaitForMultipleObjects(1, (HANDLE *)(ULONG_PTR)0x10004, WaitAny, FALSE, &poll), STATUS_DATATYPE_MISALIGNMENT);
    HANDLE list[64];
    for (size_t i = 0; i < COUNT(list); ++i) list[i] = i == 63 ? set : clear;
    STATUS(NtWaitForMultipleObjects(64, list, WaitAny, FALSE, NULL), STATUS_WAIT_63);
    EQUAL(state_of(set), 0);
}

/* S1-S5, S7. */
static void signal_and_wait(void) {
    HANDLE event = make(SynchronizationEvent, 0), clear = make(NotificationEvent, 0), semaphore, mutant;
    STATUS(NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 1, 1), STATUS_SUCCESS);
    STATUS(NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, FALSE), STATUS_SUCCESS);
    struct {
        HANDLE signal, object;
        NTSTATUS status;
    } table[] = {
        {event, event, STATUS_WAIT_0},
        {NULL, event, STATUS_INVALID_HANDLE},
        {event, NULL, STATUS_INVALID_HANDLE},
        {semaphore, event, STATUS_SEMAPHORE_LIMIT_EXCEEDED},
        {mutant, event, STATUS_MUTANT_NOT_OWNED},
        {NtCurrentThread(), event, STATUS_OBJECT_TYPE_MISMATCH},
        {event, clear, STATUS_TIMEOUT},
        {clear, event, STATUS_WAIT_0},
    };
    for (size_t i = 0; i < COUNT(table); ++i)
        STATUS(NtSignalAndWaitForSingleObject(table[i].signal, table[i].object, FALSE, &poll), table[i].status);
    EQUAL(state_of(event), 0);
    EQUAL(state_of(clear), 1);
}

/* D4-D7, D11. */
static void delays(void) {
    STATUS(NtDelayExecution(FALSE, NULL), STATUS_ACCESS_VIOLATION);
    STATUS(NtDelayExecution(FALSE, &moment), STATUS_SUCCESS);
    STATUS(NtDelayExecution(TRUE, &moment), STATUS_SUCCESS);
    NTSTATUS status = NtDelayExecution(TRUE, &poll);
    CHECK(status == STATUS_SUCCESS || status == STATUS_NO_YIELD_PERFORMED);
    status = NtYieldExecution();
    CHECK(status == STATUS_SUCCESS || status == STATUS_NO_YIELD_PERFORMED);
}

static void *end_as_owner(void *mutant) {
    STATUS(NtWaitForSingleObject(mutant, FALSE, NULL), STATUS_WAIT_0);
    return NULL;
}

/* As many as one likes: W6, W8, W9, W12, W17, W18 without the limit of 64. */
static void any_number(void) {
    enum { MANY = 3000 };
    HANDLE *list = malloc(MANY * sizeof *list);
    size_t index = 77;
    for (size_t i = 0; i < MANY; ++i) list[i] = make(SynchronizationEvent, 0);
    STATUS(ntw_wait_for_objects(MANY, list, WaitAny, &moment, &index), STATUS_TIMEOUT);
    EQUAL(index, 77);
    STATUS(NtSetEvent(list[MANY - 1], NULL), STATUS_SUCCESS);
    STATUS(ntw_wait_for_objects(MANY, list, WaitAll, &poll, &index), STATUS_TIMEOUT);
    STATUS(ntw_wait_for_objects(MANY, list, WaitAny, NULL, &index), STATUS_WAIT_0);
    EQUAL(index, MANY - 1);
    for (size_t i = 0; i < MANY; ++i) STATUS(NtSetEvent(list[i], NULL), STATUS_SUCCESS);
    STATUS(ntw_wait_for_objects(MANY, list, WaitAll, NULL, &index), STATUS_WAIT_0);
    EQUAL(index, 0);
    for (size_t i = 0; i < MANY; ++i) EQUAL(state_of(list[i]), 0);

    HANDLE mutant;
    STATUS(NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, FALSE), STATUS_SUCCESS);
    in_a_thread(end_as_owner, mutant);
    list[100] = mutant;
    STATUS(ntw_wait_for_objects(MANY, list, WaitAny, NULL, &index), STATUS_ABANDONED_WAIT_0);
    EQUAL(index, 100);

    index = 77;
    list[5] = list[4];
    STATUS(ntw_wait_for_objects(MANY, list, WaitAll, &poll, &index), STATUS_INVALID_PARAMETER_MIX);
    STATUS(ntw_wait_for_objects(2, list + 4, WaitAny, &poll, NULL), STATUS_TIMEOUT);
    list[MANY - 1] = NULL;
    STATUS(ntw_wait_for_objects(MANY, list, WaitAny, &poll, &index), STATUS_INVALID_HANDLE);
    STATUS(ntw_wait_for_objects(0, list, WaitAny, NULL, &index), STATUS_INVALID_PARAMETER_1);
    STATUS(ntw_wait_for_objects(1, NULL, WaitAny, NULL, &index), STATUS_ACCESS_VIOLATION);
    STATUS(ntw_wait_for_objects(SIZE_MAX, list, WaitAny, NULL, &index), STATUS_INVALID_PARAMETER_1);
    STATUS(ntw_wait_for_objects(1 << 20 | 1, list, WaitAny, NULL, &index), STATUS_INVALID_PARAMETER_1);
    STATUS(ntw_wait_for_objects(1, list, (WAIT_TYPE)2, NULL, &index), STATUS_INVALID_PARAMETER_3);
    STATUS(ntw_wait_for_objects(1, list, WaitAny, NULL, (size_t *)8), STATUS_ACCESS_VIOLATION);
    EQUAL(index, 77);
    free(list);
}

int main(void) {
    single();
    multiple();
    signal_and_wait();
    delays();
    any_number();
    return RESULT();
}
