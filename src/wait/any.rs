//! Waiting for one object, or for the first of several.
//!
//! ```text
//!            look: taken ───────────────────────────────────────────────▶ Object(i)
//!   start ──▶ look: clear ──▶ request? time up? ──▶ spin ──▶ queue ──▶ sleep ──▶ leave ──▶ ended
//!            look: unknown, or to be asked for ──────────────▶ queue (a poll too: it just does not sleep)
//! ```
//!
//! A1  Objects are linked in the caller's order, each tested under its lock before: a signal of an object that is
//!     already linked decides the wait before the thread can look at a later one, so the lowest wins (W9, W11).
//! A2  The same object may come several times (W8): the first of its blocks in the queue wins, the others find
//!     the wait decided.

#![allow(unsafe_code, reason = "links the thread's own wait blocks")]

use super::spin::Spun;
use super::take::{self, Taken, Taker};
use super::{
    Attempt, Ended, GONE, Refused, TOO_DEEP, Terms, Until, ended, epoch, serve, signal, sleep, spin, until_ended,
};
use crate::objects::word::Word;
use crate::objects::{Target, release};
use crate::waiter::notice::{Sort, Waiting};
use crate::waiter::park::{Decision, Why};
use crate::waiter::record::{KEPT_BLOCKS, ThreadRecord, with_current};
use crate::waiter::waiting::Waiter;
use crate::waiter::{self, Role, WaitBlock};

