/* What is known of a thread, and can be changed, by the native calls (TI1-TI26). */
#include "nt_check.h"

#define GROUP_INFORMATION 30

static HANDLE me;

static const struct {
    int class;
    ULONG length;
    size_t alignment;
} queries[] = {
    {ThreadBasicInformation, 48, 8},
    {ThreadTimes, 32, 8},
    {ThreadQuerySetWin32StartAddress, 8, 8},
    {ThreadAmILastThread, 4, 4},
    {ThreadPriorityBoost, 4, 4},
    {ThreadIsIoPending, 4, 4},
    {ThreadHideFromDebugger, 1, 1},
    {ThreadIsTerminated, 4, 4},
    {GROUP_INFORMATION, 16, 8},
    {ThreadSuspendCount, 4, 4},
};

/* TI2, TI18, TI26: the class, the length, the alignment, the address, the handle. */
static void order_of_checks_of_queries(void) {
    struct bad_pages bad = bad_pages();
    union {
        ULONGLONG aligned;
        char bytes[128];
    } room;
    for (size_t i = 0; i < COUNT(queries); ++i) {
        THREADINFOCLASS class = (THREADINFOCLASS)queries[i].class;
        ULONG length = queries[i].length, returned = 77;
        for (size_t other = 0; other < sizeof room; ++other) {
            if (other == length) continue;
            STATUS(NtQueryInformationThread(NULL, class, NULL, (ULONG)other, NULL), STATUS_INFO_LENGTH_MISMATCH);
            STATUS(NtQueryInformationThread(me, class, &room, (ULONG)other, &returned), STATUS_INFO_LENGTH_MISMATCH);
        }
        STATUS(NtQueryInformationThread(NULL, class, &room, UINT32_MAX, NULL), STATUS_INFO_LENGTH_MISMATCH);
        EQUAL(returned, 77);
        for (size_t shift = 1; shift < queries[i].alignment; ++shift)
            STATUS(NtQueryInformationThread(NULL, class, (PVOID)shift, length, NULL), STATUS_DATATYPE_MISALIGNMENT);
        STATUS(NtQueryInformationThread(NULL, class, NULL, length, NULL), STATUS_ACCESS_VIOLATION);
        STATUS(NtQueryInformationThread(NULL, class, bad.read_only, length, NULL), STATUS_ACCESS_VIOLATION);
        STATUS(NtQueryInformationThread(NULL, class, &room, length, (PULONG)bad.none), STATUS_ACCESS_VIOLATION);
        STATUS(NtQueryInformationThread(NULL, class, &room, length, (PULONG)1), STATUS_DATATYPE_MISALIGNMENT);
        STATUS(NtQueryInformationThread(NULL, class, &room, length, NULL), STATUS_INVALID_HANDLE);
        STATUS(NtQueryInformationThread(NtCurrentProcess(), class, &room, length, NULL), STATUS_OBJECT_TYPE_MISMATCH);
        STATUS(NtQueryInformationThread(me, class, &room, length, &returned), STATUS_SUCCESS);
        EQUAL(returned, length);
    }
    STATUS(NtQueryInformationThread(NULL, (THREADINFOCLASS)1000, (PVOID)1, 3, (PULONG)1), STATUS_INVALID_INFO_CLASS);
}

