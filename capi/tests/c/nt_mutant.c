/* Mutants by the native calls (M1-M35). */
#include "nt_check.h"

static HANDLE make(BOOLEAN owned) {
    HANDLE mutant = NULL;
    STATUS(NtCreateMutant(&mutant, MUTANT_ALL_ACCESS, NULL, owned), STATUS_SUCCESS);
    return mutant;
}

static void expect(HANDLE mutant, LONG count, BOOLEAN mine, BOOLEAN abandoned) {
    MUTANT_BASIC_INFORMATION is;
    ULONG length = 0;
    STATUS(NtQueryMutant(mutant, MutantBasicInformation, &is, sizeof is, &length), STATUS_SUCCESS);
    EQUAL(is.CurrentCount, count);
    EQUAL(is.OwnedByCaller, mine);
    EQUAL(is.AbandonedState, abandoned);
    EQUAL(length, sizeof is);
}

/* M1-M4, M6, M8, M9. */
static void levels(void) {
    static const LARGE_INTEGER poll = {.QuadPart = 0};
    HANDLE mutant = make(FALSE);
    LONG previous = 77;
    expect(mutant, 1, FALSE, FALSE);
    STATUS(NtReleaseMutant(mutant, &previous), STATUS_MUTANT_NOT_OWNED);
    EQUAL(previous, 77);
    for (LONG level = 1; level <= 3; ++level) {
        STATUS(NtWaitForSingleObject(mutant, FALSE, (PLARGE_INTEGER)&poll), STATUS_WAIT_0);
        expect(mutant, 1 - level, TRUE, FALSE);
    }
    for (LONG count = -2; count <= 0; ++count) {
        STATUS(NtReleaseMutant(mutant, &previous), STATUS_SUCCESS);
        EQUAL(previous, count);
    }
    STATUS(NtClose(mutant), STATUS_SUCCESS);
}

/* M23, M25, E19: who is told what first. */
static void order_of_checks(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE mutant = make(TRUE);
    MUTANT_OWNER_INFORMATION owner;
    MUTANT_BASIC_INFORMATION basic;
    STATUS(NtQueryMutant(NULL, (MUTANT_INFORMATION_CLASS)2, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    STATUS(NtQueryMutant(NULL, MutantBasicInformation, NULL, 0, NULL), STATUS_INFO_LENGTH_MISMATCH);
    STATUS(NtQueryMutant(NULL, MutantBasicInformation, NULL, sizeof basic, NULL), STATUS_ACCESS_VIOLATION);
    STATUS(NtQueryMutant(NULL, MutantBasicInformation, &basic, sizeof basic, NULL), STATUS_INVALID_HANDLE);
    STATUS(NtQueryMutant(mutant, MutantOwnerInformation, &owner, sizeof owner, NULL), STATUS_SUCCESS);
    CHECK((ULONG_PTR)owner.ClientId.UniqueProcess == 4 * (ULONG_PTR)getpid());
    CHECK((ULONG_PTR)owner.ClientId.UniqueThread % 4 == 0 && owner.ClientId.UniqueThread != NULL);
    for (size_t i = 0; i < COUNT(bad); ++i) {
        STATUS(NtReleaseMutant(mutant, bad[i].pointer), bad[i].status);
        STATUS(NtReleaseMutant(NULL, bad[i].pointer), bad[i].status);
        STATUS(NtQueryMutant(NULL, MutantBasicInformation, bad[i].pointer, sizeof basic, NULL), bad[i].status);
        STATUS(NtQueryMutant(NULL, MutantBasicInformation, &basic, sizeof basic, bad[i].pointer), bad[i].status);
        STATUS(NtCreateMutant(bad[i].pointer, MUTANT_ALL_ACCESS, NULL, TRUE), bad[i].status);
        STATUS(NtOpenMutant(bad[i].pointer, MUTANT_ALL_ACCESS, NULL), bad[i].status);
    }
    expect(mutant, 0, TRUE, FALSE);
}

static void *end_as_owner(void *mutant) {
    STATUS(NtWaitForSingleObject(mutant, FALSE, NULL), STATUS_WAIT_0);
    return NULL;
}

/* M14-M17, M5. */
static void abandonment(void) {
    HANDLE mutant = make(FALSE);
    in_a_thread(end_as_owner, mutant);
    expect(mutant, 1, FALSE, TRUE);
    STATUS(NtReleaseMutant(mutant, NULL), STATUS_ABANDONED);
    STATUS(NtWaitForSingleObject(mutant, FALSE, NULL), STATUS_ABANDONED_WAIT_0);
    expect(mutant, 0, TRUE, FALSE);
    STATUS(NtReleaseMutant(mutant, NULL), STATUS_SUCCESS);
}

/* M31, N1: the one that is there stays as it is. */
static void names(void) {
    UNICODE_STRING name = {sizeof u"\\Mutant" - 2, sizeof u"\\Mutant", (PWSTR)u"\\Mutant"};
    OBJECT_ATTRIBUTES attributes;
    HANDLE first, second, third, event;
    InitializeObjectAttributes(&attributes, &name, OBJ_OPENIF, NULL, NULL);
    STATUS(NtCreateMutant(&first, MUTANT_ALL_ACCESS, &attributes, FALSE), STATUS_SUCCESS);
    STATUS(NtCreateMutant(&second, MUTANT_ALL_ACCESS, &attributes, TRUE), STATUS_OBJECT_NAME_EXISTS);
    expect(first, 1, FALSE, FALSE);
    STATUS(NtOpenMutant(&third, MUTANT_QUERY_STATE, &attributes), STATUS_SUCCESS);
    expect(third, 1, FALSE, FALSE);
    STATUS(NtWaitForSingleObject(third, FALSE, NULL), STATUS_ACCESS_DENIED);
    STATUS(NtOpenEvent(&event, EVENT_ALL_ACCESS, &attributes), STATUS_OBJECT_TYPE_MISMATCH);
    STATUS(NtCompareObjects(first, third), STATUS_SUCCESS);
}

int main(void) {
    levels();
    order_of_checks();
    abandonment();
    names();
    return RESULT();
}
