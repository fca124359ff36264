//! Waits that block: facts W11 to W16, W23, W25 to W27, W35, W37, W46, W47.
//!
//! `facts_waits.rs` says which facts are covered where.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::sync::mpsc;

use common::{AUTO, FOREVER, FULL, MANUAL, Nt, POLL, Random, Worker, ms, object, spin_for, trials, within};
use ntwait::{AccessMask, Ended, Handle, NtStatus, Timeout, WaitPolicy};

/// The object that ended a blocked wait-any counts: one of a lower index, set before the thread has run, does not.
#[test]
fn w11_the_object_that_ended_the_wait_counts() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..50 {
            let events: [Handle; 3] = nt.autos();
            let waiter = Worker::blocked(move || nt.any(&events, FOREVER));
            assert_eq!([2, 0, 1].map(|i| nt.set(events[i])), [0, 0, 0]);
            assert_eq!(nt.states(events), [1, 1, 0]);
            assert_eq!(waiter.join(), object(2));
            assert_eq!(nt.states(events), [1, 1, 0]);
        }
    });
}

/// A blocked wait-all takes nothing until the last object is set; then it takes all in one step and returns WAIT_0.
#[test]
fn w12_w14_all_in_one_step() {
    within(|| {
        let nt = Nt::new();
        // Every order in which three events can be set.
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let events = [nt.auto(false), nt.manual(false), nt.auto(false)];
            let waiter = Worker::blocked(move || nt.all(&events, FOREVER));
            let mut states = [0; 3];
            for i in &order[..2] {
                assert_eq!(nt.set(events[*i]), 0);
                states[*i] = 1;
                assert_eq!(nt.states(events), states, "order {order:?}");
                waiter.assert_blocked();
            }
            assert_eq!(nt.set(events[order[2]]), 0);
            assert_eq!(nt.states(events), [0, 1, 0], "order {order:?}");
            assert_eq!(waiter.join(), object(0));
        }
    });
}

/// A wait-all that times out has touched nothing, and what is set afterwards stays.
#[test]
fn w13_timed_out_wait_all_has_no_effect() {
    within(|| {
        let nt = Nt::new();
        let events = [nt.auto(true), nt.auto(false), nt.manual(true), nt.auto(true)];
        let waiter = Worker::blocked(move || nt.all(&events, ms(1_000)));
        assert_eq!(nt.states(events), [1, 0, 1, 1]);
        assert_eq!(waiter.join(), NtStatus::TIMEOUT);
        assert_eq!(nt.states(events), [1, 0, 1, 1]);
        nt.set(events[1]);
        assert_eq!(nt.states(events), [1, 1, 1, 1]);
        assert_eq!(nt.all(&events, POLL), object(0));
        assert_eq!(nt.states(events), [0, 0, 1, 0]);
    });
}

/// Wait-all reserves nothing: an object it lists that is set stays visible and another thread may take it.
#[test]
fn w15_wait_all_makes_no_reservation() {
    within(|| {
        let nt = Nt::new();
        let events: [Handle; 2] = nt.autos();
        let waiter = Worker::blocked(move || nt.all(&events, FOREVER));
        for thief in 0..4 {
            nt.set(events[0]);
            assert_eq!(nt.states(events), [1, 0]);
            match thief {
                0 => assert_eq!(nt.one(events[0], POLL), object(0)),
                1 => assert_eq!(nt.any(&events, FOREVER), object(0)),
                2 => assert_eq!(nt.all(&[events[0]], FOREVER), object(0)),
                _ => assert_eq!(Worker::start(move || nt.one(events[0], FOREVER)).join(), object(0)),
            }
            assert_eq!(nt.states(events), [0, 0]);
            waiter.assert_blocked();
        }
        nt.set(events[1]);
        waiter.assert_blocked();
        nt.set(events[0]);
        assert_eq!(waiter.join(), object(0));
        assert_eq!(nt.states(events), [0, 0]);
    });
}

/// Conditions that never hold at the same time never satisfy a wait-all, even if each held at some moment.
#[test]
fn w16_conditions_that_never_overlap() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let events = [nt.event(event_type, false), nt.event(event_type, false)];
            let waiter = Worker::blocked(move || nt.all(&events, FOREVER));
            for _ in 0..20 {
                for event in events {
                    assert_eq!((nt.set(event), nt.reset(event)), (0, 1));
                    assert_eq!(nt.pulse(event), 0);
                }
            }
            waiter.assert_blocked();
            assert_eq!(nt.states(events), [0, 0]);
            assert_eq!((nt.set(events[0]), nt.set(events[1])), (0, 0));
            assert_eq!(waiter.join(), object(0));
        }
    });
}

/// Blocked waiters hang on the object first in, first out: five threads are released in queue order.
#[test]
fn w23_first_in_first_out() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (say, hear) = mpsc::channel();
        let threads: Vec<_> = (0..5)
            .map(|place| {
                let say = say.clone();
                Worker::blocked(move || {
                    assert_eq!(nt.one(event, FOREVER), object(0));
                    say.send(place).expect("the test listens");
                })
            })
            .collect();
        for place in 0..5 {
            assert_eq!(nt.set(event), 0);
            assert_eq!(hear.recv(), Ok(place), "released in queue order");
        }
        threads.into_iter().for_each(Worker::join);
        nt.check(event, AUTO, 0);
    });
}

