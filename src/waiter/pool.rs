//! Pools of things that are recycled and never freed: what their users may hold the address of has to stay what it is.
//!
//! A pool is a stack whose top is one word, so that a child of `fork` never finds it half-changed or locked by a thread
//! that does not exist there, and so that a thread can put something back in the middle of anything.
//!
//! The word is an address without its low bits, and above it a count of changes, which makes an item that was taken and
//! given back meanwhile another top. (Short of 2²³ changes between two instructions of one thread.)
//!
//! Q1  What a pool handed out once is of its type for ever.
//! Q2  An item belongs to who popped it until it is pushed.
//! orderings   push: Release → pop: Acquire, on the top

#![allow(unsafe_code, reason = "addresses kept as numbers")]

use crate::sys::atomic::{AtomicU64, Ordering};
#[cfg(ntwait_loom)]
use crate::sys::lock::FutexLock;
use core::ptr;

/// What can lie in a pool. Its alignment must be 128, because that many low bits of its address are dropped.
pub(crate) trait Pooled: Sync + Sized + 'static {
    /// The link of the pool.
    fn next_free(&self) -> &AtomicU64;
    fn fresh() -> Self;
    /// It was made, and is where it stays.
    fn is_made(&'static self) {}
}

/// There is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMemory;

/// Items that nobody uses.
#[derive(Debug)]
pub(crate) struct Pool<T: 'static> {
    top: AtomicU64,
    #[cfg(not(ntwait_loom))]
    items: core::marker::PhantomData<&'static T>,
    #[cfg(ntwait_loom)]
    items: FutexLock<Vec<&'static [T]>>,
}

const ALIGNMENT: usize = 128;
const ADDRESS_SHIFT: u32 = ALIGNMENT.trailing_zeros();
/// The kernel gives out addresses of more bits only to those who ask for them.
const ADDRESS_BITS: u32 = 48 - ADDRESS_SHIFT;
const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;

impl<T: Pooled> Pool<T> {
    #[cfg(not(ntwait_loom))]
    pub(crate) const fn new() -> Self {
        assert!(align_of::<T>() == ALIGNMENT);
        Self { top: AtomicU64::new(0), items: core::marker::PhantomData }
    }

    /// One that nobody uses, or a new one.
    pub(crate) fn take(&self) -> Result<&'static T, NoMemory> {
        if let Some(item) = self.pop() {
            return Ok(item);
        }
        // A box cannot be asked to fail, a vector can.
        let mut place = Vec::new();
        place.try_reserve_exact(1).map_err(|_| NoMemory)?;
        place.push(T::fresh());
        let item: &'static [T] = place.leak();
        #[cfg(ntwait_loom)]
        self.items.lock().push(item);
        let item = item.first().ok_or(NoMemory)?;
        item.is_made();
        Ok(item)
    }

    fn item(top: u64) -> Option<&'static T> {
        let address = ((top & ADDRESS_MASK) << ADDRESS_SHIFT) as usize;
        // SAFETY: null, or an item whose address was exposed when it was put here, and which is never freed (Q1).
        unsafe { ptr::with_exposed_provenance::<T>(address).as_ref() }
    }

    fn changed(top: u64, item: u64) -> u64 {
        (top & !ADDRESS_MASK).wrapping_add(1 << ADDRESS_BITS) | item
    }

    fn pop(&self) -> Option<&'static T> {
        let mut top = self.top.load(Ordering::Acquire);
        while let Some(item) = Self::item(top) {
            // May be old if somebody else takes the item now; then the exchange fails.
            let next = item.next_free().load(Ordering::Relaxed);
            match self.top.compare_exchange(top, Self::changed(top, next), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(item),
                Err(seen) => top = seen,
            }
        }
        None
    }

    pub(crate) fn put(&self, item: &'static T) {
        let address = (ptr::from_ref(item).expose_provenance() as u64) >> ADDRESS_SHIFT;
        if address > ADDRESS_MASK {
            return; // an allocator that asks for them: the item is lost, and no more than that
        }
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            item.next_free().store(top & ADDRESS_MASK, Ordering::Relaxed);
            // Release: the next owner sees the item as we leave it.
            match self.top.compare_exchange(top, Self::changed(top, address), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => top = seen,
            }
        }
    }
}

/// A model has one process after the other; each takes its items with it.
#[cfg(ntwait_loom)]
mod modelled {
    use super::{AtomicU64, FutexLock, Pool, Pooled};

    // SAFETY: the list is touched under its lock and at the end of the execution.
    unsafe impl<T: Sync> Sync for Pool<T> {}

    impl<T: Pooled> Pool<T> {
        pub(crate) fn new() -> Self {
            Self { top: AtomicU64::new(0), items: FutexLock::new(Vec::new()) }
        }
    }

    impl<T: 'static> Drop for Pool<T> {
        fn drop(&mut self) {
            for item in core::mem::take(self.items.get_mut()) {
                // SAFETY: leaked by `take` with no capacity to spare, and the execution is over.
                drop(unsafe { Box::from_raw(core::ptr::from_ref(item).cast_mut()) });
            }
        }
    }
}
