//! Everything that touches the machine: atomics, futexes, clocks, memory, thread-local storage.
//!
//! This folder is the only place that knows of the model checker. Under `cfg(ntwait_loom)` the same names mean
//! the checker's atomics and cells, a futex that may time out and return for no reason, a clock that moves when
//! the model says so, and memory that is made and dropped once for each explored execution. The code above this
//! folder is the same in both worlds.

pub(crate) mod alarm;
pub(crate) mod atomic;
#[cfg(not(ntwait_loom))]
pub(crate) mod bell;
pub(crate) mod cell;
pub(crate) mod clock;
#[cfg(not(ntwait_loom))]
pub(crate) mod clone;
pub(crate) mod cpu;
pub(crate) mod depth;
#[cfg(not(ntwait_loom))]
pub(crate) mod environment;
pub(crate) mod eventfd;
#[cfg(not(ntwait_loom))]
pub(crate) mod fork;
#[cfg(not(ntwait_loom))]
pub(crate) mod frames;
pub(crate) mod futex;
#[cfg(not(ntwait_loom))]
pub(crate) mod list;
pub(crate) mod lock;
pub(crate) mod lookout;
#[cfg(ntwait_loom)]
pub(crate) mod model;
#[cfg(not(ntwait_loom))]
pub(crate) mod nap;
#[cfg(not(ntwait_loom))]
pub(crate) mod output;
pub(crate) mod per_process;
#[cfg(not(ntwait_loom))]
pub(crate) mod process;
pub(crate) mod region;
pub(crate) mod schedule;
#[cfg(not(ntwait_loom))]
pub(crate) mod signal;
pub(crate) mod source;
#[cfg(not(ntwait_loom))]
pub(crate) mod stack;
pub(crate) mod tasks;
pub(crate) mod tls;
pub(crate) mod usage;
