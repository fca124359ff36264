//! Threads that can never go on.
//!
//! ```text
//!   all threads that wait without an end
//!     ─▶ without those that somebody else can let go on, again and again until none is left to take out
//!     ─▶ the threads that are stuck ─▶ knots: threads that reach each other ─▶ a shortest cycle of each
//!     └▶ who is stuck and in no knot is behind one
//! ```
//!
//! DE1 A wait for one of several objects can go on as long as one of them is not owned by a stuck thread; a wait for all as
//!     long as none is. What nobody owns anybody may signal.
//! DE2 Taking out in any order leaves the same: the largest set of threads of which each needs another of the set to move
//!     first. With the edges of collect.rs (GR3) none of them ever moves.

use super::{GraphKind, GraphObject, GraphThread, ObjectLabel, ThreadLabel, WaitGraph, WaitSort};
use core::time::Duration;

/// Threads that wait for each other, so that none of them can ever go on.
///
/// `Display` tells it in a few lines, one for each thread.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Deadlock {
    /// A shortest way round: each thread waits for what the next one has, and the last one for what the first one has.
    pub cycle: Vec<DeadlockStep>,
    /// The other threads that are stuck because of it.
    pub behind: Vec<ThreadLabel>,
}

/// One thread of a [`Deadlock`], and what it waits for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeadlockStep {
    /// The thread.
    pub thread: ThreadLabel,
    /// What it waits for, which the next thread of the cycle has.
    pub object: ObjectLabel,
    /// For how long it has waited.
    pub since: Duration,
}

/// The deadlocks of a graph, in the order of their first threads.
pub(super) fn find(graph: &WaitGraph) -> Vec<Deadlock> {
    let label = |thread: usize| graph.threads[thread].label.clone();
    let told = |knot: Knot| Deadlock {
        cycle: knot.cycle.into_iter().map(|step| step_of(graph, step)).collect(),
        behind: knot.behind.into_iter().map(label).collect(),
    };
    knots(graph).into_iter().map(told).collect()
}

/// A deadlock, as places in the graph.
pub(super) struct Knot {
    /// The threads of the cycle, and what each waits for.
    pub(super) cycle: Vec<(usize, usize)>,
    pub(super) behind: Vec<usize>,
}

pub(super) fn knots(graph: &WaitGraph) -> Vec<Knot> {
    let is_stuck = stuck(graph);
    let edges: Vec<Vec<Edge>> = (0..graph.threads.len())
        .map(|thread| if is_stuck[thread] { edges_of(graph, thread, &is_stuck) } else { Vec::new() })
        .collect();
    let back = reversed(&edges);
    let is_in_a_knot: Vec<bool> =
        (0..edges.len()).map(|thread| is_stuck[thread] && reachable(&edges, thread)[thread]).collect();
    let mut is_told = vec![false; edges.len()];
    let mut knots = Vec::new();
    for first in (0..edges.len()).filter(|thread| is_in_a_knot[*thread]) {
        if is_told[first] {
            continue;
        }
        let (ahead, behind) = (reachable(&edges, first), reachable(&back, first));
        let cycle = shortest_cycle(&edges, first);
        (0..edges.len()).filter(|thread| ahead[*thread] && behind[*thread]).for_each(|thread| is_told[thread] = true);
        let is_in_cycle = |thread: usize| cycle.iter().any(|(known, _)| *known == thread);
        // A knot that waits for this one, too, is told on its own.
        let is_behind = |thread: &usize| behind[*thread] && (ahead[*thread] || !is_in_a_knot[*thread]);
        let behind = (0..edges.len()).filter(is_behind).filter(|thread| !is_in_cycle(*thread)).collect();
        knots.push(Knot { cycle, behind });
    }
    knots
}

fn step_of(graph: &WaitGraph, (thread, object): (usize, usize)) -> DeadlockStep {
    let GraphThread { label, wait, .. } = &graph.threads[thread];
    DeadlockStep {
        thread: label.clone(),
        object: graph.objects[object].label.clone(),
        since: wait.as_ref().map_or(Duration::ZERO, |wait| wait.since),
    }
}

