//! The interface of this folder to the layer above.

#![allow(unsafe_code, reason = "leaves by other ways than returning")]

use super::donor::{self, Unable};
use super::masked::{self, Masked};
use super::slot::{Kind, Order, Slot, usable_size};
use super::world::World;
use super::{BackendInUse, Job, Start, StartError, ThreadBackend};
use super::{ours, probe, pthread, task, warden};
use crate::sys::atomic::Ordering;
use crate::sys::usage::Usage;
use crate::sys::{clone, cpu, depth};

/// Starts a thread. When it returns `Ok`, the thread surely will run; on an error nothing is left behind.
pub(crate) fn start(job: Job, how: &Start) -> Result<(), StartError> {
    let usable = usable_size(how.stack_size)?;
    let masked = Masked::begin();
    let world = World::of_this_process()?;
    pthread::reap(world);
    let glibc = probe::choose(world, how.backend)?;
    warden::see_to_one(world)?;
    let order = Order { job, mask: masked.mask_of_new_threads(), parking: how.parked };
    if let Some(glibc) = glibc {
        match donor::start(world, glibc, usable, order) {
            Ok(()) => return Ok(()),
            Err(Unable::Now(error)) => return Err(error),
            Err(Unable::Ever(reason)) => world.give_up_clones(reason),
        }
        probe::choose(world, how.backend)?;
    }
    pthread::start(world, usable, order)
}

/// Ends the calling thread, which [`start`] started, from any depth and without unwinding: as if `run` had returned.
pub(crate) fn leave() -> ! {
    let Some(slot) = ours::current() else { clone::exit_task() };
    match slot.kind {
        // SAFETY: the task's own stack, whose frames nobody needs: the caller wants the thread to end.
        Kind::Donor(_) => unsafe { clone::restart(slot.task_top(), task::after_leave, slot.as_argument()) },
        // SAFETY: saved by this very thread when it began; as above.
        Kind::Pthread => unsafe { clone::resume(slot.frame()) },
    }
}

/// Ends the calling thread at once, perhaps in a signal handler that interrupted anything: no destructor, no memory is
/// asked for or freed, `finish` is not called.
pub(crate) fn abandon() -> ! {
    let Some(slot) = ours::current() else { clone::exit_task() };
    if !slot.world.is_of_this_process() {
        clone::exit_task(); // the only thread of a child of fork
    }
    masked::block_all();
    depth::raise();
    slot.abandon();
    let mut pools = slot.world.pools.lock();
    pools.stop_running(slot);
    pools.end(slot);
    slot.world.any_ended.store(1, Ordering::Release);
    drop(pools);
    // Its life it keeps: the list of robust mutexes, in which that is, may be half changed. The kernel sees to it.
    slot.view().restore_cleared();
    slot.view().leave_for_good();
    clone::exit_task()
}

/// Which backend serves this wish, and why. Makes the probes if they were not made yet.
pub(crate) fn in_use(wanted: ThreadBackend) -> BackendInUse {
    let _masked = Masked::begin();
    match World::of_this_process() {
        Ok(world) => probe::describe(world, wanted),
        Err(_) => BackendInUse::new(ThreadBackend::Pthread, "no memory"),
    }
}

/// Threads that are there and not the program's: parked ones, the warden, other helpers.
pub(crate) fn service_threads() -> u32 {
    World::known().map_or(0, |world| world.parked.load(Ordering::Acquire) + world.own_threads())
}

/// Is a task there whose job has ended? Then there will soon be one thread less, or one more parked.
pub(crate) fn is_anyone_leaving() -> bool {
    let Some(world) = World::known() else { return false };
    let _masked = Masked::begin();
    pthread::reap(world);
    world.pools.lock().is_anyone_leaving()
}

/// The thread that the process began with has left the process to the others: somebody must see when they are gone.
pub(crate) fn first_has_left() {
    if let Some(world) = World::known() {
        let masked = Masked::begin();
        let _ = warden::see_to_one(world); // a process whose only other threads are helpers has none
        drop(masked);
        world.bell.store(0, Ordering::Release);
        clone::wake_shared(&world.bell);
    }
}

/// Says of the calling thread, at its end, how much time its task has used, and whether it was changed (if `changed` is
/// not 0) in a way that a next job must not inherit: then it will not have one.
pub(crate) fn mark(changed: u8, used: Usage) {
    if let Some(slot) = ours::current() {
        slot.changed.fetch_or(changed.into(), Ordering::Relaxed);
        slot.set_used(used);
    }
}

/// The kernel's number for the calling thread: the C library keeps it for its own threads and for ours.
pub(crate) fn kernel_id() -> u32 {
    ours::current().and_then(|slot| slot.view().kernel_id()).unwrap_or_else(cpu::thread_id)
}

/// What the calling thread's task had used when its job began.
pub(crate) fn used_before() -> Usage {
    ours::current().map(Slot::used).unwrap_or_default()
}
