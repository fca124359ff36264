/* The library in constructors, which run before main, and in destructors, which run after it. */
#include "ntwait/win32.h"
#include "check.h"

static HANDLE made_early, thread, owned;

static DWORD WINAPI run(LPVOID argument) {
    return WaitForSingleObject(argument, INFINITE) == WAIT_OBJECT_0 ? 7 : 8;
}

__attribute__((constructor(101))) static void first_constructor(void) {
    made_early = CreateEventW(NULL, TRUE, FALSE, u"made early");
    CHECK(made_early != NULL);
    EQUAL(GetLastError(), 0);
    thread = CreateThread(NULL, 0, run, made_early, 0, NULL);
    CHECK(thread != NULL);
}

__attribute__((constructor)) static void second_constructor(void) {
    HANDLE same = OpenEventW(EVENT_ALL_ACCESS, FALSE, u"made early");
    CHECK(same != NULL && SetEvent(same) && CloseHandle(same));
    EQUAL(WaitForSingleObject(thread, INFINITE), WAIT_OBJECT_0);
}

static DWORD WINAPI look(LPVOID argument) { return WaitForSingleObject(argument, 0); }

/* The thread that has left main has not ended: it owns what it owned. */
static void still_an_owner(void) {
    DWORD seen = 0;
    HANDLE other = CreateThread(NULL, 0, look, owned, 0, NULL);
    EQUAL(WaitForSingleObject(other, INFINITE), WAIT_OBJECT_0);
    CHECK(GetExitCodeThread(other, &seen) && CloseHandle(other));
    EQUAL(seen, WAIT_TIMEOUT);
    EQUAL(WaitForSingleObject(owned, 0), WAIT_OBJECT_0);
    CHECK(ReleaseMutex(owned) && ReleaseMutex(owned));
    CHECK(!ReleaseMutex(owned));
    CHECK(CloseHandle(owned));
}

__attribute__((destructor)) static void destructor(void) {
    still_an_owner();
    CHECK(ResetEvent(made_early));
    EQUAL(WaitForSingleObject(made_early, 1), WAIT_TIMEOUT);
    CHECK(CloseHandle(made_early));
    if (RESULT()) _exit(1);
}

int main(void) {
    DWORD code = 0;
    CHECK(GetExitCodeThread(thread, &code));
    EQUAL(code, 7);
    EQUAL(WaitForSingleObject(made_early, 0), WAIT_OBJECT_0);
    owned = CreateMutexW(NULL, TRUE, NULL);
    CHECK(owned != NULL);
    return RESULT();
}
