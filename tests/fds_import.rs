//! Descriptors as objects: the state is what poll(2) says at that moment, a wait takes nothing, no wake is lost.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]
#![allow(unsafe_code, reason = "fork; ending threads by force")]

mod common;

use common::{FOREVER, Nt, POLL, Random, Worker, ms, object, spin_for, trials, within};
use core::time::Duration;
use ntwait::{
    AccessMask, Descriptor, Ended, Event, GraphKind, Handle, Interest, NtStatus, Process, Runtime, WaitFlags, wait_all,
    wait_any,
};
use std::fs::File;
use std::future::Future;
use std::io::{PipeReader, PipeWriter, Read, Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Waker};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const READABLE: Interest = Interest::READABLE;
const WRITABLE: Interest = Interest::WRITABLE;

/// A pipe whose reading end is imported.
struct Pipe {
    nt: Nt,
    reader: PipeReader,
    writer: PipeWriter,
    handle: Handle,
}

impl Pipe {
    fn new(nt: Nt) -> Pipe {
        let (reader, writer) = pipe().expect("a pipe");
        let handle = nt.import_fd(&reader, READABLE).expect("an object");
        Pipe { nt, reader, writer, handle }
    }

    fn fill(&self) {
        (&self.writer).write_all(b"!").expect("room");
    }

    fn drain(&self) {
        (&self.reader).read_exact(&mut [0]).expect("a byte");
    }

    fn is_ready(&self) -> bool {
        self.nt.one(self.handle, POLL) == object(0)
    }

    /// Nobody waits, and the object has one handle.
    #[track_caller]
    fn has_no_waiters(&self) {
        assert_eq!(self.nt.references(self.handle), 1);
    }
}

/// How many descriptors of the process lead to this pipe: two are the test's.
fn descriptors_of(reader: &PipeReader) -> usize {
    let path = |number: &dyn std::fmt::Display| std::fs::read_link(format!("/proc/self/fd/{number}"));
    let pipe = path(&reader.as_raw_fd()).expect("an open pipe");
    let all = std::fs::read_dir("/proc/self/fd").expect("the descriptors").flatten();
    // Others may be closed meanwhile.
    all.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|leads_to| leads_to == pipe)).count()
}

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
        let found = graph.objects.iter().find(|object| object.label.kind == GraphKind::Descriptor).expect("it is seen");
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

/// Runs this in a child of fork and returns its exit code; bits of it say what was wrong.
fn in_child(body: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child runs what is below, and ends.
    let child = unsafe { libc::fork() };
    assert!(child >= 0, "a child");
    if child == 0 {
        // SAFETY: kills the child, should it hang.
        unsafe { libc::alarm(20) };
        let wrong = body();
        // SAFETY: no frame has anything to drop.
        unsafe { libc::_exit(wrong) };
    }
    let mut status = 0;
    // SAFETY: our own child, and a place for its status.
    unsafe { libc::waitpid(child, &raw mut status, 0) };
    status
}

/// A child of `fork` has none of its parent's objects, can import the same descriptors, and does not disturb the parent.
#[test]
fn fork() {
    within(|| {
        let nt = Nt::new();
        let pipe = Pipe::new(nt);
        let handle = pipe.handle;
        let waiter = Worker::blocked(move || nt.one(handle, FOREVER));
        let wrong = in_child(|| {
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
    let wrong = in_child(|| {
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
