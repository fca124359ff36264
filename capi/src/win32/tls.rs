//! TLS (F1–F9).

use super::{Bool, or_else, succeeded};
use crate::last_error::{self, ERROR_SUCCESS};
use core::ffi::c_void;
use core::ptr::null_mut;

/// `TLS_OUT_OF_INDEXES`.
const NONE: u32 = u32::MAX;

calls! {
    fn TlsAlloc() -> u32 {
        or_else(nt::tls_alloc(), NONE)
    }

    fn TlsFree(index: u32) -> Bool {
        succeeded(nt::tls_free(index).ok())
    }

    /// The last error tells a value that is null from a failure (F7).
    fn TlsGetValue(index: u32) -> *mut c_void {
        or_else(nt::tls_get(index).inspect(|_| last_error::set(ERROR_SUCCESS)), null_mut())
    }

    fn TlsSetValue(index: u32, value: *mut c_void) -> Bool {
        succeeded(nt::tls_set(index, value).ok())
    }
}
