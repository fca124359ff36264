//! Names: facts N1 to N7, N9, N12, N14 to N17, N20 to N22, H9, E2, E25, M31, SE2, SE16, T23.
//!
//! | facts | where |
//! |---|---|
//! | N1–N7, N9, N12, N14–N17, N20–N22 (with a name), H9, E2, E25, M31, SE2, SE16, T23 | here |
//! | N22 (without a name), N23 | `facts_handles.rs` |
//! | N25 | `facts_thread_handles.rs` |
//! | H30, M26–M30, access of named objects | `facts_access.rs` |
//! | races for one name | `facts_names_races.rs` |
//! | N8, N10, N11, N13 | are about pointers and structures: a matter of the C face |
//! | N18, N19, E27, E29 | Win32 calls, which are made of these |
//! | N24 | calls that this face does not have |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;

use common::names::{Named, OPENIF, base, name};
use common::{AUTO, FOREVER, FULL, MANUAL, Nt, POLL, Worker, names, object, u32_at, within};
use ntwait::{
    AccessMask, Event, EventType, Handle, HandleAttributes, NtStatus, ObjectAttributes, ObjectName, TimerType,
};

/// Create, the name exists, the type is the same, OPENIF: a handle to the old object, and the call says so.
#[test]
fn n1_openif_opens_what_is_there() {
    within(|| {
        let nt = Nt::new();
        for kind in Named::ALL {
            let name = base("n1");
            let existed = Cell::new(true);
            let first = kind.create(nt, ObjectAttributes::named(&name).or_open(&existed)).expect("a new object");
            assert!(!existed.get(), "{kind:?}");
            let second = kind.create(nt, ObjectAttributes::named(&name).or_open(&existed)).expect("the same object");
            assert!(existed.get(), "{kind:?}");
            assert_eq!(nt.nt_compare_objects(first, second), NtStatus::SUCCESS, "{kind:?}");
            let silent = kind.create(nt, ObjectAttributes::named(&name).with(OPENIF)).expect("the same object");
            assert_eq!(nt.basic(first).handles, 3, "{kind:?}");
            [first, second, silent].into_iter().for_each(|handle| nt.close(handle));
            assert_eq!(kind.open(nt, &name), Err(NtStatus::OBJECT_NAME_NOT_FOUND), "{kind:?}");
        }
    });
}

/// An unnamed creation says that it opened nothing; a refused one says nothing.
#[test]
fn n1_what_is_told_of_unnamed_objects() {
    within(|| {
        let nt = Nt::new();
        let existed = Cell::new(true);
        let event = nt.nt_create_event(FULL, ObjectAttributes::NONE.or_open(&existed), AUTO, false);
        assert!(event.is_ok() && !existed.get());
        existed.set(true);
        let refused = nt.nt_create_event(FULL, ObjectAttributes::NONE.or_open(&existed), EventType(2), false);
        assert!(refused.is_err() && existed.get());
    });
}

/// The same without OPENIF is a collision, and changes nothing.
#[test]
fn n2_collision() {
    within(|| {
        let nt = Nt::new();
        for kind in Named::ALL {
            let name = base("n2");
            let object = kind.create(nt, ObjectAttributes::named(&name)).expect("a new object");
            for _ in 0..100 {
                let again = kind.create(nt, ObjectAttributes::named(&name));
                assert_eq!(again, Err(NtStatus::OBJECT_NAME_COLLISION), "{kind:?}");
            }
            assert_eq!(nt.basic(object).handles, 1, "{kind:?}");
            nt.close(object);
        }
    });
}

