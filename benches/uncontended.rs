//! What does an operation cost that nobody waits for?

mod common;

use std::hint::black_box;

use common::{AUTO, Group, MANUAL, Padded, Rival, every_rival};
use criterion::{Criterion, criterion_group, criterion_main};

fn set_reset(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>) {
        operation(group, false, |event: &E| {
            event.set();
            event.reset();
        });
    }
    let mut group = criterion.benchmark_group("set_reset");
    every_rival!(rival::<MANUAL>(&mut group));
}

fn set_wait(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>) {
        operation(group, false, |event: &E| {
            event.set();
            event.wait();
        });
    }
    let mut group = criterion.benchmark_group("set_wait");
    every_rival!(rival::<AUTO>(&mut group));
}

fn poll_set(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>) {
        operation(group, true, E::try_wait);
    }
    let mut group = criterion.benchmark_group("poll_set");
    every_rival!(rival::<MANUAL>(&mut group));
}

fn poll_clear(criterion: &mut Criterion) {
    fn rival<E: Rival>(group: &mut Group<'_>) {
        operation(group, false, E::try_wait);
    }
    let mut group = criterion.benchmark_group("poll_clear");
    every_rival!(rival::<MANUAL>(&mut group));
}

/// One operation on a fresh event, again and again.
fn operation<E: Rival, R>(group: &mut Group<'_>, initially_set: bool, operation: impl Fn(&E) -> R) {
    let event = Padded(E::new());
    if initially_set {
        event.set();
    }
    group.bench_function(E::NAME, |bencher| {
        let event = black_box(&*event);
        bencher.iter(|| operation(event));
    });
}

criterion_group!(name = benches; config = common::criterion(); targets = set_reset, set_wait, poll_set, poll_clear);
criterion_main!(benches);
