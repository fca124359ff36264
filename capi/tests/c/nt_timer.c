/* Timers by the native calls (T1-T25). */
#include "nt_check.h"

static HANDLE make(TIMER_TYPE type) {
    HANDLE timer = NULL;
    STATUS(NtCreateTimer(&timer, TIMER_ALL_ACCESS, NULL, type), STATUS_SUCCESS);
    return timer;
}

static LARGE_INTEGER soon = {.QuadPart = -1}, now = {.QuadPart = 0}, late = {.QuadPart = -36000000000};

/* T2-T4, T6-T9, T21. */
static void states(void) {
    for (TIMER_TYPE type = NotificationTimer; type <= SynchronizationTimer; ++type) {
        HANDLE timer = make(type);
        TIMER_BASIC_INFORMATION is;
        ULONG length = 0;
        BOOLEAN state = 77;
        STATUS(NtQueryTimer(timer, TimerBasicInformation, &is, sizeof is, &length), STATUS_SUCCESS);
        EQUAL(is.TimerState, FALSE);
        EQUAL(length, sizeof is);
        STATUS(NtSetTimer(timer, &late, NULL, NULL, FALSE, 0, &state), STATUS_SUCCESS);
        EQUAL(state, FALSE);
        STATUS(NtWaitForSingleObject(timer, FALSE, &now), STATUS_TIMEOUT);
        STATUS(NtQueryTimer(timer, TimerBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
        CHECK(is.RemainingTime.QuadPart > 0 && is.RemainingTime.QuadPart <= -late.QuadPart);
        STATUS(NtSetTimer(timer, &soon, NULL, NULL, FALSE, 0, NULL), STATUS_SUCCESS);
        STATUS(NtWaitForSingleObject(timer, FALSE, NULL), STATUS_WAIT_0);
        STATUS(NtCancelTimer(timer, &state), STATUS_SUCCESS);
        EQUAL(state, type == NotificationTimer);
        STATUS(NtSetTimer(timer, &late, NULL, NULL, FALSE, 1, &state), STATUS_SUCCESS);
        EQUAL(state, type == NotificationTimer);
        STATUS(NtCancelTimer(timer, &state), STATUS_SUCCESS);
        EQUAL(state, FALSE);
        STATUS(NtSetTimer(timer, &soon, NULL, NULL, TRUE, 0, &state), STATUS_TIMER_RESUME_IGNORED);
        EQUAL(state, FALSE);
    }
}

/* T1, T10, T24, E19. */
static void order_of_checks(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE timer = (HANDLE)77;
    TIMER_BASIC_INFORMATION is;
    STATUS(NtCreateTimer(&timer, TIMER_ALL_ACCESS, NULL, (TIMER_TYPE)2), STATUS_INVALID_PARAMETER_4);
    CHECK(timer == NULL);
    timer = make(NotificationTimer);
    STATUS(NtSetTimer(NULL, NULL, NULL, NULL, FALSE, -1, (PBOOLEAN)8), STATUS_INVALID_PARAMETER_6);
    STATUS(NtSetTimer(timer, NULL, NULL, NULL, FALSE, 0, NULL), STATUS_ACCESS_VIOLATION);
    STATUS(NtSetTimer(NULL, &soon, NULL, NULL, FALSE, 0, NULL), STATUS_INVALID_HANDLE);
    STATUS(NtQueryTimer(NULL, (TIMER_INFORMATION_CLASS)1, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    STATUS(NtQueryTimer(NULL, TimerBasicInformation, NULL, 15, NULL), STATUS_INFO_LENGTH_MISMATCH);
    STATUS(NtQueryTimer(NULL, TimerBasicInformation, NULL, 16, NULL), STATUS_ACCESS_VIOLATION);
    STATUS(NtQueryTimer(NULL, TimerBasicInformation, &is, 16, NULL), STATUS_INVALID_HANDLE);
    for (size_t i = 0; i < COUNT(bad); ++i) {
        STATUS(NtCreateTimer(bad[i].pointer, TIMER_ALL_ACCESS, NULL, NotificationTimer), bad[i].status);
        STATUS(NtQueryTimer(NULL, TimerBasicInformation, bad[i].pointer, 16, NULL), bad[i].status);
        /* One byte is never misaligned, and a due time is only read. */
        if (bad[i].status == STATUS_ACCESS_VIOLATION) {
            STATUS(NtSetTimer(timer, &now, NULL, NULL, FALSE, 0, bad[i].pointer), STATUS_ACCESS_VIOLATION);
            STATUS(NtCancelTimer(timer, bad[i].pointer), STATUS_ACCESS_VIOLATION);
        }
        if (i > 0) STATUS(NtSetTimer(timer, bad[i].pointer, NULL, NULL, FALSE, 0, NULL), bad[i].status);
    }
    STATUS(NtWaitForSingleObject(timer, FALSE, &now), STATUS_TIMEOUT);
}

static int calls;
static PVOID context_seen;
static ULONGLONG time_seen;

static VOID count(PVOID context, ULONG low, LONG high) {
    ++calls;
    context_seen = context;
    time_seen = (ULONGLONG)(ULONG)high << 32 | low;
}

/* T14, T16. */
static void apcs(void) {
    HANDLE timer = make(SynchronizationTimer);
    int context;
    STATUS(NtSetTimer(timer, &soon, count, &context, FALSE, 0, NULL), STATUS_SUCCESS);
    STATUS(NtWaitForSingleObject(timer, FALSE, NULL), STATUS_WAIT_0);
    LARGE_INTEGER for_ever = {.QuadPart = INT64_MIN};
    STATUS(NtDelayExecution(TRUE, &for_ever), STATUS_USER_APC);
    EQUAL(calls, 1);
    CHECK(context_seen == &context);
    CHECK(time_seen > 132000000000000000); /* after 2019 */
}

static void names(void) {
    UNICODE_STRING name = {sizeof u"\\Timer" - 2, sizeof u"\\Timer", (PWSTR)u"\\Timer"};
    OBJECT_ATTRIBUTES attributes;
    HANDLE first, second;
    InitializeObjectAttributes(&attributes, &name, OBJ_OPENIF, NULL, NULL);
    STATUS(NtOpenTimer(&first, TIMER_ALL_ACCESS, &attributes), STATUS_OBJECT_NAME_NOT_FOUND);
    STATUS(NtCreateTimer(&first, TIMER_ALL_ACCESS, &attributes, NotificationTimer), STATUS_SUCCESS);
    STATUS(NtCreateTimer(&second, TIMER_ALL_ACCESS, &attributes, NotificationTimer), STATUS_OBJECT_NAME_EXISTS);
    STATUS(NtOpenTimer(&second, TIMER_ALL_ACCESS, &attributes), STATUS_SUCCESS);
    STATUS(NtCompareObjects(first, second), STATUS_SUCCESS);
}

int main(void) {
    states();
    order_of_checks();
    apcs();
    names();
    return RESULT();
}
