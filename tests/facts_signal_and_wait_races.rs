//! Signal-and-wait is one step (S9), also for a thread that is suspended in the middle of it, and for two that exchange what they have.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;

use common::gifts::Gift;
use common::nt_threads::until;
use common::threads::within_limit;
use common::{AUTO, FOREVER, MANUAL, MutantLook, Nt, POLL, Worker, object, within};
use ntwait::{NtStatus, WaitPolicy};

/// Signal and wait are one step: who is released by the signal and pulses the other object always finds the caller there. One lost pulse and
/// this stands still.
fn ping_pong(nt: Nt, rounds: u32, first: Gift, second_type: ntwait::EventType) {
    let (signal, pulsed) = (first.make(nt), nt.event(second_type, false));
    let pulser = Worker::start(move || {
        for round in 0..rounds {
            assert_eq!(nt.one(signal, FOREVER), object(0));
            if matches!(first, Gift::Manual) {
                nt.reset(signal);
            }
            assert_eq!(nt.pulse(pulsed), 0, "round {round}");
        }
    });
    for _ in 0..rounds {
        assert_eq!(nt.signal_and_wait(signal, pulsed, FOREVER), object(0));
    }
    pulser.join();
}

#[test]
fn s9_no_pulse_is_lost() {
    within_limit(Duration::from_secs(150), || {
        for (policy, rounds) in [(WaitPolicy::NO_SPIN, 100_000), (WaitPolicy::ADAPTIVE, 20_000)] {
            ping_pong(Nt::with(policy), rounds, Gift::Event, AUTO);
        }
    });
}

#[test]
fn s9_no_pulse_is_lost_by_any_kind() {
    within_limit(Duration::from_secs(150), || {
        for second_type in [MANUAL, AUTO] {
            for first in [Gift::Manual, Gift::Count] {
                ping_pong(Nt::new(), 10_000, first, second_type);
            }
        }
    });
}

/// The same with wait-alls on the first object, which need more locks.
#[test]
fn s9_with_a_wait_all_on_the_first() {
    within(|| {
        let nt = Nt::new();
        let (signal, set, pulsed) = (nt.auto(false), nt.manual(true), nt.auto(false));
        const ROUNDS: u32 = 10_000;
        let pulser = Worker::start(move || {
            for _ in 0..ROUNDS {
                assert_eq!(nt.all(&[set, signal], FOREVER), object(0));
                assert_eq!(nt.pulse(pulsed), 0);
            }
        });
        for _ in 0..ROUNDS {
            assert_eq!(nt.signal_and_wait(signal, pulsed, FOREVER), object(0));
        }
        pulser.join();
    });
}

/// A thread that is suspended in the middle has signalled, and does not signal again when it goes on.
#[test]
fn w24_sw3_suspended_in_the_middle() {
    within(|| {
        let nt = Nt::new();
        let (semaphore, end) = (nt.semaphore(0, 10), nt.auto(false));
        let thread = nt.blocked(move || nt.signal_and_wait(semaphore, end, FOREVER).0);
        assert_eq!(nt.look_semaphore(semaphore), (1, 10));
        for _ in 0..5 {
            thread.suspend_in_wait();
            assert_eq!(nt.pulse(end), 0, "it is not in the queue");
            thread.resume_into_wait();
            assert_eq!(nt.look_semaphore(semaphore), (1, 10));
        }
        assert_eq!(nt.pulse(end), 0);
        assert_eq!(thread.join(), 0);
        // Suspended before the call: both happen after the resumption, once.
        let thread = nt.suspended(move || nt.signal_and_wait(semaphore, end, FOREVER).0);
        assert_eq!((nt.look_semaphore(semaphore), thread.resume()), ((1, 10), 1));
        thread.assert_blocked();
        assert_eq!(nt.look_semaphore(semaphore), (2, 10));
        // And terminated there: the signal stays, the wait is gone.
        thread.kill(3);
        assert_eq!(thread.join(), 3);
        assert_eq!((nt.look_semaphore(semaphore), nt.references(end)), ((2, 10), 1));
    });
}

/// Suspended at random moments of a long series, the thread signals once for each of its calls.
#[test]
fn w24_sw3_suspended_at_random() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    within(|| {
        let nt = Nt::new();
        let (semaphore, end, stop) = (nt.semaphore(0, i32::MAX), nt.auto(false), nt.manual(false));
        let thread = nt.thread(move || {
            while nt.one(stop, POLL) == NtStatus::TIMEOUT {
                let _ = nt.signal_and_wait(semaphore, end, Some(-100));
                CALLS.fetch_add(1, Ordering::SeqCst);
            }
            0
        });
        let mut random = common::Random::new(9);
        for _ in common::trials(5_000) {
            common::spin_for(Duration::from_nanos(random.below(60_000)));
            assert_eq!(thread.suspend(), 0);
            assert_eq!(thread.resume(), 1);
            nt.set(end);
        }
        nt.set(stop);
        assert_eq!(thread.join(), 0);
        let calls = CALLS.load(Ordering::SeqCst);
        assert!(calls > 100);
        assert_eq!(nt.look_semaphore(semaphore).0, calls.cast_signed());
    });
}

/// Two threads that hand two mutants to and fro, each by one step, for ever: nobody stops, and at each moment each mutant has one owner.
#[test]
fn s9_mutants_in_opposite_orders() {
    within(|| {
        let nt = Nt::new();
        let [a, b] = [(); 2].map(|()| nt.mutant(false));
        static INSIDE: [AtomicU32; 2] = [const { AtomicU32::new(0) }; 2];
        let inside = |place: usize| {
            assert_eq!(INSIDE[place].fetch_add(1, Ordering::SeqCst), 0, "two owners");
            assert_eq!(INSIDE[place].fetch_sub(1, Ordering::SeqCst), 1);
        };
        let workers = [[(0, a), (1, b)], [(1, b), (0, a)]].map(|order| {
            Worker::start(move || {
                assert_eq!(nt.one(order[0].1, FOREVER), object(0));
                for round in 0..20_000 {
                    let [(held, from), (next, to)] = [order[round % 2], order[(round + 1) % 2]];
                    inside(held);
                    assert_eq!(nt.signal_and_wait(from, to, FOREVER), object(0));
                    inside(next);
                }
                nt.free(order[0].1)
            })
        });
        workers.into_iter().for_each(|worker| assert_eq!(worker.join(), 0));
        assert_eq!([a, b].map(|mutant| nt.look_mutant(mutant)), [MutantLook::FREE; 2]);
        until("nobody waits", || nt.references(a) == 1 && nt.references(b) == 1);
    });
}
