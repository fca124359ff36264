//! Starts, ends and accidents, on both backends.

#![allow(unsafe_code, reason = "jobs, fork, and ends that are accidents")]

use super::*;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::clone;
use crate::sys::futex::LateWake;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
use std::time::{Duration, Instant};

mod costs;

/// What happened to one job.
struct Traces {
    run: fn(&'static Traces),
    ran: AtomicU32,
    finished: AtomicU32,
    orphaned: AtomicU32,
    dropped: AtomicU32,
    note: AtomicU32,
}

fn traces(run: fn(&'static Traces)) -> &'static Traces {
    let zero = || AtomicU32::new(0);
    Box::leak(Box::new(Traces { run, ran: zero(), finished: zero(), orphaned: zero(), dropped: zero(), note: zero() }))
}

fn of(data: *mut ()) -> &'static Traces {
    // SAFETY: leaked by `traces`.
    unsafe { &*data.cast::<Traces>() }
}

fn job(traces: &'static Traces) -> Job {
    fn run(data: *mut ()) {
        of(data).ran.fetch_add(1, Ordering::Release);
        (of(data).run)(of(data));
    }
    fn finish(data: *mut ()) -> LateWake {
        of(data).finished.fetch_add(1, Ordering::Release);
        LateWake::NONE
    }
    fn orphaned(data: *mut ()) {
        of(data).orphaned.fetch_add(1, Ordering::Release);
    }
    Job { data: ptr::from_ref(traces).cast_mut().cast(), run, finish, orphaned }
}

fn start_on(backend: ThreadBackend, run: fn(&'static Traces)) -> &'static Traces {
    let traces = traces(run);
    start(job(traces), &Start { backend, ..Start::default() }).unwrap();
    traces
}

#[track_caller]
fn soon(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
        rustix::thread::sched_yield();
    }
}

impl Traces {
    fn counts(&self) -> [u32; 3] {
        [&self.ran, &self.finished, &self.orphaned].map(|count| count.load(Ordering::Acquire))
    }

    #[track_caller]
    fn become_counts(&self, expected: [u32; 3]) {
        soon("the job's end", || self.counts() == expected || self.counts()[1..] != [0, 0]);
        assert_eq!(self.counts(), expected);
    }
}

const BOTH: [ThreadBackend; 2] = [ThreadBackend::Clone, ThreadBackend::Pthread];

struct CountsItsDrop(Cell<Option<&'static Traces>>);

impl Drop for CountsItsDrop {
    fn drop(&mut self) {
        if let Some(traces) = self.0.get() {
            assert_eq!(traces.finished.load(Ordering::Acquire), 0, "thread-locals come first");
            traces.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

thread_local! {
    static DROPPED: CountsItsDrop = const { CountsItsDrop(Cell::new(None)) };
    static TOUCHED: Cell<u32> = const { Cell::new(7) };
}

#[test]
fn the_probes_pass_here() {
    let in_use = in_use(ThreadBackend::Auto);
    assert_eq!(in_use.to_string(), "clone (all probes passed)");
    assert_eq!(super::in_use(ThreadBackend::Pthread).backend(), ThreadBackend::Pthread);
}

#[test]
fn a_job_runs_and_finishes_once_and_its_thread_locals_are_fresh_and_dropped() {
    for backend in BOTH {
        for _ in 0..100 {
            let traces = start_on(backend, |traces| {
                traces.note.store(TOUCHED.replace(8), Ordering::Relaxed);
                assert!(DROPPED.with(|dropped| dropped.0.replace(Some(traces))).is_none());
            });
            traces.become_counts([1, 1, 0]);
            assert_eq!([&traces.note, &traces.dropped].map(|x| x.load(Ordering::Relaxed)), [7, 1], "{backend:?}");
        }
    }
}

/// Calls itself, so that there are frames to be dropped.
fn deep_down(levels: u32, then: fn()) {
    if levels == 0 {
        then();
    } else {
        deep_down(levels - 1, then);
    }
    core::hint::black_box(levels);
}

#[test]
fn leave_from_any_depth_is_as_a_return() {
    for backend in BOTH {
        for _ in 0..50 {
            let traces = start_on(backend, |traces| {
                DROPPED.with(|dropped| dropped.0.set(Some(traces)));
                deep_down(100, || leave());
            });
            traces.become_counts([1, 1, 0]);
            assert_eq!(traces.dropped.load(Ordering::Relaxed), 1, "{backend:?}");
        }
    }
}

#[test]
fn abandon_runs_nothing() {
    for backend in BOTH {
        for _ in 0..20 {
            let traces = start_on(backend, |traces| {
                DROPPED.with(|dropped| dropped.0.set(Some(traces)));
                traces.note.store(rustix::thread::gettid().as_raw_nonzero().get() as u32, Ordering::Release);
                abandon();
            });
            soon("the start", || traces.note.load(Ordering::Acquire) != 0);
            soon("the task's end", || is_gone(traces.note.load(Ordering::Acquire)));
            assert_eq!((traces.counts(), traces.dropped.load(Ordering::Relaxed)), ([1, 0, 0], 0), "{backend:?}");
        }
    }
}

fn is_gone(tid: u32) -> bool {
    // SAFETY: no signal is sent.
    unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), tid, 0) != 0 }
}

#[test]
fn pthread_exit_finishes_the_job_last() {
    for backend in BOTH {
        for _ in 0..20 {
            let traces = start_on(backend, |traces| {
                DROPPED.with(|dropped| dropped.0.set(Some(traces)));
                // SAFETY: a thread of the C library's, as far as it knows; the frames above have no destructors.
                unsafe { libc::pthread_exit(ptr::null_mut()) }
            });
            traces.become_counts([1, 1, 0]);
            assert_eq!(traces.dropped.load(Ordering::Relaxed), 1, "{backend:?}");
        }
    }
}

#[test]
fn a_bare_exit_orphans_the_job() {
    for backend in BOTH {
        for _ in 0..50 {
            let traces = start_on(backend, |_| clone::exit_task());
            traces.become_counts([1, 0, 1]);
        }
    }
    assert!(service_threads() >= 1);
}

#[test]
fn key_destructors_run_before_the_job_finishes() {
    extern "C" fn destroy(value: *mut c_void) {
        let traces = of(value.cast());
        assert_eq!(traces.finished.load(Ordering::Acquire), 0);
        traces.dropped.fetch_add(1, Ordering::Relaxed);
    }
    static KEY: AtomicU32 = AtomicU32::new(0);
    let mut key = 0;
    // SAFETY: a place for the key.
    assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(destroy)) }, 0);
    KEY.store(key, Ordering::Relaxed);
    for backend in BOTH {
        for _ in 0..20 {
            let traces = start_on(backend, |traces| {
                let key = KEY.load(Ordering::Relaxed);
                // SAFETY: a key that exists.
                assert!(unsafe { libc::pthread_getspecific(key) }.is_null());
                // SAFETY: as above.
                unsafe { libc::pthread_setspecific(key, ptr::from_ref(traces).cast()) };
            });
            traces.become_counts([1, 1, 0]);
            assert_eq!(traces.dropped.load(Ordering::Relaxed), 1, "{backend:?}");
        }
    }
}

#[test]
fn absurd_stacks_are_refused_and_large_ones_are_not() {
    for backend in BOTH {
        for absurd in [usize::MAX, usize::MAX / 2, 1 << 60] {
            let traces = traces(|_| {});
            let how = Start { stack_size: absurd, backend, ..Start::default() };
            assert_eq!(start(job(traces), &how), Err(StartError::NoMemory), "{absurd:#x}");
            assert_eq!(traces.counts(), [0, 0, 0]);
        }
        let traces = traces(|_| {
            let mut room = [0_u8; 48 << 20];
            core::hint::black_box(&mut room);
        });
        start(job(traces), &Start { stack_size: 64 << 20, backend, ..Start::default() }).unwrap();
        traces.become_counts([1, 1, 0]);
    }
}

/// Runs `body` in a child of fork; what it returns is the child's status.
fn in_child(body: impl FnOnce() -> i32) -> i32 {
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

#[test]
fn threads_start_in_a_child_of_fork() {
    for backend in BOTH {
        start_on(backend, |_| {}).become_counts([1, 1, 0]);
        let status = in_child(|| {
            for _ in 0..20 {
                let traces = traces(|_| {});
                if start(job(traces), &Start { backend, ..Start::default() }).is_err() {
                    return 1;
                }
                let begin = Instant::now();
                while traces.counts() != [1, 1, 0] {
                    if begin.elapsed() > Duration::from_secs(5) {
                        return 2;
                    }
                    rustix::thread::sched_yield();
                }
            }
            0
        });
        assert_eq!(status, 0, "{backend:?}");
    }
}

#[test]
fn a_thread_that_forks_and_returns_in_the_child_ends_the_child() {
    for backend in BOTH {
        for run in [returns_after_fork, leaves_after_fork] {
            let traces = start_on(backend, run);
            traces.become_counts([1, 1, 0]);
            assert_eq!(traces.note.load(Ordering::Acquire), 0x100, "{backend:?}");
        }
    }
}

fn returns_after_fork(traces: &'static Traces) {
    // SAFETY: the child does nothing but end.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        // SAFETY: a hang in the child kills the child.
        unsafe { libc::alarm(20) };
        return;
    }
    let mut status = -1;
    // SAFETY: our own child, and a place for its status.
    unsafe { libc::waitpid(pid, &raw mut status, 0) };
    traces.note.store(0x100 + status as u32, Ordering::Release);
}

fn leaves_after_fork(traces: &'static Traces) {
    returns_after_fork(traces);
    leave()
}

#[test]
fn the_limit_on_threads_is_an_answer() {
    for backend in BOTH {
        let status = in_child(|| {
            // Known before threads are few.
            let warm_up = traces(|_| {});
            if start(job(warm_up), &Start { backend, ..Start::default() }).is_err() {
                return 1;
            }
            let none = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
            // SAFETY: a limit.
            if unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const none) } != 0 {
                return 2;
            }
            // Root has no limit.
            // SAFETY: in a child of its own.
            if unsafe { libc::getuid() } == 0 && unsafe { libc::setresuid(65_533, 65_533, 65_533) } != 0 {
                return 3;
            }
            for _ in 0..10 {
                let traces = traces(|_| {});
                let how = Start { backend, parked: Parking { most: 0, idle_ms: 0 }, stack_size: 0 };
                if start(job(traces), &how) != Err(StartError::NoThread) || traces.counts() != [0, 0, 0] {
                    return 4;
                }
            }
            0
        });
        assert_eq!(status, 0, "{backend:?}: the child's fault in the second byte");
    }
}