/// The name exists with another type: TYPE_MISMATCH, with or without OPENIF; so for open (N15: one name space for all types).
#[test]
fn n3_n15_type_mismatch() {
    within(|| {
        let nt = Nt::new();
        for owner in Named::ALL {
            let name = base("n3");
            let object = owner.create(nt, ObjectAttributes::named(&name)).expect("a new object");
            for other in Named::ALL.into_iter().filter(|other| *other != owner) {
                let mismatch = Err(NtStatus::OBJECT_TYPE_MISMATCH);
                let attributes = ObjectAttributes::named(&name);
                assert_eq!(other.create(nt, attributes), mismatch, "{other:?} for {owner:?}");
                assert_eq!(other.create(nt, attributes.with(OPENIF)), mismatch, "{other:?} for {owner:?}");
                assert_eq!(other.open(nt, &name), mismatch, "{other:?} for {owner:?}");
            }
            assert_eq!(nt.basic(object).handles, 1);
            nt.close(object);
        }
    });
}

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

/// Names differ in case, unless the call asks otherwise; then one that is spelt the same comes first.
#[test]
fn n14_case() {
    within(|| {
        let nt = Nt::new();
        let ignoring = HandleAttributes::CASE_INSENSITIVE;
        let [upper, lower] = [base("N14 ÄÖÜ Ω"), base("n14 äöü ω")];
        let first = Named::Event.create(nt, ObjectAttributes::named(&upper)).expect("an event");
        assert_eq!(Named::Event.open(nt, &lower), Err(NOT_FOUND));
        let all = name(r"\basenamedOBJECTS\n14 ÄöÜ ω");
        let found = nt.nt_open_event(FULL, ObjectAttributes::named(&all).with(ignoring)).expect("the event");
        assert_eq!(nt.nt_compare_objects(first, found), NtStatus::SUCCESS);
        let collision = Named::Event.create(nt, ObjectAttributes::named(&lower).with(ignoring));
        assert_eq!(collision, Err(NtStatus::OBJECT_NAME_COLLISION));

        let second = Named::Event.create(nt, ObjectAttributes::named(&lower)).expect("another event");
        assert_eq!(nt.nt_compare_objects(first, second), NtStatus::NOT_SAME_OBJECT);
        for (name, event) in [(&upper, first), (&lower, second)] {
            let found = nt.nt_open_event(FULL, ObjectAttributes::named(name).with(ignoring)).expect("an event");
            assert_eq!(nt.nt_compare_objects(event, found), NtStatus::SUCCESS);
        }
        assert_eq!(nt.path(first), r"\BaseNamedObjects\N14 ÄÖÜ Ω", "a name keeps its spelling");
    });
}

/// The name goes with the last handle, whichever way that was made.
#[test]
fn n16_n20_name_goes_with_the_last_handle() {
    within(|| {
        let nt = Nt::new();
        for kind in Named::ALL {
            let name = base("n16");
            let created = kind.create(nt, ObjectAttributes::named(&name)).expect("a new object");
            let again = kind.create(nt, ObjectAttributes::named(&name).with(OPENIF)).expect("the same");
            let opened = kind.open(nt, &name).expect("the same");
            let duplicate = nt.duplicate(created, AccessMask::SYNCHRONIZE).expect("the same");
            for handle in [created, again, opened, duplicate] {
                assert!(kind.open(nt, &name).map(|handle| nt.close(handle)).is_ok(), "{kind:?}");
                nt.close(handle);
            }
            assert_eq!(kind.open(nt, &name), Err(NOT_FOUND), "{kind:?}");
            for _ in 0..1_000 {
                let handle = kind.create(nt, ObjectAttributes::named(&name)).expect("a new object");
                nt.close(handle);
            }
        }
    });
}

/// OBJ_PERMANENT needs a privilege, for creation; making temporary needs DELETE.
#[test]
fn n16_permanent_and_temporary() {
    within(|| {
        let nt = Nt::new();
        let name = base("n16");
        let permanent = HandleAttributes::PERMANENT;
        let refused = Named::Event.create(nt, ObjectAttributes::named(&name).with(permanent));
        assert_eq!(refused, Err(NtStatus::PRIVILEGE_NOT_HELD));
        assert_eq!(Named::Event.open(nt, &name), Err(NOT_FOUND));

        let event = Named::Event.create(nt, ObjectAttributes::named(&name)).expect("an event");
        assert_eq!(nt.nt_make_temporary_object(event), NtStatus::SUCCESS);
        let without = nt.duplicate(event, FULL.difference(AccessMask::DELETE)).expect("a duplicate");
        assert_eq!(nt.nt_make_temporary_object(without), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.nt_make_temporary_object(Handle::NULL), NtStatus::INVALID_HANDLE);
        assert_eq!(nt.nt_make_temporary_object(names::directory(nt, r"\BaseNamedObjects")), NtStatus::SUCCESS);
        nt.close(without);
        nt.close(event);
        assert!(Named::Event.create(nt, ObjectAttributes::named(&name)).is_ok(), "the directory stays");
    });
}

