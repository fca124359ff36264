//! A cell for plain data that some lock or ownership rule guards. The model checker proves the rule.
//!
//! # Safety
//! [`Guarded`] hands out copies only, never references, so the one obligation is exclusion: no `set` at the same
//! time as a `get` or `set` of another thread. Each use names the rule that gives it.

#![allow(unsafe_code, reason = "interior mutability behind the object lock")]

#[cfg(not(ntwait_loom))]
use core::cell::UnsafeCell;
#[cfg(ntwait_loom)]
use loom::cell::UnsafeCell;

/// A `Copy` value that is read and written only under the rule its owner documents.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Guarded<T>(UnsafeCell<T>);

// SAFETY: access goes through `get` and `set`, whose callers promise exclusion.
unsafe impl<T: Send> Sync for Guarded<T> {}
// SAFETY: a `Guarded` owns its value and nothing else.
unsafe impl<T: Send> Send for Guarded<T> {}

impl<T: Copy + Default> Default for Guarded<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Copy> Guarded<T> {
    #[cfg(not(ntwait_loom))]
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    #[cfg(ntwait_loom)]
    pub(crate) fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// # Safety
    /// No other thread may be in [`set`](Self::set) on this cell.
    #[inline]
    pub(crate) unsafe fn get(&self) -> T {
        #[cfg(not(ntwait_loom))]
        // SAFETY: the caller excludes writers.
        return unsafe { *self.0.get() };
        #[cfg(ntwait_loom)]
        // SAFETY: the caller excludes writers; the checker verifies it.
        return self.0.with(|p| unsafe { *p });
    }

    /// # Safety
    /// No other thread may be in [`get`](Self::get) or [`set`](Self::set) on this cell.
    #[inline]
    pub(crate) unsafe fn set(&self, value: T) {
        #[cfg(not(ntwait_loom))]
        // SAFETY: the caller excludes every other access.
        unsafe {
            *self.0.get() = value;
        }
        #[cfg(ntwait_loom)]
        // SAFETY: the caller excludes every other access; the checker verifies it.
        self.0.with_mut(|p| unsafe { *p = value });
    }
}
