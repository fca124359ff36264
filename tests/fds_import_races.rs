//! Descriptors as objects that change while they are waited for: no wake is lost, and nothing wakes for nothing.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::pipes::Pipe;
use common::{FOREVER, Nt, POLL, Random, Worker, ms, object, spin_for, trials, within};
use core::time::Duration;
use ntwait::{Interest, NtStatus};
use std::io::{PipeReader, Read, Write, pipe};
use std::sync::atomic::{AtomicU32, Ordering};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const READABLE: Interest = Interest::READABLE;

/// Everybody who waits is released, and who comes while it is ready too.
#[test]
fn several_waiters_are_all_released() {
    within(|| {
        let nt = Nt::new();
        let pipe = Pipe::new(nt);
        let handle = pipe.handle;
        for _ in 0..3 {
            let waiters: Vec<_> = (0..6).map(|_| Worker::blocked(move || nt.one(handle, FOREVER))).collect();
            pipe.fill();
            waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), object(0)));
            assert!(pipe.is_ready());
            pipe.drain();
            assert!(!pipe.is_ready());
        }
        pipe.has_no_waiters();
    });
}

/// What was ready when another thread read it is not ready: a wait-all is decided by the truth of one moment, and goes on.
#[test]
fn de2_stolen_data_and_a_wait_for_all() {
    within(|| {
        let nt = Nt::new();
        let (pipe, event) = (Pipe::new(nt), nt.auto(false));
        let (handle, order) = (pipe.handle, [[0, 1], [1, 0]]);
        for trial in trials(400) {
            let objects = [handle, event];
            let objects = order[trial as usize % 2].map(|index: usize| objects[index]);
            let waiter = Worker::start(move || nt.all(&objects, FOREVER));
            for _ in 0..trial % 4 {
                pipe.fill(); // the service may or may not look before it is gone
                spin_for(Duration::from_micros(u64::from(trial) * 7 % 60));
                pipe.drain();
            }
            nt.set(event);
            waiter.assert_blocked();
            assert_eq!(nt.look(event).state, 1, "nothing is taken before all is there");
            pipe.fill();
            assert_eq!(waiter.join(), object(0));
            assert_eq!(nt.look(event).state, 0);
            pipe.drain();
        }
        pipe.has_no_waiters();
    });
}

/// Two descriptors, ready by turns and at last together.
#[test]
fn de2_a_wait_for_two_descriptors() {
    within(|| {
        let nt = Nt::new();
        let (one, two) = (Pipe::new(nt), Pipe::new(nt));
        let objects = [one.handle, two.handle];
        for trial in trials(400) {
            let waiter = Worker::start(move || nt.all(&objects, FOREVER));
            one.fill();
            spin_for(Duration::from_micros(u64::from(trial) * 3 % 50));
            one.drain();
            two.fill();
            spin_for(Duration::from_micros(u64::from(trial) * 5 % 50));
            assert!(!waiter.is_finished(), "they were never ready together");
            one.fill();
            assert_eq!(waiter.join(), object(0));
            one.drain();
            two.drain();
        }
    });
}

/// While a wait-all lacks something else, a descriptor that is ready costs nothing.
#[test]
fn de2_nothing_spins() {
    within(|| {
        let nt = Nt::new();
        let (pipe, event) = (Pipe::new(nt), nt.auto(false));
        let handle = pipe.handle;
        let waiter = Worker::blocked(move || nt.all(&[handle, event], FOREVER));
        pipe.fill();
        let service = std::fs::read_dir("/proc/self/task").expect("the threads").flatten().map(|task| task.path());
        let service: Vec<_> = service
            .filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "ntwait-service"))
            .collect();
        assert_eq!(service.len(), 1);
        // Until it sleeps for the same time twice: its counts of switches stand still.
        let switches = || {
            let status = std::fs::read_to_string(service[0].join("status")).expect("the service");
            status.lines().filter(|line| line.contains("ctxt_switches")).map(str::to_owned).collect::<Vec<_>>()
        };
        let mut before = switches();
        let still = (0..100).any(|_| {
            spin_for(Duration::from_millis(5));
            let now = switches();
            let still = now == before;
            before = now;
            still
        });
        assert!(still, "the service goes on waking: {before:?}");
        nt.set(event);
        assert_eq!(waiter.join(), object(0));
    });
}

/// Writers, readers, waiters and closers at once: every byte is found by somebody, and nothing is left behind.
#[test]
fn storm() {
    within(|| {
        let nt = Nt::new();
        let stop = nt.manual(false);
        let (reader, writer) = pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(&reader, true).expect("a pipe");
        let (found, written): (&AtomicU32, &AtomicU32) = (Box::leak(Box::default()), Box::leak(Box::default()));
        let reader: &'static PipeReader = Box::leak(Box::new(reader));
        let waiters: Vec<_> = (0..4)
            .map(|number| {
                Worker::start(move || {
                    let event = nt.manual(true);
                    let mut random = Random::new(number);
                    loop {
                        // A handle of its own now and then, so that objects die while they are waited for.
                        let handle = nt.import_fd(reader, READABLE).expect("an object");
                        for _ in 0..random.below(8) {
                            let ended = match random.below(3) {
                                0 => nt.any(&[handle, stop], FOREVER),
                                1 => nt.any(&[stop, handle], FOREVER),
                                _ => match nt.all(&[handle, event], ms(1)) {
                                    TIMEOUT => continue,
                                    status => status,
                                },
                            };
                            assert!(ended == object(0) || ended == object(1), "{ended}");
                            if let Ok(count) = (&*reader).read(&mut [0; 3]) {
                                found.fetch_add(u32::try_from(count).expect("few"), Ordering::Relaxed);
                            }
                        }
                        nt.close(handle);
                        if nt.one(stop, POLL) == object(0) {
                            nt.close(event);
                            return;
                        }
                    }
                })
            })
            .collect();
        let mut random = Random::new(99);
        for _ in trials(20_000) {
            let count = 1 + random.index(3);
            (&writer).write_all(&[0; 3][..count]).expect("room");
            written.fetch_add(u32::try_from(count).expect("few"), Ordering::Relaxed);
            if random.one_in(8) {
                spin_for(Duration::from_micros(random.below(40)));
            }
        }
        while found.load(Ordering::Relaxed) < written.load(Ordering::Relaxed) {
            std::thread::yield_now();
        }
        nt.set(stop);
        waiters.into_iter().for_each(Worker::join);
    });
}
