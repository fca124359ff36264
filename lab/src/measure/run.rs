//! Taking turns, under a watchdog.

use std::time::Duration;

use super::{Bench, Contender, Measured, Sample, Series};
use crate::plan::Plan;
use crate::watch;

/// Runs all rounds of `bench`; calls `tick` after each turn. A contender that hangs or panics is given up, and the
/// others go on without it.
pub(crate) fn run(bench: &Bench, plan: &Plan, mut tick: impl FnMut()) -> Vec<Measured> {
    let mut table: Vec<Measured> = bench.lines.iter().map(|line| empty(bench, line)).collect();
    if bench.needs_two_cpus && plan.cpus.away.is_none() {
        for measured in &mut table {
            measured.skipped = Some("needs two CPUs".to_owned());
        }
        return table;
    }
    let slice = plan.slice(bench);
    let mut broken = vec![false; bench.contenders.len()];
    for _ in 0..plan.rounds(bench) {
        for (at, contender) in bench.contenders.iter().enumerate() {
            if !broken[at] {
                match turn(contender, slice) {
                    Ok(samples) => keep(&mut table, at, samples),
                    Err(fault) => {
                        broken[at] = true;
                        table.iter_mut().for_each(|measured| measured.series[at].fault = Some(fault.clone()));
                    }
                }
            }
            tick();
        }
    }
    table
}

fn turn(contender: &Contender, slice: Duration) -> Result<Vec<Sample>, String> {
    let patience = Duration::from_secs(5) + slice * 10;
    let body = contender.body.clone();
    watch::run(patience, move || body(slice)).map_err(|broken| broken.to_string())?
}

fn keep(table: &mut [Measured], at: usize, samples: Vec<Sample>) {
    for (measured, sample) in table.iter_mut().zip(samples) {
        let series = &mut measured.series[at];
        series.rounds.push(sample.value);
        series.spread.extend(sample.spread);
    }
}

fn empty(bench: &Bench, line: &super::Line) -> Measured {
    let series = |contender: &Contender| Series {
        name: contender.name,
        role: contender.role,
        rounds: Vec::new(),
        spread: Vec::new(),
        fault: None,
    };
    Measured {
        row: bench.row,
        line: line.clone(),
        series: bench.contenders.iter().map(series).collect(),
        skipped: None,
    }
}
