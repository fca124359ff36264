//! Several runtimes in one process, and the end of one: each is a world of its own, and nothing of a dropped one reaches another, not
//! even one that comes to lie at the same address.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::{Arc, mpsc};

use common::{AUTO, FOREVER, FULL, MANUAL, Nt, POLL, object, within};
use ntwait::{DuplicateOptions, Event, Handle, HandleAttributes, NtStatus, ObjectAttributes, Runtime, Timeout};

/// A real handle to the calling thread.
fn myself(runtime: &Runtime) -> Handle {
    let (me, thread, none) = (Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD, HandleAttributes::empty());
    let handle = runtime.nt_duplicate_object(me, thread, me, FULL, none, DuplicateOptions::SAME_ACCESS);
    handle.expect("a thread handle")
}

fn events(runtime: &Runtime) -> [Handle; 8] {
    core::array::from_fn(|_| runtime.nt_create_event(FULL, ObjectAttributes::NONE, AUTO, false).expect("an event"))
}

/// A handle of one runtime means nothing, or another object, in another.
#[test]
fn each_runtime_has_its_own_table() {
    within(|| {
        let (here, there) = (Nt::new(), Nt::new());
        let event = here.manual(false);
        assert_eq!(there.nt_set_event(event), Err(NtStatus::INVALID_HANDLE));
        let other = there.manual(false);
        there.set(other);
        here.check(event, MANUAL, 0);
        there.check(other, MANUAL, 1);
        here.close(event);
        there.check(other, MANUAL, 1);
        assert_eq!(there.all(&[other], POLL), object(0));
    });
}

/// Objects of two runtimes cannot be in one wait of the typed face.
#[test]
fn typed_waits_stay_in_one_runtime() {
    within(|| {
        let (here, there) = (Nt::new(), Nt::new());
        let mine = Event::new_in(here.0, AUTO, true).expect("an event");
        let theirs = Event::new_in(there.0, AUTO, true).expect("an event");
        assert!(ntwait::wait_any(&[&mine, &theirs], Timeout::Poll).is_err());
        assert!(ntwait::wait_all(&[&mine, &theirs], Timeout::Poll).is_err());
        assert!(ntwait::wait_any(&[], Timeout::Poll).is_err());
        assert_eq!((mine.is_set(), theirs.is_set()), (true, true), "nothing was taken");
    });
}

/// A runtime can be dropped with handles open, protected ones too; the next one begins empty.
#[test]
fn a_dropped_runtime_takes_its_handles_along() {
    within(|| {
        for _ in 0..50 {
            let runtime = Runtime::new().expect("a runtime");
            let events = events(&runtime);
            myself(&runtime);
            assert_eq!(runtime.nt_set_information_object(events[0], 4, &[1, 1]), NtStatus::SUCCESS);
            drop(runtime);
            let next = Runtime::new().expect("a runtime");
            for event in events {
                assert_eq!(next.nt_set_event(event), Err(NtStatus::INVALID_HANDLE));
            }
        }
    });
}

/// A thread that a dropped runtime knew is a new one to the next runtime, not whoever has its old place there.
#[test]
fn threads_of_a_dropped_runtime_are_strangers_to_the_next() {
    within(|| {
        for _ in 0..20 {
            let first = Runtime::new().expect("a runtime");
            myself(&first);
            drop(first);
            let second = Runtime::new().expect("a runtime");
            std::thread::scope(|scope| {
                let other = scope.spawn(|| myself(&second)).join().expect("a thread handle");
                let mine = myself(&second);
                assert_eq!(second.nt_compare_objects(mine, other), NtStatus::NOT_SAME_OBJECT);
                assert_eq!(second.nt_wait_for_single_object(mine, false, POLL), NtStatus::TIMEOUT, "I live");
                assert_eq!(second.nt_wait_for_single_object(other, false, FOREVER), object(0), "it has ended");
            });
        }
    });
}

/// The end of a thread that a dropped runtime knew signals nothing in the next runtime and takes nothing away there.
#[test]
fn the_end_of_a_stranger_changes_nothing() {
    within(|| {
        for events_first in [true, false] {
            for _ in 0..20 {
                let first = Arc::new(Runtime::new().expect("a runtime"));
                let theirs = Arc::clone(&first);
                let (known, is_known) = mpsc::channel();
                let (end, may_end) = mpsc::channel::<()>();
                let stranger = std::thread::spawn(move || {
                    myself(&theirs);
                    drop(theirs);
                    known.send(()).expect("the test listens");
                    may_end.recv()
                });
                is_known.recv().expect("the stranger is known");
                drop(first);

                let second = Nt(Runtime::new().expect("a runtime").leak());
                let early = events_first.then(|| events(&second));
                let mine = myself(&second);
                let events = early.unwrap_or_else(|| events(&second));
                drop(end);
                assert!(stranger.join().expect("the stranger").is_err());
                assert_eq!(second.one(mine, POLL), NtStatus::TIMEOUT, "I live");
                events.into_iter().for_each(|event| second.check(event, AUTO, 0));
            }
        }
    });
}
