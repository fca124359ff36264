//! What Windows does not have.

#![allow(unsafe_code, reason = "the symbols' names are their own: they begin with ntw_")]

use crate::heap;
use crate::memory::{In, Out, give};
use crate::nt::wait::wait_type_of;
use crate::nt::{runtime, status};
use core::ffi::{c_char, c_void};
use nt::{Deadlock, Ended, Handle, NtStatus, Runtime, Timeout, WaitType};

/// `ntw_wait_for_objects`: the count is checked before the type, and that before the pointers, as in NT's wait (W1, W2).
#[unsafe(no_mangle)]
extern "C" fn ntw_wait_for_objects(
    count: usize,
    objects: In<Handle>,
    wait_type: u32,
    timeout: In<i64>,
    index: Out<usize>,
) -> NtStatus {
    status(|| {
        let wait_type = wait_type_of(count, Runtime::MOST_WAIT_OBJECTS, wait_type)?;
        let index = index.get()?;
        let timeout = Timeout::from_nt(timeout.get()?);
        let objects = objects.slice(count)?;
        let nt = runtime()?;
        let ended = match wait_type {
            WaitType::ANY => nt.wait_any(objects, timeout),
            _ => nt.wait_all(objects, timeout),
        };
        let (status, position) = match ended? {
            Ended::Object(position) => (NtStatus::WAIT_0, position),
            Ended::Abandoned(position) => (NtStatus::ABANDONED_WAIT_0, position),
            Ended::TimedOut => return Ok(NtStatus::TIMEOUT),
            Ended::Alerted => return Ok(NtStatus::ALERTED),
            Ended::Apc => return Ok(NtStatus::USER_APC),
        };
        give(index, position);
        Ok(status)
    })
}

/// Text for the caller to free; null if there is no memory for it.
fn text(write: impl FnOnce(&Runtime) -> String) -> *mut c_char {
    let copy = runtime().and_then(|nt| heap::copy_text(write(nt).as_bytes()));
    copy.map_or(core::ptr::null_mut(), <*mut c_void>::cast)
}

/// `ntw_wait_graph`: who waits for what, as JSON.
#[unsafe(no_mangle)]
extern "C" fn ntw_wait_graph() -> *mut c_char {
    text(|nt| nt.wait_graph().to_json())
}

/// `ntw_deadlocks`: an array of those that there are, as JSON.
#[unsafe(no_mangle)]
extern "C" fn ntw_deadlocks() -> *mut c_char {
    text(|nt| {
        let deadlocks: Vec<_> = nt.deadlocks().iter().map(Deadlock::to_json).collect();
        format!("[{}]", deadlocks.join(","))
    })
}

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
