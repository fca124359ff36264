//! Donor slots: threads that the C library made, and left, for cloned tasks to run in.
//!
//! ```text
//!   make:    pthread_create on our stack ─▶ enter ─▶ donate: look around, bare exit
//!   occupy:  clone3 with that thread block, on that stack below the C library's frame ─▶ task::entry
//!   after:   the slot is free again, or the C library's frame is resumed and ends the thread
//! ```
//!
//! N1  The C library counts a slot among its threads from the making to the joining: `dlopen` gives it thread-local
//!     storage, `setresuid` reaches its task, `fork` cleans up after it.
//! N2  Before the first clone of a process one `pthread_create` was made (the donor's): the C library knows that the
//!     process has threads, and its locks work.
//! N3  Nothing is cloned into a slot while another task is on it: the last one's `gone` was cleared by the kernel.

#![allow(unsafe_code, reason = "makes tasks in thread blocks of the C library")]

use super::glibc::{Failed, Glibc};
use super::slot::{Kind, Order, Slot};
use super::world::World;
use super::{StartError, carrier, ours, pthread, task};
use crate::sys::atomic::Ordering;
use crate::sys::clone::{self, NewTask, Refused};
use crate::sys::depth;
use core::ffi::c_void;

/// How far the making of a slot got ([`Slot::made`]).
const MADE: u32 = 1;
const NO_MEMORY: u32 = 2;
const NOT_AS_EXPECTED: u32 = 3;

/// Why no clone was started.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unable {
    Now(StartError),
    /// It will never work in this process.
    Ever(&'static str),
}

impl From<StartError> for Unable {
    fn from(error: StartError) -> Self {
        Self::Now(error)
    }
}

/// Starts a job as a clone.
pub(super) fn start(world: &'static World, glibc: &'static Glibc, usable: usize, order: Order) -> Result<(), Unable> {
    if order.parking.most > 0 && carrier::hand_over(world, usable, order) {
        return Ok(());
    }
    let slot = obtain(world, glibc, usable)?;
    occupy(slot, order).inspect_err(|_| world.pools.lock().put_free(slot))
}

/// A slot with nobody on it.
fn obtain(world: &'static World, glibc: &'static Glibc, usable: usize) -> Result<&'static Slot, Unable> {
    let wants_new = world.needs_new_slot.load(Ordering::Relaxed) != 0;
    let free = if wants_new { None } else { world.pools.lock().take_free(true, usable) };
    let slot = match free {
        Some(slot) => slot,
        None => match make(world, glibc, usable) {
            Ok(slot) => return Ok(slot),
            // Not now: then one that somebody is just leaving.
            Err(Unable::Now(error)) => world.pools.lock().take_any_free(true, usable).ok_or(error)?,
            Err(unable) => return Err(unable),
        },
    };
    clone::wait_cleared(&slot.gone);
    Ok(slot)
}

/// A new slot.
pub(super) fn make(world: &'static World, glibc: &'static Glibc, usable: usize) -> Result<&'static Slot, Unable> {
    let slot = Slot::new(world, Kind::Donor(glibc), usable, donate)?;
    slot.gone.store(1, Ordering::Relaxed);
    if let Err(error) = pthread::create(slot) {
        // SAFETY: S5: no thread was made, and nobody else knows of the slot.
        unsafe { slot.free() };
        return Err(error.into());
    }
    clone::wait_cleared(&slot.gone);
    let unable = match slot.made.load(Ordering::Acquire) {
        MADE => return Ok(slot),
        NO_MEMORY => Unable::Now(StartError::NoMemory),
        _ => Unable::Ever(slot.failure().map_or("probe failed: donor", |Failed(reason)| reason)),
    };
    pthread::join(slot);
    // SAFETY: S5: its only thread has been joined, and nobody else knows of it.
    unsafe { slot.free() };
    Err(unable)
}

/// The thread that the C library makes on a new slot.
unsafe extern "C-unwind" fn donate(argument: *mut c_void) {
    // SAFETY: what `create` passed.
    let slot = unsafe { Slot::from_argument(argument) };
    depth::raise();
    let made = look_around(slot);
    let _ = depth::lower(); // signals are blocked: nobody can have left a note
    slot.made.store(made, Ordering::Release);
    if made == MADE {
        // SAFETY: the slot is not freed while `gone` is not cleared: the maker waits for that.
        unsafe { clone::set_cleared_at_exit(&raw const slot.gone) };
        slot.view().leave_in_good_order();
        clone::exit_task();
    }
    // The C library ends this thread; the maker joins it.
    slot.gone.store(0, Ordering::Release);
    clone::wake_shared(&slot.gone);
}

fn look_around(slot: &'static Slot) -> u32 {
    let Kind::Donor(glibc) = slot.kind else { return NOT_AS_EXPECTED };
    let first = slot.world.fields.view();
    // SAFETY: S2: this is that thread.
    unsafe { slot.set_view(first) };
    if !ours::remember(slot) {
        return NO_MEMORY;
    }
    slot.world.measure(slot);
    let found = glibc.view(slot.frame()..slot.stack.top(), slot.as_argument().expose_provenance());
    let learnt = slot.world.learn_modules(slot, glibc);
    match found {
        Ok(view) if learnt => {
            // SAFETY: S2, as above.
            unsafe { slot.set_view(view) };
            MADE
        }
        found => {
            let failure = found.err().unwrap_or(Failed("probe failed: list of loaded objects"));
            // SAFETY: S2, as above.
            unsafe { slot.set_failure(failure) };
            NOT_AS_EXPECTED
        }
    }
}

/// Clones a task into a slot.
pub(super) fn occupy(slot: &'static Slot, order: Order) -> Result<(), Unable> {
    let world = slot.world;
    // SAFETY: S3: taken out of the pools, or new.
    unsafe { slot.give(order) };
    slot.gone.store(1, Ordering::Relaxed);
    world.pools.lock().run(slot);
    let view = slot.view();
    let task = NewTask {
        low: slot.stack.low(),
        top: slot.task_top(),
        tls: view.thread_pointer,
        tid_field: view.tid,
        cleared: (&raw const world.bell).addr(),
        entry: task::entry,
        argument: slot.as_argument(),
    };
    // SAFETY: N3, and the words live as long as the slot and the process.
    let refused = match unsafe { clone::spawn(&task) } {
        Ok(()) => return Ok(()),
        Err(refused) => refused,
    };
    world.pools.lock().stop_running(slot);
    slot.take_back();
    slot.gone.store(0, Ordering::Release);
    Err(match refused {
        Refused::TooMany => Unable::Now(StartError::NoThread),
        Refused::NoMemory => Unable::Now(StartError::NoMemory),
        Refused::NotAllowed => Unable::Ever("clone3 and clone are not let through"),
    })
}
