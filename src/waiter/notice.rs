//! What a thread that sleeps in a wait says of it, for those who ask who waits for what.
//!
//! ```text
//!            the fields, then          the wait is over
//!   even ─────────────────────▶ odd ─────────────────────▶ even       (the count of changes)
//!   nothing is told             the thread sleeps in the wait that the fields tell
//! ```
//!
//! NO1  The thread alone writes: where it is queued already and about to sleep, and when it has risen. Waits that need no
//!      sleep touch nothing here.
//! NO2  Who reads the same odd count before and after the fields has read what belongs together. Who reads the same odd count
//!      again later knows that the thread did not leave that wait meanwhile; it may have been decided though, which the parking
//!      word tells.
//! NO3  The count only grows, also when the record goes to another thread. (It would take 2³¹ waits between two readings.)
//! orderings   the fields: Release, so that who reads a new one finds the even count before it (Acquire); the odd count:
//!             Release → Acquire, for the fields

use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::clock::{Clock, Deadline, coarse_now_ns};

/// What sort of wait a thread sleeps in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Sort {
    /// For one of so many objects; none is a delay.
    Any = 1,
    /// For all of them.
    All,
    /// For one notification object, on its epoch: in no queue.
    Epoch,
    /// In the parking lot.
    Lot,
    /// For an alert by thread id.
    Alert,
}

impl Sort {
    const fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Any,
            2 => Self::All,
            3 => Self::Epoch,
            4 => Self::Lot,
            _ => Self::Alert,
        }
    }
}

/// A wait in which a thread is about to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) sort: Sort,
    pub(crate) alertable: bool,
    /// Objects.
    pub(crate) count: u32,
    /// Where the object is, if it is one alone, and its generation.
    pub(crate) slot: usize,
    pub(crate) generation: u32,
}

impl Waiting {
    /// For no object.
    pub(crate) const fn for_nothing(sort: Sort) -> Self {
        Self { sort, alertable: false, count: 0, slot: 0, generation: 0 }
    }
}

/// A wait as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    count: u32,
    pub(crate) waiting: Waiting,
    /// Of which clock the deadline is, and when.
    pub(crate) deadline: (Clock, u64),
    /// In nanoseconds of the monotonic clock, as exactly as its coarse form tells.
    pub(crate) since: u64,
}

/// The notice of one thread.
#[derive(Debug)]
pub(crate) struct Notice {
    count: AtomicU32,
    /// Sort, whether it is alertable, the deadline's clock, the number of objects and the generation.
    terms: AtomicU64,
    slot: AtomicU64,
    deadline: AtomicU64,
    since: AtomicU64,
}

const ALERTABLE: u64 = 1 << 8;
const CLOCK_SHIFT: u32 = 9;
const COUNT_SHIFT: u32 = 11;
const COUNT_BITS: u32 = 21;
const GENERATION_SHIFT: u32 = COUNT_SHIFT + COUNT_BITS;

impl Default for Notice {
    fn default() -> Self {
        Self {
            count: AtomicU32::new(0),
            terms: AtomicU64::new(0),
            slot: AtomicU64::new(0),
            deadline: AtomicU64::new(0),
            since: AtomicU64::new(0),
        }
    }
}

impl Notice {
    /// The calling thread, whose notice it is, is about to sleep (NO1).
    pub(crate) fn put_up(&self, waiting: Waiting, deadline: &Deadline) {
        if !is_wanted() {
            return;
        }
        let (clock, moment) = deadline.told();
        let terms = waiting.sort as u64
            | if waiting.alertable { ALERTABLE } else { 0 }
            | (clock as u64) << CLOCK_SHIFT
            | u64::from(waiting.count) << COUNT_SHIFT
            | u64::from(waiting.generation) << GENERATION_SHIFT;
        self.terms.store(terms, Ordering::Release);
        self.slot.store(waiting.slot as u64, Ordering::Release);
        self.deadline.store(moment, Ordering::Release);
        self.since.store(coarse_now_ns(), Ordering::Release);
        // Relaxed: the thread's own.
        self.count.store(self.count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
    }

    /// It has risen; or it is gone, and the caller acts for it.
    pub(crate) fn take_down(&self) {
        let count = self.count.load(Ordering::Relaxed);
        if count & 1 != 0 {
            self.count.store(count.wrapping_add(1), Ordering::Release);
        }
    }

    /// The wait that the thread sleeps in, if it does (NO2).
    pub(crate) fn read(&self) -> Option<Told> {
        let count = self.count.load(Ordering::Acquire);
        if count & 1 == 0 {
            return None;
        }
        let terms = self.terms.load(Ordering::Acquire);
        let slot = self.slot.load(Ordering::Acquire) as usize;
        let deadline = self.deadline.load(Ordering::Acquire);
        let since = self.since.load(Ordering::Acquire);
        let waiting = Waiting {
            sort: Sort::from_bits(terms as u8),
            alertable: terms & ALERTABLE != 0,
            count: (terms >> COUNT_SHIFT) as u32 & ((1 << COUNT_BITS) - 1),
            slot,
            generation: (terms >> GENERATION_SHIFT) as u32,
        };
        let clock = match terms >> CLOCK_SHIFT & 3 {
            0 => Clock::Never,
            1 => Clock::Monotonic,
            _ => Clock::Realtime,
        };
        let told = Told { count, waiting, deadline: (clock, deadline), since };
        self.is_still(&told).then_some(told)
    }

    /// Is it the same wait still?
    pub(crate) fn is_still(&self, told: &Told) -> bool {
        self.count.load(Ordering::Acquire) == told.count
    }
}

#[cfg(not(ntwait_loom))]
const fn is_wanted() -> bool {
    true
}

/// In a model only if that is about notices: they would multiply the orders that the checker tries.
#[cfg(ntwait_loom)]
use crate::sys::model::notices_are_wanted as is_wanted;

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    #[test]
    fn no2_what_was_put_up_is_read() {
        let notice = Notice::default();
        assert_eq!(notice.read(), None);
        for sort in [Sort::Any, Sort::All, Sort::Epoch, Sort::Lot, Sort::Alert] {
            for alertable in [false, true] {
                let waiting = Waiting { sort, alertable, count: 1 << 20, slot: usize::MAX - 63, generation: 0xFF_FFFF };
                notice.put_up(waiting, &Deadline::at_ns(1_234_567_890_123));
                let told = notice.read().expect("a wait");
                assert_eq!((told.waiting, told.deadline), (waiting, (Clock::Monotonic, 1_234_567_890_123)));
                notice.take_down();
                assert!(!notice.is_still(&told) && notice.read().is_none());
            }
        }
    }

    #[test]
    fn no3_the_count_only_grows() {
        let notice = Notice::default();
        let waiting = Waiting::for_nothing(Sort::Alert);
        notice.put_up(waiting, &Deadline::Never);
        let first = notice.read().expect("a wait");
        notice.take_down();
        notice.take_down();
        notice.put_up(waiting, &Deadline::Never);
        assert!(!notice.is_still(&first), "the same wait again is another wait");
    }
}
