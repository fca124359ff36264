//! What a run does and how long it takes.

use std::time::Duration;

use crate::measure::Bench;
use crate::os::cpus::Cpus;

/// The size of a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// Where to measure.
    pub(crate) cpus: Cpus,
    /// A gate of a few seconds in place of a measurement.
    pub(crate) quick: bool,
    /// Time of a measurement against that of a usual run.
    pub(crate) scale: f64,
    /// How long a turn may take beyond ten times its slice before it counts as hung.
    pub(crate) patience: Duration,
}

/// What all benches together take in a usual run, in seconds.
pub(crate) const USUAL_SECONDS: f64 = 25.0;

impl Plan {
    /// A plan for about `seconds` of measuring.
    pub(crate) fn new(cpus: Cpus, quick: bool, seconds: Option<f64>) -> Self {
        let usual = if quick { 0.1 } else { 1.0 };
        Self {
            cpus,
            quick,
            scale: seconds.map_or(usual, |seconds| seconds / USUAL_SECONDS),
            patience: Duration::from_secs(5),
        }
    }

    /// How many rounds `bench` gets.
    pub(crate) fn rounds(&self, bench: &Bench) -> u32 {
        bench.rounds.unwrap_or(self.pick(21, 3))
    }

    /// How long each turn of `bench` lasts.
    pub(crate) fn slice(&self, bench: &Bench) -> Duration {
        let turns = f64::from(self.rounds(bench)) * bench.contenders.len() as f64;
        Duration::from_secs_f64((bench.seconds * self.scale / turns).max(0.001))
    }

    /// The larger number in a usual run, the smaller one in a quick run.
    pub(crate) fn pick<T>(&self, usual: T, quick: T) -> T {
        if self.quick { quick } else { usual }
    }
}
