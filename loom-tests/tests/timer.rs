//! Models of timers: an expiry that is under way meets a cancel, another set, a wait, the end of the thread that is to be told.

use ntwait::NtStatus;
use ntwait::internals::{expire_timers, pass_time};
use ntwait_models::nt::{Calls, NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, spawn};

/// What the service thread does when the moment comes.
fn expire() {
    pass_time();
    expire_timers();
}

/// M1: after a cancel the state stays what the cancel said: the expiry comes before, or not at all.
///
/// A: cancel T                B: T is due
#[test]
fn m1_expiry_against_cancel() {
    model_reaching(&["expired", "cancelled"], || {
        let nt = Nt::new();
        let timer = nt.timer();
        nt.set_timer(timer, None);
        let service = spawn(expire);
        let state = nt.cancel(timer);
        let after = nt.has_expired(timer);
        service.join().unwrap();
        assert_eq!([after, nt.has_expired(timer)], [state; 2]);
        if state { "expired" } else { "cancelled" }
    });
}

/// U1: an expiry reaches who waits, and who comes later.
///
/// A: wait for T, for ever                B: T is due
#[test]
fn m1_expiry_against_wait() {
    model(|| {
        let nt = Nt::new();
        let timer = nt.timer();
        nt.set_timer(timer, None);
        let service = spawn(expire);
        assert_eq!(nt.wait(timer, NEVER), NtStatus::WAIT_0);
        service.join().unwrap();
        assert!(!nt.has_expired(timer), "the wait has taken it");
        assert_eq!(nt.waiters(timer), 0);
    });
}

/// O1, T6: a call is made before the cancel has returned, or not at all; and the thread is told of no other.
///
/// A: wait alertably for E                B: T is due, with an APC for A                C: cancel T; set E
#[test]
fn o1_call_against_cancel() {
    model_reaching(&["called", "taken back", "told, and taken back"], || {
        let nt = Nt::new();
        let (timer, event, calls) = (nt.timer(), nt.auto(false), Calls::default());
        nt.set_timer(timer, Some(calls.of_a_timer()));
        let service = spawn(expire);
        let canceller = nt.spawn(move |nt| {
            nt.cancel(timer);
            nt.set(event);
        });
        let status = nt.wait_alertably(event, NEVER);
        let made = calls.made();
        if status == NtStatus::USER_APC {
            assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0);
        }
        service.join().unwrap();
        canceller.join().unwrap();
        assert_eq!(nt.wait_alertably(event, POLL), NtStatus::TIMEOUT);
        assert_eq!(calls.made(), made, "nothing is called after the cancel");
        match (status, made) {
            (NtStatus::USER_APC, 1) => "called",
            (NtStatus::USER_APC, 0) => "told, and taken back",
            (NtStatus::WAIT_0, 0) => "taken back",
            other => panic!("{other:?}"),
        }
    });
}

/// O3, T17: a timer with an APC does not expire after the end of the thread that has set it, and nobody else gets the call.
///
/// A: set T with an APC; end                B: T is due
#[test]
fn o3_expiry_against_the_end_of_the_thread() {
    model_reaching(&["expired", "cancelled"], || {
        let nt = Nt::new();
        let (timer, armed, calls) = (nt.timer(), nt.auto(false), Calls::default());
        let thread = nt.thread({
            let apc = calls.clone();
            move |nt| {
                nt.set_timer(timer, Some(apc.of_a_timer()));
                nt.set(armed);
            }
        });
        assert_eq!(nt.wait(armed, NEVER), NtStatus::WAIT_0);
        let service = spawn(expire);
        nt.ended(thread);
        let state = nt.has_expired(timer);
        service.join().unwrap();
        assert_eq!(nt.has_expired(timer), state);
        assert_eq!((nt.wait_alertably(armed, POLL), calls.made()), (NtStatus::TIMEOUT, 0));
        if state { "expired" } else { "cancelled" }
    });
}

/// O4, T18: an expiry queues no call of a setting that came after it.
///
/// A: set T anew, with an APC; look alertably                B: T is due by its first setting, with an APC
#[test]
fn o4_call_of_another_setting() {
    model_reaching(&["not called", "called by the second"], || {
        let nt = Nt::new();
        let (timer, clear) = (nt.timer(), nt.auto(false));
        let (first, second) = (Calls::default(), Calls::default());
        nt.set_timer(timer, Some(first.of_a_timer()));
        let service = spawn(expire);
        nt.set_timer(timer, Some(second.of_a_timer()));
        service.join().unwrap();
        let expired = nt.has_expired(timer);
        let status = nt.wait_alertably(clear, POLL);
        nt.cancel(timer);
        assert_eq!(first.made(), 0, "T18");
        match (expired, status, second.made()) {
            (true, NtStatus::USER_APC, 1) => "called by the second",
            // Natively it may expire after the first look.
            (false, NtStatus::USER_APC, 1) if cfg!(not(ntwait_loom)) => "called by the second",
            (false, NtStatus::TIMEOUT, 0) => "not called",
            other => panic!("{other:?}"),
        }
    });
}
