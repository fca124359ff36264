//! Models of APCs: each is called once or not at all, by the thread that it was queued to, which is told of it.

use ntwait::internals::{pass_time, release_thread};
use ntwait::{Handle, NtStatus, WaitType};
use ntwait_models::nt::{Calls, NEVER, Nt, POLL, SOON};
use ntwait_models::{Gate, model, model_reaching};
use std::sync::{Arc, Mutex};

/// A10, A13, P1: an APC, a signal and a time-out: one of them ends the wait, an object is taken only if that is reported,
/// and the APC is called then or later.
///
/// A: wait alertably for E, may time out; look alertably          B: queue an APC to A          C: set E; time passes
#[test]
fn a10_apc_against_signal_against_timeout() {
    model_reaching(&["signalled", "called", "timed out"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (me, calls) = (nt.me(), Calls::default());
        let queuer = nt.spawn({
            let calls = calls.clone();
            move |nt| nt.queue_apc(me, &calls, 1)
        });
        let setter = nt.spawn(move |nt| {
            pass_time();
            nt.set(event);
        });
        let ended = (nt.wait_alertably(event, SOON), calls.made());
        assert_eq!(queuer.join().unwrap(), NtStatus::SUCCESS);
        setter.join().unwrap();
        let state = nt.state(event);
        nt.reset(event);
        let then = nt.wait_alertably(event, POLL);
        assert_eq!((calls.made(), nt.waiters(event)), (1, 0));
        match (ended, state, then) {
            ((NtStatus::WAIT_0, 0), 0, NtStatus::USER_APC) => "signalled",
            ((NtStatus::USER_APC, 1), 1, NtStatus::TIMEOUT) => "called",
            ((NtStatus::TIMEOUT, 0), 1, NtStatus::USER_APC) => "timed out",
            other => panic!("{other:?}"),
        }
    });
}

/// A35: an APC ends a wait for several objects on all of their queues: a later signal is not lost to it.
///
/// A: wait alertably for E or F, or for E, which is set, and F          B: queue an APC to A; set F
#[test]
fn a35_apc_leaves_no_block_behind() {
    for all in [false, true] {
        model_reaching(&["taken", "called"], move || {
            let nt = Nt::new();
            let events = [nt.auto(all), nt.auto(false)];
            let (me, calls) = (nt.me(), Calls::default());
            let other = nt.spawn({
                let calls = calls.clone();
                move |nt| {
                    assert_eq!(nt.queue_apc(me, &calls, 1), NtStatus::SUCCESS);
                    nt.set(events[1]);
                }
            });
            let status = nt.several_alertably(if all { WaitType::ALL } else { WaitType::ANY }, &events, NEVER);
            other.join().unwrap();
            assert_eq!(events.map(|event| nt.waiters(event)), [0, 0]);
            let taken = NtStatus(NtStatus::WAIT_0.0 + u32::from(!all));
            match (status, calls.made(), events.map(|event| nt.state(event))) {
                (NtStatus::USER_APC, 1, [first, 1]) if first == i32::from(all) => "called",
                (status, 0, [0, 0]) if status == taken => "taken",
                other => panic!("{other:?}"),
            }
        });
    }
}

/// C1: no APC is lost between the queue and its bit: what is queued while others are called is called too, or ends the
/// next wait; and when all were called none is announced.
///
/// A: wait alertably; look alertably, twice          B: queue an APC to A          C: queue an APC to A
#[test]
fn c1_queue_against_drain() {
    model_reaching(&["together", "one by one"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (me, calls) = (nt.me(), Calls::default());
        let queuers = [1, 2].map(|number| {
            let calls = calls.clone();
            nt.spawn(move |nt| nt.queue_apc(me, &calls, number))
        });
        assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::USER_APC);
        let at_once = calls.made();
        for queuer in queuers {
            assert_eq!(queuer.join().unwrap(), NtStatus::SUCCESS);
        }
        let then = nt.wait_alertably(event, POLL);
        assert!(matches!(calls.made(), 0x12 | 0x21), "{:x}", calls.made());
        assert_eq!(nt.wait_alertably(event, POLL), NtStatus::TIMEOUT);
        match (at_once, then) {
            (0x12 | 0x21, NtStatus::TIMEOUT) => "together",
            (1 | 2, NtStatus::USER_APC) => "one by one",
            other => panic!("{other:?}"),
        }
    });
}

