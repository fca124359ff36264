//! Models of the parking lot: releases against everything that ends a stay otherwise, and threads that are moved.

use ntwait::internals::lot::{Left, Parked, Place, Unparked, park, requeue, unpark_all, unpark_one};
use ntwait::internals::{Thread, disturb, pass_time};
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{Gate, JoinHandle, model, model_reaching, shared_flag, spawn, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Two places in different buckets. The lot is the process's, and natively the models run at the same time: each has its own.
fn places(model: usize) -> [Place; 2] {
    [Place::lock(64 * model), Place::condition(64 * model + 32)]
}

const RELEASED: Parked = Parked::Released(7);

/// Numbers that callbacks change under the lock of a bucket, which orders them.
#[derive(Clone, Debug, Default)]
struct Counts(Arc<[AtomicUsize; 2]>);

impl Counts {
    fn valid(&self) -> bool {
        self.0[0].fetch_add(1, Ordering::Relaxed);
        true
    }

    fn left(&self, _: Left) {
        self.0[1].fetch_add(1, Ordering::Relaxed);
    }

    /// How often a stay began, and how often one ended without a release.
    fn get(&self) -> [usize; 2] {
        [0, 1].map(|i: usize| self.0[i].load(Ordering::Relaxed))
    }
}

fn stay(place: Place, timeout: Option<i64>) -> Parked {
    park(place, timeout, || true, |_| {})
}

fn release(place: Place) -> bool {
    unpark_one(place, |_| 7)
}

/// Returns when a stay was found valid so often, in all: natively the thread may be about to link itself then.
fn until_valid(counts: &Counts, times: usize) {
    while counts.get()[0] < times {
        yield_now();
    }
}

/// A thread that waits here until it is alerted, and one after it that waits until it is released.
struct Two {
    first: Thread,
    threads: [JoinHandle<Parked>; 2],
}

impl Two {
    fn at(here: Place) -> Self {
        let counts = Counts::default();
        let (say, hear) = std::sync::mpsc::channel();
        let gate = Gate::new(); // which the checker sees
        let said = gate.clone();
        let [mine, others] = [counts.clone(), counts.clone()];
        let first = spawn(move || {
            say.send(Thread::current()).unwrap();
            said.open();
            park(here, NEVER, || mine.valid(), |left| mine.left(left))
        });
        gate.pass();
        until_valid(&counts, 1);
        let second = spawn(move || park(here, NEVER, || others.valid(), |left| panic!("{left:?}")));
        until_valid(&counts, 2);
        Self { first: hear.recv().unwrap(), threads: [first, second] }
    }

    /// The first is on its way out from here on, and perhaps in the queue still.
    fn alert_the_first(&self) {
        self.first.alert();
    }

    fn assert_second_was_released(self) {
        assert_eq!(self.threads.map(|thread| thread.join().unwrap()), [Parked::Alerted, RELEASED]);
    }
}

/// Nobody is queued here.
#[track_caller]
fn assert_empty(place: Place) {
    let nobody = Unparked { released: 0, moved: 0, more: false };
    unpark_one(place, |done| {
        assert_eq!(done, nobody);
        0
    });
}

/// LT1: whoever changes what is waited for, and then releases, leaves nobody behind.
///
/// A: flag = true; release          B: wait while the flag is down
#[test]
fn lt1_no_release_between_validate_and_link() {
    let [here, _] = places(2);
    model_reaching(&["released", "not valid"], move || {
        let flag = shared_flag();
        let other = spawn({
            let flag = flag.clone();
            move || {
                flag.raise();
                release(here)
            }
        });
        let parked = park(here, NEVER, || !flag.is_up(), |left| panic!("{left:?}"));
        assert!(flag.is_up());
        match (parked, other.join().unwrap()) {
            (RELEASED, true) => "released",
            (Parked::NotValid, false) => "not valid",
            other => panic!("{other:?}"),
        }
    });
}

/// LT2: a release and a time-out do not both end a stay, and what the release said is what the thread hears.
///
/// A: release          B: wait, may time out          C: time passes
#[test]
fn lt2_release_against_timeout() {
    let [here, _] = places(4);
    model_reaching(&["released", "timed out"], move || {
        let counts = Counts::default();
        let other = spawn(move || release(here));
        let clock = spawn(pass_time);
        let parked = park(here, SOON, || counts.valid(), |left| counts.left(left));
        clock.join().unwrap();
        let released = other.join().unwrap();
        assert_empty(here);
        match (parked, released, counts.get()) {
            (RELEASED, true, [1, 0]) => "released",
            (Parked::TimedOut, false, [1, 1]) => "timed out",
            other => panic!("{other:?}"),
        }
    });
}

/// LT2, N1: a release ends the stay that it found in the queue, and not the thread's next.
///
/// A: release here          B: wait here, may time out; wait there, may time out          C: time passes
#[test]
fn lt2_stay_that_is_decided_is_the_one_that_was_queued() {
    let [here, there] = places(6);
    model(move || {
        let other = spawn(move || release(here));
        let clock = spawn(pass_time);
        let first = stay(here, SOON);
        assert_eq!(stay(there, SOON), Parked::TimedOut);
        clock.join().unwrap();
        assert_eq!(other.join().unwrap(), first == RELEASED);
        assert_empty(here);
        assert_empty(there);
    });
}

/// LT2, B2: a thread that rises by itself does not take its block back before the releaser has let go of it.
///
/// A: release          B: wait; wait again for what is not valid          C: a stray wake
#[test]
fn lt2_block_is_not_used_before_it_is_free() {
    let [here, _] = places(8);
    model(move || {
        let counts = Counts::default();
        let luck = spawn(disturb);
        let other = spawn({
            let counts = counts.clone();
            move || {
                until_valid(&counts, 1);
                while !release(here) {
                    yield_now();
                }
            }
        });
        assert_eq!(park(here, NEVER, || counts.valid(), |left| panic!("{left:?}")), RELEASED);
        assert_eq!(stay(here, POLL), Parked::TimedOut);
        luck.join().unwrap();
        other.join().unwrap();
    });
}

/// LT2, LT4: who is on its way out is passed over, and the next gets the release.
///
/// A: wait alertably          B: wait          C: when both are there: alert A; release
#[test]
fn lt2_dead_waiter_is_passed_over() {
    let [here, _] = places(10);
    model(move || {
        let two = Two::at(here);
        two.alert_the_first();
        assert!(release(here));
        two.assert_second_was_released();
        assert_empty(here);
    });
}

/// LT3: the mark that says "somebody is queued" is there while somebody is, and is mended by who leaves last.
///
/// A: mark, wait, may time out          B: release, unmark if nobody is left          C: time passes
#[test]
fn lt3_mark_is_mended() {
    let [here, _] = places(12);
    model(move || {
        let mark = Arc::new(AtomicUsize::new(0));
        let other = spawn({
            let mark = mark.clone();
            move || {
                unpark_one(here, |done| {
                    mark.store(usize::from(done.more), Ordering::Relaxed);
                    7
                })
            }
        });
        let clock = spawn(pass_time);
        let marked = || {
            mark.store(1, Ordering::Relaxed);
            true
        };
        let parked = park(here, SOON, marked, |left| {
            if left.was_last {
                mark.store(0, Ordering::Relaxed);
            }
        });
        clock.join().unwrap();
        assert_eq!(other.join().unwrap(), parked == RELEASED);
        assert_eq!(mark.load(Ordering::Relaxed), 0);
        assert_empty(here);
    });
}

/// LT4: the first that came is the first that is released.
///
/// A: wait          B: wait          C: when both sleep: release A; release B
#[test]
fn lt4_first_come_first_served() {
    let [here, _] = places(14);
    model(move || {
        let counts = Counts::default();
        let threads = [1, 2].map(|times| {
            let mine = counts.clone();
            let thread = spawn(move || park(here, NEVER, || mine.valid(), |left| panic!("{left:?}")));
            until_valid(&counts, times);
            thread
        });
        for (thread, told) in threads.into_iter().zip([1, 2]) {
            while !unpark_one(here, |_| told) {
                yield_now();
            }
            assert_eq!(thread.join().unwrap(), Parked::Released(told));
        }
    });
}

/// LT5, TH19: a thread that is suspended leaves the queue, or was released; when it goes on it is back in the queue.
///
/// A: wait          B: suspend A; resume A; unless C has released it, release until it is there          C: release
#[test]
fn lt5_release_against_suspension() {
    let [here, _] = places(16);
    model_reaching(&["released", "passed over"], move || {
        let nt = Nt::new();
        let counts = Counts::default();
        let thread = nt.thread({
            let counts = counts.clone();
            move |_| assert_eq!(park(here, NEVER, || counts.valid(), |left| counts.left(left)), RELEASED)
        });
        until_valid(&counts, 1);
        let other = spawn(move || release(here));
        let _ = (nt.suspend(thread), nt.resume(thread));
        let released = other.join().unwrap();
        while !released && !release(here) {
            yield_now();
        }
        nt.ended(thread);
        assert_empty(here);
        let [began, left] = counts.get();
        assert_eq!(began, left + 1, "LT3");
        if released { "released" } else { "passed over" }
    });
}

/// LT5: a thread that is terminated leaves the queue first, or was released.
///
/// A: wait          B: terminate A; wait for A          C: release
#[test]
fn lt5_release_against_termination() {
    let [here, _] = places(18);
    model_reaching(&["released", "left"], move || {
        let nt = Nt::new();
        let counts = Counts::default();
        let thread = nt.thread({
            let counts = counts.clone();
            move |_| {
                let _ = park(here, NEVER, || counts.valid(), |left| counts.left(left));
            }
        });
        until_valid(&counts, 1);
        let other = spawn(move || release(here));
        nt.terminate(thread);
        nt.ended(thread);
        let released = other.join().unwrap();
        assert_empty(here);
        match (released, counts.get()) {
            (true, [1, 0]) => "released",
            (false, [1, 1]) => "left",
            other => panic!("{other:?}"),
        }
    });
}

/// LT6: a thread that is moved is released from where it is then.
///
/// A: wait here          B: until A is there: move all to there; release there
#[test]
fn lt6_moved_and_released() {
    let [here, there] = places(20);
    model(move || {
        let other = spawn(move || {
            while requeue(here, there, 0, 1, 0).moved == 0 {
                yield_now();
            }
            assert!(release(there));
        });
        assert_eq!(stay(here, NEVER), RELEASED);
        other.join().unwrap();
        assert_empty(here);
        assert_empty(there);
    });
}

/// LT6, LT3: a thread that times out while it is moved leaves the queue that it is in, and knows which.
///
/// A: wait here, may time out          B: move all to there; release there          C: time passes
#[test]
fn lt6_move_against_timeout() {
    let [here, there] = places(22);
    model_reaching(&["timed out", "moved", "released"], move || {
        let other = spawn(move || {
            let moved = requeue(here, there, 0, 1, 0).moved;
            (moved, release(there))
        });
        let clock = spawn(pass_time);
        let mut last = None;
        let parked = park(here, SOON, || true, |left| assert_eq!(last.replace(left), None));
        clock.join().unwrap();
        let done = other.join().unwrap();
        assert_empty(here);
        assert_empty(there);
        match (parked, last, done) {
            (Parked::TimedOut, Some(Left { moved: false, was_last: true }), (0, false)) => "timed out",
            (Parked::Moved, Some(Left { moved: true, was_last: true }), (1, false)) => "moved",
            (RELEASED, None, (1, true)) => "released",
            other => panic!("{other:?}"),
        }
    });
}

/// LT6, LT2: who is on its way out is not moved, and the next is instead.
///
/// A: wait here alertably          B: wait here          C: when both are there: alert A; move one to there; release there
#[test]
fn lt6_dead_waiter_is_not_moved() {
    let [here, there] = places(20);
    model(move || {
        let two = Two::at(here);
        two.alert_the_first();
        assert_eq!(requeue(here, there, 0, 1, 0).moved, 1);
        assert!(release(there));
        two.assert_second_was_released();
        assert_empty(here);
        assert_empty(there);
    });
}

/// LT6: two that move threads in opposite directions do not wait for each other's locks.
///
/// A: move all from here to there          B: move all from there to here
#[test]
fn lt6_opposite_moves() {
    let [here, there] = places(24);
    model(move || {
        let other = spawn(move || requeue(here, there, 1, 1, 0));
        requeue(there, here, 1, 1, 0);
        other.join().unwrap();
    });
}

/// LT1, LT4: the first of two is released and the second moved; neither is left asleep.
///
/// A: wait here          B: wait here          C: when both are there: release one, move one; release there
#[test]
fn lt6_one_released_and_the_rest_moved() {
    let [here, there] = places(26);
    model(move || {
        let counts = Counts::default();
        let threads = [1, 2].map(|times| {
            let mine = counts.clone();
            let thread = spawn(move || park(here, NEVER, || mine.valid(), |left| panic!("{left:?}")));
            until_valid(&counts, times);
            thread
        });
        let done = requeue(here, there, 1, 1, 1);
        assert_eq!(done, Unparked { released: 1, moved: 1, more: false });
        assert_eq!(unpark_all(there, 2), 1);
        assert_eq!(threads.map(|thread| thread.join().unwrap()), [1, 2].map(Parked::Released));
    });
}

/// KE1, K4: two sides that come at the same time meet.
///
/// A: wait for the key          B: release the key
#[test]
fn ke1_two_sides_meet() {
    model(move || {
        let nt = Nt::new();
        let other = nt.spawn(|nt| nt.release_key(2, NEVER));
        assert!(nt.wait_for_key(2, NEVER).is_success());
        assert!(other.join().unwrap().is_success());
    });
}

/// KE1, K5: with time-outs, as many waits as releases are met.
///
/// A: wait for the key, may time out          B: release the key, may time out          C: time passes
#[test]
fn ke1_both_sides_or_neither() {
    model_reaching(&["met", "missed"], move || {
        let nt = Nt::new();
        let other = nt.spawn(|nt| nt.release_key(2, SOON));
        let clock = spawn(pass_time);
        let mine = nt.wait_for_key(2, SOON);
        clock.join().unwrap();
        match (mine, other.join().unwrap()) {
            (ntwait::NtStatus::SUCCESS, ntwait::NtStatus::SUCCESS) => "met",
            (ntwait::NtStatus::TIMEOUT, ntwait::NtStatus::TIMEOUT) => "missed",
            other => panic!("{other:?}"),
        }
    });
}
