/* Run-once blocks: RO1 to RO12. */
#include "ntwait/win32.h"
#include "check.h"

void *ntw_win64_export(const char *dll, const char *name);

enum { THREADS = 4 };

struct run {
    int calls;
    BOOL answer;
    PVOID context;
    uintptr_t seen;
};

static BOOL CALLBACK initialize(PINIT_ONCE once, PVOID parameter, PVOID *context) {
    struct run *run = parameter;
    run->calls++;
    run->seen = (uintptr_t)once->Ptr;
    CHECK(context != NULL && *context == NULL);
    *context = run->context;
    SetLastError(4711);
    return run->answer;
}

static INIT_ONCE shared = INIT_ONCE_STATIC_INIT;
static struct run shared_run = {.answer = TRUE, .context = (PVOID)0x40};

static void *run_shared(void *argument) {
    PVOID context = NULL;
    EQUAL(InitOnceExecuteOnce(&shared, initialize, &shared_run, &context), TRUE);
    CHECK(context == (PVOID)0x40);
    return argument;
}

static void execute(void) {
    pthread_t threads[THREADS];
    INIT_ONCE once;
    struct run run = {.answer = FALSE, .context = (PVOID)0x10};
    PVOID context = (PVOID)3;
    memset(&once, 0xA5, sizeof once);
    InitOnceInitialize(&once);
    CHECK(once.Ptr == NULL);
    SetLastError(7);
    EQUAL(InitOnceExecuteOnce(&once, initialize, &run, &context), FALSE);
    EQUAL(GetLastError(), 4711); /* RO12 */
    CHECK(run.calls == 1 && run.seen == 1 && once.Ptr == NULL && context == (PVOID)3);
    EQUAL(RtlRunOnceExecuteOnce(&once, (PRTL_RUN_ONCE_INIT_FN)(void *)initialize, &run, &context), STATUS_UNSUCCESSFUL);
    run.answer = TRUE;
    run.context = (PVOID)0x11; /* RO8 */
    EQUAL(RtlRunOnceExecuteOnce(&once, (PRTL_RUN_ONCE_INIT_FN)(void *)initialize, &run, &context), STATUS_INVALID_PARAMETER);
    SetLastError(7);
    EQUAL(InitOnceExecuteOnce(&once, initialize, &run, &context), FALSE);
    EQUAL(GetLastError(), ERROR_INVALID_PARAMETER);
    CHECK(run.calls == 4 && once.Ptr == NULL && context == (PVOID)3);
    run.context = (PVOID)0x10;
    SetLastError(7);
    EQUAL(InitOnceExecuteOnce(&once, initialize, &run, NULL), TRUE);
    CHECK(run.calls == 5 && once.Ptr == (PVOID)0x12);
    EQUAL(RtlRunOnceExecuteOnce(&once, (PRTL_RUN_ONCE_INIT_FN)(void *)initialize, &run, &context), STATUS_SUCCESS);
    CHECK(run.calls == 5 && context == (PVOID)0x10);
    for (int thread = 0; thread < THREADS; thread++) pthread_create(&threads[thread], NULL, run_shared, NULL);
    for (int thread = 0; thread < THREADS; thread++) pthread_join(threads[thread], NULL);
    EQUAL(shared_run.calls, 1);
}

