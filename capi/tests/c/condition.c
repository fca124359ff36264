/* Condition variables: SR1, SR11 to SR18. */
#include "ntwait/win32.h"
#include "check.h"

enum { ITEMS = 5000 };

/* A queue of one place, behind either sort of lock. */
struct queue {
    CRITICAL_SECTION section;
    SRWLOCK lock;
    CONDITION_VARIABLE changed;
    int with_section, has_item;
    long long sum;
};

static void enter(struct queue *queue) {
    if (queue->with_section) EnterCriticalSection(&queue->section);
    else AcquireSRWLockExclusive(&queue->lock);
}

static void leave(struct queue *queue) {
    if (queue->with_section) LeaveCriticalSection(&queue->section);
    else ReleaseSRWLockExclusive(&queue->lock);
}

static void sleep_for_ever(struct queue *queue) {
    if (queue->with_section) EQUAL(SleepConditionVariableCS(&queue->changed, &queue->section, INFINITE), TRUE);
    else EQUAL(SleepConditionVariableSRW(&queue->changed, &queue->lock, INFINITE, 0), TRUE);
}

static void *take(void *argument) {
    struct queue *queue = argument;
    for (int item = 0; item < ITEMS; item++) {
        enter(queue);
        while (!queue->has_item) sleep_for_ever(queue);
        queue->has_item = 0;
        queue->sum++;
        leave(queue);
        WakeAllConditionVariable(&queue->changed); /* SR15 */
    }
    return NULL;
}

static void pass_items(int with_section) {
    struct queue queue = {.lock = SRWLOCK_INIT, .changed = CONDITION_VARIABLE_INIT, .with_section = with_section};
    pthread_t taker;
    InitializeCriticalSection(&queue.section);
    pthread_create(&taker, NULL, take, &queue);
    for (int item = 0; item < ITEMS; item++) {
        enter(&queue);
        while (queue.has_item) sleep_for_ever(&queue);
        queue.has_item = 1;
        WakeConditionVariable(&queue.changed);
        leave(&queue);
    }
    pthread_join(taker, NULL);
    EQUAL(queue.sum, ITEMS);
    CHECK(queue.changed.Ptr == NULL);
    DeleteCriticalSection(&queue.section);
}

/* SR11, SR12, SR18: the time is up, and the lock is held as before. */
static void time_outs(void) {
    static const DWORD times[] = {0, 1, 20};
    for (size_t row = 0; row < COUNT(times); row++) {
        LARGE_INTEGER time = {.QuadPart = times[row] * -10000ll};
        CONDITION_VARIABLE condition;
        CRITICAL_SECTION section;
        SRWLOCK lock = SRWLOCK_INIT;
        memset(&condition, 0xA5, sizeof condition);
        InitializeConditionVariable(&condition);
        CHECK(condition.Ptr == NULL); /* SR1 */
        InitializeCriticalSection(&section);
        EnterCriticalSection(&section);
        SetLastError(7);
        EQUAL(SleepConditionVariableCS(&condition, &section, times[row]), FALSE);
        EQUAL(GetLastError(), ERROR_TIMEOUT);
        EQUAL(RtlSleepConditionVariableCS(&condition, &section, &time), STATUS_TIMEOUT);
        EQUAL(section.RecursionCount, 1);
        LeaveCriticalSection(&section);
        AcquireSRWLockExclusive(&lock);
        SetLastError(7);
        EQUAL(SleepConditionVariableSRW(&condition, &lock, times[row], 0), FALSE);
        EQUAL(GetLastError(), ERROR_TIMEOUT);
        EQUAL(RtlSleepConditionVariableSRW(&condition, &lock, &time, 0), STATUS_TIMEOUT);
        EQUAL((uintptr_t)lock.Ptr & 0xF, 1);
        ReleaseSRWLockExclusive(&lock);
        AcquireSRWLockShared(&lock);
        EQUAL(SleepConditionVariableSRW(&condition, &lock, times[row], CONDITION_VARIABLE_LOCKMODE_SHARED), FALSE);
        EQUAL(RtlSleepConditionVariableSRW(&condition, &lock, &time, RTL_CONDITION_VARIABLE_LOCKMODE_SHARED), STATUS_TIMEOUT);
        EQUAL(TryAcquireSRWLockShared(&lock), TRUE);
        ReleaseSRWLockShared(&lock);
        ReleaseSRWLockShared(&lock);
        CHECK(lock.Ptr == NULL && condition.Ptr == NULL);
        DeleteCriticalSection(&section);
    }
}

