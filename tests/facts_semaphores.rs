//! Semaphores: facts SE1 to SE15, SE17, SE18. SE2 and SE16 wait for names.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::nt_threads::in_any_thread;
use common::{FOREVER, Nt, POLL, Worker, ms, object, within};
use ntwait::{AccessMask, Handle, HandleAttributes, NtStatus, ObjectAttributes, Timeout, WaitPolicy};

const ALL: AccessMask = AccessMask::SEMAPHORE_ALL_ACCESS;
const MOST: i32 = 0x7FFF_FFFF;

/// The maximum is positive, the count between 0 and it; all else is INVALID_PARAMETER, before anything else is looked at.
#[test]
fn se1_counts_and_maxima() {
    within(|| {
        let nt = Nt(ntwait::Runtime::builder().max_handles(4_096).build().expect("a runtime").leak());
        let refused = [
            (0, 0),
            (0, -1),
            (-1, 1),
            (-1, -1),
            (1, 0),
            (2, 1),
            (MOST, MOST - 1),
            (i32::MIN, MOST),
            (0, i32::MIN),
            (i32::MIN, i32::MIN),
        ];
        let odd = ObjectAttributes::new(HandleAttributes::EXCLUSIVE | HandleAttributes::INHERIT);
        // More often than the table has places: the refused ones take none.
        for _ in 0..1_000 {
            for (initial, maximum) in refused {
                for (access, attributes) in [(ALL, ObjectAttributes::NONE), (AccessMask::ACCESS_SYSTEM_SECURITY, odd)] {
                    let made = nt.nt_create_semaphore(access, attributes, initial, maximum);
                    assert_eq!(made, Err(NtStatus::INVALID_PARAMETER), "{initial} of {maximum}");
                }
            }
        }
        for (initial, maximum) in [(0, 1), (1, 1), (0, MOST), (MOST, MOST), (1, MOST), (MOST - 1, MOST)] {
            let semaphore = nt.semaphore(initial, maximum);
            assert_eq!(nt.look_semaphore(semaphore), (initial, maximum));
            assert_eq!(nt.basic(semaphore).access, ALL.bits());
        }
        assert_eq!(nt.nt_create_semaphore(ALL, odd, 0, 1), Err(NtStatus::INVALID_PARAMETER));
        let privileged = nt.nt_create_semaphore(AccessMask::ACCESS_SYSTEM_SECURITY, ObjectAttributes::NONE, 0, 1);
        assert_eq!(privileged, Err(NtStatus::PRIVILEGE_NOT_HELD));
    });
}

/// The number is tested before the handle, and that before the limit; what is refused changes nothing.
#[test]
fn se3_se4_se17_order_of_checks() {
    in_any_thread(|nt| {
        let (full, closed) = (nt.semaphore(1, 1), nt.semaphore(0, 1));
        nt.close(closed);
        let weak = nt.duplicate(full, ALL.difference(AccessMask::SEMAPHORE_MODIFY_STATE)).expect("a duplicate");
        let others = [nt.auto(true), nt.mutant(true), nt.process(AccessMask::empty()), Handle::CURRENT_THREAD];
        for bad in [0, -1, -2, i32::MIN] {
            for handle in [full, closed, weak, Handle::NULL].into_iter().chain(others) {
                let released = nt.nt_release_semaphore(handle, bad);
                assert_eq!(released, Err(NtStatus::INVALID_PARAMETER), "{bad} of {:#x}", handle.0);
            }
        }
        for count in [1, 2, MOST] {
            for (handle, expected) in [
                (closed, NtStatus::INVALID_HANDLE),
                (Handle::NULL, NtStatus::INVALID_HANDLE),
                (weak, NtStatus::ACCESS_DENIED),
                (full, NtStatus::SEMAPHORE_LIMIT_EXCEEDED),
            ] {
                assert_eq!(nt.nt_release_semaphore(handle, count), Err(expected), "{count} of {:#x}", handle.0);
            }
            for other in others {
                assert_eq!(nt.nt_release_semaphore(other, count), Err(NtStatus::OBJECT_TYPE_MISMATCH));
            }
        }
        assert_eq!(nt.look_semaphore(full), (1, 1));
    });
}

