//! Descriptors of objects: readable exactly while the object is signalled, whoever changes it and however.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::nt_threads::{in_any_thread, until};
use common::{FOREVER, Nt, POLL, Random, Worker, abandoned, in_child, object, within};
use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, Runtime, TimerType, WaitPolicy};
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

fn is_readable(descriptor: impl AsFd) -> bool {
    match poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&AT_ONCE)) {
        Ok(ready) => ready == 1,
        Err(errno) => panic!("{errno}"),
    }
}

/// Returns when it is readable, by the kernel's word alone.
fn until_readable(descriptor: impl AsFd) {
    let patience = Timespec { tv_sec: 60, tv_nsec: 0 };
    assert_eq!(poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], Some(&patience)), Ok(1));
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").expect("a list").count()
}

/// Each call that can change an event, with what is seen after it.
#[test]
fn table_events() {
    in_any_thread(|nt| {
        for (event, manual) in [(nt.auto(false), false), (nt.manual(false), true)] {
            let descriptor = nt.export_fd(event).expect("a descriptor");
            let steps: [(&str, &dyn Fn(), bool); 12] = [
                ("new", &|| (), false),
                ("set", &|| assert_eq!(nt.set(event), 0), true),
                ("set again", &|| assert_eq!(nt.set(event), 1), true),
                ("query", &|| nt.check(event, if manual { common::MANUAL } else { common::AUTO }, 1), true),
                ("wait", &|| assert_eq!(nt.one(event, POLL), NtStatus::WAIT_0), manual),
                ("reset", &|| assert_eq!(nt.reset(event), i32::from(manual)), false),
                ("pulse", &|| assert_eq!(nt.pulse(event), 0), false),
                ("set", &|| assert_eq!(nt.set(event), 0), true),
                ("clear", &|| assert_eq!(nt.nt_clear_event(event), NtStatus::SUCCESS), false),
                (
                    "set",
                    &|| {
                        assert_eq!(
                            nt.nt_set_event_boost_priority(event),
                            if manual { NtStatus::INVALID_PARAMETER } else { NtStatus::SUCCESS }
                        )
                    },
                    !manual,
                ),
                (
                    "wait for all",
                    &|| assert_eq!(nt.all(&[event], POLL), if manual { NtStatus::TIMEOUT } else { NtStatus::WAIT_0 }),
                    false,
                ),
                (
                    "pulse of a set one",
                    &|| {
                        nt.set(event);
                        assert_eq!(nt.pulse(event), 1);
                    },
                    false,
                ),
            ];
            for (what, step, readable) in steps {
                step();
                assert_eq!(is_readable(&descriptor), readable, "{what}, manual: {manual}");
                assert_eq!(nt.look(event).state == 1, readable, "{what}");
            }
        }
    });
}

/// What goes straight to somebody who waits is never seen; what is left over is.
#[test]
fn handed_over_and_left_over() {
    within(|| {
        let nt = Nt::new();
        let (event, semaphore, clear) = (nt.auto(false), nt.semaphore(0, 5), nt.auto(false));
        let of_event = nt.export_fd(event).expect("a descriptor");
        let of_semaphore = nt.export_fd(semaphore).expect("a descriptor");
        let one = Worker::blocked(move || nt.one(event, FOREVER));
        nt.set(event);
        assert!(!is_readable(&of_event));
        assert_eq!(one.join(), NtStatus::WAIT_0);

        let any = Worker::blocked(move || nt.any(&[clear, semaphore], FOREVER));
        assert_eq!(nt.post(semaphore, 3), 0);
        assert!(is_readable(&of_semaphore));
        assert_eq!((any.join(), nt.look_semaphore(semaphore).0), (object(1), 2));

        let all = Worker::blocked(move || nt.all(&[event, clear], FOREVER));
        nt.set(event);
        assert!(is_readable(&of_event), "a wait-all has not taken it yet");
        nt.set(clear);
        assert_eq!(all.join(), NtStatus::WAIT_0);
        assert!(!is_readable(&of_event));
    });
}

