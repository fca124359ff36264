//! Timers in crowds, in races, in waits for several objects, and at the end of what they belong to: facts T4, T6, W35, D1, H9.

#![allow(unsafe_code, reason = "fork")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::Instant;

use common::nt_threads::until;
use common::timers::{FAR, NOTIFICATION, NOW, SYNCHRONIZATION, TIMER_TYPES, create_in, in_ms, in_us, threads_named};
use common::{FOREVER, Nt, POLL, Random, Worker, ms, object, spin_for, trials, within};
use ntwait::{AccessMask, NtStatus, ObjectAttributes, ObjectName, Runtime};

/// Ten thousand timers at once, half of them cancelled: none is early, none is lost, none of the others expires. One thread and
/// three descriptors serve them all, and those of another runtime.
#[test]
fn ten_thousand_timers() {
    within(|| {
        let (nt, other) = (Nt::new(), Nt::new());
        let descriptors = || std::fs::read_dir("/proc/self/fd").expect("the descriptors").count();
        let before = descriptors();
        let mut random = Random::new(7);
        let start = Instant::now();
        let timers: Vec<_> = (0..10_000)
            .map(|number| {
                let nt = if number % 2 == 0 { nt } else { other };
                (nt, nt.timer(TIMER_TYPES[number / 2 % 2]), random.below(50_000), number % 4 < 2)
            })
            .collect();
        for (nt, timer, microseconds, _) in &timers {
            nt.set_timer(*timer, in_us(i64::try_from(300_000 + microseconds).expect("a short time")), 0);
        }
        let cancelled: Vec<_> = timers.iter().filter(|timer| timer.3 && !timer.0.cancel(timer.1)).collect();
        assert_eq!(threads_named("ntwait-service"), 1);
        assert!(descriptors() <= before + 3 + 4, "other tests may open some");
        for (nt, timer, microseconds, _) in timers.iter().filter(|timer| !timer.3) {
            assert_eq!(nt.one(*timer, FOREVER), object(0));
            assert!(start.elapsed() >= Duration::from_micros(300_000 + microseconds));
        }
        spin_for(Duration::from_millis(20));
        assert!(cancelled.iter().all(|(nt, timer, ..)| !nt.has_expired(*timer)));
        timers.iter().for_each(|(nt, timer, ..)| nt.close(*timer));
    });
}

/// A cancel or another set that has returned is not followed by an expiry of the setting before.
#[test]
fn t4_t6_no_expiry_after_a_cancel_or_another_set() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        for trial in trials(4_000) {
            nt.set_timer(timer, in_us(60), if trial % 4 < 2 { 0 } else { 1 });
            spin_for(Duration::from_nanos(u64::from(trial) * 37 % 120_000));
            let state = if trial % 2 == 0 {
                nt.cancel(timer)
            } else {
                nt.set_timer(timer, FAR, 0);
                false
            };
            for _ in 0..20 {
                assert_eq!(nt.has_expired(timer), state, "trial {trial}");
            }
        }
    });
}

/// Several threads set, cancel, wait for and look at one timer, each as it likes; afterwards it works as any other.
#[test]
fn one_timer_for_many_threads() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            let threads = [1, 2, 3].map(|seed| {
                std::thread::spawn(move || {
                    let mut random = Random::new(seed);
                    for _ in 0..5_000 {
                        match random.below(8) {
                            0 => {
                                nt.cancel(timer);
                            }
                            1 => {
                                nt.set_timer(timer, NOW, 0);
                            }
                            2 => {
                                nt.set_timer(timer, in_us(20), 1);
                            }
                            3 => {
                                nt.set_timer(timer, common::timers::date_in_ms(0), 0);
                            }
                            4 => {
                                nt.look_at_timer(timer);
                            }
                            5 => {
                                let _ = nt.one(timer, Some(-10));
                            }
                            _ => {
                                nt.set_timer(timer, in_us(10), 0);
                            }
                        }
                    }
                })
            });
            threads.into_iter().for_each(|thread| thread.join().expect("a thread"));
            nt.set_timer(timer, FAR, 0);
            assert_eq!(nt.one(timer, ms(5)), NtStatus::TIMEOUT);
            nt.set_timer(timer, in_ms(1), 0);
            assert_eq!(nt.one(timer, FOREVER), object(0));
        }
    });
}

/// Timers in waits together with other objects: one of several, and all in one step.
#[test]
fn timers_in_waits_for_several() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let (timer, event) = (nt.timer(timer_type), nt.auto(false));
            let any = Worker::blocked(move || nt.any(&[event, timer], FOREVER));
            nt.set_timer(timer, in_us(500), 0);
            assert_eq!(any.join(), object(1));
            nt.set_timer(timer, FAR, 0);
            let all = Worker::blocked(move || nt.all(&[event, timer], FOREVER));
            nt.set_timer(timer, in_us(500), 0);
            until("the timer has expired", || nt.has_expired(timer));
            all.assert_blocked();
            nt.set(event);
            assert_eq!(all.join(), object(0));
            assert_eq!(nt.has_expired(timer), timer_type == NOTIFICATION);
            let all = Worker::blocked(move || nt.all(&[event, timer, nt.manual(true)], FOREVER));
            nt.set(event);
            nt.set_timer(timer, if timer_type == NOTIFICATION { NOW } else { in_us(100) }, 0);
            assert_eq!(all.join(), object(0));
        }
    });
}

