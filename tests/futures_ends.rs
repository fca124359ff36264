//! Waits as futures when something ends or changes under them: handles, threads, settings of timers, the process by `fork`.

#![allow(unsafe_code, reason = "fork itself")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::task::{Poll, Wake, Waker};

use common::futures::{TAKEN, poll};
use common::nt_threads::{in_any_thread, until};
use common::{FOREVER, Nt, POLL, abandoned, within};
use ntwait::{Ended, Handle, NtStatus, TimerType};

/// Counts how often it was woken, and says in which thread it was woken last.
#[derive(Default)]
struct Seen {
    count: AtomicUsize,
    thread: AtomicU32,
}

impl Seen {
    fn new() -> (Arc<Self>, Waker) {
        let seen = Arc::new(Self::default());
        (Arc::clone(&seen), seen.into())
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

fn this_thread() -> u32 {
    // SAFETY: no arguments.
    unsafe { libc::gettid() }.cast_unsigned()
}

impl Wake for Seen {
    fn wake(self: Arc<Self>) {
        self.thread.store(this_thread(), Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::AcqRel);
    }
}

/// Now, as an absolute due time.
const AT_ONCE: i64 = 1;
/// In an hour.
const LATER: i64 = -36_000_000_000;

type Change = fn(Nt, Handle);

/// A timer's expiry is given back while the setting is what it was; a timer that was set anew never expires early, and one that was
/// cancelled not at all (T3, T4).
#[test]
fn an_expiry_is_given_back_to_its_own_setting() {
    in_any_thread(|nt| {
        let changes: [(Change, bool); 3] = [
            (|_, _| (), true),
            (|nt, timer| assert!(!nt.set_timer(timer, LATER, 0)), false),
            (|nt, timer| assert!(!nt.cancel(timer)), false),
        ];
        for (at, (change, is_back)) in changes.into_iter().enumerate() {
            for with_another in [false, true] {
                let (timer, event) = (nt.timer(TimerType::SYNCHRONIZATION), nt.auto(false));
                let all = if with_another { &[event, timer][..] } else { &[timer] };
                for mut future in [nt.wait_any_async(all), nt.wait_all_async(all)] {
                    let (seen, waker) = Seen::new();
                    assert_eq!(poll(&mut future, &waker), Poll::Pending);
                    assert!(!nt.set_timer(timer, AT_ONCE, 0));
                    if seen.count() == 0 {
                        nt.set(event); // a wait-all of both
                    }
                    assert_eq!((seen.count(), nt.has_expired(timer)), (1, false), "{at}: handed over");
                    change(nt, timer);
                    drop(future);
                    assert_eq!(nt.has_expired(timer), is_back, "{at}, {with_another}");
                    let _ = (nt.one(timer, POLL), nt.one(event, POLL), nt.cancel(timer));
                }
                nt.close(timer);
                nt.close(event);
            }
        }
    });
}

/// Whoever signals calls the waker; but one that ends may have been stopped in the middle of anything, the allocator for one, and calls
/// none itself.
#[test]
fn a_thread_that_ends_calls_no_waker() {
    within(|| {
        let nt = Nt::new();
        for is_killed in [false, true] {
            let (never, mutant) = (nt.auto(false), nt.mutant(false));
            let tid = Arc::new(AtomicU32::new(0));
            let told = Arc::clone(&tid);
            let thread = nt.blocked(move || {
                told.store(this_thread(), Ordering::Release);
                nt.take(mutant, 1);
                nt.one(never, FOREVER).0
            });
            let object = thread.handle;
            let ((end, first), (left, second)) = (Seen::new(), Seen::new());
            let (mut ended, mut lock) = (nt.wait_async(object), nt.wait_async(mutant));
            assert_eq!((poll(&mut ended, &first), poll(&mut lock, &second)), (Poll::Pending, Poll::Pending));
            if is_killed {
                thread.kill(7);
            } else {
                nt.set(never);
            }
            thread.join();
            for seen in [end, left] {
                until("it is told", || seen.count() == 1);
                assert_ne!(seen.thread.load(Ordering::Relaxed), tid.load(Ordering::Acquire), "killed: {is_killed}");
            }
            assert_eq!(
                (poll(&mut ended, &first), poll(&mut lock, &second)),
                (TAKEN, Poll::Ready(Ok(Ended::Abandoned(0))))
            );
            nt.free(mutant);
        }
    });
}

/// Dropped before it is told of the end of a thread, it is out of the queues, and what it was given comes back.
#[test]
fn dropped_before_it_is_told() {
    within(|| {
        let nt = Nt::new();
        for _ in common::trials(200) {
            let (never, event) = (nt.auto(false), nt.auto(true));
            let thread = nt.blocked(move || nt.one(never, FOREVER).0);
            let mut both = nt.wait_all_async(&[thread.handle, event]);
            assert_eq!(poll(&mut both, Waker::noop()), Poll::Pending);
            nt.set(never);
            thread.end();
            drop(both);
            until("it is given back", || nt.look(event).state == 1);
            thread.join();
            nt.close(event);
            nt.close(never);
        }
    });
}

/// A future refers to its objects until it has ended (W35): also one that was told that a mutant is free and has not looked yet.
#[test]
fn w35_closed_between_the_note_and_the_poll() {
    within(|| {
        let nt = Nt::new();
        let (mutant, event) = (nt.mutant(false), nt.auto(false));
        let owner = nt.blocked_owner(mutant);
        let (seen, waker) = Seen::new();
        let mut futures = [nt.wait_async(mutant), nt.wait_any_async(&[event, mutant])];
        for future in &mut futures {
            assert_eq!(poll(future, &waker), Poll::Pending);
        }
        owner.kill(1);
        owner.join();
        until("both are told", || seen.count() == 2);
        nt.close(mutant);
        let [mut first, mut second] = futures;
        assert_eq!(poll(&mut first, &waker), Poll::Ready(Ok(Ended::Abandoned(0))));
        assert_eq!(poll(&mut second, &waker), Poll::Ready(Ok(Ended::Object(1))), "the thread's own");
        drop((first, second));
        assert_eq!(nt.references(event), 1, "nothing is held any more");

        let mutant = nt.mutant(false);
        let owner = nt.blocked_owner(mutant);
        let future = &mut nt.wait_async(mutant);
        assert_eq!(poll(future, &waker), Poll::Pending);
        drop(core::mem::replace(future, nt.wait_async(event)));
        assert_eq!(nt.references(mutant), 1, "dropped while it waited");
        owner.kill(1);
        owner.join();
        assert_eq!(nt.one(mutant, POLL), abandoned(0));
    });
}

/// In a child of `fork` a future of the parent's ends with an error, polled or not before, and dropping one does nothing.
#[test]
fn a_child_of_fork_has_none() {
    common::in_child("a_child_of_fork_has_none", || {
        let nt = Nt::new();
        let (event, mutant) = (nt.auto(false), nt.mutant(true));
        let mut fresh = [nt.wait_async(event), nt.wait_all_async(&[event, mutant]), nt.wait_any_async(&[mutant])];
        let mut waiting = [nt.wait_async(event), nt.wait_all_async(&[event, mutant])];
        let dropped = [nt.wait_async(event), nt.wait_all_async(&[event, mutant]), nt.wait_async(event)];
        let [mut first, mut second, third] = dropped;
        for future in waiting.iter_mut().chain([&mut first, &mut second]) {
            assert_eq!(poll(future, Waker::noop()), Poll::Pending);
        }
        // SAFETY: the child does little and leaves by `_exit`.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            // SAFETY: no arguments that matter.
            unsafe { libc::alarm(10) };
            drop((first, second, third));
            let stale = Poll::Ready(Err(NtStatus::INVALID_HANDLE));
            let ended = fresh.iter_mut().chain(&mut waiting).position(|future| poll(future, Waker::noop()) != stale);
            drop((fresh, waiting));
            // SAFETY: ends the child.
            unsafe { libc::_exit(ended.map_or(0, |at| at as i32 + 1)) };
        }
        let mut status = -1;
        // SAFETY: the child that was just made.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
        assert_eq!(status, 0, "the exit code in the second byte is the first that is wrong, a signal in the first");
        nt.set(event);
        assert_eq!(poll(&mut waiting[0], Waker::noop()), TAKEN, "the parent's are as they were");
    });
}
