//! The typed face: an `Event` owns its handle, its methods say in Rust what the NT calls say in status codes.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::SystemTime;

use common::{AUTO, MANUAL, Nt, POLL, Worker, object, within};
use ntwait::{Ended, Event, Handle, NtStatus, Runtime, Timeout, Waitable, wait_all, wait_any};

const STEP: Duration = Duration::from_millis(10);

fn event(nt: Nt, auto: bool, set: bool) -> Event {
    Event::new_in(nt.0, if auto { AUTO } else { MANUAL }, set).expect("an event")
}

/// Each method against the state it reports, the state it leaves, and what the NT face sees through the same handle.
#[test]
fn methods_report_and_leave_the_state() {
    // method, what it returns if the event was clear and if it was set, state afterwards (auto, manual)
    type Row = (&'static str, fn(&Event) -> bool, [bool; 2], [[i32; 2]; 2]);
    const TABLE: [Row; 6] = [
        ("set", Event::set, [false, true], [[1, 1], [1, 1]]),
        ("reset", Event::reset, [false, true], [[0, 0], [0, 0]]),
        ("pulse", Event::pulse, [false, true], [[0, 0], [0, 0]]),
        ("is_set", Event::is_set, [false, true], [[0, 0], [1, 1]]),
        ("try_wait", Event::try_wait, [false, true], [[0, 0], [0, 1]]),
        ("wait_timeout", |event| event.wait_timeout(STEP), [false, true], [[0, 0], [0, 1]]),
    ];
    within(|| {
        let nt = Nt::new();
        for (name, method, answers, after) in TABLE {
            for set in [false, true] {
                for auto in [true, false] {
                    let event = event(nt, auto, set);
                    assert_eq!(method(&event), answers[usize::from(set)], "{name} of {event:?}");
                    let state = after[usize::from(set)][usize::from(!auto)];
                    nt.check(event.handle(), if auto { AUTO } else { MANUAL }, state);
                }
            }
        }
    });
}

/// Dropping an event closes its handle; who waits through a duplicate does not notice.
#[test]
fn drop_closes_the_handle() {
    within(|| {
        let nt = Nt::new();
        let event = event(nt, true, false);
        let handle = event.handle();
        let other = nt.duplicate(handle, common::FULL).expect("a duplicate");
        assert!(core::ptr::eq(event.runtime(), nt.0));
        let waiter = Worker::blocked(move || nt.one(other, common::FOREVER));
        drop(event);
        assert_eq!(nt.nt_close(handle), NtStatus::INVALID_HANDLE);
        nt.set(other);
        assert_eq!(waiter.join(), object(0));
        nt.check(other, AUTO, 0);
    });
}

/// An event that is not given a runtime lives in the global one, and is shared with threads by reference.
#[test]
fn the_global_runtime() {
    within(|| {
        let (auto, manual) =
            (Event::auto_reset(false).expect("an event"), Event::manual_reset(true).expect("an event"));
        assert!(core::ptr::eq(auto.runtime(), Runtime::global()));
        let handle = auto.handle();
        assert_eq!(Runtime::global().nt_wait_for_single_object(handle, false, POLL), NtStatus::TIMEOUT);
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                manual.wait();
                auto.wait();
                auto.is_set()
            });
            assert!(!auto.set());
            assert!(!waiter.join().expect("the waiter"), "it was taken");
        });
        assert!(manual.is_set() && !auto.is_set());
        drop(auto);
        assert_eq!(Runtime::global().nt_close(handle), NtStatus::INVALID_HANDLE);
        assert_eq!(Runtime::global().nt_close(Handle::NULL), NtStatus::INVALID_HANDLE);
    });
}

/// Waits for several events take a list of references and any form of time-out.
#[test]
fn waits_for_several() {
    within(|| {
        let nt = Nt::new();
        let (a, b, c) = (event(nt, true, false), event(nt, true, true), event(nt, false, true));
        let past = SystemTime::now() - STEP;
        assert_eq!(wait_any(&[&a, &b, &c], STEP), Ok(Ended::Object(1)));
        assert_eq!(wait_any(&[&a, &b, &c], None), Ok(Ended::Object(2)));
        assert_eq!(wait_any(&[&a, &b], Some(STEP)), Ok(Ended::TimedOut));
        assert_eq!(wait_any(&[&a, &b], Timeout::Poll), Ok(Ended::TimedOut));
        assert_eq!(wait_all(&[&a, &c], Timeout::At(past)), Ok(Ended::TimedOut));
        assert_eq!(wait_all(&[&a, &a], STEP), Err(NtStatus::INVALID_PARAMETER_MIX));
        a.set();
        assert_eq!(wait_all(&[&b, &a, &c], STEP), Ok(Ended::TimedOut));
        assert_eq!([a.is_set(), b.is_set(), c.is_set()], [true, false, true]);
        b.set();
        assert_eq!(wait_all(&[&b, &a, &c], Timeout::Never), Ok(Ended::Object(0)));
        assert_eq!([a.is_set(), b.is_set(), c.is_set()], [false, false, true]);
    });
}

/// A plain wait blocks until the set, and a timed one ends in time, not before.
#[test]
fn waits_block() {
    within(|| {
        let nt = Nt::new();
        for auto in [true, false] {
            let event: &'static Event = Box::leak(Box::new(event(nt, auto, false)));
            let plain = Worker::blocked(move || event.wait());
            let timed = Worker::blocked(move || event.wait_timeout(Duration::from_secs(60)));
            assert!(!event.set());
            plain.join();
            if auto {
                timed.assert_blocked();
                event.set();
            }
            assert!(timed.join());
            event.reset();
            let start = std::time::Instant::now();
            assert!(!event.wait_timeout(STEP));
            assert!(start.elapsed() >= STEP);
            assert!(!event.wait_timeout(Duration::ZERO));
        }
    });
}
