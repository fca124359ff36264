//! What a reader must know besides the figures.

use super::{Figure, Report, Row};
use crate::measure::Unit;
use crate::os::machine::Disturbance;

/// Less than this share of waits asleep, and a figure for waits that sleep is not one.
const ASLEEP: f64 = 0.95;

/// A row of shares in which ntwait or the limit was not asleep often enough: only a busy machine wakes them early.
fn too_awake(row: &Row) -> Option<String> {
    let share = |figure: Option<&Figure>| figure.and_then(|figure| figure.median).filter(|_| row.unit == Unit::Share);
    let (ours, limit) = (share(row.ours())?, share(row.limit())?);
    (ours.min(limit) < ASLEEP).then(|| {
        let id = row.id.trim_end_matches(".slept");
        let (ours, limit) = ((ours * 100.0).round(), (limit * 100.0).round());
        format!(
            "{id}: its waits should all sleep; {ours} % of ntwait's did and {limit} % of the limit's. \
             Do not trust its ratio."
        )
    })
}

impl Report {
    /// Reasons to trust this run less than another one.
    pub(crate) fn cautions(&self) -> Vec<String> {
        let mut cautions = Vec::new();
        if self.quick {
            cautions.push("A quick run: too short for its figures to mean much.".to_owned());
        }
        let Disturbance { stolen_percent, others_percent } = self.disturbance;
        if others_percent > 3.0 {
            cautions.push(format!(
                "Other programs used {others_percent:.0} % of the CPU time meanwhile: figures are noisy."
            ));
        }
        if stolen_percent > 1.0 {
            cautions.push(format!(
                "The hypervisor took {stolen_percent:.0} % of the CPU time away meanwhile: figures are noisy."
            ));
        }
        cautions.extend(self.rows.iter().filter_map(too_awake));
        if cfg!(debug_assertions) {
            cautions.push("This is a debug build: its figures mean nothing. Use --release.".to_owned());
        }
        cautions
    }

    /// How to read the figures.
    pub(crate) fn method(&self) -> Vec<String> {
        let yardstick = &self.yardstick;
        let scaling = if yardstick.factor == 1.0 {
            "this machine counts as the same, so they stand as written".to_owned()
        } else {
            format!("here they are multiplied by {:.2}", yardstick.factor)
        };
        vec![
            "Contenders take turns (A B C A B C …) on the same pinned CPUs in one process that always has a second thread. \
             A figure is the median over the rounds; a ratio is the median of the ratios of each round, so that a \
             disturbance that lasts hits both sides of it."
                .to_owned(),
            format!(
                "p99 is over single operations where each lasts long enough to be timed alone (one reading of the clock, \
                 {:.0} ns, is then part of it), and over batches of about 20 µs elsewhere.",
                yardstick.clock_read_ns
            ),
            format!(
                "Targets in time were written on a virtual machine with two Zen 5 cores, where one locked \
                 read-modify-write costs {:.1} ns. It costs {:.2} ns here: {scaling}.",
                yardstick.reference_rmw_ns, yardstick.locked_rmw_ns
            ),
            "The limit is the least that any implementation must do; it has no handle, no queue and no order, and it \
             breaks promises (see the peer faults). ntwait works through handles everywhere."
                .to_owned(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn waits_that_did_not_sleep_are_told() {
        let mut report = sample();
        let before = report.cautions().len();
        let row = &mut report.rows[1];
        row.unit = Unit::Share;
        for figure in &mut row.figures {
            figure.median = Some(1.0);
        }
        assert_eq!(report.cautions().len(), before);
        report.rows[1].figures[1].median = Some(0.74);
        let cautions = report.cautions();
        assert_eq!(cautions.len(), before + 1);
        assert!(cautions.iter().any(|caution| caution.contains("74 %")), "{cautions:?}");
    }

    #[test]
    fn the_method_names_the_yardstick() {
        assert!(sample().method().iter().any(|line| line.contains("4.80 ns here")));
    }
}
