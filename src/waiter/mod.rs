//! Wait blocks and the queue of an object: one block for each object that a thread waits for.
//!
//! ```text
//!   object                        thread A                thread B
//!   ┌──────┐      ┌───────┐      ┌───────┐
//!   │ head ├─────▶│ A, 0  │◀────▶│ B, 2  │◀── tail     (thread, index in its wait)
//!   └──────┘      └───────┘      └───────┘
//!
//!            append               unlink
//!   FREE ─────────────▶ LINKED ────────────────────────────▶ FREE
//!     ▲ ▲                  │ unlink, thread sleeps and is not the first to be woken
//!     │ │                  ├──▶ CHAINED ── free ──▶ FREE
//!     │ │                  │ unlink, thread is to stop: the object is pinned for it
//!     │ └── its thread ────┴──▶ KEPT
//! ```
//!
//! B1  A block is LINKED by its thread and unlinked by anyone, both with the object's lock held.
//! B2  The signaller decides the thread's wait first, then unlinks the block, and its last touch of it is the
//!     move to FREE. The thread leaves the wait only when all its blocks are FREE, so a block that is LINKED or
//!     CHAINED is alive and belongs to the wait it was linked for.
//!     A block whose thread is about to stand still goes to KEPT instead: a wait refers to its objects (W35), also while
//!     its thread is in no queue.
//! B3  CHAINED blocks belong to the signaller that chained them: their links are its list of threads to wake.
//! B4  `slot`, `waiter`, `index` and `role` are written by the thread while the block is FREE and not changed
//!     until it is FREE again.
//! orderings   to FREE: Release → is FREE: Acquire (the consumption on the thread's behalf is seen by it).
//!
//! # Safety
//! Raw links live in this file and nowhere else. Following one is sound because of B2.

#![allow(unsafe_code, reason = "intrusive list")]

pub(crate) mod apc;
pub(crate) mod at_exit;
pub(crate) mod goal;
pub(crate) mod history;
pub(crate) mod interrupt;
pub(crate) mod notice;
pub(crate) mod park;
pub(crate) mod pile;
pub(crate) mod pool;
pub(crate) mod record;
pub(crate) mod seat;
pub(crate) mod shield;
pub(crate) mod standing;
pub(crate) mod waiting;

use crate::objects::slot::Slot;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::cell::Guarded;
use crate::sys::cpu::BackOff;
use crate::sys::futex::FutexAddr;
use core::ptr;
use record::ThreadRecord;
use waiting::{Rouse, Waiter};

const FREE: u32 = 0;
const LINKED: u32 = 1;
const CHAINED: u32 = 2;
const KEPT: u32 = 3;

/// A pointer to a wait block, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link(*const WaitBlock);

// SAFETY: a link is an address; following it is what needs care (file head).
unsafe impl Send for Link {}

impl Link {
    pub(crate) const NONE: Self = Self(ptr::null());

    pub(crate) fn to(block: &WaitBlock) -> Self {
        Self(block)
    }

    pub(crate) fn is_none(self) -> bool {
        self.0.is_null()
    }

    /// The block, for as long as it cannot become FREE.
    ///
    /// # Safety
    /// The link was read under the lock of the object that the block is linked to, and `'b` ends before that
    /// lock is released or the block is freed; or the caller owns the chain it is on (B3).
    pub(crate) unsafe fn follow<'b>(self) -> Option<&'b WaitBlock> {
        // SAFETY: B2; the caller keeps the block from becoming FREE.
        unsafe { self.0.as_ref() }
    }
}

/// Part that a block plays in its thread's wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// This object alone ends the wait.
    Any,
    /// Only all objects of the wait together do.
    All,
}

/// One thread's place in one object's queue.
#[derive(Debug)]
pub(crate) struct WaitBlock {
    prev: Guarded<Link>,
    next: Guarded<Link>,
    waiter: Guarded<*const Waiter>,
    slot: Guarded<*const Slot>,
    generation: Guarded<u32>,
    index: Guarded<u32>,
    role: Guarded<Role>,
    state: AtomicU32,
}

// SAFETY: the pointers are to records and slots, which never go away; the fields follow B1 to B4.
unsafe impl Send for WaitBlock {}
// SAFETY: as above.
unsafe impl Sync for WaitBlock {}

impl Default for WaitBlock {
    fn default() -> Self {
        Self {
            prev: Guarded::new(Link::NONE),
            next: Guarded::new(Link::NONE),
            waiter: Guarded::new(ptr::null()),
            slot: Guarded::new(ptr::null()),
            generation: Guarded::new(0),
            index: Guarded::new(0),
            role: Guarded::new(Role::Any),
            state: AtomicU32::new(FREE),
        }
    }
}

