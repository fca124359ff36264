//! Who has a lock that a thread waits for, for those who ask who waits for what.

#![allow(unsafe_code, reason = "looks at locks at the addresses that threads are queued under")]

use super::critical_section::RtlCriticalSection;
use super::srw::RtlSrwLock;
use crate::wait::lot::{Key, Space};

/// How a lock is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    Nobody,
    /// By so many readers; who they are nobody knows.
    Readers(u64),
    /// By one thread, who is not known.
    Somebody,
    /// By the thread that has this thread pointer.
    Pointer(u64),
    /// By the thread that has this number (rtl/owner.rs), so many levels deep.
    Owner(u64, i32),
}

/// Who has the lock that this is the key of; `None` if it is no lock's. A moment later it may be another.
///
/// # Safety
/// A thread is queued under this key, and the queue's lock is held.
pub(crate) unsafe fn holder(key: Key) -> Option<Holder> {
    match key.space {
        Space::Lock => {
            let lock: *const RtlSrwLock = core::ptr::with_exposed_provenance(key.address);
            // SAFETY: who is queued refers to the lock, and leaves the queue under its lock.
            Some(unsafe { &*lock }.holder())
        }
        Space::OwnedLock => {
            let section: *const RtlCriticalSection = core::ptr::with_exposed_provenance(key.address);
            // SAFETY: as above.
            Some(unsafe { &*section }.holder())
        }
        _ => None,
    }
}
