//! Suspension and termination of threads that wait at an address, at a key or for an alert by id: facts TH19, W24, W38, W40, W39, TH2.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::Instant;

use common::lot_kinds::{LOT_KINDS, Place};
use common::nt_threads::NtThread;
use common::storm::{MINUTES, Stage};
use common::threads::within_limit;
use common::{FOREVER, Nt, POLL, Random, ms, spin_for, trials, within};
use ntwait::{Handle, NtStatus, Timeout, WaitPolicy, wait_on_address, wake_address_all, wake_address_single};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// One thread in each kind of wait, all of them suspended.
fn suspended_in_waits(nt: Nt, timeout: Option<i64>) -> Vec<(Place, NtThread)> {
    let blocked = |kind: common::lot_kinds::LotKind| {
        let place = kind.place(nt);
        (place, place.blocked(timeout))
    };
    let threads: Vec<_> = LOT_KINDS.map(blocked).into();
    threads.iter().for_each(|(_, thread)| thread.suspend_in_wait());
    threads
}

/// A suspended thread waits on when it is resumed, and what satisfies it then, does.
#[test]
fn th19_the_wait_goes_on() {
    within(|| {
        let nt = Nt::new();
        for (place, thread) in suspended_in_waits(nt, FOREVER) {
            thread.resume_into_wait();
            place.wake();
            assert_eq!(NtStatus(thread.join()), place.kind.ended, "{}", place.kind.name);
            place.assert_intact();
        }
    });
}

/// What comes during the suspension finds nobody; but an alert is for this thread, and stays.
#[test]
fn w38_suspended_threads_are_not_released() {
    within(|| {
        let nt = Nt::new();
        for (place, thread) in suspended_in_waits(nt, FOREVER) {
            place.wake();
            thread.assert_blocked();
            if place.kind.is_kept {
                assert_eq!(thread.resume(), 1);
            } else {
                thread.resume_into_wait();
                place.wake();
            }
            assert_eq!(NtStatus(thread.join()), place.kind.ended, "{}", place.kind.name);
        }
    });
}

/// It comes back at the tail.
#[test]
fn w24_back_at_the_tail() {
    within(|| {
        let nt = Nt::new();
        for kind in LOT_KINDS.into_iter().filter(|kind| kind.has_queue) {
            let place = kind.place(nt);
            let [first, second] = [(); 2].map(|()| place.blocked(FOREVER));
            first.suspend_in_wait();
            first.resume_into_wait();
            for thread in [second, first] {
                place.wake();
                assert_eq!(NtStatus(thread.join()), kind.ended, "{}", kind.name);
            }
        }
    });
}

/// A value that changes while the thread is suspended ends the wait when it goes on.
#[test]
fn wa2_changed_during_the_suspension() {
    within(|| {
        use core::sync::atomic::{AtomicU32, Ordering};
        static WORD: AtomicU32 = AtomicU32::new(0);
        let nt = Nt::new();
        let thread = nt.blocked(|| u32::from(wait_on_address(&WORD, 0, Timeout::Never) == Ok(true)));
        thread.suspend_in_wait();
        WORD.store(1, Ordering::Release);
        wake_address_all(&WORD);
        thread.assert_blocked();
        assert_eq!((thread.resume(), thread.join()), (1, 1));
    });
}

/// Time runs on during a suspension, and is noticed after it.
#[test]
fn w40_the_deadline_is_kept() {
    within(|| {
        let nt = Nt::new();
        let threads = suspended_in_waits(nt, ms(5_000));
        std::thread::sleep(Duration::from_millis(5_300));
        let resumed = Instant::now();
        for (place, thread) in threads {
            thread.assert_blocked();
            assert_eq!(thread.resume(), 1);
            assert_eq!(NtStatus(thread.join()), TIMEOUT, "{}", place.kind.name);
            place.assert_intact();
        }
        assert!(resumed.elapsed() < Duration::from_millis(4_900), "{:?}", resumed.elapsed());
    });
}

