//! P1 to P3: operations that nobody waits for. The limit is what the instructions cost that no event can do without.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::measure::{Bench, Contender, Line, Role, Sample, Target, Unit, batches, scaling};
use crate::os::cpus::pin_to;
use crate::peers::{AUTO, BareFutex, Event, EventFd, MANUAL, NtEvent, Padded, Parking, RsEvent, StdEvent, StdMap};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    vec![
        set_reset(home),
        set_wait(home),
        poll(home, "P3.set", "poll (time-out 0) of a set manual event", true),
        poll(home, "P3.clear", "poll (time-out 0) of a clear manual event", false),
        poll_together(plan),
    ]
}

fn set_reset(home: usize) -> Bench {
    fn body<E: Event>(role: Role, home: usize) -> Contender {
        Contender::simple(E::NAME, role, move |slice| {
            measure::<E>(home, slice, |event| {
                event.set();
                event.reset();
            })
        })
    }
    let line = Line::new("P1", "set + reset, manual event, nobody waits", Target::TimesLimit(1.10));
    Bench::new(
        "P1",
        line,
        0.9,
        vec![
            body::<BareFutex<MANUAL>>(Role::Limit, home),
            body::<NtEvent<MANUAL>>(Role::Ours, home),
            body::<RsEvent<MANUAL>>(Role::Peer, home),
            body::<StdEvent<MANUAL>>(Role::Peer, home),
            body::<Parking<MANUAL>>(Role::Peer, home),
            body::<StdMap<MANUAL>>(Role::Peer, home),
            body::<EventFd<MANUAL>>(Role::Peer, home),
        ],
    )
}

fn set_wait(home: usize) -> Bench {
    fn body<E: Event>(role: Role, home: usize) -> Contender {
        Contender::simple(E::NAME, role, move |slice| {
            measure::<E>(home, slice, |event| {
                event.set();
                event.wait();
            })
        })
    }
    let line = Line::new("P2", "set + satisfied wait, auto event", Target::TimesLimit(1.10));
    Bench::new(
        "P2",
        line,
        0.9,
        vec![
            body::<BareFutex<AUTO>>(Role::Limit, home),
            body::<NtEvent<AUTO>>(Role::Ours, home),
            body::<RsEvent<AUTO>>(Role::Peer, home),
            body::<StdEvent<AUTO>>(Role::Peer, home),
            body::<Parking<AUTO>>(Role::Peer, home),
            body::<StdMap<AUTO>>(Role::Peer, home),
            body::<EventFd<AUTO>>(Role::Peer, home),
        ],
    )
}

fn poll(home: usize, id: &str, what: &str, set: bool) -> Bench {
    fn body<E: Event>(home: usize, set: bool, role: Role) -> Contender {
        Contender::simple(E::NAME, role, move |slice| {
            pin_to(home);
            poll_loop(&*ready::<E>(set), slice)
        })
    }
    let line = Line::new(id, what, Target::Scaled(2.0));
    Bench::new(
        "P3",
        line,
        0.45,
        vec![
            Contender::simple("a plain load", Role::Limit, move |slice| plain_load(home, slice)),
            body::<NtEvent<MANUAL>>(home, set, Role::Ours),
            body::<RsEvent<MANUAL>>(home, set, Role::Peer),
            body::<StdEvent<MANUAL>>(home, set, Role::Peer),
            body::<Parking<MANUAL>>(home, set, Role::Peer),
            body::<StdMap<MANUAL>>(home, set, Role::Peer),
            body::<EventFd<MANUAL>>(home, set, Role::Peer),
        ],
    )
}

/// Two CPUs poll one event, against one CPU. Reads scale; a poll that writes to shared memory cannot.
fn poll_together(plan: &Plan) -> Bench {
    fn body<E: Event>(role: Role, cpus: (usize, usize)) -> Contender {
        Contender::simple(E::NAME, role, move |slice| {
            let event = Arc::new(ready::<E>(false));
            scaling(cpus, slice, move || {
                let event = Arc::clone(&event);
                move |n| poll_times(&**event, n)
            })
        })
    }
    let cpus = (plan.cpus.home, plan.cpus.other());
    let what = "poll of one event on two CPUs at once, against one CPU";
    let line = Line::new("P3.two", what, Target::TimesLimit(1.10)).in_unit(Unit::Times);
    Bench::new(
        "P3",
        line,
        0.4,
        vec![
            body::<BareFutex<MANUAL>>(Role::Limit, cpus),
            body::<NtEvent<MANUAL>>(Role::Ours, cpus),
            body::<RsEvent<MANUAL>>(Role::Peer, cpus),
            body::<Parking<MANUAL>>(Role::Peer, cpus),
        ],
    )
    .on_two_cpus()
}

/// A fresh event on a pinned thread, and one operation on it again and again.
fn measure<E: Event>(home: usize, slice: Duration, operation: impl Fn(&E)) -> Sample {
    pin_to(home);
    let event = Padded(E::new());
    batches(slice, |n| {
        let event = black_box(&*event);
        for _ in 0..n {
            operation(event);
        }
    })
}

fn ready<E: Event>(set: bool) -> Padded<E> {
    let event = Padded(E::new());
    if set {
        event.set();
    }
    event
}

fn poll_loop<E: Event>(event: &E, slice: Duration) -> Sample {
    batches(slice, |n| poll_times(event, n))
}

/// Not inlined: one CPU and two run the same machine code.
#[inline(never)]
fn poll_times<E: Event>(event: &E, n: u64) {
    let mut hits = 0u64;
    for _ in 0..n {
        hits += u64::from(event.try_wait());
    }
    black_box(hits);
}

fn plain_load(home: usize, slice: Duration) -> Sample {
    pin_to(home);
    let word = Padded(AtomicU32::new(1));
    batches(slice, |n| {
        let word = black_box(&*word);
        let mut hits = 0u64;
        for _ in 0..n {
            hits += u64::from(word.load(Ordering::Acquire));
        }
        black_box(hits);
    })
}
