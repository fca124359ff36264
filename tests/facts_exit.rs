//! Threads that exit from within: facts TH1, TH7, A20, and what becomes of their frames.

#![allow(unsafe_code, reason = "exits from any depth")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::null_mut;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use common::nt_threads::{ALL_RIGHTS, Log, ME, STILL_ACTIVE};
use common::{FOREVER, Nt, object, within};
use ntwait::{
    ApcRoutine, CreateThreadFlags, CurrentThread, Handle, JoinError, NtStatus, ObjectAttributes, Runtime, StartRoutine,
    Thread, WaitPolicy,
};

const FRAME: usize = 1;
const HOOK: usize = 2;
const DESTRUCTOR: usize = 3;
const NEVER: usize = 4;

/// The tests of this file share these steps, so they take turns.
static STEPS: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static TURN: Mutex<()> = Mutex::new(());

fn step(step: usize) {
    STEPS.lock().expect("the steps").push(step);
}

struct Step(usize);

impl Drop for Step {
    fn drop(&mut self) {
        step(self.0);
    }
}

thread_local! {
    static LOCAL: Step = const { Step(DESTRUCTOR) };
}

/// Runs the test alone, with a runtime whose exit hook is a step.
fn alone(body: fn(Nt)) {
    fn hook(_: &CurrentThread<'_>) {
        step(HOOK);
    }
    within(move || {
        let _turn = TURN.lock();
        STEPS.lock().expect("the steps").clear();
        let builder = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).on_thread_exit(hook);
        body(Nt(builder.build().expect("a runtime").leak()));
    });
}

fn steps() -> Vec<usize> {
    core::mem::take(&mut *STEPS.lock().expect("the steps"))
}

/// Exits at some depth, below frames with destructors.
#[inline(never)]
fn exit_below(nt: Nt, depth: u32, code: u32) -> u32 {
    let _frame = Step(FRAME);
    if depth > 0 {
        return exit_below(nt, depth - 1, code) + 1;
    }
    LOCAL.with(|_| ());
    // SAFETY: nothing relies on the frames' destructors; where they must not run, they are not.
    let status = unsafe { nt.rtl_exit_user_thread(code) };
    step(NEVER);
    status.0
}

fn spawn(nt: Nt, body: impl FnOnce() -> u32 + Send + 'static) -> Thread<u32> {
    Thread::builder().runtime(nt.0).spawn(body).expect("a thread")
}

/// A thread with a closure is unwound: every frame's destructors run, then the hook, then those of the thread-locals.
#[test]
fn th7_a_closure_is_unwound() {
    alone(|nt| {
        for (depth, code) in [(0, 5), (2, STILL_ACTIVE), (30, u32::MAX), (0, 0)] {
            let thread = spawn(nt, move || exit_below(nt, depth, code));
            assert_eq!(nt.one(thread.handle(), FOREVER), object(0));
            assert_eq!(thread.exit_code(), Some(code));
            assert!(matches!(thread.join(), Err(JoinError::Ended(seen)) if seen == code));
            let expected = [vec![FRAME; depth as usize + 1], vec![HOOK, DESTRUCTOR]].concat();
            assert_eq!(steps(), expected);
        }
    });
}

/// A frame in between that catches panics does not catch an exit, so no frame is unwound; the hook and the thread-local destructors
/// run all the same.
#[test]
fn th7_nobody_catches_an_exit() {
    alone(|nt| {
        let thread = spawn(nt, move || {
            let caught = catch_unwind(AssertUnwindSafe(|| exit_below(nt, 3, 9)));
            step(NEVER);
            u32::from(caught.is_err())
        });
        assert!(matches!(thread.join(), Err(JoinError::Ended(9))));
        assert_eq!(steps(), [HOOK, DESTRUCTOR]);
    });
}

extern "C" fn exit_from_c(nt: *mut c_void) -> u32 {
    // SAFETY: the runtime that `create` passed.
    let nt = Nt(unsafe { &*nt.cast::<Runtime>() });
    exit_below(nt, 2, 88)
}

#[cfg(target_arch = "x86_64")]
extern "win64" fn exit_from_win64(nt: *mut c_void) -> u32 {
    exit_from_c(nt)
}

/// A routine with a C calling convention is left as it is.
#[test]
fn th7_a_c_routine_is_not_unwound() {
    alone(|nt| {
        let routines = [
            StartRoutine::C(exit_from_c),
            #[cfg(target_arch = "x86_64")]
            StartRoutine::Win64(exit_from_win64),
        ];
        for routine in routines {
            let (me, none) = (Handle::CURRENT_PROCESS, ObjectAttributes::NONE);
            let (parameter, flags) = (core::ptr::from_ref(nt.0).cast_mut().cast(), CreateThreadFlags::empty());
            let thread = nt.nt_create_thread_ex(ALL_RIGHTS, none, me, Some(routine), parameter, flags, 0);
            let thread = thread.expect("a thread");
            assert_eq!((nt.one(thread, FOREVER), nt.exit_code(thread)), (object(0), Ok(88)));
            assert_eq!(steps(), [HOOK, DESTRUCTOR]);
        }
    });
}

