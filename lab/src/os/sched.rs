//! Whether a woken thread may push its waker off the CPU.

#![allow(unsafe_code, reason = "one call of libc that rustix does not wrap")]

use std::ffi::c_int;

/// `struct sched_param` of `sched.h`.
#[repr(C)]
struct SchedParam {
    priority: c_int,
}

// SAFETY: this is the declaration in `sched.h`.
unsafe extern "C" {
    fn sched_setscheduler(thread: c_int, policy: c_int, param: *const SchedParam) -> c_int;
}

/// Makes the calling thread a batch thread, which never preempts another one by waking up. With both sides of a
/// one-CPU exchange so, every wait really sleeps and every hand-off is the same two switches. Needs no privilege;
/// where it is refused nothing changes.
pub(crate) fn run_in_batches() {
    const THIS_THREAD: c_int = 0;
    const SCHED_BATCH: c_int = 3;
    let param = SchedParam { priority: 0 };
    // SAFETY: `param` is a valid sched_param for the whole call, which only reads it.
    unsafe { sched_setscheduler(THIS_THREAD, SCHED_BATCH, &raw const param) };
}