/// A semaphore is readable while its count is above 0, a mutant while nobody owns it.
#[test]
fn semaphores_and_mutants() {
    in_any_thread(|nt| {
        let semaphore = nt.semaphore(2, 2);
        let descriptor = nt.export_fd(semaphore).expect("a descriptor");
        for left in [1, 0] {
            assert!(is_readable(&descriptor));
            assert_eq!((nt.one(semaphore, POLL), nt.look_semaphore(semaphore).0), (NtStatus::WAIT_0, left));
        }
        assert!(!is_readable(&descriptor));
        assert_eq!(nt.nt_release_semaphore(semaphore, 3), Err(NtStatus::SEMAPHORE_LIMIT_EXCEEDED));
        assert!(!is_readable(&descriptor));

        let mutant = nt.mutant(true);
        let descriptor = nt.export_fd(mutant).expect("a descriptor");
        assert!(!is_readable(&descriptor), "M2: it is there for its owner, but it is not free");
        assert_eq!(nt.one(mutant, POLL), NtStatus::WAIT_0);
        nt.free(mutant);
        assert!(!is_readable(&descriptor), "one level is left");
        nt.free(mutant);
        assert!(is_readable(&descriptor));
        nt.thread(move || nt.one(mutant, FOREVER).0).join();
        assert!(is_readable(&descriptor), "M15: abandoned, so free");
        assert_eq!(nt.one(mutant, POLL), abandoned(0));
        assert!(!is_readable(&descriptor));
    });
}

/// Timers expire and threads end without a call of anybody's.
#[test]
fn timers_and_threads() {
    in_any_thread(|nt| {
        for (timer_type, stays) in [(TimerType::SYNCHRONIZATION, false), (TimerType::NOTIFICATION, true)] {
            let timer = nt.timer(timer_type);
            let descriptor = nt.export_fd(timer).expect("a descriptor");
            assert!(!nt.set_timer(timer, -10_000, 0));
            until_readable(&descriptor);
            assert_eq!((nt.one(timer, POLL), is_readable(&descriptor)), (NtStatus::WAIT_0, stays));
            nt.set_timer(timer, -1_000_000_000, 0);
            assert!(!is_readable(&descriptor), "T4");
            nt.set_timer(timer, 0, 0);
            assert!(is_readable(&descriptor));
        }
        let gate = nt.auto(false);
        let worker = nt.thread(move || nt.one(gate, FOREVER).0);
        let descriptor = nt.export_fd(worker.handle).expect("a descriptor");
        assert!(!is_readable(&descriptor));
        nt.close(worker.handle);
        nt.set(gate);
        until_readable(&descriptor); // MI4: the thread is gone, and its object
        assert!(is_readable(&descriptor));
    });
}

