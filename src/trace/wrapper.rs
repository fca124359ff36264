//! Reports of the calls of any [`NtdllApi`].

use super::environment;
use crate::api::{EventHandle, NtdllApi, ThreadHandle};
use crate::handle::entry::Handle;
use crate::objects::thread::StartRoutine;
use crate::status::NtStatus;
use crate::traced::traced;
use core::ffi::c_void;

/// Reports every call of an implementation of [`NtdllApi`], one that you have made perhaps.
///
/// Calls of [`Ntdll`](crate::Ntdll) are reported anyway, and once only, be it wrapped or not: see
/// [`NtdllApi::traces_itself`].
///
/// ```
/// use ntwait::{Ntdll, NtdllApi, TraceConfig, Traced};
///
/// TraceConfig::new().json().stdout().install()?;
/// let platform = Traced::new(Ntdll::new()?);
/// let event = platform.nt_create_event(false, true)?;
/// platform.nt_close_handle(event.0)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traced<A>(A);

impl<A> Traced<A> {
    /// Wraps the implementation.
    pub const fn new(api: A) -> Self {
        Self(api)
    }

    /// What is wrapped.
    pub const fn inner(&self) -> &A {
        &self.0
    }

    /// Unwraps it.
    pub fn into_inner(self) -> A {
        self.0
    }
}

/// The body of a call: reported, if what is wrapped does not do it itself.
macro_rules! once {
    ($self:ident, $body:expr, $($call:tt)*) => {{
        if $self.0.traces_itself() {
            return $body;
        }
        environment::begin(); // there may be no runtime
        traced!($($call)*, $body)
    }};
}

#[allow(unsafe_code, reason = "passes on what ends a thread by force")]
impl<A: NtdllApi> NtdllApi for Traced<A> {
    fn traces_itself(&self) -> bool {
        true
    }

    fn nt_create_thread(
        &self,
        entry: extern "C" fn(*mut c_void) -> u32,
        parameter: *mut c_void,
        stack_size: usize,
    ) -> Result<ThreadHandle, NtStatus> {
        once!(self, self.0.nt_create_thread(entry, parameter, stack_size), NtCreateThread(
            entry_point = Some(StartRoutine::C(entry)), parameter = parameter, stack_size = stack_size) -> handle)
    }

    unsafe fn nt_terminate_thread(&self, thread: ThreadHandle, exit_code: u32) -> Result<(), NtStatus> {
        once!(
            self,
            // SAFETY: the caller's promise.
            unsafe { self.0.nt_terminate_thread(thread, exit_code) },
            NtTerminateThread(handle = thread, exit_code = exit_code)
        )
    }

    fn nt_get_exit_code_thread(&self, thread: ThreadHandle) -> Result<u32, NtStatus> {
        once!(self, self.0.nt_get_exit_code_thread(thread), NtGetExitCodeThread(handle = thread) -> exit_code)
    }

    fn nt_create_event(&self, manual_reset: bool, initial_state: bool) -> Result<EventHandle, NtStatus> {
        once!(self, self.0.nt_create_event(manual_reset, initial_state), NtCreateEvent(
            manual_reset = manual_reset, initial_state = initial_state) -> handle)
    }

    fn nt_set_event(&self, event: EventHandle) -> Result<(), NtStatus> {
        once!(self, self.0.nt_set_event(event), NtSetEvent(handle = event))
    }

    fn nt_reset_event(&self, event: EventHandle) -> Result<(), NtStatus> {
        once!(self, self.0.nt_reset_event(event), NtResetEvent(handle = event))
    }

    fn nt_wait_for_event(&self, event: EventHandle, timeout_ms: u32) -> Result<u32, NtStatus> {
        once!(self, self.0.nt_wait_for_event(event, timeout_ms), NtWaitForEvent(
            handle = event, timeout_ms = Milliseconds(timeout_ms)) -> wait)
    }

    fn nt_wait_for_single_object(&self, object: Handle, timeout_ms: u32) -> Result<u32, NtStatus> {
        once!(self, self.0.nt_wait_for_single_object(object, timeout_ms), NtWaitForSingleObject(
            handle = object, timeout_ms = Milliseconds(timeout_ms)) -> wait)
    }

    fn nt_close_handle(&self, handle: u64) -> Result<(), NtStatus> {
        once!(self, self.0.nt_close_handle(handle), NtCloseHandle(handle = Handle(handle)))
    }
}
