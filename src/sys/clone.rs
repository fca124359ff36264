//! Making and ending tasks: `clone3`, `clone`, the bare exit, and what the kernel keeps for each task.
//!
//! ```text
//!   spawn ──▶ entry (lowest frame)                     enter ──▶ body ──▶ back in the C library
//!               │          ▲                              │                 ▲
//!               ▼          │ restart (drops all frames)   ▼                 │ resume (drops all frames)
//!          exit_task     anywhere                      anywhere on that stack, or on a task spawned below it
//! ```
//!
//! C1  [`Body`] is what its first two words are: the stubs know them by offset.
//! C2  A task that was spawned has the saved frame of an `enter` above its stack, untouched, until it resumes it.
//! C3  The lowest frame of a spawned task says that it has no caller (`.cfi_undefined`): back-traces and forced unwinding
//!     end there.
//! C4  No landing pad, and no value with a destructor, lies between the entry of a thread and the user's code, or
//!     `pthread_exit`, which unwinds by force, could not pass.
//!
//! # Safety
//! The stubs run before and beside everything that Rust knows of a thread. Each says what its caller must see to.

#![allow(unsafe_code, reason = "system calls that make, describe and end tasks")]

use super::atomic::{AtomicU32, AtomicU64, Ordering};
use core::ffi::c_void;
use core::ptr;
use rustix::thread::futex;

#[cfg_attr(target_arch = "x86_64", path = "clone/x86_64.rs")]
#[cfg_attr(target_arch = "aarch64", path = "clone/aarch64.rs")]
#[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), path = "clone/other.rs")]
mod stubs;

/// Are there stubs for this architecture?
pub(crate) const SUPPORTED: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// The first function of a spawned task.
pub(crate) type Entry = unsafe extern "C-unwind" fn(*mut c_void) -> !;

/// What a thread that the C library made begins with (C1).
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Body {
    /// The stack pointer with which [`resume`] goes back to the C library.
    frame: AtomicU64,
    /// Called with the address of this very value.
    run: unsafe extern "C-unwind" fn(*mut c_void),
}

impl Body {
    pub(crate) fn new(run: unsafe extern "C-unwind" fn(*mut c_void)) -> Self {
        Self { frame: AtomicU64::new(0), run }
    }

    pub(crate) fn frame(&self) -> usize {
        self.frame.load(Ordering::Relaxed) as usize
    }
}

/// The arguments of `clone3`, as its first version had them.
#[derive(Debug, Default)]
#[repr(C, align(8))]
pub(super) struct Arguments {
    flags: u64,
    pidfd: u64,
    child_tid: u64,
    parent_tid: u64,
    exit_signal: u64,
    stack: u64,
    stack_size: u64,
    tls: u64,
}

/// A task to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewTask {
    /// Its stack, from `low` up to `top`.
    pub(crate) low: usize,
    pub(crate) top: usize,
    /// Its thread pointer.
    pub(crate) tls: usize,
    /// Gets the task's id before the task runs.
    pub(crate) tid_field: usize,
    /// Is cleared, and its sleeper woken, when the task has ended.
    pub(crate) cleared: usize,
    pub(crate) entry: Entry,
    pub(crate) argument: *mut c_void,
}

/// The kernel's reason not to make a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The limit on threads.
    TooMany,
    NoMemory,
    /// Neither call is let through.
    NotAllowed,
}

/// What the C library's own threads are made with.
const FLAGS: i32 = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// Makes a task: by `clone3`, or by `clone` where that is not there or not let through.
///
/// # Safety
/// The stack is mapped and nobody's, the thread block is nobody's and whole, the two words live as long as the task.
pub(crate) unsafe fn spawn(task: &NewTask) -> Result<(), Refused> {
    let arguments = Arguments {
        flags: FLAGS as u64,
        child_tid: task.cleared as u64,
        parent_tid: task.tid_field as u64,
        stack: task.low as u64,
        stack_size: (task.top - task.low) as u64,
        tls: task.tls as u64,
        ..Arguments::default()
    };
    // SAFETY: the arguments are of the size said; the rest is the caller's.
    let answer = unsafe { stubs::clone3(&raw const arguments, size_of::<Arguments>(), task.entry, task.argument) };
    let answer = match -answer as i32 {
        libc::ENOSYS | libc::EPERM | libc::EINVAL => {
            // SAFETY: as above.
            unsafe { stubs::clone(&raw const arguments, task.entry, task.argument) }
        }
        _ => answer,
    };
    match -answer as i32 {
        _ if answer > 0 => Ok(()),
        libc::EAGAIN => Err(Refused::TooMany),
        libc::ENOMEM => Err(Refused::NoMemory),
        _ => Err(Refused::NotAllowed),
    }
}

