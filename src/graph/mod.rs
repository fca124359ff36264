//! Who waits for what, and who has it.
//!
//! ```text
//!   thread ──waits for──▶ object ──owned by──▶ thread ──waits for──▶ …       back at the first: a deadlock
//! ```
//!
//! | file          | what                                                               |
//! |---------------|--------------------------------------------------------------------|
//! | `mod.rs`      | the graph, as programs see it                                      |
//! | `collect.rs`  | what is read of threads, objects and locks, and in which order     |
//! | `build.rs`    | the graph of what was read                                         |
//! | `deadlock.rs` | threads that can never go on                                       |
//! | `text.rs`     | the graph for people                                               |
//! | `dot.rs`      | the graph for Graphviz                                             |
//! | `json.rs`     | the graph for programs                                             |
//! | `environment.rs`, `watch.rs` | graph and deadlocks when the environment asks for them |

mod build;
mod collect;
mod deadlock;
mod dot;
#[cfg(not(ntwait_loom))]
pub(crate) mod environment;
#[cfg(all(feature = "json", not(ntwait_loom)))]
mod json;
mod text;
#[cfg(not(ntwait_loom))]
mod watch;

use crate::handle::entry::Handle;
use crate::runtime::{ResidentRef, Runtime};
use crate::waiter::shield::Shield;
use build::Ids;
use core::time::Duration;
pub use deadlock::{Deadlock, DeadlockStep};

/// Who waits for what in one [`Runtime`], and in the locks that belong to all of the process.
///
/// It was true at one moment of the call that made it, as far as it says that threads wait: each wait of the graph was
/// there at that moment, and whoever owns something that a waiting thread waits for, and waits itself, owned it then.
///
/// `Display` writes a table for people, [`to_dot`](Self::to_dot) a picture for Graphviz, and with the feature `json`
/// `to_json` writes it for programs.
#[derive(Clone, Debug)]
pub struct WaitGraph {
    process_id: u32,
    threads: Vec<GraphThread>,
    objects: Vec<GraphObject>,
}

/// How a thread is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ThreadLabel {
    /// Its NT id, if it is known in the runtime.
    pub id: Option<u32>,
    /// Its number in the kernel; 0: it has not begun, or is gone.
    pub tid: u32,
    /// Its description, else what the kernel calls it; empty if neither is known.
    pub name: String,
}

/// A thread of a [`WaitGraph`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GraphThread {
    /// How it is called.
    pub label: ThreadLabel,
    /// Where it is between birth and death.
    pub stage: ThreadStage,
    /// How often it is suspended in this runtime. While it is, it waits for nothing, and begins again when it goes on.
    pub suspend_count: u32,
    /// What it waits for, if it sleeps in a wait.
    pub wait: Option<GraphWait>,
}

/// Where a thread is between birth and death.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ThreadStage {
    /// It has not begun.
    Born,
    /// It runs, or waits.
    Running,
    /// It is on its way out.
    Ending,
    /// It is gone; its object is still there.
    Ended,
}

/// What a thread waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GraphWait {
    /// What sort of wait it is.
    pub sort: WaitSort,
    /// The objects, as places in [`WaitGraph::objects`], in the order in which the thread named them.
    pub on: Vec<usize>,
    /// So many objects besides, which are not of this runtime.
    pub elsewhere: usize,
    /// Alerts and APCs end it.
    pub alertable: bool,
    /// For how long it has slept, to some milliseconds.
    pub since: Duration,
    /// How much time is left; `None`: it has no end.
    pub left: Option<Duration>,
}

/// What sort of wait a thread is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WaitSort {
    /// For one of its objects.
    Any,
    /// For all of its objects at one moment.
    All,
    /// To acquire an SRW lock shared.
    Shared,
    /// To acquire an SRW lock or critical section for itself alone.
    Exclusive,
    /// For a condition variable to be woken.
    Condition,
    /// For a run-once block to be initialised.
    RunOnce,
    /// For the others to come to a barrier.
    Barrier,
    /// For an address to be woken.
    Address,
    /// At a key of a keyed event, for one who releases.
    KeyedWait,
    /// At a key of a keyed event, for one who waits.
    KeyedRelease,
    /// For an alert by thread id.
    AlertById,
    /// For the time to pass.
    Delay,
}

/// What an object of a [`WaitGraph`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum GraphKind {
    /// An event.
    Event,
    /// A mutant.
    Mutant,
    /// A semaphore.
    Semaphore,
    /// A timer.
    Timer,
    /// A thread, which somebody waits for to end.
    Thread,
    /// A process.
    Process,
    /// A keyed event, or one key of it.
    KeyedEvent,
    /// An object directory.
    Directory,
    /// A descriptor of the program's, imported.
    Descriptor,
    /// An SRW lock.
    SrwLock,
    /// A critical section.
    CriticalSection,
    /// A condition variable.
    ConditionVariable,
    /// A run-once block.
    RunOnce,
    /// A barrier.
    Barrier,
    /// An address that threads wait on.
    Address,
}

