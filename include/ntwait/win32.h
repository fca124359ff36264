/*
 * ntwait/win32.h: the Win32 calls, for C11 and C++17 on 64-bit Linux.
 *
 * As on Windows they are thin over the native calls of ntwait/nt.h, whose head says what holds for all of them: who may
 * call them (any thread, the library's callbacks, static constructors; never a signal handler), what a child of fork
 * has, what callbacks may do. Text has 16 bits for each character in the W functions, as in u"name"; the A functions
 * take UTF-8. There is no macro that picks one of the two: write CreateEventW or CreateEventA.
 *
 * Times are in milliseconds, INFINITE is for ever and 0 only looks, where nothing else is said.
 *
 * Errors. A call that fails returns FALSE, NULL, 0 or what its group says, has changed nothing, and sets the calling
 * thread's last error; GetLastError returns it. A call that succeeds leaves the last error alone, where nothing else is
 * said. For every function that takes them:
 *   ERROR_INVALID_HANDLE           the handle is closed, never was one, or names an object of another kind
 *   ERROR_ACCESS_DENIED            the handle lacks the right for this
 *   ERROR_INVALID_PARAMETER        a number or a flag that there is not
 *   ERROR_NOACCESS                 a pointer is null where something is required, is not aligned, or leads to no memory
 *   ERROR_NOT_ENOUGH_MEMORY, ERROR_NO_SYSTEM_RESOURCES   there is no memory, no thread, no descriptor, no handle left
 */
#ifndef NTWAIT_WIN32_H
#define NTWAIT_WIN32_H

#include "nt.h"