/* TI3. */
static void order_of_checks_of_settings(void) {
    static const struct {
        int class;
        ULONG length;
        size_t alignment;
    } table[] = {
        {ThreadPriority, 4, 4},      {ThreadBasePriority, 4, 4}, {ThreadAffinityMask, 8, 8},
        {ThreadZeroTlsCell, 4, 4},   {ThreadPriorityBoost, 4, 4}, {GROUP_INFORMATION, 16, 8},
        {ThreadNameInformation, 16, 8},
    };
    struct bad_pages bad = bad_pages();
    for (size_t i = 0; i < COUNT(table); ++i) {
        THREADINFOCLASS class = (THREADINFOCLASS)table[i].class;
        ULONG length = table[i].length;
        for (ULONG other = 0; other < 64; ++other)
            if (other != length) STATUS(NtSetInformationThread(NULL, class, (PVOID)1, other), STATUS_INFO_LENGTH_MISMATCH);
        for (size_t shift = 1; shift < table[i].alignment; ++shift)
            STATUS(NtSetInformationThread(NULL, class, (PVOID)shift, length), STATUS_DATATYPE_MISALIGNMENT);
        STATUS(NtSetInformationThread(NULL, class, NULL, length), STATUS_ACCESS_VIOLATION);
        STATUS(NtSetInformationThread(NULL, class, bad.none, length), STATUS_ACCESS_VIOLATION);
        STATUS(NtSetInformationThread(NULL, class, bad.read_only, length), STATUS_INVALID_HANDLE);
    }
    STATUS(NtSetInformationThread(NULL, ThreadHideFromDebugger, NULL, 1), STATUS_INFO_LENGTH_MISMATCH);
    STATUS(NtSetInformationThread(NULL, ThreadHideFromDebugger, NULL, 0), STATUS_INVALID_HANDLE);
    STATUS(NtSetInformationThread(NULL, (THREADINFOCLASS)1000, (PVOID)1, 3), STATUS_INVALID_INFO_CLASS);
}

static ULONG number(THREADINFOCLASS class) {
    ULONG is = 77;
    STATUS(NtQueryInformationThread(me, class, &is, sizeof is, NULL), STATUS_SUCCESS);
    return is;
}

