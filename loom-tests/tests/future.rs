//! Models of waits as futures: cancel against hand-off, wakers against notes, the end of a thread against who tells of it. FU1, FU2
//! and FU4 stand at the head of `src/future/node.rs`, C2 at that of `src/future/courier.rs`, GB1 and GB2 at that of
//! `src/wait/unattended.rs`, Y3 at that of `src/waiter/waiting.rs`.

use ntwait::internals::courier::{serve, serve_until};
use ntwait::internals::{expire_timers, pass_time, release_thread};
use ntwait::{Ended, Handle, NtStatus, WaitFuture};
use ntwait_models::nt::{NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, model_within, spawn};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Counts how often it was woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn counted() -> (Arc<Count>, Waker) {
    let count = Arc::new(Count::default());
    (Arc::clone(&count), count.into())
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

fn poll(future: &mut WaitFuture, waker: &Waker) -> Option<Result<Ended, NtStatus>> {
    match Pin::new(future).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(ended) => Some(ended),
        Poll::Pending => None,
    }
}

/// FU1, GB1: a future that is dropped while the event is set has taken nothing when all is over, whoever sees to it.
///
/// A: set          B: poll; drop
#[test]
fn gb1_cancel_against_hand_off() {
    model_reaching(&["at once", "not taken, or by A", "by B"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.set(event));
        let (count, waker) = counted();
        let mut future = nt.any_async(&[event]);
        let at_once = poll(&mut future, &waker).is_some();
        drop(future);
        assert_eq!(setter.join().unwrap(), 0);
        assert_eq!((nt.state(event), nt.waiters(event)), (i32::from(!at_once), 0));
        match (at_once, count.get()) {
            (true, 0) => "at once",
            (false, 0) => "not taken, or by A",
            (false, 1) => "by B",
            other => panic!("{other:?}"),
        }
    });
}

/// FU1, GB1: what a dropped future was given goes to the next in the queue.
///
/// A: set          B: wait, for ever          C: poll; drop
#[test]
fn gb1_given_on_to_the_next() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let mut future = nt.any_async(&[event]);
        assert_eq!(poll(&mut future, Waker::noop()), None);
        let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
        let setter = nt.spawn(move |nt| nt.set(event));
        drop(future);
        assert_eq!((waiter.join().unwrap(), setter.join().unwrap()), (NtStatus::WAIT_0, 0));
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// FU2: a waker that takes the place of another is woken, or the poll that put it there finds the end.
///
/// A: set          B: poll; poll with another waker
#[test]
fn fu2_another_waker_against_the_note() {
    model_reaching(&["at once", "found", "woken"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let setter = nt.spawn(move |nt| nt.set(event));
        let ((_, first), (count, second)) = (counted(), counted());
        let mut future = nt.any_async(&[event]);
        let ending = if poll(&mut future, &first).is_some() {
            "at once"
        } else if poll(&mut future, &second).is_some() {
            "found"
        } else {
            "woken"
        };
        setter.join().unwrap();
        assert_eq!(count.get(), usize::from(ending == "woken"));
        if ending == "woken" {
            assert_eq!(poll(&mut future, &second), Some(Ok(Ended::Object(0))));
        }
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        ending
    });
}

/// Polls a wait for two events while each is set by a thread of its own, and once more if it is woken. What it came to, and the states
/// of the events; nobody waits for one then.
fn against_two_setters(wait: fn(&Nt, &[Handle]) -> WaitFuture) -> (Option<Result<Ended, NtStatus>>, [i32; 2]) {
    let nt = Nt::new();
    let events = [nt.auto(false), nt.auto(false)];
    let setters = events.map(|event| nt.spawn(move |nt| nt.set(event)));
    let (count, waker) = counted();
    let mut future = wait(&nt, &events);
    let mut ended = poll(&mut future, &waker);
    for setter in setters {
        assert_eq!(setter.join().unwrap(), 0);
    }
    if ended.is_none() {
        assert_eq!(count.get(), 1);
        ended = poll(&mut future, &waker);
    }
    assert_eq!(events.map(|event| nt.waiters(event)), [0, 0]);
    (ended, events.map(|event| nt.state(event)))
}

/// V1: a wait-all is satisfied when both are set, whoever comes last, and takes both.
///
/// A: set 0          B: set 1          C: poll
#[test]
fn v1_all_against_two_setters() {
    model_within(2, || {
        assert_eq!(against_two_setters(Nt::all_async), (Some(Ok(Ended::Object(0))), [0, 0]));
    });
}

/// GB1: a wait-all that is dropped leaves both as they were set.
///
/// A: set 0; set 1          B: poll; drop
#[test]
fn gb1_all_dropped_against_setters() {
    model_within(2, || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setter = nt.spawn(move |nt| events.map(|event| nt.set(event)));
        let mut future = nt.all_async(&events);
        let taken = poll(&mut future, Waker::noop()).is_some();
        drop(future);
        assert_eq!(setter.join().unwrap(), [0, 0]);
        let left = i32::from(!taken);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(left, 0); 2]);
    });
}

