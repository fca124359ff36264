/* Registered waits (T32, T33). */
#include "win32_check.h"

struct seen {
    HANDLE wait;    /* where RegisterWaitForSingleObject puts it */
    HANDLE entered; /* set by each callback */
    HANDLE leave;   /* awaited by each callback, if there is one */
    int signalled, timed_out;
    HANDLE found;   /* the handle that the callback found in its place */
    DWORD answer, error; /* of UnregisterWait in the callback */
};

static VOID WINAPI called(PVOID context, BOOLEAN timed_out) {
    struct seen *seen = context;
    __atomic_add_fetch(timed_out ? &seen->timed_out : &seen->signalled, 1, __ATOMIC_SEQ_CST);
    seen->found = __atomic_load_n(&seen->wait, __ATOMIC_SEQ_CST);
    EQUAL(SetEvent(seen->entered), TRUE);
    if (seen->leave != NULL) EQUAL(WaitForSingleObject(seen->leave, LONG_ENOUGH), WAIT_OBJECT_0);
}

static VOID WINAPI unregisters_itself(PVOID context, BOOLEAN timed_out) {
    struct seen *seen = context;
    (void)timed_out;
    SetLastError(MARK);
    seen->answer = (DWORD)UnregisterWait(seen->wait);
    seen->error = GetLastError();
    EQUAL(SetEvent(seen->entered), TRUE);
}

static HANDLE event(BOOL manual, BOOL set) { return CreateEventW(NULL, manual, set, NULL); }

static void entered(struct seen *seen) { EQUAL(WaitForSingleObject(seen->entered, LONG_ENOUGH), WAIT_OBJECT_0); }

/* Each set of an auto-reset event is one callback, in a thread or in the wait thread; time-outs are told. */
static void callbacks(void) {
    static const ULONG flags[] = {WT_EXECUTEDEFAULT, WT_EXECUTEINWAITTHREAD, WT_EXECUTELONGFUNCTION, WT_EXECUTEINIOTHREAD, WT_TRANSFER_IMPERSONATION};
    for (size_t i = 0; i < COUNT(flags); ++i) {
        HANDLE object = event(FALSE, FALSE);
        struct seen seen = {.entered = event(FALSE, FALSE)};
        LEAVES(RegisterWaitForSingleObject(&seen.wait, object, called, &seen, INFINITE, flags[i]), TRUE);
        for (int round = 1; round <= 5; ++round) {
            EQUAL(SetEvent(object), TRUE);
            entered(&seen);
            EQUAL(seen.signalled, round);
            CHECK(seen.found == seen.wait && seen.wait != NULL);
        }
        EQUAL(seen.timed_out, 0);
        LEAVES(UnregisterWaitEx(seen.wait, INVALID_HANDLE_VALUE), TRUE);
        EQUAL(SetEvent(object), TRUE);
        LEAVES(WaitForSingleObject(object, 0), WAIT_OBJECT_0); /* nobody takes it */
        REFUSED(UnregisterWait(seen.wait), ERROR_INVALID_HANDLE);

        LEAVES(RegisterWaitForSingleObject(&seen.wait, object, called, &seen, 1, flags[i]), TRUE);
        entered(&seen);
        entered(&seen);
        CHECK(__atomic_load_n(&seen.timed_out, __ATOMIC_SEQ_CST) >= 2);
        LEAVES(UnregisterWaitEx(seen.wait, INVALID_HANDLE_VALUE), TRUE);
        LEAVES(RegisterWaitForSingleObject(&seen.wait, object, called, &seen, 0, flags[i] | WT_EXECUTEONLYONCE), TRUE);
        LEAVES(UnregisterWaitEx(seen.wait, INVALID_HANDLE_VALUE), TRUE);
        CloseHandle(object);
        CloseHandle(seen.entered);
    }
}

