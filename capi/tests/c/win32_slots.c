/* TLS and FLS (F1-F25), clocks. */
#include "win32_check.h"

static DWORD WINAPI read_tls(LPVOID index) { return TlsGetValue((DWORD)(ULONG_PTR)index) != NULL; }

/* F1-F8, TH23. */
static void tls(void) {
    static DWORD all[TLS_MINIMUM_AVAILABLE + 1024];
    static const DWORD beyond[] = {1088, 1089, 0x7FFFFFFF, TLS_OUT_OF_INDEXES};
    DWORD index, count = 0;
    LEAVES((index = TlsAlloc()) != TLS_OUT_OF_INDEXES && index != 0, 1);
    LAST(TlsGetValue(index), NULL, ERROR_SUCCESS); /* F7 */
    LEAVES(TlsSetValue(index, &index), TRUE); /* F8 */
    LAST(TlsGetValue(index), (ULONG_PTR)&index, ERROR_SUCCESS);
    HANDLE thread = CreateThread(NULL, 0, read_tls, (LPVOID)(ULONG_PTR)index, 0, NULL);
    DWORD code = MARK;
    EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(GetExitCodeThread(thread, &code), TRUE);
    EQUAL(code, 0);
    CloseHandle(thread);
    LEAVES(TlsFree(index), TRUE);
    REFUSED(TlsFree(index), ERROR_INVALID_PARAMETER); /* F5 */
    REFUSED(TlsFree(0), ERROR_INVALID_PARAMETER); /* F2 */
    LAST(TlsGetValue(0), NULL, ERROR_SUCCESS);
    EQUAL(TlsAlloc(), index); /* F4 */
    LAST(TlsGetValue(index), NULL, ERROR_SUCCESS); /* F6 */
    EQUAL(TlsFree(index), TRUE);
    for (size_t i = 0; i < COUNT(beyond); ++i) {
        LAST(TlsGetValue(beyond[i]), NULL, ERROR_INVALID_PARAMETER);
        REFUSED(TlsSetValue(beyond[i], NULL), ERROR_INVALID_PARAMETER);
        REFUSED(TlsFree(beyond[i]), ERROR_INVALID_PARAMETER);
    }
    LEAVES(TlsSetValue(1087, &index), TRUE); /* F8: allocated or not */
    while (count < COUNT(all) && (all[count] = TlsAlloc()) != TLS_OUT_OF_INDEXES) ++count;
    LAST(TlsAlloc(), TLS_OUT_OF_INDEXES, ERROR_NO_MORE_ITEMS); /* F3 */
    CHECK(count >= 1024 && count < 1088);
    LAST(TlsGetValue(1087), NULL, ERROR_SUCCESS);
    while (count > 0) LEAVES(TlsFree(all[--count]), TRUE);
}

static DWORD slot;
static int calls;
static ULONG_PTR sum;

static VOID WINAPI add_up(PVOID value) {
    ++calls;
    sum += (ULONG_PTR)value;
    if ((ULONG_PTR)value != 100) EQUAL(FlsGetValue(slot), NULL); /* F18: the calling thread's own */
    SetLastError(77);
}

static DWORD WINAPI set_fls(LPVOID value) {
    EQUAL(FlsSetValue(slot, value), TRUE);
    return 0;
}

static DWORD wait_with_value(void *go) {
    EQUAL(FlsSetValue(slot, (PVOID)100), TRUE);
    return WaitForSingleObject(go, INFINITE);
}

