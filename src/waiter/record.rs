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
use super::history::History;
use super::park::ParkingWord;
use crate::sys::atomic::{AtomicU64, Ordering, process_static};
use crate::sys::cell::Guarded;
#[cfg(ntwait_loom)]
use crate::sys::lock::FutexLock;
use crate::sys::tls::thread_local;
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
#[repr(C, align(128))] // in this order: what every wait touches lies in the first two lines
pub(crate) struct ThreadRecord {
    pub(crate) park: ParkingWord,
    /// How long this thread's recent waits took (T1).
    pub(crate) spin: Guarded<History>,
    /// The blocks of the wait-all that the thread is in: one for each object, in the caller's order. Written
    /// before any of them is linked, read under the lock of an object that one of them is linked to.
    wait_set: Guarded<(*const WaitBlock, usize)>,
    blocks: [WaitBlock; INLINE_BLOCKS],
    /// Link of the pool, as the pool's top has it.
    next_free: AtomicU64,
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
            next_free: AtomicU64::new(0),
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

/// Records that no thread has: a stack whose top is one word, so that a child of `fork` never finds it half-changed or
/// locked by a thread that does not exist there.
///
/// The word is the record's address without its low bits, and above it a count of changes, which makes a record that
/// was taken and given back meanwhile another top. (Short of 2²³ changes between two instructions of one thread.)
#[derive(Debug)]
struct Pool {
    top: AtomicU64,
    #[cfg(ntwait_loom)]
    all: FutexLock<Vec<&'static [ThreadRecord]>>,
}

const ADDRESS_SHIFT: u32 = align_of::<ThreadRecord>().trailing_zeros();
/// The kernel gives out addresses of more bits only to those who ask for them.
const ADDRESS_BITS: u32 = 48 - ADDRESS_SHIFT;
const ADDRESS_MASK: u64 = (1 << ADDRESS_BITS) - 1;

impl Pool {
    #[cfg(not(ntwait_loom))]
    const fn new() -> Self {
        Self { top: AtomicU64::new(0) }
    }

    fn record(top: u64) -> Option<&'static ThreadRecord> {
        let address = ((top & ADDRESS_MASK) << ADDRESS_SHIFT) as usize;
        // SAFETY: null, or a record whose address was exposed when it was put here, and which is never freed (T2).
        unsafe { core::ptr::with_exposed_provenance::<ThreadRecord>(address).as_ref() }
    }

    fn changed(top: u64, record: u64) -> u64 {
        (top & !ADDRESS_MASK).wrapping_add(1 << ADDRESS_BITS) | record
    }

    fn pop(&self) -> Option<&'static ThreadRecord> {
        let mut top = self.top.load(Ordering::Acquire);
        while let Some(record) = Self::record(top) {
            // May be old if somebody else takes the record now; then the exchange fails.
            let next = record.next_free.load(Ordering::Relaxed);
            match self.top.compare_exchange(top, Self::changed(top, next), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(record),
                Err(seen) => top = seen,
            }
        }
        None
    }

    fn push(&self, record: &'static ThreadRecord) {
        let address = (core::ptr::from_ref(record).expose_provenance() as u64) >> ADDRESS_SHIFT;
        if address > ADDRESS_MASK {
            return; // an allocator that asks for them: the record is lost, and no more than that
        }
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            record.next_free.store(top & ADDRESS_MASK, Ordering::Relaxed);
            // Release: the next owner sees the record as we leave it.
            match self.top.compare_exchange(top, Self::changed(top, address), Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => top = seen,
            }
        }
    }
}

/// A model has one process after the other; each takes its records with it.
#[cfg(ntwait_loom)]
mod modelled {
    use super::{AtomicU64, FutexLock, Pool};

    // SAFETY: the list is touched under its lock and at the end of the execution.
    unsafe impl Sync for Pool {}

    impl Pool {
        pub(super) fn new() -> Self {
            Self { top: AtomicU64::new(0), all: FutexLock::new(Vec::new()) }
        }
    }

    impl Drop for Pool {
        fn drop(&mut self) {
            for record in core::mem::take(self.all.get_mut()) {
                // SAFETY: leaked by `acquire` with no capacity to spare, and the execution is over.
                drop(unsafe { Box::from_raw(core::ptr::from_ref(record).cast_mut()) });
            }
        }
    }
}

process_static! {
    fn pool() -> Pool = Pool::new()
}

/// There is no memory for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoMemory;

fn acquire() -> Result<&'static ThreadRecord, NoMemory> {
    if let Some(record) = pool().pop() {
        // A request that came for the last owner when it had gone is not for us.
        record.park.drop_pending();
        // SAFETY: T1, it is ours now.
        unsafe { record.spin.set(History::NEW) };
        return Ok(record);
    }
    // A box cannot be asked to fail, a vector can.
    let mut place = Vec::new();
    place.try_reserve_exact(1).map_err(|_| NoMemory)?;
    place.push(ThreadRecord::new());
    let record: &'static [ThreadRecord] = place.leak();
    #[cfg(ntwait_loom)]
    pool().all.lock().push(record);
    record.first().ok_or(NoMemory)
}

fn release(record: &'static ThreadRecord) {
    pool().push(record);
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
pub(crate) fn with_current<R, E: From<NoMemory>>(body: impl FnOnce(&ThreadRecord) -> Result<R, E>) -> Result<R, E> {
    if let Ok(Some(record)) = CURRENT.try_with(Cell::get) {
        return body(record);
    }
    let record = acquire()?;
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
    let _ = with_current(|_| Ok::<(), NoMemory>(()));
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
