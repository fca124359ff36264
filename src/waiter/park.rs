//! The parking word: how a thread's wait ends is decided by one compare-exchange on it, whoever does it.
//!
//! ```text
//!  31            12 11   9 8         3     2      1 0
//!  ┌───────────────┬──────┬───────────┬───────────┬───────┐
//!  │ index 20      │ why  │ pending 6 │ ALERTABLE │ state │
//!  └───────────────┴──────┴───────────┴───────────┴───────┘
//!  pending: ALERT, APC, SOFT_ALERT, SUSPEND, TERMINATE, BY_ID
//!  why, index: zero until the wait is decided, but for the lowest bit of why: HEEDS_ID while ASLEEP
//!
//!          begin            commit                 (begin and commit are one step in a wait for one object)
//!   IDLE ─────────▶ LINKING ────────▶ ASLEEP
//!    ▲                 │ decide,         │ decide, post: the one who decides wakes
//!    │ finish          │ commit          │
//!    └────────────── DONE(why, index) ◀──┘
//! ```
//!
//! | state    | while in this state                                        | who leaves it                     |
//! |----------|------------------------------------------------------------|-----------------------------------|
//! | IDLE     | the thread is in no wait                                   | the thread                        |
//! | LINKING  | it tests and queues, object by object                      | signallers, itself                |
//! | ASLEEP   | it is queued everywhere and sleeps, or is about to         | signallers, requests, its time-out|
//! | DONE     | the wait is decided; the thread cleans up                  | the thread                        |
//!
//! P1  A wait leaves "open" (LINKING, ASLEEP) once. Only who made that move consumes an object for it.
//! P2  A request leaves its bit in LINKING and decides from ASLEEP only, so that it cannot overtake an object that was
//!     signalled earlier but not looked at yet (W22, A13). Alerts and APCs decide alertable waits, an alert by id those
//!     that heed it (WA14); a suspension or termination decides any.
//! P3  Pending bits and the announcement of sleep are in one word: neither side can miss the other.
//! P4  Every move is a read-modify-write that keeps the bits it does not own.
//! P5  SUSPEND and TERMINATE stay until they are withdrawn or the thread has ended: a thread that is to stop, and is not
//!     in an open wait, sleeps on this very word while the bit is there.
//! orderings   decide: Release → seen by the thread: Acquire; the rest rides on the same RMWs (AcqRel).

use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::futex::FutexAddr;

const STATE: u32 = 0b11;
const IDLE: u32 = 0;
const LINKING: u32 = 1;
const ASLEEP: u32 = 2;
const DONE: u32 = 3;

const ALERTABLE: u32 = 1 << 2;
const PENDING: u32 = 0x3F << 3;
/// The pending bits that only an alertable wait looks at.
const REQUESTS: u32 = 0x7 << 3;
/// Beside ALERTABLE: an alert by thread id ends the wait.
const HEEDS_ID: u32 = 1 << 9;

const WHY_SHIFT: u32 = 9;
const WHY: u32 = 0x7;
const INDEX_SHIFT: u32 = 12;

/// Objects in one wait, at most: the index has 20 bits.
pub(crate) const MAX_OBJECTS: usize = 1 << 20;

/// What another thread wants of this one, apart from signalled objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Pending {
    /// Somebody alerted the thread.
    Alert = 1 << 3,
    /// Its APC queue is not empty.
    Apc = 1 << 4,
    /// As an alert, but APCs come first (A7, A28).
    SoftAlert = 1 << 5,
    /// The thread is to stand still until this is withdrawn.
    Suspend = 1 << 6,
    /// The thread is to end.
    Terminate = 1 << 7,
    /// Somebody alerted the thread by its id, which only waits that heed it look at (WA14).
    ById = 1 << 8,
}

impl Pending {
    const fn bit(self) -> u32 {
        self as u32
    }
}

/// Which requests end a wait. A stop ends any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heed {
    Stops,
    /// It is alertable.
    Requests,
    /// Alerts by thread id end it.
    ById,
}

impl Heed {
    pub(crate) const fn alertable(alertable: bool) -> Self {
        if alertable { Self::Requests } else { Self::Stops }
    }

    const fn flags(self) -> u32 {
        match self {
            Self::Stops => 0,
            Self::Requests => ALERTABLE,
            Self::ById => HEEDS_ID,
        }
    }
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a sleeper must be woken, a running thread be told"]
pub(crate) enum Posted {
    /// It ended a wait, or the thread stood still: wake it.
    Wake,
    /// The thread runs, or is in a wait that this does not end: it will find the bit.
    Left,
}

/// What a thread is asked to stop for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Stand still for as long as the parking word is this.
    Suspend(u32),
    Terminate,
}

