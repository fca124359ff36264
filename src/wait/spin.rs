//! Spinning before a wait queues: when it is worth it, and for how long.
//!
//! A hand-off between two running threads takes some hundred nanoseconds if the waiter looks at the object's word
//! all the time, and ten or twenty microseconds if it sleeps on another CPU. So a wait that found nothing looks
//! again for a while before it queues. It is not waiting yet: nobody can have counted on it, and a pulse or a
//! second set that comes meanwhile finds no waiter, as if the wait had begun later.
//!
//! X1  Never while others are queued: they came first. Never for a wait that must be seen to wait. Never if a look asks the
//!     kernel.
//! X2  The budget follows what this thread's recent spins brought ([`History`]).
//! X3  A spin ends at the cap, at the deadline, at a request, when somebody queues or the object dies.

#![allow(unsafe_code, reason = "the thread's own spin history")]

use super::take::{self, Taken, Then};
use super::{Terms, Until};
use crate::objects::Target;
use crate::objects::word::Word;
use crate::sys::atomic::spin_hint;
use crate::sys::cpu;
#[cfg(doc)]
use crate::waiter::history::History;
use crate::waiter::history::LONGEST_NS;
use crate::waiter::record::ThreadRecord;
use core::time::Duration;

/// Objects of one wait that are looked at in turn; a longer list is not spun on.
const MOST_OBJECTS: usize = 8;

/// Whether and how long a wait may look again and again before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitPolicy {
    cap_ns: u32,
}

impl WaitPolicy {
    /// Spin as long as recent waits of the thread make it likely to help, 50 µs at most. The default.
    pub const ADAPTIVE: Self = Self { cap_ns: LONGEST_NS };
    /// Never spin: a wait that finds nothing sleeps at once.
    pub const NO_SPIN: Self = Self { cap_ns: 0 };

    /// As [`ADAPTIVE`](Self::ADAPTIVE), with a lower limit. More than 50 µs means 50 µs.
    #[must_use]
    pub const fn spin_at_most(limit: Duration) -> Self {
        let longest = Duration::from_nanos(LONGEST_NS as u64);
        let cap_ns = if limit.as_nanos() < longest.as_nanos() { limit.subsec_nanos() } else { LONGEST_NS };
        Self { cap_ns }
    }
}

impl Default for WaitPolicy {
    fn default() -> Self {
        Self::ADAPTIVE
    }
}

/// How a spin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spun {
    /// With something else than nothing.
    Ended(Taken, usize),
    InVain,
}

/// Looks again and again, as long as that is worth it (X2).
pub(super) fn spin(me: &ThreadRecord, targets: &[Target<'_>], terms: &Terms<'_>, until: &mut Until) -> Spun {
    let is_cheap = (1..=MOST_OBJECTS).contains(&targets.len()) && !targets.iter().any(|t| t.kind.may_be_asked());
    if terms.policy.cap_ns == 0 || !is_cheap {
        return Spun::InVain;
    }
    // SAFETY: T1, our own record.
    let mut history = unsafe { me.spin.get() };
    let budget = history.budget(terms.policy.cap_ns);
    let spun = if budget == 0 {
        Spun::InVain
    } else {
        let (spun, took_ns) = spin_for(me, targets, terms, until, budget);
        match spun {
            Spun::Ended(Taken::Yes | Taken::Abandoned, _) => history.succeeded(took_ns),
            Spun::Ended(..) => {}
            Spun::InVain => history.failed(),
        }
        spun
    };
    // SAFETY: T1, our own record.
    unsafe { me.spin.set(history) };
    spun
}

/// Spins for so long at most. The second part of the answer is the time that it took, to the last look at the clock: a
/// hand-off between running threads is over before the first.
fn spin_for(
    me: &ThreadRecord,
    targets: &[Target<'_>],
    terms: &Terms<'_>,
    until: &mut Until,
    budget_ns: u32,
) -> (Spun, u32) {
    let mut clock = None;
    let mut took_ns = 0;
    loop {
        for _ in 0..cpu::SPINS_PER_CLOCK_READ {
            match take::first(targets, &terms.taker, Then::Queues) {
                (Taken::Clear | Taken::Unknown, _) => spin_hint(),
                (taken, index) => return (Spun::Ended(taken, index), took_ns),
            }
        }
        took_ns = clock.get_or_insert_with(cpu::Stopwatch::start).elapsed_ns();
        let queued = targets.iter().any(|t| t.slot.load().has(Word::QUEUED));
        let request = terms.alertable && me.park.pending() != 0;
        if queued || request || took_ns >= budget_ns || until.has_passed() {
            return (Spun::InVain, took_ns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_policy() {
        assert_eq!(WaitPolicy::NO_SPIN.cap_ns, 0);
        assert_eq!(WaitPolicy::spin_at_most(Duration::MAX), WaitPolicy::ADAPTIVE);
        assert_eq!(WaitPolicy::spin_at_most(Duration::from_micros(3)).cap_ns, 3_000);
        assert_eq!(WaitPolicy::default(), WaitPolicy::ADAPTIVE);
    }
}
