//! How long until the thread runs that a set releases, and until the last of many does?

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

mod common;

use std::fs;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use common::{
    AUTO, BareFutex, Group, MANUAL, NtEvent, Padded, Parking, Rival, RsEvent, StdEvent, cpus, pin_to, time, two_cpus,
};
use criterion::{BenchmarkId, Criterion, SamplingMode, criterion_group, criterion_main};
use rustix::thread::{Pid, gettid};

/// A round trip of two threads on one CPU: two sleeps, two wakes, two switches, whatever the event is made of.
fn ping_pong_one_core(criterion: &mut Criterion) {
    let home = cpus().home;
    let mut group = criterion.benchmark_group("ping_pong_one_core");
    ping_pong_rivals(&mut group, home);
}

/// A round trip of two threads on two CPUs, where it can help to look for a while before going to sleep.
fn ping_pong_two_cores(criterion: &mut Criterion) {
    let Some((_, away)) = two_cpus("ping_pong_two_cores") else { return };
    let mut group = criterion.benchmark_group("ping_pong_two_cores");
    ping_pong::<PureSpin>(&mut group, away);
    ping_pong_rivals(&mut group, away);
}

fn ping_pong_rivals(group: &mut Group<'_>, partner: usize) {
    ping_pong::<BareFutex<AUTO>>(group, partner);
    ping_pong::<NtEvent<AUTO>>(group, partner);
    ping_pong::<NtEvent<AUTO, false>>(group, partner);
    ping_pong::<RsEvent<AUTO>>(group, partner);
    ping_pong::<Parking<AUTO>>(group, partner);
    ping_pong::<StdEvent<AUTO>>(group, partner);
}

/// Round trips to a partner on the CPU `partner`.
fn ping_pong<E: Rival>(group: &mut Group<'_>, partner: usize) {
    let table = Arc::new(Table::<E>::new());
    let partner = thread::spawn({
        let table = Arc::clone(&table);
        move || {
            pin_to(partner);
            table.answer();
        }
    });
    group.bench_function(E::NAME, |bencher| {
        bencher.iter_custom(|n| {
            time(n, || {
                table.ping.set();
                table.pong.wait();
            })
        });
    });
    table.over.store(true, Ordering::Release);
    table.ping.set();
    partner.join().expect("the partner ends");
}

/// Two auto-reset events, one for each direction.
struct Table<E> {
    ping: Padded<E>,
    pong: Padded<E>,
    over: AtomicBool,
}

impl<E: Rival> Table<E> {
    fn new() -> Self {
        Self { ping: Padded(E::new()), pong: Padded(E::new()), over: AtomicBool::new(false) }
    }

    fn answer(&self) {
        loop {
            self.ping.wait();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            self.pong.set();
        }
    }
}

/// The limit on two CPUs: a word that its one waiter watches and that never lets it sleep.
struct PureSpin(AtomicU32);

impl Rival for PureSpin {
    const NAME: &'static str = "pure spin";

    fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    #[inline]
    fn set(&self) {
        self.0.store(1, Ordering::Release);
    }

    #[inline]
    fn reset(&self) {
        self.0.store(0, Ordering::Release);
    }

    #[inline]
    fn wait(&self) {
        while !self.try_wait() {
            spin_loop();
        }
    }

    #[inline]
    fn try_wait(&self) -> bool {
        let is_set = self.0.load(Ordering::Acquire) != 0;
        if is_set {
            self.reset();
        }
        is_set
    }
}

/// One manual-reset event releases many who sleep on both CPUs, until the last of them has run.
fn broadcast(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("broadcast");
    // A round takes much longer than what is measured of it.
    group.sampling_mode(SamplingMode::Flat).sample_size(10).warm_up_time(Duration::from_millis(50));
    for sleepers in [8, 64] {
        broadcast_to::<BareFutex<MANUAL>>(&mut group, sleepers, in_turn);
        broadcast_to::<NtEvent<MANUAL>>(&mut group, sleepers, in_turn);
        broadcast_to::<RsEvent<MANUAL>>(&mut group, sleepers, in_turn);
        broadcast_to::<Parking<MANUAL>>(&mut group, sleepers, in_halves);
        broadcast_to::<StdEvent<MANUAL>>(&mut group, sleepers, in_turn);
    }
}

/// Which CPU the `index`-th of `sleepers` gets. Alternating ones suit those whom the setter wakes: both CPUs start
/// at once.
fn in_turn(index: usize, _sleepers: usize) -> usize {
    either_cpu(index.is_multiple_of(2))
}

