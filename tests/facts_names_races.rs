//! Threads that make, open and close objects of one name at the same time.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use common::names::{Named, OPENIF, base, name};
use common::{Nt, Random, object, trials, within};
use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes};

const THREADS: u64 = 4;
const NOT_FOUND: NtStatus = NtStatus::OBJECT_NAME_NOT_FOUND;

/// Runs the body in four threads that begin together.
fn together(body: impl Fn(u64) + Send + Sync + 'static) {
    let (body, barrier) = (Arc::new(body), Arc::new(Barrier::new(THREADS as usize)));
    let threads: Vec<_> = (0..THREADS)
        .map(|number| {
            let (body, barrier) = (Arc::clone(&body), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                body(number);
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
}

/// Of all who make an object of one name at the same moment exactly one makes it, and all have the same.
#[test]
fn n1_one_of_all_creators_makes_it() {
    within(|| {
        let nt = Nt::new();
        for kind in Named::ALL {
            for _ in trials(300) {
                let made = Arc::new(AtomicU32::new(0));
                let (count, open) = (Arc::clone(&made), Arc::new(Barrier::new(THREADS as usize)));
                together(move |_| {
                    let (name, existed) = (base("race"), Cell::new(true));
                    let mine = kind.create(nt, ObjectAttributes::named(&name).or_open(&existed)).expect("an object");
                    count.fetch_add(u32::from(!existed.get()), Ordering::Relaxed);
                    let other = kind.open(nt, &name).expect("the object");
                    assert_eq!(nt.nt_compare_objects(mine, other), NtStatus::SUCCESS);
                    open.wait();
                    nt.close(mine);
                    nt.close(other);
                });
                assert_eq!(made.load(Ordering::Relaxed), 1, "{kind:?}");
                assert_eq!(kind.open(nt, &base("race")), Err(NOT_FOUND), "{kind:?}");
            }
        }
    });
}

/// A handle that was just returned is good, whatever others close; two handles that one thread holds at the same time lead to
/// one object; and in the end the name is free.
#[test]
fn n4_storm_on_a_few_names() {
    within(|| {
        let nt = Nt::new();
        together(move |number| {
            let mut random = Random::new(number + 1);
            for _ in trials(20_000) {
                let kind = random.pick(&[Named::Event, Named::Semaphore, Named::Mutant]);
                let name = base(&format!("storm {kind:?} {}", random.below(3)));
                let created = kind.create(nt, ObjectAttributes::named(&name).with(OPENIF)).expect("an object");
                let opened = kind.open(nt, &name).expect("it is held");
                assert_eq!(nt.nt_compare_objects(created, opened), NtStatus::SUCCESS);
                if random.one_in(4) {
                    assert_eq!(nt.path(opened).encode_utf16().collect::<Vec<_>>(), *name);
                }
                nt.close(created);
                let again = kind.open(nt, &name).expect("it is held");
                assert_eq!(nt.nt_compare_objects(again, opened), NtStatus::SUCCESS);
                nt.close(opened);
                nt.close(again);
                match kind.open(nt, &name) {
                    Ok(theirs) => nt.close(theirs),
                    Err(status) => assert_eq!(status, NOT_FOUND),
                }
            }
        });
        for kind in Named::ALL {
            for number in 0..3 {
                assert_eq!(kind.open(nt, &base(&format!("storm {kind:?} {number}"))), Err(NOT_FOUND));
            }
        }
    });
}

/// The same where waiters keep objects alive that have lost their names: a signal goes to the object that was opened.
#[test]
fn h9_storm_with_waiters() {
    within(|| {
        let nt = Nt::new();
        together(move |number| {
            let name = base("storm of waiters");
            let all = AccessMask::EVENT_ALL_ACCESS;
            for trial in trials(3_000) {
                let event = nt
                    .nt_create_event(all, ObjectAttributes::named(&name).with(OPENIF), common::AUTO, false)
                    .expect("an event");
                if number % 2 == 0 {
                    let status = nt.one(event, Some(-i64::from(trial % 5) * 100));
                    assert!([object(0), NtStatus::TIMEOUT].contains(&status), "{status}");
                } else {
                    nt.set(event);
                }
                nt.close(event);
            }
        });
        assert_eq!(Named::Event.open(nt, &base("storm of waiters")), Err(NOT_FOUND));
    });
}

/// Directories come and go while things are made in them: what was made can be reached by its handle, and by its path as long
/// as its directory has its name.
#[test]
fn n4_storm_on_directories() {
    within(|| {
        let nt = Nt::new();
        together(move |number| {
            let (outer, inner) = (name(r"\BaseNamedObjects\dir"), name(r"\BaseNamedObjects\dir\x"));
            for _ in trials(10_000) {
                if number % 2 == 0 {
                    let directory = Named::Directory.create(nt, ObjectAttributes::named(&outer).with(OPENIF));
                    nt.close(directory.expect("a directory"));
                    continue;
                }
                match Named::Event.create(nt, ObjectAttributes::named(&inner).with(OPENIF)) {
                    Ok(event) => {
                        assert!([r"\BaseNamedObjects\dir\x", r"\...\x"].contains(&nt.path(event).as_str()));
                        nt.set(event);
                        nt.close(event);
                    }
                    Err(status) => assert_eq!(status, NtStatus::OBJECT_PATH_NOT_FOUND),
                }
            }
        });
        assert_eq!(Named::Directory.open(nt, &name(r"\BaseNamedObjects\dir")), Err(NOT_FOUND));
    });
}

/// Many names at once, from an empty table: it grows under their hands.
#[test]
fn n5_growth_under_load() {
    within(|| {
        for _ in 0..20 {
            let nt = Nt::new();
            together(move |thread| {
                let name = |number: u64| base(&format!("{thread} {number}"));
                let handles: Vec<Handle> = (0..500)
                    .map(|number| Named::Event.create(nt, ObjectAttributes::named(&name(number))).expect("an event"))
                    .collect();
                for (number, handle) in (0..).zip(&handles) {
                    let found = Named::Event.open(nt, &name(number)).expect("the event");
                    assert_eq!(nt.nt_compare_objects(found, *handle), NtStatus::SUCCESS);
                    nt.close(found);
                    nt.close(*handle);
                    assert_eq!(Named::Event.open(nt, &name(number)), Err(NOT_FOUND));
                }
            });
        }
    });
}
