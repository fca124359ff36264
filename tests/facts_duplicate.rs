//! Duplicating handles and comparing them: facts H14, H15, H17 to H25, H27 to H29.
//!
//! `facts_handles.rs` says which facts are covered where.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{AUTO, Basic, FOREVER, FULL, Look, MANUAL, Nt, POLL, Worker, object, within};
use ntwait::{AccessMask, DuplicateOptions, Handle, HandleAttributes, NtStatus, ObjectAttributes};

const NO_FLAGS: HandleAttributes = HandleAttributes::empty();
const QUERY: AccessMask = AccessMask::EVENT_QUERY_STATE;
const MODIFY: AccessMask = AccessMask::EVENT_MODIFY_STATE;

/// The closed handle is gone, the object has `handles` left.
#[track_caller]
fn closed(nt: Nt, handle: Handle, witness: Handle, handles: u32) {
    assert_eq!(nt.nt_close(handle), NtStatus::INVALID_HANDLE);
    assert_eq!(nt.basic(witness).handles, handles);
}

/// SAME_ACCESS overrides the access asked for; SAME_ATTRIBUTES copies the flags; CLOSE_SOURCE closes the source.
#[test]
fn h14_options() {
    within(|| {
        let nt = Nt::new();
        let (close, access, attributes) =
            (DuplicateOptions::CLOSE_SOURCE, DuplicateOptions::SAME_ACCESS, DuplicateOptions::SAME_ATTRIBUTES);
        assert_eq!((close.bits(), access.bits(), attributes.bits()), (1, 2, 4));
        // options, access and flags of the result; the source has QUERY|MODIFY and inherits, QUERY is asked for
        for (options, granted, flags) in [
            (DuplicateOptions::empty(), QUERY, (0, 0)),
            (access, QUERY | MODIFY, (0, 0)),
            (attributes, QUERY, (1, 0)),
            (access | attributes, QUERY | MODIFY, (1, 0)),
            (close, QUERY, (0, 0)),
            (close | access | attributes, QUERY | MODIFY, (1, 0)),
        ] {
            let witness = nt.auto(true);
            let source =
                nt.duplicate_with(witness, QUERY | MODIFY, HandleAttributes::INHERIT, DuplicateOptions::empty());
            let source = source.expect("a source");
            let copy = nt.duplicate_with(source, QUERY, NO_FLAGS, options).expect("a duplicate");
            assert_eq!((nt.basic(copy).access, nt.flags(copy)), (granted.bits(), flags), "{options:?}");
            let handles = if options.contains(close) { 2 } else { 3 };
            assert_eq!(nt.look(copy), Look { event_type: 1, state: 1, handles }, "{options:?}");
            if options.contains(close) && copy != source {
                closed(nt, source, witness, 2);
            }
        }
    });
}

/// A source that does not exist is INVALID_HANDLE.
#[test]
fn h15_bad_source() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        nt.close(event);
        for bad in [event, Handle::NULL, Handle(0x00FF_FF00), Handle(1 << 33)] {
            assert_eq!(nt.duplicate(bad, FULL), Err(NtStatus::INVALID_HANDLE), "{:#x}", bad.0);
        }
    });
}

/// Without a target process CLOSE_SOURCE just closes the source; without both it is INVALID_PARAMETER.
#[test]
fn h17_no_target_process() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        let witness = nt.duplicate(event, FULL).expect("a duplicate");
        let into_nothing =
            |options| nt.nt_duplicate_object(Handle::CURRENT_PROCESS, event, Handle::NULL, FULL, NO_FLAGS, options);
        assert_eq!(into_nothing(DuplicateOptions::SAME_ACCESS), Err(NtStatus::INVALID_PARAMETER));
        assert_eq!(nt.look(event), Look { event_type: 1, state: 1, handles: 2 });
        assert_eq!(into_nothing(DuplicateOptions::CLOSE_SOURCE), Ok(Handle::NULL));
        closed(nt, event, witness, 1);
        assert_eq!(into_nothing(DuplicateOptions::CLOSE_SOURCE), Err(NtStatus::INVALID_HANDLE));
        nt.check(witness, AUTO, 1);
    });
}

