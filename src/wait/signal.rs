//! Signalling: change an object, hand it to those who wait for it, wake them.
//!
//! ```text
//!   lock E ──▶ apply ──▶ walk E's queue while E is signalled ──▶ settle ──▶ unlock ──▶ wake
//!     │                    any:  decide; won → consume E for it
//!     │                    all:  all its objects signalled? decide; won → consume them all
//!     │                    won or lost → unlink
//!     └─ a wait-all is queued: lock the union of all that E's wait-alls wait for, in order, first
//! ```
//!
//! U1  Nothing changes before every lock that the walk needs is held, and everything changes before the first is
//!     released: no thread sees a pulse's moment, a half-taken wait-all, or an object between its signaller and
//!     the waiter it was given to.
//! U2  The union is found under E's lock, which is then dropped to lock in order; it is right if, once all are
//!     locked, every wait-all on E's queue lies inside it. If not, it is made anew.
//! U3  Wait-alls that together wait for more than [`UNION_CAP`] objects are not tested by the signaller: each is
//!     woken to test itself, and a pulse does not complete them (E14). They lose their place, as they do in NT
//!     whenever a test fails (W26).
//! U4  The walk goes on as long as the object is signalled and ends with the queue: no waiter is skipped, first
//!     come is first served, wait-any and wait-all alike (W23, W25).

#![allow(unsafe_code, reason = "walks queues of wait blocks")]

use super::Gone;
use super::epoch::Broadcast;
use super::lockset::{LockSet, Place};
use super::union::{TooMany, UNION_CAP, UNION_SMALL, Union};
use crate::objects::held::Held;
use crate::objects::slot::Slot;
use crate::objects::word::Word;
use crate::objects::{Home, Signal, Target, release};
use crate::sys::futex::LateWake;
use crate::waiter::park::{Decision, Why};
use crate::waiter::shield::Shield;
use crate::waiter::{Chain, WaitBlock};
use core::ptr;

/// The fast path of every change: one load, one compare-exchange, if the object exists and nobody holds its lock,
/// is queued or watches. Returns the word from before; `None`: not so, and nothing was done.
///
/// The exchange is made also where nothing changes: a signal publishes what was written before it, a reset sees it.
#[inline]
pub(crate) fn change_idle(target: Target<'_>, change: impl Fn(Word) -> Word) -> Option<Word> {
    let mut word = target.slot.load_to_change();
    while word.is_idle(target.generation) {
        match target.slot.exchange(word, change(word)) {
            Ok(()) => return Some(word),
            Err(seen) => word = seen,
        }
    }
    None
}

/// Clears the object under its lock; nobody's wait ends by that. Returns the word from before.
pub(crate) fn reset(target: Target<'_>, home: &dyn Home) -> Result<Word, Gone> {
    under_lock(target, home, |held| {
        let before = held.word();
        held.set_word(before.with_state(false));
        before
    })
}

/// The object's word at a moment when nobody is changing it.
pub(crate) fn settled_word(target: Target<'_>, home: &dyn Home) -> Result<Word, Gone> {
    let word = target.slot.load();
    if word.generation() != target.generation {
        return Err(Gone);
    }
    if word.has(Word::LOCKED) {
        return under_lock(target, home, |held| held.word());
    }
    Ok(word)
}

/// How many refer to an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts {
    pub(crate) handles: u32,
    pub(crate) references: u32,
}

pub(crate) fn counts(target: Target<'_>, home: &dyn Home) -> Result<Counts, Gone> {
    under_lock(target, home, |held| Counts { handles: held.handles(), references: held.references() })
}

/// Lets go of a pin, and of the object if nothing else refers to it.
pub(crate) fn unpin(target: Target<'_>, home: &dyn Home) {
    let _ = under_lock(target, home, |held| held.unpin());
}

#[cold]
pub(crate) fn under_lock<T>(
    target: Target<'_>,
    home: &dyn Home,
    body: impl FnOnce(&mut Held<'_>) -> T,
) -> Result<T, Gone> {
    let _shield = Shield::raise();
    let mut held = target.slot.lock(target.generation).ok_or(Gone)?;
    let result = body(&mut held);
    release(held, home);
    Ok(result)
}

/// The wakes that a signal owes once it holds no lock.
#[must_use = "those who were satisfied still sleep"]
struct Wakes<'s> {
    slot: &'s Slot,
    broadcast: Broadcast,
    chain: Chain,
}

