//! A descriptor that others watch: readable or not, as it is told.
//!
//! `eventfd(2)`: a counter; it polls readable while it is not zero, writing adds to it, reading takes it all. Nobody ever waits here:
//! the counter is far from its limit, and who reads what is empty goes on.
//!
//! It is named by its number, which the layer above keeps in a word; when nobody uses it any more, it is closed there.

/// There is no descriptor to be had, for this reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoDescriptor {
    /// The process, or the system, has as many as it may have.
    TooMany,
    /// The kernel has no memory for it.
    #[cfg_attr(ntwait_loom, expect(dead_code, reason = "a model has memory"))]
    NoMemory,
}

#[cfg(not(ntwait_loom))]
mod real {
    #![allow(unsafe_code, reason = "descriptors by their numbers")]

    use super::NoDescriptor;
    use rustix::event::{EventfdFlags, eventfd};
    pub(crate) use rustix::fd::BorrowedFd as Borrowed;
    use rustix::fd::{AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd};
    use rustix::io::{self, Errno};

    impl From<Errno> for NoDescriptor {
        fn from(errno: Errno) -> Self {
            match errno {
                Errno::NOMEM => Self::NoMemory,
                _ => Self::TooMany,
            }
        }
    }

    /// A new one that is not readable.
    pub(crate) fn make() -> Result<OwnedFd, NoDescriptor> {
        Ok(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
    }

    /// Another descriptor for the same.
    pub(crate) fn duplicate(descriptor: BorrowedFd<'_>) -> Result<OwnedFd, NoDescriptor> {
        Ok(io::fcntl_dupfd_cloexec(descriptor, 0)?)
    }

    /// The number, which is the caller's to [close](close).
    pub(crate) fn into_number(descriptor: OwnedFd) -> u32 {
        descriptor.into_raw_fd() as u32
    }

    /// # Safety
    /// The number came from [`into_number`] and is not closed while `'d` lasts.
    pub(crate) unsafe fn borrow<'d>(number: u32) -> BorrowedFd<'d> {
        // SAFETY: the caller's promise.
        unsafe { BorrowedFd::borrow_raw(number as i32) }
    }

    /// # Safety
    /// The number came from [`into_number`], and is nobody else's any more.
    pub(crate) unsafe fn close(number: u32) {
        // SAFETY: the caller's promise.
        drop(unsafe { OwnedFd::from_raw_fd(number as i32) });
    }

    /// Makes it readable; who watches for edges sees one.
    pub(crate) fn raise(descriptor: BorrowedFd<'_>) {
        let raised = io::write(descriptor, &1_u64.to_ne_bytes());
        debug_assert!(raised.is_ok(), "{}: {raised:?}", descriptor.as_raw_fd());
    }

    /// Makes it not readable.
    pub(crate) fn lower(descriptor: BorrowedFd<'_>) {
        let _ = io::read(descriptor, &mut [0; 8]); // empty already: its user has read it
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::{Borrowed, borrow, close, duplicate, into_number, lower, make, raise};

/// A model's descriptors: counters, by number. Using or closing one that is closed fails the model.
#[cfg(ntwait_loom)]
mod modelled {
    #![allow(clippy::disallowed_types, reason = "the model checker's lock")]
    #![allow(unsafe_code, reason = "signatures of the real ones")]

    use super::NoDescriptor;
    use core::marker::PhantomData;
    use loom::sync::Mutex;

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Borrowed<'d>(u32, PhantomData<&'d ()>);

    /// More than a model needs.
    const MOST: usize = 8;

    loom::lazy_static! {
        static ref COUNTERS: Mutex<Vec<Option<u64>>> = Mutex::new(Vec::new());
    }

    fn with<T>(number: u32, work: impl FnOnce(&mut Option<u64>) -> T) -> T {
        let mut counters = COUNTERS.lock().unwrap();
        let counter = counters.get_mut(number as usize).expect("a number that was given out");
        assert!(counter.is_some(), "descriptor {number} is closed");
        work(counter)
    }

    pub(crate) fn make() -> Result<u32, NoDescriptor> {
        let mut counters = COUNTERS.lock().unwrap();
        if counters.len() == MOST {
            return Err(NoDescriptor::TooMany);
        }
        counters.push(Some(0));
        Ok(counters.len() as u32 - 1)
    }

    pub(crate) fn into_number(descriptor: u32) -> u32 {
        descriptor
    }

    /// # Safety
    /// None here; the signature is the real one's.
    pub(crate) unsafe fn borrow<'d>(number: u32) -> Borrowed<'d> {
        Borrowed(number, PhantomData)
    }

    /// # Safety
    /// None here; the signature is the real one's.
    pub(crate) unsafe fn close(number: u32) {
        with(number, |counter| *counter = None);
    }

    pub(crate) fn raise(descriptor: Borrowed<'_>) {
        with(descriptor.0, |counter| *counter = counter.map(|count| count + 1));
    }

    pub(crate) fn lower(descriptor: Borrowed<'_>) {
        with(descriptor.0, |counter| *counter = Some(0));
    }

    /// Does it poll readable? `None`: it is closed.
    pub(crate) fn is_readable(number: u32) -> Option<bool> {
        COUNTERS.lock().unwrap()[number as usize].map(|count| count > 0)
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::{Borrowed, borrow, close, into_number, is_readable, lower, make, raise};
