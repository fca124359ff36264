//! Models of termination: wherever it hits, the thread ends once, takes nothing that it does not report, and leaves
//! nothing behind.

use ntwait::{Handle, NtStatus};
use ntwait_models::nt::{Calls, NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, shared_flag, yield_now};

/// N5, W39: a thread that is terminated while it is handed an object has taken it, or not; what it did not take is there.
///
/// A: wait for E          B: terminate A          C: set E; wait for A
#[test]
fn n5_termination_against_hand_off() {
    model_reaching(&["taken", "still there"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| {
            let _ = nt.wait(event, NEVER);
        });
        nt.until_asleep(event, 1);
        let killer = nt.spawn(move |nt| nt.terminate(thread));
        nt.set(event);
        killer.join().unwrap();
        nt.ended(thread);
        assert_eq!(nt.waiters(event), 0);
        if nt.state(event) == 1 { "still there" } else { "taken" }
    });
}

/// N5: a thread that is terminated while it waits leaves no block behind: a later signal is not lost to it.
///
/// A: wait for E and F, or for one of them          B: terminate A; set E; wait for A; set F
#[test]
fn n5_terminated_waiter_leaves_no_block_behind() {
    type Wait = fn(&Nt, &[Handle; 2]) -> NtStatus;
    let waits: [Wait; 2] = [|nt, events| nt.any(events, NEVER), |nt, events| nt.all(events, NEVER)];
    for wait in waits {
        model(move || {
            let nt = Nt::new();
            let events = [nt.auto(false), nt.auto(false)];
            let (thread, gate) = nt.thread_at_gate(move |nt| {
                let _ = wait(nt, &events);
            });
            gate.open();
            nt.terminate(thread);
            nt.set(events[0]);
            nt.ended(thread);
            assert_eq!(nt.waiters(events[1]), 0);
            nt.set(events[1]);
            let left = events.map(|event| (nt.state(event), nt.waiters(event)));
            assert!(matches!(left, [(0 | 1, 0), (1, 0)]), "{left:?}");
        });
    }
}

/// E1: a thread that is terminated while it returns ends once.
///
/// A: end          B: terminate A; wait for A; terminate A
#[test]
fn e1_termination_against_return() {
    model(|| {
        let nt = Nt::new();
        let (thread, gate) = nt.thread_at_gate(|_| ());
        gate.open();
        nt.terminate(thread);
        nt.ended(thread);
        nt.terminate(thread);
    });
}

/// E1, TH3: nor do two terminations end it twice.
///
/// A: wait for E          B: terminate A          C: terminate A; wait for A
#[test]
fn e1_two_terminations() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| {
            let _ = nt.wait(event, NEVER);
            unreachable!("nobody sets it");
        });
        nt.until_asleep(event, 1);
        let other = nt.spawn(move |nt| nt.terminate(thread));
        nt.terminate(thread);
        other.join().unwrap();
        nt.ended(thread);
        assert_eq!(nt.waiters(event), 0);
    });
}

/// B2, TH20: a thread that was made suspended and is terminated and resumed ends, whether it runs before that or not.
///
/// A: ran = true          B: resume A; terminate A; wait for A
#[test]
fn b2_terminated_before_it_ran() {
    model_reaching(&["ran", "never ran"], || {
        let nt = Nt::new();
        let ran = shared_flag();
        let thread = nt.thread_suspended({
            let ran = ran.clone();
            move |_| ran.raise()
        });
        nt.resume(thread);
        nt.terminate(thread);
        nt.ended(thread);
        if ran.is_up() { "ran" } else { "never ran" }
    });
}

/// B2: a termination that comes while a thread begins is not missed: it ends, though it never waits.
///
/// A: ask for something, for ever          B: make A; terminate A; wait for A
#[test]
fn b2_terminated_while_it_begins() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| {
            while nt.handle_count(event).is_ok() {
                yield_now();
            }
        });
        nt.terminate(thread);
        nt.ended(thread);
    });
}

/// P5, TH20: a thread that stands still, and is never resumed, ends when it is terminated.
///
/// A: suspend A          B: terminate A; wait for A
#[test]
fn p5_termination_wakes_who_stands_still() {
    model(|| {
        let nt = Nt::new();
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            let me = nt.me();
            let _ = nt.suspend(me);
        });
        gate.open();
        nt.terminate(thread);
        nt.ended(thread);
    });
}

/// P5, TH20: nor is the suspension of others in the way, before or after.
///
/// A: wait for E          B: suspend A          C: terminate A; wait for A
#[test]
fn p5_termination_against_suspension() {
    model_reaching(&["suspended", "refused"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| {
            let _ = nt.wait(event, NEVER);
        });
        nt.until_asleep(event, 1);
        let other = nt.spawn(move |nt| nt.suspend(thread));
        nt.terminate(thread);
        nt.ended(thread);
        let suspended = other.join().unwrap();
        assert_eq!(nt.waiters(event), 0);
        match suspended {
            Ok(0) => "suspended",
            Err(NtStatus::THREAD_IS_TERMINATING) => "refused",
            other => panic!("{other:?}"),
        }
    });
}

/// Y4, Y3: a thread that is terminated while it sleeps on an epoch is not counted any more, and passes the baton on.
///
/// A, C: wait for E          B: terminate A; set E; wait for both
#[test]
fn y4_termination_against_broadcast() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let thread = nt.thread(move |nt| {
            let _ = nt.wait(event, NEVER);
        });
        nt.until_asleep(event, 1);
        let other = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.until_asleep(event, 2);
        nt.terminate(thread);
        nt.set(event);
        assert_eq!(other.join().unwrap(), NtStatus::WAIT_0);
        nt.ended(thread);
        assert_eq!(nt.waiters(event), 0);
    });
}

/// Y4: and where it sleeps alone nothing of it remains.
///
/// A: wait for E          B: terminate A; wait for A; look at E
#[test]
fn y4_terminated_waiter_leaves_the_epoch() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            let _ = nt.wait(event, NEVER);
        });
        gate.open();
        nt.terminate(thread);
        nt.ended(thread);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// M3, E2, TH7: who has seen that a thread has ended can ask nothing of it any more.
///
/// A: end, or be terminated          B: wait for A; ask for everything
#[test]
fn m3_ended_thread_is_asked_in_vain() {
    for terminated in [false, true] {
        model(move || {
            let nt = Nt::new();
            let calls = Calls::default();
            let (thread, gate) = nt.thread_at_gate(move |nt| {
                if terminated {
                    let me = nt.me();
                    nt.terminate(me);
                    unreachable!("it has ended");
                }
            });
            gate.open();
            assert_eq!(nt.wait(thread, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.queue_apc(thread, &calls, 1), NtStatus::UNSUCCESSFUL);
            assert_eq!(nt.alert(thread), NtStatus::THREAD_IS_TERMINATING);
            assert_eq!(nt.suspend(thread), Err(NtStatus::THREAD_IS_TERMINATING), "TH14");
            assert_eq!(nt.resume(thread), 0, "TH15");
            nt.terminate(thread);
            nt.ended(thread);
            assert_eq!((calls.made(), nt.wait(thread, POLL)), (0, NtStatus::WAIT_0));
        });
    }
}
