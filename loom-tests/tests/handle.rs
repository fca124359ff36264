//! Models of handles: what a stale one does, and what happens to an object that is closed while others use it.
//!
//! A model's table is small: an issue number wraps after 2, an index rests behind one other, a slot serves three objects.

use ntwait::internals::pass_time;
use ntwait::{AccessMask, Handle, NtStatus};
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{model, model_reaching};

const SECOND: NtStatus = NtStatus(NtStatus::WAIT_0.0 + 1);

/// Closes the handle and makes a handle that has its index, and an object that has its object's slot.
fn replace(nt: &Nt, handle: Handle, set: bool) -> Handle {
    assert_eq!(nt.close(handle), NtStatus::SUCCESS);
    let between = nt.auto(false);
    assert_eq!(nt.close(between), NtStatus::SUCCESS);
    nt.auto(set)
}

/// H1: a set through a stale handle does nothing, though its index and its object's slot are used again.
///
/// A: close H; make another with its index and slot          B: set H
#[test]
fn h1_stale_handle_sets_nothing() {
    model_reaching(&["before", "refused"], || {
        let nt = Nt::new();
        let stale = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.try_set(stale));
        let fresh = replace(&nt, stale, false);
        let ending = match setter.join().unwrap() {
            Ok(0) => "before",
            Err(NtStatus::INVALID_HANDLE) => "refused",
            other => panic!("{other:?}"),
        };
        assert_ne!(fresh, stale);
        assert_eq!((nt.state(fresh), nt.handle_count(fresh)), (0, Ok(1)));
        ending
    });
}

/// H1: nor does a wait through a stale handle take anything, be it a look or a wait in the queue.
///
/// A: close H; make another, set, with its index and slot          B: look at H; wait for H, may time out
#[test]
fn h1_stale_handle_takes_nothing() {
    model_reaching(&["clear", "refused"], || {
        let nt = Nt::new();
        let stale = nt.auto(false);
        pass_time();
        let waiter = nt.spawn(move |nt| [nt.wait(stale, POLL), nt.wait(stale, SOON)]);
        let fresh = replace(&nt, stale, true);
        let ending = match waiter.join().unwrap() {
            [NtStatus::TIMEOUT, NtStatus::TIMEOUT] => "clear",
            [NtStatus::TIMEOUT | NtStatus::INVALID_HANDLE, NtStatus::INVALID_HANDLE] => "refused",
            other => panic!("{other:?}"),
        };
        assert_eq!((nt.state(fresh), nt.waiters(fresh), nt.handle_count(fresh)), (1, 0, Ok(1)));
        ending
    });
}

/// H1: nor does a query tell of another object or another handle's rights.
///
/// A: close H; make another, to wait for only, with its index and slot          B: what may H do?
#[test]
fn h1_stale_handle_tells_nothing() {
    model_reaching(&["told", "refused"], || {
        let nt = Nt::new();
        let stale = nt.auto(false);
        let asker = nt.spawn(move |nt| nt.access(stale));
        assert_eq!(nt.close(stale), NtStatus::SUCCESS);
        let between = nt.auto(false);
        assert_eq!(nt.close(between), NtStatus::SUCCESS);
        let fresh = nt.to_wait_for();
        let ending = match asker.join().unwrap() {
            Ok(AccessMask::EVENT_ALL_ACCESS) => "told",
            Err(NtStatus::INVALID_HANDLE) => "refused",
            other => panic!("{other:?}"),
        };
        assert_eq!(nt.access(fresh), Ok(AccessMask::SYNCHRONIZE));
        ending
    });
}

/// H2: a handle value does not come back soon: each index has its issues, and rests behind others.
///
/// A: close H; make and close two more          B: set H
#[test]
fn h2_handle_value_does_not_come_back_soon() {
    model(|| {
        let nt = Nt::new();
        let stale = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.try_set(stale));
        let mut last = stale;
        for _ in 0..2 {
            assert_eq!(nt.close(last), NtStatus::SUCCESS);
            last = nt.auto(false);
            assert_ne!(last, stale);
        }
        assert!([Ok(0), Err(NtStatus::INVALID_HANDLE)].contains(&setter.join().unwrap()));
        assert_eq!(nt.state(last), 0);
    });
}

/// O3: nor does an object's generation: a slot that has used them up is retired.
///
/// A: close H; make and close two more in its slot; make another          B: set H
#[test]
fn o3_generation_does_not_come_back() {
    model_reaching(&["before", "refused"], || {
        let nt = Nt::new();
        let stale = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.try_set(stale));
        let second = replace(&nt, stale, false);
        assert_eq!(nt.close(second), NtStatus::SUCCESS);
        let last = nt.auto(false);
        let ending = match setter.join().unwrap() {
            Ok(0) => "before",
            Err(NtStatus::INVALID_HANDLE) => "refused",
            other => panic!("{other:?}"),
        };
        assert_eq!(nt.state(last), 0);
        ending
    });
}

