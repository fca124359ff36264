//! A thread's own values for the indexes of the process: a block for each thread that has any, in chunks that double.
//!
//! ```text
//!   index   0 … 15 │ 16 … 47 │ 48 … 111 │ … │ 2032 … 4079
//!   chunk   0      │ 1       │ 2        │ … │ 7               (F21)
//!           inside │ made when the thread first sets a value there, and then the block's for ever
//! ```
//!
//! V1  A block belongs to one thread from the first value that it sets to its end. That thread alone opens chunks.
//! V2  A block that no thread has holds no value and has no open chunk: the next thread finds all values NULL (TH23).
//! V3  Blocks and chunks are never freed, so others may look into them at any time. What they may do there is the
//!     business of who uses the blocks.
//! V4  Blocks change hands in shielded sections: a thread that ends has its block, or has not.
//! orderings   a chunk is published: Release → looked into by another thread: Acquire. `opened` is the owner's alone.

#![allow(unsafe_code, reason = "chunks of memory that are never freed")]

use crate::status::NtStatus;
use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
use crate::waiter::pool::{NoMemory, Pool, Pooled};
use crate::waiter::shield::Shield;
use core::cell::Cell;
use core::ptr;

/// Values in the first chunk, and chunks beyond it. A model has one, and a small one.
#[cfg(not(ntwait_loom))]
const FIRST: usize = 16;
#[cfg(not(ntwait_loom))]
const MORE: usize = 7;
#[cfg(ntwait_loom)]
const FIRST: usize = 4;
#[cfg(ntwait_loom)]
const MORE: usize = 0;

/// Indexes that a block has room for.
pub(super) const ROOM: usize = (FIRST << (MORE + 1)) - FIRST;

/// A place for a value.
pub(super) trait Place: Default + Sync + 'static {
    /// Makes it NULL.
    fn clear(&self);
}

/// The chunk of an index, and its position there.
#[inline]
const fn locate(index: usize) -> (usize, usize) {
    let beyond = index + FIRST;
    let chunk = (beyond / FIRST).ilog2() as usize;
    (chunk, beyond - (FIRST << chunk))
}

/// The values of one thread.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Block<P: 'static> {
    first: [P; FIRST],
    more: [AtomicPtr<P>; MORE],
    /// One bit for each chunk in which the block's thread has set a value.
    opened: AtomicU32,
    /// The process whose thread has the block, 0 for none: a child of `fork` has the threads of its parent no more.
    process: AtomicU32,
    /// The block that was made before this one.
    older: AtomicPtr<Block<P>>,
    is_listed: AtomicU32,
    next_free: AtomicU64,
}

impl<P: Place> Pooled for Block<P> {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self {
            first: core::array::from_fn(|_| P::default()),
            more: core::array::from_fn(|_| AtomicPtr::new(ptr::null_mut())),
            opened: AtomicU32::new(0),
            process: AtomicU32::new(0),
            older: AtomicPtr::new(ptr::null_mut()),
            is_listed: AtomicU32::new(0),
            next_free: AtomicU64::new(0),
        }
    }
}

impl<P: Place> Block<P> {
    /// The place of a value in a chunk that the calling thread, whose block this is, has opened.
    #[inline]
    pub(super) fn own(&self, index: usize) -> Option<&P> {
        let (chunk, at) = locate(index);
        let is_open = self.opened.load(Ordering::Relaxed) & 1 << chunk != 0;
        if is_open { self.chunk(chunk)?.get(at) } else { None }
    }

    /// The same, opened now if need be.
    #[inline]
    pub(super) fn own_or_open(&self, index: usize) -> Result<&P, NtStatus> {
        if let Some(place) = self.own(index) {
            return Ok(place);
        }
        self.open(locate(index).0).map_err(|NoMemory| NtStatus::NO_MEMORY)?;
        self.own(index).ok_or(NtStatus::NO_MEMORY)
    }

    /// The place of a value of whatever thread has the block, if there was ever one.
    pub(super) fn of_any(&self, index: usize) -> Option<&P> {
        let (chunk, at) = locate(index);
        self.chunk(chunk)?.get(at)
    }

    #[inline]
    fn chunk(&self, chunk: usize) -> Option<&[P]> {
        let Some(number) = chunk.checked_sub(1) else {
            return Some(&self.first);
        };
        let places = self.more.get(number)?.load(Ordering::Acquire);
        // SAFETY: V3: null, or what `open` put there, so many places.
        (!places.is_null()).then(|| unsafe { core::slice::from_raw_parts(places, FIRST << chunk) })
    }

    #[cold]
    fn open(&self, chunk: usize) -> Result<(), NoMemory> {
        let _shield = Shield::raise();
        if self.chunk(chunk).is_none() {
            let link = self.more.get(chunk - 1).ok_or(NoMemory)?;
            let mut places = Vec::new();
            places.try_reserve_exact(FIRST << chunk).map_err(|_| NoMemory)?;
            places.resize_with(FIRST << chunk, P::default);
            link.store(places.leak().as_mut_ptr(), Ordering::Release);
        }
        self.opened.store(self.opened.load(Ordering::Relaxed) | 1 << chunk, Ordering::Relaxed);
        Ok(())
    }

