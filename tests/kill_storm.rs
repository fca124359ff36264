//! Threads that are terminated at random moments, thousands of them: afterwards the table, the objects, the allocator and new threads
//! are as good as ever (facts TH2, TH3, TH8, TH20, W39).

#![allow(unsafe_code, reason = "a global allocator")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::Instant;

use common::nt_threads::{ME, NtThread, until};
use common::threads::within_limit;
use common::{FOREVER, FULL, Nt, POLL, Random, Worker, ms, object, spin_for};
use ntwait::{Handle, KillSafeAlloc, NtStatus, Thread, Timeout, WaitPolicy, WaitType};

#[global_allocator]
static ALLOC: KillSafeAlloc = KillSafeAlloc::new();

const KILLS: u32 = 2_000;
const KILLED: u32 = 0xDEAD;
const MINUTES: Duration = Duration::from_secs(150);

/// What all victims share.
#[derive(Clone, Copy)]
struct Stage {
    nt: Nt,
    events: [Handle; 4],
    at_rest: [u32; 4],
}

impl Stage {
    fn new(policy: WaitPolicy) -> Stage {
        let nt = Nt::with(policy);
        let events = [nt.auto(false), nt.auto(true), nt.manual(false), nt.manual(true)];
        Stage { nt, events, at_rest: events.map(|event| nt.references(event)) }
    }

    /// One call of the library, chosen at random.
    fn step(self, random: &mut Random) {
        let Stage { nt, events, .. } = self;
        let (one, other) = (random.pick(&events), random.pick(&events));
        let timeout = random.pick(&[POLL, ms(1), Some(-100), Some(-2_000)]);
        let alertable = random.one_in(2);
        match random.below(12) {
            0 => drop(nt.nt_set_event(one)),
            1 => drop(nt.nt_reset_event(one)),
            2 => drop(nt.nt_pulse_event(one)),
            3 | 4 => drop(nt.nt_wait_for_single_object(one, alertable, timeout)),
            5 => drop(nt.nt_wait_for_multiple_objects(&[one, other], WaitType::ANY, alertable, timeout)),
            6 => drop(nt.nt_wait_for_multiple_objects(&[events[0], events[2]], WaitType::ALL, alertable, timeout)),
            7 => {
                let event = nt.auto(true);
                let _ = nt.one(event, POLL);
                let _ = nt.nt_close(event);
            }
            8 => {
                if let Ok(duplicate) = nt.duplicate(one, FULL) {
                    let _ = nt.nt_close(duplicate);
                }
            }
            9 => {
                let _ = nt.nt_queue_apc_thread(ME, None, [core::ptr::null_mut(); 3]);
                let _ = nt.nt_alert_thread(ME);
                let _ = nt.nt_test_alert();
            }
            10 => {
                let _ = nt.nt_delay_execution(alertable, -100);
            }
            _ => {
                let _ = nt.basic(one);
            }
        }
    }

