//! The look: what a wait can take without a lock.
//!
//! K1  A look never concludes anything from a locked word [it may be half-way through a change]; the caller
//!     queues, and learns the truth under the lock.
//! K2  The objects of a wait-any are looked at in order, and before object `i` is taken the ones before it are
//!     looked at once more. Otherwise a thread that sets 0 and then 1 could find that 1 was taken from a waiter
//!     that saw 0 clear, at no moment of which 1 was set and 0 was not [W9].
//! orderings   Acquire loads; the taking compare-exchange is AcqRel (object word).

use super::Target;
use crate::objects::word::Word;

/// What a look at one object found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// Signalled, and taken if there was anything to take.
    Taken,
    /// Not signalled.
    Clear,
    /// Locked, or signalled with others queued: to be decided under the lock.
    Unknown,
    /// The object of this handle is no more.
    Gone,
}

/// Takes one object if that is possible at once.
#[inline]
pub(crate) fn one(target: Target<'_>) -> Look {
    let mut word = target.slot.load();
    loop {
        if word.generation() != target.generation {
            return Look::Gone;
        }
        if word.has(Word::LOCKED) {
            return Look::Unknown;
        }
        if !target.kind.is_signaled(word) {
            return Look::Clear;
        }
        let taken = target.kind.consume(word);
        if taken == word {
            return Look::Taken;
        }
        if word.is_slow() {
            return Look::Unknown;
        }
        match target.slot.exchange(word, taken) {
            Ok(()) => return Look::Taken,
            Err(seen) => word = seen,
        }
    }
}

/// Takes the first object of the list that can be taken at once; its position is the second part of the answer.
#[inline]
pub(crate) fn first(targets: &[Target<'_>]) -> (Look, usize) {
    loop {
        let Some(index) = targets.iter().position(|target| glance(target) != Look::Clear) else {
            return (Look::Clear, 0);
        };
        match glance(&targets[index]) {
            Look::Clear => continue,
            Look::Taken => {}
            look => return (look, index), // K1: what is locked may be signalled and comes before the rest
        }
        // K2. A lower one that is not clear now decides in the next round.
        if targets[..index].iter().all(|target| glance(target) == Look::Clear) {
            match one(targets[index]) {
                Look::Clear => {} // somebody else took it
                look => return (look, index),
            }
        }
    }
}

/// As [`one`], without taking: `Taken` means that it could be.
#[inline]
pub(crate) fn glance(target: &Target<'_>) -> Look {
    let word = target.slot.load();
    if word.generation() != target.generation {
        Look::Gone
    } else if word.has(Word::LOCKED) {
        Look::Unknown
    } else if target.kind.is_signaled(word) {
        Look::Taken
    } else {
        Look::Clear
    }
}