/// Whatever is always signalled is always readable.
#[test]
fn always_signalled() {
    in_any_thread(|nt| {
        let keyed = nt
            .nt_create_keyed_event(
                AccessMask::KEYEDEVENT_ALL_ACCESS | AccessMask::SYNCHRONIZE,
                ObjectAttributes::NONE,
                0,
            )
            .expect("a handle");
        assert!(is_readable(nt.export_fd(keyed).expect("a descriptor")));
        // Handles to directories have no such right, so nobody waits for one.
        let all = AccessMask::DIRECTORY_ALL_ACCESS | AccessMask::SYNCHRONIZE;
        let directory = nt.nt_create_directory_object(all, ObjectAttributes::NONE).expect("a handle");
        assert_eq!(nt.one(directory, POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.export_fd(directory).err(), Some(NtStatus::ACCESS_DENIED));
    });
}

/// W29: the pseudo handles are good here as they are for a wait for one object.
#[test]
fn pseudo_handles() {
    in_any_thread(|nt| {
        assert!(!is_readable(nt.export_fd(Handle::CURRENT_PROCESS).expect("a descriptor")));
        let (say, hear) = std::sync::mpsc::channel();
        let worker = nt.thread(move || {
            say.send(nt.export_fd(Handle::CURRENT_THREAD).expect("a descriptor")).expect("a listener");
            0
        });
        let descriptor = hear.recv().expect("a descriptor");
        worker.join();
        until_readable(&descriptor);
    });
}

/// An object that has no descriptor costs no system call, however many others have one.
#[test]
fn others_make_no_system_call() {
    let child = || {
        let nt = Nt::new();
        let (event, semaphore, exported) = (nt.auto(false), nt.semaphore(0, 1), nt.manual(false));
        let descriptor = nt.export_fd(exported).expect("a descriptor");
        let counted = thread::spawn(move || {
            let all = |what: &str| {
                nt.set(event);
                nt.reset(event);
                nt.set(event);
                assert_eq!(nt.one(event, POLL), NtStatus::WAIT_0, "{what}");
                nt.post(semaphore, 1);
                assert_eq!(nt.one(semaphore, POLL), NtStatus::WAIT_0, "{what}");
            };
            all("the first time a thread does what it does once");
            allow_only_the_end_of_a_thread();
            for _ in 0..1_000 {
                all("with no system call");
            }
        });
        counted.join().expect("no system call");
        nt.set(exported);
        assert!(is_readable(&descriptor));
    };
    in_child("others_make_no_system_call", child);
}

/// Any other system call of this thread ends the process.
#[allow(unsafe_code, reason = "a filter of the kernel's")]
fn allow_only_the_end_of_a_thread() {
    const ALLOWED: [libc::c_long; 7] = [
        libc::SYS_exit,
        libc::SYS_futex,
        libc::SYS_munmap,
        libc::SYS_madvise,
        libc::SYS_sigaltstack,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rseq,
    ];
    let step =
        |code: u32, jumps: (u8, u8), k: u32| libc::sock_filter { code: code as u16, jt: jumps.0, jf: jumps.1, k };
    let mut filter = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, (0, 0), 0)];
    for (index, call) in ALLOWED.iter().enumerate() {
        let to_the_end = (ALLOWED.len() - index) as u8;
        filter.push(step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, (to_the_end, 0), *call as u32));
    }
    filter.push(step(libc::BPF_RET | libc::BPF_K, (0, 0), libc::SECCOMP_RET_KILL_PROCESS));
    filter.push(step(libc::BPF_RET | libc::BPF_K, (0, 0), libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: takes rights from this thread alone.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: a program that lives until the call returns.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program) }, 0);
}

/// Who may not wait for an object may not watch it, and what is no object has no descriptor.
#[test]
fn bad_input() {
    in_any_thread(|nt| {
        let event = nt.auto(true);
        let mute = nt.duplicate(event, AccessMask::EVENT_MODIFY_STATE).expect("a duplicate");
        let closed = nt.auto(true);
        nt.close(closed);
        let before = descriptors();
        for (handle, status) in [
            (mute, NtStatus::ACCESS_DENIED),
            (closed, NtStatus::INVALID_HANDLE),
            (Handle::NULL, NtStatus::INVALID_HANDLE),
            (Handle(u64::MAX - 3), NtStatus::INVALID_HANDLE), // the token, no object of ours
            (Handle(0xDEAD_BEEF_0000_0004), NtStatus::INVALID_HANDLE),
        ] {
            assert_eq!(nt.export_fd(handle).err(), Some(status), "{handle:?}");
        }
        if nt.one(event, POLL) == NtStatus::WAIT_0 {
            assert!(descriptors() <= before + 1, "another test may have opened one");
        }
    });
}

/// All copies show the same; each side may go first, and a copy stays as its object was.
#[test]
fn closing_in_any_order() {
    within(|| {
        let nt = Nt::new();
        for set in [false, true] {
            let event = nt.manual(false);
            let second = nt.duplicate(event, common::FULL).expect("a duplicate");
            let [one, two] = [event, second].map(|handle| nt.export_fd(handle).expect("a descriptor"));
            nt.set(event);
            assert!(is_readable(&one) && is_readable(&two));
            drop(one);
            nt.close(event);
            nt.reset(second);
            assert!(!is_readable(&two));
            if set {
                nt.set(second);
            }
            nt.close(second);
            assert_eq!(is_readable(&two), set, "MI4");
        }
    });
}

