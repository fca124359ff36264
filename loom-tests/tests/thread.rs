//! Models of threads as objects: how they begin, how they end, who waits for that.

#[cfg(ntwait_loom)]
use ntwait::CreateThreadFlags;
#[cfg(ntwait_loom)]
use ntwait::internals::refuse_threads;
use ntwait::{Handle, NtStatus};
use ntwait_models::nt::{Calls, NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, shared_flag, until_threads_are_gone, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

/// The id of the first thread that a runtime makes.
#[cfg(ntwait_loom)]
const FIRST_ID: u32 = 4;

/// M3, TH7: who waits for a thread sees all that it did, in whichever way it waits.
///
/// A: data = 1; end          B: wait for A; read data
#[test]
fn m3_who_waits_sees_what_the_thread_did() {
    type Wait = fn(&Nt, Handle) -> NtStatus;
    let waits: [Wait; 4] = [
        |nt, thread| nt.wait(thread, NEVER),
        |nt, thread| nt.wait_alertably(thread, NEVER),
        |nt, thread| nt.any(&[nt.auto(false), thread], NEVER),
        |nt, thread| nt.all(&[nt.auto(true), thread], NEVER),
    ];
    for (wait, status) in waits.into_iter().zip([0, 0, 1, 0]) {
        model(move || {
            let nt = Nt::new();
            let data = shared_flag();
            let thread = nt.thread({
                let data = data.clone();
                move |_| data.raise()
            });
            assert_eq!(wait(&nt, thread), NtStatus(NtStatus::WAIT_0.0 + status));
            assert!(data.is_up(), "signalled before its end");
            nt.ended(thread);
        });
    }
}

/// M1: all who wait for a thread are released, and it stays signalled.
///
/// A: end          B: wait for A          C: wait for A, alertably
#[test]
fn m1_end_releases_all_who_wait() {
    model(|| {
        let nt = Nt::new();
        let (thread, gate) = nt.thread_at_gate(|_| ());
        let other = nt.spawn(move |nt| nt.wait_alertably(thread, NEVER));
        nt.until_asleep(thread, 1);
        gate.open();
        assert_eq!(nt.wait(thread, NEVER), NtStatus::WAIT_0);
        assert_eq!(other.join().unwrap(), NtStatus::WAIT_0);
        nt.ended(thread);
    });
}

/// M1: a wait for a thread or an event, whichever comes first; the event that did not come first is still there.
///
/// A: end          B: wait for the event or A          C: when B sleeps: set
#[test]
fn m1_thread_or_event() {
    model_reaching(&["thread", "event"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (thread, gate) = nt.thread_at_gate(|_| ());
        let waiter = nt.spawn(move |nt| nt.any(&[event, thread], NEVER));
        nt.until_asleep(event, 1);
        gate.open();
        nt.set(event);
        let status = waiter.join().unwrap();
        nt.ended(thread);
        match (status.0, nt.state(event)) {
            (0, 0) => "event",
            (1, 1) => "thread",
            other => panic!("{other:?}"),
        }
    });
}

/// M1: a wait for a thread and an event together takes the event when the thread has ended, and reserves nothing before.
///
/// The event is set. A: end          B: wait for both          C: when B sleeps: look for the event; give it back
#[test]
fn m1_thread_and_event() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        let (thread, gate) = nt.thread_at_gate(|_| ());
        let waiter = nt.spawn(move |nt| nt.all(&[event, thread], NEVER));
        nt.until_asleep(event, 1);
        gate.open();
        if nt.wait(event, POLL) == NtStatus::WAIT_0 {
            nt.set(event);
        }
        assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        nt.ended(thread);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// M1: a thread keeps its object when nobody has a handle, and the object goes with it: then its id names nobody.
///
/// A: tell the id; set; end          B: close the only handle to A; wait for the event
#[test]
fn m1_object_goes_with_the_thread() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let id = Arc::new(AtomicU32::new(0));
        let thread = nt.thread({
            let id = Arc::clone(&id);
            move |nt| {
                id.store(nt.my_id(), Ordering::Relaxed);
                nt.set(event);
            }
        });
        assert_eq!(nt.close(thread), NtStatus::SUCCESS);
        assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0);
        until_threads_are_gone();
        let outlives = || nt.open_thread(id.load(Ordering::Relaxed)).map(|handle| nt.close(handle)).is_ok();
        assert!(!cfg!(ntwait_loom) || !outlives(), "the object has outlived its thread");
        while outlives() {
            yield_now();
        }
    });
}

