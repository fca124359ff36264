//! 10,000 waiting futures, 1,000 exported and 1,000 imported descriptors, all at once, and no wake is lost.
//!
//! ```text
//!                       ┌─ semaphore ─▶ a future, in one of two executors ─┐
//!   two givers ──gift──▶├─ semaphore ─▶ its descriptor, in an epoll        ├──▶ taken: counted
//!                       └─ an eventfd ▶ the object made of it, in a wait ──┘
//! ```
//!
//! A station is one way from a giver to a taker. A giver chooses stations at random and gives one, two or three, whether or not the last
//! gifts have been taken. What was given and what was taken is counted for each station; from time to time everybody is waited for, and
//! then the counts must be equal. A station where they stay different has lost a wake, and is named.
//!
//! `NTWAIT_LOOPS_SECONDS` (default 4, 60 with `NTWAIT_DEEP`) and `NTWAIT_STRESS_SEED` (default: the time) may be given.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
mod loops;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::Random;
use loops::station::{Kind, Station};
use loops::{exported, futures, imported, limits};
use ntwait::Runtime;

const FUTURES: usize = 10_000;
const DESCRIPTORS: usize = 1_000;
const GIVERS: u64 = 2;
/// How long after the last gift all must have been taken.
const PATIENCE: Duration = Duration::from_secs(20);

fn seconds() -> u64 {
    let deep = std::env::var("NTWAIT_DEEP").is_ok_and(|deep| deep != "0");
    let given = std::env::var("NTWAIT_LOOPS_SECONDS").ok().and_then(|given| given.parse().ok());
    given.unwrap_or(if deep { 60 } else { 4 })
}

fn seed() -> u64 {
    let given = std::env::var("NTWAIT_STRESS_SEED").ok().and_then(|given| given.parse().ok());
    given.unwrap_or_else(|| u64::try_from(common::now_1601()).expect("later than 1601"))
}

#[test]
fn no_wake_is_lost_among_10000_futures_and_2000_descriptors() {
    // Two for each: the caller's and the library's.
    let descriptors = limits::raise_for(4 * DESCRIPTORS).min(DESCRIPTORS);
    let nt: &'static Runtime = Runtime::new().expect("address space").leak();
    let make = |kind, count: usize| (0..count).map(|_| Arc::new(Station::new(nt, kind))).collect::<Vec<_>>();
    let awaited = make(Kind::Semaphore, FUTURES);
    let exported = make(Kind::Semaphore, descriptors);
    let imported = make(Kind::EventFd, descriptors);
    let stop = Arc::new(AtomicBool::new(false));
    let takers: Vec<_> = futures::start(nt, &awaited)
        .into_iter()
        .chain([exported::start(nt, &exported, &stop)])
        .chain(imported::start(nt, &imported, &stop))
        .collect();
    let all: Vec<_> = awaited.iter().chain(&exported).chain(&imported).cloned().collect();
    let seed = seed();
    println!("{} stations for {} s, seed {seed}", all.len(), seconds());

    let end = Instant::now() + Duration::from_secs(seconds());
    let mut rounds = 0_u64;
    while Instant::now() < end {
        give_for(end.min(Instant::now() + Duration::from_secs(1)), &all, seed ^ rounds);
        rounds += 1;
        settle(&all);
    }
    let given: u64 = all.iter().map(|station| u64::from(station.given())).sum();
    println!("{given} gifts in {rounds} rounds, all taken");
    assert!(all.iter().filter(|station| station.given() > 0).count() > all.len() / 2, "most stations were used");

    stop.store(true, Ordering::Release);
    for station in &all {
        station.give_last();
    }
    takers.into_iter().for_each(|taker| taker.join().expect("a taker"));
}

/// The givers give until then.
fn give_for(end: Instant, all: &[Arc<Station>], seed: u64) {
    let turns = AtomicU32::new(0);
    thread::scope(|scope| {
        for giver in 0..GIVERS {
            let turns = &turns;
            scope.spawn(move || {
                let mut random = Random::new(seed ^ giver << 32);
                while Instant::now() < end {
                    for _ in 0..64 {
                        let station = &all[random.below(all.len() as u64) as usize];
                        station.give(1 + random.below(3) as u32);
                    }
                    turns.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    assert!(turns.into_inner() > 0);
}

/// Waits until all that was given has been taken.
fn settle(all: &[Arc<Station>]) {
    let end = Instant::now() + PATIENCE;
    while let Some(late) = all.iter().position(|station| station.taken() != station.given()) {
        assert!(Instant::now() < end, "station {late} has lost a wake: {:?}", all[late]);
        thread::sleep(Duration::from_millis(1));
    }
}
