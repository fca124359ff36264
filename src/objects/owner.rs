//! A thread as the owner of mutants: the number that their words say, and the list of them.
//!
//! ```text
//!   list of T      ┌──────────┐    ┌──────────┐              ┌──────────┐
//!   first ────────▶│ mutant   │◀──▶│ mutant   │◀──── last    │ mutant   │◀──── latest
//!                  └──────────┘    └──────────┘              └──────────┘      in the order in which T got them (M18)
//! ```
//!
//! The links are places of slots in their table, counted from 1; 0 is no neighbour. They lie in the slots. The latest is
//! linked when the next one comes: most threads take one at a time, and touch no links.
//!
//! The latest is also how a thread takes and gives up a mutant while it can be stopped at any point: it says there which
//! one it is about to take, and takes it; it gives it up, and clears the place. Of what its end finds there, what it does not
//! own is not its own.
//!
//! OW1 A list is touched by its thread alone (for a thread that is gone: by who acts for it); its links in sections where the
//!     thread can be neither suspended nor terminated. Nobody else ever writes to the links of a mutant that has an owner: a
//!     thread that was given a mutant by another puts it on its list itself, before the wait returns.
//! OW2 What is on a list is owned, so it is alive (M21): its slot cannot be freed under the list.
//! OW3 A mutant that has lost its last handle to somebody else than its owner can never be released. It is destroyed at the
//!     owner's end, or when the list has doubled since it was last looked through; so whoever takes mutants and has others
//!     close them does not grow without limit.

#![allow(unsafe_code, reason = "an intrusive list")]

use super::held::Held;
use super::slot::Slot;
use super::word::Word;
use super::{Dropped, Home, Target, mutant, release};
use crate::sys::cell::Guarded;
use crate::sys::region::{Region, Zeroed};

/// A list is not looked through for mutants without handles before it has this length (OW3).
#[cfg(not(ntwait_loom))]
const FIRST_SCAN: u32 = 32;
#[cfg(ntwait_loom)]
const FIRST_SCAN: u32 = 2;

/// The mutants of one thread in one runtime.
#[derive(Debug, Default)]
pub(crate) struct OwnedList {
    latest: Guarded<u32>,
    ends: Guarded<Ends>,
    /// The length at which it is looked through, less [`FIRST_SCAN`].
    scan_at: Guarded<u32>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    first: u32,
    last: u32,
    count: u32,
}

// SAFETY: numbers.
unsafe impl Zeroed for OwnedList {}

/// The calling thread as an owner, in one runtime. Whoever has one promises to be that thread, or to act for it when it is
/// gone (OW1).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'r> {
    number: u32,
    list: &'r OwnedList,
    slots: &'r Region<Slot>,
}

/// One level more is refused (M11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooDeep;

impl<'r> Owner<'r> {
    /// # Safety
    /// The caller is the thread that has this number, not zero, and this list for the objects of these slots; or that thread
    /// is gone and the caller acts for it (OW1).
    #[inline]
    pub(crate) unsafe fn new(number: u32, list: &'r OwnedList, slots: &'r Region<Slot>) -> Self {
        Self { number, list, slots }
    }

    /// What the words of its mutants say.
    #[inline]
    pub(crate) fn number(self) -> u32 {
        self.number
    }

    /// One level more of a mutant that is the thread's own.
    #[inline]
    pub(crate) fn deepen(slot: &Slot) -> Result<(), TooDeep> {
        let levels = slot.extra();
        if levels >= mutant::MOST_LEVELS {
            return Err(TooDeep);
        }
        slot.set_extra(levels + 1);
        Ok(())
    }

    /// The thread has got this mutant, which it may have owned before. No lock is held.
    pub(crate) fn adopt(self, slot: &Slot, home: &dyn Home) {
        if self.latest() != self.place(slot) && !Links::of(slot).is_listed {
            self.gain(slot, home);
        }
    }

    /// The thread has got this mutant, which it did not own before. No lock is held.
    #[inline]
    pub(crate) fn gain(self, slot: &Slot, home: &dyn Home) {
        let before = self.latest();
        self.set_latest(self.place(slot));
        if before != 0 {
            self.link(before, home);
        }
    }

    /// The mutant leaves the list, and is the thread's to give up.
    #[inline]
    pub(crate) fn forget(self, slot: &Slot) {
        if self.latest() == self.place(slot) {
            self.set_latest(0);
        } else {
            self.unlink(slot);
        }
    }

    #[cold]
    fn link(self, place: u32, home: &dyn Home) {
        let Some(slot) = self.slot(place) else { return };
        let mut ends = self.ends();
        Links { is_listed: true, before: ends.last, next: 0 }.store(slot);
        match self.slot(ends.last) {
            None => ends.first = place,
            Some(last) => Links { next: place, ..Links::of(last) }.store(last),
        }
        ends.last = place;
        ends.count += 1;
        self.set_ends(ends);
        // SAFETY: OW1.
        if ends.count >= FIRST_SCAN + unsafe { self.list.scan_at.get() } {
            self.drop_forsaken(home);
        }
    }

    #[cold]
    fn unlink(self, slot: &Slot) {
        let Links { is_listed, before, next } = Links::of(slot);
        debug_assert!(is_listed);
        let mut ends = self.ends();
        match self.slot(before) {
            None => ends.first = next,
            Some(before) => Links { next, ..Links::of(before) }.store(before),
        }
        match self.slot(next) {
            None => ends.last = before,
            Some(next) => Links { before, ..Links::of(next) }.store(next),
        }
        ends.count -= 1;
        self.set_ends(ends);
        Links::NONE.store(slot);
    }

