//! How a figure comes about: rows, contenders, rounds.
//!
//! A [`Bench`] is one piece of work done by several contenders. They take turns, round after round (A B C A B C …),
//! each for the same slice of time, on the same pinned CPUs, in one process that always has a second thread (glibc
//! leaves lock prefixes out of single-threaded processes). A figure is the median over the rounds, a ratio the median
//! of the ratios of each round. p99 is taken over all single operations, or over all short batches where one operation
//! is too short to be timed alone.

mod batch;
mod pair;
mod run;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use batch::{batches, locked_rmw_ns, singles};
pub(crate) use pair::{Trips, exchange, scaling, together};
pub(crate) use run::run;
use serde::Serialize;

/// What a figure counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum Unit {
    /// Nanoseconds for one operation.
    #[serde(rename = "ns")]
    Nanoseconds,
    /// Bytes for one object.
    #[serde(rename = "bytes")]
    Bytes,
    /// A ratio.
    #[serde(rename = "times")]
    Times,
    /// A part of a whole, 0 to 1.
    #[serde(rename = "share")]
    Share,
}

/// What ntwait is meant to reach.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// At most so many times the limit, measured in the same run.
    TimesLimit(f64),
    /// At most so many times the best peer, measured in the same run.
    TimesPeer(f64),
    /// At most so many nanoseconds on the reference machine; scaled elsewhere.
    Scaled(f64),
    /// At most this, in the line's unit, on any machine.
    AtMost(f64),
    /// At most so much more than the limit, in the line's unit.
    BeyondLimit(f64),
    /// Measured for a plot or for comparison only.
    None,
}

/// One figure of a bench: a line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Line {
    /// Unique name, such as `P7.512`.
    pub(crate) id: String,
    /// What is measured, for people.
    pub(crate) what: String,
    /// What the figure counts.
    pub(crate) unit: Unit,
    /// What ntwait is meant to reach.
    pub(crate) target: Target,
}

impl Line {
    /// A line in nanoseconds.
    pub(crate) fn new(id: impl Into<String>, what: impl Into<String>, target: Target) -> Self {
        Self { id: id.into(), what: what.into(), unit: Unit::Nanoseconds, target }
    }

    /// The same in another unit.
    pub(crate) fn in_unit(self, unit: Unit) -> Self {
        Self { unit, ..self }
    }
}

/// Which part a contender plays in a bench.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// ntwait.
    Ours,
    /// What cannot be beaten by anything that does the work: the measure of the target.
    Limit,
    /// Something else that people use.
    Peer,
    /// ntwait in another mode, for comparison.
    Variant,
}

/// What one turn of one contender found, for one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    /// The figure of this round.
    pub(crate) value: f64,
    /// Single operations or short batches, for p99 and histograms.
    pub(crate) spread: Vec<f64>,
}

impl Sample {
    /// The median of `spread`.
    pub(crate) fn of(spread: Vec<f64>) -> Self {
        Self { value: crate::stats::median(&spread).unwrap_or(f64::NAN), spread }
    }

    /// A figure without a distribution.
    pub(crate) fn lone(value: f64) -> Self {
        Self { value, spread: Vec::new() }
    }
}

/// One sample for each line of the bench, or why there is none.
pub(crate) type Turn = Result<Vec<Sample>, String>;

/// Does the work for about the given time.
pub(crate) type Body = Arc<dyn Fn(Duration) -> Turn + Send + Sync>;

/// One of those who take turns.
#[derive(Clone)]
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) body: Body,
}

impl Contender {
    /// A contender for a bench with any number of lines.
    pub(crate) fn new(name: &'static str, role: Role, body: impl Fn(Duration) -> Turn + Send + Sync + 'static) -> Self {
        Self { name, role, body: Arc::new(body) }
    }

    /// A contender for a bench with one line.
    pub(crate) fn simple(
        name: &'static str,
        role: Role,
        body: impl Fn(Duration) -> Sample + Send + Sync + 'static,
    ) -> Self {
        Self::new(name, role, move |slice| Ok(vec![body(slice)]))
    }
}

/// One piece of work and all who do it.
pub(crate) struct Bench {
    /// The row it belongs to, such as `P7`.
    pub(crate) row: &'static str,
    /// For the progress bar.
    pub(crate) title: String,
    /// What each turn measures, in the order of its samples.
    pub(crate) lines: Vec<Line>,
    /// Who takes turns.
    pub(crate) contenders: Vec<Contender>,
    /// Time for all turns of a full run.
    pub(crate) seconds: f64,
    /// Rounds of its own: fewer where one turn is long, more where noise comes in phases.
    pub(crate) rounds: Option<u32>,
    /// Makes no sense on one CPU.
    pub(crate) needs_two_cpus: bool,
}

impl Bench {
    /// A bench with one line.
    pub(crate) fn new(row: &'static str, line: Line, seconds: f64, contenders: Vec<Contender>) -> Self {
        let title = line.what.clone();
        Self { row, title, lines: vec![line], contenders, seconds, rounds: None, needs_two_cpus: false }
    }

    /// The same with more lines after the first.
    pub(crate) fn and(mut self, lines: impl IntoIterator<Item = Line>) -> Self {
        self.lines.extend(lines);
        self
    }

    /// The same with its own number of rounds.
    pub(crate) fn in_rounds(self, rounds: u32) -> Self {
        Self { rounds: Some(rounds), ..self }
    }

    /// The same, skipped where there is only one CPU.
    pub(crate) fn on_two_cpus(self) -> Self {
        Self { needs_two_cpus: true, ..self }
    }
}

/// All that one contender showed in one line.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// The figure of each round.
    pub(crate) rounds: Vec<f64>,
    /// Everything that was timed, over all rounds.
    pub(crate) spread: Vec<f64>,
    /// Why there are no more rounds.
    pub(crate) fault: Option<String>,
}

/// One line with all its contenders.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) row: &'static str,
    pub(crate) line: Line,
    pub(crate) series: Vec<Series>,
    /// Why nothing was measured.
    pub(crate) skipped: Option<String>,
}
