//! What a thread's closure came to, between the thread and the owner of its handle.

#![allow(unsafe_code, reason = "a value that goes from one thread to another")]

use crate::sys::atomic::{AtomicU32, Ordering};
use crate::waiter::shield::Shield;
use core::cell::UnsafeCell;
use core::ptr::NonNull;

/// What a closure came to: written by its thread, read by whoever has seen the thread's end, freed by the later of both.
pub(super) struct Outcome<T>(NonNull<Shared<T>>);

struct Shared<T> {
    owners: AtomicU32,
    result: UnsafeCell<Option<std::thread::Result<T>>>,
}

// SAFETY: the value goes from one thread to another.
unsafe impl<T: Send> Send for Outcome<T> {}
// SAFETY: a reference to an outcome reaches nothing.
unsafe impl<T: Send> Sync for Outcome<T> {}

impl<T> Outcome<T> {
    pub(super) fn new() -> Self {
        let shared = Shared { owners: AtomicU32::new(1), result: UnsafeCell::new(None) };
        Self(NonNull::from(Box::leak(Box::new(shared))))
    }

    fn shared(&self) -> &Shared<T> {
        // SAFETY: we own a share.
        unsafe { self.0.as_ref() }
    }

    pub(super) fn share(&self) -> Self {
        self.shared().owners.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }

    /// By the thread, before it ends.
    pub(super) fn set(self, result: std::thread::Result<T>) {
        // SAFETY: the only writer; readers come after the thread's end.
        unsafe { *self.shared().result.get() = Some(result) };
    }

    /// By the owner of the `Thread`, after the thread's end.
    pub(super) fn take(&self) -> Option<std::thread::Result<T>> {
        // SAFETY: the thread has ended, and its end, being signalled, was seen after what it wrote.
        unsafe { (*self.shared().result.get()).take() }
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        let _shield = Shield::raise();
        if self.shared().owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: we own the last share.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