static void bad_arguments(void) {
    struct bad_pages bad = bad_pages();
    LARGE_INTEGER none = {.QuadPart = 0};
    CONDITION_VARIABLE condition = CONDITION_VARIABLE_INIT;
    CRITICAL_SECTION section;
    SRWLOCK lock = SRWLOCK_INIT;
    void *nowhere[] = {NULL, (void *)8, (void *)0x8000000000000000ul};
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    AcquireSRWLockExclusive(&lock);
    for (size_t row = 0; row < COUNT(nowhere); row++) {
        void *bad_pointer = nowhere[row];
        EQUAL(RtlSleepConditionVariableCS(bad_pointer, &section, &none), STATUS_ACCESS_VIOLATION);
        EQUAL(RtlSleepConditionVariableCS(&condition, bad_pointer, &none), STATUS_ACCESS_VIOLATION);
        EQUAL(RtlSleepConditionVariableSRW(bad_pointer, &lock, &none, 0), STATUS_ACCESS_VIOLATION);
        EQUAL(RtlSleepConditionVariableSRW(&condition, bad_pointer, &none, 0), STATUS_ACCESS_VIOLATION);
        SetLastError(7);
        EQUAL(SleepConditionVariableCS(bad_pointer, &section, INFINITE), FALSE);
        EQUAL(GetLastError(), ERROR_NOACCESS);
        SetLastError(7);
        EQUAL(SleepConditionVariableSRW(&condition, bad_pointer, INFINITE, 0), FALSE);
        EQUAL(GetLastError(), ERROR_NOACCESS);
        RtlInitializeConditionVariable(bad_pointer);
        RtlWakeConditionVariable(bad_pointer);
        RtlWakeAllConditionVariable(bad_pointer);
        InitializeConditionVariable(bad_pointer);
        WakeConditionVariable(bad_pointer);
        WakeAllConditionVariable(bad_pointer);
    }
    EQUAL(RtlSleepConditionVariableCS(&condition, &section, (PLARGE_INTEGER)bad.none), STATUS_ACCESS_VIOLATION);
    EQUAL(RtlSleepConditionVariableSRW(&condition, &lock, (PLARGE_INTEGER)bad.none, 0), STATUS_ACCESS_VIOLATION);
    EQUAL(RtlSleepConditionVariableSRW(&condition, &lock, (PLARGE_INTEGER)(bad.read_only + 4), 0), STATUS_DATATYPE_MISALIGNMENT);
    EQUAL(RtlSleepConditionVariableSRW(&condition, &lock, &none, 2), STATUS_INVALID_PARAMETER);
    SetLastError(7);
    EQUAL(SleepConditionVariableSRW(&condition, &lock, INFINITE, 2), FALSE);
    EQUAL(GetLastError(), ERROR_INVALID_PARAMETER);
    EQUAL((uintptr_t)lock.Ptr & 0xF, 1);
    EQUAL(section.RecursionCount, 1);
    ReleaseSRWLockExclusive(&lock);
    EQUAL(RtlSleepConditionVariableSRW(&condition, &lock, &none, 0), STATUS_RESOURCE_NOT_OWNED);
}

/* SR13; and what was never a condition variable leads nowhere. */
static void wakes_without_a_sleeper(void) {
    static const uintptr_t words[] = {0, 1, 4, 0xDEADBEEF1, ~(uintptr_t)0, 0x4141414141414141};
    for (size_t row = 0; row < COUNT(words); row++) {
        CONDITION_VARIABLE condition = {(PVOID)words[row]};
        RtlWakeConditionVariable(&condition);
        WakeConditionVariable(&condition);
        condition.Ptr = (PVOID)words[row];
        RtlWakeAllConditionVariable(&condition);
        WakeAllConditionVariable(&condition);
        CHECK(words[row] != 0 || condition.Ptr == NULL);
    }
}

int main(void) {
    pass_items(0);
    pass_items(1);
    time_outs();
    bad_arguments();
    wakes_without_a_sleeper();
    return RESULT();
}
