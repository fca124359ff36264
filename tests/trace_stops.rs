//! Threads that are suspended and terminated while calls are traced hold up nobody; callbacks' own calls are traced in order.

#![allow(unsafe_code, reason = "threads are terminated")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
mod recorder;

use common::{FOREVER, Nt, within};
use core::ffi::c_void;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicU64, Ordering};
use ntwait::{ApcRoutine, CreateThreadFlags, Handle, KillSafeAlloc, NtStatus, Runtime, TraceConfig};
use recorder::texts_in;
use std::fs;
use std::sync::Once;

#[global_allocator]
static ALLOC: KillSafeAlloc = KillSafeAlloc::new();

/// All tests of this file trace into one file, which nobody reads.
fn trace() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| TraceConfig::new().file("/dev/null").install().expect("the first subscriber"));
}

extern "C" fn set_and_reset(_: *mut c_void, _: *mut c_void, _: *mut c_void) {
    let nt = RUNTIME.load(Ordering::Acquire) as *const Runtime;
    // SAFETY: the test put it there, and it is never dropped.
    let nt = unsafe { &*nt };
    assert_eq!(nt.nt_set_event(Handle(4)), Ok(0));
    assert_eq!(nt.nt_reset_event(Handle(4)), Ok(1));
}

static RUNTIME: AtomicU64 = AtomicU64::new(0);

#[test]
fn the_calls_of_an_apc_are_told_inside_the_call_that_runs_it() {
    let nt = Nt::new();
    let event = nt.manual(false);
    assert_eq!(event, Handle(4));
    RUNTIME.store(core::ptr::from_ref(nt.0) as u64, Ordering::Release);
    let texts = texts_in(|| {
        let apc = Some(ApcRoutine::C(set_and_reset));
        assert_eq!(nt.nt_queue_apc_thread(Handle::CURRENT_THREAD, apc, [null_mut(); 3]), NtStatus::SUCCESS);
        assert_eq!(nt.nt_wait_for_single_object(event, true, FOREVER), NtStatus::USER_APC);
    });
    assert_eq!(
        texts[2..],
        [
            "CALL   NtWaitForSingleObject(handle=0x4, alertable=true, timeout=NULL)",
            "CALL   NtSetEvent(handle=0x4)",
            "RETURN NtSetEvent() -> Ok(previous_state=0)",
            "CALL   NtResetEvent(handle=0x4)",
            "RETURN NtResetEvent() -> Ok(previous_state=1)",
            "RETURN NtWaitForSingleObject() -> Ok(STATUS_USER_APC)",
        ]
    );
}

/// A thread that makes calls, and so lines, without end.
fn busy(nt: Nt) -> (Handle, &'static AtomicU64) {
    let rounds: &'static AtomicU64 = Box::leak(Box::default());
    let thread = nt.create(CreateThreadFlags::empty(), move || {
        let event = nt.auto(false);
        loop {
            nt.set(event);
            assert_eq!(nt.nt_wait_for_single_object(event, false, FOREVER), NtStatus::WAIT_0);
            rounds.fetch_add(1, Ordering::Relaxed);
        }
    });
    (thread.handle, rounds)
}

fn wait_for_more(rounds: &AtomicU64) {
    let before = rounds.load(Ordering::Relaxed);
    while rounds.load(Ordering::Relaxed) < before + 2 {
        std::thread::yield_now();
    }
}

#[test]
fn tr2_a_thread_that_is_suspended_in_a_report_holds_nothing() {
    trace();
    within(|| {
        let nt = Nt::new();
        let (thread, rounds) = busy(nt);
        let event = nt.auto(false);
        for _ in 0..500 {
            wait_for_more(rounds);
            assert_eq!(nt.nt_suspend_thread(thread), Ok(0));
            // Every one of these would stand still behind it.
            for _ in 0..10 {
                nt.set(event);
                assert_eq!(nt.nt_wait_for_single_object(event, false, FOREVER), NtStatus::WAIT_0);
            }
            assert_eq!(nt.nt_resume_thread(thread), Ok(1));
        }
        // SAFETY: nothing refers to its stack.
        assert_eq!(unsafe { nt.nt_terminate_thread(thread, 0) }, NtStatus::SUCCESS);
    });
}

#[test]
fn tr2_a_thread_that_is_terminated_in_a_report_holds_nothing() {
    trace();
    within(|| {
        let nt = Nt::new();
        for _ in 0..200 {
            let (thread, rounds) = busy(nt);
            wait_for_more(rounds);
            // SAFETY: nothing refers to its stack.
            assert_eq!(unsafe { nt.nt_terminate_thread(thread, 9) }, NtStatus::SUCCESS);
            assert_eq!(nt.nt_wait_for_single_object(thread, false, FOREVER), NtStatus::WAIT_0);
            let event = nt.auto(true);
            assert_eq!(nt.nt_wait_for_single_object(event, false, FOREVER), NtStatus::WAIT_0);
            assert_eq!(nt.nt_close(event), NtStatus::SUCCESS);
            assert_eq!(nt.nt_close(thread), NtStatus::SUCCESS);
        }
    });
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    assert!(status.contains("Threads:"));
}

/// A thread that ends itself in the middle of a call that is traced leaves it without a second report.
#[test]
fn tr1_a_call_that_does_not_return_has_one_report() {
    use tracing_subscriber::layer::SubscriberExt;
    within(|| {
        let nt = Nt::new();
        let recorder = recorder::Recorder::default();
        let subscriber = tracing_subscriber::registry().with(recorder.clone());
        let dispatch = tracing::Dispatch::new(subscriber);
        let thread = nt.create(CreateThreadFlags::empty(), move || {
            // Left by force: no guard of a default subscriber may lie in the frames.
            std::mem::forget(tracing::dispatcher::set_default(&dispatch));
            // SAFETY: nothing in the frames of this thread is waited for.
            let status = unsafe { nt.rtl_exit_user_thread(7) };
            panic!("it returned: {status}");
        });
        assert_eq!(nt.nt_wait_for_single_object(thread.handle, false, FOREVER), NtStatus::WAIT_0);
        let told: Vec<_> = recorder.take().into_iter().map(|told| told.message).collect();
        assert_eq!(told.first().map(String::as_str), Some("CALL   RtlExitUserThread(exit_code=7)"));
        assert!(!told.iter().any(|text| text.starts_with("RETURN")), "{told:?}");
    });
}
