//! Set, reset and pulse against blocked waiters.

use ntwait::NtStatus;

use super::face::{Event, all_succeeded};
use super::{Check, Lab, Verdict, ensure};
use crate::crowd::Crowd;

pub(super) const CHECKS: [Check; 7] = [
    Check {
        name: "auto-releases-one",
        rule: "a set of an auto-reset event releases exactly one blocked waiter",
        run: auto_releases_one,
    },
    Check { name: "first-in-first-out", rule: "waiters are released in the order they came", run: first_in_first_out },
    Check {
        name: "two-sets-two-waiters",
        rule: "two sets with two blocked waiters release both",
        run: two_sets_two_waiters,
    },
    Check {
        name: "set-then-reset",
        rule: "a set followed at once by a reset releases all eight who were blocked",
        run: set_then_reset,
    },
    Check {
        name: "manual-releases-all",
        rule: "a set of a manual-reset event releases all and stays set",
        run: manual_releases_all,
    },
    Check {
        name: "pulse",
        rule: "a pulse releases who is blocked (all of a manual, one of an auto event) and leaves it clear",
        run: pulse,
    },
    Check {
        name: "previous-state",
        rule: "set, reset and pulse answer the state before the call",
        run: previous_state,
    },
];

fn auto_releases_one(lab: Lab) -> Verdict {
    const WAITERS: usize = 4;
    let event = Event::auto(lab.runtime)?;
    let crowd = event.blocked(WAITERS);
    for expected in 1..=WAITERS {
        let before = event.set()?;
        let released = crowd.settle();
        ensure!(released == expected, "{expected} sets released {released} of {WAITERS}");
        ensure!(before == 0, "the event was {before} before set {expected}, though it has waiters");
        ensure!(event.state()? == 0, "the event is set, though a waiter took it");
    }
    all_succeeded(crowd)?;
    Ok(format!("{WAITERS} blocked, one more released by each of {WAITERS} sets"))
}

fn first_in_first_out(lab: Lab) -> Verdict {
    const WAITERS: usize = 5;
    let event = Event::auto(lab.runtime)?;
    let mut crowd: Crowd<NtStatus> = Crowd::new();
    for _ in 0..WAITERS {
        let (runtime, handle) = (event.runtime, event.handle);
        crowd.add(move || runtime.nt_wait_for_single_object(handle, false, None));
        crowd.block();
    }
    for next in 0..WAITERS {
        event.set()?;
        crowd.settle();
        let released: Vec<usize> = (0..WAITERS).filter(|index| crowd.is_done(*index)).collect();
        ensure!(released.iter().copied().eq(0..=next), "after {} sets those released are {released:?}", next + 1);
    }
    all_succeeded(crowd)?;
    Ok(format!("{WAITERS} queued one after the other, released in that order"))
}

/// Waiters that cannot run between two calls, and in every second trial waiters that can.
fn blocked(lab: Lab, event: &Event, trial: u32, count: usize) -> Crowd<NtStatus> {
    if trial.is_multiple_of(2) { event.blocked(count) } else { event.blocked_behind(lab.cpus.home, count) }
}

fn two_sets_two_waiters(lab: Lab) -> Verdict {
    for trial in 1..=lab.repeats {
        let event = Event::auto(lab.runtime)?;
        let crowd = blocked(lab, &event, trial, 2);
        event.set()?;
        event.set()?;
        let released = crowd.settle();
        ensure!(released == 2, "trial {trial}: two sets released {released}");
        ensure!(event.state()? == 0, "trial {trial}: both were released and the event is still set");
        all_succeeded(crowd)?;

        let crowd = blocked(lab, &event, trial, 1);
        event.set()?;
        event.set()?;
        all_succeeded(crowd)?;
        ensure!(event.state()? == 1, "trial {trial}: one waiter, two sets: the second one must stay");
    }
    Ok(format!("{0} of {0} trials", lab.repeats))
}

fn set_then_reset(lab: Lab) -> Verdict {
    const WAITERS: usize = 8;
    for trial in 1..=lab.repeats {
        let event = Event::manual(lab.runtime)?;
        let crowd = blocked(lab, &event, trial, WAITERS);
        event.set()?;
        event.reset()?;
        let released = crowd.settle();
        ensure!(released == WAITERS, "trial {trial}: {released} of {WAITERS} released");
        ensure!(event.state()? == 0, "trial {trial}: the event is set after a reset");
        all_succeeded(crowd)?;
    }
    Ok(format!("{WAITERS} released in {0} of {0} trials", lab.repeats))
}

fn manual_releases_all(lab: Lab) -> Verdict {
    const WAITERS: usize = 8;
    let event = Event::manual(lab.runtime)?;
    let crowd = event.blocked(WAITERS);
    event.set()?;
    let released = crowd.settle();
    ensure!(released == WAITERS, "{released} of {WAITERS} released");
    all_succeeded(crowd)?;
    for _ in 0..3 {
        let status = event.wait(Some(0));
        ensure!(status == NtStatus::WAIT_0, "a later poll answered {status}");
    }
    ensure!(event.state()? == 1, "waits have cleared a manual-reset event");
    Ok(format!("{WAITERS} of {WAITERS}, and every later wait passes"))
}

fn pulse(lab: Lab) -> Verdict {
    let manual = Event::manual(lab.runtime)?;
    let crowd = manual.blocked(8);
    manual.pulse()?;
    let released = crowd.settle();
    ensure!(released == 8, "manual: {released} of 8 released");
    all_succeeded(crowd)?;
    ensure!(manual.wait(Some(0)) == NtStatus::TIMEOUT, "manual: set after a pulse");

    let auto = Event::auto(lab.runtime)?;
    let crowd = auto.blocked(3);
    for expected in 1..=3 {
        auto.pulse()?;
        let released = crowd.settle();
        ensure!(released == expected, "auto: {expected} pulses released {released} of 3");
    }
    all_succeeded(crowd)?;
    auto.pulse()?;
    ensure!(auto.wait(Some(0)) == NtStatus::TIMEOUT, "auto: a pulse without waiters must be lost");
    Ok("manual 8 of 8, auto one each, nothing left behind".to_owned())
}

fn previous_state(lab: Lab) -> Verdict {
    for event in [Event::auto(lab.runtime)?, Event::manual(lab.runtime)?] {
        let answers =
            [event.set()?, event.set()?, event.reset()?, event.reset()?, event.set()?, event.pulse()?, event.pulse()?];
        ensure!(answers == [0, 1, 1, 0, 0, 1, 0], "set set reset reset set pulse pulse answered {answers:?}");
    }
    Ok("seven calls on each kind".to_owned())
}
