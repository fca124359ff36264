//! The typed condition variable: it takes the guards of the locks.

use super::super::critical_section::CriticalSectionGuard;
use super::super::srw::{SrwReadGuard, SrwWriteGuard};
use super::{Lock, RtlConditionVariable};
use crate::status::NtStatus;
use crate::sys::atomic::const_outside_models;
use crate::sys::clock::Timeout;

/// Where threads sleep that have found, under a lock, that there is nothing to do for them.
///
/// ```
/// use ntwait::{Condition, SrwLock};
///
/// let (queue, filled) = (SrwLock::new(Vec::new()), Condition::new());
/// std::thread::scope(|scope| {
///     let taker = scope.spawn(|| {
///         let mut queue = queue.write();
///         filled.wait_while(&mut queue, |queue| queue.is_empty());
///         queue.pop()
///     });
///     queue.write().push(7);
///     filled.wake_one();
///     assert_eq!(taker.join().unwrap(), Some(7));
/// });
/// ```
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct Condition {
    raw: RtlConditionVariable,
}

/// A guard that [`Condition`] can let go of and take back: of an [`SrwLock`](crate::SrwLock), in either mode, or of a
/// [`CriticalSection`](crate::CriticalSection) that the thread has entered once.
///
/// While a thread sleeps that has entered a section more often, the section stays its own (SR17).
pub trait Sleepable: private::Held {}

mod private {
    pub trait Held {
        #[doc(hidden)]
        #[allow(private_interfaces, reason = "nobody outside can call it")]
        fn lock(&self) -> super::Lock<'_>;
    }
}

impl<T: ?Sized> Sleepable for SrwReadGuard<'_, T> {}
impl<T: ?Sized> Sleepable for SrwWriteGuard<'_, T> {}
impl<T: ?Sized> Sleepable for CriticalSectionGuard<'_, T> {}

#[allow(private_interfaces, reason = "nobody outside can call it")]
impl<T: ?Sized> private::Held for SrwReadGuard<'_, T> {
    fn lock(&self) -> Lock<'_> {
        let (lock, mode) = self.held();
        Lock::Srw(lock, mode)
    }
}

#[allow(private_interfaces, reason = "nobody outside can call it")]
impl<T: ?Sized> private::Held for SrwWriteGuard<'_, T> {
    fn lock(&self) -> Lock<'_> {
        let (lock, mode) = self.held();
        Lock::Srw(lock, mode)
    }
}

#[allow(private_interfaces, reason = "nobody outside can call it")]
impl<T: ?Sized> private::Held for CriticalSectionGuard<'_, T> {
    fn lock(&self) -> Lock<'_> {
        Lock::Section(self.held())
    }
}

impl Condition {
    const_outside_models! {
        /// Nobody sleeps.
        #[must_use]
        pub fn new() -> Self {
            Self { raw: RtlConditionVariable::new() }
        }
    }

    /// Lets go of the lock, sleeps until it is woken, and takes the lock again. It may return for no reason (SR16): look
    /// again, or let [`wait_while`](Self::wait_while) do so.
    pub fn wait(&self, guard: &mut impl Sleepable) {
        let _ = self.wait_timeout(guard, Timeout::Never);
    }

    /// As [`wait`](Self::wait), until the time is up. False: it was not woken in time (SR14). The lock is held in either
    /// case (SR11).
    #[must_use = "false means that nobody woke the thread in time"]
    pub fn wait_timeout(&self, guard: &mut impl Sleepable, timeout: impl Into<Timeout>) -> bool {
        self.raw.sleep(guard.lock(), timeout.into()) != NtStatus::TIMEOUT
    }

    /// Waits until this is not so any more.
    pub fn wait_while<G: Sleepable>(&self, guard: &mut G, mut condition: impl FnMut(&mut G) -> bool) {
        while condition(guard) {
            self.wait(guard);
        }
    }

    /// Wakes the thread that has slept for longest, if one sleeps.
    #[inline]
    pub fn wake_one(&self) {
        self.raw.rtl_wake_condition_variable();
    }

    /// Wakes all threads that sleep now.
    #[inline]
    pub fn wake_all(&self) {
        self.raw.rtl_wake_all_condition_variable();
    }
}
