//! `std::sync::Mutex` + `Condvar` around a flag, without a map.
//!
//! std's `notify_*` makes a system call even when nobody waits; counting the waiters under the mutex avoids that, so
//! this peer counts. The notification is sent after the mutex is released.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Event;

/// A flag under a mutex.
pub(crate) struct StdEvent<const MANUAL: bool> {
    flag: Mutex<Flag>,
    changed: Condvar,
}

#[derive(Default)]
struct Flag {
    set: bool,
    waiters: u32,
}

impl<const MANUAL: bool> StdEvent<MANUAL> {
    #[inline]
    fn flag(&self) -> MutexGuard<'_, Flag> {
        self.flag.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the flag and tells whether someone waits for it, who must then be notified.
    #[inline]
    pub(super) fn set_quietly(&self) -> bool {
        let mut flag = self.flag();
        flag.set = true;
        flag.waiters != 0
    }

    /// Wakes whom a set releases.
    #[cold]
    pub(super) fn notify(&self) {
        if MANUAL { self.changed.notify_all() } else { self.changed.notify_one() }
    }

    #[inline]
    fn take(flag: &mut Flag) -> bool {
        let was = flag.set;
        flag.set = was && MANUAL;
        was
    }
}

impl<const MANUAL: bool> Event for StdEvent<MANUAL> {
    const NAME: &'static str = "std Mutex+Condvar";

    fn new() -> Self {
        Self { flag: Mutex::new(Flag::default()), changed: Condvar::new() }
    }

    #[inline]
    fn set(&self) {
        if self.set_quietly() {
            self.notify();
        }
    }

    #[inline]
    fn reset(&self) {
        self.flag().set = false;
    }

    #[inline]
    fn wait(&self) {
        let mut flag = self.flag();
        while !Self::take(&mut flag) {
            flag.waiters += 1;
            flag = self.changed.wait(flag).unwrap_or_else(PoisonError::into_inner);
            flag.waiters -= 1;
        }
    }

    fn wait_timeout(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut flag = self.flag();
        while !Self::take(&mut flag) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            flag.waiters += 1;
            flag = self.changed.wait_timeout(flag, left).unwrap_or_else(PoisonError::into_inner).0;
            flag.waiters -= 1;
        }
        true
    }

    #[inline]
    fn try_wait(&self) -> bool {
        Self::take(&mut self.flag())
    }
}
