//! Waiting for all of several objects at once: everything or nothing, in one step.
//!
//! ```text
//!   start ──▶ one is clear? ──no──▶ lock all, in order ──all signalled──▶ consume all, unlock ──▶ Object(0)
//!                  │                        │ not all
//!                  │yes: request? time up?  ▼
//!                  └──────────────▶ lock all, link a block to each, unlock ──▶ sleep ──▶ leave ──▶ ended
//! ```
//!
//! V1  Test and link happen under all the locks; every later signal of any of the objects finds ALL_WAITER there
//!     and tests the whole wait under all the locks again (signal.rs). So no combination is missed, and none that
//!     did not hold at one moment is seen (W12, W16).
//! V2  Nothing is reserved: until the moment when all are taken, each object is there for others (W15).
//! V3  The same object twice is refused (W6, W7); the sorting that the locks need finds it.

#![allow(unsafe_code, reason = "links the thread's own wait blocks")]

use super::lockset::{LockSet, Place, storage};
use super::take::{self, Seen, Taker, Then};
use super::{Attempt, Ended, Gone, Refused, Terms, Timeout, Until, WaitPolicy, any, ended, sleep, until_ended};
use crate::objects::{Kind, Target, mutant, owner};
use crate::waiter::notice::Sort;
use crate::waiter::park::Why;
use crate::waiter::record::{KEPT_BLOCKS, ThreadRecord, with_current};
use crate::waiter::shield::{Shield, ShieldedVec};
use crate::waiter::waiting::Waiter;
use crate::waiter::{self, Role, WaitBlock};

