//! Programs as they are, whose waits are told of because the environment says so. Each case runs in a process of its own: this
//! program again, with `NTWAIT_TEST_CHILD` set to what the child is to do.

#![allow(unsafe_code, reason = "children that fork and send themselves signals")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::nt_threads::until;
use common::{FOREVER, Nt, Worker, within};
use ntwait::{AccessMask, Handle, Mutant, NtStatus, RtlCriticalSection, RtlSrwLock, Thread};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

const CHILD: &str = "NTWAIT_TEST_CHILD";

/// Does nothing, unless this process is such a child.
#[test]
fn child() {
    match std::env::var(CHILD).as_deref() {
        Ok("nothing") => drop(Mutant::new()),
        Ok("threads") => {
            drop(Mutant::new());
            // A thread names itself when it runs.
            until("all threads have their names", || {
                thread_names().iter().filter(|name| *name == "child").count() <= 1
            });
            println!("threads {}", thread_names().join(","));
        }
        Ok("dump") => dump(),
        Ok("storm") => storm(),
        Ok("deadlock") => deadlock(),
        Ok("two deadlocks") => two_deadlocks(),
        Ok("long wait") => long_wait(),
        Ok("fork") => fork(),
        Ok("again") => again(),
        Ok("closes") => closes(),
        Ok("uses the signal") => {
            // SAFETY: the handler does nothing.
            unsafe { libc::signal(libc::SIGUSR2, nothing as *const () as libc::sighandler_t) };
            drop(Mutant::new());
        }
        _ => {}
    }
}

extern "C" fn nothing(_: libc::c_int) {}

fn thread_names() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the task directory");
    let name =
        |path: std::path::PathBuf| std::fs::read_to_string(path.join("comm")).unwrap_or_default().trim().to_owned();
    tasks.flatten().map(|task| name(task.path())).collect()
}

/// A thread of the process-wide runtime that waits for the calling one's mutant until it is told to go on.
fn waiter(mutant: &Arc<Mutant>) -> Thread<()> {
    let wanted = Arc::clone(mutant);
    let thread = Thread::builder().name("the \"waiter\"").spawn(move || drop(wanted.lock().expect("the mutant")));
    let thread = thread.expect("a thread");
    until("it waits", || {
        let graph = ntwait::Runtime::global().wait_graph();
        graph.threads().iter().any(|known| known.label.id == Some(thread.id()) && known.wait.is_some())
    });
    thread
}

fn raise() {
    // SAFETY: the signal is handled, or ends the child.
    unsafe { libc::raise(libc::SIGUSR2) };
}

/// Says that it is ready, and goes on when the parent has seen what it wanted.
fn until_told() {
    println!("ready");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("the parent writes");
}

fn dump() {
    let mutant = Arc::new(Mutant::new().expect("a mutant"));
    let guard = mutant.lock().expect("a mutant");
    let waiter = waiter(&mutant);
    raise();
    until_told();
    drop(guard);
    waiter.join().expect("its end");
}

/// The signal comes again and again, while threads wait and wake: the program goes on, and errors of calls stay what they were.
fn storm() {
    let event = Arc::new(ntwait::Event::auto_reset(false).expect("an event"));
    let other = Arc::clone(&event);
    let worker = std::thread::spawn(move || (0..2000).for_each(|_| other.wait()));
    while !worker.is_finished() {
        event.set();
        // SAFETY: a descriptor that is none.
        let failed = unsafe { libc::close(-1) };
        raise();
        let errno = std::io::Error::last_os_error().raw_os_error();
        assert_eq!((failed, errno), (-1, Some(libc::EBADF)));
    }
    worker.join().expect("its end");
    raise();
    until_told();
}

/// Two threads, each with what the other wants: a mutant and a critical section.
fn cross(nt: Nt) -> [Worker<()>; 2] {
    let mutant = nt.mutant(false);
    let section: &RtlCriticalSection = common::memory::leak(RtlCriticalSection::new(0));
    let entered = nt.auto(false);
    let taken = nt.auto(false);
    let one = Worker::start(move || {
        section.rtl_enter_critical_section();
        nt.set(entered);
        assert_eq!(nt.one(taken, FOREVER), NtStatus::WAIT_0);
        let _ = nt.one(mutant, FOREVER);
    });
    let other = Worker::start(move || {
        nt.take(mutant, 1);
        assert_eq!(nt.one(entered, FOREVER), NtStatus::WAIT_0);
        nt.set(taken);
        section.rtl_enter_critical_section();
    });
    [one, other]
}

