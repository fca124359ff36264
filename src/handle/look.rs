//! Look-ups: from a handle to its object, without a lock.
//!
//! Fast paths `glance` or `look`: they learn no reason, and find nothing while calls are to be reported. `find` says why not,
//! in NT's order. The invariant F1 is the table's.

#![allow(unsafe_code, reason = "slots are indexed without a bounds check")]

use super::Table;
use super::entry::{Entry, Handle, Pseudo};
use crate::objects::{Kind, Target};
use crate::status::NtStatus;
use crate::sys::atomic::Ordering;

/// What [`Table::look`] saw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstLook {
    pub(crate) slot: u32,
    pub(crate) is_clear: bool,
}

impl Table {
    /// As [`find`](Self::find), without the reason if it is not so, or if calls are to be reported.
    #[inline]
    pub(crate) fn glance(&self, handle: Handle, kind: Kind, rights: u64) -> Option<Target<'_>> {
        let entry = self.entry_in_a_hurry(handle)?;
        entry.allows(handle, kind as u8, rights).then(|| self.target(entry, kind))
    }

    /// The object that this handle names, if it is of this kind and the handle has these rights.
    pub(crate) fn find(&self, handle: Handle, kind: Kind, rights: u64) -> Result<Target<'_>, NtStatus> {
        match self.entry(handle) {
            Some(entry) if entry.allows(handle, kind as u8, rights) => Ok(self.target(entry, kind)),
            entry => Err(refusal(entry, handle, Some(kind))),
        }
    }

    /// As [`find_any`](Self::find_any), without the reason if it is not so, or if calls are to be reported.
    #[inline]
    pub(crate) fn glance_any(&self, handle: Handle, rights: u64) -> Option<Target<'_>> {
        let entry = self.entry_in_a_hurry(handle)?;
        entry.allows_any(handle, rights).then(|| self.target(entry, Kind::from_bits(entry.kind())))
    }

    /// Where the object of this handle is, and whether it is certainly not signalled at this moment (O5). `None`: the handle
    /// is not good for that, or calls are to be reported.
    #[inline]
    pub(crate) fn look(&self, handle: Handle, rights: u64) -> Option<FirstLook> {
        let entry = self.entry_in_a_hurry(handle).filter(|entry| entry.allows_any(handle, rights))?;
        // SAFETY: F1, a live entry names a slot of this table.
        let slot = unsafe { self.slots.get_unchecked(entry.slot()) };
        Some(FirstLook { slot: entry.slot() as u32, is_clear: slot.load().is_clear(entry.generation()) })
    }

    /// Is whatever is in this slot certainly not signalled?
    #[inline]
    pub(crate) fn is_clear(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).is_some_and(|slot| {
            let word = slot.load();
            word.is_clear(word.generation())
        })
    }

    /// The object that this handle names, of any kind, if the handle has these rights.
    #[inline(never)]
    pub(crate) fn find_any(&self, handle: Handle, rights: u64) -> Result<Target<'_>, NtStatus> {
        match self.entry(handle) {
            Some(entry) if entry.allows_any(handle, rights) => Ok(self.target(entry, Kind::from_bits(entry.kind()))),
            entry => Err(refusal(entry, handle, None)),
        }
    }

    #[inline]
    pub(super) fn entry(&self, handle: Handle) -> Option<Entry> {
        // Acquire: what the entry names was born before.
        self.entries.get(handle.index()).map(|cell| Entry(cell.load(Ordering::Acquire)))
    }

    /// For fast paths, which are not taken while calls are to be reported.
    #[inline]
    fn entry_in_a_hurry(&self, handle: Handle) -> Option<Entry> {
        #[cfg(all(feature = "trace", not(ntwait_loom)))]
        return self.hurried.entry(handle.index()).map(|cell| Entry(cell.load(Ordering::Acquire)));
        #[cfg(not(all(feature = "trace", not(ntwait_loom))))]
        self.entry(handle)
    }

    #[inline]
    pub(super) fn target(&self, entry: Entry, kind: Kind) -> Target<'_> {
        Target {
            // SAFETY: F1, a live entry names a slot of this table.
            slot: unsafe { self.slots.get_unchecked(entry.slot()) },
            generation: entry.generation(),
            kind,
        }
    }
}

/// Why a look-up failed, in NT's order: existence, type, access (H8).
#[cold]
fn refusal(entry: Option<Entry>, handle: Handle, kind: Option<Kind>) -> NtStatus {
    match entry {
        Some(entry) if entry.is_named_by(handle) => match kind {
            Some(kind) if entry.kind() != kind as u8 => NtStatus::OBJECT_TYPE_MISMATCH,
            _ => NtStatus::ACCESS_DENIED,
        },
        _ if kind.is_some() && handle.pseudo().is_some_and(Pseudo::is_object) => NtStatus::OBJECT_TYPE_MISMATCH,
        _ => NtStatus::INVALID_HANDLE,
    }
}
