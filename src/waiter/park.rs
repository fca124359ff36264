//! The parking word: how a thread's wait ends is decided by one compare-exchange on it, whoever does it.
//!
//! ```text
//!  31            12 11  8 7       4  3          2    0
//!  ┌───────────────┬─────┬─────────┬───────────┬──────┐
//!  │ index 20      │ why │ pending │ ALERTABLE │ state│
//!  └───────────────┴─────┴─────────┴───────────┴──────┘
//!  pending: ALERT, APC (and two bits kept for suspension and termination)
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
//! | ASLEEP   | it is queued everywhere and sleeps, or is about to         | signallers, alerts, its time-out  |
//! | DONE     | the wait is decided; the thread cleans up                  | the thread                        |
//!
//! P1  A wait leaves "open" (LINKING, ASLEEP) once. Only who made that move consumes an object for it.
//! P2  An alert or APC leaves its bit in LINKING and decides from ASLEEP only, so that it cannot overtake an object that was signalled earlier but not looked at yet (W22, A13).
//! P3  Pending bits and the announcement of sleep are in one word: neither side can miss the other.
//! P4  Every move is a read-modify-write that keeps the bits it does not own.
//! orderings   decide: Release → seen by the thread: Acquire; the rest rides on the same RMWs (AcqRel).

use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::futex::FutexAddr;

const STATE: u32 = 0b111;
const IDLE: u32 = 0;
const LINKING: u32 = 1;
const ASLEEP: u32 = 2;
const DONE: u32 = 3;

const ALERTABLE: u32 = 1 << 3;
const PENDING: u32 = 0xF << 4;

const WHY_SHIFT: u32 = 8;
const INDEX_SHIFT: u32 = 12;

/// Objects in one wait, at most: the index has 20 bits.
pub(crate) const MAX_OBJECTS: usize = 1 << 20;

/// What another thread wants of this one, apart from signalled objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Pending {
    /// Somebody alerted the thread.
    Alert = 1 << 4,
    /// Its APC queue is not empty.
    Apc = 1 << 5,
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
    /// An object was destroyed before the wait got to it: its handle was stale.
    Gone = 4,
    /// A signaller could not test this wait-all; it must test itself again.
    Retest = 5,
}

