//! Descriptors as objects: the state is what poll(2) says at that moment, and a wait takes nothing.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]
#![allow(unsafe_code, reason = "a descriptor that is none")]

mod common;

use common::pipes::{Pipe, descriptors_of};
use common::{FOREVER, Nt, POLL, Worker, ms, object, trials, within};
use core::time::Duration;
use ntwait::{
    AccessMask, Descriptor, Ended, Event, GraphKind, Handle, Interest, NtStatus, Process, WaitFlags, wait_all, wait_any,
};
use std::fs::File;
use std::future::Future;
use std::io::{Read, Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const READABLE: Interest = Interest::READABLE;
const WRITABLE: Interest = Interest::WRITABLE;

/// A look straight after a change sees it, whatever the look is.
#[test]
fn de1_time_out_0_is_exact_both_ways() {
    within(|| {
        let nt = Nt::new();
        let (pipe, other) = (Pipe::new(nt), nt.auto(false));
        for trial in trials(2_000) {
            let ready = trial % 2 == 1;
            if trial > 0 && ready {
                pipe.fill();
            } else if trial > 0 {
                pipe.drain();
            }
            let expected = if ready { object(0) } else { TIMEOUT };
            let second = if ready { object(1) } else { TIMEOUT };
            assert_eq!(nt.one(pipe.handle, POLL), expected);
            assert_eq!(nt.one(pipe.handle, POLL), expected, "a wait takes nothing");
            assert_eq!(nt.any(&[pipe.handle, other], POLL), expected);
            assert_eq!(nt.any(&[other, pipe.handle], POLL), second);
            assert_eq!(nt.all(&[pipe.handle], POLL), expected);
            assert_eq!(nt.all(&[other, pipe.handle], POLL), TIMEOUT);
            assert_eq!(nt.one(pipe.handle, ms(0)), expected);
            nt.set(other);
            assert_eq!(nt.all(&[other, pipe.handle], POLL), if ready { object(0) } else { TIMEOUT });
            assert_eq!(nt.look(other).state, i32::from(!ready), "all or nothing");
            nt.reset(other);
        }
        pipe.has_no_waiters();
    });
}

/// Whatever makes it ready, who sleeps is woken; each kind of descriptor.
#[test]
fn table_what_can_be_imported() {
    /// A descriptor, and what makes it ready.
    type Pair = (OwnedFd, Box<dyn FnOnce() + Send>);
    type Row = (&'static str, Interest, fn() -> Pair);
    let rows: [Row; 8] = [
        ("the reading end of a pipe", READABLE, || {
            let (reader, mut writer) = pipe().expect("a pipe");
            (
                reader.into(),
                Box::new(move || {
                    writer.write_all(b"!").expect("room");
                    std::mem::forget(writer);
                }),
            )
        }),
        ("the reading end, hung up", READABLE, || {
            let (reader, writer) = pipe().expect("a pipe");
            (reader.into(), Box::new(move || drop(writer)))
        }),
        ("the full writing end of a pipe", WRITABLE, || {
            let (mut reader, writer) = pipe().expect("a pipe");
            rustix::io::ioctl_fionbio(&writer, true).expect("a pipe");
            while (&writer).write(&[0; 4096]).is_ok() {}
            (
                writer.into(),
                Box::new(move || {
                    reader.read_exact(&mut [0; 65_536]).expect("bytes");
                    std::mem::forget(reader);
                }),
            )
        }),
        ("the writing end, whose reader goes", WRITABLE, || {
            let (reader, writer) = pipe().expect("a pipe");
            rustix::io::ioctl_fionbio(&writer, true).expect("a pipe");
            while (&writer).write(&[0; 4096]).is_ok() {}
            (writer.into(), Box::new(move || drop(reader)))
        }),
        ("a socket", READABLE, || {
            let (here, mut there) = UnixStream::pair().expect("sockets");
            (
                here.into(),
                Box::new(move || {
                    there.write_all(b"!").expect("room");
                    std::mem::forget(there);
                }),
            )
        }),
        ("a listening socket", READABLE, || {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("an address");
            (listener.into(), Box::new(move || drop(TcpStream::connect(address).expect("a connection"))))
        }),
        ("a timerfd", READABLE, || {
            use rustix::time::{
                Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
            };
            let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC).expect("a timer");
            let other = timer.try_clone().expect("a duplicate");
            (
                timer,
                Box::new(move || {
                    let soon = Timespec { tv_sec: 0, tv_nsec: 1_000_000 };
                    let when = Itimerspec { it_interval: Timespec::default(), it_value: soon };
                    timerfd_settime(&other, TimerfdTimerFlags::empty(), &when).expect("a time");
                }),
            )
        }),
        ("an event loop", READABLE, || {
            use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
            let (reader, mut writer) = pipe().expect("a pipe");
            let epoll = epoll::create(CreateFlags::CLOEXEC).expect("an event loop");
            epoll::add(&epoll, &reader, EventData::new_u64(0), EventFlags::IN).expect("a pipe can be watched");
            (
                epoll,
                Box::new(move || {
                    writer.write_all(b"!").expect("room");
                    std::mem::forget((reader, writer));
                }),
            )
        }),
    ];
    within(move || {
        let nt = Nt::new();
        for (name, interest, make) in rows {
            for waits_for_all in [false, true] {
                let (descriptor, make_ready) = make();
                let handle = nt.import_fd(&descriptor, interest).expect(name);
                drop(descriptor); // ours is a duplicate
                assert_eq!(nt.one(handle, POLL), TIMEOUT, "{name}");
                let event = nt.manual(true);
                let waiter = Worker::blocked(move || match waits_for_all {
                    true => nt.all(&[event, handle], FOREVER),
                    false => nt.one(handle, FOREVER),
                });
                make_ready();
                assert_eq!(waiter.join(), object(0), "{name}");
                assert_eq!(nt.one(handle, POLL), object(0), "{name}: as long as it is ready");
                nt.close(handle);
            }
        }
    });
}

/// A descriptor together with an event, a mutant, a semaphore: any and all, with each of them last.
#[test]
fn mixed_waits() {
    within(|| {
        let nt = Nt::new();
        for last in 0..4 {
            let (pipe, event, mutant, semaphore) = (Pipe::new(nt), nt.auto(false), nt.mutant(true), nt.semaphore(0, 1));
            let objects = [pipe.handle, event, mutant, semaphore];
            let signal = |which: usize| match which {
                0 => pipe.fill(),
                1 => _ = nt.set(event),
                2 => _ = nt.free(mutant),
                _ => _ = nt.post(semaphore, 1),
            };
            let waiter = Worker::blocked(move || {
                let status = nt.all(&objects, FOREVER);
                (status, nt.free(mutant))
            });
            for which in (0..4).filter(|which| *which != last) {
                signal(which);
                waiter.assert_blocked();
            }
            signal(last);
            assert_eq!(waiter.join(), (object(0), 0), "{last} last");
            assert_eq!((nt.look(event).state, nt.look_semaphore(semaphore).0), (0, 0), "all are taken");
            assert!(pipe.is_ready(), "but for what cannot be");
            pipe.drain();

            nt.take_mutant(mutant);
            let waiter = Worker::blocked(move || {
                let status = nt.any(&objects, FOREVER);
                if status == object(2) {
                    nt.free(mutant);
                }
                status
            });
            signal(last);
            assert_eq!(waiter.join(), object(last));
        }
    });
}

impl Nt {
    fn take_mutant(self, mutant: Handle) {
        assert_eq!(self.one(mutant, POLL), object(0));
    }
}

/// A thousand at once, waited for in lists; each wakes its own.
#[test]
fn a_thousand_imports() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = rustix::process::Rlimit { current: limit.maximum, ..limit };
    setrlimit(Resource::Nofile, raised).expect("as many as may be");
    within(|| {
        let nt = Nt::new();
        let pairs: Vec<_> = (0..1_000)
            .map(|_| {
                let (here, there) = UnixStream::pair().expect("sockets");
                (nt.import_fd(&here, READABLE).expect("an object"), there)
            })
            .collect();
        let handles: Vec<_> = pairs.iter().map(|(handle, _)| *handle).collect();
        assert_eq!(nt.wait_any(&handles, Duration::ZERO.into()), Ok(Ended::TimedOut));
        let all = handles.clone();
        let waiter = Worker::blocked(move || nt.wait_any(&all, ntwait::Timeout::Never));
        (&pairs[777].1).write_all(b"!").expect("room");
        assert_eq!(waiter.join(), Ok(Ended::Object(777)));
        let all = handles.clone();
        let waiter = Worker::blocked(move || nt.wait_all(&all, ntwait::Timeout::Never));
        for (index, (_, there)) in pairs.iter().enumerate().filter(|(index, _)| *index != 777) {
            assert!(!waiter.is_finished(), "{index}");
            (&*there).write_all(b"!").expect("room");
        }
        assert_eq!(waiter.join(), Ok(Ended::Object(0)));
        handles.iter().for_each(|handle| nt.close(*handle));
    });
}

