//! Models of names: one object of a name at a time, whoever makes, opens and closes it.

use ntwait::{Handle, NtStatus};
use ntwait_models::model_reaching;
use ntwait_models::nt::{NEVER, Nt};

const NAME: &str = r"\x";
const NOT_FOUND: NtStatus = NtStatus::OBJECT_NAME_NOT_FOUND;

/// The name leads to the object of this handle, which has no other handle.
fn check(nt: &Nt, event: Handle) {
    assert_eq!(nt.handle_count(event), Ok(1));
    let found = nt.open(NAME).unwrap();
    assert!(nt.is_same(event, found));
    assert_eq!(nt.close(found), NtStatus::SUCCESS);
    assert_eq!(nt.close(event), NtStatus::SUCCESS);
    assert_eq!(nt.open(NAME), Err(NOT_FOUND));
}

/// N4: of two who create or open one of them makes the object, and both have it. They are the first to ask for a name, so
/// both make the directories that are always there, too.
///
/// A: create or open N          B: create or open N
#[test]
fn n4_two_creators_have_one_object() {
    model_reaching(&["mine", "theirs"], || {
        let nt = Nt::new();
        let _ = nt.auto(false); // so that the table has its one run of indices
        let other = nt.spawn(|nt| nt.create_or_open(NAME, false).unwrap());
        let (mine, existed) = nt.create_or_open(NAME, false).unwrap();
        let (theirs, existed_for_them) = other.join().unwrap();
        assert!(nt.is_same(mine, theirs));
        assert_ne!(existed, existed_for_them);
        assert_eq!(nt.close(theirs), NtStatus::SUCCESS);
        check(&nt, mine);
        if existed { "theirs" } else { "mine" }
    });
}

/// N2, N3: creating or opening against the last close: the old object with its name, or a new one that keeps it.
///
/// A: close H, the only handle of N          B: create or open N
#[test]
fn n3_creation_against_last_close() {
    model_reaching(&["found", "new"], || {
        let nt = Nt::new();
        let old = nt.named(NAME, true);
        let creator = nt.spawn(|nt| nt.create_or_open(NAME, false).unwrap());
        assert_eq!(nt.close(old), NtStatus::SUCCESS);
        let (event, existed) = creator.join().unwrap();
        assert_eq!(nt.state(event), i32::from(existed));
        check(&nt, event);
        if existed { "found" } else { "new" }
    });
}

/// N2, N3: opening against the last close: the object, or nothing.
///
/// A: close H, the only handle of N          B: open N
#[test]
fn n3_opening_against_last_close() {
    model_reaching(&["opened", "gone"], || {
        let nt = Nt::new();
        let old = nt.named(NAME, true);
        let opener = nt.spawn(|nt| nt.open(NAME));
        assert_eq!(nt.close(old), NtStatus::SUCCESS);
        match opener.join().unwrap() {
            Ok(event) => {
                assert_eq!(nt.state(event), 1);
                check(&nt, event);
                "opened"
            }
            Err(status) => {
                assert_eq!((status, nt.open(NAME)), (NOT_FOUND, Err(NOT_FOUND)));
                "gone"
            }
        }
    });
}

/// H9: a waiter keeps the object and not its name. Who creates meanwhile has an object of his own, or the old one if it had a
/// handle still.
///
/// A: close H, the only handle of N          B: create or open N          C: waits for H or E
#[test]
fn h9_creation_against_last_close_with_a_waiter() {
    model_reaching(&["found", "new"], || {
        let nt = Nt::new();
        let [old, end] = [nt.named(NAME, false), nt.auto(false)];
        let waiter = nt.spawn(move |nt| nt.any(&[old, end], NEVER));
        nt.until_asleep(old, 1);
        let creator = nt.spawn(|nt| nt.create_or_open(NAME, false).unwrap());
        assert_eq!(nt.close(old), NtStatus::SUCCESS);
        let (event, existed) = creator.join().unwrap();
        assert_eq!(nt.waiters(event), u32::from(existed));
        check(&nt, event);
        nt.set(end);
        assert_eq!(waiter.join().unwrap(), NtStatus(NtStatus::WAIT_0.0 + 1));
        if existed { "found" } else { "new" }
    });
}

/// N3: a duplicate that is made while the last handle is closed: whoever opens the object by its name then does not lose the
/// name to that close.
///
/// A: close H, the only handle of N          B: duplicate H; open N          C: waits for H or E
#[test]
fn n3_duplicate_against_last_close() {
    model_reaching(&["kept", "nameless", "opened", "gone"], || {
        let nt = Nt::new();
        let [old, end] = [nt.named(NAME, false), nt.auto(false)];
        let waiter = nt.spawn(move |nt| nt.any(&[old, end], NEVER));
        nt.until_asleep(old, 1);
        let other = nt.spawn(move |nt| (nt.duplicate(old), nt.open(NAME)));
        assert_eq!(nt.close(old), NtStatus::SUCCESS);
        let (duplicate, opened) = other.join().unwrap();
        if let Ok(duplicate) = duplicate {
            assert_eq!(nt.close(duplicate), NtStatus::SUCCESS);
        }
        match opened {
            Ok(event) => check(&nt, event),
            Err(status) => assert_eq!((status, nt.open(NAME)), (NOT_FOUND, Err(NOT_FOUND))),
        }
        nt.set(end);
        assert_eq!(waiter.join().unwrap(), NtStatus(NtStatus::WAIT_0.0 + 1));
        match (duplicate.is_ok(), opened.is_ok()) {
            (true, true) => "kept",
            (true, false) => "nameless",
            (false, true) => "opened",
            (false, false) => "gone",
        }
    });
}

/// N4: a name in a directory against the directory's last close: it is made, and the directory lives with it; or there is no
/// such path.
///
/// A: close D, the only handle of a directory; make another of its name          B: create an event in D
#[test]
fn n4_creation_in_a_directory_that_goes() {
    model_reaching(&["made", "refused", "made in the next"], || {
        let nt = Nt::new();
        let directory = nt.directory(r"\d");
        let creator = nt.spawn(|nt| nt.create_or_open(r"\d\x", false));
        assert_eq!(nt.close(directory), NtStatus::SUCCESS);
        let next = nt.directory(r"\d");
        let ending = match creator.join().unwrap() {
            Ok((event, false)) => {
                assert_eq!((nt.state(event), nt.handle_count(event)), (0, Ok(1)));
                let ending = match nt.open(r"\d\x") {
                    Ok(found) => {
                        assert!(nt.is_same(event, found));
                        assert_eq!(nt.close(found), NtStatus::SUCCESS);
                        "made in the next"
                    }
                    Err(status) => {
                        assert_eq!(status, NOT_FOUND);
                        "made"
                    }
                };
                assert_eq!(nt.close(event), NtStatus::SUCCESS);
                ending
            }
            Err(NtStatus::OBJECT_PATH_NOT_FOUND) => "refused",
            other => panic!("{other:?}"),
        };
        assert_eq!(nt.open(r"\d\x"), Err(NOT_FOUND), "the next one is empty");
        assert_eq!(nt.close(next), NtStatus::SUCCESS);
        ending
    });
}
