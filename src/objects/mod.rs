//! The dispatcher objects: what each kind's value means, and nothing about threads.
//!
//! The kinds are a closed set, so they are an enum and a `match`. Adding one means a variant here, a file beside
//! this one with its state machine, and a file in `nt/` with its calls; the wait engine asks only the two
//! questions below.
//!
//! ```text
//!  kind        state                         signalled                    a wait takes
//!  Event       clear or set                  set                          the set, unless MANUAL
//!  Process     running or ended              ended                        nothing
//!  Thread      running or ended              ended                        nothing
//!  Mutant      free, or owned n times deep   free; for its owner always   one level of ownership
//!  Semaphore   a count                       count > 0                    one of the count
//!  Timer       clear or expired              expired                      the expiry, unless MANUAL
//!  KeyedEvent  none                          always (K11)                 nothing
//!  Directory   none                          always                       nothing
//!  Descriptor  what the kernel says          it is ready                  nothing
//! ```
//!
//! A process other than this one is of kind Process, and its state is asked for as a Descriptor's is (descriptor.rs).
//!
//! Whether an object is signalled, and what a wait takes, may depend on who asks: a mutant is always there for its owner.
//! So the questions name the thread, by the number that it owns mutants under ([`owner::Owner`]), 0 for none.

pub(crate) mod descriptor;
pub(crate) mod event;
pub(crate) mod held;
pub(crate) mod keyed_event;
pub(crate) mod lease;
pub(crate) mod mirror;
pub(crate) mod mutant;
pub(crate) mod owner;
pub(crate) mod semaphore;
pub(crate) mod slot;
pub(crate) mod thread;
pub(crate) mod timer;
pub(crate) mod word;

use held::Held;
use lease::Lease;
use slot::Slot;
use word::Word;

/// What an object is. The numbers are the handle entry's type field; 0 is no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Event = 1,
    Process = 2,
    Thread = 3,
    Mutant = 4,
    Semaphore = 5,
    Timer = 6,
    KeyedEvent = 7,
    Directory = 8,
    Descriptor = 9,
}

impl Kind {
    /// The kind that a live entry's type field says: no other numbers are ever put there.
    #[inline]
    pub(crate) const fn from_bits(bits: u8) -> Self {
        match bits {
            2 => Self::Process,
            3 => Self::Thread,
            4 => Self::Mutant,
            5 => Self::Semaphore,
            6 => Self::Timer,
            7 => Self::KeyedEvent,
            8 => Self::Directory,
            9 => Self::Descriptor,
            _ => Self::Event,
        }
    }

    /// The flags that an object of this kind is born with, for kinds that leave no choice.
    pub(crate) const fn flags(self) -> u64 {
        match self {
            Self::Event => 0,
            // So that a timer that lives can be told from the slot of one that is dead, without the lock.
            Self::Timer => Word::SHARED,
            Self::Mutant | Self::Semaphore => Word::SPECIAL,
            Self::Descriptor => descriptor::FLAGS,
            // Notification objects (W27).
            Self::Process | Self::Thread | Self::KeyedEvent | Self::Directory => Word::MANUAL,
        }
    }

    /// Does it keep something outside of its slot, which somebody must see to when it dies?
    #[inline]
    pub(crate) const fn leaves_remains(self) -> bool {
        matches!(self, Self::Thread | Self::Timer | Self::Process | Self::Descriptor)
    }

    /// Can there be a SPECIAL object of this kind whose word says no more than "perhaps" (descriptor.rs)?
    #[inline]
    pub(crate) const fn may_be_asked(self) -> bool {
        matches!(self, Self::Descriptor | Self::Process)
    }

    /// Would a wait of this thread for this object end at this moment?
    #[inline]
    pub(crate) const fn is_signaled_for(self, word: Word, who: u32) -> bool {
        match self {
            Self::Mutant => mutant::is_free(word) || mutant::is_owned_by(word, who),
            _ => word.state(),
        }
    }

    /// Could it be given to somebody who waits?
    #[inline]
    pub(crate) const fn is_signaled(self, word: Word) -> bool {
        match self {
            Self::Mutant => mutant::is_free(word),
            _ => word.state(),
        }
    }

