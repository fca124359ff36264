//! What do the locks cost that NT programs have in their own memory, against those of Rust programs: alone, and between
//! two threads on two CPUs?

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

mod common;

use std::cell::Cell;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::{Group, Padded, pin_to, time, two_cpus};
use criterion::{Criterion, criterion_group, criterion_main};

/// A lock around a number.
trait Lock: Sync + Sized {
    const NAME: &'static str;
    fn new() -> Self;
    /// Acquires it, changes (or only reads) the number, and lets go.
    fn step(&self);
}

macro_rules! lock {
    ($rival:ident, $name:literal, $lock:ty, $new:expr, |$held:ident| $step:expr) => {
        struct $rival($lock);

        impl Lock for $rival {
            const NAME: &'static str = $name;

            fn new() -> Self {
                Self($new)
            }

            #[inline]
            fn step(&self) {
                let $held = &self.0;
                $step
            }
        }
    };
}

type Number = Cell<u64>;

fn count(number: &Number) {
    number.set(number.get() + 1);
}

lock!(NtWrite, "ntwait SRW", ntwait::SrwLock<u64>, ntwait::SrwLock::new(0), |lock| *lock.write() += 1);
lock!(
    NtSection,
    "ntwait section",
    ntwait::CriticalSection<Number>,
    ntwait::CriticalSection::new(Cell::new(0)),
    |lock| {
        count(&lock.enter());
    }
);
lock!(StdMutex, "std Mutex", std::sync::Mutex<u64>, std::sync::Mutex::new(0), |lock| {
    *lock.lock().expect("no panic while it is held") += 1;
});
lock!(StdWrite, "std RwLock", std::sync::RwLock<u64>, std::sync::RwLock::new(0), |lock| {
    *lock.write().expect("no panic while it is held") += 1;
});
lock!(PlMutex, "parking_lot Mutex", parking_lot::Mutex<u64>, parking_lot::Mutex::new(0), |lock| *lock.lock() += 1);
lock!(PlWrite, "parking_lot RwLock", parking_lot::RwLock<u64>, parking_lot::RwLock::new(0), |lock| *lock.write() += 1);
lock!(
    PlReentrant,
    "parking_lot ReentrantMutex",
    parking_lot::ReentrantMutex<Number>,
    parking_lot::ReentrantMutex::new(Cell::new(0)),
    |lock| count(&lock.lock())
);

lock!(NtRead, "ntwait SRW", ntwait::SrwLock<u64>, ntwait::SrwLock::new(0), |lock| {
    black_box(*lock.read());
});
lock!(StdRead, "std RwLock", std::sync::RwLock<u64>, std::sync::RwLock::new(0), |lock| {
    black_box(*lock.read().expect("no panic while it is held"));
});
lock!(PlRead, "parking_lot RwLock", parking_lot::RwLock<u64>, parking_lot::RwLock::new(0), |lock| {
    black_box(*lock.read());
});

macro_rules! every_lock {
    ($run:ident($($argument:expr),*)) => {
        $run::<NtWrite>($($argument),*);
        $run::<NtSection>($($argument),*);
        $run::<StdMutex>($($argument),*);
        $run::<StdWrite>($($argument),*);
        $run::<PlMutex>($($argument),*);
        $run::<PlWrite>($($argument),*);
        $run::<PlReentrant>($($argument),*);
    };
}

macro_rules! every_reader {
    ($run:ident($($argument:expr),*)) => {
        $run::<NtRead>($($argument),*);
        $run::<StdRead>($($argument),*);
        $run::<PlRead>($($argument),*);
    };
}

fn alone<L: Lock>(group: &mut Group<'_>) {
    group.bench_function(L::NAME, |bencher| {
        let lock = Padded(L::new());
        bencher.iter_custom(|n| time(n, || black_box(&*lock).step()));
    });
}

/// The mean of what a step costs each of two threads that take as many each.
fn contended<L: Lock>(group: &mut Group<'_>, away: usize) {
    group.bench_function(L::NAME, |bencher| {
        let lock = Padded(L::new());
        bencher.iter_custom(|n| {
            let start = Padded(AtomicU32::new(0));
            let work = || {
                start.fetch_add(1, Ordering::AcqRel);
                while start.load(Ordering::Acquire) < 2 {
                    spin_loop();
                }
                time(n, || black_box(&*lock).step())
            };
            thread::scope(|scope| {
                let there = scope.spawn(|| {
                    pin_to(away);
                    work()
                });
                let here: Duration = work();
                (here + there.join().expect("the other side ends")) / 2
            })
        });
    });
}

fn uncontended_locks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("lock_unlock");
    every_lock!(alone(&mut group));
}

fn uncontended_reads(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read_unlock");
    every_reader!(alone(&mut group));
}

fn contended_locks(criterion: &mut Criterion) {
    let Some((_, away)) = two_cpus("two_threads_lock") else { return };
    let mut group = criterion.benchmark_group("two_threads_lock");
    every_lock!(contended(&mut group, away));
}

fn contended_reads(criterion: &mut Criterion) {
    let Some((_, away)) = two_cpus("two_threads_read") else { return };
    let mut group = criterion.benchmark_group("two_threads_read");
    every_reader!(contended(&mut group, away));
}

criterion_group!(
    name = benches;
    config = common::criterion();
    targets = uncontended_locks, uncontended_reads, contended_locks, contended_reads
);
criterion_main!(benches);