/// A release beyond the maximum is refused as a whole, also where the sum is no number; the previous count is that before.
#[test]
fn se5_se6_se7_table_of_releases() {
    // count, maximum, released, answer
    const OVER: Result<i32, NtStatus> = Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED);
    const TABLE: [(i32, i32, i32, Result<i32, NtStatus>); 13] = [
        (0, 1, 1, Ok(0)),
        (0, 1, 2, OVER),
        (1, 1, 1, OVER),
        (0, 10, 10, Ok(0)),
        (0, 10, 11, OVER),
        (3, 10, 7, Ok(3)),
        (3, 10, 8, OVER),
        (1, MOST, MOST, OVER), // SE6
        (0, MOST, MOST, Ok(0)),
        (MOST, MOST, 1, OVER),
        (MOST, MOST, MOST, OVER),
        (MOST - 1, MOST, 1, Ok(MOST - 1)),
        (2, 5, MOST, OVER),
    ];
    in_any_thread(|nt| {
        for (count, maximum, more, expected) in TABLE {
            let semaphore = nt.semaphore(count, maximum);
            assert_eq!(nt.nt_release_semaphore(semaphore, more), expected, "{count} + {more} of {maximum}");
            let after = if expected.is_ok() { count + more } else { count };
            assert_eq!(nt.look_semaphore(semaphore), (after, maximum), "{count} + {more} of {maximum}");
            // The same with somebody in the queue who waits for something else, too: under the lock.
            let semaphore = nt.semaphore(count, maximum);
            let clear = nt.auto(false);
            let waiter = Worker::blocked(move || nt.all(&[semaphore, clear], FOREVER));
            assert_eq!(nt.nt_release_semaphore(semaphore, more), expected, "{count} + {more} of {maximum}");
            assert_eq!(nt.look_semaphore(semaphore), (after, maximum));
            nt.set(clear);
            if after == 0 {
                nt.post(semaphore, 1);
            }
            assert_eq!(waiter.join(), object(0));
            assert_eq!(nt.look_semaphore(semaphore), ((after - 1).max(0), maximum));
        }
    });
}

type Wait = fn(Nt, [Handle; 2], Option<i64>) -> NtStatus;

/// Every way to wait for a semaphore, with a set manual event beside it.
const WAYS: [(&str, Wait); 6] = [
    ("one", |nt, [semaphore, _], until| nt.one(semaphore, until)),
    ("alertable", |nt, [semaphore, _], until| nt.alertable(semaphore, until)),
    ("any", |nt, [semaphore, _], until| nt.any(&[semaphore, semaphore], until)),
    ("all", |nt, [semaphore, set], until| nt.all(&[set, semaphore], until)),
    ("many", |nt, [semaphore, _], until| {
        match nt.wait_any(&[semaphore; 100], Timeout::from_nt(until)).expect("a wait") {
            ntwait::Ended::Object(0) => NtStatus::WAIT_0,
            ntwait::Ended::TimedOut => NtStatus::TIMEOUT,
            other => panic!("{other:?}"),
        }
    }),
    ("signal and wait", |nt, [semaphore, set], until| nt.signal_and_wait(set, semaphore, until)),
];

/// Each satisfied wait takes exactly one; a poll of an empty one times out.
#[test]
fn se8_se15_each_wait_takes_one() {
    in_any_thread(|nt| {
        for (name, wait) in WAYS {
            let objects = [nt.semaphore(5, 5), nt.manual(true)];
            for left in (0..5).rev() {
                assert_eq!(wait(nt, objects, if left % 2 == 0 { POLL } else { FOREVER }), object(0), "{name}");
                assert_eq!(nt.look_semaphore(objects[0]), (left, 5), "{name}");
            }
            for timeout in [POLL, ms(1), common::at_ms(-5)] {
                assert_eq!(wait(nt, objects, timeout), NtStatus::TIMEOUT, "{name}");
                assert_eq!(nt.look_semaphore(objects[0]), (0, 5), "{name}");
            }
        }
    });
}

