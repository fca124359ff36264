//! What a thread remembers of its spins, and what it makes of it: the budget of the next.
//!
//! One spin that succeeded after `t` sets the next budget to a few times `t`. One that brought nothing makes the next as
//! long as it may be, because a partner that fell asleep takes that long to answer; after a few such in a row spins are
//! tried only now and then, down to one in eight thousand waits. So two threads that take turns find back to spinning
//! after any disturbance, and where it cannot help (one CPU, signals that come rarely) its price goes to nothing.

/// The longest spin of all, in nanoseconds.
pub(crate) const LONGEST_NS: u32 = 50_000;
/// The shortest spin worth trying: some hand-offs between running threads.
const LEAST_NS: u32 = 2_000;
/// Failures in a row that are tried again at once: both partners may have to be woken before they can spin together.
const PATIENCE: u32 = 2;
/// 2¹³ waits between tries.
const MOST_FAILURES: u32 = 13;

/// What a thread remembers of its spins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History {
    /// What the next spin may take.
    budget_ns: u32,
    /// Waits to let pass before the next try, while spins bring nothing.
    skip: u32,
    /// Spins in a row that brought nothing.
    failures: u32,
}

impl History {
    pub(crate) const NEW: Self = Self { budget_ns: LONGEST_NS, skip: 0, failures: 0 };

    /// How long the next wait may spin, in nanoseconds.
    pub(crate) fn budget(&mut self, cap_ns: u32) -> u32 {
        if self.skip > 0 {
            self.skip -= 1;
            return 0;
        }
        self.budget_ns.min(cap_ns)
    }

    /// A spin of this length brought the object.
    pub(crate) fn succeeded(&mut self, took_ns: u32) {
        self.failures = 0;
        self.budget_ns = took_ns.saturating_mul(4).clamp(LEAST_NS, LONGEST_NS);
    }

    /// A spin brought nothing.
    pub(crate) fn failed(&mut self) {
        self.failures = (self.failures + 1).min(MOST_FAILURES);
        self.budget_ns = LONGEST_NS;
        self.skip = if self.failures > PATIENCE { (1 << self.failures) - 1 } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spins that never help cost less than 0.5 % of waits that take two microseconds.
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
        assert_eq!(spent(3), 3 * LONGEST_NS, "patience");
        spent(40_000);
        assert!(spent(8192) <= LONGEST_NS);
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
        assert_eq!(history.budget(u32::MAX), LONGEST_NS, "the partner may have to be woken");
    }
}
