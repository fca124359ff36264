/* Threads by the native calls (TH1-TH35). */
#include "nt_check.h"

#define ATTRIBUTE_CLIENT_ID 0x10003
#define ATTRIBUTE_TEB_ADDRESS 0x10004

static NTSTATUS answer(PVOID number) { return (NTSTATUS)(ULONG_PTR)number; }

static NTSTATUS wait(PVOID event) { return NtWaitForSingleObject(event, FALSE, NULL); }

static NTSTATUS make(PHANDLE thread, PUSER_THREAD_START_ROUTINE routine, PVOID argument, ULONG flags, PPS_ATTRIBUTE_LIST list) {
    return NtCreateThreadEx(thread, THREAD_ALL_ACCESS, NULL, NtCurrentProcess(), routine, argument, flags, 0, 0, 0, list);
}

static NTSTATUS exit_status_of(HANDLE thread) {
    THREAD_BASIC_INFORMATION is = {.ExitStatus = 77};
    STATUS(NtQueryInformationThread(thread, ThreadBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    return is.ExitStatus;
}

static void end(HANDLE thread, NTSTATUS status) {
    STATUS(NtWaitForSingleObject(thread, FALSE, NULL), STATUS_WAIT_0);
    STATUS(exit_status_of(thread), status);
    STATUS(NtClose(thread), STATUS_SUCCESS);
}

/* TH1, TH29, and the sizes of stacks. */
static void creations(void) {
    static const struct {
        ULONG flags;
        SIZE_T zero_bits, size, maximum;
        NTSTATUS status;
    } table[] = {
        {0, 0, 0, 0, STATUS_SUCCESS},
        {THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH, 0, 0, 0, STATUS_SUCCESS},
        {THREAD_CREATE_FLAGS_HIDE_FROM_DEBUGGER, 0, 0, 0, STATUS_SUCCESS},
        {0, 16, 0x10000, 0x200000, STATUS_SUCCESS},
        {0, 0, 0x200000, 0x10000, STATUS_SUCCESS},
        {0, 0, 1, 1, STATUS_SUCCESS},
        {0, 0, SIZE_MAX, 0, STATUS_NO_MEMORY},
        {0, 0, 0, SIZE_MAX - 4096, STATUS_NO_MEMORY},
        {0, 0, (SIZE_T)1 << 62, 0, STATUS_NO_MEMORY},
        {0x80000000, 0, 0, 0, STATUS_INVALID_PARAMETER},
        {0x10, 0, 0, 0, STATUS_INVALID_PARAMETER},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        HANDLE thread = (HANDLE)77;
        STATUS(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, NtCurrentProcess(), answer, (PVOID)(i + 1),
                                table[i].flags, table[i].zero_bits, table[i].size, table[i].maximum, NULL),
               table[i].status);
        if (table[i].status == STATUS_SUCCESS) end(thread, (NTSTATUS)i + 1);
        else CHECK(thread == NULL);
    }
    HANDLE thread = (HANDLE)77, event;
    STATUS(make(&thread, NULL, NULL, 0, NULL), STATUS_INVALID_PARAMETER);
    CHECK(thread == NULL);
    STATUS(NtCreateEvent(&event, EVENT_ALL_ACCESS, NULL, NotificationEvent, 0), STATUS_SUCCESS);
    STATUS(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, NULL, answer, NULL, 0, 0, 0, 0, NULL), STATUS_INVALID_HANDLE);
    STATUS(NtCreateThreadEx(&thread, THREAD_ALL_ACCESS, NULL, event, answer, NULL, 0, 0, 0, 0, NULL), STATUS_OBJECT_TYPE_MISMATCH);
    STATUS(make(NULL, answer, NULL, 0, NULL), STATUS_ACCESS_VIOLATION);
}

