//! Waits of suspended threads: facts TH19, W24, W35, W38, W40, W20, A28, A34.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::sync::Mutex;
use std::time::Instant;

use common::nt_threads::{Log, NtThread, until};
use common::wait_kinds::{Scene, WAIT_KINDS};
use common::{AUTO, FOREVER, MANUAL, Nt, POLL, Random, ms, object, spin_for, trials, within};
use ntwait::{Handle, NtStatus};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// One thread in each kind of wait, all of them suspended.
fn suspended_in_waits(nt: Nt, timeout: Option<i64>) -> Vec<(Scene, NtThread)> {
    let threads: Vec<_> = WAIT_KINDS
        .map(|kind| {
            let scene = kind.scene(nt);
            (scene, scene.blocked(timeout))
        })
        .into();
    threads.iter().for_each(|(_, thread)| thread.suspend_in_wait());
    threads
}

/// A suspended thread takes no signal: what is set meanwhile stays and others may take it. After it was resumed it waits on, and is
/// satisfied by the next signal.
#[test]
fn w38_th19_signals_go_to_others() {
    within(|| {
        let nt = Nt::new();
        for (scene, thread) in suspended_in_waits(nt, FOREVER) {
            let name = scene.kind.name;
            scene.complete();
            thread.assert_blocked();
            assert_eq!(scene.states(), scene.set_states(), "{name}");
            assert_eq!(scene.wait(POLL), scene.kind.ended, "{name}: somebody else takes it");
            assert_eq!(scene.states(), scene.taken_states(), "{name}");
            scene.clear();
            thread.resume_into_wait();
            scene.complete();
            assert_eq!(NtStatus(thread.join()), scene.kind.ended, "{name}");
            assert_eq!(scene.states(), scene.taken_states(), "{name}");
            assert!(scene.has_no_waiters());
        }
    });
}

/// What was set during the suspension and is still there when the thread goes on satisfies it.
#[test]
fn w38_what_is_still_there_is_taken() {
    within(|| {
        let nt = Nt::new();
        for (scene, thread) in suspended_in_waits(nt, FOREVER) {
            scene.complete();
            thread.assert_blocked();
            assert_eq!(thread.resume(), 1);
            assert_eq!(NtStatus(thread.join()), scene.kind.ended, "{}", scene.kind.name);
            assert_eq!(scene.states(), scene.taken_states(), "{}", scene.kind.name);
            assert!(scene.has_no_waiters());
        }
    });
}

/// A pulse during the suspension is missed; so is a set that was reset again.
#[test]
fn w38_pulses_are_missed() {
    within(|| {
        let nt = Nt::new();
        for (scene, thread) in suspended_in_waits(nt, FOREVER) {
            for event in scene.events {
                assert_eq!(nt.pulse(event), 0);
                assert_eq!((nt.set(event), nt.reset(event)), (0, 1));
            }
            thread.resume_into_wait();
            scene.complete();
            assert_eq!(NtStatus(thread.join()), scene.kind.ended, "{}", scene.kind.name);
        }
    });
}

/// A time-out runs on during the suspension, and is noticed after it: the wait is over at once, and nothing was taken.
#[test]
fn w38_w40_the_time_is_up_during_the_suspension() {
    within(|| {
        let nt = Nt::new();
        let start = Instant::now();
        let delayed = nt.blocked(move || nt.nt_delay_execution(false, -50_000_000).0);
        let threads = suspended_in_waits(nt, ms(5_000));
        assert_eq!(delayed.suspend(), 0);
        let all_threads = || threads.iter().map(|(_, thread)| thread).chain([&delayed]);
        std::thread::sleep(Duration::from_millis(5_300));
        all_threads().for_each(NtThread::assert_blocked);
        let resumed = Instant::now();
        all_threads().for_each(|thread| assert_eq!(thread.resume(), 1));
        for (scene, thread) in &threads {
            assert_eq!(NtStatus(thread.join()), TIMEOUT, "{}", scene.kind.name);
            scene.assert_intact();
        }
        assert_eq!(NtStatus(delayed.join()), NtStatus::SUCCESS);
        // A wait that began anew with its full time would take 5 s more.
        assert!(
            resumed.elapsed() < Duration::from_millis(4_900),
            "{:?} after {:?}",
            resumed.elapsed(),
            start.elapsed()
        );
    });
}

