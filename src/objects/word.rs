//! The object word: generation, flags and value of one object in 64 bits.
//!
//! ```text
//!  63            40 39      32 31                               0
//!  ┌───────────────┬──────────┬──────────────────────────────────┐
//!  │ generation 24 │ flags 8  │ value 32: what the kind keeps    │
//!  └───────────────┴──────────┴──────────────────────────────────┘
//! ```
//!
//! | flag       | says                                            | set and cleared                    |
//! |------------|-------------------------------------------------|------------------------------------|
//! | LOCKED     | somebody holds the object's lock                | by the holder                      |
//! | PARKED     | somebody may sleep for the lock                 | set by the sleeper, by any unlock  |
//! | QUEUED     | the wait list or the epoch has waiters, or only | by the unlock that changed it      |
//! |            | an owner keeps the object alive                 |                                    |
//! | ALL_WAITER | a wait-all is queued here                       | by the unlock that changed it      |
//! | OBSERVED   | a descriptor mirrors the state (mirror.rs)      | under the lock; stays              |
//! | MANUAL     | a notification object: waits do not consume     | at creation                        |
//! | SHARED     | it has a name, is a timer or asked, or had more | at creation, under the lock; stays |
//! |            | references than its first handle                |                                    |
//! | SPECIAL    | the value is no state and counts no changes     | at creation                        |
//!
//! O1  One compare-exchange that succeeds proves: same generation, so the same object; no lock held; and, if it
//!     asked for no [`SLOW`](Word::SLOW) flag, nobody queued and nobody watching. Who asked for none but OBSERVED sees to the
//!     mirror then (MI1).
//! O2  While LOCKED is set, others may add PARKED and change nothing else.
//! O3  An object's generation never comes back: a slot whose generation would wrap is retired.
//! O4  An object that is either signalled or not keeps that in bit 0; the other bits of the value count its changes. So
//!     an exchange on a word seen earlier proves that nothing was signalled or taken meanwhile, not just that it looks
//!     the same. (Short of 2³¹ changes between two instructions of one thread.) SPECIAL objects, mutants and semaphores,
//!     have no room for that count, and descriptors have their state elsewhere; who needs such a proof of them takes their lock.
//! O5  With bit 0 clear the object is signalled for nobody, whatever its kind.

/// The generation that no object ever has: a slot that has reached it is retired (O3). Small in a model, so that
/// the checker gets there.
#[cfg(not(ntwait_loom))]
pub(crate) const RETIRED: u32 = 0xFF_FFFF;
#[cfg(ntwait_loom)]
pub(crate) const RETIRED: u32 = 3;

const GENERATION_SHIFT: u32 = 40;

/// A snapshot of an object's word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Word(u64);

impl Word {
    pub(crate) const LOCKED: u64 = 1 << 32;
    pub(crate) const PARKED: u64 = 1 << 33;
    pub(crate) const QUEUED: u64 = 1 << 34;
    pub(crate) const ALL_WAITER: u64 = 1 << 35;
    pub(crate) const OBSERVED: u64 = 1 << 36;
    pub(crate) const MANUAL: u64 = 1 << 37;
    pub(crate) const SHARED: u64 = 1 << 38;
    pub(crate) const SPECIAL: u64 = 1 << 39;

    /// Any of these sends an operation that changes the object to the slow path.
    pub(crate) const SLOW: u64 = Self::LOCKED | Self::PARKED | Self::QUEUED | Self::OBSERVED;

    const VALUE: u64 = 0xFFFF_FFFF;
    const STATE: u64 = 1;
    const GENERATION: u64 = !0 << GENERATION_SHIFT;

    #[inline]
    pub(crate) const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// A word without flags other than `flags`.
    #[inline]
    pub(crate) const fn new(generation: u32, flags: u64, state: bool) -> Self {
        Self((generation as u64) << GENERATION_SHIFT | flags | state as u64)
    }

