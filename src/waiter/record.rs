//! Thread records: what the engine keeps for each thread that ever had to wait.
//!
//! A record is made at the thread's first use of it and goes back to a pool at the thread's exit, from which the
//! next thread takes it. Records are never freed: a signaller that decided a wait may still hold the address of
//! its parking word when the thread is gone, and the worst it can do is a stray wake.
//!
//! T1  A record belongs to one thread at a time; `spin` and `blocks` (while FREE) are its own.
//! T2  A record's memory is a `ThreadRecord` for ever.

#![allow(unsafe_code, reason = "the pool's list of records")]

use super::WaitBlock;
use super::park::ParkingWord;
use crate::sys::atomic::process_static;
use crate::sys::cell::Guarded;
use crate::sys::lock::FutexLock;
use crate::sys::tls::thread_local;
use crate::wait::spin::History;
use core::cell::Cell;
use core::ptr;

/// Wait blocks that a record holds itself: NT's limit for one wait. A longer wait allocates its own.
#[cfg(not(ntwait_loom))]
pub(crate) const INLINE_BLOCKS: usize = 64;
/// Fewer in a model, where each costs the checker memory and time.
#[cfg(ntwait_loom)]
pub(crate) const INLINE_BLOCKS: usize = 3;

/// What the engine knows of a thread.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct ThreadRecord {
    pub(crate) park: ParkingWord,
    /// How long this thread's recent waits took (T1).
    pub(crate) spin: Guarded<History>,
    /// The blocks of the wait-all that the thread is in: one for each object, in the caller's order. Written
    /// before any of them is linked, read under the lock of an object that one of them is linked to.
    wait_set: Guarded<(*const WaitBlock, usize)>,
    blocks: [WaitBlock; INLINE_BLOCKS],
    next_free: Guarded<*const ThreadRecord>,
}

// SAFETY: the pointers are to blocks and records, which outlive their use (B2, T2).
unsafe impl Send for ThreadRecord {}
// SAFETY: as above.
unsafe impl Sync for ThreadRecord {}

impl ThreadRecord {
    fn new() -> Self {
        Self {
            park: ParkingWord::default(),
            spin: Guarded::new(History::NEW),
            wait_set: Guarded::new((ptr::null(), 0)),
            blocks: core::array::from_fn(|_| WaitBlock::default()),
            next_free: Guarded::new(ptr::null()),
        }
    }

    /// The record's own blocks.
    pub(crate) fn blocks(&self) -> &[WaitBlock] {
        &self.blocks
    }

    /// # Safety
    /// The caller is the record's thread and none of its blocks is linked.
    pub(crate) unsafe fn set_wait_set(&self, blocks: &[WaitBlock]) {
        // SAFETY: nobody else reads it while no block is linked.
        unsafe { self.wait_set.set((blocks.as_ptr(), blocks.len())) };
    }

    /// The blocks of the wait-all that this thread is in.
    ///
    /// # Safety
    /// The caller holds the lock of an object that one of the blocks is linked to, for as long as `'b`.
    pub(crate) unsafe fn wait_set<'b>(&self) -> &'b [WaitBlock] {
        // SAFETY: not written while a block is linked.
        let (first, count) = unsafe { self.wait_set.get() };
        // SAFETY: the thread keeps its blocks until all are FREE (B2), and one is linked.
        unsafe { core::slice::from_raw_parts(first, count) }
    }
}

/// Records that no thread has.
#[derive(Debug)]
struct Pool {
    free: *const ThreadRecord,
    #[cfg(ntwait_loom)]
    all: Vec<*mut ThreadRecord>,
}

// SAFETY: the pool owns what is on its list.
unsafe impl Send for Pool {}

impl Pool {
    const EMPTY: Self = Self {
        free: ptr::null(),
        #[cfg(ntwait_loom)]
        all: Vec::new(),
    };
}

/// A model has one process after the other; each takes its records with it.
#[cfg(ntwait_loom)]
impl Drop for Pool {
    fn drop(&mut self) {
        for &record in &self.all {
            // SAFETY: made by `Box::into_raw` below, and the execution is over.
            drop(unsafe { Box::from_raw(record) });
        }
    }
}

process_static! {
    fn pool() -> FutexLock<Pool> = FutexLock::new(Pool::EMPTY)
}

fn acquire() -> &'static ThreadRecord {
    let mut pool = pool().lock();
    // SAFETY: records are never freed (T2), and those on the list are nobody's.
    if let Some(record) = unsafe { pool.free.as_ref() } {
        // SAFETY: the pool's lock guards the links of what is on its list.
        pool.free = unsafe { record.next_free.get() };
        drop(pool);
        // SAFETY: T1, it is ours now.
        unsafe { record.spin.set(History::NEW) };
        return record;
    }
    drop(pool);
    let record = Box::into_raw(Box::new(ThreadRecord::new()));
    #[cfg(ntwait_loom)]
    self::pool().lock().all.push(record);
    // SAFETY: just made, and never freed (T2).
    unsafe { &*record }
}

fn release(record: &'static ThreadRecord) {
    // A request to a thread that is gone goes with it.
    let _ = record.park.take_all_pending();
    let mut pool = pool().lock();
    // SAFETY: the pool's lock guards the links of what is on its list.
    unsafe { record.next_free.set(pool.free) };
    pool.free = record;
}

/// Gives the thread's record back when the thread ends.
#[derive(Debug)]
struct AtExit(Cell<Option<&'static ThreadRecord>>);

impl Drop for AtExit {
    fn drop(&mut self) {
        let _ = CURRENT.try_with(Cell::take);
        if let Some(record) = self.0.take() {
            release(record);
        }
    }
}

thread_local! {
    /// The fast way to the record: a value without a destructor, so one plain load.
    static CURRENT: Cell<Option<&'static ThreadRecord>> = const { Cell::new(None) };
}
thread_local! {
    static AT_EXIT: AtExit = const { AtExit(Cell::new(None)) };
}

/// Runs `body` with the calling thread's record.
///
/// In a destructor that runs after the thread gave its record back, `body` gets one for the time of the call.
pub(crate) fn with_current<R>(body: impl FnOnce(&ThreadRecord) -> R) -> R {
    if let Ok(Some(record)) = CURRENT.try_with(Cell::get) {
        return body(record);
    }
    let record = acquire();
    if AT_EXIT.try_with(|at_exit| at_exit.0.set(Some(record))).is_ok() {
        CURRENT.with(|current| current.set(Some(record)));
        return body(record);
    }
    let result = body(record);
    release(record);
    result
}

/// The calling thread's record, for as long as the thread lives.
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) fn current_for_good() -> &'static ThreadRecord {
    with_current(|_| ());
    CURRENT.with(Cell::get).expect("set by with_current while the thread lives")
}

/// Gives the calling thread's record back before the thread ends.
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) fn release_current() {
    CURRENT.with(Cell::take);
    if let Some(record) = AT_EXIT.with(|at_exit| at_exit.0.take()) {
        release(record);
    }
}
