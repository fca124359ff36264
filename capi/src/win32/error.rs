//! The last error, and memory that is handed back.

use crate::{heap, last_error};
use core::ffi::c_void;

calls! {
    fn GetLastError() -> u32 {
        last_error::get()
    }

    fn SetLastError(error: u32) {
        last_error::set(error);
    }

    /// What `GetThreadDescription` gave. Always null: it cannot fail.
    fn LocalFree(memory: *mut c_void) -> *mut c_void {
        heap::free(memory);
        core::ptr::null_mut()
    }
}
