//! Mutants and their owners: facts M1 to M13, M20 to M22, M34 and M35.
//!
//! | facts | where |
//! |---|---|
//! | M1–M4, M8–M10, M20, M21, M34, M35 | here |
//! | M7, M22–M27, M32, M33 | `facts_mutants_handles.rs` |
//! | M5, M14–M19 | `facts_mutants_abandoned.rs` |
//! | M11, M12 | a unit test in `src/nt/mutant.rs`, which can set the levels: nobody waits 2³¹ times |
//! | M6 | the count before is a result here: with an error there is none |
//! | M13 | is about another implementation, which times out where M12 refuses |
//! | M28–M31 | wait for names |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::nt_threads::in_any_thread;
use common::{FOREVER, MutantLook, Nt, POLL, Worker, ms, object, within};
use ntwait::{AccessMask, Handle, NtStatus, Timeout, WaitPolicy};

const ALL: AccessMask = AccessMask::MUTANT_ALL_ACCESS;

/// A mutant is born free, or owned by its maker, one level deep; each wait of the owner adds a level, each release takes one back, and
/// reports the count before: 1 − the depth.
#[test]
fn m1_m2_m3_depth_and_count() {
    in_any_thread(|nt| {
        let free = nt.mutant(false);
        assert_eq!(nt.look_mutant(free), MutantLook::FREE);
        let mutant = nt.mutant(true);
        assert_eq!(nt.look_mutant(mutant), MutantLook { count: 0, ..nt.mine(1) });
        for depth in 2..=40 {
            assert_eq!(nt.one(mutant, FOREVER), object(0));
            assert_eq!(nt.look_mutant(mutant), nt.mine(depth));
        }
        for depth in (1..=40).rev() {
            assert_eq!(nt.look_mutant(mutant), nt.mine(depth));
            assert_eq!(nt.free(mutant), 1 - depth);
        }
        assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
    });
}

/// The state machine of one mutant, seen by the thread that acts: what the call answers and what is left.
#[test]
fn m4_m15_table_of_states() {
    /// How the mutant came into its state.
    #[derive(Clone, Copy, Debug)]
    enum State {
        Free,
        Mine,
        MineTwice,
        Anothers,
        Abandoned,
    }
    use State::{Abandoned, Anothers, Free, Mine, MineTwice};
    const TAKEN: NtStatus = NtStatus::WAIT_0;
    const TOLD: NtStatus = NtStatus::ABANDONED_WAIT_0;
    const LATE: NtStatus = NtStatus::TIMEOUT;
    type Row = (State, NtStatus, i32, Result<i32, NtStatus>, i32);
    // state, answer to a poll, depth after it (0: not mine), answer to a release, depth after it
    const TABLE: [Row; 5] = [
        (Free, TAKEN, 1, Err(NtStatus::MUTANT_NOT_OWNED), 0),
        (Mine, TAKEN, 2, Ok(0), 0),
        (MineTwice, TAKEN, 3, Ok(-1), 1),
        (Anothers, LATE, 0, Err(NtStatus::MUTANT_NOT_OWNED), 0),
        (Abandoned, TOLD, 1, Err(NtStatus::ABANDONED), 0), // M5
    ];
    in_any_thread(|nt| {
        for (state, polled, depth, released, left) in TABLE {
            let [poll_it, free_it] = [(); 2].map(|()| {
                let mutant = nt.mutant(matches!(state, Mine | MineTwice));
                let end = nt.auto(false);
                let mut other = None;
                match state {
                    Free | Mine => {}
                    MineTwice => assert_eq!(nt.one(mutant, POLL), TAKEN),
                    Abandoned => assert_eq!(nt.thread(move || nt.one(mutant, POLL).0).join(), 0),
                    Anothers => {
                        other = Some(nt.blocked(move || (nt.one(mutant, POLL), nt.one(end, FOREVER)).1.0));
                    }
                }
                (mutant, other, end)
            });
            assert_eq!(nt.one(poll_it.0, POLL), polled, "{state:?}");
            let (before, after) = (nt.look_mutant(free_it.0), nt.look_mutant(poll_it.0));
            match depth {
                0 => assert_eq!((after.mine, after.count), (false, 0), "{state:?}"),
                _ => assert_eq!(after, nt.mine(depth), "{state:?}"),
            }
            assert_eq!(nt.nt_release_mutant(free_it.0), released, "{state:?}");
            match (released, left) {
                (Err(_), _) => assert_eq!(nt.look_mutant(free_it.0), before, "{state:?}: nothing is changed"),
                (_, 0) => assert_eq!(nt.look_mutant(free_it.0), MutantLook::FREE, "{state:?}"),
                _ => assert_eq!(nt.look_mutant(free_it.0), nt.mine(left), "{state:?}"),
            }
            for (_, other, end) in [poll_it, free_it] {
                if let Some(other) = other {
                    nt.set(end);
                    assert_eq!(other.join(), 0);
                }
            }
        }
    });
}

