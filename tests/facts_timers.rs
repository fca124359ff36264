//! Timers: facts T1 to T10, T12, T13, T20 to T22, U4, D3. Completion APCs (T11, T14 to T19) are in `facts_timer_apcs.rs`, what comes of
//! races, crowds and ends in `facts_timers_lives.rs`.
//!
//! Nothing here may expire early, by however little. Late is what a busy machine makes of it, so the only limit there is that of a hang.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::Instant;

use common::timers::{FAR, NOTIFICATION, NOW, SYNCHRONIZATION, TIMER_RIGHTS, TIMER_TYPES, date_in_ms, idle_apc, in_ms};
use common::{FOREVER, Nt, POLL, Worker, ms, now_1601, object, spin_for, within};
use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, TimerSet, TimerType};

/// Sets a timer and waits for it; how long that took.
#[track_caller]
fn expires(nt: Nt, timer: Handle, due: i64) -> Duration {
    let start = Instant::now();
    nt.set_timer(timer, due, 0);
    assert_eq!(nt.one(timer, FOREVER), object(0));
    start.elapsed()
}

/// There are two types, and no third.
#[test]
fn t1_u4_types() {
    within(|| {
        let nt = Nt::new();
        for wrong in [2, 3, u32::MAX] {
            let refused = nt.nt_create_timer(TIMER_RIGHTS, ObjectAttributes::NONE, TimerType(wrong));
            assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER_4), "{wrong}");
        }
        for timer_type in TIMER_TYPES {
            nt.close(nt.timer(timer_type));
        }
    });
}

/// A timer begins clear, and does not expire unless it is set.
#[test]
fn t2_a_new_timer() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            assert!(!nt.has_expired(timer));
            assert_eq!(nt.one(timer, ms(5)), NtStatus::TIMEOUT);
            assert!(!nt.cancel(timer));
        }
    });
}

/// Negative is relative, positive absolute; neither is early.
#[test]
fn t3_relative_and_absolute() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            for milliseconds in [0, 1, 7, 30] {
                let took = expires(nt, timer, in_ms(milliseconds).min(-1));
                assert!(took >= Duration::from_millis(milliseconds.unsigned_abs()), "{milliseconds} ms: {took:?}");
                let due = date_in_ms(milliseconds);
                expires(nt, timer, due);
                assert!(now_1601() >= due, "{milliseconds} ms early");
            }
            for ticks in [1_u64, 2, 9, 10, 11] {
                let took = expires(nt, timer, -i64::try_from(ticks).expect("a few ticks"));
                assert!(took >= Duration::from_nanos(ticks * 100), "{ticks} ticks: {took:?}");
            }
        }
    });
}

/// Zero, and a moment that has passed, are now: the timer is signalled when the call returns, and whoever waits is released.
#[test]
fn t3_what_is_due_expires_inside_the_call() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            for due in [0, 1, date_in_ms(-1), date_in_ms(-3_600_000)] {
                let timer = nt.timer(timer_type);
                nt.set_timer(timer, due, 0);
                assert!(nt.has_expired(timer), "{due}");
                assert_eq!(nt.one(timer, POLL), object(0));
                assert_eq!(nt.has_expired(timer), timer_type == NOTIFICATION);
                nt.set_timer(timer, FAR, 0);
                let waiters = [(); 3].map(|()| Worker::blocked(move || nt.one(timer, FOREVER)));
                let releases = if timer_type == NOTIFICATION { 1 } else { 3 };
                (0..releases).for_each(|_| assert!(!nt.set_timer(timer, due, 0)));
                waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), object(0)));
                assert_eq!(nt.has_expired(timer), timer_type == NOTIFICATION);
            }
        }
    });
}

