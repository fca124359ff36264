//! Mutants whose owners end: their order (M18), that they are free before the end is seen (M19), the cost, and those that nobody can reach
//! any more (M21, M22).

#![allow(unsafe_code, reason = "ends threads past the library")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::time::Instant;

use common::nt_threads::{ME, until};
use common::{FOREVER, MutantLook, Nt, POLL, Worker, abandoned, ms, object, within};
use ntwait::{Handle, NtStatus};

/// A dying thread's mutants are abandoned in the order in which it got them, which is not that of their birth. Four threads wait for any of
/// them: the first to come gets the first.
#[test]
fn m18_in_the_order_in_which_it_got_them() {
    within(|| {
        let nt = Nt::new();
        for order in [[0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]] {
            let mutants = [(); 4].map(|()| nt.mutant(false));
            let (clear, go) = (nt.auto(false), nt.manual(false));
            let owner = nt.blocked(move || {
                // One that it gave back and took again is the last; a level more changes nothing.
                nt.take(mutants[order[3]], 1);
                order[..3].iter().for_each(|place| nt.take(mutants[*place], 1));
                assert_eq!(nt.free(mutants[order[3]]), 0);
                nt.take(mutants[order[3]], 1);
                assert_eq!(nt.one(mutants[order[0]], POLL), object(0));
                nt.one(clear, FOREVER).0
            });
            let waiters = [(); 4].map(|()| {
                Worker::blocked(move || {
                    let status = nt.any(&mutants, FOREVER);
                    assert_eq!(nt.one(go, FOREVER), object(0));
                    status
                })
            });
            owner.kill(1);
            owner.end();
            nt.set(go);
            assert_eq!(waiters.map(Worker::join), order.map(abandoned));
        }
    });
}

/// How a thread has got a mutant does not matter for its place in the order: made with it, waited for, handed over in its sleep.
#[test]
fn m18_made_taken_and_handed_over() {
    within(|| {
        let nt = Nt::new();
        let (taken, given, pair) = (nt.mutant(false), nt.mutant(true), [nt.mutant(false), nt.mutant(true)]);
        let (say, hear) = std::sync::mpsc::channel();
        let (clear, go) = (nt.auto(false), nt.manual(false));
        let owner = nt.thread(move || {
            assert_eq!(nt.one(given, FOREVER), object(0));
            assert_eq!(nt.all(&pair, FOREVER), object(0));
            say.send(nt.mutant(true)).expect("the test listens");
            nt.take(taken, 1);
            nt.one(clear, FOREVER).0
        });
        for mutant in [given, pair[1]] {
            owner.assert_blocked();
            assert_eq!(nt.free(mutant), 0);
        }
        let made = hear.recv().expect("the mutant that it made");
        owner.assert_blocked();
        let order = [given, pair[0], pair[1], made, taken];
        let waiters = [(); 5].map(|()| {
            Worker::blocked(move || {
                let status = nt.any(&order, FOREVER);
                assert_eq!(nt.one(go, FOREVER), object(0));
                status
            })
        });
        owner.kill(1);
        owner.end();
        nt.set(go);
        assert_eq!(waiters.map(Worker::join), [0, 1, 2, 3, 4].map(abandoned));
    });
}

/// Who has seen the end of a thread finds its mutants free; in all runtimes where it had some.
#[test]
fn m19_free_before_the_end_is_seen() {
    within(|| {
        let (nt, elsewhere) = (Nt::new(), [Nt::new(), Nt::new()]);
        for round in 0..300 {
            let mutants = [nt, elsewhere[0], elsewhere[1]].map(|nt| (nt, nt.mutant(false)));
            let owner = nt.thread(move || {
                mutants.iter().for_each(|(nt, mutant)| nt.take(*mutant, 2));
                if round % 2 == 0 { 0 } else { nt.kill(ME, 1).0 }
            });
            owner.join();
            for (nt, mutant) in mutants {
                assert_eq!(nt.one(mutant, POLL), abandoned(0), "round {round}");
                nt.free(mutant);
                nt.close(mutant);
            }
        }
    });
}

/// What it costs to end with mutants goes with their number, not with that of all there are, nor with its square.
#[test]
fn m18_ten_thousand() {
    within(|| {
        const MANY: usize = 10_000;
        let nt = Nt::new();
        let mut took = [Duration::ZERO; 2];
        for (count, took) in [MANY / 10, MANY].into_iter().zip(&mut took) {
            let mutants: Vec<Handle> = (0..count).map(|_| nt.mutant(false)).collect();
            let owned = mutants.clone();
            let clear = nt.auto(false);
            let owner = nt.blocked(move || {
                owned.iter().for_each(|mutant| assert_eq!(nt.one(*mutant, POLL), object(0)));
                // In no order that the list could be made for.
                owned.iter().step_by(2).for_each(|mutant| assert_eq!(nt.free(*mutant), 0));
                owned.iter().rev().step_by(2).for_each(|mutant| assert!(nt.one(*mutant, POLL).is_success()));
                nt.one(clear, FOREVER).0
            });
            let start = Instant::now();
            owner.kill(1);
            owner.end();
            *took = start.elapsed();
            let left = mutants.iter().filter(|mutant| nt.look_mutant(**mutant).abandoned).count();
            assert!(left >= count / 2, "{left} of {count}");
            mutants.into_iter().for_each(|mutant| nt.close(mutant));
        }
        assert!(took[1] < took[0] * 40 + Duration::from_millis(100), "{took:?}");
    });
}

