//! A signal that rings a bell: its handler makes a descriptor readable, and does nothing else.
//!
//! ```text
//!   hang ─▶ signal ─▶ handler ─▶ descriptor readable ─▶ who watches it does the work
//! ```
//!
//! BE1  The handler makes one system call, takes no lock, and leaves `errno` as it was. However often the signal comes, the
//!      descriptor is readable once.
//! BE2  The descriptor is there before the handler, and stays for as long as the process. In a child of `fork`, where nobody
//!      watches, [`unhang`] closes it: the signal does nothing then, until the child hangs one of its own.

#![allow(unsafe_code, reason = "signals")]

use super::atomic::{AtomicU32, Ordering};
use super::eventfd;
use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::ptr::{from_ref, null};
use core::time::Duration;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::BorrowedFd;

/// The number of the descriptor, + 1; 0 while there is none.
static BELL: AtomicU32 = AtomicU32::new(0);

/// Why a signal rings nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unhung {
    /// Somebody handles or ignores it, or it cannot be handled.
    InUse,
    /// There is no descriptor to be had.
    NoDescriptor,
}

/// From now on this signal rings. Once in a process.
pub(crate) fn hang(signal: c_int) -> Result<BorrowedFd<'static>, Unhung> {
    if disposition(signal, None) != Some(libc::SIG_DFL) && disposition(signal, None) != Some(address()) {
        return Err(Unhung::InUse);
    }
    let number = eventfd::into_number(eventfd::make().map_err(|_| Unhung::NoDescriptor)?);
    BELL.store(number + 1, Ordering::Release);
    // SAFETY: plain data: an empty mask.
    let mut action: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    action.sa_sigaction = address();
    action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
    match disposition(signal, Some(&action)) {
        // SAFETY: BE2.
        Some(_) => Ok(unsafe { eventfd::borrow(number) }),
        None => {
            unhang();
            Err(Unhung::InUse)
        }
    }
}

/// Sleeps until the bell rings, or this time is over. True: it has rung, and is silent again.
pub(crate) fn wait(bell: Option<BorrowedFd<'_>>, time: Option<Duration>) -> bool {
    let time = time.map(|time| Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) });
    let mut watched = bell.map(|bell| PollFd::from_borrowed_fd(bell, PollFlags::IN));
    let has_rung = poll(watched.as_mut_slice(), time.as_ref()).is_ok_and(|count| count > 0);
    if let Some(bell) = bell.filter(|_| has_rung) {
        eventfd::lower(bell);
    }
    has_rung
}

/// Nothing is rung any more. Nobody watches, and no handler runs: a child of `fork` that has one thread.
pub(crate) fn unhang() {
    if let Some(number) = BELL.swap(0, Ordering::AcqRel).checked_sub(1) {
        // SAFETY: ours, and nobody uses it.
        unsafe { eventfd::close(number) };
    }
}

fn address() -> libc::sighandler_t {
    rung as *const () as libc::sighandler_t
}

/// What handled the signal until now; `None`: it cannot be handled.
fn disposition(signal: c_int, new: Option<&libc::sigaction>) -> Option<libc::sighandler_t> {
    // SAFETY: plain data.
    let mut old: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: both structures are whole; the handler may run from now on (BE2).
    let answer = unsafe { libc::sigaction(signal, new.map_or(null(), from_ref), &raw mut old) };
    (answer == 0).then_some(old.sa_sigaction)
}

/// The handler (BE1).
extern "C" fn rung(_: c_int) {
    // SAFETY: the calling thread's own; the address stays.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    if let Some(number) = BELL.load(Ordering::Acquire).checked_sub(1) {
        // SAFETY: BE2.
        eventfd::raise(unsafe { eventfd::borrow(number) });
    }
    // SAFETY: as above.
    unsafe { errno.write(before) };
}
