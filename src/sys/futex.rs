//! `futex(2)`: sleep while a 32-bit word has a value, wake those who sleep on it.
//!
//! A [`FutexAddr`] is an address, not a borrow: a waker may use it after the memory behind it serves another
//! purpose. Thread records and object slots are never unmapped while anyone can hold such an address, so the
//! worst that a late wake does is a stray wake-up, which every sleeper in this crate tolerates by looking again.
//!
//! Deadlines are absolute (`FUTEX_WAIT_BITSET`), on the monotonic or the wall clock, so a wait that is resumed
//! after a stray wake keeps its original end.
//!
//! # Safety
//! The kernel compares the word behind the address; nothing here reads or writes it. That is what allows an
//! address to name the upper half of a 64-bit word, which Rust must never access by itself.

#![allow(unsafe_code, reason = "an address becomes a reference for the system-call wrapper")]

use super::atomic::{AtomicU32, AtomicU64};
use super::clock::Deadline;

/// How a sleep ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slept {
    /// Somebody woke us, or a signal handler ran, or there was no reason at all: look again.
    Woken,
    /// The word did not have the expected value: we did not sleep.
    Changed,
    /// The deadline passed, and nobody had woken us before.
    TimedOut,
}

/// The address of a futex word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FutexAddr(Place);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Whole(*const AtomicU32),
    #[cfg(ntwait_loom)]
    High(*const AtomicU64),
}

impl FutexAddr {
    pub(crate) fn whole(word: &AtomicU32) -> Self {
        Self(Place::Whole(word))
    }

    /// The upper 32 bits of a 64-bit word.
    pub(crate) fn high_half(word: &AtomicU64) -> Self {
        #[cfg(ntwait_loom)]
        return Self(Place::High(word));
        #[cfg(not(ntwait_loom))]
        {
            let halves: *const AtomicU32 = core::ptr::from_ref(word).cast();
            let high = usize::from(cfg!(target_endian = "little"));
            Self(Place::Whole(halves.wrapping_add(high)))
        }
    }

    /// For the system call.
    #[cfg(not(ntwait_loom))]
    pub(crate) fn as_ptr(self) -> *const AtomicU32 {
        let Place::Whole(word) = self.0;
        word
    }
}

/// A wake that somebody has still to do: of the thread that sleeps there, at a moment that suits the waker better.
#[derive(Debug)]
#[must_use = "a thread sleeps until it is woken"]
pub(crate) struct LateWake(Option<(FutexAddr, u32)>);

impl LateWake {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn new(addr: FutexAddr, count: u32) -> Self {
        Self(Some((addr, count)))
    }

    /// Now.
    pub(crate) fn pay(&mut self) {
        if let Some((addr, count)) = self.0.take() {
            wake_late(addr, count);
        }
    }
}

#[cfg(not(ntwait_loom))]
mod kernel {
    use super::{AtomicU32, Deadline, FutexAddr, Place, Slept};
    use core::num::NonZeroU32;
    use rustix::io::Errno;
    use rustix::thread::futex::{self, Flags};

    const ANY_BIT: NonZeroU32 = NonZeroU32::MAX;

    fn word(addr: &FutexAddr) -> &AtomicU32 {
        let Place::Whole(word) = addr.0;
        // SAFETY: records and slots outlive every address taken from them (file head); the word is not accessed.
        unsafe { &*word }
    }

    /// `FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG`: sleeps while the word is `expected`, until `deadline`.
    pub(crate) fn wait(addr: FutexAddr, expected: u32, deadline: &Deadline) -> Slept {
        let (flags, until) = match deadline {
            Deadline::Never => (Flags::PRIVATE, None),
            Deadline::Monotonic(at) => (Flags::PRIVATE, Some(at)),
            Deadline::Realtime(at) => (Flags::PRIVATE | Flags::CLOCK_REALTIME, Some(at)),
        };
        match futex::wait_bitset(word(&addr), flags, expected, until, ANY_BIT) {
            Ok(()) => Slept::Woken,
            Err(Errno::AGAIN) => Slept::Changed,
            Err(Errno::TIMEDOUT) => Slept::TimedOut,
            // EINTR: a signal handler ran. The rest (EFAULT, EINVAL, ENOSYS) cannot come of a mapped, aligned
            // word, a normalised time and a kernel since 2.6.28; looking again is right for all of them.
            Err(error) => {
                debug_assert_eq!(error, Errno::INTR);
                Slept::Woken
            }
        }
    }

    /// As [`wake`], of a word that may not be there any more: then the kernel finds nobody.
    pub(crate) fn wake_late(addr: FutexAddr, count: u32) {
        let Place::Whole(word) = addr.0;
        let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        // SAFETY: the kernel checks the address, and the operation does not write to it.
        unsafe { libc::syscall(libc::SYS_futex, word, operation, count.min(i32::MAX as u32)) };
    }

    /// `FUTEX_WAKE | FUTEX_PRIVATE_FLAG`: wakes up to `count` sleepers, says how many there were.
    pub(crate) fn wake(addr: FutexAddr, count: u32) -> usize {
        // The kernel takes an int. EFAULT, the one possible error, would mean that nobody sleeps there.
        futex::wake(word(&addr), Flags::PRIVATE, count.min(i32::MAX as u32)).unwrap_or(0)
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use super::nap::wait_unless_noted;
#[cfg(not(ntwait_loom))]
use kernel::wake_late;
#[cfg(not(ntwait_loom))]
pub(crate) use kernel::{wait, wake};

#[cfg(ntwait_loom)]
mod modelled {
    use super::super::atomic::Ordering;
    use super::super::model;
    use super::{Deadline, FutexAddr, Place, Slept};

    pub(crate) fn wait(addr: FutexAddr, expected: u32, deadline: &Deadline) -> Slept {
        model::futex_wait(key(addr), || load(addr), expected, deadline, None)
    }

    /// As `wait`, but does not sleep if this is so: there is a note. Whoever leaves one ends the nap of this napper.
    pub(crate) fn wait_unless(
        addr: FutexAddr,
        expected: u32,
        deadline: &Deadline,
        napper: FutexAddr,
        noted: impl Fn() -> bool,
    ) -> Slept {
        let seen = || if noted() { !expected } else { load(addr) };
        model::futex_wait(key(addr), seen, expected, deadline, Some(napper))
    }

    fn load(addr: FutexAddr) -> u32 {
        match addr.0 {
            // SAFETY: the caller sleeps on a word of its own or of an object it is linked to.
            Place::Whole(word) => unsafe { &*word }.load(Ordering::Relaxed),
            // SAFETY: as above.
            Place::High(word) => (unsafe { &*word }.load(Ordering::Relaxed) >> 32) as u32,
        }
    }

    pub(crate) fn wake(addr: FutexAddr, count: u32) -> usize {
        model::futex_wake(key(addr), count)
    }

    fn key(addr: FutexAddr) -> usize {
        match addr.0 {
            Place::Whole(word) => word as usize,
            Place::High(word) => word as usize + 4,
        }
    }
}

/// A model's words are there.
#[cfg(ntwait_loom)]
fn wake_late(addr: FutexAddr, count: u32) {
    wake(addr, count);
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::{wait, wait_unless, wake};
