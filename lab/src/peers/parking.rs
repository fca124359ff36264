//! `parking_lot::Mutex` + `Condvar` around a flag, without a map.
//!
//! parking_lot's `notify_*` is one load when nobody waits. It is called after the mutex is released.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Event;

/// A flag under a one-byte mutex.
pub(crate) struct Parking<const MANUAL: bool> {
    set: Mutex<bool>,
    changed: Condvar,
}

impl<const MANUAL: bool> Parking<MANUAL> {
    #[inline]
    fn take(set: &mut bool) -> bool {
        let was = *set;
        *set = was && MANUAL;
        was
    }
}

impl<const MANUAL: bool> Event for Parking<MANUAL> {
    const NAME: &'static str = "parking_lot";

    fn new() -> Self {
        Self { set: Mutex::new(false), changed: Condvar::new() }
    }

    #[inline]
    fn set(&self) {
        *self.set.lock() = true;
        if MANUAL {
            self.changed.notify_all();
        } else {
            self.changed.notify_one();
        }
    }

    #[inline]
    fn reset(&self) {
        *self.set.lock() = false;
    }

    #[inline]
    fn wait(&self) {
        let mut set = self.set.lock();
        while !Self::take(&mut set) {
            self.changed.wait(&mut set);
        }
    }

    fn wait_timeout(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut set = self.set.lock();
        while !Self::take(&mut set) {
            if self.changed.wait_until(&mut set, deadline).timed_out() {
                return Self::take(&mut set);
            }
        }
        true
    }

    #[inline]
    fn try_wait(&self) -> bool {
        Self::take(&mut self.set.lock())
    }
}