/* What Begin and Complete say of a block in each state. Each row makes the block, begins, and completes. */
static void states(void) {
    static const NTSTATUS success = STATUS_SUCCESS, pending = STATUS_PENDING, invalid = STATUS_INVALID_PARAMETER;
    static const NTSTATUS unsuccessful = STATUS_UNSUCCESSFUL;
    struct {
        uintptr_t word;
        ULONG flags;
        NTSTATUS begin;
        ULONG complete_flags;
        uintptr_t context;
        NTSTATUS complete;
        uintptr_t after;
    } rows[] = {
        {0, 0, pending, 0, 0x20, success, 0x22},                                       /* RO2 */
        {0x22, 0, success, 0, 0x20, unsuccessful, 0x22},                               /* RO3, RO10 */
        {0x22, RTL_RUN_ONCE_CHECK_ONLY, success, 0, 0x20, unsuccessful, 0x22},         /* RO3 */
        {0, RTL_RUN_ONCE_CHECK_ONLY, unsuccessful, 0, 0x20, unsuccessful, 0},          /* RO4, RO10 */
        {0, RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC, invalid, 0, 0, unsuccessful, 0}, /* RO5 */
        {0x22, RTL_RUN_ONCE_CHECK_ONLY | RTL_RUN_ONCE_ASYNC, invalid, 0, 0, unsuccessful, 0x22},
        {1, RTL_RUN_ONCE_ASYNC, invalid, 0, 0x20, success, 0x22},                      /* RO6 */
        {3, 0, invalid, RTL_RUN_ONCE_ASYNC, 0x20, success, 0x22},                      /* RO6 */
        {3, RTL_RUN_ONCE_ASYNC, pending, RTL_RUN_ONCE_ASYNC, 0x20, success, 0x22},     /* RO7 */
        {0, 0, pending, 0, 0x21, invalid, 1},                                          /* RO8 */
        {0, 0, pending, RTL_RUN_ONCE_INIT_FAILED, 0x20, invalid, 1},                   /* RO9 */
        {0, RTL_RUN_ONCE_ASYNC, pending, RTL_RUN_ONCE_INIT_FAILED | RTL_RUN_ONCE_ASYNC, 0, invalid, 3}, /* RO9 */
        {0, 0, pending, RTL_RUN_ONCE_INIT_FAILED, 0, success, 0},                      /* RO11 */
        {0, 8, invalid, 0, 0x20, unsuccessful, 0},
        {0, 0, pending, 0x80000000, 0x20, invalid, 1},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        int is_error = !NT_SUCCESS(rows[row].begin);
        RTL_RUN_ONCE once = {(PVOID)rows[row].word};
        PVOID context = (PVOID)3;
        BOOL is_pending = 77;
        EQUAL(RtlRunOnceBeginInitialize(&once, rows[row].flags, &context), rows[row].begin);
        EQUAL((uintptr_t)context, rows[row].begin == success ? 0x20 : 3);
        EQUAL(RtlRunOnceComplete(&once, rows[row].complete_flags, (PVOID)rows[row].context), rows[row].complete);
        EQUAL((uintptr_t)once.Ptr, rows[row].after);

        once.Ptr = (PVOID)rows[row].word;
        context = (PVOID)3;
        SetLastError(7);
        EQUAL(InitOnceBeginInitialize(&once, rows[row].flags, &is_pending, &context), !is_error);
        EQUAL(is_pending, is_error ? 77 : rows[row].begin == pending);
        EQUAL((uintptr_t)context, rows[row].begin == success ? 0x20 : 3);
        EQUAL(GetLastError(), is_error ? RtlNtStatusToDosError(rows[row].begin) : 7);
        SetLastError(7);
        EQUAL(InitOnceComplete(&once, rows[row].complete_flags, (PVOID)rows[row].context), rows[row].complete == success);
        EQUAL(GetLastError(), rows[row].complete == success ? 7 : RtlNtStatusToDosError(rows[row].complete));
        EQUAL((uintptr_t)once.Ptr, rows[row].after);
    }
    EQUAL(RtlNtStatusToDosError(STATUS_UNSUCCESSFUL), ERROR_GEN_FAILURE);
}

