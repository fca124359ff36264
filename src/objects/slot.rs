//! The place where an object lives: its word, its lock, its wait list, its references. 64 bytes, never unmapped.
//!
//! ```text
//!            create                    last reference gone (unlock)
//!   free ─────────────▶ alive(g) ─────────────────────────────────▶ free(g+1) │ retired
//!
//!   unlocked ──lock──▶ LOCKED ──somebody must sleep──▶ LOCKED|PARKED
//!      ▲                  │                                  │
//!      └──────unlock──────┴──unlock, wake one (all, if it destroys)
//! ```
//!
//! An object is alive while it has handles, pins, linked wait blocks or epoch waiters.
//!
//! S1  A slot's memory is a `Slot` for as long as its region lives; after the object died only its generation,
//!     and the address of a futex in it, mean anything.
//! S2  Everything but `word`, `epoch` and `baton` is read and written with the lock held, or, before the object
//!     is published and after it died, by whoever got the slot from the free list.
//! S3  Every unlock makes QUEUED and ALL_WAITER agree with the list; no fast path can miss a waiter, because
//!     flags and value are one word.
//! S4  A destroying unlock wakes all who sleep for the lock; who has slept takes the lock as LOCKED|PARKED; who
//!     has slept and finds another generation wakes one more. So no sleeper is left behind.
//! S6  Without SHARED the object has one handle and no pin: whoever has killed that handle's entry, and finds nobody
//!     queued and the lock free, may destroy it with one compare-exchange.
//! S5  `epoch` only grows, also across objects: a sleeper of an earlier broadcast never takes a later one for its
//!     own. (It would take 2³² broadcasts between two instructions of one thread.)
//! orderings   lock: Acquire, unlock: Release, each an RMW of `word` (AcqRel); the guarded fields need no more.

#![allow(unsafe_code, reason = "fields guarded by the object lock")]

use super::Kind;
use super::word::{RETIRED, Word};
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::cell::Guarded;
use crate::sys::clock::Deadline;
use crate::sys::cpu;
use crate::sys::futex::{self, FutexAddr};
use crate::sys::region::Zeroed;
use crate::waiter::{Link, WaitBlock};

/// Room for one object.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    word: AtomicU64,
    head: Guarded<Link>,
    tail: Guarded<Link>,
    handles: Guarded<u32>,
    pins: Guarded<u32>,
    all_waiters: Guarded<u32>,
    epoch_waiters: Guarded<u32>,
    /// What plain waits on a notification object sleep on; set and pulse advance it.
    epoch: AtomicU32,
    /// 1: the next epoch sleeper to rise wakes the rest.
    baton: AtomicU32,
    kind: Guarded<u32>,
    next_free: Guarded<u32>,
}

#[cfg(not(ntwait_loom))]
const _: () = assert!(size_of::<Slot>() == 64);

impl Default for Slot {
    fn default() -> Self {
        Self {
            word: AtomicU64::new(0),
            head: Guarded::new(Link::NONE),
            tail: Guarded::new(Link::NONE),
            handles: Guarded::new(0),
            pins: Guarded::new(0),
            all_waiters: Guarded::new(0),
            epoch_waiters: Guarded::new(0),
            epoch: AtomicU32::new(0),
            baton: AtomicU32::new(0),
            kind: Guarded::new(0),
            next_free: Guarded::new(0),
        }
    }
}

// SAFETY: integers and null links.
unsafe impl Zeroed for Slot {}

impl Slot {
    /// Makes a free slot an object, with one handle or one pin, and returns its generation.
    pub(crate) fn bear(&self, kind: Kind, flags: u64, value: u32, born: Born) -> u32 {
        // Relaxed: the slot came from the free list, whose lock orders us after the object that died here.
        let generation = Word::from_bits(self.word.load(Ordering::Relaxed)).generation();
        let (handles, pins, shared) = match born {
            Born::WithHandle => (1, 0, 0),
            Born::Pinned => (0, 1, Word::SHARED),
        };
        // SAFETY: S2, not published yet.
        unsafe { self.handles.set(handles) };
        // SAFETY: S2, not published yet.
        unsafe { self.pins.set(pins) };
        // SAFETY: S2, not published yet.
        unsafe { self.kind.set(kind as u32) };
        // Release: whoever locks this generation sees the fields.
        self.word.store(Word::new(generation, flags | shared, value).bits(), Ordering::Release);
        generation
    }