/// Bad input is answered, and costs no descriptor.
#[test]
fn table_bad_input() {
    within(|| {
        let nt = Nt::new();
        let (reader, _writer) = pipe().expect("a pipe");
        let good = nt.import_fd(&reader, READABLE).expect("an object"); // with the service
        // SAFETY: nobody uses it as an open one; that it is none is the test.
        let none = unsafe { BorrowedFd::borrow_raw(99_999) };
        for interest in [0, 8, 0x11, u32::MAX, 1 << 16] {
            let interest = Interest::from_bits_retain(interest);
            assert_eq!(nt.import_fd(&reader, interest), Err(NtStatus::INVALID_PARAMETER), "{interest:?}");
            assert_eq!(nt.import_fd(none, interest), Err(NtStatus::INVALID_PARAMETER), "{interest:?}");
        }
        assert_eq!(nt.import_fd(none, READABLE), Err(NtStatus::INVALID_HANDLE));
        let on_disk = File::open(std::env::current_exe().expect("a path")).expect("this program");
        let directory = File::open("/").expect("a directory");
        for file in [&on_disk, &directory] {
            assert_eq!(nt.import_fd(file, READABLE), Err(NtStatus::NOT_SUPPORTED));
        }
        assert_eq!(descriptors_of(&reader), 3, "the good one");

        // It is no event, mutant or thread, cannot be signalled and has no name.
        let mismatch = NtStatus::OBJECT_TYPE_MISMATCH;
        assert_eq!(nt.nt_set_event(good), Err(mismatch));
        assert_eq!(nt.nt_release_mutant(good), Err(mismatch));
        assert_eq!(nt.nt_release_semaphore(good, 1), Err(mismatch));
        assert_eq!(nt.nt_cancel_timer(good), Err(mismatch));
        assert_eq!(nt.nt_suspend_thread(good), Err(mismatch));
        assert_eq!(nt.get_exit_code_process(good), Err(mismatch));
        assert_eq!(nt.signal_and_wait(good, good, POLL), mismatch);
        assert_eq!(nt.all(&[good, good], POLL), NtStatus::INVALID_PARAMETER_MIX);
        let mut bytes = [0; 256];
        assert_eq!(nt.nt_query_object(good, 2, &mut bytes, None), NtStatus::SUCCESS);
        let units: Vec<_> = bytes[104..112].chunks(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]])).collect();
        assert_eq!(String::from_utf16(&units).expect("text"), "File");
        assert_eq!(nt.basic(good).access, AccessMask::FILE_ALL_ACCESS.bits());
        let limited = nt.duplicate(good, AccessMask::READ_CONTROL).expect("a duplicate");
        assert_eq!(nt.one(limited, POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.nt_compare_objects(limited, good), NtStatus::SUCCESS);
        nt.close(good);
        assert_eq!(nt.one(good, POLL), NtStatus::INVALID_HANDLE);
        nt.close(limited);
    });
}