    #[inline]
    pub(crate) const fn bits(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> GENERATION_SHIFT) as u32
    }

    /// The lower half: what the kind's file says.
    #[inline]
    pub(crate) const fn value(self) -> u32 {
        self.0 as u32
    }

    #[inline]
    #[must_use]
    pub(crate) const fn with_value(self, value: u32) -> Self {
        Self(self.0 & !Self::VALUE | value as u64)
    }

    #[inline]
    pub(crate) const fn has(self, flags: u64) -> bool {
        self.0 & flags != 0
    }

    #[inline]
    pub(crate) const fn is_slow(self) -> bool {
        self.has(Self::SLOW)
    }

    /// The object of this generation, with nothing that sends a change to the slow path (O1).
    #[inline]
    pub(crate) const fn is_idle(self, generation: u32) -> bool {
        self.0 & (Self::GENERATION | Self::SLOW) == (generation as u64) << GENERATION_SHIFT
    }

    /// The object of this generation, not locked: what the word says holds.
    #[inline]
    pub(crate) const fn is_settled(self, generation: u32) -> bool {
        self.0 & (Self::GENERATION | Self::LOCKED) == (generation as u64) << GENERATION_SHIFT
    }

    /// The object of this generation, not locked, with its state clear.
    #[inline]
    pub(crate) const fn is_clear(self, generation: u32) -> bool {
        self.0 & (Self::GENERATION | Self::LOCKED | Self::STATE) == (generation as u64) << GENERATION_SHIFT
    }

    /// Signalled, for objects that are so or not.
    #[inline]
    pub(crate) const fn state(self) -> bool {
        self.0 & Self::STATE != 0
    }

    /// The word after a change to this state, be it the same (O4).
    #[inline]
    #[must_use]
    pub(crate) const fn with_state(self, state: bool) -> Self {
        let changes = self.value().wrapping_add(2) & !(Self::STATE as u32);
        Self(self.0 & !Self::VALUE | changes as u64 | state as u64)
    }

    #[inline]
    #[must_use]
    pub(crate) const fn with(self, flags: u64) -> Self {
        Self(self.0 | flags)
    }

    #[inline]
    #[must_use]
    pub(crate) const fn without(self, flags: u64) -> Self {
        Self(self.0 & !flags)
    }

    /// `flag` as `condition` says.
    #[inline]
    #[must_use]
    pub(crate) const fn set_to(self, flag: u64, condition: bool) -> Self {
        if condition { self.with(flag) } else { self.without(flag) }
    }

    /// The upper half, which is what a sleeper for the lock hands to the kernel.
    #[inline]
    pub(crate) const fn high_half(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap() {
        let mut word = Word::new(RETIRED, Word::MANUAL, true);
        for state in [false, true, true, false, true] {
            let next = word.with_state(state);
            assert_ne!(next, word, "O4: every change shows");
            word = next;
            assert_eq!((word.generation(), word.state()), (RETIRED, state));
            assert!(word.has(Word::MANUAL) && !word.is_slow());
        }
        assert_eq!(word.with(Word::LOCKED).without(Word::LOCKED), word);
    }

    #[test]
    fn the_change_count_wraps_into_nothing_else() {
        let word = Word::from_bits(Word::new(7, Word::QUEUED, false).bits() | 0xFFFF_FFFE);
        assert_eq!(word.with_state(true), Word::new(7, Word::QUEUED, true));
    }

    #[test]
    fn table_slow_flags() {
        let flags = [
            (Word::LOCKED, true),
            (Word::PARKED, true),
            (Word::QUEUED, true),
            (Word::OBSERVED, true),
            (Word::ALL_WAITER, false), // never without QUEUED
            (Word::MANUAL, false),
            (Word::SHARED, false),
            (Word::SPECIAL, false),
        ];
        for (flag, slow) in flags {
            let word = Word::new(1, flag, true);
            assert_eq!(word.is_slow(), slow, "{flag:#x}");
            assert_eq!(word.is_idle(1), !slow, "{flag:#x}");
            assert!(!word.is_idle(2) && !word.is_clear(1));
        }
        assert!(Word::new(1, Word::QUEUED, false).is_clear(1) && !Word::new(1, Word::LOCKED, false).is_clear(1));
    }
}
