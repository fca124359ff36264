//! Suspension: facts TH9 to TH18, TH21. Suspended waits are in `facts_suspend_waits.rs`, system calls and signals in
//! `facts_suspend_signals.rs`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::nt_threads::{Counter, Log, ME, NtThread, STILL_ACTIVE, until};
use common::{FOREVER, Nt, POLL, Random, Worker, object, spin_for, within};
use ntwait::{AccessMask, CurrentThread, Handle, NtStatus, Runtime, Thread, WaitPolicy};

/// A thread of the library that counts.
fn counting(nt: Nt) -> (NtThread, &'static Counter) {
    let counter = Counter::new();
    let thread = nt.thread(move || counter.run());
    counter.assert_runs();
    (thread, counter)
}

static STARTS: AtomicUsize = AtomicUsize::new(0);

fn count_start(_: &CurrentThread<'_>) {
    STARTS.fetch_add(1, Ordering::SeqCst);
}

/// A thread that is made suspended has count 1 and runs nothing, the start hook included, until the count is 0.
#[test]
fn th9_created_suspended_runs_nothing() {
    within(|| {
        let builder = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).on_thread_start(count_start);
        let nt = Nt(builder.build().expect("a runtime").leak());
        let log = Log::new();
        let thread = nt.suspended(move || {
            log.add(1);
            9
        });
        assert_eq!(thread.suspend(), 1);
        // Others come and go meanwhile.
        (0..20).for_each(|code| assert_eq!(nt.dead(code).join(), code));
        assert_eq!(thread.resume(), 2);
        assert_eq!(nt.dead(0).join(), 0);
        assert_eq!((STARTS.load(Ordering::SeqCst), thread.has_run_nothing(), log.take()), (21, true, vec![]));
        assert_eq!((thread.is_over(), thread.code()), (false, STILL_ACTIVE));
        assert_eq!(thread.resume(), 1);
        assert_eq!(thread.join(), 9);
        assert_eq!((STARTS.load(Ordering::SeqCst), log.take()), (22, vec![1]));
    });
}

/// The same for threads of the typed face, whose names are set while they stand still.
#[test]
fn th9_typed_threads() {
    within(|| {
        let log = Log::new();
        let thread = Thread::builder().suspended().name("stands still").spawn(move || log.add(1)).expect("a thread");
        assert_eq!((thread.suspend(), thread.resume(), thread.exit_code()), (Ok(1), Ok(2), None));
        Thread::builder().name("runs").spawn(move || log.add(2)).expect("a thread").join().expect("its end");
        assert_eq!(log.take(), [2]);
        assert_eq!(thread.resume(), Ok(1));
        thread.join().expect("its end");
        assert_eq!(log.take(), [1]);
    });
}

/// Each call answers the count before; at 0 the thread runs, and resuming it once more does nothing (TH11).
#[test]
fn th10_th11_th12_counts() {
    within(|| {
        let nt = Nt::new();
        let (thread, counter) = counting(nt);
        for _ in 0..50 {
            counter.assert_runs();
            assert_eq!((thread.resume(), thread.resume()), (0, 0));
            assert_eq!((thread.suspend(), thread.suspend(), thread.suspend()), (0, 1, 2));
            counter.assert_stands(|| thread.is_blocked());
            assert_eq!((thread.resume(), thread.suspend(), thread.resume(), thread.resume()), (3, 2, 3, 2));
            counter.assert_stands(|| thread.is_blocked());
            assert_eq!((thread.resume(), thread.resume()), (1, 0));
        }
        counter.assert_runs();
        counter.stop();
        assert_eq!(thread.join(), 7);
        // Created suspended: the same counts, one more.
        let thread = nt.suspended(|| 12);
        assert_eq!((thread.suspend(), thread.resume(), thread.resume()), (1, 2, 1));
        assert_eq!(thread.join(), 12);
    });
}

/// 127 suspensions and no more.
#[test]
fn th13_the_limit() {
    within(|| {
        let nt = Nt::new();
        let (running, counter) = counting(nt);
        let fresh = nt.suspended(|| 0);
        for (thread, first) in [(fresh, 1), (running, 0)] {
            (first..127).for_each(|count| assert_eq!(thread.suspend(), count));
            for _ in 0..3 {
                let refused = nt.nt_suspend_thread(thread.handle);
                assert_eq!(refused, Err(NtStatus::SUSPEND_COUNT_EXCEEDED));
            }
            if first == 0 {
                counter.assert_stands(|| running.is_blocked());
            }
            (1..=127).rev().for_each(|count| assert_eq!(thread.resume(), count));
            assert_eq!(thread.resume(), 0);
        }
        assert_eq!(fresh.join(), 0);
        counter.stop();
        assert_eq!(running.join(), 7);
    });
}