    /// The word after a wait was satisfied by it, if that can be and does not depend on whose wait it is.
    #[inline]
    pub(crate) const fn taken_by_anybody(self, word: Word) -> Option<Word> {
        match self {
            Self::Mutant | Self::Descriptor | Self::Process => None,
            _ if word.state() => Some(self.consume_for(word, 0)),
            _ => None,
        }
    }

    /// The word after one wait of this thread was satisfied by it.
    #[inline]
    pub(crate) const fn consume_for(self, word: Word, who: u32) -> Word {
        match self {
            Self::Mutant => mutant::taken(word, who),
            Self::Semaphore => semaphore::taken(word),
            Self::Descriptor | Self::Process => word,
            // What keeps its state is MANUAL.
            _ => event::consume(word),
        }
    }
}

/// A new object's first state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Birth {
    pub(crate) kind: Kind,
    pub(crate) flags: u64,
    /// The lower half of its word.
    pub(crate) value: u32,
    /// What the kind keeps beside the word, as its file says.
    pub(crate) side: u64,
    pub(crate) extra: u32,
    /// The number of its name, 0 for none.
    pub(crate) name: u32,
}

impl Birth {
    /// One that has nothing beside its word; `flags` are those that its kind leaves open.
    pub(crate) const fn plain(kind: Kind, flags: u64, value: u32) -> Self {
        Self { kind, flags: kind.flags() | flags, value, side: 0, extra: 0, name: 0 }
    }

    /// One whose state is asked for: the body is the address of a [`descriptor::DescriptorBody`].
    pub(crate) const fn asked(kind: Kind, body: u64) -> Self {
        debug_assert!(kind.may_be_asked());
        Self { kind, flags: descriptor::FLAGS, value: descriptor::PERHAPS, side: body, extra: 0, name: 0 }
    }

    /// A process or thread that runs.
    pub(crate) const fn running(kind: Kind, body: u32) -> Self {
        Self { side: body as u64, ..Self::plain(kind, 0, 0) }
    }
}

/// An object that a live handle named: the slot and the generation that the handle stood for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'r> {
    pub(crate) slot: &'r Slot,
    pub(crate) generation: u32,
    pub(crate) kind: Kind,
}

/// What objects live in: where their slots go, and where those have their mirrors that are watched. Called with no lock held.
pub(crate) trait Home: core::fmt::Debug {
    /// The object of this slot is gone.
    fn recycle(&self, slot: &Slot);

    /// What mirrors the object of this slot.
    fn mirror(&self, slot: &Slot) -> Option<&Lease>;
}

/// Lets go of a lock that was the only one held.
#[inline] // returns are slow after a system call, which an OBSERVED object's unlock makes
pub(crate) fn release(held: Held<'_>, home: &dyn Home) {
    let slot = held.slot();
    if held.unlock().pay(slot, home) {
        home.recycle(slot);
    }
}

/// As [`release`], of an object that is known to live on and whose state has not been touched.
pub(crate) fn release_unchanged(held: Held<'_>) {
    let slot = held.slot();
    held.unlock().pay_unchanged(slot);
}

/// What an object has lost with one of its handles.
#[must_use = "a slot or a name may be left over"]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// The object is gone, and its slot is the caller's to recycle.
    pub(crate) destroyed: bool,
    /// That was its last handle, so it has no name any more (N16, H9): the number of the name, 0 if it had none.
    pub(crate) name: u32,
}

/// Drops one handle of the object, and the object with it if nothing else refers to it (H9, H10, W35).
pub(crate) fn drop_handle(target: Target<'_>, home: &dyn Home) -> Dropped {
    // A mutant may be owned, which keeps it alive: its word alone does not tell what is to be done (M21).
    if target.kind != Kind::Mutant && target.slot.destroy_unshared(target.generation) {
        return Dropped { destroyed: true, name: 0 };
    }
    let Some(mut held) = target.slot.lock(target.generation) else {
        return Dropped::default();
    };
    let name = held.drop_handle();
    Dropped { destroyed: held.unlock().pay(target.slot, home), name }
}

