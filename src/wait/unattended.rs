//! Waits that no thread sleeps in: blocks are queued on the objects for a waiter that is notified of the end.
//!
//! ```text
//!   arm ──▶ taken at once
//!     └───▶ queued, like any other ── a signaller decides ──▶ notified, and finished by its owner: taken, or to be armed anew (Y3)
//!                  └── disarm: its owner decides, and leaves the queues ──▶ nothing taken
//! ```
//!
//! The waiter stands in the queues with all others: first come, first served. Its parking word is ASLEEP while it is queued;
//! no request ever comes to it, so it is never to stop.
//!
//! GB1  What was taken for a waiter whose owner does not want it any more is given back: each object is signalled anew, for
//!      whoever is the next in its queue. So no token is lost; an event that was reset meanwhile is set again.
//!      It is done object by object, as several signals would be: who sees one of a wait-all back sees what its signaller
//!      has done, and a wait-all that needs more than one is completed by the last.
//! GB2  The expiry of a timer comes back if the timer's setting is still the one that it was of: one that was set anew does not
//!      expire early, and one that was cancelled not at all (objects/timer.rs, M1).

use super::take::Taker;
use super::{Attempt, Ended, Refused, all, any, ended, signal, sleep};
use crate::objects::word::Word;
use crate::objects::{Home, Kind, Signal, Target};
use crate::waiter::WaitBlock;
use crate::waiter::park::{Decision, Why};
use crate::waiter::waiting::{NOBODY, Waiter};

/// What ends the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// One of the objects.
    Any,
    /// All of them together.
    All,
}

/// What came of an attempt to queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an object that was taken has been taken for something"]
pub(crate) enum Armed {
    /// It was taken, by the calling thread.
    Taken(Ended),
    Queued,
}

/// Takes the objects, or queues the waiter on them. The depth is raised.
///
/// # Safety
/// The blocks are the waiter's, one for each object; all are the caller's, no wait of theirs is open, and they stay where they are
/// until the wait is over.
#[allow(unsafe_code, reason = "others follow the addresses of the blocks")]
pub(crate) unsafe fn arm(
    waiter: &Waiter,
    blocks: &[WaitBlock],
    targets: &[Target<'_>],
    taker: &Taker<'_>,
    how: How,
) -> Result<Armed, Refused> {
    waiter.set_who(NOBODY);
    loop {
        let linked = match how {
            How::Any => {
                waiter.park.begin();
                any::link(waiter, blocks, targets, taker)
            }
            How::All => match all::link(waiter, blocks, targets, *taker)? {
                Some(ended) => return Ok(Armed::Taken(ended)),
                None => targets.len(),
            },
        };
        if linked == targets.len() && waiter.park.commit(false) {
            return Ok(Armed::Queued);
        }
        sleep::leave(waiter, &targets[..linked], &blocks[..linked], taker.home);
        if let Some(ended) = finish(waiter)? {
            if let Ended::Object(index) | Ended::Abandoned(index) = ended
                && how == How::Any
            {
                taker.adopt(&targets[index..=index]);
            }
            return Ok(Armed::Taken(ended));
        }
    }
}

/// Ends the wait that [`arm`] began, unless it was ended already. True: nothing was taken, and nobody is notified.
pub(crate) fn disarm(waiter: &Waiter, blocks: &[WaitBlock], targets: &[Target<'_>], home: &dyn Home) -> bool {
    if waiter.park.decide(Why::TimedOut, 0) == Decision::Lost {
        return false;
    }
    sleep::leave(waiter, targets, blocks, home);
    let _ = finish(waiter);
    true
}

/// Leaves the queues of a wait of whose end the waiter was notified. `None`: it is to be armed anew (Y3).
pub(crate) fn leave(
    waiter: &Waiter,
    blocks: &[WaitBlock],
    targets: &[Target<'_>],
    home: &dyn Home,
) -> Result<Option<Ended>, Refused> {
    sleep::leave(waiter, targets, blocks, home);
    finish(waiter)
}

/// The end of a wait whose blocks are all free.
pub(crate) fn finish(waiter: &Waiter) -> Result<Option<Ended>, Refused> {
    let (why, index) = waiter.park.finish();
    Ok(match ended(why, index)? {
        Attempt::Ended(ended) => Some(ended),
        Attempt::Again | Attempt::Stopped => None,
    })
}

/// Gives back what was taken (GB1). No lock is held.
///
/// # Safety
/// The blocks are those of the wait for these targets, which a signaller has ended so, and the waiter has left the queues.
#[allow(unsafe_code, reason = "reads the waiter's own blocks")]
pub(crate) unsafe fn give_back(blocks: &[WaitBlock], targets: &[Target<'_>], how: How, ended: Ended, home: &dyn Home) {
    let taken = match (how, ended) {
        (How::All, Ended::Object(_) | Ended::Abandoned(_)) => 0..targets.len(),
        (How::Any, Ended::Object(index) | Ended::Abandoned(index)) => index..index + 1,
        _ => 0..0,
    };
    for (target, block) in targets[taken.clone()].iter().zip(&blocks[taken]) {
        // SAFETY: FREE, and the caller's own.
        if let Some(gift) = gift(*target, unsafe { block.index() }) {
            // An error: the object is gone, or a semaphore as full as can be, or the timer has another setting.
            let _ = signal::signal(*target, gift, home);
        }
    }
}

/// What a wait has taken of an object, as a signal; with the number that was beside the object's word then (Y4).
fn gift(target: Target<'_>, beside: u32) -> Option<Signal> {
    let is_taken = !target.slot.load().has(Word::MANUAL);
    match target.kind {
        Kind::Semaphore => Some(Signal::Post(1)),
        Kind::Event if is_taken => Some(Signal::Set),
        Kind::Timer if is_taken => Some(Signal::Expire(beside)), // GB2
        _ => None,
    }
}
