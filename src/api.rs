//! The calls that a Windows-on-Linux shim expects of its platform, as a trait and its implementation.

use crate::handle::entry::Handle;
use crate::nt::access::AccessMask;
use crate::nt::{CreateThreadFlags, EventType, ObjectAttributes};
use crate::objects::thread::StartRoutine;
use crate::objects::{Kind, Signal};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::traced::traced;
use core::ffi::c_void;

/// The handle of a thread. All handles are of one type, as in NT; what they name is checked when they are used.
pub type ThreadHandle = Handle;

/// The handle of an event. All handles are of one type, as in NT; what they name is checked when they are used.
pub type EventHandle = Handle;

/// A wait ended because the object was signalled.
pub const WAIT_OBJECT_0: u32 = 0;
/// A wait ended because its time was up.
pub const WAIT_TIMEOUT: u32 = 0x102;
/// Milliseconds that mean for ever.
pub const INFINITE: u32 = u32::MAX;

/// The synchronization calls of `ntdll` in the short form that shims use: milliseconds, no access masks.
///
/// Everything takes `&self`, so that no lock is needed around the implementation, and no call holds one while it
/// waits. The trait can be made into an object and wrapped.
///
/// ```
/// use ntwait::{Ntdll, NtdllApi, WAIT_OBJECT_0};
///
/// let platform = Ntdll::new()?;
/// let event = platform.nt_create_event(true, false)?; // manual reset, not set
/// std::thread::scope(|scope| {
///     scope.spawn(|| platform.nt_set_event(event));
///     assert_eq!(platform.nt_wait_for_event(event, 5_000), Ok(WAIT_OBJECT_0));
/// });
/// platform.nt_reset_event(event)?;
/// platform.nt_close_handle(event.0)?;
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
#[allow(unsafe_code, reason = "a thread is ended by force only by who knows that it may be")]
pub trait NtdllApi {
    /// Makes a thread that calls `entry(parameter)`; what that returns is the exit code. `stack_size` is in bytes, 0 for
    /// the default of 1 MiB.
    ///
    /// ```
    /// use ntwait::{INFINITE, Ntdll, NtdllApi, WAIT_OBJECT_0};
    /// use std::ffi::c_void;
    ///
    /// extern "C" fn thread_func(_parameter: *mut c_void) -> u32 {
    ///     42 // exit code
    /// }
    ///
    /// let platform = Ntdll::new()?;
    /// let thread = platform.nt_create_thread(thread_func, std::ptr::null_mut(), 1024 * 1024)?;
    /// assert_eq!(platform.nt_wait_for_single_object(thread, INFINITE), Ok(WAIT_OBJECT_0));
    /// assert_eq!(platform.nt_get_exit_code_thread(thread), Ok(42));
    /// platform.nt_close_handle(thread.0)?;
    /// # Ok::<(), ntwait::NtStatus>(())
    /// ```
    ///
    /// # Errors
    /// `NO_MEMORY`: no such stack can be had. `INSUFFICIENT_RESOURCES`: too many threads or handles.
    fn nt_create_thread(
        &self,
        entry: extern "C" fn(*mut c_void) -> u32,
        parameter: *mut c_void,
        stack_size: usize,
    ) -> Result<ThreadHandle, NtStatus>;

    /// Ends a thread with this exit code, wherever it is: see [`Runtime::nt_terminate_thread`].
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`; `NOT_SUPPORTED` for a thread that the library did not
    /// make.
    ///
    /// # Safety
    /// Nothing may refer to the thread's stack, or rely on destructors there, when it ends.
    unsafe fn nt_terminate_thread(&self, thread: ThreadHandle, exit_code: u32) -> Result<(), NtStatus>;

    /// The exit code of a thread; 259 (`STILL_ACTIVE`) until it has ended (TH1).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`.
    fn nt_get_exit_code_thread(&self, thread: ThreadHandle) -> Result<u32, NtStatus>;

    /// Makes an event, with all rights.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or there is no memory.
    fn nt_create_event(&self, manual_reset: bool, initial_state: bool) -> Result<EventHandle, NtStatus>;

    /// Sets an event: one waiter is released (auto reset) or all (manual reset).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`.
    fn nt_set_event(&self, event: EventHandle) -> Result<(), NtStatus>;

    /// Clears an event.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`.
    fn nt_reset_event(&self, event: EventHandle) -> Result<(), NtStatus>;