/// Suits those who wake each other one after the other: the chain changes the CPU once.
fn in_halves(index: usize, sleepers: usize) -> usize {
    either_cpu(index < sleepers / 2)
}

fn either_cpu(is_home: bool) -> usize {
    let cpus = cpus();
    cpus.away.filter(|_| !is_home).unwrap_or(cpus.home)
}

fn broadcast_to<E: Rival>(group: &mut Group<'_>, sleepers: usize, cpu_of: fn(usize, usize) -> usize) {
    let hall = Arc::new(Hall::<E>::new(sleepers));
    let crowd: Vec<_> = (0..sleepers).map(|index| Sleeper::start(&hall, cpu_of(index, sleepers))).collect();
    let mut round = 0;
    group.bench_function(BenchmarkId::new(E::NAME, sleepers), |bencher| {
        bencher.iter_custom(|n| {
            let rounds = (0..n).map(|_| {
                settle(&crowd);
                round += 1;
                hall.broadcast(round - 1)
            });
            rounds.sum()
        });
    });
    hall.over.store(true, Ordering::Release);
    hall.events.iter().for_each(|event| event.set());
    crowd.into_iter().for_each(|sleeper| sleeper.thread.join().expect("a sleeper ends"));
}

/// What sleepers and setter share. Rounds use the two events in turn.
struct Hall<E> {
    events: [Padded<E>; 2],
    sleepers: usize,
    /// How many have run in this round.
    ran: Padded<AtomicU32>,
    /// When the last of them did, in ns since `base`.
    last_at: Padded<AtomicU64>,
    all_ran: Padded<BareFutex<AUTO>>,
    over: AtomicBool,
    base: Instant,
}

impl<E: Rival> Hall<E> {
    fn new(sleepers: usize) -> Self {
        Self {
            events: [Padded(E::new()), Padded(E::new())],
            sleepers,
            ran: Padded::default(),
            last_at: Padded::default(),
            all_ran: Padded(BareFutex::new()),
            over: AtomicBool::new(false),
            base: Instant::now(),
        }
    }

    fn now(&self) -> u64 {
        self.base.elapsed().as_nanos() as u64
    }

    /// A sleeper's life.
    fn sleep_in_turn(&self) {
        for round in 0.. {
            self.events[round % 2].wait();
            if self.over.load(Ordering::Acquire) {
                return;
            }
            if self.ran.fetch_add(1, Ordering::AcqRel) as usize + 1 == self.sleepers {
                self.last_at.store(self.now(), Ordering::Release);
                self.all_ran.set();
            }
        }
    }

    /// Releases all, who sleep: the time from the set until the last one ran.
    fn broadcast(&self, round: usize) -> Duration {
        self.ran.store(0, Ordering::Release);
        let event = &self.events[round % 2];
        let before = self.now();
        event.set();
        self.all_ran.wait();
        event.reset();
        Duration::from_nanos(self.last_at.load(Ordering::Acquire) - before)
    }
}

struct Sleeper {
    id: Pid,
    thread: JoinHandle<()>,
}

impl Sleeper {
    fn start<E: Rival>(hall: &Arc<Hall<E>>, cpu: usize) -> Self {
        let hall = Arc::clone(hall);
        let (tell, told) = mpsc::channel();
        let thread = thread::spawn(move || {
            pin_to(cpu);
            let _ = tell.send(gettid());
            hall.sleep_in_turn();
        });
        Self { id: told.recv().expect("a sleeper tells its id first"), thread }
    }

    /// Asleep in the kernel, if the kernel tells.
    fn is_asleep(&self) -> bool {
        let path = format!("/proc/self/task/{}/stat", self.id.as_raw_nonzero());
        fs::read_to_string(path).map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('S')))
    }
}

/// Waits until all are seen asleep in successive looks. Whoever sleeps on a lock of the event's on the way to it is
/// seen awake in one of them, or its holder is.
fn settle(crowd: &[Sleeper]) {
    let mut looks = 0;
    while looks < 3 {
        thread::sleep(Duration::from_micros(20));
        looks = if crowd.iter().all(Sleeper::is_asleep) { looks + 1 } else { 0 };
    }
}

criterion_group!(
    name = benches;
    config = common::criterion();
    targets = ping_pong_one_core, ping_pong_two_cores, broadcast
);
criterion_main!(benches);