/// DE1, DE2: for each thread whether it is stuck.
fn stuck(graph: &WaitGraph) -> Vec<bool> {
    let mut is_stuck: Vec<bool> = graph.threads.iter().map(may_be_stuck).collect();
    loop {
        let mut is_settled = true;
        for thread in 0..is_stuck.len() {
            if is_stuck[thread] && can_go_on(graph, thread, &is_stuck) {
                (is_stuck[thread], is_settled) = (false, false);
            }
        }
        if is_settled {
            return is_stuck;
        }
    }
}

/// Does nothing but an object end its wait?
fn may_be_stuck(thread: &GraphThread) -> bool {
    let sorts = [WaitSort::Any, WaitSort::All, WaitSort::Shared, WaitSort::Exclusive];
    thread.wait.as_ref().is_some_and(|wait| wait.left.is_none() && !wait.alertable && sorts.contains(&wait.sort))
}

fn can_go_on(graph: &WaitGraph, thread: usize, is_stuck: &[bool]) -> bool {
    let Some(wait) = &graph.threads[thread].wait else {
        return true;
    };
    let is_out_of_reach = |object: &usize| holder(&graph.objects[*object], thread).is_some_and(|owner| is_stuck[owner]);
    match wait.sort {
        WaitSort::All => !wait.on.iter().any(is_out_of_reach),
        _ => wait.elsewhere > 0 || !wait.on.iter().all(is_out_of_reach),
    }
}

/// Who must move before this thread can have the object, if that is known. A mutant is there for its owner.
fn holder(object: &GraphObject, thread: usize) -> Option<usize> {
    object.owner.filter(|owner| object.label.kind != GraphKind::Mutant || *owner != thread)
}

/// From a thread to one that has what it waits for.
#[derive(Clone, Copy)]
struct Edge {
    object: usize,
    to: usize,
}

fn edges_of(graph: &WaitGraph, thread: usize, is_stuck: &[bool]) -> Vec<Edge> {
    let on = graph.threads[thread].wait.as_ref().map_or(&[][..], |wait| &wait.on);
    let edge = |object: &usize| {
        let to = holder(&graph.objects[*object], thread).filter(|owner| is_stuck[*owner])?;
        Some(Edge { object: *object, to })
    };
    on.iter().filter_map(edge).collect()
}

/// The edges from their other ends.
fn reversed(edges: &[Vec<Edge>]) -> Vec<Vec<Edge>> {
    let mut back = vec![Vec::new(); edges.len()];
    for (from, edges) in edges.iter().enumerate() {
        edges.iter().for_each(|edge| back[edge.to].push(Edge { object: edge.object, to: from }));
    }
    back
}

/// For each thread whether this one reaches it by one edge or more.
fn reachable(edges: &[Vec<Edge>], from: usize) -> Vec<bool> {
    let mut is_reached = vec![false; edges.len()];
    let mut open = vec![from];
    while let Some(thread) = open.pop() {
        for edge in &edges[thread] {
            if !core::mem::replace(&mut is_reached[edge.to], true) {
                open.push(edge.to);
            }
        }
    }
    is_reached
}

/// The threads of a shortest way from this one back to itself, and what each of them waits for.
fn shortest_cycle(edges: &[Vec<Edge>], first: usize) -> Vec<(usize, usize)> {
    let mut came_by: Vec<Option<(usize, usize)>> = vec![None; edges.len()]; // from, by this object
    let mut ring = vec![first];
    while came_by[first].is_none() && !ring.is_empty() {
        let mut next = Vec::new();
        for from in ring {
            for edge in &edges[from] {
                if came_by[edge.to].is_none() {
                    came_by[edge.to] = Some((from, edge.object));
                    next.push(edge.to);
                }
            }
        }
        ring = next;
    }
    let mut cycle = Vec::new();
    let mut at = first;
    while let Some((from, object)) = came_by[at] {
        cycle.push((from, object));
        at = from;
        if at == first {
            break;
        }
    }
    cycle.reverse();
    cycle
}
