//! A descriptor of the library's own that an object's state comes from: whether it is ready at this moment is asked of the kernel.
//!
//! R1  A source is closed last: whoever has a copy of one uses it under a lock that comes before the closing.

#![allow(unsafe_code, reason = "descriptors that outlive every borrow of them")]

/// What of a descriptor is to be known: the bits of poll(2).
#[cfg(not(ntwait_loom))]
pub(crate) type Interest = u16;

/// Why there is no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(ntwait_loom, allow(dead_code, reason = "a model's kernel refuses nothing"))]
pub(crate) enum Unusable {
    /// There is no such descriptor.
    BadDescriptor,
    /// There is no such process.
    NoProcess,
    /// The process, or the system, has as many descriptors as it may have.
    TooManyDescriptors,
    NoMemory,
    /// It is nothing that becomes ready, like a file on a disk; or the kernel does not know how.
    Unsupported,
    /// The system forbids it.
    Forbidden,
}

#[cfg(not(ntwait_loom))]
mod real {
    use super::{Interest, Unusable};
    use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fd::{AsFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};
    use rustix::io::{self, Errno};
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    /// The source: a number and what is asked of it.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Source {
        descriptor: RawFd,
        interest: Interest,
    }

    /// The numbers below are everybody's.
    const LOWEST: RawFd = 3;

    impl From<Errno> for Unusable {
        fn from(error: Errno) -> Self {
            match error {
                Errno::BADF => Self::BadDescriptor,
                Errno::SRCH => Self::NoProcess,
                Errno::MFILE | Errno::NFILE => Self::TooManyDescriptors,
                Errno::NOMEM | Errno::NOSPC => Self::NoMemory,
                Errno::ACCESS => Self::Forbidden,
                _ => Self::Unsupported,
            }
        }
    }

    impl Source {
        pub(crate) const NONE: Self = Self { descriptor: -1, interest: 0 };

        fn new(descriptor: OwnedFd, interest: Interest) -> Self {
            Self { descriptor: descriptor.into_raw_fd(), interest }
        }

        /// A duplicate of the descriptor.
        pub(crate) fn duplicate(descriptor: impl AsFd, interest: Interest) -> Result<Self, Unusable> {
            match io::fcntl_dupfd_cloexec(descriptor, LOWEST) {
                Ok(duplicate) => Ok(Self::new(duplicate, interest)),
                Err(Errno::INVAL) => Err(Unusable::TooManyDescriptors), // there may be none that high
                Err(error) => Err(error.into()),
            }
        }

        /// Of a process: ready when it has ended, and from then on.
        pub(crate) fn process(id: u32) -> Result<Self, Unusable> {
            let id = i32::try_from(id).ok().filter(|id| *id > 0).and_then(Pid::from_raw).ok_or(Unusable::NoProcess)?;
            match pidfd_open(id, PidfdFlags::empty()) {
                Ok(descriptor) => Ok(Self::new(descriptor, PollFlags::IN.bits())),
                // A thread that is not its process's first.
                Err(Errno::INVAL | Errno::NOENT) => Err(Unusable::NoProcess),
                Err(Errno::PERM) => Err(Unusable::Forbidden),
                Err(error) => Err(error.into()),
            }
        }

        pub(crate) fn interest(self) -> Interest {
            self.interest
        }

        /// The descriptor, while it is known to be open (R1).
        pub(crate) fn borrow(&self) -> Option<BorrowedFd<'_>> {
            // SAFETY: R1.
            (self.descriptor >= 0).then(|| unsafe { BorrowedFd::borrow_raw(self.descriptor) })
        }

        /// Is it ready now? Errors and hang-ups count, as for poll(2).
        pub(crate) fn is_ready(self) -> bool {
            let Some(descriptor) = self.borrow() else { return false };
            let mut asked = [PollFd::from_borrowed_fd(descriptor, PollFlags::from_bits_retain(self.interest))];
            loop {
                match poll(&mut asked, Some(&Timespec::default())) {
                    Ok(ready) => return ready > 0,
                    Err(Errno::INTR) => {}
                    Err(_) => return false,
                }
            }
        }

        /// A descriptor of its own that polls readable exactly while the source is ready, and gives nothing to who reads it.
        pub(crate) fn export(self, is_process: bool) -> Result<OwnedFd, Unusable> {
            let descriptor = self.borrow().ok_or(Unusable::BadDescriptor)?;
            if is_process {
                return Ok(io::fcntl_dupfd_cloexec(descriptor, LOWEST)?);
            }
            let watcher = epoll::create(CreateFlags::CLOEXEC)?;
            let flags = EventFlags::from_bits_retain(self.interest.into());
            epoll::add(&watcher, descriptor, EventData::new_u64(0), flags)?;
            Ok(watcher)
        }

        /// # Safety
        /// Nobody uses a copy of it from now on (R1).
        pub(crate) unsafe fn close(self) {
            if self.descriptor >= 0 {
                // SAFETY: it was ours since `new`, and is so no more.
                drop(unsafe { OwnedFd::from_raw_fd(self.descriptor) });
            }
        }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::Source;

