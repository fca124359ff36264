//! Mutants whose owners end: facts M5, M14 to M20, W17, W18, S10 and those of a thread's end (TH7).
//!
//! Every way in which a thread can end, in every state that it can be in, by threads of the library and of std.

#![allow(unsafe_code, reason = "ends threads by force, and past the library")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::time::Instant;

use common::nt_threads::{Counter, ME, NtThread, until};
use common::{FOREVER, MutantLook, Nt, POLL, Worker, abandoned, ms, object, within};
use ntwait::{Handle, NtStatus, Timeout, WaitType};

/// A mutant that a thread takes three levels deep and ends with, or is ended.
#[derive(Clone, Copy)]
struct Scene {
    nt: Nt,
    mutant: Handle,
    /// The thread has taken it.
    taken: Handle,
    /// The thread may go on.
    go: Handle,
}

impl Scene {
    fn new(nt: Nt, go: bool) -> Scene {
        Scene { nt, mutant: nt.mutant(false), taken: nt.manual(false), go: nt.manual(go) }
    }

    /// What each owner does before it ends.
    #[track_caller]
    fn take(self) {
        take(self.nt, self.mutant, 3);
        self.nt.set(self.taken);
        assert_eq!(self.nt.one(self.go, FOREVER), object(0));
    }

    #[track_caller]
    fn owner(self, then: impl FnOnce() -> u32 + Send + 'static) -> NtThread {
        self.nt.thread(move || {
            self.take();
            then()
        })
    }

    /// An owner that waits for what does not come.
    #[track_caller]
    fn waiting_owner(self, wait: fn(Nt, Handle, Handle) -> NtStatus) -> NtThread {
        let Scene { nt, mutant, go, .. } = self;
        let clear = nt.auto(false);
        let owner = self.owner(move || wait(nt, mutant, clear).0);
        assert_eq!(nt.one(go, FOREVER), object(0));
        until("it waits for the last", || nt.references(clear) > 1);
        owner.assert_blocked();
        owner
    }
}

/// Takes a mutant so many levels deep.
#[track_caller]
fn take(nt: Nt, mutant: Handle, depth: i32) {
    (0..depth).for_each(|_| assert_eq!(nt.one(mutant, POLL), object(0)));
    assert_eq!(nt.look_mutant(mutant), nt.mine(depth));
}

/// A thread that sleeps with the mutant in its hands, one level deep.
#[track_caller]
fn blocked_owner(nt: Nt, mutant: Handle) -> NtThread {
    let clear = nt.auto(false);
    nt.blocked(move || {
        take(nt, mutant, 1);
        nt.one(clear, FOREVER).0
    })
}

