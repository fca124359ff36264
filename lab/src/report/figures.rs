//! From what was measured to what is judged.

use serde::Serialize;

use super::format;
use crate::measure::{Measured, Role, Series, Target, Unit};
use crate::stats::{median, quantile};

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// Unique name, such as `P7.512`.
    pub(crate) id: String,
    /// The row it belongs to, such as `P7`.
    pub(crate) row: &'static str,
    pub(crate) what: String,
    pub(crate) unit: Unit,
    /// All contenders, ntwait and the limit included.
    pub(crate) figures: Vec<Figure>,
    /// ntwait's median against the limit's.
    pub(crate) ratio: Option<f64>,
    /// Name of the peer with the lowest median.
    pub(crate) best_peer: Option<String>,
    pub(crate) goal: Option<Goal>,
    pub(crate) verdict: Verdict,
    /// Why it was not measured.
    pub(crate) skipped: Option<String>,
}

/// What one contender showed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Median over the rounds, in the row's unit.
    pub(crate) median: Option<f64>,
    /// Over all single operations, or all short batches.
    pub(crate) p99: Option<f64>,
    /// Each round's figure.
    pub(crate) rounds: Vec<f64>,
    /// Why it stopped.
    pub(crate) fault: Option<String>,
}

/// What ntwait may cost at most.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Goal {
    /// For people.
    pub(crate) text: String,
    /// In the row's unit, on this machine, in this run.
    pub(crate) allowed: f64,
    /// ntwait's median against it: up to 1 is good.
    pub(crate) used: Option<f64>,
}

/// How ntwait did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Met,
    Missed,
    /// It was measured for comparison only.
    NoTarget,
    /// It could not be measured here.
    Skipped,
    /// ntwait hung or panicked.
    Broken,
}

impl Row {
    /// Sums up; `factor` scales absolute targets to this machine.
    pub(super) fn new(measured: Measured, factor: f64) -> Self {
        let Measured { row, line, series, skipped } = measured;
        let figures: Vec<Figure> = series.into_iter().map(Figure::new).collect();
        let median_of = |role| figures.iter().find(|figure| figure.role == role).and_then(|figure| figure.median);
        let (ours, limit) = (median_of(Role::Ours), median_of(Role::Limit));
        let goal = goal(line.target, line.unit, factor, ours, limit);
        let broken = figures.iter().any(|figure| figure.role == Role::Ours && figure.fault.is_some());
        let no_limit = goal.is_none() && line.target != Target::None;
        let skipped = skipped.or_else(|| no_limit.then(|| "the limit was not measured".to_owned()));
        let verdict = match goal.as_ref().map(|goal| goal.used) {
            _ if broken => Verdict::Broken,
            _ if line.target == Target::None => Verdict::NoTarget,
            _ if skipped.is_some() => Verdict::Skipped,
            None => Verdict::NoTarget,
            Some(Some(used)) if used <= 1.0 => Verdict::Met,
            _ => Verdict::Missed,
        };
        Self {
            id: line.id,
            row,
            what: line.what,
            unit: line.unit,
            ratio: ours.zip(limit).map(|(ours, limit)| ours / limit),
            best_peer: best_peer(&figures),
            figures,
            goal,
            verdict,
            skipped,
        }
    }

    /// ntwait's figure.
    pub(crate) fn ours(&self) -> Option<&Figure> {
        self.of(Role::Ours)
    }

    /// The limit's figure.
    pub(crate) fn limit(&self) -> Option<&Figure> {
        self.of(Role::Limit)
    }

    fn of(&self, role: Role) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.role == role)
    }

    /// The figure of that name.
    pub(crate) fn named(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// Whether it belongs into the table.
    pub(crate) fn has_target(&self) -> bool {
        self.verdict != Verdict::NoTarget
    }
}

impl Figure {
    fn new(series: Series) -> Self {
        let Series { name, role, rounds, spread, fault } = series;
        Self { name, role, median: median(&rounds), p99: quantile(&spread, 0.99), rounds, fault }
    }
}

fn best_peer(figures: &[Figure]) -> Option<String> {
    let peers = figures.iter().filter(|figure| figure.role == Role::Peer && figure.fault.is_none());
    let with_medians = peers.filter_map(|figure| Some((figure.median?, figure.name)));
    with_medians.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name.to_owned())
}

fn goal(target: Target, unit: Unit, factor: f64, ours: Option<f64>, limit: Option<f64>) -> Option<Goal> {
    let shown = |value| format::tick(unit, value);
    let (text, allowed) = match target {
        Target::None => return None,
        Target::TimesLimit(times) => (format!("≤ {times:.2} × limit"), limit? * times),
        Target::AtMost(most) => (format!("≤ {}", shown(most)), most),
        Target::Scaled(ns) if factor == 1.0 => (format!("≤ {}", shown(ns)), ns),
        Target::Scaled(ns) => {
            let here = ns * factor;
            (format!("≤ {} × {factor:.2} = {}", shown(ns), shown(here)), here)
        }
    };
    Some(Goal { text, allowed, used: ours.map(|ours| ours / allowed) })
}