#ifdef __cplusplus
extern "C" {
#endif

#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#define INFINITE 0xFFFFFFFFu

/* ---- What waits return ------------------------------------------------------------------------------------------- */
#define WAIT_OBJECT_0 0x00000000u
#define WAIT_ABANDONED 0x00000080u
#define WAIT_ABANDONED_0 0x00000080u
#define WAIT_IO_COMPLETION 0x000000C0u
/* ntwait/pevents.h has the same number as an int. */
#ifndef WAIT_TIMEOUT
#define WAIT_TIMEOUT 258u
#endif
#define WAIT_FAILED 0xFFFFFFFFu
/* The exit code of a thread that has not ended. */
#define STILL_ACTIVE 0x00000103u

/* ---- Last errors ------------------------------------------------------------------------------------------------- */
#define NO_ERROR 0
#define ERROR_SUCCESS 0
#define ERROR_INVALID_FUNCTION 1
#define ERROR_FILE_NOT_FOUND 2
#define ERROR_TOO_MANY_OPEN_FILES 4
#define ERROR_PATH_NOT_FOUND 3
#define ERROR_ACCESS_DENIED 5
#define ERROR_INVALID_HANDLE 6
#define ERROR_NOT_ENOUGH_MEMORY 8
#define ERROR_BAD_LENGTH 24
#define ERROR_GEN_FAILURE 31
#define ERROR_NOT_SUPPORTED 50
#define ERROR_INVALID_PARAMETER 87
#define ERROR_INSUFFICIENT_BUFFER 122
#define ERROR_INVALID_NAME 123
#define ERROR_BAD_PATHNAME 161
#define ERROR_SIGNAL_REFUSED 156
#define ERROR_ALREADY_EXISTS 183
#define ERROR_FILENAME_EXCED_RANGE 206
#define ERROR_NO_MORE_ITEMS 259
#define ERROR_NOT_OWNER 288
#define ERROR_TOO_MANY_POSTS 298
#define ERROR_MUTANT_LIMIT_EXCEEDED 587
#define ERROR_ABANDONED_WAIT_0 735
#define ERROR_IO_PENDING 997
#define ERROR_NOACCESS 998
#define ERROR_PRIVILEGE_NOT_HELD 1314
#define ERROR_TIMEOUT 1460
#define ERROR_NO_SYSTEM_RESOURCES 1450
#define ERROR_NOT_SAME_OBJECT 1656

/* ---- Rights, flags, limits --------------------------------------------------------------------------------------- */
#define MUTEX_MODIFY_STATE MUTANT_QUERY_STATE
#define MUTEX_ALL_ACCESS MUTANT_ALL_ACCESS
#define CREATE_EVENT_MANUAL_RESET 0x00000001
#define CREATE_EVENT_INITIAL_SET 0x00000002
#define CREATE_MUTEX_INITIAL_OWNER 0x00000001
#define CREATE_WAITABLE_TIMER_MANUAL_RESET 0x00000001
#define CREATE_WAITABLE_TIMER_HIGH_RESOLUTION 0x00000002
#define CREATE_SUSPENDED 0x00000004
#define STACK_SIZE_PARAM_IS_A_RESERVATION 0x00010000
#define HANDLE_FLAG_INHERIT 0x00000001
#define HANDLE_FLAG_PROTECT_FROM_CLOSE 0x00000002
#define MAX_PATH 260
#define MAXIMUM_PROCESSORS 64

/* RegisterWaitForSingleObject: who calls, how often, for how long. Unknown ones are ERROR_INVALID_PARAMETER. */
#define WT_EXECUTEDEFAULT 0x00000000
#define WT_EXECUTEINIOTHREAD 0x00000001
#define WT_EXECUTEINWAITTHREAD 0x00000004
#define WT_EXECUTEONLYONCE 0x00000008
#define WT_EXECUTELONGFUNCTION 0x00000010
#define WT_EXECUTEINTIMERTHREAD 0x00000020
#define WT_EXECUTEINPERSISTENTTHREAD 0x00000080
#define WT_TRANSFER_IMPERSONATION 0x00000100

/* Become nice values, as far as the system permits; queries return what was asked for. */
#define THREAD_PRIORITY_LOWEST (-2)
#define THREAD_PRIORITY_BELOW_NORMAL (-1)
#define THREAD_PRIORITY_NORMAL 0
#define THREAD_PRIORITY_ABOVE_NORMAL 1
#define THREAD_PRIORITY_HIGHEST 2
#define THREAD_PRIORITY_TIME_CRITICAL 15
#define THREAD_PRIORITY_IDLE (-15)
#define THREAD_PRIORITY_ERROR_RETURN 0x7FFFFFFF

/* There are 1,088 TLS indexes, 4,079 FLS indexes. Index 0 is never given out. */
#define TLS_OUT_OF_INDEXES 0xFFFFFFFFu
#define TLS_MINIMUM_AVAILABLE 64
#define FLS_OUT_OF_INDEXES 0xFFFFFFFFu
#define FLS_MAXIMUM_AVAILABLE 4080

#define CRITICAL_SECTION_NO_DEBUG_INFO RTL_CRITICAL_SECTION_FLAG_NO_DEBUG_INFO
#define SRWLOCK_INIT RTL_SRWLOCK_INIT
#define CONDITION_VARIABLE_INIT RTL_CONDITION_VARIABLE_INIT
#define CONDITION_VARIABLE_LOCKMODE_SHARED RTL_CONDITION_VARIABLE_LOCKMODE_SHARED
#define INIT_ONCE_STATIC_INIT RTL_RUN_ONCE_INIT
#define INIT_ONCE_CHECK_ONLY RTL_RUN_ONCE_CHECK_ONLY
#define INIT_ONCE_ASYNC RTL_RUN_ONCE_ASYNC
#define INIT_ONCE_INIT_FAILED RTL_RUN_ONCE_INIT_FAILED
#define INIT_ONCE_CTX_RESERVED_BITS RTL_RUN_ONCE_CTX_RESERVED_BITS
#define SYNCHRONIZATION_BARRIER_FLAGS_SPIN_ONLY 0x01
#define SYNCHRONIZATION_BARRIER_FLAGS_BLOCK_ONLY 0x02
#define SYNCHRONIZATION_BARRIER_FLAGS_NO_DELETE 0x04

#define SUCCEEDED(hr) (((HRESULT)(hr)) >= 0)
#define FAILED(hr) (((HRESULT)(hr)) < 0)
#define S_OK ((HRESULT)0)
#define FACILITY_NT_BIT 0x10000000
#define HRESULT_FROM_NT(x) ((HRESULT)((x) | FACILITY_NT_BIT))

/* ---- Types ------------------------------------------------------------------------------------------------------- */

/* bInheritHandle becomes a flag of the handle; no program inherits handles. The descriptor is not looked at. */
typedef struct _SECURITY_ATTRIBUTES {
    DWORD nLength;
    LPVOID lpSecurityDescriptor;
    BOOL bInheritHandle;
} SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;

/* Units of 100 ns since 1601, UTC, in two halves. */
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

/* Why a timer should wake the machine. Not looked at. */
typedef struct _REASON_CONTEXT {
    ULONG Version;
    DWORD Flags;
    union {
        struct {
            PVOID LocalizedReasonModule;
            ULONG LocalizedReasonId;
            ULONG ReasonStringCount;
            LPWSTR *ReasonStrings;
        } Detailed;
        LPWSTR SimpleReasonString;
    } Reason;
} REASON_CONTEXT, *PREASON_CONTEXT;

/* What lies in the program's own memory; see the structures of ntwait/nt.h. */
typedef RTL_CRITICAL_SECTION CRITICAL_SECTION, *PCRITICAL_SECTION, *LPCRITICAL_SECTION;
typedef RTL_SRWLOCK SRWLOCK, *PSRWLOCK;
typedef RTL_CONDITION_VARIABLE CONDITION_VARIABLE, *PCONDITION_VARIABLE;
typedef RTL_RUN_ONCE INIT_ONCE, *PINIT_ONCE, *LPINIT_ONCE;
typedef RTL_BARRIER SYNCHRONIZATION_BARRIER, *PSYNCHRONIZATION_BARRIER, *LPSYNCHRONIZATION_BARRIER;

/* Memory that the library has allocated; LocalFree frees it. */
typedef HANDLE HLOCAL;

/* A thread's: what it returns is the exit code. */
typedef DWORD (WINAPI *PTHREAD_START_ROUTINE)(LPVOID lpThreadParameter);
typedef PTHREAD_START_ROUTINE LPTHREAD_START_ROUTINE;
/* An APC's: in the thread that it was queued to, in an alertable wait. */
typedef VOID (NTAPI *PAPCFUNC)(ULONG_PTR Parameter);
/* A timer's: in the thread that has set it, in an alertable wait. The numbers are when it was due, as in a FILETIME. */
typedef VOID (CALLBACK *PTIMERAPCROUTINE)(LPVOID lpArgToCompletionRoutine, DWORD dwTimerLowValue,
                                          DWORD dwTimerHighValue);
/* A registered wait's: in a thread of the library's, which it must not end. Fired: TRUE if the time was up. */
typedef VOID (NTAPI *WAITORTIMERCALLBACKFUNC)(PVOID lpParameter, BOOLEAN TimerOrWaitFired);
typedef WAITORTIMERCALLBACKFUNC WAITORTIMERCALLBACK;
/* An FLS index's: with a value that is not NULL, in the thread that ends, or that frees the index. */
typedef VOID (WINAPI *PFLS_CALLBACK_FUNCTION)(PVOID lpFlsData);
/* Does what is to be done once. TRUE: done, and what it left in *Context is for those who come later. */
typedef BOOL (CALLBACK *PINIT_ONCE_FN)(PINIT_ONCE InitOnce, PVOID Parameter, PVOID *Context);

/* ---- Errors and handles ----
 * Callers: any thread, callbacks, static constructors. The last error belongs to the calling thread.
 * CloseHandle does not end waits for the object. DuplicateHandle knows this process only. The flags are HANDLE_FLAG_*;
 * a handle that is protected is not closed (ERROR_INVALID_HANDLE). CompareObjectHandles: do both name one object? If
 * not, the last error is ERROR_NOT_SAME_OBJECT.
 * LocalFree frees what GetThreadDescription has returned, and nothing else; it returns NULL, and takes NULL.
 */
DWORD WINAPI GetLastError(void) NTWAIT_SYM(GetLastError);
VOID WINAPI SetLastError(DWORD dwErrCode) NTWAIT_SYM(SetLastError);
BOOL WINAPI CloseHandle(HANDLE hObject) NTWAIT_SYM(CloseHandle);
BOOL WINAPI DuplicateHandle(HANDLE hSourceProcessHandle, HANDLE hSourceHandle, HANDLE hTargetProcessHandle,
                            LPHANDLE lpTargetHandle, DWORD dwDesiredAccess, BOOL bInheritHandle,
                            DWORD dwOptions) NTWAIT_SYM(DuplicateHandle);
BOOL WINAPI GetHandleInformation(HANDLE hObject, LPDWORD lpdwFlags) NTWAIT_SYM(GetHandleInformation);
BOOL WINAPI SetHandleInformation(HANDLE hObject, DWORD dwMask, DWORD dwFlags) NTWAIT_SYM(SetHandleInformation);
BOOL WINAPI CompareObjectHandles(HANDLE hFirstObjectHandle,
                                 HANDLE hSecondObjectHandle) NTWAIT_SYM(CompareObjectHandles);
HLOCAL WINAPI LocalFree(HLOCAL hMem) NTWAIT_SYM(LocalFree);

/* ---- Creations and opens ----
 * What holds for every Create* and Open* with a name.
 *
 * Callers: any thread, callbacks, static constructors.
 * A creation sets the last error also if it succeeds: to ERROR_ALREADY_EXISTS if it has opened an object of that name,
 * which stays as it is, else to ERROR_SUCCESS. The handle is for the caller to close. NULL is no name. Names are those
 * of this process, with upper and lower case; "Local\" and "Global\" are two places for them. Other backslashes lead
 * into directories.
 *   ERROR_INVALID_HANDLE           the name is that of an object of another kind
 *   ERROR_FILE_NOT_FOUND           an open: there is no such object
 *   ERROR_PATH_NOT_FOUND           there is no such directory
 *   ERROR_INVALID_NAME             that is no name, or no UTF-8
 *   ERROR_FILENAME_EXCED_RANGE     more than 259 bytes (A), more than 32,767 characters (W)
 *   ERROR_INVALID_PARAMETER        an open without a name
 */

/* ---- Events ----
 * Callers: any thread, callbacks, static constructors.
 * An auto-reset event releases one wait for each set, in the order in which they came; a manual-reset event all waits
 * from its set to its reset. PulseEvent releases those who wait at this moment, which suspended threads do not, and
 * leaves the event clear.
 */
HANDLE WINAPI CreateEventA(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
                           LPCSTR lpName) NTWAIT_SYM(CreateEventA);
HANDLE WINAPI CreateEventW(LPSECURITY_ATTRIBUTES lpEventAttributes, BOOL bManualReset, BOOL bInitialState,
                           LPCWSTR lpName) NTWAIT_SYM(CreateEventW);
HANDLE WINAPI CreateEventExA(LPSECURITY_ATTRIBUTES lpEventAttributes, LPCSTR lpName, DWORD dwFlags,
                             DWORD dwDesiredAccess) NTWAIT_SYM(CreateEventExA);
HANDLE WINAPI CreateEventExW(LPSECURITY_ATTRIBUTES lpEventAttributes, LPCWSTR lpName, DWORD dwFlags,
                             DWORD dwDesiredAccess) NTWAIT_SYM(CreateEventExW);
HANDLE WINAPI OpenEventA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName) NTWAIT_SYM(OpenEventA);
HANDLE WINAPI OpenEventW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName) NTWAIT_SYM(OpenEventW);
BOOL WINAPI SetEvent(HANDLE hEvent) NTWAIT_SYM(SetEvent);
BOOL WINAPI ResetEvent(HANDLE hEvent) NTWAIT_SYM(ResetEvent);
BOOL WINAPI PulseEvent(HANDLE hEvent) NTWAIT_SYM(PulseEvent);

