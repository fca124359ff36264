//! What a thread that stands still in a wait goes on referring to (N6).
//!
//! The pins are the thread's: it lets go of them when its wait is over, and if it is terminated before, its end does.
//!
//! H1  While pins are held, the record says of which objects. The list is the caller's of the wait, on the thread's own
//!     stack: the frames that it lies in are there for as long as the thread runs, its rundown included.
//! H2  All of this happens in shielded sections: the thread does not end between a pin and its note.

#![allow(unsafe_code, reason = "a record of what lies in the thread's own frames")]

use super::signal;
use crate::objects::{Home, Target};
use crate::waiter::record::{Pinned, ThreadRecord};
use core::mem::transmute;

/// Those of one wait.
pub(super) struct Pins<'w> {
    me: &'w ThreadRecord,
    targets: &'w [Target<'w>],
    home: &'w dyn Home,
    are_held: bool,
}

impl<'w> Pins<'w> {
    pub(super) fn new(me: &'w ThreadRecord, targets: &'w [Target<'w>], home: &'w dyn Home) -> Self {
        Self { me, targets, home, are_held: false }
    }

    /// Each object was pinned once more: one pin each is enough.
    pub(super) fn add(&mut self) {
        if self.are_held {
            unpin(self.targets, self.home);
            return;
        }
        self.are_held = true;
        let pinned = Pinned {
            // SAFETY: H1: used by this thread's end only, if the frames are still there.
            targets: unsafe { transmute::<&[Target<'_>], &'static [Target<'static>]>(self.targets) },
            // SAFETY: H1.
            home: unsafe { transmute::<&dyn Home, &'static dyn Home>(self.home) },
        };
        // SAFETY: T1, our own record.
        unsafe { self.me.set_pinned(Some(pinned)) };
    }

    /// The wait is over.
    pub(super) fn let_go(&self) {
        if self.are_held {
            // SAFETY: T1, our own record.
            unsafe { self.me.set_pinned(None) };
            unpin(self.targets, self.home);
        }
    }
}

/// The calling thread ends: if it is in the middle of a wait, that lets go.
pub(crate) fn let_go(me: &ThreadRecord) {
    // SAFETY: T1, our own record.
    if let Some(pinned) = unsafe { me.take_pinned() } {
        unpin(pinned.targets, pinned.home);
    }
}

fn unpin(targets: &[Target<'_>], home: &dyn Home) {
    for target in targets {
        signal::unpin(*target, home);
    }
}
