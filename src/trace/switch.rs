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

#![allow(unsafe_code, reason = "a list of what leaves it before it goes")]

use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::sys::fork;
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
    /// The next in the list. Changed under the lock, so relaxed.
    next: AtomicPtr<Self>,
}

// SAFETY: entries are shared by all threads, and are atomics.
unsafe impl Send for Hurried {}
// SAFETY: as above.
unsafe impl Sync for Hurried {}

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
    let mut next = tables.0;
    // SAFETY: in the list, so it is there while the lock is held.
    while let Some(member) = unsafe { next.as_ref() } {
        member.tell();
        next = member.next.load(Ordering::Relaxed);
    }
}

impl Hurried {
    /// Of a table with these entries, which have zeroes behind them.
    pub(crate) fn new(entries: &Region<AtomicU64>) -> Self {
        let live = entries.base();
        Self { entries: AtomicPtr::new(live), len: entries.len(), live, next: AtomicPtr::new(ptr::null_mut()) }
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
