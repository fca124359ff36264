//! Plain waits on one notification object: all sleep on one word of the object, the epoch.
//!
//! ```text
//!   waiter   lock; not set; epoch_waiters += 1; e = epoch; unlock ──▶ futex(epoch, e) … until epoch ≠ e
//!   setter   lock; epoch += 1; epoch_waiters = 0; unlock ──▶ wake
//! ```
//!
//! A broadcast to n sleepers costs one list walk in the kernel instead of n queues, n decisions and n wakes. A
//! setter does not even wait for that walk: beyond a few sleepers it wakes one and leaves a baton, which that one takes
//! when it rises, to wake the rest. (More than one, and those that land on the setter's CPU run before it goes on.)
//!
//! Y1  Who was counted when the epoch advanced is satisfied, whatever happens to the object afterwards: a reset,
//!     a second set, its end.
//! Y2  A time-out is decided under the object's lock: another epoch means satisfied, the same means withdrawn.
//! Y3  The kernel says of each sleeper whether it was woken. A sleeper that was woken looks for the baton before
//!     anything else, so it cannot be lost with one that times out or is interrupted.
//! Y4  Such a wait is not on the parking word, so nothing that another thread does can end it. A sleeper that is to stop
//!     is woken by the kick signal, withdraws as for a time-out, and starts over when it goes on.
//!
//! Only for single waits that are not alertable: nothing else needs to end them one by one.

use super::{Attempt, Ended, Gone, Until};
use crate::objects::held::Held;
use crate::objects::slot::Slot;
use crate::objects::{Home, Target, release};
use crate::sys::clock::Deadline;
use crate::sys::futex::{self, LateWake, Slept};
use crate::waiter::interrupt;
use crate::waiter::notice::{Sort, Waiting};
use crate::waiter::record::ThreadRecord;

/// Sleepers that a setter wakes itself.
#[cfg(not(ntwait_loom))]
const DIRECT: u32 = 16;

/// One, so that the baton goes round between the two or three sleepers of a model.
#[cfg(ntwait_loom)]
const DIRECT: u32 = 1;

/// A broadcast that was decided under the lock and is to be carried out without it.
#[must_use = "the sleepers of the epoch are still asleep"]
#[derive(Clone, Copy, Debug)]
pub(super) struct Broadcast(u32);

impl Broadcast {
    /// Satisfies everybody who sleeps on the object's epoch (Y1).
    pub(super) fn decide(held: &mut Held<'_>) -> Self {
        let sleepers = held.epoch_waiters();
        if sleepers > 0 {
            held.advance_epoch();
        }
        Self(sleepers)
    }

    pub(super) fn is_none(self) -> bool {
        self.0 == 0
    }

    /// The one wake that does it, if there is no baton.
    pub(super) fn later(self, slot: &Slot) -> Option<LateWake> {
        matches!(self.0, 1..=DIRECT).then(|| LateWake::new(slot.epoch_futex(), u32::MAX))
    }

    /// Wakes them. No lock is held.
    pub(super) fn wake(self, slot: &Slot) {
        match self.0 {
            0 => {}
            1..=DIRECT => {
                futex::wake(slot.epoch_futex(), u32::MAX);
            }
            _ => {
                slot.leave_baton();
                futex::wake(slot.epoch_futex(), 1);
            }
        }
    }
}

pub(super) fn wait(
    me: &ThreadRecord,
    target: &Target<'_>,
    until: &mut Until,
    home: &dyn Home,
) -> Result<Attempt, Gone> {
    let too_late = until.has_passed();
    let mut held = target.slot.lock(target.generation).ok_or(Gone)?;
    if held.is_signaled() || too_late {
        let signaled = held.is_signaled();
        release(held, home);
        return Ok(Attempt::Ended(if signaled { Ended::Object(0) } else { Ended::TimedOut }));
    }
    held.set_epoch_waiters(held.epoch_waiters() + 1);
    let epoch = target.slot.epoch();
    release(held, home);
    let deadline = until.deadline();
    me.notice.put_up(waiting_for(target), &deadline);
    let attempt = sleep(me, target, epoch, &deadline, home);
    me.notice.take_down();
    Ok(attempt)
}

fn waiting_for(target: &Target<'_>) -> Waiting {
    let slot = core::ptr::from_ref(target.slot).addr();
    Waiting { sort: Sort::Epoch, alertable: false, count: 1, slot, generation: target.generation }
}

fn sleep(me: &ThreadRecord, target: &Target<'_>, epoch: u32, deadline: &Deadline, home: &dyn Home) -> Attempt {
    loop {
        match interrupt::nap(me, target.slot.epoch_futex(), epoch, deadline) {
            Slept::Woken if target.slot.take_baton() => {
                futex::wake(target.slot.epoch_futex(), u32::MAX); // Y3
            }
            Slept::TimedOut if withdraw(target, epoch, home, false) => return Attempt::Ended(Ended::TimedOut),
            _ => {}
        }
        if target.slot.epoch() != epoch {
            return Attempt::Ended(Ended::Object(0));
        }
        if interrupt::is_wanted(me) && withdraw(target, epoch, home, true) {
            return Attempt::Stopped; // Y4
        }
    }
}

/// Stops waiting, unless that was decided already (Y2); `pin`: and goes on referring to the object (N6).
fn withdraw(target: &Target<'_>, epoch: u32, home: &dyn Home, pin: bool) -> bool {
    // No lock: the object died after its epoch had advanced, for we were counted.
    let Some(mut held) = target.slot.lock(target.generation) else {
        return false;
    };
    let mine = target.slot.epoch() == epoch;
    if mine {
        held.set_epoch_waiters(held.epoch_waiters() - 1);
        if pin {
            held.pin();
        }
    }
    release(held, home);
    mine
}
