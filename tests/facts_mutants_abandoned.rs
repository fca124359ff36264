//! Mutants whose owners end: facts M5, M14 to M17, W17, W18, S10. The order, the cost and what nobody can reach any more:
//! `facts_mutants_abandoned_order.rs`.
//!
//! Every way in which a thread can end, in every state that it can be in, by threads of the library and of std.

#![allow(unsafe_code, reason = "ends threads by force, and past the library")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

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
        self.nt.take(self.mutant, 3);
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
            if scene.nt.watches_its_threads() {
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
                    let owner = nt.blocked_owner(mutant);
                    let waiter = Worker::blocked(waits);
                    owner.kill(1);
                    waiter.join()
                } else {
                    nt.blocked_owner(mutant).kill(1);
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
            nt.blocked_owner(mutant).kill(1);
            assert_eq!(nt.wait_any(&objects, Timeout::Never), Ok(ntwait::Ended::Abandoned(index)));
            nt.free(mutant);
        }
        nt.blocked_owner(mutant).kill(1);
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
                nt.take(mutants[place], 1);
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
        nt.blocked_owner(mutant).kill(1);
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
