//! What the cases share.

use core::ffi::{CStr, c_void};
use ntwait::{Runtime, Thread, ThreadBackend};
use std::process::Command;

pub(crate) const SKIPPED: &str = "SKIPPED: ";

/// Says why the case cannot run here. The caller returns.
pub(crate) fn skip(reason: &str) {
    println!("{SKIPPED}{reason}");
}

/// Runs the closure in a new thread and waits for it.
#[track_caller]
pub(crate) fn in_thread<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> T {
    Thread::spawn(body).expect("a thread").join().expect("a value")
}

pub(crate) fn backend() -> ThreadBackend {
    Runtime::global().thread_backend().backend()
}

pub(crate) fn tid() -> i32 {
    rustix::thread::gettid().as_raw_nonzero().get()
}

/// A line of the process' status, in kB or as a count.
pub(crate) fn status(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let found = status.lines().find_map(|l| l.strip_prefix(line)?.strip_prefix(':'));
    found.and_then(|value| value.split_whitespace().next()?.parse().ok()).expect("the line")
}

pub(crate) fn tasks() -> usize {
    std::fs::read_dir("/proc/self/task").expect("tasks").count()
}

/// What the threads of a process are doing.
pub(crate) fn states_of(pid: u32) -> String {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return String::new() };
    let lines = tasks.flatten().take(40).map(|task| {
        let read = |name: &str| std::fs::read_to_string(task.path().join(name)).unwrap_or_default().trim().to_owned();
        format!("  {} [{}] {}", task.file_name().display(), read("comm"), read("syscall"))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[track_caller]
pub(crate) fn soon(what: &str, mut done: impl FnMut() -> bool) {
    let begin = std::time::Instant::now();
    while !done() {
        assert!(begin.elapsed().as_secs() < 20, "not in time: {what}");
        std::thread::sleep(std::time::Duration::from_micros(100));
    }
}

pub(crate) fn is_root() -> bool {
    // SAFETY: takes nothing.
    unsafe { libc::geteuid() == 0 }
}

/// Builds a library from `tests/clib`; `None`, and said, if there is no compiler.
pub(crate) fn library(source: &str) -> Option<String> {
    let compiler = if source.ends_with(".cc") { "c++" } else { "cc" };
    let name = source.split('.').next()?;
    let to = format!("{}/lib{name}-{}.so", env!("CARGO_TARGET_TMPDIR"), std::process::id());
    let from = format!("{}/tests/clib/{source}", env!("CARGO_MANIFEST_DIR"));
    let done = Command::new(compiler).args(["-shared", "-fPIC", "-O1", "-o", &to, &from, "-pthread"]).status();
    if done.is_ok_and(|status| status.success()) {
        return Some(to);
    }
    skip(&format!("no {compiler}"));
    None
}

/// A loaded library.
pub(crate) struct Loaded(*mut c_void);

// SAFETY: a handle is the process'.
unsafe impl Send for Loaded {}
// SAFETY: as above.
unsafe impl Sync for Loaded {}

impl Loaded {
    pub(crate) fn open(path: &str) -> Self {
        let path = std::ffi::CString::new(path).expect("a path");
        // SAFETY: our own test libraries do nothing when they are loaded.
        let handle = unsafe { libc::dlopen(path.as_ptr(), libc::RTLD_NOW) };
        assert!(!handle.is_null(), "dlopen");
        let _ = std::fs::remove_file(path.to_str().unwrap_or_default());
        Self(handle)
    }

    /// # Safety
    /// `F` is the type of that function.
    pub(crate) unsafe fn function<F: Copy>(&self, name: &CStr) -> F {
        // SAFETY: a library that is loaded, and a name.
        let address = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!address.is_null() && size_of::<F>() == size_of_val(&address));
        // SAFETY: the caller's.
        unsafe { core::mem::transmute_copy::<*mut c_void, F>(&address) }
    }

    pub(crate) fn close(self) {
        // SAFETY: nobody uses it any more.
        unsafe { libc::dlclose(self.0) };
    }
}

/// Runs `body` in a child of fork and returns how that ended: the status of `waitpid`.
pub(crate) fn in_child(body: impl FnOnce() -> i32) -> i32 {
    // SAFETY: the child uses what is meant to be usable there.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: a hang in the child kills the child.
        unsafe { libc::alarm(20) };
        let status = body();
        // SAFETY: ends the child without the parent's destructors.
        unsafe { libc::_exit(status) };
    }
    let mut status = -1;
    // SAFETY: our own child, and a place for its status.
    assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
    status
}
