//! Everything that touches the machine: atomics, futexes, clocks, memory, thread-local storage.
//!
//! This folder is the only place that knows of the model checker. Under `cfg(ntwait_loom)` the same names mean
//! the checker's atomics and cells, a futex that may time out and return for no reason, a clock that moves when
//! the model says so, and memory that is made and dropped once for each explored execution. The code above this
//! folder is the same in both worlds.

pub(crate) mod atomic;
pub(crate) mod cell;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod futex;
pub(crate) mod lock;
#[cfg(ntwait_loom)]
pub(crate) mod model;
pub(crate) mod region;
pub(crate) mod tls;
