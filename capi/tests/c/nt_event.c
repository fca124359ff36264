/* Events by the native calls (E1-E24, E30), and what every native call does with pointers that lead nowhere. */
#include "nt_check.h"

static HANDLE make(EVENT_TYPE type, BOOLEAN state) {
    HANDLE event = NULL;
    STATUS(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, type, state), STATUS_SUCCESS);
    CHECK(event != NULL);
    return event;
}

/* E3-E6: what each call answers and leaves. */
static void calls_tell_the_state_before(void) {
    static NTSTATUS (*const calls[])(HANDLE, PLONG) = {NtSetEvent, NtResetEvent, NtPulseEvent};
    for (size_t i = 0; i < COUNT(calls); ++i) {
        for (LONG before = 0; before < 2; ++before) {
            HANDLE event = make(NotificationEvent, (BOOLEAN)before);
            LONG previous = 77;
            EVENT_BASIC_INFORMATION information;
            ULONG length = 0;
            STATUS(calls[i](event, &previous), STATUS_SUCCESS);
            EQUAL(previous, before);
            STATUS(NtQueryEvent(event, EventBasicInformation, &information, sizeof information, &length), STATUS_SUCCESS);
            EQUAL(information.EventType, NotificationEvent);
            EQUAL(information.EventState, i == 0);
            EQUAL(length, sizeof information);
            STATUS(calls[i](event, NULL), STATUS_SUCCESS);
            STATUS(NtClearEvent(event), STATUS_SUCCESS);
        }
    }
}

/* E19, N13: nothing is done if a pointer is bad. */
static void bad_pointers_change_nothing(void) {
    struct bad_pointer table[BAD_POINTERS];
    bad_pointers(table);
    HANDLE event = make(NotificationEvent, 0);
    for (size_t i = 0; i < COUNT(table); ++i) {
        EVENT_BASIC_INFORMATION information = {0, 0};
        STATUS(NtSetEvent(event, table[i].pointer), table[i].status);
        STATUS(NtCreateEvent(table[i].pointer, EVENT_ALL_ACCESS, NULL, NotificationEvent, 0), table[i].status);
        STATUS(NtQueryEvent(event, EventBasicInformation, table[i].pointer, sizeof information, NULL), table[i].status);
        STATUS(NtQueryEvent(event, EventBasicInformation, &information, sizeof information, table[i].pointer), table[i].status);
        /* E20: class and length come first. */
        STATUS(NtQueryEvent(NULL, (EVENT_INFORMATION_CLASS)1, table[i].pointer, 8, NULL), STATUS_INVALID_INFO_CLASS);
        STATUS(NtQueryEvent(NULL, EventBasicInformation, table[i].pointer, 7, NULL), STATUS_INFO_LENGTH_MISMATCH);
    }
    EVENT_BASIC_INFORMATION information = {0, 1};
    STATUS(NtQueryEvent(event, EventBasicInformation, &information, sizeof information, NULL), STATUS_SUCCESS);
    EQUAL(information.EventState, 0);
    STATUS(NtCreateEvent(NULL, EVENT_ALL_ACCESS, NULL, NotificationEvent, 0), STATUS_ACCESS_VIOLATION);
}

/* E1, N1, N2, N4, N10, N13. */
static void creations_and_openings(void) {
    UNICODE_STRING name = {sizeof u"\\Made" - 2, sizeof u"\\Made", (PWSTR)u"\\Made"};
    OBJECT_ATTRIBUTES attributes;
    HANDLE event, same, none = (HANDLE)77;
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    STATUS(NtOpenEvent(&none, EVENT_ALL_ACCESS, &attributes), STATUS_OBJECT_NAME_NOT_FOUND);
    CHECK(none == NULL);
    STATUS(NtCreateEvent(&event, EVENT_ALL_ACCESS, &attributes, NotificationEvent, 1), STATUS_SUCCESS);
    none = (HANDLE)77;
    STATUS(NtCreateEvent(&none, EVENT_ALL_ACCESS, &attributes, NotificationEvent, 1), STATUS_OBJECT_NAME_COLLISION);
    CHECK(none == NULL);
    attributes.Attributes = OBJ_OPENIF;
    STATUS(NtCreateEvent(&same, EVENT_ALL_ACCESS, &attributes, SynchronizationEvent, 0), STATUS_OBJECT_NAME_EXISTS);
    none = (HANDLE)77;
    STATUS(NtCreateEvent(&none, EVENT_ALL_ACCESS, &attributes, (EVENT_TYPE)2, 0), STATUS_INVALID_PARAMETER);
    CHECK(none == NULL);
    none = (HANDLE)77;
    STATUS(NtOpenEvent(&none, EVENT_ALL_ACCESS, NULL), STATUS_INVALID_PARAMETER);
    CHECK(none == NULL);
    attributes.Length = 47;
    STATUS(NtOpenEvent(&none, EVENT_ALL_ACCESS, &attributes), STATUS_INVALID_PARAMETER);
}

int main(void) {
    calls_tell_the_state_before();
    bad_pointers_change_nothing();
    creations_and_openings();
    return RESULT();
}