/// Who leaves the queue by time-out does not disturb the order of the others.
#[test]
fn w23_a_timed_out_waiter_leaves_the_queue() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let first = Worker::blocked(move || nt.one(event, FOREVER));
        let gone = Worker::blocked(move || nt.one(event, ms(1_000)));
        let last = Worker::blocked(move || nt.one(event, FOREVER));
        assert_eq!(gone.join(), NtStatus::TIMEOUT);
        assert_eq!((nt.set(event), nt.set(event)), (0, 0));
        nt.check(event, AUTO, 0);
        assert_eq!((first.join(), last.join()), (object(0), object(0)));
    });
}

/// A wait-any waiter is completed with its own index for the object, wherever the object stands in its list.
#[test]
fn w25_each_waiter_gets_its_own_index() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let (event, clear) = (nt.event(event_type, false), nt.auto(false));
            let waiters: Vec<_> = [0, 1, 5, 63]
                .map(|place| {
                    let mut list = vec![clear; 64];
                    list[place] = event;
                    list.truncate((place + 2).min(64));
                    (Worker::blocked(move || nt.any(&list, FOREVER)), place)
                })
                .into();
            let sets = if event_type == AUTO { waiters.len() } else { 1 };
            for _ in 0..sets {
                assert_eq!(nt.set(event), 0);
            }
            for (waiter, place) in waiters {
                assert_eq!(waiter.join(), object(place));
            }
            assert_eq!(nt.states([event, clear]), [i32::from(event_type == MANUAL), 0]);
        }
    });
}

/// The walk goes on past a wait-all waiter who cannot be satisfied; he stays where he is in the queue, before those who came later.
#[test]
fn w26_an_unsatisfied_wait_all_is_passed_over_and_keeps_its_place() {
    within(|| {
        let nt = Nt::new();
        let [event, other] = nt.autos();
        let both = Worker::blocked(move || nt.all(&[event, other], FOREVER));
        let second = Worker::blocked(move || nt.one(event, FOREVER));
        let third = Worker::blocked(move || nt.one(event, FOREVER));
        assert_eq!(nt.set(event), 0);
        assert_eq!(second.join(), object(0));
        both.assert_blocked();
        third.assert_blocked();
        // Now the wait-all can be satisfied by one more set, and it came before the third.
        assert_eq!(nt.set(other), 0);
        both.assert_blocked();
        assert_eq!(nt.set(event), 0);
        assert_eq!(both.join(), object(0));
        third.assert_blocked();
        assert_eq!(nt.states([event, other]), [0, 0]);
        nt.set(event);
        assert_eq!(third.join(), object(0));
    });
}

/// A thread is signalled when it ends, and for ever after: no wait consumes that.
#[test]
fn w27_a_thread_is_signalled_for_ever_after_its_end() {
    within(|| {
        let nt = Nt::new();
        let stop = nt.auto(false);
        let (say, hear) = mpsc::channel();
        let thread = Worker::blocked(move || {
            say.send(nt.duplicate(Handle::CURRENT_THREAD, AccessMask::THREAD_ALL_ACCESS)).expect("the test listens");
            nt.one(stop, FOREVER)
        });
        let handle = hear.recv().expect("an answer").expect("a thread handle");
        assert_eq!(nt.one(handle, POLL), NtStatus::TIMEOUT);
        let waiters = [(); 3].map(|()| Worker::blocked(move || nt.one(handle, FOREVER)));
        let in_all = Worker::blocked(move || nt.all(&[handle, stop], ms(60_000)));
        waiters[2].assert_blocked();
        assert_eq!(nt.set(stop), 0);
        assert_eq!(thread.join(), object(0));
        for waiter in waiters {
            assert_eq!(waiter.join(), object(0));
        }
        for timeout in [POLL, ms(1), FOREVER, POLL] {
            assert_eq!(nt.one(handle, timeout), object(0));
        }
        nt.set(stop);
        assert_eq!(in_all.join(), object(0));
        assert_eq!(nt.look(stop).state, 0);
        nt.close(handle);
        assert_eq!(nt.one(handle, POLL), NtStatus::INVALID_HANDLE);
    });
}

/// A wait holds its object: closing the last handle neither ends the wait nor frees the object, the wait runs into its time-out.
#[test]
fn w35_w37_close_during_a_wait() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let (event, other) = (nt.event(event_type, false), nt.auto(false));
            let single = Worker::blocked(move || nt.one(event, ms(1_000)));
            let any = Worker::blocked(move || nt.any(&[event, other], FOREVER));
            let all = Worker::blocked(move || nt.all(&[event, other], ms(1_000)));
            nt.close(event);
            assert_eq!(nt.nt_set_event(event), Err(NtStatus::INVALID_HANDLE));
            // New objects do not come to lie where the old one still is waited for.
            let fresh: [Handle; 8] = nt.autos();
            fresh.iter().for_each(|handle| assert_eq!(nt.set(*handle), 0));
            single.assert_blocked();
            any.assert_blocked();
            all.assert_blocked();
            assert_eq!((single.join(), all.join()), (NtStatus::TIMEOUT, NtStatus::TIMEOUT));
            nt.set(other);
            assert_eq!(any.join(), object(1));
            assert_eq!((nt.states(fresh), nt.look(other).state), ([1; 8], 0));
        }
    });
}