/// The start routine for `pthread_create`: saves the C library's frame in the [`Body`] it is called with, and runs it.
pub(crate) fn enter() -> extern "C" fn(*mut c_void) -> *mut c_void {
    let enter: unsafe extern "C-unwind" fn(*mut Body) -> *mut c_void = stubs::enter;
    // SAFETY: the same machine signature. It is called with a body that outlives the thread, and the C library's own
    // frame below it copes with unwinding.
    unsafe { core::mem::transmute(enter) }
}

/// Drops all frames of the calling thread and returns to the C library as if the body had returned.
///
/// # Safety
/// `frame` was saved by [`enter`] with the thread block that the caller has now, and is untouched (C2); nothing in the
/// frames dropped is needed any more.
pub(crate) unsafe fn resume(frame: usize) -> ! {
    stubs::reset_floating_point();
    // SAFETY: the caller's.
    unsafe { stubs::resume(frame) }
}

/// Drops all frames of the calling thread and begins anew, at `top`, with `entry`.
///
/// # Safety
/// `top` is that of the caller's own stack; nothing in the frames dropped is needed any more.
pub(crate) unsafe fn restart(top: usize, entry: Entry, argument: *mut c_void) -> ! {
    // SAFETY: the caller's.
    unsafe { stubs::restart(top, entry, argument) }
}

/// Ends the calling task: no destructor, nothing of the C library.
pub(crate) fn exit_task() -> ! {
    loop {
        // SAFETY: does not return.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}

/// The word that the kernel will clear when the calling task ends, and wake whoever sleeps on it.
///
/// # Safety
/// The word lives until then, and whoever uses it counts on that.
pub(crate) unsafe fn set_cleared_at_exit(word: *const AtomicU32) {
    // SAFETY: the caller's; the call itself cannot fail.
    unsafe { libc::syscall(libc::SYS_set_tid_address, word) };
}

/// Which word that is now. `None`: the kernel or a filter does not say.
pub(crate) fn cleared_at_exit() -> Option<*const AtomicU32> {
    const PR_GET_TID_ADDRESS: libc::c_int = 40;
    let mut word: *const AtomicU32 = ptr::null();
    // SAFETY: writes one pointer.
    let answer = unsafe { libc::prctl(PR_GET_TID_ADDRESS, &raw mut word, 0_usize, 0_usize, 0_usize) };
    (answer == 0 && !word.is_null()).then_some(word)
}

/// Sleeps until the kernel has cleared `word` for a task that ended.
pub(crate) fn wait_cleared(word: &AtomicU32) {
    wait_shared(word, |value| value != 0);
}

/// Sleeps as long as `goes_on` says so of the word's value. For words that the kernel wakes: it does not know that they
/// are private to the process.
pub(crate) fn wait_shared(word: &AtomicU32, goes_on: impl Fn(u32) -> bool) {
    loop {
        let value = word.load(Ordering::Acquire);
        if !goes_on(value) {
            return;
        }
        let _ = futex::wait(word, futex::Flags::empty(), value, None);
    }
}

/// Wakes who sleeps in [`wait_shared`].
pub(crate) fn wake_shared(word: &AtomicU32) {
    let _ = futex::wake(word, futex::Flags::empty(), 1);
}

/// The calling task's list of robust mutexes: the address of its head, and that one's size.
pub(crate) fn robust_list() -> Option<(usize, usize)> {
    let (mut head, mut size) = (0_usize, 0_usize);
    // SAFETY: writes two words.
    let answer = unsafe { libc::syscall(libc::SYS_get_robust_list, 0, &raw mut head, &raw mut size) };
    (answer == 0 && head != 0).then_some((head, size))
}

/// # Safety
/// The head is the one that the C library keeps in the thread block of the calling task.
pub(crate) unsafe fn set_robust_list(head: usize, size: usize) {
    // SAFETY: the caller's.
    unsafe { libc::syscall(libc::SYS_set_robust_list, head, size) };
}

/// Registers the area for restartable sequences. False: not possible here.
///
/// # Safety
/// The area is the calling thread's own and lives as long as the task.
pub(crate) unsafe fn register_rseq(area: usize, size: u32) -> bool {
    const SYS_RSEQ: libc::c_long = if cfg!(target_arch = "x86_64") { 334 } else { 293 };
    // SAFETY: the caller's.
    let answer = unsafe { libc::syscall(SYS_RSEQ, area, size, 0, stubs::RSEQ_SIGNATURE) };
    answer == 0
}

/// Floating-point control as a fresh thread has it: a task inherits that of the one that spawned it.
pub(crate) fn reset_floating_point() {
    stubs::reset_floating_point();
}

/// The segment base that the C library does not use, as a fresh thread has it.
pub(crate) fn reset_other_base() {
    stubs::reset_other_base();
}

pub(crate) fn thread_pointer() -> usize {
    stubs::thread_pointer()
}

pub(crate) fn has_shadow_stack() -> bool {
    stubs::has_shadow_stack()
}
