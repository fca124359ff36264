//! The SRW lock's word, step by step, and who is released together: no atomics here, only what becomes what.

use crate::wait::lot::{Choice, Chosen};

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rtl) enum Mode {
    Exclusive,
    Shared,
}

/// A snapshot of the lock's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct State(pub(super) u64);

impl State {
    pub(super) const FREE: u64 = 0;
    pub(super) const EXCLUSIVE: u64 = 1;
    pub(super) const QUEUED: u64 = 1 << 1;
    pub(super) const BARRED: u64 = 1 << 2;
    pub(super) const READER: u64 = 1 << 4;
    pub(super) const MARKS: u64 = Self::QUEUED | Self::BARRED;
    /// While it is held exclusively: the owner, if that is known.
    pub(super) const OWNER: u64 = !(Self::READER - 1);

    pub(super) const fn has(self, bits: u64) -> bool {
        self.0 & bits != 0
    }

    pub(super) const fn readers(self) -> u64 {
        if self.has(Self::EXCLUSIVE) { 0 } else { self.0 / Self::READER }
    }

    /// Who has acquired it exclusively; 0: nobody, or nobody knows.
    pub(super) const fn owner(self) -> u64 {
        if self.has(Self::EXCLUSIVE) { self.0 & Self::OWNER } else { 0 }
    }

    /// Held by nobody, whatever the marks say.
    pub(super) const fn is_free(self) -> bool {
        self.0 & !Self::MARKS == Self::FREE
    }

    pub(super) const fn is_held(self, mode: Mode) -> bool {
        match mode {
            Mode::Exclusive => self.has(Self::EXCLUSIVE),
            Mode::Shared => self.readers() > 0,
        }
    }

    /// The word with one holder more, if it can be. `passes`: the acquirer is on its way (Q3). `owner`: who it is.
    pub(super) const fn taken(self, mode: Mode, passes: bool, owner: u64) -> Option<Self> {
        match mode {
            Mode::Exclusive if !self.is_free() => None,
            // Who the bar was for is in. If others are queued the release sets it anew, and must look.
            Mode::Exclusive if passes && !self.has(Self::QUEUED) => Some(Self(Self::EXCLUSIVE | owner)),
            Mode::Exclusive => Some(Self(self.0 | Self::EXCLUSIVE | owner)),
            Mode::Shared if self.has(Self::EXCLUSIVE) || self.has(Self::BARRED) && !passes => None,
            Mode::Shared => Some(Self(self.0 + Self::READER)),
        }
    }

    /// The word with one holder less.
    pub(super) const fn released(self, mode: Mode) -> Self {
        match mode {
            Mode::Exclusive => Self(self.0 & Self::MARKS),
            Mode::Shared => Self(self.0.saturating_sub(Self::READER)),
        }
    }

    /// The marks of an acquirer that is about to park.
    pub(super) const fn marked(self, mode: Mode) -> Self {
        match mode {
            Mode::Exclusive => Self(self.0 | Self::MARKS),
            Mode::Shared => Self(self.0 | Self::QUEUED),
        }
    }

    /// Q1: may an acquirer sleep?
    pub(super) const fn holds_up(self, mode: Mode, passes: bool) -> bool {
        self.taken(mode, passes, 0).is_none() && self.marked(mode).0 == self.0
    }

    pub(super) const fn with_marks(self, marks: u64) -> Self {
        Self(self.0 & !Self::MARKS | marks)
    }
}

/// What an acquirer in the queue shows to the one who releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rtl) struct Ticket {
    pub(super) mode: Mode,
    pub(super) is_urgent: bool,
}

impl Ticket {
    pub(in crate::rtl) const fn new(mode: Mode, is_urgent: bool) -> Self {
        Self { mode, is_urgent }
    }

    pub(in crate::rtl) const fn bits(self) -> u32 {
        matches!(self.mode, Mode::Exclusive) as u32 | (self.is_urgent as u32) << 1
    }

    pub(super) const fn from_bits(bits: u32) -> Self {
        let mode = if bits & 1 != 0 { Mode::Exclusive } else { Mode::Shared };
        Self::new(mode, bits & 2 != 0)
    }
}

/// What the token of a thread in the queue of such a lock says.
pub(crate) const fn wants_exclusive(token: u32) -> bool {
    matches!(Ticket::from_bits(token).mode, Mode::Exclusive)
}

/// Told to who is released: it must acquire the lock for itself.
pub(super) const ON_ITS_WAY: u32 = 0;
/// Told to who is released: it holds the lock.
pub(in crate::rtl) const HANDED: u32 = 1;

/// May the next in the queue be released together with those who were chosen? The first writer, or the readers before it.
pub(super) const fn admit(chosen: Chosen, next: Ticket) -> Choice {
    match (chosen.count, Ticket::from_bits(chosen.last).mode, next.mode) {
        (0, _, _) | (_, Mode::Shared, Mode::Shared) => Choice::Take,
        _ => Choice::Stop,
    }
}

/// Those whom one release takes from the queue: so many of one mode. They are handed the lock if one of them is urgent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    pub(super) ticket: Ticket,
    pub(super) count: usize,
}

impl Crowd {
    /// The word that a release leaves, and what the crowd is told. `more`: others stay queued, of whom the first is a writer
    /// if the crowd is readers.
    pub(super) const fn settle(self, rest: State, more: bool) -> (State, u32) {
        let queued = if more { State::QUEUED } else { 0 };
        let (held, barred) = match self.ticket.mode {
            // Those who are queued are about to leave. Nobody is on its way, so nobody may be barred (Q3).
            _ if self.count == 0 => return (rest.with_marks(queued), ON_ITS_WAY),
            Mode::Exclusive => (State::EXCLUSIVE, true),
            Mode::Shared => (self.count as u64 * State::READER, more),
        };
        let marks = if barred { queued | State::BARRED } else { queued };
        if self.ticket.is_urgent && rest.is_free() {
            let marks = if more { State::MARKS } else { 0 };
            (State(held | marks), HANDED)
        } else {
            (rest.with_marks(marks), ON_ITS_WAY)
        }
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests;
