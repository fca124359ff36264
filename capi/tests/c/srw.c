/* SRW locks: SR1 to SR10. */
#include "ntwait/win32.h"
#include "check.h"

enum { THREADS = 4, ROUNDS = 20000 };

static SRWLOCK shared = SRWLOCK_INIT;
static long long first, second;

/* Two numbers that are the same whenever somebody reads them. */
static void *work(void *argument) {
    for (int round = 0; round < ROUNDS; round++) {
        if (round % 4) {
            AcquireSRWLockShared(&shared);
            CHECK(first == second);
            ReleaseSRWLockShared(&shared);
        } else {
            RtlAcquireSRWLockExclusive(&shared);
            first++;
            second++;
            RtlReleaseSRWLockExclusive(&shared);
        }
    }
    return argument;
}

static void contention(void) {
    pthread_t threads[THREADS];
    for (int thread = 0; thread < THREADS; thread++) pthread_create(&threads[thread], NULL, work, NULL);
    for (int thread = 0; thread < THREADS; thread++) pthread_join(threads[thread], NULL);
    EQUAL(first, THREADS * ROUNDS / 4);
    CHECK(shared.Ptr == NULL);
}

typedef VOID acquire_call(PSRWLOCK);
typedef BOOLEAN try_call(PSRWLOCK);

/* Each call in both of its forms. */
static const struct {
    acquire_call *initialize, *exclusive, *shared, *release_exclusive, *release_shared;
    try_call *try_exclusive, *try_shared;
} forms[] = {
    {InitializeSRWLock, AcquireSRWLockExclusive, AcquireSRWLockShared, ReleaseSRWLockExclusive, ReleaseSRWLockShared,
     TryAcquireSRWLockExclusive, TryAcquireSRWLockShared},
    {RtlInitializeSRWLock, RtlAcquireSRWLockExclusive, RtlAcquireSRWLockShared, RtlReleaseSRWLockExclusive,
     RtlReleaseSRWLockShared, RtlTryAcquireSRWLockExclusive, RtlTryAcquireSRWLockShared},
};

static void states(void) {
    for (size_t form = 0; form < COUNT(forms); form++) {
        SRWLOCK lock;
        memset(&lock, 0xA5, sizeof lock);
        forms[form].initialize(&lock);
        CHECK(lock.Ptr == NULL); /* SR1 */
        forms[form].exclusive(&lock);
        EQUAL((uintptr_t)lock.Ptr & 0xF, 1); /* SR9; the owner is above that */
        EQUAL(forms[form].try_exclusive(&lock), FALSE); /* SR7 */
        EQUAL(forms[form].try_shared(&lock), FALSE);
        EQUAL((uintptr_t)lock.Ptr & 0xF, 1); /* SR8 */
        forms[form].release_shared(&lock); /* SR10: not held so */
        EQUAL((uintptr_t)lock.Ptr & 0xF, 1);
        forms[form].release_exclusive(&lock);
        CHECK(lock.Ptr == NULL);
        forms[form].release_exclusive(&lock); /* SR10 */
        CHECK(lock.Ptr == NULL);
        forms[form].shared(&lock);
        EQUAL(forms[form].try_shared(&lock), TRUE); /* SR3 */
        EQUAL(forms[form].try_exclusive(&lock), FALSE); /* SR7 */
        forms[form].release_shared(&lock);
        forms[form].release_shared(&lock);
        CHECK(lock.Ptr == NULL);
        EQUAL(forms[form].try_exclusive(&lock), TRUE);
        forms[form].release_exclusive(&lock);
    }
}

static void bad_pointers(void) {
    PVOID words[2] = {(PVOID)0x3333, (PVOID)0x3333};
    void *rows[] = {NULL, (void *)1, (void *)8, (char *)words + 1, (char *)words + 4, (void *)0x8000000000000000ul,
                    (void *)0x00007FFFFFFFF000ul, (void *)0xFFFFFFFFFFFFFFF8ul};
    for (size_t row = 0; row < COUNT(rows); row++) {
        for (size_t form = 0; form < COUNT(forms); form++) {
            forms[form].initialize(rows[row]);
            forms[form].exclusive(rows[row]);
            forms[form].shared(rows[row]);
            EQUAL(forms[form].try_exclusive(rows[row]), FALSE);
            EQUAL(forms[form].try_shared(rows[row]), FALSE);
            forms[form].release_exclusive(rows[row]);
            forms[form].release_shared(rows[row]);
        }
    }
    CHECK(words[0] == (PVOID)0x3333 && words[1] == (PVOID)0x3333);
}

int main(void) {
    states();
    bad_pointers();
    contention();
    return RESULT();
}
