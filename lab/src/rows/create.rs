//! P11: one event made and closed again. The limit is one small heap block with a reference count.

use std::hint::black_box;
use std::sync::Arc;

use crate::measure::{Bench, Contender, Line, Role, Target, batches};
use crate::os::cpus::pin_to;
use crate::peers::{AUTO, BareFutex, Event, EventFd, NtEvent, Parking, StdEvent, StdMap};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    let line = Line::new("P11", "create + close one event", Target::Scaled(45.0));
    vec![Bench::new(
        "P11",
        line,
        0.5,
        vec![
            make_and_drop("an Arc", Role::Limit, home, || Arc::new(BareFutex::<AUTO>::new())),
            make_and_drop(NtEvent::<AUTO>::NAME, Role::Ours, home, NtEvent::<AUTO>::new),
            make_and_drop("Arc of std", Role::Peer, home, || Arc::new(StdEvent::<AUTO>::new())),
            make_and_drop("Arc of parking_lot", Role::Peer, home, || Arc::new(Parking::<AUTO>::new())),
            make_and_drop(StdMap::<AUTO>::NAME, Role::Peer, home, StdMap::<AUTO>::new),
            make_and_drop(EventFd::<AUTO>::NAME, Role::Peer, home, EventFd::<AUTO>::new),
        ],
    )]
}

fn make_and_drop<T>(
    name: &'static str,
    role: Role,
    home: usize,
    make: impl Fn() -> T + Send + Sync + 'static,
) -> Contender {
    Contender::simple(name, role, move |slice| {
        pin_to(home);
        batches(slice, |n| {
            for _ in 0..n {
                drop(black_box(make()));
            }
        })
    })
}