/// Waits until one of the targets can be taken, takes it and says which.
pub(crate) fn wait(targets: &[Target<'_>], terms: &Terms<'_>) -> Result<Ended, Refused> {
    if terms.alertable {
        return with_current(|me| {
            let seen = me.park.pending(); // before the look (W22)
            look_then_block(targets, terms, Some((me, seen)))
        });
    }
    look_then_block(targets, terms, None)
}

fn look_then_block(
    targets: &[Target<'_>],
    terms: &Terms<'_>,
    requests: Option<(&ThreadRecord, u32)>,
) -> Result<Ended, Refused> {
    let mut until = Until::new(terms.timeout);
    match take::first(targets, &terms.taker, terms.then()) {
        (Taken::Clear, _) => {}
        (Taken::Unknown, _) => return with_current(|me| block_until_ended(me, targets, terms, &mut until)),
        (taken, index) => return at_once(taken, index),
    }
    match requests.and_then(|(me, seen)| me.park.take_pending(seen)) {
        Some(Why::Alerted) => return Ok(Ended::Alerted),
        Some(_) => return Ok(Ended::Apc),
        None => {}
    }
    if until.has_passed() {
        return Ok(Ended::TimedOut);
    }
    with_current(|me| match spin::spin(me, targets, terms, &mut until) {
        Spun::Ended(taken, index) => at_once(taken, index),
        Spun::InVain => block_until_ended(me, targets, terms, &mut until),
    })
}

/// What a wait that did not block came to.
pub(crate) fn at_once(taken: Taken, index: usize) -> Result<Ended, Refused> {
    match taken {
        Taken::Yes => Ok(Ended::Object(index)),
        Taken::Abandoned => Ok(Ended::Abandoned(index)),
        Taken::Clear | Taken::Unknown | Taken::Special => Ok(Ended::TimedOut),
        Taken::Gone => Err(Refused::Gone),
        Taken::TooDeep => Err(Refused::TooDeep),
    }
}

fn block_until_ended(
    me: &ThreadRecord,
    targets: &[Target<'_>],
    terms: &Terms<'_>,
    until: &mut Until,
) -> Result<Ended, Refused> {
    until_ended(me, targets, &terms.taker, || {
        let attempt = block(me, targets, terms, until)?;
        if let Attempt::Ended(Ended::Object(index) | Ended::Abandoned(index)) = attempt {
            terms.taker.adopt(&targets[index..=index]);
        }
        Ok(attempt)
    })
}

/// The wait that sleeps.
#[cold]
pub(super) fn block(
    me: &ThreadRecord,
    targets: &[Target<'_>],
    terms: &Terms<'_>,
    until: &mut Until,
) -> Result<Attempt, Refused> {
    if let [target] = targets
        && !terms.alertable
        && target.slot.load().has(Word::MANUAL)
    {
        return epoch::wait(me, target, until, terms.taker.home).map_err(Refused::from);
    }
    match targets {
        [target] => queue_one(me, *target, terms, until),
        _ if targets.len() <= KEPT_BLOCKS => {
            // SAFETY: T1, our own record, and we are in no wait yet.
            let blocks = unsafe { me.blocks(targets.len()) }.ok_or(Refused::NoMemory)?;
            queue(me, blocks, targets, terms, until)
        }
        _ => {
            let blocks = waiter::blocks(targets.len()).ok_or(Refused::NoMemory)?;
            queue(me, &blocks, targets, terms, until)
        }
    }
}

/// As [`queue`] for one object: test, begin and link happen under its lock.
fn queue_one(me: &ThreadRecord, target: Target<'_>, terms: &Terms<'_>, until: &mut Until) -> Result<Attempt, Refused> {
    let too_late = until.has_passed();
    if signal::change_watched(target, terms.taker.home, |word| target.kind.taken_by_anybody(word)).is_some() {
        return Ok(Attempt::Ended(Ended::Object(0)));
    }
    let mut held = target.slot.lock(target.generation).ok_or(Refused::Gone)?;
    if let Some(taken) = take::under_lock(&mut held, terms.taker.who()) {
        release(held, terms.taker.home);
        return at_once(taken, 0).map(Attempt::Ended);
    }
    let goes_on = me.park.begin_asleep(terms.alertable);
    let block = me.block();
    if goes_on {
        // SAFETY: our own block, and it is FREE.
        unsafe { block.prepare(me, (target.slot, target.generation), 0, Role::Any) };
        // SAFETY: the block stays in place until it is free again: `leave` sees to it.
        unsafe { held.append(block) };
    } else if me.park.is_stopped() {
        held.pin(); // N6
    }
    release(held, terms.taker.home);
    if goes_on {
        if too_late {
            let _ = me.park.decide(Why::TimedOut, 0);
        } else {
            sleep::until_done(me, waiting_for(&[target], Sort::Any, terms), &until.deadline());
        }
        sleep::leave(me, &[target], core::slice::from_ref(block), terms.taker.home);
    }
    finish(me)
}

#[inline(never)] // not in the way of the wait for one
fn queue(
    me: &ThreadRecord,
    blocks: &[WaitBlock],
    targets: &[Target<'_>],
    terms: &Terms<'_>,
    until: &mut Until,
) -> Result<Attempt, Refused> {
    me.park.begin();
    let linked = link(me, blocks, targets, &terms.taker);
    if linked == targets.len() && me.park.commit(terms.alertable) {
        if until.has_passed() {
            let _ = me.park.decide(Why::TimedOut, 0);
        } else {
            sleep::until_done(me, waiting_for(targets, Sort::Any, terms), &until.deadline());
        }
    }
    sleep::leave(me, &targets[..linked], &blocks[..linked], terms.taker.home);
    finish(me)
}

/// What the thread tells of its wait (waiter/notice.rs).
pub(super) fn waiting_for(targets: &[Target<'_>], sort: Sort, terms: &Terms<'_>) -> Waiting {
    let (slot, generation) = match targets {
        [target] => (core::ptr::from_ref(target.slot).addr(), target.generation),
        _ => (0, 0),
    };
    Waiting { sort, alertable: terms.alertable, count: targets.len() as u32, slot, generation }
}

pub(super) fn finish(me: &ThreadRecord) -> Result<Attempt, Refused> {
    let (why, index) = me.park.finish();
    ended(why, index)
}

/// Queues on each object in order until the wait is decided; says on how many.
pub(super) fn link(me: &Waiter, blocks: &[WaitBlock], targets: &[Target<'_>], taker: &Taker<'_>) -> usize {
    for (index, (target, block)) in targets.iter().zip(blocks).enumerate() {
        if !me.park.is_open() {
            return index; // A1: an object that we are linked to ended the wait
        }
        let Some(mut held) = target.slot.lock(target.generation) else {
            let _ = me.park.decide(Why::Refused, GONE);
            return index;
        };
        let who = taker.who();
        if held.is_signaled_for(who) {
            // N1. Lost: an earlier object was signalled meanwhile, and this one is not ours.
            if held.is_too_deep_for(who) {
                let _ = me.park.decide(Why::Refused, TOO_DEEP);
            } else if me.park.decide(serve::why(held.is_abandoned()), index as u32) != Decision::Lost {
                held.consume_for(who);
            }
            release(held, taker.home);
            return index;
        }
        // SAFETY: our own block, and it is FREE.
        unsafe { block.prepare(me, (target.slot, target.generation), index as u32, Role::Any) };
        // SAFETY: the block stays in place until it is free again: `leave` sees to it.
        unsafe { held.append(block) };
        release(held, taker.home);
    }
    targets.len()
}