/// B2, TH9: a thread that is made suspended runs nothing until it is resumed, and then it runs.
///
/// B: make A suspended; go = true; resume A; wait for A          A: look whether to go
#[test]
fn b2_made_suspended_runs_nothing() {
    model(|| {
        let nt = Nt::new();
        let [go, ran] = [shared_flag(), shared_flag()];
        let thread = nt.thread_suspended({
            let (go, ran) = (go.clone(), ran.clone());
            move |_| {
                assert!(go.is_up(), "it runs before it was resumed");
                ran.raise();
            }
        });
        go.raise();
        assert_eq!(nt.resume(thread), 1);
        nt.ended(thread);
        assert!(ran.is_up());
    });
}

/// B2: a suspension that comes while the thread begins is not missed, nor is the resumption: it may run before or after.
///
/// B: make A; suspend A; resume A          A: end
#[test]
fn b2_suspended_while_it_begins() {
    model_reaching(&["in time", "too late"], || {
        let nt = Nt::new();
        let thread = nt.thread(|_| ());
        let suspended = nt.suspend(thread);
        let resumed = nt.resume(thread);
        nt.ended(thread);
        match (suspended, resumed) {
            (Ok(0), 0 | 1) => "in time",
            (Err(NtStatus::THREAD_IS_TERMINATING), 0) => "too late",
            other => panic!("{other:?}"),
        }
    });
}

/// A19, A20: an APC that comes while the thread begins is called before its routine, or not at all.
///
/// B: make A; queue an APC to A          A: which have been called?
#[test]
fn a19_apc_comes_before_the_routine() {
    model_reaching(&["before", "never"], || {
        let nt = Nt::new();
        let calls = Calls::default();
        let at_begin = Arc::new(AtomicU64::new(0));
        let thread = nt.thread({
            let (calls, at_begin) = (calls.clone(), Arc::clone(&at_begin));
            move |_| at_begin.store(calls.made(), Ordering::Relaxed)
        });
        let queued = nt.queue_apc(thread, &calls, 1);
        nt.ended(thread);
        match (queued, at_begin.load(Ordering::Relaxed), calls.made()) {
            (NtStatus::SUCCESS, 1, 1) => "before",
            (NtStatus::SUCCESS | NtStatus::UNSUCCESSFUL, 0, 0) => "never",
            other => panic!("{other:?}"),
        }
    });
}

/// Has itself call this APC, and nothing else.
#[cfg(ntwait_loom)]
fn asks_itself(nt: &Nt, calls: &Calls, number: u64) {
    assert_eq!(nt.queue_apc(nt.me(), calls, number), NtStatus::SUCCESS);
    assert_eq!(nt.wait_alertably(nt.auto(false), POLL), NtStatus::USER_APC);
}

/// B1: if no thread can be had, nothing remains, though somebody has found it by its id meanwhile: for him it has ended.
/// The next owner of its record was asked for nothing.
///
/// B: make a thread, in vain; when C has ended: queue an APC to itself; look alertably
/// C: open the thread by its id; ask it for everything; wait for it
#[cfg(ntwait_loom)]
#[test]
fn b1_no_thread_leaves_nothing() {
    model_reaching(&["found", "not found"], || {
        let nt = Nt::new();
        let calls = Calls::default();
        let other = nt.spawn({
            let calls = calls.clone();
            move |nt| {
                let found = nt.open_thread(FIRST_ID);
                if let Ok(thread) = found {
                    let _ = (nt.suspend(thread), nt.queue_apc(thread, &calls, 1));
                    assert_eq!(nt.wait(thread, NEVER), NtStatus::WAIT_0);
                    assert_eq!(nt.queue_apc(thread, &calls, 2), NtStatus::UNSUCCESSFUL);
                    assert_eq!(nt.close(thread), NtStatus::SUCCESS);
                }
                found.is_ok()
            }
        });
        refuse_threads(true);
        let made = nt.try_thread(CreateThreadFlags::CREATE_SUSPENDED, |_| ());
        refuse_threads(false);
        assert_eq!(made, Err(NtStatus::INSUFFICIENT_RESOURCES));
        let found = other.join().unwrap();
        assert_eq!(nt.open_thread(FIRST_ID), Err(NtStatus::INVALID_CID));
        // One of three threads at a time gets the record in question.
        asks_itself(&nt, &calls, 3);
        let list = calls.clone();
        let heir = nt.spawn(move |nt| {
            asks_itself(nt, &list, 4);
            nt.spawn(move |nt| asks_itself(nt, &list, 5)).join().unwrap();
        });
        heir.join().unwrap();
        assert_eq!(calls.made(), 0x345);
        if found { "found" } else { "not found" }
    });
}
