//! Bugs of other implementations of these objects, each a test that it must not happen here.
//!
//! | whose | what went wrong | test |
//! |---|---|---|
//! | pevents #9 | a wait-all that timed out ate an auto-reset event | `pevents_9_timed_out_wait_all_eats_nothing` |
//! | pevents | two manual events never set together satisfied a wait-all | `pevents_wait_all_of_events_never_set_together` |
//! | pevents | waits on {a, b} and {b, a} with two setters stood still for good | `pevents_opposite_orders_do_not_lock_up` |
//! | pevents | the same object twice in a wait was a deadlock; mono #9114 | `pevents_same_object_twice` |
//! | pevents | the signaller touched the event after its waiter had destroyed it | `pevents_waiter_destroys_what_woke_it` |
//! | rsevents 0.3.1 | a wait that expired as the event was set lost the set | `rsevents_set_is_not_lost_to_an_expiring_wait` |
//! | std, parking_lot, eventfd, fsync designs | two sets released one of two waiters | `flag_designs_two_sets_release_two` |
//! | the same | set and reset with eight blocked waiters released none | `flag_designs_set_and_reset_release_all_eight` |
//! | event-listener | the woken thread ran into its waker's lock: six switches a round trip | `bugs_of_others_cost.rs` |
//! | Wine esync | a pulse missed waiters, or released later ones | `esync_pulse_reaches_the_present_and_only_them` |
//! | xenia #1677 | every set woke all waiters | `bugs_of_others_cost.rs` |
//! | xenia-canary #1205, LiteBox | a multiple wait polled | `bugs_of_others_cost.rs` |
//! | LiteBox forks, MetalSharp #415 | a lock held across a wait stopped everybody | `litebox_a_wait_holds_no_lock` |
//! | LiteBox fork | the second waiter on a thread returned at once | `litebox_second_waiter_on_a_thread_waits` |
//! | recompiled games | two waiters passed one auto-reset event | `recompiled_games_one_event_lets_one_pass` |
//! | coreclr #25452, sogen #999, LiteBox | abandonment lost, and releases under a wait | `bugs_of_others_mutants.rs` |
//!
//! Elsewhere: junk handles that wait "successfully" in `bad_input.rs`; closing under a wait (W35), consumption before completion (sogen
//! #999, W12 and E32) in the fact tests; a wall-clock step that moves a relative time-out (coreclr #12034, mono #4446) in D3.
//!
//! A lost resume (xenia-canary #1187) and APCs that do not wake (xenia-canary #1183) are in the fact tests of suspension and of APCs. The
//! event loop that spins, because the descriptor of a consumed auto-reset event stays readable (FreeRDP), is in `fds_export.rs`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;

use common::{AUTO, FOREVER, FULL, MANUAL, Nt, POLL, Random, Worker, ms, object, spin_for, trials, within};
use ntwait::{AccessMask, Ended, Event, EventType, Handle, NtStatus, Timeout, WaitPolicy};

#[test]
fn pevents_9_timed_out_wait_all_eats_nothing() {
    within(|| {
        let nt = Nt::new();
        let (present, late) = (nt.auto(true), nt.auto(false));
        let mut random = Random::new(9);
        let (mut both, mut neither) = (0, 0);
        let (go, told) = mpsc::channel::<Duration>();
        let (done, finished) = mpsc::channel();
        let setter = std::thread::spawn(move || {
            for pause in told {
                spin_for(pause);
                done.send(nt.set(late)).expect("the test listens");
            }
        });
        for _ in trials(3_000) {
            go.send(Duration::from_micros(random.below(150))).expect("the setter listens");
            let timeout = Timeout::After(Duration::from_micros(random.below(150)));
            let ended = nt.wait_all(&[present, late], timeout).expect("a wait");
            assert_eq!(finished.recv(), Ok(0));
            let left = nt.states([present, late]);
            match ended {
                Ended::TimedOut => {
                    assert_eq!(left, [1, 1], "it took nothing");
                    nt.reset(late);
                    neither += 1;
                }
                ended => {
                    assert_eq!((ended, left), (Ended::Object(0), [0, 0]));
                    nt.set(present);
                    both += 1;
                }
            }
        }
        drop(go);
        setter.join().expect("the setter");
        assert!(both > 0 && neither > 0, "both endings must be seen: {both} and {neither}");
    });
}

