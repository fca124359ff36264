//! P8 and P9: waits for any of K auto-reset events.

mod contenders;

use std::time::Duration;

use contenders::{AnyFds, AnyHandles, AnyWords, WaitAny};

use crate::measure::{Bench, Contender, Line, Role, Sample, Target, Trips, Unit, batches, exchange};
use crate::os::cpus::pin_to;
use crate::os::sched::run_in_batches;
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let satisfied = [(2, Some(15.0)), (4, None), (8, Some(25.0)), (16, None), (32, None), (64, Some(110.0))];
    let slept = [(8, 1.15), (64, 1.5)];
    let one = satisfied.map(|(events, target)| satisfied_wait(plan.cpus.home, events, target));
    let two = slept.map(|(events, target)| blocking_wait(plan.cpus.home, events, target));
    one.into_iter().chain(two).collect()
}

/// P8: the last of K is set, then any is waited for; nobody sleeps. The limit scans bare words.
fn satisfied_wait(home: usize, events: usize, target: Option<f64>) -> Bench {
    fn body<W: WaitAny>(role: Role, home: usize, events: usize) -> Contender {
        Contender::simple(W::NAME, role, move |slice| set_last_and_wait::<W>(home, events, slice))
    }
    let target = target.map_or(Target::None, Target::Scaled);
    let line = Line::new(format!("P8.{events}"), format!("set the last of {events} + wait-any"), target);
    Bench::new(
        "P8",
        line,
        0.2,
        vec![
            body::<AnyWords>(Role::Limit, home, events),
            body::<AnyHandles>(Role::Ours, home, events),
            body::<AnyFds>(Role::Peer, home, events),
        ],
    )
}

fn set_last_and_wait<W: WaitAny>(home: usize, events: usize, slice: Duration) -> Sample {
    pin_to(home);
    let set = W::new(events);
    let mut wait_any = set.waiter();
    batches(slice, |n| {
        for _ in 0..n {
            set.set(events - 1);
            wait_any();
        }
    })
}

/// P9: both threads on one CPU and in the batch class, so that each wait-any really sleeps until another of its K
/// events is set.
fn blocking_wait(home: usize, events: usize, target: f64) -> Bench {
    fn body<W: WaitAny>(role: Role, home: usize, events: usize) -> Contender {
        Contender::new(W::NAME, role, move |slice| {
            let found = exchange(Rounds(W::new(events)), (home, home), slice, run_in_batches);
            Ok(vec![found.trip, Sample::lone(found.slept)])
        })
    }
    let what = format!("wait-any of {events} that sleeps, one CPU, a round trip");
    let slept = Line::new(format!("P9.{events}.slept"), "share of these waits that slept", Target::None);
    Bench::new(
        "P9",
        Line::new(format!("P9.{events}"), what, Target::TimesLimit(target)),
        0.6,
        vec![
            body::<AnyWords>(Role::Limit, home, events),
            body::<AnyHandles>(Role::Ours, home, events),
            body::<AnyFds>(Role::Peer, home, events),
        ],
    )
    .and([slept.in_unit(Unit::Share)])
}

/// One side sets the events in turn, the other waits for any and replies.
struct Rounds<W>(W);

impl<W: WaitAny> Trips for Rounds<W> {
    #[inline]
    fn here(&self) {
        self.0.set_next();
        self.0.await_reply();
    }

    #[inline]
    fn awaiter(&self) -> impl FnMut() {
        let mut wait_any = self.0.waiter();
        move || {
            wait_any();
        }
    }

    #[inline]
    fn answer(&self) {
        self.0.reply();
    }

    fn release(&self) {
        self.0.set_next();
    }
}
