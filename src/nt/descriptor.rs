//! Objects and the descriptors of Linux: what NT does not have.

#![allow(unsafe_code, reason = "a descriptor by its number")]

use crate::handle::entry::Handle;
use crate::objects::Kind;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::eventfd;
use std::os::fd::OwnedFd;

impl Runtime {
    /// A descriptor that polls readable exactly while the object is signalled, for `poll`, `epoll`, `io_uring` and the event
    /// loops that are made of them. It is the caller's, who closes it before the object or after.
    ///
    /// It is an eventfd, and level: an auto-reset event that somebody's wait takes makes it unreadable again, a semaphore
    /// leaves it readable while its count is above 0, a mutant makes it readable while nobody owns it, and a thread that has ended leaves
    /// it readable for ever, also when the object is gone. A pulse, and what goes straight to somebody who waits, is not seen. Who
    /// watches for edges has one for each signal.
    ///
    /// Readable means: try. The object is taken by a wait with time-out 0, which may find that another was quicker. Reading the
    /// descriptor is never needed and takes nothing of the object; it is unreadable then, until the object changes the next time.
    ///
    /// Of what follows a descriptor itself ([`import_fd`](Self::import_fd), [`nt_open_process`](Self::nt_open_process)) it is no
    /// eventfd, but as exact: of a process another descriptor of it, of an imported descriptor an event loop that watches it, which
    /// says nothing more when all descriptors of the same open file are closed, the object's among them.
    ///
    /// Each other object has one eventfd at most, whose copies this returns. From the first on, changes of the object cost a system
    /// call, until it is gone; others cost what they always do.
    ///
    /// ```
    /// use ntwait::{AccessMask, EventType, NtStatus, ObjectAttributes, Runtime};
    /// use rustix::event::{PollFd, PollFlags, Timespec, poll};
    ///
    /// let nt = Runtime::global();
    /// let event = nt.nt_create_event(
    ///     AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, EventType::SYNCHRONIZATION, false)?;
    /// let descriptor = nt.export_fd(event)?;
    /// let is_readable = || {
    ///     let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    ///     poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&at_once)) == Ok(1)
    /// };
    /// assert!(!is_readable());
    /// nt.nt_set_event(event)?;
    /// assert!(is_readable());
    /// assert_eq!(nt.nt_wait_for_single_object(event, false, Some(0)), NtStatus::WAIT_0);
    /// assert!(!is_readable());
    /// # Ok::<(), NtStatus>(())
    /// ```
    ///
    /// # Errors
    /// Nothing has changed then. `INVALID_HANDLE`; `ACCESS_DENIED` without `SYNCHRONIZE`;
    /// `TOO_MANY_OPENED_FILES`: no descriptor can be had, of the two that are needed at first; `INSUFFICIENT_RESOURCES`: no memory.
    pub fn export_fd(&self, object: Handle) -> Result<OwnedFd, NtStatus> {
        let target = self.resolve_to_wait(object)?;
        if let Some(descriptor) =
            self.resident().with_source(target, |source, _| source.export(target.kind == Kind::Process))?
        {
            return Ok(descriptor?);
        }
        self.resident().with_mirror(target, |number| {
            // SAFETY: the object is pinned, and with it the descriptor stays open.
            let descriptor = unsafe { eventfd::borrow(number) };
            Ok(eventfd::duplicate(descriptor)?)
        })
    }
}
