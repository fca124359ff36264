//! Threads that end otherwise than by returning.

use crate::tools::{Loaded, in_child, in_thread, library, soon};
use crate::{Case, On};
use core::ffi::c_void;
use core::ptr;
use ntwait::{AccessMask, CreateThreadFlags, Event, Handle, NtStatus, ObjectAttributes, Runtime, StartRoutine, Thread};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    ("bare_exit", On::Both, bare_exit),
    ("pthread_exit", On::Both, pthread_exit),
    ("cleanup_handlers_left_behind", On::Both, cleanup_handlers_left_behind),
    ("robust_mutex_after_termination", On::Both, || robust_mutex(true)),
    ("robust_mutex_after_return", On::Both, || robust_mutex(false)),
    ("stack_overflow", On::Both, stack_overflow),
    ("fork_and_return", On::Both, fork_and_return),
    ("terminations_in_a_row", On::Both, terminations_in_a_row),
];

type Routine = extern "C-unwind" fn(*mut c_void) -> u32;

/// A thread without a closure; waits for its end.
fn run_routine(routine: Routine) -> NtStatus {
    let nt = Runtime::global();
    // SAFETY: the same machine signature. What unwinds it, by force, ends at the thread's first frame.
    let routine = unsafe { core::mem::transmute::<Routine, extern "C" fn(*mut c_void) -> u32>(routine) };
    let thread = nt
        .nt_create_thread_ex(
            AccessMask::THREAD_ALL_ACCESS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(routine)),
            ptr::null_mut(),
            CreateThreadFlags::empty(),
            0,
        )
        .unwrap();
    let ended = nt.nt_wait_for_single_object(thread, false, Some(-200_000_000));
    let _ = nt.nt_close(thread);
    ended
}

fn bare_exit() {
    for _ in 0..100 {
        // SAFETY: nobody needs what the thread has.
        let thread = Thread::spawn(|| unsafe { libc::syscall(libc::SYS_exit, 0) }).unwrap();
        assert!(thread.join().is_err());
        in_thread(|| {});
    }
    // Many at once, beside others.
    let threads: Vec<_> = (0..100)
        .map(|i| {
            // SAFETY: as above.
            Thread::spawn(move || if i % 2 == 0 { unsafe { libc::syscall(libc::SYS_exit, 0) } } else { 5 }).unwrap()
        })
        .collect();
    for (i, thread) in threads.into_iter().enumerate() {
        assert_eq!(thread.join().is_ok(), i % 2 == 1);
    }
}

static CLEANED: AtomicU32 = AtomicU32::new(0);

struct Cleans;

