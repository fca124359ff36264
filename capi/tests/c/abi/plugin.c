/* A part of a program that comes and goes: each time with a thread, a wait and a mutex that its thread leaves behind. */
#include "ntwait/win32.h"

static DWORD WINAPI run(LPVOID mutex) { return WaitForSingleObject(mutex, INFINITE); }

int work(void);
int work(void) {
    HANDLE mutex = CreateMutexW(NULL, FALSE, NULL);
    HANDLE thread = CreateThread(NULL, 0, run, mutex, 0, NULL);
    HANDLE both[] = {thread, mutex};
    DWORD ended = WaitForMultipleObjects(2, both, TRUE, 10000);
    return ended == WAIT_ABANDONED_0 && ReleaseMutex(mutex) && CloseHandle(thread) && CloseHandle(mutex);
}