/// A release of n frees up to n of those who wait, first come first served, whichever way they wait; the rest is the count. The previous count is 0.
#[test]
fn se9_se10_n_waiters() {
    within(|| {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let nt = Nt::with(policy);
            for (released, freed, left) in [(1, 1, 0), (2, 2, 0), (5, 5, 0), (6, 6, 0), (8, 6, 2), (MOST, 6, MOST - 6)]
            {
                let objects = [nt.semaphore(0, MOST), nt.manual(true)];
                let mut waiters: Vec<_> = WAYS
                    .iter()
                    .map(|(name, wait)| (name, Worker::blocked(move || wait(nt, objects, FOREVER))))
                    .collect();
                assert_eq!(nt.post(objects[0], released), 0);
                assert_eq!(nt.look_semaphore(objects[0]), (left, MOST), "released {released}");
                let behind = waiters.split_off(freed);
                for (name, waiter) in waiters {
                    assert_eq!(waiter.join(), object(0), "{name}, released {released}");
                }
                for (_, waiter) in &behind {
                    waiter.assert_blocked();
                }
                if !behind.is_empty() {
                    assert_eq!(nt.post(objects[0], i32::try_from(behind.len()).expect("few")), 0);
                }
                for (name, waiter) in behind {
                    assert_eq!(waiter.join(), object(0), "{name}, released {released}");
                }
            }
        }
    });
}

/// The limit is judged by the count before, whoever waits: the waiters do not make room.
#[test]
fn se11_waiters_make_no_room() {
    within(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(0, 3);
        let waiters = [(); 2].map(|()| Worker::blocked(move || nt.one(semaphore, FOREVER)));
        assert_eq!(nt.nt_release_semaphore(semaphore, 4), Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED));
        waiters.iter().for_each(Worker::assert_blocked);
        assert_eq!(nt.post(semaphore, 3), 0);
        assert_eq!(waiters.map(Worker::join), [object(0); 2]);
        assert_eq!(nt.look_semaphore(semaphore), (1, 3));
    });
}

/// A wait-all that waits for something else holds on to nothing of the count, and is completed by whatever comes last.
#[test]
fn se12_w15_a_count_and_a_wait_all() {
    within(|| {
        let nt = Nt::new();
        let (count, event) = (nt.semaphore(2, 9), nt.auto(false));
        let waiter = Worker::blocked(move || nt.all(&[count, event], FOREVER));
        assert_eq!(nt.post(count, 1), 2);
        assert_eq!(
            [nt.one(count, POLL), nt.one(count, POLL), nt.any(&[event, count], POLL)],
            [object(0), object(0), object(1)]
        );
        nt.set(event);
        waiter.assert_blocked();
        assert_eq!(nt.look(event).state, 1);
        assert_eq!(nt.post(count, 4), 0);
        assert_eq!(waiter.join(), object(0));
        assert_eq!((nt.look_semaphore(count), nt.look(event).state), ((3, 9), 0));
    });
}

/// One release serves several wait-alls in their order, as far as each can be had; who cannot keeps its place.
#[test]
fn se9_u4_wait_alls_in_order() {
    within(|| {
        let nt = Nt::new();
        let (count, events) = (nt.semaphore(0, 9), [nt.auto(true), nt.auto(false), nt.auto(true)]);
        let waiters = events.map(|event| Worker::blocked(move || nt.all(&[event, count], FOREVER)));
        let single = Worker::blocked(move || nt.one(count, FOREVER));
        assert_eq!(nt.post(count, 2), 0);
        assert_eq!((nt.look_semaphore(count), nt.states(events)), ((0, 9), [0, 0, 0]));
        single.assert_blocked();
        let [first, second, third] = waiters;
        assert_eq!((first.join(), third.join()), (object(0), object(0)));
        nt.set(events[1]);
        second.assert_blocked();
        assert_eq!(nt.post(count, 2), 0);
        assert_eq!((second.join(), single.join()), (object(0), object(0)));
        assert_eq!(nt.look_semaphore(count), (0, 9));
    });
}

