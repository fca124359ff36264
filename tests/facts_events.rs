//! Events without waiters: facts E1 to E6, E15 to E24, E30.
//!
//! | facts | where |
//! |---|---|
//! | E1, E3–E6, E15–E18, E20–E24, E30 | here |
//! | E7–E12, E14, E30 and E32 with waiters | `facts_events_waiters.rs` |
//! | E2, E25 | `facts_names.rs` |
//! | E26, E27, E29 | Win32 calls, not of this face |
//! | E13 | waits for suspension: a waiter that is out of the queue for a moment |
//! | E19 | is about bad pointers: a matter of the C face |
//! | E28, E31 | Win32 calls, not of this face |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{AUTO, FULL, Look, MANUAL, Nt, POLL, object, within};
use ntwait::{AccessMask, EventType, Handle, NtStatus, ObjectAttributes, Runtime};

/// Type 0 is a notification (manual-reset) event, 1 a synchronization (auto-reset) event; others are INVALID_PARAMETER.
#[test]
fn e1_two_types_and_no_other() {
    within(|| {
        let nt = Nt(Runtime::builder().max_handles(4_096).build().expect("a runtime").leak());
        // More often than the table has places: the refused ones take none.
        for _ in 0..1_000 {
            for wrong in [2, 3, 4, 0x100, 0x8000_0000, u32::MAX] {
                let refused = nt.nt_create_event(FULL, ObjectAttributes::NONE, EventType(wrong), true);
                assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "type {wrong:#x}");
            }
        }
        let (manual, auto) = (nt.event(EventType(0), false), nt.event(EventType(1), true));
        assert_eq!(nt.look(manual), Look { event_type: 0, state: 0, handles: 1 });
        assert_eq!(nt.look(auto), Look { event_type: 1, state: 1, handles: 1 });
    });
}

/// One row of the event's state machine: in state `from`, the call reports `from` and leaves `to`.
fn table(nt: Nt, name: &str, call: fn(Nt, Handle) -> Result<i32, NtStatus>, to: i32) {
    for event_type in [MANUAL, AUTO] {
        for from in [0, 1] {
            let event = nt.event(event_type, from == 1);
            nt.check(event, event_type, from);
            assert_eq!(call(nt, event), Ok(from), "{name} of {event_type:?} in state {from}");
            nt.check(event, event_type, to);
            assert_eq!(call(nt, event), Ok(to), "{name} again");
            nt.check(event, event_type, to);
            nt.close(event);
        }
    }
}

/// Set, reset and pulse report the state before the call, 0 or 1, for both types.
#[test]
fn e3_e4_e5_e6_state_before_and_after() {
    within(|| {
        let nt = Nt::new();
        // E4: a set event stays set and says so. E5: reset says what it found. E6: pulse always leaves it clear.
        table(nt, "set", |nt, event| nt.nt_set_event(event), 1);
        table(nt, "reset", |nt, event| nt.nt_reset_event(event), 0);
        table(nt, "pulse", |nt, event| nt.nt_pulse_event(event), 0);
    });
}

/// An event made set reports exactly 1 as its previous state.
#[test]
fn e15_initial_state_is_a_flag() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            for initial in [false, true] {
                let event = nt.event(event_type, initial);
                nt.check(event, event_type, i32::from(initial));
                assert_eq!(nt.set(event), i32::from(initial));
            }
        }
    });
}

/// Clear is reset without a previous state.
#[test]
fn e16_clear_resets() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            let event = nt.event(event_type, true);
            for _ in 0..2 {
                assert_eq!(nt.nt_clear_event(event), NtStatus::SUCCESS);
                nt.check(event, event_type, 0);
            }
        }
    });
}

