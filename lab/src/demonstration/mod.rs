//! A small server to look at: threads with names, and everything they can wait for.
//!
//! ```text
//!   timer ─▶ acceptor ─▶ semaphore "requests" ─▶ worker 1 … 4 ─▶ accounts, then journal     (mutants)
//!                                                             ├▶ settings                   (SRW lock, shared)
//!                                                             └▶ statistics                 (critical section)
//!   logger: settings exclusively, then statistics             reaper: joins one session after another
//! ```
//!
//! All take their locks in one order, until [`Demonstration::quarrel`] is asked for: then worker 2 takes the journal before
//! the accounts, worker 3 waits for the accounts in the middle of the statistics, and the reaper joins worker 1.
//!
//! D1 Whoever is stuck sleeps in a wait of the library, so it can be terminated: it holds no lock of the C library.
//! D2 Who is not stuck ends by itself within one turn after it was told to stop; no other wait of theirs is without an end.

#![allow(unsafe_code, reason = "terminates a thread of each deadlock")]

mod roles;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use ntwait::{
    AccessMask, EventType, Handle, NtStatus, ObjectAttributes, ObjectName, RtlCriticalSection, RtlSrwLock, Runtime,
    Thread, TimerType,
};

use crate::snapshot::{Counts, Snapshot};

/// Workers of the server.
const WORKERS: usize = 4;
/// More requests than that are refused.
const QUEUE: i32 = 100_000;
/// How long a demonstration may take to end, or to run into its deadlock.
const LIMIT: Duration = Duration::from_secs(20);

/// What the threads share. It lies there until the process ends, because a thread may be terminated that looks at it.
struct Shop {
    runtime: &'static Runtime,
    requests: Handle,
    accounts: Handle,
    journal: Handle,
    tick: Handle,
    /// Workers 2 and 3 are done with all requests before the quarrel.
    ready: [Handle; 2],
    /// Worker 1 has the accounts; worker 2 has the journal.
    crossed: [Handle; 2],
    statistics: RtlCriticalSection,
    settings: RtlSrwLock,
    first_worker: OnceLock<Handle>,
    quarrel: AtomicBool,
    stop: AtomicBool,
    accepted: AtomicU64,
    served: AtomicU64,
    waits: AtomicU64,
    signals: AtomicU64,
}

/// The running server.
pub(crate) struct Demonstration {
    shop: &'static Shop,
    threads: Vec<Thread<()>>,
    start: Instant,
}

impl Demonstration {
    /// Opens the shop.
    pub(crate) fn start() -> Result<Self, NtStatus> {
        let shop: &'static Shop = Box::leak(Box::new(Shop::new()?));
        let mut demonstration = Self { shop, threads: Vec::new(), start: Instant::now() };
        if let Err(status) = demonstration.hire() {
            let _ = demonstration.end();
            return Err(status);
        }
        Ok(demonstration)
    }

    fn hire(&mut self) -> Result<(), NtStatus> {
        let shop = self.shop;
        for number in 1..=WORKERS {
            self.thread(&format!("worker {number}"), move || roles::worker(shop, number))?;
        }
        let _ = shop.first_worker.set(self.threads[0].handle());
        self.thread("acceptor", move || roles::acceptor(shop))?;
        self.thread("logger", move || roles::logger(shop))?;
        self.thread("reaper", move || roles::reaper(shop))
    }

    fn thread(&mut self, name: &str, role: impl FnOnce() + Send + 'static) -> Result<(), NtStatus> {
        self.threads.push(Thread::builder().runtime(self.shop.runtime).name(name).spawn(role)?);
        Ok(())
    }

    /// From here on the threads take their locks crosswise.
    pub(crate) fn quarrel(&self) {
        self.shop.quarrel.store(true, Ordering::Release);
    }

