//! Wakers of futures: which is woken, and what one may do that is not as it should be.

#![allow(unsafe_code, reason = "a waker that is no `Wake`")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, RawWakerVTable, Wake, Waker};

use common::futures::{Count, TAKEN, poll};
use common::nt_threads::in_any_thread;
use common::{FOREVER, Nt, Worker, within};
use ntwait::{Handle, NtStatus, WaitFuture};

/// Panics when it is woken.
struct Panics;
impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("as the test wants it");
    }
}
/// Does this when it is woken.
struct Acts<F: Fn() + Send + Sync>(F);
impl<F: Fn() + Send + Sync> Wake for Acts<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// The waker of the last poll is woken, and no other.
#[test]
fn the_last_waker_counts() {
    in_any_thread(|nt| {
        let event = nt.auto(false);
        let mut future = nt.wait_async(event);
        let counts = [(); 3].map(|()| Count::new());
        for (_, waker) in &counts {
            assert_eq!(poll(&mut future, waker), Poll::Pending);
            assert_eq!(poll(&mut future, waker), Poll::Pending);
        }
        nt.set(event);
        assert_eq!(counts.each_ref().map(|(count, _)| count.get()), [0, 0, 1]);
        assert_eq!(poll(&mut future, &counts[0].1), TAKEN);
        assert!(counts.iter().all(|(count, _)| Arc::strong_count(count) == 2), "no waker is kept");
    });
}

/// A waker that panics holds nobody up; one that drops or polls the future itself, neither.
#[test]
fn unruly_wakers() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let mut unruly = nt.wait_async(event);
        assert_eq!(poll(&mut unruly, &Arc::new(Panics).into()), Poll::Pending);
        let sleeper = Worker::blocked(move || nt.alertable(event, FOREVER));
        nt.set(event);
        assert_eq!((sleeper.join(), poll(&mut unruly, Waker::noop())), (NtStatus::WAIT_0, TAKEN));
        nt.reset(event);

        // Each drops the other, which is later in the same chain of wakes, or itself.
        let slots: Arc<[Mutex<Option<WaitFuture>>; 2]> = Arc::default();
        for at in 0..2 {
            let all = Arc::clone(&slots);
            let act = move || all.iter().for_each(|slot| drop(slot.lock().expect("nobody panics").take()));
            let mut future = nt.wait_async(event);
            assert_eq!(poll(&mut future, &Arc::new(Acts(act)).into()), Poll::Pending);
            *slots[at].lock().expect("nobody panics") = Some(future);
        }
        nt.set(event);
        assert!(slots.iter().all(|slot| slot.lock().expect("nobody panics").is_none()));
        assert_eq!(nt.references(event), 1);

        let auto = nt.auto(false);
        let slot = Arc::new(Mutex::new(None::<WaitFuture>));
        let (mine, seen) = (Arc::clone(&slot), Arc::new(AtomicUsize::new(0)));
        let noted = Arc::clone(&seen);
        let act = move || {
            let polled = poll(mine.lock().expect("nobody panics").as_mut().expect("there"), Waker::noop());
            noted.store(if polled == TAKEN { 1 } else { 2 }, Ordering::Release);
        };
        let mut future = nt.wait_async(auto);
        assert_eq!(poll(&mut future, &Arc::new(Acts(act)).into()), Poll::Pending);
        *slot.lock().expect("nobody panics") = Some(future);
        nt.set(auto);
        assert_eq!(seen.load(Ordering::Acquire), 1, "FU2");
    });
}

/// Panics when the last of it is dropped.
struct Bomb;

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("as the test wants it");
    }
}

/// A waker that panics when it is cloned.
fn uncloneable() -> Waker {
    const CALLS: RawWakerVTable = RawWakerVTable::new(|_| panic!("as the test wants it"), |_| {}, |_| {}, |_| {});
    // SAFETY: there is no data.
    unsafe { Waker::new(core::ptr::null(), &CALLS) }
}