type Call = (&'static str, fn(Nt, Handle) -> NtStatus);

/// The calls that change an event, each as a status.
const CHANGES: [Call; 5] = [
    ("set", |nt, event| nt.nt_set_event(event).err().unwrap_or(NtStatus::SUCCESS)),
    ("reset", |nt, event| nt.nt_reset_event(event).err().unwrap_or(NtStatus::SUCCESS)),
    ("pulse", |nt, event| nt.nt_pulse_event(event).err().unwrap_or(NtStatus::SUCCESS)),
    ("clear", |nt, event| nt.nt_clear_event(event)),
    ("boost", |nt, event| nt.nt_set_event_boost_priority(event)),
];

fn query(nt: Nt, event: Handle) -> NtStatus {
    nt.nt_query_event(event, 0, &mut [0; 8], None)
}

/// Changing an event needs EVENT_MODIFY_STATE; without it ACCESS_DENIED, and nothing is changed.
#[test]
fn e17_changes_need_modify_state() {
    within(|| {
        let nt = Nt::new();
        for set in [false, true] {
            let event = nt.auto(set);
            let without = nt.duplicate(event, FULL.difference(AccessMask::EVENT_MODIFY_STATE)).expect("a duplicate");
            for (name, change) in CHANGES {
                assert_eq!(change(nt, without), NtStatus::ACCESS_DENIED, "{name}");
                assert_eq!(nt.look(event), Look { event_type: 1, state: i32::from(set), handles: 2 }, "{name}");
            }
            let only = nt.duplicate(event, AccessMask::EVENT_MODIFY_STATE).expect("a duplicate");
            for (name, change) in CHANGES {
                assert_eq!(change(nt, only), NtStatus::SUCCESS, "{name}");
            }
            assert_eq!(nt.look(event), Look { event_type: 1, state: 1, handles: 3 });
        }
    });
}

/// The type is tested before the access: the wrong object is a TYPE_MISMATCH even through a handle without any right.
#[test]
fn e18_type_before_access() {
    within(|| {
        let nt = Nt::new();
        let none = AccessMask::empty();
        let thread = nt.duplicate(Handle::CURRENT_THREAD, none).expect("a thread handle");
        for other in [nt.process(none), thread, Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            for (name, change) in CHANGES {
                assert_eq!(change(nt, other), NtStatus::OBJECT_TYPE_MISMATCH, "{name} of {:#x}", other.0);
            }
            assert_eq!(query(nt, other), NtStatus::OBJECT_TYPE_MISMATCH, "query of {:#x}", other.0);
        }
        let event = nt.duplicate(nt.auto(false), none).expect("a duplicate");
        assert_eq!(query(nt, event), NtStatus::ACCESS_DENIED);
    });
}

/// A query's class (0) and then its length (8) are tested before the handle.
#[test]
fn e20_query_class_then_length_then_handle() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(true);
        let closed = nt.auto(false);
        nt.close(closed);
        for handle in [event, closed, Handle::NULL, Handle::CURRENT_PROCESS] {
            for (class, length, expected) in [
                (1, 8, NtStatus::INVALID_INFO_CLASS),
                (u32::MAX, 0, NtStatus::INVALID_INFO_CLASS),
                (0, 0, NtStatus::INFO_LENGTH_MISMATCH),
                (0, 7, NtStatus::INFO_LENGTH_MISMATCH),
                (0, 9, NtStatus::INFO_LENGTH_MISMATCH),
                (0, 4096, NtStatus::INFO_LENGTH_MISMATCH),
            ] {
                let mut buffer = vec![0xAA; length];
                let status = nt.nt_query_event(handle, class, &mut buffer, None);
                assert_eq!(status, expected, "class {class}, length {length}");
                assert_eq!(buffer, vec![0xAA; length], "nothing is written");
            }
        }
        assert_eq!(query(nt, closed), NtStatus::INVALID_HANDLE);
        nt.check(event, MANUAL, 1);
    });
}

