//! All runtimes of the process, for those who look at more than one.
//!
//! RO1  A resident is on the list from its birth until its last reference is gone. Who finds it there takes a reference of his
//!      own, unless there is none left.
//! RO2  In a child of `fork` the list is empty: the parent's runtimes mean nothing there.

#![allow(unsafe_code, reason = "a list of what leaves it before it goes")]

use super::residents::{Resident, ResidentRef};
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::fork;
use crate::sys::lock::FutexLock;
use crate::waiter::shield::Shield;
use core::ptr;

/// The last that has joined.
struct Head(*mut Resident);

// SAFETY: members are on the list while they live, and it is changed under the lock.
unsafe impl Send for Head {}

static LIST: FutexLock<Head> = FutexLock::new(Head(ptr::null_mut()));

/// In a child of `fork`, whose only thread calls it (RO2).
unsafe extern "C" fn renew() {
    // SAFETY: there is no other thread.
    unsafe { LIST.renew(Head(ptr::null_mut())) };
}

/// # Safety
/// It stays where it is until it has [left](leave).
pub(super) unsafe fn join(resident: &Resident) {
    static MENDED: AtomicU32 = AtomicU32::new(0);
    let _shield = Shield::raise();
    fork::in_child(&MENDED, renew);
    let mut list = LIST.lock();
    resident.joined_before.store(list.0, Ordering::Relaxed);
    list.0 = ptr::from_ref(resident).cast_mut();
}

/// In a child of `fork` it may have been forgotten already.
pub(super) fn leave(resident: &Resident) {
    let _shield = Shield::raise();
    let mut list = LIST.lock();
    let rest = resident.joined_before.load(Ordering::Relaxed);
    if ptr::eq(list.0, resident) {
        list.0 = rest;
        return;
    }
    let mut next = list.0;
    // SAFETY: on the list, so it is there while the lock is held.
    while let Some(member) = unsafe { next.as_ref() } {
        next = member.joined_before.load(Ordering::Relaxed);
        if ptr::eq(next, resident) {
            member.joined_before.store(rest, Ordering::Relaxed);
            return;
        }
    }
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
    let list = LIST.lock();
    let mut next = list.0;
    // SAFETY: on the list, so it is there while the lock is held.
    while let Some(member) = unsafe { next.as_ref() } {
        if found.len() == found.capacity() {
            return false;
        }
        found.extend(ResidentRef::to_living(member)); // RO1
        next = member.joined_before.load(Ordering::Relaxed);
    }
    true
}
