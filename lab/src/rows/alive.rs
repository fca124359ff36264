//! P12: a million events alive at once: the price of each in time and memory.
//! Each turn is a process of its own.

use std::sync::Arc;
use std::time::Instant;

use super::child::{Prices, in_a_child};
use crate::measure::{Bench, Contender, Line, Role, Target, Unit};
use crate::os::memory::resident_bytes;
use crate::peers::{AUTO, BareFutex, Event, EventFd, NtEvent, StdMap};
use crate::plan::Plan;
use crate::report::grouped;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let (home, count) = (plan.cpus.home, plan.pick(1_000_000, 100_000));
    let with = |what: &str| format!("{} events alive: {what}", grouped(count));
    let create = Line::new("P12.create", with("create each"), Target::Scaled(60.0));
    let memory = Line::new("P12.memory", with("resident memory each"), Target::AtMost(96.0)).in_unit(Unit::Bytes);
    let close = Line::new("P12.close", with("close each"), Target::Scaled(50.0));
    let body = |kind: &'static str, name, role| Contender::new(name, role, move |_| in_a_child(kind, home, count));
    let contenders = vec![
        body("arc", "an Arc, no handle", Role::Limit),
        body("ntwait", NtEvent::<AUTO>::NAME, Role::Ours),
        body("map", StdMap::<AUTO>::NAME, Role::Peer),
        body("eventfd", EventFd::<AUTO>::NAME, Role::Peer),
    ];
    vec![Bench::new("P12", create, 2.2, contenders).and([memory, close]).in_rounds(plan.pick(3, 1))]
}

/// In a child: what `count` events of a kind cost. `None` for other kinds.
pub(super) fn prices_of(kind: &str, count: usize) -> Option<Result<Prices, String>> {
    Some(match kind {
        "arc" => prices(count, || Ok(Arc::new(BareFutex::<AUTO>::new()))),
        "ntwait" => prices(count, || Ok(NtEvent::<AUTO>::new())),
        "map" => prices(count, || Ok(StdMap::<AUTO>::new())),
        "eventfd" => prices(count, || EventFd::<AUTO>::try_new().map_err(|errno| errno.to_string())),
        _ => return None,
    })
}

fn prices<T>(count: usize, make: impl Fn() -> Result<T, String>) -> Result<Prices, String> {
    drop(make());
    let mut events: Vec<Option<T>> = (0..count).map(|_| None).collect();
    let before = resident_bytes();
    let start = Instant::now();
    for (made, place) in events.iter_mut().enumerate() {
        *place = Some(make().map_err(|error| format!("stopped at {}: {error}", grouped(made)))?);
    }
    let created = start.elapsed();
    let resident = resident_bytes().saturating_sub(before);
    let start = Instant::now();
    events.iter_mut().for_each(|place| *place = None);
    let closed = start.elapsed();
    let each = |total: f64| total / count as f64;
    Ok(Prices {
        create_ns: each(created.as_nanos() as f64),
        resident_bytes: each(resident as f64),
        close_ns: each(closed.as_nanos() as f64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_are_for_one_event() {
        let prices = prices(1_000, || Ok(Arc::new(BareFutex::<AUTO>::new()))).expect("Arcs can be made");
        assert!(prices.create_ns > 0.0 && prices.close_ns > 0.0);
        let refused: Result<Prices, String> = super::prices(10, || Err::<u8, _>("full".to_owned()));
        assert_eq!(refused.map(|_| ()), Err("stopped at 0: full".to_owned()));
    }
}
