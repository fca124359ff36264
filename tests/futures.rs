//! Waits as futures: what they take, and what they leave when they are dropped.
//!
//! The executor of these tests is a hand-made one that sleeps on an event of the library.

#![allow(unsafe_code, reason = "fork itself")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use common::futures::{Count, TAKEN, poll};
use common::gifts::Gift;
use common::nt_threads::in_any_thread;
use common::{FOREVER, Nt, POLL, Random, Worker, abandoned, in_child, object, trials, within};
use ntwait::{
    AccessMask, Ended, Event, Handle, Mutant, NtStatus, Runtime, Semaphore, Thread, Timer, WaitPolicy, wait_all_async,
    wait_any_async,
};

/// Sets an event of the library.
struct Bell(Event);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.set();
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let bell = Arc::new(Bell(Event::auto_reset(false).expect("a handle")));
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(done) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        bell.0.wait();
    }
}

/// Of every kind: pending while it is not signalled, woken once, ready; and it has taken what a wait takes.
#[test]
fn table_kinds() {
    in_any_thread(|nt| {
        for gift in [Gift::Event, Gift::Count] {
            let handle = gift.make(nt);
            let (count, waker) = Count::new();
            let mut future = nt.wait_async(handle);
            assert_eq!((poll(&mut future, &waker), count.get()), (Poll::Pending, 0), "{gift:?}");
            assert_eq!(nt.references(handle), 2, "{gift:?}: it stands in the queue");
            gift.give(nt, handle);
            assert_eq!((count.get(), gift.is_there(nt, handle)), (1, false), "{gift:?}: handed over");
            assert_eq!(poll(&mut future, &waker), TAKEN, "{gift:?}");
            gift.give(nt, handle);
            assert_eq!(poll(&mut nt.wait_async(handle), &waker), TAKEN, "{gift:?}: at once");
            assert!(!gift.is_there(nt, handle));
            assert_eq!((count.get(), nt.references(handle)), (1, 1), "{gift:?}");
        }
        let manual = nt.manual(false);
        let futures = [(); 3].map(|()| nt.wait_async(manual));
        let (count, waker) = Count::new();
        let mut futures = futures.map(|mut future| {
            assert_eq!(poll(&mut future, &waker), Poll::Pending);
            future
        });
        nt.pulse(manual);
        assert_eq!(count.get(), 3, "E6: whoever waits at the pulse");
        for future in &mut futures {
            assert_eq!(poll(future, &waker), TAKEN);
        }
    });
}

/// First come, first served, together with threads.
#[test]
fn in_one_queue_with_threads() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (count, waker) = Count::new();
        let mut first = nt.wait_async(event);
        assert_eq!(poll(&mut first, &waker), Poll::Pending);
        let second = Worker::blocked(move || nt.one(event, FOREVER));
        let mut third = nt.wait_async(event);
        assert_eq!(poll(&mut third, &waker), Poll::Pending);
        nt.set(event);
        assert_eq!((count.get(), poll(&mut first, &waker)), (1, TAKEN));
        second.assert_blocked();
        nt.set(event);
        assert_eq!((second.join(), poll(&mut third, &waker)), (NtStatus::WAIT_0, Poll::Pending));
        nt.set(event);
        assert_eq!((poll(&mut third, &waker), nt.look(event).state), (TAKEN, 0));
    });
}

/// Dropped, it has taken nothing: whether it waited, or had been given something already.
#[test]
fn dropped_it_has_taken_nothing() {
    in_any_thread(|nt| {
        for gift in [Gift::Event, Gift::Count] {
            let handle = gift.make(nt);
            let (count, waker) = Count::new();
            let mut future = nt.wait_async(handle);
            assert_eq!(poll(&mut future, &waker), Poll::Pending);
            drop(future);
            assert_eq!(nt.references(handle), 1, "{gift:?}: out of the queue");
            gift.give(nt, handle);
            assert!(gift.is_there(nt, handle) && count.get() == 0, "{gift:?}");

            let [mut first, mut second] = [(); 2].map(|()| nt.wait_async(handle));
            assert_eq!(poll(&mut first, &waker), TAKEN);
            let mut first = nt.wait_async(handle);
            assert_eq!([&mut first, &mut second].map(|future| poll(future, &waker)), [Poll::Pending; 2]);
            gift.give(nt, handle);
            assert_eq!((count.get(), gift.is_there(nt, handle)), (1, false));
            drop(first);
            assert_eq!((count.get(), poll(&mut second, &waker)), (2, TAKEN), "{gift:?}: given on to the next");

            let mut last = nt.wait_async(handle);
            assert_eq!(poll(&mut last, &waker), Poll::Pending);
            gift.give(nt, handle);
            assert!(!gift.is_there(nt, handle));
            drop(last);
            assert!(gift.is_there(nt, handle), "{gift:?}: given back");
            drop(nt.wait_async(handle)); // one that was never polled
        }
        let full = nt.semaphore(0, 1);
        let mut future = nt.wait_async(full);
        let (_, waker) = Count::new();
        assert_eq!(poll(&mut future, &waker), Poll::Pending);
        assert_eq!((nt.post(full, 1), nt.post(full, 1)), (0, 0));
        drop(future);
        assert_eq!(nt.look_semaphore(full), (1, 1), "full as it is");
    });
}

