//! Time-outs, delays and yielding: facts D1 to D3, D5 to D7, D11, W40.
//!
//! | facts | where |
//! |---|---|
//! | D1, D2, D5, D6, D7 (without an APC), D11, W40 | here |
//! | D3 | here as far as no clock is moved: each kind of time-out sleeps on its own clock |
//! | D4 | a bad pointer: a matter of the C face |
//! | D7, D8, D10 with APCs and alerts | wait for APCs |
//! | D9, D12–D14 | Win32 calls and the timer resolution, not of this face |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]
#![allow(unsafe_code, reason = "W40 wakes a futex word whose address the kernel told")]

mod common;

use core::sync::atomic::AtomicU32;
use core::time::Duration;
use std::time::{Instant, SystemTime};

use common::{AUTO, FOREVER, Nt, POLL, Worker, at_ms, ms, now_1601, object, within};
use ntwait::{Ended, Handle, NtStatus, Timeout};
use rustix::thread::futex;

/// A wait that expires: how long it took, and that it took nothing.
#[track_caller]
fn expires(nt: Nt, event: Handle, wait: impl FnOnce() -> NtStatus) -> Duration {
    let start = Instant::now();
    assert_eq!(wait(), NtStatus::TIMEOUT);
    let took = start.elapsed();
    nt.check(event, AUTO, 0);
    took
}

/// None waits for ever, 0 polls, negative is relative, positive absolute since 1601; none of them ends early.
#[test]
fn d1_the_four_kinds_of_timeout() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        for milliseconds in [1_i64, 20, 100] {
            let least = Duration::from_millis(milliseconds.unsigned_abs());
            for wait in
                [Nt::one as fn(Nt, Handle, Option<i64>) -> NtStatus, |nt, event, timeout| nt.any(&[event], timeout)]
            {
                let took = expires(nt, event, || wait(nt, event, ms(milliseconds)));
                assert!(took >= least, "relative {milliseconds} ms ended after {took:?}");
                let due = at_ms(milliseconds);
                expires(nt, event, || wait(nt, event, due));
                assert!(Some(now_1601()) >= due, "absolute {milliseconds} ms ended early");
            }
        }
        let blocked =
            [FOREVER, ms(60_000), at_ms(60_000)].map(|timeout| Worker::blocked(move || nt.one(event, timeout)));
        assert_eq!(nt.one(event, POLL), NtStatus::TIMEOUT);
        for worker in blocked {
            worker.assert_blocked();
            nt.set(event);
            assert_eq!(worker.join(), object(0));
        }
    });
}

/// The time-outs of the Rust face: never, poll, after a duration, at a time of the wall clock.
#[test]
fn d1_the_four_kinds_of_timeout_in_rust() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let step = Duration::from_millis(20);
        for wait in [Nt::wait_any_of as fn(Nt, Handle, Timeout) -> Ended, Nt::wait_all_of] {
            assert_eq!(wait(nt, event, Timeout::Poll), Ended::TimedOut);
            let start = Instant::now();
            assert_eq!(wait(nt, event, Timeout::After(step)), Ended::TimedOut);
            assert!(start.elapsed() >= step);
            let due = SystemTime::now() + step;
            assert_eq!(wait(nt, event, Timeout::At(due)), Ended::TimedOut);
            assert!(SystemTime::now() >= due);
            assert_eq!(wait(nt, event, Timeout::At(SystemTime::UNIX_EPOCH)), Ended::TimedOut);
            assert_eq!(wait(nt, event, Timeout::At(SystemTime::UNIX_EPOCH - step)), Ended::TimedOut);
            let far = SystemTime::now() + Duration::from_secs(3600);
            for timeout in [Timeout::Never, Timeout::After(Duration::MAX), Timeout::At(far)] {
                let worker = Worker::blocked(move || wait(nt, event, timeout));
                nt.set(event);
                assert_eq!(worker.join(), Ended::Object(0));
            }
        }
    });
}

/// An absolute time in the past acts like a poll.
#[test]
fn d2_the_past_is_a_poll() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        for past in [Some(1), Some(2), Some(1 << 40), at_ms(-86_400_000), at_ms(-1000), at_ms(-1)] {
            let took = expires(nt, event, || nt.one(event, past));
            assert!(took < Duration::from_secs(5), "{past:?} took {took:?}");
            nt.set(event);
            assert_eq!(nt.one(event, past), object(0), "{past:?}");
            nt.check(event, AUTO, 0);
        }
    });
}

