/* Handles of any type and the last error (H1-H29, C6). */
#include "win32_check.h"

static DWORD WINAPI look_at_last_error(void *seen) {
    *(DWORD *)seen = GetLastError();
    SetLastError(5);
    return 0;
}

/* Each thread has its own, 0 at first. */
static void last_errors_are_the_threads_own(void) {
    DWORD seen = MARK;
    SetLastError(77);
    HANDLE thread = CreateThread(NULL, 0, look_at_last_error, &seen, 0, NULL);
    EQUAL(GetLastError(), 77); /* TH22 */
    EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(seen, 0);
    EQUAL(GetLastError(), 77);
    EQUAL(CloseHandle(thread), TRUE);
    SetLastError(0xFFFFFFFF);
    EQUAL(GetLastError(), 0xFFFFFFFF);
}

/* H2, H4, H5. */
static void what_is_no_handle(void) {
    HANDLE closed = CreateEventW(NULL, FALSE, FALSE, NULL);
    LEAVES(CloseHandle(closed), TRUE);
    HANDLE table[] = {NULL, GARBAGE, closed, (HANDLE)(ULONG_PTR)~0x7FFFull, (HANDLE)(ULONG_PTR)0x100000004ull};
    for (size_t i = 0; i < COUNT(table); ++i) {
        DWORD flags = 0;
        HANDLE copy = GARBAGE;
        REFUSED(CloseHandle(table[i]), ERROR_INVALID_HANDLE);
        REFUSED(GetHandleInformation(table[i], &flags), ERROR_INVALID_HANDLE);
        REFUSED(SetHandleInformation(table[i], HANDLE_FLAG_INHERIT, 0), ERROR_INVALID_HANDLE);
        REFUSED(CompareObjectHandles(table[i], GetCurrentThread()), ERROR_INVALID_HANDLE);
        REFUSED(DuplicateHandle(GetCurrentProcess(), table[i], GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS), ERROR_INVALID_HANDLE);
        CHECK(copy == NULL); /* H15 */
        REFUSED(SetEvent(table[i]), ERROR_INVALID_HANDLE);
        REFUSED(ReleaseMutex(table[i]), ERROR_INVALID_HANDLE); /* M32 */
        REFUSED(ReleaseSemaphore(table[i], 1, NULL), ERROR_INVALID_HANDLE);
        REFUSED(CancelWaitableTimer(table[i]), ERROR_INVALID_HANDLE);
        WAIT_REFUSED(WaitForSingleObject(table[i], 0), ERROR_INVALID_HANDLE); /* W32 */
    }
    CHECK(GetCurrentProcess() == INVALID_HANDLE_VALUE && GetCurrentThread() == (HANDLE)(LONG_PTR)-2); /* H3 */
}

/* H13, H6: flags, and that a protected handle stays. */
static void flags_of_handles(void) {
    static const struct {
        DWORD mask, flags, after;
    } table[] = {
        {0, 3, 0},
        {HANDLE_FLAG_INHERIT, 3, 1},
        {HANDLE_FLAG_PROTECT_FROM_CLOSE, 3, 3},
        {HANDLE_FLAG_INHERIT, 0, 2},
        {~3u, 0, 2}, /* there are no others */
        {3, 1, 1},
        {3, 0, 0},
    };
    struct bad_pages bad = bad_pages();
    DWORD flags = MARK;
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    for (size_t i = 0; i < COUNT(table); ++i) {
        LEAVES(SetHandleInformation(event, table[i].mask, table[i].flags), TRUE);
        LEAVES(GetHandleInformation(event, &flags), TRUE);
        EQUAL(flags, table[i].after);
    }
    EQUAL(SetHandleInformation(event, 2, 2), TRUE);
    REFUSED(CloseHandle(event), ERROR_INVALID_HANDLE);
    EQUAL(SetEvent(event), TRUE);
    EQUAL(SetHandleInformation(event, 2, 0), TRUE);
    REFUSED(GetHandleInformation(event, NULL), ERROR_NOACCESS);
    REFUSED(GetHandleInformation(event, (DWORD *)bad.read_only), ERROR_NOACCESS);
    REFUSED(GetHandleInformation(event, (DWORD *)((char *)&flags + 1)), ERROR_NOACCESS);
    LEAVES(GetHandleInformation(GetCurrentThread(), &flags), TRUE);
    EQUAL(flags, 0);
    REFUSED(SetHandleInformation(GetCurrentThread(), 1, 1), ERROR_ACCESS_DENIED);

    SECURITY_ATTRIBUTES inherit = {sizeof inherit, NULL, TRUE};
    HANDLE inherited = CreateEventW(&inherit, FALSE, FALSE, NULL);
    EQUAL(GetHandleInformation(inherited, &flags), TRUE);
    EQUAL(flags, HANDLE_FLAG_INHERIT);
    LEAVES(CloseHandle(inherited), TRUE);
    LEAVES(CloseHandle(event), TRUE);
    NONE(CreateEventW((SECURITY_ATTRIBUTES *)bad.none, FALSE, FALSE, NULL), ERROR_NOACCESS);
}