/* TI4-TI7, TI12, TI16, TI24. */
static void values(void) {
    THREAD_BASIC_INFORMATION is;
    KERNEL_USER_TIMES times;
    STATUS(NtQueryInformationThread(me, ThreadTimes, &times, sizeof times, NULL), STATUS_SUCCESS);
    CHECK(times.CreateTime.QuadPart > 132000000000000000); /* after 2019 */
    EQUAL(times.ExitTime.QuadPart, 0);
    EQUAL(number(ThreadSuspendCount), 0);
    EQUAL(number(ThreadIsTerminated), 0);
    EQUAL(number(ThreadIsIoPending), 0);

    static const struct {
        int class;
        LONG value;
        NTSTATUS status;
    } priorities[] = {
        {ThreadBasePriority, 3, STATUS_INVALID_PARAMETER},
        {ThreadBasePriority, -1, STATUS_SUCCESS},
        {ThreadPriority, 16, STATUS_PRIVILEGE_NOT_HELD},
        {ThreadPriority, 0, STATUS_INVALID_PARAMETER},
        {ThreadPriorityBoost, 1, STATUS_SUCCESS},
    };
    for (size_t i = 0; i < COUNT(priorities); ++i)
        STATUS(NtSetInformationThread(me, (THREADINFOCLASS)priorities[i].class, (PVOID)&priorities[i].value, 4), priorities[i].status);
    STATUS(NtQueryInformationThread(me, ThreadBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    EQUAL(is.BasePriority, -1);
    STATUS(is.ExitStatus, STATUS_PENDING);
    EQUAL(number(ThreadPriorityBoost), 1);

    KAFFINITY none = 0, all = ~(KAFFINITY)0, mask = is.AffinityMask & (~is.AffinityMask + 1);
    STATUS(NtSetInformationThread(me, ThreadAffinityMask, &none, sizeof none), STATUS_INVALID_PARAMETER);
    STATUS(NtSetInformationThread(me, ThreadAffinityMask, &mask, sizeof mask), STATUS_SUCCESS);
    STATUS(NtQueryInformationThread(me, ThreadBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    EQUAL(is.AffinityMask, mask);
    STATUS(NtSetInformationThread(me, ThreadAffinityMask, &all, sizeof all), STATUS_SUCCESS);

    BOOLEAN hidden = 77;
    STATUS(NtQueryInformationThread(me, ThreadHideFromDebugger, &hidden, 1, NULL), STATUS_SUCCESS);
    EQUAL(hidden, 0);
    STATUS(NtSetInformationThread(me, ThreadHideFromDebugger, NULL, 0), STATUS_SUCCESS);
    STATUS(NtQueryInformationThread(me, ThreadHideFromDebugger, &hidden, 1, NULL), STATUS_SUCCESS);
    EQUAL(hidden, 1);
}

static NTSTATUS name(UNICODE_STRING *text) { return NtSetInformationThread(me, ThreadNameInformation, text, sizeof *text); }

/* TI19-TI23. */
static void names(void) {
    union {
        THREAD_NAME_INFORMATION name;
        char bytes[128];
    } is;
    struct bad_pages bad = bad_pages();
    ULONG needed = 0;
    UNICODE_STRING text = {sizeof u"na\xEFve" - 2, sizeof u"na\xEFve", (PWSTR)u"na\xEFve"}, empty = {0, 0, NULL};
    STATUS(name(&empty), STATUS_SUCCESS);
    STATUS(NtQueryInformationThread(me, ThreadNameInformation, &is, sizeof is, &needed), STATUS_SUCCESS);
    EQUAL(is.name.ThreadName.Length, 0);
    EQUAL(needed, sizeof is.name);
    STATUS(name(&text), STATUS_SUCCESS);
    struct {
        PVOID buffer;
        ULONG length;
    } small[] = {{NULL, 0}, {NULL, sizeof is}, {&is, 0}, {&is, sizeof is.name}, {&is, sizeof is.name + text.Length - 1}};
    for (size_t i = 0; i < COUNT(small); ++i) {
        needed = 0;
        STATUS(NtQueryInformationThread(me, ThreadNameInformation, small[i].buffer, small[i].length, &needed), STATUS_BUFFER_TOO_SMALL);
        EQUAL(needed, sizeof is.name + text.Length);
    }
    STATUS(NtQueryInformationThread(me, ThreadNameInformation, &is, needed, &needed), STATUS_SUCCESS);
    EQUAL(is.name.ThreadName.Length, text.Length);
    EQUAL(is.name.ThreadName.MaximumLength, text.Length);
    CHECK((char *)is.name.ThreadName.Buffer == is.bytes + sizeof is.name);
    CHECK(memcmp(is.name.ThreadName.Buffer, text.Buffer, text.Length) == 0);
    STATUS(NtQueryInformationThread(me, ThreadNameInformation, bad.none, sizeof is, &needed), STATUS_ACCESS_VIOLATION);
    STATUS(NtQueryInformationThread(me, ThreadNameInformation, (PVOID)4, sizeof is, &needed), STATUS_DATATYPE_MISALIGNMENT);
    STATUS(NtQueryInformationThread(NULL, ThreadNameInformation, &is, sizeof is, &needed), STATUS_INVALID_HANDLE);
    UNICODE_STRING wrong[] = {{4, 4, NULL}, {4, 4, (PWSTR)bad.none}, {4, 4, (PWSTR)(bad.read_only + 1)}, {3, 4, text.Buffer}};
    static const NTSTATUS statuses[] = {STATUS_ACCESS_VIOLATION, STATUS_ACCESS_VIOLATION, STATUS_DATATYPE_MISALIGNMENT,
                                        STATUS_INVALID_PARAMETER};
    for (size_t i = 0; i < COUNT(wrong); ++i) STATUS(name(&wrong[i]), statuses[i]);
    STATUS(NtQueryInformationThread(me, ThreadNameInformation, &is, sizeof is, &needed), STATUS_SUCCESS);
    EQUAL(is.name.ThreadName.Length, text.Length);
}

int main(void) {
    STATUS(NtDuplicateObject(NtCurrentProcess(), NtCurrentThread(), NtCurrentProcess(), &me, 0, 0, DUPLICATE_SAME_ACCESS), STATUS_SUCCESS);
    order_of_checks_of_queries();
    order_of_checks_of_settings();
    values();
    names();
    return RESULT();
}
