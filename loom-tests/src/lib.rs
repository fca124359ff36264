//! How a model is run: under the checker every interleaving (up to a bound on preemptions), natively many times.
//!
//! Each model in `tests/` is one invariant of the engine, written as a body that makes a runtime, lets two or three
//! threads act on it through the library's public face, and asserts what may come of it. A [`Reached`] set records
//! the endings; under the checker each that was announced must have come up, so a model cannot pass by never
//! getting to the interesting place.

pub mod nt;

#[cfg(ntwait_loom)]
use loom::thread;
#[cfg(not(ntwait_loom))]
use std::thread;

pub use thread::{JoinHandle, yield_now};

#[cfg(ntwait_loom)]
use loom::sync as checked;
#[cfg(not(ntwait_loom))]
use std::sync as checked;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// A thread that is suspended or terminated must not hold the allocator's lock then.
#[cfg(not(ntwait_loom))]
#[global_allocator]
static ALLOCATOR: ntwait::KillSafeAlloc = ntwait::KillSafeAlloc::new();

/// Native runs of a body.
#[cfg(not(ntwait_loom))]
const NATIVE_RUNS: usize = 300;

/// Runs the body under the model checker, twice: once with loads that find the newest value, in every order of the
/// accesses, and once with loads that may find any value that the memory model allows, where the checker leaves some
/// orders out. Says how many executions that took.
///
/// `LOOM_MAX_PREEMPTIONS` bounds the preemptions in one execution of three threads; two get one more. The second run,
/// which has many more executions for each order, gets two less.
#[cfg(ntwait_loom)]
pub fn model(body: impl Fn() + Send + Sync + 'static) {
    model_within(usize::MAX, body);
}

/// The bound of preemptions that the models are made for.
#[cfg(ntwait_loom)]
const USUAL: usize = 3;

/// As [`model`], with no more than so many preemptions in one execution: for bodies of very many steps. Where more than
/// [`USUAL`] are asked for there are as many more.
#[cfg(ntwait_loom)]
pub fn model_within(preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    let body = Arc::new(body);
    let mut builder = loom::model::Builder::new();
    builder.max_branches = 50_000;
    let within = |bound: usize| bound.min(preemptions.saturating_add(bound.saturating_sub(USUAL)));
    builder.preemption_bound = builder.preemption_bound.map(within);
    let mut orders = check(&builder, &body);
    if SPAWNED.get() < 2 {
        builder.preemption_bound = builder.preemption_bound.map(|bound| bound + 1);
        orders = check(&builder, &body);
    }
    builder.preemption_bound = builder.preemption_bound.map(|bound| bound.saturating_sub(2));
    ntwait::internals::weak_loads(true);
    let weak = check(&builder, &body);
    ntwait::internals::weak_loads(false);
    println!("{}: {orders}, weak {weak}", std::thread::current().name().unwrap_or("a model"));
}

#[cfg(ntwait_loom)]
std::thread_local! {
    // Threads that the last execution started; they share the kernel thread of their model.
    static SPAWNED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(ntwait_loom)]
fn check(builder: &loom::model::Builder, body: &Arc<impl Fn() + Send + Sync + 'static>) -> String {
    let executions = Arc::new(Mutex::new(0_u64));
    let (count, body) = (Arc::clone(&executions), Arc::clone(body));
    let start = std::time::Instant::now();
    builder.check(move || {
        *count.lock().expect("no panic while it is held") += 1;
        SPAWNED.set(0);
        body();
        until_threads_are_gone();
        ntwait::internals::release_thread();
    });
    let executions = *executions.lock().expect("no panic while it is held");
    format!("{executions} executions in {:.1} s", start.elapsed().as_secs_f64())
}

/// The same natively, where there is no bound.
#[cfg(not(ntwait_loom))]
pub fn model_within(_preemptions: usize, body: impl Fn() + Send + Sync + 'static) {
    model(body);
}

/// Runs the body natively, again and again.
#[cfg(not(ntwait_loom))]
pub fn model(body: impl Fn() + Send + Sync + 'static) {
    for _ in 0..NATIVE_RUNS {
        body();
        ntwait::internals::release_thread();
    }
}