    /// Says whether a thread of this process has the block, so that others look into it, or none has.
    pub(super) fn set_process(&self, process: u32) {
        self.process.store(process, Ordering::Relaxed);
    }

    pub(super) fn process(&self) -> u32 {
        self.process.load(Ordering::Relaxed)
    }

    /// V2.
    fn clear(&self) {
        self.set_process(0);
        let opened = self.opened.load(Ordering::Relaxed);
        let chunks = (0..=MORE).filter(|chunk| opened & 1 << chunk != 0).filter_map(|chunk| self.chunk(chunk));
        chunks.flatten().for_each(P::clear);
        self.opened.store(0, Ordering::Relaxed);
    }
}

/// All blocks of one sort that were ever made, the newest first. None is taken out again, so a walk through them needs no
/// lock, and goes on after whatever happens on the way.
#[derive(Debug)]
pub(super) struct All<P: 'static>(AtomicPtr<Block<P>>);

impl<P: Place> All<P> {
    #[cfg(not(ntwait_loom))]
    pub(super) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    #[cfg(ntwait_loom)]
    pub(super) fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Adds a block that the calling thread has, if it is not there yet.
    pub(super) fn add(&self, block: &'static Block<P>) {
        if block.is_listed.load(Ordering::Relaxed) != 0 {
            return;
        }
        block.is_listed.store(1, Ordering::Relaxed);
        let mut newest = self.0.load(Ordering::Relaxed);
        loop {
            block.older.store(newest, Ordering::Relaxed);
            // Release: whoever finds the block sees what it is.
            let this = ptr::from_ref(block).cast_mut();
            match self.0.compare_exchange(newest, this, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => newest = seen,
            }
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'static Block<P>> {
        let follow = |link: &AtomicPtr<Block<P>>| {
            let block = link.load(Ordering::Acquire);
            // SAFETY: V3: null, or a block.
            unsafe { block.as_ref::<'static>() }
        };
        core::iter::successors(follow(&self.0), move |block| follow(&block.older))
    }
}

/// What a thread knows of its block. Without a destructor: the thread's end is somebody's explicit business.
#[derive(Debug)]
pub(super) struct Own<P: 'static> {
    block: Cell<Option<&'static Block<P>>>,
    /// The thread gets no block any more.
    is_over: Cell<bool>,
}

impl<P: Place> Own<P> {
    pub(super) const fn new() -> Self {
        Self { block: Cell::new(None), is_over: Cell::new(false) }
    }

    #[inline]
    pub(super) fn block(&self) -> Option<&'static Block<P>> {
        self.block.get()
    }

    /// Takes a block for the calling thread, which has none.
    ///
    /// `settle` is told, and says whether the block will be given back at the thread's end.
    #[cold]
    pub(super) fn take(
        &self,
        pool: &Pool<Block<P>>,
        settle: impl FnOnce(&'static Block<P>) -> bool,
    ) -> Result<&'static Block<P>, NtStatus> {
        let _shield = Shield::raise();
        if self.is_over.get() {
            return Err(NtStatus::THREAD_IS_TERMINATING);
        }
        let block = pool.take().map_err(|NoMemory| NtStatus::NO_MEMORY)?;
        if !settle(block) {
            pool.put(block);
            return Err(NtStatus::THREAD_IS_TERMINATING);
        }
        self.block.set(Some(block));
        Ok(block)
    }

    /// Gives the block back.
    pub(super) fn give_back(&self, pool: &Pool<Block<P>>) {
        let _shield = Shield::raise();
        if let Some(block) = self.block.take() {
            block.clear();
            pool.put(block);
        }
    }

    pub(super) fn set_over(&self, is_over: bool) {
        self.is_over.set(is_over);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.get()
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    /// F21: 16 values, then 32, 64, and so on; eight chunks have room for 4,080.
    #[test]
    fn f21_chunks_double() {
        let mut index = 0;
        for chunk in 0..=MORE {
            for at in 0..16 << chunk {
                assert_eq!(locate(index), (chunk, at), "index {index}");
                index += 1;
            }
        }
        assert_eq!((index, ROOM), (4080, 4080));
    }

    #[derive(Debug, Default)]
    struct Number(AtomicU32);

    impl Place for Number {
        fn clear(&self) {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// V2: what one owner has set the next does not see, nor that a chunk is there.
    #[test]
    fn v2_a_block_is_given_back_empty() {
        let block = Block::<Number>::fresh();
        for index in [0, 15, 16, 47, 48, 2031, 2032, 4079] {
            block.own_or_open(index).unwrap().0.store(7, Ordering::Relaxed);
        }
        assert!(block.own(111).is_some() && block.own(112).is_none() && block.of_any(112).is_none());
        block.clear();
        for index in 0..ROOM {
            assert!(block.own(index).is_none());
            assert_eq!(block.of_any(index).map_or(0, |place| place.0.load(Ordering::Relaxed)), 0);
        }
        assert!(block.own_or_open(ROOM).is_err() && block.of_any(ROOM).is_none());
    }
}
