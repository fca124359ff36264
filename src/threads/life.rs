//! What tells of a task that it has died without a word.
//!
//! A task holds its slot's life, a robust mutex, for as long as it may run the user's code. If it dies with it, the
//! kernel marks the mutex, and then rings the bell: the one word of the process that it clears for such a task.
//!
//! ```text
//!            begin                    end
//!   free ───────────▶ held (by the task) ──────▶ free
//!                        │ the task dies
//!                        ▼                      is_over
//!                     marked by the kernel ───────────────▶ free, and the warden knows
//! ```
//!
//! L1  `begin` and `end` are called by the task, in this order; `is_over` under the pools' lock, in which the slot is
//!     taken from the running ones before `end`.

#![allow(unsafe_code, reason = "a robust mutex")]

use core::cell::UnsafeCell;
use core::mem::MaybeUninit;

pub(super) struct Life(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: a mutex is made to be used by several threads.
unsafe impl Sync for Life {}
// SAFETY: it is not locked while it is moved.
unsafe impl Send for Life {}

impl core::fmt::Debug for Life {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Life")
    }
}

impl Life {
    pub(super) const fn new() -> Self {
        Self(UnsafeCell::new(libc::PTHREAD_MUTEX_INITIALIZER))
    }

    /// Makes it robust, and free. Before it is used, at its final address, and when its last task is gone.
    pub(super) fn prepare(&self) {
        let mut how = MaybeUninit::uninit();
        // SAFETY: a place for attributes.
        unsafe { libc::pthread_mutexattr_init(how.as_mut_ptr()) };
        // SAFETY: made above.
        unsafe { libc::pthread_mutexattr_setrobust(how.as_mut_ptr(), libc::PTHREAD_MUTEX_ROBUST) };
        // SAFETY: made above; nobody uses the mutex yet.
        unsafe { libc::pthread_mutex_init(self.0.get(), how.as_ptr()) };
        // SAFETY: made above.
        unsafe { libc::pthread_mutexattr_destroy(how.as_mut_ptr()) };
    }

    pub(super) fn begin(&self) {
        // SAFETY: prepared; the task does not hold it (L1). The warden may for a moment.
        unsafe { libc::pthread_mutex_lock(self.0.get()) };
    }

    pub(super) fn end(&self) {
        // SAFETY: the task holds it (L1).
        unsafe { libc::pthread_mutex_unlock(self.0.get()) };
    }

    /// Does this list of robust mutexes begin with it? Then the task, which took it first, holds no other. The list goes
    /// from link to link, and the links lie inside the mutexes.
    pub(super) fn is_newest(&self, first: usize) -> bool {
        let start = self.0.get().addr();
        (start..start + size_of::<libc::pthread_mutex_t>()).contains(&first)
    }

    /// Has the task died with it?
    pub(super) fn is_over(&self) -> bool {
        // SAFETY: prepared, and not freed while the slot is among the running ones (L1).
        match unsafe { libc::pthread_mutex_trylock(self.0.get()) } {
            libc::EOWNERDEAD => {
                // SAFETY: ours now.
                unsafe { libc::pthread_mutex_consistent(self.0.get()) };
                self.end();
                true
            }
            0 => {
                // The task has not got to it yet.
                self.end();
                false
            }
            _ => false,
        }
    }
}