type End = (&'static str, fn(Scene));

/// Every end of a thread.
const ENDS: [End; 13] = [
    ("returns", |scene| assert_eq!(scene.owner(|| 5).join(), 5)),
    ("exits", |scene| {
        // SAFETY: the thread's frames have nothing to drop.
        let owner = scene.owner(move || unsafe { scene.nt.rtl_exit_user_thread(6) }.0);
        assert_eq!(owner.join(), 6);
    }),
    ("panics", |scene| {
        let owner = ntwait::Thread::builder().runtime(scene.nt.0).spawn(move || {
            scene.take();
            std::panic::resume_unwind(Box::new(1));
        });
        assert!(owner.expect("a thread").join().is_err());
    }),
    ("terminates itself", |scene| assert_eq!(scene.owner(move || scene.nt.kill(ME, 7).0).join(), 7)),
    ("is terminated while it runs", |scene| {
        let counter = Counter::new();
        let owner = scene.owner(move || counter.run());
        counter.assert_runs();
        owner.kill(8);
        assert_eq!(owner.join(), 8);
    }),
    ("is terminated in a wait", |scene| {
        let owner = scene.waiting_owner(|nt, _, clear| nt.one(clear, FOREVER));
        owner.kill(9);
        assert_eq!(owner.join(), 9);
    }),
    ("is terminated in a wait for the mutant and another object", |scene| {
        let owner = scene.waiting_owner(|nt, mutant, clear| nt.all(&[clear, mutant], FOREVER));
        owner.kill(10);
        assert_eq!(owner.join(), 10);
    }),
    ("is terminated while it is suspended", |scene| {
        let owner = scene.waiting_owner(|nt, _, clear| nt.any(&[clear, clear], FOREVER));
        owner.suspend_in_wait();
        owner.kill(11);
        assert_eq!(owner.join(), 11);
    }),
    ("is terminated while it is suspended and runs", |scene| {
        let counter = Counter::new();
        let owner = scene.owner(move || counter.run());
        counter.assert_runs();
        assert_eq!(owner.suspend(), 0);
        owner.kill(12);
        assert_eq!(owner.join(), 12);
    }),
    ("terminates itself in an APC", |scene| {
        let nt = scene.nt;
        let owner = scene.waiting_owner(|nt, _, clear| nt.alertable(clear, FOREVER));
        let call = move || assert_eq!(nt.kill(ME, 13), NtStatus::SUCCESS);
        assert_eq!(nt.queue_call(owner.handle, call), NtStatus::SUCCESS);
        assert_eq!(owner.join(), 13);
    }),
    ("leaves past the library", |scene| {
        let owner = scene.owner(move || {
            if is_watched(scene.nt) {
                // SAFETY: ends this thread, whose frames nobody else uses.
                unsafe { libc::syscall(libc::SYS_exit, 0) };
            }
            0
        });
        owner.end();
    }),
    ("is of std", |scene| Worker::start(move || scene.take()).join()),
    ("is of std and has a handle", |scene| {
        let (begin, nt) = (scene.nt.auto(false), scene.nt);
        let (owner, handle) = nt.foreign(move || {
            assert_eq!(nt.one(begin, FOREVER), object(0));
            scene.take();
        });
        nt.set(begin);
        assert_eq!(nt.one(handle, FOREVER), object(0));
        owner.join();
    }),
];

/// Threads that the library makes by itself are watched: it notices when one leaves past it.
fn is_watched(nt: Nt) -> bool {
    nt.thread_backend().backend() == ntwait::ThreadBackend::Clone
}

/// However the owner ends, the mutant is free and abandoned: a query says so and changes nothing, and the next to take it is told, once.
#[test]
fn m14_m15_m16_m17_every_end() {
    within(|| {
        let nt = Nt::new();
        for (name, end) in ENDS {
            let scene = Scene::new(nt, true);
            let mutant = scene.mutant;
            end(scene);
            assert_eq!(nt.look_mutant(mutant), MutantLook::ABANDONED, "{name}");
            assert_eq!(nt.nt_release_mutant(mutant), Err(NtStatus::ABANDONED), "M5: {name}");
            assert_eq!(nt.look_mutant(mutant), MutantLook::ABANDONED, "M17: {name}");
            assert_eq!(nt.one(mutant, FOREVER), abandoned(0), "{name}");
            assert_eq!(nt.look_mutant(mutant), nt.mine(1), "M15: {name}");
            assert_eq!(nt.one(mutant, FOREVER), object(0), "M16: {name}");
            assert_eq!((nt.free(mutant), nt.free(mutant)), (-1, 0), "{name}");
            assert_eq!(nt.look_mutant(mutant), MutantLook::FREE, "{name}");
        }
    });
}

/// Who waits for it when the owner ends gets it then, and is told; the one behind gets it from there, and is not.
#[test]
fn m14_m16_every_end_with_waiters() {
    within(|| {
        let nt = Nt::new();
        for (name, end) in ENDS {
            let scene = Scene::new(nt, false);
            let mutant = scene.mutant;
            let ends = Worker::start(move || end(scene));
            assert_eq!(nt.one(scene.taken, FOREVER), object(0));
            let waiters = [(); 2].map(|()| {
                Worker::blocked(move || {
                    let status = nt.one(mutant, FOREVER);
                    (status, nt.look_mutant(mutant) == nt.mine(1), nt.free(mutant))
                })
            });
            nt.set(scene.go);
            ends.join();
            assert_eq!(waiters.map(Worker::join), [(abandoned(0), true, 0), (object(0), true, 0)], "{name}");
            assert_eq!(nt.look_mutant(mutant), MutantLook::FREE, "{name}");
        }
    });
}

type Wait = fn(Nt, Handle, Handle) -> NtStatus;

/// Every way to wait for a mutant, which comes first, together with an object that is there, or not: how it ends.
const WAITS: [(&str, bool, Wait, usize); 10] = [
    ("one", false, |nt, mutant, _| nt.one(mutant, FOREVER), 0),
    ("one with a time-out", false, |nt, mutant, _| nt.one(mutant, ms(60_000)), 0),
    ("alertable", false, |nt, mutant, _| nt.alertable(mutant, FOREVER), 0),
    ("first in any", false, |nt, mutant, other| nt.any(&[mutant, other], FOREVER), 0),
    ("last in any", false, |nt, mutant, other| nt.any(&[other, other, mutant], FOREVER), 2),
    ("twice in any", false, |nt, mutant, other| nt.any(&[other, mutant, mutant], FOREVER), 1),
    (
        "alertable any",
        false,
        |nt, mutant, other| nt.nt_wait_for_multiple_objects(&[other, mutant], WaitType::ANY, true, FOREVER),
        1,
    ),
    // W18: the plain code, without a position.
    ("all", true, |nt, mutant, other| nt.all(&[other, mutant], FOREVER), 0),
    ("all, the other way round", true, |nt, mutant, other| nt.all(&[mutant, other], FOREVER), 0),
    ("signal and wait", false, |nt, mutant, _| nt.signal_and_wait(nt.auto(false), mutant, FOREVER), 0),
];

/// Single waits, wait-any with the position, wait-all without: at once and after a sleep.
#[test]
fn m15_w17_w18_s10_every_wait() {
    within(|| {
        let nt = Nt::new();
        for (name, is_all, wait, index) in WAITS {
            for blocks in [false, true] {
                let (mutant, other) = (nt.mutant(false), nt.event(common::MANUAL, is_all));
                let waits = move || {
                    let status = wait(nt, mutant, other);
                    assert_eq!(nt.look_mutant(mutant), nt.mine(1), "{name}");
                    assert_eq!(nt.free(mutant), 0);
                    status
                };
                let status = if blocks {
                    let owner = blocked_owner(nt, mutant);
                    let waiter = Worker::blocked(waits);
                    owner.kill(1);
                    waiter.join()
                } else {
                    blocked_owner(nt, mutant).kill(1);
                    waits()
                };
                assert_eq!(status, abandoned(index), "{name}, blocks: {blocks}");
                assert_eq!(nt.look_mutant(mutant), MutantLook::FREE, "{name}");
            }
        }
    });
}

/// The Rust face has the position, too.
#[test]
fn w17_the_rust_face() {
    within(|| {
        let nt = Nt::new();
        let (mutant, clear) = (nt.mutant(false), nt.auto(false));
        for (objects, index) in
            [(vec![mutant], 0), (vec![clear, mutant], 1), ([vec![clear; 99], vec![mutant]].concat(), 99)]
        {
            blocked_owner(nt, mutant).kill(1);
            assert_eq!(nt.wait_any(&objects, Timeout::Never), Ok(ntwait::Ended::Abandoned(index)));
            nt.free(mutant);
        }
        blocked_owner(nt, mutant).kill(1);
        assert_eq!(nt.wait_all(&[mutant, nt.auto(true)], Timeout::Never), Ok(ntwait::Ended::Abandoned(0)));
    });
}

/// Several abandoned mutants in one wait-all: one answer, and all of them are taken and no longer abandoned.
#[test]
fn w18_several_abandoned_members() {
    within(|| {
        let nt = Nt::new();
        let mutants = [(); 4].map(|()| nt.mutant(false));
        let owners = [0, 1, 3].map(|place| {
            nt.blocked(move || {
                take(nt, mutants[place], 1);
                nt.nt_delay_execution(false, i64::MIN).0
            })
        });
        let waiter = Worker::blocked(move || {
            let status = nt.all(&mutants, FOREVER);
            mutants.iter().for_each(|mutant| assert_eq!(nt.look_mutant(*mutant), nt.mine(1)));
            mutants.iter().for_each(|mutant| assert_eq!(nt.free(*mutant), 0));
            status
        });
        for owner in owners {
            waiter.assert_blocked();
            owner.kill(1);
        }
        assert_eq!(waiter.join(), abandoned(0));
        assert_eq!(mutants.map(|mutant| nt.look_mutant(mutant)), [MutantLook::FREE; 4]);
    });
}

/// A wait that does not come about has heard nothing: the flag stays for the next.
#[test]
fn m16_who_takes_nothing_is_told_nothing() {
    within(|| {
        let nt = Nt::new();
        let (mutant, clear) = (nt.mutant(false), nt.auto(false));
        blocked_owner(nt, mutant).kill(1);
        until("it is abandoned", || nt.look_mutant(mutant).abandoned);
        for timeout in [POLL, ms(1)] {
            assert_eq!(nt.all(&[mutant, clear], timeout), NtStatus::TIMEOUT);
            assert_eq!(nt.look_mutant(mutant), MutantLook::ABANDONED);
        }
        let set = nt.manual(true);
        assert_eq!(nt.any(&[set, mutant], POLL), object(0));
        assert_eq!(nt.look_mutant(mutant), MutantLook::ABANDONED);
        assert_eq!(nt.any(&[clear, mutant], POLL), abandoned(1));
    });
}

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
                take(nt, mutants[order[3]], 1);
                order[..3].iter().for_each(|place| take(nt, mutants[*place], 1));
                assert_eq!(nt.free(mutants[order[3]]), 0);
                take(nt, mutants[order[3]], 1);
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
            take(nt, taken, 1);
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
                mutants.iter().for_each(|(nt, mutant)| take(*nt, *mutant, 2));
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
                kept.iter().for_each(|mutant| take(nt, *mutant, 2));
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
        if !is_watched(nt) {
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
                    take(nt, known, 2);
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
