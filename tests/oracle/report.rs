//! Running histories until one is answered differently from what the model says, and telling the shortest like it.

use core::fmt::{self, Write as _};
use std::time::{Duration, Instant};

use super::generate::{Generator, Profile};
use super::op::{Outcome, Step};
use super::shrink::shrink;

/// Where a history is answered differently, and how.
#[derive(Debug)]
pub(crate) struct Divergence {
    pub(crate) at: usize,
    pub(crate) what: String,
}

/// Is told each step that is made, and each answer.
pub(crate) type Lines<'a> = dyn FnMut(&dyn fmt::Debug) + 'a;

/// An answer that a thread got.
pub(crate) struct Answered<'a>(pub(crate) usize, pub(crate) &'a Outcome);

impl fmt::Debug for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "        T{} is given {:?}", self.0, self.1)
    }
}

/// What can run a history.
pub(crate) trait Subject {
    fn run(&mut self, history: &[Step], lines: &mut Lines<'_>) -> Result<(), Divergence>;

    /// From now on histories go wrong: not much time should be lost with each.
    fn hurry(&mut self) {}
}

/// How long to go on, and from which seed.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// `None`: until the time is over.
    steps: Option<u64>,
    time: Duration,
    start: Instant,
    pub(crate) seed: u64,
}

/// No run of a fixed number of steps takes so long.
const LIMIT: Duration = Duration::from_secs(600);
const FOR_EVER: Duration = Duration::from_secs(u32::MAX as u64);

impl Budget {
    /// So many steps, unless the switches say otherwise (see `oracle.rs`).
    pub(crate) fn of(steps: u64) -> Budget {
        let seconds = from_environment("NTWAIT_ORACLE_SECONDS").map(Duration::from_secs);
        let (steps, time) = match (seconds, from_environment("NTWAIT_ORACLE_OPS")) {
            (Some(time), _) => (None, time),
            (None, Some(0)) => (None, FOR_EVER),
            (None, Some(steps)) => (Some(steps), FOR_EVER),
            (None, None) => (Some(steps), LIMIT),
        };
        let seed = from_environment("NTWAIT_ORACLE_SEED").unwrap_or(1);
        Budget { steps, time, start: Instant::now(), seed }
    }

    /// The part of one of several that work side by side. Each has seeds of its own.
    pub(crate) fn share(self, number: u64, of: u64) -> Budget {
        Budget { steps: self.steps.map(|steps| steps / of), seed: self.seed.wrapping_add(number << 40), ..self }
    }

    /// One of several that work one after the other: it begins its time now.
    pub(crate) fn turn(self, of: u32) -> Budget {
        let steps = self.steps.map(|steps| steps / u64::from(of));
        Budget { steps, time: self.time / of, start: Instant::now(), ..self }
    }

    /// Whether more is to be done when so many steps are.
    pub(crate) fn lasts(&self, steps: u64) -> bool {
        match self.steps {
            Some(most) => steps < most,
            None => self.start.elapsed() < self.time,
        }
    }

    /// No run is longer, whatever the machine does.
    pub(crate) fn limit(&self) -> Duration {
        self.time + LIMIT
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

/// Runs histories for as long as the budget lasts and returns how many steps they had. Fails with the shortest history that shows a
/// difference.
pub(crate) fn examine(subject: &mut dyn Subject, profile: Profile, budget: Budget) -> u64 {
    let mut steps = 0;
    for number in 0.. {
        let seed = budget.seed.wrapping_add(number);
        let history = Generator::new(seed, profile).history();
        if let Err(found) = subject.run(&history, &mut |_| {}) {
            panic!("{}", explain(subject, &history[..=found.at], seed, &found));
        }
        steps += history.len() as u64;
        if !budget.lasts(steps) {
            break;
        }
    }
    steps
}

fn explain(subject: &mut dyn Subject, history: &[Step], seed: u64, found: &Divergence) -> String {
    subject.hurry();
    let shortest = shrink(history, |history| subject.run(history, &mut |_| {}).is_err());
    let mut text = format!("the library and the model differ: {}\n", found.what);
    let told = subject.run(&shortest, &mut |line| _ = writeln!(text, "  {line:?}"));
    let _ = match told {
        Err(found) => writeln!(text, "the shortest history found: {}", found.what),
        Ok(()) => writeln!(text, "but not when the history is run once more"),
    };
    let _ = writeln!(text, "repeat with NTWAIT_ORACLE_SEED={seed}");
    text
}
