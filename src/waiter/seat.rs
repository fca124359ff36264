//! What a thread that sleeps in a queue by address is queued under: a key, kept in its record where others may look.
//!
//! ```text
//!   bucket 0 ──link──▶ bucket b + 1 ──moved──▶ bucket c + 1 ──unlink──▶ bucket 0
//! ```
//!
//! SE1  The thread writes the key before it links itself; while it is linked the key changes only with its bucket's lock
//!      held, and so does `bucket`. Who wants to read the key of another thread loads `bucket`, takes that bucket's lock and
//!      looks again: the same number means linked there.

#![allow(unsafe_code, reason = "a field guarded by a bucket's lock")]

use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::cell::Guarded;

/// What keys of the same address have to do with each other: nothing, if they are of different spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Space {
    /// Waits on a value at an address.
    Address = 1,
    /// The two sides of a keyed event.
    KeyedWait,
    KeyedRelease,
    /// Locks without an owner: reader/writer locks.
    Lock,
    /// Locks with an owner.
    OwnedLock,
    /// Condition variables.
    Condition,
    /// Run-once blocks and barriers.
    Once,
    Barrier,
}

/// What a thread is queued under. Two keys are the same if all of this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) space: Space,
    pub(crate) address: usize,
    /// The object whose key it is, if it is one's: where it is and its generation.
    pub(crate) object: usize,
    pub(crate) generation: u32,
}

impl Key {
    pub(crate) const NONE: Self = Self::new(Space::Address, 0);

    pub(crate) const fn new(space: Space, address: usize) -> Self {
        Self { space, generation: 0, address, object: 0 }
    }
}

/// Where in the lot a thread is.
#[derive(Debug)]
pub(crate) struct Seat {
    key: Guarded<Key>,
    /// The number of the bucket, + 1; 0 for none.
    bucket: AtomicU32,
}

impl Default for Seat {
    fn default() -> Self {
        Self { key: Guarded::new(Key::NONE), bucket: AtomicU32::new(0) }
    }
}

impl Seat {
    /// The bucket that the thread is linked in; to be asked again with that bucket's lock held (SE1).
    ///
    /// Relaxed: the lock under which it is asked again orders it.
    pub(crate) fn bucket(&self) -> Option<usize> {
        (self.bucket.load(Ordering::Relaxed) as usize).checked_sub(1)
    }

    /// # Safety
    /// The caller holds the lock of the bucket that the thread is linked in, or is the thread, in no queue.
    pub(crate) unsafe fn key(&self) -> Key {
        // SAFETY: SE1.
        unsafe { self.key.get() }
    }

    /// # Safety
    /// The caller holds the lock of that bucket, and of the one that the thread was linked in; or it is the thread, which
    /// is linked in none.
    pub(crate) unsafe fn take(&self, bucket: usize, key: Key) {
        // SAFETY: SE1.
        unsafe { self.key.set(key) };
        self.bucket.store(bucket as u32 + 1, Ordering::Relaxed);
    }

    /// The thread was unlinked, under its bucket's lock.
    pub(crate) fn leave(&self) {
        self.bucket.store(0, Ordering::Relaxed);
    }
}
