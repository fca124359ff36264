//! Descriptors that are readable exactly while an object is signalled: where they are kept, and how one is made. How they follow
//! their objects: objects/mirror.rs.
//!
//! There is one word for each slot, beside the slots, and memory behind it where an object was ever exported: no map, and
//! no lock. An object that is not exported costs its unlock one look at a bit that it has in a register.
//!
//! MI4  The library's descriptor is closed by the end of the object, or of the runtime. A user's is a duplicate, and stays in the
//!      state that it has then: that of a thread that has ended stays readable.
//! MI5  A child of `fork` finds no mirrors, and leaves its parent's alone.

#![allow(unsafe_code, reason = "descriptors by their numbers")]

use super::residents::Resident;
use crate::objects::lease::{Lease, Subject};
use crate::objects::word::Word;
use crate::objects::{Kind, Target, mirror};
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

impl Mirrors {
    /// For so many slots.
    pub(super) fn new(slots: usize) -> Result<Self, OutOfMemory> {
        Region::reserve(slots).map(Self)
    }

    /// That of the slot of this index, if there is room for one.
    #[inline]
    pub(super) fn of(&self, index: usize) -> Option<&Lease> {
        self.0.get(index)
    }

    /// Closes all of them. Nobody else uses them any more.
    pub(super) fn close(&self, indices: core::ops::Range<usize>) {
        indices.filter_map(|index| self.of(index)).for_each(mirror::close);
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
        let lease = self.mirrors.of(index).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let mut back_off = BackOff::default();
        loop {
            if let Some(subject) = lease.subject() {
                return work(subject.number);
            }
            self.mirrors.0.commit(index, 1)?;
            let mine = Subject { number: eventfd::into_number(eventfd::make()?), sort: target.kind == Kind::Mutant };
            // SAFETY: nobody knows of it, but who has failed.
            let done = work(mine.number).inspect_err(|_| unsafe { mirror::discard(mine) })?;
            // Under the lock: whoever changes the object from then on comes to the mirror, and this unlock does (MI1).
            let begun = signal::under_lock(target, self.home(), |held| {
                held.set_word(held.word().with(Word::OBSERVED));
                lease.begin(mine)
            });
            if begun == Ok(true) {
                return Ok(done);
            }
            // SAFETY: nobody knows of it.
            unsafe { mirror::discard(mine) };
            back_off.pause(); // somebody else was quicker, or is about to bury that of the last object here
        }
    }
}
