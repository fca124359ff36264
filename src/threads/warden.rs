//! The thread that notices tasks which ended by a bare exit system call.
//!
//! ```text
//!   task dies ─▶ kernel marks its life ─▶ kernel clears the bell, wakes the warden
//!                                                     │
//!        ┌── sleep ◀── no more ◀── look through all lives ◀── bell := 1
//!        └──────────────────────────────▲
//! ```
//!
//! A1  The kernel marks the life before it clears the bell, and the warden sets the bell before it looks: a death is found
//!     by the look after it, or the bell is cleared again.
//! A2  The bell is the word that the kernel clears for a task only while the task may run the user's code; every way out
//!     through this folder puts another word in its place first.

#![allow(unsafe_code, reason = "pthreads")]

use super::world::World;
use super::{StartError, service};
use crate::sys::atomic::Ordering;
use crate::sys::{clone, cpu, depth};
use crate::waiter::at_exit;
use core::ffi::c_void;
use core::ptr;

/// Sees to it that there is one. Signals are blocked, and so they are in the warden.
pub(super) fn see_to_one(world: &'static World) -> Result<(), StartError> {
    if world.wardens.load(Ordering::Acquire) != 0 {
        return Ok(());
    }
    let mut there = world.warden.lock();
    if !*there {
        service::create(keep_watch, ptr::from_ref(world).cast_mut().cast())?;
        *there = true;
        world.wardens.store(1, Ordering::Release);
    }
    Ok(())
}

extern "C" fn keep_watch(world: *mut c_void) -> *mut c_void {
    // SAFETY: what `create` passed.
    let world = unsafe { &*world.cast::<World>() };
    let _ = rustix::thread::set_name(c"ntwait-warden");
    depth::raise(); // for good: no signal comes here
    loop {
        clone::wait_shared(&world.bell, |bell| bell != 0);
        world.bell.store(1, Ordering::SeqCst);
        while bury_one(world) {}
        if at_exit::first_thread_has_left() {
            outlive(world);
        }
    }
}

/// The process's first thread has left it to the others. Without the library's own threads it would end with the last of
/// them; so it does, with the code that the C library gives it then. (The library's threads see to it themselves, with
/// their own code: TH5.) Nothing tells when another's thread has ended, so we look now and then.
fn outlive(world: &World) -> ! {
    const NOW_AND_THEN: rustix::time::Timespec = rustix::time::Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    loop {
        world.bell.store(1, Ordering::SeqCst);
        while bury_one(world) {}
        if cpu::is_first_thread_gone() && nobody_is_left(world) {
            // SAFETY: what the C library does when the last thread ends.
            unsafe { libc::exit(0) };
        }
        let _ = rustix::thread::nanosleep(&NOW_AND_THEN);
    }
}

fn nobody_is_left(world: &World) -> bool {
    // Locked, so that no parked task is called, and none parks, while the kernel counts.
    let pools = world.pools.lock();
    cpu::threads_of_process().is_some_and(|count| count <= world.own_threads() + pools.parked())
}

/// Sees to one task that has died. False: there is none.
fn bury_one(world: &World) -> bool {
    let mut pools = world.pools.lock();
    let Some(slot) = pools.find_dead() else { return false };
    pools.stop_running(slot);
    drop(pools);
    slot.orphan();
    if cfg!(target_env = "gnu") {
        slot.view().bury();
        world.pools.lock().end(slot);
        world.any_ended.store(1, Ordering::Release);
    }
    // Another C library's thread cannot be joined after that: its slot is lost.
    true
}