impl Drop for Cleans {
    fn drop(&mut self) {
        CLEANED.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static CLEANS: Cleans = const { Cleans };
}

unsafe extern "C-unwind" {
    #[link_name = "pthread_exit"]
    fn exit_by_force(value: *mut c_void) -> !;
}

extern "C-unwind" fn exits(_: *mut c_void) -> u32 {
    CLEANS.with(|_| {});
    // SAFETY: no frame of this thread minds.
    unsafe { exit_by_force(ptr::null_mut()) }
}

fn pthread_exit() {
    for round in 1..=50 {
        assert_eq!(run_routine(exits), NtStatus::WAIT_0);
        assert_eq!(CLEANED.load(Ordering::SeqCst), round);
        in_thread(|| {});
    }
}

static THEN: AtomicU32 = AtomicU32::new(0);
static AROUND: std::sync::OnceLock<extern "C-unwind" fn(extern "C-unwind" fn())> = std::sync::OnceLock::new();

extern "C-unwind" fn end_this_thread() {
    if THEN.load(Ordering::SeqCst) == 0 {
        // SAFETY: nothing in the frames of this thread is needed.
        let _ = unsafe { Runtime::global().rtl_exit_user_thread(3) };
    }
    // SAFETY: nothing in the frames of this thread is needed.
    unsafe { exit_by_force(ptr::null_mut()) }
}

extern "C-unwind" fn leaves_a_handler(_: *mut c_void) -> u32 {
    if let Some(around) = AROUND.get() {
        around(end_this_thread);
    }
    0
}

/// A handler whose frame is gone is not called by the next thread in the slot.
fn cleanup_handlers_left_behind() {
    let Some(path) = library("cleanup.c") else { return };
    let library = Loaded::open(&path);
    // SAFETY: its type.
    AROUND.set(unsafe { library.function(c"cleanup_around") }).unwrap();
    // SAFETY: its type.
    let calls: extern "C" fn() -> i32 = unsafe { library.function(c"cleanup_calls") };
    for round in 0..20 {
        THEN.store(0, Ordering::SeqCst);
        assert_eq!(run_routine(leaves_a_handler), NtStatus::WAIT_0);
        assert_eq!(calls(), round);
        THEN.store(1, Ordering::SeqCst);
        assert_eq!(run_routine(leaves_a_handler), NtStatus::WAIT_0);
        assert_eq!(calls(), round + 1);
    }
}

fn robust_mutex(terminated: bool) {
    let mutex: &'static mut libc::pthread_mutex_t = Box::leak(Box::new(libc::PTHREAD_MUTEX_INITIALIZER));
    // SAFETY: zero is a place for attributes.
    let mut how: libc::pthread_mutexattr_t = unsafe { core::mem::zeroed() };
    // SAFETY: a place for attributes.
    unsafe { libc::pthread_mutexattr_init(&raw mut how) };
    // SAFETY: made above.
    unsafe { libc::pthread_mutexattr_setrobust(&raw mut how, libc::PTHREAD_MUTEX_ROBUST) };
    // SAFETY: a place for a mutex, which is never freed.
    unsafe { libc::pthread_mutex_init(mutex, &raw const how) };
    let address = ptr::from_mut(mutex).expose_provenance();
    let mutex = move || ptr::with_exposed_provenance_mut::<libc::pthread_mutex_t>(address);
    for _ in 0..20 {
        let locked = Arc::new(Event::auto_reset(false).unwrap());
        let theirs = Arc::clone(&locked);
        let thread = Thread::spawn(move || {
            // SAFETY: made above.
            assert_eq!(unsafe { libc::pthread_mutex_lock(mutex()) }, 0);
            theirs.set();
            if terminated {
                loop {
                    core::hint::spin_loop();
                }
            }
        })
        .unwrap();
        locked.wait();
        if terminated {
            // SAFETY: it spins.
            unsafe { thread.terminate(1) }.unwrap();
        }
        let _ = thread.join();
        let mut answer = libc::EBUSY;
        soon("the owner's death", || {
            // SAFETY: made above.
            answer = unsafe { libc::pthread_mutex_trylock(mutex()) };
            answer != libc::EBUSY
        });
        assert_eq!(answer, libc::EOWNERDEAD);
        // SAFETY: ours, and its owner died.
        unsafe { libc::pthread_mutex_consistent(mutex()) };
        // SAFETY: ours.
        unsafe { libc::pthread_mutex_unlock(mutex()) };
        in_thread(|| {});
    }
}

#[allow(unconditional_recursion, reason = "to run out of stack")]
fn without_end(depth: u64) -> u64 {
    core::hint::black_box([depth; 64]);
    without_end(depth + 1) + core::hint::black_box(1)
}

fn stack_overflow() {
    let status = in_child(|| {
        let _ = Thread::spawn(|| without_end(0)).unwrap().join();
        0
    });
    assert!(libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGSEGV, "{status:#x}");
}

/// The child of a thread that forks has one thread, and ends when that one does.
fn fork_and_return() {
    for _ in 0..10 {
        let status = in_thread(|| {
            // SAFETY: the child does nothing but end.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                // SAFETY: a hang in the child kills the child.
                unsafe { libc::alarm(20) };
                return -1;
            }
            let mut status = -1;
            // SAFETY: our own child, and a place for its status.
            unsafe { libc::waitpid(pid, &raw mut status, 0) };
            status
        });
        if status == -1 {
            unreachable!("nobody waits for the thread in the child");
        }
        assert!(libc::WIFEXITED(status), "{status:#x}");
    }
}

fn terminations_in_a_row() {
    for round in 0..300_u32 {
        let event = Arc::new(Event::auto_reset(false).unwrap());
        let theirs = Arc::clone(&event);
        let thread = Thread::spawn(move || {
            let never = Event::manual_reset(false).unwrap();
            theirs.set();
            // Nowhere near an allocator's lock.
            match round % 3 {
                0 => loop {
                    core::hint::spin_loop();
                },
                1 => never.wait(),
                _ => std::thread::sleep(Duration::from_secs(100)),
            }
        })
        .unwrap();
        event.wait();
        // SAFETY: it holds nothing of anyone's where it is.
        unsafe { thread.terminate(round) }.unwrap();
        assert!(thread.join().is_err());
    }
    soon("nobody left", || crate::tools::tasks() <= 2 + 8);
}
