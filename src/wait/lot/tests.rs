//! The lot alone, with threads that are known to be queued.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

use super::*;
use crate::sys::clock::Timeout;
use crate::sys::futex;
use crate::waiter::park::{Pending, Posted};
use crate::waiter::record;
use core::time::Duration;
use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{JoinHandle, yield_now};

/// Keys that no other test has.
fn fresh_key(space: Space) -> Key {
    static NEXT: AtomicUsize = AtomicUsize::new(0x1000);
    Key::new(space, NEXT.fetch_add(0x40, Ordering::Relaxed))
}

fn queued(key: Key) -> usize {
    let _shield = Shield::raise();
    let locked = bucket::lock(key);
    let mut place = locked.front();
    core::iter::from_fn(|| locked.next_with(key, &mut place)).count()
}

fn until_queued(key: Key, count: usize) {
    while queued(key) != count {
        yield_now();
    }
}

fn stay(key: Key, token: u32, timeout: Timeout) -> Parked {
    stay_heeding(key, token, timeout, Heed::Stops)
}

fn stay_heeding(key: Key, token: u32, timeout: Timeout, heed: Heed) -> Parked {
    let mut shield = Shield::raise();
    let terms = Terms { heed, until: &mut Until::new(timeout), token };
    park(&mut shield, key, terms, || true, |_| {}).expect("memory for a record")
}

/// Threads with these tokens, queued in this order.
fn parkers(key: Key, tokens: &[u32]) -> Vec<JoinHandle<Parked>> {
    let before = queued(key);
    let start = |(count, &token): (usize, &u32)| {
        let thread = std::thread::spawn(move || stay(key, token, Timeout::Never));
        until_queued(key, before + count + 1);
        thread
    };
    tokens.iter().enumerate().map(start).collect()
}

fn join(threads: Vec<JoinHandle<Parked>>) -> Vec<Parked> {
    threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
}

#[test]
fn lt1_what_is_not_valid_is_not_waited_for() {
    let key = fresh_key(Space::Address);
    let mut shield = Shield::raise();
    let terms = Terms { heed: Heed::Stops, until: &mut Until::new(Timeout::Never), token: 0 };
    let left = |left| panic!("{left:?}: it was never there");
    assert_eq!(park(&mut shield, key, terms, || false, left), Ok(Parked::NotValid));
}

#[test]
fn lt4_first_come_first_served() {
    let key = fresh_key(Space::Address);
    let threads = parkers(key, &[0; 3]);
    for (told, more) in [(7, true), (8, true), (9, false)] {
        assert!(unpark_one(key, |done| {
            assert_eq!(done, Unparked { released: 1, moved: 0, more });
            told
        }));
    }
    assert_eq!(join(threads), [7, 8, 9].map(Parked::Released));
    let nobody = |done| {
        assert_eq!(done, Unparked { released: 0, moved: 0, more: false });
        0
    };
    assert!(!unpark_one(key, nobody), "it is called all the same");
}

#[test]
fn releases_are_not_remembered() {
    let key = fresh_key(Space::Address);
    assert_eq!(unpark_all(key, 1), 0);
    assert_eq!(stay(key, 0, Timeout::Poll), Parked::TimedOut);
    let threads = parkers(key, &[0; 3]);
    assert_eq!(unpark_all(key, 5), 3);
    assert_eq!(join(threads), [Parked::Released(5); 3]);
}

/// Keys that differ in anything do not know of each other.
#[test]
fn keys_do_not_mix() {
    let key = fresh_key(Space::Address);
    let others = [
        Key { space: Space::Lock, ..key },
        Key { object: 1, ..key },
        Key { generation: 1, ..key },
        fresh_key(Space::Address),
    ];
    let thread = parkers(key, &[0]);
    assert_eq!(others.map(|other| unpark_all(other, 0)), [0; 4]);
    assert_eq!(unpark_all(key, 0), 1);
    assert_eq!(join(thread), [Parked::Released(0)]);
}

