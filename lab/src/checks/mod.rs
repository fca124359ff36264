//! The correctness section: ntwait driven through its NT face by real threads, and everything it answers compared.
//!
//! Each check runs on a runtime with the default wait policy and on one that never spins, under a watchdog. Order is
//! forced by looking at what the kernel says of each thread; no check sleeps in the hope that something has happened.
//! The threads are ntwait's own.

mod all;
mod any;
mod face;
mod handles;
mod signal;
mod threads;
mod time;
mod tokens;

use std::time::{Duration, Instant};

use ntwait::Runtime;
use serde::Serialize;

use crate::os::cpus::Cpus;
use crate::peers::{adaptive, no_spin};
use crate::plan::Plan;
use crate::watch;

/// Ends a check with a reason unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($why:tt)+) => {
        if !$condition {
            return Err(format!($($why)+));
        }
    };
}
use ensure;

/// What a check may use.
#[derive(Clone, Copy)]
struct Lab {
    runtime: &'static Runtime,
    cpus: Cpus,
    /// How often a check that depends on luck is repeated.
    repeats: u32,
    /// How long the random check runs.
    time: Duration,
}

/// What was seen, or what was wrong.
type Verdict = Result<String, String>;

/// A rule and the function that tries to break it.
#[derive(Clone, Copy)]
struct Check {
    name: &'static str,
    rule: &'static str,
    run: fn(Lab) -> Verdict,
}

/// What one check came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    /// Short name, also for `--json`.
    pub(crate) name: &'static str,
    /// Wait policy of the runtime it ran on.
    pub(crate) policy: &'static str,
    /// The rule in words.
    pub(crate) rule: &'static str,
    /// Whether the rule held.
    pub(crate) passed: bool,
    /// What was seen, or what was wrong.
    pub(crate) detail: String,
    /// Time it took.
    pub(crate) milliseconds: f64,
}

/// A wait policy by name, and the runtime that has it.
type Policy = (&'static str, fn() -> &'static Runtime);

const POLICIES: [Policy; 2] = [("adaptive", adaptive), ("no spinning", no_spin)];

/// How many outcomes [`run`] gives.
pub(crate) fn count() -> usize {
    every_check().len() * POLICIES.len()
}

/// Runs all checks; calls `tick` with each outcome.
pub(crate) fn run(plan: &Plan, mut tick: impl FnMut(&Outcome)) -> Vec<Outcome> {
    let mut outcomes = Vec::new();
    for (policy, runtime) in POLICIES {
        let lab = Lab {
            runtime: runtime(),
            cpus: plan.cpus,
            repeats: plan.pick(25, 8),
            time: plan.pick(Duration::from_millis(600), Duration::from_millis(200)),
        };
        for check in every_check() {
            let outcome = one(&check, policy, lab);
            tick(&outcome);
            outcomes.push(outcome);
        }
    }
    outcomes
}

fn one(check: &Check, policy: &'static str, lab: Lab) -> Outcome {
    const PATIENCE: Duration = Duration::from_secs(20);
    let (start, run) = (Instant::now(), check.run);
    let verdict = watch::run(PATIENCE, move || run(lab)).unwrap_or_else(|broken| Err(broken.to_string()));
    let milliseconds = start.elapsed().as_secs_f64() * 1e3;
    let (passed, detail) = match verdict {
        Ok(seen) => (true, seen),
        Err(wrong) => (false, wrong),
    };
    Outcome { name: check.name, policy, rule: check.rule, passed, detail, milliseconds }
}

fn every_check() -> Vec<Check> {
    [
        &threads::CHECKS[..],
        &signal::CHECKS,
        &any::CHECKS,
        &all::CHECKS,
        &time::CHECKS,
        &handles::CHECKS,
        &tokens::CHECKS,
    ]
    .concat()
}
