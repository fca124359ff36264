//! What one thread has and can give to another: events, semaphores and mutants alike.

use ntwait::Handle;

use super::{MutantLook, Nt};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gift {
    /// An auto-reset event.
    Event,
    /// A manual-reset event, which is for everybody.
    Manual,
    /// A semaphore.
    Count,
    Mutant,
}

impl Gift {
    /// One that nobody can take: the calling thread has it.
    #[track_caller]
    pub(crate) fn make(self, nt: Nt) -> Handle {
        match self {
            Gift::Event => nt.auto(false),
            Gift::Manual => nt.manual(false),
            Gift::Count => nt.semaphore(0, 3),
            Gift::Mutant => nt.mutant(true),
        }
    }

    #[track_caller]
    pub(crate) fn give(self, nt: Nt, handle: Handle) {
        let before = match self {
            Gift::Event | Gift::Manual => nt.set(handle),
            Gift::Count => nt.post(handle, 1),
            Gift::Mutant => nt.free(handle),
        };
        assert_eq!(before, 0, "{self:?}: nobody else has given it");
    }

    /// Is it there, for anybody?
    #[track_caller]
    pub(crate) fn is_there(self, nt: Nt, handle: Handle) -> bool {
        match self {
            Gift::Event | Gift::Manual => nt.look(handle).state == 1,
            Gift::Count => nt.look_semaphore(handle).0 == 1,
            Gift::Mutant => nt.look_mutant(handle) == MutantLook::FREE,
        }
    }
}
