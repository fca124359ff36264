//! The primitives that NT programs have in their own memory: locks, condition variables, run-once blocks, barriers.
//!
//! | file                  | raw type                 | size | typed face           |
//! |-----------------------|--------------------------|------|----------------------|
//! | `srw.rs`              | [`RtlSrwLock`]           | 8    | [`SrwLock`]          |
//! | `condition.rs`        | [`RtlConditionVariable`] | 8    | [`Condition`]        |
//! | `critical_section.rs` | [`RtlCriticalSection`]   | 40   | [`CriticalSection`]  |
//! | `run_once.rs`         | [`RtlRunOnce`]           | 8    | [`RunOnce`]          |
//! | `barrier.rs`          | [`RtlBarrier`]           | 32   | [`Barrier`]          |
//!
//! All of their state is in these bytes, in the layout of Windows x64, so they work in a static, in zeroed memory (a
//! barrier apart, which must know its number) and in structures of others. They belong to the process, not to a runtime,
//! and have no handles.
//!
//! Where nobody has to wait, an operation is one compare-exchange on the word. Who has to wait does so in the parking lot
//! (`wait::lot`), so its thread can be suspended and terminated there, and is in no queue then. The waits are not
//! alertable.

mod barrier;
mod condition;
mod critical_section;
#[cfg(all(feature = "lock_api", not(ntwait_loom)))]
mod lock_api;
mod owner;
mod run_once;
mod spin;
mod srw;
mod stay;

pub use barrier::{Barrier, BarrierFlags, RtlBarrier};
pub use condition::{Condition, ConditionFlags, RtlConditionVariable, Sleepable};
pub use critical_section::{CriticalSection, CriticalSectionFlags, CriticalSectionGuard, RtlCriticalSection};
pub use run_once::{RtlRunOnce, RunOnce, RunOnceFlags};
pub use srw::{RtlSrwLock, SrwLock, SrwReadGuard, SrwWriteGuard};
