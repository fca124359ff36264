/* Waits and sleeps (W1-W46, S1-S13, D1-D12, W31 above all: what they do to the last error). */
#include "win32_check.h"

static HANDLE event(BOOL manual, BOOL set) { return CreateEventW(NULL, manual, set, NULL); }

/* W5, W1, W3, W29: counts, handles, pointers. */
static void what_is_refused(void) {
    struct bad_pages bad = bad_pages();
    HANDLE table[65], set = event(TRUE, TRUE), powerless = CreateEventExW(NULL, NULL, 2, EVENT_MODIFY_STATE);
    for (size_t i = 0; i < COUNT(table); ++i) table[i] = set;
    for (BOOL all = 0; all < 2; ++all) {
        static const DWORD counts[] = {0, 65, 66, 0x80000000, 0xFFFFFFFF};
        for (size_t i = 0; i < COUNT(counts); ++i) {
            WAIT_REFUSED(WaitForMultipleObjects(counts[i], table, all, 0), ERROR_INVALID_PARAMETER);
            WAIT_REFUSED(WaitForMultipleObjects(counts[i], NULL, all, 0), ERROR_INVALID_PARAMETER);
            WAIT_REFUSED(WaitForMultipleObjectsEx(counts[i], (HANDLE *)1, all, 0, TRUE), ERROR_INVALID_PARAMETER);
        }
        WAIT_REFUSED(WaitForMultipleObjects(1, NULL, all, 0), ERROR_NOACCESS);
        WAIT_REFUSED(WaitForMultipleObjects(2, (HANDLE *)bad.none, all, 0), ERROR_NOACCESS);
        WAIT_REFUSED(WaitForMultipleObjects(2, (HANDLE *)(bad.none - sizeof(HANDLE)), all, 0), ERROR_NOACCESS);
        WAIT_REFUSED(WaitForMultipleObjects(1, (HANDLE *)((char *)table + 4), all, 0), ERROR_NOACCESS);
        HANDLE bad_second[][2] = {{set, NULL}, {set, GARBAGE}, {set, GetCurrentThread()}, {set, GetCurrentProcess()}};
        for (size_t i = 0; i < COUNT(bad_second); ++i) {
            WAIT_REFUSED(WaitForMultipleObjects(2, bad_second[i], all, 0), ERROR_INVALID_HANDLE);
        }
        WAIT_REFUSED(WaitForMultipleObjects(2, (HANDLE[]){set, powerless}, all, 0), ERROR_ACCESS_DENIED);
    }
    WAIT_REFUSED(WaitForSingleObject(powerless, 0), ERROR_ACCESS_DENIED);
    WAIT_REFUSED(WaitForSingleObjectEx(powerless, 0, TRUE), ERROR_ACCESS_DENIED);
    LEAVES(WaitForMultipleObjects(64, table, FALSE, 0), WAIT_OBJECT_0);
    /* W6, W7: twice the same, by two handles. */
    HANDLE copy;
    EQUAL(DuplicateHandle(GetCurrentProcess(), set, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS), TRUE);
    WAIT_REFUSED(WaitForMultipleObjects(2, (HANDLE[]){set, copy}, TRUE, 0), ERROR_INVALID_PARAMETER);
    LEAVES(WaitForMultipleObjects(2, (HANDLE[]){set, copy}, FALSE, 0), WAIT_OBJECT_0); /* W8 */
    CloseHandle(copy);
    CloseHandle(set);
    CloseHandle(powerless);
}

/* Every result that is no failure; none touches the last error (W31). */
static void results(void) {
    HANDLE set = event(TRUE, TRUE), clear = event(TRUE, FALSE), once = event(FALSE, TRUE);
    LEAVES(WaitForSingleObject(set, INFINITE), WAIT_OBJECT_0);
    LEAVES(WaitForSingleObject(clear, 0), WAIT_TIMEOUT);
    LEAVES(WaitForSingleObject(clear, 1), WAIT_TIMEOUT);
    LEAVES(WaitForSingleObjectEx(clear, 1, TRUE), WAIT_TIMEOUT);
    LEAVES(WaitForSingleObject(once, 0), WAIT_OBJECT_0);
    LEAVES(WaitForSingleObject(once, 0), WAIT_TIMEOUT);
    LEAVES(WaitForMultipleObjects(3, (HANDLE[]){clear, once, set}, FALSE, INFINITE), WAIT_OBJECT_0 + 2); /* W9 */
    LEAVES(WaitForMultipleObjects(2, (HANDLE[]){set, clear}, TRUE, 1), WAIT_TIMEOUT);
    LEAVES(WaitForMultipleObjectsEx(1, &set, TRUE, INFINITE, TRUE), WAIT_OBJECT_0);
    /* W12, W13, W14. */
    EQUAL(SetEvent(once), TRUE);
    LEAVES(WaitForMultipleObjects(2, (HANDLE[]){once, clear}, TRUE, 1), WAIT_TIMEOUT);
    LEAVES(WaitForMultipleObjects(2, (HANDLE[]){set, once}, TRUE, 0), WAIT_OBJECT_0);
    LEAVES(WaitForSingleObject(once, 0), WAIT_TIMEOUT);
    /* W28, W30. */
    LEAVES(WaitForSingleObject(GetCurrentThread(), 0), WAIT_TIMEOUT);
    LEAVES(WaitForSingleObject(GetCurrentProcess(), 1), WAIT_TIMEOUT);
    for (ULONG_PTR tag = 1; tag < 4; ++tag) {
        LEAVES(WaitForSingleObject((HANDLE)((ULONG_PTR)set | tag), 0), WAIT_OBJECT_0);
        WAIT_REFUSED(WaitForSingleObject((HANDLE)tag, 0), ERROR_INVALID_HANDLE);
    }
    CloseHandle(set);
    CloseHandle(clear);
    CloseHandle(once);
}