/// The object's end and the runtime's give back what the library had opened.
#[test]
fn no_descriptor_is_left_behind() {
    let child = || {
        let nt = Runtime::new().expect("address space");
        let create =
            || nt.nt_create_event(common::FULL, ObjectAttributes::NONE, common::AUTO, false).expect("a handle");
        let kept = create();
        let one = nt.export_fd(kept).expect("a descriptor");
        let before = descriptors();
        for _ in 0..1_000 {
            let event = create();
            let copies = [(); 3].map(|()| nt.export_fd(event).expect("a descriptor"));
            assert_eq!(descriptors(), before + 4);
            drop(copies);
            assert_eq!(nt.nt_close(event), NtStatus::SUCCESS);
            assert_eq!(descriptors(), before);
        }
        drop(nt);
        assert_eq!(descriptors(), before - 1);
        assert!(!is_readable(&one));
    };
    in_child("no_descriptor_is_left_behind", child);
}

/// Out of descriptors: the status says so, and the object is what it was; with room again, it is exported.
#[test]
fn out_of_descriptors() {
    let child = || {
        let nt = Nt::new();
        let (event, exported) = (nt.auto(true), nt.auto(false));
        let other = nt.export_fd(exported).expect("a descriptor");
        let limit = getrlimit(Resource::Nofile);
        let set = |current| setrlimit(Resource::Nofile, Rlimit { current, maximum: limit.maximum }).expect("less");
        let next = rustix::io::dup(&other).expect("a descriptor").as_raw_fd() as u64;
        for room in [0, 1] {
            set(Some(next + room));
            assert_eq!(
                nt.export_fd(event).err(),
                Some(NtStatus::TOO_MANY_OPENED_FILES),
                "room for {room}, two are needed"
            );
            assert_eq!(nt.export_fd(exported).is_ok(), room == 1, "one is needed");
        }
        assert_eq!((nt.one(event, POLL), nt.set(event)), (NtStatus::WAIT_0, 0));
        set(limit.current);
        let descriptor = nt.export_fd(event).expect("a descriptor");
        assert!(is_readable(&descriptor));
        assert_eq!(nt.one(event, POLL), NtStatus::WAIT_0);
        assert!(!is_readable(&descriptor));
    };
    in_child("out_of_descriptors", child);
}

/// Reading it takes nothing of the object; the next change mends what the reading has spoilt.
#[test]
fn reading_by_mistake() {
    in_any_thread(|nt| {
        let semaphore = nt.semaphore(3, 9);
        let descriptor = nt.export_fd(semaphore).expect("a descriptor");
        for change in [0, 1, 2] {
            let read = rustix::io::read(&descriptor, &mut [0; 8]);
            assert_eq!((read, is_readable(&descriptor)), (Ok(8), false));
            match change {
                0 => assert_eq!(nt.one(semaphore, POLL), NtStatus::WAIT_0),
                1 => assert_eq!(nt.post(semaphore, 1), 2),
                _ => assert_eq!(nt.post(semaphore, 2), 3),
            }
            assert!(is_readable(&descriptor));
        }
        assert_eq!(nt.look_semaphore(semaphore).0, 5);
    });
}

