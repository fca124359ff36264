/* Semaphores (SE1-SE18) and keyed events (K1-K12) by the native calls. */
#include "nt_check.h"

static LARGE_INTEGER poll = {.QuadPart = 0};

static void expect(HANDLE semaphore, LONG count, LONG maximum) {
    SEMAPHORE_BASIC_INFORMATION is;
    ULONG length = 0;
    STATUS(NtQuerySemaphore(semaphore, SemaphoreBasicInformation, &is, sizeof is, &length), STATUS_SUCCESS);
    EQUAL(is.CurrentCount, count);
    EQUAL(is.MaximumCount, maximum);
    EQUAL(length, sizeof is);
}

/* SE1. */
static void creations(void) {
    static const struct {
        LONG initial, maximum;
        NTSTATUS status;
    } table[] = {
        {0, 1, STATUS_SUCCESS},
        {1, 1, STATUS_SUCCESS},
        {0, INT32_MAX, STATUS_SUCCESS},
        {INT32_MAX, INT32_MAX, STATUS_SUCCESS},
        {0, 0, STATUS_INVALID_PARAMETER},
        {0, -1, STATUS_INVALID_PARAMETER},
        {-1, 1, STATUS_INVALID_PARAMETER},
        {2, 1, STATUS_INVALID_PARAMETER},
        {INT32_MIN, INT32_MIN, STATUS_INVALID_PARAMETER},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        HANDLE semaphore = (HANDLE)77;
        STATUS(NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, table[i].initial, table[i].maximum), table[i].status);
        if (table[i].status != STATUS_SUCCESS) {
            CHECK(semaphore == NULL);
            continue;
        }
        expect(semaphore, table[i].initial, table[i].maximum);
        STATUS(NtClose(semaphore), STATUS_SUCCESS);
    }
}

/* SE3-SE8, SE17. */
static void releases(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE semaphore, event;
    LONG previous = 77;
    STATUS(NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 1, 3), STATUS_SUCCESS);
    STATUS(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, 0), STATUS_SUCCESS);
    STATUS(NtReleaseSemaphore(semaphore, 2, &previous), STATUS_SUCCESS);
    EQUAL(previous, 1);
    previous = 77;
    STATUS(NtReleaseSemaphore(semaphore, 1, &previous), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    STATUS(NtReleaseSemaphore(semaphore, INT32_MAX, &previous), STATUS_SEMAPHORE_LIMIT_EXCEEDED);
    STATUS(NtReleaseSemaphore(NULL, 0, &previous), STATUS_INVALID_PARAMETER);
    STATUS(NtReleaseSemaphore(semaphore, -1, &previous), STATUS_INVALID_PARAMETER);
    STATUS(NtReleaseSemaphore(event, 1, &previous), STATUS_OBJECT_TYPE_MISMATCH);
    EQUAL(previous, 77);
    for (size_t i = 0; i < COUNT(bad); ++i) {
        STATUS(NtReleaseSemaphore(NULL, 0, bad[i].pointer), bad[i].status);
        STATUS(NtReleaseSemaphore(semaphore, 1, bad[i].pointer), bad[i].status);
        STATUS(NtCreateSemaphore(bad[i].pointer, SEMAPHORE_ALL_ACCESS, NULL, 0, 1), bad[i].status);
        STATUS(NtCreateKeyedEvent(bad[i].pointer, KEYEDEVENT_ALL_ACCESS, NULL, 0), bad[i].status);
    }
    expect(semaphore, 3, 3);
    for (LONG left = 2; left >= 0; --left) {
        STATUS(NtWaitForSingleObject(semaphore, FALSE, &poll), STATUS_WAIT_0);
        expect(semaphore, left, 3);
    }
    STATUS(NtWaitForSingleObject(semaphore, FALSE, &poll), STATUS_TIMEOUT);
}