impl Wakes<'_> {
    fn pay(self) {
        self.broadcast.wake(self.slot);
        self.chain.wake();
    }

    /// Leaves one wake to the caller, if that is all there is to do.
    fn later(self) -> LateWake {
        if self.chain.is_empty()
            && let Some(wake) = self.broadcast.later(self.slot)
        {
            return wake;
        }
        if self.broadcast.is_none()
            && let Some(sleeper) = self.chain.only()
        {
            return LateWake::new(sleeper, 1);
        }
        self.pay();
        LateWake::NONE
    }
}

/// Applies the signal under the object's lock, satisfies whoever can be, and returns the word from before.
pub(crate) fn signal(target: Target<'_>, signal: Signal, home: &dyn Home) -> Result<Word, Gone> {
    let _shield = Shield::raise();
    let (before, wakes) = decide(target, signal, home)?;
    wakes.pay();
    Ok(before)
}

/// As [`signal`]. The caller has something to do before the thread that was satisfied should run.
pub(crate) fn signal_late(target: Target<'_>, signal: Signal, home: &dyn Home) -> Result<LateWake, Gone> {
    let _shield = Shield::raise();
    decide(target, signal, home).map(|(_, wakes)| wakes.later())
}

#[inline]
fn decide<'s>(target: Target<'s>, signal: Signal, home: &dyn Home) -> Result<(Word, Wakes<'s>), Gone> {
    let held = target.slot.lock(target.generation).ok_or(Gone)?;
    if held.has_all_waiters() {
        release(held, home);
        return signal_with_union::<UNION_SMALL>(target, signal, home)
            .or_else(|TooMany| signal_with_union::<UNION_CAP>(target, signal, home))
            .unwrap_or_else(|TooMany| signal_and_nudge(target, signal, home));
    }
    Ok(signal_alone(target, signal, held, home))
}

/// Nobody on the queue waits for anything but this object (or for the first of several): its lock is enough.
#[inline]
fn signal_alone<'s>(target: Target<'s>, signal: Signal, mut held: Held<'_>, home: &dyn Home) -> (Word, Wakes<'s>) {
    let before = held.word();
    let mut chain = Chain::EMPTY;
    held.set_word(signal.apply(before));
    let broadcast = Broadcast::decide(&mut held);
    // SAFETY: the object is locked, so what its queue links to stays linked until we unlink it.
    while let Some(block) = unsafe { held.first().follow() }
        && held.is_signaled()
    {
        // SAFETY: linked to the object that we hold.
        unsafe { serve_any(block, &mut held, &mut chain) };
    }
    held.set_word(signal.settle(held.word()));
    release(held, home);
    (before, Wakes { slot: target.slot, broadcast, chain })
}

/// U3: the wait-alls test themselves.
#[cold]
#[inline(never)]
fn signal_and_nudge<'s>(target: Target<'s>, signal: Signal, home: &dyn Home) -> Result<(Word, Wakes<'s>), Gone> {
    let held = target.slot.lock(target.generation).ok_or(Gone)?;
    let nudge = match signal {
        Signal::Set => AllWaiters::Nudge,
        Signal::Pulse => AllWaiters::PassOver,
    };
    let mut places = [Place::Empty];
    let mut locks = LockSet::new(&mut places);
    locks.push(held);
    Ok(carry_out(target, signal, locks, nudge, home))
}

/// There are wait-alls on the queue: signals under the locks of all that they wait for (U2).
#[inline(never)] // its frame is large
fn signal_with_union<'s, const N: usize>(
    target: Target<'s>,
    signal: Signal,
    home: &dyn Home,
) -> Result<Result<(Word, Wakes<'s>), Gone>, TooMany> {
    loop {
        let Some(held) = target.slot.lock(target.generation) else {
            return Ok(Err(Gone));
        };
        let union = Union::<N>::of(&held);
        release(held, home);
        let union = union?;
        let mut places = [const { Place::Empty }; N];
        let mut locks = union.lock(&mut places);
        match locks.find(target.slot) {
            None => {
                locks.release(home);
                return Ok(Err(Gone));
            }
            Some(held) if union.covers(held) => {
                return Ok(Ok(carry_out(target, signal, locks, AllWaiters::Test, home)));
            }
            Some(_) => locks.release(home),
        }
    }
}

