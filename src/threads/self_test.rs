//! The last probe: a slot is made, used twice, and given up, and each time everything must be as in a new thread.

#![allow(unsafe_code, reason = "pthread keys and mutexes, as a program would use them")]

use super::donor::{self, Unable};
use super::glibc::{Glibc, probe};
use super::slot::{Order, Slot, usable_size};
use super::world::World;
use super::{Job, Parking, masked, pthread};
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::clock::{Deadline, Timeout};
use crate::sys::cpu::BackOff;
use crate::sys::futex::LateWake;
use crate::sys::tls::thread_local;
use core::cell::Cell;
use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use core::time::Duration;

/// What three tasks leave behind.
#[derive(Debug)]
struct Traces {
    key: libc::pthread_key_t,
    /// The tasks found everything fresh, and their locks worked.
    good: AtomicU32,
    thread_locals: AtomicU32,
    keys: AtomicU32,
    finished: AtomicU32,
    /// The next task sets a value that cannot be got rid of.
    clings: AtomicU32,
}

struct Dropped(Cell<Option<&'static Traces>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(traces) = self.0.get() {
            traces.thread_locals.fetch_add(1, Ordering::Relaxed);
        }
    }
}

thread_local! {
    static USED: Cell<u32> = const { Cell::new(0x5a5a) };
}
thread_local! {
    static DROPPED: Dropped = const { Dropped(Cell::new(None)) };
}

pub(super) fn run(world: &'static World, glibc: &'static Glibc) -> Result<(), Unable> {
    let mut key = 0;
    // SAFETY: a place for the key, and a destructor for its values.
    let made = unsafe { libc::pthread_key_create(&raw mut key, Some(key_destructor)) };
    let failed = |super::glibc::Failed(reason)| Unable::Ever(reason);
    probe!("pthread_key_create", made == 0).map_err(failed)?;
    // A task that got lost may still come to it: never freed.
    let traces: &'static Traces = Box::leak(Box::new(Traces {
        key,
        good: AtomicU32::new(0),
        thread_locals: AtomicU32::new(0),
        keys: AtomicU32::new(0),
        finished: AtomicU32::new(0),
        clings: AtomicU32::new(0),
    }));
    let outcome = try_slot(world, glibc, traces);
    if outcome.is_ok() {
        // SAFETY: our own, and no thread has a value any more.
        unsafe { libc::pthread_key_delete(key) };
    }
    outcome
}

fn try_slot(world: &'static World, glibc: &'static Glibc, traces: &'static Traces) -> Result<(), Unable> {
    let failed = |super::glibc::Failed(reason)| Unable::Ever(reason);
    let usable = usable_size(1)?;
    let first = donor::make(world, glibc, usable)?;
    for round in 1..=3 {
        let slot = if round == 1 { first } else { take_again(world, usable, first).ok_or(LOST)? };
        traces.clings.store(u32::from(round == 3), Ordering::Relaxed);
        let job = Job { data: ptr::from_ref(traces).cast_mut().cast(), run: look, finish: finished, orphaned };
        let order = Order { job, mask: masked::block_all(), parking: Parking { most: 0, idle_ms: 0 } };
        donor::occupy(slot, order).inspect_err(|_| world.pools.lock().put_free(slot))?;
        let done = within_time(|| traces.finished.load(Ordering::Acquire) == round);
        probe!("self test: a task ends", done).map_err(failed)?;
    }
    let joined = within_time(|| {
        pthread::reap(world);
        // Not before its job was done, and then not before it is joined.
        !world.pools.lock().is_anyone_leaving()
    });
    probe!("self test: a slot is given up", joined).map_err(failed)?;
    let counts = [&traces.good, &traces.thread_locals].map(|count| count.load(Ordering::Relaxed));
    probe!("self test: fresh thread-locals", counts == [3, 3]).map_err(failed)?;
    // Twice once, and then as often as the C library tries: four times by us for each of our two passes, and by itself.
    probe!("self test: keys", traces.keys.load(Ordering::Relaxed) > 2 + 4).map_err(failed)
}

const LOST: Unable = Unable::Ever("probe failed: self test: a slot is used again");

/// The slot, once its first task has left it in good order.
fn take_again(world: &World, usable: usize, first: &'static Slot) -> Option<&'static Slot> {
    let mut slot = None;
    within_time(|| {
        if first.gone.load(Ordering::Acquire) == 0 {
            slot = world.pools.lock().take_free(true, usable);
        }
        slot.is_some()
    });
    slot.filter(|slot| ptr::eq(*slot, first))
}

fn within_time(mut done: impl FnMut() -> bool) -> bool {
    let deadline = Deadline::new(Timeout::After(Duration::from_secs(5)));
    let mut back_off = BackOff::default();
    loop {
        if done() {
            return true;
        }
        if deadline.has_passed() {
            return false;
        }
        back_off.pause();
    }
}

fn look(traces: *mut ()) {
    // SAFETY: leaked by `run`.
    let traces = unsafe { &*traces.cast::<Traces>() };
    let fresh = USED.replace(1) == 0x5a5a && DROPPED.with(|dropped| dropped.0.replace(Some(traces))).is_none();
    // SAFETY: a key that exists.
    let value = unsafe { libc::pthread_getspecific(traces.key) };
    let fresh = fresh && value.is_null();
    // SAFETY: a key that exists, and a value that its destructor knows.
    unsafe { libc::pthread_setspecific(traces.key, ptr::from_ref(traces).cast()) };
    if fresh && can_lock() {
        traces.good.fetch_add(1, Ordering::Relaxed);
    }
}

/// A recursive mutex knows its owner by the thread block.
fn can_lock() -> bool {
    let mut how = MaybeUninit::uninit();
    // SAFETY: a place for attributes.
    unsafe { libc::pthread_mutexattr_init(how.as_mut_ptr()) };
    // SAFETY: made above.
    unsafe { libc::pthread_mutexattr_settype(how.as_mut_ptr(), libc::PTHREAD_MUTEX_RECURSIVE) };
    let mut mutex = MaybeUninit::uninit();
    // SAFETY: a place for a mutex, and attributes made above.
    unsafe { libc::pthread_mutex_init(mutex.as_mut_ptr(), how.as_ptr()) };
    // SAFETY: made above; recursive, and nobody else's.
    let locked = [(); 2].map(|()| unsafe { libc::pthread_mutex_trylock(mutex.as_mut_ptr()) });
    // SAFETY: as above, as often as it was locked.
    let unlocked = [(); 2].map(|()| unsafe { libc::pthread_mutex_unlock(mutex.as_mut_ptr()) });
    // SAFETY: as above: one time too many, which a recursive mutex refuses.
    let refused = unsafe { libc::pthread_mutex_unlock(mutex.as_mut_ptr()) } == libc::EPERM;
    locked == [0, 0] && unlocked == [0, 0] && refused
}

fn finished(traces: *mut ()) -> LateWake {
    orphaned(traces);
    LateWake::NONE
}

fn orphaned(traces: *mut ()) {
    // SAFETY: leaked by `run`.
    let traces = unsafe { &*traces.cast::<Traces>() };
    traces.finished.fetch_add(1, Ordering::Release);
}

extern "C" fn key_destructor(value: *mut c_void) {
    // SAFETY: what `look` set.
    let traces = unsafe { &*value.cast::<Traces>() };
    traces.keys.fetch_add(1, Ordering::Relaxed);
    if traces.clings.load(Ordering::Relaxed) != 0 {
        // SAFETY: a key that exists.
        unsafe { libc::pthread_setspecific(traces.key, value) };
    }
}
