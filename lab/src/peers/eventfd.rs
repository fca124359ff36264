//! One eventfd per event: what programs use that want to wait with `poll`, and what Wine's esync is made of.
//!
//! Every operation is a system call. The descriptor blocks, so that a wait is one `read`; polls and resets ask for
//! `RWF_NOWAIT` instead of a second, non-blocking descriptor.

use std::io::IoSliceMut;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::{ReadWriteFlags, preadv2, read, write};

use super::Event;

/// A kernel counter: not zero means set.
pub(crate) struct EventFd<const MANUAL: bool> {
    fd: OwnedFd,
}

impl<const MANUAL: bool> EventFd<MANUAL> {
    /// As [`Event::new`], but says so when the process may have no more descriptors.
    pub(crate) fn try_new() -> Result<Self, rustix::io::Errno> {
        eventfd(0, EventfdFlags::CLOEXEC).map(|fd| Self { fd })
    }

    /// For waits on many.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// Takes the count without sleeping; `false` if it was zero.
    #[inline]
    fn take(&self) -> bool {
        const NO_OFFSET: u64 = u64::MAX;
        let mut count = [0u8; 8];
        preadv2(&self.fd, &mut [IoSliceMut::new(&mut count)], NO_OFFSET, ReadWriteFlags::NOWAIT).is_ok()
    }

    /// Sleeps until the count is not zero; `false` if `limit` passed first.
    #[inline]
    fn readable(&self, limit: Option<Duration>) -> bool {
        let limit = limit.and_then(|limit| Timespec::try_from(limit).ok());
        poll(&mut [PollFd::new(&self.fd, PollFlags::IN)], limit.as_ref()).is_ok_and(|ready| ready != 0)
    }
}

impl<const MANUAL: bool> Event for EventFd<MANUAL> {
    const NAME: &'static str = "eventfd";

    fn new() -> Self {
        Self::try_new().expect("the process may open one more descriptor")
    }

    #[inline]
    fn set(&self) {
        let _ = write(&self.fd, &1u64.to_ne_bytes());
    }

    #[inline]
    fn reset(&self) {
        self.take();
    }

    #[inline]
    fn wait(&self) {
        if MANUAL { while !self.readable(None) {} } else { while read(&self.fd, &mut [0u8; 8]).is_err() {} }
    }

    fn wait_timeout(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            let ready = self.readable(Some(deadline.saturating_duration_since(Instant::now())));
            if ready && (MANUAL || self.take()) {
                return true;
            }
            if Instant::now() >= deadline {
                return self.try_wait();
            }
        }
    }

    #[inline]
    fn try_wait(&self) -> bool {
        if MANUAL { self.readable(Some(Duration::ZERO)) } else { self.take() }
    }
}
