//! Bad names, roots, flags and rights are answers, not crashes, and leave nothing behind.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;

use common::names::{Named, base, directory, name};
use common::{AUTO, FULL, Nt, Random, within};
use ntwait::{AccessMask, ClientId, CreateThreadFlags, Handle, HandleAttributes, NtStatus, ObjectAttributes, Runtime};

/// What a call that is about a name may answer.
const ANSWERS: [NtStatus; 10] = [
    NtStatus::INVALID_PARAMETER,
    NtStatus::INVALID_HANDLE,
    NtStatus::ACCESS_DENIED,
    NtStatus::PRIVILEGE_NOT_HELD,
    NtStatus::OBJECT_TYPE_MISMATCH,
    NtStatus::OBJECT_NAME_INVALID,
    NtStatus::OBJECT_NAME_NOT_FOUND,
    NtStatus::OBJECT_NAME_COLLISION,
    NtStatus::OBJECT_PATH_NOT_FOUND,
    NtStatus::OBJECT_PATH_SYNTAX_BAD,
];

/// A text of a few pieces that mean something, and some that do not.
fn text(random: &mut Random) -> Vec<u16> {
    const PIECES: [&str; 12] =
        ["\\", "\\", "\\", "BaseNamedObjects", "Sessions", "1", "Global", "Local", "x", "X", "ä\0", "Ω.."];
    let mut text = Vec::new();
    for _ in 0..random.below(7) {
        match random.below(12) {
            0 => text.push(u16::try_from(random.below(0x1_0000)).expect("a unit")),
            _ => text.extend(random.pick(&PIECES).encode_utf16()),
        }
    }
    if random.one_in(200) {
        text.resize(32_764 + random.index(6), u16::from(b'y'));
    }
    text
}

/// Any call with anything: it answers, and when all handles are closed, all names are free.
#[test]
fn random_names_roots_flags_and_rights() {
    within(|| {
        let nt = Nt::new();
        let mut random = Random::new(0x6E61_6D65);
        let closed = nt.auto(false);
        nt.close(closed);
        let mut roots = vec![Handle::NULL, Handle::NULL, Handle::NULL, closed, Handle::CURRENT_THREAD, nt.auto(false)];
        roots.extend([r"\", r"\BaseNamedObjects"].map(|path| directory(nt, path)));
        let mut open: Vec<(Handle, Vec<u16>)> = Vec::new();
        for _ in 0..60_000 {
            let (text, existed) = (text(&mut random), Cell::new(false));
            let mut attributes = ObjectAttributes::named(&text).within(random.pick(&roots));
            attributes.existed = random.one_in(2).then_some(&existed);
            let rare = if random.one_in(8) { 1 << random.below(32) } else { 0 };
            let flags = u32::try_from(random.below(16) << 5).expect("few bits") & 0xC0 | rare;
            attributes.attributes = HandleAttributes::from_bits_retain(flags);
            let any = 1 << random.below(32);
            let access = random.pick(&[0x0200_0000, 0x0200_0000, 0x0200_0000, 0, 1, any]);
            let (kind, access) = (random.pick(&Named::ALL), AccessMask::from_bits_retain(access));
            let made = match random.below(2) {
                0 => kind.create_with(nt, access, attributes),
                _ => kind.open_with(nt, access, attributes),
            };
            match made {
                Ok(handle) => open.push((handle, text)),
                Err(status) => assert!(ANSWERS.contains(&status), "{status} for {kind:?} {attributes:?}"),
            }
            if open.len() > 40 {
                let (handle, _) = open.swap_remove(random.index(open.len()));
                nt.close(handle);
            }
        }
        assert!(open.len() > 10, "some were good");
        let names: Vec<_> = open.iter().map(|(_, text)| text.clone()).filter(|text| text.contains(&0x78)).collect();
        open.into_iter().for_each(|(handle, _)| nt.close(handle));
        for name in names {
            assert!(Named::Event.open(nt, &name).is_err());
        }
    });
}

/// Threads have no names of this kind: one beside an id is too much, and one for a new thread is refused.
#[test]
fn threads_have_no_names_in_directories() {
    extern "C" fn routine(_: *mut core::ffi::c_void) -> u32 {
        0
    }
    within(|| {
        let nt = Nt::new();
        let (name, all) = (base("thread"), AccessMask::THREAD_ALL_ACCESS);
        let attributes = ObjectAttributes::named(&name);
        let client = ClientId { process: 0, thread: nt.current_thread_id().expect("an id") };
        assert_eq!(nt.nt_open_thread(all, attributes, client), Err(NtStatus::INVALID_PARAMETER_MIX));
        let (me, flags, routine) =
            (Handle::CURRENT_PROCESS, CreateThreadFlags::empty(), ntwait::StartRoutine::C(routine));
        let refused = nt.nt_create_thread_ex(all, attributes, me, Some(routine), core::ptr::null_mut(), flags, 0);
        assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER));
        assert_eq!(Named::Event.open(nt, &name), Err(NtStatus::OBJECT_NAME_NOT_FOUND));
    });
}

/// A table that is full refuses names as well, and refusals take nothing: no handle, no object, no name.
#[test]
fn full_table_and_names() {
    within(|| {
        let nt = Nt(Runtime::builder().max_handles(4_096).build().expect("a runtime").leak());
        let taken = base("taken");
        let first = Named::Event.create(nt, ObjectAttributes::named(&taken)).expect("an event");
        let mut handles = Vec::new();
        while let Ok(handle) = nt.nt_create_event(FULL, ObjectAttributes::NONE, AUTO, false) {
            handles.push(handle);
        }
        for _ in 0..100 {
            let full = Err(NtStatus::INSUFFICIENT_RESOURCES);
            assert_eq!(Named::Event.create(nt, ObjectAttributes::named(&base("new"))), full);
            assert_eq!(Named::Event.open(nt, &taken), full);
        }
        handles.drain(..2_000).for_each(|handle| nt.close(handle));
        assert_eq!(Named::Event.open(nt, &base("new")), Err(NtStatus::OBJECT_NAME_NOT_FOUND));
        for _ in 0..10_000 {
            let wrong = [name(r"\missing\x"), name(r"\BaseNamedObjects"), base("taken"), name("x")];
            for name in &wrong {
                assert!(Named::Event.create(nt, ObjectAttributes::named(name)).is_err());
            }
            assert!(Named::Mutant.open(nt, &taken).is_err());
        }
        assert_eq!(nt.basic(first).handles, 1);
        assert!(Named::Event.create(nt, ObjectAttributes::named(&base("new"))).is_ok());
    });
}
