//! How long a thread that finds a lock held looks again before it queues, and when one that queues has waited too long.

use crate::sys::atomic::spin_hint;
use crate::sys::cpu::{self, Stopwatch};

/// Looks that are worth it before a thread sleeps. A holder that runs is done by then; one that does not run is waited for
/// asleep. Before each look the pause doubles.
#[derive(Debug)]
pub(super) struct Spin {
    left: u32,
    next: u32,
}

impl Default for Spin {
    fn default() -> Self {
        Self::at_most(u32::MAX)
    }
}

impl Spin {
    /// With so many pauses at most, or fewer if they would not be worth it.
    pub(super) fn at_most(pauses: u32) -> Self {
        Self { left: pauses.min(cpu::most_pauses()), next: 2 }
    }

    /// Pauses before one more look. False: enough.
    #[inline]
    pub(super) fn again(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        let pauses = self.next.min(self.left);
        (self.left, self.next) = (self.left - pauses, self.next * 2);
        for _ in 0..pauses {
            spin_hint();
        }
        true
    }
}

/// How long a thread may be overtaken before it is handed the lock.
const LONG_NS: u32 = 1_000_000;

/// Knows how long a thread has been in and out of a queue.
#[derive(Debug, Default)]
pub(super) struct Patience {
    since: Option<Stopwatch>,
}

impl Patience {
    /// Has it waited too long? Asked each time that it is about to queue, and never over at the first.
    pub(super) fn is_over(&mut self) -> bool {
        match self.since {
            Some(since) => since.elapsed_ns() >= LONG_NS,
            None => {
                self.since = Some(Stopwatch::start());
                false
            }
        }
    }
}