/// Of one object and of several, which need memory of the future's own.
type Wait = fn(Nt, &[Handle]) -> WaitFuture;
const WAITS: [(&str, Wait); 3] = [
    ("one", |nt, events| nt.wait_async(events[0])),
    ("any", |nt, events| nt.wait_any_async(events)),
    ("all", |nt, events| nt.wait_all_async(events)),
];

/// A waker that panics when it is cloned takes the poll with it, and nothing else: the future waits on as before.
#[test]
fn a_waker_that_panics_when_it_is_cloned() {
    within(|| {
        let nt = Nt::new();
        for (name, wait) in WAITS {
            let events = [nt.auto(false), nt.auto(false)];
            let (count, waker) = Count::new();
            let mut future = wait(nt, &events);
            assert_eq!(poll(&mut future, &waker), Poll::Pending, "{name}");
            let polled = catch_unwind(AssertUnwindSafe(|| poll(&mut future, &uncloneable())));
            assert!(polled.is_err(), "{name}: the panic is the executor's");
            assert_eq!(nt.references(events[0]), if name == "all" { 3 } else { 2 }, "{name}: it stands in the queue");
            events.iter().for_each(|event| _ = nt.set(*event));
            assert_eq!((count.get(), poll(&mut future, &waker)), (1, TAKEN), "{name}");
        }
    });
}

/// A waker that panics when it is dropped holds nobody up, and nothing is lost by it: when another takes its place, when it is woken,
/// when its future is dropped.
#[test]
fn a_waker_that_panics_when_it_is_dropped() {
    within(|| {
        let nt = Nt::new();
        for (name, wait) in WAITS {
            let events = [nt.auto(false), nt.auto(false)];
            let armed = || {
                let mut future = wait(nt, &events);
                assert_eq!(
                    poll(&mut future, &Arc::new(Bomb).into()),
                    Poll::Pending,
                    "{name}: it is not the last of it"
                );
                future
            };
            let (count, waker) = Count::new();
            let mut replaced = armed();
            assert_eq!(poll(&mut replaced, &waker), Poll::Pending, "{name}");
            events.iter().for_each(|event| assert_eq!(nt.set(*event), 0));
            assert_eq!((count.get(), poll(&mut replaced, &waker)), (1, TAKEN), "{name}");
            events.iter().for_each(|event| _ = nt.reset(*event));

            let mut woken = armed();
            events.iter().for_each(|event| assert_eq!(nt.set(*event), 0, "{name}"));
            assert_eq!(poll(&mut woken, &waker), TAKEN, "{name}");
            events.iter().for_each(|event| _ = nt.reset(*event));

            drop(armed());
            assert_eq!(nt.references(events[0]), 1, "{name}");
        }
    });
}

/// Wakers that drop their own futures, each of which gives on what it had been given: the stack does not grow with the queue.
#[test]
fn a_long_queue_of_futures_that_are_dropped_when_they_are_woken() {
    const MANY: usize = 50_000;
    within(|| {
        let nt = Nt::new();
        let auto = nt.auto(false);
        let dropped = Arc::new(AtomicUsize::new(0));
        for _ in 0..MANY {
            let place = Arc::new(Mutex::new(None::<WaitFuture>));
            let (mine, dropped) = (Arc::clone(&place), Arc::clone(&dropped));
            let act = move || {
                drop(mine.lock().expect("nobody panics").take());
                dropped.fetch_add(1, Ordering::AcqRel);
            };
            let mut future = nt.wait_async(auto);
            assert_eq!(poll(&mut future, &Arc::new(Acts(act)).into()), Poll::Pending);
            *place.lock().expect("nobody panics") = Some(future);
        }
        nt.set(auto);
        assert_eq!(dropped.load(Ordering::Acquire), MANY);
        assert_eq!((nt.look(auto).state, nt.references(auto)), (1, 1), "nobody has it");
    });
}
