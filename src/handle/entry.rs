//! Handle values and handle entries: 32 and 64 bits that name an object exactly.
//!
//! ```text
//!  handle   31      26 25                        2 1 0      a multiple of 4; the low two bits are ignored (H1)
//!           ┌─────────┬───────────────────────────┬────┐
//!           │ issue 6 │ index 24                  │ 00 │
//!           └─────────┴───────────────────────────┴────┘
//!  entry    63          40  39   38     37 36 35   34  31   30   29          6 5     0
//!           ┌──────────────┬───┬─────┬──────────┬────────┬──────┬─────────────┬───────┐
//!    live   │ generation   │ I │ P   │ Q  M  S  │ type   │ 1    │ slot 24     │ issue │
//!           ├──────────────┼───┴─────┴──────────┴────────┼──────┼─────────────┼───────┤
//!    free   │ 1: has next  │ 0                           │ 0    │ next index  │ issue │
//!           └──────────────┴─────────────────────────────┴──────┴─────────────┴───────┘
//!           inherit, protect; query, modify, synchronize: the three rights that fast paths ask for
//! ```
//!
//! The slot's index lies where it is the slot's offset in bytes, the generation where the object word has it.
//!
//! H1  An entry that is live with the handle's issue number names the object that the handle was made for.
//! H2  The issue number changes each time the index is given out anew; it wraps after 64 (after 63 for the three indices
//!     that have a forbidden value), and an index rests until 1,057 others of its shard were freed, so a value comes
//!     back after 62 × 1,058 = 65,596 creations at the earliest.
//! H3  0 and the pseudo handles are never issued. Pseudo handles are recognised before the low bits are dropped:
//!     −1, −2 and −4 differ in them.

/// The name of an object in one [`Runtime`](crate::Runtime).
///
/// A handle is a multiple of 4 that fits in 32 bits; the low two bits are ignored when it is used (H1). Any other
/// value may be passed in and is answered with `STATUS_INVALID_HANDLE`. The pseudo handles are negative numbers,
/// in 64 or in 32 bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Handle(pub u64);

impl Handle {
    /// No handle: never valid (H2).
    pub const NULL: Self = Self(0);
    /// The pseudo handle of this process (H3).
    pub const CURRENT_PROCESS: Self = Self(-1_i64 as u64);
    /// The pseudo handle of whichever thread uses it (H3, TH35).
    pub const CURRENT_THREAD: Self = Self(-2_i64 as u64);

    const INDEX_SHIFT: u32 = 2;
    const ISSUE_SHIFT: u32 = Self::INDEX_SHIFT + Entry::INDEX_BITS;

    #[inline]
    pub(crate) const fn index(self) -> usize {
        (self.0 >> Self::INDEX_SHIFT) as usize & Entry::INDEX_MASK as usize
    }

    /// What is above the 32 bits that a handle has: 0 unless the value is garbage.
    #[inline]
    const fn garbage(self) -> u64 {
        self.0 >> 32
    }

    /// The issue number, and above it whatever a garbage value has there: then it equals no entry's.
    #[inline]
    pub(crate) const fn issue(self) -> u64 {
        self.0 >> Self::ISSUE_SHIFT
    }

    pub(crate) const fn from_parts(index: u32, issue: u64) -> Self {
        Self(issue << Self::ISSUE_SHIFT | (index as u64) << Self::INDEX_SHIFT)
    }

    /// Which pseudo handle this is, if it is one.
    pub(crate) const fn pseudo(self) -> Option<Pseudo> {
        let value = match self.0 {
            small @ 0xFFFF_FFFA..=0xFFFF_FFFF => small as u32 as i32 as i64,
            other => other as i64,
        };
        match value {
            -1 => Some(Pseudo::Process),
            -2 => Some(Pseudo::Thread),
            -6..=-4 => Some(Pseudo::Token),
            _ => None,
        }
    }
}

impl From<u64> for Handle {
    fn from(value: u64) -> Self {
        Self(value)
    }
}

/// What a pseudo handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pseudo {
    Process,
    Thread,
    /// Access tokens, which this library does not have.
    Token,
}

impl Pseudo {
    /// Does it name something that this library has?
    pub(crate) const fn is_object(self) -> bool {
        matches!(self, Self::Process | Self::Thread)
    }
}

/// A handle entry's 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Entry(pub(crate) u64);

