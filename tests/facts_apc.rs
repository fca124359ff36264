//! Asynchronous procedure calls and waits: facts A1 to A6, A10 to A14, A29, A35, W22, W45. Threads before their start and after their
//! end are in `facts_apc_lives.rs`, alerts in `facts_alerts.rs`, APCs of suspended threads (A34) in `facts_suspend_waits.rs`.

#![allow(unsafe_code, reason = "an APC that looks at its arguments")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::without_provenance_mut;
use core::time::Duration;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::nt_threads::{Log, ME, in_any_thread};
use common::wait_kinds::WAIT_KINDS;
use common::{AUTO, FOREVER, Nt, POLL, Random, ms, object, spin_for, trials, within};
use ntwait::{ApcRoutine, NtStatus, WaitType};

const SUCCESS: NtStatus = NtStatus::SUCCESS;
const USER_APC: NtStatus = NtStatus::USER_APC;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// An APC runs when its thread waits alertably or tests for alerts; nothing else makes it run.
#[test]
fn a1_w45_only_alertable_waits_run_apcs() {
    in_any_thread(|nt| {
        let (log, clear, set) = (Log::new(), nt.auto(false), nt.manual(true));
        assert_eq!(nt.queue_note(ME, log, 1), SUCCESS);
        for timeout in [POLL, ms(1)] {
            assert_eq!(nt.one(clear, timeout), TIMEOUT);
            assert_eq!(nt.any(&[clear, clear], timeout), TIMEOUT);
            assert_eq!(nt.all(&[set, clear], timeout), TIMEOUT);
            assert_eq!(nt.nt_delay_execution(false, timeout.unwrap_or(0)), SUCCESS);
        }
        assert_eq!(nt.one(set, FOREVER), object(0));
        let _ = nt.nt_yield_execution();
        assert!(log.take().is_empty());
        assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
        assert_eq!(log.take(), [1]);
        assert_eq!(nt.queue_note(ME, log, 2), SUCCESS);
        assert_eq!(nt.nt_test_alert(), SUCCESS);
        assert_eq!(log.take(), [2]);
    });
}

/// One alertable wait runs all that are queued, in their order, and ends once.
#[test]
fn a2_a3_one_wait_drains_the_queue_in_order() {
    in_any_thread(|nt| {
        let (log, clear) = (Log::new(), nt.auto(false));
        for value in 0..16 {
            assert_eq!(nt.queue_note(ME, log, value), SUCCESS);
        }
        assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
        assert_eq!(log.take(), Vec::from_iter(0..16));
        assert_eq!(nt.alertable(clear, POLL), TIMEOUT);
    });
}

/// From many threads at once: none is lost, none runs twice, and those of one thread stay in their order.
#[test]
fn a2_apcs_of_many_threads() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let stop = nt.auto(false);
        let target = nt.blocked(move || {
            loop {
                match nt.alertable(stop, FOREVER) {
                    USER_APC => {}
                    status => return status.0,
                }
            }
        });
        const EACH: usize = 3_000;
        let senders = [0, 1, 2].map(|sender| {
            std::thread::spawn(move || {
                (0..EACH).for_each(|i| assert_eq!(nt.queue_note(target.handle, log, sender * EACH + i), SUCCESS));
            })
        });
        senders.into_iter().for_each(|sender| sender.join().expect("a sender"));
        assert_eq!(nt.queue_note(target.handle, log, 3 * EACH), SUCCESS);
        target.assert_blocked();
        nt.set(stop);
        assert_eq!(target.join(), 0);
        let order = log.take();
        assert_eq!(order.len(), 3 * EACH + 1);
        for sender in 0..3 {
            let own = sender * EACH..(sender + 1) * EACH;
            let seen: Vec<usize> = order.iter().copied().filter(|value| own.contains(value)).collect();
            assert_eq!(seen, Vec::from_iter(own), "sender {sender}");
        }
    });
}

/// What an APC queues to its own thread runs in the same drain.
#[test]
fn a5_apcs_queued_by_an_apc() {
    in_any_thread(|nt| {
        let (log, clear) = (Log::new(), nt.auto(false));
        let first = move || {
            log.add(1);
            assert_eq!(nt.queue_note(ME, log, 3), SUCCESS);
        };
        assert_eq!(nt.queue_call(ME, first), SUCCESS);
        assert_eq!(nt.queue_note(ME, log, 2), SUCCESS);
        assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
        assert_eq!(log.take(), [1, 2, 3]);
        assert_eq!(nt.alertable(clear, POLL), TIMEOUT);
    });
}