/// F2: of two threads that close one handle one succeeds, and the object loses one handle.
///
/// A: close H          B: close H
#[test]
fn f2_one_of_two_closes_wins() {
    model_reaching(&["first", "second"], || {
        let nt = Nt::new();
        let handle = nt.auto(false);
        let other = nt.duplicate(handle).unwrap();
        let closer = nt.spawn(move |nt| nt.close(handle));
        let ending = match (nt.close(handle), closer.join().unwrap()) {
            (NtStatus::SUCCESS, NtStatus::INVALID_HANDLE) => "first",
            (NtStatus::INVALID_HANDLE, NtStatus::SUCCESS) => "second",
            other => panic!("{other:?}"),
        };
        assert_eq!((nt.handle_count(other), nt.set(other)), (Ok(1), 0));
        ending
    });
}

/// F2: protecting a handle against closing it: it is closed or protected, not both.
///
/// A: close H          B: protect H
#[test]
fn f2_protect_against_close() {
    model_reaching(&["closed", "protected"], || {
        let nt = Nt::new();
        let handle = nt.auto(false);
        let protector = nt.spawn(move |nt| nt.protect(handle));
        match (nt.close(handle), protector.join().unwrap()) {
            (NtStatus::SUCCESS, NtStatus::INVALID_HANDLE) => "closed",
            (NtStatus::HANDLE_NOT_CLOSABLE, NtStatus::SUCCESS) => {
                assert_eq!(nt.flags(handle), Ok([0, 1]));
                "protected"
            }
            other => panic!("{other:?}"),
        }
    });
}

/// S6, F1: a duplicate that is made keeps the object; one that comes too late gets nothing, least of all the next
/// object in that slot.
///
/// A: close H, the only handle; make another object in its slot          B: duplicate H
#[test]
fn s6_duplicate_against_last_close() {
    model_reaching(&["kept", "gone"], || {
        let nt = Nt::new();
        let handle = nt.auto(true);
        let duplicator = nt.spawn(move |nt| nt.duplicate(handle));
        assert_eq!(nt.close(handle), NtStatus::SUCCESS);
        let fresh = nt.auto(false);
        let ending = match duplicator.join().unwrap() {
            Ok(duplicate) => {
                assert_eq!((nt.state(duplicate), nt.handle_count(duplicate)), (1, Ok(1)));
                "kept"
            }
            Err(NtStatus::INVALID_HANDLE) => "gone",
            other => panic!("{other:?}"),
        };
        assert_eq!((nt.state(fresh), nt.handle_count(fresh)), (0, Ok(1)));
        ending
    });
}

/// W35: a wait outlives the handle it came by, and the object lives as long as the wait.
///
/// A: close H, the only handle; make two more          B: wait for H, may time out
#[test]
fn w35_close_against_wait() {
    for manual in [false, true] {
        model_reaching(&["waited", "refused"], move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            pass_time();
            let waiter = nt.spawn(move |nt| nt.wait(event, SOON));
            assert_eq!(nt.close(event), NtStatus::SUCCESS);
            let later = [nt.auto(false), nt.manual(true)];
            let ending = match waiter.join().unwrap() {
                NtStatus::TIMEOUT => "waited",
                NtStatus::INVALID_HANDLE => "refused",
                other => panic!("{other:?}"),
            };
            let found = later.map(|event| (nt.state(event), nt.waiters(event), nt.handle_count(event)));
            assert_eq!(found, [(0, 0, Ok(1)), (1, 0, Ok(1))]);
            ending
        });
    }
}

/// F1: a set is not lost to a close: if it was not refused, it releases who waits.
///
/// A: wait until B sleeps; close H, the only handle; set R if C was refused     B: wait for H or R     C: set H
#[test]
fn f1_set_against_close() {
    model_reaching(&["set", "refused"], || {
        let nt = Nt::new();
        let [event, rescue] = [nt.auto(false), nt.auto(false)];
        let waiter = nt.spawn(move |nt| nt.any(&[event, rescue], NEVER));
        nt.until_asleep(event, 1);
        let setter = nt.spawn(move |nt| nt.try_set(event));
        assert_eq!(nt.close(event), NtStatus::SUCCESS);
        let set = setter.join().unwrap();
        if set.is_err() {
            nt.set(rescue);
        }
        match (set, waiter.join().unwrap()) {
            (Ok(0), NtStatus::WAIT_0) => "set",
            (Err(NtStatus::INVALID_HANDLE), SECOND) => "refused",
            other => panic!("{other:?}"),
        }
    });
}

/// Q2: what is created and closed at the same time is distinct.
///
/// A: close one; make one          B: make one
#[test]
fn q2_creations_are_distinct() {
    model(|| {
        let nt = Nt::new();
        let old = nt.auto(false);
        let maker = nt.spawn(|nt| nt.auto(true));
        assert_eq!(nt.close(old), NtStatus::SUCCESS);
        let mine = nt.auto(false);
        let theirs = maker.join().unwrap();
        assert_ne!(mine, theirs);
        assert_eq!([mine, theirs].map(|event| (nt.state(event), nt.handle_count(event))), [(0, Ok(1)), (1, Ok(1))]);
        assert_eq!(nt.close(theirs), NtStatus::SUCCESS);
        assert_eq!(nt.set(mine), 0);
    });
}
