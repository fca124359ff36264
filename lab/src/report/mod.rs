//! What a run found, in a form that can be printed, drawn and compared.

mod figures;
mod format;
mod html;
mod notes;
mod svg;
mod table;

use ntwait::{BackendInUse, ThreadBackend};
use serde::Serialize;

pub(crate) use figures::{Figure, Row, Verdict};
pub(crate) use format::grouped;
pub(crate) use html::page;
pub(crate) use svg::escape;
pub(crate) use table::{Looks, checks_text, faults_text, peers_text, rows_text};

use crate::checks::Outcome;
use crate::faults::PeerFaults;
use crate::measure::Measured;
use crate::os::machine::{Disturbance, Machine};
use crate::stats::{Bucket, histogram};

/// Everything. This is what `report.json` holds.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// Version of this layout.
    pub(crate) schema: u32,
    /// Version of the lab and of the library that it was built with.
    pub(crate) version: &'static str,
    /// When the run began.
    pub(crate) date: String,
    /// A gate of a few seconds, not a measurement.
    pub(crate) quick: bool,
    /// How long the run took.
    pub(crate) seconds: f64,
    pub(crate) machine: Machine,
    /// How ntwait makes threads here.
    pub(crate) threads: Threads,
    pub(crate) yardstick: Yardstick,
    /// Who else used the CPUs meanwhile.
    pub(crate) disturbance: Disturbance,
    pub(crate) checks: Vec<Outcome>,
    /// The promises that all peers were tried on, in the order of each peer's `tried`.
    pub(crate) promises: [&'static str; 4],
    pub(crate) peer_faults: Vec<PeerFaults>,
    pub(crate) rows: Vec<Row>,
    pub(crate) histograms: Vec<Histogram>,
}

/// How ntwait makes threads, and why not otherwise.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Threads {
    /// `clone` or `pthread`.
    pub(crate) backend: &'static str,
    pub(crate) reason: &'static str,
}

impl Threads {
    pub(crate) fn of(in_use: BackendInUse) -> Self {
        let backend = if in_use.backend() == ThreadBackend::Clone { "clone" } else { "pthread" };
        Self { backend, reason: in_use.reason() }
    }
}

impl std::fmt::Display for Threads {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}, because: {}", self.backend, self.reason)
    }
}

/// How this machine compares with the one that the absolute targets were written on.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Yardstick {
    /// One locked read-modify-write here, in ns.
    pub(crate) locked_rmw_ns: f64,
    /// The same on the reference machine (a virtual machine with two Zen 5 cores).
    pub(crate) reference_rmw_ns: f64,
    /// What absolute targets are multiplied by.
    pub(crate) factor: f64,
    /// One reading of the clock, contained in each operation that is timed alone, in ns.
    pub(crate) clock_read_ns: f64,
}

impl Yardstick {
    const REFERENCE_RMW_NS: f64 = 4.8;
    /// Closer than this the machines count as the same, and targets stay as written.
    const TOLERANCE: f64 = 0.15;

    /// From the two prices measured here.
    pub(crate) fn new(locked_rmw_ns: f64, clock_read_ns: f64) -> Self {
        let ratio = locked_rmw_ns / Self::REFERENCE_RMW_NS;
        let factor = if (ratio - 1.0).abs() <= Self::TOLERANCE { 1.0 } else { ratio };
        Self { locked_rmw_ns, reference_rmw_ns: Self::REFERENCE_RMW_NS, factor, clock_read_ns }
    }

    /// The undisturbed one of two.
    pub(crate) fn best(self, other: Self) -> Self {
        Self::new(self.locked_rmw_ns.min(other.locked_rmw_ns), self.clock_read_ns.min(other.clock_read_ns))
    }
}

/// Distribution of single operations, for one contender of one row.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Histogram {
    /// Which line of the table.
    pub(crate) id: String,
    pub(crate) contender: &'static str,
    /// In ns.
    pub(crate) buckets: Vec<Bucket>,
}

/// Which lines are drawn as histograms.
const WITH_HISTOGRAM: [&str; 2] = ["P4", "P5"];

impl Report {
    /// Takes over what was measured.
    pub(crate) fn add(&mut self, measured: Vec<Measured>) {
        for measured in measured {
            if WITH_HISTOGRAM.contains(&measured.line.id.as_str()) {
                self.histograms.extend(histograms(&measured));
            }
            self.rows.push(Row::new(measured, self.yardstick.factor));
        }
    }

    /// Whether ntwait broke a rule or a promise, hung or panicked.
    pub(crate) fn failed(&self) -> bool {
        let broke_promise = |peer: &PeerFaults| peer.is_ours() && !peer.is_clean();
        self.checks.iter().any(|check| !check.passed)
            || self.peer_faults.iter().any(broke_promise)
            || self.rows.iter().any(|row| row.verdict == Verdict::Broken)
    }

    /// What was not measured, and who could not go on, and why: each told once.
    pub(crate) fn dropouts(&self) -> Vec<String> {
        let mut told = Vec::new();
        for row in &self.rows {
            let text = row.skipped.as_ref().map(|why| format!("{}: {why}", row.row));
            told.extend(text.filter(|text| !told.contains(text)));
            for figure in &row.figures {
                let text = figure.fault.as_ref().map(|fault| format!("{} {}: {fault}", row.row, figure.name));
                told.extend(text.filter(|text| !told.contains(text)));
            }
        }
        told
    }

