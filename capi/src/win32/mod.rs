//! The Win32 layer: milliseconds, last errors, names without directories. What it does that `Nt*` does not stands here; the
//! rest is the runtime's.

mod address;
mod barrier;
mod condition;
mod critical_section;
mod event;
mod init_once;
mod names;
mod srw;

use crate::export::Export;
use crate::last_error;
use crate::memory::{In, plain};
use core::ffi::c_void;
use nt::{HandleAttributes, NtStatus};

/// All calls, by file.
pub(crate) const CALLS: &[&[Export]] = &[
    address::CALLS,
    barrier::CALLS,
    condition::CALLS,
    critical_section::CALLS,
    event::CALLS,
    init_once::CALLS,
    srw::CALLS,
];

/// `BOOL`.
pub(crate) type Bool = i32;
pub(crate) const TRUE: Bool = 1;
pub(crate) const FALSE: Bool = 0;

/// For ever, in milliseconds.
pub(crate) const INFINITE: u32 = u32::MAX;

/// `SECURITY_ATTRIBUTES` in the caller's memory. The descriptor is not looked at.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct RawSecurity {
    length: u32,
    descriptor: *mut c_void,
    inherit: Bool,
}

plain!(RawSecurity);

const _: () = assert!(size_of::<RawSecurity>() == 24);

pub(crate) type Security = In<RawSecurity>;

/// The attributes of a handle that is inherited or not.
pub(crate) fn inherited(inherit: bool) -> HandleAttributes {
    if inherit { HandleAttributes::INHERIT } else { HandleAttributes::empty() }
}

/// The attributes that a `SECURITY_ATTRIBUTES` asks for; none are none.
pub(crate) fn handle_attributes(security: Security) -> Result<HandleAttributes, NtStatus> {
    Ok(inherited(security.get()?.is_some_and(|security| security.inherit != FALSE)))
}

/// The answer of a call that fails with `failure` and the last error of the status. Success leaves the last error alone.
#[inline]
pub(crate) fn or_else<T>(result: Result<T, NtStatus>, failure: T) -> T {
    result.unwrap_or_else(|status| {
        last_error::set_status(status);
        failure
    })
}

/// `TRUE`, or `FALSE` and the last error.
#[inline]
pub(crate) fn succeeded<T>(result: Result<T, NtStatus>) -> Bool {
    or_else(result.map(|_| TRUE), FALSE)
}

/// `TRUE` if that ended well and in time; else `FALSE`, and the last error says which it was: `ERROR_TIMEOUT` for a time-out.
pub(crate) fn in_time(status: NtStatus) -> Bool {
    succeeded(if status == NtStatus::TIMEOUT { Err(status) } else { status.ok() })
}

/// A time-out in milliseconds as NT has it (W44): none is for ever.
pub(crate) fn timeout(milliseconds: u32) -> Option<i64> {
    (milliseconds != INFINITE).then(|| i64::from(milliseconds) * -10_000)
}
