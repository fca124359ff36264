//! When the kernel gives no more memory, calls say so and nothing else happens: what exists goes on working, and a close makes room.
//!
//! The limit is a process's, so each experiment runs in a child: this binary again, with the room it may grow by in its environment. Inside
//! the limit the child allocates nothing itself; it notes what it saw and judges it after the limit is lifted. Several rooms are tried,
//! because which of the library's allocations meets the limit depends on them.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::process::{Command, Stdio};
use std::sync::{Arc, Barrier};
use std::time::Instant;

use common::{AUTO, FULL, MANUAL, Nt, POLL, ms, object, within};
use ntwait::{Handle, NtStatus, ObjectAttributes, Runtime, WaitPolicy};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// In a child: how many KiB it may grow by.
const ROOM: &str = "NTWAIT_TEST_ROOM";

/// How many handles are closed when memory has run out, and how many then can be made. The difference is what rests before it is used
/// again, so that stale handles stay stale: 1,024 for a thread.
const CLOSED: usize = 2_048;
const MADE_AGAIN: usize = 900;

const NO_MEMORY: [NtStatus; 2] = [NtStatus::INSUFFICIENT_RESOURCES, NtStatus::NO_MEMORY];

/// One more handle, given the first event.
type Make = fn(Nt, Handle) -> Result<Handle, NtStatus>;

#[test]
fn memory_ends_while_events_are_created() {
    let create: Make = |nt, _| nt.nt_create_event(FULL, ObjectAttributes::NONE, AUTO, false);
    let rooms = (0..8).map(|step| 6 * 1024 + 150 * step);
    child_or_parent("memory_ends_while_events_are_created", rooms, || fill_memory(create));
}

#[test]
fn memory_ends_while_handles_are_duplicated() {
    let duplicate: Make = |nt, first| nt.duplicate(first, FULL);
    let rooms = (0..8).map(|step| 6 * 1024 + 150 * step);
    child_or_parent("memory_ends_while_handles_are_duplicated", rooms, || fill_memory(duplicate));
}

/// With little address space a runtime makes do with less, with next to none it cannot be made; it never crashes.
#[test]
fn address_space_is_short() {
    let rooms = [64, 512, 2 * 1024, 8 * 1024, 64 * 1024, 256 * 1024];
    child_or_parent("address_space_is_short", rooms, little_address_space);
}

fn child_or_parent(test: &'static str, rooms: impl IntoIterator<Item = u64>, child: impl FnOnce()) {
    if std::env::var_os(ROOM).is_some() {
        return child();
    }
    let rooms: Vec<u64> = rooms.into_iter().collect();
    within(move || rooms.into_iter().for_each(|room| parent(test, room)));
}