/// A waiter keeps the object alive and not its name: the name is free at once, and a new object can have it.
#[test]
fn h9_waiter_does_not_keep_the_name() {
    within(|| {
        let nt = Nt::new();
        let name = base("h9");
        for event_type in [AUTO, MANUAL] {
            let create = || nt.nt_create_event(FULL, ObjectAttributes::named(&name), event_type, false).expect("new");
            let (old, end) = (create(), nt.manual(false));
            let waiter = Worker::blocked(move || nt.any(&[old, end], FOREVER));
            nt.close(old);
            assert_eq!(Named::Event.open(nt, &name), Err(NOT_FOUND));
            let new = create();
            nt.set(new);
            assert!(waiter.is_blocked(), "that is another event");
            nt.set(end);
            assert_eq!(waiter.join(), object(1));
            nt.check(new, event_type, 1);
            let found = Named::Event.open(nt, &name).expect("the new one");
            assert_eq!(nt.nt_compare_objects(new, found), NtStatus::SUCCESS);
            [new, found].into_iter().for_each(|handle| nt.close(handle));
        }
    });
}

/// The owner keeps a mutant alive and not its name; what it owned then is gone for everybody else.
#[test]
fn h9_owner_does_not_keep_the_name() {
    within(|| {
        let nt = Nt::new();
        let name = base("h9 mutant");
        let create = || nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::named(&name), true);
        for _ in 0..100 {
            nt.close(create().expect("a mutant of mine"));
            assert_eq!(Named::Mutant.open(nt, &name), Err(NOT_FOUND));
        }
        // Closed by another thread, which cannot release it.
        let mine = create().expect("a mutant of mine");
        std::thread::spawn(move || nt.close(mine)).join().expect("closed");
        assert_eq!(Named::Mutant.open(nt, &name), Err(NOT_FOUND));
        let next = create().expect("another mutant of mine");
        assert_eq!(nt.basic(next).handles, 1);
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

/// Value parameters are checked before the name is looked up.
#[test]
fn n21_e2_se2_values_before_names() {
    within(|| {
        let nt = Nt::new();
        let all = AccessMask::MAXIMUM_ALLOWED;
        let (event, missing) = (base("n21"), name(r"\missing\x"));
        let _owner = Named::Event.create(nt, ObjectAttributes::named(&event)).expect("an event");
        for name in [&event, &missing] {
            let attributes = ObjectAttributes::named(name).with(OPENIF);
            let refused = Err(NtStatus::INVALID_PARAMETER);
            assert_eq!(nt.nt_create_event(all, attributes, EventType(2), false), refused);
            for (initial, maximum) in [(2, 1), (0, 0), (-1, 1), (0, -1)] {
                assert_eq!(nt.nt_create_semaphore(all, attributes, initial, maximum), refused);
            }
        }
    });
}

/// What exists keeps its type and its state: the arguments of the later creation are ignored.
#[test]
fn e25_m31_se16_t23_arguments_are_ignored() {
    within(|| {
        let nt = Nt::new();
        let all = AccessMask::MAXIMUM_ALLOWED;
        let [event, mutant, semaphore, timer] = ["e25", "m31", "se16", "t23"].map(base);
        let attributes = |name| ObjectAttributes::named(name).with(OPENIF);

        let first = nt.nt_create_event(all, attributes(&event), MANUAL, true).expect("an event");
        let second = nt.nt_create_event(all, attributes(&event), AUTO, false).expect("the event");
        assert_eq!((nt.look(second).event_type, nt.look(first).state), (MANUAL.0, 1));

        let first = nt.nt_create_semaphore(all, attributes(&semaphore), 3, 5).expect("a semaphore");
        let second = nt.nt_create_semaphore(all, attributes(&semaphore), 0, 1).expect("the semaphore");
        assert_eq!(nt.nt_release_semaphore(second, 2), Ok(3));
        assert_eq!(nt.nt_release_semaphore(first, 1), Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED));

        let (kept, ignored) = (TimerType::SYNCHRONIZATION, TimerType::NOTIFICATION);
        let first = nt.nt_create_timer(all, attributes(&timer), kept).expect("a timer");
        let second = nt.nt_create_timer(all, attributes(&timer), ignored).expect("the timer");
        let set = nt.nt_set_timer(second, 0, None, false, 0).expect("a timer");
        assert_eq!((set.status, set.previous_state), (NtStatus::SUCCESS, false));
        assert_eq!((nt.one(first, FOREVER), nt.one(first, POLL)), (object(0), NtStatus::TIMEOUT));

        let theirs = nt.nt_create_mutant(all, attributes(&mutant), false).expect("a mutant");
        let mine = nt.nt_create_mutant(all, attributes(&mutant), true).expect("the mutant");
        assert_eq!(nt.nt_release_mutant(mine), Err(NtStatus::MUTANT_NOT_OWNED), "M31");
        assert_eq!((nt.one(theirs, POLL), nt.nt_release_mutant(mine)), (object(0), Ok(0)));
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

/// Each runtime has names of its own, and a name that is in use does not keep a runtime alive.
#[test]
fn names_are_those_of_one_runtime() {
    within(|| {
        let (here, there) = (Nt::new(), Nt::new());
        let name = base("mine");
        let event = Named::Event.create(here, ObjectAttributes::named(&name)).expect("an event");
        assert_eq!(Named::Event.open(there, &name), Err(NOT_FOUND));
        let theirs = Named::Mutant.create(there, ObjectAttributes::named(&name)).expect("a mutant");
        assert_eq!((here.path(event), there.path(theirs)), (here.path(event), here.path(event)));
        let dropped = ntwait::Runtime::new().expect("a runtime");
        assert!(dropped.nt_create_event(FULL, ObjectAttributes::named(&name), AUTO, false).is_ok());
    });
}

/// A hundred thousand names: each leads to its own object, and none is left.
#[test]
fn a_hundred_thousand_names() {
    within(|| {
        let nt = Nt::new();
        let name = |number: u32| base(&format!("name {number}"));
        let handles: Vec<Handle> = (0..100_000)
            .map(|number| Named::Event.create(nt, ObjectAttributes::named(&name(number))).expect("an event"))
            .collect();
        for number in (0..100_000).step_by(97) {
            let found = Named::Event.open(nt, &name(number)).expect("an event");
            assert_eq!(nt.nt_compare_objects(found, handles[number as usize]), NtStatus::SUCCESS);
            nt.close(found);
        }
        handles.iter().for_each(|handle| nt.close(*handle));
        for number in 0..100_000 {
            assert_eq!(Named::Event.open(nt, &name(number)), Err(NOT_FOUND));
        }
    });
}

/// The typed face: one event of a name, which lasts as long as somebody has it.
#[test]
fn typed_events_with_names() {
    within(|| {
        let name = "typed_events_with_names";
        assert_eq!(Event::open(name).err(), Some(NOT_FOUND));
        let first = Event::named(name, MANUAL, true).expect("an event");
        let second = Event::named(name, AUTO, false).expect("the event");
        let third = Event::open(name).expect("the event");
        assert!(second.is_set() && third.reset() && !first.is_set());
        drop(first);
        drop(third);
        assert!(Event::open(name).is_ok());
        drop(second);
        assert_eq!(Event::open(name).err(), Some(NOT_FOUND));
        assert_eq!(Event::named("", MANUAL, true).err(), Some(INVALID));
    });
}
