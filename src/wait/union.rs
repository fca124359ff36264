//! The objects that the wait-alls queued on one object wait for, together: what a signal of it must lock.

#![allow(unsafe_code, reason = "walks a queue of wait blocks")]

use super::lockset::{LockSet, Place};
use crate::objects::Target;
use crate::objects::held::Held;
use crate::objects::slot::Slot;
use crate::waiter::WaitBlock;
use core::ptr;

/// Objects that one signal locks at most.
#[cfg(not(ntwait_loom))]
pub(super) const UNION_CAP: usize = 256;
/// Room for most unions; the few larger ones are made anew with all of [`UNION_CAP`].
#[cfg(not(ntwait_loom))]
pub(super) const UNION_SMALL: usize = 16;

/// Few, so that the two or three waits of a model reach both limits.
#[cfg(ntwait_loom)]
pub(super) const UNION_CAP: usize = 3;
/// One less.
#[cfg(ntwait_loom)]
pub(super) const UNION_SMALL: usize = 2;

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
    const EMPTY: Self = Self { members: [None; N], count: 0 };

    /// The object itself, all that its wait-alls wait for, and perhaps another object. Stable only under its lock: those
    /// blocks cannot leave without it.
    pub(super) fn of(held: &Held<'s>, other: Option<Target<'s>>) -> Result<Self, TooMany> {
        let mut union = Self::EMPTY;
        union.add((held.slot(), held.word().generation()))?;
        if let Some(other) = other {
            union.add((other.slot, other.generation))?;
        }
        for_each_all(held, |block| {
            // SAFETY: linked, and its object locked.
            union.add(unsafe { block.target() })
        })?;
        Ok(union)
    }

    /// One object or two, whatever waits for them. There must be room for two.
    pub(super) fn of_two(one: Target<'s>, other: Option<Target<'s>>) -> Self {
        let mut union = Self::EMPTY;
        for target in [Some(one), other].into_iter().flatten() {
            let _ = union.add((target.slot, target.generation));
        }
        union
    }

    /// Does it contain all that the object's wait-alls wait for now? The same slot is not enough: its object may have
    /// died since, and a wait for the next one in it have arrived.
    pub(super) fn covers(&self, held: &Held<'s>) -> bool {
        for_each_all(held, |block| {
            // SAFETY: linked, and its object locked.
            let (slot, generation) = unsafe { block.target() };
            match self.position(slot).ok().and_then(|position| self.members[position]) {
                Some((_, known)) if known >= generation => Ok(()),
                _ => Err(TooMany),
            }
        })
        .is_ok()
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

    fn add(&mut self, (slot, generation): (&'s Slot, u32)) -> Result<(), TooMany> {
        match self.position(slot) {
            // Of two objects in one slot only the later can be an open wait's.
            Ok(position) => {
                let known = self.members[position].map_or(0, |(_, known)| known);
                self.members[position] = Some((slot, known.max(generation)));
            }
            Err(_) if self.count == N => return Err(TooMany),
            Err(position) => {
                self.members.copy_within(position..self.count, position + 1);
                self.members[position] = Some((slot, generation));
                self.count += 1;
            }
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
            let thread = unsafe { block.waiter() };
            // SAFETY: as above, and it stays so while we go through the set.
            for member in unsafe { thread.wait_set() } {
                visit(member)?;
            }
        }
        // SAFETY: the object is locked.
        link = unsafe { block.next() };
    }
    Ok(())
}
