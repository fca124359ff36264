//! The last thread of a process: facts TH4, TH5. In children of `fork`, which have one thread.

#![allow(unsafe_code, reason = "fork; threads that end")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

use core::ffi::c_void;
use ntwait::{Handle, NtStatus, Ntdll, NtdllApi, Runtime};

extern "C" fn return_7(_: *mut c_void) -> u32 {
    7
}

/// Runs this in a child with a fresh runtime; returns the child's status as `waitpid` has it.
fn in_a_child(body: fn(&'static Runtime) -> i32) -> i32 {
    // SAFETY: the child is left by `_exit`, or by what is being tested.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0);
    if pid == 0 {
        // SAFETY: a hang in the child kills the child.
        unsafe { libc::alarm(20) };
        let fault = body(Runtime::global());
        // SAFETY: ends the child without the parent's destructors.
        unsafe { libc::_exit(fault) };
    }
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}

/// The code in a status, if the child has exited.
fn exit_code(status: i32) -> Option<i32> {
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}

/// The last thread cannot terminate itself by the null handle; when it exits, the process does, with its code. Threads that the library
/// keeps for itself do not count.
#[test]
fn th4_th5_the_last_thread() {
    let status = in_a_child(|nt| {
        // SAFETY: it returns.
        if unsafe { nt.nt_terminate_thread(Handle::NULL, 3) } != NtStatus::CANT_TERMINATE_SELF {
            return 1;
        }
        // SAFETY: it ends the process.
        let _ = unsafe { nt.rtl_exit_user_thread(77) };
        2
    });
    assert_eq!(exit_code(status), Some(77));
    let status = in_a_child(|nt| {
        let platform = Ntdll::on(nt);
        for _ in 0..3 {
            let Ok(thread) = platform.nt_create_thread(return_7, core::ptr::null_mut(), 0) else { return 1 };
            if platform.nt_wait_for_single_object(thread, 10_000) != Ok(0) {
                return 2;
            }
        }
        // SAFETY: it returns.
        if unsafe { nt.nt_terminate_thread(Handle::NULL, 3) } != NtStatus::CANT_TERMINATE_SELF {
            return 3;
        }
        // SAFETY: it ends the process.
        let _ = unsafe { nt.rtl_exit_user_thread(78) };
        4
    });
    assert_eq!(exit_code(status), Some(78));
}

/// With other threads about, the null handle means the calling thread, which is not the library's.
#[test]
fn th4_not_the_last_thread() {
    let status = in_a_child(|nt| {
        let platform = Ntdll::on(nt);
        let Ok(event) = platform.nt_create_event(true, false) else { return 1 };
        extern "C" fn wait(event: *mut c_void) -> u32 {
            Runtime::global().nt_wait_for_single_object(Handle(event.addr() as u64), false, None).0 + 9
        }
        let parameter = core::ptr::without_provenance_mut(usize::try_from(event.0).unwrap_or(0));
        let Ok(thread) = platform.nt_create_thread(wait, parameter, 0) else { return 2 };
        // SAFETY: it returns.
        if unsafe { nt.nt_terminate_thread(Handle::NULL, 3) } != NtStatus::NOT_SUPPORTED {
            return 3;
        }
        // SAFETY: it returns.
        if unsafe { nt.rtl_exit_user_thread(5) } != NtStatus::NOT_SUPPORTED {
            return 4;
        }
        let _ = platform.nt_set_event(event);
        let ended = platform.nt_wait_for_single_object(thread, 10_000) == Ok(0);
        if ended && platform.nt_get_exit_code_thread(thread) == Ok(9) { 0 } else { 5 }
    });
    assert_eq!(exit_code(status), Some(0));
}