    /// The same with memory of its own, and with calls that need some.
    fn step_with_memory(self, random: &mut Random) {
        let Stage { nt, events, .. } = self;
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
            _ => self.step(random),
        }
    }

    /// A thread that goes on until it is killed; some end by themselves, now and then.
    fn victim(self, seed: u64, step: fn(Stage, &mut Random)) -> NtThread {
        self.nt.thread(move || {
            let mut random = Random::new(seed);
            let steps = if random.one_in(20) { random.below(30) } else { u64::MAX };
            for _ in 0..steps {
                step(self, &mut random);
            }
            KILLED
        })
    }

    /// Kills that many, at random moments of their lives, some while they are suspended.
    fn storm(self, kills: u32, step: fn(Stage, &mut Random)) {
        let mut random = Random::new(0x5707_A1BE);
        let mut victims: Vec<NtThread> = (0..6).map(|seed| self.victim(seed, step)).collect();
        let mut dying = Vec::new();
        for kill in 0..kills {
            spin_for(Duration::from_nanos(random.below(100_000)));
            let victim = victims.swap_remove(random.index(victims.len()));
            if random.one_in(3) {
                let _ = self.nt.nt_suspend_thread(victim.handle);
            }
            assert_eq!(self.nt.kill(victim.handle, KILLED), NtStatus::SUCCESS);
            dying.push(victim);
            if dying.len() > random.index(8) {
                dying.drain(..).for_each(|thread| assert_eq!(thread.join(), KILLED, "kill {kill}"));
            }
            victims.push(self.victim(u64::from(kill) + 100, step));
        }
        dying.extend(victims.drain(..).inspect(|thread| thread.kill(KILLED)));
        dying.drain(..).for_each(|thread| assert_eq!(thread.join(), KILLED));
    }

    /// Everything is as it was: nobody is queued, every kind of wait and signal works, so do new objects and threads.
    fn assert_intact(self) {
        let Stage { nt, events, at_rest } = self;
        assert_eq!(events.map(|event| nt.basic(event).handles >= 1), [true; 4]);
        // Victims that died between two calls have left handles, but nobody waits.
        let queued = events.map(|event| nt.references(event) - nt.basic(event).handles);
        assert_eq!(queued, at_rest.map(|references| references - 1), "nobody is queued");
        for event in events {
            nt.reset(event);
            for wait in [
                |nt: Nt, event| nt.one(event, FOREVER),
                |nt: Nt, event| nt.alertable(event, FOREVER),
                |nt: Nt, event| nt.all(&[event], FOREVER),
            ] {
                let waiter = Worker::blocked(move || wait(nt, event));
                assert_eq!(nt.set(event), 0);
                assert_eq!(waiter.join(), object(0));
                nt.reset(event);
            }
        }
        let fresh: Vec<Handle> = (0..5_000).map(|_| nt.auto(true)).collect();
        fresh.iter().for_each(|event| assert_eq!(nt.one(*event, POLL), object(0)));
        fresh.into_iter().for_each(|event| nt.close(event));
        for code in 0..200 {
            assert_eq!(nt.thread(move || code).join(), code);
        }
        let threads: Vec<_> = (0..50).map(|i| nt.suspended(move || vec![i; 10_000][77])).collect();
        threads.iter().for_each(|thread| assert_eq!(thread.resume(), 1));
        threads.into_iter().zip(0..).for_each(|(thread, i)| assert_eq!(thread.join(), i));
        assert_eq!(std::thread::spawn(|| String::from("alive")).join().expect("a thread"), "alive");
    }
}

/// Threads that do nothing but call the library.
#[test]
fn th2_kills_in_library_calls() {
    within_limit(MINUTES, || {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let stage = Stage::new(policy);
            stage.storm(KILLS / 2, Stage::step);
            stage.assert_intact();
        }
    });
}

/// Threads that allocate, and make threads, as well.
#[test]
fn th2_kills_with_memory() {
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN);
        stage.storm(KILLS, Stage::step_with_memory);
        stage.assert_intact();
    });
}

/// Kills of threads that are being born: suspended or not, before and after their first step.
#[test]
fn th20_kills_at_birth() {
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN);
        let nt = stage.nt;
        let mut random = Random::new(20);
        let start = Instant::now();
        for _ in 0..KILLS {
            let suspended = random.one_in(2);
            let thread = if suspended { nt.suspended(|| 1) } else { nt.thread(|| 1) };
            spin_for(Duration::from_nanos(random.below(50_000)));
            if suspended && random.one_in(2) {
                assert_eq!(thread.resume(), 1);
            }
            thread.kill(2);
            assert!((1..=2).contains(&thread.join()));
            if start.elapsed() > Duration::from_secs(60) {
                break;
            }
        }
        stage.assert_intact();
    });
}

/// Two threads hand a token to each other while a third is killed again and again in waits for the same events; the token survives
/// if nobody takes it, and a fourth thread gives back what a victim has taken.
#[test]
fn w39_bystanders() {
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN);
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