/// LT3: who leaves says so under the lock, and whether it was the last.
#[test]
fn lt3_table_of_leaving() {
    let poll = Timeout::Poll;
    let soon = Timeout::After(Duration::from_millis(2));
    for (timeout, others) in [(poll, 0), (poll, 1), (soon, 0), (soon, 1)] {
        let key = fresh_key(Space::Address);
        let threads = parkers(key, &vec![0; others]);
        let seen = Cell::new(None);
        let mut shield = Shield::raise();
        let terms = Terms { heed: Heed::Stops, until: &mut Until::new(timeout), token: 0 };
        let parked = park(&mut shield, key, terms, || true, |left| assert_eq!(seen.replace(Some(left)), None));
        assert_eq!(parked, Ok(Parked::TimedOut));
        assert_eq!(seen.get(), Some(Left { moved: false, was_last: others == 0, stops: false }), "{timeout:?}");
        assert_eq!(unpark_all(key, 0), others);
        join(threads);
    }
}

/// The filter sees tokens in the order of the queue, and the last that was taken.
#[test]
fn table_of_filters() {
    const WRITER: u32 = 99;
    let readers = |chosen: Chosen, token| match (chosen.count, chosen.last, token) {
        (1.., WRITER, _) | (1.., _, WRITER) => Choice::Stop,
        _ => Choice::Take,
    };
    let evens = |_: Chosen, token: u32| if token.is_multiple_of(2) { Choice::Take } else { Choice::Skip };
    type Row<'r> = (&'r dyn Fn(Chosen, u32) -> Choice, &'r [u32], &'r [u32]);
    let rows: [Row<'_>; 4] = [
        (&readers, &[1, 2, WRITER, 3], &[WRITER, 3]),
        (&readers, &[WRITER, 1, WRITER], &[1, WRITER]),
        (&evens, &[1, 2, 3, 4], &[1, 3]),
        (&|_, _| Choice::Stop, &[1], &[1]),
    ];
    for (filter, tokens, left) in rows {
        let key = fresh_key(Space::Lock);
        let threads = parkers(key, tokens);
        let released = unpark_while(key, filter, |done| {
            assert_eq!((done.released, done.more), (tokens.len() - left.len(), !left.is_empty()));
            1
        });
        assert_eq!(released, tokens.len() - left.len());
        let mut remaining = Vec::new();
        while unpark_while(
            key,
            |chosen, token| {
                if chosen.count == 0 {
                    remaining.push(token);
                    Choice::Take
                } else {
                    Choice::Stop
                }
            },
            |_| 2,
        ) > 0
        {}
        assert_eq!(remaining, left);
        join(threads);
    }
}

/// Moved threads stand behind those that are there, in their order, and do not wake.
#[test]
fn requeue_keeps_the_order() {
    let lock = fresh_key(Space::Lock);
    let same_bucket = Key { space: Space::Condition, ..lock };
    for condition in [same_bucket, fresh_key(Space::Condition), fresh_key(Space::Condition)] {
        let holder = parkers(lock, &[0]);
        let threads = parkers(condition, &[0; 4]);
        assert_eq!(requeue(condition, lock, |_| None, |_| panic!("not to be done")), None);
        let orders = Orders { release: 1, transfer: 2 };
        let done = requeue(condition, lock, |_| Some(orders), |_| 10).expect("done");
        assert_eq!(done, Unparked { released: 1, moved: 2, more: true });
        assert_eq!((queued(condition), queued(lock)), (1, 3));
        for told in [11, 12, 13] {
            assert!(unpark_one(lock, |_| told));
        }
        assert!(unpark_one(condition, |_| 14));
        assert_eq!(join(holder), [Parked::Released(11)]);
        assert_eq!(join(threads), [10, 12, 13, 14].map(Parked::Released));
    }
}

/// A thread in a stay, and its record.
fn recorded(stay: impl FnOnce() -> Parked + Send + 'static) -> (JoinHandle<Parked>, &'static record::ThreadRecord) {
    let (say, hear) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        let me = record::current_for_good().expect("a record");
        say.send(me).expect("the test listens");
        let parked = stay();
        me.park.drop_pending();
        parked
    });
    (thread, hear.recv().expect("the thread's record"))
}

