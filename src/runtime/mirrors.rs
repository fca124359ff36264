//! Descriptors that are readable exactly while an object is signalled: mirrors of objects.
//!
//! ```text
//!   any change of an OBSERVED object ─▶ unlock ─▶ attend ─▶ whoever's turn it is: look at the word, make the descriptor match
//!
//!                     signalled           not signalled
//!   was readable      raised once more    emptied
//!   was not           raised              nothing
//! ```
//!
//! It is raised once more so that one which its user has read by mistake is mended by the next change, and so that who
//! watches for edges has one for each signal.
//!
//! There is one word for each slot, beside the slots, and memory behind it where an object was ever exported: no map, and
//! no lock. An object that is not exported costs its unlock one look at a bit that it has in a register.
//!
//! MI1  OBSERVED sends every change through the lock, and every unlock here after it. So the last look comes after the last
//!      change, and the descriptor ends as the object does.
//! MI2  A locked word says what held before; who has the lock comes here after it.
//! MI3  Who comes late, when the object is gone or another is in its slot, finds no descriptor, or one that he makes match
//!      what is there, which does no harm.
//! MI4  The library's descriptor is closed by the end of the object, or of the runtime. A user's is a duplicate, and stays in the
//!      state that it has then: that of a thread that has ended stays readable.
//! MI5  A child of `fork` finds no mirrors, and leaves its parent's alone.

#![allow(unsafe_code, reason = "descriptors by their numbers")]

use super::residents::Resident;
use super::turn::{Subject, Turn};
use crate::objects::slot::Slot;
use crate::objects::word::Word;
use crate::objects::{Kind, Target, mutant};
use crate::status::NtStatus;
use crate::sys::cpu::BackOff;
use crate::sys::eventfd::{self, NoDescriptor};
use crate::sys::region::{OutOfMemory, Region};
use crate::wait::{Gone, signal};
use crate::waiter::shield::Shield;

/// The mirrors of one runtime's objects.
#[derive(Debug)]
pub(crate) struct Mirrors(Region<Turn>);

impl From<NoDescriptor> for NtStatus {
    fn from(why: NoDescriptor) -> Self {
        match why {
            NoDescriptor::TooMany => Self::TOO_MANY_OPENED_FILES,
            NoDescriptor::NoMemory => Self::INSUFFICIENT_RESOURCES,
        }
    }
}

/// Makes the descriptor match; says whether it is readable from now on.
fn reflect(slot: &Slot, subject: Subject, was_readable: bool) -> bool {
    let word = slot.load();
    let is_signaled = if subject.sort { mutant::is_free(word) } else { word.state() };
    // SAFETY: R2, it is not closed while we are at it.
    let descriptor = unsafe { eventfd::borrow(subject.number) };
    if is_signaled {
        eventfd::raise(descriptor);
    } else if was_readable {
        eventfd::lower(descriptor);
    }
    is_signaled
}

fn bury(subject: Subject) {
    // SAFETY: R2, it is ours alone.
    unsafe { eventfd::close(subject.number) };
}

impl Mirrors {
    /// For so many slots.
    pub(super) fn new(slots: usize) -> Result<Self, OutOfMemory> {
        Region::reserve(slots).map(Self)
    }

    /// What [`Home::attend`](crate::objects::Home::attend) has to do for the slot of this index.
    pub(super) fn attend(&self, index: usize, slot: &Slot, is_over: bool) {
        let Some(turn) = self.0.get(index) else { return };
        if is_over {
            turn.end(bury);
        } else {
            turn.ask(|subject, mark| reflect(slot, subject, mark), bury);
        }
    }

    /// Closes all of them. Nobody else uses them any more.
    pub(super) fn close(&self, indices: core::ops::Range<usize>) {
        indices.filter_map(|index| self.0.get(index)).for_each(|turn| turn.end(bury));
    }
}

impl Resident {
    /// Sees to it that the object has a mirror, and does something with its descriptor while the object, and so the
    /// descriptor, is sure to be there.
    pub(crate) fn with_mirror<T>(
        &self,
        target: Target<'_>,
        work: impl FnOnce(u32) -> Result<T, NtStatus>,
    ) -> Result<T, NtStatus> {
        let _shield = Shield::raise();
        signal::under_lock(target, self.home(), |held| held.pin()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let done = self.mirror(target).and_then(work);
        signal::unpin(target, self.home());
        done
    }

    /// The number of the object's descriptor. The object is pinned.
    fn mirror(&self, target: Target<'_>) -> Result<u32, NtStatus> {
        let index = self.table().slot_index(target.slot);
        let turn = self.mirrors.0.get(index).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let mut back_off = BackOff::default();
        loop {
            if let Some(subject) = turn.subject() {
                return Ok(subject.number);
            }
            self.mirrors.0.commit(index, 1)?;
            let mine = Subject { number: eventfd::into_number(eventfd::make()?), sort: target.kind == Kind::Mutant };
            // Under the lock: whoever changes the object from then on comes to the mirror, and this unlock does (MI1).
            let begun = signal::under_lock(target, self.home(), |held| {
                held.set_word(held.word().with(Word::OBSERVED));
                turn.begin(mine)
            });
            if begun == Ok(true) {
                return Ok(mine.number);
            }
            bury(mine);
            back_off.pause(); // somebody else was quicker, or is about to bury that of the last object here
        }
    }
}
