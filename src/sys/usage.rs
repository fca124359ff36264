//! What time it is, and how much of it the calling thread has used, in NT's unit of 100 ns.

#![allow(unsafe_code, reason = "getrusage, which rustix does not have")]

/// Processor time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) kernel: u64,
    pub(crate) user: u64,
}

#[cfg(not(ntwait_loom))]
mod real {
    use super::Usage;
    use crate::sys::clock::{NT_EPOCH_SECONDS, TICKS_PER_SECOND};
    use rustix::thread::ClockId;
    use rustix::time::clock_gettime;

    /// The date, since 1601.
    pub(crate) fn now() -> u64 {
        let now = clock_gettime(ClockId::Realtime);
        (now.tv_sec as u64 + NT_EPOCH_SECONDS) * TICKS_PER_SECOND + now.tv_nsec as u64 / 100
    }

    /// What the Linux thread has used since it began.
    pub(crate) fn of_this_thread() -> Usage {
        let mut usage = core::mem::MaybeUninit::<libc::rusage>::zeroed();
        // SAFETY: a buffer of the right type.
        unsafe { libc::getrusage(libc::RUSAGE_THREAD, usage.as_mut_ptr()) };
        // SAFETY: integers, zero if the call did nothing.
        let usage = unsafe { usage.assume_init() };
        let ticks = |time: libc::timeval| time.tv_sec as u64 * TICKS_PER_SECOND + time.tv_usec as u64 * 10;
        Usage { kernel: ticks(usage.ru_stime), user: ticks(usage.ru_utime) }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::{now, of_this_thread};

/// A model's time stands still.
#[cfg(ntwait_loom)]
pub(crate) fn now() -> u64 {
    0
}

#[cfg(ntwait_loom)]
pub(crate) fn of_this_thread() -> Usage {
    Usage::default()
}
