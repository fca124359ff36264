//! The parking lot: threads that wait for something at an address instead of for an object.
//!
//! ```text
//!   bucket (by hash of the key)       record A        record B        record C
//!   ┌──────┬───────┐                 ┌─────────┐     ┌─────────┐     ┌─────────┐
//!   │ lock │ queue ├────────────────▶│ key 1   │◀───▶│ key 2   │◀───▶│ key 1   │     the records' own blocks
//!   └──────┴───────┘                 └─────────┘     └─────────┘     └─────────┘
//!
//!   parker     lock; valid? begin the wait; link; unlock ──▶ sleep ──▶ released, or lock; unlink; unlock
//!   releaser   lock; for each in order: decide, unlink; callback; unlock ──▶ wake
//! ```
//!
//! A wait here is a wait like any other: on the parking word, with the deadline, the requests and the stops of all waits.
//! What it waits for is the caller's business, who keeps that in a word of its own. Callbacks keep the word and the queue
//! in step: they run with the bucket's lock held, so they must not allocate, sleep, wake or come back here.
//!
//! LT1  Validate, begin and link happen under one lock: who changes the word, and then finds nobody queued under that lock,
//!      leaves nobody behind.
//! LT2  A releaser decides the wait first, then unlinks the block, and its last touch of it is the move to FREE (B2). Who
//!      was decided otherwise is passed over and takes itself out.
//! LT3  A wait that was found valid ends in one of two ways: released; or the thread is told under the lock that it leaves
//!      ([`Left`]), and whether it was the last with that key. So a mark of the word that says "somebody is queued" can
//!      always be mended.
//! LT4  First come, first served, among those of one key that still wait.
//! LT5  A thread that is to stop leaves its queue first, and comes back at the tail with the same deadline (W24, W40).
//! LT6  Two locks are taken in the order of their buckets, and both are held while threads move from one to the other.
//! orderings   the bucket's lock; the end of the wait: as in park.rs, and the move to FREE (Release) → is FREE (Acquire)
//!
//! The buckets are the process's own: in a child of `fork` they are empty.

#![allow(unsafe_code, reason = "links the thread's own wait block")]

mod bucket;
#[cfg(all(test, not(ntwait_loom)))]
mod tests;

use super::{Until, sleep};
use crate::waiter::Chain;
use crate::waiter::notice::{Sort, Waiting};
use crate::waiter::park::{Decision, Heed, Why};
use crate::waiter::record::{NoMemory, ThreadRecord, with_current};
pub(crate) use crate::waiter::seat::{Key, Space};
use crate::waiter::shield::Shield;
use bucket::{Locked, Pair};
use core::ops::Range;

/// What a thread wants of its stay.
#[derive(Debug)]
pub(crate) struct Terms<'u> {
    pub(crate) heed: Heed,
    /// One for all of a caller's attempts: the deadline is computed once (N4).
    pub(crate) until: &'u mut Until,
    /// What a releaser's filter sees of the thread.
    pub(crate) token: u32,
}

/// How a stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only who was released has what it waited for"]
pub(crate) enum Parked {
    /// By a releaser, who said this.
    Released(u32),
    /// It did not begin: what was to be waited for is not so any more.
    NotValid,
    /// The thread was moved to another queue, and left that one because its time was up or because it was to stop.
    Moved,
    TimedOut,
    /// By an alert of the kind that the wait heeds.
    Alerted,
    Apc,
}

/// A thread leaves its queue without having been released, or does not even enter it (LT3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    /// It is not in the queue any more that it entered, but in the one that it was moved to.
    pub(crate) moved: bool,
    /// Nobody with the same key is left in that queue.
    pub(crate) was_last: bool,
    /// The thread is to stop, and comes back if it is to go on.
    pub(crate) stops: bool,
}

/// What a releaser has done, for its callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unparked {
    /// Threads that it has released.
    pub(crate) released: usize,
    /// Threads that it has moved to the other queue.
    pub(crate) moved: usize,
    /// Others are queued under the (first) key, though they may be on their way out: they will say so themselves (LT3).
    pub(crate) more: bool,
}

/// Whom a releaser has chosen so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    pub(crate) count: usize,
    /// The token of the last of them.
    pub(crate) last: u32,
}

/// What becomes of a thread in the queue. Asked in their order, and the answer follows from the arguments alone: who has
/// just left for another reason is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Take,
    Skip,
    /// Neither this one nor any after it.
    Stop,
}

/// How many threads to release and then how many to move, in the order in which they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Orders {
    pub(crate) release: usize,
    pub(crate) transfer: usize,
}

