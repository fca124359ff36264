//! Signal-and-wait: facts S1 to S5, S7, S8 and S10 to S13. S9 and the step's end by a suspension are in
//! `facts_signal_and_wait_races.rs`. S6 is about Win32's answer to a null handle, which here is that to any bad one.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::gifts::Gift;
use common::nt_threads::{Log, in_any_thread};
use common::{FOREVER, MutantLook, Nt, POLL, Worker, abandoned, at_ms, ms, object, within};
use ntwait::{AccessMask, Handle, NtStatus};

const ALERTABLE: bool = true;

/// An object of each kind that can be signalled.
const FIRSTS: [Gift; 4] = [Gift::Event, Gift::Manual, Gift::Mutant, Gift::Count];

/// Both handles are looked up, the first first, the second for waiting; then come the first object's type and right. What is refused has
/// signalled nothing.
#[test]
fn s1_s2_s3_order_of_checks() {
    in_any_thread(|nt| {
        let (set, closed) = (nt.manual(true), nt.auto(false));
        nt.close(closed);
        let deaf = nt.duplicate(set, AccessMask::EVENT_MODIFY_STATE).expect("a duplicate");
        let thread = nt.dead(1).handle;
        let process = nt.process(AccessMask::PROCESS_ALL_ACCESS);
        for first in FIRSTS {
            let good = first.make(nt);
            let weak = nt.duplicate(good, AccessMask::SYNCHRONIZE).expect("a duplicate");
            let denied = NtStatus::ACCESS_DENIED;
            for (signal, object, expected) in [
                (closed, set, NtStatus::INVALID_HANDLE),
                (closed, closed, NtStatus::INVALID_HANDLE),
                (Handle::NULL, deaf, NtStatus::INVALID_HANDLE),
                (good, closed, NtStatus::INVALID_HANDLE),
                (good, Handle::NULL, NtStatus::INVALID_HANDLE),
                (good, deaf, denied),
                // The second handle comes before the first object's type and right.
                (thread, closed, NtStatus::INVALID_HANDLE),
                (weak, closed, NtStatus::INVALID_HANDLE),
                (thread, deaf, denied),
                (thread, set, NtStatus::OBJECT_TYPE_MISMATCH),
                (process, set, NtStatus::OBJECT_TYPE_MISMATCH),
                (Handle::CURRENT_THREAD, set, NtStatus::OBJECT_TYPE_MISMATCH),
                (Handle::CURRENT_PROCESS, set, NtStatus::OBJECT_TYPE_MISMATCH),
            ] {
                for timeout in [POLL, FOREVER] {
                    let status = nt.signal_and_wait(signal, object, timeout);
                    assert_eq!(status, expected, "{first:?}: {:#x}, {:#x}", signal.0, object.0);
                    assert!(!first.is_there(nt, good), "{first:?}");
                }
            }
            // S3: a mutant needs no right.
            let expected = if matches!(first, Gift::Mutant) { object(0) } else { denied };
            assert_eq!(nt.signal_and_wait(weak, set, FOREVER), expected, "{first:?}");
            assert_eq!(first.is_there(nt, good), expected == object(0), "{first:?}");
        }
    });
}

/// What can be waited for: everything, pseudo handles too. The signal stays, however the wait ends (S8).
#[test]
fn s2_s8_s10_each_kind_of_both() {
    in_any_thread(|nt| {
        let mutant = nt.mutant(false);
        assert_eq!(nt.thread(move || nt.one(mutant, POLL).0).join(), 0);
        // the second object, how the wait for it ends
        let there = [
            (nt.manual(true), object(0)),
            (nt.dead(1).handle, object(0)),
            (nt.mutant(true), object(0)),
            (nt.semaphore(100, 100), object(0)),
            (mutant, abandoned(0)),
        ];
        let not_there = [nt.auto(false), nt.manual(false), nt.semaphore(0, 1), Handle::CURRENT_PROCESS];
        for first in FIRSTS {
            for (second, expected) in there {
                let signal = first.make(nt);
                for timeout in [FOREVER, POLL, ms(10_000)] {
                    if first.is_there(nt, signal) {
                        break;
                    }
                    let status = nt.signal_and_wait(signal, second, timeout);
                    assert!(status == expected || status == object(0), "{first:?}: {status}"); // abandoned once
                    assert!(first.is_there(nt, signal), "{first:?}");
                }
            }
            for second in not_there {
                for timeout in [POLL, ms(1), at_ms(-1)] {
                    let signal = first.make(nt);
                    assert_eq!(nt.signal_and_wait(signal, second, timeout), NtStatus::TIMEOUT, "{first:?}");
                    assert!(first.is_there(nt, signal), "S8: {first:?}");
                }
            }
        }
    });
}