/// CLOSE_SOURCE closes the source even when the duplication fails for another reason, as long as the source was found.
#[test]
fn h18_close_source_of_a_failed_duplication() {
    within(|| {
        let nt = Nt::new();
        let source = nt.auto(true);
        let witness = nt.duplicate(source, FULL).expect("a duplicate");
        let everything = AccessMask::from_bits_retain(u32::MAX);
        let failed = nt.duplicate_with(source, everything, NO_FLAGS, DuplicateOptions::CLOSE_SOURCE);
        assert_eq!(failed, Err(NtStatus::ACCESS_DENIED));
        closed(nt, source, witness, 1);
        nt.check(witness, AUTO, 1);
    });
}

/// A protected source survives CLOSE_SOURCE, and the duplication succeeds all the same.
#[test]
fn h19_protected_source_survives() {
    within(|| {
        let nt = Nt::new();
        let source = nt.manual(false);
        assert_eq!(nt.nt_set_information_object(source, 4, &[0, 1]), NtStatus::SUCCESS);
        let copy = nt.duplicate_with(source, FULL, NO_FLAGS, DuplicateOptions::CLOSE_SOURCE).expect("a duplicate");
        assert_ne!(copy, source);
        assert_eq!((nt.flags(source), nt.flags(copy)), ((0, 1), (0, 0)));
        nt.set(source);
        assert_eq!(nt.look(copy), Look { event_type: 0, state: 1, handles: 2 });
        assert_eq!(nt.nt_close(source), NtStatus::HANDLE_NOT_CLOSABLE);
        nt.close(copy);
    });
}

/// Both process handles must be processes and grant PROCESS_DUP_HANDLE.
#[test]
fn h20_process_handles_are_checked() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        let right = nt.process(AccessMask::PROCESS_DUP_HANDLE);
        let lacking = nt.process(AccessMask::PROCESS_ALL_ACCESS.difference(AccessMask::PROCESS_DUP_HANDLE));
        let gone = nt.process(AccessMask::PROCESS_ALL_ACCESS);
        nt.close(gone);
        let call =
            |source, target| nt.nt_duplicate_object(source, event, target, FULL, NO_FLAGS, DuplicateOptions::empty());
        for (process, expected) in [
            (lacking, NtStatus::ACCESS_DENIED),
            (event, NtStatus::OBJECT_TYPE_MISMATCH),
            (Handle::CURRENT_THREAD, NtStatus::OBJECT_TYPE_MISMATCH),
            (gone, NtStatus::INVALID_HANDLE),
        ] {
            assert_eq!(call(process, right), Err(expected), "source process {:#x}", process.0);
            assert_eq!(call(right, process), Err(expected), "target process {:#x}", process.0);
        }
        nt.check(event, AUTO, 1);
        let copy = call(right, right).expect("a duplicate");
        assert_eq!(nt.look(copy), Look { event_type: 1, state: 1, handles: 2 });
    });
}

