//! The machine as a model sees it: a futex, one clock, and the ill luck that real ones have.
//!
//! `futex(2)`: "the kernel will block only if the futex word has the value that the calling thread supplied […]
//! loading the value, comparing it, and starting to sleep happens atomically and totally ordered with respect to
//! concurrent operations on the same futex word". One lock around all of it is exactly that.
//!
//! The model checker knows neither time-outs nor spurious wake-ups, so a thread of the model makes them: it calls
//! [`pass_time`] at a moment that the checker chooses, or [`disturb`].

#![allow(clippy::disallowed_types, reason = "the model checker's lock and condition variable, and std's Arc")]

use super::clock::Deadline;
use super::futex::{FutexAddr, Slept};
use loom::sync::{Condvar, Mutex};
use std::sync::Arc;

#[derive(Debug)]
struct Sleeper {
    key: usize,
    timed: bool,
    /// Whose nap this is, if it is one.
    napper: Option<FutexAddr>,
    end: Option<Slept>,
    bell: Arc<Condvar>,
    id: usize,
}

#[derive(Debug, Default)]
struct World {
    sleepers: Vec<Sleeper>,
    time_has_passed: bool,
    next_id: usize,
}

impl World {
    fn end(&mut self, how: Slept, most: u32, who: impl Fn(&Sleeper) -> bool) -> usize {
        let chosen = self.sleepers.iter_mut().filter(|s| s.end.is_none() && who(s)).take(most as usize);
        let mut count = 0;
        for sleeper in chosen {
            sleeper.end = Some(how);
            sleeper.bell.notify_one();
            count += 1;
        }
        count
    }
}

std::thread_local! {
    // The threads of one model share one kernel thread.
    static NOTICES: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// From now on threads of this kernel thread's models tell, or do not tell, what they wait for.
pub(crate) fn want_notices(wanted: bool) {
    NOTICES.set(wanted);
}

pub(crate) fn notices_are_wanted() -> bool {
    NOTICES.get()
}

loom::lazy_static! {
    static ref WORLD: Mutex<World> = Mutex::new(World::default());
}

/// Sleeps while the word that `load` reads is `expected`.
pub(crate) fn futex_wait(
    key: usize,
    load: impl Fn() -> u32,
    expected: u32,
    deadline: &Deadline,
    napper: Option<FutexAddr>,
) -> Slept {
    let mut world = WORLD.lock().unwrap();
    if load() != expected {
        return Slept::Changed;
    }
    if deadline.has_passed_in(world.time_has_passed) {
        return Slept::TimedOut;
    }
    let id = world.next_id;
    world.next_id += 1;
    let bell = Arc::new(Condvar::new());
    let timed = matches!(deadline, Deadline::Later);
    world.sleepers.push(Sleeper { key, timed, napper, end: None, bell: Arc::clone(&bell), id });
    loop {
        world = bell.wait(world).unwrap();
        let position = world.sleepers.iter().position(|s| s.id == id).expect("our own entry");
        if let Some(end) = world.sleepers[position].end {
            world.sleepers.remove(position);
            return end;
        }
    }
}

/// Wakes in the order in which they came, as the kernel does among equals.
pub(crate) fn futex_wake(key: usize, count: u32) -> usize {
    WORLD.lock().unwrap().end(Slept::Woken, count, |sleeper| sleeper.key == key)
}

pub(crate) fn time_has_passed() -> bool {
    WORLD.lock().unwrap().time_has_passed
}

/// Every deadline is now in the past.
pub(crate) fn pass_time() {
    let mut world = WORLD.lock().unwrap();
    world.time_has_passed = true;
    world.end(Slept::TimedOut, u32::MAX, |sleeper| sleeper.timed);
}

/// A signal has come for this thread: its nap is over, if it naps.
pub(crate) fn end_nap(napper: FutexAddr) {
    WORLD.lock().unwrap().end(Slept::Woken, 1, |sleeper| sleeper.napper == Some(napper));
}

/// Every sleeper returns, for no reason.
pub(crate) fn disturb() {
    WORLD.lock().unwrap().end(Slept::Woken, u32::MAX, |_| true);
}

/// Threads that sleep and that nobody has woken yet.
pub(crate) fn sleepers() -> usize {
    WORLD.lock().unwrap().sleepers.iter().filter(|sleeper| sleeper.end.is_none()).count()
}