/// Several objects: the lowest that is signalled, or all in one step.
#[test]
fn several_objects() {
    in_any_thread(|nt| {
        for count in [2, 3, 64, 100] {
            let events: Vec<Handle> = (0..count).map(|_| nt.auto(false)).collect();
            let (woken, waker) = Count::new();
            let mut any = nt.wait_any_async(&events);
            let mut all = nt.wait_all_async(&events);
            assert_eq!(poll(&mut any, &waker), Poll::Pending);
            nt.set(events[count - 1]);
            assert_eq!(poll(&mut any, &waker), Poll::Ready(Ok(Ended::Object(count - 1))));
            assert_eq!(poll(&mut all, &waker), Poll::Pending);
            events.iter().skip(1).for_each(|event| assert_eq!(nt.set(*event), 0));
            assert_eq!((poll(&mut all, &waker), woken.get()), (Poll::Pending, 1), "W15: nothing is reserved");
            assert_eq!(nt.one(events[1], POLL), NtStatus::WAIT_0);
            nt.set(events[0]);
            assert_eq!(poll(&mut all, &waker), Poll::Pending);
            nt.set(events[1]);
            assert_eq!((poll(&mut all, &waker), woken.get()), (TAKEN, 2));
            assert!(events.iter().all(|event| nt.look(*event).state == 0 && nt.references(*event) == 1));

            let mut dropped = nt.wait_all_async(&events);
            assert_eq!(poll(&mut dropped, &waker), Poll::Pending);
            events.iter().for_each(|event| assert_eq!(nt.set(*event), 0));
            assert!(events.iter().all(|event| nt.look(*event).state == 0), "taken");
            drop(dropped);
            assert!(events.iter().all(|event| nt.look(*event).state == 1), "given back");
            assert_eq!(run(nt.wait_any_async(&events)), Ok(Ended::Object(0)));
            assert_eq!(run(nt.wait_any_async(&events)), Ok(Ended::Object(1)), "W9");
            events.into_iter().for_each(|event| nt.close(event));
        }
    });
}

/// What the blocking waits answer; nothing is taken.
#[test]
fn bad_input() {
    in_any_thread(|nt| {
        let (event, closed) = (nt.auto(true), nt.auto(true));
        nt.close(closed);
        let mute = nt.duplicate(event, AccessMask::EVENT_MODIFY_STATE).expect("a duplicate");
        for (objects, status) in [
            (&[][..], NtStatus::INVALID_PARAMETER_1),
            (&[event, closed], NtStatus::INVALID_HANDLE),
            (&[Handle::NULL], NtStatus::INVALID_HANDLE),
            (&[Handle::CURRENT_THREAD], NtStatus::INVALID_HANDLE),
            (&[event, mute], NtStatus::ACCESS_DENIED),
        ] {
            assert_eq!(run(nt.wait_any_async(objects)), Err(status), "{objects:?}");
            assert_eq!(run(nt.wait_all_async(objects)), Err(status), "{objects:?}");
        }
        assert_eq!(run(nt.wait_all_async(&[event, event])), Err(NtStatus::INVALID_PARAMETER_MIX), "W6");
        assert_eq!(nt.look(event).state, 1);
        assert_eq!(run(nt.wait_any_async(&[event, event])), Ok(Ended::Object(0)), "W8");
        let late = nt.auto(true);
        let future = nt.wait_async(late);
        nt.close(late);
        assert_eq!(run(future), Err(NtStatus::INVALID_HANDLE));
        let (other, mine) =
            (Event::auto_reset(true).expect("a handle"), Event::new_in(nt.0, common::AUTO, true).expect("a handle"));
        assert_eq!(run(wait_any_async(&[&other, &mine])), Err(NtStatus::INVALID_PARAMETER_MIX));
        assert_eq!(run(wait_all_async(&[])), Err(NtStatus::INVALID_PARAMETER_1));
    });
}