/// The deadline is kept: time that was spent suspended counts.
#[test]
fn w40_the_deadline_is_kept() {
    within(|| {
        let nt = Nt::new();
        let start = Instant::now();
        let times: &'static Mutex<Vec<(&str, Duration)>> = Box::leak(Box::default());
        let mut threads: Vec<NtThread> = Vec::new();
        for kind in WAIT_KINDS {
            let scene = kind.scene(nt);
            threads.push(nt.blocked(move || {
                let start = Instant::now();
                let status = scene.wait(ms(5_000));
                times.lock().expect("the times").push((kind.name, start.elapsed()));
                status.0
            }));
        }
        threads.push(nt.blocked(move || {
            let start = Instant::now();
            let status = nt.nt_delay_execution(true, -50_000_000);
            times.lock().expect("the times").push(("delay", start.elapsed()));
            status.0 + TIMEOUT.0
        }));
        // Suspended most of the time, with several resumptions in between.
        while start.elapsed() < Duration::from_millis(3_500) {
            threads.iter().for_each(|thread| assert_eq!(thread.suspend(), 0));
            std::thread::sleep(Duration::from_millis(100));
            threads.iter().for_each(|thread| assert_eq!(thread.resume(), 1));
        }
        threads.into_iter().for_each(|thread| assert_eq!(NtStatus(thread.join()), TIMEOUT));
        let times = times.lock().expect("the times");
        assert_eq!(times.len(), WAIT_KINDS.len() + 1);
        for (name, time) in times.iter() {
            assert!((4_999..7_900).contains(&time.as_millis()), "{name}: {time:?}");
        }
    });
}

/// Signalled during the suspension and late as well: the object's state is looked at before the time (W20).
#[test]
fn w20_w40_signalled_and_late() {
    within(|| {
        let nt = Nt::new();
        let threads = suspended_in_waits(nt, ms(5_000));
        std::thread::sleep(Duration::from_millis(5_100));
        for (scene, thread) in &threads {
            scene.complete();
            assert_eq!(thread.resume(), 1);
            assert_eq!(NtStatus(thread.join()), scene.kind.ended, "{}", scene.kind.name);
            assert_eq!(scene.states(), scene.taken_states(), "{}", scene.kind.name);
        }
    });
}

/// A wait that was satisfied before the suspension stays satisfied, and what was taken for it stays taken.
#[test]
fn w38_a_satisfied_wait_stays_satisfied() {
    within(|| {
        let nt = Nt::new();
        for (scene, _) in WAIT_KINDS.map(|kind| (kind.scene(nt), ())) {
            let thread = scene.blocked(FOREVER);
            scene.complete();
            assert_eq!(scene.states(), scene.taken_states(), "{}", scene.kind.name);
            // It may have ended by now.
            if nt.nt_suspend_thread(thread.handle).is_ok() {
                assert!(thread.resume() <= 1);
            }
            assert_eq!(NtStatus(thread.join()), scene.kind.ended);
            assert_eq!(scene.states(), scene.taken_states(), "{}", scene.kind.name);
        }
    });
}