fn deadlock() {
    let threads = cross(Nt::new());
    threads.iter().for_each(Worker::assert_blocked);
    until_told();
    end();
}

fn two_deadlocks() {
    let first = cross(Nt::new());
    first.iter().for_each(Worker::assert_blocked);
    until_told();
    let second = cross(Nt::new());
    second.iter().for_each(Worker::assert_blocked);
    until_told();
    end();
}

/// The same two threads quarrel, are parted by the thread that releases a lock of theirs, and quarrel once more. Meanwhile handles to
/// the other lock come and go, and a thread waits for something that nobody owns.
fn again() {
    let nt = Nt::new();
    let mutant = nt.mutant(false);
    let lock: &RtlSrwLock = common::memory::leak(RtlSrwLock::new());
    let idle = nt.auto(false);
    let _idle = nt.blocked(move || nt.one(idle, FOREVER).0);
    let [taken, locked, once_more] = [nt.auto(false), nt.auto(false), nt.auto(false)];
    let one = Worker::start(move || {
        nt.take(mutant, 1);
        nt.set(taken);
        loop {
            assert_eq!(nt.one(locked, FOREVER), NtStatus::WAIT_0);
            lock.rtl_acquire_srw_lock_exclusive();
            assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
            nt.free(mutant);
            assert_eq!(nt.one(mutant, FOREVER), NtStatus::WAIT_0);
            nt.set(taken);
        }
    });
    let other = Worker::start(move || {
        loop {
            assert_eq!(nt.one(taken, FOREVER), NtStatus::WAIT_0);
            lock.rtl_acquire_srw_lock_exclusive();
            nt.set(locked);
            let _ = nt.one(mutant, FOREVER);
            nt.free(mutant);
            assert_eq!(nt.one(once_more, FOREVER), NtStatus::WAIT_0);
        }
    });
    for _ in 0..2 {
        until("a deadlock", || !nt.deadlocks().is_empty());
        until_told();
        let more: Vec<Handle> =
            (0..3).map(|_| nt.duplicate(mutant, AccessMask::MUTANT_ALL_ACCESS).expect("a handle")).collect();
        std::thread::sleep(std::time::Duration::from_millis(300)); // looks that find the same again
        more.into_iter().for_each(|handle| assert_eq!(nt.nt_close(handle), NtStatus::SUCCESS));
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS, "SR4: anybody may release it");
        nt.set(once_more);
    }
    let _ = (one, other);
    end();
}

/// A program that closes all descriptors that it did not open, and opens files of its own.
fn closes() {
    drop(Mutant::new());
    // SAFETY: what is closed is nobody's that runs in this child.
    assert_eq!(unsafe { libc::close_range(3, libc::c_uint::MAX, 0) }, 0);
    let files: Vec<std::fs::File> =
        (0..8).map(|_| std::fs::File::open("/proc/self/exe").expect("a file of its own")).collect();
    raise();
    until_told();
    let read = |mut file: &std::fs::File| std::io::Seek::stream_position(&mut file).expect("a place");
    assert!(files.iter().all(|file| read(file) == 0), "nobody else reads them");
}

/// Its threads wait for ever.
fn end() -> ! {
    std::process::exit(0)
}

/// Nobody owns what it waits for.
fn long_wait() {
    let nt = Nt::new();
    let event: Handle = nt.auto(false);
    let thread = nt.blocked(move || nt.one(event, FOREVER).0);
    std::thread::sleep(std::time::Duration::from_millis(400));
    nt.set(event);
    assert_eq!(thread.end(), 0);
}

