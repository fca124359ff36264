//! Paths: facts N4 to N7, N9, N12, N17, N18, N22.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::names::{Named, base, name};
use common::{AUTO, FULL, Nt, names, u32_at, within};
use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, ObjectName};

const NOT_FOUND: NtStatus = NtStatus::OBJECT_NAME_NOT_FOUND;
const NO_PATH: NtStatus = NtStatus::OBJECT_PATH_NOT_FOUND;
const INVALID: NtStatus = NtStatus::OBJECT_NAME_INVALID;
const SYNTAX: NtStatus = NtStatus::OBJECT_PATH_SYNTAX_BAD;
const MISMATCH: NtStatus = NtStatus::OBJECT_TYPE_MISMATCH;

/// What becomes of an open and of a creation by paths of all shapes, without a root.
#[test]
fn n4_n5_n6_table_of_absolute_paths() {
    within(|| {
        let nt = Nt::new();
        let event = nt.nt_create_event(FULL, ObjectAttributes::named(&base("event")), AUTO, false);
        assert!(event.is_ok());
        // path, open, create (None: it is made)
        let rows = [
            // N4: missing names and missing directories
            (r"\BaseNamedObjects\missing", NOT_FOUND, None),
            (r"\missing", NOT_FOUND, None),
            (r"\missing\x", NO_PATH, Some(NO_PATH)),
            (r"\BaseNamedObjects\missing\x", NO_PATH, Some(NO_PATH)),
            (r"\basenamedobjects\x", NO_PATH, Some(NO_PATH)),
            // N5: without a backslash at the beginning, and without a root
            ("x", SYNTAX, Some(SYNTAX)),
            (r"BaseNamedObjects\x", SYNTAX, Some(SYNTAX)),
            // N6: empty parts
            (r"\BaseNamedObjects\", INVALID, Some(INVALID)),
            (r"\BaseNamedObjects\\x", INVALID, Some(INVALID)),
            (r"\\", INVALID, Some(INVALID)),
            (r"\\x", INVALID, Some(INVALID)),
            (r"\missing\", NO_PATH, Some(NO_PATH)),
            (r"\missing\\x", NO_PATH, Some(NO_PATH)),
            // What is on the way is no directory, or what is at the end is one (N3)
            (r"\BaseNamedObjects\event\x", MISMATCH, Some(MISMATCH)),
            (r"\BaseNamedObjects\event\", MISMATCH, Some(MISMATCH)),
            (r"\BaseNamedObjects", MISMATCH, Some(MISMATCH)),
            (r"\BaseNamedObjects\Global", MISMATCH, Some(MISMATCH)),
            (r"\", MISMATCH, Some(MISMATCH)),
            // Nothing but the backslash means anything
            (r"\BaseNamedObjects\a/b*?:", NOT_FOUND, None),
            ("\\BaseNamedObjects\\\0", NOT_FOUND, None),
            (r"\BaseNamedObjects\..", NOT_FOUND, None),
        ];
        for (path, open, create) in rows {
            let name = name(path);
            assert_eq!(Named::Event.open(nt, &name), Err(open), "open {path:?}");
            let made = Named::Event.create(nt, ObjectAttributes::named(&name));
            assert_eq!(made.err(), create, "create {path:?}");
            if let Ok(event) = made {
                assert_eq!(Named::Event.open(nt, &name).map(|opened| nt.close(opened)), Ok(()), "{path:?}");
                nt.close(event);
                assert_eq!(Named::Event.open(nt, &name), Err(open), "{path:?}");
            }
        }
    });
}

/// The same with a root: a backslash at the beginning is bad syntax.
#[test]
fn n5_n6_table_of_relative_paths() {
    within(|| {
        let nt = Nt::new();
        let root = names::directory(nt, r"\");
        let rows = [
            ("x", NOT_FOUND),
            (r"BaseNamedObjects\x", NOT_FOUND),
            (r"missing\x", NO_PATH),
            (r"\x", SYNTAX),
            (r"\", SYNTAX),
            (r"BaseNamedObjects\", INVALID),
            (r"BaseNamedObjects\\x", INVALID),
            ("BaseNamedObjects", MISMATCH),
        ];
        for (path, expected) in rows {
            let name = name(path);
            let opened = nt.nt_open_event(FULL, ObjectAttributes::named(&name).within(root));
            assert_eq!(opened, Err(expected), "{path:?}");
        }
        let (relative, absolute) = (name(r"BaseNamedObjects\n5"), base("n5"));
        let event = nt.nt_create_event(FULL, ObjectAttributes::named(&relative).within(root), AUTO, false);
        let opened = Named::Event.open(nt, &absolute).expect("the event");
        assert_eq!(nt.nt_compare_objects(event.expect("an event"), opened), NtStatus::SUCCESS);
    });
}

/// A root that is no directory is TYPE_MISMATCH, one that is no handle INVALID_HANDLE.
#[test]
fn n7_bad_roots() {
    within(|| {
        let nt = Nt::new();
        let closed = nt.auto(false);
        nt.close(closed);
        let rows = [
            (nt.auto(false), MISMATCH),
            (nt.process(AccessMask::empty()), MISMATCH),
            (Handle::CURRENT_PROCESS, MISMATCH),
            (Handle::CURRENT_THREAD, MISMATCH),
            (closed, NtStatus::INVALID_HANDLE),
            (Handle(0xDEAD_BEE0), NtStatus::INVALID_HANDLE),
            (Handle(u64::MAX << 32), NtStatus::INVALID_HANDLE),
        ];
        for (root, expected) in rows {
            let attributes = ObjectAttributes::named(&[b'x' as u16]).within(root);
            for kind in Named::ALL {
                assert_eq!(kind.create(nt, attributes), Err(expected), "{root:?}");
                assert_eq!(kind.open_with(nt, AccessMask::MAXIMUM_ALLOWED, attributes), Err(expected), "{root:?}");
            }
        }
    });
}

/// A handle to a directory that lost its rights is as good a root as any other.
#[test]
fn a_root_needs_no_rights() {
    within(|| {
        let nt = Nt::new();
        let root = nt.duplicate(names::directory(nt, r"\BaseNamedObjects"), AccessMask::empty()).expect("a duplicate");
        let attributes = ObjectAttributes::named(&[b'x' as u16]).within(root);
        let event = Named::Event.create(nt, attributes).expect("an event");
        assert_eq!(nt.path(event), r"\BaseNamedObjects\x");
    });
}

/// A name of 65,532 bytes is legal, one of 65,534 is not; for create and open, and before the root and the path are looked at.
#[test]
fn n9_longest_name() {
    within(|| {
        let nt = Nt::new();
        for (units, expected) in [(32_765, None), (32_766, None), (32_767, Some(INVALID)), (100_000, Some(INVALID))] {
            let mut name = base("").to_vec();
            name.resize(units, u16::from(b'x'));
            let made = Named::Event.create(nt, ObjectAttributes::named(&name));
            assert_eq!(made.err(), expected, "{units}");
            assert_eq!(Named::Event.open(nt, &name).err(), expected, "{units}");
            if let Ok(event) = made {
                assert_eq!(nt.path(event).len(), units);
            } else {
                let nonsense = vec![u16::from(b'x'); units];
                let attributes = ObjectAttributes::named(&nonsense).within(Handle(4_444));
                assert_eq!(Named::Event.create(nt, attributes).err(), expected);
            }
        }
    });
}

/// A name of no length is none for a creation, whose root is not even looked at. Opening without a name: NAME_INVALID with a
/// root, PATH_SYNTAX_BAD without.
#[test]
fn n12_no_name() {
    within(|| {
        let nt = Nt::new();
        let root = names::directory(nt, r"\BaseNamedObjects");
        for kind in Named::ALL {
            for text in [None, Some(&[][..])] {
                let mut attributes = ObjectAttributes::NONE;
                attributes.name = text;
                for root in [root, Handle(0xDEAD_BEE0), Handle::CURRENT_PROCESS] {
                    let made = kind.create(nt, attributes.within(root)).expect("an object without a name");
                    assert_eq!(nt.path(made), "");
                    nt.close(made);
                }
                let open = |root| kind.open_with(nt, AccessMask::MAXIMUM_ALLOWED, attributes.within(root));
                assert_eq!(open(root), Err(INVALID), "{kind:?}");
                assert_eq!(open(Handle::NULL), Err(SYNTAX), "{kind:?}");
            }
        }
    });
}

/// Win32 names live in a directory of the session, in which Local leads to itself and Global to that of all sessions.
#[test]
fn n17_local_and_global() {
    within(|| {
        let nt = Nt::new();
        // what Win32 says, the path
        let rows = [
            ("n17", r"\Sessions\1\BaseNamedObjects\n17"),
            (r"Local\n17", r"\Sessions\1\BaseNamedObjects\n17"),
            (r"Global\n17", r"\BaseNamedObjects\n17"),
            (r"Local\Global\n17", r"\BaseNamedObjects\n17"),
        ];
        for (win32, path) in rows {
            let made = Named::Event.create(nt, ObjectAttributes::named(&ObjectName::win32(win32).expect("a name")));
            let made = made.expect("an event");
            assert_eq!(nt.path(made), path);
            let found = Named::Event.open(nt, &name(path)).expect("the event");
            assert_eq!(nt.nt_compare_objects(made, found), NtStatus::SUCCESS);
            [made, found].into_iter().for_each(|handle| nt.close(handle));
        }
        for link in [r"\BaseNamedObjects\Local", r"\BaseNamedObjects\Global"] {
            let [link, directory] = [link, r"\BaseNamedObjects"].map(|path| names::directory(nt, path));
            assert_eq!(nt.nt_compare_objects(link, directory), NtStatus::SUCCESS);
        }
        // N18: a backslash elsewhere separates directories. N14: Win32 names are case-sensitive, prefixes too.
        for missing in [r"dir\n17", r"global\n17"] {
            let missing = ObjectName::win32(missing).expect("a name");
            assert_eq!(Named::Event.create(nt, ObjectAttributes::named(&missing)), Err(NO_PATH));
        }
        assert_eq!(ObjectName::win32(r"\n17").err(), Some(SYNTAX));
    });
}

/// The name class gives the full path with a zero behind it; too small a buffer is INFO_LENGTH_MISMATCH with the length that
/// is needed. The basic information has that length too.
#[test]
fn n22_query_of_a_name() {
    within(|| {
        let nt = Nt::new();
        let text = r"\BaseNamedObjects\n22 ä";
        let event = Named::Event.create(nt, ObjectAttributes::named(&name(text))).expect("an event");
        let units: Vec<u16> = text.encode_utf16().collect();
        let needed = 16 + 2 * units.len() + 2;
        for length in [0, 8, 15, 16, 17, needed - 1] {
            let (mut buffer, mut told) = (vec![0xAA; length], 0);
            let status = nt.nt_query_object(event, 1, &mut buffer, Some(&mut told));
            assert_eq!((status, told as usize), (NtStatus::INFO_LENGTH_MISMATCH, needed), "{length}");
            assert_eq!(buffer, vec![0xAA; length], "nothing is written");
        }
        let (mut buffer, mut told) = (vec![0xAA; needed + 3], 0);
        assert_eq!(nt.nt_query_object(event, 1, &mut buffer, Some(&mut told)), NtStatus::SUCCESS);
        assert_eq!(told as usize, needed);
        let bytes: Vec<u8> = units.iter().chain(&[0]).flat_map(|unit| unit.to_ne_bytes()).collect();
        assert_eq!((&buffer[16..needed], &buffer[needed..]), (&bytes[..], &[0xAA; 3][..]));
        let lengths = (2 * units.len() as u32) | ((2 * units.len() as u32 + 2) << 16);
        assert_eq!(u32_at(&buffer, 0), lengths, "length and maximum");
        let address = u64::from_ne_bytes(buffer[8..16].try_into().expect("eight bytes"));
        assert_eq!(address, buffer[16..].as_ptr().expose_provenance() as u64);

        assert_eq!(names::name_length(nt, event), needed as u32);
        assert_eq!(names::name_length(nt, nt.auto(false)), 0);
        let unnamed = nt.duplicate(event, AccessMask::empty()).expect("a duplicate");
        assert_eq!(nt.path(unnamed), text, "a query needs no right");
    });
}

/// Paths of directories: the root's, of directories in directories, and of what is in one that lost its name.
#[test]
fn n22_paths_of_directories() {
    within(|| {
        let nt = Nt::new();
        for path in [r"\", r"\BaseNamedObjects", r"\Sessions\1\BaseNamedObjects"] {
            assert_eq!(nt.path(names::directory(nt, path)), path);
        }
        let outer = Named::Directory.create(nt, ObjectAttributes::named(&name(r"\outer"))).expect("a directory");
        let inner_name = name("inner");
        let create_inner = || Named::Directory.create(nt, ObjectAttributes::named(&inner_name).within(outer));
        let inner = create_inner().expect("a directory");
        let event = Named::Event.create(nt, ObjectAttributes::named(&name("x")).within(inner)).expect("an event");
        assert_eq!(nt.path(event), r"\outer\inner\x");

        nt.close(inner);
        assert_eq!(nt.path(event), r"\...\x");
        assert_eq!(Named::Event.open(nt, &name(r"\outer\inner\x")), Err(NO_PATH));
        let inner = create_inner().expect("another directory");
        assert_eq!(Named::Event.open(nt, &name(r"\outer\inner\x")), Err(NOT_FOUND), "it begins empty");
        let nameless = Named::Directory.create(nt, ObjectAttributes::NONE).expect("a directory without a name");
        let within = Named::Event.create(nt, ObjectAttributes::named(&name("x")).within(nameless)).expect("an event");
        assert_eq!(nt.path(within), r"\...\x");
        [inner, nameless, outer, event, within].into_iter().for_each(|handle| nt.close(handle));
    });
}

/// Directories within directories can have a path that no string can hold.
#[test]
fn path_that_is_too_long() {
    within(|| {
        let nt = Nt::new();
        let part = vec![u16::from(b'x'); 32_000];
        let first = Named::Directory.create(nt, ObjectAttributes::named(&name(r"\first"))).expect("a directory");
        let second = Named::Directory.create(nt, ObjectAttributes::named(&part).within(first)).expect("a directory");
        let event = Named::Event.create(nt, ObjectAttributes::named(&part).within(second)).expect("an event");
        let mut room = vec![0; 200_000];
        assert_eq!(nt.nt_query_object(event, 1, &mut room, None), NtStatus::NAME_TOO_LONG);
        assert_eq!(nt.path(second).len(), r"\first\".len() + 32_000);
    });
}
