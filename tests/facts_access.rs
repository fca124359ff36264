//! What may be done through a handle to an object that existed: facts H22, H30 to H32, E24, M26 to M30, SE14, T22, K10.
//!
//! The same for objects that are made and for duplicates is in `facts_handles.rs` and `facts_duplicate.rs`. TH25 is in
//! `facts_thread_handles.rs`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::names::{Named, OPENIF, base};
use common::{FULL, Nt, POLL, object, within};
use ntwait::{AccessMask, Handle, HandleAttributes, NtStatus, ObjectAttributes};

const NONE: AccessMask = AccessMask::empty();
const DENIED: NtStatus = NtStatus::ACCESS_DENIED;

/// All rights of a type, and what the four generic rights mean for it.
fn rights(kind: Named) -> (u32, [u32; 4]) {
    match kind {
        Named::Event | Named::Semaphore | Named::Timer => (0x1F_0003, [0x2_0001, 0x2_0002, 0x12_0000, 0x1F_0003]),
        Named::Mutant => (0x1F_0001, [0x2_0001, 0x2_0000, 0x12_0000, 0x1F_0001]),
        Named::KeyedEvent => (0xF_0003, [0x2_0001, 0x2_0002, 0x2_0000, 0xF_0003]),
        Named::Directory => (0xF_000F, [0x2_0003, 0x2_000C, 0x2_0003, 0xF_000F]),
    }
}

/// Both ways to a handle of an object that is there.
fn ways(nt: Nt, kind: Named, access: AccessMask, name: &[u16]) -> [Result<Handle, NtStatus>; 2] {
    let attributes = ObjectAttributes::named(name);
    [kind.open_with(nt, access, attributes), kind.create_with(nt, access, attributes.with(OPENIF))]
}

/// The access of a handle, which is closed.
fn granted(nt: Nt, handle: Handle) -> u32 {
    let access = nt.basic(handle).access;
    nt.close(handle);
    access
}

/// Access 0: a new object gets a handle without rights; for one that is there the call fails; a missing name is still missing.
#[test]
fn h30_m28_no_access_at_all() {
    within(|| {
        let nt = Nt::new();
        for kind in Named::ALL {
            let name = base("h30");
            let open = || kind.open_with(nt, NONE, ObjectAttributes::named(&name));
            assert_eq!(open(), Err(NtStatus::OBJECT_NAME_NOT_FOUND), "{kind:?}");
            let made = kind.create_with(nt, NONE, ObjectAttributes::named(&name)).expect("a new object");
            assert_eq!(nt.basic(made).access, 0, "{kind:?}");
            assert_eq!(ways(nt, kind, NONE, &name), [Err(DENIED); 2], "{kind:?}");
            assert_eq!(nt.basic(made).handles, 1, "{kind:?}");
            nt.close(made);
            assert_eq!(open(), Err(NtStatus::OBJECT_NAME_NOT_FOUND), "{kind:?}");
        }
    });
}

/// Each bit alone: those of the type, the generic ones and MAXIMUM_ALLOWED are granted, others are denied; the one that needs
/// a privilege is PRIVILEGE_NOT_HELD. With a valid bit beside it, an invalid one is denied as well.
#[test]
fn m29_m30_table_of_single_bits() {
    within(|| {
        let nt = Nt::new();
        for kind in Named::ALL {
            let name = base("m29");
            let made = kind.create(nt, ObjectAttributes::named(&name)).expect("a new object");
            let (all, [read, write, execute, everything]) = rights(kind);
            for bit in (0..32).map(|shift| 1_u32 << shift) {
                let expected = match AccessMask::from_bits_retain(bit) {
                    AccessMask::ACCESS_SYSTEM_SECURITY => Err(NtStatus::PRIVILEGE_NOT_HELD),
                    AccessMask::GENERIC_READ => Ok(read),
                    AccessMask::GENERIC_WRITE => Ok(write),
                    AccessMask::GENERIC_EXECUTE => Ok(execute),
                    AccessMask::GENERIC_ALL | AccessMask::MAXIMUM_ALLOWED => Ok(everything),
                    AccessMask::SYNCHRONIZE if kind == Named::KeyedEvent => Ok(bit), // K10
                    _ if all & bit != 0 => Ok(bit),
                    _ => Err(DENIED),
                };
                let found = ways(nt, kind, AccessMask::from_bits_retain(bit), &name);
                let found = found.map(|way| way.map(|handle| granted(nt, handle)));
                assert_eq!(found, [expected; 2], "{kind:?} {bit:#x}");
                if expected.is_err() {
                    let both = ways(nt, kind, AccessMask::from_bits_retain(bit) | AccessMask::READ_CONTROL, &name);
                    assert_eq!(both.map(Result::err), [expected.err(); 2], "{kind:?} {bit:#x}");
                }
            }
            assert_eq!(nt.basic(made).handles, 1, "{kind:?}");
            nt.close(made);
        }
    });
}

