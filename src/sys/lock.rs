//! A small futex lock for plain data: the handle table's cold half, queues by address, what is kept of a thread, names, timers.
//!
//! ```text
//!           lock                 lock (taken)
//!   FREE ─────────▶ TAKEN ──────────────────────▶ CONTENDED
//!    ▲                │ unlock                        │ unlock: wake one
//!    └────────────────┴───────────────────────────────┘
//! ```
//!
//! L1  CONTENDED is set by whoever is about to sleep, and who has slept takes the lock as CONTENDED, because it
//!     cannot know whether others still sleep.
//! orderings   take: Acquire (or the RMW's) → release: Release, each on the one word.

#![allow(unsafe_code, reason = "the guard derefs to what the lock protects")]

use super::atomic::{AtomicU32, Ordering};
use super::clock::Deadline;
use super::cpu;
use super::depth;
use super::futex::{self, FutexAddr, LateWake};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};

const FREE: u32 = 0;
const TAKEN: u32 = 1;
const CONTENDED: u32 = 2;

/// A value and the lock that guards it.
#[derive(Debug)]
pub(crate) struct FutexLock<T> {
    state: AtomicU32,
    value: UnsafeCell<T>,
}

// SAFETY: the value is reached only through a guard, and there is one guard at a time.
unsafe impl<T: Send> Sync for FutexLock<T> {}

/// The right to the value, until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard<'l, T>(&'l FutexLock<T>);

impl<T> FutexLock<T> {
    #[cfg(not(ntwait_loom))]
    pub(crate) const fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    #[cfg(ntwait_loom)]
    pub(crate) fn new(value: T) -> Self {
        Self { state: AtomicU32::new(FREE), value: UnsafeCell::new(value) }
    }

    /// The value, for whoever has the lock to himself.
    #[cfg(ntwait_loom)]
    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, T> {
        debug_assert!(depth::is_raised(), "G1");
        if self.state.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_err() {
            self.lock_slow();
        }
        Guard(self)
    }

    /// True: somebody sleeps for the lock and must be woken.
    ///
    /// Release: what was done under the lock is seen by the next who takes it.
    #[inline]
    fn let_go(&self) -> bool {
        self.state.swap(FREE, Ordering::Release) == CONTENDED
    }

    /// A lock that is free, with this value, whatever it was.
    ///
    /// # Safety
    /// No other thread knows of the lock: the process is a child of `fork` that has no other yet.
    #[cfg(not(ntwait_loom))]
    pub(crate) unsafe fn renew(&self, value: T) {
        // SAFETY: the caller's promise; what was there may be half changed, so it is not dropped.
        unsafe { self.value.get().write(value) };
        self.state.store(FREE, Ordering::Release);
    }

    #[cold]
    fn lock_slow(&self) {
        let mut spins = cpu::LOCK_SPINS;
        while spins > 0 {
            spins -= 1;
            if self.state.load(Ordering::Relaxed) == FREE
                && self.state.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok()
            {
                return;
            }
        }
        while self.state.swap(CONTENDED, Ordering::Acquire) != FREE {
            futex::wait(FutexAddr::whole(&self.state), CONTENDED, &Deadline::Never);
        }
    }
}

impl<T: Default> Default for FutexLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one.
        unsafe { &*self.0.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: this guard is the only one.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<T> Guard<'_, T> {
    /// Lets go, and leaves the wake of who sleeps for the lock for when the caller holds no other.
    pub(crate) fn unlock(self) -> LateWake {
        let lock = self.0;
        core::mem::forget(self);
        if lock.let_go() { LateWake::new(FutexAddr::whole(&lock.state), 1) } else { LateWake::NONE }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.0.let_go() {
            futex::wake(FutexAddr::whole(&self.0.state), 1);
        }
    }
}
