//! Threads that run callbacks: a few, more if those are held up, none after a while without work.
//!
//! ```text
//!   give ──▶ queue ──▶ an idle worker is called, or a new one made if there are few
//!                └── nothing was taken from it for a while: one more is made
//! ```
//!
//! K1  A worker that is idle is called by name of a token: who calls takes it out of the idle ones and leaves a token, and
//!     who rises takes a token or, if there is none, himself out of them. So each call counts for one worker.

#![allow(unsafe_code, reason = "a list through registrations, which are never freed")]

use super::registration::Registration;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::clock::{self, Deadline};
use crate::sys::futex::{self, FutexAddr};
use crate::sys::lock::FutexLock;
use crate::threads;
use crate::waiter::shield::Shield;
use core::ptr;

/// Workers that run callbacks at the same time without anything being held up.
const FEW: u32 = 4;
/// Workers in all.
const MOST: u32 = 512;
/// How long callbacks are held up before one more worker is made.
const PATIENCE_NS: u64 = 10_000_000;
/// How long an idle worker stays.
const IDLE_NS: u64 = 5_000_000_000;

#[derive(Debug, Default)]
pub(super) struct Workers {
    crew: FutexLock<Crew>,
    /// Changes with each call.
    calls: AtomicU32,
}

#[derive(Debug)]
struct Crew {
    first: *const Registration,
    last: *const Registration,
    /// All workers.
    count: u32,
    idle: u32,
    tokens: u32,
    /// Workers at a callback that may take long.
    away: u32,
    /// Callbacks that were taken from the queue, and how many at the last look.
    taken: u64,
    taken_before: u64,
    /// When that was, or when there began to be something in the queue.
    looked_at: u64,
}

// SAFETY: a list of registrations, which belong to it.
unsafe impl Send for Crew {}

impl Default for Crew {
    fn default() -> Self {
        let none = ptr::null();
        Self { first: none, last: none, count: 0, idle: 0, tokens: 0, away: 0, taken: 0, taken_before: 0, looked_at: 0 }
    }
}

/// What the queue needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    Nobody,
    IdleOne,
    NewOne,
}

impl Crew {
    fn append(&mut self, registration: &'static Registration) {
        registration.next.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: null, or a registration of this list.
        match unsafe { self.last.as_ref() } {
            Some(last) => last.next.store(ptr::from_ref(registration).cast_mut(), Ordering::Relaxed),
            None => (self.first, self.looked_at) = (registration, clock::now_ns()),
        }
        self.last = registration;
    }

    fn take_first(&mut self) -> Option<&'static Registration> {
        // SAFETY: null, or a registration of this list.
        let first = unsafe { self.first.as_ref() }?;
        self.first = first.next.load(Ordering::Relaxed);
        if self.first.is_null() {
            self.last = ptr::null();
        }
        self.taken += 1;
        Some(first)
    }

    fn need(&mut self, more: bool) -> Need {
        if self.idle > 0 {
            self.idle -= 1;
            self.tokens += 1;
            Need::IdleOne
        } else if self.count < MOST && (more || self.count - self.away < FEW) {
            self.count += 1;
            Need::NewOne
        } else {
            Need::Nobody
        }
    }
}

impl Workers {
    /// Has a worker run the registration's callback. Called by the service.
    pub(super) fn give(&'static self, registration: &'static Registration, is_long: bool) {
        let need = {
            let _shield = Shield::raise();
            let mut crew = self.crew.lock();
            crew.append(registration);
            crew.need(is_long)
        };
        self.meet(need);
    }

    /// Makes a worker if callbacks are held up. Says when to look again.
    pub(super) fn look_after(&'static self) -> Option<u64> {
        let now = clock::now_ns();
        let need = {
            let _shield = Shield::raise();
            let mut crew = self.crew.lock();
            if crew.first.is_null() {
                return None;
            }
            if crew.taken != crew.taken_before {
                (crew.taken_before, crew.looked_at) = (crew.taken, now);
            }
            let patience = crew.looked_at + PATIENCE_NS;
            if now < patience {
                return Some(patience);
            }
            crew.looked_at = now;
            crew.need(true)
        };
        self.meet(need);
        Some(now + PATIENCE_NS)
    }

    fn meet(&'static self, need: Need) {
        match need {
            Need::Nobody => {}
            Need::IdleOne => {
                self.calls.fetch_add(1, Ordering::Release);
                futex::wake(FutexAddr::whole(&self.calls), 1);
            }
            Need::NewOne => {
                if threads::start_worker(c"ntwait-worker", || self.work()).is_err() {
                    self.do_without();
                }
            }
        }
    }

    /// There is no thread to be had: if there are no workers at all, the service runs the callbacks.
    fn do_without(&self) {
        while let Some(registration) = {
            let _shield = Shield::raise();
            let mut crew = self.crew.lock();
            if crew.count == 1 { crew.take_first() } else { None }
        } {
            registration.run();
        }
        let _shield = Shield::raise();
        self.crew.lock().count -= 1;
    }

    /// What a worker does, as long as there is something, or was a moment ago.
    fn work(&self) {
        let mut is_away = false;
        while let Some(registration) = self.take(is_away) {
            is_away = registration.takes_long();
            if is_away {
                let _shield = Shield::raise();
                self.crew.lock().away += 1;
            }
            registration.run();
        }
    }

    /// The next callback. `None`: the worker is to end. `is_away`: it has come back from one that may take long.
    fn take(&self, is_away: bool) -> Option<&'static Registration> {
        let mut last_chance = false;
        if is_away {
            let _shield = Shield::raise();
            self.crew.lock().away -= 1;
        }
        loop {
            let seen = {
                let _shield = Shield::raise();
                let mut crew = self.crew.lock();
                if let Some(registration) = crew.take_first() {
                    return Some(registration);
                }
                if last_chance {
                    crew.count -= 1;
                    return None;
                }
                crew.idle += 1;
                self.calls.load(Ordering::Acquire)
            };
            let until = clock::now_ns() + IDLE_NS;
            futex::wait(FutexAddr::whole(&self.calls), seen, &Deadline::at_ns(until));
            let _shield = Shield::raise();
            let mut crew = self.crew.lock();
            if crew.tokens > 0 {
                crew.tokens -= 1;
            } else {
                crew.idle -= 1;
                last_chance = clock::now_ns() >= until;
            }
        }
    }
}
