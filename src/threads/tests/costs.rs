//! What a start costs beside a bare `clone3`. Run by hand, in release:
//! `cargo test --release --lib threads::tests::costs -- --ignored --nocapture`.

use super::*;
use crate::sys::futex::LateWake;
use crate::sys::futex::{self, FutexAddr};
use crate::sys::stack::Stack;

const ROUNDS: u32 = 20_000;

fn per_round(name: &str, mut round: impl FnMut()) -> f64 {
    for _ in 0..ROUNDS / 10 {
        round();
    }
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        for _ in 0..ROUNDS / 5 {
            round();
        }
        best = best.min(begin.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS / 5));
    }
    println!("{name:32} {best:6.2} µs");
    best
}

fn on_one_cpu() {
    let mut set = rustix::thread::CpuSet::new();
    set.set(0);
    rustix::thread::sched_setaffinity(None, &set).unwrap();
}

unsafe extern "C-unwind" fn nothing(_: *mut c_void) -> ! {
    clone::exit_task()
}

/// The floor: a cached stack, a thread block of nothing, the kernel's own word to wait for.
fn bare() -> impl FnMut() {
    let stack = Stack::map(64 * 1024).unwrap();
    let block = stack.top() - 2048;
    let word = |of: usize, number: usize| ptr::with_exposed_provenance_mut::<usize>(of + number * size_of::<usize>());
    // SAFETY: the canary of all threads, in our own thread block.
    let canary = unsafe { word(clone::thread_pointer(), 5).read() };
    for (number, value) in [(0, block), (2, block), (5, canary)] {
        // SAFETY: our own stack, on which nobody is. A thread block points to itself.
        unsafe { word(block, number).write(value) };
    }
    let tid: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
    move || {
        let word = ptr::from_ref(tid).expose_provenance();
        let task = clone::NewTask {
            low: stack.low(),
            top: stack.top() - 4096,
            tls: block,
            tid_field: word,
            cleared: word,
            entry: nothing,
            argument: ptr::null_mut(),
        };
        // SAFETY: the last task on it is gone.
        unsafe { clone::spawn(&task) }.unwrap();
        clone::wait_cleared(tid);
    }
}

fn ours(backend: ThreadBackend, most: u32) -> impl FnMut() {
    static DONE: AtomicU32 = AtomicU32::new(0);
    fn run(_: *mut ()) {}
    fn finish(_: *mut ()) -> LateWake {
        DONE.store(1, Ordering::Release);
        LateWake::new(FutexAddr::whole(&DONE), 1)
    }
    fn orphaned(_: *mut ()) {}
    let how = Start { backend, parked: Parking { most, idle_ms: 1000 }, stack_size: 0 };
    move || {
        DONE.store(0, Ordering::Relaxed);
        start(Job { data: ptr::null_mut(), run, finish, orphaned }, &how).unwrap();
        while DONE.load(Ordering::Acquire) == 0 {
            futex::wait(FutexAddr::whole(&DONE), 0, &crate::sys::clock::Deadline::Never);
        }
    }
}

#[test]
#[ignore = "a measurement"]
fn costs() {
    on_one_cpu();
    let std_thread = per_round("std::thread", || std::thread::spawn(|| {}).join().unwrap());
    let bare = per_round("bare clone3", bare());
    let rows = [
        ("clone", per_round("clone", ours(ThreadBackend::Clone, 0))),
        ("parked", per_round("parked", ours(ThreadBackend::Clone, 8))),
        ("pthread", per_round("pthread", ours(ThreadBackend::Pthread, 0))),
        ("std", std_thread),
    ];
    for (name, cost) in rows {
        println!("{name:10} {:.2} of a bare clone3", cost / bare);
    }
}