/// The child of the child dumps by itself, if it uses the library, and does not ring its parent's bell.
fn fork() {
    drop(Mutant::new());
    // SAFETY: the child runs code of this test only.
    let child = unsafe { libc::fork() };
    if child == 0 {
        raise();
        let mutant = Arc::new(Mutant::new().expect("a mutant in the child"));
        let guard = mutant.lock().expect("a mutant");
        raise();
        std::thread::sleep(std::time::Duration::from_millis(300));
        drop(guard);
        // SAFETY: ends the child.
        unsafe { libc::_exit(0) };
    }
    let mut status = 0;
    // SAFETY: a place for the status.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(status, 0);
}

fn command(child: &str, environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CHILD, child);
    command.env_remove("NTWAIT_DUMP_SIGNAL").env_remove("NTWAIT_DEADLOCK").envs(environment.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A child that says when it is ready, and is told when to go on.
struct Told {
    child: Child,
    said: BufReader<std::process::ChildStdout>,
    errors: BufReader<std::process::ChildStderr>,
}

impl Told {
    fn start(child: &str, environment: &[(&str, &str)]) -> Told {
        let mut child = command(child, environment).spawn().expect("a child");
        let said = BufReader::new(child.stdout.take().expect("a pipe"));
        let errors = BufReader::new(child.stderr.take().expect("a pipe"));
        Told { child, said, errors }
    }

    fn until_ready(&mut self) {
        let mut line = String::new();
        while !line.contains("ready") {
            line.clear();
            assert_ne!(self.said.read_line(&mut line).expect("lines"), 0, "the child has ended");
        }
    }

    fn go_on(&mut self) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        std::io::Write::write_all(input, b"go\n").expect("the child reads");
    }

    /// What it writes to the standard error, up to a line that has this in it.
    fn errors_until(&mut self, last: &str) -> String {
        let mut text = String::new();
        loop {
            let mut line = String::new();
            assert_ne!(self.errors.read_line(&mut line).expect("lines"), 0, "the child has ended:\n{text}");
            text.push_str(&line);
            if line.contains(last) {
                return text;
            }
        }
    }

    /// The rest of that, when it has ended.
    fn end(mut self) -> (std::process::ExitStatus, String) {
        let mut text = String::new();
        self.errors.read_to_string(&mut text).expect("text");
        (self.child.wait().expect("its end"), text)
    }
}

fn run(child: &str, environment: &[(&str, &str)]) -> Output {
    let child = command(child, environment).stdin(Stdio::null()).spawn().expect("a child");
    child.wait_with_output().expect("its end")
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_signal_brings_the_graph() {
    within(|| {
        for signal in ["USR2", "SIGUSR2", "12"] {
            let mut child = Told::start("dump", &[("NTWAIT_DUMP_SIGNAL", signal)]);
            child.until_ready();
            let text = child.errors_until("mutant") + &child.errors_until("waited for by");
            assert!(text.contains("ntwait: wait graph of process"), "{text}");
            assert!(text.contains("the \\\"waiter\\\"") && text.contains("owned by"), "{text}");
            child.go_on();
            let (status, _) = child.end();
            assert!(status.success());
        }
    });
}

#[test]
fn a_storm_of_signals() {
    within(|| {
        let mut child = Told::start("storm", &[("NTWAIT_DUMP_SIGNAL", "USR2")]);
        // Read meanwhile: who does not read it holds up the writer, and nobody else.
        let mut errors = std::mem::replace(&mut child.errors, {
            let mut other = Command::new("true").stderr(Stdio::piped()).spawn().expect("a process");
            let pipe = BufReader::new(other.stderr.take().expect("a pipe"));
            other.wait().expect("its end");
            pipe
        });
        let (say, hear) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let mut text = String::new();
            errors.read_line(&mut text).expect("a line");
            say.send(()).expect("the test listens");
            errors.read_to_string(&mut text).expect("text");
            text
        });
        child.until_ready();
        hear.recv().expect("a graph");
        child.go_on();
        let (status, _) = child.end();
        let text = reader.join().expect("text");
        assert!(status.success(), "{text}");
        assert!(text.contains("wait graph of process"), "{text}");
    });
}

