//! Waits as futures under smol's executor: tasks that are run by several threads, cancelled, and detached.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use async_executor::Executor;
use common::within;
use futures_lite::future::{block_on, or, yield_now, zip};
use ntwait::{Ended, Event, Semaphore, wait_all_async, wait_any_async};

/// 1,000 tasks on three threads take what one thread gives.
#[test]
fn a_thousand_tasks() {
    within(|| {
        let queue = Semaphore::new(0, 1_000_000).expect("a handle");
        let taken = AtomicU32::new(0);
        let (executor, stop) = (Executor::new(), Event::manual_reset(false).expect("a handle"));
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| block_on(executor.run(async { (&stop).await })));
            }
            let tasks: Vec<_> = (0..1_000)
                .map(|_| {
                    executor.spawn(async {
                        for _ in 0..10 {
                            (&queue).await;
                            taken.fetch_add(1, Ordering::AcqRel);
                        }
                    })
                })
                .collect();
            for _ in 0..1_000 {
                queue.release(10).expect("far from full");
            }
            block_on(async {
                for task in tasks {
                    task.await;
                }
            });
            stop.set();
        });
        assert_eq!((taken.load(Ordering::Acquire), queue.try_acquire()), (10_000, false));
    });
}

/// A task that is cancelled in its wait has taken nothing, though the executor may run it meanwhile.
#[test]
fn cancelled_tasks() {
    within(|| {
        let (executor, stop) = (Executor::new(), Event::manual_reset(false).expect("a handle"));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| block_on(executor.run(async { (&stop).await })));
            }
            for round in 0..500 {
                let shared = Arc::new((Event::auto_reset(false).expect("a handle"), AtomicU32::new(0)));
                let (event, took) = &*shared;
                let inside = Arc::clone(&shared);
                block_on(async {
                    let task = executor.spawn(async move {
                        (&inside.0).await;
                        inside.1.fetch_add(1, Ordering::AcqRel);
                    });
                    if round % 2 == 0 {
                        yield_now().await;
                    }
                    zip(async { event.set() }, task.cancel()).await;
                });
                let left = u32::from(event.try_wait());
                assert_eq!(took.load(Ordering::Acquire) + left, 1, "round {round}");
            }
            stop.set();
        });
    });
}

/// The losers of a race have taken nothing, and a wait-all among them neither.
#[test]
fn races() {
    within(|| {
        block_on(async {
            let events: Vec<Event> = (0..3).map(|_| Event::auto_reset(false).expect("a handle")).collect();
            for round in 0..300 {
                let winner = round % 3;
                let all = async { wait_all_async(&[&events[0], &events[1], &events[2]]).await };
                let any = async { wait_any_async(&[&events[0], &events[1], &events[2]]).await };
                let set = async {
                    yield_now().await;
                    events[winner].set();
                };
                let (ended, ()) = zip(or(all, any), set).await;
                assert_eq!(ended, Ok(Ended::Object(winner)));
                assert!(events.iter().all(|event| !event.is_set()));
            }
        });
    });
}
