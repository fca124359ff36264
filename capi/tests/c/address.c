/* Waits on addresses: WA1 to WA7; and strings and statuses. */
#include "ntwait/win32.h"
#include "check.h"

static volatile LONG64 word;

static void *wait_for_change(void *argument) {
    LONG64 zero = 0;
    while (word == 0) EQUAL(WaitOnAddress(&word, &zero, sizeof zero, INFINITE), TRUE);
    return argument;
}

static void wakes(void) {
    for (int native = 0; native < 2; native++) {
        pthread_t threads[3];
        word = 0;
        for (size_t thread = 0; thread < COUNT(threads); thread++) pthread_create(&threads[thread], NULL, wait_for_change, NULL);
        usleep(2000); /* perhaps they wait by then; it holds also if they do not */
        __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
        if (native) {
            RtlWakeAddressSingle((PVOID)&word);
            RtlWakeAddressAll((PVOID)&word);
        } else {
            WakeByAddressSingle((PVOID)&word);
            WakeByAddressAll((PVOID)&word);
        }
        for (size_t thread = 0; thread < COUNT(threads); thread++) pthread_join(threads[thread], NULL);
    }
}

static void answers(void) {
    struct bad_pages bad = bad_pages();
    static unsigned char value[16] = {1, 2, 3, 4, 5, 6, 7, 8}, same[16] = {1, 2, 3, 4, 5, 6, 7, 8}, other[16];
    struct {
        void *address, *compare;
        size_t size;
        NTSTATUS status;
    } rows[] = {
        {value, same, 1, STATUS_TIMEOUT}, /* WA3 */
        {value, same, 2, STATUS_TIMEOUT},
        {value, same, 4, STATUS_TIMEOUT},
        {value, same, 8, STATUS_TIMEOUT},
        {value + 1, same + 1, 4, STATUS_TIMEOUT},
        {value, other, 1, STATUS_SUCCESS}, /* WA2 */
        {value, other, 8, STATUS_SUCCESS},
        {value, same, 0, STATUS_INVALID_PARAMETER}, /* WA1 */
        {value, same, 3, STATUS_INVALID_PARAMETER},
        {value, same, 16, STATUS_INVALID_PARAMETER},
        {value, same, ~(size_t)0, STATUS_INVALID_PARAMETER},
        {NULL, NULL, 3, STATUS_INVALID_PARAMETER},
        {NULL, same, 4, STATUS_ACCESS_VIOLATION}, /* WA7 */
        {value, NULL, 4, STATUS_ACCESS_VIOLATION},
        {bad.none, same, 4, STATUS_ACCESS_VIOLATION},
        {value, bad.none - 2, 4, STATUS_ACCESS_VIOLATION},
        {bad.read_only, other, 4, STATUS_TIMEOUT},
        {(void *)0x8000000000000000ul, same, 8, STATUS_ACCESS_VIOLATION},
    };
    for (size_t row = 0; row < COUNT(rows); row++) {
        LARGE_INTEGER time = {.QuadPart = row % 2 ? -10000 : 0};
        int is_error = rows[row].status != STATUS_SUCCESS;
        EQUAL(RtlWaitOnAddress(rows[row].address, rows[row].compare, rows[row].size, &time), rows[row].status);
        SetLastError(7);
        EQUAL(WaitOnAddress(rows[row].address, rows[row].compare, rows[row].size, row % 2), !is_error);
        EQUAL(GetLastError(), is_error ? RtlNtStatusToDosError(rows[row].status) : 7);
    }
    EQUAL(RtlNtStatusToDosError(STATUS_TIMEOUT), ERROR_TIMEOUT);
    EQUAL(RtlWaitOnAddress(value, other, 4, NULL), STATUS_SUCCESS);
    EQUAL(RtlWaitOnAddress(value, other, 4, (PLARGE_INTEGER)bad.none), STATUS_ACCESS_VIOLATION); /* WA4, E19 */
    for (size_t row = 0; row < COUNT(rows); row++) { /* WA6, WA7: harmless */
        RtlWakeAddressSingle(rows[row].address);
        RtlWakeAddressAll(rows[row].address);
        WakeByAddressSingle(rows[row].address);
        WakeByAddressAll(rows[row].address);
    }
    EQUAL(WaitOnAddress(value, same, 8, 0), FALSE);
}

static void strings(void) {
    static WCHAR text[33000];
    struct bad_pages bad = bad_pages();
    static const struct {
        size_t units;
        USHORT length, maximum;
    } rows[] = {{0, 0, 2}, {1, 2, 4}, {32765, 65530, 65532}, {32766, 65532, 65534}, {32767, 65532, 65534}, {32999, 65532, 65534}};
    UNICODE_STRING string = {7, 7, NULL};
    for (size_t row = 0; row < COUNT(rows); row++) {
        for (size_t unit = 0; unit < COUNT(text); unit++) text[unit] = unit < rows[row].units ? u'x' : 0;
        RtlInitUnicodeString(&string, text);
        EQUAL(string.Length, rows[row].length);
        EQUAL(string.MaximumLength, rows[row].maximum);
        CHECK(string.Buffer == text);
    }
    RtlInitUnicodeString(&string, NULL);
    CHECK(string.Length == 0 && string.MaximumLength == 0 && string.Buffer == NULL);
    string.Length = 7;
    RtlInitUnicodeString(&string, (PCWSTR)bad.none);
    RtlInitUnicodeString(&string, (PCWSTR)8);
    EQUAL(string.Length, 7);
    RtlInitUnicodeString(NULL, text);
    RtlInitUnicodeString((PUNICODE_STRING)bad.read_only, text);
    RtlInitUnicodeString((PUNICODE_STRING)bad.none, NULL);
}

static void statuses(void) {
    static const struct {
        NTSTATUS status;
        ULONG error;
    } rows[] = {
        {STATUS_SUCCESS, 0},
        {STATUS_INVALID_HANDLE, ERROR_INVALID_HANDLE},
        {STATUS_OBJECT_TYPE_MISMATCH, ERROR_INVALID_HANDLE},
        {STATUS_ACCESS_VIOLATION, ERROR_NOACCESS},
        {STATUS_DATATYPE_MISALIGNMENT, ERROR_NOACCESS},
        {STATUS_OBJECT_NAME_COLLISION, ERROR_ALREADY_EXISTS},
        {(NTSTATUS)0xC000FFFF, 317},
        {(NTSTATUS)0xFFFFFFFF, 317},
    };
    for (size_t row = 0; row < COUNT(rows); row++) EQUAL(RtlNtStatusToDosError(rows[row].status), rows[row].error);
}

int main(void) {
    wakes();
    answers();
    strings();
    statuses();
    return RESULT();
}