/// Times that never come, and the first that there ever was.
#[test]
fn t3_the_ends_of_time() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        for due in [i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1] {
            for period in [0, 1, i32::MAX] {
                nt.set_timer(timer, due, period);
                assert_eq!(nt.one(timer, ms(1)), NtStatus::TIMEOUT, "{due}");
            }
        }
        assert!(expires(nt, timer, in_ms(1)) >= Duration::from_millis(1), "the nearer moment is not missed");
    });
}

/// Setting a timer for later clears it, whatever its type, and its earlier setting is forgotten.
#[test]
fn t4_a_set_clears() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            for due in [FAR, date_in_ms(3_600_000)] {
                nt.set_timer(timer, NOW, 0);
                assert!(nt.has_expired(timer));
                nt.set_timer(timer, due, 0);
                assert!(!nt.has_expired(timer));
            }
            nt.set_timer(timer, in_ms(20), 1);
            nt.set_timer(timer, FAR, 0);
            assert_eq!(nt.one(timer, ms(60)), NtStatus::TIMEOUT, "the earlier setting");
            nt.set_timer(timer, NOW, 1);
            nt.set_timer(timer, FAR, 0);
            assert_eq!(nt.one(timer, ms(20)), NtStatus::TIMEOUT, "the earlier period");
        }
    });
}

/// Setting an armed timer again does not release those who wait for it.
#[test]
fn t5_a_set_releases_nobody() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            nt.set_timer(timer, FAR, 0);
            let alone = Worker::blocked(move || nt.one(timer, FOREVER));
            for due in [FAR, FAR - 1, date_in_ms(3_600_000)] {
                assert!(!nt.set_timer(timer, due, 0));
                assert!(!nt.has_expired(timer));
                alone.assert_blocked();
            }
            nt.set_timer(timer, in_ms(1), 0);
            assert_eq!(alone.join(), object(0));
        }
    });
}

/// A cancel stops the timer and leaves and returns its state.
#[test]
fn t6_cancel() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            for period in [0, 5] {
                for due in [in_ms(15), date_in_ms(15)] {
                    nt.set_timer(timer, due, period);
                    if !nt.cancel(timer) {
                        assert_eq!(nt.one(timer, ms(40)), NtStatus::TIMEOUT, "it was cancelled before it was due");
                    }
                }
            }
            nt.set_timer(timer, NOW, 0);
            for _ in 0..2 {
                assert!(nt.cancel(timer));
                assert!(nt.has_expired(timer), "the state stays");
            }
            nt.set_timer(timer, FAR, 0);
            let waiter = Worker::blocked(move || nt.one(timer, FOREVER));
            assert!(!nt.cancel(timer));
            waiter.assert_blocked();
            nt.set_timer(timer, NOW, 0);
            assert_eq!(waiter.join(), object(0));
        }
    });
}

/// What a set returns is the signal state from before, and not whether the timer was armed.
#[test]
fn t7_the_previous_state() {
    within(|| {
        let nt = Nt::new();
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            assert!(!nt.set_timer(timer, FAR, 0));
            assert!(!nt.set_timer(timer, NOW, 0), "armed, and not signalled");
            assert!(nt.set_timer(timer, NOW, 0));
            assert!(nt.set_timer(timer, FAR, 0));
            assert!(!nt.set_timer(timer, FAR, 0));
        }
    });
}

/// A notification timer stays signalled until it is set again, also a periodic one; it releases everybody.
#[test]
fn t8_notification() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        let waiters = [(); 4].map(|()| Worker::blocked(move || nt.one(timer, FOREVER)));
        nt.set_timer(timer, in_ms(1), 1);
        waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), object(0)));
        for _ in 0..3 {
            assert_eq!(nt.any(&[timer], POLL), object(0));
            assert_eq!(nt.all(&[timer], POLL), object(0));
        }
        nt.set_timer(timer, FAR, 0);
        assert!(!nt.has_expired(timer));
    });
}