/* What a creation tells beside the handle, also if that may do nothing. */
static void attributes_of_creations(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    CLIENT_ID client = {NULL, NULL};
    PVOID teb = &client;
    SIZE_T lengths[2] = {77, 77};
    HANDLE thread, opened;
    struct {
        SIZE_T length;
        PS_ATTRIBUTE attributes[2];
    } list = {sizeof list,
              {{ATTRIBUTE_CLIENT_ID, sizeof client, {.ValuePtr = &client}, &lengths[0]},
               {ATTRIBUTE_TEB_ADDRESS, sizeof teb, {.ValuePtr = &teb}, &lengths[1]}}};
    PPS_ATTRIBUTE_LIST given = (PPS_ATTRIBUTE_LIST)&list;
    STATUS(NtCreateThreadEx(&thread, SYNCHRONIZE, NULL, NtCurrentProcess(), answer, NULL, 1, 0, 0, 0, given), STATUS_SUCCESS);
    EQUAL(client.UniqueProcess, 4 * (ULONG_PTR)getpid());
    CHECK(client.UniqueThread != NULL && (ULONG_PTR)client.UniqueThread % 4 == 0);
    CHECK(teb == NULL);
    EQUAL(lengths[0], sizeof client);
    EQUAL(lengths[1], sizeof teb);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    STATUS(NtOpenThread(&opened, THREAD_ALL_ACCESS, &attributes, &client), STATUS_SUCCESS);
    STATUS(NtCompareObjects(thread, opened), STATUS_SUCCESS);
    STATUS(NtResumeThread(opened, NULL), STATUS_SUCCESS);
    end(opened, 0);

    list.length = 8 + 32;
    for (size_t i = 0; i < COUNT(bad); ++i) {
        list.attributes[0].u.ValuePtr = bad[i].pointer;
        STATUS(make(&thread, answer, NULL, 0, given), bad[i].status);
        CHECK(thread == NULL);
        list.attributes[0].u.ValuePtr = &client;
        list.attributes[0].ReturnLength = bad[i].pointer;
        STATUS(make(&thread, answer, NULL, 0, given), bad[i].status);
        list.attributes[0].ReturnLength = NULL;
        if (i > 0) STATUS(make(&thread, answer, NULL, 0, bad[i].pointer), bad[i].status);
    }
    list.attributes[0].u.ValuePtr = NULL;
    STATUS(make(&thread, answer, NULL, 0, given), STATUS_ACCESS_VIOLATION);
    list.attributes[0].u.ValuePtr = &client;
    static const struct {
        SIZE_T length;
        ULONG_PTR number;
        SIZE_T size;
        NTSTATUS status;
    } table[] = {
        {8 + 32, ATTRIBUTE_CLIENT_ID, 16, STATUS_SUCCESS},
        {8, 1, 1, STATUS_SUCCESS},
        {0, ATTRIBUTE_CLIENT_ID, 16, STATUS_INVALID_PARAMETER},
        {7, ATTRIBUTE_CLIENT_ID, 16, STATUS_INVALID_PARAMETER},
        {8 + 31, ATTRIBUTE_CLIENT_ID, 16, STATUS_INVALID_PARAMETER},
        {8 + 3 * 32, ATTRIBUTE_CLIENT_ID, 16, STATUS_INVALID_PARAMETER},
        {SIZE_MAX - 23, ATTRIBUTE_CLIENT_ID, 16, STATUS_INVALID_PARAMETER},
        {8 + 32, ATTRIBUTE_CLIENT_ID, 15, STATUS_INVALID_PARAMETER},
        {8 + 32, 0x20005, 16, STATUS_INVALID_PARAMETER},
        {8 + 32, 0, 16, STATUS_INVALID_PARAMETER},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        list.length = table[i].length;
        list.attributes[0].Attribute = table[i].number;
        list.attributes[0].Size = table[i].size;
        STATUS(make(&thread, answer, NULL, 0, given), table[i].status);
        if (table[i].status == STATUS_SUCCESS) end(thread, 0);
        else CHECK(thread == NULL);
    }
    list.length = sizeof list;
    list.attributes[0] = (PS_ATTRIBUTE){ATTRIBUTE_CLIENT_ID, sizeof client, {.ValuePtr = &client}, NULL};
    list.attributes[1] = list.attributes[0];
    STATUS(make(&thread, answer, NULL, 0, given), STATUS_INVALID_PARAMETER);
}

