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

use super::StartError;
use super::world::World;
use crate::sys::atomic::Ordering;
use crate::sys::{clone, depth};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;

const STACK: usize = 256 * 1024;

/// Sees to it that there is one. Signals are blocked, and so they are in the warden.
pub(super) fn see_to_one(world: &'static World) -> Result<(), StartError> {
    if world.wardens.load(Ordering::Acquire) != 0 {
        return Ok(());
    }
    let mut there = world.warden.lock();
    if !*there {
        create(world)?;
        *there = true;
        world.wardens.store(1, Ordering::Release);
    }
    Ok(())
}

fn create(world: &'static World) -> Result<(), StartError> {
    let mut how = MaybeUninit::uninit();
    // SAFETY: a place for attributes.
    unsafe { libc::pthread_attr_init(how.as_mut_ptr()) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_setstacksize(how.as_mut_ptr(), STACK) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_setdetachstate(how.as_mut_ptr(), libc::PTHREAD_CREATE_DETACHED) };
    let mut thread = MaybeUninit::<libc::pthread_t>::uninit();
    let argument = ptr::from_ref(world).cast_mut().cast();
    // SAFETY: the world lives as long as the process.
    let answer = unsafe { libc::pthread_create(thread.as_mut_ptr(), how.as_ptr(), keep_watch, argument) };
    // SAFETY: made above.
    unsafe { libc::pthread_attr_destroy(how.as_mut_ptr()) };
    if answer == 0 { Ok(()) } else { Err(StartError::NoThread) }
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
    }
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
