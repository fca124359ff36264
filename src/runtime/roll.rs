//! All runtimes of the process, for those who look at more than one.
//!
//! RO1  A resident is on the list from its birth until its last reference is gone. Who finds it there takes a reference of his
//!      own, unless there is none left.
//! RO2  In a child of `fork` the list is empty: the parent's runtimes mean nothing there.

#![allow(unsafe_code, reason = "a list of what leaves it before it goes")]

use super::residents::{Resident, ResidentRef};
use crate::sys::atomic::AtomicU32;
use crate::sys::fork;
use crate::sys::list::List;
use crate::sys::lock::FutexLock;
use crate::waiter::shield::Shield;

static ALL: FutexLock<List<Resident>> = FutexLock::new(List::EMPTY);

/// In a child of `fork`, whose only thread calls it (RO2).
unsafe extern "C" fn renew() {
    // SAFETY: there is no other thread.
    unsafe { ALL.renew(List::EMPTY) };
}

/// # Safety
/// It has just been made, and stays where it is until it has [left](leave).
pub(super) unsafe fn join(resident: &Resident) {
    static MENDED: AtomicU32 = AtomicU32::new(0);
    let _shield = Shield::raise();
    fork::in_child(&MENDED, renew);
    // SAFETY: the caller's promise.
    unsafe { ALL.lock().join(resident) };
}

/// In a child of `fork` it may have been forgotten already.
pub(super) fn leave(resident: &Resident) {
    let _shield = Shield::raise();
    ALL.lock().leave(resident);
}

/// References to all that are there, the oldest first. The depth is raised, and no lock is held.
pub(crate) fn all() -> Vec<ResidentRef> {
    let mut found = Vec::new();
    while !fill(&mut found) {
        let room = found.capacity() * 2 + 8;
        found.clear(); // with no lock held: some may have been the last
        found.reserve(room);
    }
    found.reverse();
    found
}

/// False: there is no room for all.
fn fill(found: &mut Vec<ResidentRef>) -> bool {
    for member in ALL.lock().iter() {
        if found.len() == found.capacity() {
            return false;
        }
        found.extend(ResidentRef::to_living(member)); // RO1
    }
    true
}
