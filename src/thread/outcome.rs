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
    /// 1: the thread has written the result, all of it.
    is_there: AtomicU32,
    result: UnsafeCell<Option<std::thread::Result<T>>>,
}

// SAFETY: the value goes from one thread to another.
unsafe impl<T: Send> Send for Outcome<T> {}
// SAFETY: a reference to an outcome reaches nothing.
unsafe impl<T: Send> Sync for Outcome<T> {}

impl<T> Outcome<T> {
    pub(super) fn new() -> Self {
        let _shield = Shield::raise();
        let shared = Shared { owners: AtomicU32::new(1), is_there: AtomicU32::new(0), result: UnsafeCell::new(None) };
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

    /// By the thread, once, before it ends.
    pub(super) fn set(self, result: std::thread::Result<T>) {
        let _shield = Shield::raise(); // it is not terminated half-way
        // SAFETY: the only writer, and nobody reads before `is_there`.
        unsafe { *self.shared().result.get() = Some(result) };
        self.shared().is_there.store(1, Ordering::Release);
    }

    /// By the owner of the `Thread`: what is there.
    pub(super) fn take(&self) -> Option<std::thread::Result<T>> {
        if self.shared().is_there.load(Ordering::Acquire) == 0 {
            return None;
        }
        // SAFETY: the thread has written and does no more; the owner is the only reader.
        unsafe { (*self.shared().result.get()).take() }
    }
}

impl<T> Drop for Outcome<T> {
    fn drop(&mut self) {
        if self.shared().owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: the last share is ours alone.
            let result = unsafe { &mut *self.shared().result.get() }.take();
            {
                let _shield = Shield::raise();
                // SAFETY: we own the last share.
                drop(unsafe { Box::from_raw(self.0.as_ptr()) });
            }
            drop(result); // the user's code, under no shield
        }
    }
}
