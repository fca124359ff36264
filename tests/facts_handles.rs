//! Handles: facts H1 to H8, H10, H13, H30 to H32, N22, N23, and the promises that a stale handle never acts and that there are millions.
//!
//! | facts | where |
//! |---|---|
//! | H1–H6, H8, H10, H13, H30, H31, H32 (first half), N22, N23 (for what there is) | here |
//! | H14, H15, H17–H25, H27–H29 | `facts_duplicate.rs` |
//! | H7 | what happens at process exit cannot be seen from outside: everything of a process goes with it |
//! | H9 | `facts_names.rs` |
//! | H11, H12, H26, H32 (second half) | need a second process: objects are local to one |
//! | H16 | a null or bad out pointer: a matter of the C face |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::threads::{LIMIT, within_limit};
use common::{AUTO, Basic, FOREVER, FULL, Look, MANUAL, Nt, POLL, Worker, ms, object, within};
use ntwait::{AccessMask, DuplicateOptions, Handle, HandleAttributes, NtStatus, ObjectAttributes};

/// A handle is a multiple of 4 that fits in 32 bits; the two low bits are ignored in every look-up.
#[test]
fn h1_low_bits_are_ignored() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..1000 {
            let event = nt.auto(false);
            assert!(event.0 != 0 && event.0.is_multiple_of(4) && u32::try_from(event.0).is_ok(), "{:#x}", event.0);
        }
        for tag in 0..4 {
            let event = nt.auto(false);
            let tagged = Handle(event.0 | tag);
            assert_eq!((nt.set(tagged), nt.reset(tagged), nt.pulse(tagged)), (0, 1, 0));
            assert_eq!(nt.nt_clear_event(tagged), NtStatus::SUCCESS);
            assert_eq!(nt.nt_set_event_boost_priority(tagged), NtStatus::SUCCESS);
            nt.check(tagged, AUTO, 1);
            assert_eq!((nt.one(tagged, POLL), nt.one(tagged, POLL)), (object(0), NtStatus::TIMEOUT));
            assert_eq!(nt.nt_compare_objects(event, tagged), NtStatus::SUCCESS);
            assert_eq!(nt.nt_set_information_object(tagged, 4, &[1, 0]), NtStatus::SUCCESS);
            assert_eq!(nt.flags(event), (1, 0));
            let copy = nt.duplicate(tagged, FULL).expect("a duplicate");
            nt.close(tagged);
            assert_eq!(nt.nt_close(event), NtStatus::INVALID_HANDLE);
            nt.check(copy, AUTO, 0);
        }
    });
}

/// Handle 0 is never valid, whatever its low bits say; the first handle is small.
#[test]
fn h2_zero_is_never_valid() {
    within(|| {
        let nt = Nt::new();
        for zero in [Handle::NULL, Handle(1), Handle(2), Handle(3)] {
            assert_eq!(nt.nt_set_event(zero), Err(NtStatus::INVALID_HANDLE));
            assert_eq!(nt.one(zero, POLL), NtStatus::INVALID_HANDLE);
            assert_eq!(nt.nt_close(zero), NtStatus::INVALID_HANDLE);
        }
        let first = nt.auto(false);
        assert!((4..0x1_0000).contains(&first.0), "{:#x}", first.0);
    });
}

/// -1 is this process and -2 this thread: they need no closing and carry every right.
#[test]
fn h3_pseudo_handles_carry_full_access() {
    within(|| {
        let nt = Nt::new();
        for pseudo in [Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            assert_eq!(nt.basic(pseudo).access, 0x001F_FFFF);
            assert_eq!(nt.one(pseudo, POLL), NtStatus::TIMEOUT);
        }
        assert_eq!((Handle::CURRENT_PROCESS.0, Handle::CURRENT_THREAD.0), (u64::MAX, u64::MAX - 1));
    });
}

