//! Whether anybody wants to be told of any call, and how the fast paths of calls learn of it at no cost.
//!
//! A call that touches nothing but one object is a handful of instructions, of which one compares the handle's index with the
//! length of the handle table. While calls are reported, the hurried length of every table is 0: then every fast path finds
//! that something is not as usual, and the slow path makes the reports.
//!
//! ```text
//!   interest of a callsite ─▶ count of wanted callsites ──0 ↔ 1──▶ every table: hurried length 0 ↔ all
//! ```
//!
//! SW1  The count, the list of tables and their hurried lengths are changed under one lock: a table that comes has the length
//!      that it should have. A child of `fork` finds the lock free and no table in the list: its parent's are dead there.
//! SW2  A thread that does not know of a change yet may leave out a report; nothing else depends on it.

#![allow(unsafe_code, reason = "a list of what leaves it before it goes")]

use crate::sys::atomic::{AtomicPtr, AtomicU32, Ordering};
use crate::sys::fork;
use crate::sys::lock::FutexLock;
use crate::waiter::shield::Shield;
use core::ptr;

/// How far hurried look-ups reach in a table.
#[derive(Debug)]
pub(crate) struct Hurried {
    full: u32,
    /// `full`, or 0 while calls are reported.
    length: AtomicU32,
    /// The next in the list. Changed under the lock, so relaxed.
    next: AtomicPtr<Self>,
}

/// The first of the list.
struct First(*mut Hurried);

// SAFETY: the list's members can be shared by threads, and each stays until it has left under the lock.
unsafe impl Send for First {}

static TABLES: FutexLock<First> = FutexLock::new(First(ptr::null_mut()));
/// How many callsites are wanted. Changed under the lock.
static WANTED: AtomicU32 = AtomicU32::new(0);

/// Does anybody listen to reports at all? One load.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    WANTED.load(Ordering::Relaxed) != 0 // SW2
}

/// A callsite is wanted from now on, or not any more.
pub(super) fn count(is_wanted: bool) {
    let _shield = Shield::raise();
    let tables = TABLES.lock();
    let before = WANTED.load(Ordering::Relaxed);
    WANTED.store(if is_wanted { before + 1 } else { before - 1 }, Ordering::Relaxed);
    let mut next = tables.0;
    // SAFETY: in the list, so it is there while the lock is held.
    while let Some(member) = unsafe { next.as_ref() } {
        member.tell();
        next = member.next.load(Ordering::Relaxed);
    }
}

impl Hurried {
    /// Of a table of this many entries.
    pub(crate) const fn new(full: u32) -> Self {
        Self { full, length: AtomicU32::new(full), next: AtomicPtr::new(ptr::null_mut()) }
    }

    /// May this index be looked up in a hurry?
    #[inline(always)]
    pub(crate) fn reaches(&self, index: usize) -> bool {
        index < self.length.load(Ordering::Relaxed) as usize
    }

    fn tell(&self) {
        self.length.store(if is_on() { 0 } else { self.full }, Ordering::Relaxed);
    }

    /// Is told of changes from now on.
    ///
    /// # Safety
    /// It stays where it is until it has [left](Self::leave).
    pub(crate) unsafe fn join(&self) {
        static MENDED: AtomicU32 = AtomicU32::new(0);
        let _shield = Shield::raise();
        fork::in_child(&MENDED, renew);
        let mut tables = TABLES.lock();
        self.next.store(tables.0, Ordering::Relaxed);
        tables.0 = ptr::from_ref(self).cast_mut();
        self.tell();
    }

    /// Is told of nothing any more. In a child of `fork` it may have been forgotten already.
    pub(crate) fn leave(&self) {
        let _shield = Shield::raise();
        let mut tables = TABLES.lock();
        let rest = self.next.load(Ordering::Relaxed);
        if ptr::eq(tables.0, self) {
            tables.0 = rest;
            return;
        }
        let mut next = tables.0;
        // SAFETY: in the list, so it is there while the lock is held.
        while let Some(member) = unsafe { next.as_ref() } {
            next = member.next.load(Ordering::Relaxed);
            if ptr::eq(next, self) {
                member.next.store(rest, Ordering::Relaxed);
                return;
            }
        }
    }
}

/// In a child of `fork`, whose only thread calls it. What was wanted in the parent is wanted there.
unsafe extern "C" fn renew() {
    // SAFETY: there is no other thread.
    unsafe { TABLES.renew(First(ptr::null_mut())) };
}
