//! `ntw_export_fd`, `ntw_import_fd`, `ntw_open_process`: objects and what Linux has.

#![allow(unsafe_code, reason = "the symbols' names are their own, and a descriptor by its number")]

use crate::memory::Out;
use crate::nt::{runtime, status};
use core::ffi::{c_int, c_short};
use nt::{Handle, Interest, NtStatus, Runtime};
use std::os::fd::{BorrowedFd, IntoRawFd};

/// What a failure is called where descriptors are at home.
const fn errno(status: NtStatus) -> c_int {
    match status {
        NtStatus::INVALID_HANDLE => libc::EBADF,
        NtStatus::ACCESS_DENIED => libc::EACCES,
        NtStatus::ACCESS_VIOLATION | NtStatus::DATATYPE_MISALIGNMENT => libc::EFAULT,
        NtStatus::TOO_MANY_OPENED_FILES => libc::EMFILE,
        _ => libc::ENOMEM,
    }
}

/// `ntw_export_fd`: 0 or a negative errno. The place is probed first, and holds -1 unless the call succeeds.
#[unsafe(no_mangle)]
extern "C" fn ntw_export_fd(object: Handle, descriptor: Out<c_int>) -> c_int {
    let export = || {
        let place = descriptor.require()?;
        place.set(-1);
        runtime()?.export_fd(object).map(|descriptor| place.set(descriptor.into_raw_fd()))
    };
    export().map_or_else(|status| -errno(status), |()| 0)
}

/// `ntw_import_fd`: `events` are those of poll(2).
#[unsafe(no_mangle)]
extern "C" fn ntw_import_fd(descriptor: c_int, events: c_short, object: Out<Handle>) -> NtStatus {
    hand_out(object, |nt| {
        if descriptor < 0 {
            return Err(NtStatus::INVALID_HANDLE);
        }
        // SAFETY: not -1. The kernel looks whether it is open; if not, nothing is done.
        let descriptor = unsafe { BorrowedFd::borrow_raw(descriptor) };
        nt.import_fd(descriptor, Interest::from_bits_retain(u32::from(events.cast_unsigned())))
    })
}

/// `ntw_open_process`: by the number that Linux gave it.
#[unsafe(no_mangle)]
extern "C" fn ntw_open_process(pid: u32, object: Out<Handle>) -> NtStatus {
    hand_out(object, |nt| nt.open_process(pid))
}

/// A handle into its place, which is probed before anything is done, and holds 0 unless the call succeeds.
fn hand_out(object: Out<Handle>, make: impl FnOnce(&Runtime) -> Result<Handle, NtStatus>) -> NtStatus {
    status(|| {
        let place = object.require()?;
        place.set(Handle::NULL);
        place.set(make(runtime()?)?);
        Ok(NtStatus::SUCCESS)
    })
}
