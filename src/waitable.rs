//! What the objects for Rust programs share: a handle that they own, and waits for several of them.

use crate::handle::entry::Handle;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::wait::Ended;
use crate::waiter::shield::ShieldedVec;
#[cfg(not(ntwait_loom))]
use std::os::fd::OwnedFd;

/// Something that can be waited for together with other things.
pub trait Waitable {
    /// Its handle.
    fn handle(&self) -> Handle;
    /// The runtime that the handle belongs to.
    fn runtime(&self) -> &'static Runtime;

    /// A descriptor that polls readable exactly while the object is signalled, for event loops: see
    /// [`Runtime::export_fd`].
    ///
    /// # Errors
    /// `TOO_MANY_OPENED_FILES`, `INSUFFICIENT_RESOURCES`: none can be had. `INVALID_HANDLE`: the handle was closed behind its
    /// owner's back.
    #[cfg(not(ntwait_loom))]
    fn export_fd(&self) -> Result<OwnedFd, NtStatus> {
        self.runtime().export_fd(self.handle())
    }
}

/// A handle that is closed when it is dropped.
#[derive(Debug)]
pub(crate) struct Owned {
    pub(crate) runtime: &'static Runtime,
    pub(crate) handle: Handle,
}

impl Owned {
    pub(crate) fn new(runtime: &'static Runtime, handle: Handle) -> Self {
        Self { runtime, handle }
    }

    /// Waits for the object, not alertably. False: the time was up.
    pub(crate) fn wait(&self, timeout: Timeout) -> bool {
        let status = self.runtime.wait_for(self.handle, timeout);
        self.sound(status.ok());
        status == NtStatus::WAIT_0
    }

    /// What an operation says that can only fail if the handle is not the owner's any more.
    #[inline]
    #[track_caller]
    pub(crate) fn sound<T>(&self, answer: Result<T, NtStatus>) -> T {
        match answer {
            Ok(answer) => answer,
            Err(status) => panic!("the handle of {self:?} was closed behind its back: {status}"),
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // An error means that somebody closed it before us, or protects it; then it is theirs.
        let _ = self.runtime.nt_close(self.handle);
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

/// Signals one object and waits for another, in one indivisible step: an event is set, a [`Mutant`](crate::Mutant) that
/// the calling thread owns given up by one level, a [`Semaphore`](crate::Semaphore) released by one. Who is released by that
/// and pulses the other finds the caller waiting. However the wait ends, the signal stays.
///
/// A mutant's guard does not notice: [forget](core::mem::forget) it, or what it does when it is dropped comes too late.
///
/// ```
/// use ntwait::{Ended, Event, signal_and_wait};
/// use std::time::Duration;
///
/// let (request, answer) = (Event::auto_reset(false)?, Event::auto_reset(false)?);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         request.wait();
///         answer.pulse(); // the other waits for it already
///     });
///     assert_eq!(signal_and_wait(&request, &answer, Duration::from_secs(5)), Ok(Ended::Object(0)));
/// });
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
///
/// # Errors
/// Nothing is signalled then. `OBJECT_TYPE_MISMATCH`: the first cannot be signalled, like a thread.
/// `SEMAPHORE_LIMIT_EXCEEDED`, `MUTANT_NOT_OWNED`, `ABANDONED`: it cannot be now. `INVALID_PARAMETER_MIX`: objects of
/// different runtimes. `INVALID_HANDLE`: a handle was closed behind its owner's back. After the signal:
/// `MUTANT_LIMIT_EXCEEDED`, a mutant that the thread owns as deep as can be.
pub fn signal_and_wait(
    first: &dyn Waitable,
    second: &dyn Waitable,
    timeout: impl Into<Timeout>,
) -> Result<Ended, NtStatus> {
    let runtime = first.runtime();
    if !core::ptr::eq(second.runtime(), runtime) {
        return Err(NtStatus::INVALID_PARAMETER_MIX);
    }
    runtime.signal_and_wait(first.handle(), second.handle(), timeout.into())
}

/// Handles that are collected on the stack; more are allocated.
const ON_STACK: usize = 64;

/// Does something with the handles of objects of one runtime.
pub(crate) fn with_handles<T>(
    objects: &[&dyn Waitable],
    wait: impl FnOnce(&'static Runtime, &[Handle]) -> Result<T, NtStatus>,
) -> Result<T, NtStatus> {
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