/// A synchronization timer releases one waiter for each expiry, the first that came, and what nobody waits for does not add up.
#[test]
fn t9_synchronization() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(SYNCHRONIZATION);
        let [first, second] = [(); 2].map(|()| Worker::blocked(move || nt.one(timer, FOREVER)));
        nt.set_timer(timer, in_ms(1), 0);
        assert_eq!(first.join(), object(0));
        second.assert_blocked();
        assert!(!nt.has_expired(timer), "its waiter has taken it");
        nt.set_timer(timer, in_ms(1), 0);
        assert_eq!(second.join(), object(0));
        nt.set_timer(timer, NOW, 1);
        spin_for(Duration::from_millis(20));
        nt.cancel(timer);
        assert_eq!(nt.one(timer, POLL), object(0));
        assert_eq!(nt.one(timer, POLL), NtStatus::TIMEOUT, "twenty periods, one flag");
    });
}

/// A period is not negative; that is looked at before the handle.
#[test]
fn t10_periods() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        for period in [-1, i32::MIN] {
            for handle in [timer, Handle::NULL, nt.auto(false)] {
                let refused = nt.nt_set_timer(handle, NOW, Some(idle_apc()), true, period);
                assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER_6), "{period}");
            }
        }
        assert!(!nt.has_expired(timer), "nothing was set");
        nt.set_timer(timer, NOW, i32::MAX);
        assert!(nt.has_expired(timer));
    });
}

/// After its first expiry a periodic timer expires at each period, whichever clock the first was on, and never before.
#[test]
fn t12_periods_begin_with_the_first_expiry() {
    within(|| {
        let nt = Nt::new();
        for absolute in [false, true] {
            let timer = nt.timer(SYNCHRONIZATION);
            let start = Instant::now();
            nt.set_timer(timer, if absolute { date_in_ms(20) } else { in_ms(20) }, 10);
            for number in 0..4 {
                assert_eq!(nt.one(timer, FOREVER), object(0));
                // The wall clock may be adjusted, slowly, while the first expiry is due on it.
                let least = Duration::from_millis(if absolute { 10 * number + 15 } else { 10 * number + 20 });
                assert!(start.elapsed() >= least, "number {number}, absolute {absolute}: {:?}", start.elapsed());
            }
            nt.cancel(timer);
        }
    });
}

/// Moves the wall clock for a moment, for real. Everything else on the machine that goes by it is disturbed, so it is done only
/// where somebody says that nobody minds. (That timers are on the clock they belong to, the unit tests show.)
#[test]
fn t13_d3_a_step_of_the_wall_clock() {
    use rustix::time::{ClockId, Timespec, clock_gettime, clock_settime};
    const HOUR: i64 = 3_600;
    if std::env::var_os("NTWAIT_TEST_SETS_CLOCK").is_none() {
        eprintln!("not tested: NTWAIT_TEST_SETS_CLOCK is not set");
        return;
    }
    let step = |seconds: i64| {
        let now = clock_gettime(ClockId::Realtime);
        clock_settime(ClockId::Realtime, Timespec { tv_sec: now.tv_sec + seconds, ..now })
    };
    let nt = Nt::new();
    let [relative, absolute] = [(); 2].map(|()| nt.timer(NOTIFICATION));
    nt.set_timer(relative, in_ms(HOUR * 500), 0);
    nt.set_timer(absolute, date_in_ms(HOUR * 500), 0);
    if let Err(error) = step(HOUR) {
        eprintln!("not tested: the clock cannot be set: {error}");
        return;
    }
    let moved = nt.one(absolute, ms(5_000));
    let stayed = nt.has_expired(relative);
    step(-HOUR).expect("the clock, set back");
    assert_eq!(moved, object(0), "an absolute timer follows the wall clock");
    assert!(!stayed, "a relative timer does not");
}

/// A timer cannot wake a machine that sleeps; that is said, and it is set all the same.
#[test]
fn t20_resume() {
    within(|| {
        let nt = Nt::new();
        let timer = nt.timer(NOTIFICATION);
        for previous_state in [false, true] {
            let set = nt.nt_set_timer(timer, NOW, None, true, 0);
            assert_eq!(set, Ok(TimerSet { status: NtStatus::TIMER_RESUME_IGNORED, previous_state }));
            assert!(NtStatus::TIMER_RESUME_IGNORED.is_success() && nt.has_expired(timer));
        }
    });
}