/// FreeRDP's bug: an auto-reset event that somebody has consumed makes an event loop spin. And: edges come one for each signal.
#[test]
fn loops_neither_spin_nor_sleep_too_long() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let descriptor = nt.export_fd(event).expect("a descriptor");
        for flags in [EventFlags::IN, EventFlags::IN | EventFlags::ET] {
            let watch = epoll::create(CreateFlags::CLOEXEC).expect("a descriptor");
            epoll::add(&watch, &descriptor, EventData::new_u64(7), flags).expect("watched");
            let ready = || {
                let mut events = Vec::with_capacity(4);
                epoll::wait(&watch, rustix::buffer::spare_capacity(&mut events), Some(&AT_ONCE)).expect("no error")
            };
            assert_eq!(ready(), 0);
            for _ in 0..3 {
                nt.set(event);
                assert_eq!(ready(), 1);
                assert_eq!(nt.one(event, POLL), NtStatus::WAIT_0);
                assert_eq!(ready(), 0, "it was consumed");
            }
            let taker = Worker::blocked(move || nt.one(event, FOREVER));
            nt.set(event);
            assert_eq!((taker.join(), ready()), (NtStatus::WAIT_0, 0));
        }
    });
}

/// Four threads set, reset and take at random; whatever is left at last is what is seen.
#[test]
fn a_storm_ends_with_the_truth() {
    within(|| {
        let nt = Nt::with(WaitPolicy::ADAPTIVE);
        for round in 0..40_u64 {
            let objects = [nt.auto(false), nt.manual(false), nt.semaphore(0, 1_000_000)];
            let watched = objects.map(|handle| nt.export_fd(handle).expect("a descriptor"));
            thread::scope(|scope| {
                for part in 0..4 {
                    scope.spawn(move || {
                        let mut random = Random::new(round * 8 + part);
                        for _ in 0..200 {
                            let handle = random.pick(&objects);
                            match random.below(4) {
                                0 => drop(nt.nt_set_event(handle)),
                                1 => drop(nt.nt_reset_event(handle)),
                                2 => drop(nt.nt_release_semaphore(handle, 1)),
                                _ => assert!(nt.one(handle, POLL).is_success()),
                            }
                        }
                    });
                }
            });
            for (handle, descriptor) in objects.into_iter().zip(&watched) {
                let readable = is_readable(descriptor);
                assert_eq!(readable, nt.one(handle, POLL) == NtStatus::WAIT_0, "round {round}");
                nt.close(handle);
            }
        }
    });
}

/// Objects end while others change them; nobody writes to a descriptor that is somebody else's by then.
#[test]
fn ends_against_changes() {
    within(|| {
        let nt = Nt::with(WaitPolicy::ADAPTIVE);
        let stop = AtomicBool::new(false);
        let public = std::sync::atomic::AtomicU64::new(nt.auto(false).0);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let handle = Handle(public.load(Ordering::Relaxed));
                        let _ = nt.nt_set_event(handle);
                        let _ = nt.one(handle, POLL);
                    }
                });
            }
            for _ in 0..2_000 {
                let event = nt.auto(false);
                let descriptor: OwnedFd = nt.export_fd(event).expect("a descriptor");
                nt.close(Handle(public.swap(event.0, Ordering::Relaxed)));
                // Whoever wrote to a descriptor that is closed would write into this pipe, which takes its number.
                let (reader, writer) = std::io::pipe().expect("two descriptors");
                drop(descriptor);
                drop(writer);
                assert_eq!(rustix::io::read(&reader, &mut [0; 8]), Ok(0), "nothing was written");
            }
            stop.store(true, Ordering::Relaxed);
        });
    });
}

/// Threads that stand still or are ended while they wait are in no queue.
#[test]
fn a_suspended_waiter_and_its_object() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let descriptor = nt.export_fd(event).expect("a descriptor");
        let waiter = nt.blocked(move || nt.one(event, FOREVER).0);
        waiter.suspend_in_wait();
        nt.set(event);
        assert!(is_readable(&descriptor), "W38: a thread that stands still is in no queue");
        waiter.resume();
        until("it is taken", || !is_readable(&descriptor));
        assert_eq!(waiter.join(), 0);
        let killed = nt.blocked(move || nt.one(event, FOREVER).0);
        killed.kill(3);
        assert_eq!(killed.join(), 3);
        nt.set(event);
        assert!(is_readable(&descriptor));
        assert_eq!(nt.one(event, POLL), NtStatus::WAIT_0);
    });
}
