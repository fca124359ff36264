//! Descriptors of the program as objects: what poll(2) says of one is its state.

use super::access::{AccessMask, Rights};
use crate::handle::entry::Handle;
use crate::objects::Kind;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::source::Source;
use bitflags::bitflags;
use std::os::fd::AsFd;

bitflags! {
    /// What a descriptor is to be ready for: bits of poll(2).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct Interest: u32 {
        /// `POLLIN`: there is something to read, or to accept, or the end.
        const READABLE = 0x1;
        /// `POLLPRI`: there is something exceptional, like urgent data.
        const PRIORITY = 0x2;
        /// `POLLOUT`: there is room to write.
        const WRITABLE = 0x4;
    }
}

impl Runtime {
    /// An object that is signalled while a descriptor is ready for one of these things, and a handle to it with all rights. A pipe,
    /// a socket, a terminal, an eventfd, another event loop: whatever can be polled is waited for together with the other objects.
    ///
    /// Errors and hang-ups count as ready, as for poll(2): who then reads is told. A wait takes nothing: the object is signalled for
    /// as long as the descriptor is ready, for everybody who waits. The state is asked of the kernel at each look, under the object's
    /// lock, so a wait with time-out 0 straight after a write finds it, and a wait-all ends only if at one moment all was signalled.
    /// (Of several descriptors in one wait-all each is asked for twice; one that was read empty and written to between the two counts
    /// as having been ready.)
    /// Who wakes may find that another thread has read what there was: read without blocking, and wait again. Of several objects that
    /// are signalled when a wait-any begins the first is reported; of a descriptor that becomes ready later the
    /// service thread is told by the kernel, so another object that is signalled shortly after it can come first.
    ///
    /// The descriptor is duplicated, so the caller's can be closed at any time; the duplicate is closed when the object ends, and in a
    /// child of `fork` when that becomes another program. Until then the file is open: who reads the other end of a pipe whose writing
    /// end was imported does not find its end. The first import of a process brings the service thread and a descriptor of
    /// its own. Nothing is watched, and no system call made, while nobody waits.
    ///
    /// Its type is `File`, for queries. It cannot be signalled, named or opened by name.
    ///
    /// ```
    /// use ntwait::{Interest, NtStatus, Runtime};
    /// use std::io::Write;
    /// use std::os::unix::net::UnixStream;
    ///
    /// let nt = Runtime::global();
    /// let (here, mut there) = UnixStream::pair()?;
    /// let readable = nt.import_fd(&here, Interest::READABLE)?;
    /// assert_eq!(nt.nt_wait_for_single_object(readable, false, Some(0)), NtStatus::TIMEOUT);
    /// there.write_all(b"!")?;
    /// assert_eq!(nt.nt_wait_for_single_object(readable, false, Some(0)), NtStatus::WAIT_0);
    /// assert_eq!(nt.nt_close(readable), NtStatus::SUCCESS);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: no interest, or bits that do not exist. `INVALID_HANDLE`: no such descriptor.
    /// `TOO_MANY_OPENED_FILES`: there can be no further descriptor. `NOT_SUPPORTED`: it is always ready and so cannot be watched, like
    /// a file on a disk, or it watches others too many deep. `INSUFFICIENT_RESOURCES`: the handle table is full, or the kernel has no
    /// memory, no thread or no descriptor for the service.
    pub fn import_fd(&self, descriptor: impl AsFd, interest: Interest) -> Result<Handle, NtStatus> {
        if interest.is_empty() || interest.bits() & !Interest::all().bits() != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let rights = Rights::of(Kind::Descriptor);
        let grant = rights.handle_grant(AccessMask::FILE_ALL_ACCESS, 0);
        let borrowed = descriptor.as_fd(); // foreign code, with nothing raised
        self.resident().follow(Kind::Descriptor, grant, 0, || {
            Source::duplicate(borrowed, interest.bits() as u16) // the bits that there are fit
        })
    }
}
