//! Time-outs as callers say them, deadlines as the kernel takes them.
//!
//! A [`Timeout`] becomes a [`Deadline`] once, when a wait is about to block: absolute from then on, on the
//! monotonic clock for relative times and on the wall clock for absolute ones (D1, D3). A step of the wall clock
//! therefore moves absolute time-outs and no others.

use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

/// 100 ns ticks in a second: NT's unit of time.
pub(crate) const TICKS_PER_SECOND: u64 = 10_000_000;
/// Seconds from 1601-01-01, where NT's absolute times begin, to 1970-01-01.
pub(crate) const NT_EPOCH_SECONDS: u64 = 11_644_473_600;

/// How long a wait may last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Timeout {
    /// For ever.
    #[default]
    Never,
    /// Not at all: look, take what is there, and return.
    Poll,
    /// For this long from now, whatever happens to the wall clock. Zero is a poll.
    After(Duration),
    /// Until the wall clock shows this; if the clock is set, the end of the wait moves with it. The past is a poll.
    At(SystemTime),
}

impl From<Duration> for Timeout {
    fn from(duration: Duration) -> Self {
        Self::After(duration)
    }
}

/// `None` is for ever.
impl From<Option<Duration>> for Timeout {
    fn from(duration: Option<Duration>) -> Self {
        duration.map_or(Self::Never, Self::After)
    }
}

impl From<SystemTime> for Timeout {
    fn from(time: SystemTime) -> Self {
        Self::At(time)
    }
}

impl Timeout {
    /// NT's form, in units of 100 ns (D1): nothing is for ever, 0 a poll, negative relative, positive absolute
    /// since 1601 (UTC). Every value has a meaning; none overflows.
    #[inline]
    #[must_use]
    pub fn from_nt(ticks_100ns: Option<i64>) -> Self {
        match ticks_100ns {
            None => Self::Never,
            Some(0) => Self::Poll,
            Some(ticks) if ticks < 0 => Self::After(from_ticks(ticks.unsigned_abs())),
            Some(ticks) => {
                Self::At(UNIX_EPOCH - Duration::from_secs(NT_EPOCH_SECONDS) + from_ticks(ticks.unsigned_abs()))
            }
        }
    }

    /// Win32's form, in milliseconds (W44): `u32::MAX` is for ever.
    #[inline]
    #[must_use]
    pub fn from_millis(milliseconds: u32) -> Self {
        match milliseconds {
            u32::MAX => Self::Never,
            0 => Self::Poll,
            ms => Self::After(Duration::from_millis(u64::from(ms))),
        }
    }

    /// Does this ask for a look only? A relative time of zero does; an absolute one is not compared here.
    #[inline]
    pub(crate) fn is_poll(&self) -> bool {
        matches!(self, Self::Poll | Self::After(Duration::ZERO))
    }
}

fn from_ticks(ticks: u64) -> Duration {
    Duration::new(ticks / TICKS_PER_SECOND, (ticks % TICKS_PER_SECOND) as u32 * 100)
}

/// What a deadline is a moment of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Clock {
    /// There is none.
    Never = 0,
    Monotonic,
    Realtime,
}

#[cfg(not(ntwait_loom))]
mod real {
    use super::Clock;
    use super::{Duration, SystemTime, Timeout, UNIX_EPOCH};
    use rustix::thread::ClockId;
    use rustix::time::{Timespec, clock_gettime};