/// Starts a thread of the model. It gives its record back before it can be joined: under the checker thread-local
/// values are dropped after that, when the model's process may be over.
pub fn spawn<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> JoinHandle<T> {
    count_threads(1);
    thread::spawn(move || {
        let result = body();
        ntwait::internals::release_thread();
        result
    })
}

/// So many more threads in this execution of a model.
fn count_threads(_count: usize) {
    #[cfg(ntwait_loom)]
    SPAWNED.set(SPAWNED.get() + _count);
}

/// Returns when the threads that the library made have done their last act. Natively nobody needs to know.
pub fn until_threads_are_gone() {
    #[cfg(ntwait_loom)]
    ntwait::internals::join_threads();
}

/// The endings that a model announces, and how often each came up over all executions.
#[derive(Clone, Debug)]
pub struct Reached(Arc<Mutex<BTreeMap<String, u64>>>);

impl Reached {
    /// All of these must come up under the checker, and no others ever.
    #[must_use]
    pub fn expect(endings: &[&str]) -> Self {
        Self(Arc::new(Mutex::new(endings.iter().map(|&e| (e.to_owned(), 0)).collect())))
    }

    /// This execution ended so.
    pub fn note(&self, ending: impl AsRef<str>) {
        let mut endings = self.0.lock().expect("no panic while it is held");
        match endings.get_mut(ending.as_ref()) {
            Some(count) => *count += 1,
            None => {
                drop(endings);
                panic!("an ending that must not be: {}", ending.as_ref());
            }
        }
    }

    /// Under the checker: was every ending reached?
    pub fn check(&self) {
        let endings = self.0.lock().expect("no panic while it is held");
        println!("{endings:?}");
        if cfg!(ntwait_loom) {
            assert!(endings.values().all(|&count| count > 0), "not all endings were reached: {endings:?}");
        }
    }
}

/// Runs a model that ends with one of these endings each time, and checks that all come up.
pub fn model_reaching(endings: &[&str], body: impl Fn() -> &'static str + Send + Sync + 'static) {
    let reached = Reached::expect(endings);
    let noted = reached.clone();
    model(move || noted.note(body()));
    reached.check();
}

/// A flag without any ordering of its own: what one thread wrote before a signal and another reads after a wait.
#[derive(Clone, Debug)]
pub struct Flag(Arc<checked::atomic::AtomicBool>);

/// A flag that is down.
#[must_use]
pub fn shared_flag() -> Flag {
    Flag(Arc::new(checked::atomic::AtomicBool::new(false)))
}

impl Flag {
    /// A plain store.
    pub fn raise(&self) {
        self.0.store(true, checked::atomic::Ordering::Relaxed);
    }

    /// A plain load.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.0.load(checked::atomic::Ordering::Relaxed)
    }
}

/// A number that is read and written as if it were not shared: without a lock around both, changes are lost.
#[derive(Clone, Debug)]
pub struct Tally(Arc<checked::atomic::AtomicU32>);

/// A number that is 0.
#[must_use]
pub fn tally() -> Tally {
    Tally(Arc::new(checked::atomic::AtomicU32::new(0)))
}

impl Tally {
    /// A plain load.
    #[must_use]
    pub fn get(&self) -> u32 {
        self.0.load(checked::atomic::Ordering::Relaxed)
    }

    /// A plain load and a plain store.
    pub fn add(&self, count: u32) {
        self.0.store(self.get() + count, checked::atomic::Ordering::Relaxed);
    }
}

/// A gate that one thread opens for others: a way to order them that has nothing of the library's in it.
#[derive(Clone, Debug)]
pub struct Gate(Arc<(checked::Mutex<bool>, checked::Condvar)>);

impl Default for Gate {
    fn default() -> Self {
        Self::new()
    }
}

impl Gate {
    /// A gate that is shut.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new((checked::Mutex::new(false), checked::Condvar::new())))
    }

    /// Lets everybody through, for good.
    pub fn open(&self) {
        *self.0.0.lock().expect("no panic while it is held") = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open.
    pub fn pass(&self) {
        let mut open = self.0.0.lock().expect("no panic while it is held");
        while !*open {
            open = self.0.1.wait(open).expect("no panic while it is held");
        }
    }
}