/// Relative time-outs sleep on the monotonic clock, so that a step of the wall clock cannot move them; absolute ones on the wall clock.
#[test]
fn d3_each_kind_sleeps_on_its_clock() {
    const CLOCK_REALTIME_FLAG: u32 = 256;
    within(|| {
        let nt = Nt::new();
        let (event, clear) = (nt.auto(false), nt.auto(false));
        for (timeout, realtime) in [(ms(60_000), 0), (at_ms(60_000), CLOCK_REALTIME_FLAG)] {
            for waiter in [
                Worker::blocked(move || nt.one(event, timeout)),
                Worker::blocked(move || nt.any(&[clear, event], timeout)),
                Worker::blocked(move || nt.all(&[event], timeout)),
                Worker::blocked(move || nt.nt_wait_for_single_object(event, true, timeout)),
            ] {
                assert_eq!(waiter.futex().1 & CLOCK_REALTIME_FLAG, realtime, "{timeout:?}");
                nt.set(event);
                assert!(waiter.join().wait_index().is_some());
            }
        }
    });
}

/// A delay returns SUCCESS when it is over, not the time-out that it is made of; alertable or not.
#[test]
fn d5_a_delay_ends_with_success() {
    within(|| {
        let nt = Nt::new();
        for alertable in [false, true] {
            for milliseconds in [1_i64, 30] {
                let start = Instant::now();
                assert_eq!(nt.nt_delay_execution(alertable, -milliseconds * 10_000), NtStatus::SUCCESS);
                assert!(start.elapsed() >= Duration::from_millis(milliseconds.unsigned_abs()));
                let due = at_ms(milliseconds).expect("a time");
                assert_eq!(nt.nt_delay_execution(alertable, due), NtStatus::SUCCESS);
                assert!(now_1601() >= due);
            }
            for past in [1, now_1601() - 1] {
                assert_eq!(nt.nt_delay_execution(alertable, past), NtStatus::SUCCESS);
            }
        }
    });
}

/// A delay of zero yields: SUCCESS if another thread ran, NO_YIELD_PERFORMED if none was ready; so does the call for it.
#[test]
fn d6_d7_d11_a_delay_of_zero_yields() {
    within(|| {
        let nt = Nt::new();
        let two = [NtStatus::SUCCESS, NtStatus::NO_YIELD_PERFORMED];
        for _ in 0..100 {
            for status in [nt.nt_delay_execution(false, 0), nt.nt_delay_execution(true, 0), nt.nt_yield_execution()] {
                assert!(two.contains(&status), "{status}");
            }
        }
    });
}

/// A wait that has to sleep again keeps its due time: wakes that are for nobody neither end it nor make it longer.
#[test]
fn w40_stray_wakes_neither_end_nor_lengthen_a_wait() {
    within(|| {
        let nt = Nt::new();
        let (event, manual) = (nt.auto(false), nt.manual(false));
        let least = Duration::from_secs(1);
        for wait in [
            |nt: Nt, event, _| nt.one(event, ms(1_000)),
            |nt: Nt, _, manual| nt.one(manual, ms(1_000)),
            |nt: Nt, event, manual| nt.any(&[manual, event], ms(1_000)),
            |nt: Nt, event, manual| nt.all(&[manual, event], ms(1_000)),
            |nt: Nt, event, _| nt.one(event, at_ms(1_000)),
        ] {
            let start = Instant::now();
            let waiter = Worker::blocked(move || wait(nt, event, manual));
            let (word, operation) = waiter.futex();
            while !waiter.is_finished() {
                stray_wake(word, operation);
                // The rhythm of the wakes, no order: were the wait to begin anew at each of them, it would never end.
                std::thread::sleep(Duration::from_millis(2));
            }
            assert_eq!(waiter.join(), NtStatus::TIMEOUT);
            assert!(start.elapsed() + Duration::from_millis(1) >= least, "ended after {:?}", start.elapsed());
        }
        assert_eq!(nt.states([event, manual]), [0, 0]);
    });
}

/// Wakes whoever sleeps on the word at this address, without any change of it.
fn stray_wake(word: usize, operation: u32) {
    let word = core::ptr::with_exposed_provenance_mut::<u32>(word);
    // SAFETY: a thread sleeps or slept on this word, which lies in memory that the runtime, never dropped, keeps mapped and aligned.
    let word = unsafe { AtomicU32::from_ptr(word) };
    let private = if operation & 128 == 0 { futex::Flags::empty() } else { futex::Flags::PRIVATE };
    futex::wake(word, private, u32::MAX >> 1).expect("a wake");
}
