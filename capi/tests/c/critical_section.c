/* Critical sections: CS1 to CS12, CS17. */
#include "ntwait/win32.h"
#include "check.h"

enum { THREADS = 4, ROUNDS = 20000 };

static CRITICAL_SECTION shared;
static long long shared_sum;

static void *add(void *argument) {
    for (int round = 0; round < ROUNDS; round++) {
        EnterCriticalSection(&shared);
        if (round % 3 == 0 && TryEnterCriticalSection(&shared)) LeaveCriticalSection(&shared);
        shared_sum++;
        LeaveCriticalSection(&shared);
    }
    return argument;
}

static void *try_once(void *section) {
    return (void *)(intptr_t)TryEnterCriticalSection(section);
}

static int other_thread_can_enter(CRITICAL_SECTION *section) {
    pthread_t thread;
    void *entered = NULL;
    pthread_create(&thread, NULL, try_once, section);
    pthread_join(thread, &entered);
    return (int)(intptr_t)entered;
}

static void fields(void) {
    int processors = (int)sysconf(_SC_NPROCESSORS_ONLN);
    CRITICAL_SECTION section;
    memset(&section, 0xA5, sizeof section);
    InitializeCriticalSection(&section);
    EQUAL((intptr_t)section.DebugInfo, -1); /* CS1 */
    EQUAL(section.LockCount, -1);
    EQUAL(section.RecursionCount, 0);
    CHECK(section.OwningThread == NULL && section.LockSemaphore == NULL);
    EQUAL(section.SpinCount, processors > 1 ? 0x020007D0 : 0); /* CS5 */
    EnterCriticalSection(&section);
    EQUAL(section.LockCount, -2); /* CS2 */
    CHECK(section.OwningThread != NULL);
    EQUAL(RtlEnterCriticalSection(&section), STATUS_SUCCESS);
    EQUAL(section.LockCount, -2); /* CS3 */
    EQUAL(section.RecursionCount, 2);
    EQUAL(TryEnterCriticalSection(&section), TRUE); /* CS9 */
    EQUAL(RtlTryEnterCriticalSection(&section), TRUE);
    EQUAL(section.RecursionCount, 4);
    for (int depth = 4; depth > 0; depth--) {
        EQUAL(other_thread_can_enter(&section), FALSE);
        if (depth % 2) LeaveCriticalSection(&section);
        else EQUAL(RtlLeaveCriticalSection(&section), STATUS_SUCCESS);
    }
    EQUAL(section.LockCount, -1);
    CHECK(section.OwningThread == NULL);
    EQUAL(InitializeCriticalSectionAndSpinCount(&section, 0x123), TRUE); /* CS6, CS17 */
    EQUAL(section.SpinCount, processors > 1 ? 0x123 : 0);
    EQUAL(RtlInitializeCriticalSectionAndSpinCount(&section, 0xFF000007), STATUS_SUCCESS);
    EQUAL(section.SpinCount, processors > 1 ? 7 : 0);
    DeleteCriticalSection(&section); /* CS12 */
    CHECK(section.DebugInfo == NULL && section.LockCount == 0 && section.SpinCount == 0);
    EQUAL(RtlInitializeCriticalSection(&section), STATUS_SUCCESS);
    EQUAL(RtlDeleteCriticalSection(&section), STATUS_SUCCESS);
}

