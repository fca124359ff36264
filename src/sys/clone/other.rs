//! Stand-ins for architectures without stubs: threads are made by `pthread_create` alone there.

#![allow(unsafe_code, reason = "the same signatures as the real stubs")]

use super::{Arguments, Body, Entry};
use core::ffi::c_void;

pub(super) const RSEQ_SIGNATURE: u32 = 0;

/// # Safety
/// None: it refuses.
pub(super) unsafe extern "C" fn clone3(_: *const Arguments, _: usize, _: Entry, _: *mut c_void) -> isize {
    -(libc::ENOSYS as isize)
}

/// # Safety
/// None: it refuses.
pub(super) unsafe extern "C" fn clone(_: *const Arguments, _: Entry, _: *mut c_void) -> isize {
    -(libc::ENOSYS as isize)
}

/// # Safety
/// As [`super::enter`].
pub(super) unsafe extern "C-unwind" fn enter(body: *mut Body) -> *mut c_void {
    // SAFETY: the caller passes a body that outlives the thread.
    let run = unsafe { &*body }.run;
    // SAFETY: it is meant for this body.
    unsafe { run(body.cast()) };
    core::ptr::null_mut()
}

/// # Safety
/// As [`super::resume`], but the frames in between are unwound.
pub(super) unsafe extern "C-unwind" fn resume(_: usize) -> ! {
    // SAFETY: the caller wants the thread to end as if its entry had returned.
    unsafe { libc::pthread_exit(core::ptr::null_mut()) }
}

/// # Safety
/// None: nobody can have been cloned.
pub(super) unsafe extern "C" fn restart(_: usize, _: Entry, _: *mut c_void) -> ! {
    super::exit_task()
}

pub(super) fn reset_floating_point() {}

pub(super) fn thread_pointer() -> usize {
    0
}

pub(super) fn reset_other_base() {}

pub(super) fn has_shadow_stack() -> bool {
    false
}
