//! Thread records: what the engine keeps for each thread that ever had to wait.
//!
//! A record is made at the thread's first use of it and goes back to a pool at the thread's exit, from which the
//! next thread takes it. Records are never freed: a signaller that decided a wait may still hold the address of
//! its parking word when the thread is gone, and the worst it can do is a stray wake.
//!
//! T1  A record belongs to one thread at a time; `spin` and `blocks` (while FREE) are its own.
//! T2  A record's memory is a `ThreadRecord` for ever.
//! T3  All records that were ever made are in one list, which only grows. `tid` is not zero while a thread has the record.

#![allow(unsafe_code, reason = "the pool's list of records")]

use super::WaitBlock;
use super::apc::ApcQueue;
use super::at_exit;
use super::history::History;
use super::notice::Notice;
pub(crate) use super::pool::NoMemory;
use super::pool::{Pool, Pooled};
use super::seat::Seat;
use super::shield::Shield;
use super::standing::StandingList;
use super::waiting::Waiter;
use crate::objects::{Home, Target};
use crate::sys::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, process_static};
use crate::sys::cell::Guarded;
use crate::sys::cpu;
#[cfg(not(ntwait_loom))]
use crate::sys::fork;
use crate::sys::lock::FutexLock;
#[cfg(not(ntwait_loom))]
use crate::sys::signal;
use crate::sys::tls::thread_local;
use core::cell::Cell;
use core::ops::Deref;

/// Wait blocks that a record holds itself: enough for nearly all waits, and few, as each thread has them.
#[cfg(not(ntwait_loom))]
const INLINE_BLOCKS: usize = 8;
/// Wait blocks that a record gets when it first needs more: NT's limit for one wait. A longer wait allocates its own.
#[cfg(not(ntwait_loom))]
pub(crate) const KEPT_BLOCKS: usize = 64;

/// Fewer in a model, where each costs the checker memory and time.
#[cfg(ntwait_loom)]
const INLINE_BLOCKS: usize = 3;
/// A model's records get no more.
#[cfg(ntwait_loom)]
pub(crate) const KEPT_BLOCKS: usize = INLINE_BLOCKS;

/// What the engine knows of a thread.
#[derive(Debug)]
#[repr(C, align(128))] // in this order: what every wait touches lies in the first two lines
pub(crate) struct ThreadRecord {
    /// The thread as one who waits.
    waiter: Waiter,
    /// How long this thread's recent waits took (T1).
    pub(crate) spin: Guarded<History>,
    blocks: [WaitBlock; INLINE_BLOCKS],
    /// The larger set of blocks, made when the thread first needs it (T1); stays with the record.
    larger: Guarded<Option<&'static [WaitBlock]>>,
    /// The queue by address that the thread is in, if it is in one.
    pub(crate) seat: Seat,
    /// What others have left for the thread.
    pub(crate) control: FutexLock<Control>,
    /// Ends the thread, if it can be terminated (T1).
    end: Guarded<Option<fn() -> !>>,
    /// The objects that are pinned for the thread's wait while it stands still (T1).
    pinned: Guarded<Option<Pinned>>,
    /// 1: the thread has objects that the runtime which made it does not know of, if one did.
    pub(crate) is_known_elsewhere: AtomicU32,
    /// What the thread waits for, while it sleeps.
    pub(crate) notice: Notice,
    /// The kernel's number for the thread (T3).
    tid: AtomicU32,
    /// The thread's pointer, under which it holds reader/writer locks.
    pub(crate) pointer: AtomicU64,
    /// The thread's number as an owner of critical sections, 0 if it has none or has it from before it had a record.
    pub(crate) owner_number: AtomicU64,
    /// The record that was made before this one (T3).
    made_before: AtomicPtr<Self>,
    /// Link of the pool, as the pool's top has it.
    next_free: AtomicU64,
    /// 1 while a kick is on its way to the thread: one at a time is enough. Its address is the kick's cookie.
    #[cfg(not(ntwait_loom))]
    kick: AtomicU32,
    /// The note that the kick signal would leave, if a model had signals.
    #[cfg(ntwait_loom)]
    pub(crate) note: crate::sys::atomic::AtomicU32,
}

/// Objects that are pinned for a thread, which stands still in a wait for them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pinned {
    pub(crate) targets: &'static [Target<'static>],
    pub(crate) home: &'static dyn Home,
}

/// What others leave for a thread, beyond the bits of its parking word.
#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) apcs: ApcQueue,
    /// What is to be called whenever something happens, until the thread ends.
    pub(crate) standing: StandingList,
    /// Objects of this thread, in different runtimes, that are suspended. SUSPEND is there while it is not zero.
    pub(crate) suspended: u32,
}

