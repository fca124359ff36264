//! The buckets of the lot: a lock and a queue each, process-wide.

#![allow(unsafe_code, reason = "intrusive lists of threads")]

#[cfg(not(ntwait_loom))]
use crate::sys::atomic::AtomicU32;
use crate::sys::atomic::process_static;
use crate::sys::lock::{FutexLock, Guard};
use crate::waiter::Link;
use crate::waiter::record::ThreadRecord;
use crate::waiter::seat::Key;
#[cfg(ntwait_loom)]
use crate::waiter::seat::Space;
use core::ops::Range;
use crossbeam_utils::CachePadded;

#[cfg(not(ntwait_loom))]
const BUCKETS: usize = 256;
#[cfg(ntwait_loom)]
const BUCKETS: usize = 2;

/// The threads of one bucket, the longest waiting first.
#[derive(Debug)]
struct Queue {
    head: Link,
    tail: Link,
}

impl Queue {
    const EMPTY: Self = Self { head: Link::NONE, tail: Link::NONE };
}

type Bucket = CachePadded<FutexLock<Queue>>;

#[cfg(not(ntwait_loom))]
const fn empty() -> [Bucket; BUCKETS] {
    [const { CachePadded::new(FutexLock::new(Queue::EMPTY)) }; BUCKETS]
}

#[cfg(ntwait_loom)]
fn empty() -> [Bucket; BUCKETS] {
    core::array::from_fn(|_| CachePadded::new(FutexLock::new(Queue::EMPTY)))
}

process_static! {
    fn buckets() -> [Bucket; BUCKETS] = empty()
}

#[cfg(not(ntwait_loom))]
process_static! {
    fn are_renewed() -> AtomicU32 = AtomicU32::new(0)
}

/// The threads that are queued here are not in a child of `fork`, and locks that they hold would stay held there.
#[cfg(not(ntwait_loom))]
fn renew_in_children() {
    crate::sys::fork::in_child(are_renewed(), renew);
}

/// # Safety
/// The calling thread is the only one of its process.
#[cfg(not(ntwait_loom))]
unsafe extern "C" fn renew() {
    for bucket in buckets() {
        // SAFETY: the caller's promise.
        unsafe { bucket.renew(Queue::EMPTY) };
    }
}

/// The bucket of a key: that of its address alone, so that keys of one address can be dealt with under one lock.
#[cfg(not(ntwait_loom))]
fn number_of(key: Key) -> usize {
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    ((key.address as u64).wrapping_mul(GOLDEN) >> (u64::BITS - BUCKETS.ilog2())) as usize
}

/// In a model, where addresses differ from one execution to the next, it depends on the space.
#[cfg(ntwait_loom)]
fn number_of(key: Key) -> usize {
    usize::from(key.space == Space::Condition)
}

/// A bucket whose lock is held.
pub(super) struct Locked {
    queue: Guard<'static, Queue>,
    number: usize,
}

/// The numbers of all buckets.
pub(super) fn numbers() -> Range<usize> {
    0..BUCKETS
}

pub(super) fn lock(key: Key) -> Locked {
    lock_number(number_of(key))
}

pub(super) fn lock_number(number: usize) -> Locked {
    #[cfg(not(ntwait_loom))]
    renew_in_children(); // a wake locks, too
    Locked { queue: buckets()[number].lock(), number }
}

/// The bucket that the thread seems to be linked in. `None`: in none any more.
pub(super) fn lock_of(thread: &ThreadRecord) -> Option<Locked> {
    thread.seat.bucket().map(lock_number)
}

impl Locked {
    /// Is the thread linked here?
    pub(super) fn has_thread(&self, thread: &ThreadRecord) -> bool {
        thread.seat.bucket() == Some(self.number)
    }

    /// Where a walk begins.
    pub(super) fn front(&self) -> Link {
        self.queue.head
    }

