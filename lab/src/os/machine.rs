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
        }
    }

    /// One line for people.
    pub(crate) fn describe(&self) -> String {
        let kind = if self.virtual_machine { ", virtual machine" } else { "" };
        let pins = match self.pinned.away {
            Some(away) => format!("measured on CPUs {} and {away}", self.pinned.home),
            None => format!("measured on CPU {} alone", self.pinned.home),
        };
        let plural = if self.online == 1 { "" } else { "s" };
        format!("{} ({} CPU{plural}{kind}), Linux {} {}, {pins}", self.cpu, self.online, self.kernel, self.arch)
    }
}

/// CPU time since boot, in ticks of the kernel's accounting.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ticks {
    /// Taken away by the hypervisor.
    stolen: u64,
    /// Used by anybody here.
    busy: u64,
    /// Used by this process and its ended children.
    own: u64,
    /// All there was.
    all: u64,
}

/// Who else used the CPUs, in percent of all CPU time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Disturbance {
    /// Time that the hypervisor took away.
    pub(crate) stolen_percent: f64,
    /// Time that other programs of this machine used.
    pub(crate) others_percent: f64,
}

impl Ticks {
    /// The counts of this moment.
    pub(crate) fn now() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        Self::parse(&read("/proc/stat"), &read("/proc/self/stat"))
    }

    /// `stat` begins with the sums over all CPUs; `own` is the line of one process.
    fn parse(stat: &str, own: &str) -> Self {
        let numbers =
            |text: &str| -> Vec<u64> { text.split_whitespace().map(|field| field.parse().unwrap_or(0)).collect() };
        // user nice system idle iowait irq softirq steal; guest time is contained in user time.
        let all = numbers(stat.lines().next().unwrap_or("").trim_start_matches("cpu"));
        let sum = |places: &[usize]| places.iter().filter_map(|place| all.get(*place)).sum();
        // utime stime cutime cstime are the 14th to 17th field; the name, which is the 2nd, may contain blanks.
        let own = numbers(own.rsplit_once(')').map_or("", |(_, rest)| rest));
        Self {
            stolen: sum(&[7]),
            busy: sum(&[0, 1, 2, 5, 6]),
            own: own.iter().skip(11).take(4).sum(),
            all: sum(&[0, 1, 2, 3, 4, 5, 6, 7]),
        }
    }

    /// What happened since `earlier`.
    pub(crate) fn since(self, earlier: Self) -> Disturbance {
        let grown = |now: u64, before: u64| now.saturating_sub(before) as f64;
        let all = grown(self.all, earlier.all).max(1.0);
        let others = grown(self.busy, earlier.busy) - grown(self.own, earlier.own);
        Disturbance {
            stolen_percent: 100.0 * grown(self.stolen, earlier.stolen) / all,
            others_percent: 100.0 * others.max(0.0) / all,
        }
    }
}

fn model(cpuinfo: &str) -> String {
    let name = |line: &str| line.split_once(':').map(|(_, value)| value.trim().to_owned());
    cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(name)
        .unwrap_or_else(|| "unknown CPU".to_owned())
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
    fn time_is_shared_out() {
        let before = Ticks::parse("cpu  100 0 100 800 0 0 0 0 0 0\n", "7 (a ) b) S 1 1 1 0 -1 0 0 0 0 0 10 10 0 0 20");
        let after = Ticks::parse("cpu  150 0 140 900 0 0 0 10 0 0\n", "7 (a ) b) S 1 1 1 0 -1 0 0 0 0 0 40 20 5 5 20");
        assert_eq!(after.since(before), Disturbance { stolen_percent: 5.0, others_percent: 20.0 });
        assert_eq!(before.since(before), Disturbance::default());
    }

    #[test]
    fn own_work_is_not_another_programs() {
        let before = Ticks::now();
        let start = std::time::Instant::now();
        while start.elapsed() < std::time::Duration::from_millis(50) {}
        assert!(Ticks::now().own > before.own);
    }
}
