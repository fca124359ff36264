//! Threads that are known to be blocked, and tests that cannot hang.
//!
//! No test here orders threads by sleeping. A thread counts as blocked when the kernel says so: it sleeps (state `S`) in the futex call,
//! and a moment later it still sleeps in the very same call. Whoever wakes a thread makes it runnable before the waking call returns, so
//! a thread that still sleeps after `set` returned has not been released.

use core::fmt::Write as _;
use core::time::Duration;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Instant;

/// No test needs as much; past it the test has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(60);

#[cfg(target_arch = "x86_64")]
const FUTEX: &str = "202 ";
#[cfg(target_arch = "aarch64")]
const FUTEX: &str = "98 ";

/// Runs a test body in a thread of its own and fails, with what every thread is doing, if it does not end within `LIMIT`.
pub(crate) fn within(body: impl FnOnce() + Send + 'static) {
    within_limit(LIMIT, body);
}

pub(crate) fn within_limit(limit: Duration, body: impl FnOnce() + Send + 'static) {
    let (ended, end) = mpsc::channel::<()>();
    let name = std::thread::current().name().unwrap_or("test").to_owned();
    let run = move || {
        let _ended = ended; // dropped when the body returns or panics
        body();
    };
    let thread = std::thread::Builder::new().name(name).spawn(run).expect("a thread");
    if end.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout) {
        panic!("hangs: not done after {limit:?}\n{}", all_threads());
    }
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// A thread of the test, known by its kernel id.
pub(crate) struct Worker<T> {
    tid: i32,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts `body`; it is somewhere on its way when this returns.
    pub(crate) fn start(body: impl FnOnce() -> T + Send + 'static) -> Worker<T> {
        let (say, hear) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            say.send(rustix::thread::gettid().as_raw_nonzero().get()).expect("the starter listens");
            drop(say);
            body()
        });
        let tid = hear.recv().expect("the thread says its id");
        Worker { tid, thread }
    }

    /// Starts `body`, which must block, and returns when it has.
    #[track_caller]
    pub(crate) fn blocked(body: impl FnOnce() -> T + Send + 'static) -> Worker<T> {
        let worker = Worker::start(body);
        worker.assert_blocked();
        worker
    }

    /// Its kernel id.
    pub(crate) fn tid(&self) -> i32 {
        self.tid
    }

    /// Returns when the thread sleeps in a futex; fails if it ends instead.
    #[track_caller]
    pub(crate) fn assert_blocked(&self) {
        let start = Instant::now();
        while !self.is_blocked() {
            assert!(!self.thread.is_finished(), "the thread should be blocked, but it has ended");
            assert!(start.elapsed() < LIMIT / 2, "the thread does not come to sleep:\n{}", all_threads());
        }
    }

    /// Whether the thread sleeps in one and the same futex call for a moment.
    pub(crate) fn is_blocked(&self) -> bool {
        is_blocked(self.tid)
    }

    /// The futex word on which the thread sleeps and the operation it sleeps in.
    #[track_caller]
    pub(crate) fn futex(&self) -> (usize, u32) {
        self.assert_blocked();
        let call = sleeping_call(self.tid).expect("the thread stays blocked");
        let mut fields = call
            .split(' ')
            .skip(1)
            .map(|field| usize::from_str_radix(field.trim_start_matches("0x"), 16).expect("a hexadecimal argument"));
        let (word, operation) = (fields.next().expect("the word"), fields.next().expect("the operation"));
        (word, u32::try_from(operation & 0xFFFF_FFFF).expect("32 bits"))
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end of the thread and gives its result.
    #[track_caller]
    pub(crate) fn join(self) -> T {
        match self.thread.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
}

/// Whether a thread sleeps in one and the same futex call for a moment.
pub(crate) fn is_blocked(tid: i32) -> bool {
    blocked_call(tid).is_some()
}

/// The futex call in which a thread sleeps for a moment: what is slept on and for which value, from where.
pub(crate) fn blocked_call(tid: i32) -> Option<String> {
    let first = sleeping_call(tid)?;
    std::thread::sleep(Duration::from_micros(200));
    sleeping_call(tid).filter(|second| first == *second && second.starts_with(FUTEX))
}

/// Number, arguments, stack and instruction pointer of the system call in which a thread sleeps; `None` while it runs.
fn sleeping_call(tid: i32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{tid}/stat")).ok()?;
    if !stat.rsplit_once(") ")?.1.starts_with('S') {
        return None;
    }
    let call = std::fs::read_to_string(format!("/proc/self/task/{tid}/syscall")).ok()?;
    (!call.starts_with("running")).then_some(call)
}

/// One line for each thread of the process: id, name, state, system call.
pub(crate) fn all_threads() -> String {
    let mut text = String::new();
    let tasks = std::fs::read_dir("/proc/self/task").expect("the task directory");
    for task in tasks.flatten().map(|entry| entry.path()) {
        let read = |file: &str| std::fs::read_to_string(task.join(file)).unwrap_or_default();
        let (stat, call) = (read("stat"), read("syscall"));
        let state = stat.rsplit_once(") ").map_or("?", |(_, rest)| &rest[..1]);
        let id = task.file_name().unwrap_or_default().to_string_lossy();
        let _ = writeln!(text, "  thread {id} {} state {state} call {}", read("comm").trim(), call.trim());
    }
    text
}