/// More access than the source has is judged by the object, whose owner this process is: granted. Every bit at once is denied.
#[test]
fn h21_more_access_than_the_source() {
    within(|| {
        let nt = Nt::new();
        let source = nt.duplicate(nt.auto(true), QUERY).expect("a duplicate");
        for asked in [FULL, AccessMask::GENERIC_ALL, AccessMask::MAXIMUM_ALLOWED] {
            let copy = nt.duplicate(source, asked).expect("a duplicate");
            assert_eq!(nt.basic(copy).access, 0x001F_0003, "{asked:?}");
            nt.close(copy);
        }
        assert_eq!(nt.duplicate(source, AccessMask::from_bits_retain(u32::MAX)), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(nt.basic(source), Basic { attributes: 0, access: 1, handles: 2 });
    });
}

/// Bits that the type does not know are dropped from the granted access, on create and on duplicate.
#[test]
fn h22_unknown_bits_are_dropped() {
    within(|| {
        let nt = Nt::new();
        for (asked, granted) in [
            (0x0000_0004, 0),
            (0x0000_FFFC, 0),
            (0x0000_FFFF, 3),
            (0x0010_0006, 0x0010_0002),
            (0x001F_FFFF, 0x001F_0003),
        ] {
            let asked = AccessMask::from_bits_retain(asked);
            let event = nt.nt_create_event(asked, ObjectAttributes::NONE, AUTO, false).expect("an event");
            assert_eq!(nt.basic(event).access, granted, "created with {asked:?}");
            let copy = nt.duplicate(event, asked).expect("a duplicate");
            assert_eq!(nt.basic(copy).access, granted, "duplicated with {asked:?}");
        }
    });
}

/// Duplicating with access 0 gives a handle without rights, which still can be compared, duplicated and closed.
#[test]
fn h23_duplicate_without_access() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        let copy = nt.duplicate(event, AccessMask::empty()).expect("a duplicate");
        assert_eq!(nt.basic(copy), Basic { attributes: 0, access: 0, handles: 2 });
        assert_eq!(nt.nt_set_event(copy), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(nt.one(copy, POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.any(&[event, copy], POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.nt_compare_objects(event, copy), NtStatus::SUCCESS);
        nt.close(copy);
        nt.check(event, AUTO, 1);
    });
}

/// The attributes passed are the new handle's; those of the source are not copied unless asked for.
#[test]
fn h24_attributes_are_the_new_handles() {
    within(|| {
        let nt = Nt::new();
        let (inherit, protect) = (HandleAttributes::INHERIT, HandleAttributes::PROTECT_CLOSE);
        for source_flags in [[0, 0], [1, 1]] {
            let source = nt.auto(false);
            assert_eq!(nt.nt_set_information_object(source, 4, &source_flags), NtStatus::SUCCESS);
            for (asked, flags) in
                [(NO_FLAGS, (0, 0)), (inherit, (1, 0)), (protect, (0, 1)), (inherit | protect, (1, 1))]
            {
                let copy = nt.duplicate_with(source, FULL, asked, DuplicateOptions::empty()).expect("a duplicate");
                assert_eq!(nt.flags(copy), flags, "asked {asked:?}, source {source_flags:?}");
                let close = if flags.1 == 1 { NtStatus::HANDLE_NOT_CLOSABLE } else { NtStatus::SUCCESS };
                assert_eq!(nt.nt_close(copy), close);
            }
        }
    });
}

/// Duplicating a pseudo handle gives a real one with full access; CLOSE_SOURCE leaves the pseudo handle as it is.
#[test]
fn h25_pseudo_handles_become_real() {
    within(|| {
        let nt = Nt::new();
        for pseudo in [Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            for options in
                [DuplicateOptions::SAME_ACCESS, DuplicateOptions::SAME_ACCESS | DuplicateOptions::CLOSE_SOURCE]
            {
                let real = nt.duplicate_with(pseudo, AccessMask::empty(), NO_FLAGS, options).expect("a real handle");
                assert!(real.0 != 0 && real.0.is_multiple_of(4) && u32::try_from(real.0).is_ok(), "{:#x}", real.0);
                assert_eq!(nt.basic(real).access, 0x001F_FFFF);
                assert_eq!(nt.nt_compare_objects(real, pseudo), NtStatus::SUCCESS);
                assert_eq!((nt.one(real, POLL), nt.one(pseudo, POLL)), (NtStatus::TIMEOUT, NtStatus::TIMEOUT));
                nt.close(real);
                assert_eq!(nt.nt_compare_objects(pseudo, pseudo), NtStatus::SUCCESS);
            }
        }
    });
}

/// What -2 stands for depends on who says it: each thread is one object, and no two threads are the same.
#[test]
fn h25_each_thread_is_its_own_object() {
    within(|| {
        let nt = Nt::new();
        let myself =
            move || nt.duplicate(Handle::CURRENT_THREAD, AccessMask::THREAD_ALL_ACCESS).expect("a thread handle");
        let (mine, again) = (myself(), myself());
        let theirs = [(); 3].map(|()| Worker::start(myself).join());
        assert_eq!(nt.nt_compare_objects(mine, again), NtStatus::SUCCESS);
        for (number, other) in theirs.iter().enumerate() {
            assert_eq!(nt.nt_compare_objects(mine, *other), NtStatus::NOT_SAME_OBJECT);
            for third in &theirs[..number] {
                assert_eq!(nt.nt_compare_objects(*third, *other), NtStatus::NOT_SAME_OBJECT);
            }
            assert_eq!(nt.one(*other, FOREVER), object(0), "ended");
        }
        assert_eq!(nt.one(mine, POLL), NtStatus::TIMEOUT);
    });
}

/// With CLOSE_SOURCE the new handle may have the old value; either way exactly one of them is left.
#[test]
fn h27_close_source_leaves_one_handle() {
    within(|| {
        let nt = Nt::new();
        let source = nt.auto(true);
        let options = DuplicateOptions::CLOSE_SOURCE | DuplicateOptions::SAME_ACCESS;
        let copy = nt.duplicate_with(source, AccessMask::empty(), NO_FLAGS, options).expect("a duplicate");
        nt.check(copy, AUTO, 1);
        if copy != source {
            closed(nt, source, copy, 1);
        }
        nt.close(copy);
        assert_eq!(nt.nt_close(copy), NtStatus::INVALID_HANDLE);
    });
}

/// All duplicates are one object: a change through one is seen through all, and a waiter on one is released through another.
#[test]
fn h28_duplicates_are_one_object() {
    within(|| {
        let nt = Nt::new();
        let first = nt.manual(false);
        let second = nt.duplicate(first, FULL).expect("a duplicate");
        let third = nt.duplicate(second, FULL).expect("a duplicate");
        let waiter = Worker::blocked(move || nt.one(third, FOREVER));
        assert_eq!(nt.set(second), 0);
        assert_eq!(waiter.join(), object(0));
        assert_eq!(nt.states([first, second, third]), [1, 1, 1]);
        nt.close(first);
        assert_eq!(nt.look(third), Look { event_type: 0, state: 1, handles: 2 });
        nt.close(third);
        nt.check(second, MANUAL, 1);
    });
}

/// Comparing: the same object is SUCCESS, another NOT_SAME_OBJECT; no right is needed.
#[test]
fn h29_compare() {
    within(|| {
        let nt = Nt::new();
        let (event, other) = (nt.auto(false), nt.auto(false));
        let copy = nt.duplicate(event, AccessMask::empty()).expect("a duplicate");
        let process = nt.process(AccessMask::empty());
        let (me, thread) = (Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD);
        for (a, b, same) in [
            (event, event, true),
            (event, copy, true),
            (process, me, true),
            (thread, thread, true),
            (event, other, false),
            (event, process, false),
            (me, thread, false),
        ] {
            let expected = if same { NtStatus::SUCCESS } else { NtStatus::NOT_SAME_OBJECT };
            assert_eq!((nt.nt_compare_objects(a, b), nt.nt_compare_objects(b, a)), (expected, expected));
        }
        for bad in [Handle::NULL, Handle(0x00FF_FF00)] {
            assert_eq!(nt.nt_compare_objects(event, bad), NtStatus::INVALID_HANDLE);
            assert_eq!(nt.nt_compare_objects(bad, event), NtStatus::INVALID_HANDLE);
        }
    });
}
