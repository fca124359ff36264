//! Random operations by four threads on twelve events, with an account of every token.
//!
//! ```text
//!   events 0–5    auto    set, reset, taken by waits                tokens are counted exactly
//!   events 6–7    auto    the same, and pulse                       counted up to the pulses, which may or may not meet a waiter
//!   events 8–11   manual  set, reset, pulse, seen by waits          changes of state are counted exactly
//! ```
//!
//! The previous states that the calls return make the account exact. For an auto-reset event a set that found it clear puts one token in,
//! a set that found it set adds nothing, a reset or pulse that found it set takes the token out, and a successful wait takes one out, so
//! at the end `put = taken + left`. For a manual-reset event ups and downs alternate, so `ups - downs = left`.
//!
//! Handles change hands all the time: one public handle for each event is replaced by a fresh duplicate at random while others use it, so
//! a call may meet a closed handle. It then must have had no effect, which the account shows too.
//!
//! `NTWAIT_STRESS_SECONDS` (default 30) and `NTWAIT_STRESS_SEED` (default: the time) may be given; a failure prints the seed.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use common::threads::{LIMIT, all_threads, within_limit};
use common::{FULL, Nt, POLL, Random, now_1601, object};
use ntwait::{DuplicateOptions, EventType, Handle, HandleAttributes, NtStatus, WaitPolicy, WaitType};

const EVENTS: usize = 12;
const THREADS: u64 = 4;
const ROUND: Duration = Duration::from_secs(2);

const fn is_manual(event: usize) -> bool {
    event >= 8
}

const fn may_be_pulsed(event: usize) -> bool {
    event >= 6
}

/// What the threads share: one public handle for each event, when to stop, and how far each has come.
struct Shared {
    nt: Nt,
    public: [AtomicU64; EVENTS],
    stop: AtomicBool,
    progress: [AtomicU64; THREADS as usize],
}

/// What one thread did to one event.
#[derive(Clone, Copy, Default, Debug)]
struct Account {
    /// Sets that found it clear.
    up: i64,
    /// Resets and pulses that found it set.
    down: i64,
    /// Waits that took it (auto-reset events only).
    taken: i64,
    /// Pulses that found it clear: each may have released one waiter of an auto-reset event.
    pulses: i64,
}

/// How often each kind of ending was seen: a stress that never waits, or never succeeds, proves nothing.
#[derive(Clone, Copy, Default, Debug)]
struct Endings {
    one: u64,
    any: u64,
    all: u64,
    timeouts: u64,
    stale: u64,
}

struct Thread {
    shared: Arc<Shared>,
    random: Random,
    known: [Handle; EVENTS],
    accounts: [Account; EVENTS],
    endings: Endings,
}

impl Thread {
    /// The public handle as this thread last read it; another thread may have closed it since, or close it before it is used.
    fn handle(&mut self, event: usize) -> Handle {
        if self.random.one_in(4) {
            self.known[event] = Handle(self.shared.public[event].load(Ordering::Relaxed));
        }
        self.known[event]
    }

    fn step(&mut self) {
        let event = self.random.index(EVENTS);
        match self.random.below(16) {
            0..6 => self.up(event),
            6 => drop(self.down(event, |nt, handle| nt.nt_reset_event(handle))),
            7 if may_be_pulsed(event) => self.pulse(event),
            7 => self.look(event),
            8..10 => self.wait_one(event),
            10..12 => self.wait_any(),
            12..15 => self.wait_all(),
            _ => self.replace(event),
        }
    }

    /// A state before the call, or nothing because the handle was closed under our feet.
    fn before(&mut self, result: Result<i32, NtStatus>) -> Option<i32> {
        match result {
            Ok(before @ (0 | 1)) => Some(before),
            Err(NtStatus::INVALID_HANDLE) => {
                self.endings.stale += 1;
                None
            }
            other => panic!("{other:?}"),
        }
    }

    fn up(&mut self, event: usize) {
        let handle = self.handle(event);
        let result = self.shared.nt.nt_set_event(handle);
        if self.before(result) == Some(0) {
            self.accounts[event].up += 1;
        }
    }

    fn down(&mut self, event: usize, call: fn(Nt, Handle) -> Result<i32, NtStatus>) -> Option<i32> {
        let handle = self.handle(event);
        let result = call(self.shared.nt, handle);
        let before = self.before(result);
        if before == Some(1) {
            self.accounts[event].down += 1;
        }
        before
    }

    fn pulse(&mut self, event: usize) {
        if self.down(event, |nt, handle| nt.nt_pulse_event(handle)) == Some(0) {
            self.accounts[event].pulses += 1;
        }
    }