/// What the walk does with a wait-all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AllWaiters {
    /// All that it waits for is locked: satisfy it if it can be.
    Test,
    /// Wake it to test itself.
    Nudge,
    /// Leave it where it is.
    PassOver,
}

/// Applies the signal under the locks, serves the queue, releases. Returns the word from before.
fn carry_out<'s>(
    target: Target<'s>,
    signal: Signal,
    mut locks: LockSet<'_, '_>,
    all_waiters: AllWaiters,
    home: &dyn Home,
) -> (Word, Wakes<'s>) {
    let mut before = Word::new(0, 0, false);
    let mut chain = Chain::EMPTY;
    let mut broadcast = Broadcast::NONE;
    if let Some(held) = locks.find(target.slot) {
        before = held.word();
        held.set_word(signal.apply(before));
        broadcast = Broadcast::decide(held);
    }
    serve(target.slot, &mut locks, all_waiters, &mut chain);
    if let Some(held) = locks.find(target.slot) {
        held.set_word(signal.settle(held.word()));
    }
    locks.release(home);
    (before, Wakes { slot: target.slot, broadcast, chain })
}

/// Walks the queue for as long as the object is signalled (U4).
fn serve(slot: &Slot, locks: &mut LockSet<'_, '_>, all_waiters: AllWaiters, chain: &mut Chain) {
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

/// # Safety
/// The block is a wait-any's and linked to the object that `held` is.
unsafe fn serve_any(block: &WaitBlock, held: &mut Held<'_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    let index = unsafe { block.index() };
    // SAFETY: B4, the caller's lock.
    let decision = unsafe { block.thread() }.park.decide(Why::Object, index);
    if decision != Decision::Lost {
        held.consume();
    }
    // SAFETY: linked to this object.
    unsafe { retire(block, decision, held, chain) };
}

/// # Safety
/// The block is a wait-all's and linked; `locks` holds all objects of that wait, if the wait is still open.
unsafe fn serve_all(block: &WaitBlock, locks: &mut LockSet<'_, '_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    let thread = unsafe { block.thread() };
    // SAFETY: the block is linked and its object locked.
    let set = unsafe { thread.wait_set() };
    // SAFETY: B4; the blocks of an open wait are all linked, and their objects locked by us.
    let slots = set.iter().map(|block| ptr::from_ref(unsafe { block.target() }.0));
    if thread.park.is_open() {
        let mut signaled = slots.clone();
        if !signaled.all(|slot| locks.find(slot).is_some_and(|held| held.is_signaled())) {
            return; // it keeps its place
        }
    }
    let decision = thread.park.decide(Why::Object, 0);
    if decision == Decision::Lost {
        // SAFETY: the caller's lock. A dead wait's other blocks are its thread's to unlink.
        unsafe { retire_one_of(block, decision, locks, chain) };
        return;
    }
    locks.take_all(slots);
    for member in set {
        if !ptr::eq(member, block) {
            // SAFETY: a member of a wait that we have just decided: still linked, and its object locked.
            unsafe { retire_one_of(member, Decision::Won, locks, chain) };
        }
    }
    // SAFETY: as above. It is the last to be freed: until then the set stays in place (B2).
    unsafe { retire_one_of(block, decision, locks, chain) };
}

/// Ends the wait-all that this block belongs to, so that its thread tests for itself.
///
/// # Safety
/// The block is linked to an object that `locks` holds.
unsafe fn nudge(block: &WaitBlock, locks: &mut LockSet<'_, '_>, chain: &mut Chain) {
    // SAFETY: B4, the caller's lock.
    let decision = unsafe { block.thread() }.park.decide(Why::Retest, 0);
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
        Decision::Lost if unsafe { block.thread() }.park.is_stopped() => {
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