#[test]
fn pevents_wait_all_of_events_never_set_together() {
    within(|| {
        let nt = Nt::with(WaitPolicy::ADAPTIVE);
        for event_type in [MANUAL, AUTO] {
            let events = [nt.event(event_type, false), nt.event(event_type, false)];
            let (stop, stopped) = mpsc::channel::<()>();
            let toggler = std::thread::spawn(move || {
                let mut toggles = 0_u32;
                while stopped.try_recv() == Err(mpsc::TryRecvError::Empty) {
                    for event in events {
                        assert_eq!((nt.set(event), nt.reset(event)), (0, 1), "nobody takes it");
                        toggles += 1;
                    }
                }
                toggles
            });
            for _ in trials(2_000) {
                for timeout in [POLL, Some(-1), Some(-100), Some(-1_000)] {
                    for order in [events, [events[1], events[0]]] {
                        assert_eq!(nt.all(&order, timeout), NtStatus::TIMEOUT);
                    }
                }
            }
            drop(stop);
            assert!(toggler.join().expect("no set was taken") > 1_000);
            assert_eq!(nt.states(events), [0, 0]);
        }
    });
}

#[test]
fn pevents_opposite_orders_do_not_lock_up() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let [a, b] = nt.autos();
            let stop = Arc::new(AtomicBool::new(false));
            let repeat = |step: fn(Nt, Handle, Handle) -> bool, first, second| {
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || {
                    let mut counts = [0_u64; 2];
                    while !stop.load(Ordering::Relaxed) {
                        counts[usize::from(step(nt, first, second))] += 1;
                    }
                    counts
                })
            };
            let wait = |nt: Nt, first, second| nt.all(&[first, second], ms(1)) == object(0);
            let set = |nt: Nt, event, _| nt.set(event) == 0;
            let threads = [repeat(wait, a, b), repeat(wait, b, a), repeat(set, a, a), repeat(set, b, b)];
            std::thread::sleep(Duration::from_secs(1));
            stop.store(true, Ordering::Relaxed);
            let [ab, ba, put_a, put_b] = threads.map(|thread| thread.join().expect("a count"));
            let took = ab[1] + ba[1];
            assert!(ab[1] > 0 && ba[1] > 0, "both waiters got on: {ab:?} {ba:?}");
            let [left_a, left_b] = nt.states([a, b]).map(|state| u64::from(state == 1));
            assert_eq!((put_a[1], put_b[1]), (took + left_a, took + left_b), "no token lost, none made");
        }
    });
}

#[test]
fn pevents_same_object_twice() {
    within(|| {
        let nt = Nt::new();
        for event_type in [AUTO, MANUAL] {
            let (event, clear) = (nt.event(event_type, false), nt.auto(false));
            let alias = nt.duplicate(event, FULL).expect("a duplicate");
            let waiter = Worker::blocked(move || nt.any(&[clear, alias, event, alias], FOREVER));
            let second = Worker::blocked(move || nt.any(&[event, event], FOREVER));
            assert_eq!(nt.set(event), 0);
            assert_eq!(waiter.join(), object(1));
            if event_type == AUTO {
                second.assert_blocked();
                nt.set(event);
            }
            assert_eq!(second.join(), object(0));
            assert_eq!(nt.look(event).state, i32::from(event_type == MANUAL));
            assert_eq!(nt.any(&[clear, clear], ms(2)), NtStatus::TIMEOUT);
        }
    });
}

#[test]
fn pevents_waiter_destroys_what_woke_it() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let (give, take) = mpsc::channel::<Handle>();
            let setter = std::thread::spawn(move || take.into_iter().for_each(|event| assert_eq!(nt.set(event), 0)));
            let mut heirs = Vec::new();
            for round in trials(20_000) {
                let typed = Event::new_in(nt.0, EventType(round % 2), false).expect("an event");
                give.send(typed.handle()).expect("the setter listens");
                typed.wait();
                // Gone, while the setter may still be on its way out of the call; somebody else moves in.
                drop(typed);
                heirs.push(nt.manual(false));
            }
            drop(give);
            setter.join().expect("every set found its event");
            for heir in heirs {
                nt.check(heir, MANUAL, 0);
            }
        }
    });
}

#[test]
fn rsevents_set_is_not_lost_to_an_expiring_wait() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let event = nt.auto(false);
            let (go, told) = mpsc::channel();
            let (done, finished) = mpsc::channel();
            let setter = std::thread::spawn(move || {
                for pause in told {
                    spin_for(Duration::from_micros(pause));
                    done.send(nt.set(event)).expect("the test listens");
                }
            });
            let (mut taken, mut expired) = (0, 0);
            for trial in trials(5_000) {
                go.send(u64::from(trial) % 100).expect("the setter listens");
                let ended = nt.wait_any(&[event], Timeout::After(Duration::from_micros(50)));
                assert_eq!(finished.recv(), Ok(0));
                let left = nt.reset(event);
                match ended {
                    Ok(Ended::Object(0)) if left == 0 => taken += 1,
                    Ok(Ended::TimedOut) if left == 1 => expired += 1,
                    ended => panic!("trial {trial}: {ended:?} with state {left} left behind"),
                }
            }
            drop(go);
            setter.join().expect("the setter");
            assert!(taken > 0 && expired > 0, "both endings must be seen: {taken} and {expired}");
        }
    });
}

