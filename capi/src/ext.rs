//! What Windows does not have.

#![allow(unsafe_code, reason = "memory that callers hand back")]

use core::ffi::{c_char, c_void};

/// `ntw_version`: text that ends with a zero and is never freed.
#[unsafe(no_mangle)]
extern "C" fn ntw_version() -> *const c_char {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()
}

/// `ntw_free`: what the library has allocated for a caller; null is nothing.
#[unsafe(no_mangle)]
extern "C" fn ntw_free(memory: *mut c_void) {
    // SAFETY: null, or what `malloc` gave to a caller, who hands it back once.
    unsafe { libc::free(memory) };
}
