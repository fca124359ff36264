//! The end of a thread from within or without.

#![allow(unsafe_code, reason = "a thread that ends leaves its frames as they are")]

use nt::{Handle, NtStatus, Runtime};

/// Ends a thread where it is, with none of its own clean-up (TH8).
pub(crate) fn terminate(nt: &Runtime, thread: Handle, exit_code: u32) -> NtStatus {
    // SAFETY: whoever calls this from C answers for the thread's frames; no frame of ours relies on destructors.
    unsafe { nt.nt_terminate_thread(thread, exit_code) }
}