#[test]
fn nobody_asked_so_there_is_nothing() {
    within(|| {
        let output = run("threads", &[]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("threads ") && !said.contains("ntwait-graph"), "{said}");
        let output = run("threads", &[("NTWAIT_DEADLOCK", "report")]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("ntwait-graph"));
        let empty = run("threads", &[("NTWAIT_DEADLOCK", ""), ("NTWAIT_DUMP_SIGNAL", " ")]);
        assert!(!String::from_utf8_lossy(&empty.stdout).contains("ntwait-graph"));
        assert_eq!((errors(&output).as_str(), errors(&empty).as_str()), ("", ""));
    });
}

#[test]
fn what_is_wrong_is_told_in_a_line() {
    within(|| {
        let rows = [
            ("nothing", "NTWAIT_DUMP_SIGNAL", "KILL"),
            ("nothing", "NTWAIT_DUMP_SIGNAL", "nonsense"),
            ("uses the signal", "NTWAIT_DUMP_SIGNAL", "USR2"),
            ("nothing", "NTWAIT_DEADLOCK", "perhaps"),
            ("nothing", "NTWAIT_DEADLOCK", "report,soon"),
        ];
        for (child, variable, value) in rows {
            let output = run(child, &[(variable, value)]);
            let text = errors(&output);
            assert!(output.status.success() && text.lines().count() == 1, "{variable}={value}: {text}");
            assert!(text.starts_with(&format!("ntwait: {variable}={value}: ")), "{text}");
        }
    });
}

#[test]
fn a_deadlock_is_reported_once() {
    within(|| {
        let mut child = Told::start("two deadlocks", &[("NTWAIT_DEADLOCK", "report,0.1")]);
        for _ in 0..2 {
            child.until_ready();
            let text = child.errors_until("ntwait: deadlock") + &child.errors_until("OBJECTS");
            assert_eq!(text.matches("deadlock of").count(), 1, "{text}");
            assert!(text.contains("critical section at") && text.contains("mutant"), "{text}");
            child.go_on();
        }
        let (status, rest) = child.end();
        assert!(status.success());
        assert!(!rest.contains("deadlock of"), "{rest}");
    });
}

#[test]
fn a_deadlock_aborts_if_that_is_wanted() {
    within(|| {
        let mut child = Told::start("deadlock", &[("NTWAIT_DEADLOCK", "abort,0.1")]);
        child.until_ready();
        let text = child.errors_until("NTWAIT_DEADLOCK: abort");
        assert!(text.contains("deadlock of 2 threads"), "{text}");
        let (status, _) = child.end();
        assert_eq!(status.signal(), Some(libc::SIGABRT));
    });
}

#[test]
fn a_long_wait_is_no_deadlock() {
    within(|| {
        let output = run("long wait", &[("NTWAIT_DEADLOCK", "abort,0.05")]);
        assert!(output.status.success() && errors(&output).is_empty(), "{}", errors(&output));
    });
}

#[test]
fn a_child_of_fork_has_its_own() {
    within(|| {
        let output = run("fork", &[("NTWAIT_DUMP_SIGNAL", "USR2")]);
        let text = errors(&output);
        assert!(output.status.success(), "{text}");
        assert_eq!(text.matches("wait graph of process").count(), 1, "{text}");
        assert!(text.contains("owned by"), "the child's: {text}");
    });
}

#[test]
fn a_deadlock_that_was_resolved_is_reported_again() {
    within(|| {
        let mut child = Told::start("again", &[("NTWAIT_DEADLOCK", "report,0.1")]);
        for _ in 0..2 {
            child.until_ready();
            let text = child.errors_until("ntwait: deadlock") + &child.errors_until("OBJECTS");
            assert_eq!(text.matches("deadlock of").count(), 1, "{text}");
            child.go_on();
        }
        let (status, rest) = child.end();
        assert!(status.success() && !rest.contains("deadlock of"), "{rest}");
    });
}

#[test]
fn be2_closed_descriptors_change_nothing() {
    within(|| {
        let mut child = Told::start("closes", &[("NTWAIT_DUMP_SIGNAL", "USR2")]);
        child.until_ready();
        child.errors_until("wait graph of process");
        child.go_on();
        let (status, rest) = child.end();
        assert!(status.success() && !rest.contains("wait graph of process"), "once: {rest}");
    });
}
