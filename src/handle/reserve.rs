//! A handle in the making: what must be had before locks are taken, so that nothing can fail under them.
//!
//! ```text
//!   reserve ────────▶ index and slot ──bear──▶ object ──issue──▶ handle to it
//!                        │ without_slot
//!                        ▼
//!   reserve_handle ─▶ index ──issue──▶ handle to an object that was there
//!                        └────cancel──▶ nothing
//! ```

use super::entry::{Entry, Handle};
use super::supply::home_shard;
use super::{Grant, Table};
use crate::objects::slot::Born;
use crate::objects::{Birth, Target};
use crate::status::NtStatus;

/// An index that nobody else knows of. It must be issued or cancelled, with no lock held.
#[must_use = "the index would be lost"]
#[derive(Debug)]
pub(crate) struct ReservedHandle<'t> {
    table: &'t Table,
    grant: Grant,
    index: u32,
    issue: u64,
}

/// The same, and a slot.
#[must_use = "the index and the slot would be lost"]
#[derive(Debug)]
pub(crate) struct Reserved<'t> {
    handle: ReservedHandle<'t>,
    slot: u32,
}

impl Table {
    /// What a new object with a handle needs.
    #[inline]
    pub(crate) fn reserve(&self, grant: Grant) -> Result<Reserved<'_>, NtStatus> {
        let (index, issue, slot) = self.take(grant.mask)?;
        Ok(Reserved { handle: ReservedHandle { table: self, grant, index, issue }, slot })
    }

    /// What a handle to an object that there is needs.
    pub(crate) fn reserve_handle(&self, grant: Grant) -> Result<ReservedHandle<'_>, NtStatus> {
        let (index, issue) = self.take_index(grant.mask)?;
        Ok(ReservedHandle { table: self, grant, index, issue })
    }
}

impl ReservedHandle<'_> {
    /// The handle becomes valid, and leads to this object, which has counted it.
    #[inline]
    pub(crate) fn issue(self, target: Target<'_>) -> Handle {
        let slot = self.table.slot_index(target.slot) as u32;
        let entry = Entry::live(self.issue, slot, target.generation, target.kind as u8, self.grant.bits);
        self.table.publish(self.index, entry);
        Handle::from_parts(self.index, self.issue)
    }

    /// There will be no handle.
    pub(crate) fn cancel(self) {
        self.table.shard_of(self.index).lock().free_index(self.index, &self.table.entries);
    }
}

impl<'t> Reserved<'t> {
    /// Makes the slot an object, with the handle count that the handle will stand for.
    #[inline]
    pub(crate) fn bear(&self, birth: Birth) -> Target<'t> {
        self.handle.table.bear(self.slot, birth, Born::WithHandle)
    }

    /// The handle becomes valid, and leads to the object that was born.
    #[inline]
    pub(crate) fn issue(self, born: Target<'_>) -> Handle {
        self.handle.issue(born)
    }

    /// Nothing will be born.
    pub(crate) fn without_slot(self) -> ReservedHandle<'t> {
        let table = self.handle.table;
        table.shards[home_shard()].lock().free_slot(self.slot, &table.slots);
        self.handle
    }
}
