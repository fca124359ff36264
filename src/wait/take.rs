//! The look: what a wait can take without a lock, or with one.
//!
//! K1  A look never concludes anything from a locked word (it may be half-way through a change), but that a mutant is the
//!     asking thread's own; the caller queues, and learns the truth under the lock.
//! K2  The objects of a wait-any are looked at in order, and before object `i` is taken the ones before it are looked at
//!     once more; then `i` is taken by an exchange on the word that was seen before that, change count and all (O4), or
//!     looked at again if there is nothing to take. What does not count its changes is locked for that long.
//!     So there was a time, up to the taking, in which `i` did not change while each of the others was seen clear.
//!     Without the second look a thread that sets 0 and then 1 could find that 1 was taken from under 0, and without
//!     the count so could one that takes 1, sets 0 and sets 1 again (W9).
//! K3  What is asked for (objects/descriptor.rs) is looked at under its lock, once, and there is nothing to take: its state is the
//!     kernel's, which changes it without asking us. Of those that were ready when the wait began, the lowest ends it.
//!     A wait that can queue, and sees nothing else that is not clear, leaves the asking to the test with which it queues.
//! orderings   Acquire loads; the taking compare-exchange is AcqRel (object word).

use crate::objects::held::Held;
use crate::objects::owner::Owner;
use crate::objects::slot::Slot;
use crate::objects::word::Word;
use crate::objects::{Home, Kind, Target, event, mutant, release, semaphore};
use crate::waiter::shield::Shield;

/// Who takes: the thread as an owner of mutants, if any of the objects is one, and where objects go that die by it.
#[derive(Clone, Copy)]
pub(crate) struct Taker<'r> {
    pub(crate) owner: Option<Owner<'r>>,
    pub(crate) home: &'r dyn Home,
}

impl Taker<'_> {
    /// The number under which the thread owns mutants.
    #[inline]
    pub(crate) fn who(&self) -> u32 {
        self.owner.map_or(0, Owner::number)
    }

    /// Takes note of what the thread was given. No lock is held, and the depth is raised.
    #[inline]
    pub(crate) fn adopt(&self, targets: &[Target<'_>]) {
        if let Some(owner) = self.owner {
            for target in targets.iter().filter(|target| target.kind == Kind::Mutant) {
                owner.adopt(target.slot, self.home);
            }
        }
    }
}

/// What a look at one object saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Not signalled.
    Clear,
    /// Signalled; the word that says so.
    Signaled(Word),
    /// Locked: to be decided under the lock.
    Locked,
    /// The object of this handle is no more.
    Gone,
}

/// What a wait does whose look finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    Ends,
    /// It tests once more when it queues.
    Queues,
}

/// What came of an attempt to take something at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was signalled, and is taken if there was anything to take.
    Yes,
    /// The same, of a mutant that had been abandoned.
    Abandoned,
    /// It is not signalled.
    Clear,
    /// Locked, or signalled with others queued: to be decided under the lock.
    Unknown,
    /// The object of this handle is no more.
    Gone,
    /// A mutant that the thread owns as deep as can be (M11).
    TooDeep,
    /// To be taken by [`special`].
    Special,
}

/// Looks at one object for this thread.
#[inline]
pub(crate) fn look(target: Target<'_>, who: u32) -> Seen {
    let word = target.slot.load();
    if word.generation() != target.generation {
        Seen::Gone
    } else if word.has(Word::LOCKED) && !(target.kind == Kind::Mutant && mutant::is_owned_by(word, who)) {
        Seen::Locked
    } else if target.kind.is_signaled_for(word, who) {
        Seen::Signaled(word)
    } else {
        Seen::Clear
    }
}

