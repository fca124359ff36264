//! Timers: the steps that tests repeat, and what can be seen of one.

#![allow(unsafe_code, reason = "an APC that looks at its context")]

use core::ffi::c_void;
use core::ptr::null_mut;

use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, Runtime, TimerApc, TimerApcRoutine, TimerSet, TimerType};

use super::nt_threads::Log;
use super::{Nt, now_1601};

pub(crate) const NOTIFICATION: TimerType = TimerType::NOTIFICATION;
pub(crate) const SYNCHRONIZATION: TimerType = TimerType::SYNCHRONIZATION;
pub(crate) const TIMER_TYPES: [TimerType; 2] = [NOTIFICATION, SYNCHRONIZATION];
pub(crate) const TIMER_RIGHTS: AccessMask = AccessMask::TIMER_ALL_ACCESS;

/// Later than any test lasts.
pub(crate) const FAR: i64 = -3_600 * 10_000_000;
/// A moment that has passed.
pub(crate) const NOW: i64 = 0;

/// So many milliseconds from now, as a due time.
pub(crate) const fn in_ms(n: i64) -> i64 {
    -n * 10_000
}

/// So many microseconds from now, as a due time.
pub(crate) const fn in_us(n: i64) -> i64 {
    -n * 10
}

/// So many milliseconds from now, as an absolute due time.
pub(crate) fn date_in_ms(n: i64) -> i64 {
    now_1601() + n * 10_000
}

pub(crate) fn create_in(nt: &Runtime, timer_type: TimerType) -> Result<Handle, NtStatus> {
    nt.nt_create_timer(TIMER_RIGHTS, ObjectAttributes::NONE, timer_type)
}

impl Nt {
    #[track_caller]
    pub(crate) fn timer(self, timer_type: TimerType) -> Handle {
        create_in(self.0, timer_type).expect("a timer")
    }

    /// Sets a timer, without an APC; the state before.
    #[track_caller]
    pub(crate) fn set_timer(self, timer: Handle, due: i64, period_ms: i32) -> bool {
        self.set_timer_with(timer, due, None, period_ms)
    }

    /// Sets a timer; the state before.
    #[track_caller]
    pub(crate) fn set_timer_with(self, timer: Handle, due: i64, apc: Option<TimerApc>, period_ms: i32) -> bool {
        let set = self.nt_set_timer(timer, due, apc, false, period_ms);
        let TimerSet { status, previous_state } = set.expect("a timer that can be set");
        assert_eq!(status, NtStatus::SUCCESS);
        previous_state
    }

    #[track_caller]
    pub(crate) fn cancel(self, timer: Handle) -> bool {
        self.nt_cancel_timer(timer).expect("a timer that can be cancelled")
    }

    /// `(remaining time, state)`.
    #[track_caller]
    pub(crate) fn look_at_timer(self, timer: Handle) -> (i64, bool) {
        let mut bytes = [0xAA; 16];
        let mut length = 0xDEAD_BEEF;
        assert_eq!(self.nt_query_timer(timer, 0, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
        assert_eq!((length, &bytes[9..]), (16, &[0; 7][..]));
        (i64::from_ne_bytes(bytes[..8].try_into().expect("eight bytes")), bytes[8] != 0)
    }

    #[track_caller]
    pub(crate) fn has_expired(self, timer: Handle) -> bool {
        self.look_at_timer(timer).1
    }
}

/// An APC that notes this number.
pub(crate) fn noting(log: &'static Log, value: usize) -> Option<TimerApc> {
    let context = Box::into_raw(Box::new((log, value)));
    Some(TimerApc { routine: TimerApcRoutine::C(note), context: context.cast() })
}

extern "C" fn note(context: *mut c_void, _low: u32, _high: i32) {
    // SAFETY: `noting` passes a pair that lives for ever.
    let (log, value) = unsafe { *context.cast::<(&'static Log, usize)>() };
    log.add(value);
}

/// An APC that does nothing.
pub(crate) fn idle_apc() -> TimerApc {
    extern "C" fn idle(_context: *mut c_void, _low: u32, _high: i32) {}
    TimerApc { routine: TimerApcRoutine::C(idle), context: null_mut() }
}

/// How many threads of this process have this name.
pub(crate) fn threads_named(name: &str) -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the task directory");
    let names = tasks.flatten().filter_map(|task| std::fs::read_to_string(task.path().join("comm")).ok());
    names.filter(|known| known.trim() == name).count()
}
