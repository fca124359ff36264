//! A signal that rings a bell: its handler wakes the thread that sleeps at it, and does nothing else.
//!
//! ```text
//!            signal, handler                  who slept looks
//!   SILENT ───────────────────▶ RUNG, woken ───────────────────▶ SILENT
//! ```
//!
//! BE1  The handler stores a word and makes one system call, takes no lock, and leaves `errno` as it was. However often the
//!      signal comes before somebody looks, it has rung once.
//! BE2  The bell is a word, not a descriptor: a program that closes all of its descriptors, or gives their numbers to files of its
//!      own, silences nothing and is told nothing false.
//! BE3  In a child of `fork` nobody sleeps at it: the signal does nothing there until the child hangs it anew, silent.

#![allow(unsafe_code, reason = "signals")]

use super::atomic::{AtomicU32, Ordering};
use super::clock::{Deadline, Timeout};
use super::futex::{self, FutexAddr, Slept};
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr::{from_ref, null};

const SILENT: u32 = 0;
const RUNG: u32 = 1;

static BELL: AtomicU32 = AtomicU32::new(SILENT);

/// Somebody handles or ignores the signal, or it cannot be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InUse;

/// From now on this signal rings. Once in a process.
pub(crate) fn hang(signal: c_int) -> Result<(), InUse> {
    let before = disposition(signal, None).ok_or(InUse)?;
    if before != libc::SIG_DFL && before != address() {
        return Err(InUse);
    }
    BELL.store(SILENT, Ordering::Relaxed); // BE3
    // SAFETY: plain data: an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = address();
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    disposition(signal, Some(&action)).map(drop).ok_or(InUse)
}

/// Sleeps until the bell rings, or this time is over. True: it has rung, and is silent again.
pub(crate) fn wait(time: Timeout) -> bool {
    let deadline = Deadline::new(time);
    // Relaxed: that it has rung is all that the handler tells.
    while BELL.swap(SILENT, Ordering::Relaxed) == SILENT {
        if futex::wait(FutexAddr::whole(&BELL), SILENT, &deadline) == Slept::TimedOut {
            return BELL.swap(SILENT, Ordering::Relaxed) == RUNG;
        }
    }
    true
}

fn address() -> libc::sighandler_t {
    rung as *const () as libc::sighandler_t
}

/// What handled the signal until now; `None`: it cannot be handled.
fn disposition(signal: c_int, new: Option<&libc::sigaction>) -> Option<libc::sighandler_t> {
    // SAFETY: plain data.
    let mut old: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: both structures are whole; the handler may run from now on (BE1).
    let answer = unsafe { libc::sigaction(signal, new.map_or(null(), from_ref), &raw mut old) };
    (answer == 0).then_some(old.sa_sigaction)
}

/// The handler (BE1).
extern "C" fn rung(_: c_int) {
    // SAFETY: the calling thread's own; the address stays.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    BELL.store(RUNG, Ordering::Relaxed);
    futex::wake(FutexAddr::whole(&BELL), 1);
    // SAFETY: as above.
    unsafe { errno.write(before) };
}
