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
use super::serve::{AllWaiters, serve, serve_any};
use super::union::{TooMany, UNION_CAP, UNION_SMALL, Union};
use crate::objects::held::Held;
use crate::objects::slot::Slot;
use crate::objects::word::Word;
use crate::objects::{Home, Misfit, Signal, Target, mirror, release};
use crate::sys::futex::LateWake;
use crate::waiter::Chain;
use crate::waiter::shield::Shield;

/// The fast path of every change: one load, one compare-exchange, if the object exists and nobody holds its lock,
/// is queued or watches. Returns the word from before; `None`: not so, or there is no such change, and nothing was done.
///
/// The exchange is made also where nothing changes: a signal publishes what was written before it, a reset sees it.
#[inline]
pub(crate) fn change_idle(target: Target<'_>, change: impl Fn(Word) -> Option<Word>) -> Option<Word> {
    let mut word = target.slot.load_to_change();
    while word.is_idle(target.generation) {
        match target.slot.exchange(word, change(word)?) {
            Ok(()) => return Some(word),
            Err(seen) => word = seen,
        }
    }
    None
}

/// As [`change_idle`], of an object that is watched, and otherwise idle: whoever watches it is told. The depth is raised, so
/// that nothing comes between the change and that.
#[inline]
pub(super) fn change_watched(
    target: Target<'_>,
    home: &dyn Home,
    change: impl Fn(Word) -> Option<Word>,
) -> Option<Word> {
    let mut word = target.slot.load_to_change();
    while word.has(Word::OBSERVED) && word.without(Word::OBSERVED).is_idle(target.generation) {
        match target.slot.exchange(word, change(word)?) {
            Ok(()) => {
                if let Some(lease) = home.mirror(target.slot) {
                    mirror::follow(lease, target.slot);
                }
                return Some(word);
            }
            Err(seen) => word = seen,
        }
    }
    None
}

/// Clears the object; nobody's wait ends by that. Returns the word from before.
#[inline(always)] // as for `signal`
pub(crate) fn reset(target: Target<'_>, home: &dyn Home) -> Result<Word, Gone> {
    let _shield = Shield::raise();
    if let Some(before) = change_watched(target, home, |word| Some(word.with_state(false))) {
        return Ok(before);
    }
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

/// Why an object was not signalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsignaled {
    /// The object is no more.
    Gone,
    /// It does not take the signal.
    Misfit(Misfit),
}

impl From<Gone> for Unsignaled {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

impl From<Misfit> for Unsignaled {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

/// Applies the signal, satisfies whoever can be, and returns the word from before.
#[inline(always)] // returns are slow after a system call, which a change of a watched object makes
pub(crate) fn signal(target: Target<'_>, signal: Signal, home: &dyn Home) -> Result<Word, Unsignaled> {
    let _shield = Shield::raise();
    let change = |word| signal.apply(word, target.slot.extra()).ok().map(|offered| signal.settle(offered));
    if signal.is_all_in_the_word()
        && let Some(before) = change_watched(target, home, change)
    {
        return Ok(before);
    }
    signal_under_lock(target, signal, home)
}

#[inline(never)]
fn signal_under_lock(target: Target<'_>, signal: Signal, home: &dyn Home) -> Result<Word, Unsignaled> {
    let (before, wakes) = decide(target, signal, home)?;
    wakes.pay();
    Ok(before)
}

/// As [`signal`]. The caller has something to do before the thread that was satisfied should run.
pub(crate) fn signal_late(target: Target<'_>, signal: Signal, home: &dyn Home) -> Result<LateWake, Unsignaled> {
    let _shield = Shield::raise();
    decide(target, signal, home).map(|(_, wakes)| wakes.later())
}

/// As [`signal`], and in the same step does something to another object, whose lock is held together with the first's
/// (they may be one). Nothing is done if the first cannot be signalled. Returns the first's word from before.
pub(crate) fn signal_and(
    target: Target<'_>,
    signal: Signal,
    other: Target<'_>,
    home: &dyn Home,
    then: &mut dyn FnMut(&mut Held<'_>),
) -> Result<Word, Unsignaled> {
    let _shield = Shield::raise();
    let also = Also { other: Some(other), first: &mut |_| (), then };
    let (before, wakes) = signal_under_locks(target, signal, also, home)?;
    wakes.pay();
    Ok(before)
}

/// As [`signal`], and in the same step, before anybody is given the object, does something to it.
pub(crate) fn signal_after(
    target: Target<'_>,
    signal: Signal,
    home: &dyn Home,
    first: &mut dyn FnMut(&mut Held<'_>),
) -> Result<Word, Unsignaled> {
    let _shield = Shield::raise();
    let also = Also { other: None, first, then: &mut |_| () };
    let (before, wakes) = signal_under_locks(target, signal, also, home)?;
    wakes.pay();
    Ok(before)
}

/// What else is done under the same locks.
struct Also<'a, 'r> {
    /// To the object itself, before those who wait are served.
    first: &'a mut dyn FnMut(&mut Held<'_>),
    other: Option<Target<'r>>,
    /// To the other, after that.
    then: &'a mut dyn FnMut(&mut Held<'_>),
}

type Decided<'s> = Result<(Word, Wakes<'s>), Unsignaled>;

#[inline]
fn decide<'s>(target: Target<'s>, signal: Signal, home: &dyn Home) -> Decided<'s> {
    let held = target.slot.lock(target.generation).ok_or(Gone)?;
    if held.has_all_waiters() {
        release(held, home);
        return signal_under_locks(target, signal, Also { other: None, first: &mut |_| (), then: &mut |_| () }, home);
    }
    signal_alone(target, signal, held, home)
}