/// Another handle to an object whose waited-on handle was closed still signals it.
#[test]
fn w35_the_object_outlives_the_handle_that_is_waited_on() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let event = nt.event(event_type, false);
            let other = nt.duplicate(event, FULL).expect("a duplicate");
            let waiter = Worker::blocked(move || nt.one(event, FOREVER));
            nt.close(event);
            nt.set(other);
            assert_eq!(waiter.join(), object(0));
            nt.check(other, event_type, i32::from(event_type == MANUAL));
        }
    });
}

/// A wait that timed out has left: what is set afterwards stays for the next.
#[test]
fn w46_a_timed_out_wait_eats_nothing() {
    within(|| {
        let nt = Nt::new();
        let (event, clear) = (nt.auto(false), nt.auto(false));
        for round in 0..30 {
            let expired = match round % 3 {
                0 => nt.one(event, ms(1)),
                1 => nt.any(&[clear, event], ms(1)),
                _ => nt.all(&[event, clear], ms(1)),
            };
            assert_eq!(expired, NtStatus::TIMEOUT);
            assert_eq!(nt.set(event), 0);
            nt.check(event, AUTO, 1);
            assert_eq!(nt.any(&[clear, event], POLL), object(1));
            nt.check(event, AUTO, 0);
        }
    });
}

/// Whoever waits holds a reference to each object, and every way to end the wait gives it back.
#[test]
fn w35_w46_a_wait_that_ended_has_left_no_reference() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let objects = [nt.event(event_type, false), nt.event(event_type, false)];
            let at_rest = objects.map(|object| nt.references(object));
            type Wait = fn(Nt, [Handle; 2]) -> NtStatus;
            let waits: [(Wait, usize); 4] = [
                (|nt, objects| nt.one(objects[0], ms(500)), 1),
                (|nt, objects| nt.any(&objects, ms(500)), 2),
                (|nt, objects| nt.all(&objects, ms(500)), 2),
                (|nt, objects| nt.nt_wait_for_single_object(objects[0], true, ms(500)), 1),
            ];
            for (wait, number) in waits {
                let waiter = Worker::blocked(move || wait(nt, objects));
                for object in &objects[..number] {
                    assert!(nt.references(*object) > at_rest[0], "the waiter holds it");
                }
                assert_eq!(waiter.join(), NtStatus::TIMEOUT);
            }
            assert_eq!(objects.map(|object| nt.references(object)), at_rest, "after time-outs");
            let waiters = [(); 3].map(|()| Worker::blocked(move || nt.any(&objects, FOREVER)));
            let single = Worker::blocked(move || nt.one(objects[0], FOREVER));
            for waiter in waiters {
                nt.set(objects[1]);
                assert_eq!(waiter.join(), object(1));
            }
            nt.set(objects[0]);
            assert_eq!(single.join(), object(0));
            assert_eq!(objects.map(|object| nt.references(object)), at_rest, "after successes");
        }
    });
}

/// If set and time-out race, one result is reported and the state matches it: taken if and only if the wait succeeded.
#[test]
fn w47_signal_against_timeout() {
    for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
        within(move || {
            let nt = Nt::with(policy);
            let (event, clear, full) = (nt.auto(false), nt.auto(false), nt.manual(true));
            let mut random = Random::new(47);
            let (mut taken, mut expired) = (0, 0);
            for round in trials(3_000) {
                let set_after = Duration::from_micros(random.below(200));
                let setter = std::thread::spawn(move || {
                    spin_for(set_after);
                    nt.set(event)
                });
                let timeout = Timeout::After(Duration::from_micros(random.below(200)));
                let ended = match round % 3 {
                    0 => nt.wait_any(&[event], timeout).map(|ended| (ended, 0)),
                    1 => nt.wait_any(&[clear, event], timeout).map(|ended| (ended, 1)),
                    _ => nt.wait_all(&[full, event], timeout).map(|ended| (ended, 0)),
                };
                assert_eq!(setter.join().expect("the setter"), 0, "it was clear, round {round}");
                match ended {
                    Ok((Ended::TimedOut, _)) => expired += 1,
                    Ok((ended, index)) => {
                        assert_eq!(ended, Ended::Object(index));
                        taken += 1;
                    }
                    Err(status) => panic!("{status}"),
                }
                // Not taken: it is there, once.
                let left = i32::from(matches!(ended, Ok((Ended::TimedOut, _))));
                assert_eq!(nt.reset(event), left, "round {round}, {ended:?}");
            }
            assert!(taken > 0 && expired > 0, "both endings must be seen: {taken} taken, {expired} expired");
        });
    }
}