impl Entry {
    pub(crate) const INDEX_BITS: u32 = 24;
    pub(crate) const INDEX_MASK: u64 = (1 << Self::INDEX_BITS) - 1;
    pub(crate) const MAX_COUNT: usize = 1 << Self::INDEX_BITS;

    #[cfg(not(ntwait_loom))]
    const ISSUE_MASK: u64 = 0x3F;
    /// Two issues, so that a model sees a handle value come back.
    #[cfg(ntwait_loom)]
    const ISSUE_MASK: u64 = 1;
    const SLOT_SHIFT: u32 = 6;
    const TYPE_SHIFT: u32 = 31;
    const TYPE_MASK: u64 = 0xF;
    const GENERATION_SHIFT: u32 = 40;
    const HAS_NEXT: u64 = 1 << Self::GENERATION_SHIFT;

    pub(crate) const LIVE: u64 = 1 << 30;
    pub(crate) const SYNCHRONIZE: u64 = 1 << 35;
    pub(crate) const MODIFY: u64 = 1 << 36;
    pub(crate) const QUERY: u64 = 1 << 37;
    pub(crate) const PROTECT: u64 = 1 << 38;
    pub(crate) const INHERIT: u64 = 1 << 39;

    pub(crate) const fn live(issue: u64, slot: u32, generation: u32, kind: u8, bits: u64) -> Self {
        Self(
            issue
                | (slot as u64) << Self::SLOT_SHIFT
                | Self::LIVE
                | (kind as u64) << Self::TYPE_SHIFT
                | bits
                | (generation as u64) << Self::GENERATION_SHIFT,
        )
    }

    /// A free entry whose next handle will have this issue number, with a link of the list it is on.
    pub(crate) const fn free(issue: u64, next: Option<u32>) -> Self {
        let link = match next {
            Some(index) => Self::HAS_NEXT | (index as u64) << Self::SLOT_SHIFT,
            None => 0,
        };
        Self(issue & Self::ISSUE_MASK | link)
    }

    pub(crate) const fn next_free(self) -> Option<u32> {
        if self.0 & Self::HAS_NEXT != 0 { Some(self.slot() as u32) } else { None }
    }

    #[inline]
    pub(crate) const fn has(self, bits: u64) -> bool {
        self.0 & bits == bits
    }

    #[inline]
    pub(crate) const fn issue(self) -> u64 {
        self.0 & Self::ISSUE_MASK
    }

    #[inline]
    pub(crate) const fn slot(self) -> usize {
        (self.0 >> Self::SLOT_SHIFT & Self::INDEX_MASK) as usize
    }

    #[inline]
    pub(crate) const fn generation(self) -> u32 {
        (self.0 >> Self::GENERATION_SHIFT) as u32
    }

    #[inline]
    pub(crate) const fn kind(self) -> u8 {
        (self.0 >> Self::TYPE_SHIFT & Self::TYPE_MASK) as u8
    }

    /// Is this what `handle` was made for? (H1)
    #[inline]
    pub(crate) const fn is_named_by(self, handle: Handle) -> bool {
        self.has(Self::LIVE) && self.issue() == handle.issue()
    }

    /// Live, named by this handle, of this type and with these rights: one comparison.
    #[inline]
    pub(crate) const fn allows(self, handle: Handle, kind: u8, rights: u64) -> bool {
        let kind_bits = (kind as u64) << Self::TYPE_SHIFT;
        self.matches(handle, Self::TYPE_MASK << Self::TYPE_SHIFT, kind_bits, rights)
    }

    /// Live, named by this handle and with these rights, of whatever type: one comparison.
    #[inline]
    pub(crate) const fn allows_any(self, handle: Handle, rights: u64) -> bool {
        self.matches(handle, 0, 0, rights)
    }

    #[inline]
    const fn matches(self, handle: Handle, mask: u64, value: u64, rights: u64) -> bool {
        let looked_at = Self::ISSUE_MASK | Self::LIVE | rights | mask;
        let wanted = handle.issue() & Self::ISSUE_MASK | Self::LIVE | rights | value;
        (self.0 & looked_at ^ wanted) | handle.garbage() == 0
    }