    /// Waits for an event, for so many milliseconds, or for ever ([`INFINITE`]). Answers [`WAIT_OBJECT_0`] or
    /// [`WAIT_TIMEOUT`].
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`.
    fn nt_wait_for_event(&self, event: EventHandle, timeout_ms: u32) -> Result<u32, NtStatus>;

    /// Waits for any object; as [`nt_wait_for_event`](Self::nt_wait_for_event), without the check of the type.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `ACCESS_DENIED`.
    fn nt_wait_for_single_object(&self, object: Handle, timeout_ms: u32) -> Result<u32, NtStatus>;

    /// Closes a handle of any type.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `HANDLE_NOT_CLOSABLE`.
    fn nt_close_handle(&self, handle: u64) -> Result<(), NtStatus>;

    /// Does the implementation report its calls to subscribers of `tracing` by itself, as [`Ntdll`] does with the feature
    /// `trace`? Then a wrapper that reports calls passes them on in silence. An implementation that wraps another answers
    /// as that one does.
    fn traces_itself(&self) -> bool {
        false
    }
}

/// [`NtdllApi`] on a [`Runtime`].
#[derive(Clone, Copy, Debug)]
pub struct Ntdll {
    runtime: &'static Runtime,
}

impl Ntdll {
    /// On the process-wide runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the kernel refuses the address space for it.
    pub fn new() -> Result<Self, NtStatus> {
        Runtime::try_global().map(Self::on)
    }

    /// On a runtime of the caller's.
    #[must_use]
    pub const fn on(runtime: &'static Runtime) -> Self {
        Self { runtime }
    }

    /// The runtime, for the calls that the trait does not have.
    #[must_use]
    pub const fn runtime(&self) -> &'static Runtime {
        self.runtime
    }

    fn create_thread(
        &self,
        routine: Option<StartRoutine>,
        parameter: *mut c_void,
        stack_size: usize,
    ) -> Result<ThreadHandle, NtStatus> {
        let (access, flags) = (AccessMask::THREAD_ALL_ACCESS, CreateThreadFlags::empty());
        let (attributes, process) = (ObjectAttributes::NONE, Handle::CURRENT_PROCESS);
        self.runtime.create_thread(access, attributes, process, routine, parameter, flags, stack_size, &|_| ())
    }

    fn wait(&self, object: Handle, timeout_ms: u32) -> Result<u32, NtStatus> {
        let status = self.runtime.wait_single(object, false, Timeout::from_millis(timeout_ms));
        status.ok().map(|()| status.0)
    }
}

#[allow(unsafe_code, reason = "ends a thread by force, if the caller may")]
impl NtdllApi for Ntdll {
    fn traces_itself(&self) -> bool {
        cfg!(feature = "trace")
    }

    fn nt_create_thread(
        &self,
        entry: extern "C" fn(*mut c_void) -> u32,
        parameter: *mut c_void,
        stack_size: usize,
    ) -> Result<ThreadHandle, NtStatus> {
        let routine = Some(StartRoutine::C(entry));
        traced!(NtCreateThread(entry_point = routine, parameter = parameter, stack_size = stack_size) -> handle,
            self.create_thread(routine, parameter, stack_size))
    }

    unsafe fn nt_terminate_thread(&self, thread: ThreadHandle, exit_code: u32) -> Result<(), NtStatus> {
        traced!(
            NtTerminateThread(handle = thread, exit_code = exit_code),
            // SAFETY: the caller's promise.
            unsafe { self.runtime.terminate_thread(thread, exit_code) }.ok()
        )
    }

    fn nt_get_exit_code_thread(&self, thread: ThreadHandle) -> Result<u32, NtStatus> {
        traced!(NtGetExitCodeThread(handle = thread) -> exit_code,
            self.runtime.thread_basic_information(thread).map(|basic| basic.exit_status))
    }

    fn nt_create_event(&self, manual_reset: bool, initial_state: bool) -> Result<EventHandle, NtStatus> {
        let event_type = if manual_reset { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
        let access = AccessMask::EVENT_ALL_ACCESS;
        traced!(NtCreateEvent(manual_reset = manual_reset, initial_state = initial_state) -> handle,
            self.runtime.create_event(access, ObjectAttributes::NONE, event_type, initial_state))
    }

    fn nt_set_event(&self, event: EventHandle) -> Result<(), NtStatus> {
        match self.runtime.set_idle_event(event) {
            Some(_) => Ok(()),
            None => traced!(NtSetEvent(handle = event), self.runtime.signal_event(event, Signal::Set).map(drop)),
        }
    }

    fn nt_reset_event(&self, event: EventHandle) -> Result<(), NtStatus> {
        match self.runtime.reset_idle_event(event) {
            Some(_) => Ok(()),
            None => traced!(NtResetEvent(handle = event), self.runtime.reset_event(event).map(drop)),
        }
    }

    fn nt_wait_for_event(&self, event: EventHandle, timeout_ms: u32) -> Result<u32, NtStatus> {
        traced!(NtWaitForEvent(handle = event, timeout_ms = Milliseconds(timeout_ms)) -> wait,
            self.runtime.table().find(event, Kind::Event, 0).and_then(|_| self.wait(event, timeout_ms)))
    }

    fn nt_wait_for_single_object(&self, object: Handle, timeout_ms: u32) -> Result<u32, NtStatus> {
        match self.runtime.take_now(object, timeout_ms == 0) {
            Some(status) => status.ok().map(|()| status.0),
            None => traced!(NtWaitForSingleObject(handle = object, timeout_ms = Milliseconds(timeout_ms)) -> wait,
                self.wait(object, timeout_ms)),
        }
    }

    fn nt_close_handle(&self, handle: u64) -> Result<(), NtStatus> {
        traced!(NtCloseHandle(handle = Handle(handle)), self.runtime.close(Handle(handle)).ok())
    }
}
