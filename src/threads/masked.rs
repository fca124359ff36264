//! A section with all signals blocked, in which the locks of this folder may be held (J2).

#![allow(unsafe_code, reason = "signal masks")]

use crate::sys::signal;
use crate::waiter::shield::Shield;
use core::mem::MaybeUninit;
use core::ptr;

/// Blocks all signals but the two that the C library keeps for itself; says which were blocked before.
pub(super) fn block_all() -> libc::sigset_t {
    let mut all = MaybeUninit::uninit();
    // SAFETY: a place for the set.
    unsafe { libc::sigfillset(all.as_mut_ptr()) };
    // SAFETY: filled in above.
    let all = unsafe { all.assume_init() };
    set(&all)
}

/// Sets the calling thread's mask; says what it was.
pub(super) fn set(mask: &libc::sigset_t) -> libc::sigset_t {
    let mut old = MaybeUninit::uninit();
    // SAFETY: a set, and a place for one. With these arguments it cannot fail.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, mask, old.as_mut_ptr()) };
    // SAFETY: filled in above.
    unsafe { old.assume_init() }
}

/// Lets the one signal through that `setresuid` and its like in other threads wait for, should it be blocked: the
/// C library does not block it, a program can.
pub(super) fn let_setxid_through() {
    const SIGSETXID: u32 = 33;
    let mask = 1_u64 << (SIGSETXID - 1);
    let how = libc::SIG_UNBLOCK;
    let old: *mut u64 = ptr::null_mut();
    // SAFETY: one word of signals, as the kernel counts them; no place for the old mask. The C library's own call would
    // leave this signal out.
    unsafe { libc::syscall(libc::SYS_rt_sigprocmask, how, &raw const mask, old, size_of::<u64>()) };
}

/// Does a signal wait, for the calling thread or for the process, until it is let through?
pub(super) fn is_any_pending() -> bool {
    let mut pending = 0_u64;
    // SAFETY: a place for one word of signals, as the kernel counts them.
    unsafe { libc::syscall(libc::SYS_rt_sigpending, &raw mut pending, size_of::<u64>()) };
    pending != 0
}

/// All signals blocked until it is dropped, and the depth raised.
#[derive(Debug)]
pub(super) struct Masked {
    /// What the thread had before.
    pub(super) old: libc::sigset_t,
    /// Dropped after the mask is back.
    _shield: Shield,
}

impl Masked {
    pub(super) fn begin() -> Self {
        let shield = Shield::raise();
        Self { old: block_all(), _shield: shield }
    }

    /// The mask for a thread that the calling one starts: its own, with the library's own signal let through.
    pub(super) fn mask_of_new_threads(&self) -> libc::sigset_t {
        let mut mask = self.old;
        if let Some(number) = signal::number() {
            // SAFETY: a set, and a signal's number.
            unsafe { libc::sigdelset(&raw mut mask, number) };
        }
        mask
    }
}

impl Drop for Masked {
    fn drop(&mut self) {
        set(&self.old);
    }
}
