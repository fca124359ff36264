//! The last error, which each thread has for itself.

use core::cell::Cell;
use nt::NtStatus;

thread_local! {
    static LAST_ERROR: Cell<u32> = const { Cell::new(0) };
}

pub(crate) const ERROR_SUCCESS: u32 = 0;
pub(crate) const ERROR_INVALID_HANDLE: u32 = 6;
pub(crate) const ERROR_NOT_SUPPORTED: u32 = 50;
pub(crate) const ERROR_ALREADY_EXISTS: u32 = 183;

#[inline]
pub(crate) fn get() -> u32 {
    LAST_ERROR.get()
}

#[inline]
pub(crate) fn set(error: u32) {
    LAST_ERROR.set(error);
}

/// Sets the error that the status stands for.
#[cold]
pub(crate) fn set_status(status: NtStatus) {
    set(status.to_dos_error());
}
