//! What do two threads cost each other that set and reset at the same time: on one event, and each on its own?
//!
//! Each thread does the same number of operations and times itself; what counts is the mean of the two.

mod common;

use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use common::{Group, MANUAL, Padded, Rival, every_rival, pin_to, time, two_cpus};
use criterion::{Criterion, criterion_group, criterion_main};

/// What each of two costs with events of their own, divided by this, is the price of having a neighbour.
fn one_thread(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>) {
        group.bench_function(E::NAME, |bencher| bencher.iter_custom(on_its_own_event::<E>));
    }
    let mut group = criterion.benchmark_group("one_thread");
    every_rival!(rival::<MANUAL>(&mut group));
}

fn two_threads_own_events(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>, away: usize) {
        group.bench_function(E::NAME, |bencher| {
            bencher.iter_custom(|n| {
                let start = Start::default();
                side_by_side(away, || {
                    let event = Padded(E::new());
                    start.together();
                    set_reset(&*event, n)
                })
            });
        });
    }
    let Some((_, away)) = two_cpus("two_threads_own_events") else { return };
    let mut group = criterion.benchmark_group("two_threads_own_events");
    every_rival!(rival::<MANUAL>(&mut group, away));
}

fn two_threads_one_event(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>, away: usize) {
        let event = Padded(E::new());
        group.bench_function(E::NAME, |bencher| {
            bencher.iter_custom(|n| {
                let start = Start::default();
                side_by_side(away, || {
                    start.together();
                    set_reset(&*event, n)
                })
            });
        });
    }
    let Some((_, away)) = two_cpus("two_threads_one_event") else { return };
    let mut group = criterion.benchmark_group("two_threads_one_event");
    every_rival!(rival::<MANUAL>(&mut group, away));
}

fn on_its_own_event<E: Rival>(n: u64) -> Duration {
    set_reset(&*Padded(E::new()), n)
}

fn set_reset<E: Rival>(event: &E, n: u64) -> Duration {
    let event = black_box(event);
    time(n, || {
        event.set();
        event.reset();
    })
}

/// The same work here and on the CPU `away`.
fn side_by_side(away: usize, work: impl Fn() -> Duration + Sync) -> Duration {
    thread::scope(|scope| {
        let there = scope.spawn(|| {
            pin_to(away);
            work()
        });
        let here = work();
        (here + there.join().expect("the other side ends")) / 2
    })
}

/// Where two threads wait for each other, awake, so that both start within a hundred nanoseconds.
#[derive(Default)]
struct Start(Padded<AtomicU32>);

impl Start {
    fn together(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
        while self.0.load(Ordering::Acquire) < 2 {
            spin_loop();
        }
    }
}

criterion_group!(
    name = benches;
    config = common::criterion();
    targets = one_thread, two_threads_own_events, two_threads_one_event
);
criterion_main!(benches);
