//! What Windows does not have.

#![allow(unsafe_code, reason = "the symbols' names are their own: they begin with ntw_")]

use crate::heap;
use core::ffi::{c_char, c_void};

/// `ntw_version`: text that ends with a zero and is never freed.
#[unsafe(no_mangle)]
extern "C" fn ntw_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// `ntw_free`: what the library has allocated for a caller; null is nothing.
#[unsafe(no_mangle)]
extern "C" fn ntw_free(memory: *mut c_void) {
    heap::free(memory);
}