impl Why {
    const fn from_bits(bits: u32) -> Self {
        match bits {
            0 => Self::Object,
            1 => Self::TimedOut,
            2 => Self::Alerted,
            3 => Self::Apc,
            4 => Self::Gone,
            _ => Self::Retest,
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
            Some(to_sleep(word & PENDING, alertable))
        })
        .is_ok_and(|(_, new)| new & STATE == ASLEEP)
    }

    /// As [`begin`](Self::begin) and [`commit`](Self::commit) in one step, for a wait for one object, which was found not
    /// signalled under the lock that the owner still holds. True: the wait goes on.
    pub(crate) fn begin_asleep(&self, alertable: bool) -> bool {
        self.update(|word| {
            debug_assert_eq!(word & !PENDING, IDLE);
            Some(to_sleep(word & PENDING, alertable))
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

    /// Is the wait still to be decided?
    pub(crate) fn is_open(&self) -> bool {
        is_open(self.load())
    }

    /// Leaves a request with the thread and ends its wait if that is alertable (P2). True: wake it.
    #[cfg(any(feature = "internals", ntwait_loom, test))]
    pub(crate) fn post(&self, request: Pending) -> bool {
        self.update(|word| {
            let bits = word & PENDING | request as u32;
            Some(match (word & STATE, word & ALERTABLE != 0) {
                (ASLEEP, true) => {
                    let (why, left) = pending_end(bits)?;
                    done(left, why, 0)
                }
                _ => word | bits,
            })
        })
        .is_ok_and(|(old, new)| old & STATE == ASLEEP && new & STATE == DONE)
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
            ended = pending_end(word & seen & PENDING);
            ended.map(|(_, left)| word & !(seen & PENDING) | left)
        });
        ended.map(|(why, _)| why)
    }

    /// The word has a new owner, who was asked for nothing yet.
    pub(crate) fn drop_pending(&self) {
        self.0.fetch_and(!PENDING, Ordering::AcqRel);
    }

    /// The owner leaves the wait and learns how it ended.
    pub(crate) fn finish(&self) -> (Why, u32) {
        let old = self.0.fetch_and(PENDING, Ordering::AcqRel);
        debug_assert_eq!(old & STATE, DONE);
        (Why::from_bits(old >> WHY_SHIFT & 0xF), old >> INDEX_SHIFT)
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
fn to_sleep(bits: u32, alertable: bool) -> u32 {
    match pending_end(bits).filter(|_| alertable) {
        Some((why, left)) => done(left, why, 0),
        None => bits | ASLEEP | if alertable { ALERTABLE } else { 0 },
    }
}

/// How an alertable wait ends for these bits, and which remain: an alert first, and it is used up (A7, A8, A25);
/// then an APC, whose bit stays until the queue is drained.
const fn pending_end(bits: u32) -> Option<(Why, u32)> {
    if bits & Pending::Alert as u32 != 0 {
        Some((Why::Alerted, bits & !(Pending::Alert as u32)))
    } else if bits & Pending::Apc as u32 != 0 {
        Some((Why::Apc, bits))
    } else {
        None
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    fn in_state(state: u32, alertable: bool) -> ParkingWord {
        ParkingWord(AtomicU32::new(state | if alertable { ALERTABLE } else { 0 }))
    }

    /// The table of states at the head of this file, as far as others may leave them.
    #[test]
    fn table_decide() {
        let rows =
            [(IDLE, Decision::Lost), (LINKING, Decision::Won), (ASLEEP, Decision::WonAsleep), (DONE, Decision::Lost)];
        for (state, decision) in rows {
            let word = in_state(state, false);
            assert_eq!(word.decide(Why::Object, 77), decision, "state {state}");
            if decision != Decision::Lost {
                assert_eq!(word.decide(Why::TimedOut, 0), Decision::Lost, "P1");
                assert_eq!(word.finish(), (Why::Object, 77));
                assert_eq!(word.load(), IDLE);
            }
        }
    }

    /// P2: where an alert decides and where it only leaves its bit.
    #[test]
    fn table_post() {
        let rows = [
            // state, alertable, must wake, ended by it
            (IDLE, false, false, false),
            (LINKING, true, false, false),
            (ASLEEP, false, false, false),
            (ASLEEP, true, true, true),
            (DONE, true, false, false),
        ];
        for (state, alertable, wake, ended) in rows {
            for (request, why) in [(Pending::Alert, Why::Alerted), (Pending::Apc, Why::Apc)] {
                let word = in_state(state, alertable);
                assert_eq!(word.post(request), wake, "{request:?} in {state}");
                if ended {
                    assert_eq!(word.finish().0, why);
                }
                // An alert that ended a wait is used up, an APC is not; what decided nothing stays.
                let stays = !ended || request == Pending::Apc;
                assert_eq!(word.pending() & request as u32 != 0, stays);
            }
        }
    }

    #[test]
    fn a8_alert_beats_apc_and_is_used_up() {
        let word = ParkingWord::default();
        assert!(!word.post(Pending::Apc));
        assert!(!word.post(Pending::Alert));
        assert!(!word.post(Pending::Alert)); // A25: a flag, not a count
        let seen = word.pending();
        assert_eq!(word.take_pending(seen), Some(Why::Alerted));
        assert_eq!(word.take_pending(word.pending()), Some(Why::Apc));
        assert_eq!(word.take_pending(word.pending()), Some(Why::Apc));
    }

    #[test]
    fn w20_commit_looks_at_pending_bits_last() {
        for (alertable, goes_on) in [(false, true), (true, false)] {
            let word = ParkingWord::default();
            word.begin();
            assert!(!word.post(Pending::Alert));
            assert_eq!(word.commit(alertable), goes_on);
        }
    }

    #[test]
    fn a_sleeper_sees_the_end() {
        let word = ParkingWord::default();
        word.begin();
        assert_eq!(word.asleep(), None);
        assert!(word.commit(false));
        assert!(word.asleep().is_some());
        assert_eq!(word.decide(Why::TimedOut, 0), Decision::WonAsleep);
        assert_eq!(word.asleep(), None);
    }
}