    /// Lines with a target that could be judged: (met, all).
    pub(crate) fn score(&self) -> (usize, usize) {
        let judged = |verdict| self.rows.iter().filter(|row| row.verdict == verdict).count();
        let (met, missed) = (judged(Verdict::Met), judged(Verdict::Missed) + judged(Verdict::Broken));
        (met, met + missed)
    }

    /// The line of that id.
    pub(crate) fn row(&self, id: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.id == id)
    }
}

fn histograms(measured: &Measured) -> impl Iterator<Item = Histogram> {
    measured.series.iter().map(|series| Histogram {
        id: measured.line.id.clone(),
        contender: series.name,
        buckets: histogram(&series.spread),
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::faults::{PROMISES, Tried};
    use crate::measure::{Line, Role, Series, Target};
    use crate::os::cpus::Cpus;

    /// A small report with one line of each kind.
    pub(crate) fn sample() -> Report {
        let mut report = Report {
            schema: 1,
            version: "0.0.0",
            date: "2026-01-02 03:04:05 UTC".to_owned(),
            quick: true,
            seconds: 1.5,
            machine: Machine::discover(Cpus { home: 1, away: Some(0) }),
            threads: Threads { backend: "clone", reason: "all probes passed" },
            yardstick: Yardstick::new(4.8, 20.0),
            disturbance: Disturbance::default(),
            checks: vec![outcome("holds", true), outcome("breaks", false)],
            promises: PROMISES,
            peer_faults: Vec::new(),
            rows: Vec::new(),
            histograms: Vec::new(),
        };
        report.add(vec![measured("P4", Target::TimesLimit(1.03)), measured("P8.2", Target::Scaled(15.0))]);
        report
    }

    fn outcome(name: &'static str, passed: bool) -> Outcome {
        Outcome { name, policy: "adaptive", rule: "a <rule>", passed, detail: "detail".to_owned(), milliseconds: 1.0 }
    }

    fn measured(id: &str, target: Target) -> Measured {
        let series = |name, role, ns: f64| Series {
            name,
            role,
            rounds: vec![ns - 1.0, ns, ns + 1.0],
            spread: (0..100).map(|step| ns + f64::from(step)).collect(),
            fault: None,
        };
        Measured {
            row: "P4",
            line: Line::new(id, "some work", target),
            series: vec![
                series("bare", Role::Limit, 10.0),
                series("ntwait", Role::Ours, 12.0),
                series("std", Role::Peer, 30.0),
            ],
            skipped: None,
        }
    }

    #[test]
    fn targets_are_judged() {
        let report = sample();
        let [ratio, absolute] = &report.rows[..] else { panic!("two rows") };
        assert_eq!((ratio.verdict, absolute.verdict), (Verdict::Missed, Verdict::Met));
        assert_eq!(ratio.ratio, Some(1.2));
        assert!((ratio.goal.as_ref().map_or(0.0, |goal| goal.allowed) - 10.3).abs() < 1e-9);
        assert_eq!(report.score(), (1, 2));
        assert!(report.failed());
        assert_eq!(report.row("P8.2").and_then(|row| row.best_peer.clone()).as_deref(), Some("std"));
        assert_eq!(report.histograms.len(), 3, "only P4 has histograms");
    }

    #[test]
    fn what_ntwait_breaks_is_a_failure() {
        let mut report = sample();
        report.checks.clear();
        assert!(!report.failed());
        let tried = |broken| vec![Tried { trials: 5, broken, stopped: None }];
        report.peer_faults =
            vec![PeerFaults { peer: "ntwait", tried: tried(0) }, PeerFaults { peer: "std", tried: tried(5) }];
        assert!(!report.failed(), "peers may break");
        report.peer_faults[0].tried = tried(1);
        assert!(report.failed());
    }

    #[test]
    fn dropouts_are_told_once() {
        let mut report = sample();
        assert!(report.dropouts().is_empty());
        for row in &mut report.rows {
            row.figures[2].fault = Some("hung".to_owned());
        }
        assert_eq!(report.dropouts(), ["P4 std: hung"]);
    }

    #[test]
    fn a_similar_machine_keeps_the_targets() {
        assert_eq!(Yardstick::new(5.1, 20.0).factor, 1.0);
        assert_eq!(Yardstick::new(9.6, 20.0).factor, 2.0);
        assert_eq!(Yardstick::new(9.6, 20.0).best(Yardstick::new(4.8, 30.0)).factor, 1.0);
    }

    #[test]
    fn json_has_the_promised_shape() {
        let json = serde_json::to_value(sample()).expect("a report can be written");
        assert_eq!(json["schema"], 1);
        assert_eq!(json["rows"][0]["id"], "P4");
        assert_eq!(json["rows"][0]["unit"], "ns");
        assert_eq!(json["rows"][0]["verdict"], "missed");
        assert_eq!(json["rows"][0]["figures"][1]["role"], "ours");
        assert_eq!(json["rows"][0]["figures"][1]["rounds"].as_array().map(Vec::len), Some(3));
        assert_eq!(json["rows"][1]["goal"]["allowed"], 15.0);
        assert_eq!(json["checks"][1]["passed"], false);
        assert!(json["histograms"][0]["buckets"][0]["share"].is_number());
    }
}
