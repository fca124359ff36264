//! The mutant: a lock that a thread owns, several times deep, and that outlives it as abandoned.
//!
//! ```text
//!  value  31         30              1   0          beside the word: levels beyond the first
//!        ┌───────────┬────────────────┬─────┐
//!        │ ABANDONED │ owner, 0: free │  1  │
//!        └───────────┴────────────────┴─────┘
//!
//!                 wait                       wait of the owner: one level more
//!   free ─────────────────────▶ owned by T ◀──────┐
//!    ▲  ◀─────────────────────      │ └───────────┘
//!    │     release of the last      │ T ends
//!    │                              ▼
//!    └───────── wait ───── free and ABANDONED      (the first wait is told, and clears it: M15, M16)
//! ```
//!
//! MU1 The owner is a number that one thread at a time has (owner.rs). "Owned by me" stays true until the asking thread
//!     itself changes it, so the owner may rely on it even while the object is locked; everything else needs the lock clear.
//! MU2 The levels beyond the first are the owner's alone, so a wait of the owner touches nothing else. They are 0 while the
//!     mutant is free.
//! MU3 An owned mutant is on its owner's list, or its owner is in a section where it cannot be stopped and is about to put
//!     it there, or to give it up (owner.rs).
//! MU4 Bit 0 is always set: a mutant may be signalled for whoever asks, so a look by that bit alone looks closer.
//! orderings   as for an event; the levels and the list ride on the exchanges of the word
//! NT          KMUTANT; facts M1–M35

use super::word::Word;

const ABANDONED: u32 = 1 << 31;
const OWNER: u32 = !ABANDONED & !1;

/// The value of a mutant that nobody owns.
pub(crate) const FREE: u32 = 1;

/// Levels beyond the first: with so many, one more is refused (M11).
pub(crate) const MOST_LEVELS: u32 = 1 << 31;

/// The value of a mutant that this thread owns.
#[inline]
pub(crate) const fn value_owned_by(who: u32) -> u32 {
    who << 1 | 1
}

/// The number of the owner, 0 for none.
#[inline]
pub(crate) const fn owner(word: Word) -> u32 {
    (word.value() & OWNER) >> 1
}

#[inline]
pub(crate) const fn is_free(word: Word) -> bool {
    word.value() & OWNER == 0
}

#[inline]
pub(crate) const fn is_owned_by(word: Word, who: u32) -> bool {
    who != 0 && owner(word) == who
}

#[inline]
pub(crate) const fn is_abandoned(word: Word) -> bool {
    word.value() & ABANDONED != 0
}

/// The word after a wait of this thread for a mutant that was free, or its own.
#[inline]
pub(crate) const fn taken(word: Word, who: u32) -> Word {
    word.with_value(value_owned_by(who))
}

/// The word after the owner gave up the last level (M20).
#[inline]
pub(crate) const fn freed(word: Word) -> Word {
    word.with_value(FREE)
}

/// The word after the owner ended (M14).
#[inline]
pub(crate) const fn abandoned(word: Word) -> Word {
    word.with_value(FREE | ABANDONED)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: u32 = 1;
    const B: u32 = (1 << 18) + 1;

    /// The diagram at the head of this file.
    #[test]
    fn table_mutant() {
        // value, owner, free, abandoned, signalled for A, value after it was taken by A
        let rows = [
            (FREE, 0, true, false, true, value_owned_by(A)),
            (FREE | ABANDONED, 0, true, true, true, value_owned_by(A)),
            (value_owned_by(A), A, false, false, true, value_owned_by(A)),
            (value_owned_by(B), B, false, false, false, 0),
        ];
        for (value, who, free, left, signaled, after) in rows {
            let word = Word::new(9, 0, false).with_value(value);
            assert_eq!((owner(word), is_free(word), is_abandoned(word)), (who, free, left), "{value:#x}");
            assert_eq!(is_free(word) || is_owned_by(word, A), signaled, "{value:#x}");
            assert!(!is_owned_by(word, 0), "nobody owns nothing");
            assert!(!word.is_clear(9), "MU4");
            if signaled {
                assert_eq!(taken(word, A).value(), after, "M15: the flag is gone");
            }
            assert_eq!((freed(word).value(), abandoned(word).value()), (FREE, FREE | ABANDONED));
        }
    }
}
