//! The semaphore: a count with a limit.
//!
//! ```text
//!  value 31                1   0          beside the word: the maximum
//!        ┌──────────────────┬─────┐
//!        │ count            │ > 0 │
//!        └──────────────────┴─────┘
//!
//!           release n                      release n, beyond the maximum: refused, nothing changes
//!   count ─────────────▶ count + n
//!         ◀─────────────
//!             wait (count > 0)
//! ```
//!
//! SM1 0 ≤ count ≤ maximum ≤ 0x7FFFFFFF (SE1). The maximum never changes.
//! SM2 A release of n offers all n to those who wait, in order, and what they leave is the count (SE9, SE10). The limit is
//!     judged by the count before, whoever waits (SE11).
//! orderings   as for an event
//! NT          KSEMAPHORE; facts SE1–SE18

use super::Misfit;
use super::word::Word;

/// The value that stands for this count.
#[inline]
pub(crate) const fn value(count: u32) -> u32 {
    count << 1 | (count > 0) as u32
}

#[inline]
pub(crate) const fn count(word: Word) -> u32 {
    word.value() >> 1
}

/// The word after a satisfied wait.
#[inline]
pub(crate) const fn taken(word: Word) -> Word {
    word.with_value(value(count(word).saturating_sub(1)))
}

/// The word after a release of so many (SE5, SE6).
#[inline]
pub(crate) const fn posted(word: Word, more: u32, maximum: u32) -> Result<Word, Misfit> {
    let before = count(word);
    if before > maximum || more > maximum - before {
        return Err(Misfit::OverLimit);
    }
    Ok(word.with_value(value(before + more)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u32 = 0x7FFF_FFFF;

    fn with(count: u32) -> Word {
        Word::new(5, Word::SHARED, false).with_value(value(count))
    }

    #[test]
    fn table_semaphore() {
        // count, maximum, released, count after
        let rows = [
            (0, 1, 1, Some(1)),
            (1, 1, 1, None),
            (0, 10, 10, Some(10)),
            (0, 10, 11, None),
            (3, 10, 7, Some(10)),
            (3, 10, 8, None),
            (1, MOST, MOST, None), // SE6
            (0, MOST, MOST, Some(MOST)),
            (MOST, MOST, 1, None),
        ];
        for (before, maximum, more, after) in rows {
            let posted = posted(with(before), more, maximum);
            assert_eq!(posted, after.map(with).ok_or(Misfit::OverLimit), "{before} + {more} of {maximum}");
        }
    }

    #[test]
    fn se8_each_wait_takes_one() {
        for before in [1, 2, 77, MOST] {
            let after = taken(with(before));
            assert_eq!((count(after), after.state()), (before - 1, before > 1));
            assert_eq!(after, with(before - 1), "nothing else changes");
        }
    }
}