    fn look(&mut self, event: usize) {
        let mut bytes = [0xAA; 8];
        let handle = self.handle(event);
        match self.shared.nt.nt_query_event(handle, 0, &mut bytes, None) {
            NtStatus::SUCCESS => assert!(bytes[..4] == u32::from(!is_manual(event)).to_ne_bytes() && bytes[4] <= 1),
            status => assert_eq!(status, NtStatus::INVALID_HANDLE),
        }
    }

    fn timeout(&mut self) -> Option<i64> {
        let units = i64::try_from(self.random.below(5_000)).expect("a small number");
        match self.random.below(4) {
            0 => POLL,
            1 => Some(now_1601() + units - 500),
            2 => Some(-units * 10),
            _ => Some(-units),
        }
    }

    /// Books the end of a wait; true if it was a success.
    fn ended(&mut self, status: NtStatus) -> bool {
        match status {
            NtStatus::TIMEOUT => self.endings.timeouts += 1,
            NtStatus::INVALID_HANDLE => self.endings.stale += 1,
            _ => {
                assert!(status.wait_index().is_some(), "{status}");
                return true;
            }
        }
        false
    }

    fn take(&mut self, event: usize) {
        self.accounts[event].taken += i64::from(!is_manual(event));
    }

    fn wait_one(&mut self, event: usize) {
        let (handle, timeout, alertable) = (self.handle(event), self.timeout(), self.random.one_in(2));
        let status = self.shared.nt.nt_wait_for_single_object(handle, alertable, timeout);
        if self.ended(status) {
            assert_eq!(status, object(0));
            self.take(event);
            self.endings.one += 1;
        }
    }

    /// Two to five events, different ones unless `duplicates`.
    fn some_events(&mut self, duplicates: bool) -> Vec<usize> {
        let mut events = Vec::new();
        while events.len() < 2 || self.random.one_in(2) && events.len() < 5 {
            let event = self.random.index(EVENTS);
            if duplicates || !events.contains(&event) {
                events.push(event);
            }
        }
        events
    }

    fn wait_for(&mut self, events: &[usize], wait_type: WaitType) -> NtStatus {
        let handles: Vec<Handle> = events.iter().map(|event| self.handle(*event)).collect();
        let (timeout, alertable) = (self.timeout(), self.random.one_in(2));
        self.shared.nt.nt_wait_for_multiple_objects(&handles, wait_type, alertable, timeout)
    }

    fn wait_any(&mut self) {
        let events = self.some_events(true);
        let status = self.wait_for(&events, WaitType::ANY);
        if self.ended(status) {
            self.take(events[status.wait_index().expect("an index")]);
            self.endings.any += 1;
        }
    }

    fn wait_all(&mut self) {
        let events = self.some_events(false);
        let status = self.wait_for(&events, WaitType::ALL);
        if self.ended(status) {
            assert_eq!(status, object(0));
            events.iter().for_each(|event| self.take(*event));
            self.endings.all += 1;
        }
    }

    /// Puts a fresh duplicate in the place of the public handle and closes the old one, under whoever uses it.
    fn replace(&mut self, event: usize) {
        let (nt, me) = (self.shared.nt, Handle::CURRENT_PROCESS);
        let (none, options) = (HandleAttributes::empty(), DuplicateOptions::empty());
        let source = self.handle(event);
        match nt.nt_duplicate_object(me, source, me, FULL, none, options) {
            Ok(fresh) => {
                let old = self.shared.public[event].swap(fresh.0, Ordering::Relaxed);
                assert_eq!(nt.nt_close(Handle(old)), NtStatus::SUCCESS, "closed by the one who replaced it");
            }
            Err(status) => assert_eq!(status, NtStatus::INVALID_HANDLE),
        }
    }
}