/// The object lives as long as a future waits for it (W35); a runtime that goes leaves its futures pending.
#[test]
fn closed_and_dropped_meanwhile() {
    within(|| {
        let nt = Nt::new();
        let (count, waker) = Count::new();
        let event = nt.auto(false);
        let setter = nt.duplicate(event, common::FULL).expect("a duplicate");
        let mut future = nt.wait_async(event);
        assert_eq!(poll(&mut future, &waker), Poll::Pending);
        nt.close(event);
        nt.set(setter);
        nt.close(setter);
        assert_eq!((count.get(), poll(&mut future, &waker)), (1, TAKEN));

        let runtime = Runtime::new().expect("address space");
        let event = runtime
            .nt_create_event(common::FULL, ntwait::ObjectAttributes::NONE, common::AUTO, false)
            .expect("a handle");
        let mut future = runtime.wait_async(event);
        assert_eq!(poll(&mut future, &waker), Poll::Pending);
        drop(runtime);
        assert_eq!(poll(&mut future, &waker), Poll::Pending);
        drop(future);
    });
}

/// A mutant is taken by the thread that polls; one that others take first is waited for again.
#[test]
fn mutants_belong_to_who_polls() {
    within(|| {
        let nt = Nt::new();
        let (mutant, event) = (nt.mutant(false), nt.auto(false));
        assert_eq!(run(nt.wait_async(mutant)), Ok(Ended::Object(0)));
        assert_eq!(run(nt.wait_async(mutant)), Ok(Ended::Object(0)), "M9: one level deeper");
        assert_eq!(nt.look_mutant(mutant), nt.mine(2));
        assert_eq!((nt.free(mutant), nt.free(mutant)), (-1, 0));

        let owner = nt.blocked_owner(mutant);
        let (count, waker) = Count::new();
        let mut any = nt.wait_any_async(&[event, mutant]);
        assert_eq!(poll(&mut any, &waker), Poll::Pending);
        owner.kill(1);
        assert_eq!(owner.join(), 1);
        common::nt_threads::until("it is told", || count.get() == 1);
        assert_eq!(
            nt.thread(move || nt.one(mutant, POLL).0).join(),
            abandoned(0).0,
            "another is quicker, and ends with it"
        );
        assert_eq!(poll(&mut any, &waker), Poll::Ready(Ok(Ended::Abandoned(1))));
        assert_eq!(nt.look_mutant(mutant), nt.mine(1));

        let mut all = nt.wait_all_async(&[mutant, event]);
        let thief = nt.auto(false);
        let other = nt.thread(move || {
            assert_eq!(nt.one(mutant, FOREVER), NtStatus::WAIT_0);
            assert_eq!(nt.one(thief, FOREVER), NtStatus::WAIT_0);
            nt.free(mutant);
            0
        });
        common::nt_threads::until("it waits", || other.is_blocked());
        nt.free(mutant);
        assert_eq!(poll(&mut all, &waker), Poll::Pending);
        nt.set(event);
        assert_eq!(poll(&mut all, &waker), Poll::Pending, "the mutant is another's");
        nt.set(thief);
        assert_eq!(other.join(), 0);
        assert_eq!((poll(&mut all, &waker), nt.look(event).state), (TAKEN, 0));
        assert_eq!(nt.look_mutant(mutant), nt.mine(1));
        nt.free(mutant);

        let typed = Mutant::new_in(nt.0).expect("a handle");
        run(async {
            let guard = typed.lock_async().await.expect("it is free");
            assert!(!guard.was_abandoned() && typed.try_lock().expect("own").is_some());
        });
        assert_eq!(
            thread::scope(|scope| scope
                .spawn(|| typed.try_lock().map(|guard| guard.is_some()))
                .join()
                .expect("no panic")),
            Ok(true)
        );
    });
}

/// `.await` on the typed objects.
#[test]
fn typed_objects() {
    within(|| {
        let (event, semaphore) = (Event::auto_reset(true).expect("a handle"), Semaphore::new(2, 2).expect("a handle"));
        let timer = Timer::one_shot().expect("a handle");
        timer.set_after(Duration::from_millis(2));
        let gate = Arc::new(Event::manual_reset(false).expect("a handle"));
        let inside = Arc::clone(&gate);
        let thread = Thread::spawn(move || {
            inside.wait();
            "done"
        })
        .expect("a thread");
        run(async {
            (&event).await;
            (&semaphore).await;
            (&semaphore).await;
            assert!(!semaphore.try_acquire() && !event.is_set());
            (&timer).await;
            let ended = wait_any_async(&[&event, &thread]);
            gate.set();
            assert_eq!(ended.await, Ok(Ended::Object(1)));
            (&thread).await;
            assert_eq!(thread.await.expect("no panic"), "done");
        });
    });
}