/// The owner gets it at once, whatever the time-out and whoever else waits.
#[test]
fn m8_the_owner_never_waits() {
    in_any_thread(|nt| {
        let mutant = nt.mutant(true);
        let waiters = [(); 2].map(|()| Worker::blocked(move || (nt.one(mutant, FOREVER), nt.free(mutant))));
        let all = Worker::blocked(move || (nt.all(&[mutant], FOREVER), nt.free(mutant)));
        for (round, timeout) in [POLL, ms(5), FOREVER, common::at_ms(-1)].into_iter().enumerate() {
            let depth = 3 * i32::try_from(round).expect("few") + 1;
            assert_eq!(nt.one(mutant, timeout), object(0));
            assert_eq!(nt.any(&[mutant], timeout), object(0));
            assert_eq!(nt.all(&[mutant], timeout), object(0));
            assert_eq!(nt.look_mutant(mutant), nt.mine(depth + 3));
        }
        for _ in 0..12 {
            nt.free(mutant);
            waiters.iter().for_each(Worker::assert_blocked);
        }
        assert_eq!(nt.free(mutant), 0);
        waiters.into_iter().chain([all]).for_each(|waiter| assert_eq!(waiter.join(), (object(0), 0)));
        assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
    });
}

type Wait = fn(Nt, [Handle; 2]) -> NtStatus;

/// Every way to wait for the first of two objects, of which the second is there.
const WAYS: [(&str, Wait); 6] = [
    ("one", |nt, [mutant, _]| nt.one(mutant, FOREVER)),
    ("alertable", |nt, [mutant, _]| nt.nt_wait_for_single_object(mutant, true, FOREVER)),
    ("any", |nt, [mutant, other]| nt.any(&[mutant, other], FOREVER)),
    ("all", |nt, [mutant, other]| nt.all(&[other, mutant], FOREVER)),
    ("any of many", |nt, [mutant, other]| {
        let mut many = [other; 100];
        many[0] = mutant;
        assert_eq!(nt.wait_any(&many, Timeout::Never), Ok(ntwait::Ended::Object(0)));
        NtStatus::WAIT_0
    }),
    ("signal and wait", |nt, [mutant, other]| nt.signal_and_wait(other, mutant, FOREVER)),
];

/// Each satisfied wait adds one level, whichever kind it is of, also through different handles.
#[test]
fn m9_every_wait_adds_one_level() {
    in_any_thread(|nt| {
        for (name, wait) in WAYS {
            let mutant = nt.mutant(false);
            let duplicate = nt.duplicate(mutant, ALL).expect("a duplicate");
            let set = nt.manual(true);
            for depth in 1..=6 {
                let handle = if depth % 2 == 0 { mutant } else { duplicate };
                assert_eq!(wait(nt, [handle, set]), object(0), "{name}");
                assert_eq!(nt.look_mutant(mutant), nt.mine(depth), "{name}");
            }
            for depth in (1..=6).rev() {
                assert_eq!(nt.free(if depth % 3 == 0 { mutant } else { duplicate }), 1 - depth, "{name}");
            }
            assert_eq!(nt.look_mutant(mutant), MutantLook::FREE, "{name}");
        }
    });
}

/// The last release hands the mutant to the first who waits, whichever way it waits; the releasing thread cannot get it back before.
#[test]
fn m10_released_to_the_first_in_the_queue() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            let (mutant, other, go) = (nt.mutant(true), nt.manual(false), nt.manual(false));
            let set = nt.manual(true);
            let waiters: Vec<Worker<_>> = WAYS
                .iter()
                .map(|(name, wait)| {
                    let others = if *name == "any" || *name == "any of many" { other } else { set };
                    Worker::blocked(move || {
                        assert_eq!(wait(nt, [mutant, others]), object(0), "{name}");
                        let seen = nt.look_mutant(mutant);
                        assert_eq!(nt.one(go, FOREVER), object(0));
                        assert_eq!(nt.free(mutant), 0);
                        seen == nt.mine(1)
                    })
                })
                .collect();
            assert_eq!(nt.free(mutant), 0);
            assert_eq!(nt.look_mutant(mutant).count, 0, "it is another's already");
            assert_eq!(nt.one(mutant, POLL), NtStatus::TIMEOUT);
            assert_eq!(nt.nt_release_mutant(mutant), Err(NtStatus::MUTANT_NOT_OWNED));
            waiters[1..].iter().for_each(Worker::assert_blocked);
            nt.set(go);
            waiters.into_iter().for_each(|waiter| assert!(waiter.join()));
            assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
        }
    });
}

/// Many threads in turn: each in the order in which they came, and at each moment one owner.
#[test]
fn m10_first_come_first_served() {
    within(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(true);
        let order = common::nt_threads::Log::new();
        let waiters: Vec<_> = (0..8)
            .map(|place| {
                Worker::blocked(move || {
                    assert_eq!(nt.one(mutant, FOREVER), object(0));
                    order.add(place);
                    nt.free(mutant)
                })
            })
            .collect();
        assert_eq!(nt.free(mutant), 0);
        waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), 0));
        assert_eq!(order.take(), (0..8).collect::<Vec<_>>());
    });
}

