//! P10: a wait for all of eight events. ntwait takes all in one step or none; the limit takes them one by one, which
//! is not the same thing and is therefore cheaper.

use std::time::Duration;

use ntwait::{Handle, NtStatus, WaitType};

use crate::measure::{Bench, Contender, Line, Role, Sample, Target, batches};
use crate::os::cpus::pin_to;
use crate::peers::{AUTO, BareFutex, Event, NtEvent, Padded, RsEvent, adaptive};
use crate::plan::Plan;

const EVENTS: usize = 8;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    let line = Line::new("P10", "set 8 + wait-all over the 8, atomic", Target::Scaled(170.0));
    let contenders = vec![
        Contender::simple("one by one", Role::Limit, move |slice| one_by_one::<BareFutex<AUTO>>(home, slice)),
        Contender::simple(NtEvent::<AUTO>::NAME, Role::Ours, move |slice| in_one_step(home, slice)),
        Contender::simple("rsevents, one by one", Role::Peer, move |slice| one_by_one::<RsEvent<AUTO>>(home, slice)),
    ];
    vec![Bench::new("P10", line, 0.4, contenders)]
}

fn in_one_step(home: usize, slice: Duration) -> Sample {
    pin_to(home);
    let events: [NtEvent<AUTO>; EVENTS] = std::array::from_fn(|_| NtEvent::new());
    let handles: [Handle; EVENTS] = std::array::from_fn(|index| events[index].handle());
    batches(slice, |n| {
        for _ in 0..n {
            events.iter().for_each(Event::set);
            let ended = adaptive().nt_wait_for_multiple_objects(&handles, WaitType::ALL, false, None);
            assert!(ended == NtStatus::WAIT_0, "wait-all answered {ended}");
        }
    })
}

fn one_by_one<E: Event>(home: usize, slice: Duration) -> Sample {
    pin_to(home);
    let events: [Padded<E>; EVENTS] = std::array::from_fn(|_| Padded(E::new()));
    batches(slice, |n| {
        for _ in 0..n {
            events.iter().for_each(|event| event.set());
            events.iter().for_each(|event| event.wait());
        }
    })
}
