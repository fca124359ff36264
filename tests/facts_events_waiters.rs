//! Events and the threads that wait for them: facts E7 to E12, E14, E30, E32.
//!
//! `facts_events.rs` says which facts are covered where.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{AUTO, FOREVER, MANUAL, Nt, POLL, Worker, ms, object, within};
use ntwait::{Handle, NtStatus, WaitType};

/// A thread that waits for one event for ever.
#[track_caller]
fn waits_for(nt: Nt, event: Handle) -> Worker<NtStatus> {
    Worker::blocked(move || nt.one(event, FOREVER))
}

/// Setting an auto-reset event that somebody waits for releases him: the state stays 0 and the previous state is 0.
#[test]
fn e7_set_with_a_waiter_hands_over() {
    within(|| {
        let nt = Nt::new();
        for set in [Nt::set as fn(Nt, Handle) -> i32, Nt::pulse] {
            let event = nt.auto(false);
            let waiter = waits_for(nt, event);
            assert_eq!(set(nt, event), 0);
            // At once, whether or not the waiter has run yet: it was handed over, not left to be fetched.
            nt.check(event, AUTO, 0);
            assert_eq!(nt.one(event, POLL), NtStatus::TIMEOUT, "nobody can take it from the waiter");
            assert_eq!(waiter.join(), object(0));
            nt.check(event, AUTO, 0);
        }
    });
}

/// Two sets in a row release two waiters; with one waiter the second set leaves the event set.
#[test]
fn e8_two_sets_release_two() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let both = [waits_for(nt, event), waits_for(nt, event)];
        assert_eq!((nt.set(event), nt.set(event)), (0, 0));
        nt.check(event, AUTO, 0);
        for waiter in both {
            assert_eq!(waiter.join(), object(0));
        }

        let waiter = waits_for(nt, event);
        assert_eq!((nt.set(event), nt.set(event)), (0, 0));
        nt.check(event, AUTO, 1);
        assert_eq!(waiter.join(), object(0));
        // A bit, not a count: a third set adds nothing.
        assert_eq!(nt.set(event), 1);
        assert_eq!((nt.one(event, POLL), nt.one(event, POLL)), (object(0), NtStatus::TIMEOUT));
    });
}

/// The kinds of waiters that a set or pulse of `event` can satisfy (`ready` is set), and what each then returns.
fn waiters_of_all_kinds(nt: Nt, event: Handle, ready: Handle, clear: Handle) -> Vec<(Worker<NtStatus>, NtStatus)> {
    vec![
        (Worker::blocked(move || nt.one(event, FOREVER)), object(0)),
        (Worker::blocked(move || nt.one(event, ms(60_000))), object(0)),
        (Worker::blocked(move || nt.nt_wait_for_single_object(event, true, FOREVER)), object(0)),
        (Worker::blocked(move || nt.any(&[clear, event], FOREVER)), object(1)),
        (Worker::blocked(move || nt.any(&[event, clear, event], ms(60_000))), object(0)),
        (Worker::blocked(move || nt.all(&[ready, event], FOREVER)), object(0)),
    ]
}

/// Setting a manual-reset event releases everybody who can be satisfied, and it stays set.
#[test]
fn e9_manual_set_releases_all() {
    within(|| {
        let nt = Nt::new();
        let [ready, event, clear] = [true, false, false].map(|set| nt.manual(set));
        let unsatisfied = Worker::blocked(move || nt.all(&[event, clear], FOREVER));
        let waiters = waiters_of_all_kinds(nt, event, ready, clear);
        assert_eq!(nt.set(event), 0);
        nt.check(event, MANUAL, 1);
        for (waiter, expected) in waiters {
            assert_eq!(waiter.join(), expected);
        }
        unsatisfied.assert_blocked();
        assert_eq!(nt.set(event), 1, "still set");
        unsatisfied.assert_blocked();
        assert_eq!(nt.set(clear), 0);
        assert_eq!(unsatisfied.join(), object(0));
        assert_eq!(nt.states([ready, event, clear]), [1, 1, 1]);
    });
}

/// The same for a crowd, by set, by set and reset at once, and by pulse; some of the crowd also have a time-out that is far away.
#[test]
fn e9_e11_a_crowd_is_released_to_the_last() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        type Release = fn(Nt, Handle);
        let ways: [(Release, i32); 3] = [
            (|nt, event| assert_eq!(nt.set(event), 0), 1),
            (|nt, event| assert_eq!((nt.set(event), nt.reset(event)), (0, 1)), 0),
            (|nt, event| assert_eq!(nt.pulse(event), 0), 0),
        ];
        for (release, after) in ways {
            for size in [15, 16, 17, 18, 64] {
                let timeout = |place| if place % 3 == 0 { ms(60_000) } else { FOREVER };
                let crowd: Vec<_> =
                    (0..size).map(|place| Worker::blocked(move || nt.one(event, timeout(place)))).collect();
                release(nt, event);
                nt.check(event, MANUAL, after);
                for waiter in crowd {
                    assert_eq!(waiter.join(), object(0), "one of {size}");
                }
                nt.reset(event);
            }
        }
    });
}

