//! The limit: one futex word and a waiter count. No handle, no queue, no hand-off order; it is not a product.
//!
//! A set is one locked instruction and a load, and wakes only if someone waits.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex::{self, Flags};
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::Event;

/// A flag that threads sleep on.
pub(crate) struct BareFutex<const MANUAL: bool> {
    state: AtomicU32,
    waiters: AtomicU32,
}

impl<const MANUAL: bool> BareFutex<MANUAL> {
    const WOKEN_BY_SET: u32 = if MANUAL { i32::MAX as u32 } else { 1 };

    /// Sleeps unless the flag is set. `false` once `deadline` (monotonic clock) has passed.
    #[cold]
    fn sleep(&self, deadline: Option<&Timespec>) -> bool {
        // SeqCst: the count is visible before the kernel compares the flag; pairs with the swap in `set`.
        self.waiters.fetch_add(1, SeqCst);
        let ended = futex::wait_bitset(&self.state, Flags::PRIVATE, 0, deadline, NonZeroU32::MAX);
        self.waiters.fetch_sub(1, SeqCst);
        ended != Err(Errno::TIMEDOUT)
    }

    #[cold]
    fn wake(&self) {
        let _ = futex::wake(&self.state, Flags::PRIVATE, Self::WOKEN_BY_SET);
    }
}

impl<const MANUAL: bool> Event for BareFutex<MANUAL> {
    const NAME: &'static str = "bare futex";

    fn new() -> Self {
        Self { state: AtomicU32::new(0), waiters: AtomicU32::new(0) }
    }

    #[inline]
    fn set(&self) {
        self.state.swap(1, SeqCst);
        if self.waiters.load(SeqCst) != 0 {
            self.wake();
        }
    }

    #[inline]
    fn reset(&self) {
        self.state.swap(0, SeqCst);
    }

    #[inline]
    fn wait(&self) {
        while !self.try_wait() {
            self.sleep(None);
        }
    }

    fn wait_timeout(&self, limit: Duration) -> bool {
        let deadline = deadline_after(limit);
        loop {
            if self.try_wait() {
                return true;
            }
            if !self.sleep(Some(&deadline)) {
                return self.try_wait();
            }
        }
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.state.load(SeqCst) != 0 && (MANUAL || self.state.swap(0, SeqCst) != 0)
    }
}

/// `limit` from now on the monotonic clock.
fn deadline_after(limit: Duration) -> Timespec {
    let now = clock_gettime(ClockId::Monotonic);
    let limit = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: i64::MAX / 2, tv_nsec: 0 });
    now + limit
}