    /// The issue number to give this index after `issue`, so that neither 0 nor a pseudo handle comes out (H3).
    pub(crate) const fn usable_issue(index: u32, issue: u64) -> u64 {
        let issue = issue & Self::ISSUE_MASK;
        let handle = Handle::from_parts(index, issue);
        if handle.0 == 0 || handle.pseudo().is_some() || Handle(handle.0 | 3).pseudo().is_some() {
            (issue + 1) & Self::ISSUE_MASK
        } else {
            issue
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handle_and_entry_fit_together() {
        let entry = Entry::live(63, 0xFF_FFFF, 0xAB_CDEF, 15, Entry::QUERY | Entry::INHERIT);
        assert_eq!((entry.slot(), entry.generation()), (0xFF_FFFF, 0xAB_CDEF));
        assert_eq!((entry.issue(), entry.kind()), (63, 15));
        assert!(entry.has(Entry::QUERY | Entry::INHERIT | Entry::LIVE));
        assert!(!entry.has(Entry::PROTECT) && !entry.has(Entry::MODIFY));
        let handle = Handle::from_parts(5, 63);
        assert!(entry.is_named_by(handle) && entry.is_named_by(Handle(handle.0 | 3)));
        assert!(entry.allows(handle, 15, Entry::QUERY));
        assert!(!entry.allows(handle, 14, Entry::QUERY));
        assert!(!entry.allows(handle, 15, Entry::QUERY | Entry::MODIFY));
        assert!(!entry.allows(Handle::from_parts(5, 62), 15, Entry::QUERY));
    }

    /// Bits above the 32 of a handle, one, two and many at a time, against every kind of entry.
    #[test]
    fn garbage_matches_no_entry() {
        let handle = Handle::from_parts(5, 21);
        let entries = [
            Entry(0),
            Entry::free(21, Some(9)),
            Entry::live(21, 7, 1, 1, 0),
            Entry::live(21, 7, 1, 2, Entry::SYNCHRONIZE | Entry::MODIFY | Entry::QUERY),
            Entry(!0),
        ];
        let bits = (32..64).flat_map(|a| (32..64).map(move |b| 1_u64 << a | 1 << b));
        let patterns = bits.chain([!0 << 32, 0x5555_5555 << 32, 0xFFFF << 48, 0x7F << 56, 0xC3 << 56]);
        for garbage in patterns {
            let handle = Handle(handle.0 | garbage);
            for entry in entries {
                assert!(!entry.allows(handle, 1, Entry::MODIFY), "{garbage:#x} {entry:?}");
                assert!(!entry.allows_any(handle, 0) && !entry.is_named_by(handle), "{garbage:#x} {entry:?}");
            }
        }
    }

    #[test]
    fn free_entries_carry_their_list() {
        assert_eq!(Entry::free(7, None).next_free(), None);
        assert_eq!(Entry::free(7, Some(0)).next_free(), Some(0));
        assert_eq!(Entry::free(7, Some(0xFF_FFFF)).next_free(), Some(0xFF_FFFF));
        assert_eq!(Entry::free(63, Some(9)).issue(), 63);
        assert!(!Entry::free(63, Some(0xFF_FFFF)).has(Entry::LIVE));
        assert_eq!(Entry(0), Entry::free(0, None), "fresh memory is a free entry");
    }

    #[test]
    fn h3_pseudo_handles_are_recognised_first_and_never_issued() {
        let rows = [
            (-1_i64, Some(Pseudo::Process)),
            (-2, Some(Pseudo::Thread)),
            (-3, None),
            (-4, Some(Pseudo::Token)),
            (-5, Some(Pseudo::Token)),
            (-6, Some(Pseudo::Token)),
            (-7, None),
            (0, None),
            (4, None),
        ];
        for (value, pseudo) in rows {
            assert_eq!(Handle(value as u64).pseudo(), pseudo, "{value}");
            assert_eq!(Handle(u64::from(value as u32)).pseudo(), pseudo, "{value} in 32 bits");
        }
        for index in [0, 1, 0xFF_FFFD, 0xFF_FFFE, 0xFF_FFFF] {
            for issue in 0..64 {
                let handle = Handle::from_parts(index, Entry::usable_issue(index, issue));
                for tag in 0..4 {
                    assert_eq!(Handle(handle.0 | tag).pseudo(), None, "{index} {issue}");
                }
                assert!(handle.0 >= 4 && handle.0 <= u64::from(u32::MAX));
            }
        }
    }
}