/// Runs the test again in a child and expects it to come to its end, in reasonable time.
fn parent(test: &str, room: u64) {
    let me = std::env::current_exe().expect("the path of this binary");
    let mut child = Command::new(me)
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ROOM, room.to_string())
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let start = Instant::now();
    while child.try_wait().expect("the child's state").is_none() {
        if start.elapsed() > Duration::from_secs(30) {
            child.kill().expect("a kill");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("the child's output");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    // Without the child's own verdict: who counts result lines shall find ours only.
    let said: String = said.split_inclusive('\n').filter(|line| !line.contains("test result:")).collect();
    assert!(output.status.success(), "with {room} KiB: {}\n{said}", output.status);
    assert!(said.contains("survived"), "with {room} KiB the child did not run to its end:\n{said}");
}

/// What a child saw inside the limit.
#[derive(Debug)]
struct Seen {
    made: u32,
    refusal: NtStatus,
    duplicate: Result<Handle, NtStatus>,
    set_and_taken: (Result<i32, NtStatus>, NtStatus, NtStatus),
    of_a_new_thread: (NtStatus, NtStatus),
    /// Of the handles made in the place of closed ones: how many, and the last answer.
    after_closing: (usize, Result<Handle, NtStatus>),
}

/// Sets the limit to what is used now and the room; gives the limit before.
fn limit(resource: Resource, used: &str) -> Rlimit {
    let room: u64 = std::env::var(ROOM).expect("the room").parse().expect("a number");
    let before = getrlimit(resource);
    let current = Some(bytes_used(used) + room * 1024);
    setrlimit(resource, Rlimit { current, maximum: before.maximum }).expect("a limit");
    before
}

fn fill_memory(make: Make) {
    let nt = Nt::new();
    let first = nt.auto(false);
    let (full, newcomer) = newcomer(nt, first);
    let before = limit(Resource::Data, "VmData:");

    let mut last = [first; CLOSED];
    let mut made = 0;
    let refusal = loop {
        match make(nt, first) {
            Ok(handle) => last[made as usize % CLOSED] = handle,
            Err(status) => break status,
        }
        made += 1;
    };
    let duplicate = nt.duplicate(first, FULL);
    let set_and_taken = (nt.nt_set_event(last[7]), nt.one(last[7], POLL), nt.one(last[7], ms(1)));
    full.wait();
    full.wait();
    let after_closing = close_and_make_again(nt, &last[8..], first, make);

    setrlimit(Resource::Data, before).expect("the limit lifted");
    let of_a_new_thread = newcomer.join().expect("the newcomer");
    let seen = Seen { made, refusal, duplicate, set_and_taken, of_a_new_thread, after_closing };
    judge(nt, &seen);
    println!("survived: {made} handles, then {refusal}");
}

type Newcomer = std::thread::JoinHandle<(NtStatus, NtStatus)>;

/// A thread that makes its first call only when there is no memory left.
fn newcomer(nt: Nt, event: Handle) -> (Arc<Barrier>, Newcomer) {
    let full = Arc::new(Barrier::new(2));
    let barrier = Arc::clone(&full);
    let thread = std::thread::spawn(move || {
        barrier.wait();
        let answers = (nt.one(event, POLL), nt.any(&[event], ms(1)));
        barrier.wait();
        answers
    });
    (full, thread)
}

fn close_and_make_again(nt: Nt, handles: &[Handle], first: Handle, make: Make) -> (usize, Result<Handle, NtStatus>) {
    for handle in handles {
        if let Err(status) = nt.nt_close(*handle).ok() {
            return (0, Err(status));
        }
    }
    let mut answer = Err(NtStatus::UNSUCCESSFUL);
    for number in 0..MADE_AGAIN {
        answer = make(nt, first);
        if answer.is_err() {
            return (number, answer);
        }
    }
    (MADE_AGAIN, answer)
}

fn judge(nt: Nt, seen: &Seen) {
    assert!(NO_MEMORY.contains(&seen.refusal), "{seen:?}");
    assert!((10_000..1 << 24).contains(&seen.made), "memory is what ended it: {seen:?}");
    assert_eq!(seen.set_and_taken, (Ok(0), object(0), NtStatus::TIMEOUT), "{seen:?}");
    assert!(seen.duplicate.err().is_none_or(|status| NO_MEMORY.contains(&status)), "{seen:?}");
    for answer in [seen.of_a_new_thread.0, seen.of_a_new_thread.1] {
        assert!(answer == NtStatus::TIMEOUT || NO_MEMORY.contains(&answer), "{seen:?}");
    }
    let (again, last) = seen.after_closing;
    assert_eq!(again, MADE_AGAIN, "no room after closing: {seen:?}");
    assert_eq!(nt.look(last.expect("a handle")).state, 0, "{seen:?}");
    // With the limit lifted there is room again.
    for _ in 0..10_000 {
        nt.check(nt.auto(true), AUTO, 1);
    }
}

fn little_address_space() {
    // The thread that the runtime will meet is there already: what is short is the runtime's share, not the test's.
    let before = limit(Resource::As, "VmSize:");
    let built = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).build();
    let mut made = 0_u32;
    let mut worked = None;
    let refusal = match &built {
        Err(status) => *status,
        Ok(runtime) => loop {
            match runtime.nt_create_event(FULL, ObjectAttributes::NONE, MANUAL, true) {
                Ok(event) => worked = Some(runtime.nt_wait_for_single_object(event, false, ms(1))),
                Err(status) => break status,
            }
            made += 1;
        },
    };
    setrlimit(Resource::As, before).expect("the limit lifted");
    let room: u64 = std::env::var(ROOM).expect("the room").parse().expect("a number");
    assert!(built.is_ok() || room < 8 * 1024, "there was room for a small runtime");
    assert!(NO_MEMORY.contains(&refusal), "{refusal} after {made}");
    assert!(made < 1 << 24, "the limit is what ended it");
    assert_eq!(worked, (made > 0).then(|| object(0)));
    println!("survived: {} {made} events, then {refusal}", if built.is_ok() { "built," } else { "not built," });
}

/// A figure of `/proc/self/status` in bytes.
fn bytes_used(figure: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("the process status");
    let line = status.lines().find(|line| line.starts_with(figure)).expect("the figure");
    let kilobytes: u64 = line.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    kilobytes * 1024
}
