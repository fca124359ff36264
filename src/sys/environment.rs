//! What the environment asks of this library.
//!
//! A program that runs with more rights than who started it (set-user-ID, file capabilities) takes no orders from the
//! environment, which is that user's: it could be made to append to a file of another's.

#![allow(unsafe_code, reason = "one question to the C library")]

use std::ffi::OsString;

/// The variable's value, if it is there and to be trusted.
pub(crate) fn value_of(variable: &str) -> Option<OsString> {
    // SAFETY: takes a number only.
    let is_secure = unsafe { libc::getauxval(libc::AT_SECURE) } != 0;
    if is_secure { None } else { std::env::var_os(variable) }
}