/// A mutant that was released is not abandoned, even if the thread that had it dies.
#[test]
fn m20_released_before_the_end() {
    in_any_thread(|nt| {
        let mutant = nt.mutant(false);
        for depth in [1, 2, 5] {
            let thread = nt.thread(move || {
                (0..depth).for_each(|_| assert_eq!(nt.one(mutant, POLL), object(0)));
                (0..depth).for_each(|_| assert!(nt.free(mutant) <= 0));
                0
            });
            assert_eq!(thread.join(), 0);
            assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
        }
    });
}

/// Closing all handles of an owned mutant releases nothing: who waits for it waits on, and gets it when its owner ends.
#[test]
fn m21_m22_closed_while_it_is_owned() {
    in_any_thread(|nt| {
        for closed_by_owner in [true, false] {
            let (mutant, go) = (nt.mutant(false), nt.auto(false));
            let owner = nt.blocked(move || {
                assert_eq!(nt.one(mutant, POLL), object(0));
                assert_eq!(nt.one(go, FOREVER), object(0));
                if closed_by_owner {
                    nt.close(mutant);
                }
                assert_eq!(nt.nt_release_mutant(mutant), Err(NtStatus::INVALID_HANDLE));
                assert_eq!(nt.one(go, FOREVER), object(0));
                0
            });
            let waiters = [(); 2].map(|()| Worker::blocked(move || nt.one(mutant, FOREVER)));
            if !closed_by_owner {
                nt.close(mutant);
            }
            nt.set(go);
            owner.assert_blocked();
            waiters.iter().for_each(Worker::assert_blocked);
            assert_eq!(nt.nt_close(mutant), NtStatus::INVALID_HANDLE);
            nt.set(go);
            assert_eq!(owner.join(), 0);
            // The first gets it and ends with it, so the second does, too.
            waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), NtStatus::ABANDONED_WAIT_0));
        }
    });
}

/// Wait-any: an own mutant at a low place ends the wait at once and is one level deeper; at a high one it does so if nothing before it is
/// there. The same mutant at two places is taken once, at the first.
#[test]
fn m34_w8_own_mutant_in_a_wait_any() {
    in_any_thread(|nt| {
        let (mutant, free) = (nt.mutant(true), nt.mutant(false));
        let (clear, set, count) = (nt.auto(false), nt.manual(true), nt.semaphore(1, 1));
        // objects, which ends the wait, depth of the own mutant after it
        let rows: [(&[Handle], usize, i32); 7] = [
            (&[mutant, set], 0, 2),
            (&[set, mutant], 0, 2),
            (&[clear, mutant, set], 1, 3),
            (&[mutant, mutant], 0, 4),
            (&[clear, mutant, mutant, free], 1, 5),
            (&[free, mutant], 0, 5),
            (&[clear, count, mutant], 1, 5),
        ];
        for (objects, index, depth) in rows {
            assert_eq!(nt.any(objects, FOREVER), object(index));
            assert_eq!(nt.look_mutant(mutant), nt.mine(depth));
        }
        assert_eq!((nt.look_mutant(free), nt.look_semaphore(count)), (nt.mine(1), (0, 1)));
        assert_eq!(nt.any(&[clear, count, mutant], FOREVER), object(2));
    });
}

/// A wait-all with an own mutant waits for the rest only, and then adds one level; if it times out it adds none.
#[test]
fn m35_own_mutant_in_a_wait_all() {
    in_any_thread(|nt| {
        let (own, event, count) = (nt.mutant(true), nt.auto(false), nt.semaphore(0, 5));
        for timeout in [POLL, ms(1)] {
            assert_eq!(nt.all(&[event, own, count], timeout), NtStatus::TIMEOUT);
            assert_eq!(nt.look_mutant(own), nt.mine(1));
        }
        nt.set(event);
        nt.post(count, 2);
        assert_eq!(nt.all(&[event, own, count], FOREVER), object(0));
        assert_eq!((nt.look_mutant(own), nt.look_semaphore(count), nt.look(event).state), (nt.mine(2), (1, 5), 0));
    });
}

/// The same where the wait blocks and another thread completes it, to whom the mutant is not signalled.
#[test]
fn m35_completed_by_another_thread() {
    within(|| {
        let nt = Nt::new();
        let (event, count, free) = (nt.auto(false), nt.semaphore(0, 5), nt.mutant(true));
        let waiter = Worker::blocked(move || {
            let own = nt.mutant(true);
            assert_eq!(nt.all(&[free, own, event, count], FOREVER), object(0));
            [free, own].map(|mutant| nt.look_mutant(mutant).count)
        });
        nt.set(event);
        waiter.assert_blocked();
        nt.post(count, 1);
        waiter.assert_blocked();
        assert_eq!(
            (nt.look(event).state, nt.look_semaphore(count)),
            (1, (1, 5)),
            "nothing is taken before all is there"
        );
        assert_eq!(nt.free(free), 0);
        assert_eq!((nt.look(event).state, nt.look_semaphore(count)), (0, (0, 5)));
        assert_eq!(waiter.join(), [0, -1]);
        assert_eq!(nt.look_mutant(free), MutantLook::ABANDONED);
    });
}
