//! Models of what is told of waits: a notice is read whole, and nobody is told to be stuck who is not. NO1 to NO3 stand at the head
//! of `src/waiter/notice.rs`, GR1 to GR4 at that of `src/graph/collect.rs`.

use ntwait::NtStatus;
use ntwait::internals::notice::Board;
use ntwait::internals::want_notices;
use ntwait_models::nt::{NEVER, Nt, POLL};
use ntwait_models::{model_reaching, model_within, spawn};
use std::sync::Arc;

/// NO2: what is read belongs to one wait, and what is still there later was there all the time.
///
/// A: wait 1; wait 2          B: read, and read again
#[test]
fn no2_notice_is_read_whole() {
    want_notices(true);
    model_reaching(&["nothing", "the first", "the second", "gone"], || {
        let board = Arc::new(Board::default());
        let theirs = Arc::clone(&board);
        let sleeper = spawn(move || {
            for number in 1..=2 {
                theirs.put_up(number);
                theirs.take_down();
            }
        });
        let first = board.read();
        let second = board.read();
        sleeper.join().unwrap();
        let same = |seen: ntwait::internals::notice::Seen| {
            let [count, slot, generation] = seen.numbers();
            assert!(count == slot && slot == generation && matches!(count, 1 | 2), "{:?}", seen.numbers());
            count
        };
        assert!(first.into_iter().chain(second).all(|seen| !board.is_still(seen)), "both waits are over");
        match (first.map(same), second.map(same)) {
            (Some(2), Some(1)) => panic!("the first wait after the second"),
            (Some(_), None) => "gone",
            (_, Some(2)) => "the second",
            (_, Some(_)) => "the first",
            (None, None) => "nothing",
        }
    });
    want_notices(false);
}

/// GR1 to GR3: at no time does a thread wait for another that waits for it, though each waits for the other's mutant once.
///
/// A owns 2, lets go of it, then takes 1          B owns 1, takes 2, lets go of both          C: who is stuck?
#[test]
fn gr3_waits_that_follow_each_other_are_no_deadlock() {
    want_notices(true);
    model_within(2, || {
        let nt = Nt::new();
        let (one, two) = (nt.mutant(false), nt.mutant(false));
        let owned = nt.manual(false);
        let first = nt.spawn(move |nt| {
            assert_eq!(nt.wait(two, NEVER), NtStatus::WAIT_0);
            nt.set(owned);
            nt.until_asleep(two, 1);
            assert_eq!(nt.release(two), 0);
            assert_eq!(nt.wait(one, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.release(one), 0);
        });
        let second = nt.spawn(move |nt| {
            assert_eq!(nt.wait(one, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.wait(owned, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.wait(two, NEVER), NtStatus::WAIT_0);
            assert_eq!((nt.release(two), nt.release(one)), (0, 0));
        });
        assert_eq!(nt.deadlocked(), 0);
        first.join().unwrap();
        second.join().unwrap();
        assert_eq!(nt.deadlocked(), 0);
    });
    want_notices(false);
}

/// S2: who looks locks objects, never what has become of their slots.
///
/// A: let go of a mutant; close it; make an event, and take it          B: who is stuck?
#[test]
fn gr3_look_against_the_end_of_an_object() {
    model_within(2, || {
        let nt = Nt::new();
        let other = nt.spawn(|nt| {
            let mutant = nt.mutant(true);
            assert_eq!((nt.release(mutant), nt.close(mutant)), (0, NtStatus::SUCCESS));
            let event = nt.auto(true);
            assert_eq!(nt.wait(event, POLL), NtStatus::WAIT_0);
            assert_eq!(nt.state(event), 0);
        });
        assert_eq!(nt.deadlocked(), 0);
        other.join().unwrap();
    });
}

/// GR1: a thread that sleeps in one wait when the look begins, and in another when its end is near, is in neither as far as the look
/// goes: what it had in the first it may have given up before the second.
///
/// A owns 2, waits for an event, lets go of 2, waits for 1          B owns 1, waits for 2          C: set          D: who is stuck?
#[test]
fn gr1_a_wait_that_ended_is_not_the_next_one() {
    want_notices(true);
    model_within(2, || {
        let nt = Nt::new();
        let (two, one) = (nt.mutant(false), nt.mutant(false)); // looked at in this order
        let (owned, event) = (nt.manual(false), nt.auto(false));
        let first = nt.spawn(move |nt| {
            assert_eq!(nt.wait(two, NEVER), NtStatus::WAIT_0);
            nt.set(owned);
            assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.release(two), 0);
            assert_eq!(nt.wait(one, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.release(one), 0);
        });
        let second = nt.spawn(move |nt| {
            assert_eq!(nt.wait(one, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.wait(owned, NEVER), NtStatus::WAIT_0);
            assert_eq!(nt.wait(two, NEVER), NtStatus::WAIT_0);
            assert_eq!((nt.release(two), nt.release(one)), (0, 0));
        });
        nt.until_asleep(event, 1);
        nt.until_asleep(two, if cfg!(ntwait_loom) { 2 } else { 1 }); // the checker counts all sleepers
        let setter = nt.spawn(move |nt| nt.set(event));
        assert_eq!(nt.deadlocked(), 0);
        assert_eq!(setter.join().unwrap(), 0);
        first.join().unwrap();
        second.join().unwrap();
    });
    want_notices(false);
}