#[test]
fn a_failed_probe_means_pthreads() {
    for name in ["__pthread_keys", "__call_tls_dtors", "tid field", "self test: keys", "cleanup chain"] {
        let status = in_child(|| {
            // SAFETY: the only thread of the child.
            unsafe { std::env::set_var("NTWAIT_PROBE_FAIL", name) };
            let in_use = in_use(ThreadBackend::Auto);
            if in_use.backend() != ThreadBackend::Pthread
                || in_use.reason().strip_prefix("probe failed: ") != Some(name)
            {
                return 1;
            }
            let traces = traces(|_| {});
            if start(job(traces), &Start { backend: ThreadBackend::Clone, ..Start::default() })
                != Err(StartError::Unsupported)
            {
                return 2;
            }
            i32::from(start(job(traces), &Start::default()).is_err())
        });
        assert_eq!(status, 0, "{name}");
    }
}

#[test]
fn parked_threads_serve_the_next_job_and_go_when_nobody_comes() {
    // In a process of its own: what is parked is parked for all.
    let status = in_child(|| {
        let how = Start { backend: ThreadBackend::Clone, parked: Parking { most: 2, idle_ms: 300 }, stack_size: 0 };
        let tid_of_job = |run| {
            let traces = traces(run);
            if start(job(traces), &how).is_err() {
                return 0;
            }
            soon("the job's end", || traces.counts() == [1, 1, 0]);
            let begin = Instant::now();
            soon("a moment to park in", || begin.elapsed() > Duration::from_millis(20));
            traces.note.load(Ordering::Acquire)
        };
        let tids: Vec<u32> = (0..5).map(|_| tid_of_job(notes_its_id)).collect();
        if tids[1..] != [tids[0]; 4] || service_threads() != 2 {
            return 1;
        }
        soon("the parked thread's end", || is_gone(tids[0]));
        let changed = tid_of_job(|traces| {
            notes_its_id(traces);
            mark(4, crate::sys::usage::Usage::default());
        });
        i32::from(service_threads() != 1 || tid_of_job(notes_its_id) == changed)
    });
    assert_eq!(status, 0);
}

fn notes_its_id(traces: &'static Traces) {
    assert_eq!(TOUCHED.replace(8), 7);
    traces.note.store(rustix::thread::gettid().as_raw_nonzero().get() as u32, Ordering::Release);
}
