//! The typed critical section: data and a guard.

#![allow(unsafe_code, reason = "the lock makes data that one thread may use at a time usable by all")]

use super::RtlCriticalSection;
use crate::sys::atomic::const_outside_models;
use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;

/// The spin count of a section that says nothing of one, as Windows has it (CS5).
const SPIN_COUNT: u32 = 2_000;

/// Data that one thread at a time has, however often it asks: [`RtlCriticalSection`] with a guard.
///
/// As the owner may enter again, the guard gives shared access only; put a `Cell` or `RefCell` inside to change the data.
/// There is no poisoning.
///
/// ```
/// use ntwait::CriticalSection;
/// use std::cell::Cell;
///
/// let count = CriticalSection::new(Cell::new(0));
/// let outer = count.enter();
/// let inner = count.enter(); // the same thread
/// inner.set(outer.get() + 1);
/// std::thread::scope(|scope| {
///     scope.spawn(|| assert!(count.try_enter().is_none())); // another one
/// });
/// assert_eq!(outer.get(), 1);
/// ```
#[repr(C)]
pub struct CriticalSection<T: ?Sized> {
    raw: RtlCriticalSection,
    data: T,
}

// SAFETY: the data is used by one thread at a time, the owner, so it need not be `Sync` itself; `Send`, as the owners change.
unsafe impl<T: ?Sized + Send> Sync for CriticalSection<T> {}

/// The right to the data of a [`CriticalSection`], until it is dropped: by the thread that entered.
#[must_use = "the section is left at once"]
pub struct CriticalSectionGuard<'s, T: ?Sized> {
    section: &'s CriticalSection<T>,
    /// The owner leaves, nobody else.
    not_send: PhantomData<*const ()>,
}

impl<T> CriticalSection<T> {
    const_outside_models! {
        /// A section that nobody owns.
        pub fn new(data: T) -> Self {
            Self::with_spin_count(SPIN_COUNT, data)
        }
    }

    const_outside_models! {
        /// A section whose enter looks so often before it sleeps, at most; 0 never does.
        pub fn with_spin_count(spin_count: u32, data: T) -> Self {
            Self { raw: RtlCriticalSection::new(spin_count), data }
        }
    }

    /// The data, of a section that nobody else has.
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T: ?Sized> CriticalSection<T> {
    /// Returns when the caller owns the section, once more than before if it did. Who forgets 2³² guards ends the process.
    #[inline]
    pub fn enter(&self) -> CriticalSectionGuard<'_, T> {
        self.raw.rtl_enter_critical_section();
        self.require_count();
        CriticalSectionGuard { section: self, not_send: PhantomData }
    }

    /// As [`enter`](Self::enter), if that is possible at once.
    #[inline]
    pub fn try_enter(&self) -> Option<CriticalSectionGuard<'_, T>> {
        let entered = self.raw.rtl_try_enter_critical_section();
        if entered {
            self.require_count();
        }
        entered.then(|| CriticalSectionGuard { section: self, not_send: PhantomData })
    }

    /// The count must not wrap while there are guards: a section that was left as often as it was counted would be free.
    #[inline]
    fn require_count(&self) {
        if self.raw.recursion_count() == 0 {
            std::process::abort();
        }
    }

    /// Does the calling thread own it?
    #[must_use]
    pub fn is_mine(&self) -> bool {
        self.raw.rtl_is_critical_section_locked_by_thread()
    }

    /// The data, of a section that nobody else has.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<'s, T: ?Sized> CriticalSectionGuard<'s, T> {
    pub(in crate::rtl) fn held(&self) -> &'s RtlCriticalSection {
        &self.section.raw
    }
}

impl<T: ?Sized> Deref for CriticalSectionGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        &self.section.data
    }
}

impl<T: ?Sized> Drop for CriticalSectionGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.section.raw.rtl_leave_critical_section();
    }
}

impl<T: Default> Default for CriticalSection<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for CriticalSection<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_enter() {
            Some(data) => f.debug_struct("CriticalSection").field("data", &&*data).finish(),
            None => f.debug_struct("CriticalSection").finish_non_exhaustive(),
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for CriticalSectionGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