/// Setting an auto-reset event releases exactly one wait-any waiter, the one that has waited longest.
#[test]
fn e10_auto_set_releases_one_in_queue_order() {
    within(|| {
        let nt = Nt::new();
        let (event, clear) = (nt.auto(false), nt.auto(false));
        let mut queue = std::collections::VecDeque::new();
        for place in 0..5 {
            // Every other one waits for two objects: the queue is one and the same.
            queue.push_back(if place % 2 == 0 {
                (waits_for(nt, event), object(0))
            } else {
                (Worker::blocked(move || nt.any(&[clear, event], FOREVER)), object(1))
            });
        }
        while let Some((first, expected)) = queue.pop_front() {
            assert_eq!(nt.set(event), 0);
            nt.check(event, AUTO, 0);
            assert_eq!(first.join(), expected);
            for (other, _) in &queue {
                other.assert_blocked();
            }
        }
        assert_eq!(nt.states([event, clear]), [0, 0]);
    });
}

/// A pulse of a manual-reset event releases everybody who waits now; it is clear afterwards, and who comes later waits.
#[test]
fn e11_manual_pulse_releases_all_present() {
    within(|| {
        let nt = Nt::new();
        let [ready, event, clear] = [true, false, false].map(|set| nt.manual(set));
        let waiters = waiters_of_all_kinds(nt, event, ready, clear);
        assert_eq!(nt.pulse(event), 0);
        nt.check(event, MANUAL, 0);
        let late = waits_for(nt, event);
        for (waiter, expected) in waiters {
            assert_eq!(waiter.join(), expected);
        }
        late.assert_blocked();
        nt.set(event);
        assert_eq!(late.join(), object(0));
    });
}

/// A pulse of an auto-reset event releases the first waiter only; without waiters a pulse is lost.
#[test]
fn e11_auto_pulse_releases_one_and_can_be_lost() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let event = nt.event(event_type, false);
            assert_eq!(nt.pulse(event), 0);
            nt.check(event, event_type, 0);
            assert_eq!(nt.one(event, ms(5)), NtStatus::TIMEOUT, "nobody waited: the pulse is lost");
        }
        let event = nt.auto(false);
        let (first, second) = (waits_for(nt, event), waits_for(nt, event));
        assert_eq!(nt.pulse(event), 0);
        nt.check(event, AUTO, 0);
        assert_eq!(first.join(), object(0));
        second.assert_blocked();
        assert_eq!(nt.pulse(event), 0);
        assert_eq!(second.join(), object(0));
    });
}

/// A pulse of a set event wakes nobody: it is simply cleared.
#[test]
fn e12_pulse_of_a_set_event_only_clears_it() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let (event, clear) = (nt.event(event_type, true), nt.auto(false));
            let waiter = Worker::blocked(move || nt.all(&[event, clear], FOREVER));
            assert_eq!(nt.pulse(event), 1);
            assert_eq!(nt.states([event, clear]), [0, 0]);
            waiter.assert_blocked();
            nt.set(clear);
            waiter.assert_blocked();
            nt.set(event);
            assert_eq!(waiter.join(), object(0));
            assert_eq!(nt.states([event, clear]), [i32::from(event_type == MANUAL), 0]);
        }
    });
}

/// Here a pulse completes a wait-all whose other objects are all set, and no other. Kernels differ in this: the one of NT 5.2 lets the
/// waiter test again when the event is clear already, the Linux ntsync driver does as this crate does.
#[test]
fn e14_pulse_completes_a_wait_all_that_lacked_only_this() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let (event, other) = (nt.event(event_type, false), nt.auto(false));
            let waiter = Worker::blocked(move || nt.all(&[other, event], FOREVER));
            assert_eq!(nt.pulse(event), 0);
            waiter.assert_blocked();
            assert_eq!(nt.set(other), 0);
            waiter.assert_blocked();
            assert_eq!(nt.states([event, other]), [0, 1]);
            assert_eq!(nt.pulse(event), 0);
            assert_eq!(nt.states([event, other]), [0, 0]);
            assert_eq!(waiter.join(), object(0));
        }
    });
}

/// Setting with a boost hands over to the first waiter.
#[test]
fn e30_set_with_boost_hands_over_to_the_first() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (first, second) = (waits_for(nt, event), waits_for(nt, event));
        assert_eq!(nt.nt_set_event_boost_priority(event), NtStatus::SUCCESS);
        nt.check(event, AUTO, 0);
        assert_eq!(first.join(), object(0));
        second.assert_blocked();
        assert_eq!(nt.nt_set_event_boost_priority(event), NtStatus::SUCCESS);
        assert_eq!(second.join(), object(0));
        nt.check(event, AUTO, 0);
    });
}

/// A wait-all takes an auto-reset event only when it completes; until then another thread can have it.
#[test]
fn e32_wait_all_takes_nothing_before_it_completes() {
    within(|| {
        let nt = Nt::new();
        let [first, second] = nt.autos();
        let waiter = Worker::blocked(move || nt.all(&[first, second], FOREVER));
        nt.set(first);
        assert_eq!(nt.states([first, second]), [1, 0]);
        waiter.assert_blocked();
        assert_eq!(nt.nt_wait_for_multiple_objects(&[second, first], WaitType::ANY, false, POLL), object(1), "stolen");
        nt.set(second);
        assert_eq!(nt.states([first, second]), [0, 1]);
        waiter.assert_blocked();
        nt.set(first);
        assert_eq!(nt.states([first, second]), [0, 0]);
        assert_eq!(waiter.join(), object(0));
    });
}
