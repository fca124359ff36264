//! One way from a giver to a taker, with what has gone in and what has come out.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, Runtime};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use crate::common::POLL;

/// What gifts are put into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Semaphore,
    EventFd,
}

#[derive(Debug)]
enum Way {
    Semaphore(Handle),
    /// One that gives one at a time.
    EventFd(OwnedFd),
}

#[derive(Debug)]
pub(crate) struct Station {
    nt: &'static Runtime,
    way: Way,
    given: AtomicU32,
    taken: AtomicU32,
}

impl Station {
    pub(crate) fn new(nt: &'static Runtime, kind: Kind) -> Self {
        let way = match kind {
            Kind::Semaphore => {
                let access = AccessMask::SEMAPHORE_ALL_ACCESS;
                Way::Semaphore(nt.nt_create_semaphore(access, ObjectAttributes::NONE, 0, i32::MAX).expect("a handle"))
            }
            Kind::EventFd => {
                let flags = EventfdFlags::SEMAPHORE | EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC;
                Way::EventFd(eventfd(0, flags).expect("a descriptor"))
            }
        };
        Self { nt, way, given: AtomicU32::new(0), taken: AtomicU32::new(0) }
    }

    pub(crate) fn handle(&self) -> Handle {
        match &self.way {
            Way::Semaphore(handle) => *handle,
            Way::EventFd(_) => panic!("no object"),
        }
    }

    pub(crate) fn descriptor(&self) -> BorrowedFd<'_> {
        match &self.way {
            Way::Semaphore(_) => panic!("no descriptor"),
            Way::EventFd(descriptor) => descriptor.as_fd(),
        }
    }

    pub(crate) fn given(&self) -> u32 {
        self.given.load(Ordering::Acquire)
    }

    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Acquire)
    }

    pub(crate) fn count(&self) {
        self.taken.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn give(&self, count: u32) {
        self.given.fetch_add(count, Ordering::AcqRel);
        self.put(count);
    }

    /// A gift that only wakes the taker, who is to look whether it is over.
    pub(crate) fn give_last(&self) {
        self.put(1);
    }

    fn put(&self, count: u32) {
        match &self.way {
            Way::Semaphore(handle) => {
                self.nt.nt_release_semaphore(*handle, count as i32).expect("no limit is near");
            }
            Way::EventFd(descriptor) => {
                rustix::io::write(descriptor, &u64::from(count).to_ne_bytes()).expect("no limit is near");
            }
        }
    }

    /// Takes one gift, if there is one.
    pub(crate) fn take(&self) -> bool {
        match &self.way {
            Way::Semaphore(handle) => match self.nt.nt_wait_for_single_object(*handle, false, POLL) {
                NtStatus::WAIT_0 => true,
                NtStatus::TIMEOUT => false,
                status => panic!("{status}"),
            },
            Way::EventFd(descriptor) => match rustix::io::read(descriptor, &mut [0; 8]) {
                Ok(_) => true,
                Err(Errno::AGAIN) => false,
                Err(errno) => panic!("{errno}"),
            },
        }
    }
}
