//! The handle table: look-ups without a lock, creation and closing under the lock of one shard.
//!
//! ```text
//!   handle ──index──▶ entry (one load) ──slot, generation──▶ object (one compare-exchange)
//!
//!   entries   ┌─────────────────┬─────────────────┬ ─ ─       one word each, never moved
//!   slots     ┌────────┬────────┬────────┬ ─ ─                64 bytes each, never moved
//!   shards    │ lock: free indices, free slots, access masks │ × 16
//! ```
//!
//! F1  A live entry names a slot that was committed and an object that was alive when the entry was written; the
//!     generation in it tells whether it still is. A look-up takes no reference.
//! F2  Who wins the compare-exchange that kills an entry owns the one handle count that it stood for.
//! F3  An index belongs to the shard that took its segment from the pool and goes back there; a thread takes
//!     from its home shard, and from others only when the pool is empty. A slot belongs to nobody: it goes to whoever
//!     frees it, and is taken from wherever there is one before memory is added.
//! F4  Memory is committed, and segments are allocated, with no lock held.
//! F5  In a child of `fork` the entries are wiped, so that every handle is stale, and so is the birthmark: nothing is
//!     made there and no lock is taken, as a thread that does not exist in the child may hold it.
//! orderings   publish and kill: Release/AcqRel → look-up: Acquire (the object's birth is seen)

#![allow(unsafe_code, reason = "slots are indexed without a bounds check")]

pub(crate) mod bodies;
pub(crate) mod entry;
mod look;
mod reserve;
mod shard;
mod supply;

use crate::objects::slot::{Born, Remains, Slot};
use crate::objects::{self, Birth, Dropped, Kind, Target};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::lock::FutexLock;
use crate::sys::region::{OutOfMemory, Region};
#[cfg(all(feature = "trace", not(ntwait_loom)))]
use crate::trace::switch::Hurried;
use crate::waiter::shield::Shield;
use bodies::Bodies;
use crossbeam_utils::CachePadded;
use entry::{Entry, Handle};
pub(crate) use reserve::Reserved;
use shard::Shard;
use supply::home_shard;

type Entries = Region<AtomicU64>;
type Slots = Region<Slot>;

#[cfg(not(ntwait_loom))]
mod sizes {
    /// A power of two; enough that a few dozen threads rarely meet.
    pub(super) const SHARDS: usize = 16;
    /// Indices that a shard takes from the pool at a time.
    pub(super) const SEGMENT: u32 = 65_536;
    /// Slots that a shard takes from the pool at a time: 64 KiB.
    pub(super) const SLOT_RUN: u32 = 1024;
}

/// A table of a few entries in a model.
#[cfg(ntwait_loom)]
mod sizes {
    pub(super) const SHARDS: usize = 1;
    pub(super) const SEGMENT: u32 = 8;
    pub(super) const SLOT_RUN: u32 = 8;
}

use sizes::{SEGMENT, SHARDS};

/// Fewest entries of a table: with fewer, most could rest in quarantine.
const FEWEST_ENTRIES: usize = 4096;
/// Slots beyond the number of entries, for objects without a handle.
const SPARE_SLOTS: usize = 4096;

/// What a new handle may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// The full access mask.
    pub(crate) mask: u32,
    /// The entry's bits: hot rights, protect, inherit.
    pub(crate) bits: u64,
}

/// Where an object is, and the generation that is its alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) slot: u32,
    pub(crate) generation: u32,
}

/// What a close leaves to be done.
#[derive(Debug)]
pub(crate) struct Closed {
    /// Of the object, if it is gone.
    pub(crate) remains: Option<Remains>,
    /// The number of the name that the object has lost, 0 for none.
    pub(crate) name: u32,
    pub(crate) place: Place,
}

/// The table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Not zero in the process that made the table (F5).
    birthmark: Region<AtomicU64>,
    entries: Entries,
    slots: Slots,
    /// Where look-ups in a hurry find entries.
    #[cfg(all(feature = "trace", not(ntwait_loom)))]
    pub(crate) hurried: Hurried,
    bodies: Bodies,
    next_segment: CachePadded<AtomicU32>,
    next_slot: AtomicU32,
    shards: [CachePadded<FutexLock<Shard>>; SHARDS],
    /// Which shard each segment belongs to (F3).
    owners: Box<[AtomicU32]>,
}