    /// Waits until the server has run into its deadlock, with all who are stuck in it.
    pub(crate) fn wait_until_stuck(&self) -> Result<(), String> {
        let is_stuck = |role: &str| {
            let graph = self.shop.runtime.wait_graph();
            let deadlocks = graph.deadlocks();
            deadlocks.iter().flat_map(|deadlock| &deadlock.behind).any(|thread| thread.name == role)
        };
        let stuck = ["reaper", "logger", "worker 3", "worker 4"];
        let end = Instant::now() + LIMIT;
        while !stuck.into_iter().all(is_stuck) {
            if Instant::now() > end {
                let graph = self.shop.runtime.wait_graph();
                return Err(format!("the demonstration is in no deadlock after {LIMIT:?}:\n{graph}"));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The server at this moment.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let shop = self.shop;
        let graph = shop.runtime.wait_graph();
        let named =
            [((&raw const shop.statistics).addr(), "statistics"), ((&raw const shop.settings).addr(), "settings")];
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counts = Counts {
            at: self.start.elapsed(),
            accepted: count(&shop.accepted),
            served: count(&shop.served),
            waits: count(&shop.waits),
            signals: count(&shop.signals),
        };
        Snapshot::of(graph, &named, counts)
    }

    /// Closes the shop: all threads end, one of each deadlock by force.
    pub(crate) fn end(self) -> Result<(), String> {
        self.shop.stop.store(true, Ordering::Release);
        let _ = self.shop.runtime.nt_release_semaphore(self.shop.requests, 8 * WORKERS as i32);
        for event in self.shop.ready.into_iter().chain(self.shop.crossed) {
            let _ = self.shop.runtime.nt_set_event(event); // for a worker whose partner has seen the end
        }
        let end = Instant::now() + LIMIT;
        while self.threads.iter().any(|thread| thread.exit_code().is_none()) {
            if Instant::now() > end {
                return Err(format!("the demonstration has not ended after {LIMIT:?}"));
            }
            self.break_deadlocks();
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn break_deadlocks(&self) {
        for deadlock in self.shop.runtime.deadlocks() {
            let is_stuck = |thread: &&Thread<()>| Some(thread.id()) == deadlock.cycle[0].thread.id;
            if let Some(thread) = self.threads.iter().find(is_stuck) {
                // SAFETY: its stack lent nothing to anybody: all that is shared lies in the shop, for ever; and it is in a
                // wait (D1).
                let _ = unsafe { thread.terminate(1) };
            }
        }
    }
}

impl Shop {
    fn new() -> Result<Self, NtStatus> {
        let runtime = Runtime::new()?.leak();
        let mutant = |name: &str| {
            named(name, |attributes| runtime.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, attributes, false))
        };
        let event = || {
            let access = AccessMask::EVENT_ALL_ACCESS;
            runtime.nt_create_event(access, ObjectAttributes::NONE, EventType::NOTIFICATION, false)
        };
        let (requests, tick) = (
            named("requests", |attributes| {
                runtime.nt_create_semaphore(AccessMask::SEMAPHORE_ALL_ACCESS, attributes, 0, QUEUE)
            })?,
            named("tick", |attributes| {
                runtime.nt_create_timer(AccessMask::TIMER_ALL_ACCESS, attributes, TimerType::SYNCHRONIZATION)
            })?,
        );
        Ok(Self {
            runtime,
            requests,
            accounts: mutant("accounts")?,
            journal: mutant("journal")?,
            tick,
            ready: [event()?, event()?],
            crossed: [event()?, event()?],
            statistics: RtlCriticalSection::new(0),
            settings: RtlSrwLock::new(),
            first_worker: OnceLock::new(),
            quarrel: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            served: AtomicU64::new(0),
            waits: AtomicU64::new(0),
            signals: AtomicU64::new(0),
        })
    }
}

fn named(name: &str, make: impl FnOnce(ObjectAttributes<'_>) -> Result<Handle, NtStatus>) -> Result<Handle, NtStatus> {
    let name = ObjectName::new(&format!("\\BaseNamedObjects\\{name}"))?;
    make(ObjectAttributes::named(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_serves_until_it_quarrels_and_ends_in_both_states() {
        let calm = Demonstration::start().expect("threads");
        let end = Instant::now() + LIMIT;
        while calm.snapshot().counts.served < 10 {
            assert!(Instant::now() < end, "nobody is served");
        }
        assert!(calm.shop.runtime.deadlocks().is_empty());
        calm.end().expect("all end");

        let stuck = Demonstration::start().expect("threads");
        stuck.quarrel();
        stuck.wait_until_stuck().expect("a deadlock");
        let cycle: Vec<String> =
            stuck.shop.runtime.deadlocks()[0].cycle.iter().map(|step| step.thread.name.clone()).collect();
        assert_eq!(cycle, ["worker 1", "worker 2"]);
        stuck.end().expect("all end, one by force");
    }
}
