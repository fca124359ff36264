//! Descriptors that mirror objects, for the models.

#[cfg(ntwait_loom)]
use crate::handle::entry::Entry;
use crate::handle::entry::Handle;
use crate::runtime::Runtime;
#[cfg(ntwait_loom)]
use crate::sys::eventfd;

/// A descriptor that is readable exactly while an object is signalled.
#[derive(Debug)]
pub struct Mirror {
    #[cfg(ntwait_loom)]
    number: u32,
    #[cfg(not(ntwait_loom))]
    descriptor: rustix::fd::OwnedFd,
}

impl Mirror {
    /// Of the object of this handle. `None`: it is no more.
    pub fn of(runtime: &Runtime, object: Handle) -> Option<Self> {
        #[cfg(ntwait_loom)]
        {
            let target = runtime.table().find_any(object, Entry::SYNCHRONIZE).ok()?;
            let number = runtime.resident().with_mirror(target, Ok).ok()?;
            Some(Self { number })
        }
        #[cfg(not(ntwait_loom))]
        {
            Some(Self { descriptor: runtime.export_fd(object).ok()? })
        }
    }

    /// Does it poll readable? When its object is gone, what it did then.
    pub fn is_readable(&self) -> bool {
        #[cfg(ntwait_loom)]
        {
            eventfd::is_readable(self.number).unwrap_or(false)
        }
        #[cfg(not(ntwait_loom))]
        {
            use rustix::event::{PollFd, PollFlags, Timespec, poll};
            let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut [PollFd::new(&self.descriptor, PollFlags::IN)], Some(&at_once)) == Ok(1)
        }
    }
}