static DWORD take_two(void *mutexes) { return WaitForMultipleObjects(2, mutexes, TRUE, INFINITE); }

/* W17, W18, M14, W41. */
static void abandoned(void) {
    HANDLE clear = event(TRUE, FALSE), mutexes[2] = {CreateMutexW(NULL, FALSE, NULL), CreateMutexW(NULL, FALSE, NULL)};
    for (int round = 0; round < 3; ++round) {
        struct worker owner = {.work = take_two, .argument = mutexes};
        worker_start(&owner);
        EQUAL(worker_join(&owner), WAIT_OBJECT_0);
        if (round == 0) {
            LEAVES(WaitForMultipleObjects(3, (HANDLE[]){clear, mutexes[0], mutexes[1]}, FALSE, 0), WAIT_ABANDONED_0 + 1);
            LEAVES(WaitForSingleObject(mutexes[1], 0), WAIT_ABANDONED);
        } else if (round == 1) {
            LEAVES(WaitForMultipleObjects(2, mutexes, TRUE, 0), WAIT_ABANDONED_0);
        } else {
            LEAVES(SignalObjectAndWait(clear, mutexes[0], 0, FALSE), WAIT_ABANDONED);
            LEAVES(WaitForSingleObject(mutexes[1], 0), WAIT_ABANDONED);
        }
        LEAVES(ReleaseMutex(mutexes[0]), TRUE);
        LEAVES(ReleaseMutex(mutexes[1]), TRUE);
    }
    CloseHandle(clear);
    CloseHandle(mutexes[0]);
    CloseHandle(mutexes[1]);
}

/* S1-S12. */
static void signal_and_wait(void) {
    HANDLE clear = event(TRUE, FALSE), both = event(FALSE, FALSE), timer = CreateWaitableTimerW(NULL, TRUE, NULL);
    HANDLE mutex = CreateMutexW(NULL, TRUE, NULL), full = CreateSemaphoreW(NULL, 1, 1, NULL);
    WAIT_REFUSED(SignalObjectAndWait(NULL, clear, 0, FALSE), ERROR_INVALID_HANDLE); /* S6 */
    WAIT_REFUSED(SignalObjectAndWait(both, NULL, 0, FALSE), ERROR_INVALID_HANDLE);
    LEAVES(WaitForSingleObject(both, 0), WAIT_TIMEOUT); /* S1: not signalled */
    WAIT_REFUSED(SignalObjectAndWait(timer, clear, 0, FALSE), ERROR_INVALID_HANDLE); /* S2 */
    WAIT_REFUSED(SignalObjectAndWait(full, clear, 0, FALSE), ERROR_TOO_MANY_POSTS); /* S4 */
    LEAVES(SignalObjectAndWait(both, both, INFINITE, FALSE), WAIT_OBJECT_0); /* S7 */
    LEAVES(WaitForSingleObject(both, 0), WAIT_TIMEOUT);
    LEAVES(SignalObjectAndWait(both, clear, 1, FALSE), WAIT_TIMEOUT); /* S8 */
    LEAVES(WaitForSingleObject(both, 0), WAIT_OBJECT_0);
    LEAVES(WaitForSingleObject(mutex, 0), WAIT_OBJECT_0);
    LEAVES(SignalObjectAndWait(mutex, clear, 0, FALSE), WAIT_TIMEOUT); /* S12 */
    LEAVES(SignalObjectAndWait(mutex, clear, 0, FALSE), WAIT_TIMEOUT);
    WAIT_REFUSED(SignalObjectAndWait(mutex, clear, 0, FALSE), ERROR_NOT_OWNER); /* S5 */
    HANDLE query = CreateEventExW(NULL, NULL, 0, EVENT_QUERY_STATE | SYNCHRONIZE);
    WAIT_REFUSED(SignalObjectAndWait(query, clear, 0, FALSE), ERROR_ACCESS_DENIED); /* S3 */
    CloseHandle(query);
    CloseHandle(clear);
    CloseHandle(both);
    CloseHandle(timer);
    CloseHandle(mutex);
    CloseHandle(full);
}

static DWORD wait_for_ever(void *object) { return WaitForSingleObject(object, INFINITE); }
static DWORD wait_for_both(void *objects) { return WaitForMultipleObjects(2, objects, TRUE, INFINITE); }

