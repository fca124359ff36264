//! Models of alerts and APCs against signals and time-outs: the parking word.
//!
//! The waiter is the model's main thread, so that the others can be told whom to alert.

use ntwait::internals::{Thread, pass_time};
use ntwait::{Handle, NtStatus, WaitType};
use ntwait_models::nt::{Calls, NEVER, Nt, POLL, SOON};
use ntwait_models::{model, model_reaching, spawn};

/// What the thread still has to hear: the end of an alertable look at an object that is clear.
fn still_pending(nt: &Nt, clear: Handle) -> NtStatus {
    nt.wait_alertably(clear, POLL)
}

/// P2, W22: what was signalled before the alert is preferred to it, wherever in its wait the thread was.
///
/// A: set; alert B          B: wait alertably
#[test]
fn p2_alert_does_not_overtake_a_signal() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = Thread::current();
        let other = nt.spawn(move |nt| {
            nt.set(event);
            waiter.alert();
        });
        assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::WAIT_0);
        other.join().unwrap();
        assert_eq!(still_pending(&nt, event), NtStatus::ALERTED);
    });
}

/// P2: the same for the later of two objects, which the thread looks at when it is queued on the first.
///
/// A: set 1; alert B          B: wait alertably for 0 or 1
#[test]
fn p2_alert_does_not_overtake_a_signal_of_another_object() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let waiter = Thread::current();
        let other = nt.spawn(move |nt| {
            nt.set(events[1]);
            waiter.alert();
        });
        let status = nt.several_alertably(WaitType::ANY, &events, NEVER);
        assert_eq!(status, NtStatus(NtStatus::WAIT_0.0 + 1));
        other.join().unwrap();
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
        assert_eq!(still_pending(&nt, events[0]), NtStatus::ALERTED);
    });
}

/// P3, P4: an alert is not lost, wherever in its wait the thread is, and is used up by ending it.
///
/// A: alert B          B: wait alertably, for ever
#[test]
fn p3_alert_reaches_who_goes_to_sleep() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = Thread::current();
        let other = spawn(move || waiter.alert());
        assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::ALERTED);
        other.join().unwrap();
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        assert_eq!(still_pending(&nt, event), NtStatus::TIMEOUT);
    });
}

/// P3: nor is an APC, which the wait calls (A3); nor with two objects and a wait-all.
///
/// A: queue an APC to B          B: wait alertably for 0 (set) and 1, for ever
#[test]
fn p3_apc_reaches_a_wait_all() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(true), nt.auto(false)];
        let (me, calls) = (nt.me(), Calls::default());
        let other = nt.spawn({
            let calls = calls.clone();
            move |nt| nt.queue_apc(me, &calls, 1)
        });
        assert_eq!(nt.several_alertably(WaitType::ALL, &events, NEVER), NtStatus::USER_APC);
        assert_eq!(other.join().unwrap(), NtStatus::SUCCESS);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(1, 0), (0, 0)]);
        assert_eq!((calls.made(), still_pending(&nt, events[1])), (1, NtStatus::TIMEOUT));
    });
}

/// P1: an alert against a signal: one of them ends the wait, and the other is still there afterwards.
///
/// A: alert B          B: wait alertably          C: set
#[test]
fn p1_alert_against_signal() {
    model_reaching(&["signalled", "alerted"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = Thread::current();
        let alerter = spawn(move || waiter.alert());
        let setter = nt.spawn(move |nt| nt.set(event));
        let status = nt.wait_alertably(event, NEVER);
        alerter.join().unwrap();
        setter.join().unwrap();
        match (status, nt.state(event)) {
            (NtStatus::WAIT_0, 0) => {
                assert_eq!(still_pending(&nt, event), NtStatus::ALERTED);
                "signalled"
            }
            (NtStatus::ALERTED, 1) => {
                assert_eq!(nt.wait(event, POLL), NtStatus::WAIT_0);
                assert_eq!(still_pending(&nt, event), NtStatus::TIMEOUT);
                "alerted"
            }
            other => panic!("{other:?}"),
        }
    });
}

