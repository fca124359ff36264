//! What becomes of the process when its first thread ends and others go on (TH4, TH5). Each case runs in a child.

#![allow(unsafe_code, reason = "fork, and the end of the child's first thread")]
#![allow(clippy::disallowed_methods, reason = "waits for something that only the kernel shows")]

use core::ffi::c_void;
use core::ptr::null_mut;
use ntwait::{Handle, NtStatus, Runtime, Thread};
use std::time::{Duration, Instant};

/// How a child ended: its exit code. One that hangs is killed, and fails.
fn in_a_child(first_thread: fn()) -> i32 {
    // SAFETY: the child runs code of this test only, and the C library's allocator survives a fork.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "a child");
    if child == 0 {
        // SAFETY: kills the child, should it hang.
        unsafe { libc::alarm(20) };
        first_thread();
        // SAFETY: the child's first thread, of which no frame has anything to drop.
        unsafe { libc::_exit(99) };
    }
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    let waited = unsafe { libc::waitpid(child, &raw mut status, 0) };
    assert_eq!(waited, child);
    assert!(libc::WIFEXITED(status), "ended by signal {}", libc::WTERMSIG(status));
    libc::WEXITSTATUS(status)
}

// `pthread_exit`, called from where the stack ends for whoever unwinds it: the frames above, of Rust's test harness, would
// catch what it unwinds by.
core::arch::global_asm!(
    ".globl ntwait_test_leave",
    "ntwait_test_leave:",
    ".cfi_startproc",
    #[cfg(target_arch = "x86_64")]
    ".cfi_undefined rip",
    #[cfg(target_arch = "x86_64")]
    "sub rsp, 8",
    #[cfg(target_arch = "x86_64")]
    "xor edi, edi",
    #[cfg(target_arch = "x86_64")]
    "call pthread_exit@PLT",
    #[cfg(target_arch = "aarch64")]
    ".cfi_undefined x30",
    #[cfg(target_arch = "aarch64")]
    "mov x0, xzr",
    #[cfg(target_arch = "aarch64")]
    "bl pthread_exit",
    ".cfi_endproc",
);

unsafe extern "C" {
    fn ntwait_test_leave() -> !;
}

/// As `pthread_exit` in a C program's first thread.
fn leave_the_process_to_the_others() -> ! {
    // SAFETY: the frames above have nothing that anybody waits for.
    unsafe { ntwait_test_leave() }
}

/// Returns when the process's first thread is a zombie.
fn wait_for_the_first_to_end() {
    let stat = format!("/proc/self/task/{}/stat", std::process::id());
    let begin = Instant::now();
    while !std::fs::read_to_string(&stat).is_ok_and(|stat| stat.contains(") Z ")) {
        assert!(begin.elapsed() < Duration::from_secs(10), "the first thread goes on");
        std::thread::sleep(Duration::from_millis(1));
    }
}

extern "C" fn returns_seven(_: *mut c_void) -> u32 {
    wait_for_the_first_to_end();
    7
}

fn create(nt: &Runtime, routine: extern "C" fn(*mut c_void) -> u32) -> Handle {
    nt.nt_create_thread_ex(
        ntwait::AccessMask::THREAD_ALL_ACCESS,
        ntwait::ObjectAttributes::NONE,
        Handle::CURRENT_PROCESS,
        Some(ntwait::StartRoutine::C(routine)),
        null_mut(),
        ntwait::CreateThreadFlags::empty(),
        0,
    )
    .expect("a thread")
}

#[test]
fn th5_the_last_thread_ends_the_process_with_its_code() {
    let code = in_a_child(|| {
        create(Runtime::global(), returns_seven);
        leave_the_process_to_the_others();
    });
    assert_eq!(code, 7);
}

/// The last thread is not the library's: the process ends as it does without the library.
#[test]
fn th5_the_process_ends_with_the_last_thread_of_others() {
    let code = in_a_child(|| {
        let done = create(Runtime::global(), ends_at_once);
        assert_eq!(Runtime::global().nt_wait_for_single_object(done, false, None), NtStatus::WAIT_0);
        std::thread::spawn(wait_for_the_first_to_end);
        leave_the_process_to_the_others();
    });
    assert_eq!(code, 0);
}