/// One thread's work; its number of steps is there for the watchdog to see.
fn work(shared: &Arc<Shared>, number: u64, seed: u64) -> ([Account; EVENTS], Endings) {
    let random = Random::new(seed ^ (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let (accounts, endings) = ([Account::default(); EVENTS], Endings::default());
    let known = shared.public.each_ref().map(|handle| Handle(handle.load(Ordering::Relaxed)));
    let mut thread = Thread { shared: Arc::clone(shared), random, known, accounts, endings };
    while !shared.stop.load(Ordering::Relaxed) {
        thread.step();
        shared.progress[usize::try_from(number).expect("small")].fetch_add(1, Ordering::Relaxed);
    }
    (thread.accounts, thread.endings)
}

/// Sleeps through the round, and fails it at once if a thread stands still for five seconds.
fn watch(shared: &Shared, length: Duration) {
    let start = Instant::now();
    let steps = || shared.progress.each_ref().map(|steps| steps.load(Ordering::Relaxed));
    let mut seen = steps().map(|steps| (steps, Instant::now()));
    while start.elapsed() < length {
        std::thread::sleep(Duration::from_millis(100));
        for (seen, now) in seen.iter_mut().zip(steps()) {
            if seen.0 != now {
                *seen = (now, Instant::now());
            }
            assert!(
                seen.1.elapsed() < Duration::from_secs(5),
                "a thread hangs; steps {:?}\n{}",
                steps(),
                all_threads()
            );
        }
    }
    shared.stop.store(true, Ordering::Relaxed);
}

/// The books of all threads against what is left in each event; then every event must still work.
fn audit(shared: &Shared, accounts: &[[Account; EVENTS]]) {
    let nt = shared.nt;
    for event in 0..EVENTS {
        let handle = Handle(shared.public[event].load(Ordering::Relaxed));
        let look = nt.look(handle);
        assert_eq!(look.handles, 1, "event {event}");
        let sum = |figure: fn(&Account) -> i64| accounts.iter().map(|thread| figure(&thread[event])).sum::<i64>();
        let (up, gone) = (sum(|a| a.up), sum(|a| a.down) + sum(|a| a.taken));
        let (pulses, left) = (sum(|a| a.pulses), i64::from(look.state));
        let from_pulses = gone + left - up;
        let allowed = if is_manual(event) || !may_be_pulsed(event) { 0 } else { pulses };
        assert!(
            (0..=allowed).contains(&from_pulses),
            "event {event}: {up} put, {gone} gone, {left} left, {pulses} pulses"
        );
        drain(nt, handle, look.state);
    }
}

/// The event gives what it holds and no more, and nobody is left in its queue to take a set away.
fn drain(nt: Nt, handle: Handle, state: i32) {
    assert_eq!(nt.one(handle, POLL), if state == 1 { object(0) } else { NtStatus::TIMEOUT });
    nt.reset(handle);
    assert_eq!(nt.one(handle, POLL), NtStatus::TIMEOUT);
    assert_eq!((nt.set(handle), nt.set(handle)), (0, 1), "a set is nobody's but ours");
    assert_eq!(nt.one(handle, POLL), object(0));
    nt.close(handle);
}

/// One round in a runtime of its own; gives the endings that its threads saw.
fn round(policy: WaitPolicy, seed: u64, length: Duration) -> Vec<Endings> {
    let nt = Nt::with(policy);
    let public = core::array::from_fn(|event| {
        let event_type = if is_manual(event) { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
        AtomicU64::new(nt.event(event_type, false).0)
    });
    let shared = Arc::new(Shared { nt, public, stop: AtomicBool::new(false), progress: Default::default() });
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || work(&shared, number, seed))
        })
        .collect();
    watch(&shared, length);
    let results: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("a thread's books")).collect();
    let (accounts, endings): (Vec<_>, Vec<_>) = results.into_iter().unzip();
    audit(&shared, &accounts);
    endings
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn every_token_is_accounted_for() {
    let seconds = from_environment("NTWAIT_STRESS_SECONDS").unwrap_or(30);
    let seed = from_environment("NTWAIT_STRESS_SEED").unwrap_or_else(|| now_1601().unsigned_abs());
    println!("NTWAIT_STRESS_SEED={seed}");
    let length = Duration::from_secs(seconds);
    within_limit(length * 2 + LIMIT, move || {
        let start = Instant::now();
        let mut endings = Vec::new();
        for number in 0.. {
            let policy = if number % 2 == 0 { WaitPolicy::NO_SPIN } else { WaitPolicy::ADAPTIVE };
            let left = length.saturating_sub(start.elapsed()).max(ROUND / 10).min(ROUND);
            endings.extend(round(policy, seed.wrapping_add(number), left));
            if start.elapsed() >= length {
                break;
            }
        }
        let sum = |figure: fn(&Endings) -> u64| endings.iter().map(figure).sum::<u64>();
        let all = [sum(|e| e.one), sum(|e| e.any), sum(|e| e.all), sum(|e| e.timeouts), sum(|e| e.stale)];
        println!("waits for one, any, all satisfied; timed out; handle closed: {all:?}");
        assert!(all.iter().all(|count| *count > 0), "every ending must have been seen: {all:?}");
    });
}
