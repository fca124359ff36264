//! The timer: a flag that is raised when its moment comes.
//!
//! ```text
//!   value: that of an event              beside the word: the number of the setting; the address of the body
//!
//!              set                     expire
//!   idle ─────────────▶ armed ─────────────────────▶ idle │ armed anew, if it is periodic
//!    ▲                    │
//!    └─────── cancel ─────┘
//! ```
//!
//! Whether it is armed and whether it is signalled are two things:
//!
//! | was       | set, for later  | set, for now   | cancel        | expire                 | wait (synchronization) |
//! |-----------|-----------------|----------------|---------------|------------------------|------------------------|
//! | clear     | armed, clear    | idle, set      | idle, clear   | set, or to who waits   | blocks                 |
//! | signalled | armed, clear    | idle, set      | idle, set     | set                    | clear                  |
//!
//! (T3, T4, T6. "Set, for now" arms a periodic timer for the next time. A notification timer stays set after a wait: T8.)
//!
//! M1  The number of the setting changes with each set and cancel, under the object's lock, and only then. An expiry knows
//!     by which setting it is due; signalling compares the numbers under the lock. So no expiry comes after a cancel or
//!     another set has returned.
//! M2  Expiries do not add up: a flag, not a count (T9).
//! M3  The number goes on counting when the body serves another timer.
//! orderings   as for an event
//! NT          KTIMER; facts T1–T25

use super::held::Held;

/// The timer has another setting from now on, of this number (M1).
pub(crate) fn renew(held: &mut Held<'_>) -> u32 {
    let setting = held.slot().extra().wrapping_add(1);
    held.slot().set_extra(setting);
    setting
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::super::slot::{Born, Slot};
    use super::super::word::Word;
    use super::super::{Birth, Kind, Misfit, Signal, release_unchanged};
    use super::*;
    use crate::waiter::shield::Shield;

    fn timer(flags: u64, state: bool) -> (Slot, u32) {
        let slot = Slot::default();
        let birth = Birth { extra: u32::MAX, ..Birth::plain(Kind::Timer, flags, u32::from(state)) };
        let generation = slot.bear(birth, Born::Pinned);
        (slot, generation)
    }

    /// The table at the head of this file; whether it is armed is the runtime's to know.
    #[test]
    fn table_timer() {
        let rows = [
            // manual, signalled, after set for now, after expiry, after a wait of what has expired
            (false, false, true, true, false),
            (false, true, true, true, false),
            (true, false, true, true, true),
            (true, true, true, true, true),
        ];
        for (manual, signalled, now, expired, waited) in rows {
            let flags = if manual { Word::MANUAL } else { 0 };
            let word = Word::new(3, flags, signalled);
            assert_eq!(Signal::Set.apply(word, 5).map(Word::state), Ok(now));
            let after = Signal::Expire(5).apply(word, 5).expect("the setting is the same");
            assert_eq!(after.state(), expired);
            assert_eq!(Kind::Timer.consume_for(after, 0).state(), waited, "T8, T9");
        }
    }

    #[test]
    fn m1_an_expiry_of_another_setting_changes_nothing() {
        let _shield = Shield::raise();
        let (slot, generation) = timer(0, false);
        let mut held = slot.lock(generation).unwrap();
        assert_eq!(renew(&mut held), 0, "the number wraps");
        let word = held.word();
        assert_eq!(Signal::Expire(u32::MAX).apply(word, slot.extra()), Err(Misfit::Stale));
        assert!(Signal::Expire(0).apply(word, slot.extra()).is_ok());
        release_unchanged(held);
    }
}
