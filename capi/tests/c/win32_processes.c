/* Other processes: opened, awaited, asked how they ended. */
#include "win32_check.h"
#include "ntwait/ext.h"
#include <signal.h>
#include <sys/wait.h>

/* A child that stays until something is written, or it is killed. */
static pid_t child(int *to_it, int code) {
    int ends[2];
    EQUAL(pipe(ends), 0);
    pid_t id = fork();
    if (id == 0) {
        char byte;
        _exit(read(ends[0], &byte, 1) == 1 ? code : 99);
    }
    close(ends[0]);
    *to_it = ends[1];
    return id;
}

static void ends(int signal, DWORD expected) {
    int to_it;
    pid_t id = child(&to_it, 42);
    DWORD code = MARK;
    PROCESS_BASIC_INFORMATION is;
    HANDLE process = OpenProcess(PROCESS_QUERY_INFORMATION | SYNCHRONIZE, FALSE, (DWORD)id * 4), other, native;
    CHECK(process != NULL);
    EQUAL(ntw_open_process((uint32_t)id, &other), 0);
    CLIENT_ID client = {(HANDLE)(ULONG_PTR)((DWORD)id * 4), NULL};
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    EQUAL(NtOpenProcess(&native, PROCESS_ALL_ACCESS, &attributes, &client), STATUS_SUCCESS);
    EQUAL(GetProcessId(process), (DWORD)id * 4);
    LEAVES(GetExitCodeProcess(process, &code), TRUE);
    EQUAL(code, STILL_ACTIVE);
    EQUAL(WaitForSingleObject(process, 0), WAIT_TIMEOUT);
    if (signal != 0) {
        EQUAL(kill(id, signal), 0);
    } else {
        EQUAL(write(to_it, "!", 1), 1);
    }
    EQUAL(WaitForSingleObject(process, LONG_ENOUGH), WAIT_OBJECT_0);
    EQUAL(WaitForSingleObject(other, 0), WAIT_OBJECT_0);
    EQUAL(GetExitCodeProcess(process, &code), TRUE);
    EQUAL(code, expected);
    EQUAL(NtQueryInformationProcess(native, ProcessBasicInformation, &is, sizeof is, NULL), STATUS_SUCCESS);
    EQUAL(is.ExitStatus, (NTSTATUS)expected);
    EQUAL(is.UniqueProcessId, (DWORD)id * 4);
    EQUAL(waitpid(id, NULL, 0), id); /* its end was not taken from its parent */
    EQUAL(CloseHandle(process), TRUE);
    EQUAL(CloseHandle(other), TRUE);
    EQUAL(CloseHandle(native), TRUE);
    close(to_it);
}

static void own(void) {
    PROCESS_BASIC_INFORMATION is;
    ULONG length = 0;
    DWORD code = 0;
    EQUAL(NtQueryInformationProcess(NtCurrentProcess(), ProcessBasicInformation, &is, sizeof is, &length), STATUS_SUCCESS);
    EQUAL(length, sizeof is);
    EQUAL(is.ExitStatus, STATUS_PENDING);
    EQUAL(is.UniqueProcessId, GetCurrentProcessId());
    EQUAL(is.InheritedFromUniqueProcessId, (DWORD)getppid() * 4);
    LEAVES(GetProcessId(GetCurrentProcess()), GetCurrentProcessId());
    LEAVES(GetExitCodeProcess(GetCurrentProcess(), &code), TRUE);
    EQUAL(code, STILL_ACTIVE);
}

static void refused(void) {
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL), process = (HANDLE)77;
    DWORD code = MARK;
    char bytes[64];
    NONE(OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0), ERROR_INVALID_PARAMETER);
    NONE(OpenProcess(PROCESS_ALL_ACCESS, FALSE, 0xFFFFFFFC), ERROR_INVALID_PARAMETER);
    REFUSED(GetExitCodeProcess(NULL, &code), ERROR_INVALID_HANDLE);
    REFUSED(GetExitCodeProcess(event, &code), ERROR_INVALID_HANDLE);
    LAST(GetProcessId(event), 0, ERROR_INVALID_HANDLE);
    EQUAL(code, MARK);
    OBJECT_ATTRIBUTES attributes;
    InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
    EQUAL(NtOpenProcess(&process, PROCESS_ALL_ACCESS, &attributes, NULL), STATUS_INVALID_PARAMETER_MIX);
    CHECK(process == NULL);
    EQUAL(NtQueryInformationProcess(NULL, (PROCESSINFOCLASS)1, NULL, 0, NULL), STATUS_INVALID_INFO_CLASS);
    EQUAL(NtQueryInformationProcess(NULL, ProcessBasicInformation, bytes, 47, NULL), STATUS_INFO_LENGTH_MISMATCH);
    EQUAL(NtQueryInformationProcess(NULL, ProcessBasicInformation, NULL, 48, NULL), STATUS_ACCESS_VIOLATION);
}

int main(void) {
    own();
    ends(0, 42);
    ends(SIGKILL, 128 + SIGKILL);
    refused();
    return RESULT();
}