/// Closing an unknown handle is INVALID_HANDLE, and so is closing twice.
#[test]
fn h4_closing_the_unknown() {
    within(|| {
        let nt = Nt::new();
        let (event, bystander) = (nt.auto(true), nt.manual(true));
        nt.close(event);
        for unknown in [event, Handle(0), Handle(0x00FF_FFF0), Handle(0x7FFF_FFFC), Handle(1 << 40)] {
            assert_eq!(nt.nt_close(unknown), NtStatus::INVALID_HANDLE, "{:#x}", unknown.0);
        }
        nt.check(bystander, MANUAL, 1);
    });
}

/// Closing a pseudo handle changes nothing, whichever status it gives.
#[test]
fn h5_closing_a_pseudo_handle_changes_nothing() {
    within(|| {
        let nt = Nt::new();
        for pseudo in [Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            let before = nt.basic(pseudo);
            let status = nt.nt_close(pseudo);
            assert!([NtStatus::SUCCESS, NtStatus::INVALID_HANDLE].contains(&status), "{status}");
            assert_eq!(nt.basic(pseudo), before);
        }
    });
}

/// A protected handle refuses to be closed with HANDLE_NOT_CLOSABLE and stays valid.
#[test]
fn h6_protected_handles_stay() {
    within(|| {
        let nt = Nt::new();
        let (protect, options) = (HandleAttributes::PROTECT_CLOSE, DuplicateOptions::empty());
        let born = nt.duplicate_with(nt.auto(true), FULL, protect, options).expect("a protected duplicate");
        let later = nt.duplicate(born, FULL).expect("a duplicate");
        assert_eq!(nt.nt_set_information_object(later, 4, &[0, 1]), NtStatus::SUCCESS);
        for (event, left) in [(born, 3), (later, 2)] {
            for _ in 0..2 {
                assert_eq!(nt.nt_close(event), NtStatus::HANDLE_NOT_CLOSABLE);
                assert_eq!(nt.look(event), Look { event_type: 1, state: 1, handles: left });
                assert_eq!(nt.flags(event), (0, 1));
            }
            assert_eq!(nt.nt_set_information_object(event, 4, &[0, 0]), NtStatus::SUCCESS);
            nt.close(event);
            assert_eq!(nt.nt_close(event), NtStatus::INVALID_HANDLE);
        }
    });
}

/// Protection is no attribute of a creation: it is given to a handle that exists, or to a duplicate.
#[test]
fn h6_creation_cannot_protect() {
    within(|| {
        let nt = Nt::new();
        for wrong in [0x1, 0x3, 0x4, 0x8, 0x1_0000, 0x8000_0000] {
            let attributes = ObjectAttributes::new(HandleAttributes::from_bits_retain(wrong));
            let refused = nt.nt_create_event(FULL, attributes, AUTO, true);
            assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "attributes {wrong:#x}");
        }
    });
}

/// The order of checks is existence, type, access.
#[test]
fn h8_existence_then_type_then_access() {
    within(|| {
        let nt = Nt::new();
        let none = AccessMask::empty();
        let event = nt.duplicate(nt.auto(true), none).expect("a duplicate");
        let process = nt.process(none);
        for (handle, expected) in [
            (event, NtStatus::ACCESS_DENIED),
            (process, NtStatus::OBJECT_TYPE_MISMATCH),
            (Handle::NULL, NtStatus::INVALID_HANDLE),
        ] {
            assert_eq!(nt.nt_set_event(handle), Err(expected));
        }
        nt.close(event);
        nt.close(process);
        for closed in [event, process] {
            assert_eq!(nt.nt_set_event(closed), Err(NtStatus::INVALID_HANDLE));
        }
    });
}

