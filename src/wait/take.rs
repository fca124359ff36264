//! The look: what a wait can take without a lock.
//!
//! K1  A look never concludes anything from a locked word (it may be half-way through a change); the caller queues, and
//!     learns the truth under the lock.
//! K2  The objects of a wait-any are looked at in order, and before object `i` is taken the ones before it are looked at
//!     once more; then `i` is taken by an exchange on the word that was seen before that, change count and all (O4), or
//!     looked at again if there is nothing to take.
//!     So there was a time, up to the taking, in which `i` did not change while each of the others was seen clear.
//!     Without the second look a thread that sets 0 and then 1 could find that 1 was taken from under 0, and without
//!     the count so could one that takes 1, sets 0 and sets 1 again (W9).
//! orderings   Acquire loads; the taking compare-exchange is AcqRel (object word).

use crate::objects::Target;
use crate::objects::word::Word;

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

/// What came of an attempt to take something without a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It was signalled, and is taken if there was anything to take.
    Yes,
    /// It is not signalled.
    Clear,
    /// Locked, or signalled with others queued: to be decided under the lock.
    Unknown,
    /// The object of this handle is no more.
    Gone,
}

/// Looks at one object.
#[inline]
pub(crate) fn look(target: Target<'_>) -> Seen {
    let word = target.slot.load();
    if word.generation() != target.generation {
        Seen::Gone
    } else if word.has(Word::LOCKED) {
        Seen::Locked
    } else if target.kind.is_signaled(word) {
        Seen::Signaled(word)
    } else {
        Seen::Clear
    }
}

/// Takes a signalled object as it was seen. `None`: it has changed since.
#[inline]
pub(crate) fn as_seen(target: Target<'_>, word: Word) -> Option<Taken> {
    let taken = target.kind.consume(word);
    if taken == word {
        // Nothing to take, so no write: a second look says that it did not change (K2).
        (target.slot.load() == word).then_some(Taken::Yes)
    } else if word.is_slow() {
        Some(Taken::Unknown)
    } else {
        target.slot.exchange(word, taken).ok().map(|()| Taken::Yes)
    }
}

/// Takes one object if that is possible at once.
#[inline]
pub(crate) fn one(target: Target<'_>) -> Taken {
    let mut word = target.slot.load();
    loop {
        if !word.is_settled(target.generation) {
            return if word.generation() == target.generation { Taken::Unknown } else { Taken::Gone };
        }
        if !target.kind.is_signaled(word) {
            return Taken::Clear;
        }
        let taken = target.kind.consume(word);
        if taken == word {
            return Taken::Yes; // nothing to take: no write
        }
        if word.is_slow() {
            return Taken::Unknown;
        }
        match target.slot.exchange(word, taken) {
            Ok(()) => return Taken::Yes,
            Err(seen) => word = seen,
        }
    }
}

/// Takes the first object of the list that can be taken at once; its position is the second part of the answer.
#[inline]
pub(crate) fn first(targets: &[Target<'_>]) -> (Taken, usize) {
    loop {
        let looks = targets.iter().map(|target| look(*target)).enumerate();
        let Some((index, seen)) = looks.into_iter().find(|(_, seen)| *seen != Seen::Clear) else {
            return (Taken::Clear, 0);
        };
        let word = match seen {
            Seen::Signaled(word) => word,
            Seen::Gone => return (Taken::Gone, index),
            Seen::Locked | Seen::Clear => return (Taken::Unknown, index), // K1: it comes before the rest
        };
        // K2. A lower one that is not clear now decides in the next round.
        if targets[..index].iter().all(|target| look(*target) == Seen::Clear)
            && let Some(taken) = as_seen(targets[index], word)
        {
            return (taken, index);
        }
    }
}
