/* Barriers: RO13 to RO17. */
#include "ntwait/win32.h"
#include "check.h"

enum { THREADS = 3, PHASES = 500 };

struct team {
    SYNCHRONIZATION_BARRIER barrier;
    DWORD flags;
    int native;
    long arrived, last;
};

static void *pass(void *argument) {
    struct team *team = argument;
    for (long phase = 1; phase <= PHASES; phase++) {
        __atomic_add_fetch(&team->arrived, 1, __ATOMIC_SEQ_CST);
        BOOL is_last = team->native ? RtlBarrier(&team->barrier, team->flags)
                                    : EnterSynchronizationBarrier(&team->barrier, team->flags);
        CHECK(__atomic_load_n(&team->arrived, __ATOMIC_SEQ_CST) >= phase * THREADS);
        if (is_last) __atomic_add_fetch(&team->last, 1, __ATOMIC_SEQ_CST); /* RO15 */
    }
    return NULL;
}

static void phases(void) {
    static const DWORD flags[] = {0, SYNCHRONIZATION_BARRIER_FLAGS_BLOCK_ONLY, SYNCHRONIZATION_BARRIER_FLAGS_NO_DELETE,
                                  SYNCHRONIZATION_BARRIER_FLAGS_SPIN_ONLY | SYNCHRONIZATION_BARRIER_FLAGS_NO_DELETE};
    for (size_t row = 0; row < 2 * COUNT(flags); row++) {
        struct team team = {.flags = flags[row / 2], .native = row % 2};
        pthread_t threads[THREADS];
        if (team.native) EQUAL(RtlInitBarrier(&team.barrier, THREADS, 100), STATUS_SUCCESS);
        else EQUAL(InitializeSynchronizationBarrier(&team.barrier, THREADS, -1), TRUE);
        for (int thread = 0; thread < THREADS; thread++) pthread_create(&threads[thread], NULL, pass, &team);
        for (int thread = 0; thread < THREADS; thread++) pthread_join(threads[thread], NULL);
        EQUAL(team.last, PHASES);
        if (team.native) EQUAL(RtlDeleteBarrier(&team.barrier), STATUS_SUCCESS); /* RO17 */
        else EQUAL(DeleteSynchronizationBarrier(&team.barrier), TRUE);
    }
}

/* RO13, RO14 */
static void initialization(void) {
    SYNCHRONIZATION_BARRIER barrier;
    struct {
        SYNCHRONIZATION_BARRIER *barrier;
        LONG total, spin_count;
        DWORD error;
        NTSTATUS status;
    } rows[] = {
        {&barrier, 1, -1, 0, STATUS_SUCCESS},
        {&barrier, 1, 0, 0, STATUS_SUCCESS},
        {&barrier, 0x7FFFFFFF, 0x7FFFFFFF, 0, STATUS_SUCCESS},
        {&barrier, 0, 0, ERROR_INVALID_PARAMETER, STATUS_SUCCESS},
        {&barrier, -1, 0, ERROR_INVALID_PARAMETER, STATUS_SUCCESS},
        {&barrier, 1, -2, ERROR_INVALID_PARAMETER, STATUS_SUCCESS},
        {NULL, 1, 0, ERROR_INVALID_PARAMETER, STATUS_INVALID_PARAMETER},
        {(SYNCHRONIZATION_BARRIER *)((char *)&barrier + 2), 1, 0, ERROR_NOACCESS, STATUS_DATATYPE_MISALIGNMENT},
        {(SYNCHRONIZATION_BARRIER *)0x8000000000000000ul, 1, 0, ERROR_NOACCESS, STATUS_ACCESS_VIOLATION},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        SetLastError(7);
        EQUAL(InitializeSynchronizationBarrier(rows[row].barrier, rows[row].total, rows[row].spin_count), rows[row].error == 0);
        EQUAL(GetLastError(), rows[row].error == 0 ? 7 : rows[row].error);
        EQUAL(RtlInitBarrier(rows[row].barrier, (ULONG)rows[row].total, (ULONG)rows[row].spin_count), rows[row].status);
        if (rows[row].status == STATUS_SUCCESS) continue;
        EQUAL(RtlBarrier(rows[row].barrier, 0), FALSE); /* RO17 */
        EQUAL(RtlDeleteBarrier(rows[row].barrier), rows[row].status);
        SetLastError(7);
        EQUAL(EnterSynchronizationBarrier(rows[row].barrier, 0), FALSE);
        EQUAL(GetLastError(), rows[row].error);
        EQUAL(DeleteSynchronizationBarrier(rows[row].barrier), FALSE);
    }
}

/* RO15, RO16 */
static void alone(void) {
    SYNCHRONIZATION_BARRIER barrier;
    EQUAL(InitializeSynchronizationBarrier(&barrier, 1, 0), TRUE);
    for (DWORD flags = 0; flags < 32; flags++) {
        SetLastError(7);
        EQUAL(EnterSynchronizationBarrier(&barrier, flags), flags < 8);
        EQUAL(GetLastError(), flags < 8 ? 7 : ERROR_INVALID_PARAMETER);
        EQUAL(RtlBarrier(&barrier, flags), flags < 8);
    }
    EQUAL(DeleteSynchronizationBarrier(&barrier), TRUE);
}

int main(void) {
    initialization();
    alone();
    phases();
    return RESULT();
}