/// Closing a handle never signals the object: who waits goes on waiting.
#[test]
fn h10_close_does_not_signal() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let event = nt.event(event_type, false);
            let other = nt.duplicate(event, FULL).expect("a duplicate");
            let waiter = Worker::blocked(move || nt.one(event, FOREVER));
            nt.close(event);
            waiter.assert_blocked();
            nt.check(other, event_type, 0);
            nt.set(other);
            assert_eq!(waiter.join(), object(0));

            // The last handle: nobody can signal the object any more, the wait runs into its time-out.
            nt.reset(other);
            let waiter = Worker::blocked(move || nt.one(other, ms(1_000)));
            nt.close(other);
            assert_eq!(waiter.join(), NtStatus::TIMEOUT);
        }
    });
}

/// Inherit and protect can be read and changed; of a pseudo handle they read 0 and cannot be changed.
#[test]
fn h13_handle_flags() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        assert_eq!(nt.flags(event), (0, 0));
        for flags in [(1, 0), (0, 1), (1, 1), (0, 0)] {
            assert_eq!(nt.nt_set_information_object(event, 4, &[flags.0, flags.1]), NtStatus::SUCCESS);
            assert_eq!(nt.flags(event), flags);
            let attributes = u32::from(flags.0) * 2 + u32::from(flags.1);
            assert_eq!(nt.basic(event), Basic { attributes, access: 0x001F_0003, handles: 1 });
        }
        for pseudo in [Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            assert_eq!(nt.flags(pseudo), (0, 0));
            assert_eq!(nt.nt_set_information_object(pseudo, 4, &[1, 1]), NtStatus::ACCESS_DENIED);
            assert_eq!(nt.flags(pseudo), (0, 0));
        }
    });
}

