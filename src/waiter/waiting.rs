//! One who waits: a thread, which sleeps, or something without a thread, which is told.
//!
//! For whoever ends the wait there is no difference: it decides the parking word, unlinks the block, and when it holds no
//! lock any more it rouses the waiter, one way or the other.
//!
//! ```text
//!   thread         decided ─▶ block FREE ─▶ wake of the parking word's futex     (stray wakes do no harm)
//!   notified       decided ─▶ block FREE ─▶ notify(data)                         exactly once for each wait
//! ```
//!
//! Y1  A waiter with a notifier is there until it was notified: who wants to let go of it ends its wait himself, by winning
//!     the decision, or leaves it to whoever notifies it.
//! Y2  The notifier, `who` and `wait_set` are written while no block of the waiter is linked, and read under the lock of
//!     an object that one is linked to, or before the block is freed.
//! Y3  A future is no owner of mutants. If it waits for one, it is [`NOBODY`]: nothing is ever taken for it, it is told that it
//!     could be, and the thread that asks for its result tries to take it for itself.
//! Y4  What is taken for [`NOBODY`] may have to be given back, so its block is told the number that the object keeps beside its
//!     word at that moment: for a timer, of which setting the expiry was.

#![allow(unsafe_code, reason = "the blocks of a wait-all, seen by others")]

use super::WaitBlock;
use super::park::ParkingWord;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::cell::Guarded;
use crate::sys::futex::{self, FutexAddr};
use core::ptr;

/// The number of who waits without being anybody that could own something (Y3).
pub(crate) const NOBODY: u32 = u32::MAX;

/// Who waits, as signallers see him.
#[derive(Debug)]
#[repr(C)] // what every wait touches comes first
pub(crate) struct Waiter {
    pub(crate) park: ParkingWord,
    /// The number under which a thread owns mutants, for the wait that it is in (Y2).
    who: AtomicU32,
    /// The blocks of the wait-all that it is in: one for each object, in the caller's order (Y2).
    wait_set: Guarded<(*const WaitBlock, usize)>,
    notifier: Guarded<Option<Notifier>>,
}

// SAFETY: the pointers are to blocks, which outlive their use (B2).
unsafe impl Send for Waiter {}
// SAFETY: as above.
unsafe impl Sync for Waiter {}

/// Whom to tell of the end of a wait. It is told with no lock held, under the shield of whoever ended the wait, and neither
/// blocks nor calls anything of the user's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notifier {
    pub(crate) notify: fn(*const ()),
    pub(crate) data: *const (),
}

/// What is still to be done for a waiter whose wait was ended while it slept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rouse {
    Wake(FutexAddr),
    Notify(Notifier),
}

impl Rouse {
    pub(crate) fn pay(self) {
        match self {
            Self::Wake(futex) => {
                futex::wake(futex, 1);
            }
            Self::Notify(notifier) => (notifier.notify)(notifier.data),
        }
    }
}

impl Waiter {
    pub(crate) fn new() -> Self {
        Self {
            park: ParkingWord::default(),
            who: AtomicU32::new(0),
            wait_set: Guarded::new((ptr::null(), 0)),
            notifier: Guarded::new(None),
        }
    }

    /// Whom to tell from now on.
    ///
    /// # Safety
    /// No block of the waiter is linked, and the caller is who links them (Y2).
    pub(crate) unsafe fn set_notifier(&self, notifier: Notifier) {
        // SAFETY: the caller's promise.
        unsafe { self.notifier.set(Some(notifier)) };
    }

    /// How to rouse it.
    ///
    /// # Safety
    /// A block of the waiter is not FREE, and the caller holds the lock of the block's object or owns its chain (Y2).
    #[inline]
    pub(crate) unsafe fn rouse(&self) -> Rouse {
        // SAFETY: the caller's promise.
        match unsafe { self.notifier.get() } {
            None => Rouse::Wake(self.park.futex()),
            Some(notifier) => Rouse::Notify(notifier),
        }
    }

    /// # Safety
    /// The caller is the waiter and none of its blocks is linked.
    pub(crate) unsafe fn set_wait_set(&self, blocks: &[WaitBlock]) {
        // SAFETY: nobody else reads it while no block is linked.
        unsafe { self.wait_set.set((blocks.as_ptr(), blocks.len())) };
    }

    /// The blocks of the wait-all that it is in.
    ///
    /// # Safety
    /// The caller holds the lock of an object that one of the blocks is linked to, for as long as `'b`.
    pub(crate) unsafe fn wait_set<'b>(&self) -> &'b [WaitBlock] {
        // SAFETY: not written while a block is linked.
        let (first, count) = unsafe { self.wait_set.get() };
        // SAFETY: the waiter keeps its blocks until all are FREE (B2), and one is linked.
        unsafe { core::slice::from_raw_parts(first, count) }
    }

    /// Said by the waiter, while none of its blocks is linked.
    pub(crate) fn set_who(&self, who: u32) {
        self.who.store(who, Ordering::Relaxed);
    }

    /// The number under which the thread takes the mutants of its wait. Relaxed: asked under the lock of an object that one
    /// of its blocks is linked to.
    pub(crate) fn who(&self) -> u32 {
        self.who.load(Ordering::Relaxed)
    }
}
