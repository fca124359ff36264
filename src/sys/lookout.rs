//! One sleep on many descriptors: each is watched under a number, and the sleep says the numbers of those that are ready.

/// There is no descriptor to be had, or no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unavailable;

#[cfg(not(ntwait_loom))]
mod real {
    use super::Unavailable;
    use crate::sys::cpu;
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

    #[derive(Debug)]
    pub(crate) struct Lookout;

    impl Lookout {
        pub(crate) fn new() -> Result<Self, Unavailable> {
            Ok(Self)
        }
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::Lookout;

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
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
}
