//! Models of sleeping: time-outs, stray wakes, and what a signal means to a thread that is on its way to sleep.

use ntwait::NtStatus;
use ntwait::internals::{disturb, pass_time};
use ntwait_models::nt::{NEVER, Nt, SOON};
use ntwait_models::{model, model_reaching, spawn};

/// Z1: a stray wake changes nothing: the thread sleeps on until it is signalled.
///
/// A: set            B: wait, for ever            C: everybody is disturbed
#[test]
fn z1_stray_wake_ends_no_wait() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
            let noise = spawn(disturb);
            nt.set(event);
            assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
            noise.join().unwrap();
            assert_eq!((nt.state(event), nt.waiters(event)), (i32::from(manual), 0));
        });
    }
}

/// Z2, W47: a set is never lost against a time-out: the wait succeeds, or the event stays set. Also with a stray wake.
///
/// A: set            B: wait, may time out            C: everybody is disturbed; time passes
#[test]
fn z2_set_against_timeout() {
    model_reaching(&["released", "timed out"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, SOON));
        let clock = spawn(|| {
            disturb();
            pass_time();
        });
        nt.set(event);
        let status = waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(nt.waiters(event), 0);
        match (status, nt.state(event)) {
            (NtStatus::WAIT_0, 0) => "released",
            (NtStatus::TIMEOUT, 1) => "timed out",
            other => panic!("{other:?}"),
        }
    });
}

/// Z2: a pulse against a time-out: nobody is released twice, and nothing is left.
///
/// A: pulse          B: wait, may time out            C: time passes
#[test]
fn z2_pulse_against_timeout() {
    model_reaching(&["released", "missed"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, SOON));
        let clock = spawn(pass_time);
        nt.pulse(event);
        let status = waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        match status {
            NtStatus::WAIT_0 => "released",
            NtStatus::TIMEOUT => "missed",
            other => panic!("{other:?}"),
        }
    });
}

/// Z3: who leaves by time-out leaves the queue: its place is not there for the next set.
///
/// A: wait, may time out; set; look            B: reset
#[test]
fn z3_timed_out_waiter_is_out_of_the_queue() {
    model_reaching(&["kept", "reset"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        pass_time();
        let resetter = nt.spawn(move |nt| nt.reset(event));
        assert_eq!(nt.wait(event, SOON), NtStatus::TIMEOUT);
        assert_eq!(nt.waiters(event), 0);
        nt.set(event);
        let reset = resetter.join().unwrap() == 1;
        assert_eq!(nt.state(event), i32::from(!reset));
        if reset { "reset" } else { "kept" }
    });
}