/* T32: FALSE and ERROR_IO_PENDING while the callback runs; an event says when it is over. */
static void unregistering_while_it_runs(void) {
    for (int with_event = 0; with_event < 2; ++with_event) {
        HANDLE object = event(FALSE, TRUE), over = event(TRUE, FALSE);
        struct seen seen = {.entered = event(FALSE, FALSE), .leave = event(TRUE, FALSE)};
        LEAVES(RegisterWaitForSingleObject(&seen.wait, object, called, &seen, INFINITE, WT_EXECUTEDEFAULT), TRUE);
        entered(&seen);
        REFUSED(UnregisterWaitEx(seen.wait, GARBAGE), ERROR_INVALID_HANDLE); /* nothing has changed */
        if (with_event) {
            REFUSED(UnregisterWaitEx(seen.wait, over), ERROR_IO_PENDING);
            EQUAL(WaitForSingleObject(over, 0), WAIT_TIMEOUT);
        } else {
            REFUSED(UnregisterWait(seen.wait), ERROR_IO_PENDING);
        }
        EQUAL(SetEvent(seen.leave), TRUE);
        if (with_event) EQUAL(WaitForSingleObject(over, LONG_ENOUGH), WAIT_OBJECT_0);
        CloseHandle(object);
        CloseHandle(over);
        if (with_event) { /* else the callback may be there still */
            CloseHandle(seen.entered);
            CloseHandle(seen.leave);
        } else {
            while (UnregisterWait(seen.wait) || GetLastError() != ERROR_INVALID_HANDLE) sched_yield();
        }
    }
    /* At rest there is nothing to wait for, and an event is set at once. */
    HANDLE object = event(FALSE, FALSE), over = event(TRUE, FALSE);
    struct seen seen = {.entered = event(FALSE, FALSE)};
    LEAVES(RegisterWaitForSingleObject(&seen.wait, object, called, &seen, INFINITE, WT_EXECUTEDEFAULT), TRUE);
    LEAVES(UnregisterWait(seen.wait), TRUE);
    LEAVES(RegisterWaitForSingleObject(&seen.wait, object, called, &seen, INFINITE, WT_EXECUTEDEFAULT), TRUE);
    LEAVES(UnregisterWaitEx(seen.wait, over), TRUE);
    LEAVES(WaitForSingleObject(over, 0), WAIT_OBJECT_0);
    EQUAL(seen.signalled + seen.timed_out, 0);
    CloseHandle(object);
    CloseHandle(over);
    CloseHandle(seen.entered);
}

/* The first callback, which comes at once, finds its handle: it unregisters itself. */
static void a_callback_unregisters_itself(void) {
    HANDLE object = event(TRUE, TRUE);
    for (int i = 0; i < 50; ++i) {
        struct seen seen = {.entered = event(FALSE, FALSE)};
        ULONG flags = i & 1 ? WT_EXECUTEINWAITTHREAD : WT_EXECUTEDEFAULT;
        LEAVES(RegisterWaitForSingleObject(&seen.wait, object, unregisters_itself, &seen, INFINITE, flags), TRUE);
        entered(&seen);
        EQUAL(seen.answer, FALSE);
        EQUAL(seen.error, ERROR_IO_PENDING);
        while (UnregisterWait(seen.wait) || GetLastError() != ERROR_INVALID_HANDLE) sched_yield();
        CloseHandle(seen.entered);
    }
    CloseHandle(object);
}

static void what_is_refused(void) {
    struct bad_pages bad = bad_pages();
    HANDLE object = event(FALSE, TRUE), powerless = CreateEventExW(NULL, NULL, 0, EVENT_MODIFY_STATE), wait[2], mutex = CreateMutexW(NULL, FALSE, NULL);
    REFUSED(RegisterWaitForSingleObject(NULL, object, called, NULL, INFINITE, 0), ERROR_NOACCESS);
    REFUSED(RegisterWaitForSingleObject((HANDLE *)bad.read_only, object, called, NULL, INFINITE, 0), ERROR_NOACCESS);
    REFUSED(RegisterWaitForSingleObject((HANDLE *)((char *)wait + 1), object, called, NULL, INFINITE, 0), ERROR_NOACCESS);
    static const struct {
        int which; /* 0: the object, 1: null, 2: garbage, 3: the pseudo handle, 4: without the right, 5: a mutex */
        int has_callback;
        ULONG flags;
        DWORD error;
    } table[] = {
        {0, 0, 0, ERROR_INVALID_PARAMETER},
        {0, 1, 0x200, ERROR_INVALID_PARAMETER},
        {1, 1, 0, ERROR_INVALID_HANDLE},
        {2, 1, 0, ERROR_INVALID_HANDLE},
        {3, 1, 0, ERROR_INVALID_HANDLE},
        {4, 1, 0, ERROR_ACCESS_DENIED},
        {5, 1, 0, ERROR_NOT_SUPPORTED},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        HANDLE objects[] = {object, NULL, GARBAGE, GetCurrentThread(), powerless, mutex};
        wait[0] = GARBAGE;
        REFUSED(RegisterWaitForSingleObject(wait, objects[table[i].which], table[i].has_callback ? called : NULL, NULL, INFINITE, table[i].flags), table[i].error);
        CHECK(wait[0] == NULL);
    }
    LEAVES(WaitForSingleObject(object, 0), WAIT_OBJECT_0); /* nothing was taken */
    HANDLE none[] = {NULL, GARBAGE, object, INVALID_HANDLE_VALUE};
    for (size_t i = 0; i < COUNT(none); ++i) {
        REFUSED(UnregisterWait(none[i]), ERROR_INVALID_HANDLE);
        REFUSED(UnregisterWaitEx(none[i], NULL), ERROR_INVALID_HANDLE);
        REFUSED(UnregisterWaitEx(none[i], INVALID_HANDLE_VALUE), ERROR_INVALID_HANDLE);
    }
    CloseHandle(object);
    CloseHandle(powerless);
    CloseHandle(mutex);
}

int main(void) {
    callbacks();
    unregistering_while_it_runs();
    a_callback_unregisters_itself();
    what_is_refused();
    return RESULT();
}