/* H14-H28, N20. */
static void duplicates(void) {
    struct bad_pages bad = bad_pages();
    HANDLE me = GetCurrentProcess(), copy = NULL, event = CreateEventW(NULL, TRUE, FALSE, NULL);
    DWORD flags = MARK;
    LEAVES(DuplicateHandle(me, event, me, &copy, 0, TRUE, DUPLICATE_SAME_ACCESS), TRUE);
    CHECK(copy != event && copy != NULL);
    EQUAL(GetHandleInformation(copy, &flags), TRUE);
    EQUAL(flags, HANDLE_FLAG_INHERIT); /* H24 */
    LEAVES(CompareObjectHandles(event, copy), TRUE);
    EQUAL(SetEvent(copy), TRUE); /* H28 */
    EQUAL(WaitForSingleObject(event, 0), WAIT_OBJECT_0);
    EQUAL(CloseHandle(copy), TRUE);

    /* H23: no rights at all. H21, H17, H20. */
    LEAVES(DuplicateHandle(me, event, me, &copy, 0, FALSE, 0), TRUE);
    REFUSED(SetEvent(copy), ERROR_ACCESS_DENIED);
    WAIT_REFUSED(WaitForSingleObject(copy, 0), ERROR_ACCESS_DENIED);
    EQUAL(CloseHandle(copy), TRUE);
    copy = GARBAGE;
    REFUSED(DuplicateHandle(me, event, me, &copy, 0xFFFFFFFF, FALSE, 0), ERROR_ACCESS_DENIED);
    CHECK(copy == NULL);
    REFUSED(DuplicateHandle(me, event, NULL, &copy, 0, FALSE, 0), ERROR_INVALID_PARAMETER);
    REFUSED(DuplicateHandle(event, event, me, &copy, 0, FALSE, 0), ERROR_INVALID_HANDLE);
    REFUSED(DuplicateHandle(NULL, event, me, &copy, 0, FALSE, 0), ERROR_INVALID_HANDLE);

    /* H16: the place is optional, and nothing is made for a bad one. */
    char *places[] = {bad.read_only, bad.none, (char *)8, (char *)&flags + 1};
    for (size_t i = 0; i < COUNT(places); ++i) {
        REFUSED(DuplicateHandle(me, event, me, (HANDLE *)places[i], 0, FALSE, DUPLICATE_CLOSE_SOURCE), ERROR_NOACCESS);
    }
    LEAVES(DuplicateHandle(me, event, me, NULL, 0, FALSE, DUPLICATE_SAME_ACCESS), TRUE);
    LEAVES(SetEvent(event), TRUE);

    /* H25, H18, H17. */
    LEAVES(DuplicateHandle(me, GetCurrentThread(), me, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS), TRUE);
    EQUAL(GetThreadId(copy), GetCurrentThreadId());
    LEAVES(CompareObjectHandles(copy, GetCurrentThread()), TRUE);
    REFUSED(CompareObjectHandles(copy, event), 1656); /* H29 */
    LEAVES(DuplicateHandle(me, copy, NULL, NULL, 0, FALSE, DUPLICATE_CLOSE_SOURCE), TRUE);
    REFUSED(CloseHandle(copy), ERROR_INVALID_HANDLE);
    LEAVES(DuplicateHandle(me, event, me, &copy, 0, FALSE, DUPLICATE_SAME_ACCESS | DUPLICATE_CLOSE_SOURCE), TRUE);
    REFUSED(SetEvent(event == copy ? NULL : event), ERROR_INVALID_HANDLE);
    LEAVES(CloseHandle(copy), TRUE);
}

static HANDLE flagged;

/* Sets one flag again and again: it stays as this thread has set it, whatever others do with the other flag. */
static DWORD WINAPI owns_a_flag(void *flag) {
    DWORD mine = (DWORD)(ULONG_PTR)flag, flags = 0, lost = 0;
    for (int i = 0; i < 20000; ++i) {
        DWORD wanted = i & 1 ? mine : 0;
        EQUAL(SetHandleInformation(flagged, mine, wanted), TRUE);
        EQUAL(GetHandleInformation(flagged, &flags), TRUE);
        lost += (flags & mine) != wanted;
    }
    return lost;
}

static void flags_of_two_threads(void) {
    DWORD code = MARK;
    flagged = CreateEventW(NULL, FALSE, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, owns_a_flag, (void *)HANDLE_FLAG_INHERIT, 0, NULL);
    EQUAL(owns_a_flag((void *)HANDLE_FLAG_PROTECT_FROM_CLOSE), 0);
    EQUAL(WaitForSingleObject(thread, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(GetExitCodeThread(thread, &code), TRUE);
    EQUAL(code, 0);
    EQUAL(CloseHandle(thread), TRUE);
    EQUAL(SetHandleInformation(flagged, 3, 0), TRUE);
    EQUAL(CloseHandle(flagged), TRUE);
}

int main(void) {
    last_errors_are_the_threads_own();
    what_is_no_handle();
    flags_of_handles();
    flags_of_two_threads();
    duplicates();
    return RESULT();
}