// SAFETY: the pointers are to blocks and records, which outlive their use (B2, T2).
unsafe impl Send for ThreadRecord {}
// SAFETY: as above.
unsafe impl Sync for ThreadRecord {}

impl ThreadRecord {
    pub(super) const WAITER_OFFSET: usize = core::mem::offset_of!(Self, waiter);

    fn new() -> Self {
        Self {
            waiter: Waiter::new(),
            spin: Guarded::new(History::NEW),
            blocks: core::array::from_fn(|_| WaitBlock::default()),
            larger: Guarded::new(None),
            seat: Seat::default(),
            control: FutexLock::new(Control { apcs: ApcQueue::EMPTY, standing: StandingList::EMPTY, suspended: 0 }),
            end: Guarded::new(None),
            pinned: Guarded::new(None),
            is_known_elsewhere: AtomicU32::new(0),
            notice: Notice::default(),
            tid: AtomicU32::new(0),
            pointer: AtomicU64::new(0),
            owner_number: AtomicU64::new(0),
            made_before: AtomicPtr::new(core::ptr::null_mut()),
            next_free: AtomicU64::new(0),
            #[cfg(not(ntwait_loom))]
            kick: AtomicU32::new(0),
            #[cfg(ntwait_loom)]
            note: crate::sys::atomic::AtomicU32::new(0),
        }
    }

    /// What ends the thread, for the thread itself.
    pub(super) fn end(&self) -> Option<fn() -> !> {
        // SAFETY: T1, asked by the thread.
        unsafe { self.end.get() }
    }

    /// The thread can be terminated, by this.
    ///
    /// # Safety
    /// The record is the caller's (T1): its thread is not born yet, or is the caller.
    pub(crate) unsafe fn set_end(&self, end: fn() -> !) {
        // SAFETY: the caller's promise.
        unsafe { self.end.set(Some(end)) };
    }

    /// # Safety
    /// The caller is the record's thread (T1).
    pub(crate) unsafe fn set_pinned(&self, pinned: Option<Pinned>) {
        // SAFETY: the caller's promise.
        unsafe { self.pinned.set(pinned) };
    }

    /// # Safety
    /// As for [`set_pinned`](Self::set_pinned).
    pub(crate) unsafe fn take_pinned(&self) -> Option<Pinned> {
        // SAFETY: the caller's promise.
        let pinned = unsafe { self.pinned.get() };
        // SAFETY: the caller's promise.
        unsafe { self.pinned.set(None) };
        pinned
    }

    /// The kernel's number for the thread that has the record; 0 while none has it.
    ///
    /// Acquire: what the thread tells of itself is told before.
    pub(crate) fn tid(&self) -> u32 {
        self.tid.load(Ordering::Acquire)
    }

    /// The thread is gone, or about to be: nothing more is known of it. Who can still reach the record finds nobody.
    pub(crate) fn vacate(&self) {
        self.tid.store(0, Ordering::Release);
        self.notice.take_down();
    }

    /// The block of a wait for one object.
    pub(crate) fn block(&self) -> &WaitBlock {
        &self.blocks[0]
    }

    /// Blocks for so many objects, at most [`KEPT_BLOCKS`]. `None`: no memory.
    ///
    /// # Safety
    /// The caller is the record's thread (T1), and in no wait.
    pub(crate) unsafe fn blocks(&self, count: usize) -> Option<&[WaitBlock]> {
        if let Some(blocks) = self.blocks.get(..count) {
            return Some(blocks);
        }
        // SAFETY: the caller's promise.
        let larger = match unsafe { self.larger.get() } {
            Some(larger) => larger,
            None => {
                let larger: &'static [WaitBlock] = super::blocks(KEPT_BLOCKS)?.leak();
                // SAFETY: the caller's promise.
                unsafe { self.larger.set(Some(larger)) };
                larger
            }
        };
        larger.get(..count)
    }
}

impl Deref for ThreadRecord {
    type Target = Waiter;
    #[inline]
    fn deref(&self) -> &Waiter {
        &self.waiter
    }
}

impl Pooled for ThreadRecord {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self::new()
    }

    /// T3.
    fn is_made(&'static self) {
        #[cfg(not(ntwait_loom))]
        fork::in_child(are_renewed(), renew);
        let mut last = last_made().load(Ordering::Relaxed);
        loop {
            self.made_before.store(last, Ordering::Relaxed);
            let me = core::ptr::from_ref(self).cast_mut();
            // Release: who finds the record finds it made.
            match last_made().compare_exchange(last, me, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => last = seen,
            }
        }
    }
}