/// A timer that is closed while it is armed is gone: what comes to lie in its place is not touched.
#[test]
fn h9_closed_while_armed() {
    within(|| {
        let nt = Nt::new();
        for round in 0..200 {
            let timers = [(); 16].map(|()| nt.timer(SYNCHRONIZATION));
            timers.iter().for_each(|timer| assert!(!nt.set_timer(*timer, in_us(50 + round), 1)));
            timers.iter().for_each(|timer| nt.close(*timer));
            let others = [(); 16].map(|()| nt.timer(SYNCHRONIZATION));
            let events = nt.autos::<16>();
            spin_for(Duration::from_micros(100));
            assert!(others.iter().all(|timer| !nt.has_expired(*timer)));
            assert_eq!(nt.states(events), [0; 16]);
            others.into_iter().chain(events).for_each(|handle| nt.close(handle));
        }
    });
}

/// A timer whose last handle is closed while somebody waits for it stays armed, and expires for him.
#[test]
fn w35_closed_while_waited_for() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            for all in [false, true] {
                let timer = nt.timer(timer_type);
                let other = nt.manual(true);
                let waiter = Worker::blocked(move || match all {
                    true => nt.all(&[timer, other], FOREVER),
                    false => nt.one(timer, FOREVER),
                });
                nt.set_timer(timer, in_ms(20), 0);
                nt.close(timer);
                assert_eq!(nt.one(timer, POLL), NtStatus::INVALID_HANDLE);
                assert_eq!(waiter.join(), object(0));
            }
        }
    });
}

/// A runtime can be dropped with timers armed, with and without names, due at that very moment too.
#[test]
fn a_runtime_dropped_with_armed_timers() {
    within(|| {
        for trial in trials(500) {
            let runtime = Runtime::new().expect("a runtime");
            for number in 0..20 {
                let name = ObjectName::new(&format!("\\BaseNamedObjects\\{number}")).expect("a name");
                let attributes = if number % 3 == 0 { ObjectAttributes::named(&name) } else { ObjectAttributes::NONE };
                let access = AccessMask::TIMER_ALL_ACCESS;
                let timer = runtime.nt_create_timer(access, attributes, SYNCHRONIZATION).expect("a timer");
                let due = if number % 2 == 0 { FAR } else { in_us(i64::from(trial % 80) + 1) };
                runtime.nt_set_timer(timer, due, None, false, 1).expect("a timer that can be set");
            }
            spin_for(Duration::from_micros(u64::from(trial % 50)));
        }
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        nt.set_timer(timer, in_ms(1), 0);
        assert_eq!(nt.one(timer, FOREVER), object(0));
    });
}

/// A child of `fork` has none of its parent's timers, and can have its own.
#[test]
fn fork() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        nt.set_timer(timer, in_ms(30), 0);
        // SAFETY: the child runs what is below, and ends.
        let child = unsafe { libc::fork() };
        assert!(child >= 0, "a child");
        if child == 0 {
            // SAFETY: kills the child, should it hang.
            unsafe { libc::alarm(20) };
            let mut wrong = 0;
            let refused = nt.nt_set_timer(timer, NOW, None, false, 0);
            wrong |= i32::from(refused != Err(NtStatus::INVALID_HANDLE));
            wrong |= i32::from(create_in(nt.0, NOTIFICATION) != Err(NtStatus::INSUFFICIENT_RESOURCES)) << 1;
            let own = Runtime::global();
            let status = create_in(own, SYNCHRONIZATION).map(|timer| {
                let set = own.nt_set_timer(timer, in_ms(2), None, false, 0);
                (set.is_ok(), own.nt_wait_for_single_object(timer, false, ms(10_000)))
            });
            wrong |= i32::from(status != Ok((true, NtStatus::WAIT_0))) << 2;
            // SAFETY: no frame has anything to drop.
            unsafe { libc::_exit(wrong) };
        }
        let mut status = 0;
        // SAFETY: our own child, and a place for its status.
        unsafe { libc::waitpid(child, &raw mut status, 0) };
        assert_eq!(status, 0, "exit code {}", libc::WEXITSTATUS(status));
        assert_eq!(nt.one(timer, FOREVER), object(0), "the parent's timer is the parent's");
    });
}

/// Without a descriptor to be had no timer can be made, and that is said; later it can.
#[test]
fn no_descriptors() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    // SAFETY: the child runs what is below, and ends. It is a process without timers, as the limit is a process's.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "a child");
    if child == 0 {
        // SAFETY: kills the child, should it hang.
        unsafe { libc::alarm(20) };
        let nt = Runtime::global();
        let limit = |most| setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(1024) });
        let mut wrong = i32::from(limit(1).is_err());
        wrong |= i32::from(create_in(nt, NOTIFICATION) != Err(NtStatus::INSUFFICIENT_RESOURCES)) << 1;
        wrong |= i32::from(limit(1024).is_err()) << 2;
        wrong |= i32::from(create_in(nt, NOTIFICATION).is_err()) << 3;
        // SAFETY: no frame has anything to drop.
        unsafe { libc::_exit(wrong) };
    }
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(status, 0, "exit code {}", libc::WEXITSTATUS(status));
}