/// A thread that is terminated in its wait, suspended there or not, leaves nothing behind.
#[test]
fn th2_w39_terminated_in_the_wait() {
    within(|| {
        let nt = Nt::new();
        for kind in LOT_KINDS {
            for (suspended, timeout) in [(false, FOREVER), (true, FOREVER), (false, ms(60_000)), (true, ms(60_000))] {
                let place = kind.place(nt);
                let thread = place.blocked(timeout);
                if suspended {
                    thread.suspend_in_wait();
                }
                thread.kill(20);
                assert_eq!(thread.join(), 20, "{}", kind.name);
                place.assert_intact();
            }
        }
    });
}

/// One that is queued between others: they are served as if it had never been there.
#[test]
fn w39_in_the_middle_of_a_queue() {
    within(|| {
        let nt = Nt::new();
        for kind in LOT_KINDS.into_iter().filter(|kind| kind.has_queue) {
            let place = kind.place(nt);
            let threads = [(); 3].map(|()| place.blocked(FOREVER));
            threads[1].kill(5);
            assert_eq!(threads[1].end(), 5);
            for thread in [threads[0], threads[2]] {
                place.wake();
                assert_eq!(NtStatus(thread.end()), kind.ended, "{}", kind.name);
            }
            place.assert_intact();
        }
    });
}

/// A suspension against a wake: the wake is not lost to everybody, and the thread is satisfied once.
#[test]
fn w38_races() {
    within(|| {
        let nt = Nt::new();
        let mut random = Random::new(38);
        for round in trials(2_000) {
            let place = LOT_KINDS[round as usize % LOT_KINDS.len()].place(nt);
            let thread = place.blocked(FOREVER);
            let suspender = nt.thread(move || u32::from(nt.nt_suspend_thread(thread.handle).is_ok()));
            spin_for(Duration::from_nanos(random.below(30_000)));
            place.wake();
            if suspender.join() == 1 {
                let _ = thread.resume(); // it has ended meanwhile, perhaps
            }
            // It may have missed the wake; then it waits again, for one that comes later.
            while !thread.is_over() {
                place.wake();
            }
            assert_eq!(NtStatus(thread.join()), place.kind.ended, "{}", place.kind.name);
        }
    });
}

/// Threads that are killed at random moments of such calls.
#[test]
fn th2_kill_storm() {
    use core::sync::atomic::{AtomicU8, AtomicU64, Ordering};
    static BYTE: AtomicU8 = AtomicU8::new(0);
    static WORD: AtomicU64 = AtomicU64::new(0);
    fn step(stage: &'static Stage, random: &mut Random) {
        let nt = stage.nt;
        let timeout = random.pick(&[POLL, ms(1), Some(-100), Some(-2_000)]);
        let (key, alertable) = (random.pick(&[0, 2]), random.one_in(2));
        match random.below(10) {
            0 | 1 => drop(wait_on_address(&BYTE, 0, Timeout::from_nt(timeout))),
            2 => drop(wait_on_address(&WORD, WORD.load(Ordering::Relaxed), Timeout::from_nt(timeout))),
            3 => wake_address_single(&BYTE),
            4 => {
                WORD.fetch_add(1, Ordering::Relaxed);
                wake_address_all(&WORD);
            }
            5 => {
                let _ = nt.nt_wait_for_keyed_event(Handle::NULL, key, alertable, timeout);
            }
            6 => {
                let _ = nt.nt_release_keyed_event(Handle::NULL, key, alertable, timeout);
            }
            7 => {
                let _ = nt.nt_wait_for_alert_by_thread_id(0, timeout);
            }
            8 => {
                let _ = nt.nt_alert_thread_by_thread_id(random.below(64) as u32 * 4);
            }
            _ => stage.call(random),
        }
    }
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN, step);
        stage.storm(1_000);
        stage.assert_intact();
        for key in [0, 2] {
            assert_eq!(stage.nt.nt_release_keyed_event(Handle::NULL, key, false, POLL), TIMEOUT, "nobody is queued");
            assert_eq!(stage.nt.nt_wait_for_keyed_event(Handle::NULL, key, false, POLL), TIMEOUT, "nobody is queued");
        }
        LOT_KINDS.into_iter().for_each(|kind| kind.place(stage.nt).assert_intact());
    });
}