/* ---- Mutexes ----
 * Callers: any thread, callbacks, static constructors. The owner is the thread.
 * A mutex is acquired by a wait, again and again by its owner, and released as often. When its owner ends, the next
 * wait returns WAIT_ABANDONED and has acquired it.
 *   ERROR_NOT_OWNER                a release by a thread that is not the owner
 */
HANDLE WINAPI CreateMutexA(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner,
                           LPCSTR lpName) NTWAIT_SYM(CreateMutexA);
HANDLE WINAPI CreateMutexW(LPSECURITY_ATTRIBUTES lpMutexAttributes, BOOL bInitialOwner,
                           LPCWSTR lpName) NTWAIT_SYM(CreateMutexW);
HANDLE WINAPI CreateMutexExA(LPSECURITY_ATTRIBUTES lpMutexAttributes, LPCSTR lpName, DWORD dwFlags,
                             DWORD dwDesiredAccess) NTWAIT_SYM(CreateMutexExA);
HANDLE WINAPI CreateMutexExW(LPSECURITY_ATTRIBUTES lpMutexAttributes, LPCWSTR lpName, DWORD dwFlags,
                             DWORD dwDesiredAccess) NTWAIT_SYM(CreateMutexExW);
HANDLE WINAPI OpenMutexA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName) NTWAIT_SYM(OpenMutexA);
HANDLE WINAPI OpenMutexW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName) NTWAIT_SYM(OpenMutexW);
BOOL WINAPI ReleaseMutex(HANDLE hMutex) NTWAIT_SYM(ReleaseMutex);

