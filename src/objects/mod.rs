//! The dispatcher objects: what each kind's value means, and nothing about threads.
//!
//! The kinds are a closed set, so they are an enum and a `match`. Adding one means a variant here, a file beside
//! this one with its state machine, and a file in `nt/` with its calls; the wait engine asks only the two
//! questions below.
//!
//! ```text
//!  kind      value                 signalled    a wait takes
//!  Event     0 clear, 1 set        1            the set, unless MANUAL
//!  Process   0 running, 1 ended    1            nothing
//!  Thread    0 running, 1 ended    1            nothing
//! ```

pub(crate) mod event;
pub(crate) mod slot;
pub(crate) mod word;

use word::Word;

/// What an object is. The numbers are the handle entry's type field; 0 is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Event = 1,
    Process = 2,
    Thread = 3,
}

impl Kind {
    /// The kind that a live entry's type field says: no other numbers are ever put there.
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Event,
            2 => Self::Process,
            _ => Self::Thread,
        }
    }

    /// The flags that an object of this kind is born with, for kinds that leave no choice.
    pub(crate) const fn flags(self) -> u64 {
        match self {
            Self::Event => 0,
            // Notification objects [W27].
            Self::Process | Self::Thread => Word::MANUAL,
        }
    }

    /// Would a wait for this object end now?
    #[inline]
    pub(crate) const fn is_signaled(self, word: Word) -> bool {
        match self {
            Self::Event | Self::Process | Self::Thread => word.value() != 0,
        }
    }

    /// The word after one wait was satisfied by it.
    #[inline]
    pub(crate) const fn consume(self, word: Word) -> Word {
        match self {
            Self::Event => event::consume(word),
            Self::Process | Self::Thread => word,
        }
    }
}

/// What a signalling operation does to an object: an old word in, a new word out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Becomes signalled and stays so, as far as nobody consumes it. Events; ends of threads and processes.
    Set,
    /// Is signalled for those who wait now, and clear afterwards [E6, E11].
    Pulse,
}

impl Signal {
    /// The word that the waiters are offered.
    #[inline]
    pub(crate) const fn apply(self, word: Word) -> Word {
        match self {
            Self::Set | Self::Pulse => word.with_value(1),
        }
    }

    /// The word after they were offered it.
    #[inline]
    pub(crate) const fn settle(self, word: Word) -> Word {
        match self {
            Self::Set => word,
            Self::Pulse => word.with_value(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_kinds() {
        // kind, value, signalled, value after a wait (auto / manual)
        let rows = [
            (Kind::Event, 0, 0, false, 0),
            (Kind::Event, 0, 1, true, 0),
            (Kind::Event, Word::MANUAL, 1, true, 1),
            (Kind::Process, Kind::Process.flags(), 0, false, 0),
            (Kind::Process, Kind::Process.flags(), 1, true, 1),
            (Kind::Thread, Kind::Thread.flags(), 0, false, 0),
            (Kind::Thread, Kind::Thread.flags(), 1, true, 1),
        ];
        for (kind, flags, value, signaled, after) in rows {
            let word = Word::new(2, flags, value);
            assert_eq!(kind.is_signaled(word), signaled, "{kind:?} {value}");
            if signaled {
                assert_eq!(kind.consume(word), word.with_value(after), "{kind:?} {value}");
            }
            assert_eq!(Kind::from_bits(kind as u8), kind);
        }
    }
}