/// A new object's handle is granted what is valid of what was asked for; the rest is dropped. MAXIMUM_ALLOWED is everything.
#[test]
fn h22_h31_creation_drops_what_is_invalid() {
    within(|| {
        let nt = Nt::new();
        let name = base("h22");
        for kind in Named::ALL {
            let (all, _) = rights(kind);
            let invalid = !all & 0x00EF_FFFF; // without SYNCHRONIZE, which is legal for more (K10)
            let rows = [(invalid, 0), (invalid | 1, 1), (invalid | 0x0200_0000, all), (0x0200_0000, all), (all, all)];
            for (asked, expected) in rows {
                let made = kind.create_with(nt, AccessMask::from_bits_retain(asked), ObjectAttributes::named(&name));
                assert_eq!(granted(nt, made.expect("a new object")), expected, "{kind:?} {asked:#x}");
            }
            let privileged = AccessMask::ACCESS_SYSTEM_SECURITY | AccessMask::READ_CONTROL;
            let refused = kind.create_with(nt, privileged, ObjectAttributes::named(&name));
            assert_eq!(refused, Err(NtStatus::PRIVILEGE_NOT_HELD), "{kind:?}");
            assert_eq!(kind.open(nt, &name), Err(NtStatus::OBJECT_NAME_NOT_FOUND), "{kind:?}");
        }
    });
}

/// The privilege is asked for when the object is known to be there and to be of that type.
#[test]
fn m30_name_and_type_come_before_access() {
    within(|| {
        let nt = Nt::new();
        let name = base("m30");
        for access in [NONE, AccessMask::ACCESS_SYSTEM_SECURITY, AccessMask::from_bits_retain(0x8000)] {
            let open = |kind: Named| kind.open_with(nt, access, ObjectAttributes::named(&name));
            assert_eq!(open(Named::Mutant), Err(NtStatus::OBJECT_NAME_NOT_FOUND), "{access:?}");
            let event = Named::Event.create(nt, ObjectAttributes::named(&name)).expect("an event");
            assert_eq!(open(Named::Mutant), Err(NtStatus::OBJECT_TYPE_MISMATCH), "{access:?}");
            assert!([DENIED, NtStatus::PRIVILEGE_NOT_HELD].map(Err).contains(&open(Named::Event)), "{access:?}");
            let collision = Named::Event.create_with(nt, AccessMask::READ_CONTROL, ObjectAttributes::named(&name));
            assert_eq!(collision, Err(NtStatus::OBJECT_NAME_COLLISION), "{access:?}");
            nt.close(event);
        }
    });
}

/// A mutant opened to read and write cannot be waited for, but released: that needs no right.
#[test]
fn m26_m27_generic_rights_of_a_mutant() {
    within(|| {
        let nt = Nt::new();
        let name = base("m27");
        let mutant = nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::named(&name), true);
        let read_write = AccessMask::GENERIC_READ | AccessMask::GENERIC_WRITE;
        let opened = nt.nt_open_mutant(read_write, ObjectAttributes::named(&name)).expect("the mutant");
        assert_eq!(nt.one(opened, POLL), DENIED);
        assert_eq!(nt.nt_release_mutant(opened), Ok(0));
        let execute = nt.nt_open_mutant(AccessMask::GENERIC_EXECUTE, ObjectAttributes::named(&name));
        assert_eq!(nt.one(execute.expect("the mutant"), POLL), object(0));
        assert_eq!(nt.nt_release_mutant(mutant.expect("a mutant")), Ok(0));
    });
}

