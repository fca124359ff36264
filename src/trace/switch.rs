//! Whether anybody wants to be told of any call, and how the fast paths of calls learn of it at no cost.
//!
//! A call that touches nothing but one object is a handful of instructions, two of which load the address of the handle
//! table's entries and an entry. While calls are reported, every table has fast paths look at an address where there are only
//! zeroes, as if no handle were live: so they find that something is not as usual, and the slow path makes the reports. The code
//! is the same, instruction by instruction.
//!
//! ```text
//!   interest of a callsite ─▶ count of wanted callsites ──0 ↔ 1──▶ every table: where look-ups in a hurry find entries
//!
//!   entries ┌──────────────────────┬──────────────────────┐
//!           │ of handles           │ zeroes, for ever     │
//!           └──────────────────────┴──────────────────────┘
//!           ▲ nobody listens       ▲ calls are reported
//! ```
//!
//! SW1  The count, the list of tables and where they have fast paths look are changed under one lock: a table that comes has
//!      it as it should be. A child of `fork` finds the lock free and no table in the list: its parent's are dead there.
//! SW2  A thread that does not know of a change yet may leave out a report; nothing else depends on it.
//! SW3  At both addresses there are as many entries as the table has, as long as there is the table.

#![allow(unsafe_code, reason = "a list of what leaves it before it goes; entries by their addresses")]

use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::sys::fork;
use crate::sys::list::{Linked, List};
use crate::sys::lock::FutexLock;
use crate::sys::region::Region;
use crate::waiter::shield::Shield;
use core::ptr;

/// Where look-ups in a hurry find the entries of a table, of which this is a part.
#[derive(Debug)]
pub(crate) struct Hurried {
    /// `live`, or the zeroes behind while calls are reported.
    entries: AtomicPtr<AtomicU64>,
    len: usize,
    live: *mut AtomicU64,
    /// The table in the list that joined before this one.
    joined_before: AtomicPtr<Self>,
}

// SAFETY: entries are shared by all threads, and are atomics.
unsafe impl Send for Hurried {}
// SAFETY: as above.
unsafe impl Sync for Hurried {}

impl Linked for Hurried {
    fn link(&self) -> &AtomicPtr<Self> {
        &self.joined_before
    }
}

static TABLES: FutexLock<List<Hurried>> = FutexLock::new(List::EMPTY);
/// How many callsites are wanted. Changed under the lock.
static WANTED: AtomicU32 = AtomicU32::new(0);

/// Does anybody listen to reports at all? One load.
#[inline(always)]
pub(crate) fn is_on() -> bool {
    WANTED.load(Ordering::Relaxed) != 0 // SW2
}

/// Changes whether a callsite is wanted: `change` does it, and says whether it was and is. Under the lock, so that no two
/// threads change one and count the other way round.
pub(super) fn change(change: impl FnOnce() -> (bool, bool)) {
    let _shield = Shield::raise();
    let tables = TABLES.lock();
    let before = WANTED.load(Ordering::Relaxed);
    match change() {
        (false, true) => WANTED.store(before + 1, Ordering::Relaxed),
        (true, false) => WANTED.store(before - 1, Ordering::Relaxed),
        _ => return,
    }
    tables.iter().for_each(Hurried::tell);
}

impl Hurried {
    /// Of a table with these entries, which have zeroes behind them.
    pub(crate) fn new(entries: &Region<AtomicU64>) -> Self {
        let live = entries.base();
        Self { entries: AtomicPtr::new(live), len: entries.len(), live, joined_before: AtomicPtr::new(ptr::null_mut()) }
    }

    #[inline(always)]
    pub(crate) fn entry(&self, index: usize) -> Option<&AtomicU64> {
        if index >= self.len {
            return None;
        }
        // SAFETY: SW3.
        let entry = unsafe { self.entries.load(Ordering::Relaxed).add(index) };
        // SAFETY: SW3; what is there changes through atomics only.
        Some(unsafe { &*entry })
    }

    fn tell(&self) {
        let entries = if is_on() { self.live.wrapping_add(self.len) } else { self.live };
        self.entries.store(entries, Ordering::Relaxed);
    }

    /// Is told of changes from now on.
    ///
    /// # Safety
    /// It has just been made, and stays where it is until it has [left](Self::leave).
    pub(crate) unsafe fn join(&self) {
        static MENDED: AtomicU32 = AtomicU32::new(0);
        let _shield = Shield::raise();
        fork::in_child(&MENDED, renew);
        let mut tables = TABLES.lock();
        // SAFETY: the caller's promise.
        unsafe { tables.join(self) };
        self.tell();
    }

    /// Is told of nothing any more. In a child of `fork` it may have been forgotten already.
    pub(crate) fn leave(&self) {
        let _shield = Shield::raise();
        TABLES.lock().leave(self);
    }
}

/// In a child of `fork`, whose only thread calls it. What was wanted in the parent is wanted there.
unsafe extern "C" fn renew() {
    // SAFETY: there is no other thread.
    unsafe { TABLES.renew(List::EMPTY) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::entry::Handle;
    use crate::nt::EventType;
    use crate::objects::Kind;
    use crate::{AccessMask, ObjectAttributes, Runtime};

    /// A runtime with an event.
    fn with_event() -> (Runtime, Handle) {
        let nt = Runtime::new().unwrap();
        let all = AccessMask::EVENT_ALL_ACCESS;
        let event = nt.nt_create_event(all, ObjectAttributes::NONE, EventType::NOTIFICATION, false).unwrap();
        (nt, event)
    }

    fn found_in_a_hurry((nt, event): &(Runtime, Handle)) -> bool {
        nt.table().glance(*event, Kind::Event, 0).is_some()
    }

    /// No other test of this program has anybody listen.
    #[test]
    fn sw1_every_table_is_told_whether_it_is_old_or_new() {
        let mut all: Vec<_> = (0..3).map(|_| with_event()).collect();
        assert!(all.iter().all(found_in_a_hurry));
        for wanted in [true, true, false] {
            change(|| (!wanted, wanted));
            assert!(is_on());
            all.push(with_event());
            assert!(!all.iter().any(found_in_a_hurry));
            drop(all.remove(1));
            for (nt, event) in &all {
                assert_eq!((nt.nt_set_event(*event), nt.nt_reset_event(*event)), (Ok(0), Ok(1)));
                assert!(nt.table().find(*event, Kind::Event, 0).is_ok());
            }
        }
        change(|| (true, false));
        assert!(!is_on() && all.iter().all(found_in_a_hurry));
    }
}
