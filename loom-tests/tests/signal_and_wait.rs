//! Models of signal-and-wait: one step, or nothing. SW1 to SW3 stand at the head of `src/wait/signal_and_wait.rs`.

use ntwait::{Handle, NtStatus};
use ntwait_models::nt::{NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching};

type Make = fn(&Nt) -> Handle;

/// What can be signalled, so that one wait for it ends.
const FIRSTS: [Make; 3] = [|nt| nt.auto(false), |nt| nt.semaphore(0, 1), |nt| nt.mutant(true)];

/// SW1, S9: who is released by the signal, and pulses the other object, finds the caller in its queue.
///
/// A: signal E and wait for F, for ever          B: wait for E; pulse F
#[test]
fn sw1_who_is_released_finds_the_waiter() {
    for make in FIRSTS {
        model(move || {
            let nt = Nt::new();
            let (first, pulsed) = (make(&nt), nt.auto(false));
            let pulser = nt.spawn(move |nt| {
                assert_eq!(nt.wait(first, NEVER), NtStatus::WAIT_0);
                nt.pulse(pulsed)
            });
            assert_eq!(nt.signal_and_wait(first, pulsed, NEVER), NtStatus::WAIT_0);
            assert_eq!(pulser.join().unwrap(), 0);
            assert_eq!((nt.state(pulsed), nt.waiters(pulsed), nt.waiters(first)), (0, 0, 0));
        });
    }
}

/// SW1: and so does who waits for the first and for a third, which takes more locks.
///
/// A: signal E and wait for F, for ever          B: wait for E and G; pulse F
#[test]
fn sw1_released_wait_all_finds_the_waiter() {
    model(|| {
        let nt = Nt::new();
        let (first, set, pulsed) = (nt.auto(false), nt.auto(true), nt.auto(false));
        let pulser = nt.spawn(move |nt| {
            assert_eq!(nt.all(&[set, first], NEVER), NtStatus::WAIT_0);
            nt.pulse(pulsed)
        });
        assert_eq!(nt.signal_and_wait(first, pulsed, NEVER), NtStatus::WAIT_0);
        assert_eq!(pulser.join().unwrap(), 0);
        assert_eq!(([first, set, pulsed].map(|event| nt.state(event)), nt.waiters(pulsed)), ([0; 3], 0));
    });
}

/// SW2, S4: a signal that is refused takes nothing of the other object.
///
/// A: signal S, which is full, and poll E          B: poll S
#[test]
fn sw2_refused_signal_takes_nothing() {
    model_reaching(&["refused", "done"], || {
        let nt = Nt::new();
        let (semaphore, event) = (nt.semaphore(1, 1), nt.auto(true));
        let taker = nt.spawn(move |nt| nt.wait(semaphore, POLL));
        let status = nt.signal_and_wait(semaphore, event, POLL);
        let taken = taker.join().unwrap();
        match (status, taken, nt.count(semaphore), nt.state(event)) {
            (NtStatus::SEMAPHORE_LIMIT_EXCEEDED, NtStatus::WAIT_0, 0, 1) => "refused",
            (NtStatus::WAIT_0, NtStatus::WAIT_0, 1, 0) => "done",
            other => panic!("{other:?}"),
        }
    });
}

/// SW2, S1: if the other object is gone when the step is to be done, nothing is signalled.
///
/// A: signal E and wait for F, which is set          B: close F
#[test]
fn sw2_other_object_is_gone() {
    model_reaching(&["done", "nothing"], || {
        let nt = Nt::new();
        let (first, set) = (nt.auto(false), nt.manual(true));
        let closer = nt.spawn(move |nt| nt.close(set));
        let status = nt.signal_and_wait(first, set, NEVER);
        assert_eq!(closer.join().unwrap(), NtStatus::SUCCESS);
        match (status, nt.state(first)) {
            (NtStatus::WAIT_0, 1) => "done",
            (NtStatus::INVALID_HANDLE, 0) => "nothing",
            other => panic!("{other:?}"),
        }
    });
}

/// SW2, M14: and a mutant that would have been the first stays its owner's, who ends with it.
///
/// A: release M and wait for F, which is set; end          B: close F; wait for A's end; poll M
#[test]
fn sw2_mutant_is_kept() {
    model_reaching(&["done", "nothing"], || {
        let nt = Nt::new();
        let (mutant, set) = (nt.mutant(false), nt.manual(true));
        let caller = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, POLL), NtStatus::WAIT_0);
            nt.signal_and_wait(mutant, set, NEVER)
        });
        assert_eq!(nt.close(set), NtStatus::SUCCESS);
        match (caller.join().unwrap(), nt.wait(mutant, POLL)) {
            (NtStatus::WAIT_0, NtStatus::WAIT_0) => "done",
            (NtStatus::INVALID_HANDLE, NtStatus::ABANDONED_WAIT_0) => "nothing",
            other => panic!("{other:?}"),
        }
    });
}

/// SW3, W24: a thread that is suspended in its wait signals once.
///
/// A: signal S and wait for F          B: suspend A; resume A; set F; wait for A; look at S
#[test]
fn sw3_signals_once() {
    model(|| {
        let nt = Nt::new();
        let (semaphore, event) = (nt.semaphore(0, 5), nt.auto(false));
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            assert_eq!(nt.signal_and_wait(semaphore, event, NEVER), NtStatus::WAIT_0);
        });
        gate.open();
        assert_eq!(nt.suspend(thread), Ok(0));
        assert_eq!(nt.resume(thread), 1);
        nt.set(event);
        nt.ended(thread);
        assert_eq!((nt.count(semaphore), nt.state(event)), (1, 0));
    });
}
