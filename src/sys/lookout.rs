//! One sleep on many descriptors: each is watched under a number, and the sleep says the numbers of those that are ready.
//!
//! Descriptors of the library's own are watched for good; sources are followed: said once for each time that they are armed.
//!
//! ```text
//!            follow             arm
//!   unknown ───────▶ disarmed ───────▶ armed ──ready: said──▶ disarmed
//!      ▲                │                │
//!      └───── forget ───┴────────────────┘
//! ```
//!
//! A hang-up is said once more, if it comes before the first arming.
//! A source is forgotten before it is closed: as long as somebody else, a child of `fork` above all, has the same open file,
//! the kernel goes on telling of one that was merely closed.

/// There is no descriptor to be had, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

#[cfg(not(ntwait_loom))]
mod real {
    use super::Unavailable;
    use crate::sys::cpu;
    use crate::sys::source::{Source, Unusable};
    use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
    use rustix::fd::{AsFd, OwnedFd};
    use rustix::io::Errno;

    /// The most numbers that one sleep says. The others are said by the next.
    const MOST: usize = 64;

    /// The lookout.
    #[derive(Debug)]
    pub(crate) struct Lookout(OwnedFd);

    impl Lookout {
        pub(crate) fn new() -> Result<Self, Unavailable> {
            epoll::create(CreateFlags::CLOEXEC).map(Self).map_err(|_| Unavailable)
        }

        /// From now on every sleep says this number for as long as the descriptor is readable.
        pub(crate) fn watch(&self, descriptor: impl AsFd, number: u64) -> Result<(), Unavailable> {
            epoll::add(&self.0, descriptor, EventData::new_u64(number), EventFlags::IN).map_err(|_| Unavailable)
        }

        /// The lookout knows of the source, and says nothing of it until it is armed.
        ///
        /// # Errors
        /// `Unsupported` for what cannot be watched, above all files on a disk.
        pub(crate) fn follow(&self, source: Source, number: u64) -> Result<(), Unusable> {
            let descriptor = source.borrow().ok_or(Unusable::BadDescriptor)?;
            Ok(epoll::add(&self.0, descriptor, EventData::new_u64(number), EventFlags::ONESHOT)?)
        }

        /// A sleep says this number once, as soon as the source is ready.
        pub(crate) fn arm(&self, source: Source, number: u64) {
            if let Some(descriptor) = source.borrow() {
                let flags = EventFlags::from_bits_retain(source.interest().into()) | EventFlags::ONESHOT;
                // An error: somebody has closed what is not his.
                let _ = epoll::modify(&self.0, descriptor, EventData::new_u64(number), flags);
            }
        }

        /// It is followed no more.
        pub(crate) fn forget(&self, source: Source) {
            if let Some(descriptor) = source.borrow() {
                let _ = epoll::delete(&self.0, descriptor);
            }
        }

        /// Sleeps until something is ready, and calls `visit` with the number of each that is; of none if the sleep was
        /// disturbed.
        pub(crate) fn sleep(&self, mut visit: impl FnMut(u64)) {
            let mut events = [Event { flags: EventFlags::empty(), data: EventData::new_u64(0) }; MOST];
            match epoll::wait(&self.0, &mut events, None) {
                Ok(count) => events.iter().take(count).for_each(|event| visit(event.data.u64())),
                Err(Errno::INTR) => {}
                // Somebody has closed what is not his. Then nothing is told of, but nothing else suffers.
                Err(_) => cpu::nap(),
            }
        }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::Lookout;

/// Nobody sleeps in a model.
#[cfg(ntwait_loom)]
mod modelled {
    use super::Unavailable;
    use crate::sys::source::{Source, Unusable};

    #[derive(Debug)]
    pub(crate) struct Lookout;

    impl Lookout {
        pub(crate) fn new() -> Result<Self, Unavailable> {
            Ok(Self)
        }

        pub(crate) fn follow(&self, source: Source, number: u64) -> Result<(), Unusable> {
            source.follow(number);
            Ok(())
        }

        pub(crate) fn arm(&self, source: Source, _: u64) {
            source.arm(true);
        }

        pub(crate) fn forget(&self, source: Source) {
            source.arm(false);
        }
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::Lookout;

#[cfg(all(test, not(ntwait_loom)))]
#[allow(unsafe_code, reason = "closes sources")]
mod tests {
    use super::*;
    use crate::sys::source::{Source, Unusable};
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::io;

    #[test]
    fn a_sleep_says_what_is_ready_for_as_long_as_it_is() {
        let lookout = Lookout::new().unwrap();
        let said = || {
            let mut said = Vec::new();
            lookout.sleep(|number| said.push(number));
            said.sort_unstable();
            said
        };
        let [one, two] = [7, u64::MAX].map(|number| {
            let descriptor = eventfd(0, EventfdFlags::CLOEXEC).unwrap();
            lookout.watch(&descriptor, number).unwrap();
            descriptor
        });
        io::write(&one, &1_u64.to_ne_bytes()).unwrap();
        assert_eq!((said(), said()), (vec![7], vec![7]));
        io::write(&two, &1_u64.to_ne_bytes()).unwrap();
        assert_eq!(said(), [7, u64::MAX]);
        let mut count = [0; 8];
        io::read(&one, &mut count).unwrap();
        assert_eq!(said(), [u64::MAX]);
        assert_eq!(lookout.watch(&one, 8), Err(Unavailable), "it is watched already");
    }

    #[test]
    fn a_source_is_said_once_for_each_arming() {
        let lookout = Lookout::new().unwrap();
        let descriptor = eventfd(1, EventfdFlags::CLOEXEC).unwrap();
        let always = eventfd(1, EventfdFlags::CLOEXEC).unwrap(); // so that no sleep is without end
        lookout.watch(&always, 1).unwrap();
        let source = Source::duplicate(&descriptor, 1).unwrap();
        lookout.follow(source, 7).unwrap();
        let is_said = || {
            let mut is_said = false;
            lookout.sleep(|number| is_said |= number == 7);
            is_said
        };
        assert!(!is_said(), "ready, and not armed");
        for _ in 0..2 {
            lookout.arm(source, 7);
            assert!(is_said() && !is_said());
        }
        lookout.arm(source, 7);
        lookout.forget(source);
        assert!(!is_said());
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        let on_disk = Source::duplicate(&file, 1).unwrap();
        assert_eq!(lookout.follow(on_disk, 8), Err(Unusable::Unsupported));
        for source in [source, on_disk] {
            // SAFETY: the last use.
            unsafe { source.close() };
        }
    }
}