/* Blocked waits end by signals: one for an auto-reset event, all for a manual-reset one. W35: a closed handle does not end one. */
static void blocked(void) {
    HANDLE once = event(FALSE, FALSE), many = event(TRUE, FALSE), pair[2] = {event(FALSE, FALSE), event(FALSE, FALSE)};
    struct worker workers[3];
    for (size_t i = 0; i < COUNT(workers); ++i) {
        workers[i] = (struct worker){.work = wait_for_ever, .argument = once};
        worker_block(&workers[i]);
    }
    for (size_t i = 0; i < COUNT(workers); ++i) {
        LEAVES(SetEvent(once), TRUE);
        EQUAL(worker_join(&workers[i]), WAIT_OBJECT_0); /* W23: the first who came */
    }
    for (size_t i = 0; i < COUNT(workers); ++i) {
        workers[i] = (struct worker){.work = wait_for_ever, .argument = many};
        worker_block(&workers[i]);
    }
    LEAVES(PulseEvent(many), TRUE); /* E11 */
    for (size_t i = 0; i < COUNT(workers); ++i) EQUAL(worker_join(&workers[i]), WAIT_OBJECT_0);
    LEAVES(WaitForSingleObject(many, 0), WAIT_TIMEOUT);

    struct worker both = {.work = wait_for_both, .argument = pair};
    worker_block(&both);
    EQUAL(SetEvent(pair[0]), TRUE);
    EQUAL(SetEvent(pair[1]), TRUE);
    EQUAL(worker_join(&both), WAIT_OBJECT_0);
    CloseHandle(once);
    CloseHandle(many);
    CloseHandle(pair[0]);
    CloseHandle(pair[1]);
}

struct alerted {
    HANDLE signal, object;
    DWORD (*wait)(struct alerted *);
};

static DWORD one(struct alerted *a) { return WaitForSingleObjectEx(a->object, INFINITE, TRUE); }
static DWORD several(struct alerted *a) { return WaitForMultipleObjectsEx(1, &a->object, FALSE, INFINITE, TRUE); }
static DWORD signalling(struct alerted *a) { return SignalObjectAndWait(a->signal, a->object, INFINITE, TRUE); }
static DWORD run_alerted(void *argument) {
    struct alerted *alerted = argument;
    return alerted->wait(alerted);
}
static DWORD sleep_alertably(struct alerted *a) {
    (void)a;
    return SleepEx(300, TRUE);
}

/* W43: alerts are not visible, however many; the signal of a signal-and-wait is made again. */
static void alerts(void) {
    static DWORD (*const waits[])(struct alerted *) = {one, several, signalling};
    for (size_t i = 0; i < COUNT(waits); ++i) {
        struct alerted alerted = {CreateSemaphoreW(NULL, 0, 100, NULL), event(FALSE, FALSE), waits[i]};
        struct worker worker = {.work = run_alerted, .argument = &alerted};
        worker_block(&worker);
        for (int round = 0; round < 3; ++round) {
            if (waits[i] == signalling) EQUAL(WaitForSingleObject(alerted.signal, LONG_ENOUGH), WAIT_OBJECT_0);
            EQUAL(NtAlertThread(worker.thread), STATUS_SUCCESS);
        }
        if (waits[i] == signalling) EQUAL(WaitForSingleObject(alerted.signal, LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(SetEvent(alerted.object), TRUE);
        EQUAL(worker_join(&worker), WAIT_OBJECT_0);
        CloseHandle(alerted.signal);
        CloseHandle(alerted.object);
    }
    struct alerted alerted = {.wait = sleep_alertably};
    struct worker worker = {.work = run_alerted, .argument = &alerted};
    worker_block(&worker);
    EQUAL(NtAlertThread(worker.thread), STATUS_SUCCESS);
    EQUAL(worker_join(&worker), 0);
}

/* D6, D9, D11, D12: none returns early, and none touches the last error. */
static void sleeps(void) {
    static const DWORD spans[] = {0, 1, 20};
    for (size_t i = 0; i < COUNT(spans); ++i) {
        ULONGLONG before = GetTickCount64();
        SetLastError(MARK);
        Sleep(spans[i]);
        EQUAL(GetLastError(), MARK);
        LEAVES(SleepEx(spans[i], FALSE), 0);
        LEAVES(SleepEx(spans[i], TRUE), 0);
        CHECK(GetTickCount64() - before + 1 >= 3 * spans[i]);
    }
    LEAVES(SwitchToThread(), TRUE);
    HANDLE clear = event(TRUE, FALSE);
    ULONGLONG before = GetTickCount64();
    LEAVES(WaitForSingleObject(clear, 20), WAIT_TIMEOUT);
    LEAVES(WaitForMultipleObjects(1, &clear, TRUE, 20), WAIT_TIMEOUT);
    CHECK(GetTickCount64() - before + 1 >= 40);
    CloseHandle(clear);
}

int main(void) {
    what_is_refused();
    results();
    abandoned();
    signal_and_wait();
    blocked();
    alerts();
    sleeps();
    return RESULT();
}