/// The kernel of a model: what is ready, what is watched for the next time that it is, and who sleeps for that.
#[cfg(ntwait_loom)]
#[allow(clippy::disallowed_types, reason = "the model checker's lock and condition variable")]
pub(crate) mod modelled {
    use loom::sync::{Condvar, Mutex};

    /// What the kernel knows of a descriptor.
    #[derive(Debug, Default)]
    struct Known {
        is_ready: bool,
        is_armed: bool,
        number: u64,
    }

    #[derive(Debug, Default)]
    struct Kernel {
        known: Vec<Known>,
        is_over: bool,
    }

    loom::lazy_static! {
        static ref KERNEL: Mutex<Kernel> = Mutex::new(Kernel::default());
        static ref BELL: Condvar = Condvar::new();
    }

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Source(Option<usize>);

    impl Source {
        pub(crate) const NONE: Self = Self(None);

        pub(crate) fn new() -> Self {
            let known = &mut KERNEL.lock().unwrap().known;
            known.push(Known::default());
            Self(Some(known.len() - 1))
        }

        fn with<T>(self, work: impl FnOnce(&mut Known) -> T) -> Option<T> {
            let position = self.0?;
            let answer = work(&mut KERNEL.lock().unwrap().known[position]);
            BELL.notify_all();
            Some(answer)
        }

        pub(crate) fn is_ready(self) -> bool {
            self.with(|known| known.is_ready).unwrap_or(false)
        }

        pub(crate) fn set_ready(self, is_ready: bool) {
            self.with(|known| known.is_ready = is_ready);
        }

        pub(crate) fn follow(self, number: u64) {
            self.with(|known| known.number = number);
        }

        pub(crate) fn arm(self, is_armed: bool) {
            self.with(|known| known.is_armed = is_armed);
        }

        /// # Safety
        /// As for the real one.
        #[allow(unsafe_code, reason = "as the real one")]
        pub(crate) unsafe fn close(self) {}
    }

    /// Sleeps until something is armed and ready, and gives its number: it is armed no more. `None`: there is no more to come.
    pub(crate) fn next_event() -> Option<u64> {
        let mut kernel = KERNEL.lock().unwrap();
        loop {
            if let Some(known) = kernel.known.iter_mut().find(|known| known.is_ready && known.is_armed) {
                known.is_armed = false;
                return Some(known.number);
            }
            if kernel.is_over {
                return None;
            }
            kernel = BELL.wait(kernel).unwrap();
        }
    }

    /// Nothing more is to come.
    pub(crate) fn end() {
        KERNEL.lock().unwrap().is_over = true;
        BELL.notify_all();
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::Source;

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io;

    const READABLE: Interest = 1;
    const WRITABLE: Interest = 4;

    #[test]
    fn a_source_is_ready_when_its_descriptor_is() {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
        let [read, write] = [READABLE, WRITABLE].map(|interest| Source::duplicate(&descriptor, interest).unwrap());
        assert_eq!((read.is_ready(), write.is_ready()), (false, true));
        io::write(&descriptor, &(u64::MAX - 1).to_ne_bytes()).unwrap();
        assert_eq!((read.is_ready(), write.is_ready()), (true, false));
        drop(descriptor);
        assert!(read.is_ready(), "it is a duplicate");
        for source in [read, write] {
            // SAFETY: the last use.
            unsafe { source.close() };
        }
        assert!(!Source::NONE.is_ready());
    }

    #[test]
    fn table_processes() {
        for id in [0, 1 << 31, u32::MAX, i32::MAX as u32] {
            assert_eq!(Source::process(id).err(), Some(Unusable::NoProcess), "{id}");
        }
        let me = Source::process(std::process::id()).unwrap();
        assert!(!me.is_ready());
        // SAFETY: the last use.
        unsafe { me.close() };
    }
}