process_static! {
    /// Records that no thread has.
    fn pool() -> Pool<ThreadRecord> = Pool::new()
}

process_static! {
    /// The head of the list of all records (T3).
    fn last_made() -> AtomicPtr<ThreadRecord> = AtomicPtr::new(core::ptr::null_mut())
}

/// All records, those that no thread has included (T3).
pub(crate) fn all() -> impl Iterator<Item = &'static ThreadRecord> {
    let mut next = last_made().load(Ordering::Acquire);
    core::iter::from_fn(move || {
        // SAFETY: T2; null at the end of the list.
        let record: &'static ThreadRecord = unsafe { next.as_ref() }?;
        next = record.made_before.load(Ordering::Relaxed);
        Some(record)
    })
}

#[cfg(not(ntwait_loom))]
process_static! {
    fn are_renewed() -> AtomicU32 = AtomicU32::new(0)
}

/// In a child of `fork` there are none of the parent's other threads. The one that is there has another number.
#[cfg(not(ntwait_loom))]
unsafe extern "C" fn renew() {
    let me = current();
    for record in all() {
        if me.is_some_and(|me| core::ptr::eq(me, record)) {
            record.tid.store(cpu::thread_id(), Ordering::Relaxed);
        } else {
            record.vacate();
        }
    }
}

/// A record for a thread that has none.
pub(crate) fn acquire() -> Result<&'static ThreadRecord, NoMemory> {
    let _shield = Shield::raise();
    let record = pool().take()?;
    // A request that came for the last owner when it had gone is not for us.
    record.park.drop_pending();
    // SAFETY: T1, it is ours now.
    unsafe { record.spin.set(History::NEW) };
    // SAFETY: T1, it is ours now.
    unsafe { record.end.set(None) };
    record.is_known_elsewhere.store(0, Ordering::Relaxed);
    record.owner_number.store(0, Ordering::Relaxed);
    #[cfg(not(ntwait_loom))]
    record.kick.store(0, Ordering::Relaxed); // one on its way to the last owner does no harm
    Ok(record)
}

/// Gives a record back that no thread has and nobody can reach through a thread's object.
pub(crate) fn release(record: &'static ThreadRecord) {
    record.vacate();
    pool().put(record);
}

thread_local! {
    /// The fast way to the record: a value without a destructor, so one plain load.
    static CURRENT: Cell<Option<&'static ThreadRecord>> = const { Cell::new(None) };
}

/// Runs `body` with the calling thread's record.
///
/// In a destructor that runs after the thread gave its record back, `body` gets one for the time of the call.
pub(crate) fn with_current<R, E: From<NoMemory>>(body: impl FnOnce(&ThreadRecord) -> Result<R, E>) -> Result<R, E> {
    if let Some(record) = current() {
        return body(record);
    }
    let record = acquire()?;
    if at_exit::gives_back(record) {
        adopt(record, cpu::thread_id());
        return body(record);
    }
    let result = body(record);
    release(record);
    result
}

/// The calling thread's record, if it has one.
#[inline]
pub(crate) fn current() -> Option<&'static ThreadRecord> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// The calling thread's record, for as long as the thread lives. `None`: no memory, or the thread is past its end.
pub(crate) fn current_for_good() -> Option<&'static ThreadRecord> {
    let _ = with_current(|_| Ok::<(), NoMemory>(()));
    current()
}

/// From now on this is the calling thread's record. `tid` is what the kernel calls the thread.
pub(crate) fn adopt(record: &'static ThreadRecord, tid: u32) {
    record.pointer.store(cpu::thread_pointer(), Ordering::Relaxed);
    record.tid.store(tid, Ordering::Release);
    CURRENT.with(|current| current.set(Some(record)));
    // Last: a kick that came for it finds it. One that came before is not missed either: who can send one can only do so
    // after this, or left its bit for the thread to find (B2).
    #[cfg(not(ntwait_loom))]
    signal::set_cookie(Some(cookie(record)));
}

/// From now on the calling thread has no record.
pub(crate) fn forget_current() {
    #[cfg(not(ntwait_loom))]
    signal::set_cookie(None);
    let _ = CURRENT.try_with(Cell::take);
}

/// What the kick signal carries, so that it reaches this thread and no other.
#[cfg(not(ntwait_loom))]
pub(crate) fn cookie(record: &'static ThreadRecord) -> signal::Cookie {
    &record.kick
}

/// Is the calling thread one that the library made, and not past its rundown?
pub(crate) fn is_ours() -> bool {
    current().is_some_and(|me| me.end().is_some())
}