/// Waits until all targets can be taken together, and takes them.
pub(crate) fn wait(targets: &[Target<'_>], terms: &Terms<'_>) -> Result<Ended, Refused> {
    match targets.len() {
        0..=8 => wait_on_stack::<8>(targets, terms),
        9..=64 => wait_on_stack::<64>(targets, terms),
        count => {
            let mut places = storage(count).ok_or(Refused::NoMemory)?;
            let mut order = ShieldedVec::with_capacity(count).ok_or(Refused::NoMemory)?;
            order.resize(count, 0);
            wait_with(targets, terms, &mut order, &mut places)
        }
    }
}

fn wait_on_stack<const N: usize>(targets: &[Target<'_>], terms: &Terms<'_>) -> Result<Ended, Refused> {
    let mut places = [const { Place::Empty }; N];
    let mut order = [0; N];
    wait_with(targets, terms, &mut order[..targets.len()], &mut places)
}

fn wait_with<'r>(
    targets: &[Target<'r>],
    terms: &Terms<'_>,
    order: &mut [u32],
    places: &mut [Place<'r>],
) -> Result<Ended, Refused> {
    sort(targets, order)?;
    let mut wait = All { targets, order, terms, until: Until::new(terms.timeout) };
    if terms.alertable {
        return with_current(|me| {
            let seen = me.park.pending(); // before the look (W22)
            wait.look_then_block(places, Some((me, seen)))
        });
    }
    wait.look_then_block(places, None)
}

/// Positions in ascending order of the slots' addresses.
fn sort(targets: &[Target<'_>], order: &mut [u32]) -> Result<(), Refused> {
    for (position, place) in order.iter_mut().enumerate() {
        *place = position as u32;
    }
    let address = |target: &Target<'_>| core::ptr::from_ref(target.slot);
    if targets.windows(2).all(|pair| address(&pair[0]) < address(&pair[1])) {
        return Ok(()); // they were made in this order, most likely
    }
    order.sort_unstable_by_key(|&position| address(&targets[position as usize]));
    // Another generation in the same slot is another object; one of the two is gone, which the locking will find.
    let same = |pair: &[u32]| {
        let (a, b) = (&targets[pair[0] as usize], &targets[pair[1] as usize]);
        core::ptr::eq(a.slot, b.slot) && a.generation == b.generation
    };
    if order.windows(2).any(same) { Err(Refused::Duplicate) } else { Ok(()) }
}

/// Takes everything for a waiter without a thread, or begins its wait and queues it on everything: `None`.
pub(super) fn link(
    me: &Waiter,
    blocks: &[WaitBlock],
    targets: &[Target<'_>],
    taker: Taker<'_>,
) -> Result<Option<Ended>, Refused> {
    let mut places = storage(targets.len()).ok_or(Refused::NoMemory)?;
    let mut order = ShieldedVec::with_capacity(targets.len()).ok_or(Refused::NoMemory)?;
    order.resize(targets.len(), 0);
    sort(targets, &mut order)?;
    let terms = Terms { alertable: false, timeout: Timeout::Never, policy: WaitPolicy::NO_SPIN, taker };
    let wait = All { targets, order: &order, terms: &terms, until: Until::new(Timeout::Never) };
    if wait.is_any_too_deep() {
        return Err(Refused::TooDeep);
    }
    let ended = wait.link(me, blocks, &mut places)?;
    if ended.is_some() {
        taker.adopt(targets);
    }
    Ok(ended)
}

struct All<'a, 'r> {
    targets: &'a [Target<'r>],
    order: &'a [u32],
    terms: &'a Terms<'a>,
    until: Until,
}

impl<'r> All<'_, 'r> {
    fn look_then_block(
        &mut self,
        places: &mut [Place<'r>],
        requests: Option<(&ThreadRecord, u32)>,
    ) -> Result<Ended, Refused> {
        if self.is_any_too_deep() {
            return Err(Refused::TooDeep);
        }
        if self.could_be_satisfied()? {
            if self.is_asked_when_it_queues() {
                return self.block_until_ended(places);
            }
            if let Some(ended) = self.take(places)? {
                return Ok(ended);
            }
        }
        match requests.and_then(|(me, seen)| me.park.take_pending(seen)) {
            Some(Why::Alerted) => return Ok(Ended::Alerted),
            Some(_) => return Ok(Ended::Apc),
            None => {}
        }
        if self.until.has_passed() {
            return Ok(Ended::TimedOut);
        }
        self.block_until_ended(places)
    }

    /// Must somebody be asked for the truth (take.rs, K3), and is that done when it queues?
    fn is_asked_when_it_queues(&self) -> bool {
        self.terms.then() == Then::Queues && self.targets.iter().any(|target| target.kind.may_be_asked())
    }

    fn block_until_ended(&mut self, places: &mut [Place<'r>]) -> Result<Ended, Refused> {
        let (targets, taker) = (self.targets, self.terms.taker);
        with_current(|me| {
            until_ended(me, targets, &taker, || {
                let attempt = self.block(me, places)?;
                if matches!(attempt, Attempt::Ended(Ended::Object(_) | Ended::Abandoned(_))) {
                    taker.adopt(targets);
                }
                Ok(attempt)
            })
        })
    }

    /// False: one object was seen clear, so the wait cannot be satisfied at this moment. Loads only.
    fn could_be_satisfied(&self) -> Result<bool, Gone> {
        let who = self.terms.taker.who();
        for target in self.targets {
            match take::look(*target, who) {
                Seen::Clear => return Ok(false),
                Seen::Gone => return Err(Gone),
                Seen::Signaled(_) | Seen::Locked => {}
            }
        }
        Ok(true)
    }

    /// All the locks, in order; none if an object is gone.
    fn lock<'m>(&self, places: &'m mut [Place<'r>]) -> Result<LockSet<'r, 'm>, Gone> {
        let mut locks = LockSet::new(places);
        for &position in self.order {
            let target = &self.targets[position as usize];
            match target.slot.lock(target.generation) {
                Some(held) => locks.push(held),
                None => {
                    locks.release(self.terms.taker.home);
                    return Err(Gone);
                }
            }
        }
        Ok(locks)
    }

    /// Takes all objects if all are signalled.
    fn take(&self, places: &mut [Place<'r>]) -> Result<Option<Ended>, Gone> {
        let _shield = Shield::raise();
        let mut locks = self.lock(places)?;
        let taken = self.take_locked(&mut locks);
        locks.release(self.terms.taker.home);
        if taken.is_some() {
            self.terms.taker.adopt(self.targets);
        }
        Ok(taken)
    }

    /// Is a mutant listed that the thread owns as deep as can be? It refuses the wait, whatever the other objects are
    /// (M12); nothing can change that while the thread waits.
    fn is_any_too_deep(&self) -> bool {
        self.terms.taker.owner.is_some_and(|owner| {
            self.targets.iter().any(|target| {
                target.kind == Kind::Mutant
                    && owner::owns(*target, owner.number())
                    && target.slot.extra() >= mutant::MOST_LEVELS
            })
        })
    }

    /// Takes everything that is locked, if all is signalled.
    fn take_locked(&self, locks: &mut LockSet<'_, '_>) -> Option<Ended> {
        let who = self.terms.taker.who();
        locks.is_all_signaled_for(who).then(|| match locks.take_everything_for(who) {
            true => Ended::Abandoned(0),
            false => Ended::Object(0),
        })
    }

    /// Queues on all objects and sleeps.
    fn block(&mut self, me: &ThreadRecord, places: &mut [Place<'r>]) -> Result<Attempt, Refused> {
        if self.targets.len() <= KEPT_BLOCKS {
            // SAFETY: T1, our own record, and we are in no wait yet.
            let blocks = unsafe { me.blocks(self.targets.len()) }.ok_or(Refused::NoMemory)?;
            self.queue(me, blocks, places)
        } else {
            let blocks = waiter::blocks(self.targets.len()).ok_or(Refused::NoMemory)?;
            self.queue(me, &blocks, places)
        }
    }

    fn queue(&mut self, me: &ThreadRecord, blocks: &[WaitBlock], places: &mut [Place<'r>]) -> Result<Attempt, Refused> {
        let deadline = self.until.deadline();
        if let Some(ended) = self.link(me, blocks, places)? {
            return Ok(Attempt::Ended(ended));
        }
        if me.park.commit(self.terms.alertable) {
            sleep::until_done(me, any::waiting_for(self.targets, Sort::All, self.terms), &deadline);
        }
        sleep::leave(me, self.targets, blocks, self.terms.taker.home);
        let (why, index) = me.park.finish();
        ended(why, index)
    }

    /// Takes everything, or begins the wait and queues on everything.
    fn link(&self, me: &Waiter, blocks: &[WaitBlock], places: &mut [Place<'r>]) -> Result<Option<Ended>, Gone> {
        self.prepare(me, blocks);
        let mut locks = self.lock(places)?;
        if let Some(ended) = self.take_locked(&mut locks) {
            locks.release(self.terms.taker.home);
            return Ok(Some(ended));
        }
        me.park.begin();
        for (target, block) in self.targets.iter().zip(blocks) {
            if let Some(held) = locks.find(target.slot) {
                // SAFETY: our own FREE block, which stays in place until `leave` has seen it FREE again.
                unsafe { held.append(block) };
            }
        }
        locks.release(self.terms.taker.home);
        Ok(None)
    }

    fn prepare(&self, me: &Waiter, blocks: &[WaitBlock]) {
        // SAFETY: we are the waiter, and none of the blocks is linked yet.
        unsafe { me.set_wait_set(blocks) };
        for (index, (target, block)) in self.targets.iter().zip(blocks).enumerate() {
            // SAFETY: our own block, and it is FREE.
            unsafe { block.prepare(me, (target.slot, target.generation), index as u32, Role::All) };
        }
    }
}