/// An APC may wait. A wait of its own that is alertable runs the rest of the queue; the outer wait still ends for an APC.
#[test]
fn a6_an_apc_that_waits() {
    in_any_thread(|nt| {
        let (log, set) = (Log::new(), nt.auto(true));
        let clear = nt.auto(false);
        let waits = move || {
            log.add(1);
            assert_eq!(nt.one(set, FOREVER), object(0));
            assert_eq!(nt.all(&[set, clear], ms(1)), TIMEOUT);
            assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
            log.add(4);
        };
        assert_eq!(nt.queue_call(ME, waits), SUCCESS);
        assert_eq!(nt.queue_note(ME, log, 2), SUCCESS);
        assert_eq!(nt.queue_note(ME, log, 3), SUCCESS);
        assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
        assert_eq!(log.take(), [1, 2, 3, 4]);
        nt.check(set, AUTO, 0);
    });
}

/// While the last APC runs the queue is empty: an alertable wait in it waits.
#[test]
fn a6_an_alertable_wait_in_the_last_apc_waits() {
    in_any_thread(|nt| {
        let (clear, log) = (nt.auto(false), Log::new());
        let waits = move || {
            let alertable_any =
                |timeout| nt.nt_wait_for_multiple_objects(&[clear, clear], WaitType::ANY, true, timeout);
            let ended = [nt.alertable(clear, POLL), nt.alertable(clear, ms(1)), alertable_any(POLL)];
            ended.into_iter().for_each(|status| log.add(status.0 as usize));
            log.add(nt.nt_delay_execution(true, -10_000).0 as usize);
        };
        assert_eq!(nt.queue_call(ME, waits), SUCCESS);
        assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
        assert_eq!(log.take(), [0x102, 0x102, 0x102, 0]);
    });
}

/// An APC ends a blocked alertable wait of every kind; nothing is taken, and nothing stays in a queue: what is set afterwards is
/// there for others.
#[test]
fn a10_a35_an_apc_ends_a_blocked_alertable_wait() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        for kind in WAIT_KINDS.into_iter().filter(|kind| kind.alertable) {
            for timeout in [FOREVER, ms(60_000)] {
                let scene = kind.scene(nt);
                let thread = scene.blocked(timeout);
                assert_eq!(nt.queue_note(thread.handle, log, 10), SUCCESS);
                assert_eq!(thread.join(), USER_APC.0, "{}", kind.name);
                assert_eq!(log.take(), [10]);
                scene.assert_intact();
            }
        }
    });
}

/// An APC does not end a wait that is not alertable, and is still there afterwards.
#[test]
fn a11_an_apc_leaves_other_waits_alone() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        for kind in WAIT_KINDS.into_iter().filter(|kind| !kind.alertable) {
            let scene = kind.scene(nt);
            let thread = nt.blocked(move || {
                let status = scene.wait(FOREVER);
                log.add(2);
                assert_eq!(nt.nt_test_alert(), SUCCESS);
                status.0
            });
            assert_eq!(nt.queue_note(thread.handle, log, 1), SUCCESS);
            thread.assert_blocked();
            assert!(log.take().is_empty(), "{}", kind.name);
            scene.complete();
            assert_eq!(thread.join(), kind.ended.0);
            assert_eq!(log.take(), [2, 1], "{}", kind.name);
        }
    });
}

/// With an APC pending an alertable wait that would have to block ends for it, also if its time is up.
#[test]
fn a12_an_apc_goes_before_the_time_out() {
    in_any_thread(|nt| {
        let log = Log::new();
        for kind in WAIT_KINDS.into_iter().filter(|kind| kind.alertable) {
            let scene = kind.scene(nt);
            for timeout in [POLL, ms(1), Some(1), FOREVER] {
                assert_eq!(nt.queue_note(ME, log, 12), SUCCESS);
                assert_eq!(scene.wait(timeout), USER_APC, "{} {timeout:?}", kind.name);
                assert_eq!(log.take(), [12]);
            }
            assert_eq!(scene.wait(POLL), TIMEOUT);
        }
    });
}

/// An object that is signalled already goes before the APC, which stays queued.
#[test]
fn a13_w22_an_object_goes_before_the_apc() {
    in_any_thread(|nt| {
        let log = Log::new();
        for kind in WAIT_KINDS.into_iter().filter(|kind| kind.alertable) {
            let scene = kind.scene(nt);
            assert_eq!(nt.queue_note(ME, log, 13), SUCCESS);
            for timeout in [POLL, ms(1), FOREVER] {
                scene.clear();
                scene.complete();
                assert_eq!(scene.wait(timeout), kind.ended, "{} {timeout:?}", kind.name);
                assert_eq!((log.take(), scene.states()), (vec![], scene.taken_states()));
            }
            scene.clear();
            assert_eq!(scene.wait(FOREVER), USER_APC);
            assert_eq!(log.take(), [13]);
        }
    });
}