/* SE16, N1. */
static void names(void) {
    UNICODE_STRING name = {sizeof u"\\Semaphore" - 2, sizeof u"\\Semaphore", (PWSTR)u"\\Semaphore"};
    OBJECT_ATTRIBUTES attributes;
    HANDLE first, second;
    InitializeObjectAttributes(&attributes, &name, OBJ_OPENIF, NULL, NULL);
    STATUS(NtCreateSemaphore(&first, SEMAPHORE_ALL_ACCESS, &attributes, 1, 2), STATUS_SUCCESS);
    STATUS(NtCreateSemaphore(&second, SEMAPHORE_ALL_ACCESS, &attributes, 5, 9), STATUS_OBJECT_NAME_EXISTS);
    expect(second, 1, 2);
    STATUS(NtOpenSemaphore(&second, SEMAPHORE_ALL_ACCESS, &attributes), STATUS_SUCCESS);
    expect(second, 1, 2);
}

static void *release_key(void *keyed_event) {
    STATUS(NtReleaseKeyedEvent(keyed_event, (PVOID)2, FALSE, NULL), STATUS_SUCCESS);
    return NULL;
}

/* K1-K6, K9, K11. */
static void keyed_events(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    static NTSTATUS (*const calls[])(HANDLE, PVOID, BOOLEAN, PLARGE_INTEGER) = {NtWaitForKeyedEvent, NtReleaseKeyedEvent};
    HANDLE keyed_event = NULL, semaphore;
    STATUS(NtCreateSemaphore(&semaphore, SEMAPHORE_ALL_ACCESS, NULL, 1, 3), STATUS_SUCCESS);
    STATUS(NtCreateKeyedEvent(&keyed_event, KEYEDEVENT_ALL_ACCESS, NULL, 1), STATUS_INVALID_PARAMETER);
    CHECK(keyed_event == NULL);
    STATUS(NtCreateKeyedEvent(&keyed_event, KEYEDEVENT_ALL_ACCESS | SYNCHRONIZE, NULL, 0), STATUS_SUCCESS);
    STATUS(NtWaitForSingleObject(keyed_event, FALSE, NULL), STATUS_WAIT_0);
    for (size_t i = 0; i < COUNT(calls); ++i) {
        STATUS(calls[i]((HANDLE)0x1234, (PVOID)1, FALSE, (PLARGE_INTEGER)8), STATUS_INVALID_PARAMETER_1);
        STATUS(calls[i]((HANDLE)0x1234, (PVOID)2, FALSE, &poll), STATUS_INVALID_HANDLE);
        STATUS(calls[i](semaphore, (PVOID)2, FALSE, &poll), STATUS_OBJECT_TYPE_MISMATCH);
        STATUS(calls[i](keyed_event, (PVOID)2, FALSE, &poll), STATUS_TIMEOUT);
        STATUS(calls[i](NULL, NULL, TRUE, &poll), STATUS_TIMEOUT);
        for (size_t j = 1; j < COUNT(bad); ++j) STATUS(calls[i](NULL, NULL, TRUE, bad[j].pointer), bad[j].status);
    }
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, release_key, keyed_event) == 0);
    STATUS(NtWaitForKeyedEvent(keyed_event, (PVOID)2, FALSE, NULL), STATUS_SUCCESS);
    CHECK(pthread_join(thread, NULL) == 0);

    UNICODE_STRING name = {sizeof u"\\Keyed" - 2, sizeof u"\\Keyed", (PWSTR)u"\\Keyed"};
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    HANDLE named, opened;
    STATUS(NtCreateKeyedEvent(&named, KEYEDEVENT_ALL_ACCESS, &attributes, 0), STATUS_SUCCESS);
    STATUS(NtOpenKeyedEvent(&opened, KEYEDEVENT_ALL_ACCESS, &attributes), STATUS_SUCCESS);
    STATUS(NtCompareObjects(named, opened), STATUS_SUCCESS);
}

int main(void) {
    creations();
    releases();
    names();
    keyed_events();
    return RESULT();
}
