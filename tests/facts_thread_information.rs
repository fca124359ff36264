//! Thread information: facts TI1 to TI26, TH1, TH26 and TH30, and what the kernel is told.
//!
//! | facts | where |
//! |---|---|
//! | TI1–TI3, TI26 | here |
//! | TI4, TI5, TI16, TI17, TI24, TH1, TH26, TH30 | `facts_thread_information/life.rs` |
//! | TI6–TI15 | `facts_thread_information/scheduling.rs` |
//! | TI19–TI23 | `facts_thread_information/names.rs` |
//! | TI11 (first half) | there is no call for the boost of a process |
//! | TI17 (second half) | there is no call that makes processes |
//! | TI2, TI3, TI18, TI19, TI21 (bad pointers) | safe Rust has slices: what a bad pointer would have got has no counterpart |
//! | TI25 | `facts_tls.rs` |

#![allow(unsafe_code, reason = "fork, to see a process with one thread")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
#[path = "facts_thread_information/life.rs"]
mod life;
#[path = "facts_thread_information/names.rs"]
mod names;
#[path = "facts_thread_information/scheduling.rs"]
mod scheduling;

use core::ffi::c_void;
use core::ptr;
use std::sync::mpsc;

use common::{FOREVER, Nt, POLL, Worker, object, u32_at, within};
use ntwait::{AccessMask, CreateThreadFlags, Handle, NtStatus, ObjectAttributes, StartRoutine, Thread};
use rustix::process::Pid;
use rustix::thread::sched_getaffinity;

const ALL: AccessMask = AccessMask::THREAD_ALL_ACCESS;
const ME: Handle = Handle::CURRENT_THREAD;

/// The classes that can be asked for: their number, their length, and whether the limited right is enough.
const QUERIES: [(u32, usize, bool); 10] = [
    (0, 48, true),
    (1, 32, true),
    (9, 8, false),
    (12, 4, true),
    (14, 4, true),
    (16, 4, false),
    (17, 1, false),
    (20, 4, true),
    (30, 16, false),
    (35, 4, true),
];