/// A mutant that has lost its last handle to another thread can never be released. An owner that goes on so does not grow without limit, and
/// what is left goes with it.
#[test]
fn m22_forsaken_mutants_do_not_pile_up() {
    within(|| {
        let small = ntwait::Runtime::builder().max_handles(4_096).build().expect("a runtime");
        let nt = Nt(small.leak());
        for _ in 0..3 {
            let (say, hear) = std::sync::mpsc::channel::<Handle>();
            let (answer, closed) = std::sync::mpsc::channel();
            let kept = [(); 20].map(|()| nt.mutant(false));
            let owner = Worker::start(move || {
                kept.iter().for_each(|mutant| nt.take(*mutant, 2));
                // Far more than the table has room for.
                for _ in 0..20_000 {
                    say.send(nt.mutant(true)).expect("the other listens");
                    closed.recv().expect("the other closes");
                }
                kept.iter()
                    .for_each(|mutant| assert_eq!(nt.look_mutant(*mutant), nt.mine(2), "what has a handle stays"));
            });
            for mutant in hear {
                nt.close(mutant);
                answer.send(()).expect("the owner listens");
            }
            owner.join();
            for mutant in kept {
                assert_eq!(nt.one(mutant, POLL), abandoned(0));
                nt.free(mutant);
                nt.close(mutant);
            }
        }
        let fresh: Vec<Handle> = (0..2_000).map(|_| nt.mutant(true)).collect();
        fresh.into_iter().for_each(|mutant| nt.close(mutant));
    });
}

/// Nor does one that is handed a mutant which has lost its handles meanwhile; who waits behind it gets it abandoned.
#[test]
fn m21_handed_over_without_a_handle() {
    within(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(true);
        let go = nt.manual(false);
        let waiters = [(); 3].map(|()| {
            Worker::blocked(move || {
                let status = nt.one(mutant, FOREVER);
                assert_eq!(nt.one(go, FOREVER), object(0));
                status
            })
        });
        let last = Worker::blocked(move || nt.all(&[nt.auto(true), mutant], ms(60_000)));
        let duplicate = nt.duplicate(mutant, ntwait::AccessMask::MUTANT_ALL_ACCESS).expect("a duplicate");
        nt.close(mutant);
        assert_eq!(nt.free(duplicate), 0);
        nt.close(duplicate);
        nt.set(go);
        assert_eq!(waiters.map(Worker::join), [object(0), abandoned(0), abandoned(0)]);
        assert_eq!(last.join(), abandoned(0));
    });
}

static HELD_UP: AtomicU32 = AtomicU32::new(0);

/// Stays in the handler until it is told to end the thread, past the library.
extern "C" fn leave_in_a_handler(_: i32) {
    HELD_UP.store(1, Ordering::SeqCst);
    while HELD_UP.load(Ordering::SeqCst) != 2 {
        core::hint::spin_loop();
    }
    // SAFETY: ends this thread, whose frames nobody else uses.
    unsafe { libc::syscall(libc::SYS_exit, 0) };
}

/// A thread that leaves past the library in the middle of its wait, where it was given a mutant of which it does not know yet: that mutant,
/// too, is abandoned, and so are those that it knew of. What it waited for has no waiter left.
#[test]
fn m14_given_to_a_thread_that_is_gone() {
    within(|| {
        let nt = Nt::new();
        if !nt.watches_its_threads() {
            return;
        }
        let signal = libc::SIGUSR2;
        // SAFETY: a handler that makes one system call, and this test is alone in using the signal.
        assert_ne!(unsafe { libc::signal(signal, leave_in_a_handler as *const () as usize) }, libc::SIG_ERR);
        let waits: [fn(Nt, [Handle; 2]) -> NtStatus; 3] = [
            |nt, [mutant, _]| nt.one(mutant, FOREVER),
            |nt, [mutant, clear]| nt.any(&[clear, mutant], FOREVER),
            |nt, [mutant, clear]| nt.all(&[mutant, nt.mutant(true), clear], FOREVER),
        ];
        for (way, wait) in waits.into_iter().enumerate() {
            for gives in [true, false] {
                HELD_UP.store(0, Ordering::SeqCst);
                let (mutant, known, event) = (nt.mutant(true), nt.mutant(false), nt.auto(way == 2));
                let owner = nt.blocked(move || {
                    nt.take(known, 2);
                    wait(nt, [mutant, event]).0
                });
                // SAFETY: a signal to a thread of this process that lives.
                let sent = unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), owner.kernel_id(), signal) };
                assert_eq!(sent, 0);
                until("it is in the handler", || HELD_UP.load(Ordering::SeqCst) == 1);
                if gives {
                    assert_eq!(nt.free(mutant), 0);
                    assert_eq!(nt.look_mutant(mutant).count, 0, "it is the thread's");
                }
                HELD_UP.store(2, Ordering::SeqCst);
                owner.end();
                assert_eq!(nt.look_mutant(known), MutantLook::ABANDONED);
                let expected = if gives { abandoned(0) } else { object(0) };
                assert_eq!(nt.one(mutant, POLL), expected, "way {way}");
                // A release passes over what the dead thread has left in the queue.
                (0..=i32::from(!gives)).for_each(|_| assert!(nt.free(mutant) <= 0));
                assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
                nt.set(event);
                assert_eq!(nt.look(event).state, 1);
                nt.close(mutant);
            }
        }
    });
}
