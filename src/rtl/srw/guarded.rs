//! The typed SRW lock: data and guards.

#![allow(unsafe_code, reason = "the guards deref to what the lock protects")]

use super::{Mode, RtlSrwLock};
use crate::sys::atomic::const_outside_models;
use core::cell::UnsafeCell;
use core::fmt;
use core::ops::{Deref, DerefMut};

/// Data that many threads may read or one may change: [`RtlSrwLock`] with guards.
///
/// It is not recursive: a thread that acquires it while it has a guard of it waits for itself, in most combinations (SR2,
/// SR3). There is no poisoning. A guard may be dropped by another thread than made it (SR4).
///
/// ```
/// static NAMES: ntwait::SrwLock<Vec<&str>> = ntwait::SrwLock::new(Vec::new());
///
/// NAMES.write().push("first");
/// assert_eq!(NAMES.read().len(), 1);
/// let reader = NAMES.read();
/// assert!(NAMES.try_write().is_none() && NAMES.try_read().is_some());
/// # drop(reader);
/// ```
#[derive(Default)]
#[repr(C)]
pub struct SrwLock<T: ?Sized> {
    raw: RtlSrwLock,
    data: UnsafeCell<T>,
}

// SAFETY: a writer has the data to itself, as `&mut T` in whichever thread (Send); readers share it (Sync).
unsafe impl<T: ?Sized + Send + Sync> Sync for SrwLock<T> {}

/// Shared access to the data of an [`SrwLock`], until it is dropped.
#[must_use = "the lock is released at once"]
pub struct SrwReadGuard<'l, T: ?Sized> {
    lock: &'l SrwLock<T>,
}

/// Exclusive access to the data of an [`SrwLock`], until it is dropped.
#[must_use = "the lock is released at once"]
pub struct SrwWriteGuard<'l, T: ?Sized> {
    lock: &'l SrwLock<T>,
}

impl<T> SrwLock<T> {
    const_outside_models! {
        /// A lock that nobody holds.
        pub fn new(data: T) -> Self {
            Self { raw: RtlSrwLock::new(), data: UnsafeCell::new(data) }
        }
    }

    /// The data, of a lock that nobody else has.
    pub fn into_inner(self) -> T {
        self.data.into_inner()
    }
}

impl<T: ?Sized> SrwLock<T> {
    /// Returns when the caller may read. Waits while somebody writes or is queued to write (SR5).
    #[inline]
    pub fn read(&self) -> SrwReadGuard<'_, T> {
        self.raw.rtl_acquire_srw_lock_shared();
        SrwReadGuard { lock: self }
    }

    /// Returns when the caller alone has the data.
    #[inline]
    pub fn write(&self) -> SrwWriteGuard<'_, T> {
        self.raw.rtl_acquire_srw_lock_exclusive();
        SrwWriteGuard { lock: self }
    }

    /// As [`read`](Self::read), if that is possible at once.
    #[inline]
    pub fn try_read(&self) -> Option<SrwReadGuard<'_, T>> {
        self.raw.rtl_try_acquire_srw_lock_shared().then(|| SrwReadGuard { lock: self })
    }

    /// As [`write`](Self::write), if that is possible at once.
    #[inline]
    pub fn try_write(&self) -> Option<SrwWriteGuard<'_, T>> {
        self.raw.rtl_try_acquire_srw_lock_exclusive().then(|| SrwWriteGuard { lock: self })
    }

    /// The data, of a lock that nobody else has.
    pub fn get_mut(&mut self) -> &mut T {
        self.data.get_mut()
    }
}

impl<'l, T: ?Sized> SrwReadGuard<'l, T> {
    pub(in crate::rtl) fn held(&self) -> (&'l RtlSrwLock, Mode) {
        (&self.lock.raw, Mode::Shared)
    }
}

impl<'l, T: ?Sized> SrwWriteGuard<'l, T> {
    pub(in crate::rtl) fn held(&self) -> (&'l RtlSrwLock, Mode) {
        (&self.lock.raw, Mode::Exclusive)
    }
}

impl<T: ?Sized> Deref for SrwReadGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held shared, so nobody writes.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> Deref for SrwWriteGuard<'_, T> {
    type Target = T;
    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: the lock is held exclusively.
        unsafe { &*self.lock.data.get() }
    }
}

impl<T: ?Sized> DerefMut for SrwWriteGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the lock is held exclusively.
        unsafe { &mut *self.lock.data.get() }
    }
}

impl<T: ?Sized> Drop for SrwReadGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let _ = self.lock.raw.rtl_release_srw_lock_shared();
    }
}

impl<T: ?Sized> Drop for SrwWriteGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let _ = self.lock.raw.rtl_release_srw_lock_exclusive();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for SrwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(data) => f.debug_struct("SrwLock").field("data", &&*data).finish(),
            None => f.debug_struct("SrwLock").finish_non_exhaustive(),
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for SrwReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for SrwWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
