//! What the peers get wrong: three promises of an NT event, tried on each of them, ntwait included.
//!
//! Most events are a flag. A flag cannot know that it was set twice, nor that it was set at all if it is cleared
//! before the sleeper looks; so releases get lost. The lab reports it beside the figures and does not hide it: a peer
//! that is fast because it forgets is no comparison.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::crowd::{Crowd, stay_behind};
use crate::os::cpus::{Cpus, pin_to};
use crate::peers::{AUTO, BareFutex, Event, EventFd, MANUAL, NtEvent, Parking, RsEvent, StdEvent, StdMap};
use crate::plan::Plan;
use crate::{race, watch};

/// The promises, in the order of [`PeerFaults::tried`].
pub(crate) const PROMISES: [&str; 4] = [
    "two sets release two blocked waiters",
    "set + reset releases all 8 blocked waiters",
    "a timed auto wait that races a set takes it or leaves it",
    "a manual set stays, though a timed wait races it",
];

/// One promise tried on one event.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Tried {
    /// How often it was tried.
    pub(crate) trials: u32,
    /// How often it was broken.
    pub(crate) broken: u32,
    /// Why it could not be tried to the end: a deadlock or a panic.
    pub(crate) stopped: Option<String>,
}

/// What one peer made of all promises.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PeerFaults {
    pub(crate) peer: &'static str,
    pub(crate) tried: Vec<Tried>,
}

impl PeerFaults {
    /// Whether this is ntwait itself.
    pub(crate) fn is_ours(&self) -> bool {
        self.peer == NtEvent::<AUTO>::NAME
    }

    /// Whether every promise was kept.
    pub(crate) fn is_clean(&self) -> bool {
        self.tried.iter().all(Tried::is_clean)
    }
}

impl Tried {
    /// Whether the promise was kept each time.
    pub(crate) fn is_clean(&self) -> bool {
        self.broken == 0 && self.stopped.is_none()
    }
}

/// How often each promise is tried.
#[derive(Clone, Copy)]
struct Dose {
    crowds: u32,
    races: u32,
    cpus: Cpus,
}

/// Tries all promises on all peers; calls `tick` with each peer's name before its turn.
pub(crate) fn run(plan: &Plan, mut tick: impl FnMut(&str)) -> Vec<PeerFaults> {
    let dose = Dose { crowds: plan.pick(25, 8), races: plan.pick(1_000, 200), cpus: plan.cpus };
    let mut faults = Vec::new();
    let mut add = |peer: &'static str, try_all: fn(Dose) -> Vec<Tried>| {
        tick(peer);
        faults.push(PeerFaults { peer, tried: try_all(dose) });
    };
    add(NtEvent::<AUTO>::NAME, try_all::<NtEvent<AUTO>, NtEvent<MANUAL>>);
    add(BareFutex::<AUTO>::NAME, try_all::<BareFutex<AUTO>, BareFutex<MANUAL>>);
    add(StdEvent::<AUTO>::NAME, try_all::<StdEvent<AUTO>, StdEvent<MANUAL>>);
    add(StdMap::<AUTO>::NAME, try_all::<StdMap<AUTO>, StdMap<MANUAL>>);
    add(Parking::<AUTO>::NAME, try_all::<Parking<AUTO>, Parking<MANUAL>>);
    add(RsEvent::<AUTO>::NAME, try_all::<RsEvent<AUTO>, RsEvent<MANUAL>>);
    add(EventFd::<AUTO>::NAME, try_all::<EventFd<AUTO>, EventFd<MANUAL>>);
    faults
}

fn try_all<A: Event, M: Event>(dose: Dose) -> Vec<Tried> {
    let Dose { crowds, races, cpus } = dose;
    vec![
        try_one(crowds, move || (0..crowds).map(|_| u32::from(loses_of::<A>(cpus.home, 2, two_sets))).sum()),
        try_one(crowds, move || (0..crowds).map(|_| u32::from(loses_of::<M>(cpus.home, 8, set_and_reset))).sum()),
        try_one(races, move || auto_race::<A>(cpus, races)),
        try_one(races, move || manual_race::<M>(cpus, races)),
    ]
}

/// Runs `count_broken`, which may hang.
fn try_one(trials: u32, count_broken: impl FnOnce() -> u32 + Send + 'static) -> Tried {
    match watch::run(Duration::from_secs(10), count_broken) {
        Ok(broken) => Tried { trials, broken, stopped: None },
        Err(why) => Tried { trials, broken: 0, stopped: Some(why.to_string()) },
    }
}

fn two_sets(event: &impl Event) {
    event.set();
    event.set();
}

fn set_and_reset(event: &impl Event) {
    event.set();
    event.reset();
}

/// Blocks `waiters` threads on a fresh event, acts on it while none of them can run, and tells whether any of them was
/// left behind.
fn loses_of<E: Event>(cpu: usize, waiters: usize, act: impl Fn(&E)) -> bool {
    pin_to(cpu);
    let event = Arc::new(E::new());
    let crowd = Crowd::of(waiters, {
        let event = Arc::clone(&event);
        move |_| {
            stay_behind(cpu);
            event.wait();
        }
    });
    crowd.block();
    act(&event);
    let lost = crowd.settle() < waiters;
    while crowd.done() < waiters {
        event.set();
        crowd.settle();
    }
    crowd.join();
    lost
}

/// After the race the event must be clear if the wait succeeded, and set if it timed out.
fn auto_race<E: Event>(cpus: Cpus, trials: u32) -> u32 {
    let event = Arc::new(E::new());
    let waits = Arc::clone(&event);
    let matches = |succeeded: bool| event.try_wait() != succeeded;
    race::run(cpus, trials, move |limit| waits.wait_timeout(limit), || event.set(), matches).wrong
}

/// After the race the event must be set, whoever won.
fn manual_race<E: Event>(cpus: Cpus, trials: u32) -> u32 {
    let event = Arc::new(E::new());
    let waits = Arc::clone(&event);
    let stayed = |_| {
        let set = event.try_wait();
        event.reset();
        set
    };
    race::run(cpus, trials, move |limit| waits.wait_timeout(limit), || event.set(), stayed).wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_forgets_a_set_that_is_reset_at_once() {
        let home = Cpus::discover().home;
        let lost = (0..10).filter(|_| loses_of::<StdEvent<MANUAL>>(home, 8, set_and_reset)).count();
        assert!(lost > 0, "eight sleepers cannot all look between two instructions");
    }
}
