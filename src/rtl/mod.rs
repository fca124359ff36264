//! What NT does in user mode, for all runtimes of the process alike: what programs synchronize by without handles, on words
//! of their own memory, and what they keep for each thread.
//!
//! ```text
//!   address.rs  waiting for a word to change                                        (WA1–WA16)
//!   fls.rs      values with a callback for each thread that leaves one behind       (F10–F26)
//!   tls.rs      values without                                                      (F1–F9)
//!   values.rs   what both keep for a thread
//! ```
//!
//! A thread that must wait parks in `wait::lot`, so it is suspended and terminated like in any other wait.
//!
//! A thread's end takes from it, in this order (TH7): what FLS callbacks see to, its values, its objects. Threads of the
//! library are taken through it by their runtime, the others by the destructor of a thread-local value.

mod address;
mod fls;
mod tls;
mod values;

pub use address::{
    WaitAddress, rtl_wait_on_address, rtl_wake_address_all, rtl_wake_address_single, wait_on_address, wake_address_all,
    wake_address_single,
};
pub use fls::{
    FLS_MAXIMUM_AVAILABLE, FlsCallback, FlsSlot, rtl_fls_alloc, rtl_fls_free, rtl_fls_get_value, rtl_fls_set_value,
    rtl_process_fls_data,
};
pub use tls::{TLS_SLOTS, TlsSlot, tls_alloc, tls_free, tls_get, tls_set};

pub(crate) use fls::call_back as call_back_at_exit;
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