/// Signal against suspension: either the signal was taken for the thread, or it is still there while the thread is suspended.
#[test]
fn w38_signal_against_suspension() {
    within(|| {
        let nt = Nt::new();
        let mut random = Random::new(38);
        let (mut taken, mut left) = (0, 0);
        for round in trials(2_000) {
            let scene = WAIT_KINDS[round as usize % WAIT_KINDS.len()].scene(nt);
            let thread = nt.thread(move || scene.wait(FOREVER).0);
            until("it waits", || !scene.has_no_waiters());
            let [before_set, before_suspension] = [(); 2].map(|()| Duration::from_nanos(random.below(30_000)));
            let suspender = std::thread::spawn(move || {
                spin_for(before_suspension);
                nt.nt_suspend_thread(thread.handle)
            });
            spin_for(before_set);
            scene.complete();
            let suspended = suspender.join().expect("the suspender");
            if suspended.is_ok() {
                // It stands still, or is about to end, or has ended.
                until("it is quiet", || thread.is_blocked() || thread.is_over());
                if scene.states() == scene.taken_states() && scene.set_states() != scene.taken_states() {
                    taken += 1;
                } else {
                    assert_eq!(scene.states(), scene.set_states(), "{} round {round}", scene.kind.name);
                    left += 1;
                }
                assert!(thread.resume() <= 1);
            } else {
                assert_eq!(suspended, Err(NtStatus::THREAD_IS_TERMINATING));
                taken += 1;
            }
            assert_eq!(NtStatus(thread.join()), scene.kind.ended, "{} round {round}", scene.kind.name);
            assert_eq!(scene.states(), scene.taken_states(), "{} round {round}", scene.kind.name);
            assert!(scene.has_no_waiters());
            scene.events.into_iter().for_each(|event| nt.close(event));
        }
        assert!(taken > 0 && left > 0, "both endings must be seen: {taken} taken, {left} left");
    });
}

/// First in, first out holds only as long as nobody is suspended: who was goes to the tail.
#[test]
fn w24_a_suspended_waiter_loses_its_place() {
    within(|| {
        let nt = Nt::new();
        for alertable in [false, true] {
            let event = nt.auto(false);
            let waiters =
                [(); 3].map(|()| nt.blocked(move || nt.nt_wait_for_single_object(event, alertable, FOREVER).0));
            waiters[0].suspend_in_wait();
            waiters[0].resume_into_wait();
            for next in [1, 2, 0] {
                assert_eq!(nt.set(event), 0);
                assert_eq!(waiters[next].join(), 0);
                nt.check(event, AUTO, 0);
            }
        }
    });
}

/// A suspended waiter does not stand in the way of those who came after it.
#[test]
fn w38_the_next_waiter_is_served() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let [first, second] = [(); 2].map(|()| nt.blocked(move || nt.one(event, FOREVER).0));
        first.suspend_in_wait();
        assert_eq!(nt.set(event), 0);
        assert_eq!(second.join(), 0);
        nt.check(event, AUTO, 0);
        assert_eq!(nt.set(event), 0);
        nt.check(event, AUTO, 1);
        first.assert_blocked();
        assert_eq!(first.resume(), 1);
        assert_eq!(first.join(), 0);
        nt.check(event, AUTO, 0);
    });
}

/// Of many who sleep on one notification object, those that are suspended miss the signal's moment and the others do not.
#[test]
fn w38_some_of_many_are_suspended() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let threads: Vec<NtThread> = (0..40).map(|_| nt.blocked(move || nt.one(event, FOREVER).0)).collect();
        let (suspended, awake): (Vec<_>, Vec<_>) = threads.into_iter().enumerate().partition(|(i, _)| i % 2 == 0);
        suspended.iter().for_each(|(_, thread)| thread.suspend_in_wait());
        assert_eq!(nt.pulse(event), 0);
        awake.into_iter().for_each(|(_, thread)| assert_eq!(thread.join(), 0));
        nt.check(event, MANUAL, 0);
        suspended.iter().for_each(|(_, thread)| thread.assert_blocked());
        suspended.iter().for_each(|(_, thread)| thread.resume_into_wait());
        assert_eq!(nt.set(event), 0);
        suspended.into_iter().for_each(|(_, thread)| assert_eq!(thread.join(), 0));
    });
}