impl Table {
    pub(crate) fn new(max_handles: usize) -> Result<Self, OutOfMemory> {
        let count = max_handles.clamp(FEWEST_ENTRIES, Entry::MAX_COUNT);
        let birthmark = Region::<AtomicU64>::reserve(1)?;
        birthmark.commit(0, 1)?;
        if let Some(mark) = birthmark.get(0) {
            mark.store(1, Ordering::Relaxed);
        }
        #[cfg(not(all(feature = "trace", not(ntwait_loom))))]
        let entries = Region::reserve(count)?;
        #[cfg(all(feature = "trace", not(ntwait_loom)))]
        let entries = Region::reserve_with_zeroes(count)?;
        let slots = Region::reserve((count + SPARE_SLOTS).min(Entry::MAX_COUNT))?;
        let segments = entries.len().div_ceil(SEGMENT as usize);
        Ok(Self {
            birthmark,
            #[cfg(all(feature = "trace", not(ntwait_loom)))]
            hurried: Hurried::new(&entries),
            entries,
            slots,
            bodies: Bodies::new()?,
            next_segment: CachePadded::new(AtomicU32::new(0)),
            next_slot: AtomicU32::new(0),
            shards: core::array::from_fn(|_| CachePadded::new(FutexLock::new(Shard::default()))),
            owners: (0..segments).map(|_| AtomicU32::new(0)).collect(),
        })
    }

    /// A new object and a handle to it. Somebody else may have closed the handle already.
    #[inline]
    pub(crate) fn create_target(&self, birth: Birth, grant: Grant) -> Result<(Handle, Target<'_>), NtStatus> {
        let _shield = Shield::raise();
        let (index, issue, slot) = self.take(grant.mask)?;
        let born = self.bear(slot, birth, Born::WithHandle);
        self.publish(index, Entry::live(issue, slot, born.generation, birth.kind as u8, grant.bits));
        Ok((Handle::from_parts(index, issue), born))
    }

