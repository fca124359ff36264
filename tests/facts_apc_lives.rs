//! Asynchronous procedure calls over a thread's life: facts A15 to A20.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::nt_threads::{Log, ME, until};
use common::{FOREVER, Nt, POLL, object, within};
use ntwait::{AccessMask, Handle, NtStatus, Thread};

const SUCCESS: NtStatus = NtStatus::SUCCESS;
const USER_APC: NtStatus = NtStatus::USER_APC;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// An APC for a thread that has ended, or that was terminated before it ran, is UNSUCCESSFUL; with or without a routine (A18).
#[test]
fn a15_a16_a18_apcs_for_the_dead() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let returned = nt.dead(1);
        let never_ran = nt.suspended(|| 1);
        never_ran.kill(2);
        assert_eq!(never_ran.end(), 2);
        let (worker, foreign) = nt.foreign(move || nt.nt_delay_execution(true, i64::MIN));
        assert_eq!(nt.queue_note(foreign, log, 0), SUCCESS);
        assert_eq!(worker.join(), USER_APC);
        assert_eq!(nt.one(foreign, FOREVER), object(0));
        assert_eq!(log.take(), [0]);
        for dead in [returned.handle, never_ran.handle, foreign] {
            assert_eq!(nt.queue_note(dead, log, 15), NtStatus::UNSUCCESSFUL);
            assert_eq!(nt.nt_queue_apc_thread(dead, None, [core::ptr::null_mut(); 3]), NtStatus::UNSUCCESSFUL);
        }
        assert!(log.take().is_empty());
    });
}

/// Queuing needs THREAD_SET_CONTEXT, nothing else.
#[test]
fn a17_rights() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let thread = nt.suspended(|| 0);
        let right = AccessMask::THREAD_SET_CONTEXT;
        assert_eq!(nt.queue_note(nt.without(thread.handle, right), log, 1), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.queue_note(nt.with_rights(thread.handle, right), log, 2), SUCCESS);
        assert_eq!(nt.queue_note(nt.with_rights(thread.handle, AccessMask::GENERIC_WRITE), log, 3), SUCCESS);
        assert_eq!(nt.queue_note(Handle::NULL, log, 4), NtStatus::INVALID_HANDLE);
        assert_eq!(nt.queue_note(nt.auto(true), log, 5), NtStatus::OBJECT_TYPE_MISMATCH);
        thread.resume();
        thread.join();
        assert_eq!(log.take(), [2, 3]);
    });
}

/// Without a routine nothing is queued and nobody is woken; on a live thread that is a success.
#[test]
fn a18_no_routine() {
    within(|| {
        let nt = Nt::new();
        let stop = nt.auto(false);
        let thread = nt.blocked(move || nt.alertable(stop, FOREVER).0);
        assert_eq!(nt.nt_queue_apc_thread(thread.handle, None, [core::ptr::null_mut(); 3]), SUCCESS);
        thread.assert_blocked();
        nt.set(stop);
        assert_eq!(thread.join(), 0);
        assert_eq!(nt.nt_queue_apc_thread(ME, None, [core::ptr::null_mut(); 3]), SUCCESS);
        assert_eq!(nt.alertable(stop, POLL), TIMEOUT);
    });
}

/// A thread that was made suspended runs its APCs, in their order, before its routine.
#[test]
fn a19_apcs_run_before_the_routine() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let thread = nt.suspended(move || {
            log.add(9);
            0
        });
        for value in [1, 2, 3] {
            assert_eq!(nt.queue_note(thread.handle, log, value), SUCCESS);
        }
        assert_eq!((thread.has_run_nothing(), log.take()), (true, vec![]));
        assert_eq!(thread.resume(), 1);
        assert_eq!(thread.join(), 0);
        assert_eq!(log.take(), [1, 2, 3, 9]);
    });
}

/// What is still queued when the thread ends is never run.
#[test]
fn a20_the_rest_is_dropped() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let go = nt.auto(false);
        let thread = nt.blocked(move || nt.one(go, FOREVER).0);
        (0..100).for_each(|value| assert_eq!(nt.queue_note(thread.handle, log, value), SUCCESS));
        nt.set(go);
        assert_eq!(thread.join(), 0);
        // Whoever comes next, perhaps in the same Linux thread, has nothing to do with them.
        assert_eq!(nt.thread(move || nt.alertable(go, POLL).0).join(), TIMEOUT.0);
        assert!(log.take().is_empty());
    });
}

/// Counts how often it was dropped.
struct Drops(Arc<AtomicUsize>);

impl Drop for Drops {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A closure is an APC like others. If the thread ends first it is dropped there; if it cannot be queued, at once.
#[test]
fn a20_closures_run_once_or_are_dropped() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let (event, drops) = (nt.auto(false), Arc::new(AtomicUsize::new(0)));
        let at_rest = nt.references(event);
        let queue = |thread: &Thread, value| {
            let drop = Drops(Arc::clone(&drops));
            thread.queue_apc(move || {
                let _drop = &drop;
                log.add(value);
            })
        };
        let dropped = || drops.load(Ordering::SeqCst);
        let spawn = |alertable, ended| {
            let wait = move || assert_eq!(nt.nt_wait_for_single_object(event, alertable, FOREVER), ended);
            let thread = Thread::builder().runtime(nt.0).spawn(wait).expect("a thread");
            until("it waits", || nt.references(event) > at_rest);
            thread
        };
        let alertable = spawn(true, USER_APC);
        assert_eq!(queue(&alertable, 1), Ok(()));
        alertable.join().expect("a wait that the APC ended");
        assert_eq!((log.take(), dropped()), (vec![1], 1));
        let deaf = spawn(false, object(0));
        let watch = nt.with_rights(deaf.handle(), AccessMask::SYNCHRONIZE);
        (0..10).for_each(|value| assert_eq!(queue(&deaf, value), Ok(())));
        assert_eq!(dropped(), 1);
        nt.set(event);
        assert_eq!(nt.one(watch, FOREVER), object(0));
        assert_eq!((log.take(), dropped()), (vec![], 11), "dropped before the end is seen");
        assert_eq!(queue(&deaf, 3), Err(NtStatus::UNSUCCESSFUL));
        assert_eq!((log.take(), dropped()), (vec![], 12));
        deaf.join().expect("a wait that the event ended");
    });
}
