//! What the benches share: how long they run, on which CPUs, and (in `rivals.rs`) against whom.

#![allow(dead_code, unused_imports, unused_macros, reason = "each bench uses its own part of this module")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

use std::fs;
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

pub(crate) mod rivals;
pub(crate) use rivals::{
    AUTO, BareFutex, MANUAL, NtEvent, Padded, Parking, Rival, RsEvent, StdEvent, TypedEvent, every_rival,
};

/// Rivals of one scenario.
pub(crate) type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// Runs so short that all files together end within three minutes; the command line may ask for longer ones. The
/// calling thread is bound to the first of the [`cpus`].
pub(crate) fn criterion() -> Criterion {
    pin_to(cpus().home);
    keep_company();
    Criterion::default()
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .sample_size(20)
        .nresamples(5_000)
        .without_plots()
}

/// A second thread for as long as the process lives: glibc leaves the lock prefixes out while there is only one, and
/// a program that has events has more than one.
fn keep_company() {
    thread::spawn(|| {
        loop {
            thread::park();
        }
    });
}

/// The time that `operation` takes `n` times.
#[inline]
pub(crate) fn time(n: u64, mut operation: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..n {
        operation();
    }
    start.elapsed()
}

/// Where threads run. One that the scheduler moves in the middle of a run makes ratios worthless.
#[derive(Clone, Copy)]
pub(crate) struct Cpus {
    /// The measuring thread, and both threads of what runs on one CPU.
    pub(crate) home: usize,
    /// A second core, if the process may use one.
    pub(crate) away: Option<usize>,
}

/// The last CPU that the process may use (interrupts prefer the first), and one that is not its hyper-thread twin.
pub(crate) fn cpus() -> Cpus {
    static CPUS: OnceLock<Cpus> = OnceLock::new();
    *CPUS.get_or_init(|| {
        let allowed = sched_getaffinity(None).unwrap_or_default();
        let mut allowed = (0..CpuSet::MAX_CPU).rev().filter(|cpu| allowed.is_set(*cpu));
        let home = allowed.next().unwrap_or(0);
        let core = core_of(home);
        Cpus { home, away: allowed.find(|cpu| core.is_none() || core_of(*cpu) != core) }
    })
}

/// Both CPUs; says on the terminal what is left out if there is only one.
pub(crate) fn two_cpus(scenario: &str) -> Option<(usize, usize)> {
    let Cpus { home, away } = cpus();
    if away.is_none() {
        eprintln!("{scenario}: left out, it needs a second core");
    }
    Some((home, away?))
}

/// Binds the calling thread to a CPU. A machine that refuses is measured unpinned: the figures are noisier then.
pub(crate) fn pin_to(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    let _ = sched_setaffinity(None, &set);
}

/// Names the core of a CPU, as the list of the hardware threads that share it.
fn core_of(cpu: usize) -> Option<String> {
    fs::read_to_string(format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")).ok()
}
