//! What does an event cost that a descriptor mirrors, and what one beside it? What does a wait for an imported descriptor?

mod common;

use std::hint::black_box;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{MANUAL, NtEvent, Padded, Rival};
use criterion::{Criterion, criterion_group, criterion_main};
use ntwait::{Descriptor, Event, Waitable};
use rustix::event::{EventfdFlags, PollFd, PollFlags, eventfd, poll};
use rustix::io::{read, write};

fn set_reset_exported(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("set_reset_exported");
    group.bench_function("bare eventfd", |bencher| {
        let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("a descriptor");
        bencher.iter(|| {
            let _ = write(&descriptor, &1_u64.to_ne_bytes());
            let _ = read(&descriptor, &mut [0; 8]);
        });
    });
    group.bench_function("ntwait Event", |bencher| {
        let event = Event::manual_reset(false).expect("an event");
        let _descriptor = event.export_fd().expect("two descriptors");
        bencher.iter(|| {
            black_box(&event).set();
            black_box(&event).reset();
        });
    });
}

fn set_reset_beside(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("set_reset_beside");
    let mut body = |name, others: usize| {
        let others: Vec<_> = (0..others)
            .map(|_| {
                let event = Event::manual_reset(false).expect("an event");
                (event.export_fd().expect("two descriptors"), event)
            })
            .collect();
        group.bench_function(name, |bencher| {
            let event = Padded(NtEvent::<MANUAL>::new());
            bencher.iter(|| {
                black_box(&*event).set();
                black_box(&*event).reset();
            });
        });
        drop(others);
    };
    body("none exported", 0);
    body("64 others exported", 64);
}

/// One thread writes and waits for the answer, another answers.
fn round_trip_imported(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("round_trip_imported");
    let mut body = |name, wait: fn(&Descriptor, &OwnedFd)| {
        let pair = || {
            let descriptor = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("a descriptor");
            (Descriptor::readable(&descriptor).expect("an object"), descriptor)
        };
        let (there, back, stop) = (pair(), pair(), AtomicBool::new(false));
        let ring = |descriptor: &OwnedFd| _ = write(descriptor, &1_u64.to_ne_bytes());
        let take = |(object, descriptor): &(Descriptor, OwnedFd)| {
            while read(descriptor, &mut [0; 8]).is_err() {
                wait(object, descriptor);
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    take(&there);
                    ring(&back.1);
                }
            });
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    ring(&there.1);
                    take(&back);
                });
            });
            stop.store(true, Ordering::Relaxed);
            ring(&there.1);
        });
    };
    body("poll(2)", |_, descriptor| _ = poll(&mut [PollFd::new(descriptor, PollFlags::IN)], None));
    body("ntwait Descriptor", |object, _| object.wait());
}

criterion_group! {
    name = descriptors;
    config = common::criterion();
    targets = set_reset_exported, set_reset_beside, round_trip_imported
}
criterion_main!(descriptors);
