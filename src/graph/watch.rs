//! The thread that looks at the wait graph because the environment asks for it.
//!
//! ```text
//!   ┌─▶ sleep ─▶ the bell has rung: write the graph
//!   │        └─▶ a while is over: somebody waits for long? ─▶ deadlocks? ─▶ those that are new: write them, abort
//!   └──────────────────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! It is a thread of its own, because the standard error may be a pipe that nobody reads: what else serves the process must not
//! wait for that.

use super::build::Ids;
use super::{Deadlock, WaitGraph, build, collect};
use crate::runtime::roll;
use crate::status::NtStatus;
use crate::sys::clock::{Clock, Timeout, now_ns};
use crate::sys::output::Output;
use crate::sys::{bell, depth};
use crate::threads;
use crate::waiter::record;
use core::time::Duration;
use std::os::fd::AsFd;

/// What it is to do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    /// The graph is to be written when the bell has rung.
    pub(super) has_bell: bool,
    pub(super) alarm: Option<Alarm>,
}

/// What comes of a deadlock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alarm {
    pub(super) aborts: bool,
    /// Waits that last less are not looked into.
    pub(super) limit: Duration,
}

impl Orders {
    pub(super) fn are_some(&self) -> bool {
        self.has_bell || self.alarm.is_some()
    }
}

/// Makes the thread.
pub(super) fn start(orders: Orders) -> Result<(), NtStatus> {
    Ok(threads::start_service(c"ntwait-graph", move || watch(orders))?)
}

/// How a deadlock is known again: by the threads of its cycle, none of which can be in another. What they wait for may change its
/// name or its handles.
type Identity = Vec<u32>;

fn watch(orders: Orders) {
    depth::raise(); // for good: it has no other state
    let mut known = Vec::new();
    let period = orders.alarm.map_or(Timeout::Never, |alarm| period(alarm.limit));
    loop {
        if bell::wait(period) {
            let graph = graph();
            write(&format!("wait graph of {graph}{}", all(&graph.deadlocks())));
        }
        if let Some(alarm) = orders.alarm {
            look(alarm, &mut known);
        }
    }
}

/// How often waits are looked at: often enough that a deadlock is told of before the limit has passed twice.
fn period(limit: Duration) -> Timeout {
    (limit / 2).clamp(Duration::from_millis(10), Duration::from_secs(2)).into()
}

fn somebody_waits_for(limit: Duration) -> bool {
    let now = now_ns();
    record::all()
        .filter(|record| record.tid() != 0)
        .filter_map(|record| record.notice.read())
        .any(|told| told.deadline.0 == Clock::Never && u128::from(now.saturating_sub(told.since)) >= limit.as_nanos())
}

/// Tells of each deadlock once, for as long as it lasts: `known` are those that lasted at the last look.
fn look(alarm: Alarm, known: &mut Vec<Identity>) {
    if !somebody_waits_for(alarm.limit) {
        known.clear();
        return;
    }
    let graph = graph();
    let mut lasting = graph.deadlocks();
    lasting.retain(|deadlock| deadlock.cycle.iter().all(|step| step.since >= alarm.limit));
    let before = core::mem::replace(known, lasting.iter().map(identity).collect());
    lasting.retain(|deadlock| !before.contains(&identity(deadlock)));
    if lasting.is_empty() {
        return;
    }
    write(&format!("{}{graph}", all(&lasting)));
    if alarm.aborts {
        write("NTWAIT_DEADLOCK: abort\n");
        std::process::abort();
    }
}

fn identity(deadlock: &Deadlock) -> Identity {
    let mut threads: Identity = deadlock.cycle.iter().map(|step| step.thread.tid).collect();
    threads.sort_unstable();
    threads
}

fn all(deadlocks: &[Deadlock]) -> String {
    deadlocks.iter().map(Deadlock::to_string).collect()
}

/// Of all runtimes.
fn graph() -> WaitGraph {
    let residents = roll::all();
    build::build(&collect::collect(&residents.iter().collect::<Vec<_>>()), Ids::OfAny)
}

/// As one piece, to whatever the standard error is at this moment.
fn write(text: &str) {
    if let Ok(output) = Output::duplicate(std::io::stderr().as_fd()) {
        output.write(format!("ntwait: {text}").as_bytes());
    }
}
