/* Handles of any type by the native calls (H1-H32, N22, N23), and the Win32 errors of statuses (C6). */
#include "nt_check.h"

static HANDLE make(ACCESS_MASK access) {
    HANDLE event = NULL;
    STATUS(NtCreateEvent(&event, access, NULL, NotificationEvent, 0), STATUS_SUCCESS);
    return event;
}

static ACCESS_MASK access_of(HANDLE handle) {
    OBJECT_BASIC_INFORMATION is;
    STATUS(NtQueryObject(handle, ObjectBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    return is.GrantedAccess;
}

/* H2, H4-H6, H13. */
static void closing(void) {
    HANDLE event = make(EVENT_ALL_ACCESS);
    OBJECT_HANDLE_FLAG_INFORMATION flags = {FALSE, TRUE};
    STATUS(NtClose(NULL), STATUS_INVALID_HANDLE);
    STATUS(NtClose((HANDLE)0x1234), STATUS_INVALID_HANDLE);
    STATUS(NtSetInformationObject(event, ObjectHandleFlagInformation, &flags, sizeof flags), STATUS_SUCCESS);
    STATUS(NtClose(event), STATUS_HANDLE_NOT_CLOSABLE);
    flags.ProtectFromClose = FALSE;
    flags.Inherit = TRUE;
    STATUS(NtSetInformationObject(event, ObjectHandleFlagInformation, &flags, sizeof flags), STATUS_SUCCESS);
    memset(&flags, 77, sizeof flags);
    STATUS(NtQueryObject(event, ObjectHandleFlagInformation, &flags, sizeof flags, NULL), STATUS_SUCCESS);
    EQUAL(flags.Inherit, 1);
    EQUAL(flags.ProtectFromClose, 0);
    STATUS(NtClose(event), STATUS_SUCCESS);
    STATUS(NtClose(event), STATUS_INVALID_HANDLE);
    STATUS(NtSetInformationObject(NtCurrentThread(), ObjectHandleFlagInformation, &flags, sizeof flags), STATUS_ACCESS_DENIED);
}

/* H14-H25. */
static void duplication(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE process = NtCurrentProcess(), event = make(EVENT_QUERY_STATE), made;
    struct {
        HANDLE from, source, to;
        ACCESS_MASK access;
        ULONG options;
        NTSTATUS status;
        ACCESS_MASK granted;
    } table[] = {
        {process, event, process, 0, 0, STATUS_SUCCESS, 0},
        {process, event, process, EVENT_ALL_ACCESS, 0, STATUS_SUCCESS, EVENT_ALL_ACCESS},
        {process, event, process, EVENT_ALL_ACCESS, DUPLICATE_SAME_ACCESS, STATUS_SUCCESS, EVENT_QUERY_STATE},
        {process, NtCurrentThread(), process, 0, DUPLICATE_SAME_ACCESS, STATUS_SUCCESS, THREAD_ALL_ACCESS},
        {process, event, process, 0xFFFFFFFF, 0, STATUS_ACCESS_DENIED, 0},
        {process, NULL, process, 0, 0, STATUS_INVALID_HANDLE, 0},
        {process, event, NULL, 0, 0, STATUS_INVALID_PARAMETER, 0},
        {NULL, event, process, 0, 0, STATUS_INVALID_HANDLE, 0},
        {event, event, process, 0, 0, STATUS_OBJECT_TYPE_MISMATCH, 0},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        made = (HANDLE)77;
        STATUS(NtDuplicateObject(table[i].from, table[i].source, table[i].to, &made, table[i].access, 0, table[i].options), table[i].status);
        if (table[i].status != STATUS_SUCCESS) {
            CHECK(made == NULL);
            continue;
        }
        EQUAL(access_of(made), table[i].granted);
        STATUS(NtClose(made), STATUS_SUCCESS);
    }
    OBJECT_BASIC_INFORMATION before, after;
    STATUS(NtQueryObject(event, ObjectBasicInformation, &before, sizeof before, NULL), STATUS_SUCCESS);
    for (size_t i = 0; i < COUNT(bad); ++i)
        STATUS(NtDuplicateObject(process, event, process, bad[i].pointer, 0, 0, DUPLICATE_CLOSE_SOURCE), bad[i].status);
    STATUS(NtQueryObject(event, ObjectBasicInformation, &after, sizeof after, NULL), STATUS_SUCCESS);
    EQUAL(after.HandleCount, before.HandleCount);
    /* H16: a handle that nobody knows. */
    STATUS(NtDuplicateObject(process, event, process, NULL, 0, 0, 0), STATUS_SUCCESS);
    STATUS(NtQueryObject(event, ObjectBasicInformation, &after, sizeof after, NULL), STATUS_SUCCESS);
    EQUAL(after.HandleCount, before.HandleCount + 1);
    /* H24. */
    STATUS(NtDuplicateObject(process, event, process, &made, 0, OBJ_INHERIT, DUPLICATE_SAME_ACCESS), STATUS_SUCCESS);
    STATUS(NtQueryObject(made, ObjectBasicInformation, &after, sizeof after, NULL), STATUS_SUCCESS);
    EQUAL(after.Attributes, OBJ_INHERIT);
    /* H17. */
    made = (HANDLE)77;
    STATUS(NtDuplicateObject(process, event, NULL, &made, 0, 0, DUPLICATE_CLOSE_SOURCE), STATUS_SUCCESS);
    CHECK(made == NULL);
    STATUS(NtClose(event), STATUS_INVALID_HANDLE);
}

/* H29, and how an object is described: N22, N23. */
static void queries(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    UNICODE_STRING name = {sizeof u"\\Described" - 2, sizeof u"\\Described", (PWSTR)u"\\Described"};
    OBJECT_ATTRIBUTES attributes;
    HANDLE named, same, unnamed = make(EVENT_ALL_ACCESS);
    ULONG needed = 0;
    union {
        OBJECT_NAME_INFORMATION name;
        OBJECT_TYPE_INFORMATION type;
        char bytes[512];
    } is;
    InitializeObjectAttributes(&attributes, &name, 0, NULL, NULL);
    STATUS(NtCreateEvent(&named, EVENT_ALL_ACCESS, &attributes, NotificationEvent, 0), STATUS_SUCCESS);
    STATUS(NtOpenEvent(&same, EVENT_ALL_ACCESS, &attributes), STATUS_SUCCESS);
    STATUS(NtCompareObjects(named, same), STATUS_SUCCESS);
    STATUS(NtCompareObjects(named, unnamed), STATUS_NOT_SAME_OBJECT);
    STATUS(NtCompareObjects(named, NULL), STATUS_INVALID_HANDLE);

    STATUS(NtQueryObject(unnamed, ObjectNameInformation, &is, sizeof is, &needed), STATUS_SUCCESS);
    EQUAL(is.name.Name.Length, 0);
    CHECK(is.name.Name.Buffer == NULL);
    EQUAL(needed, sizeof is.name);
    STATUS(NtQueryObject(named, ObjectNameInformation, NULL, 0, &needed), STATUS_INFO_LENGTH_MISMATCH);
    EQUAL(needed, sizeof is.name + name.MaximumLength);
    STATUS(NtQueryObject(named, ObjectNameInformation, &is, needed, &needed), STATUS_SUCCESS);
    EQUAL(is.name.Name.Length, name.Length);
    CHECK((char *)is.name.Name.Buffer == is.bytes + sizeof is.name);
    CHECK(memcmp(is.name.Name.Buffer, name.Buffer, name.Length) == 0);
    STATUS(NtQueryObject(named, ObjectTypeInformation, &is, sizeof is, &needed), STATUS_SUCCESS);
    EQUAL(is.type.TypeName.Length, sizeof u"Event" - 2);
    CHECK(memcmp(is.type.TypeName.Buffer, u"Event", sizeof u"Event") == 0);
    EQUAL(is.type.ValidAccessMask, EVENT_ALL_ACCESS);

    STATUS(NtQueryObject(NULL, (OBJECT_INFORMATION_CLASS)9, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    STATUS(NtQueryObject(NULL, ObjectNameInformation, &is, sizeof is, NULL), STATUS_INVALID_HANDLE);
    STATUS(NtSetInformationObject(NULL, ObjectBasicInformation, NULL, 0), STATUS_INVALID_INFO_CLASS);
    STATUS(NtSetInformationObject(NULL, ObjectHandleFlagInformation, NULL, 3), STATUS_INFO_LENGTH_MISMATCH);
    STATUS(NtSetInformationObject(NULL, ObjectHandleFlagInformation, NULL, 2), STATUS_ACCESS_VIOLATION);
    for (size_t i = 0; i < COUNT(bad); ++i) {
        STATUS(NtQueryObject(NULL, ObjectNameInformation, bad[i].pointer, sizeof is, NULL), bad[i].status);
        STATUS(NtQueryObject(named, ObjectNameInformation, &is, sizeof is, bad[i].pointer), bad[i].status);
    }
}

static void errors(void) {
    static const struct {
        NTSTATUS status;
        ULONG error;
    } table[] = {
        {STATUS_SUCCESS, 0},
        {STATUS_INVALID_HANDLE, 6},
        {STATUS_OBJECT_TYPE_MISMATCH, 6},
        {STATUS_ACCESS_DENIED, 5},
        {STATUS_OBJECT_NAME_NOT_FOUND, 2},
        {STATUS_OBJECT_PATH_NOT_FOUND, 3},
        {STATUS_INVALID_PARAMETER, 87},
        {STATUS_INVALID_PARAMETER_6, 87},
        {STATUS_UNSUCCESSFUL, 31},
        {STATUS_SUSPEND_COUNT_EXCEEDED, 156},
        {STATUS_OBJECT_NAME_COLLISION, 183},
        {STATUS_OBJECT_NAME_EXISTS, 183},
        {STATUS_MUTANT_NOT_OWNED, 288},
        {STATUS_SEMAPHORE_LIMIT_EXCEEDED, 298},
        {STATUS_MUTANT_LIMIT_EXCEEDED, 587},
        {STATUS_ABANDONED_WAIT_0, 735},
        {STATUS_ACCESS_VIOLATION, 998},
        {STATUS_TIMEOUT, 1460},
        {STATUS_PRIVILEGE_NOT_HELD, 1314},
        {STATUS_BUFFER_TOO_SMALL, 122},
        {STATUS_INFO_LENGTH_MISMATCH, 24},
    };
    for (size_t i = 0; i < COUNT(table); ++i) EQUAL(RtlNtStatusToDosError(table[i].status), table[i].error);
}

int main(void) {
    closing();
    duplication();
    queries();
    errors();
    return RESULT();
}