    /// The next thread with this key, from `place` on, which moves behind it.
    pub(super) fn next_with(&self, key: Key, place: &mut Link) -> Option<&'static ThreadRecord> {
        // SAFETY: linked here, and the lock is held.
        while let Some(block) = unsafe { place.follow() } {
            // SAFETY: as above.
            *place = unsafe { block.next() };
            // SAFETY: as above.
            let thread: &'static ThreadRecord = unsafe { block.thread() };
            // SAFETY: SE1, it is linked here.
            if unsafe { thread.seat.key() } == key {
                return Some(thread);
            }
        }
        None
    }

    /// Shows all threads, with what they are queued under, in their order.
    pub(super) fn visit(&self, visit: &mut dyn FnMut(&'static ThreadRecord, Key, u32)) {
        let mut place = self.front();
        // SAFETY: linked here, and the lock is held.
        while let Some(block) = unsafe { place.follow() } {
            // SAFETY: as above.
            place = unsafe { block.next() };
            // SAFETY: as above.
            let thread: &'static ThreadRecord = unsafe { block.thread() };
            // SAFETY: SE1, it is linked here.
            let key = unsafe { thread.seat.key() };
            // SAFETY: B4, linked here.
            visit(thread, key, unsafe { block.index() });
        }
    }

    /// Is anybody queued under this key?
    pub(super) fn has(&self, key: Key) -> bool {
        self.next_with(key, &mut self.front()).is_some()
    }

    /// Puts the calling thread at the end.
    ///
    /// # Safety
    /// The thread is in no queue, its block is FREE, and stays in place until it is so again.
    pub(super) unsafe fn append(&mut self, me: &ThreadRecord, key: Key, token: u32) {
        // SAFETY: B4, the caller's promise.
        unsafe { me.block().prepare_for_no_object(me, token) };
        // SAFETY: the caller's promise.
        unsafe { self.link(me, key) };
    }

    /// # Safety
    /// The thread's block is linked nowhere, says whose it is, and stays in place until it is FREE.
    unsafe fn link(&mut self, thread: &ThreadRecord, key: Key) {
        let (block, last) = (thread.block(), self.queue.tail);
        // SAFETY: the lock is held, and `last` is the end of its queue.
        unsafe { block.link_after(last) };
        if last.is_none() {
            self.queue.head = Link::to(block);
        }
        self.queue.tail = Link::to(block);
        // SAFETY: SE1; who moves a thread holds the other lock as well.
        unsafe { thread.seat.take(self.number, key) };
    }

    /// Takes a thread out. Its block is not FREE yet.
    ///
    /// # Safety
    /// It is linked here.
    pub(super) unsafe fn unlink(&mut self, thread: &ThreadRecord) {
        // SAFETY: the caller's promise.
        unsafe { self.take_off_the_list(thread) };
        thread.seat.leave();
    }

    /// # Safety
    /// As for [`unlink`](Self::unlink).
    unsafe fn take_off_the_list(&mut self, thread: &ThreadRecord) {
        // SAFETY: the lock is held, and the block is on this list.
        let (before, after) = unsafe { thread.block().unlink() };
        if before.is_none() {
            self.queue.head = after;
        }
        if after.is_none() {
            self.queue.tail = before;
        }
    }
}

/// The buckets of two keys, which may be the same.
pub(super) struct Pair {
    first: Locked,
    second: Option<Locked>,
}

/// In the order of their numbers (LT6).
pub(super) fn lock_two(first: Key, second: Key) -> Pair {
    let numbers = (number_of(first), number_of(second));
    if numbers.0 == numbers.1 {
        return Pair { first: lock_number(numbers.0), second: None };
    }
    let low = lock_number(numbers.0.min(numbers.1));
    let high = lock_number(numbers.0.max(numbers.1));
    let (first, second) = if numbers.0 < numbers.1 { (low, high) } else { (high, low) };
    Pair { first, second: Some(second) }
}

impl Pair {
    pub(super) fn first(&mut self) -> &mut Locked {
        &mut self.first
    }

    /// Moves a thread from the first to the end of the second, under this key. At no moment is it in none: who finds its
    /// thread there waits until somebody frees its block.
    ///
    /// # Safety
    /// It is linked in the first.
    pub(super) unsafe fn transfer(&mut self, thread: &ThreadRecord, key: Key) {
        // SAFETY: the caller's promise.
        unsafe { self.first.take_off_the_list(thread) };
        let second = self.second.as_mut().unwrap_or(&mut self.first);
        // SAFETY: just unlinked; its thread keeps the block until it is FREE (B2).
        unsafe { second.link(thread, key) };
    }

    /// Wakes who sleeps for the locks when neither is held.
    pub(super) fn unlock(self) {
        let wakes = [Some(self.first), self.second].map(|locked| locked.map(|locked| locked.queue.unlock()));
        wakes.into_iter().flatten().for_each(|mut wake| wake.pay());
    }
}
