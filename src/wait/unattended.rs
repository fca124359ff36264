//! Waits that no thread sleeps in: a block is queued on one object for a waiter that is notified of the end.
//!
//! ```text
//!   arm ──▶ taken at once
//!     └───▶ queued, like any other ── a signaller decides ──▶ notified, the object taken for it
//!                  └── disarm: its owner decides, and unlinks ──▶ nothing taken
//! ```
//!
//! The waiter stands in the queue with all others: first come, first served. Its parking word is ASLEEP while it is queued;
//! no request ever comes to it, so it is never to stop.

#![allow(unsafe_code, reason = "links the waiter's own block")]

use super::{Gone, sleep};
use crate::objects::{Home, Target, release};
use crate::waiter::park::{Decision, Why};
use crate::waiter::waiting::Waiter;
use crate::waiter::{Role, WaitBlock};

/// What came of an attempt to queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an object that was taken has been taken for something"]
pub(crate) enum Armed {
    /// The object was signalled, and is taken.
    Taken,
    Queued,
}

/// Takes the object, or queues the waiter on it.
///
/// # Safety
/// The block is the waiter's, both are the caller's, no wait of theirs is open, and both stay where they are for ever.
pub(crate) unsafe fn arm(
    waiter: &Waiter,
    block: &WaitBlock,
    target: Target<'_>,
    home: &dyn Home,
) -> Result<Armed, Gone> {
    let mut held = target.slot.lock(target.generation).ok_or(Gone)?;
    if held.is_signaled() {
        held.consume_for(0);
        release(held, home);
        return Ok(Armed::Taken);
    }
    let goes_on = waiter.park.begin_asleep(false);
    debug_assert!(goes_on);
    // SAFETY: the caller's own block, and it is FREE.
    unsafe { block.prepare(waiter, (target.slot, target.generation), 0, Role::Any) };
    // SAFETY: the block stays where it is.
    unsafe { held.append(block) };
    release(held, home);
    Ok(Armed::Queued)
}

/// Ends the wait that [`arm`] began, unless it was ended already. True: nothing was taken, and nobody is notified.
pub(crate) fn disarm(waiter: &Waiter, block: &WaitBlock, target: Target<'_>, home: &dyn Home) -> bool {
    if waiter.park.decide(Why::TimedOut, 0) == Decision::Lost {
        return false;
    }
    sleep::leave(waiter, &[target], core::slice::from_ref(block), home);
    finish(waiter);
    true
}

/// Leaves the wait, of whose end the waiter was notified.
pub(crate) fn finish(waiter: &Waiter) {
    let _ = waiter.park.finish();
}
