//! Models of the two locks: an object's, in its word, and a handle shard's. In a model nobody spins for them.

use ntwait::NtStatus;
use ntwait_models::nt::Nt;
use ntwait_models::{model, model_reaching};

/// L1: a shard's lock is given on to whoever sleeps for it.
///
/// A, B, C: ask for a handle's flags, which lie under the lock of its shard
#[test]
fn l1_shard_lock_sleeps_and_wakes() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let others = [(); 2].map(|()| nt.spawn(move |nt| nt.flags(event)));
        assert_eq!(nt.flags(event), Ok([0, 0]));
        assert_eq!(others.map(|other| other.join().unwrap()), [Ok([0, 0]); 2]);
    });
}

/// S4: an object's lock is given on to whoever sleeps for it.
///
/// A, B, C: ask for the handle count, which lies under the object's lock
#[test]
fn s4_object_lock_sleeps_and_wakes() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let others = [(); 2].map(|()| nt.spawn(move |nt| nt.handle_count(event)));
        assert_eq!(nt.handle_count(event), Ok(1));
        assert_eq!(others.map(|other| other.join().unwrap()), [Ok(1); 2]);
    });
}

/// S4: the end of an object leaves nobody asleep for its lock.
///
/// A: ask for the handle count; close          B, C: ask for the handle count
#[test]
fn s4_destruction_wakes_the_lock_sleepers() {
    model_reaching(&["both before", "one before", "both after"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let others = [(); 2].map(|()| nt.spawn(move |nt| nt.handle_count(event)));
        assert_eq!(nt.handle_count(event), Ok(1));
        assert_eq!(nt.close(event), NtStatus::SUCCESS);
        let counts = others.map(|other| other.join().unwrap());
        assert!(counts.iter().all(|count| [Ok(1), Err(NtStatus::INVALID_HANDLE)].contains(count)), "{counts:?}");
        match counts.iter().filter(|count| count.is_ok()).count() {
            2 => "both before",
            1 => "one before",
            _ => "both after",
        }
    });
}

/// S4: the same where the object's last handle is one of two, so that its end is an unlock.
///
/// A: close the first; close the second          B: ask for the handle count of the second
#[test]
fn s4_destroying_unlock_wakes_the_lock_sleepers() {
    model_reaching(&["two", "one", "none"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let second = nt.duplicate(event).unwrap();
        let other = nt.spawn(move |nt| nt.handle_count(second));
        assert_eq!([event, second].map(|handle| nt.close(handle)), [NtStatus::SUCCESS; 2]);
        match other.join().unwrap() {
            Ok(2) => "two",
            Ok(1) => "one",
            Err(NtStatus::INVALID_HANDLE) => "none",
            other => panic!("{other:?}"),
        }
    });
}
