//! The wait graph of a moment, as the lab shows it: with names for the locks that have none, and with what is stuck marked.

use std::fmt::Write as _;
use std::time::Duration;

use ntwait::{GraphKind, GraphObject, GraphThread, GraphWaiter, ThreadStage, WaitGraph, WaitSort};

/// Who waits for what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    pub(crate) process: u32,
    pub(crate) threads: Vec<ThreadRow>,
    pub(crate) objects: Vec<ObjectRow>,
    /// The deadlocks in words.
    pub(crate) deadlocks: Vec<String>,
    pub(crate) counts: Counts,
    /// The graph itself: as text, for Graphviz, as JSON.
    pub(crate) source: Source,
}

/// What the library writes itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Source {
    pub(crate) text: String,
    pub(crate) dot: String,
    pub(crate) json: String,
}

/// What the demonstration has counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counts {
    pub(crate) at: Duration,
    pub(crate) accepted: u64,
    pub(crate) served: u64,
    pub(crate) waits: u64,
    pub(crate) signals: u64,
}

/// How a thread or an object has to do with a deadlock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stuck {
    /// In the cycle.
    Cycle,
    /// Behind one.
    Behind,
    #[default]
    No,
}

/// A thread.
#[derive(Clone, Debug, Default)]
pub(crate) struct ThreadRow {
    pub(crate) id: Option<u32>,
    pub(crate) tid: u32,
    pub(crate) name: String,
    pub(crate) state: &'static str,
    /// What it waits for, as places among the objects.
    pub(crate) on: Vec<usize>,
    /// What it waits for, in words.
    pub(crate) reason: String,
    pub(crate) since: Option<Duration>,
    pub(crate) stuck: Stuck,
}

/// An object.
#[derive(Clone, Debug, Default)]
pub(crate) struct ObjectRow {
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) state: String,
    /// As a place among the threads.
    pub(crate) owner: Option<usize>,
    pub(crate) queue: usize,
    /// In the cycle of a deadlock.
    pub(crate) red: bool,
}

impl Snapshot {
    /// What is in the graph; `named` are names of what lies at these addresses.
    pub(crate) fn of(graph: WaitGraph, named: &[(usize, &str)], counts: Counts) -> Self {
        let source = Source { text: graph.to_string(), dot: graph.to_dot(), json: graph.to_json() };
        let deadlocks = graph.deadlocks();
        let steps = || deadlocks.iter().flat_map(|deadlock| &deadlock.cycle);
        let objects: Vec<ObjectRow> = graph
            .objects()
            .iter()
            .map(|object| ObjectRow { red: steps().any(|step| step.object == object.label), ..row(object, named) })
            .collect();
        let stuck = |thread: &GraphThread| {
            let is_behind = || deadlocks.iter().any(|deadlock| deadlock.behind.contains(&thread.label));
            match steps().any(|step| step.thread == thread.label) {
                true => Stuck::Cycle,
                false if is_behind() => Stuck::Behind,
                false => Stuck::No,
            }
        };
        let threads = graph.threads().iter().map(|thread| thread_row(thread, stuck(thread), &objects)).collect();
        let deadlocks = deadlocks.iter().map(ToString::to_string).collect();
        Self { process: graph.process_id(), threads, objects, deadlocks, counts, source }
    }

    /// The rates between an earlier snapshot and this one, each second: accepted, served, waits, signals.
    pub(crate) fn rates(&self, earlier: &Counts) -> [f64; 4] {
        let (now, seconds) = (self.counts, self.counts.at.saturating_sub(earlier.at).as_secs_f64());
        let rate = |now: u64, then: u64| if seconds > 0.0 { now.saturating_sub(then) as f64 / seconds } else { 0.0 };
        [
            rate(now.accepted, earlier.accepted),
            rate(now.served, earlier.served),
            rate(now.waits, earlier.waits),
            rate(now.signals, earlier.signals),
        ]
    }
}

fn row(object: &GraphObject, named: &[(usize, &str)]) -> ObjectRow {
    let label = &object.label;
    let given = named.iter().find(|(address, _)| Some(*address) == label.address).map(|(_, name)| (*name).to_owned());
    let last = |path: &String| match path.split_once('"') {
        Some((_, thread)) => thread.trim_end_matches('"').to_owned(), // its id comes first
        None => path.rsplit('\\').next().unwrap_or(path).to_owned(),
    };
    let handle = || label.handles.first().map(|handle| format!("{:#x}", handle.0));
    let address = || label.address.map(|address| format!("{address:#x}"));
    let name = given.or_else(|| label.name.as_ref().map(last)).or_else(handle).or_else(address).unwrap_or_default();
    ObjectRow {
        kind: word(label.kind),
        name,
        state: object.state.clone(),
        owner: object.owner,
        queue: object.queue.iter().filter(|waiter| matches!(waiter, GraphWaiter::Thread(_))).count(),
        red: false,
    }
}

fn thread_row(thread: &GraphThread, stuck: Stuck, objects: &[ObjectRow]) -> ThreadRow {
    let wait = thread.wait.as_ref();
    let state = match (thread.stage, wait) {
        (ThreadStage::Born, _) => "not begun",
        (ThreadStage::Ending, _) => "ending",
        (ThreadStage::Ended, _) => "ended",
        (_, Some(_)) => "waits",
        (_, None) if thread.suspend_count > 0 => "suspended",
        (_, None) => "runs",
    };
    let on = wait.map(|wait| wait.on.clone()).unwrap_or_default();
    let mut reason = String::new();
    match wait.map(|wait| wait.sort) {
        Some(WaitSort::Delay) => reason.push_str("the time to pass"),
        Some(WaitSort::AlertById) => reason.push_str("an alert"),
        Some(WaitSort::Shared) => reason.push_str("shared "),
        _ => {}
    }
    for (at, object) in on.iter().map(|place| &objects[*place]).enumerate() {
        let _ = write!(reason, "{}{} {}", if at == 0 { "" } else { ", " }, object.kind, object.name);
    }
    let label = &thread.label;
    let since = wait.map(|wait| wait.since);
    ThreadRow { id: label.id, tid: label.tid, name: label.name.clone(), state, on, reason, since, stuck }
}

fn word(kind: GraphKind) -> &'static str {
    match kind {
        GraphKind::Event => "event",
        GraphKind::Mutant => "mutant",
        GraphKind::Semaphore => "semaphore",
        GraphKind::Timer => "timer",
        GraphKind::Thread => "end of",
        GraphKind::Process => "process",
        GraphKind::KeyedEvent => "keyed event",
        GraphKind::Directory => "directory",
        GraphKind::SrwLock => "SRW lock",
        GraphKind::CriticalSection => "critical section",
        GraphKind::ConditionVariable => "condition variable",
        GraphKind::RunOnce => "run-once block",
        GraphKind::Barrier => "barrier",
        GraphKind::Address => "address",
        _ => "object",
    }
}

/// A span as people say it.
pub(crate) fn span(time: Duration) -> String {
    match time.as_secs() {
        0 => format!("{} ms", time.as_millis()),
        1..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}