/// Queues the calling thread under `key`, if `validate` says yes, and sleeps until it is released or something else ends the
/// wait. `on_leave` is called as LT3 says; both run under the bucket's lock, once for each attempt: a thread that was
/// suspended starts over (LT5).
///
/// The shield is the thread's outermost, and the thread holds nothing else: if it is to stop, it does so here. The shield
/// is there before and after, so that what the release stands for is in the caller's hands before the thread can be
/// stopped again.
///
/// # Errors
/// No memory for a record.
pub(crate) fn park(
    shield: &mut Shield,
    key: Key,
    terms: Terms<'_>,
    validate: impl FnMut() -> bool,
    on_leave: impl FnMut(Left),
) -> Result<Parked, NoMemory> {
    park_and(shield, key, terms, validate, || {}, on_leave)
}

/// As [`park`], and calls `queued` when the thread is in the queue and no lock is held, before it sleeps; at each attempt.
/// It may release others, and must not park.
pub(crate) fn park_and(
    shield: &mut Shield,
    key: Key,
    terms: Terms<'_>,
    mut validate: impl FnMut() -> bool,
    mut queued: impl FnMut(),
    mut on_leave: impl FnMut(Left),
) -> Result<Parked, NoMemory> {
    until_over(shield, key, terms, &mut |_| validate(), &mut queued, &mut on_leave)
}

/// Meets a thread of the other side: releases the first that is queued under `theirs`, if one is, and else waits under
/// `mine` for one that comes (both keys have one address, so that both queues are under one lock). Nothing is remembered.
///
/// The shield and the errors are as for [`park`]. [`Parked::NotValid`] does not come of it.
pub(crate) fn meet(shield: &mut Shield, mine: Key, theirs: Key, terms: Terms<'_>) -> Result<Parked, NoMemory> {
    debug_assert_eq!(mine.address, theirs.address);
    let mut chain = Chain::EMPTY;
    let mut nobody_is_there = |locked: &mut Locked| {
        let (met, released) = release(locked, theirs, &mut at_most(1));
        chain = released;
        met == 0
    };
    let parked = until_over(shield, mine, terms, &mut nobody_is_there, &mut || {}, &mut |_| {})?;
    chain.wake();
    Ok(if parked == Parked::NotValid { Parked::Released(0) } else { parked })
}

fn until_over(
    shield: &mut Shield,
    key: Key,
    mut terms: Terms<'_>,
    validate: &mut dyn FnMut(&mut Locked) -> bool,
    queued: &mut dyn FnMut(),
    on_leave: &mut dyn FnMut(Left),
) -> Result<Parked, NoMemory> {
    with_current(|me| {
        loop {
            match attempt(me, key, &mut terms, validate, queued, on_leave) {
                Ok(parked) => return Ok(parked),
                Err(stopped) => {
                    shield.obey();
                    if stopped.moved {
                        return Ok(Parked::Moved);
                    }
                }
            }
        }
    })
}

/// The thread is to stop, and in no queue.
struct Stopped {
    /// What it waited for has come: it was moved.
    moved: bool,
}

fn attempt(
    me: &ThreadRecord,
    key: Key,
    terms: &mut Terms<'_>,
    validate: &mut dyn FnMut(&mut Locked) -> bool,
    queued: &mut dyn FnMut(),
    on_leave: &mut dyn FnMut(Left),
) -> Result<Parked, Stopped> {
    let too_late = terms.until.has_passed();
    let mut locked = bucket::lock(key);
    if !validate(&mut locked) {
        return Ok(Parked::NotValid);
    }
    let mut goes_on = me.park.begin_heeding(terms.heed);
    if goes_on && too_late {
        let _ = me.park.decide(Why::TimedOut, 0);
        goes_on = false;
    }
    if !goes_on {
        on_leave(Left { moved: false, was_last: !locked.has(key), stops: me.park.is_stopped() });
        drop(locked);
        return conclude(me, false);
    }
    // SAFETY: our own block, which is FREE; it stays in place until it is so again.
    unsafe { locked.append(me, key, terms.token) };
    drop(locked);
    queued();
    let waiting = Waiting { alertable: terms.heed == Heed::Requests, ..Waiting::for_nothing(Sort::Lot) };
    sleep::until_done(me, waiting, &terms.until.deadline());
    let moved = leave(me, key, on_leave);
    conclude(me, moved)
}

/// Takes the thread out of its queue if nobody has done so (LT2). Says whether it was moved there.
fn leave(me: &ThreadRecord, key: Key, on_leave: &mut dyn FnMut(Left)) -> bool {
    while let Some(mut locked) = bucket::lock_of(me) {
        if !locked.has_thread(me) {
            continue; // moved or released meanwhile
        }
        // SAFETY: SE1, the lock of the bucket that we are linked in.
        let last_key = unsafe { me.seat.key() };
        // SAFETY: linked there.
        unsafe { locked.unlink(me) };
        me.block().free();
        let moved = last_key != key;
        on_leave(Left { moved, was_last: !locked.has(last_key), stops: me.park.is_stopped() });
        return moved;
    }
    me.block().await_free();
    false
}

