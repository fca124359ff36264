//! Asynchronous procedure calls: what others have asked a thread to call while it waits alertably.
//!
//! ```text
//!   queue   lock; append; APC bit; unlock; end an alertable wait          the bit is there while the queue is not empty
//!   drain   lock; take the first; unlock; call it; … until it is empty    (A2, A3, A5)
//! ```
//!
//! C1  The queue, its APC bit and nothing else are changed under the record's control lock.
//! C2  A routine is called with no lock held and at depth zero: it may wait, queue and be terminated (A6).
//! C3  What is still queued when the thread ends is dropped without a call (A20).
//! C4  A block is the pool's, or a part of a [`StandingApc`](super::standing::StandingApc), which is queued again and again.

#![allow(unsafe_code, reason = "an intrusive queue; calls into foreign code")]

use super::goal;
use super::park::{Pending, Posted};
use super::pool::{NoMemory, Pool, Pooled};
use super::record::{Control, ThreadRecord};
use super::shield::Shield;
use crate::sys::atomic::{AtomicU64, process_static};
use crate::sys::cell::Guarded;
use core::ffi::c_void;
use core::ptr;

/// What an APC calls, with the three arguments it was queued with (A29).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ApcRoutine {
    /// A function with the C calling convention of the platform.
    C(extern "C" fn(*mut c_void, *mut c_void, *mut c_void)),
    /// A function with the Windows x64 calling convention.
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(*mut c_void, *mut c_void, *mut c_void)),
}

/// What a timer calls when it expires: with the context that it was set with, and the lower and the higher half of the time
/// of the expiry, in units of 100 ns since 1601 (T14).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum TimerApcRoutine {
    /// A function with the C calling convention of the platform.
    C(extern "C" fn(*mut c_void, u32, i32)),
    /// A function with the Windows x64 calling convention.
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(*mut c_void, u32, i32)),
}

/// What is called: foreign code, through which no thread is unwound, or our own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Routine {
    Foreign(ApcRoutine),
    /// Two of the arguments are halves of a time.
    Timer(TimerApcRoutine),
    Own(fn([*mut c_void; 3])),
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apc {
    pub(crate) routine: Routine,
    pub(crate) arguments: [*mut c_void; 3],
    /// Frees what the arguments own if the call is never made. Not called if the thread is terminated.
    pub(crate) discard: Option<fn([*mut c_void; 3])>,
}

impl Apc {
    fn call(self) {
        let [first, second, third] = self.arguments;
        match self.routine {
            Routine::Own(routine) => routine(self.arguments),
            Routine::Foreign(ApcRoutine::C(routine)) => goal::hidden(|| routine(first, second, third)),
            #[cfg(target_arch = "x86_64")]
            Routine::Foreign(ApcRoutine::Win64(routine)) => goal::hidden(|| routine(first, second, third)),
            Routine::Timer(TimerApcRoutine::C(routine)) => {
                goal::hidden(|| routine(first, second.addr() as u32, third.addr() as i32));
            }
            #[cfg(target_arch = "x86_64")]
            Routine::Timer(TimerApcRoutine::Win64(routine)) => {
                goal::hidden(|| routine(first, second.addr() as u32, third.addr() as i32));
            }
        }
    }
}

/// Where a block comes from, and what becomes of it (C4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Pools,
    /// A part of something else.
    Part {
        is_queued: bool,
    },
}

/// A queued call.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct ApcBlock {
    apc: Guarded<Option<Apc>>,
    previous: Guarded<*const ApcBlock>,
    next: Guarded<*const ApcBlock>,
    whose: Guarded<Whose>,
    next_free: AtomicU64,
}

// SAFETY: plain data that goes from hand to hand: the pool (Q2), then the queue under its lock (C1).
unsafe impl Send for ApcBlock {}
// SAFETY: as above.
unsafe impl Sync for ApcBlock {}

impl Pooled for ApcBlock {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self::new(Whose::Pools)
    }
}

impl ApcBlock {
    fn new(whose: Whose) -> Self {
        Self {
            apc: Guarded::new(None),
            previous: Guarded::new(ptr::null()),
            next: Guarded::new(ptr::null()),
            whose: Guarded::new(whose),
            next_free: AtomicU64::new(0),
        }
    }

    /// One that is a part of something else.
    pub(super) fn part() -> Self {
        Self::new(Whose::Part { is_queued: false })
    }

    /// # Safety
    /// The caller has the lock of the thread whose queue it is in, or may come to be in (C1).
    pub(super) unsafe fn is_queued(&self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.whose.get() == (Whose::Part { is_queued: true }) }
    }

    /// # Safety
    /// As for [`is_queued`](Self::is_queued), of a part.
    unsafe fn set_queued(&self, is_queued: bool) {
        // SAFETY: the caller's promise.
        unsafe { self.whose.set(Whose::Part { is_queued }) };
    }
}

process_static! {
    fn pool() -> Pool<ApcBlock> = Pool::new()
}

/// A queue of calls; a part of a thread's control block (C1).
#[derive(Debug)]
pub(crate) struct ApcQueue {
    first: *const ApcBlock,
    last: *const ApcBlock,
}

