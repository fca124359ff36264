//! The objects that the wait-alls queued on one object wait for, together: what a signal of it must lock.

#![allow(unsafe_code, reason = "walks a queue of wait blocks")]

use super::lockset::{LockSet, Place};
use crate::objects::slot::{Held, Slot};
use crate::waiter::WaitBlock;
use core::ptr;

/// Objects that one signal locks at most. A multiple of 16: most unions fit a sixteenth of it.
pub(super) const UNION_CAP: usize = 256;

/// More objects than there is room for.
#[derive(Debug)]
pub(super) struct TooMany;

/// Up to `N` objects in ascending order of their slots' addresses.
#[derive(Debug)]
pub(super) struct Union<'s, const N: usize> {
    members: [Option<(&'s Slot, u32)>; N],
    count: usize,
}

impl<'s, const N: usize> Union<'s, N> {
    /// The object itself and all that its wait-alls wait for. Stable only under its lock: those blocks cannot
    /// leave without it.
    pub(super) fn of(held: &Held<'s>) -> Result<Self, TooMany> {
        let mut union = Self { members: [None; N], count: 0 };
        union.add((held.slot(), held.word().generation()))?;
        for_each_all(held, |block| {
            // SAFETY: linked, and its object locked.
            union.add(unsafe { block.target() })
        })?;
        Ok(union)
    }

    /// Does it contain all that the object's wait-alls wait for now?
    pub(super) fn covers(&self, held: &Held<'s>) -> bool {
        // SAFETY: linked, and its object locked.
        let known = |block: &WaitBlock| self.position(unsafe { block.target() }.0).is_ok();
        for_each_all(held, |block| if known(block) { Ok(()) } else { Err(TooMany) }).is_ok()
    }

    /// Locks all members that still exist. One that does not is no open wait's: waits keep their objects alive.
    pub(super) fn lock<'m>(&self, places: &'m mut [Place<'s>]) -> LockSet<'s, 'm> {
        let mut locks = LockSet::new(places);
        for (slot, generation) in self.members[..self.count].iter().flatten() {
            if let Some(held) = slot.lock(*generation) {
                locks.push(held);
            }
        }
        locks
    }

    fn add(&mut self, member: (&'s Slot, u32)) -> Result<(), TooMany> {
        if let Err(position) = self.position(member.0) {
            if self.count == N {
                return Err(TooMany);
            }
            self.members.copy_within(position..self.count, position + 1);
            self.members[position] = Some(member);
            self.count += 1;
        }
        Ok(())
    }

    fn position(&self, slot: &Slot) -> Result<usize, usize> {
        self.members[..self.count].binary_search_by_key(&ptr::from_ref(slot), |member| {
            member.map_or(ptr::null(), |(slot, _)| ptr::from_ref(slot))
        })
    }
}

/// Calls `visit` with every block of every wait-all that is queued on the object.
fn for_each_all(held: &Held<'_>, mut visit: impl FnMut(&WaitBlock) -> Result<(), TooMany>) -> Result<(), TooMany> {
    let mut link = held.first();
    // SAFETY: the object is locked, so its queue stays as it is.
    while let Some(block) = unsafe { link.follow() } {
        // SAFETY: linked, and its object locked.
        if unsafe { block.is_all() } {
            // SAFETY: linked, and its object locked.
            for member in unsafe { block.thread().wait_set() } {
                visit(member)?;
            }
        }
        // SAFETY: the object is locked.
        link = unsafe { block.next() };
    }
    Ok(())
}
