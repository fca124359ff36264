//! Which CPUs the lab measures on, and pinning threads to them.
//!
//! Every figure is taken on one or two fixed CPUs: a thread that the scheduler moves in the middle of a round makes
//! ratios worthless.

use std::fs;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde::Serialize;

/// The one or two CPUs that everything is measured on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Cpus {
    /// Where one-CPU work runs.
    pub(crate) home: usize,
    /// A second physical core, if this process may use one.
    pub(crate) away: Option<usize>,
}

impl Cpus {
    /// Picks from the CPUs this process may run on: the last one (interrupts prefer the first), and the next that is
    /// not its hyper-thread twin.
    pub(crate) fn discover() -> Self {
        let allowed = allowed_cpus();
        let home = allowed.last().copied().unwrap_or(0);
        let twins = twins_of(home);
        let away = allowed.iter().rev().copied().find(|cpu| *cpu != home && !twins.contains(cpu));
        Self { home, away: away.or_else(|| allowed.iter().rev().copied().find(|cpu| *cpu != home)) }
    }

    /// The second CPU, or the first again where there is only one.
    pub(crate) fn other(self) -> usize {
        self.away.unwrap_or(self.home)
    }

    /// CPU for the `index`-th of many threads: they alternate.
    pub(crate) fn alternate(self, index: usize) -> usize {
        if index.is_multiple_of(2) { self.home } else { self.other() }
    }
}

/// Binds the calling thread to one CPU. A machine that refuses is measured unpinned: the figures are then noisier, not wrong.
pub(crate) fn pin_to(cpu: usize) {
    let mut set = CpuSet::new();
    set.set(cpu);
    let _ = sched_setaffinity(None, &set);
}

fn allowed_cpus() -> Vec<usize> {
    match sched_getaffinity(None) {
        Ok(set) => (0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect(),
        Err(_) => vec![0],
    }
}

/// The hardware threads that share a core with `cpu` (itself included); empty where the kernel does not say.
fn twins_of(cpu: usize) -> Vec<usize> {
    let path = format!("/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list");
    fs::read_to_string(path).map(|text| parse_list(&text)).unwrap_or_default()
}

/// `"0,4-6"` → `[0, 4, 5, 6]`, the kernel's list format.
fn parse_list(text: &str) -> Vec<usize> {
    let span = |part: &str| -> Option<Vec<usize>> {
        match part.split_once('-') {
            Some((from, to)) => Some((from.parse().ok()?..=to.parse().ok()?).collect()),
            None => Some(vec![part.parse().ok()?]),
        }
    };
    text.trim().split(',').filter_map(span).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernel_lists_are_read() {
        assert_eq!(parse_list("0,4-6\n"), [0, 4, 5, 6]);
        assert_eq!(parse_list(""), [] as [usize; 0]);
        assert_eq!(parse_list("x,3"), [3]);
    }

    #[test]
    fn discovered_cpus_differ() {
        let cpus = Cpus::discover();
        assert_ne!(Some(cpus.home), cpus.away);
    }
}
