//! Events for Rust programs: they own their handle, and waits take references to them.

use crate::handle::entry::Handle;
use crate::nt::access::{AccessMask, HandleAttributes};
use crate::nt::{EventType, ObjectAttributes, ObjectName};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::wait::Ended;
use crate::waiter::shield::ShieldedVec;
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
pub struct Event {
    runtime: &'static Runtime,
    handle: Handle,
}

/// Something that can be waited for together with other things.
pub trait Waitable {
    /// Its handle.
    fn handle(&self) -> Handle;
    /// The runtime that the handle belongs to.
    fn runtime(&self) -> &'static Runtime;
}

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
        Ok(Self { runtime, handle })
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
        Ok(Self { runtime, handle })
    }

    /// The event of this name in the process-wide runtime, which must be there.
    ///
    /// # Errors
    /// `OBJECT_NAME_NOT_FOUND`: there is none. Otherwise as for [`named`](Self::named).
    pub fn open(name: &str) -> Result<Self, NtStatus> {
        let runtime = Runtime::try_global()?;
        let name = ObjectName::win32(name)?;
        let handle = runtime.nt_open_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::named(&name))?;
        Ok(Self { runtime, handle })
    }

    /// Sets the event. Was it set before? (No, if a waiter took it.)
    pub fn set(&self) -> bool {
        self.state(self.runtime.nt_set_event(self.handle))
    }

    /// Clears the event. Was it set?
    pub fn reset(&self) -> bool {
        self.state(self.runtime.nt_reset_event(self.handle))
    }

    /// Releases those who wait now, one or all, and leaves the event clear. Was it set before?
    pub fn pulse(&self) -> bool {
        self.state(self.runtime.nt_pulse_event(self.handle))
    }

    /// Is it set? A look that changes nothing; the answer may be old when it is used.
    #[must_use]
    pub fn is_set(&self) -> bool {
        let mut information = [0; 8];
        let status = self.runtime.nt_query_event(self.handle, 0, &mut information, None);
        self.state(status.ok().map(|()| i32::from(information[4..] != [0; 4])))
    }

    /// Waits for the event, for ever.
    pub fn wait(&self) {
        let _ = self.wait_for(Timeout::Never);
    }

    /// Waits for the event, for so long. False: the time was up, and nothing was taken.
    #[must_use = "false means that the event was not set in time"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.wait_for(Timeout::After(timeout))
    }

    /// Takes the event if it is set.
    #[must_use = "false means that the event was not set"]
    pub fn try_wait(&self) -> bool {
        self.wait_for(Timeout::Poll)
    }

    /// Its handle, for the `nt_*` calls. It is closed when the event is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle
    }

    fn wait_for(&self, timeout: Timeout) -> bool {
        let status = self.runtime.wait_for(self.handle, timeout);
        self.state(status.ok().map(|()| i32::from(status == NtStatus::WAIT_0)))
    }

    #[inline]
    fn state(&self, answer: Result<i32, NtStatus>) -> bool {
        match answer {
            Ok(state) => state != 0,
            Err(status) => panic!("the handle of {self:?} was closed behind its back: {status}"),
        }
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        // An error means that somebody closed it before us, or protects it; then it is theirs.
        let _ = self.runtime.nt_close(self.handle);
    }
}

impl Waitable for Event {
    fn handle(&self) -> Handle {
        self.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.runtime
    }
}

/// Waits until one of the objects is signalled and takes it; the answer says which. If several are, the first.
///
/// # Errors
/// `INVALID_PARAMETER_1`: no objects, or more than 1,048,576. `INVALID_PARAMETER_MIX`: objects of different
/// runtimes. `INVALID_HANDLE`: a handle was closed behind its owner's back.
pub fn wait_any(objects: &[&dyn Waitable], timeout: impl Into<Timeout>) -> Result<Ended, NtStatus> {
    with_handles(objects, |runtime, handles| runtime.wait_any(handles, timeout.into()))
}

/// Waits until all of the objects are signalled at one moment and takes them all; success is `Object(0)`.
///
/// # Errors
/// As for [`wait_any`]; `INVALID_PARAMETER_MIX` also for an object that is listed twice.
pub fn wait_all(objects: &[&dyn Waitable], timeout: impl Into<Timeout>) -> Result<Ended, NtStatus> {
    with_handles(objects, |runtime, handles| runtime.wait_all(handles, timeout.into()))
}

/// Handles that are collected on the stack; more are allocated.
const ON_STACK: usize = 64;

fn with_handles(
    objects: &[&dyn Waitable],
    wait: impl FnOnce(&'static Runtime, &[Handle]) -> Result<Ended, NtStatus>,
) -> Result<Ended, NtStatus> {
    let runtime = objects.first().ok_or(NtStatus::INVALID_PARAMETER_1)?.runtime();
    if objects.iter().any(|object| !core::ptr::eq(object.runtime(), runtime)) {
        return Err(NtStatus::INVALID_PARAMETER_MIX);
    }
    let handles = objects.iter().map(|object| object.handle());
    if objects.len() <= ON_STACK {
        let mut on_stack = [Handle::NULL; ON_STACK];
        on_stack.iter_mut().zip(handles).for_each(|(place, handle)| *place = handle);
        return wait(runtime, &on_stack[..objects.len()]);
    }
    let mut on_heap = ShieldedVec::with_capacity(objects.len()).ok_or(NtStatus::NO_MEMORY)?;
    on_heap.extend(handles);
    wait(runtime, &on_heap)
}