/// The thread that serves the timers keeps no process alive.
#[test]
fn th5_the_timers_thread_does_not_count() {
    let code = in_a_child(|| {
        let timer = ntwait::Timer::one_shot().expect("a timer");
        timer.set_after(Duration::from_secs(3_600));
        core::mem::forget(timer);
        std::thread::spawn(wait_for_the_first_to_end);
        leave_the_process_to_the_others();
    });
    assert_eq!(code, 0);
    let code = in_a_child(|| {
        let timer = ntwait::Timer::one_shot().expect("a timer");
        timer.set_after(Duration::from_secs(3_600));
        create(Runtime::global(), returns_seven);
        core::mem::forget(timer);
        leave_the_process_to_the_others();
    });
    assert_eq!(code, 7);
}

extern "C" fn ends_at_once(_: *mut c_void) -> u32 {
    3
}

/// While somebody else is there, a thread's end is its own.
#[test]
fn th5_not_the_last() {
    let code = in_a_child(|| {
        let thread = Thread::spawn(|| {
            wait_for_the_first_to_end();
            let last = create(Runtime::global(), returns_seven);
            assert_eq!(Runtime::global().nt_wait_for_single_object(last, false, None), NtStatus::WAIT_0);
            std::process::exit(11);
        });
        core::mem::forget(thread);
        leave_the_process_to_the_others();
    });
    assert_eq!(code, 11);
}

#[test]
fn th4_the_last_thread_cannot_terminate_itself_by_null() {
    let code = in_a_child(|| {
        let nt = Runtime::global();
        // SAFETY: it is refused.
        let status = unsafe { nt.nt_terminate_thread(Handle::NULL, 5) };
        assert_eq!(status, NtStatus::CANT_TERMINATE_SELF);
        // SAFETY: ends the process.
        let _ = unsafe { nt.rtl_exit_user_thread(6) };
    });
    assert_eq!(code, 6, "TH5: but it can exit, and the process with it");
}

/// A thread that was waited for is no more: the process has one thread less when its end is seen.
#[test]
fn th4_th5_the_last_thread_after_others() {
    for round in 0..50 {
        let code = in_a_child(|| {
            let nt = Runtime::global();
            for _ in 0..3 {
                let thread = create(nt, ends_at_once);
                assert_eq!(nt.nt_wait_for_single_object(thread, false, None), NtStatus::WAIT_0);
            }
            // SAFETY: it is refused.
            let status = unsafe { nt.nt_terminate_thread(Handle::NULL, 5) };
            // A failed assertion would end this thread, and with it the process, as if nothing were wrong.
            let code = if status == NtStatus::CANT_TERMINATE_SELF { 78 } else { 1 };
            // SAFETY: ends the process.
            let _ = unsafe { nt.rtl_exit_user_thread(code) };
        });
        assert_eq!(code, 78, "round {round}: 1 if it was not refused, 99 if the process did not end");
    }
}

/// Threads that watch registered waits, and run their callbacks, are the library's and not the program's.
#[test]
fn th4_th5_registered_waits_are_nobodys_threads() {
    let code = in_a_child(|| {
        let nt = Runtime::global();
        let event = || ntwait::Event::auto_reset(false).expect("an event");
        let (fires, done) = (event(), event());
        let handle = done.handle();
        let call = move |_| {
            let _ = nt.nt_set_event(handle);
        };
        let wait = nt.register_wait(fires.handle(), None, ntwait::WaitFlags::empty(), call);
        fires.set();
        done.wait();
        // SAFETY: it is refused.
        let status = unsafe { nt.nt_terminate_thread(Handle::NULL, 5) };
        let code = if wait.is_ok() && status == NtStatus::CANT_TERMINATE_SELF { 79 } else { 1 };
        // SAFETY: ends the process.
        let _ = unsafe { nt.rtl_exit_user_thread(code) };
    });
    assert_eq!(code, 79);
}