/// How a wait ended, before it is put in the caller's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Why {
    /// The object of this index (or all objects, index 0) was taken for it.
    Object = 0,
    TimedOut = 1,
    Alerted = 2,
    Apc = 3,
    /// The wait cannot be, for the reason that the index is the number of.
    Refused = 4,
    /// A signaller could not test this wait-all; it must test itself again.
    Retest = 5,
    /// The thread is to stop (P5); when it goes on, the wait begins anew.
    Stopped = 6,
    /// As `Object`; a mutant among what was taken had been abandoned.
    Abandoned = 7,
}

impl Why {
    const fn from_bits(bits: u32) -> Self {
        match bits {
            0 => Self::Object,
            1 => Self::TimedOut,
            2 => Self::Alerted,
            3 => Self::Apc,
            4 => Self::Refused,
            5 => Self::Retest,
            6 => Self::Stopped,
            _ => Self::Abandoned,
        }
    }
}

/// What came of an attempt to end a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "the winner consumes, and wakes a sleeper"]
pub(crate) enum Decision {
    /// We ended it; the thread is awake and will see.
    Won,
    /// We ended it; the thread sleeps and must be woken.
    WonAsleep,
    /// It had ended, or not begun.
    Lost,
}

/// A thread's parking word.
#[derive(Debug)]
pub(crate) struct ParkingWord(AtomicU32);

impl Default for ParkingWord {
    fn default() -> Self {
        Self(AtomicU32::new(IDLE))
    }
}

impl ParkingWord {
    pub(crate) fn futex(&self) -> FutexAddr {
        FutexAddr::whole(&self.0)
    }

    /// Acquire: pairs with `decide` and `post`.
    pub(crate) fn load(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }

    /// The owner starts a wait.
    pub(crate) fn begin(&self) {
        let old = self.0.fetch_or(LINKING, Ordering::AcqRel);
        debug_assert_eq!(old & !PENDING, IDLE);
    }

    /// The owner has linked itself everywhere and is about to sleep. Pending alerts end an alertable wait here (W20).
    /// True: the wait goes on.
    pub(crate) fn commit(&self, alertable: bool) -> bool {
        self.update(|word| {
            if word & STATE != LINKING {
                return None;
            }
            Some(to_sleep(word & PENDING, Heed::alertable(alertable)))
        })
        .is_ok_and(|(_, new)| new & STATE == ASLEEP)
    }

    /// As [`begin`](Self::begin) and [`commit`](Self::commit) in one step, for a wait for one object, which was found not
    /// signalled under the lock that the owner still holds. True: the wait goes on.
    pub(crate) fn begin_asleep(&self, alertable: bool) -> bool {
        self.begin_heeding(Heed::alertable(alertable))
    }

    /// The same for a wait that other requests may end.
    pub(crate) fn begin_heeding(&self, heed: Heed) -> bool {
        self.update(|word| {
            debug_assert_eq!(word & !PENDING, IDLE);
            Some(to_sleep(word & PENDING, heed))
        })
        .is_ok_and(|(_, new)| new & STATE == ASLEEP)
    }

    /// The value to sleep on while the wait is undecided.
    pub(crate) fn asleep(&self) -> Option<u32> {
        let word = self.load();
        (word & STATE == ASLEEP).then_some(word)
    }

    /// Ends an open wait (P1).
    pub(crate) fn decide(&self, why: Why, index: u32) -> Decision {
        self.update(|word| is_open(word).then_some(done(word & PENDING, why, index))).map_or(
            Decision::Lost,
            |(old, _)| match old & STATE {
                ASLEEP => Decision::WonAsleep,
                _ => Decision::Won,
            },
        )
    }

    /// Has the wait ended because the thread is to stop? Stays so until the thread leaves the wait.
    pub(crate) fn is_stopped(&self) -> bool {
        let word = self.load();
        word & STATE == DONE && word >> WHY_SHIFT & WHY == Why::Stopped as u32
    }

    /// Is the thread in no wait?
    pub(crate) fn is_idle(&self) -> bool {
        self.load() & STATE == IDLE
    }

    /// Is the wait still to be decided?
    pub(crate) fn is_open(&self) -> bool {
        is_open(self.load())
    }

    /// Leaves a request with the thread and ends its wait if the request can do that (P2).
    pub(crate) fn post(&self, request: Pending) -> Posted {
        let posted = self.update(|word| {
            let bits = word & PENDING | request.bit();
            Some(match pending_end(bits, word).filter(|_| word & STATE == ASLEEP) {
                Some((why, left)) => done(left, why, 0),
                None => word | bits,
            })
        });
        match posted {
            Ok((old, new)) if old & STATE == ASLEEP && new & STATE == DONE => Posted::Wake,
            Ok((old, _)) if old & Pending::Suspend.bit() != 0 => Posted::Wake, // it may stand still on the old value
            _ => Posted::Left,
        }
    }