/* ---- Semaphores ----
 * Callers: any thread, callbacks, static constructors.
 *   ERROR_INVALID_PARAMETER        a maximum below 1, a count below 0 or above the maximum; a release of less than 1
 *   ERROR_TOO_MANY_POSTS           a release beyond the maximum; the count stays
 */
HANDLE WINAPI CreateSemaphoreA(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount, LONG lMaximumCount,
                               LPCSTR lpName) NTWAIT_SYM(CreateSemaphoreA);
HANDLE WINAPI CreateSemaphoreW(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount, LONG lMaximumCount,
                               LPCWSTR lpName) NTWAIT_SYM(CreateSemaphoreW);
HANDLE WINAPI CreateSemaphoreExA(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount, LONG lMaximumCount,
                                 LPCSTR lpName, DWORD dwFlags, DWORD dwDesiredAccess) NTWAIT_SYM(CreateSemaphoreExA);
HANDLE WINAPI CreateSemaphoreExW(LPSECURITY_ATTRIBUTES lpSemaphoreAttributes, LONG lInitialCount, LONG lMaximumCount,
                                 LPCWSTR lpName, DWORD dwFlags, DWORD dwDesiredAccess) NTWAIT_SYM(CreateSemaphoreExW);
HANDLE WINAPI OpenSemaphoreA(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCSTR lpName) NTWAIT_SYM(OpenSemaphoreA);
HANDLE WINAPI OpenSemaphoreW(DWORD dwDesiredAccess, BOOL bInheritHandle, LPCWSTR lpName) NTWAIT_SYM(OpenSemaphoreW);
BOOL WINAPI ReleaseSemaphore(HANDLE hSemaphore, LONG lReleaseCount,
                             LPLONG lpPreviousCount) NTWAIT_SYM(ReleaseSemaphore);

/* ---- Waitable timers ----
 * Callers: any thread, callbacks, static constructors. The routine is called in the thread that has set the timer, in
 * its alertable waits; the end of that thread cancels the timer.
 * The due time is in units of 100 ns: negative from now, positive since 1601, UTC. The period is in milliseconds, 0 for
 * none. No timer expires early, nor later for a tolerable delay. fResume and a WakeContext have no effect; then the
 * last error is ERROR_NOT_SUPPORTED, although the call succeeds.
 */
HANDLE WINAPI CreateWaitableTimerA(LPSECURITY_ATTRIBUTES lpTimerAttributes, BOOL bManualReset,
                                   LPCSTR lpTimerName) NTWAIT_SYM(CreateWaitableTimerA);
HANDLE WINAPI CreateWaitableTimerW(LPSECURITY_ATTRIBUTES lpTimerAttributes, BOOL bManualReset,
                                   LPCWSTR lpTimerName) NTWAIT_SYM(CreateWaitableTimerW);