/// Nobody on the queue waits for anything but this object (or for the first of several): its lock is enough.
#[inline]
fn signal_alone<'s>(target: Target<'s>, signal: Signal, mut held: Held<'_>, home: &dyn Home) -> Decided<'s> {
    let before = held.word();
    let mut chain = Chain::EMPTY;
    match signal.apply(before, target.slot.extra()) {
        Ok(offered) => held.set_word(offered),
        Err(misfit) => {
            release(held, home);
            return Err(misfit.into());
        }
    }
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
    Ok((before, Wakes { slot: target.slot, broadcast, chain }))
}

/// Signals under the locks of all that is concerned.
#[cold]
fn signal_under_locks<'s>(target: Target<'s>, signal: Signal, mut also: Also<'_, 's>, home: &dyn Home) -> Decided<'s> {
    signal_with_union::<UNION_SMALL>(target, signal, &mut also, home)
        .or_else(|TooMany| signal_with_union::<UNION_CAP>(target, signal, &mut also, home))
        .unwrap_or_else(|TooMany| signal_and_nudge(target, signal, &mut also, home))
}

/// There may be wait-alls on the queue: signals under the locks of all that they wait for (U2).
#[inline(never)] // its frame is large
fn signal_with_union<'s, const N: usize>(
    target: Target<'s>,
    signal: Signal,
    also: &mut Also<'_, 's>,
    home: &dyn Home,
) -> Result<Decided<'s>, TooMany> {
    loop {
        let Some(held) = target.slot.lock(target.generation) else {
            return Ok(Err(Unsignaled::Gone));
        };
        let union = Union::<N>::of(&held, also.other);
        release(held, home);
        let union = union?;
        let mut places = [const { Place::Empty }; N];
        let mut locks = union.lock(&mut places);
        match locks.find(target.slot) {
            Some(held) if union.covers(held) => {
                return Ok(carry_out(target, signal, locks, AllWaiters::Test, also, home));
            }
            Some(_) => locks.release(home),
            None => {
                locks.release(home);
                return Ok(Err(Unsignaled::Gone));
            }
        }
    }
}

/// U3: the wait-alls test themselves.
#[cold]
#[inline(never)]
fn signal_and_nudge<'s>(target: Target<'s>, signal: Signal, also: &mut Also<'_, 's>, home: &dyn Home) -> Decided<'s> {
    let nudge = match signal {
        Signal::Pulse => AllWaiters::PassOver,
        _ => AllWaiters::Nudge,
    };
    let union = Union::<2>::of_two(target, also.other);
    let mut places = [const { Place::Empty }; 2];
    let locks = union.lock(&mut places);
    carry_out(target, signal, locks, nudge, also, home)
}

/// Applies the signal under the locks, serves the queue, does what else is to be done, releases. Returns the word from
/// before. If one of the objects is gone, nothing is done.
fn carry_out<'s>(
    target: Target<'s>,
    signal: Signal,
    mut locks: LockSet<'_, '_>,
    all_waiters: AllWaiters,
    also: &mut Also<'_, '_>,
    home: &dyn Home,
) -> Decided<'s> {
    let is_there = also.other.is_none_or(|other| locks.holds(other));
    let applied = match locks.find(target.slot) {
        Some(held) if is_there => apply(held, signal, target.slot.extra()).inspect(|_| (also.first)(held)),
        _ => Err(Unsignaled::Gone),
    };
    let (before, broadcast) = match applied {
        Ok(applied) => applied,
        Err(refused) => {
            locks.release(home);
            return Err(refused);
        }
    };
    let mut chain = Chain::EMPTY;
    serve(target.slot, &mut locks, all_waiters, &mut chain);
    if let Some(held) = locks.find(target.slot) {
        held.set_word(signal.settle(held.word()));
    }
    if let Some(held) = also.other.and_then(|other| locks.find(other.slot)) {
        (also.then)(held);
    }
    locks.release(home);
    Ok((before, Wakes { slot: target.slot, broadcast, chain }))
}

fn apply(held: &mut Held<'_>, signal: Signal, extra: u32) -> Result<(Word, Broadcast), Unsignaled> {
    let before = held.word();
    held.set_word(signal.apply(before, extra)?);
    Ok((before, Broadcast::decide(held)))
}
