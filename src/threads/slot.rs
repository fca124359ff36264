//! A slot: a stack, what the C library keeps for the thread on it, and one task after the other.
//!
//! ```text
//!   state   IDLE ── start ──▶ RUNNING ──┬─ finish ───▶ FINISHED ──▶ IDLE (next task, or next job of a parked one)
//!                                       ├─ warden ───▶ ORPHANED ──┐
//!                                       └─ abandon ──▶ ABANDONED ─┴▶ (never again)
//! ```
//!
//! S1  The [`Body`] comes first: the stubs find the slot by it.
//! S2  The view is written by the thread that the C library made on the slot, before it says that it is made.
//! S3  What a starter sets (job, mask, parking) it sets while the slot is in no list of the pools and no task runs on it,
//!     or a parked one waits to be woken by that starter; after that only the task reads it.
//! S4  Links are touched under the pools' lock only.
//! S5  A slot is freed by who took it out of the pools when no task is left on it; there is no other way to get at it.
//! S6  Whoever moves the state away from RUNNING, and nobody else, answers for the job (J1).

#![allow(unsafe_code, reason = "cells that the slot's owner of the moment uses")]

use super::glibc::{Failed, Glibc, View};
use super::life::Life;
use super::pools::Links;
use super::world::World;
use super::{Job, Parking, StartError};
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::cell::Guarded;
use crate::sys::clone::Body;
use crate::sys::futex::LateWake;
use crate::sys::stack::Stack;
use crate::sys::usage::Usage;
use core::ffi::c_void;
use core::ptr;

/// What the stack pointer of the C library's own frame keeps above it, at most, until it was measured.
pub(super) const FIRST_OVERHEAD: usize = 64 * 1024;
/// The least stack that a thread gets.
const LEAST: usize = 64 * 1024;

const IDLE: u32 = 0;
const RUNNING: u32 = 1;
const FINISHED: u32 = 2;
const ORPHANED: u32 = 3;
const ABANDONED: u32 = 4;

/// What kind of tasks run on a slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Cloned ones.
    Donor(&'static Glibc),
    /// The C library's.
    Pthread,
}

/// What a starter tells the task.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order {
    pub(super) job: Job,
    pub(super) mask: libc::sigset_t,
    pub(super) parking: Parking,
}

#[derive(Debug)]
#[repr(C)]
pub(super) struct Slot {
    body: Body, // S1
    pub(super) world: &'static World,
    pub(super) kind: Kind,
    /// Usable bytes, as they were asked for: slots of one size serve each other's threads.
    pub(super) usable: usize,
    pub(super) stack: Stack,
    pub(super) links: Links,
    pub(super) life: Life,
    view: Guarded<View>,
    failure: Guarded<Option<Failed>>,
    order: Guarded<Option<Order>>,
    state: AtomicU32,
    /// How far the C library's thread is: see [`super::donor`].
    pub(super) made: AtomicU32,
    /// 1 while a task is on the slot; the kernel clears it for one that has left in good order.
    pub(super) gone: AtomicU32,
    /// On which a parked task sleeps.
    pub(super) call: AtomicU32,
    /// Not 0: the task was changed in a way that its next job must not inherit.
    pub(super) changed: AtomicU32,
    /// What the task had used at the end of its last job.
    used: Guarded<Usage>,
    /// Rounds of key destructors that the C library has made for the task.
    pub(super) rounds: AtomicU32,
}

// SAFETY: raw pointers lie in the order and the view alone, which have one user at a time (S2, S3).
unsafe impl Send for Slot {}
// SAFETY: as above.
unsafe impl Sync for Slot {}

/// The size that a thread gets which asks for `asked` bytes.
pub(super) fn usable_size(asked: usize) -> Result<usize, StartError> {
    let asked = if asked == 0 { super::DEFAULT_STACK } else { asked };
    crate::sys::stack::whole_pages(asked.max(LEAST)).ok_or(StartError::NoMemory)
}