HANDLE WINAPI CreateWaitableTimerExA(LPSECURITY_ATTRIBUTES lpTimerAttributes, LPCSTR lpTimerName, DWORD dwFlags,
                                     DWORD dwDesiredAccess) NTWAIT_SYM(CreateWaitableTimerExA);
HANDLE WINAPI CreateWaitableTimerExW(LPSECURITY_ATTRIBUTES lpTimerAttributes, LPCWSTR lpTimerName, DWORD dwFlags,
                                     DWORD dwDesiredAccess) NTWAIT_SYM(CreateWaitableTimerExW);
HANDLE WINAPI OpenWaitableTimerA(DWORD dwDesiredAccess, BOOL bInheritHandle,
                                 LPCSTR lpTimerName) NTWAIT_SYM(OpenWaitableTimerA);
HANDLE WINAPI OpenWaitableTimerW(DWORD dwDesiredAccess, BOOL bInheritHandle,
                                 LPCWSTR lpTimerName) NTWAIT_SYM(OpenWaitableTimerW);
BOOL WINAPI SetWaitableTimer(HANDLE hTimer, const LARGE_INTEGER *lpDueTime, LONG lPeriod,
                             PTIMERAPCROUTINE pfnCompletionRoutine, LPVOID lpArgToCompletionRoutine,
                             BOOL fResume) NTWAIT_SYM(SetWaitableTimer);
BOOL WINAPI SetWaitableTimerEx(HANDLE hTimer, const LARGE_INTEGER *lpDueTime, LONG lPeriod,
                               PTIMERAPCROUTINE pfnCompletionRoutine, LPVOID lpArgToCompletionRoutine,
                               PREASON_CONTEXT WakeContext, ULONG TolerableDelay) NTWAIT_SYM(SetWaitableTimerEx);
BOOL WINAPI CancelWaitableTimer(HANDLE hTimer) NTWAIT_SYM(CancelWaitableTimer);

/* ---- Waits ----
 * Callers: any thread, callbacks, static constructors. A wait in a callback delays what the callback stands for.
 * WAIT_OBJECT_0 + i: the object was taken; i is its position if it was a wait for any, else 0. WAIT_ABANDONED_0 + i:
 * the same of a mutex whose owner has ended. WAIT_TIMEOUT: nothing was taken. WAIT_IO_COMPLETION: alertable, and APCs
 * were called. WAIT_FAILED: see the last error; ERROR_INVALID_PARAMETER for no object, more than 64, or one object
 * twice in a wait for all. ntw_wait_for_objects (ntwait/ext.h) takes more.
 * SignalObjectAndWait sets an event, releases a mutex or a semaphore, and waits, in one step; errors as for both.
 * Sleep and SleepEx never fail. SwitchToThread always returns TRUE.
 */
DWORD WINAPI WaitForSingleObject(HANDLE hHandle, DWORD dwMilliseconds) NTWAIT_SYM(WaitForSingleObject);
DWORD WINAPI WaitForSingleObjectEx(HANDLE hHandle, DWORD dwMilliseconds,
                                   BOOL bAlertable) NTWAIT_SYM(WaitForSingleObjectEx);
DWORD WINAPI WaitForMultipleObjects(DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll,
                                    DWORD dwMilliseconds) NTWAIT_SYM(WaitForMultipleObjects);
DWORD WINAPI WaitForMultipleObjectsEx(DWORD nCount, const HANDLE *lpHandles, BOOL bWaitAll, DWORD dwMilliseconds,
                                      BOOL bAlertable) NTWAIT_SYM(WaitForMultipleObjectsEx);
DWORD WINAPI SignalObjectAndWait(HANDLE hObjectToSignal, HANDLE hObjectToWaitOn, DWORD dwMilliseconds,
                                 BOOL bAlertable) NTWAIT_SYM(SignalObjectAndWait);
VOID WINAPI Sleep(DWORD dwMilliseconds) NTWAIT_SYM(Sleep);
DWORD WINAPI SleepEx(DWORD dwMilliseconds, BOOL bAlertable) NTWAIT_SYM(SleepEx);
BOOL WINAPI SwitchToThread(void) NTWAIT_SYM(SwitchToThread);

/* ---- Registered waits ----
 * Callers: any thread, callbacks (also of registered waits), static constructors.
 * The callback is called whenever the object is signalled, or the time is up, until it is unregistered; once with
 * WT_EXECUTEONLYONCE. What a wait would take of the object is taken for each call. Calls of one registration do not
 * overlap. Any number of waits, watched by one thread. The wait handle is for UnregisterWait and UnregisterWaitEx
 * alone. UnregisterWaitEx: CompletionEvent is set when the last call is over; INVALID_HANDLE_VALUE waits for that, but
 * in a callback.
 *   ERROR_IO_PENDING               unregistered; a call is still to end
 *   ERROR_NOT_SUPPORTED            a mutex, which no thread would own
 */
