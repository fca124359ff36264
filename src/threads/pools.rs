//! The lists that a slot is in: one at a time, or none, and then somebody has it in hand.
//!
//! ```text
//!            take_free              task ends in good order
//!   free ───────────────▶ running ─────────────────────────▶ free
//!                          │   ▲ │
//!               job is done│   │ │ the task ends in any other way        joined
//!                          ▼   │ └──────────────────────────▶ ended ───────────▶ freed (or free: a Pthread slot)
//!                        parked┘ take_parked, or nothing came
//! ```
//!
//! Q1  Links are touched by the owner of the lists alone, who holds the lock around them (S4).
//! Q2  A slot is in at most one list, the one that its links name.

#![allow(unsafe_code, reason = "links between slots")]

use super::slot::{Kind, Slot};
use crate::sys::atomic::Ordering;
use crate::sys::cell::Guarded;

/// Free slots that are kept.
const MOST_FREE: u32 = 1024;
/// Free slots whose stacks keep what memory they have.
const MOST_WARM: u32 = 16;
/// Lists of free slots, by size.
const BUCKETS: usize = 16;
/// How many slots that somebody is just leaving are passed over for one that is empty.
const PASSED_OVER: usize = 4;

/// Neighbours in a list.
#[derive(Debug, Default)]
pub(super) struct Links(Guarded<Neighbours>);

#[derive(Clone, Copy, Debug, Default)]
struct Neighbours {
    next: Option<&'static Slot>,
    previous: Option<&'static Slot>,
}

/// A doubly linked list of slots.
#[derive(Debug, Default)]
pub(super) struct List {
    first: Option<&'static Slot>,
    len: u32,
}

fn neighbours(slot: &Slot) -> Neighbours {
    // SAFETY: Q1.
    unsafe { slot.links.0.get() }
}

fn set_neighbours(slot: &Slot, neighbours: Neighbours) {
    // SAFETY: Q1.
    unsafe { slot.links.0.set(neighbours) };
}

impl List {
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    pub(super) fn push(&mut self, slot: &'static Slot) {
        if let Some(first) = self.first {
            set_neighbours(first, Neighbours { previous: Some(slot), ..neighbours(first) });
        }
        set_neighbours(slot, Neighbours { next: self.first, previous: None });
        self.first = Some(slot);
        self.len += 1;
    }

    /// The slot must be in this list.
    pub(super) fn remove(&mut self, slot: &'static Slot) {
        let Neighbours { next, previous } = neighbours(slot);
        match previous {
            Some(previous) => set_neighbours(previous, Neighbours { next, ..neighbours(previous) }),
            None => self.first = next,
        }
        if let Some(next) = next {
            set_neighbours(next, Neighbours { previous, ..neighbours(next) });
        }
        set_neighbours(slot, Neighbours::default());
        self.len -= 1;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'static Slot> {
        core::iter::successors(self.first, |slot| neighbours(slot).next)
    }

    /// The one after this one.
    pub(super) fn after(&self, slot: &'static Slot) -> Option<&'static Slot> {
        neighbours(slot).next
    }

    fn contains(&self, slot: &Slot) -> bool {
        self.iter().any(|other| core::ptr::eq(other, slot))
    }
}

/// All slots that nobody has in hand.
#[derive(Debug, Default)]
pub(super) struct Pools {
    free: [List; BUCKETS],
    free_count: u32,
    running: List,
    parked: List,
    ended: List,
}

fn bucket(usable: usize) -> usize {
    (usable >> 16) % BUCKETS
}

fn serves(slot: &Slot, donor: bool, usable: usize) -> bool {
    slot.usable == usable && matches!(slot.kind, Kind::Donor(_)) == donor
}

impl Pools {
    /// A free slot of this size. One that is just being left is taken if there are many such.
    pub(super) fn take_free(&mut self, donor: bool, usable: usize) -> Option<&'static Slot> {
        self.take_free_after(donor, usable, PASSED_OVER)
    }

    /// The same, if there is any, be it just being left.
    pub(super) fn take_any_free(&mut self, donor: bool, usable: usize) -> Option<&'static Slot> {
        self.take_free_after(donor, usable, 1)
    }

    fn take_free_after(&mut self, donor: bool, usable: usize, passed_over: usize) -> Option<&'static Slot> {
        let list = &mut self.free[bucket(usable)];
        let mut last = None;
        let mut looked_at = 0;
        for slot in list.iter().filter(|slot| serves(slot, donor, usable)) {
            looked_at += 1;
            let empty = slot.gone.load(Ordering::Acquire) == 0;
            if empty || looked_at == passed_over {
                last = Some(slot);
                break;
            }
        }
        let slot = last?;
        list.remove(slot);
        self.free_count -= 1;
        Some(slot)
    }

    /// Is there room for one more free slot?
    pub(super) fn has_room(&self) -> bool {
        self.free_count < MOST_FREE
    }

    /// The slot is free. True: there are many; its stack should give its memory back.
    pub(super) fn put_free(&mut self, slot: &'static Slot) {
        self.free[bucket(slot.usable)].push(slot);
        self.free_count += 1;
    }

    pub(super) fn is_cold(&self) -> bool {
        self.free_count >= MOST_WARM
    }

    pub(super) fn run(&mut self, slot: &'static Slot) {
        self.running.push(slot);
    }

    /// The task will not run the user's code any more, or has died.
    pub(super) fn stop_running(&mut self, slot: &'static Slot) {
        self.running.remove(slot);
    }

    /// One whose task has died.
    pub(super) fn find_dead(&self) -> Option<&'static Slot> {
        self.running.iter().find(|slot| slot.life.is_over())
    }

    /// Parks a running task, if fewer than `most` are.
    pub(super) fn park(&mut self, slot: &'static Slot, most: u32) -> bool {
        if self.parked.len() >= most {
            return false;
        }
        self.running.remove(slot);
        self.parked.push(slot);
        true
    }

    /// A parked task with a stack of this size; it counts as running from now on.
    pub(super) fn take_parked(&mut self, usable: usize) -> Option<&'static Slot> {
        let slot = self.parked.iter().find(|slot| slot.usable == usable)?;
        self.parked.remove(slot);
        self.running.push(slot);
        Some(slot)
    }

    /// Nothing came: false if somebody has just taken it.
    pub(super) fn unpark(&mut self, slot: &'static Slot) -> bool {
        let parked = self.parked.contains(slot);
        if parked {
            self.parked.remove(slot);
            self.running.push(slot);
        }
        parked
    }

    pub(super) fn parked(&self) -> u32 {
        self.parked.len()
    }

    /// The slot is to be joined when its task is gone.
    pub(super) fn end(&mut self, slot: &'static Slot) {
        self.ended.push(slot);
    }

    pub(super) fn take_ended(&mut self) -> List {
        core::mem::take(&mut self.ended)
    }

    /// Has somebody's job ended, and the task not yet? It is on its way out, or to be parked.
    pub(super) fn is_anyone_leaving(&self) -> bool {
        self.running.iter().any(|slot| !slot.is_running())
            || self.free.iter().flat_map(List::iter).any(|slot| slot.gone.load(Ordering::Acquire) != 0)
            || self.ended.len() > 0
    }
}