/// A query checks the class, the length, the handle, its type and its right, in this order, and writes all or nothing.
#[test]
fn se13_queries() {
    within(|| {
        let nt = Nt::new();
        let (semaphore, event, closed) = (nt.semaphore(3, 4), nt.auto(false), nt.semaphore(0, 1));
        nt.close(closed);
        let blind = nt.duplicate(semaphore, ALL.difference(AccessMask::SEMAPHORE_QUERY_STATE)).expect("a duplicate");
        for (class, length, handle, expected) in [
            (1, 8, closed, NtStatus::INVALID_INFO_CLASS),
            (u32::MAX, 0, semaphore, NtStatus::INVALID_INFO_CLASS),
            (0, 0, closed, NtStatus::INFO_LENGTH_MISMATCH),
            (0, 7, semaphore, NtStatus::INFO_LENGTH_MISMATCH),
            (0, 9, blind, NtStatus::INFO_LENGTH_MISMATCH),
            (0, 8, closed, NtStatus::INVALID_HANDLE),
            (0, 8, Handle::NULL, NtStatus::INVALID_HANDLE),
            (0, 8, event, NtStatus::OBJECT_TYPE_MISMATCH),
            (0, 8, Handle::CURRENT_PROCESS, NtStatus::OBJECT_TYPE_MISMATCH),
            (0, 8, blind, NtStatus::ACCESS_DENIED),
        ] {
            let (mut buffer, mut returned) = (vec![0xAA; length], 0xDEAD_BEEF);
            let status = nt.nt_query_semaphore(handle, class, &mut buffer, Some(&mut returned));
            assert_eq!(status, expected, "class {class}, length {length}, handle {:#x}", handle.0);
            assert_eq!((buffer, returned), (vec![0xAA; length], 0xDEAD_BEEF), "nothing is written");
        }
        assert_eq!(nt.look_semaphore(semaphore), (3, 4));
    });
}

/// Rights: query 1, modify 2, and SYNCHRONIZE, which is in EXECUTE only; each call needs its own.
#[test]
fn se14_rights() {
    const READ: u32 = AccessMask::GENERIC_READ.bits();
    const WRITE: u32 = AccessMask::GENERIC_WRITE.bits();
    const EXECUTE: u32 = AccessMask::GENERIC_EXECUTE.bits();
    within(|| {
        let nt = Nt::new();
        for (asked, granted) in [
            (0, 0),
            (0x0000_0001, 0x0000_0001),
            (0x0000_0002, 0x0000_0002),
            (0x0010_0000, 0x0010_0000),
            (0x001F_0003, 0x001F_0003),
            (READ, 0x0002_0001),
            (WRITE, 0x0002_0002),
            (EXECUTE, 0x0012_0000),
            (READ | WRITE | EXECUTE, 0x0012_0003),
            (AccessMask::GENERIC_ALL.bits(), 0x001F_0003),
            (AccessMask::MAXIMUM_ALLOWED.bits(), 0x001F_0003),
        ] {
            let access = AccessMask::from_bits_retain(asked);
            let semaphore = nt.nt_create_semaphore(access, ObjectAttributes::NONE, 1, 9).expect("a semaphore");
            assert_eq!(nt.basic(semaphore).access, granted, "asked {access:?}");
            let or_denied = |right: u32, status| if granted & right == 0 { NtStatus::ACCESS_DENIED } else { status };
            assert_eq!(nt.one(semaphore, POLL), or_denied(0x0010_0000, object(0)), "asked {access:?}");
            let released = nt.nt_release_semaphore(semaphore, 1).err().unwrap_or(NtStatus::SUCCESS);
            assert_eq!(released, or_denied(2, NtStatus::SUCCESS), "asked {access:?}");
            let queried = nt.nt_query_semaphore(semaphore, 0, &mut [0; 8], None);
            assert_eq!(queried, or_denied(1, NtStatus::SUCCESS), "asked {access:?}");
        }
    });
}

/// There is no ownership: any thread may release, more often than anybody has waited; a thread that ends takes nothing along.
#[test]
fn se18_no_owner() {
    within(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(2, 4);
        assert_eq!(nt.thread(move || nt.one(semaphore, POLL).0).join(), 0);
        assert_eq!(nt.look_semaphore(semaphore), (1, 4));
        assert_eq!(Worker::start(move || nt.post(semaphore, 3)).join(), 1);
        assert_eq!(nt.look_semaphore(semaphore), (4, 4));
        let holder = nt.blocked(move || (nt.one(semaphore, POLL), nt.one(nt.auto(false), FOREVER)).1.0);
        holder.kill(1);
        holder.end();
        assert_eq!(nt.look_semaphore(semaphore), (3, 4));
    });
}