#[test]
fn flag_designs_two_sets_release_two() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        for _ in 0..100 {
            let both = [(); 2].map(|()| Worker::blocked(move || nt.one(event, FOREVER)));
            assert_eq!((nt.set(event), nt.set(event)), (0, 0));
            assert_eq!(both.map(Worker::join), [object(0); 2]);
            nt.check(event, AUTO, 0);
        }
    });
}

#[test]
fn flag_designs_set_and_reset_release_all_eight() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        for _ in 0..25 {
            let eight = [(); 8].map(|()| Worker::blocked(move || nt.one(event, FOREVER)));
            assert_eq!((nt.set(event), nt.reset(event)), (0, 1));
            assert_eq!(eight.map(Worker::join), [object(0); 8]);
            nt.check(event, MANUAL, 0);
        }
    });
}

#[test]
fn esync_pulse_reaches_the_present_and_only_them() {
    within(|| {
        let nt = Nt::new();
        let (event, clear) = (nt.manual(false), nt.auto(false));
        for round in 0..25 {
            let present: Vec<_> = (0..8)
                .map(|number| {
                    Worker::blocked(move || {
                        let list = [clear, event];
                        if number % 2 == 0 { nt.one(event, FOREVER) } else { nt.any(&list, FOREVER) }
                    })
                })
                .collect();
            assert_eq!(nt.pulse(event), 0);
            let late = Worker::blocked(move || nt.one(event, FOREVER));
            for (number, waiter) in present.into_iter().enumerate() {
                assert_eq!(waiter.join(), object(number % 2), "round {round}");
            }
            late.assert_blocked();
            assert_eq!(nt.pulse(event), 0);
            assert_eq!(late.join(), object(0));
        }
    });
}

#[test]
fn litebox_a_wait_holds_no_lock() {
    within(|| {
        let nt = Nt::new();
        let [a, b] = nt.autos();
        let waiters = [
            Worker::blocked(move || nt.one(a, FOREVER)),
            Worker::blocked(move || nt.any(&[b, a], FOREVER)),
            Worker::blocked(move || nt.all(&[a, b], FOREVER)),
            Worker::blocked(move || nt.one(b, ms(60_000))),
        ];
        for _ in 0..1_000 {
            let event = nt.auto(false);
            let copy = nt.duplicate(a, FULL).expect("a duplicate");
            assert_eq!((nt.set(event), nt.one(event, POLL)), (0, object(0)));
            assert_eq!(nt.any(&[a, b, event], POLL), NtStatus::TIMEOUT);
            assert_eq!(nt.all(&[b, a, event], POLL), NtStatus::TIMEOUT);
            assert_eq!((nt.reset(copy), nt.look(b).state), (0, 0));
            nt.close(copy);
            nt.close(event);
        }
        waiters.iter().for_each(Worker::assert_blocked);
        // One each for the first two, both for the wait-all, and the last b for the last.
        assert_eq!([a, b, a, b, b].map(|event| nt.set(event)), [0; 5]);
        assert_eq!(waiters.map(Worker::join), [object(0); 4]);
        assert_eq!(nt.states([a, b]), [0, 0]);
    });
}

#[test]
fn litebox_second_waiter_on_a_thread_waits() {
    within(|| {
        let nt = Nt::new();
        let stop = nt.manual(false);
        let (say, hear) = mpsc::channel();
        let thread = Worker::blocked(move || {
            say.send(nt.duplicate(Handle::CURRENT_THREAD, AccessMask::SYNCHRONIZE)).expect("the test listens");
            nt.one(stop, FOREVER)
        });
        let handle = hear.recv().expect("an answer").expect("a thread handle");
        let (first, second) =
            (Worker::blocked(move || nt.one(handle, FOREVER)), Worker::start(move || nt.one(handle, FOREVER)));
        second.assert_blocked();
        assert_eq!(nt.one(handle, ms(5)), NtStatus::TIMEOUT);
        first.assert_blocked();
        nt.set(stop);
        assert_eq!((thread.join(), first.join(), second.join()), (object(0), object(0), object(0)));
    });
}

#[test]
fn recompiled_games_one_event_lets_one_pass() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let door = nt.auto(true);
            let inside = Arc::new(AtomicU32::new(0));
            let threads = [(); 4].map(|()| {
                let inside = Arc::clone(&inside);
                std::thread::spawn(move || {
                    for round in trials(3_000) {
                        let passed =
                            if round % 2 == 0 { nt.one(door, FOREVER) } else { nt.any(&[door, door], ms(60_000)) };
                        assert_eq!(passed, object(0));
                        assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "somebody is inside already");
                        inside.fetch_sub(1, Ordering::Relaxed);
                        assert_eq!(nt.set(door), 0, "only who is inside opens");
                    }
                })
            });
            threads.into_iter().for_each(|thread| thread.join().expect("passed"));
            nt.check(door, AUTO, 1);
        }
    });
}
