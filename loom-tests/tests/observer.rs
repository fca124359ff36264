//! Models of descriptors that mirror objects: set and consume against poll. MI1 to MI3 stand at the head of
//! `src/objects/mirror.rs`, MI4 at that of `src/runtime/mirrors.rs`, R1 and R2 at that of `src/objects/lease.rs`.
//!
//! What a descriptor says is looked at when all threads have returned from their calls: then it must be what the object is.

use ntwait::NtStatus;
use ntwait_models::nt::{NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, model_within};

/// MI1: of two changes at once, the last one decides what is seen.
///
/// A: set          B: reset
#[test]
fn mi1_set_against_reset() {
    model_reaching(&["set", "clear"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let mirror = nt.export(event).unwrap();
        let setter = nt.spawn(move |nt| nt.set(event));
        nt.reset(event);
        setter.join().unwrap();
        let is_set = nt.state(event) == 1;
        assert_eq!(mirror.is_readable(), is_set);
        if is_set { "set" } else { "clear" }
    });
}

/// MI1: three at once.
///
/// A: set          B: reset          C: set
#[test]
fn mi1_three_changes() {
    model_within(2, || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let mirror = nt.export(event).unwrap();
        let setters = [(); 2].map(|()| nt.spawn(move |nt| nt.set(event)));
        nt.reset(event);
        for setter in setters {
            setter.join().unwrap();
        }
        assert_eq!(mirror.is_readable(), nt.state(event) == 1);
    });
}

/// MI1: what a wait takes is not seen any more; what is left is.
///
/// A: release 1          B: poll
#[test]
fn mi1_release_against_taking() {
    model(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(1, 5);
        let mirror = nt.export(semaphore).unwrap();
        let releaser = nt.spawn(move |nt| nt.post(semaphore, 1));
        let taken = nt.wait(semaphore, POLL) == NtStatus::WAIT_0;
        assert!(releaser.join().unwrap().is_ok() && taken);
        assert!(mirror.is_readable());
        assert_eq!(nt.wait(semaphore, POLL), NtStatus::WAIT_0);
        assert!(!mirror.is_readable());
        assert_eq!(nt.post(semaphore, 2), Ok(0));
        assert!(mirror.is_readable());
    });
}

/// MI1: what is handed to a thread that waits is not left to be seen; what comes too early for it is taken from there.
///
/// A: set          B: wait, for ever
#[test]
fn mi1_hand_off() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let mirror = nt.export(event).unwrap();
        let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.set(event);
        assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        assert!(!mirror.is_readable());
    });
}

/// MI1: nothing is missed between what an object was when it was exported and its first change after that.
///
/// A: set          B: export
#[test]
fn mi1_export_against_a_set() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.set(event));
        let mirror = nt.export(event).unwrap();
        setter.join().unwrap();
        assert!(mirror.is_readable());
    });
}

/// An object has one mirror, whoever asks for it first; the other's is closed and nobody uses it.
///
/// A: export; set          B: export
#[test]
fn two_exports_are_one() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let other = nt.spawn(move |nt| {
            let mirror = nt.export(event).unwrap();
            nt.set(event);
            mirror
        });
        let mirror = nt.export(event).unwrap();
        let other = other.join().unwrap();
        assert!(mirror.is_readable() && other.is_readable());
    });
}

/// MI4, R1: the end of the object closes its descriptor, and nobody uses it after that.
///
/// A: set          B: close
#[test]
fn mi4_the_end_against_a_change() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let _mirror = nt.export(event).unwrap();
        let setter = nt.spawn(move |nt| nt.try_set(event));
        assert_eq!(nt.close(event), NtStatus::SUCCESS);
        assert!(matches!(setter.join().unwrap(), Ok(0) | Err(NtStatus::INVALID_HANDLE)));
    });
}

/// MI3, R1, R2: who comes late to the mirror of one object does no harm to that of the next one in its place.
///
/// A: set the first          B: close the first; make the next; export it; set it
#[test]
fn mi3_late_for_the_next_object() {
    model(|| {
        let nt = Nt::new();
        let first = nt.auto(false);
        let _mirror = nt.export(first).unwrap();
        let setter = nt.spawn(move |nt| nt.try_set(first));
        assert_eq!(nt.close(first), NtStatus::SUCCESS);
        let next = nt.auto(false);
        let mirror = nt.export(next).unwrap();
        nt.set(next);
        assert!(matches!(setter.join().unwrap(), Ok(0) | Err(NtStatus::INVALID_HANDLE)));
        assert!(mirror.is_readable());
        assert_eq!(nt.wait(next, POLL), NtStatus::WAIT_0);
        assert!(!mirror.is_readable());
    });
}

/// MI3, S2: who has let go of the lock looks at the word alone; all else may be the next object's by then.
///
/// A: release too many of the first, which its lock refuses          B: close the first; make the next
#[test]
fn mi3_another_kind_in_its_place() {
    model(|| {
        let nt = Nt::new();
        let semaphore = nt.semaphore(0, 5);
        let _mirror = nt.export(semaphore).unwrap();
        let releaser = nt.spawn(move |nt| nt.post(semaphore, 6));
        assert_eq!(nt.close(semaphore), NtStatus::SUCCESS);
        let next = nt.auto(false);
        let refused = [NtStatus::SEMAPHORE_LIMIT_EXCEEDED, NtStatus::INVALID_HANDLE];
        assert!(releaser.join().unwrap().is_err_and(|status| refused.contains(&status)));
        assert_eq!(nt.state(next), 0);
    });
}