impl Slot {
    /// A slot with a stack, and nothing on it yet.
    pub(super) fn new(
        world: &'static World,
        kind: Kind,
        usable: usize,
        run: unsafe extern "C-unwind" fn(*mut c_void),
    ) -> Result<&'static Self, StartError> {
        let bytes = usable.checked_add(world.overhead()).ok_or(StartError::NoMemory)?;
        let stack = Stack::map(bytes)?;
        // A box cannot be asked to fail, a vector can.
        let mut place = Vec::new();
        place.try_reserve_exact(1).map_err(|_| StartError::NoMemory)?;
        place.push(Self {
            body: Body::new(run),
            world,
            kind,
            usable,
            stack,
            links: Links::default(),
            life: Life::new(),
            view: Guarded::new(View::default()),
            failure: Guarded::new(None),
            order: Guarded::new(None),
            state: AtomicU32::new(IDLE),
            made: AtomicU32::new(0),
            gone: AtomicU32::new(0),
            call: AtomicU32::new(0),
            changed: AtomicU32::new(0),
            used: Guarded::new(Usage::default()),
            rounds: AtomicU32::new(0),
        });
        let slots: &'static [Self] = place.leak();
        let slot = slots.first().ok_or(StartError::NoMemory)?;
        slot.life.prepare();
        Ok(slot)
    }

    /// # Safety
    /// S5: nobody has, or will look for, the slot, and no task is on its stack.
    pub(super) unsafe fn free(&'static self) {
        let slots = ptr::slice_from_raw_parts_mut(ptr::from_ref(self).cast_mut(), 1);
        // SAFETY: leaked in `new` with no capacity to spare; the caller says that it is the last.
        drop(unsafe { Box::from_raw(slots) });
    }

    /// What the stubs and the C library pass around for it.
    pub(super) fn as_argument(&'static self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    /// # Safety
    /// The argument is of [`as_argument`](Self::as_argument), and the slot is not freed.
    pub(super) unsafe fn from_argument(argument: *mut c_void) -> &'static Self {
        // SAFETY: the caller's.
        unsafe { &*argument.cast::<Self>() }
    }

    pub(super) fn view(&self) -> View {
        // SAFETY: S2.
        unsafe { self.view.get() }
    }

    /// # Safety
    /// S2: the caller is the thread that the C library made on the slot, and has not said so yet.
    pub(super) unsafe fn set_view(&self, view: View) {
        // SAFETY: the caller's.
        unsafe { self.view.set(view) };
    }

    /// What was not as expected when the slot was made.
    pub(super) fn failure(&self) -> Option<Failed> {
        // SAFETY: S2.
        unsafe { self.failure.get() }
    }

    /// # Safety
    /// As [`set_view`](Self::set_view).
    pub(super) unsafe fn set_failure(&self, failure: Failed) {
        // SAFETY: the caller's.
        unsafe { self.failure.set(Some(failure)) };
    }

    /// Stack pointer of the C library's frame, below which the slot's tasks live.
    pub(super) fn frame(&self) -> usize {
        self.body.frame()
    }

    /// Where the stack of a cloned task begins: below the frame, with a gap, as more than pointers may lie there.
    pub(super) fn task_top(&self) -> usize {
        (self.frame() - 512) & !63
    }

    /// Gives the next task, or the parked one, its job.
    ///
    /// # Safety
    /// S3: the caller has taken the slot out of the pools in order to start something on it.
    pub(super) unsafe fn give(&self, order: Order) {
        // SAFETY: S3.
        unsafe { self.order.set(Some(order)) };
        self.changed.store(0, Ordering::Relaxed);
        self.rounds.store(0, Ordering::Relaxed);
        // Release: who sees the state sees the order.
        self.state.store(RUNNING, Ordering::Release);
    }

    pub(super) fn order(&self) -> Option<Order> {
        // SAFETY: S3: it is not written while a task has it.
        unsafe { self.order.get() }
    }

    /// By the task itself, and nobody else.
    pub(super) fn used(&self) -> Usage {
        // SAFETY: the task's own.
        unsafe { self.used.get() }
    }

    /// By the task itself, and nobody else.
    pub(super) fn set_used(&self, used: Usage) {
        // SAFETY: the task's own.
        unsafe { self.used.set(used) };
    }

    /// Takes back what [`give`](Self::give) gave: there was no task.
    pub(super) fn take_back(&self) {
        self.state.store(IDLE, Ordering::Release);
    }

    /// The job is done: on its own thread, after its destructors. Does nothing if it was answered for already.
    pub(super) fn finish(&self) -> LateWake {
        match self.answer(FINISHED) {
            // SAFETY: S6: once, on the thread itself.
            Some(job) => unsafe { (job.finish)(job.data) },
            None => LateWake::NONE,
        }
    }

    /// The task has died.
    pub(super) fn orphan(&self) {
        if let Some(job) = self.answer(ORPHANED) {
            // SAFETY: S6: once, and the thread is dead.
            unsafe { (job.orphaned)(job.data) };
        }
    }

    /// The caller has seen to the job.
    pub(super) fn abandon(&self) {
        let _ = self.answer(ABANDONED);
    }

    pub(super) fn is_running(&self) -> bool {
        self.state.load(Ordering::Acquire) == RUNNING
    }

    fn answer(&self, state: u32) -> Option<Job> {
        self.state.compare_exchange(RUNNING, state, Ordering::AcqRel, Ordering::Acquire).ok()?;
        self.order().map(|order| order.job)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::param::page_size;

    #[test]
    fn sizes_of_stacks() {
        let rows = [
            (0, Ok(1 << 20)),
            (1, Ok(LEAST)),
            (LEAST, Ok(LEAST)),
            (LEAST + 1, Ok(LEAST + page_size())),
            ((1 << 20) + 1, Ok((1 << 20) + page_size())),
            (usize::MAX, Err(StartError::NoMemory)),
            (usize::MAX - page_size() + 1, Ok(usize::MAX - page_size() + 1)),
        ];
        for (asked, usable) in rows {
            assert_eq!(usable_size(asked), usable, "{asked:#x}");
        }
    }

    #[test]
    fn the_body_comes_first() {
        assert_eq!(core::mem::offset_of!(Slot, body), 0);
    }
}
