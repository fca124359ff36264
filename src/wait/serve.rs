//! The walk of a signalled object's queue: who waits is given the object, in order, until it is used up.
//!
//! The locks that it needs are held throughout, and nothing is woken: those who are to be woken are collected in a chain.
//! The invariants are signal.rs's (U1 to U4).

#![allow(unsafe_code, reason = "walks queues of wait blocks")]

use super::lockset::LockSet;
use crate::objects::held::Held;
use crate::objects::slot::Slot;
use crate::waiter::park::{Decision, Why};
use crate::waiter::waiting::NOBODY;
use crate::waiter::{Chain, WaitBlock};
use core::ptr;

/// What the walk does with a wait-all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AllWaiters {
    /// All that it waits for is locked: satisfy it if it can be.
    Test,
    /// Wake it to test itself.
    Nudge,
    /// Leave it where it is.
    PassOver,
}

/// Walks the queue for as long as the object is signalled (U4).
pub(super) fn serve(slot: &Slot, locks: &mut LockSet<'_, '_>, all_waiters: AllWaiters, chain: &mut Chain) {
    let Some(mut link) = locks.find(slot).map(|held| held.first()) else {
        return;
    };
    // SAFETY: the object is locked throughout, so what its queue links to stays linked until we unlink it.
    while let Some(block) = unsafe { link.follow() } {
        let Some(held) = locks.find(slot).filter(|held| held.is_signaled()) else {
            return;
        };
        // SAFETY: the object is locked.
        link = unsafe { block.next() };
        // SAFETY: the block is linked and its object locked (B4).
        if !unsafe { block.is_all() } {
            // SAFETY: linked to the object that we hold.
            unsafe { serve_any(block, held, chain) };
        } else if all_waiters == AllWaiters::Test {
            // SAFETY: as above, and all that the thread waits for is locked (U2).
            unsafe { serve_all(block, locks, chain) };
        } else if all_waiters == AllWaiters::Nudge {
            // SAFETY: the block is linked and its object locked.
            unsafe { nudge(block, locks, chain) };
        }
    }
}

/// How a wait ends that took something.
pub(super) fn why(abandoned: bool) -> Why {
    if abandoned { Why::Abandoned } else { Why::Object }
}

/// Takes the object for this waiter, and tells one that may give it back what it would give back.
///
/// # Safety
/// The block is linked to the object that `held` is, and the caller has decided its wait.
unsafe fn consume(block: &WaitBlock, held: &mut Held<'_>, who: u32) {
    held.consume_for(who);
    if who == NOBODY {
        // SAFETY: the caller's promise.
        unsafe { block.answer(held.slot().extra()) }; // Y4
    }
}

/// # Safety
/// The block is a wait-any's and linked to the object that `held` is.
pub(super) unsafe fn serve_any(block: &WaitBlock, held: &mut Held<'_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    let index = unsafe { block.index() };
    // SAFETY: B4, the caller's lock.
    let thread = unsafe { block.waiter() };
    let who = thread.who();
    let is_news = who == NOBODY && held.is_mutant(); // Y3
    let why = if is_news { Why::Retest } else { why(held.is_abandoned()) };
    let decision = thread.park.decide(why, index);
    if decision != Decision::Lost && !is_news {
        // SAFETY: decided, and its object locked.
        unsafe { consume(block, held, who) };
    }
    // SAFETY: linked to this object.
    unsafe { retire(block, decision, held, chain) };
}

/// # Safety
/// The block is a wait-all's and linked; `locks` holds all objects of that wait, if the wait is still open.
unsafe fn serve_all(block: &WaitBlock, locks: &mut LockSet<'_, '_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    let thread = unsafe { block.waiter() };
    // SAFETY: the block is linked and its object locked.
    let set = unsafe { thread.wait_set() };
    let who = thread.who();
    let (mut abandoned, mut is_news, mut asked) = (false, false, 0);
    if thread.park.is_open() {
        for member in set {
            // SAFETY: B4; the blocks of an open wait are all linked, and their objects locked by us.
            match locks.find(unsafe { member.target() }.0) {
                Some(held) if held.is_signaled_for(who) => {
                    abandoned |= held.is_abandoned();
                    is_news |= who == NOBODY && held.is_mutant(); // Y3
                    asked += u32::from(held.is_asked());
                }
                _ => return, // it keeps its place
            }
        }
        // SAFETY: B4, as above.
        let slots = set.iter().map(|member| unsafe { member.target() }.0);
        if asked > 1 && !is_ready_still(slots, locks) {
            return;
        }
    }
    let decision = thread.park.decide(if is_news { Why::Retest } else { why(abandoned) }, 0);
    if decision == Decision::Lost {
        // SAFETY: the caller's lock. A dead wait's other blocks are its thread's to unlink.
        unsafe { retire_one_of(block, decision, locks, chain) };
        return;
    }
    for member in set.iter().filter(|_| !is_news) {
        // SAFETY: B4, as above.
        if let Some(held) = locks.find(unsafe { member.target() }.0) {
            // SAFETY: decided, linked, and its object locked.
            unsafe { consume(member, held, who) };
        }
    }
    for member in set {
        if !ptr::eq(member, block) {
            // SAFETY: a member of a wait that we have just decided: still linked, and its object locked.
            unsafe { retire_one_of(member, Decision::Won, locks, chain) };
        }
    }
    // SAFETY: as above. It is the last to be freed: until then the set stays in place (B2).
    unsafe { retire_one_of(block, decision, locks, chain) };
}

/// The second round (objects/descriptor.rs, DE7).
#[cold]
fn is_ready_still<'s>(slots: impl Iterator<Item = &'s Slot>, locks: &mut LockSet<'_, '_>) -> bool {
    slots.into_iter().all(|slot| locks.find(slot).is_some_and(|held| !held.is_asked() || held.is_signaled()))
}

/// Ends the wait-all that this block belongs to, so that its thread tests for itself.
///
/// # Safety
/// The block is linked to an object that `locks` holds.
unsafe fn nudge(block: &WaitBlock, locks: &mut LockSet<'_, '_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    let decision = unsafe { block.waiter() }.park.decide(Why::Retest, 0);
    // SAFETY: the caller's lock.
    unsafe { retire_one_of(block, decision, locks, chain) };
}

/// Unlinks a block whose wait is decided, and gives it back to its thread, at once or after the wake (N1, B2).
///
/// # Safety
/// The block is linked to the object that `held` is.
unsafe fn retire(block: &WaitBlock, decision: Decision, held: &mut Held<'_>, chain: &mut Chain) {
    // SAFETY: linked to this object.
    unsafe { held.unlink(block) };
    match decision {
        // SAFETY: decided and unlinked, under the lock.
        Decision::WonAsleep => unsafe { chain.push(block) },
        // SAFETY: B4, the lock; the block is not its thread's yet.
        Decision::Lost if unsafe { block.waiter() }.park.is_stopped() => {
            held.pin(); // N6
            block.keep();
        }
        Decision::Won | Decision::Lost => block.free(),
    }
}

/// As [`retire`], for a block of any of the objects that are locked.
///
/// # Safety
/// The block is linked to an object that `locks` holds.
unsafe fn retire_one_of(block: &WaitBlock, decision: Decision, locks: &mut LockSet<'_, '_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    if let Some(held) = locks.find(unsafe { block.target() }.0) {
        // SAFETY: linked to this object.
        unsafe { retire(block, decision, held, chain) };
    }
}