/// One set for each, from a thread of its own, against futures that are polled, dropped and given on: nothing is lost and nothing
/// is made.
#[test]
fn a_storm_keeps_account_of_every_token() {
    within(|| {
        let nt = Nt::with(WaitPolicy::ADAPTIVE);
        for round in trials(200) {
            let semaphore = nt.semaphore(0, i32::MAX);
            let taken = AtomicU64::new(0);
            const GIVEN: u64 = 300;
            thread::scope(|scope| {
                for part in 0..3 {
                    let taken = &taken;
                    scope.spawn(move || {
                        let mut random = Random::new(u64::from(round) * 4 + part);
                        for _ in 0..200 {
                            let mut future = nt.wait_async(semaphore);
                            for _ in 0..random.below(4) {
                                if poll(&mut future, Waker::noop()).is_ready() {
                                    taken.fetch_add(1, Ordering::Relaxed);
                                    break;
                                }
                            }
                        }
                    });
                }
                for _ in 0..GIVEN {
                    nt.post(semaphore, 1);
                }
            });
            let left = u64::try_from(nt.look_semaphore(semaphore).0).expect("not negative");
            assert_eq!(taken.into_inner() + left, GIVEN, "round {round}");
            assert_eq!(nt.references(semaphore), 1);
            nt.close(semaphore);
        }
    });
}

/// 10,000 at once, each woken once; what one costs.
#[test]
fn ten_thousand_wait_at_once() {
    const MANY: usize = 10_000;
    within(|| {
        let nt = Nt::new();
        let events: Vec<Handle> = (0..MANY).map(|_| nt.auto(false)).collect();
        let counts: Vec<_> = (0..MANY).map(|_| Count::new()).collect();
        let mut futures: Vec<_> = events.iter().map(|event| nt.wait_async(*event)).collect();
        for (future, (_, waker)) in futures.iter_mut().zip(&counts) {
            assert_eq!(poll(future, waker), Poll::Pending);
        }
        events.iter().for_each(|event| assert_eq!(nt.set(*event), 0));
        for (future, (count, waker)) in futures.iter_mut().zip(&counts) {
            assert_eq!((count.get(), poll(future, waker)), (1, TAKEN));
        }
        let shared = nt.manual(false);
        let mut futures: Vec<_> = (0..MANY).map(|_| nt.wait_any_async(&[shared, events[0]])).collect();
        for (future, (_, waker)) in futures.iter_mut().zip(&counts) {
            assert_eq!(poll(future, waker), Poll::Pending);
        }
        nt.set(shared);
        for (future, (count, waker)) in futures.iter_mut().zip(&counts) {
            assert_eq!((count.get(), poll(future, waker)), (2, TAKEN));
        }
        assert_eq!((nt.references(shared), nt.references(events[0])), (1, 1));
        assert_eq!(nt.any(&[events[0], shared], POLL), object(1));
    });
}

/// A future on the stack of a thread that is terminated leads nobody to memory that is something else.
#[test]
fn terminated_with_a_future_on_its_stack() {
    within(|| {
        let nt = Nt::new();
        let (event, never) = (nt.manual(false), nt.auto(false));
        let thread = nt.blocked(move || {
            let mut future = pin!(nt.wait_async(event));
            assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            nt.one(never, FOREVER).0
        });
        thread.kill(9);
        assert_eq!(thread.join(), 9);
        for _ in 0..20 {
            nt.thread(move || 0).join(); // its stack is another's
        }
        nt.set(event);
        assert_eq!(nt.one(event, POLL), NtStatus::WAIT_0);
    });
}

unsafe extern "C" {
    fn fork() -> i32;
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn _exit(status: i32) -> !;
    fn alarm(seconds: u32) -> u32;
}

/// A child of `fork` leaves its parent's queues alone: what is polled there ends, what is dropped does nothing.
#[test]
fn a_child_of_fork() {
    in_child("a_child_of_fork", || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let mut futures = [nt.wait_async(events[0]), nt.wait_async(events[0]), nt.wait_all_async(&events)];
        let mut fresh = nt.wait_async(events[1]);
        for future in &mut futures {
            assert_eq!(poll(future, Waker::noop()), Poll::Pending);
        }
        // SAFETY: the child calls nothing that could need a lock of another thread.
        let pid = unsafe { fork() };
        if pid == 0 {
            // SAFETY: ends the child if it hangs.
            unsafe { alarm(30) };
            let gone = Poll::Ready(Err(NtStatus::INVALID_HANDLE));
            let is_right = poll(&mut futures[0], Waker::noop()) == gone && poll(&mut fresh, Waker::noop()) == gone;
            drop(futures);
            // SAFETY: ends the child, and nothing else.
            unsafe { _exit(if is_right { 7 } else { 1 }) };
        }
        let mut status = 0;
        // SAFETY: a place for the status.
        assert_eq!(unsafe { waitpid(pid, &raw mut status, 0) }, pid);
        assert_eq!(status, 7 << 8);
        nt.set(events[0]);
        assert_eq!(poll(&mut futures[0], Waker::noop()), TAKEN);
    });
}
