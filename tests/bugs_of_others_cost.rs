//! Bugs of other implementations that cost time and not correctness: too many wake-ups. Counted in sleeps of a thread, as the kernel
//! counts them, so that the load of the machine does not matter.
//!
//! `bugs_of_others.rs` has the others and the table.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::mpsc;
use std::time::Instant;

use common::{FOREVER, Nt, Worker, ms, object, within};
use ntwait::{Handle, NtStatus, WaitPolicy};

/// Voluntary context switches of the calling thread: how often it has gone to sleep.
fn sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").expect("the thread's status");
    let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).expect("the figure");
    line.split_whitespace().nth(1).expect("a number").parse().expect("a number")
}

#[test]
fn event_listener_two_switches_a_round_trip() {
    const ROUNDS: u64 = 5_000;
    within(|| {
        let nt = Nt::new();
        let [ping, pong] = nt.autos();
        let answer = std::thread::spawn(move || {
            let before = sleeps();
            for _ in 0..ROUNDS {
                assert_eq!(nt.one(ping, FOREVER), object(0));
                nt.set(pong);
            }
            sleeps() - before
        });
        let before = sleeps();
        for _ in 0..ROUNDS {
            nt.set(ping);
            assert_eq!(nt.one(pong, FOREVER), object(0));
        }
        let both = sleeps() - before + answer.join().expect("the other side");
        assert!(both <= ROUNDS * 3, "{both} switches in {ROUNDS} round trips");
    });
}

#[test]
fn xenia_one_set_wakes_one_thread() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (say, hear) = mpsc::channel();
        let threads: Vec<_> = (0..16)
            .map(|_| {
                let say = say.clone();
                Worker::blocked(move || {
                    let before = sleeps();
                    assert_eq!(nt.one(event, FOREVER), object(0));
                    say.send(sleeps() - before).expect("the test listens");
                })
            })
            .collect();
        let mut all = Vec::new();
        for _ in &threads {
            nt.set(event);
            all.push(hear.recv().expect("one is released"));
        }
        threads.into_iter().for_each(Worker::join);
        // Once to sleep, and a little for files and locks of the test itself; woken at each set it would be up to 16.
        assert!(all.iter().sum::<u64>() <= 2 * 16, "sleeps of each: {all:?}");
    });
}

#[test]
fn xenia_multiple_wait_does_not_poll() {
    within(|| {
        let nt = Nt::with(WaitPolicy::ADAPTIVE);
        let events: [Handle; 8] = nt.autos();
        for wait in [Nt::any as fn(Nt, &[Handle], Option<i64>) -> NtStatus, Nt::all] {
            let waiter = std::thread::spawn(move || {
                let (before, start) = (sleeps(), Instant::now());
                assert_eq!(wait(nt, &events, ms(500)), NtStatus::TIMEOUT);
                (sleeps() - before, start.elapsed())
            });
            let (sleeps, took) = waiter.join().expect("the waiter");
            assert!(sleeps <= 3, "slept {sleeps} times in {took:?}");
        }
    });
}
