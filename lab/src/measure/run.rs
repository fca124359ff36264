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

    fn plan(cpus: Cpus) -> Plan {
        Plan { patience: Duration::from_millis(500), ..Plan::new(cpus, true, None) }
    }

    #[test]
    fn who_breaks_is_given_up_and_the_others_go_on() {
        let hangs = |_| -> Turn {
            loop {
                std::thread::park();
            }
        };
        let contenders = vec![
            Contender::simple("works", Role::Ours, |_| Sample::lone(1.0)),
            Contender::new("hangs", Role::Peer, hangs),
            Contender::new("panics", Role::Peer, |_| panic!("ouch")),
            Contender::new("refuses", Role::Peer, |_| Err("no room".to_owned())),
        ];
        let mut ticks = 0;
        let measured = run(&bench(contenders), &plan(Cpus::discover()), || ticks += 1);
        let [line] = &measured[..] else { panic!("one line") };
        let faults: Vec<_> = line.series.iter().map(|series| series.fault.as_deref().unwrap_or("none")).collect();
        assert_eq!(line.series[0].rounds, [1.0, 1.0, 1.0]);
        assert!(faults[0] == "none" && faults[1].starts_with("hung") && faults[3] == "no room", "{faults:?}");
        assert!(faults[2].contains("ouch"), "{faults:?}");
        assert_eq!(ticks, 12, "progress counts every turn, also those that are not taken");
    }

    #[test]
    fn two_cpu_work_is_skipped_on_one() {
        let contender = Contender::simple("works", Role::Ours, |_| Sample::lone(1.0));
        let measured = run(&bench(vec![contender]).on_two_cpus(), &plan(Cpus { home: 0, away: None }), || ());
        assert!(measured[0].skipped.is_some() && measured[0].series[0].rounds.is_empty());
    }
}