// SAFETY: a list of blocks that belong to it.
unsafe impl Send for ApcQueue {}

impl ApcQueue {
    pub(crate) const EMPTY: Self = Self { first: ptr::null(), last: ptr::null() };

    fn append(&mut self, block: &'static ApcBlock) {
        // SAFETY: the caller's lock (C1).
        unsafe { block.previous.set(self.last) };
        // SAFETY: the caller's lock (C1).
        unsafe { block.next.set(ptr::null()) };
        // SAFETY: null, or a block of this queue, which is never freed (Q1).
        match unsafe { self.last.as_ref() } {
            // SAFETY: the caller's lock (C1).
            Some(last) => unsafe { last.next.set(block) },
            None => self.first = block,
        }
        self.last = block;
    }

    fn take_first(&mut self) -> Option<&'static ApcBlock> {
        // SAFETY: null, or a block of this queue, which is never freed (Q1).
        let first = unsafe { self.first.as_ref() }?;
        self.take(first);
        Some(first)
    }

    /// Takes out a block of this queue.
    fn take(&mut self, block: &ApcBlock) {
        // SAFETY: the caller's lock (C1).
        let previous = unsafe { block.previous.get() };
        // SAFETY: the caller's lock (C1).
        let next = unsafe { block.next.get() };
        // SAFETY: null, or a block of this queue, which is never freed (Q1).
        match unsafe { previous.as_ref() } {
            // SAFETY: the caller's lock (C1).
            Some(previous) => unsafe { previous.next.set(next) },
            None => self.first = next,
        }
        // SAFETY: null, or a block of this queue, which is never freed (Q1).
        match unsafe { next.as_ref() } {
            // SAFETY: the caller's lock (C1).
            Some(next) => unsafe { next.previous.set(previous) },
            None => self.last = previous,
        }
    }
}

impl Control {
    /// Queues a part with this call (C1).
    pub(super) fn queue_part(&mut self, thread: &ThreadRecord, block: &'static ApcBlock, apc: Apc) -> Posted {
        // SAFETY: it is in no queue, and this is the lock of the one that it may be in.
        unsafe { block.apc.set(Some(apc)) };
        // SAFETY: as above.
        unsafe { block.set_queued(true) };
        self.apcs.append(block);
        thread.park.post(Pending::Apc)
    }

    /// Takes a part out of the queue, if it is there.
    pub(super) fn unqueue_part(&mut self, thread: &ThreadRecord, block: &ApcBlock) {
        // SAFETY: this is the lock of the queue that it may be in.
        if unsafe { block.is_queued() } {
            self.apcs.take(block);
            // SAFETY: as above.
            unsafe { block.set_queued(false) };
            self.note_if_empty(thread);
        }
    }

    /// C1.
    fn note_if_empty(&self, thread: &ThreadRecord) {
        if self.apcs.first.is_null() {
            thread.park.withdraw(Pending::Apc);
        }
    }
}

/// A call that has its place but is not in a queue yet: queuing needs no memory.
#[derive(Debug)]
pub(crate) struct Prepared(&'static ApcBlock);

impl Prepared {
    pub(crate) fn new(apc: Apc) -> Result<Self, NoMemory> {
        let _shield = Shield::raise();
        let block = pool().take()?;
        // SAFETY: Q2, it is ours.
        unsafe { block.apc.set(Some(apc)) };
        Ok(Self(block))
    }

    /// Gives the thread this to call. The caller keeps the thread from ending meanwhile, and wakes it if told so.
    pub(crate) fn queue(self, thread: &ThreadRecord) -> Posted {
        let mut control = thread.control.lock();
        control.apcs.append(self.0);
        thread.park.post(Pending::Apc)
    }

    /// Not queued after all.
    pub(crate) fn give_back(self) {
        recycle(self.0);
    }
}

/// A block that is ours: popped, or just taken from a queue whose lock we still have.
fn recycle(block: &'static ApcBlock) -> Option<Apc> {
    // SAFETY: Q2, or the lock (C1).
    let apc = unsafe { block.apc.get() };
    // SAFETY: as above.
    match unsafe { block.whose.get() } {
        Whose::Pools => pool().put(block),
        // SAFETY: as above.
        Whose::Part { .. } => unsafe { block.set_queued(false) },
    }
    apc
}

/// The next call.
fn next(me: &ThreadRecord) -> Option<Apc> {
    let _shield = Shield::raise();
    let mut control = me.control.lock();
    let block = control.apcs.take_first()?;
    // Now, and not when nothing more is found: the call may wait alertably itself (A6).
    control.note_if_empty(me);
    recycle(block)
}

/// Calls what the calling thread was asked to, until nothing is left (A3, A5). Says whether there was anything.
pub(crate) fn drain(me: &ThreadRecord) -> bool {
    let mut any = false;
    while let Some(apc) = next(me) {
        any = true;
        apc.call();
    }
    any
}

/// Drops all calls (C3).
pub(crate) fn discard(me: &ThreadRecord, may_free: bool) {
    while let Some(apc) = next(me) {
        if let Some(free) = apc.discard.filter(|_| may_free) {
            free(apc.arguments);
        }
    }
}
