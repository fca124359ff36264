//! Is that thread asleep? The kernel knows; the lab asks it and never guesses with a sleep of its own.

use std::fs::File;
use std::io::Read;

pub(crate) use rustix::thread::Pid;

/// What the kernel says a thread of this process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskState {
    /// `S` in `/proc/self/task/<tid>/stat`: blocked in a system call, an interruptible sleep.
    Sleeping,
    /// Running, runnable, or in a short uninterruptible sleep such as a page fault.
    Awake,
    /// There is no such thread any more.
    Gone,
}

/// The id by which other threads can ask for the calling thread's state.
pub(crate) fn current() -> Pid {
    rustix::thread::gettid()
}

/// Asks the kernel what `task` is doing.
pub(crate) fn state(task: Pid) -> TaskState {
    let mut text = [0u8; 256];
    let path = format!("/proc/self/task/{}/stat", task.as_raw_nonzero());
    match File::open(path).and_then(|mut file| file.read(&mut text)) {
        Ok(length) => parse(&text[..length]),
        Err(_) => TaskState::Gone,
    }
}

/// The state letter follows the thread's name, which is in parentheses and may itself contain any character.
fn parse(stat: &[u8]) -> TaskState {
    let after_name = stat.iter().rposition(|byte| *byte == b')').map_or(&[][..], |at| &stat[at + 1..]);
    match after_name.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'S') => TaskState::Sleeping,
        Some(b'Z' | b'X') | None => TaskState::Gone,
        Some(_) => TaskState::Awake,
    }
}

/// How often the calling thread has given up its CPU by its own will, that is: has really slept.
pub(crate) fn own_sleeps() -> u64 {
    let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
    let count = |line: &str| line.strip_prefix("voluntary_ctxt_switches:").and_then(|rest| rest.trim().parse().ok());
    status.lines().find_map(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn letters_are_understood() {
        assert_eq!(parse(b"12 (a ) b) S 1 2"), TaskState::Sleeping);
        assert_eq!(parse(b"12 (x) R 1"), TaskState::Awake);
        assert_eq!(parse(b"12 (x) D 1"), TaskState::Awake);
        assert_eq!(parse(b"12 (x) Z 1"), TaskState::Gone);
        assert_eq!(parse(b""), TaskState::Gone);
    }

    #[test]
    fn a_blocked_thread_is_seen_asleep_then_gone() {
        let (tell, told) = mpsc::channel();
        let (release, gate) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let _ = tell.send(current());
            let _ = gate.recv();
        });
        let task = told.recv().expect("the thread tells its id");
        while state(task) != TaskState::Sleeping {
            std::thread::yield_now();
        }
        drop(release);
        thread.join().expect("the thread ends");
        while state(task) != TaskState::Gone {
            std::thread::yield_now();
        }
    }

    #[test]
    fn sleeping_is_counted() {
        let before = own_sleeps();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(own_sleeps() > before);
    }
}
