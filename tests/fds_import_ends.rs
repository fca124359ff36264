//! Descriptors as objects when something ends: waits, threads, handles, runtimes, descriptors to be had; and in a child of `fork`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]
#![allow(unsafe_code, reason = "ending threads by force")]

mod common;

use common::pipes::{Pipe, descriptors_of};
use common::{FOREVER, Nt, POLL, Worker, in_fork, ms, object, within};
use ntwait::{Handle, Interest, NtStatus, Runtime};
use std::io::{Read, Write, pipe};
use std::os::fd::{AsFd, BorrowedFd};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const READABLE: Interest = Interest::READABLE;

/// W35: the wait goes on when the handle is closed, and so does the watch.
#[test]
fn w35_closed_while_somebody_waits() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..200 {
            let pipe = Pipe::new(nt);
            let handle = pipe.handle;
            let waiters = [(); 2].map(|()| Worker::blocked(move || nt.one(handle, FOREVER)));
            nt.close(handle);
            assert_eq!(nt.one(handle, POLL), NtStatus::INVALID_HANDLE);
            waiters.iter().for_each(Worker::assert_blocked);
            pipe.fill();
            waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), object(0)));
            assert_eq!(descriptors_of(&pipe.reader), 2, "the last who leaves ends the object, and closes what it had");
        }
    });
}

/// A time-out takes nothing and leaves nothing, and the next wait is woken as any other.
#[test]
fn time_outs() {
    within(|| {
        let nt = Nt::new();
        let (pipe, event) = (Pipe::new(nt), nt.auto(false));
        let handle = pipe.handle;
        for _ in 0..20 {
            assert_eq!(nt.one(handle, ms(1)), TIMEOUT);
            assert_eq!(nt.any(&[event, handle], ms(1)), TIMEOUT);
            assert_eq!(nt.all(&[event, handle], ms(1)), TIMEOUT);
            pipe.has_no_waiters();
            let waiter = Worker::blocked(move || nt.any(&[event, handle], FOREVER));
            pipe.fill();
            assert_eq!(waiter.join(), object(1));
            pipe.drain();
        }
    });
}

/// TH19, W38: a suspended thread is told when it goes on; what was drained meanwhile is not there for it.
#[test]
fn th19_suspended_and_terminated_waiters() {
    within(|| {
        let nt = Nt::new();
        let pipe = Pipe::new(nt);
        let handle = pipe.handle;
        let thread = nt.blocked(move || nt.one(handle, FOREVER).0);
        thread.suspend_in_wait();
        pipe.fill();
        assert!(pipe.is_ready());
        pipe.drain();
        thread.resume_into_wait();
        pipe.fill();
        assert_eq!(NtStatus(thread.join()), object(0));
        pipe.drain();
        let thread = nt.blocked(move || nt.one(handle, FOREVER).0);
        // SAFETY: nothing refers to its stack.
        assert_eq!(unsafe { nt.nt_terminate_thread(thread.handle, 5) }, NtStatus::SUCCESS);
        assert_eq!(thread.join(), 5);
        pipe.has_no_waiters();
        let waiter = Worker::blocked(move || nt.one(handle, FOREVER));
        pipe.fill();
        assert_eq!(waiter.join(), object(0));
    });
}

/// A runtime that is dropped with imports, watched ones too, leaves no descriptor.
#[test]
fn a_runtime_that_is_dropped() {
    within(|| {
        let pipes: Vec<_> = (0..100).map(|_| pipe().expect("a pipe")).collect();
        for _ in 0..20 {
            let nt = Runtime::new().expect("a runtime");
            for (reader, writer) in &pipes {
                let handle = nt.import_fd(reader, READABLE).expect("an object");
                assert_eq!(nt.nt_wait_for_single_object(handle, false, Some(-1)), TIMEOUT);
                (&*writer).write_all(b"!").expect("room"); // an event that comes when it may be too late
            }
            drop(nt);
            for (mut reader, _) in pipes.iter().map(|(reader, writer)| (reader, writer)) {
                assert_eq!(descriptors_of(reader), 2);
                reader.read_exact(&mut [0]).expect("a byte");
            }
        }
    });
}

/// A child of `fork` has none of its parent's objects, can import the same descriptors, and does not disturb the parent.
#[test]
fn fork() {
    within(|| {
        let nt = Nt::new();
        let pipe = Pipe::new(nt);
        let handle = pipe.handle;
        let waiter = Worker::blocked(move || nt.one(handle, FOREVER));
        let wrong = in_fork(|| {
            let mut wrong = i32::from(nt.one(handle, POLL) != NtStatus::INVALID_HANDLE);
            wrong |= i32::from(nt.import_fd(&pipe.reader, READABLE) != Err(NtStatus::INSUFFICIENT_RESOURCES)) << 1;
            let own = Runtime::global();
            let imported = own.import_fd(&pipe.reader, READABLE);
            let waited = imported.map(|own_handle| own.nt_wait_for_single_object(own_handle, false, ms(5)));
            wrong |= i32::from(waited != Ok(TIMEOUT)) << 2;
            wrong
        });
        assert_eq!(wrong, 0);
        waiter.assert_blocked();
        pipe.fill();
        assert_eq!(waiter.join(), object(0), "the parent's object is the parent's");
    });
}

/// Without a descriptor to be had nothing is imported, and that is said; later it can be.
#[test]
fn no_descriptors() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let wrong = in_fork(|| {
        let nt = Runtime::global();
        let Ok((reader, writer)) = pipe() else { return 1 };
        let limit = |most| setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum: Some(1024) });
        let too_many = Err(NtStatus::TOO_MANY_OPENED_FILES);
        let mut wrong = i32::from(limit(3).is_err());
        wrong |= i32::from(nt.import_fd(&reader, READABLE) != too_many) << 1;
        wrong |= i32::from(nt.open_process(1) != too_many) << 2;
        wrong |= i32::from(limit(1024).is_err()) << 3;
        let imported = nt.import_fd(&reader, READABLE);
        wrong |= i32::from((&writer).write_all(b"!").is_err()) << 4;
        let waited = imported.map(|handle| nt.nt_wait_for_single_object(handle, false, ms(10_000)));
        wrong | i32::from(waited != Ok(object(0))) << 5
    });
    assert_eq!(wrong, 0, "exit code {}", libc::WEXITSTATUS(wrong));
}

/// What the caller hands over to be imported is asked for its descriptor where its thread can be ended.
#[test]
fn th19_terminated_in_foreign_code() {
    /// Never comes to say which descriptor it is.
    struct Endless(Nt, Handle);
    impl AsFd for Endless {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.0.set(self.1);
            loop {
                std::thread::yield_now();
            }
        }
    }
    within(|| {
        let nt = Nt::new();
        let is_there = nt.manual(false);
        let thread =
            nt.thread(move || nt.import_fd(Endless(nt, is_there), READABLE).map_or_else(|status| status.0, |_| 0));
        assert_eq!(nt.one(is_there, FOREVER), object(0));
        thread.kill(9);
        assert_eq!(thread.join(), 9);
    });
}
