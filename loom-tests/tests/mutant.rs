//! Models of the mutant: one owner at a time, whoever gives it to whom, and what becomes of it when its owner ends.
//! MU1 to MU4 stand at the head of `src/objects/mutant.rs`, OW1 to OW3 at that of `src/objects/owner.rs`.

use ntwait::NtStatus;
use ntwait::internals::pass_time;
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{model, model_reaching};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const FREE: (i32, bool, bool) = (1, false, false);
const ABANDONED: (i32, bool, bool) = (1, false, true);

/// One level deep, and the asking thread's.
const MINE: (i32, bool, bool) = (0, true, false);

/// MU1: one owner at a time, and it knows that it is.
///
/// A: wait; look; release          B: the same
#[test]
fn mu1_one_owner_at_a_time() {
    model(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let taken = Arc::new(AtomicBool::new(false));
        let in_turn = move |nt: &Nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            assert!(!taken.swap(true, Ordering::Relaxed), "two owners");
            assert_eq!(nt.mutant_state(mutant), MINE);
            assert!(taken.swap(false, Ordering::Relaxed));
            assert_eq!(nt.release(mutant), 0);
        };
        let other = nt.spawn(in_turn.clone());
        in_turn(&nt);
        other.join().unwrap();
        assert_eq!((nt.mutant_state(mutant), nt.waiters(mutant)), (FREE, 0));
    });
}

/// MU1, M10: who waits is given it as its own, and the one who gave it cannot get it back before.
///
/// A: wait until B sleeps; release; poll          B: wait; release if A was refused
#[test]
fn mu1_given_to_who_waits() {
    model(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(true);
        let tried = nt.auto(false);
        let waiter = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.mutant_state(mutant), MINE);
            assert_eq!(nt.wait(tried, NEVER), NtStatus::WAIT_0);
            nt.release(mutant)
        });
        nt.until_asleep(mutant, 1);
        assert_eq!(nt.release(mutant), 0);
        assert_eq!(nt.wait(mutant, POLL), NtStatus::TIMEOUT, "it is another's");
        nt.set(tried);
        assert_eq!(waiter.join().unwrap(), 0);
        assert_eq!((nt.mutant_state(mutant), nt.waiters(mutant)), (FREE, 0));
    });
}

/// MU1, M8: the owner gets it at once, though others come and go in its queue.
///
/// A: poll, poll          B: wait, may time out
#[test]
fn mu1_owner_gets_it_while_it_is_locked() {
    model(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(true);
        let other = nt.spawn(move |nt| nt.wait(mutant, SOON));
        assert_eq!(nt.wait(mutant, POLL), NtStatus::WAIT_0);
        pass_time();
        assert_eq!(nt.any(&[mutant], POLL), NtStatus::WAIT_0);
        assert_eq!(other.join().unwrap(), NtStatus::TIMEOUT);
        assert_eq!([(); 3].map(|()| nt.release(mutant)), [-2, -1, 0]);
        assert_eq!((nt.mutant_state(mutant), nt.waiters(mutant)), (FREE, 0));
    });
}

/// MU2, M15: however deep the dead owner was, the next begins with one level.
///
/// A: wait, wait; end          B: wait; look
#[test]
fn mu2_next_owner_begins_at_one() {
    model(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let owner = nt.spawn(move |nt| [(); 2].map(|()| nt.wait(mutant, NEVER)));
        assert_eq!(owner.join().unwrap(), [NtStatus::WAIT_0; 2]);
        assert_eq!(nt.wait(mutant, NEVER), NtStatus::ABANDONED_WAIT_0);
        assert_eq!((nt.mutant_state(mutant), nt.release(mutant)), (MINE, 0));
    });
}

/// MU2, M35: a wait-all of the owner that another thread completes is one level, and the owner sees it.
///
/// A: wait for M, its own, and E; release, release          B: set E
#[test]
fn mu2_owner_is_completed_by_another() {
    model(|| {
        let nt = Nt::new();
        let (mutant, event) = (nt.mutant(true), nt.auto(false));
        let setter = nt.spawn(move |nt| nt.set(event));
        assert_eq!(nt.all(&[mutant, event], NEVER), NtStatus::WAIT_0);
        assert_eq!((nt.release(mutant), nt.release(mutant)), (-1, 0));
        setter.join().unwrap();
        assert_eq!((nt.state(event), nt.waiters(mutant)), (0, 0));
    });
}