/* TH25, N10. */
static void openings(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    THREAD_BASIC_INFORMATION me;
    OBJECT_ATTRIBUTES attributes;
    UNICODE_STRING name = {2, 2, (PWSTR)u"x"};
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    STATUS(NtQueryInformationThread(NtCurrentThread(), ThreadBasicInformation, &me, sizeof me, NULL), STATUS_SUCCESS);
    HANDLE process = me.ClientId.UniqueProcess, id = me.ClientId.UniqueThread, thread;
    struct {
        CLIENT_ID client;
        ACCESS_MASK access;
        NTSTATUS status;
    } table[] = {
        {{process, id}, THREAD_ALL_ACCESS, STATUS_SUCCESS},
        {{NULL, id}, SYNCHRONIZE, STATUS_SUCCESS},
        {{process, id}, 0, STATUS_ACCESS_DENIED},
        {{process, NULL}, THREAD_ALL_ACCESS, STATUS_INVALID_CID},
        {{process, (HANDLE)0x7FFFFFF0}, THREAD_ALL_ACCESS, STATUS_INVALID_CID},
        {{process, (HANDLE)((ULONG_PTR)id | 0x100000000)}, THREAD_ALL_ACCESS, STATUS_INVALID_CID},
        {{(HANDLE)((ULONG_PTR)process + 4), id}, THREAD_ALL_ACCESS, STATUS_INVALID_CID},
        {{(HANDLE)((ULONG_PTR)process | 0x100000000), id}, THREAD_ALL_ACCESS, STATUS_INVALID_CID},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        thread = (HANDLE)77;
        STATUS(NtOpenThread(&thread, table[i].access, &attributes, &table[i].client), table[i].status);
        CHECK((thread != NULL) == (table[i].status == STATUS_SUCCESS));
    }
    STATUS(NtOpenThread(&thread, THREAD_ALL_ACCESS, NULL, &me.ClientId), STATUS_INVALID_PARAMETER);
    STATUS(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, NULL), STATUS_INVALID_PARAMETER_MIX);
    attributes.ObjectName = &name;
    STATUS(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, &me.ClientId), STATUS_INVALID_PARAMETER_MIX);
    attributes.ObjectName = NULL;
    for (size_t i = 0; i < COUNT(bad); ++i) {
        STATUS(NtOpenThread(bad[i].pointer, THREAD_ALL_ACCESS, &attributes, &me.ClientId), bad[i].status);
        if (i > 0) STATUS(NtOpenThread(&thread, THREAD_ALL_ACCESS, &attributes, bad[i].pointer), bad[i].status);
        if (i > 0) STATUS(NtOpenThread(&thread, THREAD_ALL_ACCESS, bad[i].pointer, &me.ClientId), bad[i].status);
    }
}