impl WaitBlock {
    /// Says whose wait this is and for what.
    ///
    /// # Safety
    /// The block is FREE and the caller is the thread it belongs to (B4).
    pub(crate) unsafe fn prepare(&self, waiter: &Waiter, (slot, generation): (&Slot, u32), index: u32, role: Role) {
        // SAFETY: B4, the caller's promise, for this and the next four.
        unsafe { self.waiter.set(waiter) };
        // SAFETY: B4.
        unsafe { self.index.set(index) };
        // SAFETY: B4.
        unsafe { self.slot.set(slot) };
        // SAFETY: B4.
        unsafe { self.generation.set(generation) };
        // SAFETY: B4.
        unsafe { self.role.set(role) };
    }

    /// Says whose wait this is, for a queue that is no object's; the index is what the thread likes others to see.
    ///
    /// # Safety
    /// As for [`prepare`](Self::prepare).
    pub(crate) unsafe fn prepare_for_no_object(&self, thread: &ThreadRecord, index: u32) {
        // SAFETY: B4, the caller's promise. The record begins with the waiter.
        unsafe { self.waiter.set(ptr::from_ref(thread).cast()) };
        // SAFETY: B4.
        unsafe { self.index.set(index) };
    }

    /// The thread that waits in a queue that is no object's.
    ///
    /// # Safety
    /// The block was prepared for such a queue, and is linked there under a lock that the caller holds.
    pub(crate) unsafe fn thread<'t>(&self) -> &'t ThreadRecord {
        const { assert!(ThreadRecord::WAITER_OFFSET == 0) };
        // SAFETY: B4.
        let waiter = unsafe { self.waiter.get() };
        // SAFETY: it was made of a record, and records are recycled, never freed.
        unsafe { &*waiter.cast() }
    }

    /// Says something to the thread that is about to get the block back.
    ///
    /// # Safety
    /// The caller has decided the thread's wait and, if the block is LINKED still, holds its object's lock.
    pub(crate) unsafe fn answer(&self, index: u32) {
        // SAFETY: B2, the block is the caller's until it frees it.
        unsafe { self.index.set(index) };
    }

    /// # Safety
    /// The block is LINKED and its object locked, or the caller is the thread it belongs to (B4).
    pub(crate) unsafe fn target<'s>(&self) -> (&'s Slot, u32) {
        // SAFETY: B4.
        let slot = unsafe { self.slot.get() };
        // SAFETY: B4.
        let generation = unsafe { self.generation.get() };
        // SAFETY: slots are never unmapped while a call on their runtime is in flight (S1).
        (unsafe { &*slot }, generation)
    }

    /// # Safety
    /// As for [`target`](Self::target).
    pub(crate) unsafe fn waiter<'w>(&self) -> &'w Waiter {
        // SAFETY: B4.
        let waiter = unsafe { self.waiter.get() };
        // SAFETY: waiters are recycled, never freed.
        unsafe { &*waiter }
    }

    /// # Safety
    /// As for [`target`](Self::target).
    pub(crate) unsafe fn index(&self) -> u32 {
        // SAFETY: B4.
        unsafe { self.index.get() }
    }

    /// # Safety
    /// As for [`target`](Self::target).
    pub(crate) unsafe fn is_all(&self) -> bool {
        // SAFETY: B4.
        (unsafe { self.role.get() }) == Role::All
    }

    /// The next block of the same queue or chain.
    ///
    /// # Safety
    /// The caller holds the object's lock, or owns the chain.
    pub(crate) unsafe fn next(&self) -> Link {
        // SAFETY: B1, B3.
        unsafe { self.next.get() }
    }

    /// # Safety
    /// The caller holds the object's lock, `last` is the end of its queue, and the block is FREE.
    pub(crate) unsafe fn link_after(&self, last: Link) {
        // SAFETY: the caller holds the lock that keeps `last` linked.
        if let Some(last) = unsafe { last.follow() } {
            // SAFETY: B1.
            unsafe { last.next.set(Link::to(self)) };
        }
        // SAFETY: B1.
        unsafe { self.prev.set(last) };
        // SAFETY: B1.
        unsafe { self.next.set(Link::NONE) };
        self.state.store(LINKED, Ordering::Relaxed);
    }

    /// Joins its neighbours and returns them.
    ///
    /// # Safety
    /// The caller holds the object's lock and the block is LINKED to it.
    pub(crate) unsafe fn unlink(&self) -> (Link, Link) {
        // SAFETY: B1.
        let before = unsafe { self.prev.get() };
        // SAFETY: B1.
        let after = unsafe { self.next.get() };
        // SAFETY: the lock keeps the neighbours linked.
        if let Some(before) = unsafe { before.follow() } {
            // SAFETY: B1.
            unsafe { before.next.set(after) };
        }
        // SAFETY: the lock keeps the neighbours linked.
        if let Some(after) = unsafe { after.follow() } {
            // SAFETY: B1.
            unsafe { after.prev.set(before) };
        }
        (before, after)
    }

    /// Gives the block back to its thread. The last touch (B2).
    ///
    /// Release: what was consumed for the thread is seen by it.
    pub(crate) fn free(&self) {
        self.state.store(FREE, Ordering::Release);
    }

    /// As [`free`](Self::free), with a pin of the object that goes to the thread.
    pub(crate) fn keep(&self) {
        self.state.store(KEPT, Ordering::Release);
    }

    /// Relaxed: only a hint to try the lock, under which it is asked again.
    pub(crate) fn is_linked(&self) -> bool {
        self.state.load(Ordering::Relaxed) == LINKED
    }

    /// Returns when the signaller that has the block has let go of it, which it does before it wakes the thread; so only
    /// a thread that rose for another reason ever waits here, and not long.
    pub(crate) fn await_free(&self) {
        let mut back_off = BackOff::default();
        loop {
            // Acquire: pairs with `free` and `keep`.
            match self.state.load(Ordering::Acquire) {
                FREE => return,
                KEPT => return self.state.store(FREE, Ordering::Relaxed), // ours already
                _ => back_off.pause(),
            }
        }
    }
}

