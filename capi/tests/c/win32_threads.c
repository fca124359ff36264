/* Threads: life cycle, suspension, ids, priorities, processors, names, times (TH1-TH35, TI5-TI23). */
#include "win32_check.h"

static DWORD WINAPI return_it(LPVOID value) { return (DWORD)(ULONG_PTR)value; }

static HANDLE suspended(void) { return CreateThread(NULL, 0, return_it, NULL, CREATE_SUSPENDED, NULL); }

static DWORD code_of(HANDLE thread) {
    DWORD code = MARK;
    LEAVES(GetExitCodeThread(thread, &code), TRUE);
    return code;
}

/* TH1, TH6, TH22: what a routine returns is the exit code; stack sizes and flags. */
static void births_and_codes(void) {
    static const DWORD codes[] = {0, 1, STILL_ACTIVE, 0x80000000, 0xFFFFFFFF};
    static const SIZE_T stacks[] = {0, 1, 65536, 3000000};
    for (size_t i = 0; i < COUNT(codes) * COUNT(stacks) * 2; ++i) {
        DWORD code = codes[i % COUNT(codes)], flags = i & 1 ? STACK_SIZE_PARAM_IS_A_RESERVATION : 0, id = 0;
        HANDLE thread;
        LEAVES((thread = CreateThread(NULL, stacks[i % COUNT(stacks)], return_it, (LPVOID)(ULONG_PTR)code, flags, &id)) != NULL, 1);
        CHECK(id != 0 && id % 4 == 0);
        for (int again = 0; again < 2; ++again) LEAVES(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(code_of(thread), code);
        LEAVES(GetThreadId(thread), id);
        LEAVES(CloseHandle(thread), TRUE);
    }
    struct bad_pages bad = bad_pages();
    DWORD ids[2];
    for (DWORD flag = 1; flag != 0; flag <<= 1) {
        if (flag == CREATE_SUSPENDED || flag == STACK_SIZE_PARAM_IS_A_RESERVATION) continue;
        NONE(CreateThread(NULL, 0, return_it, NULL, flag, NULL), ERROR_INVALID_PARAMETER);
    }
    NONE(CreateThread(NULL, 0, NULL, NULL, 0, NULL), ERROR_INVALID_PARAMETER);
    NONE(CreateThread(NULL, 0, return_it, NULL, 0, (DWORD *)bad.read_only), ERROR_NOACCESS);
    NONE(CreateThread(NULL, 0, return_it, NULL, 0, (DWORD *)((char *)ids + 1)), ERROR_NOACCESS);
    NONE(CreateThread((SECURITY_ATTRIBUTES *)bad.none, 0, return_it, NULL, 0, NULL), ERROR_NOACCESS);
    NONE(CreateThread(NULL, (SIZE_T)1 << 60, return_it, NULL, 0, NULL), ERROR_NOT_ENOUGH_MEMORY);
    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE thread = CreateThread(&inherit, 0, return_it, NULL, 0, NULL);
    LEAVES(GetHandleInformation(thread, ids), TRUE);
    EQUAL(ids[0], HANDLE_FLAG_INHERIT);
    LEAVES(CloseHandle(thread), TRUE);
}

static DWORD own_id; /* where CreateThread puts it */

static DWORD WINAPI compare_ids(LPVOID unused) {
    (void)unused;
    return own_id == GetCurrentThreadId() && own_id == GetThreadId(GetCurrentThread());
}

/* TH24: a thread finds its id where its maker has it put. TH25, TH26, TH35. */
static void ids(void) {
    for (int i = 0; i < 100; ++i) {
        own_id = 0;
        HANDLE thread = CreateThread(NULL, 0, compare_ids, NULL, 0, &own_id), opened;
        EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(code_of(thread), TRUE);
        LEAVES((opened = OpenThread(SYNCHRONIZE, TRUE, own_id)) != NULL, 1);
        LEAVES(CompareObjectHandles(thread, opened), TRUE);
        LEAVES(CloseHandle(thread), TRUE);
        NONE(OpenThread(0, FALSE, own_id), ERROR_ACCESS_DENIED);
        LEAVES(CloseHandle(opened), TRUE);
        NONE(OpenThread(THREAD_ALL_ACCESS, FALSE, own_id), ERROR_INVALID_PARAMETER);
    }
    NONE(OpenThread(SYNCHRONIZE, FALSE, 0), ERROR_INVALID_PARAMETER);
    NONE(OpenThread(SYNCHRONIZE, FALSE, 0xFFFFFFFC), ERROR_INVALID_PARAMETER);
    LAST(GetThreadId(NULL), 0, ERROR_INVALID_HANDLE);
    HANDLE me = OpenThread(THREAD_ALL_ACCESS, FALSE, GetCurrentThreadId());
    LEAVES(CompareObjectHandles(me, GetCurrentThread()), TRUE);
    LEAVES(CloseHandle(me), TRUE);
    CHECK(GetCurrentProcessId() % 4 == 0 && GetCurrentProcessId() == (DWORD)getpid() * 4);
}

static void *id_of_foreign(void *unused) {
    (void)unused;
    DWORD id = GetCurrentThreadId();
    return (void *)(ULONG_PTR)(id == GetCurrentThreadId() && id == GetThreadId(GetCurrentThread()) ? id : 0);
}

/* Threads that others made have ids as well. */
static void ids_of_foreign_threads(void) {
    void *first, *second;
    pthread_t threads[2];
    pthread_create(&threads[0], NULL, id_of_foreign, NULL);
    pthread_create(&threads[1], NULL, id_of_foreign, NULL);
    pthread_join(threads[0], &first);
    pthread_join(threads[1], &second);
    CHECK(first != NULL && second != NULL);
    CHECK((DWORD)(ULONG_PTR)first != GetCurrentThreadId());
}

/* TH9-TH16, TH20. */
static void suspension(void) {
    HANDLE thread = suspended(), weak;
    LEAVES(SuspendThread(thread), 1);
    LEAVES(ResumeThread(thread), 2);
    for (DWORD count = 1; count < 127; ++count) LEAVES(SuspendThread(thread), count);
    LAST(SuspendThread(thread), 0xFFFFFFFF, ERROR_SIGNAL_REFUSED); /* TH13 */
    for (DWORD count = 127; count > 1; --count) LEAVES(ResumeThread(thread), count);
    EQUAL(code_of(thread), STILL_ACTIVE);
    EQUAL(DuplicateHandle(GetCurrentProcess(), thread, GetCurrentProcess(), &weak, SYNCHRONIZE, FALSE, 0), TRUE);
    LAST(SuspendThread(weak), 0xFFFFFFFF, ERROR_ACCESS_DENIED); /* TH16 */
    LAST(ResumeThread(weak), 0xFFFFFFFF, ERROR_ACCESS_DENIED);
    REFUSED(TerminateThread(weak, 0), ERROR_ACCESS_DENIED); /* TH2 */
    DWORD code = MARK;
    REFUSED(GetExitCodeThread(weak, &code), ERROR_ACCESS_DENIED); /* TH30 */
    EQUAL(code, MARK);
    LEAVES(ResumeThread(thread), 1);
    LEAVES(WaitForSingleObject(weak, LONG_ENOUGH), WAIT_OBJECT_0);
    LAST(SuspendThread(thread), 0xFFFFFFFF, ERROR_ACCESS_DENIED); /* TH14 */
    LEAVES(ResumeThread(thread), 0); /* TH15 */
    LEAVES(CloseHandle(thread), TRUE);
    LEAVES(CloseHandle(weak), TRUE);
    LAST(SuspendThread(NULL), 0xFFFFFFFF, ERROR_INVALID_HANDLE);
    LAST(ResumeThread(GARBAGE), 0xFFFFFFFF, ERROR_INVALID_HANDLE);
}

static DWORD suspend_itself(void *unused) {
    (void)unused;
    return SuspendThread(GetCurrentThread());
}

/* TH17: it returns from that when it is resumed, with the count before. */
static void a_thread_suspends_itself(void) {
    struct worker worker = {.work = suspend_itself};
    worker_start(&worker);
    while (ResumeThread(worker.thread) == 0) sched_yield();
    EQUAL(worker_join(&worker), 0);
}

static DWORD WINAPI wait_for_ever(LPVOID object) {
    WaitForSingleObject(object, INFINITE);
    return 0;
}

static DWORD WINAPI run_for_ever(LPVOID unused) {
    (void)unused;
    for (volatile unsigned i = 1; i != 0; i |= 1) {}
    return 0;
}

/* TH2, TH3, TH20: wherever the thread is. */
static void termination(void) {
    HANDLE never = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE threads[] = {suspended(), CreateThread(NULL, 0, wait_for_ever, never, 0, NULL), CreateThread(NULL, 0, run_for_ever, NULL, 0, NULL)};
    for (size_t i = 0; i < COUNT(threads); ++i) {
        LEAVES(TerminateThread(threads[i], 99), TRUE);
        LEAVES(WaitForSingleObject(threads[i], LONG_ENOUGH), WAIT_OBJECT_0);
        EQUAL(code_of(threads[i]), 99);
        LEAVES(TerminateThread(threads[i], 7), TRUE);
        EQUAL(code_of(threads[i]), 99);
        LEAVES(CloseHandle(threads[i]), TRUE);
    }
    REFUSED(TerminateThread(NULL, 1), ERROR_INVALID_HANDLE);
    REFUSED(TerminateThread(GARBAGE, 1), ERROR_INVALID_HANDLE);
    REFUSED(TerminateThread(never, 1), ERROR_INVALID_HANDLE);
    REFUSED(TerminateThread(GetCurrentThread(), 1), ERROR_NOT_SUPPORTED); /* one that the library did not make */
    struct bad_pages bad = bad_pages();
    REFUSED(GetExitCodeThread(GetCurrentThread(), NULL), ERROR_NOACCESS);
    REFUSED(GetExitCodeThread(GetCurrentThread(), (DWORD *)bad.read_only), ERROR_NOACCESS);
    LEAVES(CloseHandle(never), TRUE);
}

/* TI7, TI8, TI10. */
static void priorities(void) {
    HANDLE thread = suspended(), weak;
    LEAVES(GetThreadPriority(thread), 0);
    for (int priority = -40; priority <= 40; ++priority) {
        if ((priority >= -2 && priority <= 2) || priority == -15 || priority == 15) {
            LEAVES(SetThreadPriority(thread, priority), TRUE);
            LEAVES(GetThreadPriority(thread), priority);
        } else {
            int before = GetThreadPriority(thread);
            REFUSED(SetThreadPriority(thread, priority), ERROR_INVALID_PARAMETER);
            LEAVES(GetThreadPriority(thread), before);
        }
    }
    REFUSED(SetThreadPriority(thread, (int)0x80000000), ERROR_INVALID_PARAMETER);
    LEAVES(SetThreadPriorityBoost(thread, TRUE), TRUE);
    LEAVES(SetThreadPriorityBoost(thread, FALSE), TRUE);
    EQUAL(DuplicateHandle(GetCurrentProcess(), thread, GetCurrentProcess(), &weak, SYNCHRONIZE, FALSE, 0), TRUE);
    LAST(GetThreadPriority(weak), THREAD_PRIORITY_ERROR_RETURN, ERROR_ACCESS_DENIED);
    REFUSED(SetThreadPriority(weak, 0), ERROR_ACCESS_DENIED);
    REFUSED(SetThreadPriorityBoost(weak, TRUE), ERROR_ACCESS_DENIED);
    LAST(GetThreadPriority(NULL), THREAD_PRIORITY_ERROR_RETURN, ERROR_INVALID_HANDLE);
    REFUSED(SetThreadPriority(GARBAGE, 0), ERROR_INVALID_HANDLE);
    LEAVES(ResumeThread(thread), 1);
    LEAVES(CloseHandle(thread), TRUE);
    LEAVES(CloseHandle(weak), TRUE);
}

/* TI12, TI13. */
static void processors(void) {
    HANDLE thread = suspended();
    DWORD_PTR all = SetThreadAffinityMask(thread, ~(DWORD_PTR)0), lowest = all & ~(all - 1);
    CHECK(all != 0);
    LEAVES(SetThreadAffinityMask(thread, lowest), all);
    LEAVES(SetThreadAffinityMask(thread, all), lowest);
    LAST(SetThreadAffinityMask(thread, 0), 0, ERROR_INVALID_PARAMETER);
    if (all + 1 != 0) LAST(SetThreadAffinityMask(thread, all << 1 | 1ull << 63), 0, ERROR_INVALID_PARAMETER);
    LAST(SetThreadAffinityMask(NULL, 1), 0, ERROR_INVALID_HANDLE);
    LEAVES(ResumeThread(thread), 1);
    LEAVES(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    LAST(SetThreadAffinityMask(thread, lowest), 0, ERROR_ACCESS_DENIED);
    LEAVES(CloseHandle(thread), TRUE);
}

static int names(HANDLE thread, const WCHAR *expected) {
    PWSTR text = (PWSTR)1;
    HRESULT result = GetThreadDescription(thread, &text);
    if (!EQUAL(result, HRESULT_FROM_NT(STATUS_SUCCESS)) || text == NULL) return 0;
    int same = 1;
    for (size_t i = 0; (same = text[i] == expected[i]) && text[i] != 0; ++i) {}
    LEAVES(LocalFree(text), NULL);
    return same;
}

/* TI19-TI23: the results are statuses with a bit, and the last error stays. */
static void descriptions(void) {
    static WCHAR longest[32769];
    struct bad_pages bad = bad_pages();
    HANDLE thread = suspended(), event = CreateEventW(NULL, FALSE, FALSE, NULL);
    const HRESULT good = HRESULT_FROM_NT(STATUS_SUCCESS);
    CHECK(SUCCEEDED(good));
    CHECK(names(thread, u""));
    LEAVES(SetThreadDescription(thread, u"worker \u00fc \xd83d\xdd12"), good);
    CHECK(names(thread, u"worker \u00fc \xd83d\xdd12"));
    LEAVES(SetThreadDescription(thread, u""), good);
    CHECK(names(thread, u""));
    for (size_t i = 0; i < 32767; ++i) longest[i] = u'n';
    LEAVES(SetThreadDescription(thread, longest), good);
    CHECK(names(thread, longest));
    longest[32767] = u'n';
    LEAVES(SetThreadDescription(thread, longest), HRESULT_FROM_NT(STATUS_INVALID_PARAMETER)); /* TI23 */
    longest[32767] = 0;
    CHECK(names(thread, longest));
    LEAVES(SetThreadDescription(thread, NULL), good);
    CHECK(names(thread, u""));
    LEAVES(SetThreadDescription(thread, (PCWSTR)bad.none), HRESULT_FROM_NT(STATUS_ACCESS_VIOLATION));
    LEAVES(SetThreadDescription(NULL, u"x"), HRESULT_FROM_NT(STATUS_INVALID_HANDLE));
    LEAVES(SetThreadDescription(event, u"x"), HRESULT_FROM_NT(STATUS_OBJECT_TYPE_MISMATCH));
    PWSTR text = (PWSTR)1;
    LEAVES(GetThreadDescription(GARBAGE, &text), HRESULT_FROM_NT(STATUS_INVALID_HANDLE));
    CHECK(text == NULL);
    LEAVES(GetThreadDescription(thread, NULL), HRESULT_FROM_NT(STATUS_ACCESS_VIOLATION));
    LEAVES(GetThreadDescription(thread, (PWSTR *)bad.read_only), HRESULT_FROM_NT(STATUS_ACCESS_VIOLATION));
    LEAVES(LocalFree(NULL), NULL);
    LEAVES(ResumeThread(thread), 1);
    LEAVES(CloseHandle(thread), TRUE);
    LEAVES(CloseHandle(event), TRUE);
}

static ULONGLONG ticks(FILETIME time) { return (ULONGLONG)time.dwHighDateTime << 32 | time.dwLowDateTime; }

static DWORD WINAPI burn(LPVOID unused) {
    (void)unused;
    ULONGLONG end = GetTickCount64() + 30;
    while (GetTickCount64() < end) {}
    return 0;
}

/* TI5. */
static void times(void) {
    FILETIME before, after, created, ended, kernel, user;
    struct bad_pages bad = bad_pages();
    GetSystemTimeAsFileTime(&before);
    HANDLE thread = CreateThread(NULL, 0, burn, NULL, CREATE_SUSPENDED, NULL);
    LEAVES(GetThreadTimes(thread, &created, &ended, &kernel, &user), TRUE);
    EQUAL(ticks(ended), 0);
    LEAVES(ResumeThread(thread), 1);
    LEAVES(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    LEAVES(GetThreadTimes(thread, &created, &ended, &kernel, &user), TRUE);
    GetSystemTimeAsFileTime(&after);
    CHECK(ticks(before) <= ticks(created) && ticks(created) + 290000 <= ticks(ended) && ticks(ended) <= ticks(after));
    CHECK(ticks(kernel) + ticks(user) > 0 && ticks(kernel) + ticks(user) <= ticks(after) - ticks(before) + 200000);
    FILETIME *places[4] = {&created, &ended, &kernel, &user};
    for (size_t i = 0; i < COUNT(places); ++i) {
        FILETIME *bads[] = {NULL, (FILETIME *)bad.read_only, (FILETIME *)((char *)&created + 2)}, *kept = places[i];
        for (size_t j = 0; j < COUNT(bads); ++j) {
            places[i] = bads[j];
            REFUSED(GetThreadTimes(thread, places[0], places[1], places[2], places[3]), ERROR_NOACCESS);
        }
        places[i] = kept;
    }
    REFUSED(GetThreadTimes(NULL, &created, &ended, &kernel, &user), ERROR_INVALID_HANDLE);
    LEAVES(CloseHandle(thread), TRUE);
}

int main(void) {
    births_and_codes();
    ids();
    ids_of_foreign_threads();
    suspension();
    a_thread_suspends_itself();
    termination();
    priorities();
    processors();
    descriptions();
    times();
    return RESULT();
}
