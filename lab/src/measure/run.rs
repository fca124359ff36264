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
                match turn(contender, slice, plan.patience + slice * 10) {
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

fn turn(contender: &Contender, slice: Duration, patience: Duration) -> Result<Vec<Sample>, String> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Line, Role, Target, Turn};
    use crate::os::cpus::Cpus;

    fn bench(contenders: Vec<Contender>) -> Bench {
        Bench::new("P1", Line::new("P1", "work", Target::None), 0.01, contenders)
    }

    fn run_with(patience: Duration, other: Contender) -> Measured {
        let plan = Plan { patience, ..Plan::new(Cpus::discover(), true, None) };
        let works = Contender::simple("works", Role::Ours, |_| Sample::lone(1.0));
        let mut ticks = 0;
        let mut measured = run(&bench(vec![works, other]), &plan, || ticks += 1);
        assert_eq!(ticks, 6, "progress counts every turn, also those that are not taken");
        assert_eq!(measured[0].series[0].rounds, [1.0, 1.0, 1.0], "the other one goes on");
        measured.remove(0)
    }

    fn fault_of(measured: Measured) -> String {
        measured.series[1].fault.clone().unwrap_or_default()
    }

    #[test]
    fn who_hangs_is_given_up() {
        let hangs = |_| -> Turn {
            loop {
                std::thread::park();
            }
        };
        let fault = fault_of(run_with(Duration::from_millis(500), Contender::new("hangs", Role::Peer, hangs)));
        assert!(fault.starts_with("hung"), "{fault}");
    }

    #[test]
    fn who_panics_or_refuses_is_given_up() {
        let long = Duration::from_secs(60);
        let fault = fault_of(run_with(long, Contender::new("panics", Role::Peer, |_| panic!("ouch"))));
        assert!(fault.contains("ouch"), "{fault}");
        let fault = fault_of(run_with(long, Contender::new("refuses", Role::Peer, |_| Err("no room".to_owned()))));
        assert_eq!(fault, "no room");
    }

    #[test]
    fn two_cpu_work_is_skipped_on_one() {
        let contender = Contender::simple("works", Role::Ours, |_| Sample::lone(1.0));
        let plan = Plan::new(Cpus { home: 0, away: None }, true, None);
        let measured = run(&bench(vec![contender]).on_two_cpus(), &plan, || ());
        assert!(measured[0].skipped.is_some() && measured[0].series[0].rounds.is_empty());
    }
}
