//! The event: a flag that threads wait for.
//!
//! ```text
//!  MANUAL state │ meaning          │ set  reset  pulse  wait
//!    0      0   │ auto, clear      │ 01    00     00    blocks
//!    0      1   │ auto, set        │ 01    00     00    00
//!    1      0   │ manual, clear    │ 11    10     10    blocks
//!    1      1   │ manual, set      │ 11    10     10    11
//!
//!             set                    wait (auto), reset, pulse
//!   clear ───────────▶ set ─────────────────────────────────▶ clear
//! ```
//!
//! E1  A set of an auto event that somebody waits for releases exactly one and leaves it clear (E7, E10); the
//!     second of two sets in a row leaves it set: a bit, not a count (E8).
//! E2  A set of a manual event releases everybody (E9).
//! E3  Set, reset and pulse write the word even where nothing changes: whoever sees the event clear afterwards
//!     also sees what the setter wrote before. Without that, "write data; set" against "reset; read data; wait"
//!     can miss on both sides.
//! orderings   every change is an AcqRel read-modify-write; a look at it is Acquire.
//! NT          KEVENT; facts E1–E32

use super::word::Word;

/// The flags of a new event.
#[inline]
pub(crate) const fn flags(manual_reset: bool) -> u64 {
    if manual_reset { Word::MANUAL } else { 0 }
}

/// The word after a satisfied wait.
#[inline]
pub(crate) const fn consume(word: Word) -> Word {
    if word.has(Word::MANUAL) { word } else { word.with_state(false) }
}

#[cfg(test)]
mod tests {
    use super::super::{Kind, Signal};
    use super::*;

    fn offered(signal: Signal, word: Word) -> Word {
        signal.apply(word, 0).expect("an event has no limit")
    }

    /// The table at the head of this file, row by row.
    #[test]
    fn table_event() {
        let rows = [
            // manual, set, after set, after reset, after pulse, after wait (None: blocks)
            (false, false, true, false, false, None),
            (false, true, true, false, false, Some(false)),
            (true, false, true, false, false, None),
            (true, true, true, false, false, Some(true)),
        ];
        for (manual, set, after_set, after_reset, after_pulse, after_wait) in rows {
            let word = Word::new(5, flags(manual), set);
            assert_eq!(Signal::Set.settle(offered(Signal::Set, word)).state(), after_set);
            assert_eq!(word.with_state(false).state(), after_reset);
            assert!(offered(Signal::Pulse, word).state(), "the moment that waiters see");
            assert_eq!(Signal::Pulse.settle(offered(Signal::Pulse, word)).state(), after_pulse);
            assert_eq!(Kind::Event.is_signaled_for(word, 0), after_wait.is_some());
            if let Some(after) = after_wait {
                assert_eq!(Kind::Event.consume_for(word, 0).state(), after);
            }
        }
    }
}
