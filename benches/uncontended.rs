//! What does an operation cost that nobody waits for?

#![allow(clippy::disallowed_types, reason = "benches are not the product")]

mod common;

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{AUTO, Group, MANUAL, Padded, Rival, every_rival};
use criterion::{Criterion, criterion_group, criterion_main};
use ntwait::{AccessMask, Mutant, NtStatus, ObjectAttributes, Runtime, Semaphore};

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

/// Taken and given back by a thread that is alone with it.
fn mutant(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("mutant");
    group.bench_function("bare futex", |bencher| {
        let word = Padded(AtomicU32::new(0));
        bencher.iter(|| {
            let word = black_box(&*word);
            let taken = word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed);
            (taken, word.swap(0, Ordering::Release))
        });
    });
    let nt = Runtime::global();
    let handle = nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::NONE, false).expect("a mutant");
    group.bench_function("ntwait", |bencher| {
        bencher.iter(|| {
            assert_eq!(nt.nt_wait_for_single_object(handle, false, None), NtStatus::WAIT_0);
            nt.nt_release_mutant(handle)
        });
    });
    group.bench_function("ntwait, one level more", |bencher| {
        assert_eq!(nt.nt_wait_for_single_object(handle, false, None), NtStatus::WAIT_0);
        bencher.iter(|| {
            assert_eq!(nt.nt_wait_for_single_object(handle, false, None), NtStatus::WAIT_0);
            nt.nt_release_mutant(handle)
        });
    });
    let typed = Mutant::new().expect("a mutant");
    group.bench_function("ntwait, typed", |bencher| bencher.iter(|| drop(black_box(&typed).lock())));
    let std = Padded(Mutex::new(0));
    group.bench_function("std Mutex", |bencher| bencher.iter(|| drop(black_box(&*std).lock())));
    let parking_lot = Padded(parking_lot::Mutex::new(0));
    group.bench_function("parking_lot", |bencher| bencher.iter(|| drop(black_box(&*parking_lot).lock())));
}

/// One released and taken by the same thread.
fn semaphore(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("semaphore");
    group.bench_function("bare futex", |bencher| {
        let word = Padded(AtomicU32::new(0));
        bencher.iter(|| {
            let word = black_box(&*word);
            let before = word.fetch_add(1, Ordering::Release);
            (before, word.compare_exchange(1, 0, Ordering::Acquire, Ordering::Relaxed))
        });
    });
    let nt = Runtime::global();
    let access = AccessMask::SEMAPHORE_ALL_ACCESS;
    let handle = nt.nt_create_semaphore(access, ObjectAttributes::NONE, 0, 10).expect("a semaphore");
    group.bench_function("ntwait", |bencher| {
        bencher.iter(|| {
            let before = nt.nt_release_semaphore(handle, 1);
            (before, nt.nt_wait_for_single_object(handle, false, None))
        });
    });
    let typed = Semaphore::new(0, 10).expect("a semaphore");
    group.bench_function("ntwait, typed", |bencher| {
        bencher.iter(|| {
            let before = black_box(&typed).release(1);
            typed.acquire();
            before
        });
    });
    let std = Padded(Mutex::new(0));
    group.bench_function("std Mutex", |bencher| {
        bencher.iter(|| {
            *black_box(&*std).lock().expect("not poisoned") += 1;
            *std.lock().expect("not poisoned") -= 1;
        });
    });
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

criterion_group!(name = benches; config = common::criterion(); targets = set_reset, set_wait, poll_set, poll_clear, mutant, semaphore);
criterion_main!(benches);
