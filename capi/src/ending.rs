//! Threads that are ended by calls: by force, or by themselves from any depth.

#![allow(unsafe_code, reason = "a thread is ended by who knows that it may be")]

use crate::nt::runtime;
use core::ffi::c_void;
use nt::{Handle, NtStatus};

unsafe extern "C-unwind" {
    fn pthread_exit(value: *mut c_void) -> !;
}

/// Ends a thread, wherever it is.
pub(crate) fn terminate(thread: Handle, exit_code: u32) -> NtStatus {
    // SAFETY: the caller's word: that is what the call is for.
    runtime().map_or_else(|status| status, |nt| unsafe { nt.nt_terminate_thread(thread, exit_code) })
}

/// Ends the calling thread.
///
/// One that the library did not make ends as by `pthread_exit`: its clean-up handlers run, its objects are signalled, and a
/// C++ frame is unwound. No frame between here and the caller has anything to drop.
pub(crate) fn exit(exit_code: u32) -> ! {
    if let Ok(nt) = runtime() {
        // SAFETY: the caller's word, as above. An answer means that the thread is not the library's.
        let _ = unsafe { nt.rtl_exit_user_thread(exit_code) };
    }
    let code = core::ptr::without_provenance_mut(exit_code as usize);
    // SAFETY: as above.
    unsafe { pthread_exit(code) }
}
