//! The calls that a Windows-on-Linux shim expects of its platform, as a trait and its implementation.

use crate::handle::entry::Handle;
use crate::nt::EventType;
use crate::nt::access::{AccessMask, ObjectAttributes};
use crate::objects::Kind;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;

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
pub trait NtdllApi {
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
}

impl NtdllApi for Ntdll {
    fn nt_create_event(&self, manual_reset: bool, initial_state: bool) -> Result<EventHandle, NtStatus> {
        let event_type = if manual_reset { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
        let access = AccessMask::EVENT_ALL_ACCESS;
        self.runtime.nt_create_event(access, ObjectAttributes::NONE, event_type, initial_state)
    }

    fn nt_set_event(&self, event: EventHandle) -> Result<(), NtStatus> {
        self.runtime.nt_set_event(event).map(drop)
    }

    fn nt_reset_event(&self, event: EventHandle) -> Result<(), NtStatus> {
        self.runtime.nt_reset_event(event).map(drop)
    }

    fn nt_wait_for_event(&self, event: EventHandle, timeout_ms: u32) -> Result<u32, NtStatus> {
        self.runtime.table().find(event, Kind::Event, 0)?;
        self.nt_wait_for_single_object(event, timeout_ms)
    }

    fn nt_wait_for_single_object(&self, object: Handle, timeout_ms: u32) -> Result<u32, NtStatus> {
        let status = self.runtime.wait_for(object, Timeout::from_millis(timeout_ms));
        status.ok().map(|()| status.0)
    }

    fn nt_close_handle(&self, handle: u64) -> Result<(), NtStatus> {
        self.runtime.nt_close(Handle(handle)).ok()
    }
}
