//! What a reader must know besides the figures.

use super::Report;
use crate::os::machine::Disturbance;

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
             A figure is the median over the rounds."
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
