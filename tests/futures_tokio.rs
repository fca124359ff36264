//! Waits as futures under tokio: one thread and several, with its timers and with ours, in its `select!`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use common::within;
use ntwait::{Ended, Event, Mutant, Semaphore, Thread, Timer, wait_all_async, wait_any_async};
use tokio::runtime::{Builder, Runtime};

fn one_thread() -> Runtime {
    Builder::new_current_thread().enable_time().build().expect("a runtime")
}

fn several_threads() -> Runtime {
    Builder::new_multi_thread().worker_threads(3).enable_time().build().expect("a runtime")
}

/// Tasks hand a token round, and threads of the library hand it to them.
#[test]
fn tokens_go_round() {
    within(|| {
        for runtime in [one_thread(), several_threads()] {
            const TASKS: usize = 20;
            const ROUNDS: u32 = 50;
            let ring: Arc<Vec<Event>> =
                Arc::new((0..=TASKS).map(|_| Event::auto_reset(false).expect("a handle")).collect());
            let last = Arc::clone(&ring);
            let thread = Thread::spawn(move || {
                for _ in 0..ROUNDS {
                    last[TASKS].wait();
                    last[0].set();
                }
            })
            .expect("a thread");
            runtime.block_on(async {
                let tasks: Vec<_> = (0..TASKS)
                    .map(|at| {
                        let ring = Arc::clone(&ring);
                        tokio::spawn(async move {
                            for _ in 0..ROUNDS {
                                (&ring[at]).await;
                                ring[at + 1].set();
                            }
                        })
                    })
                    .collect();
                ring[0].set();
                for task in tasks {
                    task.await.expect("no panic");
                }
                thread.await.expect("no panic");
            });
            assert!(ring[0].try_wait(), "one token, and no more");
            assert!(ring[1..].iter().all(|event| !event.is_set()));
        }
    });
}

/// `select!` drops what has not won; nothing is lost by that.
#[test]
fn select_loses_nothing() {
    within(|| {
        several_threads().block_on(async {
            let (queue, stop) = (
                Arc::new(Semaphore::new(0, 100_000).expect("a handle")),
                Arc::new(Event::manual_reset(false).expect("a handle")),
            );
            let taken = Arc::new(AtomicU32::new(0));
            let workers: Vec<_> = (0..4)
                .map(|_| {
                    let (queue, stop, taken) = (Arc::clone(&queue), Arc::clone(&stop), Arc::clone(&taken));
                    tokio::spawn(async move {
                        loop {
                            tokio::select! {
                                () = async { (&*queue).await } => { taken.fetch_add(1, Ordering::AcqRel); }
                                () = tokio::time::sleep(Duration::from_micros(50)) => {}
                                () = async { (&*stop).await } => return,
                            }
                        }
                    })
                })
                .collect();
            for _ in 0..2_000 {
                queue.release(1).expect("far from full");
                if queue.try_acquire() {
                    queue.release(1).expect("far from full");
                }
                tokio::task::yield_now().await;
            }
            while taken.load(Ordering::Acquire) < 2_000 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            stop.set();
            for worker in workers {
                worker.await.expect("no panic");
            }
            assert_eq!((taken.load(Ordering::Acquire), queue.try_acquire()), (2_000, false));
        });
    });
}

/// Time-outs by tokio's timer, and by one of ours among the objects; the wait that timed out has taken nothing.
#[test]
fn time_outs() {
    within(|| {
        for runtime in [one_thread(), several_threads()] {
            runtime.block_on(async {
                let event = Event::auto_reset(false).expect("a handle");
                let late = tokio::time::timeout(Duration::from_millis(5), wait_any_async(&[&event])).await;
                assert!(late.is_err());
                event.set();
                assert!(event.try_wait(), "nobody is in the queue");
                let timer = Timer::one_shot().expect("a handle");
                timer.set_after(Duration::from_millis(5));
                assert_eq!(wait_any_async(&[&event, &timer]).await, Ok(Ended::Object(1)));
                event.set();
                assert_eq!(wait_all_async(&[&event, &timer]).await, Ok(Ended::Object(0)));
                assert!(!event.is_set());
            });
        }
    });
}

/// A mutant in a task that stays on its thread.
#[test]
fn mutants_of_local_tasks() {
    within(|| {
        let mutant: &'static Mutant = Box::leak(Box::new(Mutant::new().expect("a handle")));
        let counter: &'static AtomicU32 = Box::leak(Box::default());
        let add = || {
            let value = counter.load(Ordering::Relaxed);
            std::thread::yield_now();
            counter.store(value + 1, Ordering::Relaxed);
        };
        let threads: Vec<_> = (0..3)
            .map(|_| {
                std::thread::spawn(move || {
                    one_thread().block_on(async {
                        for _ in 0..200 {
                            let guard = mutant.lock_async().await.expect("it can be had");
                            add();
                            drop(guard);
                            tokio::task::yield_now().await;
                        }
                    });
                })
            })
            .collect();
        for _ in 0..200 {
            let _guard = mutant.lock().expect("it can be had");
            add();
        }
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        assert_eq!(counter.load(Ordering::Relaxed), 800);
    });
}