/// The classes that can be set, each with information that changes nothing of importance.
const SETS: [(u32, &[u8]); 8] = [
    (2, &8_u32.to_ne_bytes()),
    (3, &0_u32.to_ne_bytes()),
    (4, &u64::MAX.to_ne_bytes()),
    (10, &1087_u32.to_ne_bytes()),
    (13, &64_u32.to_ne_bytes()),
    (14, &0_u32.to_ne_bytes()),
    (17, &[]),
    (30, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
];

extern "C" fn returns(code: *mut c_void) -> u32 {
    u32::try_from(code.addr()).expect("a code of 32 bits")
}

/// A thread that returns `code`.
#[track_caller]
fn create(nt: Nt, code: usize, flags: CreateThreadFlags) -> Handle {
    let routine = Some(StartRoutine::C(returns));
    let (process, parameter) = (Handle::CURRENT_PROCESS, ptr::without_provenance_mut(code));
    nt.nt_create_thread_ex(ALL, ObjectAttributes::NONE, process, routine, parameter, flags, 0).expect("a thread")
}

fn suspended(nt: Nt) -> Handle {
    create(nt, 0, CreateThreadFlags::CREATE_SUSPENDED)
}

/// A thread that has returned `code`.
fn dead(nt: Nt, code: usize) -> Handle {
    let thread = create(nt, code, CreateThreadFlags::empty());
    assert_eq!(nt.one(thread, FOREVER), object(0));
    thread
}

/// A thread that waits for its gate, and its Linux id.
struct Gated<T> {
    handle: Handle,
    tid: Pid,
    gate: Handle,
    thread: T,
}

fn own_tid() -> Pid {
    rustix::thread::gettid()
}

fn running(nt: Nt) -> Gated<Thread> {
    let (say, hear) = mpsc::channel();
    let gate = nt.manual(false);
    let body = move || {
        say.send(own_tid()).expect("the starter listens");
        assert_eq!(nt.one(gate, FOREVER), object(0));
    };
    let thread = Thread::builder().runtime(nt.0).spawn(body).expect("a thread");
    Gated { handle: thread.handle(), tid: hear.recv().expect("a thread id"), gate, thread }
}

/// A thread of Rust's standard library.
fn foreign(nt: Nt) -> Gated<Worker<()>> {
    let (say, hear) = mpsc::channel();
    let gate = nt.manual(false);
    let thread = Worker::start(move || {
        let handle = nt.duplicate(ME, ALL).expect("a thread handle");
        say.send((handle, own_tid())).expect("the starter listens");
        assert_eq!(nt.one(gate, FOREVER), object(0));
    });
    let (handle, tid) = hear.recv().expect("a handle");
    Gated { handle, tid, gate, thread }
}

impl Gated<Thread> {
    /// Lets the thread end; its handle is closed.
    fn end(self, nt: Nt) {
        nt.set(self.gate);
        self.thread.join().expect("it returns");
    }
}

impl Gated<Worker<()>> {
    /// Lets the thread end; its handle stays.
    fn end(self, nt: Nt) -> Handle {
        nt.set(self.gate);
        self.thread.join();
        assert_eq!(nt.one(self.handle, FOREVER), object(0));
        self.handle
    }
}

/// Asks, and sees that the length comes with the answer.
#[track_caller]
fn query<const N: usize>(nt: Nt, thread: Handle, class: u32) -> [u8; N] {
    let (mut bytes, mut length) = ([0xAA; N], 0xDEAD_BEEF);
    assert_eq!(nt.nt_query_information_thread(thread, class, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
    assert_eq!(length as usize, N);
    bytes
}

#[track_caller]
fn number(nt: Nt, thread: Handle, class: u32) -> u32 {
    u32::from_ne_bytes(query(nt, thread, class))
}

fn set_number(nt: Nt, thread: Handle, class: u32, value: i32) -> NtStatus {
    nt.nt_set_information_thread(thread, class, &value.to_ne_bytes())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// What class 0 says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Basic {
    exit: u32,
    pointer: u64,
    process: u64,
    thread: u64,
    affinity: u64,
    priority: i32,
    increment: i32,
}

#[track_caller]
fn basic(nt: Nt, thread: Handle) -> Basic {
    let bytes: [u8; 48] = query(nt, thread, 0);
    assert_eq!(bytes[4..8], [0; 4], "padding");
    let basic = Basic {
        exit: u32_at(&bytes, 0),
        pointer: u64_at(&bytes, 8),
        process: u64_at(&bytes, 16),
        thread: u64_at(&bytes, 24),
        affinity: u64_at(&bytes, 32),
        priority: u32_at(&bytes, 40).cast_signed(),
        increment: u32_at(&bytes, 44).cast_signed(),
    };
    // The short forms say the same.
    assert_eq!(nt.thread_base_priority(thread), Ok(basic.increment));
    assert_eq!(nt.thread_affinity_mask(thread), Ok(basic.affinity));
    basic
}

/// The processors that the kernel lets a thread use, the first 64.
fn kernel_mask(tid: Pid) -> u64 {
    let cpus = sched_getaffinity(Some(tid)).expect("a living thread");
    (0..64).filter(|cpu| cpus.is_set(*cpu)).fold(0, |mask, cpu| mask | 1 << cpu)
}

/// The limited right is enough for what is not secret; the full right is enough for all; without either nothing works.
#[test]
fn ti1_rights_of_queries() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        let with = |access| nt.duplicate(thread, access).expect("a duplicate");
        let limited = with(AccessMask::THREAD_QUERY_LIMITED_INFORMATION);
        let full = with(AccessMask::THREAD_QUERY_INFORMATION);
        let either = AccessMask::THREAD_QUERY_INFORMATION | AccessMask::THREAD_QUERY_LIMITED_INFORMATION;
        let none = with(ALL - either);
        for (class, length, is_limited) in QUERIES {
            let ask = |handle| nt.nt_query_information_thread(handle, class, &mut vec![0; length], None);
            let allowed = if is_limited { NtStatus::SUCCESS } else { NtStatus::ACCESS_DENIED };
            assert_eq!(ask(limited), allowed, "class {class}");
            assert_eq!(ask(full), NtStatus::SUCCESS, "class {class}");
            assert_eq!(ask(none), NtStatus::ACCESS_DENIED, "class {class}");
        }
        let (set, not_set) = (with(AccessMask::THREAD_SET_INFORMATION), with(ALL - AccessMask::THREAD_SET_INFORMATION));
        for (class, information) in SETS {
            let change = |handle| nt.nt_set_information_thread(handle, class, information);
            assert_eq!(change(not_set), NtStatus::ACCESS_DENIED, "class {class}");
            // The machine may refuse the processor of class 30; class 10 is for the calling thread.
            let refused = matches!(class, 10 | 30) && change(set) == NtStatus::INVALID_PARAMETER;
            assert!(change(set).is_success() || refused, "class {class}");
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// Class, then length, then handle, then type, then rights; and what is refused leaves buffer and length alone.
#[test]
fn ti2_order_of_checks_of_queries() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(true);
        let no_right = nt.duplicate(ME, AccessMask::SYNCHRONIZE).expect("a duplicate");
        for (class, right, _) in QUERIES {
            for length in [0, 1, right - 1, right, right + 1, right + 8, 4096] {
                let expected = if length == right { NtStatus::INVALID_HANDLE } else { NtStatus::INFO_LENGTH_MISMATCH };
                let (mut buffer, mut returned) = (vec![0xAA; length], 0xDEAD_BEEF);
                let status = nt.nt_query_information_thread(Handle::NULL, class, &mut buffer, Some(&mut returned));
                assert_eq!(status, expected, "class {class}, {length} bytes");
                assert_eq!((buffer, returned), (vec![0xAA; length], 0xDEAD_BEEF), "class {class}, {length} bytes");
            }
            let ask = |handle| nt.nt_query_information_thread(handle, class, &mut vec![0; right], None);
            assert_eq!(ask(event), NtStatus::OBJECT_TYPE_MISMATCH, "class {class}");
            assert_eq!(ask(Handle::CURRENT_PROCESS), NtStatus::OBJECT_TYPE_MISMATCH, "class {class}");
            assert_eq!(ask(no_right), NtStatus::ACCESS_DENIED, "class {class}");
        }
        assert_eq!(nt.nt_query_information_thread(Handle::NULL, 99, &mut [], None), NtStatus::INVALID_INFO_CLASS);
        for (handle, status) in [
            (Handle::NULL, NtStatus::INVALID_HANDLE),
            (event, NtStatus::OBJECT_TYPE_MISMATCH),
            (no_right, NtStatus::ACCESS_DENIED),
        ] {
            // Before the size of the name.
            assert_eq!(nt.nt_query_information_thread(handle, 38, &mut [], None), status);
        }
    });
}

/// The same order for changes: the length beats the handle, the handle beats the value.
#[test]
fn ti3_order_of_checks_of_changes() {
    within(|| {
        let nt = Nt::new();
        let event = nt.manual(true);
        for (class, information) in SETS {
            for length in [0, 1, 3, 5, 7, 9, 15, 17, 100] {
                if length != information.len() {
                    let status = nt.nt_set_information_thread(Handle::NULL, class, &vec![0; length]);
                    assert_eq!(status, NtStatus::INFO_LENGTH_MISMATCH, "class {class}, {length} bytes");
                }
            }
            let change = |handle, information| nt.nt_set_information_thread(handle, class, information);
            assert_eq!(change(Handle::NULL, information), NtStatus::INVALID_HANDLE, "class {class}");
            let nonsense = vec![0xFF; information.len()];
            let status = nt.nt_set_information_thread(Handle::NULL, class, &nonsense);
            assert_eq!(status, NtStatus::INVALID_HANDLE, "class {class}");
            assert_eq!(change(event, information), NtStatus::OBJECT_TYPE_MISMATCH, "class {class}");
        }
        assert_eq!(nt.nt_set_information_thread(Handle::NULL, 99, &[1]), NtStatus::INVALID_INFO_CLASS);
    });
}

/// Unknown classes, those that can only be set, and those that can only be asked for.
#[test]
fn ti26_unknown_classes() {
    within(|| {
        let nt = Nt::new();
        let sizes = [0, 1, 4, 8, 16, 32, 48, 4096];
        let can_query = |class| class == 38 || QUERIES.iter().any(|(known, ..)| *known == class);
        let can_set = |class| SETS.iter().any(|(known, _)| *known == class);
        for class in (0..100).chain([1 << 31, u32::MAX]) {
            for size in sizes {
                if !can_query(class) {
                    let status = nt.nt_query_information_thread(ME, class, &mut vec![0; size], None);
                    assert_eq!(status, NtStatus::INVALID_INFO_CLASS, "query class {class}");
                }
                if !can_set(class) {
                    let status = nt.nt_set_information_thread(ME, class, &vec![0; size]);
                    assert_eq!(status, NtStatus::INVALID_INFO_CLASS, "set class {class}");
                }
            }
        }
    });
}