/// Read and write of an event or a semaphore are query and modify, without SYNCHRONIZE.
#[test]
fn e24_se14_generic_rights_without_synchronize() {
    within(|| {
        let nt = Nt::new();
        let [event, semaphore] = ["e24", "se14"].map(base);
        let made = [
            Named::Event.create(nt, ObjectAttributes::named(&event)),
            Named::Semaphore.create(nt, ObjectAttributes::named(&semaphore)),
        ];
        assert!(made.iter().all(Result::is_ok));
        let read_write = AccessMask::GENERIC_READ | AccessMask::GENERIC_WRITE;
        let opened = nt.nt_open_event(read_write, ObjectAttributes::named(&event)).expect("the event");
        assert_eq!((nt.set(opened), nt.look(opened).state, nt.one(opened, POLL)), (0, 1, DENIED));
        let opened = nt.nt_open_semaphore(read_write, ObjectAttributes::named(&semaphore)).expect("the semaphore");
        assert_eq!((nt.nt_release_semaphore(opened, 1), nt.one(opened, POLL)), (Ok(0), DENIED));
        let read = nt.nt_open_semaphore(AccessMask::GENERIC_READ, ObjectAttributes::named(&semaphore));
        assert_eq!(nt.nt_release_semaphore(read.expect("the semaphore"), 1), Err(DENIED));
        let write = nt.nt_open_event(AccessMask::GENERIC_WRITE, ObjectAttributes::named(&event)).expect("the event");
        assert_eq!(nt.nt_query_event(write, 0, &mut [0; 8], None), DENIED);
    });
}

/// Exclusive keeps other processes out, of which there are none here; with inherit it is refused, for open too. Inherit alone
/// is kept with each handle.
#[test]
fn h32_exclusive_and_inherit() {
    within(|| {
        let nt = Nt::new();
        let (exclusive, inherit) = (HandleAttributes::EXCLUSIVE, HandleAttributes::INHERIT);
        for kind in Named::ALL {
            let name = base("h32");
            let attributes = ObjectAttributes::named(&name);
            let refused = kind.create(nt, attributes.with(exclusive | inherit));
            assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "{kind:?}");
            let made = kind.create(nt, attributes.with(exclusive)).expect("a new object");
            let all = AccessMask::MAXIMUM_ALLOWED;
            for (flags, expected) in [(NO_FLAGS, (0, 0)), (exclusive, (0, 0)), (inherit, (1, 0))] {
                let opened = kind.open_with(nt, all, attributes.with(flags)).expect("the object");
                assert_eq!(nt.flags(opened), expected, "{kind:?} {flags:?}");
                nt.close(opened);
            }
            let bad = [0x1, 0x4, 0x22, 0x8000_0000];
            for bits in bad {
                let flags = HandleAttributes::from_bits_retain(bits);
                let refused = kind.open_with(nt, all, attributes.with(flags));
                assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "{kind:?} {bits:#x}");
            }
            nt.close(made);
        }
    });
}

const NO_FLAGS: HandleAttributes = HandleAttributes::empty();

/// An object in the process is its process's to use: a handle with fewer rights can be widened by its name.
#[test]
fn h21_each_handle_has_its_own_access() {
    within(|| {
        let nt = Nt::new();
        let name = base("h21");
        let narrow = Named::Event.create_with(nt, AccessMask::SYNCHRONIZE, ObjectAttributes::named(&name));
        let narrow = narrow.expect("an event");
        assert_eq!(nt.nt_set_event(narrow), Err(DENIED));
        let wide = nt.nt_open_event(FULL, ObjectAttributes::named(&name)).expect("the event");
        assert_eq!((nt.set(wide), nt.one(narrow, POLL)), (0, object(0)));
    });
}