    /// The monotonic clock, in nanoseconds.
    pub(crate) fn now_ns() -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }

    /// The wall clock, in nanoseconds since 1970.
    pub(crate) fn realtime_ns() -> u64 {
        let now = clock_gettime(ClockId::Realtime);
        (now.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(now.tv_nsec as u64)
    }

    /// As [`now_ns`], but some milliseconds old, and had for less.
    pub(crate) fn coarse_now_ns() -> u64 {
        let now = clock_gettime(ClockId::MonotonicCoarse);
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }

    /// As [`now_ns`], and counts on while the machine sleeps.
    pub(crate) fn since_boot_ns() -> u64 {
        let now = clock_gettime(ClockId::Boottime);
        now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
    }

    /// The absolute end of a wait.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Deadline {
        Never,
        Monotonic(Timespec),
        Realtime(Timespec),
    }

    impl Deadline {
        pub(crate) fn new(timeout: Timeout) -> Self {
            match timeout {
                Timeout::Never => Self::Never,
                Timeout::Poll => Self::Monotonic(Timespec::default()),
                Timeout::After(span) => {
                    add(clock_gettime(ClockId::Monotonic), span).map_or(Self::Never, Self::Monotonic)
                }
                Timeout::At(time) => Self::Realtime(since_epoch(time)),
            }
        }

        /// A moment of [`now_ns`].
        pub(crate) fn at_ns(moment: u64) -> Self {
            let (tv_sec, tv_nsec) = (moment / 1_000_000_000, moment % 1_000_000_000);
            Self::Monotonic(Timespec { tv_sec: tv_sec as i64, tv_nsec: tv_nsec as i64 })
        }

        /// For those who ask what a thread waits for: of which clock, and the moment in nanoseconds.
        pub(crate) fn told(&self) -> (Clock, u64) {
            let ns = |at: &Timespec| (at.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(at.tv_nsec as u64);
            match self {
                Self::Never => (Clock::Never, 0),
                Self::Monotonic(at) => (Clock::Monotonic, ns(at)),
                Self::Realtime(at) => (Clock::Realtime, ns(at)),
            }
        }

        pub(crate) fn has_passed(&self) -> bool {
            match self {
                Self::Never => false,
                Self::Monotonic(at) => clock_gettime(ClockId::Monotonic) >= *at,
                Self::Realtime(at) => clock_gettime(ClockId::Realtime) >= *at,
            }
        }
    }

    /// `None` when the sum is beyond the end of time, some 292 milliard years from now.
    fn add(now: Timespec, span: Duration) -> Option<Timespec> {
        let nanos = now.tv_nsec + i64::from(span.subsec_nanos());
        let carry = nanos / 1_000_000_000;
        let seconds = i64::try_from(span.as_secs()).ok()?;
        Some(Timespec { tv_sec: now.tv_sec.checked_add(seconds)?.checked_add(carry)?, tv_nsec: nanos % 1_000_000_000 })
    }

    /// Times before 1970 are as far past as 1970 itself.
    fn since_epoch(time: SystemTime) -> Timespec {
        let span = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Timespec { tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(span.subsec_nanos()) }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use real::{Deadline, coarse_now_ns, now_ns, realtime_ns, since_boot_ns};

#[cfg(ntwait_loom)]
mod modelled {
    use super::super::model;
    use super::{Clock, Timeout};

    /// A model's clock stands still for those who look at it.
    pub(crate) fn now_ns() -> u64 {
        0
    }

    pub(crate) fn coarse_now_ns() -> u64 {
        0
    }

    pub(crate) fn realtime_ns() -> u64 {
        0
    }

    /// A model has one clock and one future moment on it, which comes when a thread of the model says so.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Deadline {
        Never,
        Passed,
        Later,
    }

    impl Deadline {
        pub(crate) fn new(timeout: Timeout) -> Self {
            match timeout {
                Timeout::Never => Self::Never,
                timeout if timeout.is_poll() => Self::Passed,
                _ => Self::Later,
            }
        }

        pub(crate) fn has_passed(&self) -> bool {
            matches!(self, Self::Passed) || matches!(self, Self::Later) && model::time_has_passed()
        }

        /// As the real one: a future moment is 1.
        pub(crate) fn told(&self) -> (Clock, u64) {
            match self {
                Self::Never => (Clock::Never, 0),
                Self::Passed => (Clock::Monotonic, 0),
                Self::Later => (Clock::Monotonic, 1),
            }
        }

        pub(crate) fn has_passed_in(&self, later_has_come: bool) -> bool {
            matches!(self, Self::Passed) || matches!(self, Self::Later) && later_has_come
        }
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::{Deadline, coarse_now_ns, now_ns, realtime_ns};

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    #[test]
    fn d1_table_of_nt_times() {
        let epoch_1601 = UNIX_EPOCH - Duration::from_secs(NT_EPOCH_SECONDS);
        let table = [
            (None, Timeout::Never),
            (Some(0), Timeout::Poll),
            (Some(-1), Timeout::After(Duration::from_nanos(100))),
            (Some(-10_000), Timeout::After(Duration::from_millis(1))),
            (Some(i64::MIN), Timeout::After(Duration::new(922_337_203_685, 477_580_800))),
            (Some(1), Timeout::At(epoch_1601 + Duration::from_nanos(100))),
            (Some(116_444_736_000_000_000), Timeout::At(UNIX_EPOCH)),
            (Some(i64::MAX), Timeout::At(epoch_1601 + Duration::new(922_337_203_685, 477_580_700))),
        ];
        for (ticks, timeout) in table {
            assert_eq!(Timeout::from_nt(ticks), timeout, "{ticks:?}");
        }
    }

    #[test]
    fn w44_milliseconds() {
        assert_eq!(Timeout::from_millis(u32::MAX), Timeout::Never);
        assert_eq!(Timeout::from_millis(0), Timeout::Poll);
        assert_eq!(Timeout::from_millis(5_000), Timeout::After(Duration::from_secs(5)));
    }

    #[test]
    fn deadlines_neither_overflow_nor_run_backwards() {
        assert!(matches!(Deadline::new(Timeout::After(Duration::MAX)), Deadline::Never));
        assert!(!Deadline::new(Timeout::from_nt(Some(i64::MIN))).has_passed());
        assert!(!Deadline::new(Timeout::from_nt(Some(i64::MAX))).has_passed());
        assert!(Deadline::new(Timeout::from_nt(Some(1))).has_passed());
        assert!(Deadline::new(Timeout::Poll).has_passed());
    }
}
