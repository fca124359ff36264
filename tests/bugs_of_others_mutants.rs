//! Bugs of other implementations of mutexes and semaphores, each a test that it must not happen here.
//!
//! | whose | what went wrong | test |
//! |---|---|---|
//! | LiteBox fork | a release while another thread waits for ever stopped the process | `litebox_release_under_a_wait_without_end` |
//! | MetalSharp #415 | the same, where the waiter waits for other objects, too | the same |
//! | coreclr #25452 | a wait-all lost the abandoned result | `coreclr_25452_wait_all_reports_abandonment` |
//! | sogen #999 | of several abandoned members one stayed so | `sogen_999_several_abandoned_members` |
//! | sogen #999 | a wait-all took the mutex before it was complete | `sogen_999_wait_all_owns_nothing_before_its_end` |
//! | ntsync | the owner's own mutex was not there at its deepest (M13) | a unit test in `src/nt/mutant.rs` |
//! | Wine 8.0 | a release of 0 succeeded, one of −1 was over the limit (X44) | `wine_release_of_nothing` |
//! | LiteBox fork | two threads inside what one mutex guards | `litebox_two_threads_inside` |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};

use common::{FOREVER, MutantLook, Nt, POLL, Random, Worker, abandoned, ms, object, within};
use ntwait::{Ended, Handle, NtStatus, Timeout, WaitPolicy};

type Wait = fn(Nt, [Handle; 2]) -> NtStatus;

#[test]
fn litebox_release_under_a_wait_without_end() {
    const WAITS: [Wait; 4] = [
        |nt, [mutant, _]| nt.one(mutant, FOREVER),
        |nt, [mutant, _]| nt.alertable(mutant, FOREVER),
        |nt, [mutant, clear]| nt.any(&[clear, mutant], FOREVER),
        |nt, [mutant, clear]| nt.any(&[mutant, clear, mutant], FOREVER),
    ];
    within(|| {
        let nt = Nt::new();
        for wait in WAITS {
            let objects = [nt.mutant(true), nt.auto(false)];
            for _ in 0..50 {
                let waiter = Worker::blocked(move || (wait(nt, objects), nt.free(objects[0])));
                assert_eq!(nt.free(objects[0]), 0);
                let (status, before) = waiter.join();
                assert!(status.wait_index().is_some() && before == 0, "{status}");
                assert_eq!(nt.one(objects[0], FOREVER), object(0));
            }
        }
    });
}

#[test]
fn coreclr_25452_wait_all_reports_abandonment() {
    within(|| {
        let nt = Nt::new();
        for place in 0..3 {
            let mut objects = [nt.manual(true), nt.semaphore(9, 9), nt.manual(true)];
            objects[place] = nt.mutant(false);
            nt.blocked_owner(objects[place]).kill(1);
            assert_eq!(nt.all(&objects, FOREVER), abandoned(0), "at once, or after a moment");
            nt.free(objects[place]);
            let owner = nt.blocked_owner(objects[place]);
            let waiter = Worker::blocked(move || nt.wait_all(&objects, Timeout::Never));
            owner.kill(1);
            assert_eq!(waiter.join(), Ok(Ended::Abandoned(0)), "from its sleep");
        }
    });
}

#[test]
fn sogen_999_several_abandoned_members() {
    within(|| {
        let nt = Nt::new();
        let mutants = [(); 5].map(|()| nt.mutant(false));
        mutants.iter().for_each(|mutant| nt.blocked_owner(*mutant).kill(1));
        assert_eq!(nt.all(&mutants, FOREVER), abandoned(0));
        assert_eq!(mutants.map(|mutant| nt.look_mutant(mutant)), [nt.mine(1); 5]);
        mutants.iter().for_each(|mutant| assert_eq!(nt.free(*mutant), 0));
        assert_eq!(nt.all(&mutants, FOREVER), object(0), "it is told once");
    });
}

#[test]
fn sogen_999_wait_all_owns_nothing_before_its_end() {
    within(|| {
        let nt = Nt::new();
        let (mutant, clear) = (nt.mutant(false), nt.auto(false));
        let waiter = nt.blocked(move || nt.all(&[mutant, clear], ms(60_000)).0);
        assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
        assert_eq!((nt.one(mutant, POLL), nt.free(mutant)), (object(0), 0));
        waiter.kill(1);
        waiter.end();
        assert_eq!(nt.look_mutant(mutant), MutantLook::FREE, "nor does it leave anything when it dies");
        assert_eq!(nt.references(mutant), 1);
    });
}

#[test]
fn wine_release_of_nothing() {
    within(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(1, 2);
        for count in [0, -1] {
            assert_eq!(nt.nt_release_semaphore(semaphore, count), Err(NtStatus::INVALID_PARAMETER));
        }
        assert_eq!(nt.look_semaphore(semaphore), (1, 2));
    });
}

#[test]
fn litebox_two_threads_inside() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let (mutant, set) = (nt.mutant(false), nt.manual(true));
            let inside: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
            let workers = [1_u64, 2, 3].map(|seed| {
                Worker::start(move || {
                    let mut random = Random::new(seed);
                    let mut entered = 0_u32;
                    while entered < 4_000 {
                        let timeout = random.pick(&[FOREVER, POLL, Some(-20), Some(-500)]);
                        let status = match random.below(4) {
                            0 => nt.one(mutant, timeout),
                            1 => nt.any(&[mutant, mutant], timeout),
                            2 => nt.all(&[set, mutant], timeout),
                            _ => nt.signal_and_wait(set, mutant, timeout),
                        };
                        if status == NtStatus::TIMEOUT {
                            continue;
                        }
                        assert_eq!(status, object(0));
                        assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0, "two inside");
                        entered += 1;
                        inside.fetch_sub(1, Ordering::Relaxed);
                        assert_eq!(nt.free(mutant), 0);
                    }
                })
            });
            workers.into_iter().for_each(Worker::join);
            assert_eq!((nt.look_mutant(mutant), nt.references(mutant)), (MutantLook::FREE, 1));
        }
    });
}