/// An alertable delay ends for an APC, whatever its length; without one it is a delay.
#[test]
fn a14_d5_d7_alertable_delays() {
    in_any_thread(|nt| {
        let log = Log::new();
        for interval in [0, -10, -600_000_000, i64::MIN, i64::MAX, 1] {
            assert_eq!(nt.queue_note(ME, log, 14), SUCCESS);
            assert_eq!(nt.nt_delay_execution(true, interval), USER_APC, "{interval}");
            assert_eq!(log.take(), [14]);
        }
        assert_eq!(nt.nt_delay_execution(true, -10_000), SUCCESS);
        assert!(matches!(nt.nt_delay_execution(true, 0), SUCCESS | NtStatus::NO_YIELD_PERFORMED));
    });
}

/// A delay without end ends for an APC if it is alertable (D10), and not at all if not.
#[test]
fn a14_d10_an_apc_ends_an_endless_delay() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let asleep = nt.blocked(move || nt.nt_delay_execution(true, i64::MIN).0);
        let deaf = nt.blocked(move || nt.nt_delay_execution(false, i64::MIN).0);
        for thread in [asleep, deaf] {
            assert_eq!(nt.queue_note(thread.handle, log, 10), SUCCESS);
        }
        assert_eq!(asleep.join(), USER_APC.0);
        deaf.assert_blocked();
        assert_eq!(log.take(), [10]);
        deaf.kill(0);
        deaf.join();
    });
}

static SUM: AtomicUsize = AtomicUsize::new(0);

extern "C" fn add_up(first: *mut c_void, second: *mut c_void, third: *mut c_void) {
    SUM.fetch_add(first.addr() + 10 * second.addr() + 100 * third.addr(), Ordering::SeqCst);
}

#[cfg(target_arch = "x86_64")]
extern "win64" fn add_up_win64(first: *mut c_void, second: *mut c_void, third: *mut c_void) {
    SUM.fetch_add(1_000 * (first.addr() + 10 * second.addr() + 100 * third.addr()), Ordering::SeqCst);
}

/// All three arguments arrive, in either calling convention.
#[test]
fn a29_arguments() {
    in_any_thread(|nt| {
        SUM.store(0, Ordering::SeqCst);
        let arguments = [1, 2, 3].map(without_provenance_mut);
        assert_eq!(nt.nt_queue_apc_thread(ME, Some(ApcRoutine::C(add_up)), arguments), SUCCESS);
        assert_eq!((nt.nt_test_alert(), SUM.swap(0, Ordering::SeqCst)), (SUCCESS, 321));
        #[cfg(target_arch = "x86_64")]
        {
            assert_eq!(nt.nt_queue_apc_thread(ME, Some(ApcRoutine::Win64(add_up_win64)), arguments), SUCCESS);
            assert_eq!((nt.nt_test_alert(), SUM.swap(0, Ordering::SeqCst)), (SUCCESS, 321_000));
        }
    });
}

/// If a signal and an APC race for a wait, one of them ends it: the object is taken if and only if it did, and the APC runs once.
#[test]
fn a35_signal_against_apc() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let alertable = Vec::from_iter(WAIT_KINDS.into_iter().filter(|kind| kind.alertable));
        let mut random = Random::new(35);
        let (mut by_signal, mut by_apc) = (0, 0);
        for round in trials(2_000) {
            let kind = alertable[round as usize % alertable.len()];
            let scene = kind.scene(nt);
            let ready = nt.manual(false);
            let thread = nt.thread(move || {
                nt.set(ready);
                let status = scene.wait(FOREVER);
                assert_eq!(nt.nt_test_alert(), SUCCESS);
                status.0
            });
            // The drain before the routine (A19) is over.
            assert_eq!(nt.one(ready, FOREVER), object(0));
            let [before_set, before_apc] = [(); 2].map(|()| Duration::from_micros(random.below(60)));
            let sender = std::thread::spawn(move || {
                spin_for(before_apc);
                nt.queue_note(thread.handle, log, 1)
            });
            spin_for(before_set);
            scene.complete();
            let queued = sender.join().expect("the sender");
            let status = NtStatus(thread.join());
            let ran = log.take().len();
            match status {
                USER_APC => {
                    by_apc += 1;
                    assert_eq!((queued, ran, scene.states()), (SUCCESS, 1, scene.set_states()), "round {round}");
                }
                _ => {
                    by_signal += 1;
                    assert_eq!((status, scene.states()), (kind.ended, scene.taken_states()), "round {round}");
                    // It may have come when the thread was ending or had ended.
                    assert!(ran == 1 || ran == 0 && matches!(queued, SUCCESS | NtStatus::UNSUCCESSFUL));
                }
            }
            [scene.events[0], scene.events[1], ready].into_iter().for_each(|event| nt.close(event));
        }
        assert!(by_signal > 0 && by_apc > 0, "both endings must be seen: {by_signal}, {by_apc}");
    });
}
