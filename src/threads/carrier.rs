//! Parked tasks: a cloned task whose job is done waits a while for the next one, which is spared the clone.
//!
//! ```text
//!   call   PARKED ──▶ ASLEEP ── give, hand_over ──▶ CALLED ──▶ the task begins its next job
//!             │         │ nobody came in time: unpark, and the task leaves its slot
//!             └── give, hand_over: it does not even fall asleep ──▶ CALLED
//! ```
//!
//! V1  Who takes a slot out of the parked ones gives it a job and sets CALLED; a task that finds itself taken out when
//!     its time is over waits for that.
//! V2  A parked task is as a new one: fresh thread-locals and keys, no alternate stack, no signal that was meant for the
//!     last job. A task of which something else was changed does not park.
//! orderings   CALLED: Release → the task: Acquire

#![allow(unsafe_code, reason = "system calls without wrapper")]

use super::masked;
use super::slot::{Order, Slot};
use super::world::World;
use crate::sys::atomic::Ordering;
use crate::sys::clock::{Deadline, Timeout};
use crate::sys::clone;
use crate::sys::futex::{self, FutexAddr, LateWake, Slept};
use core::ptr;
use core::time::Duration;

const PARKED: u32 = 1;
const CALLED: u32 = 2;
const ASLEEP: u32 = 3;

/// Gives the job to a parked task with a stack of this size, if there is one.
pub(super) fn hand_over(world: &World, usable: usize, order: Order) -> bool {
    if world.parked.load(Ordering::Relaxed) == 0 {
        return false;
    }
    let mut pools = world.pools.lock();
    let taken = pools.take_parked(usable);
    world.parked.store(pools.parked(), Ordering::Relaxed);
    drop(pools);
    let Some(slot) = taken else { return false };
    // SAFETY: S3, V1.
    unsafe { slot.give(order) };
    if slot.call.swap(CALLED, Ordering::AcqRel) == ASLEEP {
        futex::wake(FutexAddr::whole(&slot.call), 1);
    }
    true
}

/// Waits for the next job. True: it is there. Who waits for the last one's end is woken when the task can be called again:
/// often he calls it at once.
pub(super) fn park(slot: &'static Slot, wake: &mut LateWake) -> bool {
    let Some(order) = slot.order() else { return false };
    let changed = slot.changed.load(Ordering::Relaxed) != 0;
    if order.parking.most == 0 || changed || masked::is_any_pending() {
        return false;
    }
    slot.call.store(PARKED, Ordering::Relaxed);
    let mut pools = slot.world.pools.lock();
    let parked = pools.park(slot, order.parking.most);
    slot.world.parked.store(pools.parked(), Ordering::Relaxed);
    drop(pools);
    if !parked {
        return false;
    }
    forget_kernel_state();
    wake.pay();
    let idle = Duration::from_millis(order.parking.idle_ms.into());
    let deadline = Deadline::new(Timeout::After(idle));
    wait_for_call(slot, &deadline) || !give_up(slot)
}

/// What the kernel keeps for a task and a new one does not have.
fn forget_kernel_state() {
    clone::reset_other_base();
    let off = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
    // SAFETY: switches the alternate stack off; we do not run on it.
    unsafe { libc::sigaltstack(&raw const off, ptr::null_mut()) };
}

fn wait_for_call(slot: &Slot, deadline: &Deadline) -> bool {
    let _ = slot.call.compare_exchange(PARKED, ASLEEP, Ordering::AcqRel, Ordering::Acquire);
    while slot.call.load(Ordering::Acquire) == ASLEEP {
        if futex::wait(FutexAddr::whole(&slot.call), ASLEEP, deadline) == Slept::TimedOut {
            return slot.call.load(Ordering::Acquire) == CALLED;
        }
    }
    true
}

/// True: the task is nobody's. False: somebody was just about to call, and has (V1).
fn give_up(slot: &'static Slot) -> bool {
    let mut pools = slot.world.pools.lock();
    let ours = pools.unpark(slot);
    slot.world.parked.store(pools.parked(), Ordering::Relaxed);
    drop(pools);
    if !ours {
        wait_for_call(slot, &Deadline::Never);
    }
    ours
}
