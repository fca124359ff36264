//! Names: facts N1 to N3, N14 to N16, N20, N21, H9, E2, E25, M31, SE2, SE16, T23.
//!
//! | facts | where |
//! |---|---|
//! | N1–N3, N14–N16, N20, N21, H9, E2, E25, M31, SE2, SE16, T23 | here |
//! | N4–N7, N9, N12, N17, N18, N22 (with a name) | `facts_names_paths.rs` |
//! | N22 (without a name), N23 | `facts_handles.rs` |
//! | N25 | `facts_thread_handles.rs` |
//! | H30, M26–M30, access of named objects | `facts_access.rs` |
//! | races for one name | `facts_names_races.rs` |
//! | N8, N10, N11, N13 | are about pointers and structures: a matter of the C face |
//! | N19, E27, E29 | Win32 calls, which are made of these |
//! | N24 | calls that this face does not have |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;

use common::names::{Named, OPENIF, base, name};
use common::{AUTO, FOREVER, FULL, MANUAL, Nt, POLL, Worker, names, object, within};
use ntwait::{AccessMask, Event, EventType, Handle, HandleAttributes, NtStatus, ObjectAttributes, TimerType};

const NOT_FOUND: NtStatus = NtStatus::OBJECT_NAME_NOT_FOUND;
const INVALID: NtStatus = NtStatus::OBJECT_NAME_INVALID;

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
