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

#![allow(unsafe_code, reason = "an intrusive queue; calls into foreign code")]

use super::goal;
use super::park::{Pending, Posted};
use super::pool::{NoMemory, Pool, Pooled};
use super::record::ThreadRecord;
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

/// What is called: foreign code, through which no thread is unwound, or our own.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Routine {
    Foreign(ApcRoutine),
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
        }
    }
}

/// A queued call.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct ApcBlock {
    apc: Guarded<Option<Apc>>,
    next: Guarded<*const ApcBlock>,
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
        Self { apc: Guarded::new(None), next: Guarded::new(ptr::null()), next_free: AtomicU64::new(0) }
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
        // SAFETY: the caller's lock (C1).
        self.first = unsafe { first.next.get() };
        if self.first.is_null() {
            self.last = ptr::null();
        }
        Some(first)
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
        // SAFETY: Q2, it is ours.
        unsafe { block.next.set(ptr::null()) };
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

fn recycle(block: &'static ApcBlock) -> Option<Apc> {
    // SAFETY: Q2, it is ours: popped, or taken from the queue.
    let apc = unsafe { block.apc.get() };
    pool().put(block);
    apc
}

/// The next call.
fn next(me: &ThreadRecord) -> Option<Apc> {
    let _shield = Shield::raise();
    let mut control = me.control.lock();
    let block = control.apcs.take_first()?;
    if control.apcs.first.is_null() {
        // Now, and not when nothing more is found: the call may wait alertably itself (A6).
        me.park.withdraw(Pending::Apc);
    }
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
