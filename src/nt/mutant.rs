//! `NtCreateMutant` and what can be done to a mutant (M1–M35).

use super::access::AccessMask;
use super::attributes::ObjectAttributes;
use super::names::Creation;
use super::{answer, check_query};
use crate::handle::bodies::id_of;
use crate::handle::entry::{Entry, Handle};
use crate::objects::owner::{self, Owner};
use crate::objects::{Birth, Kind, Signal, Target, mutant};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::traced::traced;
use crate::wait::{Gone, signal};
use crate::waiter::shield::Shield;

/// Of `MutantBasicInformation`, class 0 of [`Runtime::nt_query_mutant`].
const BASIC_LENGTH: usize = 8;
/// Of `MutantOwnerInformation`, class 1.
const OWNER_LENGTH: usize = 16;
const OWNER_INFORMATION: u32 = 1;

impl Runtime {
    /// `NtCreateMutant`: a new mutant and a handle to it; with `initial_owner` the calling thread owns it, one level deep. If
    /// there is one of that name, and the attributes have `OPENIF`: a handle to that one, and the thread does not own it
    /// (M31); [`ObjectAttributes::or_open`] tells which it was.
    ///
    /// A mutant is owned by a thread, as often as the thread has waited for it; each release takes one level back. When the
    /// owner ends, however that comes about, the mutant is free again, and the next wait for it answers
    /// `ABANDONED_WAIT_0` (M14, M15).
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: attributes that do not exist or exclude each other (H32). `PRIVILEGE_NOT_HELD`: a right or an
    /// attribute that needs a privilege. `INSUFFICIENT_RESOURCES`: the handle table is full, or the kernel has no memory.
    /// `THREAD_IS_TERMINATING`: a thread at its very end can own nothing. With a name, as for
    /// [`nt_create_event`](Self::nt_create_event).
    pub fn nt_create_mutant(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        initial_owner: bool,
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateMutant(access = (access, AccessMask::MUTANT_ALL_ACCESS), attributes = attributes,
            initial_owner = initial_owner) -> handle,
            self.create_mutant(access, attributes, initial_owner))
    }

    fn create_mutant(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        initial_owner: bool,
    ) -> Result<Handle, NtStatus> {
        let creation = Creation::check(Kind::Mutant, access, attributes)?;
        if !initial_owner {
            return self.make(&creation, Birth::plain(Kind::Mutant, 0, mutant::FREE)).map(|made| made.handle);
        }
        let owner = self.resident().owner()?;
        let _shield = Shield::raise(); // from the birth to the list (objects/mutant.rs, MU3)
        let made = self.make(&creation, Birth::plain(Kind::Mutant, 0, mutant::value_owned_by(owner.number())))?;
        if !made.existed {
            owner.gain(made.target.slot, self.home());
        }
        Ok(made.handle)
    }

    /// `NtOpenMutant`: a handle to the mutant of this name.
    ///
    /// # Errors
    /// As for [`nt_open_event`](Self::nt_open_event).
    pub fn nt_open_mutant(&self, access: AccessMask, attributes: ObjectAttributes<'_>) -> Result<Handle, NtStatus> {
        traced!(NtOpenMutant(access = (access, AccessMask::MUTANT_ALL_ACCESS), attributes = attributes) -> handle,
            self.open_object(Kind::Mutant, access, attributes))
    }

    /// `NtReleaseMutant`: takes one level back; with the last, the mutant goes to the first who waits for it (M10). Returns
    /// the count before: 1 − the depth (M2, M3). Needs no right (M7).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`. `MUTANT_NOT_OWNED`: the calling thread is not the owner (M4); for a mutant
    /// that was abandoned and not taken since, `ABANDONED` (M5).
    #[inline]
    pub fn nt_release_mutant(&self, mutant: Handle) -> Result<i32, NtStatus> {
        match self.release_mutant_now(mutant) {
            Some(before) => Ok(before),
            None => self.release_mutant_slow(mutant),
        }
    }

    /// The release of a mutant that the thread is known to own.
    #[inline]
    fn release_mutant_now(&self, mutant: Handle) -> Option<i32> {
        let target = self.table().glance(mutant, Kind::Mutant, 0)?;
        let owner = self.resident().known_owner().filter(|owner| owner::owns(target, owner.number()))?;
        Some(self.release_own(target, owner))
    }

    #[inline]
    fn release_own(&self, target: Target<'_>, owner: Owner<'_>) -> i32 {
        if let Some(before) = release_level(target) {
            return before;
        }
        if owner.is_latest(target.slot) && signal::change_idle(target, |word| Some(mutant::freed(word))).is_some() {
            owner.take_back();
        } else {
            self.give_up(target, owner);
        }
        0
    }

    /// Gives up the last level of a mutant that others wait for, or that is not the thread's latest.
    #[cold]
    #[inline(never)]
    fn give_up(&self, target: Target<'_>, owner: Owner<'_>) {
        let _shield = Shield::raise(); // from the list to the signal (objects/mutant.rs, MU3)
        owner.forget(target.slot);
        let _ = signal::signal(target, Signal::Free, self.home()); // the thread's own lives, and can be freed
    }

    #[cold]
    #[inline(never)]
    fn release_mutant_slow(&self, mutant: Handle) -> Result<i32, NtStatus> {
        traced!(NtReleaseMutant(handle = mutant) -> previous_count, self.release_mutant(mutant))
    }

    fn release_mutant(&self, mutant: Handle) -> Result<i32, NtStatus> {
        let target = self.table().find(mutant, Kind::Mutant, 0)?;
        let owner = self.require_owner(target)?;
        Ok(self.release_own(target, owner))
    }

    /// The calling thread as the owner of this mutant.
    pub(super) fn require_owner(&self, target: Target<'_>) -> Result<Owner<'_>, NtStatus> {
        let word = signal::settled_word(target, self.home()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        match self.resident().owner() {
            Ok(owner) if mutant::is_owned_by(word, owner.number()) => Ok(owner),
            _ if mutant::is_abandoned(word) => Err(NtStatus::ABANDONED),
            _ => Err(NtStatus::MUTANT_NOT_OWNED),
        }
    }

    /// `NtQueryMutant`. Class 0, 8 bytes: the count (`i32`, 1 − the depth), whether the calling thread is the owner, whether
    /// it is abandoned (a byte each; M1, M17, M24). Class 1, 16 bytes: the process and thread id of the owner (`u64` each;
    /// 0 for a free mutant; M25). In the machine's byte order. The class is checked first, then the length, then the handle
    /// (M23).
    pub fn nt_query_mutant(
        &self,
        mutant: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQueryMutant(handle = mutant, class = class, length = buffer.len()),
            match check_query(class, &[BASIC_LENGTH, OWNER_LENGTH], buffer) {
                Err(status) => status,
                Ok(()) if class == OWNER_INFORMATION => answer(buffer, return_length, self.mutant_owner(mutant)),
                Ok(()) => answer(buffer, return_length, self.mutant_information(mutant)),
            }
        )
    }

    fn mutant_information(&self, mutant: Handle) -> Result<[u8; BASIC_LENGTH], NtStatus> {
        let target = self.table().find(mutant, Kind::Mutant, Entry::QUERY)?;
        // Under the lock the owner stays the same, so the levels are that thread's.
        let seen = signal::under_lock(target, self.home(), |held| (held.word(), count_before(target)));
        let (word, owned_count) = seen.map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let count = if mutant::is_free(word) { 1 } else { owned_count };
        let is_mine = !mutant::is_free(word)
            && self.resident().owner().is_ok_and(|owner| mutant::is_owned_by(word, owner.number()));
        let mut bytes = [0; BASIC_LENGTH];
        bytes[..4].copy_from_slice(&count.to_ne_bytes());
        bytes[4] = u8::from(is_mine);
        bytes[5] = u8::from(mutant::is_abandoned(word));
        Ok(bytes)
    }

    fn mutant_owner(&self, mutant: Handle) -> Result<[u8; OWNER_LENGTH], NtStatus> {
        let target = self.table().find(mutant, Kind::Mutant, Entry::QUERY)?;
        let word = signal::settled_word(target, self.home()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let mut bytes = [0; OWNER_LENGTH];
        if !mutant::is_free(word) {
            bytes[..8].copy_from_slice(&u64::from(self.process_id()).to_ne_bytes());
            bytes[8..].copy_from_slice(&u64::from(id_of(mutant::owner(word))).to_ne_bytes());
        }
        Ok(bytes)
    }
}

/// The count of an owned mutant: 1 − the depth.
#[inline]
fn count_before(target: Target<'_>) -> i32 {
    target.slot.extra().wrapping_neg().cast_signed()
}

/// Takes one of the owner's levels back, but not the last. Returns the count before. The owner's alone.
#[inline]
fn release_level(target: Target<'_>) -> Option<i32> {
    let levels = target.slot.extra();
    let before = count_before(target);
    target.slot.set_extra(levels.checked_sub(1)?);
    Some(before)
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
    use crate::nt::WaitType;

    type Wait = fn(&Runtime, Handle, Handle) -> NtStatus;

    /// Every way to wait for the first of two objects, of which the second is there; the position that the wait tells.
    const WAYS: [(u32, Wait); 6] = [
        (0, |nt, mutant, _| nt.nt_wait_for_single_object(mutant, false, Some(0))),
        (0, |nt, mutant, _| nt.nt_wait_for_single_object(mutant, true, None)),
        (0, |nt, mutant, set| nt.nt_wait_for_multiple_objects(&[mutant, set], WaitType::ANY, false, None)),
        (0, |nt, mutant, set| nt.nt_wait_for_multiple_objects(&[set, mutant], WaitType::ALL, false, None)),
        (1, |nt, mutant, set| {
            let clear = semaphore(nt, 0);
            let status = nt.nt_wait_for_multiple_objects(&[clear, mutant, set], WaitType::ANY, false, None);
            assert_eq!(nt.nt_close(clear), NtStatus::SUCCESS);
            status
        }),
        (0, |nt, mutant, set| nt.nt_signal_and_wait_for_single_object(set, mutant, false, None)),
    ];

    fn semaphore(nt: &Runtime, count: i32) -> Handle {
        let access = AccessMask::SEMAPHORE_ALL_ACCESS;
        nt.nt_create_semaphore(access, ObjectAttributes::NONE, count, i32::MAX).unwrap()
    }

    #[test]
    fn m11_m12_the_deepest_level() {
        let nt = Runtime::new().unwrap();
        let mutant = nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::NONE, true).unwrap();
        let set = semaphore(&nt, 100);
        let target = nt.table().find(mutant, Kind::Mutant, 0).unwrap();
        for (way, (index, wait)) in WAYS.iter().enumerate() {
            // A count of MINLONG + 1 still allows one level more.
            target.slot.set_extra(mutant::MOST_LEVELS - 1);
            assert_eq!(wait(&nt, mutant, set), NtStatus(*index), "way {way}");
            for _ in 0..2 {
                assert_eq!(wait(&nt, mutant, set), NtStatus::MUTANT_LIMIT_EXCEEDED, "way {way}");
                assert_eq!(count_before(target), i32::MIN, "way {way}: nothing is changed");
            }
            assert_eq!(nt.nt_release_mutant(mutant), Ok(i32::MIN), "way {way}");
            assert_eq!(nt.nt_release_mutant(mutant), Ok(i32::MIN + 1), "way {way}");
        }
        target.slot.set_extra(0);
        assert_eq!(nt.nt_release_mutant(mutant), Ok(0));
    }
}