/// A13: an alert against a time-out: a wait that timed out leaves the alert pending.
///
/// A: alert B          B: wait alertably, may time out          C: time passes
#[test]
fn a13_alert_against_timeout() {
    model_reaching(&["timed out", "alerted"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = Thread::current();
        let alerter = spawn(move || waiter.alert());
        let clock = spawn(pass_time);
        let status = nt.wait_alertably(event, SOON);
        alerter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(nt.waiters(event), 0);
        let left = still_pending(&nt, event);
        match (status, left) {
            (NtStatus::TIMEOUT, NtStatus::ALERTED) => "timed out",
            (NtStatus::ALERTED, NtStatus::TIMEOUT) => "alerted",
            other => panic!("{other:?}"),
        }
    });
}

/// A8: an alert and an APC: each ends a wait, the alert first where both are there, and the APC stays.
///
/// A: queue an APC to B; alert B          B: wait alertably; look, look
#[test]
fn a8_alert_before_apc() {
    model_reaching(&["alert first", "apc first"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (me, calls) = (nt.me(), Calls::default());
        let other = nt.spawn({
            let calls = calls.clone();
            move |nt| [nt.queue_apc(me, &calls, 1), nt.alert(me)]
        });
        let first = (nt.wait_alertably(event, NEVER), calls.made());
        assert_eq!(other.join().unwrap(), [NtStatus::SUCCESS; 2]);
        let then = [still_pending(&nt, event), still_pending(&nt, event)];
        assert_eq!(calls.made(), 1);
        match (first, then) {
            ((NtStatus::ALERTED, 0), [NtStatus::USER_APC, NtStatus::TIMEOUT]) => "alert first",
            ((NtStatus::USER_APC, 1), [NtStatus::ALERTED, NtStatus::TIMEOUT]) => "apc first",
            other => panic!("{other:?}"),
        }
    });
}

/// P2: a wait that is not alertable is left alone, and the alert is kept for the next that is.
///
/// A: alert B; set          B: wait; look alertably
#[test]
fn p2_alert_waits_for_an_alertable_wait() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let never = nt.auto(false);
            let waiter = Thread::current();
            let other = nt.spawn(move |nt| {
                waiter.alert();
                nt.set(event);
            });
            assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0);
            assert_eq!(still_pending(&nt, never), NtStatus::ALERTED);
            other.join().unwrap();
        });
    }
}

/// P3, WA13: an alert by id is not lost, wherever on the way to its wait the thread is, and is used up by ending it.
///
/// A: alert B by its id          B: wait for an alert by id
#[test]
fn p3_alert_by_id_reaches_who_goes_to_sleep() {
    model(|| {
        let nt = Nt::new();
        let id = nt.my_id();
        let other = nt.spawn(move |nt| nt.alert_by_id(id));
        assert_eq!(nt.wait_for_alert(NEVER), NtStatus::ALERTED);
        assert_eq!(nt.wait_for_alert(POLL), NtStatus::TIMEOUT);
        assert_eq!(other.join().unwrap(), NtStatus::SUCCESS);
    });
}

/// P1, WA13: an alert by id against a time-out: it ended the wait, or ends the next.
///
/// A: alert B by its id          B: wait for an alert by id, may time out          C: time passes
#[test]
fn p1_alert_by_id_against_timeout() {
    model_reaching(&["alerted", "timed out"], || {
        let nt = Nt::new();
        let id = nt.my_id();
        let other = nt.spawn(move |nt| nt.alert_by_id(id));
        let clock = spawn(pass_time);
        let first = nt.wait_for_alert(SOON);
        assert_eq!(other.join().unwrap(), NtStatus::SUCCESS);
        clock.join().unwrap();
        match (first, nt.wait_for_alert(POLL)) {
            (NtStatus::ALERTED, NtStatus::TIMEOUT) => "alerted",
            (NtStatus::TIMEOUT, NtStatus::ALERTED) => "timed out",
            other => panic!("{other:?}"),
        }
    });
}