/// A dead thread cannot be suspended; resuming it succeeds with 0.
#[test]
fn th14_th15_the_dead() {
    within(|| {
        let nt = Nt::new();
        let returned = nt.dead(0);
        let killed = nt.suspended(|| 0);
        (1..5).for_each(|count| assert_eq!(killed.suspend(), count));
        killed.kill(4);
        assert_eq!(killed.end(), 4);
        let (worker, foreign) = nt.foreign(move || nt.alertable(nt.auto(false), FOREVER));
        assert_eq!(nt.nt_alert_thread(foreign), NtStatus::SUCCESS);
        assert_eq!(worker.join(), NtStatus::ALERTED);
        assert_eq!(nt.one(foreign, FOREVER), object(0));
        for dead in [returned.handle, killed.handle, foreign] {
            for _ in 0..2 {
                assert_eq!(nt.nt_suspend_thread(dead), Err(NtStatus::THREAD_IS_TERMINATING));
                assert_eq!(nt.nt_resume_thread(dead), Ok(0));
            }
        }
    });
}

/// Both calls need THREAD_SUSPEND_RESUME.
#[test]
fn th16_rights() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.suspended(|| 16);
        let right = AccessMask::THREAD_SUSPEND_RESUME;
        let (weak, strong) = (nt.without(thread.handle, right), nt.with_rights(thread.handle, right));
        let event = nt.auto(true);
        let calls = [Runtime::nt_suspend_thread, Runtime::nt_resume_thread];
        for (call, before) in calls.into_iter().zip([1, 2]) {
            assert_eq!(call(nt.0, weak), Err(NtStatus::ACCESS_DENIED));
            assert_eq!(call(nt.0, event), Err(NtStatus::OBJECT_TYPE_MISMATCH));
            assert_eq!(call(nt.0, Handle::NULL), Err(NtStatus::INVALID_HANDLE));
            assert_eq!(call(nt.0, strong), Ok(before));
        }
        assert_eq!(thread.resume(), 1);
        assert_eq!(thread.join(), 16);
    });
}

/// A thread that suspends itself returns from that when somebody has resumed it, with the count before.
#[test]
fn th17_self_suspension() {
    within(|| {
        let nt = Nt::new();
        let log = Log::new();
        let thread = nt.blocked(move || {
            log.add(nt.nt_suspend_thread(ME).expect("suspend") as usize);
            nt.nt_suspend_thread(nt.myself()).expect("suspend")
        });
        assert_eq!((thread.suspend(), thread.resume()), (1, 2));
        thread.assert_blocked();
        assert!(log.take().is_empty());
        assert_eq!(thread.resume(), 1);
        until("the call has returned", || log.take() == [0]);
        thread.assert_blocked();
        assert_eq!(thread.resume(), 1);
        assert_eq!(thread.join(), 0);
        let (worker, handle) = nt.foreign(move || nt.nt_suspend_thread(ME));
        assert_eq!(nt.nt_resume_thread(handle), Ok(1));
        assert_eq!(worker.join(), Ok(0));
    });
}

/// A thread stops whoever used its Linux thread, or its stack, before: more threads at a time than are kept parked, twice.
#[test]
fn th18_later_generations_stop_too() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..3 {
            let go = nt.manual(false);
            let first: Vec<NtThread> = (0..40).map(|_| nt.blocked(move || nt.one(go, FOREVER).0)).collect();
            nt.set(go);
            first.into_iter().for_each(|thread| assert_eq!(thread.join(), 0));
            let sleep = || {
                std::thread::sleep(Duration::from_secs(1_000));
                0
            };
            let second: Vec<NtThread> = (0..40).map(|_| nt.thread(sleep)).collect();
            for thread in second {
                until("it has begun", || !thread.has_run_nothing());
                assert_eq!(thread.suspend(), 0);
                thread.assert_blocked();
                thread.kill(18);
                assert_eq!(thread.join(), 18);
            }
        }
    });
}

/// No suspension and no resumption is lost, however fast they come: the thread runs in the end, and stood still when it was to.
#[test]
fn th10_ten_thousand_pairs() {
    within(|| {
        let nt = Nt::new();
        let (thread, counter) = counting(nt);
        let mut random = Random::new(1187);
        for round in 0..10_000 {
            assert_eq!(thread.suspend(), 0, "round {round}");
            spin_for(Duration::from_nanos(random.below(30_000)));
            assert_eq!(thread.resume(), 1, "round {round}");
            spin_for(Duration::from_nanos(random.below(10_000)));
            if round % 500 == 0 {
                counter.assert_runs();
                assert_eq!(thread.suspend(), 0);
                counter.assert_stands(|| thread.is_blocked());
                assert_eq!(thread.resume(), 1);
            }
        }
        counter.assert_runs();
        counter.stop();
        assert_eq!(thread.join(), 7);
    });
}