static void bad_pointers(void) {
    struct bad_pages bad = bad_pages();
    struct run run = {.answer = TRUE};
    INIT_ONCE once = INIT_ONCE_STATIC_INIT;
    BOOL pending = 77;
    PVOID context = (PVOID)3, *nowhere[] = {(PVOID *)8, (PVOID *)bad.none, (PVOID *)bad.read_only};
    EQUAL(RtlRunOnceBeginInitialize(NULL, 0, &context), STATUS_ACCESS_VIOLATION);
    EQUAL(RtlRunOnceBeginInitialize((PRTL_RUN_ONCE)((char *)&once + 1), 0, &context), STATUS_DATATYPE_MISALIGNMENT);
    EQUAL(RtlRunOnceComplete(NULL, 0, NULL), STATUS_ACCESS_VIOLATION);
    EQUAL(RtlRunOnceExecuteOnce(NULL, (PRTL_RUN_ONCE_INIT_FN)(void *)initialize, &run, &context), STATUS_ACCESS_VIOLATION);
    EQUAL(RtlRunOnceExecuteOnce(&once, NULL, &run, &context), STATUS_ACCESS_VIOLATION);
    for (size_t row = 0; row < COUNT(nowhere); row++) {
        EQUAL(RtlRunOnceBeginInitialize(&once, 0, nowhere[row]), STATUS_ACCESS_VIOLATION);
        EQUAL(RtlRunOnceExecuteOnce(&once, (PRTL_RUN_ONCE_INIT_FN)(void *)initialize, &run, nowhere[row]), STATUS_ACCESS_VIOLATION);
        EQUAL(InitOnceBeginInitialize(&once, 0, (PBOOL)nowhere[row], &context), FALSE);
        EQUAL(InitOnceBeginInitialize(&once, 0, &pending, nowhere[row]), FALSE);
        SetLastError(7);
        EQUAL(InitOnceExecuteOnce(&once, initialize, &run, nowhere[row]), FALSE);
        EQUAL(GetLastError(), ERROR_NOACCESS);
    }
    EQUAL(InitOnceBeginInitialize(&once, 0, NULL, &context), FALSE);
    EQUAL(GetLastError(), ERROR_NOACCESS);
    EQUAL(InitOnceComplete(NULL, 0, NULL), FALSE);
    InitOnceInitialize(NULL);
    RtlRunOnceInitialize((PRTL_RUN_ONCE)1);
    CHECK(once.Ptr == NULL && pending == 77 && context == (PVOID)3 && run.calls == 0);
}

#ifdef __x86_64__
#define WINDOWS __attribute__((ms_abi))

static BOOL WINDOWS windows_initialize(PINIT_ONCE once, PVOID parameter, PVOID *context) {
    *(PINIT_ONCE *)parameter = once;
    *context = (PVOID)0x80;
    return TRUE;
}

/* Who calls in the convention of Windows is called back in it. */
static void windows_convention(void) {
    typedef BOOL WINDOWS callback(PINIT_ONCE, PVOID, PVOID *);
    typedef BOOL WINDOWS execute_once(PINIT_ONCE, callback *, PVOID, PVOID *);
    static const char *const dlls[] = {"kernel32.dll", "KERNELBASE", "api-ms-win-core-synch-l1-2-0.dll"};
    for (size_t row = 0; row < COUNT(dlls); row++) {
        INIT_ONCE once = INIT_ONCE_STATIC_INIT;
        PINIT_ONCE seen = NULL;
        PVOID context = NULL;
        execute_once *execute = (execute_once *)(uintptr_t)ntw_win64_export(dlls[row], "InitOnceExecuteOnce");
        CHECK(execute != NULL);
        if (execute == NULL) continue;
        EQUAL(execute(&once, windows_initialize, &seen, &context), TRUE);
        CHECK(seen == &once && context == (PVOID)0x80);
    }
    CHECK(ntw_win64_export("ntdll", "RtlRunOnceExecuteOnce") != NULL);
    CHECK(ntw_win64_export("kernel32", "AcquireSRWLockExclusive") != NULL);
    CHECK(ntw_win64_export("kernel32", "RtlRunOnceExecuteOnce") == NULL);
    CHECK(ntw_win64_export("ntdll", "InitOnceExecuteOnce") == NULL);
}
#else
static void windows_convention(void) { CHECK(ntw_win64_export("ntdll", "RtlRunOnceExecuteOnce") == NULL); }
#endif

int main(void) {
    execute();
    states();
    bad_pointers();
    windows_convention();
    return RESULT();
}
