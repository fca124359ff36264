//! The typed timer: what it adds to the calls that it makes.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::within;
use core::time::Duration;
use ntwait::{Ended, Event, NtStatus, Timer, wait_all, wait_any};
use std::time::{Instant, SystemTime};

const MILLISECOND: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// It stays expired, until it is set again.
#[test]
fn one_shot() {
    within(|| {
        let timer = Timer::one_shot().expect("a timer");
        let start = Instant::now();
        assert!(!timer.set_after(3 * MILLISECOND));
        timer.wait();
        assert!(start.elapsed() >= 3 * MILLISECOND);
        assert!(timer.has_expired() && timer.wait_timeout(Duration::ZERO));
        assert!(timer.set_after(HOUR), "it had expired");
        assert!(!timer.has_expired() && !timer.wait_timeout(MILLISECOND));
        assert!(!timer.cancel());
        for at_once in [Duration::ZERO, Duration::from_nanos(1)] {
            timer.set_after(HOUR);
            timer.set_after(at_once);
            timer.wait();
        }
        assert!(timer.cancel(), "it stays expired");
        timer.set_after(Duration::MAX);
        assert!(!timer.wait_timeout(MILLISECOND));
    });
}

/// At a moment of the wall clock; the past is now.
#[test]
fn at_a_date() {
    within(|| {
        let timer = Timer::one_shot().expect("a timer");
        let due = SystemTime::now() + 3 * MILLISECOND;
        timer.set_at(due);
        timer.wait();
        assert!(SystemTime::now() >= due);
        for past in [SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH - HOUR, SystemTime::now() - MILLISECOND] {
            timer.set_after(HOUR);
            timer.set_at(past);
            assert!(timer.has_expired());
        }
        timer.set_at(SystemTime::now() + HOUR);
        assert!(!timer.has_expired());
    });
}

/// Each expiry releases one; it goes on until it is stopped.
#[test]
fn periodic() {
    within(|| {
        assert_eq!(Timer::periodic(Duration::ZERO).err(), Some(NtStatus::INVALID_PARAMETER));
        let timer = Timer::periodic(2 * MILLISECOND).expect("a timer");
        assert!(!timer.wait_timeout(5 * MILLISECOND), "it was not set");
        let start = Instant::now();
        timer.set_after(2 * MILLISECOND);
        for number in 1..=5 {
            timer.wait();
            assert!(start.elapsed() >= number * 2 * MILLISECOND);
        }
        timer.cancel();
        let _ = timer.wait_timeout(Duration::ZERO);
        assert!(!timer.wait_timeout(5 * MILLISECOND));
    });
}

/// Together with other objects.
#[test]
fn in_waits_for_several() {
    within(|| {
        let (timer, event) = (Timer::one_shot().expect("a timer"), Event::auto_reset(false).expect("an event"));
        timer.set_after(MILLISECOND);
        assert_eq!(wait_any(&[&event, &timer], None), Ok(Ended::Object(1)));
        assert_eq!(wait_all(&[&event, &timer], MILLISECOND), Ok(Ended::TimedOut));
        event.set();
        assert_eq!(wait_all(&[&event, &timer], None), Ok(Ended::Object(0)));
    });
}