/// Several suspenders at once: the counts add up, and the thread runs when the last has resumed it.
#[test]
fn th10_several_suspenders() {
    within(|| {
        let nt = Nt::new();
        let (thread, counter) = counting(nt);
        let suspenders = [1, 2, 3].map(|seed| {
            std::thread::spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..2_000 {
                    let depth = 1 + random.below(5);
                    (0..depth).for_each(|_| assert!(thread.suspend() < 15));
                    spin_for(Duration::from_nanos(random.below(20_000)));
                    (0..depth).for_each(|_| assert!((1..=15).contains(&thread.resume())));
                }
            })
        });
        suspenders.into_iter().for_each(|suspender| suspender.join().expect("a suspender"));
        assert_eq!(thread.resume(), 0);
        counter.assert_runs();
        counter.stop();
        assert_eq!(thread.join(), 7);
    });
}

/// While a thread is suspended often, what it does with objects comes out as if it were not: no wake is lost, none doubled.
#[test]
fn th19_ping_pong_under_suspension() {
    within(|| {
        for alertable in [false, true] {
            let nt = Nt::new();
            let [ping, pong] = nt.autos();
            const ROUNDS: u32 = 3_000;
            let thread = nt.thread(move || {
                for _ in 0..ROUNDS {
                    assert_eq!(nt.nt_wait_for_single_object(ping, alertable, FOREVER), object(0));
                    assert_eq!(nt.set(pong), 0);
                }
                5
            });
            let suspender = Worker::start(move || {
                let mut random = Random::new(19);
                while let Ok(before) = nt.nt_suspend_thread(thread.handle) {
                    assert_eq!(before, 0);
                    spin_for(Duration::from_nanos(random.below(20_000)));
                    assert!(nt.nt_resume_thread(thread.handle).expect("resume") <= 1);
                    spin_for(Duration::from_nanos(random.below(20_000)));
                }
            });
            for _ in 0..ROUNDS {
                assert_eq!(nt.set(ping), 0);
                assert_eq!(nt.one(pong, FOREVER), object(0));
            }
            assert_eq!(thread.end(), 5);
            suspender.join();
            assert_eq!(nt.states([ping, pong]), [0, 0]);
        }
    });
}

/// Threads that somebody else made can be suspended too, from the moment when they have a handle.
#[test]
fn th10_threads_of_std() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let counter = Counter::new();
        let (worker, handle) = nt.foreign(move || {
            assert_eq!(nt.one(go, FOREVER), object(0));
            counter.run()
        });
        assert_eq!((nt.nt_suspend_thread(handle), nt.nt_suspend_thread(handle)), (Ok(0), Ok(1)));
        nt.set(go);
        assert_eq!(nt.look(go).state, 1, "suspended in its wait, it takes nothing");
        assert_eq!((nt.nt_resume_thread(handle), nt.nt_resume_thread(handle)), (Ok(2), Ok(1)));
        counter.assert_runs();
        for _ in 0..200 {
            assert_eq!(nt.nt_suspend_thread(handle), Ok(0));
            counter.assert_stands(|| worker.is_blocked());
            assert_eq!(nt.one(handle, POLL), NtStatus::TIMEOUT);
            assert_eq!(nt.nt_resume_thread(handle), Ok(1));
            counter.assert_runs();
        }
        counter.stop();
        assert_eq!(worker.join(), 7);
        assert_eq!(nt.one(handle, FOREVER), object(0));
    });
}

/// In two runtimes one thread has two objects, each with a count of its own; it runs when both counts are 0.
#[test]
fn th10_two_runtimes_suspend_one_thread() {
    within(|| {
        let (here, there) = (Nt::new(), Nt::new());
        let counter = Counter::new();
        let handles = Log::new();
        let worker = Worker::start(move || {
            handles.add(usize::try_from(there.myself().0).expect("a handle"));
            counter.run()
        });
        counter.assert_runs();
        let theirs = Handle(handles.take()[0] as u64);
        // A thread of one runtime that is also known in another.
        let native = here.thread(move || {
            handles.add(usize::try_from(there.myself().0).expect("a handle"));
            counter.run()
        });
        until("it has said its handle", || {
            let seen = handles.take();
            seen.iter().for_each(|value| handles.add(*value));
            !seen.is_empty()
        });
        let native_there = Handle(handles.take()[0] as u64);
        for _ in 0..50 {
            assert_eq!(there.nt_suspend_thread(theirs), Ok(0));
            until("the std thread stands still", || worker.is_blocked());
            assert_eq!((native.suspend(), there.nt_suspend_thread(native_there)), (0, Ok(0)));
            assert_eq!((native.suspend(), there.nt_suspend_thread(native_there)), (1, Ok(1)));
            counter.assert_stands(|| native.is_blocked());
            assert_eq!((native.resume(), native.resume(), native.resume()), (2, 1, 0));
            counter.assert_stands(|| native.is_blocked());
            assert_eq!(there.nt_resume_thread(native_there), Ok(2));
            counter.assert_stands(|| native.is_blocked());
            assert_eq!(there.nt_resume_thread(native_there), Ok(1));
            counter.assert_runs();
            assert_eq!(there.nt_resume_thread(theirs), Ok(1));
        }
        counter.stop();
        assert_eq!((worker.join(), native.join()), (7, 7));
    });
}
