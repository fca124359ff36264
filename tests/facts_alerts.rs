//! Alerts: facts A7, A8, A21 to A28, D8, W22.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::nt_threads::{Log, ME, in_any_thread};
use common::wait_kinds::WAIT_KINDS;
use common::{FOREVER, Nt, POLL, ms, object, within};
use ntwait::{AccessMask, Handle, NtStatus, Thread};

const SUCCESS: NtStatus = NtStatus::SUCCESS;
const USER_APC: NtStatus = NtStatus::USER_APC;
const ALERTED: NtStatus = NtStatus::ALERTED;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// An alert goes before an APC, and an APC before the alert that comes with a resumption, in whatever order they came.
#[test]
fn a7_a8_alert_then_apc_then_soft_alert() {
    in_any_thread(|nt| {
        let (log, clear) = (Log::new(), nt.auto(false));
        let requests: [&dyn Fn(); 3] = [
            &|| assert_eq!(nt.nt_alert_thread(ME), SUCCESS),
            &|| assert_eq!(nt.queue_note(ME, log, 1), SUCCESS),
            &|| assert_eq!(nt.nt_alert_resume_thread(ME), Ok(0)),
        ];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for timeout in [POLL, ms(60_000), FOREVER] {
                order.into_iter().for_each(|request| requests[request]());
                assert_eq!((nt.alertable(clear, timeout), log.take()), (ALERTED, vec![]), "{order:?}");
                assert_eq!((nt.alertable(clear, timeout), log.take()), (USER_APC, vec![1]), "{order:?}");
                assert_eq!((nt.alertable(clear, timeout), log.take()), (ALERTED, vec![]), "{order:?}");
                assert_eq!(nt.alertable(clear, POLL), TIMEOUT, "{order:?}");
            }
        }
    });
}

/// NtTestAlert: an alert is used up and leaves the APCs; else the APCs run; else nothing.
#[test]
fn a21_a22_a23_test_alert() {
    in_any_thread(|nt| {
        let log = Log::new();
        assert_eq!(nt.nt_test_alert(), SUCCESS);
        assert_eq!(nt.queue_note(ME, log, 1), SUCCESS);
        assert_eq!(nt.queue_note(ME, log, 2), SUCCESS);
        assert_eq!(nt.nt_alert_thread(ME), SUCCESS);
        assert_eq!((nt.nt_test_alert(), log.take()), (ALERTED, vec![]));
        assert_eq!((nt.nt_test_alert(), log.take()), (SUCCESS, vec![1, 2]));
        assert_eq!((nt.nt_test_alert(), log.take()), (SUCCESS, vec![]));
    });
}

/// A thread that the library has never heard of has nothing pending.
#[test]
fn a23_test_alert_in_a_fresh_thread() {
    within(|| {
        let nt = Nt::new();
        assert_eq!(std::thread::spawn(move || nt.nt_test_alert()).join().expect("a thread"), SUCCESS);
    });
}

/// An alert ends a blocked alertable wait of every kind; nothing is taken and nothing stays in a queue.
#[test]
fn a24_an_alert_ends_a_blocked_alertable_wait() {
    within(|| {
        let nt = Nt::new();
        for kind in WAIT_KINDS.into_iter().filter(|kind| kind.alertable) {
            let alerts: [fn(Nt, Handle); 2] = [
                |nt, thread| assert_eq!(nt.nt_alert_thread(thread), SUCCESS),
                |nt, thread| assert_eq!(nt.nt_alert_resume_thread(thread), Ok(0)),
            ];
            for alert in alerts {
                let scene = kind.scene(nt);
                let thread = scene.blocked(FOREVER);
                alert(nt, thread.handle);
                assert_eq!(thread.join(), ALERTED.0, "{}", kind.name);
                scene.assert_intact();
            }
        }
    });
}

/// An alert that finds the thread in no alertable wait is kept for the next one.
#[test]
fn a24_a25_the_alert_is_a_flag_that_stays() {
    in_any_thread(|nt| {
        for kind in WAIT_KINDS.into_iter().filter(|kind| kind.alertable) {
            for timeout in [POLL, ms(60_000), FOREVER] {
                let scene = kind.scene(nt);
                // A flag, not a count.
                (0..3).for_each(|_| assert_eq!(nt.nt_alert_thread(ME), SUCCESS));
                assert_eq!(nt.one(scene.events[0], ms(1)), TIMEOUT);
                assert_eq!(scene.wait(timeout), ALERTED, "{}", kind.name);
                assert_eq!(scene.wait(POLL), TIMEOUT, "{}", kind.name);
                scene.assert_intact();
            }
        }
    });
}

/// An object that is signalled already goes before the alert, which stays.
#[test]
fn a24_w22_an_object_goes_before_the_alert() {
    in_any_thread(|nt| {
        for kind in WAIT_KINDS.into_iter().filter(|kind| kind.alertable) {
            let scene = kind.scene(nt);
            assert_eq!(nt.nt_alert_thread(ME), SUCCESS);
            scene.complete();
            assert_eq!(scene.wait(POLL), kind.ended, "{}", kind.name);
            scene.clear();
            assert_eq!(scene.wait(FOREVER), ALERTED, "{}", kind.name);
        }
    });
}

