//! The machine on record: figures without it mean nothing.

use std::fs;

use serde::Serialize;

use super::cpus::Cpus;

/// What was measured on.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Machine {
    /// Model name of the CPU.
    pub(crate) cpu: String,
    /// CPUs that are online.
    pub(crate) online: usize,
    /// Where the measuring threads were pinned.
    pub(crate) pinned: Cpus,
    /// Kernel release.
    pub(crate) kernel: String,
    /// Machine architecture as the kernel names it.
    pub(crate) arch: String,
    /// Whether the CPU reports a hypervisor: across-core wake-ups cost far more there.
    pub(crate) virtual_machine: bool,
    /// Runnable threads over the last minute when the lab started.
    pub(crate) load: f64,
}

impl Machine {
    /// Reads `/proc` and `uname`; what cannot be read is left empty.
    pub(crate) fn discover(pinned: Cpus) -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let uname = rustix::system::uname();
        Self {
            cpu: model(&cpuinfo),
            online: std::thread::available_parallelism().map_or(1, usize::from),
            pinned,
            kernel: uname.release().to_string_lossy().into_owned(),
            arch: uname.machine().to_string_lossy().into_owned(),
            virtual_machine: cpuinfo.lines().any(|line| line.starts_with("flags") && line.contains(" hypervisor")),
            load: load(),
        }
    }

    /// One line for people.
    pub(crate) fn describe(&self) -> String {
        let kind = if self.virtual_machine { ", virtual machine" } else { "" };
        let pins = match self.pinned.away {
            Some(away) => format!("measured on CPUs {} and {away}", self.pinned.home),
            None => format!("measured on CPU {} alone", self.pinned.home),
        };
        format!("{} ({} CPUs{kind}), Linux {} {}, {pins}", self.cpu, self.online, self.kernel, self.arch)
    }
}

/// Ticks of CPU time that the hypervisor took away, and all ticks, since boot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticks {
    stolen: u64,
    all: u64,
}

impl Ticks {
    /// The counts of this moment.
    pub(crate) fn now() -> Self {
        ticks(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// Which share of the CPU time since `earlier` was stolen, in percent.
    pub(crate) fn stolen_percent_since(self, earlier: Self) -> f64 {
        let all = self.all.saturating_sub(earlier.all);
        if all == 0 { 0.0 } else { 100.0 * self.stolen.saturating_sub(earlier.stolen) as f64 / all as f64 }
    }
}

fn ticks(stat: &str) -> Ticks {
    let fields: Vec<u64> =
        stat.lines().next().unwrap_or("").split_whitespace().skip(1).filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; guest time is contained in user time.
    Ticks { stolen: fields.get(7).copied().unwrap_or(0), all: fields.iter().take(8).sum() }
}

fn model(cpuinfo: &str) -> String {
    let name = |line: &str| line.split_once(':').map(|(_, value)| value.trim().to_owned());
    cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(name)
        .unwrap_or_else(|| "unknown CPU".to_owned())
}

fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().and_then(|field| field.parse().ok()).unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_is_found() {
        assert_eq!(model("processor : 0\nmodel name\t: Some CPU 9\n"), "Some CPU 9");
        assert_eq!(model(""), "unknown CPU");
    }

    #[test]
    fn stolen_time_is_a_share() {
        let before = ticks("cpu  100 0 100 800 0 0 0 0 0 0\n");
        let after = ticks("cpu  150 0 140 900 0 0 0 10 0 0\n");
        assert!((after.stolen_percent_since(before) - 5.0).abs() < 1e-9);
        assert_eq!(before.stolen_percent_since(before), 0.0);
    }
}