/// C1, A2: in the order in which they were queued.
///
/// A: wait alertably, until both were called          B: queue two APCs to A
#[test]
fn c1_first_queued_first_called() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (me, calls) = (nt.me(), Calls::default());
        let queuer = nt.spawn({
            let calls = calls.clone();
            move |nt| [1, 2].map(|number| nt.queue_apc(me, &calls, number))
        });
        while calls.made() & 0xF != 2 {
            assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::USER_APC);
        }
        assert_eq!((queuer.join().unwrap(), calls.made()), ([NtStatus::SUCCESS; 2], 0x12));
        assert_eq!(nt.wait_alertably(event, POLL), NtStatus::TIMEOUT);
    });
}

/// C1, A6: nor while one is called that waits alertably itself: what is queued then ends that wait.
///
/// A: wait alertably          B: queue to A: wait alertably; queue another
#[test]
fn c1_call_that_waits_itself() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (me, calls) = (nt.me(), Calls::default());
        let queuer = nt.spawn({
            let calls = calls.clone();
            move |nt| {
                let waits = move |nt: &Nt| assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::USER_APC);
                [nt.queue_call(me, waits), nt.queue_apc(me, &calls, 2)]
            }
        });
        assert_eq!((nt.wait_alertably(event, NEVER), calls.made()), (NtStatus::USER_APC, 2));
        assert_eq!(queuer.join().unwrap(), [NtStatus::SUCCESS; 2]);
        assert_eq!((nt.wait_alertably(event, POLL), nt.waiters(event)), (NtStatus::TIMEOUT, 0));
    });
}

/// J2, C3, A20: an APC to a thread that ends is refused or dropped. It is never called, not even by the next owner of the
/// thread's record.
///
/// A: end          B: queue an APC to A; alert A
/// C: look alertably; queue an APC to itself; look alertably
#[test]
fn j2_requests_do_not_reach_the_next_owner() {
    model_reaching(&["dropped", "refused"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let calls = Calls::default();
        let me = Arc::new(Mutex::new(Handle::NULL));
        let gate = Gate::new();
        let ending = nt.spawn({
            let (me, gate) = (Arc::clone(&me), gate.clone());
            move |nt| {
                *me.lock().unwrap() = nt.me();
                gate.open();
            }
        });
        gate.pass();
        let thread = *me.lock().unwrap();
        let list = calls.clone();
        let next = nt.spawn(move |nt| {
            assert_eq!(nt.wait_alertably(event, POLL), NtStatus::TIMEOUT);
            assert_eq!(nt.queue_apc(nt.me(), &list, 3), NtStatus::SUCCESS);
            nt.wait_alertably(event, POLL)
        });
        let queued = nt.queue_apc(thread, &calls, 1);
        let _ = nt.alert(thread);
        assert_eq!((next.join().unwrap(), calls.made()), (NtStatus::USER_APC, 3));
        ending.join().unwrap();
        assert_eq!(nt.queue_apc(thread, &calls, 2), NtStatus::UNSUCCESSFUL);
        match queued {
            NtStatus::SUCCESS => "dropped",
            NtStatus::UNSUCCESSFUL => "refused",
            other => panic!("{other:?}"),
        }
    });
}

/// C3: what a thread has dropped is not in the way of the next owner of its record.
///
/// A: queue an APC to itself; give its record back, take it again; wait alertably          B: queue an APC to A's new self
#[test]
fn c3_next_owner_has_an_empty_queue() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let calls = Calls::default();
        assert_eq!(nt.queue_apc(nt.me(), &calls, 1), NtStatus::SUCCESS);
        release_thread();
        let me = nt.me();
        let queuer = nt.spawn({
            let calls = calls.clone();
            move |nt| nt.queue_apc(me, &calls, 2)
        });
        assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::USER_APC);
        assert_eq!((queuer.join().unwrap(), calls.made()), (NtStatus::SUCCESS, 2));
        assert_eq!(nt.wait_alertably(event, POLL), NtStatus::TIMEOUT);
    });
}