    /// Has the thread no latest mutant? Then it may [announce](Self::announce) one.
    #[inline]
    pub(crate) fn has_no_latest(self) -> bool {
        self.latest() == 0
    }

    /// The thread is about to take this mutant by an exchange of its word, whose Release keeps the announcement before it.
    #[inline]
    pub(crate) fn announce(self, slot: &Slot) {
        self.set_latest(self.place(slot));
    }

    /// The mutant was not taken.
    #[inline]
    pub(crate) fn take_back(self) {
        self.set_latest(0);
    }

    /// Is it the thread's latest? Then it may be given up by an exchange of its word, and [`take_back`](Self::take_back)
    /// comes after that, kept there by the exchange's Acquire.
    #[inline]
    pub(crate) fn is_latest(self, slot: &Slot) -> bool {
        self.latest() == self.place(slot)
    }

    /// Takes the mutants of a thread that ends off its list, one by one.
    pub(crate) fn take_first(self, home: &dyn Home) -> Option<&'r Slot> {
        if let Some(first) = self.slot(self.ends().first) {
            self.unlink(first);
            return Some(first);
        }
        // SAFETY: OW1. The list is as good as the next owner's.
        unsafe { self.list.scan_at.set(0) };
        let latest = self.slot(self.latest())?;
        self.set_latest(0);
        let word = latest.load();
        // Who gave it to us may still hold its lock, and the word says so only when he has let go.
        if !word.has(Word::SPECIAL) || !word.has(Word::LOCKED) && !mutant::is_owned_by(word, self.number) {
            return None;
        }
        // Perhaps it was given up, and is another object by now; the lock tells.
        let held = latest.lock(word.generation())?;
        let is_mine = held.is_owned_by(self.number);
        release(held, home);
        is_mine.then_some(latest)
    }

    /// OW3.
    #[cold]
    fn drop_forsaken(self, home: &dyn Home) {
        let mut next = self.slot(self.ends().first);
        while let Some(slot) = next {
            next = self.slot(Links::of(slot).next);
            if let Some(held) = slot.lock(slot.load().generation())
                && self.give_up_forsaken(held, home)
            {
                home.recycle(slot);
            }
        }
        // SAFETY: OW1.
        unsafe { self.list.scan_at.set(self.ends().count * 2) };
    }

    /// Unlocks a mutant; if it is this thread's, and nothing but this thread refers to it any more, that ends it (M22). True:
    /// it is gone, and its slot is the caller's to recycle.
    fn give_up_forsaken(self, mut held: Held<'_>, home: &dyn Home) -> bool {
        if held.is_forsaken() && held.is_owned_by(self.number) {
            self.forget(held.slot());
            held.set_word(mutant::freed(held.word()));
        }
        let slot = held.slot();
        held.unlock().pay(slot, home)
    }

    /// Drops one handle of a mutant, which may be this thread's.
    pub(crate) fn drop_handle(self, target: Target<'_>, home: &dyn Home) -> Dropped {
        let Some(mut held) = target.slot.lock(target.generation) else {
            return Dropped::default();
        };
        let name = held.drop_handle();
        Dropped { destroyed: self.give_up_forsaken(held, home), name }
    }

    fn place(self, slot: &Slot) -> u32 {
        self.slots.index_of(slot) as u32 + 1
    }

    fn slot(self, place: u32) -> Option<&'r Slot> {
        self.slots.get((place as usize).checked_sub(1)?)
    }

    fn latest(self) -> u32 {
        // SAFETY: OW1.
        unsafe { self.list.latest.get() }
    }

    fn set_latest(self, place: u32) {
        // SAFETY: OW1.
        unsafe { self.list.latest.set(place) };
    }

    fn ends(self) -> Ends {
        // SAFETY: OW1.
        unsafe { self.list.ends.get() }
    }

    fn set_ends(self, ends: Ends) {
        // SAFETY: OW1.
        unsafe { self.list.ends.set(ends) };
    }
}

/// Does this thread own this object?
#[inline]
pub(crate) fn owns(target: Target<'_>, who: u32) -> bool {
    let word = target.slot.load();
    word.generation() == target.generation && mutant::is_owned_by(word, who)
}

/// A mutant's place in its owner's list, as its slot keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Links {
    is_listed: bool,
    before: u32,
    next: u32,
}

impl Links {
    const NONE: Self = Self { is_listed: false, before: 0, next: 0 };
    const LISTED: u64 = 1 << 63;
    const PLACE_BITS: u32 = 31;
    const PLACE: u64 = (1 << Self::PLACE_BITS) - 1;

    #[inline]
    fn of(slot: &Slot) -> Self {
        // SAFETY: OW1, the mutant is the caller's.
        let side = unsafe { slot.side.get() };
        Self {
            is_listed: side & Self::LISTED != 0,
            before: (side & Self::PLACE) as u32,
            next: (side >> Self::PLACE_BITS & Self::PLACE) as u32,
        }
    }

    #[inline]
    fn store(self, slot: &Slot) {
        let listed = if self.is_listed { Self::LISTED } else { 0 };
        let side = u64::from(self.before) | u64::from(self.next) << Self::PLACE_BITS | listed;
        // SAFETY: OW1, the mutant is the caller's.
        unsafe { slot.side.set(side) };
    }
}
