//! Making a descriptor match the object that it mirrors.
//!
//! ```text
//!   any change of an OBSERVED object ─▶ follow:   ┌─▶ look at the word
//!                                                 │   signalled: raise the descriptor, else empty it
//!                                                 └── look again: has it changed?
//! ```
//!
//! It is raised also if it is readable already, so that one which its user has read by mistake is mended by the next change, and
//! so that who watches for edges has one for each signal.
//!
//! MI1  Whoever changes an OBSERVED object, by an exchange or under its lock, comes here after it; who has made the descriptor
//!      match looks again. So whoever touches it last has seen the last change, and it ends as the object does. When a call
//!      returns, the descriptor says what the object is, unless others are in the middle of changing it.
//! MI2  A locked word says what held before; who has the lock comes here after it.
//! MI3  Who comes late, when the object is gone or another is in its slot, finds no descriptor, or one that he makes match
//!      what is there, which does no harm.

#![allow(unsafe_code, reason = "descriptors by their numbers")]

use super::lease::{Lease, Subject};
use super::mutant;
use super::slot::Slot;
use crate::sys::eventfd;

/// The object of this slot was changed.
#[inline] // returns are slow after a system call
pub(crate) fn follow(lease: &Lease, slot: &Slot) {
    lease.with(|subject| reflect(slot, subject), bury);
}

/// The object is gone. Its users' descriptors stay as it was then: signalled or not.
pub(crate) fn end(lease: &Lease, signaled: bool) {
    lease.end(signaled, bury);
}

/// The descriptor is used no more. As nobody uses it now, it is closed; its users' stay as they are.
pub(crate) fn close(lease: &Lease) {
    // SAFETY: R1, it is ours alone.
    lease.end(false, |subject, _| unsafe { discard(subject) });
}

/// # Safety
/// The descriptor is the caller's alone, who does not use it any more.
pub(crate) unsafe fn discard(subject: Subject) {
    // SAFETY: the caller's promise.
    unsafe { eventfd::close(subject.number) };
}

#[inline]
fn reflect(slot: &Slot, subject: Subject) {
    let is_signaled = || {
        let word = slot.load();
        if subject.sort { mutant::is_free(word) } else { word.state() }
    };
    let mut seen = is_signaled();
    loop {
        show(subject, seen);
        match is_signaled() {
            now if now == seen => return,
            now => seen = now,
        }
    }
}

#[inline]
fn show(subject: Subject, signaled: bool) {
    // SAFETY: R1, it is not closed while we use it.
    let descriptor = unsafe { eventfd::borrow(subject.number) };
    if signaled {
        eventfd::raise(descriptor);
    } else {
        eventfd::lower(descriptor);
    }
}

fn bury(subject: Subject, signaled: bool) {
    show(subject, signaled);
    // SAFETY: R1, it is ours alone.
    unsafe { discard(subject) };
}