BOOL WINAPI RegisterWaitForSingleObject(PHANDLE phNewWaitObject, HANDLE hObject, WAITORTIMERCALLBACK Callback,
                                        PVOID Context, ULONG dwMilliseconds,
                                        ULONG dwFlags) NTWAIT_SYM(RegisterWaitForSingleObject);
BOOL WINAPI UnregisterWait(HANDLE WaitHandle) NTWAIT_SYM(UnregisterWait);
BOOL WINAPI UnregisterWaitEx(HANDLE WaitHandle, HANDLE CompletionEvent) NTWAIT_SYM(UnregisterWaitEx);

/* ---- APCs ----
 * Callers: any thread, callbacks, static constructors. The handle needs THREAD_SET_CONTEXT. Returns 0 if it fails.
 *   ERROR_GEN_FAILURE              the thread has ended
 */
DWORD WINAPI QueueUserAPC(PAPCFUNC pfnAPC, HANDLE hThread, ULONG_PTR dwData) NTWAIT_SYM(QueueUserAPC);

/* ---- Threads ----
 * Callers: any thread, callbacks, static constructors. ExitThread is not for callbacks of registered waits, nor for
 * frames with C++ objects whose destructors matter: return from the thread instead.
 * Stack sizes are in bytes, 0 is 1 MiB. Ids are multiples of 4, and not those of Linux. CREATE_SUSPENDED and
 * STACK_SIZE_PARAM_IS_A_RESERVATION are the flags.
 * SuspendThread and ResumeThread return the count before, (DWORD)-1 if they fail. What a suspended or terminated thread
 * holds it keeps, malloc's lock above all. GetThreadPriority returns THREAD_PRIORITY_ERROR_RETURN if it fails,
 * SetThreadAffinityMask the mask before, or 0. The description functions return an HRESULT, which is not S_OK if they
 * succeed: use SUCCEEDED. They set no last error. The text is freed with LocalFree.
 *   ERROR_SIGNAL_REFUSED           suspended 127 times already
 *   ERROR_ACCESS_DENIED            also: suspending a thread that has ended
 *   ERROR_INVALID_PARAMETER        also: an id that no thread has
 */
HANDLE WINAPI CreateThread(LPSECURITY_ATTRIBUTES lpThreadAttributes, SIZE_T dwStackSize,
                           LPTHREAD_START_ROUTINE lpStartAddress, LPVOID lpParameter, DWORD dwCreationFlags,
                           LPDWORD lpThreadId) NTWAIT_SYM(CreateThread);
VOID WINAPI ExitThread(DWORD dwExitCode) NTWAIT_SYM(ExitThread) __attribute__((noreturn));
BOOL WINAPI TerminateThread(HANDLE hThread, DWORD dwExitCode) NTWAIT_SYM(TerminateThread);
DWORD WINAPI SuspendThread(HANDLE hThread) NTWAIT_SYM(SuspendThread);
DWORD WINAPI ResumeThread(HANDLE hThread) NTWAIT_SYM(ResumeThread);
BOOL WINAPI GetExitCodeThread(HANDLE hThread, LPDWORD lpExitCode) NTWAIT_SYM(GetExitCodeThread);
HANDLE WINAPI GetCurrentProcess(void) NTWAIT_SYM(GetCurrentProcess);
HANDLE WINAPI GetCurrentThread(void) NTWAIT_SYM(GetCurrentThread);
DWORD WINAPI GetCurrentThreadId(void) NTWAIT_SYM(GetCurrentThreadId);
DWORD WINAPI GetCurrentProcessId(void) NTWAIT_SYM(GetCurrentProcessId);
DWORD WINAPI GetThreadId(HANDLE Thread) NTWAIT_SYM(GetThreadId);
/* Processes are opened by four times their number in Linux. The exit code is STILL_ACTIVE until one has ended. */
HANDLE WINAPI OpenProcess(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwProcessId) NTWAIT_SYM(OpenProcess);
BOOL WINAPI GetExitCodeProcess(HANDLE hProcess, LPDWORD lpExitCode) NTWAIT_SYM(GetExitCodeProcess);
DWORD WINAPI GetProcessId(HANDLE Process) NTWAIT_SYM(GetProcessId);
HANDLE WINAPI OpenThread(DWORD dwDesiredAccess, BOOL bInheritHandle, DWORD dwThreadId) NTWAIT_SYM(OpenThread);
int WINAPI GetThreadPriority(HANDLE hThread) NTWAIT_SYM(GetThreadPriority);
BOOL WINAPI SetThreadPriority(HANDLE hThread, int nPriority) NTWAIT_SYM(SetThreadPriority);
BOOL WINAPI SetThreadPriorityBoost(HANDLE hThread, BOOL bDisablePriorityBoost) NTWAIT_SYM(SetThreadPriorityBoost);
DWORD_PTR WINAPI SetThreadAffinityMask(HANDLE hThread,
                                       DWORD_PTR dwThreadAffinityMask) NTWAIT_SYM(SetThreadAffinityMask);