/* CS7: flags, then the spin count, then the pointer. */
static void initialize_ex(void) {
    CRITICAL_SECTION section;
    struct {
        CRITICAL_SECTION *section;
        DWORD spin_count, flags;
        BOOL result;
        DWORD error;
        NTSTATUS status;
    } rows[] = {
        {&section, 100, 0, TRUE, 7, STATUS_SUCCESS},
        {&section, 0x00FFFFFF, CRITICAL_SECTION_NO_DEBUG_INFO, TRUE, 7, STATUS_SUCCESS},
        {&section, 0x01000000, 0, FALSE, ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_2},
        {&section, 100, 0x20000000, FALSE, ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_3},
        {&section, 100, 0x80000000, FALSE, ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_3},
        {NULL, 0x01000000, 0, FALSE, ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_2},
        {NULL, 100, 0x80000000, FALSE, ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER_3},
        {NULL, 100, 0, FALSE, ERROR_NOACCESS, STATUS_ACCESS_VIOLATION},
        {(CRITICAL_SECTION *)((char *)&section + 1), 100, 0, FALSE, ERROR_NOACCESS, STATUS_DATATYPE_MISALIGNMENT},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        memset(&section, 0x5A, sizeof section);
        SetLastError(7);
        EQUAL(InitializeCriticalSectionEx(rows[row].section, rows[row].spin_count, rows[row].flags), rows[row].result);
        EQUAL(GetLastError(), rows[row].error);
        EQUAL(section.LockCount, rows[row].result ? -1 : 0x5A5A5A5A);
        memset(&section, 0x5A, sizeof section);
        EQUAL(RtlInitializeCriticalSectionEx(rows[row].section, rows[row].spin_count, rows[row].flags), rows[row].status);
        EQUAL(section.LockCount, rows[row].result ? -1 : 0x5A5A5A5A);
    }
}

static void bad_pointers(void) {
    char memory[64];
    struct {
        void *section;
        NTSTATUS status;
    } rows[] = {
        {NULL, STATUS_ACCESS_VIOLATION},
        {(void *)8, STATUS_ACCESS_VIOLATION},
        {(void *)3, STATUS_DATATYPE_MISALIGNMENT},
        {(void *)(((uintptr_t)memory & ~7ul) + 4), STATUS_DATATYPE_MISALIGNMENT},
        {(void *)0x8000000000000000ul, STATUS_ACCESS_VIOLATION},
        {(void *)0xFFFFFFFFFFFFFFF8ul, STATUS_ACCESS_VIOLATION},
        {(void *)0x00007FFFFFFFF000ul, STATUS_ACCESS_VIOLATION},
    };
    memset(memory, 0x33, sizeof memory);
    for (size_t row = 0; row < COUNT(rows); row++) {
        CRITICAL_SECTION *section = rows[row].section;
        EQUAL(RtlInitializeCriticalSection(section), rows[row].status);
        EQUAL(RtlInitializeCriticalSectionAndSpinCount(section, 1), rows[row].status);
        EQUAL(RtlEnterCriticalSection(section), rows[row].status);
        EQUAL(RtlTryEnterCriticalSection(section), FALSE);
        EQUAL(RtlLeaveCriticalSection(section), rows[row].status);
        EQUAL(RtlDeleteCriticalSection(section), rows[row].status);
        InitializeCriticalSection(section);
        EnterCriticalSection(section);
        LeaveCriticalSection(section);
        DeleteCriticalSection(section);
        SetLastError(7);
        EQUAL(InitializeCriticalSectionAndSpinCount(section, 1), FALSE);
        EQUAL(GetLastError(), ERROR_NOACCESS);
        SetLastError(7);
        EQUAL(TryEnterCriticalSection(section), FALSE);
        EQUAL(GetLastError(), ERROR_NOACCESS);
    }
    for (size_t byte = 0; byte < sizeof memory; byte++) EQUAL(memory[byte], 0x33);
}

static void contention(void) {
    pthread_t threads[THREADS];
    InitializeCriticalSection(&shared);
    for (int thread = 0; thread < THREADS; thread++) pthread_create(&threads[thread], NULL, add, NULL);
    for (int thread = 0; thread < THREADS; thread++) pthread_join(threads[thread], NULL);
    EQUAL(shared_sum, THREADS * ROUNDS);
    EQUAL(shared.LockCount, -1);
    DeleteCriticalSection(&shared);
}

int main(void) {
    fields();
    initialize_ex();
    bad_pointers();
    contention();
    return RESULT();
}