/// From an APC, in a wait: the wait is left, nothing is taken and nothing stays queued.
#[test]
fn a20_th7_exit_from_an_apc() {
    alone(|nt| {
        let (event, other, log) = (nt.auto(false), nt.auto(false), Log::new());
        let at_rest = [event, other].map(|event| nt.references(event));
        let thread = nt
            .blocked(move || nt.nt_wait_for_multiple_objects(&[event, other], ntwait::WaitType::ALL, true, FOREVER).0);
        assert_eq!(nt.queue_call(thread.handle, move || assert_ne!(exit_below(nt, 1, 66), 66)), NtStatus::SUCCESS);
        let _ = nt.queue_note(thread.handle, log, 20); // perhaps it has gone already
        assert_eq!((thread.join(), steps(), log.take()), (66, vec![HOOK, DESTRUCTOR], vec![]));
        assert_eq!([event, other].map(|event| nt.references(event)), at_rest);
        assert_eq!((nt.set(event), nt.set(other)), (0, 0));
        assert_eq!(nt.states([event, other]), [1, 1]);
    });
}

/// A C function that has something to drop.
extern "C" fn exit_with_locals(nt: *mut c_void, _: *mut c_void, _: *mut c_void) {
    let _frame = Step(FRAME);
    // SAFETY: the runtime that the tests pass.
    let nt = Nt(unsafe { &*nt.cast::<Runtime>() });
    exit_below(nt, 2, 88);
}

fn run_alone(test: &str) -> std::process::Output {
    let itself = std::env::current_exe().expect("this test's path");
    let mut child = std::process::Command::new(itself);
    child.args(["--exact", test, "--ignored", "--nocapture"]).output().expect("a child")
}

/// The two that follow abort the process if they fail, so each runs in one of its own.
fn in_a_process(test: &str) {
    let output = run_alone(test);
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}

/// The one limit, which the documentation names: a Rust function of C's convention that has something to drop aborts the
/// process, as under a panic.
#[test]
fn th7_a_c_function_with_locals_aborts_as_documented() {
    let status = run_alone("child_exits_below_a_c_function").status;
    assert_eq!(status.signal(), Some(6), "SIGABRT");
}

#[test]
#[ignore = "run by th7_a_c_function_with_locals_aborts_as_documented"]
fn child_exits_below_a_c_function() {
    alone(|nt| {
        let thread = spawn(nt, move || {
            exit_with_locals(core::ptr::from_ref(nt.0).cast_mut().cast(), null_mut(), null_mut());
            1
        });
        let _ = thread.join();
    });
}

/// A closure's thread is not unwound if it exits in an APC: what called the APC is no frame of the closure's.
#[test]
fn a20_th7_a_closure_exits_from_an_apc() {
    in_a_process("child_exits_from_an_apc");
}

#[test]
#[ignore = "run by a20_th7_a_closure_exits_from_an_apc"]
fn child_exits_from_an_apc() {
    alone(|nt| {
        let event = nt.auto(false);
        let at_rest = nt.references(event);
        let parameter = core::ptr::from_ref(nt.0).cast_mut().cast();
        for routine in [exit_with_locals, exit_without_locals] {
            let thread = spawn(nt, move || nt.alertable(event, FOREVER).0);
            common::nt_threads::until("it waits", || nt.references(event) > at_rest);
            let queued = nt.nt_queue_apc_thread(thread.handle(), Some(ApcRoutine::C(routine)), [parameter; 3]);
            assert_eq!(queued, NtStatus::SUCCESS);
            assert!(matches!(thread.join(), Err(JoinError::Ended(88))));
            assert_eq!((steps(), nt.references(event)), (vec![HOOK, DESTRUCTOR], at_rest));
        }
    });
}

extern "C" fn exit_without_locals(nt: *mut c_void, _: *mut c_void, _: *mut c_void) {
    exit_from_c(nt);
}

/// In a thread that somebody else made the call says that it cannot; how the thread ends is its maker's business, and the code is
/// this one.
#[test]
fn th1_th7_threads_of_std() {
    alone(|nt| {
        let thread = std::thread::spawn(move || {
            let own = nt.duplicate(ME, ALL_RIGHTS).expect("a handle");
            // SAFETY: it returns.
            (own, unsafe { nt.rtl_exit_user_thread(77) }, nt.exit_code(own))
        });
        let (handle, status, code) = thread.join().expect("a thread");
        assert_eq!((status, code), (NtStatus::NOT_SUPPORTED, Ok(STILL_ACTIVE)));
        assert_eq!((nt.one(handle, FOREVER), nt.exit_code(handle)), (object(0), Ok(77)));
        assert!(steps().is_empty());
    });
}

/// One whose objects are not known yet has no code to keep.
#[test]
fn th7_threads_of_std_without_objects() {
    alone(|nt| {
        // SAFETY: it returns.
        let status = std::thread::spawn(move || unsafe { nt.rtl_exit_user_thread(1) }).join().expect("a thread");
        assert_eq!(status, NtStatus::NOT_SUPPORTED);
        assert!(steps().is_empty());
    });
}

/// Many in a row, in the same Linux threads: thread-locals and hooks are each time new.
#[test]
fn th7_many_exits() {
    alone(|nt| {
        for code in 0..300 {
            let thread = match code % 2 {
                0 => nt.thread(move || exit_below(nt, 1, code)),
                _ => nt.thread(move || LOCAL.with(|_| code)),
            };
            assert_eq!(thread.join(), code);
            assert_eq!(steps(), [HOOK, DESTRUCTOR], "{code}");
        }
    });
}
