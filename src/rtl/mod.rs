//! What NT does in user mode, for all runtimes of the process alike: what programs synchronize by without handles, in their
//! own memory, and what they keep for each thread.
//!
//! | file                  | raw type                 | size | typed face           | facts     |
//! |-----------------------|--------------------------|------|----------------------|-----------|
//! | `srw.rs`              | [`RtlSrwLock`]           | 8    | [`SrwLock`]          | SR1–SR10  |
//! | `condition.rs`        | [`RtlConditionVariable`] | 8    | [`Condition`]        | SR11–SR19 |
//! | `critical_section.rs` | [`RtlCriticalSection`]   | 40   | [`CriticalSection`]  | CS1–CS17  |
//! | `run_once.rs`         | [`RtlRunOnce`]           | 8    | [`RunOnce`]          | RO1–RO12  |
//! | `barrier.rs`          | [`RtlBarrier`]           | 32   | [`Barrier`]          | RO13–RO17 |
//! | `address.rs`          | any word                 |      | [`wait_on_address`]  | WA1–WA16  |
//! | `tls.rs`              | a number                 |      | [`TlsSlot`]          | F1–F9     |
//! | `fls.rs`              | a number                 |      | [`FlsSlot`]          | F10–F26   |
//!
//! All of the state of the raw types is in these bytes, in the layout of Windows x64, so they work in a static, in zeroed
//! memory (a barrier apart, which must know its number) and in structures of others. They belong to the process, not to a
//! runtime, and have no handles.
//!
//! Where nobody has to wait, an operation is one compare-exchange on the word. Who has to wait does so in the parking lot
//! (`wait::lot`), so its thread can be suspended and terminated there, and is in no queue then. The waits are not
//! alertable.
//!
//! A thread's end takes from it, in this order (TH7): what FLS callbacks see to, its values, its objects. Threads of the
//! library are taken through it by their runtime, the others by the destructor of a thread-local value.

mod address;
mod barrier;
mod condition;
mod critical_section;
mod fls;
mod holder;
#[cfg(all(feature = "lock_api", not(ntwait_loom)))]
mod lock_api;
mod owner;
mod run_once;
mod spin;
mod srw;
mod stay;
mod tls;
mod values;

pub use address::{
    WaitAddress, rtl_wait_on_address, rtl_wake_address_all, rtl_wake_address_single, wait_on_address, wake_address_all,
    wake_address_single,
};
pub use barrier::{Barrier, BarrierFlags, RtlBarrier};
pub use condition::{Condition, ConditionFlags, RtlConditionVariable, Sleepable};
pub use critical_section::{CriticalSection, CriticalSectionFlags, CriticalSectionGuard, RtlCriticalSection};
pub use fls::{
    FLS_MAXIMUM_AVAILABLE, FlsCallback, FlsSlot, rtl_fls_alloc, rtl_fls_free, rtl_fls_get_value, rtl_fls_set_value,
    rtl_process_fls_data,
};
pub use run_once::{RtlRunOnce, RunOnce, RunOnceFlags};
pub use srw::{RtlSrwLock, SrwLock, SrwReadGuard, SrwWriteGuard};
pub use tls::{TLS_SLOTS, TlsSlot, tls_alloc, tls_free, tls_get, tls_set};

pub(crate) use fls::call_back as call_back_at_exit;
pub(crate) use holder::{Holder, holder};
pub(crate) use srw::wants_exclusive;
pub(crate) use tls::zero as zero_tls_cell;

/// The calling thread has no values any more, and gets none. Frees no memory and takes no lock.
pub(crate) fn let_go() {
    fls::let_go();
    tls::let_go();
}

/// The calling thread is to be another's from now on: a model's native runs share one.
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) fn begin_anew() {
    fls::begin_anew();
    tls::begin_anew();
}