/// APCs and alerts wait for the end of the suspension.
#[test]
fn a34_requests_wait_for_the_end_of_the_suspension() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        for (scene, thread) in suspended_in_waits(nt, FOREVER).into_iter().filter(|(scene, _)| scene.kind.alertable) {
            assert_eq!(nt.queue_note(thread.handle, log, 34), NtStatus::SUCCESS);
            thread.assert_blocked();
            assert!(log.take().is_empty());
            assert_eq!(thread.resume(), 1);
            assert_eq!(NtStatus(thread.join()), NtStatus::USER_APC, "{}", scene.kind.name);
            assert_eq!(log.take(), [34]);
            scene.assert_intact();
        }
        for (scene, thread) in suspended_in_waits(nt, FOREVER).into_iter().filter(|(scene, _)| scene.kind.alertable) {
            assert_eq!(nt.nt_alert_thread(thread.handle), NtStatus::SUCCESS);
            thread.assert_blocked();
            assert_eq!(nt.nt_alert_resume_thread(thread.handle), Ok(1));
            assert_eq!(NtStatus(thread.join()), NtStatus::ALERTED, "{}", scene.kind.name);
            scene.assert_intact();
        }
    });
}

/// A thread that is suspended in the middle of an APC goes on there.
#[test]
fn a34_suspended_in_an_apc() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let [outer, inner] = nt.autos();
        let at_rest = nt.references(inner);
        let thread = nt.blocked(move || nt.alertable(outer, FOREVER).0);
        let waits = move || log.add(nt.one(inner, FOREVER).0 as usize);
        assert_eq!(nt.queue_call(thread.handle, waits), NtStatus::SUCCESS);
        assert_eq!(nt.queue_note(thread.handle, log, 99), NtStatus::SUCCESS);
        until("the APC waits", || nt.references(inner) > at_rest);
        thread.suspend_in_wait();
        assert_eq!((nt.set(inner), nt.look(inner).state), (0, 1));
        assert!(log.take().is_empty());
        assert_eq!(thread.resume(), 1);
        assert_eq!(NtStatus(thread.join()), NtStatus::USER_APC);
        assert_eq!(log.take(), [0, 99]);
        assert_eq!(nt.any(&[outer, inner], POLL), TIMEOUT);
        assert_eq!(object(0), NtStatus::WAIT_0);
    });
}

/// A thread that others wait for can be suspended like any other, and so can they.
#[test]
fn th19_waiters_of_a_suspended_thread() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let target = nt.blocked(move || nt.one(go, FOREVER).0);
        let waiters = [
            nt.blocked(move || nt.one(target.handle, FOREVER).0),
            nt.blocked(move || nt.any(&[go, target.handle], ms(60_000)).0),
        ];
        target.suspend_in_wait();
        waiters.iter().for_each(NtThread::suspend_in_wait);
        nt.set(go);
        assert_eq!(target.resume(), 1);
        assert_eq!(target.end(), 0);
        waiters.iter().for_each(NtThread::assert_blocked);
        waiters.iter().for_each(|waiter| assert_eq!(waiter.resume(), 1));
        assert_eq!(waiters.map(NtThread::join), [0, 1]);
    });
}

/// A wait holds its objects, also while its thread is suspended: if the last handle is closed then, the wait goes on.
#[test]
fn w35_th19_the_object_outlives_its_handle_under_a_suspension() {
    within(|| {
        let nt = Nt::new();
        let threads = suspended_in_waits(nt, ms(6_000));
        for (scene, thread) in &threads {
            scene.events.into_iter().for_each(|event| nt.close(event));
            // Others come to lie where the events were, if nobody holds them.
            let fresh: [Handle; 8] = core::array::from_fn(|_| nt.manual(true));
            assert_eq!(thread.resume(), 1);
            assert_eq!(NtStatus(thread.join()), TIMEOUT, "{}", scene.kind.name);
            assert_eq!(nt.states(fresh), [1; 8]);
        }
    });
}

/// The same for an object that was signalled before its last handle was closed: the wait succeeds.
#[test]
fn w35_th19_a_thread_that_ended_under_a_suspension() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let target = nt.blocked(move || nt.one(go, FOREVER).0);
        let waiter = nt.blocked(move || nt.one(target.handle, FOREVER).0);
        waiter.suspend_in_wait();
        nt.set(go);
        assert_eq!(target.join(), 0);
        assert_eq!(waiter.resume(), 1);
        assert_eq!(NtStatus(waiter.join()), NtStatus::WAIT_0);
    });
}