fn conclude(me: &ThreadRecord, moved: bool) -> Result<Parked, Stopped> {
    let (why, _) = me.park.finish();
    match why {
        // SAFETY: B4, our own block, which is FREE.
        Why::Object => Ok(Parked::Released(unsafe { me.block().index() })),
        Why::TimedOut if moved => Ok(Parked::Moved),
        Why::Alerted => Ok(Parked::Alerted),
        Why::Apc => Ok(Parked::Apc),
        Why::Stopped => Err(Stopped { moved }),
        Why::TimedOut | Why::Refused | Why::Retest | Why::Abandoned => Ok(Parked::TimedOut),
    }
}

/// The queues of the lot.
pub(crate) fn buckets() -> Range<usize> {
    bucket::numbers()
}

/// Shows who is queued in one of them: the thread, its key and its token, in the order in which they came. The queue's lock is
/// held meanwhile, so what a thread waits for is there, and `visit` neither allocates nor locks.
pub(crate) fn visit(bucket: usize, visit: &mut dyn FnMut(&'static ThreadRecord, Key, u32)) {
    bucket::lock_number(bucket).visit(visit);
}

/// Releases the first thread that waits under this key. What `callback` returns is told to it; it is called in any case.
pub(crate) fn unpark_one(key: Key, callback: impl FnOnce(Unparked) -> u32) -> bool {
    unpark_while(key, at_most(1), callback) > 0
}

/// Releases all threads that wait under this key and tells them this; says how many.
pub(crate) fn unpark_all(key: Key, told: u32) -> usize {
    unpark_while(key, |_, _| Choice::Take, |_| told)
}

/// Releases those whom the filter takes: it sees whom it has taken so far and the token of the next.
pub(crate) fn unpark_while(
    key: Key,
    mut filter: impl FnMut(Chosen, u32) -> Choice,
    callback: impl FnOnce(Unparked) -> u32,
) -> usize {
    let _shield = Shield::raise();
    let mut locked = bucket::lock(key);
    let (released, chain) = release(&mut locked, key, &mut filter);
    chain.answer(callback(Unparked { released, moved: 0, more: locked.has(key) }));
    drop(locked);
    chain.wake();
    released
}

/// Moves threads from one queue to the end of another without waking them, after it has released the first of them:
/// for condition variables, whose waiters all want the same lock. `orders` says how many, under both locks; `None`: it is
/// not to be done after all, and `callback` is not called.
pub(crate) fn requeue(
    from: Key,
    to: Key,
    orders: impl FnOnce(bool) -> Option<Orders>,
    callback: impl FnOnce(Unparked) -> u32,
) -> Option<Unparked> {
    debug_assert!(from != to);
    let _shield = Shield::raise();
    let mut pair = bucket::lock_two(from, to);
    let Some(orders) = orders(pair.first().has(from)) else {
        pair.unlock();
        return None;
    };
    let (released, chain) = release(pair.first(), from, &mut at_most(orders.release));
    let moved = transfer(&mut pair, from, to, orders.transfer);
    let done = Unparked { released, moved, more: pair.first().has(from) };
    chain.answer(callback(done));
    pair.unlock();
    chain.wake();
    Some(done)
}

/// Decides for the threads that the filter takes, and unlinks them (LT2, LT4). How many, and the chain of them, to be
/// answered before the lock is let go.
fn release(locked: &mut Locked, key: Key, filter: &mut dyn FnMut(Chosen, u32) -> Choice) -> (usize, Chain) {
    let mut chain = Chain::EMPTY;
    let mut chosen = Chosen { count: 0, last: 0 };
    let mut place = locked.front();
    while let Some(thread) = locked.next_with(key, &mut place) {
        // SAFETY: B4, linked in this bucket.
        let token = unsafe { thread.block().index() };
        // Who is on its way out stops nobody.
        let choice = if thread.park.is_open() { filter(chosen, token) } else { Choice::Skip };
        match choice {
            Choice::Stop => break,
            Choice::Take if thread.park.decide(Why::Object, 0) != Decision::Lost => {
                // SAFETY: linked in this bucket.
                unsafe { locked.unlink(thread) };
                // SAFETY: decided and unlinked, under the lock.
                unsafe { chain.add(thread.block()) };
                chosen = Chosen { count: chosen.count + 1, last: token };
            }
            Choice::Take | Choice::Skip => {}
        }
    }
    (chosen.count, chain)
}

/// Moves up to so many threads that still wait.
fn transfer(pair: &mut Pair, from: Key, to: Key, most: usize) -> usize {
    let mut moved = 0;
    let mut place = pair.first().front();
    while moved < most
        && let Some(thread) = pair.first().next_with(from, &mut place)
    {
        if thread.park.is_open() {
            // SAFETY: linked in the first bucket.
            unsafe { pair.transfer(thread, to) };
            moved += 1;
        }
    }
    moved
}

/// Up to so many, in their order.
fn at_most(count: usize) -> impl FnMut(Chosen, u32) -> Choice {
    move |chosen, _| if chosen.count < count { Choice::Take } else { Choice::Stop }
}
