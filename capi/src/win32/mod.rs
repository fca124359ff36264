//! The Win32 layer: milliseconds, last errors, names without directories. What it does that `Nt*` does not stands here; the
//! rest is the runtime's.

mod address;
mod apc;
mod barrier;
mod clock;
mod condition;
mod critical_section;
mod error;
mod event;
mod fls;
mod handle;
mod init_once;
mod mutex;
mod names;
mod priority;
mod process;
mod registered_wait;
mod semaphore;
mod srw;
mod thread;
mod thread_name;
mod timer;
mod tls;
mod wait;

use crate::export::Export;
use crate::last_error;
use crate::memory::{In, Out, Plain, give, plain};
use crate::nt::runtime;
use core::ffi::c_void;
use nt::{HandleAttributes, NtStatus, Runtime};

/// All calls, by file.
pub(crate) const CALLS: &[&[Export]] = &[
    address::CALLS,
    apc::CALLS,
    barrier::CALLS,
    clock::CALLS,
    condition::CALLS,
    critical_section::CALLS,
    error::CALLS,
    event::CALLS,
    fls::CALLS,
    handle::CALLS,
    init_once::CALLS,
    mutex::CALLS,
    priority::CALLS,
    process::CALLS,
    registered_wait::CALLS,
    semaphore::CALLS,
    srw::CALLS,
    thread::CALLS,
    thread_name::CALLS,
    timer::CALLS,
    tls::CALLS,
    wait::CALLS,
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

/// As [`succeeded`], for a call that answers with a status.
#[inline]
pub(crate) fn done(call: impl FnOnce(&Runtime) -> NtStatus) -> Bool {
    succeeded(runtime().and_then(|nt| call(nt).ok()))
}

/// A call that tells something, if it succeeds. The place is probed before anything is done (E19).
#[inline]
pub(crate) fn telling<T: Plain>(place: Out<T>, call: impl FnOnce(&Runtime) -> Result<T, NtStatus>) -> Bool {
    succeeded(place.require().and_then(|place| call(runtime()?).map(|value| place.set(value))))
}

/// The same for what need not be wanted.
#[inline]
pub(crate) fn perhaps_telling<T: Plain>(place: Out<T>, call: impl FnOnce(&Runtime) -> Result<T, NtStatus>) -> Bool {
    succeeded(place.get().and_then(|place| call(runtime()?).map(|value| give(place, value))))
}

/// Win32's milliseconds in NT's units: relative, or none for ever (W44).
#[inline]
pub(crate) fn timeout(milliseconds: u32) -> Option<i64> {
    const TICKS: i64 = 10_000;
    (milliseconds != INFINITE).then(|| -i64::from(milliseconds) * TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn w44_milliseconds_in_units_of_100_ns() {
        let table = [(0, Some(0)), (1, Some(-10_000)), (u32::MAX - 1, Some(-42_949_672_940_000)), (u32::MAX, None)];
        for (milliseconds, ticks) in table {
            assert_eq!(timeout(milliseconds), ticks, "{milliseconds}");
        }
    }
}