    /// Takes a request back. Whoever stands still because of it must be woken.
    pub(crate) fn withdraw(&self, request: Pending) {
        self.0.fetch_and(!request.bit(), Ordering::AcqRel);
    }

    /// Is the thread to stop? (P5)
    pub(crate) fn stop(&self) -> Option<Stop> {
        let word = self.load();
        if word & Pending::Terminate.bit() != 0 {
            Some(Stop::Terminate)
        } else if word & Pending::Suspend.bit() != 0 {
            Some(Stop::Suspend(word))
        } else {
            None
        }
    }

    /// What pending requests an alertable wait would end for, seen before the objects were tested.
    pub(crate) fn pending(&self) -> u32 {
        self.load() & PENDING
    }

    /// Ends a wait that never blocked by one of the requests in `seen`, if it is still there: an alert is
    /// consumed, an APC stays until it is run.
    pub(crate) fn take_pending(&self, seen: u32) -> Option<Why> {
        let mut ended = None;
        let _ = self.update(|word| {
            let requests = word & seen & REQUESTS;
            ended = pending_end(requests, ALERTABLE);
            ended.map(|(_, left)| word & !requests | left)
        });
        ended.map(|(why, _)| why)
    }

    /// Consumes the alert that is pending, if one is (A22).
    pub(crate) fn take_alert(&self) -> bool {
        self.0.fetch_and(!Pending::Alert.bit(), Ordering::AcqRel) & Pending::Alert.bit() != 0
    }

    /// The word has a new owner, who was asked for nothing yet.
    pub(crate) fn drop_pending(&self) {
        self.0.fetch_and(!PENDING, Ordering::AcqRel);
    }

    /// The owner leaves the wait and learns how it ended.
    pub(crate) fn finish(&self) -> (Why, u32) {
        let old = self.0.fetch_and(PENDING, Ordering::AcqRel);
        debug_assert_eq!(old & STATE, DONE);
        (Why::from_bits(old >> WHY_SHIFT & WHY), old >> INDEX_SHIFT)
    }

    /// `(old, new)` if `change` gave a new word, else the word that it refused.
    fn update(&self, mut change: impl FnMut(u32) -> Option<u32>) -> Result<(u32, u32), u32> {
        let mut word = self.load();
        loop {
            let Some(new) = change(word) else {
                return Err(word);
            };
            match self.0.compare_exchange(word, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok((word, new)),
                Err(seen) => word = seen,
            }
        }
    }
}

const fn is_open(word: u32) -> bool {
    matches!(word & STATE, LINKING | ASLEEP)
}

const fn done(pending: u32, why: Why, index: u32) -> u32 {
    pending | DONE | (why as u32) << WHY_SHIFT | index << INDEX_SHIFT
}

/// The word of a thread that is about to sleep, or that does not because of these requests.
fn to_sleep(bits: u32, heed: Heed) -> u32 {
    match pending_end(bits, heed.flags()) {
        Some((why, left)) => done(left, why, 0),
        None => bits | ASLEEP | heed.flags(),
    }
}

/// How a wait with these flags ends for these bits, and which remain. A stop ends any wait. An alert comes first and is
/// used up (A7, A8, A25), then an APC, whose bit stays until the queue is drained, then the alert that came with a
/// resumption. An alert by id ends a wait that heeds it, and is used up.
const fn pending_end(bits: u32, flags: u32) -> Option<(Why, u32)> {
    const ALERT: u32 = Pending::Alert.bit();
    const SOFT_ALERT: u32 = Pending::SoftAlert.bit();
    const BY_ID: u32 = Pending::ById.bit();
    let requests = if flags & ALERTABLE != 0 { bits & REQUESTS } else { 0 };
    if bits & (Pending::Suspend.bit() | Pending::Terminate.bit()) != 0 {
        Some((Why::Stopped, bits))
    } else if requests & ALERT != 0 {
        Some((Why::Alerted, bits & !ALERT))
    } else if requests & Pending::Apc.bit() != 0 {
        Some((Why::Apc, bits))
    } else if requests & SOFT_ALERT != 0 {
        Some((Why::Alerted, bits & !SOFT_ALERT))
    } else if bits & BY_ID != 0 && flags & HEEDS_ID != 0 {
        Some((Why::Alerted, bits & !BY_ID))
    } else {
        None
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests;