    /// Acquire: pairs with the RMW that wrote what is seen.
    #[inline]
    pub(crate) fn load(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    /// AcqRel: publishes what the caller did before, and sees what the last changer did.
    #[inline]
    pub(crate) fn exchange(&self, seen: Word, new: Word) -> Result<(), Word> {
        self.word
            .compare_exchange(seen.bits(), new.bits(), Ordering::AcqRel, Ordering::Acquire)
            .map(drop)
            .map_err(Word::from_bits)
    }

    /// Destroys the object in one step, if the handle that the caller has just killed was the only reference it ever
    /// had. AcqRel, as an unlock.
    pub(crate) fn destroy_unshared(&self, generation: u32) -> bool {
        let word = self.load();
        word.is_idle(generation)
            && !word.has(Word::SHARED)
            && self.exchange(word, Word::new(generation + 1, 0, 0)).is_ok()
    }

    /// Takes the lock of the object of this generation; `None` if it is gone.
    #[inline]
    pub(crate) fn lock(&self, generation: u32) -> Option<Held<'_>> {
        let word = self.load();
        if word.generation() == generation && !word.has(Word::LOCKED) {
            let locked = word.with(Word::LOCKED);
            if self.exchange(word, locked).is_ok() {
                return Some(Held { slot: self, word: locked });
            }
        }
        self.lock_slow(generation)
    }

    #[cold]
    fn lock_slow(&self, generation: u32) -> Option<Held<'_>> {
        let mut spins = cpu::LOCK_SPINS;
        let mut slept = false;
        loop {
            let word = self.load();
            if word.generation() != generation {
                if slept {
                    futex::wake(self.lock_futex(), 1); // S4
                }
                return None;
            }
            if !word.has(Word::LOCKED) {
                let locked = word.with(Word::LOCKED).set_to(Word::PARKED, slept || word.has(Word::PARKED));
                if self.exchange(word, locked).is_ok() {
                    return Some(Held { slot: self, word: locked });
                }
            } else if spins > 0 {
                spins -= 1;
            } else {
                let parked = word.with(Word::PARKED);
                if word.has(Word::PARKED) || self.exchange(word, parked).is_ok() {
                    futex::wait(self.lock_futex(), parked.high_half(), &Deadline::Never);
                    slept = true;
                }
            }
        }
    }

    fn lock_futex(&self) -> FutexAddr {
        FutexAddr::high_half(&self.word)
    }

    pub(crate) fn epoch_futex(&self) -> FutexAddr {
        FutexAddr::whole(&self.epoch)
    }

    /// Acquire: pairs with [`Held::advance_epoch`]; who sees a new epoch sees what its signaller did before.
    pub(crate) fn epoch(&self) -> u32 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Leaves the baton to the next epoch sleeper that rises.
    pub(crate) fn leave_baton(&self) {
        self.baton.store(1, Ordering::Release);
    }

    /// Takes the baton if it lies there.
    pub(crate) fn take_baton(&self) -> bool {
        self.baton.load(Ordering::Relaxed) != 0 && self.baton.swap(0, Ordering::Acquire) != 0
    }

    /// The slot after this one on a free list.
    ///
    /// # Safety
    /// The slot is on a free list whose lock the caller holds.
    pub(crate) unsafe fn next_free(&self) -> u32 {
        // SAFETY: the caller's lock (S2).
        unsafe { self.next_free.get() }
    }

    /// # Safety
    /// The slot is free and the caller holds the lock of the list that it is on or about to be on.
    pub(crate) unsafe fn set_next_free(&self, next: u32) {
        // SAFETY: the caller's lock (S2).
        unsafe { self.next_free.set(next) };
    }

    /// Has this slot used up its generations? Only asked of free slots.
    pub(crate) fn is_retired(&self) -> bool {
        self.load().generation() == RETIRED
    }
}

/// What keeps a new object alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Born {
    /// The handle that is about to be returned.
    WithHandle,
    /// The runtime or a thread, without a handle.
    Pinned,
}

/// An object whose lock we hold, with the word as it will be when we let go.
///
/// While it exists nobody else changes the object (O2). It must be [unlocked](Held::unlock), not dropped.
#[must_use = "the object stays locked"]
#[derive(Debug)]
pub(crate) struct Held<'s> {
    slot: &'s Slot,
    word: Word,
}

/// What the holder owes after an unlock, once it holds no lock at all.
#[must_use = "somebody may sleep for the lock, or the slot may be free"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owed {
    sleepers: u32,
    destroyed: bool,
}

impl Owed {
    pub(crate) fn is_nothing(self) -> bool {
        self.sleepers == 0 && !self.destroyed
    }

    /// Wakes who slept for the lock of this slot. True: the object is gone and its slot is the caller's to recycle.
    #[must_use = "a destroyed object's slot must go back to the free list"]
    pub(crate) fn pay(self, slot: &Slot) -> bool {
        if self.sleepers > 0 {
            futex::wake(slot.lock_futex(), self.sleepers);
        }
        self.destroyed
    }
}

