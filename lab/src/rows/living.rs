//! P16: a thousand threads alive: what each costs to make, to keep and to end.
//!
//! Each turn is a process of its own, on one CPU. All threads sleep at one gate. A thousand come and go before the figures
//! are taken, so that what is kept for the next thread is there; memory is counted from before them.

use std::thread::{sleep, yield_now};
use std::time::{Duration, Instant};

use ntwait::Runtime;

use super::child::{Prices, in_a_child};
use crate::measure::{Bench, Contender, Line, Role, Target, Unit};
use crate::os::memory::resident_bytes;
use crate::peers::{BareThreads, NtThreads, Pthreads, StdThreads, Threads, adaptive, pthread_backend};
use crate::plan::Plan;
use crate::report::grouped;

const ALIVE: usize = 1_000;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    let with = |what: &str| format!("{} threads alive: {what}", grouped(ALIVE));
    let create = Line::new("P16.create", with("create each"), Target::TimesLimit(1.8));
    let memory = Line::new("P16.memory", with("resident memory each"), Target::BeyondLimit(12.0 * 1024.0));
    let end = Line::new("P16.end", with("end + join each"), Target::TimesLimit(1.8));
    let body = |kind: &'static str, name, role| Contender::new(name, role, move |_| in_a_child(kind, home, ALIVE));
    let contenders = vec![
        body("bare-threads", "bare clone3", Role::Limit),
        body("ntwait-threads", "ntwait", Role::Ours),
        body("pthreads", "pthread", Role::Peer),
        body("std-threads", "std", Role::Peer),
        body("ntwait-pthreads", "ntwait, pthread backend", Role::Variant),
    ];
    vec![Bench::new("P16", create, 1.6, contenders).and([memory.in_unit(Unit::Bytes), end]).in_rounds(plan.pick(5, 1))]
}

/// In a child: what `count` threads of a kind cost. `None` for other kinds.
pub(super) fn prices_of(kind: &str, count: usize) -> Option<Result<Prices, String>> {
    Some(match kind {
        "bare-threads" => prices(count, &BareThreads::new(false)),
        "ntwait-threads" => of_ntwait(count, adaptive),
        "pthreads" => prices(count, &Pthreads::new(false)),
        "std-threads" => prices(count, &StdThreads::new(false)),
        "ntwait-pthreads" => of_ntwait(count, pthread_backend),
        _ => return None,
    })
}

fn of_ntwait(count: usize, runtime: fn() -> &'static Runtime) -> Result<Prices, String> {
    prices(count, &NtThreads::new(runtime(), false)?)
}

fn prices(count: usize, threads: &impl Threads) -> Result<Prices, String> {
    once(1, threads)?;
    let before = resident_bytes();
    once(count, threads)?;
    let Once { create, resident, end } = once(count, threads)?;
    let each = |total: f64| total / count as f64;
    Ok(Prices {
        create_ns: each(create.as_nanos() as f64),
        resident_bytes: each(resident.saturating_sub(before) as f64),
        close_ns: each(end.as_nanos() as f64),
    })
}

/// What one generation took; `resident` is all memory while it lived.
struct Once {
    create: Duration,
    resident: u64,
    end: Duration,
}

/// Makes `count` threads, until all sleep at the gate; lets them go and joins them.
fn once<T: Threads>(count: usize, threads: &T) -> Result<Once, String> {
    let mut alive = Vec::with_capacity(count);
    let start = Instant::now();
    for made in 0..count {
        alive.push(threads.start().map_err(|error| format!("stopped at {}: {error}", grouped(made)))?);
    }
    while (threads.arrived() as usize) < count {
        yield_now();
    }
    let create = start.elapsed();
    // The last ones may be on their way from the count to their sleep.
    sleep(Duration::from_millis(2));
    let resident = resident_bytes();
    let start = Instant::now();
    threads.open();
    alive.into_iter().for_each(|thread| threads.join(thread));
    let end = start.elapsed();
    threads.close();
    Ok(Once { create, resident, end })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_for_one_thread() {
        let prices = prices(20, &StdThreads::new(false)).expect("20 threads");
        assert!(prices.create_ns > 0.0 && prices.close_ns > 0.0);
        assert!(prices_of("nothing", 1).is_none());
    }
}
