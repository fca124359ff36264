//! Descriptors that are readable exactly while an object is signalled: mirrors of objects.
//!
//! ```text
//!   any change of an OBSERVED object ─▶ unlock ─▶ attend:   ┌─▶ look at the word
//!                                                           │   signalled: raise the descriptor, else empty it
//!                                                           └── look again: has it changed?
//! ```
//!
//! It is raised also if it is readable already, so that one which its user has read by mistake is mended by the next change, and
//! so that who watches for edges has one for each signal.
//!
//! There is one word for each slot, beside the slots, and memory behind it where an object was ever exported: no map, and
//! no lock. An object that is not exported costs its unlock one look at a bit that it has in a register.
//!
//! MI1  OBSERVED sends every change through the lock, and every unlock here after it; who has made the descriptor match looks
//!      again. So whoever touches it last has seen the last change, and it ends as the object does. When a call returns, the
//!      descriptor says what the object is, unless others are in the middle of changing it.
//! MI2  A locked word says what held before; who has the lock comes here after it.
//! MI3  Who comes late, when the object is gone or another is in its slot, finds no descriptor, or one that he makes match
//!      what is there, which does no harm.
//! MI4  The library's descriptor is closed by the end of the object, or of the runtime. A user's is a duplicate, and stays in the
//!      state that it has then: that of a thread that has ended stays readable.
//! MI5  A child of `fork` finds no mirrors, and leaves its parent's alone.

#![allow(unsafe_code, reason = "descriptors by their numbers")]

use super::lease::{Lease, Subject};
use super::residents::Resident;
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
pub(crate) struct Mirrors(Region<Lease>);

impl From<NoDescriptor> for NtStatus {
    fn from(why: NoDescriptor) -> Self {
        match why {
            NoDescriptor::TooMany => Self::TOO_MANY_OPENED_FILES,
            NoDescriptor::NoMemory => Self::INSUFFICIENT_RESOURCES,
        }
    }
}

/// Makes the descriptor match.
fn reflect(slot: &Slot, subject: Subject) {
    let is_signaled = || {
        let word = slot.load();
        if subject.sort { mutant::is_free(word) } else { word.state() }
    };
    let mut seen = is_signaled();
    loop {
        // SAFETY: R1, it is not closed while we use it.
        show(unsafe { eventfd::borrow(subject.number) }, seen);
        match is_signaled() {
            now if now == seen => return,
            now => seen = now,
        }
    }
}

fn show(descriptor: eventfd::Borrowed<'_>, signaled: bool) {
    if signaled {
        eventfd::raise(descriptor);
    } else {
        eventfd::lower(descriptor);
    }
}

/// The object is gone, and was signalled then or not: so its users' descriptors stay (MI4).
fn bury(subject: Subject, signaled: bool) {
    // SAFETY: R1, it is ours alone.
    show(unsafe { eventfd::borrow(subject.number) }, signaled);
    close(subject);
}

fn close(subject: Subject) {
    // SAFETY: R1, it is ours alone.
    unsafe { eventfd::close(subject.number) };
}

impl Mirrors {
    /// For so many slots.
    pub(super) fn new(slots: usize) -> Result<Self, OutOfMemory> {
        Region::reserve(slots).map(Self)
    }

    /// What [`Home::attend`](crate::objects::Home::attend) has to do for the slot of this index.
    pub(super) fn attend(&self, index: usize, slot: &Slot, end: Option<bool>) {
        let Some(lease) = self.0.get(index) else { return };
        match end {
            Some(signaled) => lease.end(signaled, bury),
            None => lease.with(|subject| reflect(slot, subject), bury),
        }
    }

    /// Closes all of them. Nobody else uses them any more.
    pub(super) fn close(&self, indices: core::ops::Range<usize>) {
        indices.filter_map(|index| self.0.get(index)).for_each(|lease| lease.end(false, |subject, _| close(subject)));
    }
}

impl Resident {
    /// Sees to it that the object has a mirror, and does something with its descriptor while the object, and so the
    /// descriptor, is sure to be there.
    pub(crate) fn with_mirror<T>(
        &self,
        target: Target<'_>,
        work: impl Fn(u32) -> Result<T, NtStatus>,
    ) -> Result<T, NtStatus> {
        let _shield = Shield::raise();
        signal::under_lock(target, self.home(), |held| held.pin()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let done = self.work_with_mirror(target, work);
        signal::unpin(target, self.home());
        done
    }

    /// The same; the object is pinned. If the work fails, the object has no mirror that it had not before.
    fn work_with_mirror<T>(
        &self,
        target: Target<'_>,
        work: impl Fn(u32) -> Result<T, NtStatus>,
    ) -> Result<T, NtStatus> {
        let index = self.table().slot_index(target.slot);
        let lease = self.mirrors.0.get(index).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let mut back_off = BackOff::default();
        loop {
            if let Some(subject) = lease.subject() {
                return work(subject.number);
            }
            self.mirrors.0.commit(index, 1)?;
            let mine = Subject { number: eventfd::into_number(eventfd::make()?), sort: target.kind == Kind::Mutant };
            let done = work(mine.number).inspect_err(|_| close(mine))?;
            // Under the lock: whoever changes the object from then on comes to the mirror, and this unlock does (MI1).
            let begun = signal::under_lock(target, self.home(), |held| {
                held.set_word(held.word().with(Word::OBSERVED));
                lease.begin(mine)
            });
            if begun == Ok(true) {
                return Ok(done);
            }
            close(mine);
            back_off.pause(); // somebody else was quicker, or is about to bury that of the last object here
        }
    }
}