/// A query gives the type, then the state, 8 bytes in all, and needs EVENT_QUERY_STATE.
#[test]
fn e21_query_gives_type_and_state() {
    within(|| {
        let nt = Nt::new();
        for (event_type, set) in [(MANUAL, false), (MANUAL, true), (AUTO, false), (AUTO, true)] {
            let event = nt.event(event_type, set);
            let (mut bytes, mut length) = ([0xAA; 8], 0xDEAD_BEEF);
            assert_eq!(nt.nt_query_event(event, 0, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
            let expected = [event_type.0.to_ne_bytes(), u32::from(set).to_ne_bytes()].concat();
            assert_eq!((&bytes[..], length), (&expected[..], 8));
            let without = nt.duplicate(event, FULL.difference(AccessMask::EVENT_QUERY_STATE)).expect("a duplicate");
            assert_eq!(query(nt, without), NtStatus::ACCESS_DENIED);
            let only = nt.duplicate(event, AccessMask::EVENT_QUERY_STATE).expect("a duplicate");
            assert_eq!(query(nt, only), NtStatus::SUCCESS);
        }
    });
}

/// Neither a query nor a poll of a manual-reset event changes it; a poll of an auto-reset event takes it.
#[test]
fn e22_looking_does_not_change() {
    within(|| {
        let nt = Nt::new();
        // type, set, status of a poll, state after it
        for (event_type, set, polled, after) in [
            (MANUAL, false, NtStatus::TIMEOUT, 0),
            (MANUAL, true, object(0), 1),
            (AUTO, false, NtStatus::TIMEOUT, 0),
            (AUTO, true, object(0), 0),
        ] {
            let event = nt.event(event_type, set);
            for _ in 0..3 {
                nt.check(event, event_type, i32::from(set));
            }
            assert_eq!(nt.one(event, POLL), polled);
            nt.check(event, event_type, after);
            assert_eq!(nt.set(event), after);
        }
    });
}

/// Generic rights stand for READ query, WRITE modify, EXECUTE synchronize, each with READ_CONTROL; ALL and MAXIMUM_ALLOWED for all.
#[test]
fn e23_e24_generic_rights() {
    const READ: u32 = AccessMask::GENERIC_READ.bits();
    const WRITE: u32 = AccessMask::GENERIC_WRITE.bits();
    const EXECUTE: u32 = AccessMask::GENERIC_EXECUTE.bits();
    within(|| {
        let nt = Nt::new();
        for (asked, granted) in [
            (0x0000_0001, 0x0000_0001),
            (0x0000_0002, 0x0000_0002),
            (0x0010_0000, 0x0010_0000),
            (0x001F_0003, 0x001F_0003),
            (READ, 0x0002_0001),
            (WRITE, 0x0002_0002),
            (EXECUTE, 0x0012_0000),
            // E24: reading and writing an event does not include waiting for it.
            (READ | WRITE, 0x0002_0003),
            (READ | WRITE | EXECUTE, 0x0012_0003),
            (AccessMask::GENERIC_ALL.bits(), 0x001F_0003),
            (AccessMask::MAXIMUM_ALLOWED.bits(), 0x001F_0003),
        ] {
            let asked = AccessMask::from_bits_retain(asked);
            let event = nt.nt_create_event(asked, ObjectAttributes::NONE, AUTO, false).expect("an event");
            assert_eq!(nt.basic(event).access, granted, "asked {asked:?}");
            let waits = if granted & 0x0010_0000 == 0 { NtStatus::ACCESS_DENIED } else { NtStatus::TIMEOUT };
            assert_eq!(nt.one(event, POLL), waits, "asked {asked:?}");
        }
    });
}

/// Setting with a boost is for auto-reset events only (of a manual-reset one it is INVALID_PARAMETER and changes nothing); with nobody
/// waiting it leaves the event set.
#[test]
fn e30_set_with_boost_leaves_the_event_set() {
    within(|| {
        let nt = Nt::new();
        for set in [false, true] {
            let auto = nt.auto(set);
            assert_eq!(nt.nt_set_event_boost_priority(auto), NtStatus::SUCCESS);
            nt.check(auto, AUTO, 1);
            let manual = nt.manual(set);
            assert_eq!(nt.nt_set_event_boost_priority(manual), NtStatus::INVALID_PARAMETER);
            nt.check(manual, MANUAL, i32::from(set));
        }
    });
}
