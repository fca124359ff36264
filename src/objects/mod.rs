//! The dispatcher objects: what each kind's value means, and nothing about threads.
//!
//! The kinds are a closed set, so they are an enum and a `match`. Adding one means a variant here, a file beside
//! this one with its state machine, and a file in `nt/` with its calls; the wait engine asks only the two
//! questions below.
//!
//! ```text
//!  kind      state                         signalled    a wait takes
//!  Event     clear or set                  set          the set, unless MANUAL
//!  Process   running or ended              ended        nothing
//!  Thread    running or ended              ended        nothing
//! ```

pub(crate) mod event;
pub(crate) mod held;
pub(crate) mod slot;
pub(crate) mod thread;
pub(crate) mod word;

use held::Held;
use slot::Slot;
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
        const KINDS: [Kind; 16] = {
            let mut kinds = [Kind::Event; 16];
            kinds[Kind::Process as usize] = Kind::Process;
            kinds[Kind::Thread as usize] = Kind::Thread;
            kinds
        };
        KINDS[bits as usize & 15]
    }

    /// The flags that an object of this kind is born with, for kinds that leave no choice.
    pub(crate) const fn flags(self) -> u64 {
        match self {
            Self::Event => 0,
            // Notification objects (W27).
            Self::Process | Self::Thread => Word::MANUAL,
        }
    }

    /// Would a wait for this object end now?
    #[inline]
    pub(crate) const fn is_signaled(self, word: Word) -> bool {
        match self {
            Self::Event | Self::Process | Self::Thread => word.state(),
        }
    }

    /// The word after one wait was satisfied by it.
    #[inline]
    pub(crate) const fn consume(self, word: Word) -> Word {
        match self {
            // A process or thread is MANUAL, like the events that keep their state.
            Self::Event | Self::Process | Self::Thread => event::consume(word),
        }
    }
}

/// A new object's first state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) kind: Kind,
    pub(crate) flags: u64,
    pub(crate) state: bool,
    /// The number of its body, 0 for none.
    pub(crate) body: u32,
}

impl Birth {
    /// A process or thread that runs.
    pub(crate) const fn running(kind: Kind, body: u32) -> Self {
        Self { kind, flags: kind.flags(), state: false, body }
    }
}

/// An object that a live handle named: the slot and the generation that the handle stood for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'r> {
    pub(crate) slot: &'r Slot,
    pub(crate) generation: u32,
    pub(crate) kind: Kind,
}

/// Where slots of destroyed objects go.
pub(crate) trait Home: core::fmt::Debug {
    fn recycle(&self, slot: &Slot);
}

/// Lets go of a lock that was the only one held.
pub(crate) fn release(held: Held<'_>, home: &dyn Home) {
    let slot = held.slot();
    if held.unlock().pay(slot) {
        home.recycle(slot);
    }
}

/// Drops one handle of the object, and the object with it if nothing else refers to it (H9, H10, W35).
/// True: it is gone, and its slot is the caller's to recycle.
pub(crate) fn drop_handle(target: Target<'_>) -> bool {
    if target.slot.destroy_unshared(target.generation) {
        return true;
    }
    let Some(mut held) = target.slot.lock(target.generation) else {
        return false;
    };
    held.drop_handle();
    held.unlock().pay(target.slot)
}

/// What a signalling operation does to an object: an old word in, a new word out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Becomes signalled and stays so, as far as nobody consumes it. Events; ends of threads and processes.
    Set,
    /// Is signalled for those who wait now, and clear afterwards (E6, E11).
    Pulse,
}

impl Signal {
    /// The word that the waiters are offered.
    #[inline]
    pub(crate) const fn apply(self, word: Word) -> Word {
        match self {
            Self::Set | Self::Pulse => word.with_state(true),
        }
    }

    /// The word after they were offered it.
    #[inline]
    pub(crate) const fn settle(self, word: Word) -> Word {
        match self {
            Self::Set => word,
            Self::Pulse => word.with_state(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_kinds() {
        // kind, flags, signalled, still signalled after a wait
        let rows = [
            (Kind::Event, 0, false, false),
            (Kind::Event, 0, true, false),
            (Kind::Event, Word::MANUAL, true, true),
            (Kind::Process, Kind::Process.flags(), false, false),
            (Kind::Process, Kind::Process.flags(), true, true),
            (Kind::Thread, Kind::Thread.flags(), false, false),
            (Kind::Thread, Kind::Thread.flags(), true, true),
        ];
        for (kind, flags, signaled, after) in rows {
            let word = Word::new(2, flags, signaled);
            assert_eq!(kind.is_signaled(word), signaled, "{kind:?}");
            assert_eq!(word.is_clear(2), !signaled, "a look by bit 0 is right for {kind:?}");
            if signaled {
                assert_eq!(kind.is_signaled(kind.consume(word)), after, "{kind:?}");
            }
            assert_eq!(Kind::from_bits(kind as u8), kind);
        }
    }
}
