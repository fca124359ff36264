//! `setresuid` and its like change all threads, those that are made or end meanwhile too.

use crate::tools::{in_thread, is_root, skip};
use crate::{Case, On};
use ntwait::{Event, Thread};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

pub(crate) const CASES: &[Case] = &[
    ("setuid_from_outside", On::Both, setuid_from_outside),
    ("setuid_from_inside", On::Both, setuid_from_inside),
    ("setuid_storm", On::Both, setuid_storm),
];

const NOBODY: u32 = 65_534;

/// The C library's call, which is for all threads.
fn become_user(user: u32) -> bool {
    // SAFETY: numbers.
    unsafe { libc::setresuid(user, user, 0) == 0 }
}

/// The kernel's own answer, for the calling thread.
fn effective_user() -> u32 {
    // SAFETY: takes nothing.
    let user = unsafe { libc::syscall(libc::SYS_geteuid) };
    u32::try_from(user).unwrap_or(u32::MAX)
}

fn setuid_from_outside() {
    if !is_root() {
        return skip("not root");
    }
    for _ in 0..20 {
        for _ in 0..3 {
            in_thread(|| {});
        }
        let event = Arc::new(Event::manual_reset(false).unwrap());
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let event = Arc::clone(&event);
                Thread::spawn(move || {
                    event.wait();
                    effective_user()
                })
                .unwrap()
            })
            .collect();
        assert!(become_user(NOBODY));
        event.set();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().unwrap(), NOBODY));
        // Parked ones, and free slots.
        for _ in 0..4 {
            assert_eq!(in_thread(effective_user), NOBODY);
        }
        assert!(become_user(0));
        assert_eq!(in_thread(effective_user), 0);
    }
}

fn setuid_from_inside() {
    if !is_root() {
        return skip("not root");
    }
    for _ in 0..20 {
        in_thread(|| assert!(become_user(NOBODY)));
        assert_eq!(effective_user(), NOBODY);
        in_thread(|| assert!(become_user(0)));
        assert_eq!(effective_user(), 0);
    }
}

/// While one thread changes the identity as fast as it can, others are made and end in every way. None keeps an old one.
fn setuid_storm() {
    if !is_root() {
        return skip("not root");
    }
    let stop = Arc::new(AtomicBool::new(false));
    let made = Arc::new(AtomicU32::new(0));
    let spawners: Vec<_> = (0..3)
        .map(|number| {
            let (stop, made) = (Arc::clone(&stop), Arc::clone(&made));
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let threads: Vec<_> = (0..3).map(|_| Thread::spawn(|| drop(vec![0_u8; 100])).unwrap()).collect();
                    made.fetch_add(3, Ordering::Relaxed);
                    threads.into_iter().for_each(|thread| thread.join().unwrap());
                    if number == 0 {
                        terminate_one();
                    }
                }
            })
        })
        .collect();
    let begin = Instant::now();
    let mut changes = 0_u32;
    while begin.elapsed() < Duration::from_secs(3) {
        assert!(become_user(if changes.is_multiple_of(2) { NOBODY } else { 0 }));
        changes += 1;
        if changes % 16 == 1 {
            all_tasks_are(NOBODY);
        }
    }
    stop.store(true, Ordering::Relaxed);
    spawners.into_iter().for_each(|thread| thread.join().unwrap());
    println!("{changes} changes against {} threads", made.load(Ordering::Relaxed));
}

/// Ends a thread where it holds nothing.
fn terminate_one() {
    let ready = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&ready);
    let thread = Thread::spawn(move || {
        theirs.store(true, Ordering::Release);
        loop {
            core::hint::spin_loop();
        }
    })
    .unwrap();
    while !ready.load(Ordering::Acquire) {
        std::thread::yield_now();
    }
    // SAFETY: it holds nothing of anyone's where it is.
    unsafe { thread.terminate(1) }.unwrap();
    assert!(thread.join().is_err());
}

/// No thread of the process has another effective user than this, but for those that are just ending.
fn all_tasks_are(user: u32) {
    for task in std::fs::read_dir("/proc/self/task").unwrap().flatten() {
        let is_other = || {
            let status = std::fs::read_to_string(task.path().join("status")).unwrap_or_default();
            let line = status.lines().find(|line| line.starts_with("Uid:")).unwrap_or_default();
            line.split_whitespace()
                .nth(2)
                .and_then(|id| id.parse().ok())
                .is_some_and(|effective: u32| effective != user)
        };
        let begin = Instant::now();
        while is_other() {
            assert!(begin.elapsed() < Duration::from_secs(2), "thread {} is somebody else", task.path().display());
        }
    }
}