impl<'s> Held<'s> {
    pub(crate) fn slot(&self) -> &'s Slot {
        self.slot
    }

    pub(crate) fn word(&self) -> Word {
        self.word
    }

    pub(crate) fn set_word(&mut self, word: Word) {
        self.word = word;
    }

    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: S2, we hold the lock.
        let bits = unsafe { self.slot.kind.get() };
        Kind::from_bits(bits as u8)
    }

    pub(crate) fn is_signaled(&self) -> bool {
        self.kind().is_signaled(self.word)
    }

    /// Takes what one satisfied wait takes.
    pub(crate) fn consume(&mut self) {
        self.word = self.kind().consume(self.word);
    }

    pub(crate) fn handles(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.handles.get() }
    }

    pub(crate) fn add_handle(&mut self) {
        self.word = self.word.with(Word::SHARED);
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.handles.set(self.handles() + 1) };
    }

    pub(crate) fn drop_handle(&mut self) {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.handles.set(self.handles() - 1) };
    }

    pub(crate) fn unpin(&mut self) {
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.pins.set(pins - 1) };
    }

    /// References of any kind, for queries.
    pub(crate) fn references(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        let queued = u32::from(!self.first().is_none());
        self.handles() + pins + self.epoch_waiters() + queued
    }

    pub(crate) fn has_all_waiters(&self) -> bool {
        // SAFETY: S2, we hold the lock.
        (unsafe { self.slot.all_waiters.get() }) > 0
    }

    /// The longest-waiting block.
    pub(crate) fn first(&self) -> Link {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.head.get() }
    }

    /// Puts the block at the end of the queue.
    ///
    /// # Safety
    /// The block is free, and stays where it is until it is free again.
    pub(crate) unsafe fn append(&mut self, block: &WaitBlock) {
        // SAFETY: S2, we hold the lock.
        let last = unsafe { self.slot.tail.get() };
        // SAFETY: we hold the lock; the caller answers for the block.
        unsafe { block.link_after(last) };
        if last.is_none() {
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.head.set(Link::to(block)) };
        }
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.tail.set(Link::to(block)) };
        self.count_all_waiter(block, 1);
    }

    /// Takes the block out of the queue. What becomes of it is the caller's to say.
    ///
    /// # Safety
    /// The block is linked to this object.
    pub(crate) unsafe fn unlink(&mut self, block: &WaitBlock) {
        // SAFETY: we hold the lock, and the block is on this list.
        let (before, after) = unsafe { block.unlink() };
        if before.is_none() {
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.head.set(after) };
        }
        if after.is_none() {
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.tail.set(before) };
        }
        self.count_all_waiter(block, -1);
    }

    fn count_all_waiter(&mut self, block: &WaitBlock, change: i32) {
        // SAFETY: we hold the lock of the object that the block is, or was just now, linked to.
        if unsafe { block.is_all() } {
            // SAFETY: S2, we hold the lock.
            let count = unsafe { self.slot.all_waiters.get() };
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.all_waiters.set(count.wrapping_add_signed(change)) };
        }
    }

    pub(crate) fn epoch_waiters(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.epoch_waiters.get() }
    }

    pub(crate) fn set_epoch_waiters(&mut self, count: u32) {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.epoch_waiters.set(count) };
    }

    /// Ends the wait of everybody who sleeps on the epoch. Release: pairs with [`Slot::epoch`].
    pub(crate) fn advance_epoch(&mut self) {
        self.slot.epoch.fetch_add(1, Ordering::Release);
        self.set_epoch_waiters(0);
    }

    fn is_alive(&self) -> bool {
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        self.handles() > 0 || pins > 0 || !self.first().is_none() || self.epoch_waiters() > 0
    }

    /// Lets go; if nothing refers to the object any more, that destroys it.
    pub(crate) fn unlock(self) -> Owed {
        let destroyed = !self.is_alive();
        let next = if destroyed {
            Word::new(self.word.generation() + 1, 0, 0)
        } else {
            let queued = !self.first().is_none() || self.epoch_waiters() > 0;
            self.word
                .without(Word::LOCKED | Word::PARKED)
                .set_to(Word::QUEUED, queued)
                .set_to(Word::ALL_WAITER, self.has_all_waiters())
        };
        // AcqRel: publishes the fields to the next holder. A swap loses nothing: O2.
        let old = Word::from_bits(self.slot.word.swap(next.bits(), Ordering::AcqRel));
        let sleepers = match (old.has(Word::PARKED), destroyed) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => u32::MAX, // S4
        };
        Owed { sleepers, destroyed }
    }
}
