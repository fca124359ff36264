//! Spinning before a wait queues: when it is worth it, and for how long.
//!
//! A hand-off between two running threads takes some hundred nanoseconds if the waiter looks at the object's word
//! all the time, and ten or twenty microseconds if it sleeps on another CPU. So a wait that found nothing looks
//! again for a while before it queues. It is not waiting yet: nobody can have counted on it, and a pulse or a
//! second set that comes meanwhile finds no waiter, as if the wait had begun later.
//!
//! X1  Never while others are queued: they came first. Never for a wait that must be seen to wait.
//! X2  The budget follows what this thread's recent spins brought. One that succeeded after `t` sets the next budget
//!     to a few times `t`. One that brought nothing makes the next as long as it may be, because a partner that fell
//!     asleep takes that long to answer; after a few such in a row spins are tried only now and then, down to one in
//!     two thousand waits. So two threads that take turns find back to spinning after any disturbance, and where it
//!     cannot help (one CPU, signals that come rarely) its price goes to nothing.
//! X3  A spin ends at the cap, at the deadline, at a request, when somebody queues or the object dies.

#![allow(unsafe_code, reason = "the thread's own spin history")]

use super::take::{self, Look};
use super::{Target, Terms, Until};
use crate::objects::word::Word;
use crate::sys::atomic::spin_hint;
use crate::sys::cpu;
use crate::waiter::record::ThreadRecord;
use core::time::Duration;

/// The longest spin of all.
const CAP: Duration = Duration::from_micros(50);
/// Objects of one wait that are looked at in turn; a longer list is not spun on.
const MOST_OBJECTS: usize = 8;

/// Whether and how long a wait may look again and again before it sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitPolicy {
    cap_ns: u32,
}

impl WaitPolicy {
    /// Spin as long as recent waits of the thread make it likely to help, 50 µs at most. The default.
    pub const ADAPTIVE: Self = Self::spin_at_most(CAP);
    /// Never spin: a wait that finds nothing sleeps at once.
    pub const NO_SPIN: Self = Self { cap_ns: 0 };

    /// As [`ADAPTIVE`](Self::ADAPTIVE), with a lower limit. More than 50 µs means 50 µs.
    #[must_use]
    pub const fn spin_at_most(limit: Duration) -> Self {
        let limit = if limit.as_nanos() < CAP.as_nanos() { limit } else { CAP };
        Self { cap_ns: limit.subsec_nanos() }
    }
}

impl Default for WaitPolicy {
    fn default() -> Self {
        Self::ADAPTIVE
    }
}

/// What a thread remembers of its spins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    /// What the next spin may take, in nanoseconds.
    budget_ns: u32,
    /// Waits to let pass before the next try, while spins bring nothing.
    skip: u32,
    /// Spins in a row that brought nothing.
    failures: u32,
}

/// The shortest spin worth trying: some hand-offs between running threads.
const LEAST_NS: u32 = 2_000;
/// Failures in a row that are tried again at once: both partners may have to be woken before they can spin together.
const PATIENCE: u32 = 2;
/// 2¹¹ waits between tries.
const MOST_FAILURES: u32 = 11;

impl History {
    pub(crate) const NEW: Self = Self { budget_ns: CAP.subsec_nanos(), skip: 0, failures: 0 };

    /// How long the next wait may spin, in nanoseconds.
    fn budget(&mut self, cap_ns: u32) -> u32 {
        if self.skip > 0 {
            self.skip -= 1;
            return 0;
        }
        self.budget_ns.min(cap_ns)
    }

    /// A spin of this length brought the object.
    fn succeeded(&mut self, took_ns: u32) {
        self.failures = 0;
        self.budget_ns = took_ns.saturating_mul(4).clamp(LEAST_NS, CAP.subsec_nanos());
    }

    /// A spin brought nothing.
    fn failed(&mut self) {
        self.failures = (self.failures + 1).min(MOST_FAILURES);
        self.budget_ns = CAP.subsec_nanos();
        self.skip = if self.failures > PATIENCE { (1 << self.failures) - 1 } else { 0 };
    }
}

/// How a spin ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spun {
    Taken(usize),
    Gone,
    InVain,
}

/// Looks again and again, as long as that is worth it (X2).
pub(super) fn spin(me: &ThreadRecord, targets: &[Target<'_>], terms: &Terms<'_>, until: &mut Until) -> Spun {
    if terms.policy.cap_ns == 0 || targets.is_empty() || targets.len() > MOST_OBJECTS || cpu::is_single() {
        return Spun::InVain;
    }
    // SAFETY: T1, our own record.
    let mut history = unsafe { me.spin.get() };
    let budget = history.budget(terms.policy.cap_ns);
    let spun = if budget == 0 {
        Spun::InVain
    } else {
        let clock = cpu::Stopwatch::start();
        let spun = spin_for(me, targets, terms, until, &clock, budget);
        match spun {
            Spun::Taken(_) => history.succeeded(clock.elapsed_ns()),
            Spun::InVain => history.failed(),
            Spun::Gone => {}
        }
        spun
    };
    // SAFETY: T1, our own record.
    unsafe { me.spin.set(history) };
    spun
}

fn spin_for(
    me: &ThreadRecord,
    targets: &[Target<'_>],
    terms: &Terms<'_>,
    until: &mut Until,
    clock: &cpu::Stopwatch,
    budget_ns: u32,
) -> Spun {
    loop {
        for _ in 0..cpu::SPINS_PER_CLOCK_READ {
            match take::first(targets) {
                (Look::Taken, index) => return Spun::Taken(index),
                (Look::Gone, _) => return Spun::Gone,
                (Look::Clear | Look::Unknown, _) => spin_hint(),
            }
        }
        let queued = targets.iter().any(|t| t.slot.load().has(Word::QUEUED));
        let request = terms.alertable && me.park.pending() != 0;
        if queued || request || clock.elapsed_ns() >= budget_ns || until.has_passed() {
            return Spun::InVain;
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

    /// X2: spins that never help cost less than 1.5 % of waits that take two microseconds.
    #[test]
    fn failures_make_spins_rare() {
        let mut history = History::NEW;
        let mut spent = |waits: u32| -> u32 {
            (0..waits)
                .map(|_| {
                    let budget = history.budget(u32::MAX);
                    if budget > 0 {
                        history.failed();
                    }
                    budget
                })
                .sum()
        };
        assert!(spent(3) == 3 * CAP.subsec_nanos(), "patience");
        spent(10_000);
        assert!(spent(2048) <= CAP.subsec_nanos());
    }

    #[test]
    fn one_success_brings_spinning_back() {
        let mut history = History::NEW;
        for _ in 0..20 {
            while history.budget(u32::MAX) == 0 {}
            history.failed();
        }
        while history.budget(u32::MAX) == 0 {}
        history.succeeded(700);
        assert_eq!(history.budget(u32::MAX), 2_800);
        assert_eq!(history.budget(500), 500, "never beyond the policy's cap");
        history.failed();
        assert_eq!(history.budget(u32::MAX), CAP.subsec_nanos(), "the partner may have to be woken");
    }
}