HRESULT WINAPI SetThreadDescription(HANDLE hThread, PCWSTR lpThreadDescription) NTWAIT_SYM(SetThreadDescription);
HRESULT WINAPI GetThreadDescription(HANDLE hThread, PWSTR *ppszThreadDescription) NTWAIT_SYM(GetThreadDescription);
BOOL WINAPI GetThreadTimes(HANDLE hThread, LPFILETIME lpCreationTime, LPFILETIME lpExitTime, LPFILETIME lpKernelTime,
                           LPFILETIME lpUserTime) NTWAIT_SYM(GetThreadTimes);

/* ---- Thread-local and fiber-local slots ----
 * Callers: any thread, callbacks, static constructors; the values are the calling thread's.
 * There are no fibers: both are per thread. FLS callbacks are called when a thread ends, but not when it is terminated,
 * and when the index is freed. TlsGetValue and FlsGetValue set the last error to ERROR_SUCCESS if they succeed, as NULL
 * is a value. But FlsGetValue of a good index gives NULL and ERROR_INVALID_PARAMETER in a thread that has set no FLS
 * value near that index yet, as on Windows. TlsAlloc and FlsAlloc return *_OUT_OF_INDEXES if they fail.
 *   ERROR_NO_MORE_ITEMS            TlsAlloc: all are taken (FlsAlloc: ERROR_NOT_ENOUGH_MEMORY)
 *   ERROR_INVALID_PARAMETER        no such index; a free of one that is free; of FLS also index 0
 */
DWORD WINAPI TlsAlloc(void) NTWAIT_SYM(TlsAlloc);
BOOL WINAPI TlsFree(DWORD dwTlsIndex) NTWAIT_SYM(TlsFree);
LPVOID WINAPI TlsGetValue(DWORD dwTlsIndex) NTWAIT_SYM(TlsGetValue);
BOOL WINAPI TlsSetValue(DWORD dwTlsIndex, LPVOID lpTlsValue) NTWAIT_SYM(TlsSetValue);
DWORD WINAPI FlsAlloc(PFLS_CALLBACK_FUNCTION lpCallback) NTWAIT_SYM(FlsAlloc);
BOOL WINAPI FlsFree(DWORD dwFlsIndex) NTWAIT_SYM(FlsFree);
PVOID WINAPI FlsGetValue(DWORD dwFlsIndex) NTWAIT_SYM(FlsGetValue);
BOOL WINAPI FlsSetValue(DWORD dwFlsIndex, PVOID lpFlsData) NTWAIT_SYM(FlsSetValue);

/* ---- Critical sections ----
 * Callers: any thread, callbacks, static constructors. The owner is the thread; leaving is for the owner alone, which
 * is not checked. See RtlEnterCriticalSection.
 */
VOID WINAPI InitializeCriticalSection(LPCRITICAL_SECTION lpCriticalSection) NTWAIT_SYM(InitializeCriticalSection);
BOOL WINAPI InitializeCriticalSectionAndSpinCount(LPCRITICAL_SECTION lpCriticalSection,
                                                  DWORD dwSpinCount) NTWAIT_SYM(InitializeCriticalSectionAndSpinCount);
BOOL WINAPI InitializeCriticalSectionEx(LPCRITICAL_SECTION lpCriticalSection, DWORD dwSpinCount,
                                        DWORD Flags) NTWAIT_SYM(InitializeCriticalSectionEx);
VOID WINAPI EnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection) NTWAIT_SYM(EnterCriticalSection);
BOOL WINAPI TryEnterCriticalSection(LPCRITICAL_SECTION lpCriticalSection) NTWAIT_SYM(TryEnterCriticalSection);
VOID WINAPI LeaveCriticalSection(LPCRITICAL_SECTION lpCriticalSection) NTWAIT_SYM(LeaveCriticalSection);
VOID WINAPI DeleteCriticalSection(LPCRITICAL_SECTION lpCriticalSection) NTWAIT_SYM(DeleteCriticalSection);

/* ---- SRW locks ----
 * Callers: any thread, callbacks, static constructors. Not recursive, and without an owner. See
 * RtlAcquireSRWLockExclusive.
 */
VOID WINAPI InitializeSRWLock(PSRWLOCK SRWLock) NTWAIT_SYM(InitializeSRWLock);
VOID WINAPI AcquireSRWLockExclusive(PSRWLOCK SRWLock) NTWAIT_SYM(AcquireSRWLockExclusive);
VOID WINAPI AcquireSRWLockShared(PSRWLOCK SRWLock) NTWAIT_SYM(AcquireSRWLockShared);
BOOLEAN WINAPI TryAcquireSRWLockExclusive(PSRWLOCK SRWLock) NTWAIT_SYM(TryAcquireSRWLockExclusive);
BOOLEAN WINAPI TryAcquireSRWLockShared(PSRWLOCK SRWLock) NTWAIT_SYM(TryAcquireSRWLockShared);
VOID WINAPI ReleaseSRWLockExclusive(PSRWLOCK SRWLock) NTWAIT_SYM(ReleaseSRWLockExclusive);
VOID WINAPI ReleaseSRWLockShared(PSRWLOCK SRWLock) NTWAIT_SYM(ReleaseSRWLockShared);

