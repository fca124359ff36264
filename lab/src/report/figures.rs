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
    /// ntwait against the limit: the median over the rounds of both figures of one round. A disturbance that lasts
    /// hits both, so this is steadier than the ratio of the medians.
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
    /// ntwait's figure against it: up to 1 is good.
    pub(crate) used: Option<f64>,
    /// What ntwait takes of what it may take, for people.
    pub(crate) share: String,
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
        let of = |role| figures.iter().find(|figure| figure.role == role);
        let best_peer = best_peer(&figures);
        let measure = match line.target {
            Target::TimesPeer(_) => best_peer.as_ref().and_then(|best| figures.iter().find(|peer| peer.name == best)),
            _ => of(Role::Limit),
        };
        let (ours, limit) = (of(Role::Ours), measure);
        let ratio = ours.zip(limit).and_then(|(ours, limit)| ratio(&ours.rounds, &limit.rounds));
        let median_of = |figure: Option<&Figure>| figure.and_then(|figure| figure.median);
        let goal = Goal::new(line.target, line.unit, factor, (median_of(ours), median_of(limit), ratio));
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
        Self { id: line.id, row, what: line.what, unit: line.unit, ratio, best_peer, figures, goal, verdict, skipped }
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

impl Goal {
    /// From ntwait's median, the limit's, and their ratio. `None` if there is no target, or no limit to take it from.
    fn new(
        target: Target,
        unit: Unit,
        factor: f64,
        (ours, limit, ratio): (Option<f64>, Option<f64>, Option<f64>),
    ) -> Option<Self> {
        let shown = |value| format::tick(unit, value);
        let absolute = |text, allowed: f64| {
            let share = format!("{} of {}", format::maybe(unit, ours), shown(allowed));
            Self { text, allowed, used: ours.map(|ours| ours / allowed), share }
        };
        match target {
            Target::None => None,
            Target::TimesLimit(times) => Some(Self {
                text: format!("≤ {times:.2} × limit"),
                allowed: limit? * times,
                used: ratio.map(|ratio| ratio / times),
                share: format!("{} of {times:.2} ×", ratio.map_or_else(|| "–".to_owned(), format::ratio)),
            }),
            Target::TimesPeer(times) => Some(Self {
                text: format!("≤ {times:.2} × best peer"),
                allowed: limit? * times,
                used: ratio.map(|ratio| ratio / times),
                share: format!("{} of {times:.2} ×", ratio.map_or_else(|| "–".to_owned(), format::ratio)),
            }),
            Target::AtMost(most) => Some(absolute(format!("≤ {}", shown(most)), most)),
            Target::BeyondLimit(more) => Some(absolute(format!("≤ limit + {}", shown(more)), limit? + more)),
            Target::Scaled(ns) if factor == 1.0 => Some(absolute(format!("≤ {}", shown(ns)), ns)),
            Target::Scaled(ns) => {
                let here = ns * factor;
                Some(absolute(format!("≤ {} × {factor:.2} = {}", shown(ns), shown(here)), here))
            }
        }
    }
}

/// Median of the ratios of figures that were taken in the same round.
fn ratio(ours: &[f64], limit: &[f64]) -> Option<f64> {
    let each: Vec<f64> = ours.iter().zip(limit).map(|(ours, limit)| ours / limit).collect();
    median(&each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disturbance_that_hits_both_does_not_change_the_ratio() {
        let (ours, limit) = ([11.0, 44.0, 45.0], [10.0, 40.0, 10.0]);
        assert_eq!(ratio(&ours, &limit), Some(1.1));
        assert_eq!(ratio(&[], &limit), None);
    }

    #[test]
    fn targets_are_scaled_only_if_they_are_times() {
        let figures = (Some(30.0), Some(10.0), Some(3.0));
        let goal = |target| Goal::new(target, Unit::Nanoseconds, 2.0, figures).map(|goal| (goal.allowed, goal.used));
        assert_eq!(goal(Target::Scaled(20.0)), Some((40.0, Some(0.75))));
        assert_eq!(goal(Target::AtMost(20.0)), Some((20.0, Some(1.5))));
        assert_eq!(goal(Target::TimesLimit(2.0)), Some((20.0, Some(1.5))));
        assert_eq!(goal(Target::TimesPeer(2.0)), Some((20.0, Some(1.5))), "the best peer takes the limit's place");
        assert_eq!(goal(Target::BeyondLimit(30.0)), Some((40.0, Some(0.75))));
        assert_eq!(goal(Target::None), None);
        assert!(Goal::new(Target::TimesLimit(2.0), Unit::Nanoseconds, 2.0, (Some(30.0), None, None)).is_none());
    }
}
