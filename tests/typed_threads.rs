//! The typed face of threads: what safe code may do to it, and what becomes of closures and results.

#![allow(clippy::disallowed_types, reason = "std's Arc counts what is dropped")]
#![allow(clippy::disallowed_methods, reason = "a pause, after which a thread has most likely begun")]

use ntwait::{Event, JoinError, NtStatus, Runtime, Thread};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Somebody closes the handle behind the thread's back: there is nothing to wait for, and nothing half-written is taken.
#[test]
fn join_after_the_handle_was_closed() {
    for round in 0..500 {
        let thread = Thread::spawn(move || format!("result {round}")).unwrap();
        assert_eq!(Runtime::global().nt_close(thread.handle()), NtStatus::SUCCESS);
        match thread.join() {
            Ok(text) => assert_eq!(text, format!("result {round}")),
            Err(JoinError::Ended(_)) => {}
            Err(JoinError::Panicked(_)) => panic!("it does not panic"),
        }
    }
}

#[test]
fn results_and_panics_are_joined() {
    assert_eq!(Thread::spawn(|| vec![1, 2, 3]).unwrap().join().unwrap(), [1, 2, 3]);
    let error = Thread::spawn(|| -> u32 { panic!("no number") }).unwrap().join().unwrap_err();
    assert_eq!(error.to_string(), "the thread panicked: no number");
}

struct WaitsWhenDropped(&'static Event);

impl Drop for WaitsWhenDropped {
    fn drop(&mut self) {
        self.0.wait();
    }
}

thread_local! {
    static LATE: std::cell::RefCell<Option<WaitsWhenDropped>> = const { std::cell::RefCell::new(None) };
}

/// TH7: a thread that a second runtime knows too ends when its thread-local destructors have run, and not before.
#[test]
fn th7_a_thread_that_two_runtimes_know() {
    let go: &'static Event = Box::leak(Box::new(Event::auto_reset(false).unwrap()));
    let other = Runtime::builder().max_handles(4096).build().unwrap().leak();
    let ready = Arc::new(Mutex::new(0));
    let id = Arc::clone(&ready);
    let known = Event::manual_reset(false).unwrap();
    let told = known.handle();
    let thread = Thread::spawn(move || {
        *id.lock().unwrap() = other.current_thread_id().unwrap();
        LATE.with(|late| *late.borrow_mut() = Some(WaitsWhenDropped(go)));
        Runtime::global().nt_set_event(told).unwrap();
    })
    .unwrap();
    known.wait();
    let client = ntwait::ClientId { process: 0, thread: *ready.lock().unwrap() };
    let open = || other.nt_open_thread(ntwait::AccessMask::SYNCHRONIZE, ntwait::ObjectAttributes::NONE, client);
    let there = open().unwrap();
    let nt = Runtime::global();
    assert_eq!(nt.nt_wait_for_single_object(thread.handle(), false, Some(-200_000)), NtStatus::TIMEOUT);
    go.set();
    assert_eq!(nt.nt_wait_for_single_object(thread.handle(), false, None), NtStatus::WAIT_0);
    // The other runtime sees it end as well, before or after.
    assert_eq!(other.nt_wait_for_single_object(there, false, None), NtStatus::WAIT_0);
    assert_eq!(other.nt_close(there), NtStatus::SUCCESS);
    assert_eq!(open(), Err(NtStatus::INVALID_CID));
}

/// A closure that is not queued is dropped, whatever the reason.
#[test]
fn closures_that_are_not_queued_are_dropped() {
    let counted = Arc::new(());
    let thread = Thread::spawn(|| ()).unwrap();
    assert_eq!(Runtime::global().nt_wait_for_single_object(thread.handle(), false, None), NtStatus::WAIT_0);
    let captured = Arc::clone(&counted);
    assert_eq!(thread.queue_apc(move || drop(captured)), Err(NtStatus::UNSUCCESSFUL));
    assert_eq!(Arc::strong_count(&counted), 1);
    assert_eq!(Runtime::global().nt_close(thread.handle()), NtStatus::SUCCESS);
    let captured = Arc::clone(&counted);
    assert_eq!(thread.queue_apc(move || drop(captured)), Err(NtStatus::INVALID_HANDLE));
    assert_eq!(Arc::strong_count(&counted), 1);
}

struct AsksWhenDropped(Arc<Mutex<Vec<Result<u32, NtStatus>>>>);

impl Drop for AsksWhenDropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(Runtime::global().current_thread_id());
    }
}

/// A20: what is still queued is dropped at the end, when the thread has no object any more and gets no new one.
#[test]
fn a20_a_closure_that_is_never_called() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let go = Event::manual_reset(false).unwrap();
    let gate = go.handle();
    let thread = Thread::spawn(move || {
        assert_eq!(Runtime::global().nt_wait_for_single_object(gate, false, None), NtStatus::WAIT_0);
    })
    .unwrap();
    // After the thread has begun: what is queued before is called at the start (A19).
    std::thread::sleep(Duration::from_millis(20));
    let captured = AsksWhenDropped(Arc::clone(&asked));
    thread.queue_apc(move || drop(captured)).unwrap();
    go.set();
    thread.join().unwrap();
    let answers = asked.lock().unwrap().clone();
    assert_eq!(answers.len(), 1, "dropped once");
    // If the thread had not begun when it was queued, it was called with the thread alive.
    assert!(answers[0] == Err(NtStatus::THREAD_IS_TERMINATING) || answers[0].is_ok());
}
