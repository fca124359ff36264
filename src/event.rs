//! Events for Rust programs: they own their handle, and waits take references to them.

use crate::handle::entry::Handle;
use crate::nt::access::{AccessMask, HandleAttributes};
use crate::nt::{EventType, ObjectAttributes, ObjectName};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::waitable::{Owned, Waitable};
use core::time::Duration;

/// An event: a flag that threads wait for.
///
/// An auto-reset event releases one waiter for each set and is clear again when the wait returns; a manual-reset
/// event releases everybody until it is reset. The event lives in a [`Runtime`] (the process-wide one, unless it is
/// made with [`Event::new_in`]) and is closed when it is dropped.
///
/// The methods panic only if somebody closed the event's handle behind its back.
///
/// ```
/// let ready = ntwait::Event::manual_reset(false)?;
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| ready.wait());
///     }
///     ready.set(); // all four
/// });
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
#[derive(Debug)]
pub struct Event(Owned);

impl Event {
    /// An event that a satisfied wait clears, in the process-wide runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or there is no memory.
    pub fn auto_reset(initially_set: bool) -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, EventType::SYNCHRONIZATION, initially_set)
    }

    /// An event that stays set until it is reset, in the process-wide runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or there is no memory.
    pub fn manual_reset(initially_set: bool) -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, EventType::NOTIFICATION, initially_set)
    }

    /// An event in a runtime of the caller's.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: no such type. `INSUFFICIENT_RESOURCES`: the handle table is full, or there is no memory.
    pub fn new_in(runtime: &'static Runtime, event_type: EventType, initially_set: bool) -> Result<Self, NtStatus> {
        let access = AccessMask::EVENT_ALL_ACCESS;
        let handle = runtime.nt_create_event(access, ObjectAttributes::NONE, event_type, initially_set)?;
        Ok(Self(Owned::new(runtime, handle)))
    }

    /// The event of this name in the process-wide runtime. If there is none it is made, of this type and state; the last one
    /// of the name that is dropped takes the name along. The name is one as for [`ObjectName::win32`].
    ///
    /// ```
    /// use ntwait::{Event, EventType};
    ///
    /// let here = Event::named("documentation.ready", EventType::NOTIFICATION, false)?;
    /// let there = Event::open("documentation.ready")?;
    /// there.set();
    /// assert!(here.is_set());
    /// # Ok::<(), ntwait::NtStatus>(())
    /// ```
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: no such type. `OBJECT_TYPE_MISMATCH`: an object of that name is no event.
    /// `OBJECT_NAME_INVALID`, `OBJECT_PATH_NOT_FOUND`, `OBJECT_PATH_SYNTAX_BAD`: no such name can be.
    /// `INSUFFICIENT_RESOURCES`, `NO_MEMORY`.
    pub fn named(name: &str, event_type: EventType, initially_set: bool) -> Result<Self, NtStatus> {
        let runtime = Runtime::try_global()?;
        let name = ObjectName::win32(name)?;
        let attributes = ObjectAttributes::named(&name).with(HandleAttributes::OPENIF);
        let handle = runtime.nt_create_event(AccessMask::EVENT_ALL_ACCESS, attributes, event_type, initially_set)?;
        Ok(Self(Owned::new(runtime, handle)))
    }

    /// The event of this name in the process-wide runtime, which must be there.
    ///
    /// # Errors
    /// `OBJECT_NAME_NOT_FOUND`: there is none. Otherwise as for [`named`](Self::named).
    pub fn open(name: &str) -> Result<Self, NtStatus> {
        let runtime = Runtime::try_global()?;
        let name = ObjectName::win32(name)?;
        let handle = runtime.nt_open_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::named(&name))?;
        Ok(Self(Owned::new(runtime, handle)))
    }

    /// Sets the event. Was it set before? (No, if a waiter took it.)
    #[inline]
    pub fn set(&self) -> bool {
        self.state(self.0.runtime.nt_set_event(self.0.handle))
    }

    /// Clears the event. Was it set?
    #[inline]
    pub fn reset(&self) -> bool {
        self.state(self.0.runtime.nt_reset_event(self.0.handle))
    }

    /// Releases those who wait now, one or all, and leaves the event clear. Was it set before?
    pub fn pulse(&self) -> bool {
        self.state(self.0.runtime.nt_pulse_event(self.0.handle))
    }

    /// Is it set? A look that changes nothing; the answer may be old when it is used.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let mut information = [0; 8];
        let status = self.0.runtime.nt_query_event(self.0.handle, 0, &mut information, None);
        self.0.sound(status.ok());
        information[4..] != [0; 4]
    }

    /// Waits for the event, for ever.
    pub fn wait(&self) {
        let _ = self.0.wait(Timeout::Never);
    }

    /// Waits for the event, for so long. False: the time was up, and nothing was taken.
    #[must_use = "false means that the event was not set in time"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.0.wait(Timeout::After(timeout))
    }

    /// Takes the event if it is set.
    #[must_use = "false means that the event was not set"]
    pub fn try_wait(&self) -> bool {
        self.0.wait(Timeout::Poll)
    }

    /// Its handle, for the `nt_*` calls. It is closed when the event is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle
    }

    #[inline]
    fn state(&self, answer: Result<i32, NtStatus>) -> bool {
        self.0.sound(answer) != 0
    }
}

impl Waitable for Event {
    fn handle(&self) -> Handle {
        self.0.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.0.runtime
    }
}
