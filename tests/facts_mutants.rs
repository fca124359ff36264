//! Mutants and their owners: facts M1 to M13, M20 to M27, M32 to M35.
//!
//! | facts | where |
//! |---|---|
//! | M1–M4, M6–M10, M20–M27, M32–M35 | here |
//! | M5, M14–M19 | `facts_mutants_abandoned.rs` |
//! | M11, M12 | a unit test in `src/nt/mutant.rs`, which can set the levels: nobody waits 2³¹ times |
//! | M13 | is about another implementation, which times out where M12 refuses |
//! | M28–M31 | wait for names |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::nt_threads::in_any_thread;
use common::{FOREVER, MutantLook, Nt, POLL, Worker, ms, object, u32_at, within};
use ntwait::{AccessMask, Handle, HandleAttributes, NtStatus, ObjectAttributes, Timeout, WaitPolicy};

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

/// A release needs no right at all; a wait needs SYNCHRONIZE, a query MUTANT_QUERY_STATE. Nor does it matter through which handle.
#[test]
fn m7_m27_m33_rights_and_handles() {
    in_any_thread(|nt| {
        // access, may wait, may query
        for (access, waits, queries) in [
            (AccessMask::empty(), false, false),
            (AccessMask::DELETE, false, false),
            (AccessMask::SYNCHRONIZE, true, false),
            (AccessMask::MUTANT_QUERY_STATE, false, true),
            (AccessMask::GENERIC_READ | AccessMask::GENERIC_WRITE, false, true),
            (ALL, true, true),
        ] {
            let mutant = nt.mutant(true);
            let other = nt.duplicate(mutant, access).expect("a duplicate");
            let expected = if waits { NtStatus::WAIT_0 } else { NtStatus::ACCESS_DENIED };
            assert_eq!(nt.one(other, POLL), expected, "{access:?}");
            assert_eq!(nt.any(&[other], POLL), expected, "{access:?}");
            assert_eq!(nt.all(&[other], POLL), expected, "{access:?}");
            let depth = if waits { 4 } else { 1 };
            assert_eq!(nt.look_mutant(mutant), nt.mine(depth), "{access:?}");
            let expected = if queries { NtStatus::SUCCESS } else { NtStatus::ACCESS_DENIED };
            for (class, length) in [(0, 8), (1, 16)] {
                assert_eq!(nt.nt_query_mutant(other, class, &mut vec![0; length], None), expected, "{access:?}");
            }
            for level in (1..=depth).rev() {
                assert_eq!(nt.free(other), 1 - level, "{access:?}");
            }
            assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
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

/// An owned mutant that nobody else refers to goes with its last handle: a thread can have any number of them, one after the other.
#[test]
fn m22_no_leak_of_closed_mutants() {
    in_any_thread(|_| {
        let small = ntwait::Runtime::builder().max_handles(4_096).build().expect("a runtime");
        let nt = Nt(small.leak());
        for _ in 0..30_000 {
            let mutant = nt.mutant(true);
            assert_eq!(nt.one(mutant, POLL), object(0));
            nt.close(mutant);
        }
    });
}

/// A query checks the class, the length, the handle, its type and its right, in this order, and writes all or nothing.
#[test]
fn m23_m24_m25_queries() {
    in_any_thread(|nt| {
        let (mutant, event, closed) = (nt.mutant(true), nt.auto(false), nt.mutant(false));
        nt.close(closed);
        let blind = nt.duplicate(mutant, AccessMask::SYNCHRONIZE).expect("a duplicate");
        for (class, length, handle, expected) in [
            (2, 8, closed, NtStatus::INVALID_INFO_CLASS),
            (u32::MAX, 0, mutant, NtStatus::INVALID_INFO_CLASS),
            (0, 0, closed, NtStatus::INFO_LENGTH_MISMATCH),
            (0, 7, mutant, NtStatus::INFO_LENGTH_MISMATCH),
            (0, 16, mutant, NtStatus::INFO_LENGTH_MISMATCH),
            (1, 8, mutant, NtStatus::INFO_LENGTH_MISMATCH),
            (1, 17, mutant, NtStatus::INFO_LENGTH_MISMATCH),
            (0, 8, closed, NtStatus::INVALID_HANDLE),
            (1, 16, Handle::NULL, NtStatus::INVALID_HANDLE),
            (0, 8, event, NtStatus::OBJECT_TYPE_MISMATCH),
            (1, 16, Handle::CURRENT_THREAD, NtStatus::OBJECT_TYPE_MISMATCH),
            (0, 8, blind, NtStatus::ACCESS_DENIED),
            (1, 16, blind, NtStatus::ACCESS_DENIED),
        ] {
            let (mut buffer, mut returned) = (vec![0xAA; length], 0xDEAD_BEEF);
            let status = nt.nt_query_mutant(handle, class, &mut buffer, Some(&mut returned));
            assert_eq!(status, expected, "class {class}, length {length}, handle {:#x}", handle.0);
            assert_eq!((buffer, returned), (vec![0xAA; length], 0xDEAD_BEEF), "nothing is written");
        }
        // M24: whose it is depends on who asks; the owner's id does not.
        let me = nt.mine(1);
        assert_eq!(nt.look_mutant(mutant), me);
        let seen = Worker::start(move || nt.look_mutant(mutant)).join();
        assert_eq!(seen, MutantLook { mine: false, ..me });
    });
}

/// A query of another thread's mutant never shows levels that its owner did not have.
#[test]
fn m2_a_query_sees_one_moment() {
    within(|| {
        let nt = Nt::new();
        let (mutant, stop) = (nt.mutant(false), nt.manual(false));
        // One owns it two or three levels deep, the other four or five; in between it is free.
        let owners = [2, 4].map(|least| {
            Worker::start(move || {
                while nt.one(stop, POLL) == NtStatus::TIMEOUT {
                    (0..least).for_each(|_| assert_eq!(nt.one(mutant, FOREVER), object(0)));
                    assert_eq!(nt.one(mutant, POLL), object(0));
                    (0..=least).for_each(|_| assert!(nt.free(mutant) <= 0));
                }
                nt.current_thread_id().map(u64::from)
            })
        });
        let mut seen = std::collections::BTreeSet::new();
        for _ in common::trials(200_000) {
            let mut bytes = [0; 8];
            assert_eq!(nt.nt_query_mutant(mutant, 0, &mut bytes, None), NtStatus::SUCCESS);
            let count = u32_at(&bytes, 0).cast_signed();
            assert!((-4..=1).contains(&count), "count {count}");
            assert_eq!(bytes[4..], [0; 4]);
            seen.insert(count);
        }
        nt.set(stop);
        owners.into_iter().for_each(|owner| assert!(owner.join().is_ok()));
        assert!(seen.len() > 2, "they ran: {seen:?}");
        assert_eq!(nt.look_mutant(mutant), MutantLook::FREE);
    });
}

/// Generic rights: READ is query, WRITE nothing of a mutant's own, EXECUTE synchronize.
#[test]
fn m26_generic_rights() {
    const READ: u32 = AccessMask::GENERIC_READ.bits();
    const WRITE: u32 = AccessMask::GENERIC_WRITE.bits();
    const EXECUTE: u32 = AccessMask::GENERIC_EXECUTE.bits();
    within(|| {
        let nt = Nt::new();
        for (asked, granted) in [
            (0x0000_0001, 0x0000_0001),
            (0x001F_0001, 0x001F_0001),
            (READ, 0x0002_0001),
            (WRITE, 0x0002_0000),
            (EXECUTE, 0x0012_0000),
            (READ | WRITE | EXECUTE, 0x0012_0001),
            (AccessMask::GENERIC_ALL.bits(), 0x001F_0001),
            (AccessMask::MAXIMUM_ALLOWED.bits(), 0x001F_0001),
        ] {
            let asked = AccessMask::from_bits_retain(asked);
            let mutant = nt.nt_create_mutant(asked, ObjectAttributes::NONE, true).expect("a mutant");
            assert_eq!(nt.basic(mutant).access, granted, "asked {asked:?}");
            let waits = if granted & 0x0010_0000 == 0 { NtStatus::ACCESS_DENIED } else { NtStatus::WAIT_0 };
            assert_eq!(nt.one(mutant, POLL), waits, "asked {asked:?}");
        }
    });
}

/// A creation that is refused makes nothing, and the thread owns nothing.
#[test]
fn h32_refused_creations() {
    within(|| {
        let nt = Nt(ntwait::Runtime::builder().max_handles(4_096).build().expect("a runtime").leak());
        let exclusive = HandleAttributes::EXCLUSIVE | HandleAttributes::INHERIT;
        for _ in 0..2_000 {
            for owned in [false, true] {
                for (access, attributes, expected) in [
                    (ALL, exclusive, NtStatus::INVALID_PARAMETER),
                    (ALL, HandleAttributes::PERMANENT, NtStatus::PRIVILEGE_NOT_HELD),
                    (AccessMask::ACCESS_SYSTEM_SECURITY, HandleAttributes::empty(), NtStatus::PRIVILEGE_NOT_HELD),
                ] {
                    let refused = nt.nt_create_mutant(access, ObjectAttributes::new(attributes), owned);
                    assert_eq!(refused, Err(expected));
                }
            }
        }
        // A full table: the mutant that would be owned is not there.
        let mut all = Vec::new();
        let status = loop {
            match nt.nt_create_mutant(ALL, ObjectAttributes::NONE, true) {
                Ok(mutant) => all.push(mutant),
                Err(status) => break status,
            }
        };
        assert_eq!(status, NtStatus::INSUFFICIENT_RESOURCES);
        assert!(all.len() > 2_000);
        all.into_iter().for_each(|mutant| assert_eq!(nt.free(mutant), 0));
    });
}

/// What is no handle, or not a mutant's, cannot be released.
#[test]
fn m32_release_of_no_mutant() {
    in_any_thread(|nt| {
        let closed = nt.mutant(true);
        nt.close(closed);
        for (handle, expected) in [
            (Handle::NULL, NtStatus::INVALID_HANDLE),
            (closed, NtStatus::INVALID_HANDLE),
            (Handle(0x00FF_FFF0), NtStatus::INVALID_HANDLE),
            (nt.auto(true), NtStatus::OBJECT_TYPE_MISMATCH),
            (nt.semaphore(1, 2), NtStatus::OBJECT_TYPE_MISMATCH),
            (Handle::CURRENT_THREAD, NtStatus::OBJECT_TYPE_MISMATCH),
            (Handle::CURRENT_PROCESS, NtStatus::OBJECT_TYPE_MISMATCH),
        ] {
            assert_eq!(nt.nt_release_mutant(handle), Err(expected), "{:#x}", handle.0);
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

/// A poll of several objects answers for all of them: that the first is taken by another at this moment does not hide the second.
#[test]
fn w9_a_poll_does_not_stop_at_what_others_take() {
    within(|| {
        let nt = Nt::new();
        let gives: [fn(Nt, Handle); 2] =
            [|nt, mutant| assert_eq!(nt.free(mutant), 0), |nt, count| assert_eq!(nt.post(count, 1), 0)];
        for (first, give) in [nt.mutant(false), nt.semaphore(1, 1)].into_iter().zip(gives) {
            let (set, stop) = (nt.manual(true), nt.manual(false));
            let taker = Worker::start(move || {
                while nt.one(stop, POLL) == NtStatus::TIMEOUT {
                    assert_eq!(nt.one(first, FOREVER), object(0));
                    give(nt, first);
                }
            });
            let mut counts = [0; 2];
            for _ in common::trials(300_000) {
                let status = nt.any(&[first, set], POLL);
                let index = usize::from(status != object(0));
                assert_eq!(status, object(index), "the second is there all the time");
                counts[index] += 1;
                if index == 0 {
                    give(nt, first);
                }
            }
            nt.set(stop);
            taker.join();
            assert!(counts.iter().all(|count| *count > 0), "both endings must be seen: {counts:?}");
        }
    });
}