/// So many FREE blocks, for a wait that is longer than a record has blocks for. `None`: no memory.
pub(crate) fn blocks(count: usize) -> Option<Vec<WaitBlock>> {
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count).ok()?;
    blocks.resize_with(count, WaitBlock::default);
    Some(blocks)
}

/// Those whom a signaller has satisfied and must rouse once it holds no lock, in the order of their queues.
///
/// Of the first it keeps the address alone, or whom to notify, and frees the block at once. The list of the others runs through their
/// blocks, so it needs no memory and has no limit (B3).
#[must_use = "these threads sleep until they are woken"]
#[derive(Debug)]
pub(crate) struct Chain {
    head: Option<Rouse>,
    first: Link,
    last: Link,
}

impl Chain {
    pub(crate) const EMPTY: Self = Self { head: None, first: Link::NONE, last: Link::NONE };

    /// Adds a block that was just unlinked and whose thread sleeps.
    ///
    /// # Safety
    /// The caller has decided the block's wait and unlinked the block, and still holds the lock under which it
    /// did.
    pub(crate) unsafe fn push(&mut self, block: &WaitBlock) {
        if self.head.is_none() {
            // SAFETY: B4, the block is not FREE yet.
            let waiter = unsafe { block.waiter() };
            // SAFETY: as above.
            self.head = Some(unsafe { waiter.rouse() });
            block.free();
            return;
        }
        // SAFETY: the caller's promise.
        unsafe { self.add(block) };
    }

    /// The same, but the block stays with the chain until the wake, be it the first: something is still to be told to it.
    ///
    /// # Safety
    /// As for [`push`](Self::push).
    pub(crate) unsafe fn add(&mut self, block: &WaitBlock) {
        block.state.store(CHAINED, Ordering::Relaxed);
        // SAFETY: B3, the block is ours now.
        unsafe { block.next.set(Link::NONE) };
        // SAFETY: B3, a block of our own chain.
        match unsafe { self.last.follow() } {
            // SAFETY: B3.
            Some(last) => unsafe { last.next.set(Link::to(block)) },
            None => self.first = Link::to(block),
        }
        self.last = Link::to(block);
    }

    /// Tells all threads of the chain whose blocks it has (B3).
    pub(crate) fn answer(&self, index: u32) {
        let mut link = self.first;
        // SAFETY: B3.
        while let Some(block) = unsafe { link.follow() } {
            // SAFETY: B3, decided and unlinked.
            unsafe { block.answer(index) };
            // SAFETY: B3.
            link = unsafe { block.next() };
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// The address to wake, if it is one thread's alone.
    pub(crate) fn only(&self) -> Option<FutexAddr> {
        match self.head {
            Some(Rouse::Wake(futex)) if self.first.is_none() => Some(futex),
            _ => None,
        }
    }

    /// Wakes them. No lock may be held.
    pub(crate) fn wake(self) {
        if let Some(head) = self.head {
            head.pay();
        }
        let mut link = self.first;
        // SAFETY: B3; each block is followed once, before it is freed.
        while let Some(block) = unsafe { link.follow() } {
            // SAFETY: B3.
            link = unsafe { block.next() };
            // SAFETY: B3, B4.
            let waiter = unsafe { block.waiter() };
            // SAFETY: B3: not FREE yet.
            let rouse = unsafe { waiter.rouse() };
            block.free();
            rouse.pay();
        }
    }
}
