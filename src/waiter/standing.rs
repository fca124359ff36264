//! Standing orders: calls that a thread is to make whenever something happens, in memory that is there beforehand.
//!
//! ```text
//!              give                       fire                      the thread calls it
//!   nobody's ───────▶ a thread's, idle ─────────▶ a thread's, queued ──────────────────▶ a thread's, idle
//!      ▲                    │    ▲                     │  │ fire: nothing
//!      │      withdraw      │    └─────────────────────┘◀─┘
//!      └── end of the thread┴──────────────────────────┘
//! ```
//!
//! Firing one that is still queued changes nothing: what it was queued with stays (A33, T15).
//!
//! O1  Whose it is changes from nobody to a thread by its bearer alone, and from that thread to nobody under the control
//!     lock of that thread's record. So whoever has that lock, and sees that it is the thread's, may rely on it.
//! O2  While it is a thread's, its other fields belong to that control lock; while it is nobody's, to its bearer.
//! O3  A thread that ends takes all that are its own off its list: then nobody queues anything for it.
//! O4  The number tells one giving from another: an event that belongs to the last one fires nothing.
//! orderings   the owner: Release → Acquire; what follows is under the lock

#![allow(unsafe_code, reason = "an intrusive list")]

use super::apc::{Apc, ApcBlock};
use super::park::Posted;
use super::record::ThreadRecord;
use super::shield::Shield;
use crate::sys::atomic::{AtomicPtr, Ordering};
use crate::sys::cell::Guarded;
use crate::sys::futex;
use core::ffi::c_void;
use core::ptr;

/// A standing order; a part of something that is never freed: its bearer.
#[derive(Debug)]
pub(crate) struct StandingApc {
    block: ApcBlock,
    owner: AtomicPtr<ThreadRecord>,
    previous: Guarded<*const StandingApc>,
    next: Guarded<*const StandingApc>,
    /// What is called; the second and third argument come with each firing.
    apc: Guarded<Option<Apc>>,
    number: Guarded<u32>,
    bearer: Guarded<*const c_void>,
}

// SAFETY: the fields follow O2; the pointers are to records and orders, which are never freed.
unsafe impl Send for StandingApc {}
// SAFETY: as above.
unsafe impl Sync for StandingApc {}

/// The standing orders of one thread; a part of its control block.
#[derive(Debug)]
pub(crate) struct StandingList(*const StandingApc);

// SAFETY: a list of orders that belong to it.
unsafe impl Send for StandingList {}

impl StandingList {
    pub(crate) const EMPTY: Self = Self(ptr::null());

    fn push(&mut self, order: &StandingApc) {
        // SAFETY: O2, the caller has the lock.
        unsafe { order.previous.set(ptr::null()) };
        // SAFETY: O2, the caller has the lock.
        unsafe { order.next.set(self.0) };
        // SAFETY: null, or an order of this list, which is never freed.
        if let Some(first) = unsafe { self.0.as_ref() } {
            // SAFETY: O2, the caller has the lock.
            unsafe { first.previous.set(order) };
        }
        self.0 = order;
    }

    fn take(&mut self, order: &StandingApc) {
        // SAFETY: O2, the caller has the lock.
        let previous = unsafe { order.previous.get() };
        // SAFETY: O2, the caller has the lock.
        let next = unsafe { order.next.get() };
        // SAFETY: null, or an order of this list, which is never freed.
        match unsafe { previous.as_ref() } {
            // SAFETY: O2, the caller has the lock.
            Some(previous) => unsafe { previous.next.set(next) },
            None => self.0 = next,
        }
        // SAFETY: null, or an order of this list, which is never freed.
        if let Some(next) = unsafe { next.as_ref() } {
            // SAFETY: O2, the caller has the lock.
            unsafe { next.previous.set(previous) };
        }
    }
}

