//! Tests that need a process of their own.

#![allow(unsafe_code, reason = "fork")]

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Set in a child, to the name of the test that it runs.
const CHILD: &str = "NTWAIT_TEST_CHILD";
/// What a child says when it has come to its end.
const SURVIVED: &str = "came to its end";

/// Runs the body of the test of this name in a child of this process, alone, and expects it to come to its end.
pub(crate) fn in_child(test: &str, body: impl FnOnce()) {
    if std::env::var_os(CHILD).is_some_and(|name| name == test) {
        body();
        println!("{SURVIVED}");
        return;
    }
    let said = output_of_child(test, &[]);
    assert!(said.contains(SURVIVED), "the child did not come to its end:\n{said}");
}

/// Runs the test of this name in a child with these variables, and returns all that it has said; a child that fails, fails the caller.
pub(crate) fn output_of_child(test: &str, variables: &[(&str, &str)]) -> String {
    let (status, said) = end_of_child(test, variables);
    assert!(status.success(), "{test}: {status}\n{said}");
    said
}

/// The same, however the child ends.
pub(crate) fn end_of_child(test: &str, variables: &[(&str, &str)]) -> (std::process::ExitStatus, String) {
    let me = std::env::current_exe().expect("the path of this binary");
    let mut child = Command::new(me)
        .args(["--exact", test, "--nocapture", "--include-ignored", "--test-threads=1"])
        .env(CHILD, test)
        .env("RUST_BACKTRACE", "0")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child");
    let readers = (child.stdout.take().map(read), child.stderr.take().map(read));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the child's state") {
            break status;
        }
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().expect("a kill");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let said = [readers.0, readers.1].into_iter().flatten().map(|reader| reader.join().expect("a reader"));
    // Without the child's own verdict: who counts result lines shall find ours only.
    let said = said.collect::<Vec<_>>().join("\n");
    (status, said.split_inclusive('\n').filter(|line| !line.contains("test result:")).collect())
}

fn read(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Runs this in a child of `fork` and returns its exit code; bits of it say what was wrong.
pub(crate) fn in_fork(body: impl FnOnce() -> i32) -> i32 {
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
