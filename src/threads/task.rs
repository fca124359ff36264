//! The life of a cloned task.
//!
//! ```text
//!   entry ─▶ begin ─▶ run ─▶ end ──┬─▶ parked ─▶ begin …
//!                      │     ▲     ├─▶ the slot is free, bare exit
//!                leave └─────┘     └─▶ something is left over: back in the C library, which does its whole exit
//! ```
//!
//! E1  Between the entry and `run` no value has a destructor (C4).
//! E2  What the task reads of its slot and of the C library after its thread-locals were reset needs none of them.

#![allow(unsafe_code, reason = "runs jobs, and leaves by other ways than returning")]

use super::glibc::{Glibc, clear_errno};
use super::slot::{Kind, Slot};
use super::{carrier, masked, ours};
use crate::sys::futex::LateWake;
use crate::sys::usage::Usage;
use crate::sys::{clone, depth};
use core::ffi::c_void;

/// # Safety
/// The argument is a slot, of a donor, on which the calling task was spawned.
pub(super) unsafe extern "C-unwind" fn entry(argument: *mut c_void) -> ! {
    // SAFETY: the caller's.
    let slot = unsafe { Slot::from_argument(argument) };
    if let Kind::Donor(glibc) = slot.kind {
        // SAFETY: the caller's.
        unsafe { glibc.settle(&slot.view()) };
    }
    slot.set_used(Usage::default());
    slot.life.begin();
    work(slot)
}

/// Where [`super::leave`] goes on.
///
/// # Safety
/// As [`entry`]; its job was running.
pub(super) unsafe extern "C-unwind" fn after_leave(argument: *mut c_void) -> ! {
    // SAFETY: the caller's.
    let slot = unsafe { Slot::from_argument(argument) };
    if let Kind::Donor(glibc) = slot.kind {
        glibc.forget_cleanup(&slot.view());
    }
    end(slot);
    work(slot)
}

/// One job after the other.
fn work(slot: &'static Slot) -> ! {
    loop {
        begin(slot);
        if let Some(order) = slot.order() {
            // SAFETY: S3: this is the task it was given to.
            unsafe { (order.job.run)(order.job.data) };
        }
        end(slot);
    }
}

/// The last before the user's code, on either backend.
pub(super) fn begin(slot: &'static Slot) {
    clone::reset_floating_point();
    ours::set_current(slot);
    clear_errno();
    if let Some(order) = slot.order() {
        masked::set(&order.mask);
    }
}

/// The job is done. Returns when the task has another.
fn end(slot: &'static Slot) {
    let Kind::Donor(glibc) = slot.kind else { clone::exit_task() };
    let view = slot.view();
    // SAFETY: the job has returned.
    let _ = unsafe { glibc.run_destructors(&view) };
    masked::block_all();
    let mut wake = slot.finish();
    if !slot.world.is_of_this_process() {
        wake.pay();
        // W1: a child of fork, in which this was the only thread.
        // SAFETY: what the C library does when the last thread ends.
        unsafe { libc::exit(0) };
    }
    // SAFETY: what `finish` used.
    let empty = unsafe { glibc.run_destructors(&view) };
    if !empty || !is_in_order(slot, glibc) {
        retire(slot, wake);
    }
    depth::raise(); // goes with the other thread-locals, or with the task
    // SAFETY: E2; all destructors have run.
    let fresh = unsafe { slot.world.reset_thread_locals(slot, glibc) };
    depth::raise();
    if !fresh {
        retire(slot, wake);
    }
    if carrier::park(slot, &mut wake) {
        let _ = depth::lower(); // signals are blocked: nobody can have left a note
        return;
    }
    vacate(slot, wake)
}

/// Is there nothing in the thread block that the next task must not find?
fn is_in_order(slot: &Slot, glibc: &Glibc) -> bool {
    let view = slot.view();
    glibc.calm_down(&view) && slot.life.is_newest(glibc.robust_mutex(&view))
}

/// Leaves the slot to the next task.
fn vacate(slot: &'static Slot, mut wake: LateWake) -> ! {
    let mut pools = slot.world.pools.lock();
    if !pools.has_room() {
        drop(pools);
        retire(slot, wake);
    }
    pools.stop_running(slot);
    slot.life.end();
    let cold = pools.is_cold();
    if !cold {
        pools.put_free(slot);
        drop(pools);
    } else {
        drop(pools);
        let here = 0_u8;
        let keep = (&raw const here).addr() - 16 * 1024;
        // SAFETY: below the frames of this task, with room for those to come, is nothing that anyone needs.
        unsafe { slot.stack.discard_below(keep) };
        slot.world.pools.lock().put_free(slot);
    }
    // SAFETY: the slot is not freed while `gone` is not cleared: who takes it waits for that.
    unsafe { clone::set_cleared_at_exit(&raw const slot.gone) };
    slot.view().leave_in_good_order();
    wake.pay();
    let _ = depth::lower(); // signals are blocked; the slot's next task finds the count at zero
    clone::exit_task()
}

/// Lets the C library end the thread. Its frame is where it was (C2).
fn retire(slot: &'static Slot, mut wake: LateWake) -> ! {
    ours::hand_in(slot);
    wake.pay();
    // SAFETY: saved by the thread that the C library made on this slot; the job is done.
    unsafe { clone::resume(slot.frame()) }
}
