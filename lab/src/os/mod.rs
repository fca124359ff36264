//! What the lab needs from Linux beyond std: CPUs to pin to, the truth about who sleeps, clocks, memory, the machine.

pub(crate) mod clock;
pub(crate) mod cpus;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod sched;
pub(crate) mod task;