/// Signal and wait: the second may be a descriptor.
#[test]
fn signal_and_wait() {
    within(|| {
        let nt = Nt::new();
        let (pipe, event) = (Pipe::new(nt), nt.manual(false));
        let handle = pipe.handle;
        assert_eq!(nt.signal_and_wait(event, handle, POLL), TIMEOUT);
        let waiter = Worker::blocked(move || nt.signal_and_wait(event, handle, FOREVER));
        pipe.fill();
        assert_eq!(waiter.join(), object(0));
        assert_eq!(nt.signal_and_wait(event, handle, POLL), object(0));
    });
}

/// Is this readable by poll(2)?
fn polls_readable(descriptor: &OwnedFd) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    poll(&mut [PollFd::new(descriptor, PollFlags::IN)], Some(&Timespec::default())) == Ok(1)
}

/// What is imported can be exported, and what is exported imported: each is ready when the object is.
#[test]
fn exports_and_imports() {
    within(|| {
        let nt = Nt::new();
        let (pipe, event) = (Pipe::new(nt), nt.auto(false));
        let out = nt.export_fd(pipe.handle).expect("a descriptor");
        let back = nt.import_fd(&out, READABLE).expect("an object");
        let mirror = nt.import_fd(nt.export_fd(event).expect("a descriptor"), READABLE).expect("an object");
        for _ in 0..3 {
            assert_eq!((polls_readable(&out), nt.one(back, POLL), nt.one(mirror, POLL)), (false, TIMEOUT, TIMEOUT));
            let waiter = Worker::blocked(move || nt.all(&[back, mirror], FOREVER));
            pipe.fill();
            assert!(polls_readable(&out));
            waiter.assert_blocked();
            nt.set(event);
            assert_eq!(waiter.join(), object(0));
            assert_eq!(nt.one(event, POLL), object(0), "the mirror is another object");
            assert_eq!(nt.one(mirror, POLL), TIMEOUT);
            pipe.drain();
        }
        let (_, writer) = UnixStream::pair().expect("sockets");
        let writable = nt.import_fd(&writer, WRITABLE).expect("an object");
        let out = nt.export_fd(writable).expect("a descriptor");
        assert!(polls_readable(&out), "ready is readable, whatever it is ready for");
        nt.close(writable);
        assert!(polls_readable(&out), "the socket is still open");
        let me = nt.export_fd(nt.open_process(1).expect("the first process")).expect("a descriptor");
        assert!(!polls_readable(&me));
    });
}

