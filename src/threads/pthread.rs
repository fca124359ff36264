//! Threads by `pthread_create`, on stacks of our own that are kept for the next thread.
//!
//! ```text
//!   start ─▶ enter ─▶ work ─▶ run ─▶ (or leave) ─▶ the C library ends the thread ─▶ at_exit: finish ─▶ ended ─▶ joined
//! ```
//!
//! Y1  The thread itself notes what it is (its view) before it can be in the list of ended ones, by which others join it.

#![allow(unsafe_code, reason = "pthreads")]

use super::slot::{Kind, Order, Slot};
use super::world::World;
use super::{StartError, ours, task};
use crate::sys::atomic::Ordering;
use crate::sys::clone;
use crate::sys::usage::Usage;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

/// Has the C library make a thread on the slot's stack, which runs the slot's body.
pub(super) fn create(slot: &'static Slot) -> Result<(), StartError> {
    let mut how = MaybeUninit::uninit();
    // SAFETY: a place for attributes.
    unsafe { libc::pthread_attr_init(how.as_mut_ptr()) };
    let low = ptr::with_exposed_provenance_mut(slot.stack.low());
    let bytes = slot.stack.top() - slot.stack.low();
    // SAFETY: made above; the stack is mapped (K1), and nobody is on it.
    unsafe { libc::pthread_attr_setstack(how.as_mut_ptr(), low, bytes) };
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    let argument = slot.as_argument();
    // SAFETY: the attributes are set, and the slot outlives the thread.
    let answer = unsafe { libc::pthread_create(thread.as_mut_ptr(), how.as_ptr(), clone::enter(), argument) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_destroy(how.as_mut_ptr()) };
    match answer {
        0 => Ok(()),
        libc::ENOMEM => Err(StartError::NoMemory),
        _ => Err(StartError::NoThread),
    }
}

/// Waits for the slot's thread to end.
pub(super) fn join(slot: &Slot) {
    // SAFETY: a thread that the C library made on this slot, which nobody else joins (S5).
    unsafe { libc::pthread_join(slot.view().pthread, ptr::null_mut()) };
}

/// As [`join`], if that needs no waiting.
fn try_join(slot: &Slot) -> bool {
    // SAFETY: as above.
    unsafe { libc::pthread_tryjoin_np(slot.view().pthread, ptr::null_mut()) == 0 }
}

/// Starts a job as a thread of the C library's.
pub(super) fn start(world: &'static World, usable: usize, order: Order) -> Result<(), StartError> {
    let free = world.pools.lock().take_free(false, usable);
    let slot = match free {
        Some(slot) => slot,
        None => Slot::new(world, Kind::Pthread, usable, work)?,
    };
    // SAFETY: S3: taken out of the pools, or new.
    unsafe { slot.give(order) };
    world.pools.lock().run(slot);
    create(slot).inspect_err(|_| {
        slot.take_back();
        let mut pools = world.pools.lock();
        pools.stop_running(slot);
        pools.put_free(slot);
    })
}

unsafe extern "C-unwind" fn work(argument: *mut c_void) {
    // SAFETY: what `create` passed.
    let slot = unsafe { Slot::from_argument(argument) };
    let view = slot.world.fields.view();
    // SAFETY: Y1: this is the thread that was made on the slot.
    unsafe { slot.set_view(view) };
    slot.world.measure(slot);
    let remembered = ours::remember(slot);
    slot.set_used(Usage::default());
    slot.life.begin();
    if view.cleared != 0 {
        // SAFETY: the bell lives as long as the process. (A task whose word we could not restore gets none.)
        unsafe { clone::set_cleared_at_exit(&raw const slot.world.bell) };
    }
    task::begin(slot);
    if let Some(order) = slot.order() {
        // SAFETY: S3: this is the task it was given to.
        unsafe { (order.job.run)(order.job.data) };
    }
    if !remembered {
        // There was no memory for the key's value: nobody will come at the end.
        ours::finish_in_libc(slot);
    }
}

/// Joins threads that have ended, and frees their slots or keeps them for the next.
pub(super) fn reap(world: &World) {
    if world.any_ended.swap(0, Ordering::AcqRel) == 0 {
        return;
    }
    let ended = world.pools.lock().take_ended();
    let mut next = ended.iter().next();
    while let Some(slot) = next {
        next = ended.after(slot);
        if !try_join(slot) {
            world.pools.lock().end(slot);
            world.any_ended.store(1, Ordering::Release);
            continue;
        }
        if matches!(slot.kind, Kind::Pthread) && world.pools.lock().has_room() {
            keep(world, slot);
        } else {
            // SAFETY: S5: joined, and taken out of the pools.
            unsafe { slot.free() };
        }
    }
}

fn keep(world: &World, slot: &'static Slot) {
    // Its last thread may have died with it.
    slot.life.prepare();
    let cold = world.pools.lock().is_cold();
    if cold {
        // SAFETY: nobody is on the stack. What lies at its top was the thread block, which the next thread's overwrites.
        unsafe { slot.stack.discard_below(slot.stack.top() - 64 * 1024) };
    }
    world.pools.lock().put_free(slot);
}
