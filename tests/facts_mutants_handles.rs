//! Handles of mutants, their rights, and what can be asked through them: facts M2, M7, M22 to M27, M32, M33, H32.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::nt_threads::in_any_thread;
use common::{FOREVER, MutantLook, Nt, POLL, Worker, object, u32_at, within};
use ntwait::{AccessMask, Handle, HandleAttributes, NtStatus, ObjectAttributes};

const ALL: AccessMask = AccessMask::MUTANT_ALL_ACCESS;

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
