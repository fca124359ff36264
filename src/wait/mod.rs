//! The wait engine: one thread, any mix of objects, one decision.
//!
//! A wait goes through these stages and stops at the first that ends it:
//!
//! ```text
//!   look      loads and one compare-exchange on the object: no lock, nothing queued       take.rs
//!   requests  an alertable wait ends for an alert or APC that was there before the look   park.rs
//!   time      zero or past: timed out
//!   spin      look again and again for a while that recent waits justify                  spin.rs, history.rs
//!   queue     lock each object: test it, or link a block to it                            any.rs, all.rs
//!   sleep     on the parking word until somebody has decided the wait                     sleep.rs
//!   leave     unlink what is still linked
//! ```
//!
//! What waits for something at an address, and not for an object, queues in the parking lot (lot.rs), and who waits for an
//! alert by id queues on nothing (alert.rs); the rest is the same.
//! A plain wait for one notification object queues on nothing: it sleeps on the object's epoch (epoch.rs).
//! What is given to a thread that sleeps is its own at once; it puts mutants on its list before the wait returns.
//! Signalling is the other half (signal.rs, serve.rs): change the object, walk its queue in order, decide for each waiter
//! that can be satisfied, and wake the sleepers among them when no lock is held any more.
//!
//! N1  The deciding compare-exchange on the parking word comes before the consumption and before the unlinking,
//!     and only its winner consumes, under the lock of what it consumes.
//! N2  Test and link happen under one lock: no signal can come between "not signalled" and "queued".
//! N3  No lock is held across a sleep, a wake or an allocation. Several object locks are taken in the order of
//!     their addresses.
//! N4  The deadline is computed once; a wait that has to start over keeps it (W40).
//! N5  A thread that is to stop leaves every queue first, holding nothing, and starts over at the tails when it goes on
//!     (W24, W38, TH19).
//! N6  While it stands still the objects are pinned for it: its wait goes on referring to them (W35). If it is
//!     terminated there, its end lets go of them.

pub(crate) mod alert;
pub(crate) mod all;
pub(crate) mod any;
mod epoch;
mod lockset;
pub(crate) mod lot;
pub(crate) mod pins;
mod serve;
pub(crate) mod signal;
pub(crate) mod signal_and_wait;
mod sleep;
pub(crate) mod spin;
pub(crate) mod take;
pub(crate) mod unattended;
mod union;

use crate::objects::Target;
use crate::sys::clock::{Deadline, Timeout};
use crate::waiter::park::Why;
use crate::waiter::record::{NoMemory, ThreadRecord};
use crate::waiter::shield::Shield;
use pins::Pins;
pub use spin::WaitPolicy;
use take::{Taker, Then};

/// What a caller wants of a wait, apart from the objects.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'r> {
    pub(crate) alertable: bool,
    pub(crate) timeout: Timeout,
    pub(crate) policy: WaitPolicy,
    pub(crate) taker: Taker<'r>,
}

impl Terms<'_> {
    /// What comes after a look that finds nothing.
    fn then(&self) -> Then {
        if self.timeout.is_poll() { Then::Ends } else { Then::Queues }
    }
}

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a wait that timed out or was alerted has taken nothing"]
pub enum Ended {
    /// The object at this position was taken. For a wait-all: all of them were, and the position is 0.
    Object(usize),
    /// As `Object`, but a mutant among what was taken had been abandoned by a thread that died with it.
    Abandoned(usize),
    /// The thread was alerted; nothing was taken.
    Alerted,
    /// An asynchronous procedure call is to run; nothing was taken.
    Apc,
    /// The time was up; nothing was taken.
    TimedOut,
}

/// A wait that could not be begun: an object was destroyed between the look-up of its handle and the wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gone;

/// Why a wait was not begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// An object was destroyed between the look-up of its handle and the wait.
    Gone,
    /// An object is listed twice (wait-all only: V3).
    Duplicate,
    /// No memory for so many objects.
    NoMemory,
    /// A mutant that the thread owns as deep as can be (M11).
    TooDeep,
}

impl From<NoMemory> for Refused {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NoMemory
    }
}

impl From<Gone> for Refused {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// What came of one attempt to block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    Ended(Ended),
    /// The thread must test for itself.
    Again,
    /// The thread is to stop, and to start over when it goes on. The objects are pinned for it.
    Stopped,
}

/// Why a wait that had begun cannot be: the index of [`Why::Refused`].
const GONE: u32 = 0;
const TOO_DEEP: u32 = 1;

/// The caller's view of a decided wait.
fn ended(why: Why, index: u32) -> Result<Attempt, Refused> {
    Ok(Attempt::Ended(match why {
        Why::Object => Ended::Object(index as usize),
        Why::Abandoned => Ended::Abandoned(index as usize),
        Why::TimedOut => Ended::TimedOut,
        Why::Alerted => Ended::Alerted,
        Why::Apc => Ended::Apc,
        Why::Refused if index == TOO_DEEP => return Err(Refused::TooDeep),
        Why::Refused => return Err(Refused::Gone),
        Why::Retest => return Ok(Attempt::Again),
        Why::Stopped => return Ok(Attempt::Stopped),
    }))
}

/// Blocks, and again if need be, until the wait is over.
#[inline]
fn until_ended<E>(
    me: &ThreadRecord,
    targets: &[Target<'_>],
    taker: &Taker<'_>,
    mut attempt: impl FnMut() -> Result<Attempt, E>,
) -> Result<Ended, E> {
    let shield = Shield::raise();
    if let Some(owner) = taker.owner {
        me.set_who(owner.number());
    }
    match attempt() {
        Ok(Attempt::Ended(ended)) => Ok(ended),
        Ok(first) => start_over(shield, first, Pins::new(me, targets, taker.home), &mut attempt),
        Err(refused) => Err(refused),
    }
}

/// Again and again: between two attempts the thread holds nothing but pins, and stops if it is asked to (N5).
#[cold]
#[inline(never)]
fn start_over<E>(
    mut shield: Shield,
    mut last: Attempt,
    mut pins: Pins<'_>,
    attempt: &mut dyn FnMut() -> Result<Attempt, E>,
) -> Result<Ended, E> {
    loop {
        if last == Attempt::Stopped {
            pins.add();
        }
        shield.obey();
        last = match attempt() {
            Ok(Attempt::Ended(ended)) => {
                pins.let_go();
                return Ok(ended);
            }
            Err(refused) => {
                pins.let_go();
                return Err(refused);
            }
            Ok(again) => again,
        };
    }
}

/// A deadline that is computed when it is first needed (N4): a wait that never blocks reads no clock.
#[derive(Debug)]
pub(crate) struct Until {
    timeout: Timeout,
    deadline: Option<Deadline>,
}

impl Until {
    pub(crate) fn new(timeout: Timeout) -> Self {
        Self { timeout, deadline: None }
    }

    fn deadline(&mut self) -> Deadline {
        *self.deadline.get_or_insert_with(|| Deadline::new(self.timeout))
    }

    /// Does not read a clock for a poll, nor for a wait without end, nor when a relative time-out starts to run.
    pub(crate) fn has_passed(&mut self) -> bool {
        match self.timeout {
            Timeout::Never => false,
            timeout if timeout.is_poll() => true,
            Timeout::After(_) if self.deadline.is_none() => {
                self.deadline();
                false
            }
            _ => self.deadline().has_passed(),
        }
    }
}