/// MU3, M14: a thread that is terminated while it is given a mutant ends with it, or has not got it: it is not lost.
///
/// A: wait for M; end          B: terminate A          C: wait until A sleeps; release M; wait for A; poll
#[test]
fn mu3_termination_against_hand_off() {
    model_reaching(&["given", "not given"], || {
        let nt = Nt::new();
        let mutant = nt.mutant(true);
        let thread = nt.thread(move |nt| {
            let _ = nt.wait(mutant, NEVER);
        });
        nt.until_asleep(mutant, 1);
        let killer = nt.spawn(move |nt| nt.terminate(thread));
        assert_eq!(nt.release(mutant), 0);
        killer.join().unwrap();
        nt.ended(thread);
        match nt.wait(mutant, POLL) {
            NtStatus::ABANDONED_WAIT_0 => "given",
            NtStatus::WAIT_0 => "not given",
            status => panic!("lost: {status}"),
        }
    });
}

/// MU3: nor is one that it gives up or takes without a wait.
///
/// A: poll; look; release          B: terminate A; wait for A; poll
#[test]
fn mu3_termination_against_release() {
    model_reaching(&["released", "not released"], || {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            assert_eq!(nt.wait(mutant, POLL), NtStatus::WAIT_0);
            assert_eq!(nt.mutant_state(mutant), MINE); // a section, at whose end a model's thread can be stopped
            nt.release(mutant);
        });
        gate.open();
        nt.terminate(thread);
        nt.ended(thread);
        match nt.wait(mutant, POLL) {
            NtStatus::ABANDONED_WAIT_0 => "not released",
            NtStatus::WAIT_0 => "released",
            status => panic!("lost: {status}"),
        }
    });
}

/// MU4, O5: no look takes an own mutant for clear.
///
/// A: poll, of several and of one
#[test]
fn mu4_own_mutant_is_not_clear() {
    model(|| {
        let nt = Nt::new();
        let (mutant, clear) = (nt.mutant(true), nt.auto(false));
        assert_eq!(nt.any(&[clear, mutant], POLL), NtStatus(1));
        assert_eq!(nt.all(&[mutant], POLL), NtStatus::WAIT_0);
        assert_eq!(nt.wait(mutant, POLL), NtStatus::WAIT_0);
    });
}

/// OW1: a mutant goes from the list of one thread to that of the next, and each list is its thread's alone.
///
/// A: wait; take another; release          B: wait; end with it          A: wait
#[test]
fn ow1_from_list_to_list() {
    model(|| {
        let nt = Nt::new();
        let [mutant, _latest] = [(); 2].map(|()| nt.mutant(true));
        let other = nt.spawn(move |nt| nt.wait(mutant, NEVER));
        assert_eq!(nt.release(mutant), 0);
        assert!(matches!(nt.wait(mutant, NEVER), NtStatus::WAIT_0 | NtStatus::ABANDONED_WAIT_0));
        assert_eq!((nt.mutant_state(mutant), nt.release(mutant)), (MINE, 0));
        assert_eq!(other.join().unwrap(), NtStatus::WAIT_0);
    });
}

/// OW2, M21: a mutant that has lost its last handle stays as long as its owner: nothing else is made in its place.
///
/// A: wait; take another; end          B: close; make an event; look at it when A has ended
#[test]
fn ow2_closed_while_it_is_owned() {
    model(|| {
        let nt = Nt::new();
        let (mutant, taken, go) = (nt.mutant(false), nt.auto(false), nt.manual(false));
        let owner = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            let _latest = nt.mutant(true);
            nt.set(taken);
            nt.wait(go, NEVER)
        });
        assert_eq!(nt.wait(taken, NEVER), NtStatus::WAIT_0);
        assert_eq!(nt.close(mutant), NtStatus::SUCCESS);
        let event = nt.auto(false);
        nt.set(go);
        assert_eq!(owner.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(nt.state(event), 0);
    });
}