/// The class is looked at first, then the length, then the handle. The time that remains is negative when it has passed.
#[test]
fn t21_query() {
    within(|| {
        let nt = Nt::new();
        let (timer, event) = (nt.timer(SYNCHRONIZATION), nt.auto(false));
        let weak = nt.duplicate(timer, AccessMask::TIMER_MODIFY_STATE | AccessMask::SYNCHRONIZE).expect("a handle");
        let rows = [
            (timer, 1, 16, NtStatus::INVALID_INFO_CLASS),
            (Handle::NULL, 1, 3, NtStatus::INVALID_INFO_CLASS),
            (timer, 0, 15, NtStatus::INFO_LENGTH_MISMATCH),
            (Handle::NULL, 0, 17, NtStatus::INFO_LENGTH_MISMATCH),
            (Handle::NULL, 0, 16, NtStatus::INVALID_HANDLE),
            (event, 0, 16, NtStatus::OBJECT_TYPE_MISMATCH),
            (weak, 0, 16, NtStatus::ACCESS_DENIED),
            (timer, 0, 16, NtStatus::SUCCESS),
        ];
        for (handle, class, length, status) in rows {
            let (mut bytes, mut written) = ([0xAA; 17], 0xDEAD_BEEF);
            assert_eq!(nt.nt_query_timer(handle, class, &mut bytes[..length], Some(&mut written)), status);
            let untouched = written == 0xDEAD_BEEF && bytes == [0xAA; 17];
            assert_eq!(untouched, status != NtStatus::SUCCESS, "class {class}, length {length}");
        }
        for due in [in_ms(60_000), date_in_ms(60_000)] {
            nt.set_timer(timer, due, 0);
            let (remaining, state) = nt.look_at_timer(timer);
            assert!((1..=600_000_001).contains(&remaining) && !state, "{remaining}");
        }
        expires(nt, timer, in_ms(1));
        assert!(nt.look_at_timer(timer).0 <= 0);
        nt.set_timer(timer, NOW, 60_000);
        let (remaining, state) = nt.look_at_timer(timer);
        assert!((1..=600_000_001).contains(&remaining) && state, "until the next time: {remaining}");
    });
}

/// Setting and cancelling need one right; a handle of something else, or of nothing, is refused.
#[test]
fn t22_rights() {
    within(|| {
        let nt = Nt::new();
        let (timer, event) = (nt.timer(NOTIFICATION), nt.auto(false));
        let only = |rights| nt.duplicate(timer, rights).expect("a handle");
        let rows = [
            (only(AccessMask::TIMER_MODIFY_STATE), Ok(false)),
            (only(AccessMask::GENERIC_WRITE), Ok(false)),
            (only(AccessMask::TIMER_QUERY_STATE | AccessMask::SYNCHRONIZE), Err(NtStatus::ACCESS_DENIED)),
            (event, Err(NtStatus::OBJECT_TYPE_MISMATCH)),
            (Handle::CURRENT_PROCESS, Err(NtStatus::OBJECT_TYPE_MISMATCH)),
            (Handle::NULL, Err(NtStatus::INVALID_HANDLE)),
        ];
        for (handle, answer) in rows {
            let set = nt.nt_set_timer(handle, FAR, None, false, 0);
            assert_eq!(set.map(|set| set.previous_state), answer, "{handle:?}");
            assert_eq!(nt.nt_cancel_timer(handle), answer, "{handle:?}");
        }
        assert_eq!(nt.one(only(AccessMask::TIMER_MODIFY_STATE), POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.nt_set_event(timer), Err(NtStatus::OBJECT_TYPE_MISMATCH));
    });
}
