//! What does a thread cost to make and to join: alone, and when many live at the same time?
//!
//! Everything runs on one CPU, so an iteration is all the work there is, on both sides.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

mod common;

use std::ffi::c_void;
use std::ptr;
use std::thread::JoinHandle;
use std::time::Duration;

use common::Group;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ntwait::{
    AccessMask, BackendInUse, CreateThreadFlags, Handle, NtStatus, ObjectAttributes, Runtime, RuntimeBuilder,
    StartRoutine, Thread, ThreadBackend,
};

/// Threads that live at the same time in the second scenario. Fewer are parked.
const MANY: usize = 64;

fn create_join(criterion: &mut Criterion) {
    fn rival<S: Spawn>(group: &mut Group<'_>, name: &str, spawner: &S) {
        group.bench_function(name, |bencher| bencher.iter(|| spawner.join(spawner.spawn())));
    }
    let mut group = criterion.benchmark_group("create_join");
    for (name, runtime) in runtimes() {
        rival(&mut group, name, &runtime);
    }
    rival(&mut group, "ntwait Thread", &Typed);
    rival(&mut group, "std", &Std);
}

fn create_many_join_many(criterion: &mut Criterion) {
    fn rival<S: Spawn>(group: &mut Group<'_>, name: &str, spawner: &S) {
        let mut threads = Vec::with_capacity(MANY);
        group.bench_function(BenchmarkId::new(name, MANY), |bencher| {
            bencher.iter(|| {
                threads.extend((0..MANY).map(|_| spawner.spawn()));
                threads.drain(..).for_each(|thread| spawner.join(thread));
            });
        });
    }
    let mut group = criterion.benchmark_group("create_many_join_many");
    group.throughput(Throughput::Elements(MANY as u64));
    for (name, runtime) in runtimes() {
        rival(&mut group, name, &runtime);
    }
    rival(&mut group, "ntwait Thread", &Typed);
    rival(&mut group, "std", &Std);
}

/// The ways in which ntwait makes threads; says what is left out because it cannot be done here.
fn runtimes() -> Vec<(&'static str, Runtime)> {
    let clone = || Runtime::builder().thread_backend(ThreadBackend::Clone);
    let pthread = || Runtime::builder().thread_backend(ThreadBackend::Pthread);
    let not_parked = |builder: RuntimeBuilder| builder.parked_threads(0, Duration::ZERO);
    let all = [
        ("ntwait clone, parked", ThreadBackend::Clone, clone()),
        ("ntwait clone, not parked", ThreadBackend::Clone, not_parked(clone())),
        ("ntwait pthread", ThreadBackend::Pthread, not_parked(pthread())),
    ];
    let built = all.map(|(name, wanted, builder)| (name, wanted, builder.build().expect("memory for a runtime")));
    let possible = |name: &str, wanted: ThreadBackend, in_use: BackendInUse| {
        if in_use.backend() != wanted {
            eprintln!("{name}: left out, because {}", in_use.reason());
        }
        in_use.backend() == wanted
    };
    let kept = built.into_iter().filter(|(name, wanted, runtime)| possible(name, *wanted, runtime.thread_backend()));
    kept.map(|(name, _, runtime)| (name, runtime)).collect()
}

/// A way to make a thread that does nothing.
trait Spawn {
    type Thread;
    fn spawn(&self) -> Self::Thread;
    fn join(&self, thread: Self::Thread);
}

extern "C" fn nothing(_: *mut c_void) -> u32 {
    0
}

/// Through handles.
impl Spawn for Runtime {
    type Thread = Handle;

    fn spawn(&self) -> Handle {
        let made = self.nt_create_thread_ex(
            AccessMask::THREAD_ALL_ACCESS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(nothing)),
            ptr::null_mut(),
            CreateThreadFlags::empty(),
            0,
        );
        made.expect("room for a thread")
    }

    fn join(&self, thread: Handle) {
        assert_eq!(self.nt_wait_for_single_object(thread, false, None), NtStatus::WAIT_0);
        assert_eq!(self.nt_close(thread), NtStatus::SUCCESS);
    }
}

/// A closure, and what it returns, in the process-wide runtime.
struct Typed;

impl Spawn for Typed {
    type Thread = Thread<()>;

    fn spawn(&self) -> Thread<()> {
        Thread::spawn(|| ()).expect("room for a thread")
    }

    fn join(&self, thread: Thread<()>) {
        thread.join().expect("nothing panics");
    }
}

struct Std;

impl Spawn for Std {
    type Thread = JoinHandle<()>;

    fn spawn(&self) -> JoinHandle<()> {
        std::thread::spawn(|| ())
    }

    fn join(&self, thread: JoinHandle<()>) {
        thread.join().expect("nothing panics");
    }
}

criterion_group!(
    name = benches;
    config = common::criterion();
    targets = create_join, create_many_join_many
);
criterion_main!(benches);