/// OW3, M22: the last release and the last close meet: the mutant is gone after both, whichever comes last.
///
/// A: release          B: close
#[test]
fn ow3_last_release_against_close() {
    model_reaching(&["released", "closed before"], || {
        let nt = Nt::new();
        let mutant = nt.mutant(true);
        let closer = nt.spawn(move |nt| nt.close(mutant));
        let released = nt.release_if_open(mutant);
        assert_eq!(closer.join().unwrap(), NtStatus::SUCCESS);
        match released {
            Ok(0) => {
                // The process, this thread: the rest of eight is room.
                assert!(nt.room().is_none_or(|room| room == 6));
                "released"
            }
            Err(NtStatus::INVALID_HANDLE) => "closed before",
            other => panic!("{other:?}"),
        }
    });
}

/// OW3: mutants that lost their last handle to another thread are dropped as the list grows, and the last at its owner's end.
///
/// A: make and own two; B closes them; A makes more than there is room for
#[test]
fn ow3_forsaken_mutants_do_not_pile_up() {
    model(|| {
        let nt = Nt::new();
        let forsaken = [(); 2].map(|()| nt.mutant(true));
        let closer = nt.spawn(move |nt| forsaken.map(|mutant| nt.close(mutant)));
        assert_eq!(closer.join().unwrap(), [NtStatus::SUCCESS; 2]);
        let kept = [(); 5].map(|()| nt.try_mutant(true));
        assert!(kept.iter().all(Result::is_ok), "{kept:?}");
        kept.into_iter()
            .flatten()
            .for_each(|mutant| assert_eq!((nt.mutant_state(mutant), nt.release(mutant)), (MINE, 0)));
    });
}

/// M14: the owner ends while a wait for the mutant times out: one of the two is told.
///
/// A: end, with M          B: wait, may time out; C looks
#[test]
fn m14_end_of_the_owner_against_timeout() {
    model_reaching(&["told", "late"], || {
        let nt = Nt::new();
        let (mutant, taken) = (nt.mutant(false), nt.auto(false));
        let owner = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            nt.set(taken);
        });
        assert_eq!(nt.wait(taken, NEVER), NtStatus::WAIT_0);
        let waiter = nt.spawn(move |nt| {
            let status = nt.wait(mutant, SOON);
            (status == NtStatus::ABANDONED_WAIT_0).then(|| nt.release(mutant)).ok_or(status)
        });
        pass_time();
        owner.join().unwrap();
        match waiter.join().unwrap() {
            Ok(0) => {
                assert_eq!((nt.mutant_state(mutant), nt.waiters(mutant)), (FREE, 0));
                "told"
            }
            Err(NtStatus::TIMEOUT) => {
                assert_eq!((nt.mutant_state(mutant), nt.waiters(mutant)), (ABANDONED, 0));
                "late"
            }
            other => panic!("{other:?}"),
        }
    });
}

/// M14, W18: the owner's end completes a wait-all, which is told, whichever of the two objects comes last.
///
/// A: end, with M          B: wait for M and E          C: set E
#[test]
fn m14_end_of_the_owner_against_wait_all() {
    model(|| {
        let nt = Nt::new();
        let (mutant, event, taken) = (nt.mutant(false), nt.auto(false), nt.auto(false));
        let owner = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            nt.set(taken);
        });
        assert_eq!(nt.wait(taken, NEVER), NtStatus::WAIT_0);
        let setter = nt.spawn(move |nt| nt.set(event));
        assert_eq!(nt.all(&[event, mutant], NEVER), NtStatus::ABANDONED_WAIT_0);
        assert_eq!((nt.mutant_state(mutant), nt.state(event), nt.release(mutant)), (MINE, 0, 0));
        owner.join().unwrap();
        setter.join().unwrap();
    });
}

/// M19: who has seen the thread's end finds its mutant free.
///
/// A: wait for M; end          B: wait for A; poll M
#[test]
fn m19_free_before_the_end_is_seen() {
    model(|| {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| assert_eq!(nt.wait(mutant, POLL), NtStatus::WAIT_0));
        gate.open();
        assert_eq!(nt.wait(thread, NEVER), NtStatus::WAIT_0);
        assert_eq!(nt.wait(mutant, POLL), NtStatus::ABANDONED_WAIT_0);
        nt.ended(thread);
    });
}
