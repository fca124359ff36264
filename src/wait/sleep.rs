//! Sleeping on the parking word, and leaving a wait.
//!
//! Z1  A thread sleeps only when its parking word says ASLEEP, and on exactly that value: whoever ends the wait before
//!     the system call changes the word, and the call returns.
//! Z2  A time-out is one more attempt to end the wait. If it loses, the wait was satisfied, and that is what is
//!     reported (W47).
//! Z3  The thread leaves when all its blocks are FREE (B2).

#![allow(unsafe_code, reason = "unlinks the thread's own wait blocks")]

use crate::objects::{Home, Target, release};
use crate::sys::clock::Deadline;
use crate::sys::futex::{self, Slept};
use crate::waiter::WaitBlock;
use crate::waiter::notice::Waiting;
use crate::waiter::park::Why;
use crate::waiter::record::ThreadRecord;
use crate::waiter::waiting::Waiter;

/// Returns when the wait is decided, by whomever; by the time-out if nothing comes before. If the thread has to sleep for that,
/// its notice says so.
pub(super) fn until_done(me: &ThreadRecord, waiting: Waiting, deadline: &Deadline) {
    let park = &me.park;
    if park.asleep().is_none() {
        return;
    }
    me.notice.put_up(waiting, deadline);
    while let Some(word) = park.asleep() {
        if futex::wait(park.futex(), word, deadline) == Slept::TimedOut {
            let _ = park.decide(Why::TimedOut, 0);
        }
    }
    me.notice.take_down();
}

/// Takes the waiter out of the queues that it is still in (Z3). If its thread is to stop, the objects are pinned for it (N6).
pub(super) fn leave(me: &Waiter, targets: &[Target<'_>], blocks: &[WaitBlock], home: &dyn Home) {
    let stops = me.park.is_stopped();
    for (target, block) in targets.iter().zip(blocks) {
        if block.is_linked() {
            // No lock: the block was unlinked, and then the object died.
            if let Some(mut held) = target.slot.lock(target.generation) {
                if block.is_linked() {
                    if stops {
                        held.pin();
                    }
                    // SAFETY: our block, linked to this object, whose lock we hold.
                    unsafe { held.unlink(block) };
                    block.free();
                }
                release(held, home);
            }
        }
        block.await_free();
    }
}
