//! FLS (F10–F26).

use super::{Bool, or_else, succeeded};
use crate::convention::Code;
use crate::last_error::{self, ERROR_SUCCESS};
use core::ffi::c_void;
use core::ptr::null_mut;

/// `FLS_OUT_OF_INDEXES`.
const NONE: u32 = u32::MAX;

calls! {
    fn FlsAlloc(callback: Code) -> u32 {
        or_else(nt::rtl_fls_alloc(callback.fls::<C>()), NONE)
    }

    fn FlsFree(index: u32) -> Bool {
        succeeded(nt::rtl_fls_free(index).ok())
    }

    /// The last error tells a value that is null from a failure (F16).
    fn FlsGetValue(index: u32) -> *mut c_void {
        or_else(nt::rtl_fls_get_value(index).inspect(|_| last_error::set(ERROR_SUCCESS)), null_mut())
    }

    fn FlsSetValue(index: u32, value: *mut c_void) -> Bool {
        succeeded(nt::rtl_fls_set_value(index, value).ok())
    }
}