/// How an object is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct ObjectLabel {
    /// What it is.
    pub kind: GraphKind,
    /// The path of its name; of a thread, what it is called.
    pub name: Option<String>,
    /// The handles to it, in ascending order; none for what is no object of the runtime.
    pub handles: Vec<Handle>,
    /// Where it lies, for what lies in the program's memory; of a keyed event, the key.
    pub address: Option<usize>,
}

/// Something that threads wait for, or own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct GraphObject {
    /// How it is called.
    pub label: ObjectLabel,
    /// Its state in words.
    pub state: String,
    /// Would a wait for it end at once? `None` for what has no such state.
    pub signaled: Option<bool>,
    /// Who owns it, as a place in [`WaitGraph::threads`]: of a mutant and critical section the owner, of an SRW lock that is
    /// held exclusively the thread that acquired it, if the library knows that thread; of a thread, itself.
    pub owner: Option<usize>,
    /// Who waits for it: first those in its queue, in the order in which they will be served.
    pub queue: Vec<GraphWaiter>,
}

/// One who waits for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GraphWaiter {
    /// A thread, as a place in [`WaitGraph::threads`].
    Thread(usize),
    /// A task without a thread: a registered wait, for example.
    Task,
}

impl Runtime {
    /// Who waits for what: the threads and objects of this runtime, and the locks, condition variables and addresses of the
    /// whole process.
    ///
    /// It may be asked for at any time, from any thread. It takes each object's lock for a moment and no two at a time, and
    /// disturbs nobody: no thread is stopped or woken. It takes time in proportion to the number of objects and handles of the
    /// runtime, and to that of all threads that there have been at one time.
    ///
    /// It needs memory in proportion to what it finds; as with the collections of the standard library, the process is aborted if
    /// there is none.
    ///
    /// ```
    /// use ntwait::{Mutant, Runtime};
    ///
    /// let mutant = Mutant::new()?;
    /// let _mine = mutant.lock()?;
    /// let graph = Runtime::global().wait_graph();
    /// assert!(graph.objects().iter().any(|object| object.owner.is_some()));
    /// println!("{graph}");
    /// # Ok::<(), ntwait::NtStatus>(())
    /// ```
    #[must_use]
    pub fn wait_graph(&self) -> WaitGraph {
        let _shield = Shield::raise();
        build::build(&collect::collect(&[self.resident()]), Ids::OfTheFirst)
    }

    /// Threads that can never go on, because each waits for what another of them has: mutants, critical sections, SRW locks
    /// that are held exclusively, and the ends of threads, in all runtimes of the process. An empty list: there are none. Threads
    /// that this runtime knows have their ids from it.
    ///
    /// What it reports is so: all of it held at one moment, and none of these threads can change it any more. A thread may
    /// still be terminated, and somebody else may release a lock that has no owner check. An SRW lock that a thread held when it
    /// ended is taken for that of a later thread to which the C library gives the same thread pointer.
    ///
    /// A wait for one of several objects is stuck only if each of them is owned by a thread that is stuck; one for all
    /// objects, if one of them is.
    ///
    /// Not reported, though it may last for ever, is a cycle in which one thread
    ///
    /// * waits with a time-out, however long, or alertably: it can go on by itself, or somebody can let it;
    /// * waits for an event, semaphore, timer, keyed event, condition variable or address: anybody may signal it;
    /// * waits for an SRW lock that is held shared: who its readers are is not known;
    /// * is suspended.
    ///
    /// Such waits are in the [graph](Self::wait_graph), with [`left`](GraphWait::left) and [`alertable`](GraphWait::alertable).
    ///
    /// It needs memory as [`wait_graph`](Self::wait_graph) does, for all runtimes.
    #[must_use]
    pub fn deadlocks(&self) -> Vec<Deadlock> {
        let _shield = Shield::raise();
        let others = others_than(self.resident());
        let all: Vec<&ResidentRef> = core::iter::once(self.resident()).chain(&others).collect();
        build::build(&collect::collect(&all), Ids::OfTheFirst).deadlocks()
    }
}

/// The other runtimes of the process: their mutants may be part of a cycle, too.
#[cfg(not(ntwait_loom))]
fn others_than(resident: &ResidentRef) -> Vec<ResidentRef> {
    let mut others = crate::runtime::roll::all();
    others.retain(|other| !other.is(resident));
    others
}

/// A model has one.
#[cfg(ntwait_loom)]
fn others_than(_: &ResidentRef) -> Vec<ResidentRef> {
    Vec::new()
}

impl WaitGraph {
    /// The process, as the kernel calls it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.process_id
    }

    /// All threads that the runtime knows, or that ever had to wait, in the order of their ids; those without one come last. What
    /// names a thread by its place means its place here.
    #[must_use]
    pub fn threads(&self) -> &[GraphThread] {
        &self.threads
    }

    /// What somebody waits for or owns, in the order of kinds, names, handles and addresses. What names an object by its place means
    /// its place here.
    #[must_use]
    pub fn objects(&self) -> &[GraphObject] {
        &self.objects
    }

    /// The [deadlocks](Runtime::deadlocks) among its threads.
    #[must_use]
    pub fn deadlocks(&self) -> Vec<Deadlock> {
        deadlock::find(self)
    }
}