    /// A new object without a handle, kept alive by the caller's pin.
    pub(crate) fn create_pinned(&self, birth: Birth) -> Result<Target<'_>, NtStatus> {
        let _shield = Shield::raise();
        let index = self.obtain_slot()?;
        Ok(self.bear(index, birth, Born::Pinned))
    }

    /// Makes a slot that the caller has taken an object.
    #[inline]
    fn bear(&self, index: u32, birth: Birth, born: Born) -> Target<'_> {
        // SAFETY: indices come from runs of this table's slots.
        let slot = unsafe { self.slots.get_unchecked(index as usize) };
        Target { slot, generation: slot.bear(birth, born), kind: birth.kind }
    }

    /// The bodies of thread objects.
    pub(crate) fn bodies(&self) -> &Bodies {
        &self.bodies
    }

    /// All slots.
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Those that an object may be in.
    pub(crate) fn used_slots(&self) -> impl Iterator<Item = &Slot> {
        // Acquire: pairs with the claim of the last run.
        (0..self.next_slot.load(Ordering::Acquire) as usize).filter_map(|index| self.slots.get(index))
    }

    /// Is this the address of one of its slots?
    pub(crate) fn has(&self, slot: usize) -> bool {
        let ends = self.slots.get(0).zip(self.slots.get(self.slots.len() - 1));
        ends.is_some_and(|(first, last)| {
            (core::ptr::from_ref(first).addr()..=core::ptr::from_ref(last).addr()).contains(&slot)
        })
    }

    /// All handles, with where their objects are.
    pub(crate) fn handles(&self) -> impl Iterator<Item = (Handle, Place)> {
        // Acquire: as for the slots.
        let used = self.next_segment.load(Ordering::Acquire) as usize;
        (0..used).filter_map(|index| {
            let entry = Entry(self.entries.get(index)?.load(Ordering::Acquire));
            let place = Place { slot: entry.slot() as u32, generation: entry.generation() };
            entry.has(Entry::LIVE).then(|| (Handle::from_parts(index as u32, entry.issue()), place))
        })
    }

    /// The index of one of this table's slots.
    pub(crate) fn slot_index(&self, slot: &Slot) -> usize {
        self.slots.index_of(slot)
    }

    /// The place of one of this table's objects.
    pub(crate) fn place_of(&self, target: Target<'_>) -> Place {
        Place { slot: self.slots.index_of(target.slot) as u32, generation: target.generation }
    }

    /// The object of this kind that was born at this index with this generation.
    pub(crate) fn target_at(&self, (index, generation): (usize, u32), kind: Kind) -> Result<Target<'_>, NtStatus> {
        let slot = self.slots.get(index).ok_or(NtStatus::INVALID_HANDLE)?;
        if slot.load().generation() != generation {
            return Err(NtStatus::INVALID_HANDLE);
        }
        Ok(Target { slot, generation, kind })
    }

    /// One more handle to an object.
    pub(crate) fn add_handle(&self, target: Target<'_>, grant: Grant) -> Result<Handle, NtStatus> {
        let _shield = Shield::raise();
        let reserved = self.reserve_handle(grant)?;
        let Some(mut held) = target.slot.lock(target.generation) else {
            reserved.cancel();
            return Err(NtStatus::INVALID_HANDLE);
        };
        held.add_handle();
        objects::release_unchanged(held);
        Ok(reserved.issue(target))
    }

    /// Release: who finds the entry finds the object that was born before.
    fn publish(&self, index: u32, entry: Entry) {
        if let Some(cell) = self.entries.get(index as usize) {
            cell.store(entry.0, Ordering::Release);
        }
    }

    /// Closes a handle. `drop_handle` drops the handle count that it stood for (F2), and says what the object has lost by
    /// that; then what the object leaves is the caller's.
    /// The depth is raised.
    #[inline]
    pub(crate) fn close(
        &self,
        handle: Handle,
        drop_handle: impl FnOnce(Target<'_>) -> Dropped,
    ) -> Result<Closed, NtStatus> {
        let entry = self.change(handle, |entry| {
            if entry.has(Entry::PROTECT) {
                return Err(NtStatus::HANDLE_NOT_CLOSABLE);
            }
            Ok(Entry::free(entry.issue() + 1, None))
        })?;
        let target = self.target(entry, Kind::from_bits(entry.kind()));
        let Dropped { destroyed, name } = drop_handle(target);
        let index = handle.index() as u32;
        // SAFETY: we destroyed it and are about to free the slot.
        let remains = (destroyed && target.kind.leaves_remains()).then(|| unsafe { target.slot.take_remains() });
        let mut shard = self.shard_of(index).lock();
        shard.free_index(index, &self.entries);
        if destroyed {
            shard.free_slot(entry.slot() as u32, &self.slots);
        }
        Ok(Closed { remains, name, place: Place { slot: entry.slot() as u32, generation: entry.generation() } })
    }

    /// Takes back the slot of an object that has died. `None`: this is a child of the process that made the table (F5).
    pub(crate) fn free_slot(&self, slot: &Slot) -> Option<Remains> {
        self.require_birthplace().ok()?;
        // SAFETY: the caller destroyed the object.
        let remains = unsafe { slot.take_remains() };
        let index = self.slots.index_of(slot) as u32;
        self.shards[home_shard()].lock().free_slot(index, &self.slots);
        Some(remains)
    }

    /// Sets those flags of the mask that a handle can have, inherit and protect from close, to these, in one step.
    pub(crate) fn set_flags(&self, handle: Handle, mask: u64, bits: u64) -> Result<(), NtStatus> {
        let flags = mask & (Entry::INHERIT | Entry::PROTECT);
        self.change(handle, |entry| Ok(Entry(entry.0 & !flags | bits & flags))).map(drop)
    }

    /// Replaces the entry that this handle names; returns the one replaced.
    fn change(&self, handle: Handle, change: impl Fn(Entry) -> Result<Entry, NtStatus>) -> Result<Entry, NtStatus> {
        let cell = self.entries.get(handle.index()).ok_or(NtStatus::INVALID_HANDLE)?;
        let mut entry = Entry(cell.load(Ordering::Acquire));
        loop {
            if !entry.is_named_by(handle) {
                return Err(NtStatus::INVALID_HANDLE);
            }
            let new = change(entry)?;
            match cell.compare_exchange(entry.0, new.0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(entry),
                Err(seen) => entry = Entry(seen),
            }
        }
    }

    /// What a handle may do, all of it.
    pub(crate) fn grant(&self, handle: Handle) -> Result<Grant, NtStatus> {
        let _shield = Shield::raise();
        loop {
            let entry = self.entry(handle).filter(|entry| entry.is_named_by(handle)).ok_or(NtStatus::INVALID_HANDLE)?;
            let index = handle.index() as u32;
            let mask = self.shard_of(index).lock().mask(index);
            // The mask is that of the handle, if the index still stands for the same one.
            if self.entry(handle) == Some(entry)
                && let Some(mask) = mask
            {
                return Ok(Grant { mask, bits: entry.0 });
            }
        }
    }
}

impl From<OutOfMemory> for NtStatus {
    fn from(_: OutOfMemory) -> Self {
        Self::INSUFFICIENT_RESOURCES
    }
}
