//! One shard of the handle table: what its lock guards.
//!
//! ```text
//!   index    never used ──take──▶ live ──free──▶ resting (first in, first out) ──take──▶ live …
//!   slot     never used ──take──▶ object ──died──▶ free (first in, first out) ──take──▶ object …
//! ```
//!
//! Q1  An index that was freed rests until [`QUARANTINE`] others of its shard rest behind it (H2).
//! Q2  The lists run through the entries and slots themselves: no operation under the lock allocates.
//! Q3  Cold data of a live handle is in its segment's `slab::Slab`, whose capacity is the segment's length and
//!     whose keys are the indices: it hands out fresh ones, and never grows.

#![allow(unsafe_code, reason = "free slots are linked under the shard's lock")]

use super::entry::Entry;
use super::{Entries, Slots};
use crate::objects::slot::Slot;
use crate::sys::atomic::Ordering;
use slab::Slab;

/// Freed indices of a shard that rest before the first of them is used again.
#[cfg(not(ntwait_loom))]
pub(super) const QUARANTINE: usize = 1057;
/// One, so that a model sees an index used again.
#[cfg(ntwait_loom)]
pub(super) const QUARANTINE: usize = 1;

/// A run of indices that belongs to one shard, with what is cold about them: the full access mask.
#[derive(Debug)]
pub(super) struct Segment {
    first: u32,
    len: u32,
    masks: Slab<u32>,
}

impl Segment {
    /// Memory for the masks of so many handles. `Slab` cannot be asked to fail, so a vector of the same size is, just
    /// before; only if another thread takes the memory in between does the process end for want of it.
    pub(super) fn room_for(len: u32) -> Option<Slab<u32>> {
        let mut rehearsal: Vec<[usize; 2]> = Vec::new();
        rehearsal.try_reserve_exact(len as usize).ok()?;
        drop(rehearsal);
        Some(Slab::with_capacity(len as usize))
    }

    pub(super) fn new(first: u32, len: u32, masks: Slab<u32>) -> Self {
        Self { first, len, masks }
    }

    fn has_room(&self) -> bool {
        self.masks.len() < self.len as usize
    }

    fn contains(&self, index: u32) -> bool {
        (self.first..self.first + self.len).contains(&index)
    }

    /// The first index of a segment goes with the last key, so that a table's first handle is 4 and not one of index 0,
    /// which begins with its second issue (H2).
    fn index_of(&self, key: usize) -> u32 {
        self.first + (key as u32 + 1) % self.len
    }

    fn key_of(&self, index: u32) -> usize {
        ((index - self.first + self.len - 1) % self.len) as usize
    }
}

/// A run of slots that were never used.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fresh {
    pub(super) next: u32,
    pub(super) end: u32,
}

/// What a shard's lock guards.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// In the order in which they were added.
    segments: Vec<Segment>,
    resting: Fifo,
    free_slots: Fifo,
    fresh_slots: Fresh,
}

/// A list of indices, linked elsewhere.
#[derive(Clone, Copy, Debug, Default)]
struct Fifo {
    head: u32,
    tail: u32,
    len: usize,
}

impl Shard {
    /// How many segments there are, and whether one more can be added without an allocation.
    pub(super) fn segments_and_room(&self) -> (usize, bool) {
        (self.segments.len(), self.segments.len() < self.segments.capacity())
    }

    /// Moves to a list with more room; returns the old one, to be freed without the lock.
    pub(super) fn make_room(&mut self, mut roomier: Vec<Segment>) -> Vec<Segment> {
        if roomier.capacity() > self.segments.len() {
            roomier.append(&mut self.segments);
            core::mem::swap(&mut roomier, &mut self.segments);
        }
        roomier
    }

    /// Gives the segment back if adding it would allocate.
    pub(super) fn add_segment(&mut self, segment: Segment) -> Result<(), Segment> {
        if self.segments.len() == self.segments.capacity() {
            return Err(segment);
        }
        self.segments.push(segment);
        Ok(())
    }

    /// Adds a run of slots. A run that was not used up joins the free list.
    pub(super) fn add_slots(&mut self, run: Fresh, slots: &Slots) {
        for index in self.fresh_slots.next..self.fresh_slots.end {
            self.free_slot(index, slots);
        }
        self.fresh_slots = run;
    }

    /// An index for a new handle, with its issue number; its mask is stored.
    pub(super) fn take_index(&mut self, mask: u32, entries: &Entries) -> Option<(u32, u64)> {
        let index = if self.resting.len > QUARANTINE {
            self.take_rested(mask, entries)
        } else {
            // The last but for a moment when two threads add one each.
            let segment = self.segments.iter_mut().rev().find(|segment| segment.has_room())?;
            let key = segment.masks.insert(mask);
            segment.index_of(key)
        };
        let entry = Entry(entries.get(index as usize)?.load(Ordering::Relaxed));
        Some((index, Entry::usable_issue(index, entry.issue())))
    }

    fn take_rested(&mut self, mask: u32, entries: &Entries) -> u32 {
        let index = self.resting.head;
        if let Some(entry) = entries.get(index as usize) {
            let next = Entry(entry.load(Ordering::Relaxed)).next_free();
            self.resting.head = next.unwrap_or(0);
        }
        self.resting.len -= 1;
        if let Some(cell) = self.mask_mut(index) {
            *cell = mask;
        }
        index
    }

    /// The index's handle was closed. Its entry is dead already and carries the next issue number.
    pub(super) fn free_index(&mut self, index: u32, entries: &Entries) {
        if self.resting.len > 0
            && let Some(last) = entries.get(self.resting.tail as usize)
        {
            let issue = Entry(last.load(Ordering::Relaxed)).issue();
            last.store(Entry::free(issue, Some(index)).0, Ordering::Relaxed);
        } else {
            self.resting.head = index;
        }
        self.resting.tail = index;
        self.resting.len += 1;
    }

    /// Full access mask of a handle of this shard.
    pub(super) fn mask(&mut self, index: u32) -> Option<u32> {
        self.mask_mut(index).copied()
    }

    fn mask_mut(&mut self, index: u32) -> Option<&mut u32> {
        let segment = self.segments.iter_mut().find(|segment| segment.contains(index))?;
        let key = segment.key_of(index);
        segment.masks.get_mut(key)
    }

    pub(super) fn take_slot(&mut self, slots: &Slots) -> Option<u32> {
        if self.free_slots.len > 0 {
            let index = self.free_slots.head;
            let slot = slots.get(index as usize)?;
            // SAFETY: on our list, whose lock we hold.
            self.free_slots.head = unsafe { slot.next_free() };
            self.free_slots.len -= 1;
            return Some(index);
        }
        let index = self.fresh_slots.next;
        (index < self.fresh_slots.end).then(|| {
            self.fresh_slots.next += 1;
            index
        })
    }

    /// Puts the slot of an object that died, or that was never born, on the free list; a retired one on none.
    pub(super) fn free_slot(&mut self, index: u32, slots: &Slots) {
        let Some(slot) = slots.get(index as usize).filter(|slot: &&Slot| !slot.is_retired()) else {
            return;
        };
        // SAFETY: free, and about to be on our list.
        unsafe { slot.set_next_free(0) };
        if self.free_slots.len > 0
            && let Some(last) = slots.get(self.free_slots.tail as usize)
        {
            // SAFETY: on our list, whose lock we hold.
            unsafe { last.set_next_free(index) };
        } else {
            self.free_slots.head = index;
        }
        self.free_slots.tail = index;
        self.free_slots.len += 1;
    }
}
