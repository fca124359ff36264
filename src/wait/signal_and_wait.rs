//! Signalling one object and waiting for another, in one step.
//!
//! ```text
//!   lock both, and what the first one's wait-alls wait for ──▶ signal the first, serve its queue
//!     ──▶ the other is signalled: take it; else link a block to it ──▶ unlock all ──▶ wake ──▶ sleep
//! ```
//!
//! SW1 Between the signal and the start of the wait nobody gets to either object: a thread that was released by the signal
//!     and pulses the other finds the waiter queued (S9).
//! SW2 Nothing happens if the first cannot be signalled or the other is gone (S1, S4); what was signalled stays so, however
//!     the wait ends (S8).
//! SW3 A wait that has to start over, because the thread stood still, does not signal again.

#![allow(unsafe_code, reason = "links the thread's own wait block")]

use super::signal::{self, Unsignaled};
use super::take::Taken;
use super::{Attempt, Ended, Refused, Terms, Until, any, sleep, take, until_ended};
use crate::objects::held::Held;
use crate::objects::{Signal, Target};
use crate::waiter::Role;
use crate::waiter::notice::Sort;
use crate::waiter::park::Why;
use crate::waiter::record::{NoMemory, ThreadRecord, with_current};

/// Why nothing was signalled, or why the wait could not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    Signal(Unsignaled),
    Wait(Refused),
}

impl From<NoMemory> for Failure {
    fn from(no_memory: NoMemory) -> Self {
        Self::Wait(no_memory.into())
    }
}

/// What was done under the locks.
enum Start {
    Taken(Taken),
    /// Not signalled, and the time is up already.
    TooLate,
    Linked,
}

/// Signals `first`, and waits for `other`.
///
/// A mutant is the calling thread's; it is freed if it is one level deep, and else rises by one.
pub(crate) fn run(
    (first, signal): (Target<'_>, Signal),
    other: Target<'_>,
    terms: &Terms<'_>,
) -> Result<Ended, Failure> {
    let mut until = Until::new(terms.timeout);
    with_current(|me| {
        let mut is_signaled = false;
        until_ended(me, &[other], &terms.taker, || {
            let attempt = if is_signaled {
                any::block(me, &[other], terms, &mut until).map_err(Failure::Wait)?
            } else {
                let owner = terms.taker.owner.filter(|_| signal == Signal::Free);
                if let Some(owner) = owner {
                    owner.forget(first.slot); // before it is another's (objects/mutant.rs, MU3)
                }
                let attempt = signal_and_queue(me, (first, signal), other, terms, &mut until);
                if let (Some(owner), Err(Failure::Signal(_))) = (owner, attempt) {
                    owner.adopt(first.slot, terms.taker.home);
                }
                is_signaled = true;
                attempt?
            };
            if let Attempt::Ended(Ended::Object(_) | Ended::Abandoned(_)) = attempt {
                terms.taker.adopt(&[other]);
            }
            Ok(attempt)
        })
    })
}

fn signal_and_queue(
    me: &ThreadRecord,
    (first, signal): (Target<'_>, Signal),
    other: Target<'_>,
    terms: &Terms<'_>,
    until: &mut Until,
) -> Result<Attempt, Failure> {
    let too_late = until.has_passed();
    let deadline = until.deadline();
    let seen = me.park.pending();
    let block = me.block();
    let mut start = Start::TooLate;
    me.park.begin();
    let signaled = signal::signal_and(first, signal, other, terms.taker.home, &mut |held: &mut Held<'_>| {
        if signal == Signal::Rise {
            first.slot.set_extra(first.slot.extra() - 1); // the owner's; under the lock, because a query looks (S9)
        }
        start = match take::under_lock(held, terms.taker.who()) {
            Some(taken) => Start::Taken(taken),
            None if too_late => Start::TooLate,
            None => {
                // SAFETY: our own block, and it is FREE.
                unsafe { block.prepare(me, (other.slot, other.generation), 0, Role::Any) };
                // SAFETY: the block stays in place until it is free again: `leave` sees to it.
                unsafe { held.append(block) };
                Start::Linked
            }
        };
    });
    match (signaled, start) {
        (Ok(_), Start::Linked) => {
            if me.park.commit(terms.alertable) {
                sleep::until_done(me, any::waiting_for(&[other], Sort::Any, terms), &deadline);
            }
            sleep::leave(me, &[other], core::slice::from_ref(block), terms.taker.home);
            any::finish(me).map_err(Failure::Wait)
        }
        (signaled, start) => {
            // Nothing is linked, so nobody else can end this.
            let _ = me.park.decide(Why::TimedOut, 0);
            me.park.finish();
            signaled.map_err(Failure::Signal)?;
            Ok(Attempt::Ended(match start {
                Start::Taken(taken) => any::at_once(taken, 0).map_err(Failure::Wait)?,
                Start::TooLate | Start::Linked if terms.alertable => match me.park.take_pending(seen) {
                    Some(Why::Alerted) => Ended::Alerted,
                    Some(_) => Ended::Apc,
                    None => Ended::TimedOut,
                },
                Start::TooLate | Start::Linked => Ended::TimedOut,
            }))
        }
    }
}
