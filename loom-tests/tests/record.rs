//! Models of thread records and their wait blocks, which are used again, and of what a thread leaves behind.

use ntwait::internals::{Thread, pass_time, release_thread};
use ntwait::{Handle, NtStatus};
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{Gate, model, model_reaching, model_within, spawn};
use std::sync::{Arc, Mutex};

/// B2: a signaller that finds a wait decides that wait or none: never the next one of the same thread.
///
/// A: set E          B: wait for E, may time out; wait for F, may time out
#[test]
fn b2_wait_that_is_decided_is_the_one_that_was_queued() {
    model_reaching(&["first", "neither"], || {
        let nt = Nt::new();
        let [event, other] = [nt.auto(false), nt.auto(false)];
        pass_time();
        let waiter = nt.spawn(move |nt| [nt.wait(event, SOON), nt.wait(other, SOON)]);
        nt.set(event);
        let statuses = waiter.join().unwrap();
        assert_eq!([event, other].map(|event| nt.waiters(event)), [0, 0]);
        match (statuses, nt.state(event), nt.state(other)) {
            ([NtStatus::WAIT_0, NtStatus::TIMEOUT], 0, 0) => "first",
            ([NtStatus::TIMEOUT, NtStatus::TIMEOUT], 1, 0) => "neither",
            other => panic!("{other:?}"),
        }
    });
}

/// B2, B3: a block that hangs in a signaller's chain is not used for the next wait.
///
/// A: set E; set F          B: wait for E; wait for F
#[test]
fn b3_block_in_a_chain_is_not_used_again() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let waiter = nt.spawn(move |nt| events.map(|event| nt.wait(event, NEVER)));
        assert_eq!(events.map(|event| nt.set(event)), [0, 0]);
        assert_eq!(waiter.join().unwrap(), [NtStatus::WAIT_0; 2]);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// B3: a chain of several, of which the last waits again at once.
///
/// A: wait until B sleeps; set E; set F          B: wait alertably for E
/// C: wait alertably for E; for F (both by hand)
#[test]
fn b3_chain_of_two() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.manual(false), nt.manual(false)];
        let first = nt.spawn(move |nt| nt.wait_alertably(events[0], NEVER));
        nt.until_asleep(events[0], 1);
        let second = nt.spawn(move |nt| events.map(|event| nt.wait_alertably(event, NEVER)));
        assert_eq!(events.map(|event| nt.set(event)), [0, 0]);
        assert_eq!(first.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(second.join().unwrap(), [NtStatus::WAIT_0; 2]);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(1, 0); 2]);
    });
}

/// T2: the wake for a wait that is over hits the next owner of the record, and is a stray wake to it.
///
/// A: set E; time passes          B: wait for E; give the record back, take it again; wait for F, may time out
#[test]
fn t2_late_wake_hits_the_next_owner() {
    model(|| {
        let nt = Nt::new();
        let [event, other] = [nt.auto(false), nt.auto(false)];
        let waiter = nt.spawn(move |nt| {
            let first = nt.wait(event, NEVER);
            release_thread();
            [first, nt.wait(other, SOON)]
        });
        nt.set(event);
        pass_time();
        assert_eq!(waiter.join().unwrap(), [NtStatus::WAIT_0, NtStatus::TIMEOUT]);
        assert_eq!([event, other].map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// T1: a record goes from one thread to the next with all that the first did to it.
///
/// A: wait for E, may time out          B: wait for F, may time out          C: set E
#[test]
fn t1_record_goes_from_thread_to_thread() {
    model(|| {
        let nt = Nt::new();
        let [event, other] = [nt.auto(false), nt.auto(false)];
        pass_time();
        let first = nt.spawn(move |nt| nt.wait(event, SOON));
        let second = nt.spawn(move |nt| nt.wait(other, SOON));
        nt.set(event);
        let released = first.join().unwrap() == NtStatus::WAIT_0;
        assert_eq!(second.join().unwrap(), NtStatus::TIMEOUT);
        assert_eq!((nt.state(event), nt.state(other)), (i32::from(!released), 0));
    });
}

/// T1: no two threads have the same record, though one is given back while another thread is about to take it.
///
/// Two records are in the pool.
/// A: take one; open gate 2; set F; when B is done, set E
/// B: take one; pass gate 1; give it back; pass gate 2; wait for F
/// C: take one; open gate 1; wait for E
#[test]
fn t1_record_has_one_owner() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let gates = [Gate::new(), Gate::new()];
        let _ = Thread::current();
        spawn(Thread::current).join().unwrap();
        release_thread();
        let second = nt.spawn({
            let gates = gates.clone();
            move |nt| {
                let _ = Thread::current();
                gates[0].pass();
                release_thread();
                gates[1].pass();
                nt.wait(events[1], NEVER)
            }
        });
        let third = nt.spawn({
            let gates = gates.clone();
            move |nt| {
                let _ = Thread::current();
                gates[0].open();
                nt.wait(events[0], NEVER)
            }
        });
        let _ = Thread::current();
        gates[1].open();
        nt.set(events[1]);
        assert_eq!(second.join().unwrap(), NtStatus::WAIT_0);
        nt.set(events[0]);
        assert_eq!(third.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// T1: a request that nobody heard is not the next owner's.
///
/// A: alert itself; end          B: look alertably
#[test]
fn t1_alert_goes_with_its_thread() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let alerted = spawn(|| Thread::current().alert());
        let early = nt.wait_alertably(event, POLL);
        release_thread();
        alerted.join().unwrap();
        assert_eq!([early, nt.wait_alertably(event, POLL)], [NtStatus::TIMEOUT; 2]);
    });
}

/// W27: a thread's object is signalled when the thread has ended, and who waits for it is released.
///
/// A: make a handle of its own object; set E; end          B: wait for E; wait for the thread
#[test]
fn d1_end_of_a_thread_is_a_signal() {
    model_within(2, || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let handle = Arc::new(Mutex::new(Handle::NULL));
        let thread = nt.spawn({
            let handle = Arc::clone(&handle);
            move |nt| {
                *handle.lock().unwrap() = nt.duplicate(Handle::CURRENT_THREAD).unwrap();
                nt.set(event);
            }
        });
        assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0);
        let handle = *handle.lock().unwrap();
        assert_eq!(nt.wait(handle, NEVER), NtStatus::WAIT_0);
        assert_eq!(nt.close(handle), NtStatus::SUCCESS);
        thread.join().unwrap();
    });
}

/// D1: the end of a thread against the end of the runtime in which it has an object.
///
/// A: make a handle of its own object; let go of the runtime; open the gate; end
/// B: pass the gate; drop the runtime
#[test]
fn d1_end_of_a_thread_against_end_of_the_runtime() {
    model(|| {
        let nt = Nt::new();
        let gate = Gate::new();
        let thread = spawn({
            let (nt, gate) = (nt.clone(), gate.clone());
            move || {
                assert!(nt.duplicate(Handle::CURRENT_THREAD).is_ok());
                drop(nt);
                gate.open();
            }
        });
        gate.pass();
        drop(nt);
        thread.join().unwrap();
    });
}
