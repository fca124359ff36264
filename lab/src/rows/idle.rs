//! P6, second part: what a long wait costs. Looking before sleeping must not delay the wake-up that comes late, nor
//! burn CPU while nothing happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::measure::{Bench, Contender, Line, Role, Sample, Target};
use crate::os::clock::thread_cpu_time;
use crate::os::cpus::pin_to;
use crate::os::task::{self, TaskState};
use crate::peers::{AUTO, BareFutex, Event, NtEvent, Padded};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let cpus = (plan.cpus.home, plan.cpus.other());
    vec![
        late_signal(cpus, plan.pick(31, 3)),
        long_sleep(plan.cpus.home, plan.pick(Duration::from_secs(1), Duration::from_millis(200))),
    ]
}

/// How late the signal comes: long after any sensible spinning has ended.
const LATE: Duration = Duration::from_millis(1);

fn late_signal(cpus: (usize, usize), rounds: u32) -> Bench {
    fn body<E: Event>(role: Role, cpus: (usize, usize)) -> Contender {
        Contender::new(E::NAME, role, move |slice| Ok(wake_late::<E>(cpus, slice)))
    }
    let what = "signal after 1 ms: set to running, against never spinning";
    let cpu = Line::new("P6.burnt", "CPU time of one wait of 1 ms", Target::None);
    Bench::new(
        "P6",
        Line::new("P6.late", what, Target::TimesLimit(1.05)),
        1.5,
        vec![
            body::<NtEvent<AUTO, false>>(Role::Limit, cpus),
            body::<NtEvent<AUTO>>(Role::Ours, cpus),
            body::<BareFutex<AUTO>>(Role::Peer, cpus),
        ],
    )
    .and([cpu])
    .in_rounds(rounds)
    .on_two_cpus()
}

/// A waiter on the second CPU, set from the first one 1 ms after it said that it waits and once it sleeps. Two
/// samples: from just before the set until the waiter runs, and the CPU time that the waiter burnt for it, in ns.
fn wake_late<E: Event>(cpus: (usize, usize), slice: Duration) -> Vec<Sample> {
    let shared = Arc::new(Late { event: E::new(), waits: Padded(AtomicU64::new(0)), base: Instant::now() });
    let rounds = (slice.as_micros() / (LATE.as_micros() + 50)).max(3) as u64;
    let waiter = thread::spawn({
        let shared = Arc::clone(&shared);
        move || {
            pin_to(cpus.1);
            (1..=rounds).map(|round| shared.wait(round)).collect::<Vec<_>>()
        }
    });
    pin_to(cpus.0);
    let set: Vec<u64> = (1..=rounds).map(|round| shared.set_late(round)).collect();
    let ran = waiter.join().expect("the waiter ends");
    let latencies = ran.iter().zip(&set).map(|(ran, set)| ran.at.saturating_sub(*set) as f64).collect();
    let burnt = ran.iter().map(|ran| ran.burnt.as_nanos() as f64).collect();
    [latencies, burnt].map(Sample::of).into()
}

struct Late<E> {
    event: E,
    /// The number of the wait that the waiter is about to make.
    waits: Padded<AtomicU64>,
    base: Instant,
}

struct Ran {
    at: u64,
    burnt: Duration,
}

impl<E: Event> Late<E> {
    fn now(&self) -> u64 {
        self.base.elapsed().as_nanos() as u64
    }

    fn wait(&self, round: u64) -> Ran {
        let before = thread_cpu_time();
        self.waits.store(round, Ordering::Release);
        self.event.wait();
        let at = self.now();
        Ran { at, burnt: thread_cpu_time() - before }
    }

    /// Sets the event late and tells when.
    fn set_late(&self, round: u64) -> u64 {
        while self.waits.load(Ordering::Acquire) != round {}
        let announced = Instant::now();
        while announced.elapsed() < LATE {}
        let at = self.now();
        self.event.set();
        at
    }
}

/// One wait that sleeps a second: its whole price in CPU time.
fn long_sleep(home: usize, nap: Duration) -> Bench {
    fn body<E: Event>(role: Role, home: usize, nap: Duration) -> Contender {
        Contender::simple(E::NAME, role, move |_| sleep_once::<E>(home, nap))
    }
    let what = format!("CPU time burnt by a waiter that sleeps {} s", nap.as_secs_f64());
    Bench::new(
        "P6",
        Line::new("P6.cpu", what, Target::Scaled(100_000.0)),
        2.0 * nap.as_secs_f64(),
        vec![body::<BareFutex<AUTO>>(Role::Limit, home, nap), body::<NtEvent<AUTO>>(Role::Ours, home, nap)],
    )
    .in_rounds(1)
}

fn sleep_once<E: Event>(home: usize, nap: Duration) -> Sample {
    let event = Arc::new(E::new());
    let (tell, told) = std::sync::mpsc::channel();
    let waiter = thread::spawn({
        let event = Arc::clone(&event);
        move || {
            pin_to(home);
            let _ = tell.send(task::current());
            let before = thread_cpu_time();
            event.wait();
            thread_cpu_time() - before
        }
    });
    let task = told.recv().expect("the waiter tells its id");
    while task::state(task) != TaskState::Sleeping {
        thread::yield_now();
    }
    thread::sleep(nap);
    event.set();
    let burnt = waiter.join().expect("the waiter ends").as_nanos() as f64;
    Sample::of(vec![burnt])
}