/// N1: a wait-any takes one of two.
///
/// A: set 0          B: set 1          C: poll
#[test]
fn n1_any_against_two_setters() {
    model_reaching(&["0", "1"], || match against_two_setters(Nt::any_async) {
        (Some(Ok(Ended::Object(0))), [0, 1]) => "0",
        (Some(Ok(Ended::Object(1))), [1, 0]) => "1",
        other => panic!("{other:?}"),
    });
}

/// Y3: a mutant that is given up while a future waits for it is nobody's until the future is polled; then it is the poller's.
///
/// A: take; give up          B: poll, until it is taken
#[test]
fn y3_mutants_are_taken_by_who_polls() {
    model_reaching(&["at once", "woken"], || {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let other = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            nt.release(mutant)
        });
        let (count, waker) = counted();
        let mut future = nt.any_async(&[mutant]);
        let ended = poll(&mut future, &waker);
        let ending = if ended.is_some() { "at once" } else { "woken" };
        if ended.is_some() {
            assert_eq!(nt.release(mutant), 0);
        }
        other.join().unwrap();
        if ended.is_none() {
            assert_eq!(count.get(), 1);
            assert_eq!(poll(&mut future, &waker), Some(Ok(Ended::Object(0))));
            assert_eq!(nt.release(mutant), 0);
        }
        assert_eq!((nt.mutant_state(mutant), nt.waiters(mutant)), ((1, false, false), 0));
        assert_eq!((nt.wait(mutant, POLL), nt.release(mutant)), (NtStatus::WAIT_0, 0));
        ending
    });
}

/// What the service thread does when the moment comes.
fn expire() {
    pass_time();
    expire_timers();
}

/// GB2: an expiry that a dropped future was given comes back.
///
/// A: T is due          B: poll; drop; wait, for ever
#[test]
fn gb2_expiry_against_drop() {
    model(|| {
        let nt = Nt::new();
        let timer = nt.timer();
        nt.set_timer(timer, None);
        let service = spawn(expire);
        let mut future = nt.any_async(&[timer]);
        let at_once = poll(&mut future, Waker::noop()).is_some();
        drop(future);
        if !at_once {
            assert_eq!(nt.wait(timer, NEVER), NtStatus::WAIT_0);
        }
        service.join().unwrap();
        assert_eq!((nt.has_expired(timer), nt.waiters(timer)), (false, 0));
    });
}

/// GB2, M1: an expiry that a dropped future was given does not come back when the timer was cancelled.
///
/// A: T is due          B: poll; cancel T; drop
#[test]
fn gb2_expiry_against_another_setting() {
    model_reaching(&["at once", "given", "cancelled"], || {
        let nt = Nt::new();
        let timer = nt.timer();
        nt.set_timer(timer, None);
        let service = spawn(expire);
        let (count, waker) = counted();
        let mut future = nt.any_async(&[timer]);
        let at_once = poll(&mut future, &waker).is_some();
        nt.cancel(timer);
        drop(future);
        service.join().unwrap();
        assert_eq!((nt.has_expired(timer), nt.waiters(timer)), (false, 0));
        match (at_once, count.get()) {
            (true, 0) => "at once",
            (false, 1) => "given",
            (false, 0) => "cancelled",
            other => panic!("{other:?}"),
        }
    });
}

/// Y3, W35: a future that is told that a mutant is free refers to it until it looks, though the last handle is closed.
///
/// A: take; give up          B: poll; close, when A is done; poll
#[test]
fn w35_told_and_closed() {
    model_reaching(&["at once", "told"], || {
        let nt = Nt::new();
        let mutant = nt.mutant(false);
        let other = nt.spawn(move |nt| {
            assert_eq!(nt.wait(mutant, NEVER), NtStatus::WAIT_0);
            nt.release(mutant)
        });
        let mut future = nt.any_async(&[mutant]);
        let ended = poll(&mut future, Waker::noop());
        if ended.is_some() {
            assert_eq!(nt.release(mutant), 0);
        }
        other.join().unwrap();
        assert_eq!(nt.close(mutant), NtStatus::SUCCESS);
        match ended {
            Some(_) => "at once",
            None => {
                assert_eq!(poll(&mut future, Waker::noop()), Some(Ok(Ended::Object(0))));
                "told"
            }
        }
    });
}

/// C2, FU4: each future that a thread's end concerns is told, by the service, whether the bell rings for it or for the one before.
///
/// A: ends, with two mutants that futures wait for          B: service; service again, when A has ended
#[test]
fn c2_the_end_of_a_thread_against_the_service() {
    model(|| {
        let nt = Nt::new();
        let mutants = [nt.mutant(true), nt.mutant(true)];
        let poller = nt.spawn(move |nt| {
            mutants.map(|mutant| {
                let ((count, waker), mut future) = (counted(), nt.any_async(&[mutant]));
                assert_eq!(poll(&mut future, &waker), None);
                (count, future)
            })
        });
        let mut waits = poller.join().unwrap();
        let service = spawn(serve);
        release_thread();
        service.join().unwrap();
        serve_until(|| waits.iter().all(|(count, _)| count.get() == 1));
        for (count, future) in &mut waits {
            assert_eq!(count.get(), 1);
            assert_eq!(poll(future, Waker::noop()), Some(Ok(Ended::Abandoned(0))));
        }
        for mutant in mutants {
            assert_eq!(nt.release(mutant), 0);
            assert_eq!(nt.waiters(mutant), 0);
        }
    });
}
