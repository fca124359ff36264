//! How a thread finds its slot: one thread-local for calls, one pthread key for the way out through the C library.
//!
//! ```text
//!   the C library ends the thread ─▶ thread-locals ─▶ keys, round 1 … 3: ours sets itself again
//!                                                     round 4: finish
//! ```
//!
//! O1  The key's value is the slot, from the thread's first step on; its destructor does nothing if the job was answered
//!     for already.

#![allow(unsafe_code, reason = "a pthread key")]

use super::glibc::ROUNDS;
use super::masked;
use super::slot::{Kind, Slot};
use crate::sys::atomic::{AtomicU32, Ordering, process_static};
use crate::sys::depth;
use crate::sys::tls::thread_local;
use core::cell::Cell;
use core::ffi::c_void;

thread_local! {
    /// A value without a destructor, in the image of the object itself: reading it allocates nothing, so that a signal
    /// handler may.
    static CURRENT: Cell<Option<&'static Slot>> = const { Cell::new(None) };
}

/// The calling thread's slot.
pub(super) fn current() -> Option<&'static Slot> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// Says which it is, before any user code runs.
pub(super) fn set_current(slot: &'static Slot) {
    let _ = CURRENT.try_with(|current| current.set(Some(slot)));
}

process_static! {
    /// The key plus one; 0: not made yet.
    fn key_plus_one() -> AtomicU32 = AtomicU32::new(0)
}

/// The key, made at the first use. `None`: no room for one more key.
pub(super) fn key() -> Option<libc::pthread_key_t> {
    let known = key_plus_one().load(Ordering::Acquire);
    if known != 0 {
        return Some(known - 1);
    }
    let mut fresh = 0;
    // SAFETY: the same machine signature. That it may unwind (by force, if a destructor of the user's ends the thread
    // once more) the C library, which calls it, knows.
    let destructor = unsafe { core::mem::transmute::<Destructor, unsafe extern "C" fn(*mut c_void)>(at_exit) };
    // SAFETY: a place for the key, and a destructor that takes what is set for it.
    let made = unsafe { libc::pthread_key_create(&raw mut fresh, Some(destructor)) };
    if made != 0 {
        return None;
    }
    match key_plus_one().compare_exchange(0, fresh + 1, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(fresh),
        Err(winner) => {
            // SAFETY: ours alone, and nobody has set it.
            unsafe { libc::pthread_key_delete(fresh) };
            Some(winner - 1)
        }
    }
}

type Destructor = unsafe extern "C-unwind" fn(*mut c_void);

/// The destructor's address, by which the table of keys is recognised.
pub(super) fn destructor() -> usize {
    at_exit as Destructor as usize
}

/// Sets the key in the calling thread (O1).
pub(super) fn remember(slot: &'static Slot) -> bool {
    let Some(key) = key() else { return false };
    // SAFETY: our own key.
    unsafe { libc::pthread_setspecific(key, slot.as_argument()) == 0 }
}

unsafe extern "C-unwind" fn at_exit(value: *mut c_void) {
    // SAFETY: what `remember` set; a slot outlives its thread.
    let slot = unsafe { Slot::from_argument(value) };
    if !slot.is_running() {
        return;
    }
    let round = slot.rounds.fetch_add(1, Ordering::Relaxed) + 1;
    if round >= ROUNDS || !remember(slot) {
        finish_in_libc(slot);
    }
}

/// Ends the job of a thread that the C library is ending; the slot is joined later.
pub(super) fn finish_in_libc(slot: &'static Slot) {
    masked::block_all();
    let mut wake = slot.finish();
    if let Kind::Donor(glibc) = slot.kind {
        // SAFETY: the thread is ending; what `finish` used must be destroyed too.
        unsafe { glibc.run_thread_locals() };
    }
    if slot.world.is_of_this_process() {
        hand_in(slot);
    }
    wake.pay();
}

/// From here on the task is an ordinary thread of the C library's that somebody has to join.
pub(super) fn hand_in(slot: &'static Slot) {
    depth::raise();
    let mut pools = slot.world.pools.lock();
    pools.stop_running(slot);
    slot.life.end();
    slot.view().restore_cleared();
    pools.end(slot);
    slot.world.any_ended.store(1, Ordering::Release);
    drop(pools);
    let _ = depth::lower(); // signals are blocked: nobody can have left a note
}