/// A wait that is not alertable is not ended, and the flag is there afterwards.
#[test]
fn a26_an_alert_leaves_other_waits_alone() {
    within(|| {
        let nt = Nt::new();
        for kind in WAIT_KINDS.into_iter().filter(|kind| !kind.alertable) {
            let scene = kind.scene(nt);
            let thread = nt.blocked(move || {
                let status = scene.wait(FOREVER);
                assert_eq!(status, kind.ended);
                nt.nt_test_alert().0
            });
            assert_eq!(nt.nt_alert_thread(thread.handle), SUCCESS);
            thread.assert_blocked();
            scene.complete();
            assert_eq!(thread.join(), ALERTED.0, "{}", kind.name);
        }
    });
}

/// THREAD_ALERT or THREAD_SUSPEND_RESUME for an alert, THREAD_SUSPEND_RESUME for one that resumes.
#[test]
fn a27_rights() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.suspended(|| 0);
        let (alert, suspend) = (AccessMask::THREAD_ALERT, AccessMask::THREAD_SUSPEND_RESUME);
        assert_eq!(nt.nt_alert_thread(nt.without(thread.handle, alert | suspend)), NtStatus::ACCESS_DENIED);
        for right in [alert, suspend, AccessMask::GENERIC_WRITE] {
            assert_eq!(nt.nt_alert_thread(nt.with_rights(thread.handle, right)), SUCCESS);
        }
        let weak = nt.without(thread.handle, suspend);
        assert_eq!(nt.nt_alert_resume_thread(weak), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(nt.nt_alert_resume_thread(nt.with_rights(thread.handle, suspend)), Ok(1));
        assert_eq!(nt.nt_alert_thread(nt.auto(true)), NtStatus::OBJECT_TYPE_MISMATCH);
        assert_eq!(nt.nt_alert_thread(Handle::NULL), NtStatus::INVALID_HANDLE);
        assert_eq!(thread.join(), 0);
    });
}

/// Alert and resume in one step; the answer is the suspend count before. APCs go before this alert.
#[test]
fn a28_alert_resume() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        for (waits_alertably, ended) in [(true, ALERTED), (false, SUCCESS)] {
            let event = nt.auto(false);
            let thread = nt.blocked(move || nt.nt_wait_for_single_object(event, waits_alertably, FOREVER).0);
            assert_eq!((thread.suspend(), thread.suspend()), (0, 1));
            assert_eq!(nt.nt_alert_resume_thread(thread.handle), Ok(2));
            // Still suspended once: even the alert does not end the wait yet.
            thread.assert_blocked();
            assert_eq!(nt.nt_alert_resume_thread(thread.handle), Ok(1));
            if !waits_alertably {
                thread.assert_blocked();
                nt.set(event);
            }
            assert_eq!(NtStatus(thread.join()), ended);
        }
        let event = nt.auto(false);
        let thread = nt.blocked(move || {
            let first = nt.alertable(event, FOREVER);
            if first == USER_APC { nt.alertable(event, FOREVER).0 } else { first.0 }
        });
        assert_eq!(thread.suspend(), 0);
        assert_eq!(nt.queue_note(thread.handle, log, 28), SUCCESS);
        assert_eq!(nt.nt_alert_resume_thread(thread.handle), Ok(1));
        assert_eq!((thread.join(), log.take()), (ALERTED.0, vec![28]));
    });
}

/// An alert ends an alertable delay, and is kept by one that is not.
#[test]
fn d8_an_alert_ends_an_alertable_delay() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.blocked(move || nt.nt_delay_execution(true, i64::MIN).0);
        assert_eq!(nt.nt_alert_thread(thread.handle), SUCCESS);
        assert_eq!(thread.join(), ALERTED.0);
        for interval in [0, -1, -600_000_000, 1] {
            assert_eq!(nt.nt_alert_thread(ME), SUCCESS);
            assert_eq!(nt.nt_delay_execution(false, interval.max(-10_000)), SUCCESS);
            assert_eq!(nt.nt_delay_execution(true, interval), ALERTED, "{interval}");
        }
    });
}

/// A dead thread cannot be alerted; resuming it is a success with the count 0 (TH15).
#[test]
fn a24_the_dead_are_not_alerted() {
    within(|| {
        let nt = Nt::new();
        let dead = nt.dead(0);
        assert_eq!(nt.nt_alert_thread(dead.handle), NtStatus::THREAD_IS_TERMINATING);
        assert_eq!(nt.nt_alert_resume_thread(dead.handle), Ok(0));
    });
}

/// An alert that was left for one thread does not reach the next, even if that runs in the same Linux thread.
#[test]
fn a25_alerts_end_with_the_thread() {
    within(|| {
        let nt = Nt::new();
        let (event, go) = (nt.auto(false), nt.auto(false));
        for _ in 0..100 {
            let thread = nt.suspended(move || nt.one(go, FOREVER).0);
            assert_eq!(nt.nt_alert_thread(thread.handle), SUCCESS);
            nt.set(go);
            thread.resume();
            assert_eq!(thread.join(), 0);
            assert_eq!(nt.thread(move || nt.alertable(event, POLL).0).join(), TIMEOUT.0);
        }
        let typed = Thread::builder().runtime(nt.0).spawn(move || nt.alertable(event, FOREVER)).expect("a thread");
        typed.alert().expect("an alert");
        assert_eq!(typed.join().expect("a status"), ALERTED);
        assert_eq!(nt.one(event, POLL), TIMEOUT);
        assert_eq!(object(0), NtStatus::WAIT_0);
    });
}