/// Creating with access 0 gives a handle without rights.
#[test]
fn h30_create_without_access() {
    within(|| {
        let nt = Nt::new();
        let event = nt.nt_create_event(AccessMask::empty(), ObjectAttributes::NONE, AUTO, true).expect("an event");
        assert_eq!(nt.basic(event), Basic { attributes: 0, access: 0, handles: 1 });
        assert_eq!(nt.nt_set_event(event), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(nt.one(event, POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.nt_query_event(event, 0, &mut [0; 8], None), NtStatus::ACCESS_DENIED);
        nt.close(event);
    });
}

/// MAXIMUM_ALLOWED gives the creator every right of the type.
#[test]
fn h31_maximum_allowed() {
    within(|| {
        let nt = Nt::new();
        let event = nt.nt_create_event(AccessMask::MAXIMUM_ALLOWED, ObjectAttributes::NONE, AUTO, true);
        let event = event.expect("an event");
        assert_eq!(nt.basic(event), Basic { attributes: 0, access: 0x001F_0003, handles: 1 });
        assert_eq!((nt.reset(event), nt.one(event, POLL)), (1, NtStatus::TIMEOUT));
    });
}

/// Exclusive together with inherit is INVALID_PARAMETER; each alone is accepted.
#[test]
fn h32_exclusive_excludes_inherit() {
    within(|| {
        let nt = Nt::new();
        let (exclusive, inherit) = (HandleAttributes::EXCLUSIVE, HandleAttributes::INHERIT);
        let create = |attributes| nt.nt_create_event(FULL, ObjectAttributes::new(attributes), AUTO, false);
        assert_eq!(create(exclusive | inherit), Err(NtStatus::INVALID_PARAMETER));
        nt.check(create(exclusive).expect("an event"), AUTO, 0);
        assert_eq!(nt.flags(create(inherit).expect("an event")), (1, 0));
    });
}

/// A closed handle stays INVALID_HANDLE for at least 65,536 creations, and what is done through it reaches none of the new objects.
#[test]
fn stale_handles_never_act() {
    within(|| {
        let nt = Nt::new();
        let stale = nt.auto(false);
        nt.close(stale);
        for round in 0..65_536 {
            let event = nt.manual(false);
            assert_ne!(event, stale, "came back after {round} creations");
            if round % 251 == 0 {
                assert_eq!(nt.nt_set_event(stale), Err(NtStatus::INVALID_HANDLE), "round {round}");
                assert_eq!(nt.one(stale, POLL), NtStatus::INVALID_HANDLE, "round {round}");
                assert_eq!(nt.nt_close(stale), NtStatus::INVALID_HANDLE, "round {round}");
                nt.check(event, MANUAL, 0);
            }
            nt.close(event);
        }
    });
}

/// Every handle that the table promises can be had: distinct, alive, and counted. All 16,777,216 take memory and time, so the short run
/// stops at 300,000, which is several segments of the table, and `NTWAIT_DEEP` goes to the end.
#[test]
fn many_handles_to_one_object() {
    within_limit(LIMIT * 5, || {
        let nt = Nt::new();
        let event = nt.auto(true);
        let deep = std::env::var("NTWAIT_DEEP").is_ok_and(|deep| deep != "0");
        let most = if deep { usize::MAX } else { 300_000 };
        let mut handles = Vec::new();
        let full = loop {
            match nt.duplicate(event, FULL) {
                _ if handles.len() == most => break None,
                Ok(handle) => handles.push(u32::try_from(handle.0).expect("32 bits")),
                Err(status) => break Some(status),
            }
        };
        // The first handle is the event's own, the last duplicate of a short run was not kept.
        let extra = if deep { 1 } else { 2 };
        assert_eq!(full, deep.then_some(NtStatus::INSUFFICIENT_RESOURCES));
        assert!(!deep || handles.len() > 16_770_000, "{} handles", handles.len());
        assert_eq!(nt.basic(event).handles as usize, handles.len() + extra);
        handles.sort_unstable();
        assert!(handles.windows(2).all(|pair| pair[0] < pair[1]), "no value twice");
        for handle in &handles {
            nt.close(Handle(u64::from(*handle)));
        }
        assert_eq!(nt.look(event), Look { event_type: 1, state: 1, handles: u32::try_from(extra).expect("small") });
    });
}

/// The name of an unnamed object is a string of no length and no buffer, 16 bytes; less room is INFO_LENGTH_MISMATCH and says so.
#[test]
fn n22_name_of_the_nameless() {
    within(|| {
        let nt = Nt::new();
        for handle in [nt.auto(false), Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            for room in [0, 8, 15] {
                let mut length = 0;
                let status = nt.nt_query_object(handle, 1, &mut vec![0xAA; room], Some(&mut length));
                assert_eq!((status, length), (NtStatus::INFO_LENGTH_MISMATCH, 16), "{room} bytes");
            }
            let (mut bytes, mut length) = ([0xAA; 24], 0);
            assert_eq!(nt.nt_query_object(handle, 1, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
            assert_eq!((length, &bytes[..16]), (16, &[0; 16][..]));
        }
    });
}

/// The types are called Event, Process and Thread; the string's address is that of the text behind the structure of 104 bytes.
#[test]
fn n23_names_of_the_types() {
    within(|| {
        let nt = Nt::new();
        let objects =
            [(nt.auto(false), "Event"), (Handle::CURRENT_PROCESS, "Process"), (Handle::CURRENT_THREAD, "Thread")];
        for (handle, name) in objects {
            let mut length = 0;
            let short = nt.nt_query_object(handle, 2, &mut [0; 104], Some(&mut length));
            assert_eq!((short, length as usize), (NtStatus::INFO_LENGTH_MISMATCH, 104 + 2 * (name.len() + 1)));
            let mut bytes = vec![0xAA; length as usize];
            assert_eq!(nt.nt_query_object(handle, 2, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
            let text: Vec<u16> = name.encode_utf16().chain([0]).collect();
            let found: Vec<u16> =
                bytes[104..].chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])).collect();
            assert_eq!(found, text);
            let lengths = [bytes[0], bytes[2]].map(usize::from);
            assert_eq!(lengths, [2 * name.len(), 2 * (name.len() + 1)]);
            let address = u64::from_ne_bytes(bytes[8..16].try_into().expect("eight bytes"));
            assert_eq!(address, bytes[104..].as_ptr().addr() as u64);
        }
    });
}