/// What a signalling operation does to an object: an old word in, a new word out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signal {
    /// Becomes signalled and stays so, as far as nobody consumes it. Events; ends of threads and processes; timers that are
    /// set for a moment that has passed.
    Set,
    /// Is signalled for those who wait now, and clear afterwards (E6, E11).
    Pulse,
    /// So many more in a semaphore.
    Post(u32),
    /// A mutant is given up by its owner.
    Free,
    /// One of several levels of a mutant is given up by its owner: nobody else is concerned.
    Rise,
    /// A mutant's owner has ended.
    Abandon,
    /// A timer is due by this setting of it.
    Expire(u32),
}

/// Why an object does not take a signal: nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// A semaphore cannot take so many (SE5).
    OverLimit,
    /// The timer was set anew or cancelled meanwhile.
    Stale,
}

impl Signal {
    /// The word that the waiters are offered. `extra` is the number that the object keeps beside its word.
    #[inline]
    pub(crate) const fn apply(self, word: Word, extra: u32) -> Result<Word, Misfit> {
        match self {
            Self::Set | Self::Pulse => Ok(word.with_state(true)),
            Self::Post(count) => semaphore::posted(word, count, extra),
            Self::Free => Ok(mutant::freed(word)),
            Self::Rise => Ok(word),
            Self::Abandon => Ok(mutant::abandoned(word)),
            Self::Expire(setting) if setting != extra => Err(Misfit::Stale),
            Self::Expire(_) => Ok(word.with_state(true)),
        }
    }

    /// Does it change nothing but the word, by what does not change beside it?
    #[inline]
    pub(crate) const fn is_all_in_the_word(self) -> bool {
        matches!(self, Self::Set | Self::Pulse | Self::Post(_))
    }

    /// The word after they were offered it.
    #[inline]
    pub(crate) const fn settle(self, word: Word) -> Word {
        match self {
            Self::Pulse => word.with_state(false),
            _ => word,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: u32 = 7;

    #[test]
    fn table_kinds() {
        // kind, flags, value, signalled for me, signalled still after my wait
        let rows = [
            (Kind::Event, 0, 0, false, false),
            (Kind::Event, 0, 1, true, false),
            (Kind::Event, Word::MANUAL, 1, true, true),
            (Kind::Timer, 0, 1, true, false),
            (Kind::Timer, Word::MANUAL, 1, true, true),
            (Kind::Process, Kind::Process.flags(), 0, false, false),
            (Kind::Process, Kind::Process.flags(), 1, true, true),
            (Kind::Thread, Kind::Thread.flags(), 0, false, false),
            (Kind::Thread, Kind::Thread.flags(), 1, true, true),
            (Kind::KeyedEvent, Kind::KeyedEvent.flags(), 1, true, true),
            (Kind::Directory, Kind::Directory.flags(), 1, true, true),
            (Kind::Descriptor, Kind::Descriptor.flags(), descriptor::PERHAPS, true, true),
            (Kind::Process, descriptor::FLAGS, descriptor::PERHAPS, true, true),
            (Kind::Semaphore, Word::SPECIAL, semaphore::value(0), false, false),
            (Kind::Semaphore, Word::SPECIAL, semaphore::value(1), true, false),
            (Kind::Semaphore, Word::SPECIAL, semaphore::value(2), true, true),
            (Kind::Mutant, Word::SPECIAL, mutant::FREE, true, true),
            (Kind::Mutant, Word::SPECIAL, mutant::value_owned_by(ME), true, true),
            (Kind::Mutant, Word::SPECIAL, mutant::value_owned_by(ME + 1), false, false),
        ];
        for (kind, flags, value, signaled, after) in rows {
            let word = Word::new(2, flags, false).with_value(value);
            assert_eq!(kind.is_signaled_for(word, ME), signaled, "{kind:?}");
            assert!(!word.is_clear(2) || !signaled, "a look by bit 0 overlooks no {kind:?}");
            if signaled {
                assert_eq!(kind.is_signaled_for(kind.consume_for(word, ME), ME), after, "{kind:?}");
            }
            assert_eq!(Kind::from_bits(kind as u8), kind);
        }
    }
}