/// A semaphore at its maximum, and a mutant of somebody else's, refuse: nothing is signalled, and nobody waits.
#[test]
fn s4_s5_the_signal_is_refused() {
    in_any_thread(|nt| {
        let (full, free, others) = (nt.semaphore(2, 2), nt.mutant(false), nt.mutant(false));
        let go = nt.auto(false);
        let owner = Worker::blocked(move || (nt.one(others, POLL), nt.one(go, FOREVER)));
        let left = nt.mutant(false);
        assert_eq!(nt.thread(move || nt.one(left, POLL).0).join(), 0);
        for (signal, expected) in [
            (full, NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
            (free, NtStatus::MUTANT_NOT_OWNED),
            (others, NtStatus::MUTANT_NOT_OWNED),
            (left, NtStatus::ABANDONED),
        ] {
            let seconds = [nt.auto(true), nt.auto(false), nt.mutant(false), nt.semaphore(1, 1)];
            for second in seconds {
                assert_eq!(nt.signal_and_wait(signal, second, FOREVER), expected);
            }
            assert_eq!((nt.states([seconds[0], seconds[1]]), nt.look_semaphore(seconds[3])), ([1, 0], (1, 1)));
            assert_eq!(nt.look_mutant(seconds[2]), MutantLook::FREE);
        }
        assert_eq!((nt.look_semaphore(full), nt.look_mutant(free)), ((2, 2), MutantLook::FREE));
        assert_eq!(nt.look_mutant(left), MutantLook::ABANDONED);
        nt.set(go);
        assert_eq!(owner.join(), (object(0), object(0)));
    });
}

/// The same object as both: an auto-reset event is set and taken, a manual one stays set, a semaphore keeps its count, a mutant is given up
/// and taken again, or with several levels one lower and one higher. Ten thousand times alike.
#[test]
fn s7_the_same_object_twice() {
    in_any_thread(|nt| {
        let (auto, manual, semaphore) = (nt.auto(false), nt.manual(false), nt.semaphore(0, 1));
        let (mutant, deep) = (nt.mutant(true), nt.mutant(true));
        assert_eq!(nt.one(deep, POLL), object(0));
        for round in 0..10_000 {
            for object_twice in [auto, manual, semaphore, mutant, deep] {
                let timeout = if round % 2 == 0 { FOREVER } else { POLL };
                assert_eq!(nt.signal_and_wait(object_twice, object_twice, timeout), object(0));
            }
        }
        assert_eq!((nt.states([auto, manual]), nt.look_semaphore(semaphore)), ([0, 1], (0, 1)));
        assert_eq!((nt.look_mutant(mutant), nt.look_mutant(deep)), (nt.mine(1), nt.mine(2)));
    });
}

/// The same object with others in the queue: they come first, and the caller is behind them.
#[test]
fn s7_m10_the_same_object_with_waiters() {
    within(|| {
        let nt = Nt::new();
        for first in FIRSTS {
            let (log, made) = (Log::new(), std::sync::mpsc::channel());
            let (go, say) = (nt.auto(false), made.0);
            let caller = Worker::start(move || {
                let both = first.make(nt);
                say.send(both).expect("the test listens");
                assert_eq!(nt.one(go, FOREVER), object(0));
                let status = nt.signal_and_wait(both, both, FOREVER);
                log.add(2);
                status
            });
            let both = made.1.recv().expect("the object");
            let waiter = Worker::blocked(move || {
                let status = nt.one(both, FOREVER);
                log.add(1);
                if first != Gift::Manual {
                    first.give(nt, both);
                }
                status
            });
            nt.set(go);
            assert_eq!((waiter.join(), caller.join()), (object(0), object(0)), "{first:?}");
            if !matches!(first, Gift::Manual) {
                assert_eq!(log.take(), [1, 2], "{first:?}");
            }
        }
    });
}

/// The signal releases who waits for the first object, whichever kind it is; a manual event stays set (S13).
#[test]
fn s8_s13_the_signal_releases() {
    within(|| {
        let nt = Nt::new();
        for first in FIRSTS {
            for is_all in [false, true] {
                let made = std::sync::mpsc::channel();
                let (go, end, set) = (nt.auto(false), nt.auto(false), nt.manual(true));
                let caller = Worker::start(move || {
                    let signal = first.make(nt);
                    made.0.send(signal).expect("the test listens");
                    assert_eq!(nt.one(go, FOREVER), object(0));
                    nt.signal_and_wait(signal, end, FOREVER)
                });
                let signal = made.1.recv().expect("the object");
                let waiters = [(); 2].map(|()| {
                    Worker::blocked(
                        move || {
                            if is_all { nt.all(&[set, signal], FOREVER) } else { nt.one(signal, FOREVER) }
                        },
                    )
                });
                nt.set(go);
                caller.assert_blocked();
                let [one, other] = waiters;
                assert_eq!(one.join(), object(0), "{first:?}");
                match first {
                    Gift::Manual => assert_eq!((other.join(), nt.look(signal).state), (object(0), 1)),
                    Gift::Mutant => assert_eq!(other.join(), abandoned(0)), // the first has ended with it
                    Gift::Event | Gift::Count => {
                        other.assert_blocked();
                        assert!(!first.is_there(nt, signal), "{first:?}");
                        assert_eq!(nt.signal_and_wait(signal, set, FOREVER), object(0));
                        assert_eq!(other.join(), object(0));
                    }
                }
                caller.assert_blocked();
                nt.set(end);
                assert_eq!(caller.join(), object(0), "{first:?}");
            }
        }
    });
}

/// A blocked wait ends as a single wait does.
#[test]
fn s10_results_of_blocked_waits() {
    within(|| {
        let nt = Nt::new();
        let first = nt.manual(false);
        let wait = move |second, alertable| {
            nt.reset(first);
            let status = nt.nt_signal_and_wait_for_single_object(first, second, alertable, FOREVER);
            (status, nt.look(first).state)
        };
        for alertable in [false, true] {
            let event = nt.auto(false);
            let waiter = Worker::blocked(move || wait(event, alertable));
            nt.set(event);
            assert_eq!(waiter.join(), (object(0), 1));
            let mutant = nt.mutant(true);
            let waiter = Worker::blocked(move || (wait(mutant, alertable), nt.free(mutant)));
            assert_eq!(nt.free(mutant), 0);
            assert_eq!(waiter.join(), ((object(0), 1), 0));
            let owner = nt.blocked(move || (nt.one(mutant, POLL), nt.one(event, FOREVER)).1.0);
            let waiter = Worker::blocked(move || (wait(mutant, alertable), nt.free(mutant)));
            owner.kill(1);
            assert_eq!(waiter.join(), ((abandoned(0), 1), 0));
            let clear = nt.auto(false);
            let waiter = Worker::blocked(move || {
                let status = nt.nt_signal_and_wait_for_single_object(first, clear, alertable, ms(20));
                (status, nt.references(clear))
            });
            assert_eq!(waiter.join(), (NtStatus::TIMEOUT, 1), "nobody is queued");
        }
        let clear = nt.auto(false);
        for (ask, expected) in [
            ((|nt, thread| nt.nt_alert_thread(thread)) as fn(Nt, Handle) -> NtStatus, NtStatus::ALERTED),
            (|nt, thread| nt.queue_call(thread, || ()), NtStatus::USER_APC),
        ] {
            let thread = nt.blocked(move || wait(clear, ALERTABLE).0.0);
            assert_eq!(ask(nt, thread.handle), NtStatus::SUCCESS);
            assert_eq!(NtStatus(thread.join()), expected);
            assert_eq!((nt.look(first).state, nt.references(clear)), (1, 1), "S8");
        }
    });
}

/// Alerts and APCs that are there already: an alertable wait that would block ends for them, after the signal; one whose object is there does
/// not, and one that is not alertable leaves them.
#[test]
fn s11_alerts_and_apcs() {
    in_any_thread(|nt| {
        let (first, clear, log) = (nt.manual(false), nt.auto(false), Log::new());
        let me = nt.myself();
        for timeout in [POLL, ms(1), FOREVER] {
            for (alertable, second_set) in [(false, false), (false, true), (true, true), (true, false)] {
                if timeout == FOREVER && !alertable && !second_set {
                    continue; // would never end
                }
                let second = if second_set { nt.auto(true) } else { clear };
                let calm = if second_set { object(0) } else { NtStatus::TIMEOUT };
                let ends = alertable && !second_set;
                nt.reset(first);
                assert_eq!(nt.nt_alert_thread(me), NtStatus::SUCCESS);
                let status = nt.nt_signal_and_wait_for_single_object(first, second, alertable, timeout);
                assert_eq!(status, if ends { NtStatus::ALERTED } else { calm });
                assert_eq!(
                    nt.nt_test_alert(),
                    if ends { NtStatus::SUCCESS } else { NtStatus::ALERTED },
                    "the alert stays"
                );
                let second = if second_set { nt.auto(true) } else { clear };
                assert_eq!(nt.queue_note(me, log, 7), NtStatus::SUCCESS);
                let status = nt.nt_signal_and_wait_for_single_object(first, second, alertable, timeout);
                assert_eq!(status, if ends { NtStatus::USER_APC } else { calm });
                assert_eq!(log.take(), if ends { vec![7] } else { vec![] });
                let _ = nt.nt_test_alert();
                assert_eq!(log.take(), if ends { vec![] } else { vec![7] }, "the APC stays");
                assert_eq!(nt.look(first).state, 1, "S8");
            }
        }
        nt.close(me);
    });
}

/// Of a mutant that is owned several levels deep one level goes, which releases nobody.
#[test]
fn s12_one_level() {
    in_any_thread(|nt| {
        let (mutant, set, clear) = (nt.mutant(true), nt.manual(true), nt.auto(false));
        (0..3).for_each(|_| assert_eq!(nt.one(mutant, POLL), object(0)));
        let waiter = Worker::blocked(move || (nt.one(mutant, FOREVER), nt.free(mutant)));
        for (second, timeout, expected, depth) in
            [(set, FOREVER, object(0), 3), (clear, POLL, NtStatus::TIMEOUT, 2), (clear, ms(1), NtStatus::TIMEOUT, 1)]
        {
            assert_eq!(nt.signal_and_wait(mutant, second, timeout), expected);
            assert_eq!(nt.look_mutant(mutant), nt.mine(depth));
            waiter.assert_blocked();
        }
        assert_eq!(nt.signal_and_wait(mutant, set, FOREVER), object(0));
        assert_eq!(waiter.join(), (object(0), 0));
        assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
    });
}

/// What was given up by a signal-and-wait is no longer on the thread's list, and what it got is: at its end the one is free, the other
/// abandoned.
#[test]
fn s12_m20_ends_after_an_exchange_of_mutants() {
    within(|| {
        let nt = Nt::new();
        for blocks in [false, true] {
            let (given, taken) = (nt.mutant(false), nt.mutant(blocks));
            let thread = nt.thread(move || {
                assert_eq!(nt.one(given, POLL), object(0));
                nt.signal_and_wait(given, taken, FOREVER).0
            });
            if blocks {
                thread.assert_blocked();
                assert_eq!(nt.look_mutant(given), MutantLook::FREE, "given up before it sleeps");
                assert_eq!(nt.free(taken), 0);
            }
            assert_eq!(thread.join(), 0);
            assert_eq!((nt.look_mutant(given), nt.look_mutant(taken)), (MutantLook::FREE, MutantLook::ABANDONED));
        }
    });
}
