//! Every call, and what its arguments are: a letter each (see `arguments.rs`), and after `>` one for the result.

/// One call.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    arguments: &'static str,
}

impl Row {
    /// A letter for each argument.
    pub(crate) fn arguments(self) -> &'static str {
        self.arguments.split('>').next().unwrap_or_default()
    }

    /// What the call returns that has to be given back: `h` a handle, `t` a handle of a thread, `j` text. `x`: it never
    /// returns, so a thread of its own makes it.
    pub(crate) fn result(self) -> Option<char> {
        self.arguments.split_once('>').and_then(|(_, result)| result.chars().next())
    }
}

/// The calls by subject, and a test for each subject.
macro_rules! groups {
    ($($group:ident { $($name:ident $arguments:literal)* })*) => {
        pub(crate) const ROWS: &[Row] = &[$($(Row { name: stringify!($name), arguments: $arguments }),*),*];

        $(
            #[test]
            fn $group() {
                const CALLS: &[&str] = &[$(stringify!($name)),*];
                crate::children::walk_all(CALLS);
            }
        )*
    };
}

groups! {
    events {
        NtCreateEvent "oiAii" NtOpenEvent "oiA" NtSetEvent "h4" NtResetEvent "h4" NtClearEvent "h" NtPulseEvent "h4"
        NtQueryEvent "hqbn4" CreateEventA "Siia>h" CreateEventW "Siiw>h" CreateEventExA "Saii>h" CreateEventExW "Swii>h"
        OpenEventA "iia>h" OpenEventW "iiw>h" SetEvent "h" ResetEvent "h" PulseEvent "h"
    }
    mutants {
        NtCreateMutant "oiAi" NtOpenMutant "oiA" NtReleaseMutant "h4" NtQueryMutant "hqbn4"
        CreateMutexA "Sia>h" CreateMutexW "Siw>h" CreateMutexExA "Saii>h" CreateMutexExW "Swii>h"
        OpenMutexA "iia>h" OpenMutexW "iiw>h" ReleaseMutex "h"
    }
    semaphores {
        NtCreateSemaphore "oiAii" NtOpenSemaphore "oiA" NtReleaseSemaphore "hi4" NtQuerySemaphore "hqbn4"
        CreateSemaphoreA "Siia>h" CreateSemaphoreW "Siiw>h" CreateSemaphoreExA "Siiaii>h" CreateSemaphoreExW "Siiwii>h"
        OpenSemaphoreA "iia>h" OpenSemaphoreW "iiw>h" ReleaseSemaphore "hi4"
    }
    timers {
        NtCreateTimer "oiAi" NtOpenTimer "oiA" NtSetTimer "hTCiii1" NtCancelTimer "h1" NtQueryTimer "hqbn4"
        CreateWaitableTimerA "Sia>h" CreateWaitableTimerW "Siw>h" CreateWaitableTimerExA "Saii>h"
        CreateWaitableTimerExW "Swii>h" OpenWaitableTimerA "iia>h" OpenWaitableTimerW "iiw>h"
        SetWaitableTimer "hTiCii" SetWaitableTimerEx "hTiCiRi" CancelWaitableTimer "h"
    }
    keyed_events {
        NtCreateKeyedEvent "oiAi" NtOpenKeyedEvent "oiA" NtWaitForKeyedEvent "hii9" NtReleaseKeyedEvent "hii9"
    }
    waits {
        NtWaitForSingleObject "hit" NtWaitForMultipleObjects "cHiit" NtSignalAndWaitForSingleObject "hhit"
        NtDelayExecution "i9" NtYieldExecution "" WaitForSingleObject "hm" WaitForSingleObjectEx "hmi"
        WaitForMultipleObjects "cHim" WaitForMultipleObjectsEx "cHimi" SignalObjectAndWait "hhmi" Sleep "m" SleepEx "mi"
        SwitchToThread "" RegisterWaitForSingleObject "rhCiii" UnregisterWait "W" UnregisterWaitEx "Wh"
    }
    alerts {
        NtAlertThread "h" NtAlertResumeThread "h4" NtTestAlert "" NtQueueApcThread "hCiii"
        NtWaitForAlertByThreadId "i9" NtAlertThreadByThreadId "i" QueueUserAPC "Chi"
    }
    threads {
        NtCreateThreadEx "OiApCiiiiiL" NtOpenThread "oiAK" NtTerminateThread "vi" NtSuspendThread "v4" NtResumeThread "h4"
        CreateThread "SiCii4>t" ExitThread "i>x" TerminateThread "vi" SuspendThread "v" ResumeThread "h"
        GetExitCodeThread "h4" GetCurrentProcess "" GetCurrentThread "" GetCurrentThreadId "" GetCurrentProcessId ""
        GetThreadId "h" OpenThread "iii>h" RtlExitUserThread "i>x"
    }
    information {
        NtQueryInformationThread "hqbn4" NtSetInformationThread "hqjn" GetThreadPriority "h" SetThreadPriority "hi"
        SetThreadPriorityBoost "hi" SetThreadAffinityMask "hi" SetThreadDescription "hw" GetThreadDescription "h8"
        GetThreadTimes "h8888"
    }
    processes {
        NtOpenProcess "oiAK" NtQueryInformationProcess "pqbn4" OpenProcess "iii>h" GetExitCodeProcess "p4" GetProcessId "p"
    }
    handles {
        NtClose "h" NtDuplicateObject "phpoiii" NtQueryObject "hqbn4" NtSetInformationObject "hqjn" NtCompareObjects "hh"
        CloseHandle "h" DuplicateHandle "phpoiii" GetHandleInformation "h4" SetHandleInformation "hii"
        CompareObjectHandles "hh" GetLastError "" SetLastError "i" LocalFree "M"
    }
    slots {
        TlsAlloc "" TlsFree "i" TlsGetValue "i" TlsSetValue "ii" FlsAlloc "C" FlsFree "i" FlsGetValue "i" FlsSetValue "ii"
    }
    sections {
        RtlInitializeCriticalSection "y" RtlInitializeCriticalSectionAndSpinCount "yi"
        RtlInitializeCriticalSectionEx "yii" RtlEnterCriticalSection "s" RtlTryEnterCriticalSection "y" RtlLeaveCriticalSection "y" RtlDeleteCriticalSection "y"
        InitializeCriticalSection "y" InitializeCriticalSectionAndSpinCount "yi" InitializeCriticalSectionEx "yii"
        EnterCriticalSection "s" TryEnterCriticalSection "y" LeaveCriticalSection "y" DeleteCriticalSection "y"
    }
    srw_locks {
        RtlInitializeSRWLock "x" RtlAcquireSRWLockExclusive "l" RtlAcquireSRWLockShared "l"
        RtlTryAcquireSRWLockExclusive "x" RtlTryAcquireSRWLockShared "x" RtlReleaseSRWLockExclusive "x"
        RtlReleaseSRWLockShared "x" InitializeSRWLock "x" AcquireSRWLockExclusive "l" AcquireSRWLockShared "l"
        TryAcquireSRWLockExclusive "x" TryAcquireSRWLockShared "x" ReleaseSRWLockExclusive "x" ReleaseSRWLockShared "x"
    }
    conditions {
        RtlInitializeConditionVariable "x" RtlSleepConditionVariableCS "xs9" RtlSleepConditionVariableSRW "xE9i"
        RtlWakeConditionVariable "x" RtlWakeAllConditionVariable "x" InitializeConditionVariable "x"
        SleepConditionVariableCS "xsm" SleepConditionVariableSRW "xEmi" WakeConditionVariable "x"
        WakeAllConditionVariable "x"
    }
    run_once {
        RtlRunOnceInitialize "x" RtlRunOnceBeginInitialize "0i8" RtlRunOnceComplete "xii" RtlRunOnceExecuteOnce "0Ci8"
        InitOnceInitialize "x" InitOnceBeginInitialize "0i48" InitOnceComplete "xii" InitOnceExecuteOnce "0Ci8"
    }
    barriers {
        RtlInitBarrier "zii" RtlBarrier "Bi" RtlDeleteBarrier "B" InitializeSynchronizationBarrier "zii"
        EnterSynchronizationBarrier "Bi" DeleteSynchronizationBarrier "B"
    }
    addresses_and_clocks {
        RtlWaitOnAddress "TTi9" RtlWakeAddressSingle "i" RtlWakeAddressAll "i" WaitOnAddress "TTim"
        WakeByAddressSingle "i" WakeByAddressAll "i" GetTickCount "" GetTickCount64 "" QueryPerformanceCounter "8"
        QueryPerformanceFrequency "8" GetSystemTimeAsFileTime "8" RtlNtStatusToDosError "i" RtlInitUnicodeString "uw"
    }
    extensions {
        ntw_wait_for_objects "cHit8" ntw_export_fd "hf" ntw_import_fd "iio" ntw_open_process "io"
        ntw_wait_graph ">j" ntw_deadlocks ">j" ntw_free "M" ntw_win64_export "aa" ntw_version ""
    }
}
