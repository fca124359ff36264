//! P13 and P14: two CPUs at work at once, on events of their own and on one event.

use std::sync::Arc;

use crate::measure::{Bench, Contender, Line, Role, Target, Unit, scaling, together};
use crate::peers::{BareFutex, Event, MANUAL, NtEvent, Padded, Parking, RsEvent, StdEvent, StdMap};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let cpus = (plan.cpus.home, plan.cpus.other());
    vec![apart(cpus), on_one_event(cpus)]
}

/// P13: what is not shared must not cost: the time of one operation with two threads at work, against one thread.
fn apart(cpus: (usize, usize)) -> Bench {
    fn body<E: Event>(role: Role, cpus: (usize, usize)) -> Contender {
        Contender::simple(E::NAME, role, move |slice| {
            scaling(cpus, slice, || {
                let event = Padded(E::new());
                move |n| set_reset(&*event, n)
            })
        })
    }
    let what = "two CPUs, an event each: set + reset, against one CPU";
    let line = Line::new("P13", what, Target::TimesLimit(1.03)).in_unit(Unit::Times);
    Bench::new(
        "P13",
        line,
        0.8,
        vec![
            body::<BareFutex<MANUAL>>(Role::Limit, cpus),
            body::<NtEvent<MANUAL>>(Role::Ours, cpus),
            body::<RsEvent<MANUAL>>(Role::Peer, cpus),
            body::<StdEvent<MANUAL>>(Role::Peer, cpus),
            body::<StdMap<MANUAL>>(Role::Peer, cpus),
        ],
    )
    .on_two_cpus()
}

/// P14: both CPUs change the same event; the cache line travels.
fn on_one_event(cpus: (usize, usize)) -> Bench {
    fn body<E: Event>(role: Role, cpus: (usize, usize)) -> Contender {
        Contender::simple(E::NAME, role, move |slice| {
            let event = Arc::new(Padded(E::new()));
            together(cpus, slice, move || {
                let event = Arc::clone(&event);
                move |n| set_reset(&**event, n)
            })
        })
    }
    let line = Line::new("P14", "two CPUs on one event: set + reset", Target::TimesLimit(1.1));
    Bench::new(
        "P14",
        line,
        0.7,
        vec![
            body::<BareFutex<MANUAL>>(Role::Limit, cpus),
            body::<NtEvent<MANUAL>>(Role::Ours, cpus),
            body::<RsEvent<MANUAL>>(Role::Peer, cpus),
            body::<StdEvent<MANUAL>>(Role::Peer, cpus),
            body::<Parking<MANUAL>>(Role::Peer, cpus),
            body::<StdMap<MANUAL>>(Role::Peer, cpus),
        ],
    )
    .on_two_cpus()
}

/// Not inlined: one CPU and two run the same machine code.
#[inline(never)]
fn set_reset<E: Event>(event: &E, n: u64) {
    for _ in 0..n {
        event.set();
        event.reset();
    }
}
