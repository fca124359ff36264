//! The graph for programs.

use super::{Deadlock, GraphKind, GraphObject, GraphThread, GraphWait, GraphWaiter, ObjectLabel, ThreadLabel};
use super::{ThreadStage, WaitGraph, WaitSort};
use core::time::Duration;
use serde_json::{Value, json};

impl WaitGraph {
    /// The graph as one JSON object. `objects[…].owner`, `queue[…].thread` and `wait.on` are places in the lists `threads` and
    /// `objects`, counted from 0. Spans are in whole milliseconds.
    ///
    /// ```json
    /// {
    ///   "process": 4242,
    ///   "threads": [
    ///     { "id": 8, "tid": 4243, "name": "worker", "stage": "running", "suspend_count": 0,
    ///       "wait": { "sort": "any", "on": [0], "elsewhere": 0, "alertable": false, "since_ms": 1500, "left_ms": null } }
    ///   ],
    ///   "objects": [
    ///     { "kind": "mutant", "name": "\\BaseNamedObjects\\db", "handles": [4], "address": null, "state": "owned by 4",
    ///       "signalled": false, "owner": 1, "queue": [{ "thread": 0 }, { "thread": null }] }
    ///   ]
    /// }
    /// ```
    ///
    /// | member | values |
    /// |---|---|
    /// | `id` | the NT id, `null` if the thread has none in this runtime |
    /// | `tid` | the number in the kernel, 0 if it has none |
    /// | `stage` | `born`, `running`, `ending`, `ended` |
    /// | `wait` | `null` if the thread does not wait |
    /// | `sort` | `any`, `all`, `shared`, `exclusive`, `condition`, `run_once`, `barrier`, `address`, `keyed_wait`, `keyed_release`, `alert_by_id`, `delay` |
    /// | `elsewhere` | how many objects of other runtimes besides |
    /// | `left_ms` | what is left of the time-out, `null` if there is none |
    /// | `kind` | `event`, `mutant`, `semaphore`, `timer`, `thread`, `process`, `keyed_event`, `directory`, `descriptor`, `srw_lock`, `critical_section`, `condition_variable`, `run_once`, `barrier`, `address` |
    /// | `name`, `address`, `owner`, `signalled` | `null` if there is none |
    /// | `queue` | in the order in which they are served; `null` for a task without a thread |
    #[must_use]
    pub fn to_json(&self) -> String {
        let threads: Vec<Value> = self.threads.iter().map(thread).collect();
        let objects: Vec<Value> = self.objects.iter().map(object).collect();
        json!({ "process": self.process_id, "threads": threads, "objects": objects }).to_string()
    }
}

impl Deadlock {
    /// The deadlock as one JSON object: the steps of the cycle, each with its thread, what that waits for and for how many
    /// milliseconds; and the threads behind it. Members of the same names mean what they mean in [`WaitGraph::to_json`].
    ///
    /// ```json
    /// {
    ///   "cycle": [
    ///     { "thread": { "id": 8, "tid": 4243, "name": "worker" },
    ///       "object": { "kind": "mutant", "name": null, "handles": [4], "address": null }, "since_ms": 1500 }
    ///   ],
    ///   "behind": [{ "id": 12, "tid": 4244, "name": "" }]
    /// }
    /// ```
    #[must_use]
    pub fn to_json(&self) -> String {
        let step = |step: &super::DeadlockStep| {
            json!({
                "thread": thread_label(&step.thread),
                "object": object_label(&step.object),
                "since_ms": milliseconds(step.since),
            })
        };
        let cycle: Vec<Value> = self.cycle.iter().map(step).collect();
        let behind: Vec<Value> = self.behind.iter().map(thread_label).collect();
        json!({ "cycle": cycle, "behind": behind }).to_string()
    }
}

fn thread_label(label: &ThreadLabel) -> Value {
    json!({ "id": label.id, "tid": label.tid, "name": label.name })
}

fn object_label(label: &ObjectLabel) -> Value {
    let handles: Vec<u64> = label.handles.iter().map(|handle| handle.0).collect();
    json!({ "kind": kind(label.kind), "name": label.name, "handles": handles, "address": label.address })
}

fn thread(thread: &GraphThread) -> Value {
    let stage = match thread.stage {
        ThreadStage::Born => "born",
        ThreadStage::Running => "running",
        ThreadStage::Ending => "ending",
        ThreadStage::Ended => "ended",
    };
    let mut value = thread_label(&thread.label);
    value["stage"] = stage.into();
    value["suspend_count"] = thread.suspend_count.into();
    value["wait"] = thread.wait.as_ref().map_or(Value::Null, wait);
    value
}

fn wait(wait: &GraphWait) -> Value {
    json!({
        "sort": sort(wait.sort),
        "on": wait.on,
        "elsewhere": wait.elsewhere,
        "alertable": wait.alertable,
        "since_ms": milliseconds(wait.since),
        "left_ms": wait.left.map(milliseconds),
    })
}

fn object(object: &GraphObject) -> Value {
    let waiter = |waiter: &GraphWaiter| match waiter {
        GraphWaiter::Thread(thread) => json!({ "thread": thread }),
        GraphWaiter::Task => json!({ "thread": null }),
    };
    let queue: Vec<Value> = object.queue.iter().map(waiter).collect();
    let mut value = object_label(&object.label);
    value["state"] = object.state.as_str().into();
    value["signalled"] = object.signaled.into();
    value["owner"] = object.owner.into();
    value["queue"] = queue.into();
    value
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

const fn sort(sort: WaitSort) -> &'static str {
    match sort {
        WaitSort::Any => "any",
        WaitSort::All => "all",
        WaitSort::Shared => "shared",
        WaitSort::Exclusive => "exclusive",
        WaitSort::Condition => "condition",
        WaitSort::RunOnce => "run_once",
        WaitSort::Barrier => "barrier",
        WaitSort::Address => "address",
        WaitSort::KeyedWait => "keyed_wait",
        WaitSort::KeyedRelease => "keyed_release",
        WaitSort::AlertById => "alert_by_id",
        WaitSort::Delay => "delay",
    }
}

const fn kind(kind: GraphKind) -> &'static str {
    match kind {
        GraphKind::Event => "event",
        GraphKind::Mutant => "mutant",
        GraphKind::Semaphore => "semaphore",
        GraphKind::Timer => "timer",
        GraphKind::Thread => "thread",
        GraphKind::Process => "process",
        GraphKind::KeyedEvent => "keyed_event",
        GraphKind::Directory => "directory",
        GraphKind::Descriptor => "descriptor",
        GraphKind::SrwLock => "srw_lock",
        GraphKind::CriticalSection => "critical_section",
        GraphKind::ConditionVariable => "condition_variable",
        GraphKind::RunOnce => "run_once",
        GraphKind::Barrier => "barrier",
        GraphKind::Address => "address",
    }
}