/* ---- Condition variables ----
 * Callers: a sleep is for the thread that holds the lock; a wake for any thread. See RtlSleepConditionVariableSRW.
 *   ERROR_TIMEOUT                  the time was up; the lock is held
 */
VOID WINAPI InitializeConditionVariable(PCONDITION_VARIABLE ConditionVariable) NTWAIT_SYM(InitializeConditionVariable);
BOOL WINAPI SleepConditionVariableCS(PCONDITION_VARIABLE ConditionVariable, PCRITICAL_SECTION CriticalSection,
                                     DWORD dwMilliseconds) NTWAIT_SYM(SleepConditionVariableCS);
BOOL WINAPI SleepConditionVariableSRW(PCONDITION_VARIABLE ConditionVariable, PSRWLOCK SRWLock, DWORD dwMilliseconds,
                                      ULONG Flags) NTWAIT_SYM(SleepConditionVariableSRW);
VOID WINAPI WakeConditionVariable(PCONDITION_VARIABLE ConditionVariable) NTWAIT_SYM(WakeConditionVariable);
VOID WINAPI WakeAllConditionVariable(PCONDITION_VARIABLE ConditionVariable) NTWAIT_SYM(WakeAllConditionVariable);

/* ---- One-time initialisation ----
 * Callers: any thread, callbacks, static constructors. The initialiser must not begin the same block. See
 * RtlRunOnceBeginInitialize.
 *   ERROR_GEN_FAILURE              not done, and INIT_ONCE_CHECK_ONLY; or a complete of what is not begun or done
 */
VOID WINAPI InitOnceInitialize(PINIT_ONCE InitOnce) NTWAIT_SYM(InitOnceInitialize);
BOOL WINAPI InitOnceExecuteOnce(PINIT_ONCE InitOnce, PINIT_ONCE_FN InitFn, PVOID Parameter,
                                LPVOID *Context) NTWAIT_SYM(InitOnceExecuteOnce);
BOOL WINAPI InitOnceBeginInitialize(LPINIT_ONCE lpInitOnce, DWORD dwFlags, PBOOL fPending,
                                    LPVOID *lpContext) NTWAIT_SYM(InitOnceBeginInitialize);
BOOL WINAPI InitOnceComplete(LPINIT_ONCE lpInitOnce, DWORD dwFlags, LPVOID lpContext) NTWAIT_SYM(InitOnceComplete);

/* ---- Barriers ----
 * Callers: any thread, callbacks. EnterSynchronizationBarrier returns TRUE to one thread of each phase, the last.
 *   ERROR_INVALID_PARAMETER        less than one thread, a spin count below -1, unknown flags, a null barrier
 */
BOOL WINAPI InitializeSynchronizationBarrier(LPSYNCHRONIZATION_BARRIER lpBarrier, LONG lTotalThreads,
                                             LONG lSpinCount) NTWAIT_SYM(InitializeSynchronizationBarrier);
BOOL WINAPI EnterSynchronizationBarrier(LPSYNCHRONIZATION_BARRIER lpBarrier,
                                        DWORD dwFlags) NTWAIT_SYM(EnterSynchronizationBarrier);
BOOL WINAPI DeleteSynchronizationBarrier(LPSYNCHRONIZATION_BARRIER lpBarrier) NTWAIT_SYM(DeleteSynchronizationBarrier);

/* ---- Addresses ----
 * Callers: any thread, callbacks, static constructors. See RtlWaitOnAddress.
 *   ERROR_TIMEOUT                  the time was up
 *   ERROR_INVALID_PARAMETER        a size other than 1, 2, 4 and 8
 */
BOOL WINAPI WaitOnAddress(volatile VOID *Address, PVOID CompareAddress, SIZE_T AddressSize,
                          DWORD dwMilliseconds) NTWAIT_SYM(WaitOnAddress);
VOID WINAPI WakeByAddressSingle(PVOID Address) NTWAIT_SYM(WakeByAddressSingle);
VOID WINAPI WakeByAddressAll(PVOID Address) NTWAIT_SYM(WakeByAddressAll);

/* ---- Clocks ----
 * Callers: any thread, callbacks, static constructors.
 * Tick counts are milliseconds since the system was started; the one of 32 bits begins again after 49.7 days. The
 * performance counter counts QueryPerformanceFrequency ticks each second, and never goes back.
 */
DWORD WINAPI GetTickCount(void) NTWAIT_SYM(GetTickCount);
ULONGLONG WINAPI GetTickCount64(void) NTWAIT_SYM(GetTickCount64);
BOOL WINAPI QueryPerformanceCounter(LARGE_INTEGER *lpPerformanceCount) NTWAIT_SYM(QueryPerformanceCounter);
BOOL WINAPI QueryPerformanceFrequency(LARGE_INTEGER *lpFrequency) NTWAIT_SYM(QueryPerformanceFrequency);
VOID WINAPI GetSystemTimeAsFileTime(LPFILETIME lpSystemTimeAsFileTime) NTWAIT_SYM(GetSystemTimeAsFileTime);

#ifdef __cplusplus
}
#endif
#endif