/// As [`look`], at one of several; of what the word says no more than "perhaps" of, the truth is asked for (K3).
#[inline]
fn look_or_ask(targets: &[Target<'_>], index: usize, taker: &Taker<'_>, then: Then) -> Seen {
    match look(targets[index], taker.who()) {
        Seen::Signaled(_) | Seen::Locked if targets[index].kind.may_be_asked() => {
            ask_or_queue(targets, index, taker, then)
        }
        seen => seen,
    }
}

#[cold]
fn ask_or_queue(targets: &[Target<'_>], index: usize, taker: &Taker<'_>, then: Then) -> Seen {
    let may_be_clear = |target: &Target<'_>| target.kind.may_be_asked() || look(*target, taker.who()) == Seen::Clear;
    match then {
        Then::Queues if targets[index..].iter().all(may_be_clear) => Seen::Locked,
        _ => ask(targets[index], taker.home),
    }
}

#[cold]
fn ask(target: Target<'_>, home: &dyn Home) -> Seen {
    let _shield = Shield::raise();
    let Some(held) = target.slot.lock(target.generation) else {
        return Seen::Gone;
    };
    let seen = if held.is_signaled() { Seen::Signaled(held.word().without(Word::LOCKED)) } else { Seen::Clear };
    release(held, home);
    seen
}

/// Does this second look show what the first has shown, that the object was clear? What is asked for is asked once (K3).
#[inline]
fn is_clear_still(target: Target<'_>, who: u32) -> bool {
    look(target, who) == Seen::Clear || target.kind.may_be_asked()
}

/// Takes a signalled object that counts its changes as it was seen. `None`: it has changed since.
#[inline]
pub(crate) fn as_seen(target: Target<'_>, word: Word) -> Option<Taken> {
    debug_assert!(!word.has(Word::SPECIAL));
    let taken = event::consume(word);
    if taken == word {
        // Nothing to take, so no write: a second look says that it did not change (K2).
        (target.slot.load() == word).then_some(Taken::Yes)
    } else if word.is_slow() {
        Some(Taken::Unknown)
    } else {
        target.slot.exchange(word, taken).ok().map(|()| Taken::Yes)
    }
}

/// Takes one object that is not special, if that is possible at once.
#[inline]
pub(crate) fn one(target: Target<'_>) -> Taken {
    let mut word = target.slot.load();
    loop {
        if !word.is_settled(target.generation) {
            return if word.generation() == target.generation { Taken::Unknown } else { Taken::Gone };
        }
        if !word.state() {
            return Taken::Clear;
        }
        if word.has(Word::MANUAL) {
            return Taken::Yes; // nothing to take: no write
        }
        if word.has(Word::SPECIAL) {
            return Taken::Special;
        }
        if word.is_slow() {
            return Taken::Unknown;
        }
        match target.slot.exchange(word, event::consume(word)) {
            Ok(()) => return Taken::Yes,
            Err(seen) => word = seen,
        }
    }
}

/// Takes a special object, if that is possible at once; of a mutant nothing is known without an owner.
#[inline]
pub(crate) fn special(target: Target<'_>, owner: Option<Owner<'_>>, home: &dyn Home) -> Taken {
    match (target.kind, owner) {
        (Kind::Semaphore, _) => semaphore(target),
        (Kind::Mutant, Some(owner)) => mutant(target, owner, home),
        (Kind::Descriptor | Kind::Process, _) => match ask(target, home) {
            Seen::Signaled(_) => Taken::Yes,
            Seen::Gone => Taken::Gone,
            Seen::Clear | Seen::Locked => Taken::Clear,
        },
        _ => Taken::Unknown,
    }
}

#[inline]
fn semaphore(target: Target<'_>) -> Taken {
    let mut word = target.slot.load_to_change();
    while word.is_settled(target.generation) {
        if !word.state() {
            return Taken::Clear;
        }
        if word.is_slow() {
            return Taken::Unknown;
        }
        match target.slot.exchange(word, semaphore::taken(word)) {
            Ok(()) => return Taken::Yes,
            Err(seen) => word = seen,
        }
    }
    if word.generation() == target.generation { Taken::Unknown } else { Taken::Gone }
}

/// Takes a mutant that is free or the thread's own, if that is possible at once.
#[inline]
fn mutant(target: Target<'_>, owner: Owner<'_>, home: &dyn Home) -> Taken {
    let mut word = target.slot.load();
    loop {
        if word.generation() != target.generation {
            return Taken::Gone;
        }
        if mutant::is_owned_by(word, owner.number()) {
            return if Owner::deepen(target.slot).is_ok() { Taken::Yes } else { Taken::TooDeep };
        }
        if word.has(Word::LOCKED) {
            return Taken::Unknown;
        }
        if !mutant::is_free(word) {
            return Taken::Clear;
        }
        if word.is_slow() {
            return Taken::Unknown;
        }
        let taken = mutant::taken(word, owner.number());
        let exchanged = if owner.has_no_latest() {
            owner.announce(target.slot);
            target.slot.exchange(word, taken).inspect_err(|_| owner.take_back())
        } else {
            take_one_more(target.slot, (word, taken), owner, home)
        };
        match exchanged {
            Ok(()) if mutant::is_abandoned(word) => return Taken::Abandoned,
            Ok(()) => return Taken::Yes,
            Err(seen) => word = seen,
        }
    }
}

/// The thread owns mutants already.
#[cold]
fn take_one_more(slot: &Slot, (seen, taken): (Word, Word), owner: Owner<'_>, home: &dyn Home) -> Result<(), Word> {
    let _shield = Shield::raise(); // from the exchange to the list (objects/mutant.rs, MU3)
    slot.exchange(seen, taken)?;
    owner.gain(slot, home);
    Ok(())
}

/// Takes the first object of the list that can be taken at once; its position is the second part of the answer.
#[inline]
pub(crate) fn first(targets: &[Target<'_>], taker: &Taker<'_>, then: Then) -> (Taken, usize) {
    let who = taker.who();
    loop {
        let mut looks = (0..targets.len()).map(|index| (index, look_or_ask(targets, index, taker, then)));
        let Some((index, seen)) = looks.find(|(_, seen)| *seen != Seen::Clear) else {
            return (Taken::Clear, 0);
        };
        let word = match seen {
            Seen::Signaled(word) => word,
            Seen::Gone => return (Taken::Gone, index),
            Seen::Locked | Seen::Clear => return (Taken::Unknown, index), // K1: it comes before the rest
        };
        let (target, before) = (targets[index], &targets[..index]);
        // K2. A lower one that is not clear now decides in the next round.
        let are_clear = || before.iter().all(|target| is_clear_still(*target, who));
        let taken = if target.kind.may_be_asked() {
            are_clear().then_some(Taken::Yes)
        } else if index == 0 && word.has(Word::SPECIAL) {
            Some(special(target, taker.owner, taker.home))
        } else if word.has(Word::SPECIAL) {
            locked(target, taker, are_clear)
        } else if are_clear() {
            as_seen(target, word)
        } else {
            None
        };
        // An object that others took meanwhile says nothing of the ones after it.
        if let Some(taken) = taken.filter(|taken| *taken != Taken::Clear) {
            return (taken, index);
        }
    }
}

/// Takes a locked object, if it is signalled for this thread.
pub(super) fn under_lock(held: &mut Held<'_>, who: u32) -> Option<Taken> {
    if !held.is_signaled_for(who) {
        return None;
    }
    if held.is_too_deep_for(who) {
        return Some(Taken::TooDeep);
    }
    let abandoned = held.is_abandoned();
    held.consume_for(who);
    Some(if abandoned { Taken::Abandoned } else { Taken::Yes })
}

/// Takes an object under its lock, if the ones before it are clear meanwhile (K2). `None`: look again.
#[cold]
fn locked(target: Target<'_>, taker: &Taker<'_>, are_clear: impl FnOnce() -> bool) -> Option<Taken> {
    let _shield = Shield::raise();
    let Some(mut held) = target.slot.lock(target.generation) else {
        return Some(Taken::Gone);
    };
    let taken = if are_clear() { under_lock(&mut held, taker.who()) } else { None };
    release(held, taker.home);
    if matches!(taken, Some(Taken::Yes | Taken::Abandoned)) {
        taker.adopt(&[target]);
    }
    taken
}
