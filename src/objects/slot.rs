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
//! An object is alive while it has handles, pins, linked wait blocks or epoch waiters, or an owner.
//!
//! S1  A slot's memory is a `Slot` for as long as its region lives; after the object died only its generation,
//!     and the address of a futex in it, mean anything.
//! S2  Everything but `word`, `epoch`, `baton` and `extra` (and `side` of a mutant that has an owner: owner.rs) is read and written with the lock held, or, before the object
//!     is published and after it died, by whoever got the slot from the free list.
//! S3  Every unlock makes QUEUED and ALL_WAITER agree with the list; no fast path can miss a waiter, because
//!     flags and value are one word.
//! S4  A destroying unlock wakes all who sleep for the lock; who has slept takes the lock as LOCKED|PARKED; who
//!     has slept and finds another generation wakes one more. So no sleeper is left behind.
//! S5  `epoch` only grows, also across objects: a sleeper of an earlier broadcast never takes a later one for its
//!     own. (It would take 2³² broadcasts between two instructions of one thread.)
//! S6  Without SHARED the object has one handle, no pin and no name: whoever has killed that handle's entry, and finds nobody
//!     queued and the lock free, may destroy it with one compare-exchange.
//! orderings   lock: Acquire, unlock: Release, each an RMW of `word` (AcqRel); the guarded fields need no more.

#![allow(unsafe_code, reason = "fields guarded by the object lock")]

use super::held::Held;
use super::word::{RETIRED, Word};
use super::{Birth, Kind};
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::cell::Guarded;
use crate::sys::clock::Deadline;
use crate::sys::cpu;
use crate::sys::depth;
use crate::sys::futex::{self, FutexAddr};
use crate::sys::region::Zeroed;
use crate::waiter::Link;

/// Room for one object.
#[derive(Debug)]
#[repr(C, align(64))]
pub(crate) struct Slot {
    pub(super) word: AtomicU64,
    pub(super) head: Guarded<Link>,
    pub(super) tail: Guarded<Link>,
    pub(super) handles: Guarded<u32>,
    pub(super) pins: Guarded<u32>,
    pub(super) all_waiters: Guarded<u32>,
    pub(super) epoch_waiters: Guarded<u32>,
    /// What plain waits on a notification object sleep on; set and pulse advance it.
    pub(super) epoch: AtomicU32,
    /// 1: the next epoch sleeper to rise wakes the rest.
    baton: AtomicU32,
    /// The kind, and above it, from [`NAME_SHIFT`] on, the number of the object's name.
    pub(super) kind: Guarded<u32>,
    /// A number beside the word, as the kind's file says. It is read without the lock, too: what is read there means
    /// something only if an exchange of the word proves that the object still lives. While the slot is free, the link of the
    /// list that it is on.
    pub(super) extra: AtomicU32,
    /// What else the kind keeps, as its file says: the number or address of a body, a place in a list.
    pub(super) side: Guarded<u64>,
}

#[cfg(not(ntwait_loom))]
const _: () = assert!(size_of::<Slot>() == 64);

/// Where the number of the name begins, beside the kind.
pub(super) const NAME_SHIFT: u32 = 8;
/// Numbers of names are smaller.
pub(crate) const NAMES: u32 = 1 << (u32::BITS - NAME_SHIFT);

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
            extra: AtomicU32::new(0),
            side: Guarded::new(0),
        }
    }
}

// SAFETY: integers and null links.
unsafe impl Zeroed for Slot {}

impl Slot {
    /// Makes a free slot an object, with one handle or one pin, and returns its generation.
    pub(crate) fn bear(&self, birth: Birth, born: Born) -> u32 {
        // Relaxed: the slot came from the free list, whose lock orders us after the object that died here.
        let generation = Word::from_bits(self.word.load(Ordering::Relaxed)).generation();
        let (handles, pins, shared) = match born {
            // A name may lead somebody to it at any moment (S6).
            Born::WithHandle => (1, 0, if birth.name == 0 { 0 } else { Word::SHARED }),
            Born::Pinned => (0, 1, Word::SHARED),
        };
        // SAFETY: S2, not published yet.
        unsafe { self.handles.set(handles) };
        // SAFETY: S2, not published yet.
        unsafe { self.pins.set(pins) };
        // SAFETY: S2, not published yet.
        unsafe { self.kind.set(birth.kind as u32 | birth.name << NAME_SHIFT) };
        // SAFETY: S2, not published yet.
        unsafe { self.side.set(birth.side) };
        self.extra.store(birth.extra, Ordering::Relaxed);
        // Release: whoever locks this generation sees the fields.
        let word = Word::new(generation, birth.flags | shared, false).with_value(birth.value);
        self.word.store(word.bits(), Ordering::Release);
        generation
    }

    /// Acquire: pairs with the RMW that wrote what is seen.
    #[inline]
    pub(crate) fn load(&self) -> Word {
        Word::from_bits(self.word.load(Ordering::Acquire))
    }

    /// As [`load`](Self::load), by someone who is about to change the word.
    #[inline]
    pub(crate) fn load_to_change(&self) -> Word {
        cpu::prefetch_to_write(&self.word);
        self.load()
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
            && self.exchange(word, Word::new(generation + 1, 0, false)).is_ok()
    }

    /// Takes the lock of the object of this generation; `None` if it is gone.
    #[inline]
    pub(crate) fn lock(&self, generation: u32) -> Option<Held<'_>> {
        debug_assert!(depth::is_raised(), "G1");
        let word = self.load_to_change();
        if word.generation() == generation && !word.has(Word::LOCKED) {
            let locked = word.with(Word::LOCKED);
            if self.exchange(word, locked).is_ok() {
                return Some(Held::new(self, locked));
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
                    return Some(Held::new(self, locked));
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

    pub(super) fn lock_futex(&self) -> FutexAddr {
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
        self.extra()
    }

    /// # Safety
    /// The slot is free and the caller holds the lock of the list that it is on or about to be on.
    pub(crate) unsafe fn set_next_free(&self, next: u32) {
        self.set_extra(next);
    }

    /// Relaxed: see the field.
    #[inline]
    pub(crate) fn extra(&self) -> u32 {
        self.extra.load(Ordering::Relaxed)
    }

    #[inline]
    pub(crate) fn set_extra(&self, extra: u32) {
        self.extra.store(extra, Ordering::Relaxed);
    }

    /// What the object which has died here leaves; it is the caller's, and found here no more.
    ///
    /// # Safety
    /// The object is destroyed and the slot is the caller's to recycle.
    pub(crate) unsafe fn take_remains(&self) -> Remains {
        // SAFETY: S2, the caller has the slot.
        let kind = unsafe { self.kind.get() };
        // SAFETY: S2, the caller has the slot.
        let side = unsafe { self.side.get() };
        // SAFETY: S2, the caller has the slot.
        unsafe { self.side.set(0) };
        Remains { kind: Kind::from_bits(kind as u8), side }
    }

    /// Has this slot used up its generations? Only asked of free slots.
    pub(crate) fn is_retired(&self) -> bool {
        self.load().generation() == RETIRED
    }
}

/// What an object leaves when it dies, if its kind keeps something outside of the slot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Remains {
    pub(crate) kind: Kind,
    pub(crate) side: u64,
}

/// What keeps a new object alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Born {
    /// The handle that is about to be returned.
    WithHandle,
    /// The runtime or a thread, without a handle.
    Pinned,
}