/* TH9-TH16, TH21. */
static void suspensions(void) {
    struct bad_pointer bad[BAD_POINTERS];
    bad_pointers(bad);
    HANDLE thread, blind;
    ULONG count = 77;
    LARGE_INTEGER poll = {.QuadPart = 0};
    STATUS(make(&thread, answer, (PVOID)5, THREAD_CREATE_FLAGS_CREATE_SUSPENDED, NULL), STATUS_SUCCESS);
    STATUS(NtDuplicateObject(NtCurrentProcess(), thread, NtCurrentProcess(), &blind, SYNCHRONIZE, 0, 0), STATUS_SUCCESS);
    for (size_t i = 0; i < COUNT(bad); ++i) {
        STATUS(NtSuspendThread(thread, bad[i].pointer), bad[i].status);
        STATUS(NtResumeThread(thread, bad[i].pointer), bad[i].status);
    }
    struct {
        NTSTATUS (*call)(HANDLE, PULONG);
        HANDLE thread;
        PULONG place;
        NTSTATUS status;
        ULONG count;
    } table[] = {
        {NtSuspendThread, thread, &count, STATUS_SUCCESS, 1},
        {NtSuspendThread, thread, NULL, STATUS_SUCCESS, 1},
        {NtResumeThread, thread, &count, STATUS_SUCCESS, 3},
        {NtResumeThread, thread, NULL, STATUS_SUCCESS, 3},
        {NtSuspendThread, blind, &count, STATUS_ACCESS_DENIED, 3},
        {NtResumeThread, blind, &count, STATUS_ACCESS_DENIED, 3},
        {NtSuspendThread, NULL, &count, STATUS_INVALID_HANDLE, 3},
        {NtResumeThread, NtCurrentProcess(), &count, STATUS_OBJECT_TYPE_MISMATCH, 3},
    };
    for (size_t i = 0; i < COUNT(table); ++i) {
        STATUS(table[i].call(table[i].thread, table[i].place), table[i].status);
        EQUAL(count, table[i].count);
    }
    STATUS(NtWaitForSingleObject(thread, FALSE, &poll), STATUS_TIMEOUT);
    for (ULONG i = 1; i < MAXIMUM_SUSPEND_COUNT; ++i) STATUS(NtSuspendThread(thread, NULL), STATUS_SUCCESS);
    STATUS(NtSuspendThread(thread, &count), STATUS_SUSPEND_COUNT_EXCEEDED);
    for (ULONG i = MAXIMUM_SUSPEND_COUNT; i > 0; --i) {
        STATUS(NtResumeThread(thread, &count), STATUS_SUCCESS);
        EQUAL(count, i);
    }
    STATUS(NtWaitForSingleObject(thread, FALSE, NULL), STATUS_WAIT_0);
    STATUS(NtSuspendThread(thread, &count), STATUS_THREAD_IS_TERMINATING);
    STATUS(NtResumeThread(thread, &count), STATUS_SUCCESS);
    EQUAL(count, 0);
    end(thread, 5);
}

static NTSTATUS end_oneself(PVOID how) {
    if (how == (PVOID)2) RtlExitUserThread(123);
    STATUS(NtTerminateThread(how ? NULL : NtCurrentThread(), 123), STATUS_SUCCESS);
    CHECK(!"the thread goes on");
    return 7;
}

/* TH2-TH4, TH20. */
static void terminations(void) {
    HANDLE thread, blind, never;
    STATUS(NtCreateEvent(&never, EVENT_ALL_ACCESS, NULL, NotificationEvent, 0), STATUS_SUCCESS);
    for (ULONG flags = 0; flags < 2; ++flags) {
        STATUS(make(&thread, wait, never, flags, NULL), STATUS_SUCCESS);
        STATUS(exit_status_of(thread), STATUS_PENDING);
        STATUS(NtDuplicateObject(NtCurrentProcess(), thread, NtCurrentProcess(), &blind, SYNCHRONIZE, 0, 0), STATUS_SUCCESS);
        STATUS(NtTerminateThread(blind, 99), STATUS_ACCESS_DENIED);
        STATUS(NtTerminateThread(thread, 99), STATUS_SUCCESS);
        STATUS(NtWaitForSingleObject(thread, FALSE, NULL), STATUS_WAIT_0);
        STATUS(NtTerminateThread(thread, 98), STATUS_SUCCESS);
        end(thread, 99);
    }
    for (ULONG_PTR how = 0; how < 3; ++how) {
        STATUS(make(&thread, end_oneself, (PVOID)how, 0, NULL), STATUS_SUCCESS);
        end(thread, 123);
    }
    STATUS(NtTerminateThread((HANDLE)0x1234, 0), STATUS_INVALID_HANDLE);
    STATUS(NtTerminateThread(never, 0), STATUS_OBJECT_TYPE_MISMATCH);
}

/* TH4. What has ended for everybody may on a busy machine not have ended for the kernel yet, and counts until then. */
static void the_last_thread(void) {
    NTSTATUS status = STATUS_NOT_SUPPORTED;
    for (int tries = 0; tries < 1000 && status == STATUS_NOT_SUPPORTED; ++tries) status = NtTerminateThread(NULL, 0);
    STATUS(status, STATUS_CANT_TERMINATE_SELF);
}

int main(void) {
    creations();
    attributes_of_creations();
    openings();
    suspensions();
    terminations();
    the_last_thread();
    return RESULT();
}