/// Waits that no thread sleeps in: registered ones, futures. And whoever asks sees who waits for what.
#[test]
fn waits_without_a_thread() {
    within(|| {
        let nt = Nt::new();
        let (pipe, event) = (Pipe::new(nt), nt.auto(false));
        let fired = nt.manual(false);
        let flags = WaitFlags::ONLY_ONCE;
        let registered =
            nt.0.register_wait(pipe.handle, None, flags, move |_| {
                nt.set(fired);
            })
            .expect("a wait");
        let mut context = Context::from_waker(Waker::noop());
        let mut one = pin!(nt.0.wait_async(pipe.handle));
        let mut all = pin!(nt.0.wait_all_async(&[pipe.handle, event]));
        assert!(one.as_mut().poll(&mut context).is_pending());
        assert!(all.as_mut().poll(&mut context).is_pending());
        let graph = nt.wait_graph();
        let found =
            graph.objects().iter().find(|object| object.label.kind == GraphKind::Descriptor).expect("it is seen");
        assert_eq!((found.signaled, found.queue.len()), (Some(false), 3));
        pipe.fill();
        assert_eq!(nt.one(fired, FOREVER), object(0));
        let ended = |mut future: std::pin::Pin<&mut ntwait::WaitFuture>| {
            let mut context = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(ended) = future.as_mut().poll(&mut context) {
                    return ended;
                }
                std::thread::yield_now();
            }
        };
        assert_eq!(ended(one), Ok(Ended::Object(0)));
        assert!(all.as_mut().poll(&mut context).is_pending());
        nt.set(event);
        assert_eq!(ended(all), Ok(Ended::Object(0)));
        drop(registered);
        pipe.has_no_waiters();
    });
}

/// The faces for Rust.
#[test]
fn typed() {
    within(|| {
        let (mut here, mut there) = UnixStream::pair().expect("sockets");
        let (readable, writable) =
            (Descriptor::readable(&here).expect("an object"), Descriptor::writable(&here).expect("an object"));
        let event = Event::auto_reset(false).expect("an event");
        assert!(!readable.is_ready() && writable.is_ready());
        assert!(!readable.wait_timeout(Duration::from_millis(1)));
        writable.wait();
        assert_eq!(wait_any(&[&event, &readable, &writable], None), Ok(Ended::Object(2)));
        there.write_all(b"!").expect("room");
        assert_eq!(wait_all(&[&writable, &readable], None), Ok(Ended::Object(0)));
        assert!(readable.wait_timeout(Duration::from_secs(5)));
        here.read_exact(&mut [0]).expect("a byte");
        assert!(!readable.is_ready());
        assert!(Process::open(std::process::id()).is_ok_and(|me| me.exit_code() == Ok(None)));
    });
}