/* F10-F19, F25. */
static void fls(void) {
    static DWORD all[FLS_MAXIMUM_AVAILABLE];
    static const DWORD bad[] = {0, FLS_MAXIMUM_AVAILABLE, FLS_MAXIMUM_AVAILABLE + 1, FLS_OUT_OF_INDEXES};
    DWORD count = 0;
    for (size_t i = 0; i < COUNT(bad); ++i) {
        LAST(FlsGetValue(bad[i]), NULL, ERROR_INVALID_PARAMETER);
        REFUSED(FlsSetValue(bad[i], &count), ERROR_INVALID_PARAMETER);
        REFUSED(FlsFree(bad[i]), ERROR_INVALID_PARAMETER);
    }
    LEAVES((slot = FlsAlloc(add_up)) != FLS_OUT_OF_INDEXES && slot != 0, 1);
    LAST(FlsGetValue(slot), NULL, ERROR_INVALID_PARAMETER); /* F15: nothing was set near it */
    LEAVES(FlsSetValue(slot, NULL), TRUE); /* F16 */
    LAST(FlsGetValue(slot), NULL, ERROR_SUCCESS);
    LEAVES(FlsSetValue(slot, (PVOID)1), TRUE);
    LAST(FlsGetValue(slot), 1, ERROR_SUCCESS);

    HANDLE thread = CreateThread(NULL, 0, set_fls, (LPVOID)10, 0, NULL);
    EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(calls, 1); /* F19 */
    EQUAL(sum, 10);
    CloseHandle(thread);
    HANDLE go = CreateEventW(NULL, TRUE, FALSE, NULL);
    struct worker killed = {.work = wait_with_value, .argument = go}, waits = killed;
    worker_block(&killed);
    worker_block(&waits);
    EQUAL(TerminateThread(killed.thread, 5), TRUE);
    EQUAL(worker_join(&killed), 5);
    EQUAL(calls, 1); /* F25 */
    EQUAL(FlsFree(slot), TRUE); /* F17: ours and that of the thread that waits */
    EQUAL(calls, 3);
    EQUAL(sum, 111);
    EQUAL(SetEvent(go), TRUE);
    EQUAL(worker_join(&waits), WAIT_OBJECT_0);
    EQUAL(calls, 3);
    CloseHandle(go);
    REFUSED(FlsFree(slot), ERROR_INVALID_PARAMETER); /* F13 */
    LEAVES((slot = FlsAlloc(NULL)) != FLS_OUT_OF_INDEXES, 1);
    EQUAL(FlsSetValue(slot, (PVOID)1), TRUE);
    LEAVES(FlsFree(slot), TRUE); /* nothing to call */
    while (count < COUNT(all) && (all[count] = FlsAlloc(NULL)) != FLS_OUT_OF_INDEXES) ++count;
    LAST(FlsAlloc(NULL), FLS_OUT_OF_INDEXES, ERROR_NOT_ENOUGH_MEMORY); /* F12 */
    EQUAL(count, FLS_MAXIMUM_AVAILABLE - 1); /* F10, F11 */
    while (count > 0) LEAVES(FlsFree(all[--count]), TRUE);
}

static void clocks(void) {
    struct bad_pages bad = bad_pages();
    LARGE_INTEGER first, second, frequency[2];
    FILETIME earlier, later;
    LEAVES(QueryPerformanceFrequency(frequency), TRUE);
    EQUAL(frequency[0].QuadPart, 10000000);
    void *places[] = {NULL, bad.read_only, bad.none, (char *)frequency + 4};
    for (size_t i = 0; i < COUNT(places); ++i) {
        REFUSED(QueryPerformanceCounter(places[i]), ERROR_NOACCESS);
        REFUSED(QueryPerformanceFrequency(places[i]), ERROR_NOACCESS);
    }
    SetLastError(MARK);
    GetSystemTimeAsFileTime(NULL);
    GetSystemTimeAsFileTime((FILETIME *)bad.read_only);
    GetSystemTimeAsFileTime((FILETIME *)((char *)&earlier + 1));
    GetSystemTimeAsFileTime(&earlier);
    EQUAL(GetLastError(), MARK);
    ULONGLONG ticks = GetTickCount64();
    LEAVES(QueryPerformanceCounter(&first), TRUE);
    Sleep(20);
    LEAVES(QueryPerformanceCounter(&second), TRUE);
    GetSystemTimeAsFileTime(&later);
    CHECK(second.QuadPart - first.QuadPart >= 20 * 10000);
    CHECK(GetTickCount64() - ticks >= 19);
    CHECK((DWORD)(GetTickCount() - (DWORD)ticks) >= 19);
    CHECK(later.dwHighDateTime == earlier.dwHighDateTime ? later.dwLowDateTime > earlier.dwLowDateTime : later.dwHighDateTime > earlier.dwHighDateTime);
    /* Between the years 2020 and 2200. */
    CHECK(later.dwHighDateTime > 0x01D5C000 && later.dwHighDateTime < 0x02A00000);
}

int main(void) {
    tls();
    fls();
    clocks();
    return RESULT();
}
