//! Threads that use the user-mode primitives while they are suspended and resumed at random: nothing is lost, nobody stays
//! asleep, and no two are inside at once.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use core::time::Duration;

use common::memory::{leak, word_of};
use common::nt_threads::NtThread;
use common::threads::within;
use common::{Nt, Random};
use ntwait::{Barrier, Condition, CriticalSection, RtlSrwLock, RunOnce, SrwLock};

const STEPS: u64 = 60_000;
const THREADS: u64 = 3;

/// Suspends and resumes the threads until they have ended.
fn storm(nt: Nt, threads: &[NtThread]) {
    let mut random = Random::new(7);
    while !threads.iter().all(NtThread::is_over) {
        let thread = random.pick(threads);
        // One that is ending refuses, and needs no resumption.
        if nt.nt_suspend_thread(thread.handle).is_ok() {
            if random.one_in(3) {
                common::spin_for(Duration::from_micros(random.below(200)));
            }
            let _ = nt.nt_resume_thread(thread.handle);
        }
        common::spin_for(Duration::from_micros(random.below(50)));
    }
}

/// The same on each of the threads, in a storm; each passes its number of steps.
fn run(steps: impl Fn(Random) -> u64 + Send + Clone + 'static) -> u64 {
    let nt = Nt::new();
    let total: &'static AtomicU64 = leak(AtomicU64::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|seed| {
            let steps = steps.clone();
            nt.thread(move || {
                total.fetch_add(steps(Random::new(seed + 5)), Ordering::Relaxed);
                0
            })
        })
        .collect();
    storm(nt, &threads);
    for thread in threads {
        assert_eq!(thread.join(), 0);
    }
    total.load(Ordering::Relaxed)
}

/// Is used as if it were not shared.
#[derive(Default)]
struct Number(AtomicU64);

impl Number {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self) {
        self.0.store(self.get() + 1, Ordering::Relaxed);
    }
}

#[test]
fn srw_lock_in_a_storm() {
    within(|| {
        let lock: &'static RtlSrwLock = leak(RtlSrwLock::new());
        let numbers: &'static [Number; 2] = leak([Number::default(), Number::default()]);
        let written = run(move |mut random| {
            let mut written = 0;
            for _ in 0..STEPS {
                if random.one_in(2) {
                    lock.rtl_acquire_srw_lock_exclusive();
                    numbers.iter().for_each(Number::add);
                    assert!(lock.rtl_release_srw_lock_exclusive().is_success());
                    written += 1;
                } else {
                    lock.rtl_acquire_srw_lock_shared();
                    assert_eq!(numbers[0].get(), numbers[1].get());
                    assert!(lock.rtl_release_srw_lock_shared().is_success());
                }
            }
            written
        });
        assert_eq!((numbers[0].get(), word_of(lock)), (written, 0));
    });
}

#[test]
fn section_in_a_storm() {
    within(|| {
        let section: &'static CriticalSection<Cell<u64>> = leak(CriticalSection::new(Cell::new(0)));
        let steps = run(move |mut random| {
            for _ in 0..STEPS {
                let outer = section.enter();
                let inner = random.one_in(4).then(|| section.enter());
                outer.set(outer.get() + 1);
                drop(inner);
            }
            STEPS
        });
        assert_eq!(section.enter().get(), steps);
    });
}

/// Whose turn it is goes round: each step is waited for by all, with wakes of all.
#[test]
fn condition_in_a_storm() {
    within(|| {
        let turn: &'static (SrwLock<u64>, Condition) = leak((SrwLock::new(0), Condition::new()));
        let next: &'static AtomicU64 = leak(AtomicU64::new(0));
        run(move |_| {
            let me = next.fetch_add(1, Ordering::Relaxed);
            for _ in 0..STEPS / 10 {
                let mut count = turn.0.write();
                turn.1.wait_while(&mut count, |count| **count % THREADS != me);
                *count += 1;
                turn.1.wake_all();
            }
            0
        });
        assert_eq!(*turn.0.read(), STEPS / 10 * THREADS);
    });
}

#[test]
fn run_once_and_barrier_in_a_storm() {
    within(|| {
        let blocks: &'static [(RunOnce, AtomicU32)] =
            Vec::leak((0..200).map(|_| (RunOnce::new(), AtomicU32::new(0))).collect());
        let barrier: &'static Barrier = leak(Barrier::new(3));
        let lasts = run(move |_| {
            let mut lasts = 0;
            for (once, calls) in blocks {
                lasts += u64::from(barrier.wait());
                once.call_once(|| {
                    calls.fetch_add(1, Ordering::Relaxed);
                });
                assert_eq!(calls.load(Ordering::Relaxed), 1);
            }
            lasts
        });
        assert_eq!(lasts, 200);
    });
}