impl StandingApc {
    pub(crate) fn new() -> Self {
        Self {
            block: ApcBlock::part(),
            owner: AtomicPtr::new(ptr::null_mut()),
            previous: Guarded::new(ptr::null()),
            next: Guarded::new(ptr::null()),
            apc: Guarded::new(None),
            number: Guarded::new(0),
            bearer: Guarded::new(ptr::null()),
        }
    }

    /// Acquire: see the file's head.
    fn owner(&self) -> Option<&'static ThreadRecord> {
        // SAFETY: null, or a record, which is never freed.
        unsafe { self.owner.load(Ordering::Acquire).as_ref() }
    }

    /// The calling thread is to call this, from now on, whenever it is fired by this number. It was nobody's.
    ///
    /// # Safety
    /// The caller acts for the bearer, as nobody else does at this time (O1).
    pub(crate) unsafe fn give(&'static self, me: &'static ThreadRecord, apc: Apc, number: u32, bearer: *const c_void) {
        let mut control = me.control.lock();
        // SAFETY: O2, it is nobody's.
        unsafe { self.apc.set(Some(apc)) };
        // SAFETY: O2, it is nobody's.
        unsafe { self.number.set(number) };
        // SAFETY: O2, it is nobody's.
        unsafe { self.bearer.set(bearer) };
        control.standing.push(self);
        self.owner.store(ptr::from_ref(me).cast_mut(), Ordering::Release);
    }

    /// Nobody is to call it any more; if it is queued, it is so no longer.
    ///
    /// # Safety
    /// As for [`give`](Self::give).
    pub(crate) unsafe fn withdraw(&'static self) {
        if let Some(thread) = self.owner() {
            self.leave(thread);
        }
    }

    /// O1. True: it was this thread's.
    fn leave(&self, thread: &'static ThreadRecord) -> bool {
        let mut control = thread.control.lock();
        let is_its = self.owner().is_some_and(|owner| ptr::eq(owner, thread));
        if is_its {
            control.standing.take(self);
            control.unqueue_part(thread, &self.block);
            self.owner.store(ptr::null_mut(), Ordering::Release);
        }
        is_its
    }

    /// Queues the call with these arguments, beside the first, if it is still somebody's by this number.
    pub(crate) fn fire(&'static self, number: u32, second: *mut c_void, third: *mut c_void) {
        let Some(thread) = self.owner() else {
            return;
        };
        let _shield = Shield::raise();
        if self.queue(thread, number, second, third) == Some(Posted::Wake) {
            futex::wake(thread.park.futex(), 1);
        }
    }

    fn queue(
        &'static self,
        thread: &'static ThreadRecord,
        number: u32,
        second: *mut c_void,
        third: *mut c_void,
    ) -> Option<Posted> {
        let mut control = thread.control.lock();
        self.owner().filter(|owner| ptr::eq(*owner, thread))?;
        // SAFETY: O1, O2.
        let apc = unsafe { self.apc.get() }?;
        // SAFETY: O1, O2.
        let known = unsafe { self.number.get() };
        // SAFETY: O1, O2.
        if known != number || unsafe { self.block.is_queued() } {
            return None;
        }
        let apc = Apc { arguments: [apc.arguments[0], second, third], ..apc };
        Some(control.queue_part(thread, &self.block, apc))
    }
}

/// Takes one order from a thread that is ending: its bearer, and the number that it was given with (O3).
pub(crate) fn take_one(thread: &'static ThreadRecord) -> Option<(*const c_void, u32)> {
    loop {
        let (order, bearer, number) = {
            let control = thread.control.lock();
            // SAFETY: null, or an order, which is never freed.
            let order = unsafe { control.standing.0.as_ref() }?;
            // SAFETY: O2, it is this thread's.
            let bearer = unsafe { order.bearer.get() };
            // SAFETY: O2, it is this thread's.
            (order, bearer, unsafe { order.number.get() })
        };
        if order.leave(thread) {
            return Some((bearer, number));
        }
    }
}
