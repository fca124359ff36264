//! The event: a flag that threads wait for.
//!
//! ```text
//!  MANUAL value │ meaning          │ set  reset  pulse  wait
//!    0      0   │ auto, clear      │ 01    00     00    blocks
//!    0      1   │ auto, set        │ 01    00     00    00
//!    1      0   │ manual, clear    │ 11    10     10    blocks
//!    1      1   │ manual, set      │ 11    10     10    11
//!
//!             set                    wait (auto), reset, pulse
//!   clear ───────────▶ set ─────────────────────────────────▶ clear
//! ```
//!
//! E1  A set of an auto event that somebody waits for releases exactly one and leaves it clear [E7, E10]; the
//!     second of two sets in a row leaves it set: a bit, not a count [E8].
//! E2  A set of a manual event releases everybody [E9].
//! E3  Set, reset and pulse write the word even where nothing changes: whoever sees the event clear afterwards
//!     also sees what the setter wrote before. Without that, "write data; set" against "reset; read data; wait"
//!     can miss on both sides.
//! orderings   every change is an AcqRel read-modify-write; a look at it is Acquire.
//! NT          KEVENT; facts E1–E32

use super::word::Word;

/// Clear.
pub(crate) const CLEAR: u32 = 0;
/// Set.
pub(crate) const SET: u32 = 1;

/// The flags of a new event.
#[inline]
pub(crate) const fn flags(manual_reset: bool) -> u64 {
    if manual_reset { Word::MANUAL } else { 0 }
}

/// The word after a satisfied wait.
#[inline]
pub(crate) const fn consume(word: Word) -> Word {
    if word.has(Word::MANUAL) { word } else { word.with_value(CLEAR) }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Signal};
    use super::*;

    /// The table at the head of this file, row by row.
    #[test]
    fn table_event() {
        let rows = [
            // manual, value, after set, after pulse, after wait (None: blocks)
            (false, CLEAR, SET, CLEAR, None),
            (false, SET, SET, CLEAR, Some(CLEAR)),
            (true, CLEAR, SET, CLEAR, None),
            (true, SET, SET, CLEAR, Some(SET)),
        ];
        for (manual, value, set, pulsed, waited) in rows {
            let word = Word::new(5, flags(manual), value);
            assert_eq!(Signal::Set.settle(Signal::Set.apply(word)), word.with_value(set));
            assert_eq!(Signal::Pulse.settle(Signal::Pulse.apply(word)), word.with_value(pulsed));
            assert_eq!(Kind::Event.is_signaled(word), waited.is_some());
            if let Some(after) = waited {
                assert_eq!(Kind::Event.consume(word), word.with_value(after));
            }
        }
    }
}