/// LT3: a moved thread whose time is up leaves the queue that it was moved to.
#[test]
fn lt3_moved_and_timed_out() {
    let (lock, condition) = (fresh_key(Space::Lock), fresh_key(Space::Condition));
    let (thread, record) = recorded(move || {
        let mut shield = Shield::raise();
        let terms = Terms { heed: Heed::Stops, until: &mut Until::new(Timeout::Never), token: 0 };
        let mut seen = None;
        let parked = park(&mut shield, condition, terms, || true, |left| seen = Some(left));
        assert_eq!(seen, Some(Left { moved: true, was_last: true, stops: false }));
        parked.expect("memory for a record")
    });
    until_queued(condition, 1);
    let orders = Orders { release: 0, transfer: usize::MAX };
    let done = requeue(condition, lock, |_| Some(orders), |_| 0);
    assert_eq!(done, Some(Unparked { released: 0, moved: 1, more: false }));
    assert_eq!(queued(lock), 1);
    assert_eq!(record.park.decide(Why::TimedOut, 0), Decision::WonAsleep);
    futex::wake(record.park.futex(), 1);
    assert_eq!(thread.join().expect("no panic"), Parked::Moved);
    assert_eq!(queued(lock), 0);
}

/// WA14: only who heeds the alert by id is ended by it.
#[test]
fn alerts_by_id_end_who_heeds_them() {
    for (heed, request, parked) in [
        (Heed::ById, Pending::ById, Parked::Alerted),
        (Heed::Requests, Pending::Alert, Parked::Alerted),
        (Heed::Requests, Pending::Apc, Parked::Apc),
        (Heed::Stops, Pending::ById, Parked::Released(3)),
    ] {
        let key = fresh_key(Space::Address);
        let (thread, other) = recorded(move || stay_heeding(key, 0, Timeout::Never, heed));
        until_queued(key, 1);
        if other.park.post(request) == Posted::Wake {
            futex::wake(other.park.futex(), 1);
        }
        unpark_all(key, 3);
        assert_eq!(thread.join().expect("no panic"), parked, "{heed:?}");
    }
}

/// Two sides meet in the order in which they came, and nothing is remembered.
#[test]
fn sides_meet() {
    let left = fresh_key(Space::KeyedWait);
    let right = Key { space: Space::KeyedRelease, ..left };
    let meet_as = |mine, theirs, timeout| {
        let mut shield = Shield::raise();
        meet(&mut shield, mine, theirs, Terms { heed: Heed::Stops, until: &mut Until::new(timeout), token: 0 })
    };
    for (mine, theirs) in [(left, right), (right, left)] {
        assert_eq!(meet_as(mine, theirs, Timeout::Poll), Ok(Parked::TimedOut));
        let threads = [1, 2].map(|count| {
            let thread = std::thread::spawn(move || meet_as(theirs, mine, Timeout::Never));
            until_queued(theirs, count);
            thread
        });
        for thread in threads {
            assert_eq!(meet_as(mine, theirs, Timeout::Poll), Ok(Parked::Released(0)));
            assert_eq!(thread.join().expect("no panic"), Ok(Parked::Released(0)));
        }
        assert_eq!(meet_as(mine, theirs, Timeout::Poll), Ok(Parked::TimedOut));
    }
}

/// The threads that are queued in the parent are not in the child, and a lock that one of them holds is free there.
#[test]
#[allow(unsafe_code, reason = "fork")]
fn a_child_of_fork_finds_the_lot_empty() {
    let key = fresh_key(Space::Address);
    let threads = parkers(key, &[0, 0]);
    let shield = Shield::raise();
    let locked = bucket::lock(key);
    // SAFETY: the child does no more than look at the lot.
    let child = unsafe { libc::fork() };
    if child == 0 {
        // SAFETY: ends the child if it hangs.
        unsafe { libc::alarm(20) };
        let count = queued(key);
        // SAFETY: ends the child without the parent's destructors.
        unsafe { libc::_exit(count as i32) };
    }
    drop(locked);
    drop(shield);
    let mut status = -1;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0, "threads in the second byte, or the signal that killed it");
    assert_eq!(unpark_all(key, 1), 2, "the parent's are still there");
    assert_eq!(join(threads), [Parked::Released(1); 2]);
}
