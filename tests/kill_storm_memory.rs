//! Threads that are terminated at random moments while they allocate, make threads and queue closures, under `KillSafeAlloc`: facts TH2,
//! TH3, W39. Those that allocate nothing are in `kill_storm.rs`.

#![allow(unsafe_code, reason = "exits")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;

use common::nt_threads::{ME, until};
use common::storm::{KILLED, KILLS, MINUTES, Stage};
use common::threads::within_limit;
use common::{AUTO, FOREVER, Nt, POLL, Random, Worker, object, spin_for, trials, within};
use ntwait::{Handle, KillSafeAlloc, NtStatus, Thread, Timeout, WaitPolicy};

#[global_allocator]
static ALLOC: KillSafeAlloc = KillSafeAlloc::new();

/// A step with memory of its own, or a call that needs some.
fn step_with_memory(stage: &'static Stage, random: &mut Random) {
    let Stage { nt, events, .. } = *stage;
    match random.below(6) {
        0 => {
            let mut text = String::new();
            (0..random.below(50)).for_each(|i| text += &format!("{i}, "));
            core::hint::black_box(text);
        }
        1 => {
            let mut blocks: Vec<Vec<u8>> = Vec::new();
            (0..random.below(40)).for_each(|i| blocks.push(vec![1; 1 << (i % 14)]));
            core::hint::black_box(blocks);
        }
        2 => {
            // More than a thread's record has room for.
            let list: Vec<Handle> = (0..100).map(|i| events[i % 4]).collect();
            let _ = nt.wait_any(&list, Timeout::After(Duration::from_micros(50)));
        }
        3 => {
            let call = vec![random.next(); 20];
            let _ = nt.queue_call(ME, move || drop(core::hint::black_box(call)));
            let _ = nt.nt_test_alert();
        }
        4 => {
            if let Ok(thread) = Thread::builder().runtime(nt.0).spawn(|| vec![1_u8; 100]) {
                drop(thread.join());
            }
        }
        _ => stage.call(random),
    }
}

/// Threads that allocate, and make threads, as well.
#[test]
fn th2_kills_with_memory() {
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN, step_with_memory);
        stage.storm(KILLS);
        stage.assert_intact();
    });
}

/// Two threads hand a token to each other while others are killed again and again in waits for the same events.
#[test]
fn w39_bystanders() {
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN, Stage::call);
        let nt = stage.nt;
        let [ping, pong] = nt.autos();
        const ROUNDS: u32 = 20_000;
        let partner = nt.thread(move || {
            for _ in 0..ROUNDS {
                assert_eq!(nt.one(ping, FOREVER), object(0));
                assert_eq!(nt.set(pong), 0);
            }
            3
        });
        let killer = Worker::start(move || {
            let mut random = Random::new(4);
            while !partner.is_over() {
                // Queued on the same objects, and never satisfied: the gate stays shut.
                let gate = nt.manual(false);
                let victim = nt.thread(move || nt.all(&[ping, gate, pong], FOREVER).0);
                spin_for(Duration::from_nanos(random.below(80_000)));
                victim.kill(KILLED);
                assert_eq!(victim.join(), KILLED);
                nt.close(gate);
            }
        });
        for _ in 0..ROUNDS {
            assert_eq!(nt.set(ping), 0);
            assert_eq!(nt.one(pong, FOREVER), object(0));
        }
        assert_eq!(partner.end(), 3);
        killer.join();
        until("nobody is queued", || nt.references(ping) == nt.references(pong));
        assert_eq!(nt.states([ping, pong]), [0, 0]);
        stage.assert_intact();
    });
}

/// Killed, suspended and resumed by many at once: it ends, once, with one of the codes.
#[test]
fn th3_many_killers() {
    within(|| {
        let nt = Nt::new();
        let clear = nt.auto(false);
        for round in trials(500) {
            let thread = match round % 3 {
                0 => nt.thread(move || nt.alertable(clear, FOREVER).0),
                1 => nt.suspended(|| 0),
                _ => nt.thread(|| {
                    loop {
                        core::hint::spin_loop();
                    }
                }),
            };
            let killers = [101, 102, 103].map(|code| {
                std::thread::spawn(move || {
                    let _ = nt.nt_suspend_thread(thread.handle);
                    thread.kill(code);
                    let _ = nt.nt_resume_thread(thread.handle);
                })
            });
            assert!((101..=103).contains(&thread.end()));
            killers.into_iter().for_each(|killer| killer.join().expect("a killer"));
            let code = thread.code();
            assert_eq!(thread.join(), code);
        }
        assert_eq!(nt.one(clear, POLL), NtStatus::TIMEOUT);
        nt.check(clear, AUTO, 0);
    });
}

/// A thread that exits while it is being terminated ends once, with one of the codes.
#[test]
fn th3_exit_against_termination() {
    within(|| {
        let nt = Nt::new();
        let mut random = Random::new(3);
        for _ in trials(2_000) {
            let thread = nt.thread(move || {
                // SAFETY: nothing relies on the frames' destructors.
                unsafe { nt.rtl_exit_user_thread(1) }.0
            });
            spin_for(Duration::from_nanos(random.below(60_000)));
            thread.kill(2);
            let code = thread.end();
            assert!(code == 1 || code == 2);
            assert_eq!(thread.join(), code);
        }
    });
}
