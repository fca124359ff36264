/* The library in constructors, which run before main, and in destructors, which run after it. */
#include "ntwait/win32.h"
#include "check.h"

static HANDLE made_early, thread;

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

__attribute__((destructor)) static void destructor(void) {
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
    return RESULT();
}
