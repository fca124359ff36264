//! Waits for all of several events: all in one step, or nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use ntwait::{NtStatus, Thread};

use super::face::{Event, TICKS_PER_MS, all_succeeded, handles, wait_all};
use super::{Check, Lab, Verdict, ensure};
use crate::crowd::{Crowd, spawn};

pub(super) const CHECKS: [Check; 4] = [
    Check {
        name: "all-or-nothing",
        rule: "a blocked wait-all reserves nothing: a thief may take an event that is set, and then all must come again",
        run: all_or_nothing,
    },
    Check {
        name: "all-opposite-orders",
        rule: "waits for {a,b} and {b,a} with two setters neither stop nor take one event twice",
        run: all_opposite_orders,
    },
    Check { name: "all-timed-out", rule: "a wait-all that times out has taken nothing", run: all_timed_out },
    Check { name: "all-duplicates", rule: "a wait-all over one object twice is refused", run: all_duplicates },
];

fn all_or_nothing(lab: Lab) -> Verdict {
    for trial in 1..=lab.repeats {
        let events = [Event::auto(lab.runtime)?, Event::auto(lab.runtime)?];
        let [a, b] = &events;
        let (runtime, listed) = (lab.runtime, handles(&events));
        let crowd = Crowd::of(1, move |_| wait_all(runtime, &listed, None));
        crowd.block();
        a.set()?;
        ensure!(crowd.settle() == 0, "trial {trial}: released by one of two events");
        ensure!(a.wait(Some(0)) == NtStatus::WAIT_0, "trial {trial}: the thief found a reserved");
        b.set()?;
        ensure!(crowd.settle() == 0, "trial {trial}: released by events that were never set together");
        ensure!(b.state()? == 1, "trial {trial}: b was taken by an unfinished wait");
        a.set()?;
        ensure!(crowd.settle() == 1, "trial {trial}: both are set and the wait goes on");
        ensure!((a.state()?, b.state()?) == (0, 0), "trial {trial}: released without taking both");
        all_succeeded(crowd)?;
    }
    Ok(format!("{0} of {0} trials", lab.repeats))
}

/// Each round sets a and b from two threads at once; exactly one of the two waiters must get both.
fn all_opposite_orders(lab: Lab) -> Verdict {
    let rounds = lab.repeats * 80;
    let events = [Event::auto(lab.runtime)?, Event::auto(lab.runtime)?];
    let [a, b] = handles(&events);
    let (taken, over) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicBool::new(false)));
    let takers = Crowd::of(2, {
        let (runtime, taken, over) = (lab.runtime, Arc::clone(&taken), Arc::clone(&over));
        move |index| {
            let listed = if index == 0 { [a, b] } else { [b, a] };
            while !over.load(Ordering::Acquire) {
                match wait_all(runtime, &listed, Some(-100 * TICKS_PER_MS)) {
                    NtStatus::WAIT_0 => _ = taken.fetch_add(1, Ordering::AcqRel),
                    NtStatus::TIMEOUT => {}
                    status => return status,
                }
            }
            NtStatus::WAIT_0
        }
    });
    let (round, setter) = second_setter(lab, &events[1], rounds);
    for made in 0..rounds {
        round.store(made + 1, Ordering::Release);
        events[0].set()?;
        while taken.load(Ordering::Acquire) <= made {
            thread::yield_now();
        }
    }
    setter.join().map_err(|error| format!("the second setter: {error}"))??;
    over.store(true, Ordering::Release);
    all_succeeded(takers)?;
    let taken = taken.load(Ordering::Acquire);
    ensure!(taken == rounds, "{rounds} pairs were set and {taken} taken");
    ensure!((events[0].state()?, events[1].state()?) == (0, 0), "an event is still set");
    Ok(format!("{rounds} pairs set by two threads, {taken} taken by two"))
}

/// A thread that sets `event` once for each round that is announced in the returned word.
fn second_setter(lab: Lab, event: &Event, rounds: u32) -> (Arc<AtomicU32>, Thread<Result<(), String>>) {
    let round = Arc::new(AtomicU32::new(0));
    let announced = Arc::clone(&round);
    let (runtime, handle) = (lab.runtime, event.handle);
    let setter = spawn(move || {
        for made in 1..=rounds {
            while announced.load(Ordering::Acquire) < made {
                thread::yield_now();
            }
            runtime.nt_set_event(handle).map_err(|status| format!("set answered {status}"))?;
        }
        Ok(())
    });
    (round, setter)
}

fn all_timed_out(lab: Lab) -> Verdict {
    let events = [Event::auto(lab.runtime)?, Event::auto(lab.runtime)?, Event::manual(lab.runtime)?];
    events[0].set()?;
    events[2].set()?;
    for timeout in [0, -TICKS_PER_MS, -5 * TICKS_PER_MS] {
        let status = wait_all(lab.runtime, &handles(&events), Some(timeout));
        ensure!(status == NtStatus::TIMEOUT, "one of three is clear, time-out {timeout}: answered {status}");
        let states = [events[0].state()?, events[1].state()?, events[2].state()?];
        ensure!(states == [1, 0, 1], "states after time-out {timeout}: {states:?}");
    }
    events[1].set()?;
    let status = wait_all(lab.runtime, &handles(&events), Some(0));
    ensure!(status == NtStatus::WAIT_0, "all are set and a poll answered {status}");
    let states = [events[0].state()?, events[1].state()?, events[2].state()?];
    ensure!(states == [0, 0, 1], "states after success: {states:?}");
    Ok("three time-outs took nothing, then one poll took both auto events".to_owned())
}

fn all_duplicates(lab: Lab) -> Verdict {
    let event = Event::auto(lab.runtime)?;
    event.set()?;
    let status = wait_all(lab.runtime, &[event.handle, event.handle], Some(0));
    ensure!(status == NtStatus::INVALID_PARAMETER_MIX, "answered {status}");
    ensure!(event.state()? == 1, "and took the event");
    Ok("refused, nothing taken".to_owned())
}
