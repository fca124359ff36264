//! `NtQuerySystemTime`, `NtQueryPerformanceCounter`, `NtGetTickCount`: what time it is. They need no runtime and cannot fail.

use crate::sys::{clock, usage};

/// What the performance counter counts in a second: 100 ns each, as on Windows.
const FREQUENCY: u64 = clock::TICKS_PER_SECOND;

/// `NtQuerySystemTime`: the date, in units of 100 ns since 1601 (UTC). It moves when the wall clock is set.
#[must_use]
pub fn nt_query_system_time() -> u64 {
    usage::now()
}

/// `NtQueryPerformanceCounter`: a count that only grows, and how much it grows in a second, which is 10,000,000.
#[must_use]
pub fn nt_query_performance_counter() -> (u64, u64) {
    (clock::now_ns() / (1_000_000_000 / FREQUENCY), FREQUENCY)
}

/// `NtGetTickCount`, with 64 bits: milliseconds since the machine was started, those in which it slept included.
#[must_use]
pub fn nt_get_tick_count() -> u64 {
    clock::since_boot_ns() / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, SystemTime};

    #[test]
    fn the_date_is_the_machines() {
        let (before, asked, after) = (SystemTime::now(), nt_query_system_time(), SystemTime::now());
        let date = |time: SystemTime| time.duration_since(SystemTime::UNIX_EPOCH).expect("a date").as_nanos() / 100;
        let since_1970 = u128::from(asked) - 116_444_736_000_000_000;
        assert!((date(before)..=date(after)).contains(&since_1970));
    }

    #[test]
    fn counters_count_in_their_units() {
        let outer = std::time::Instant::now();
        let (count, frequency) = nt_query_performance_counter();
        let ticks = nt_get_tick_count();
        assert_eq!(frequency, 10_000_000);
        let begun = std::time::Instant::now();
        while begun.elapsed() < Duration::from_millis(20) {
            crate::sys::cpu::nap();
        }
        let (later, _) = nt_query_performance_counter();
        let later_ticks = nt_get_tick_count();
        // The clocks were read before and after; no more can have passed than from before the first to after the last.
        let most = outer.elapsed() + Duration::from_millis(1);
        let least = Duration::from_millis(19);
        let spans = [Duration::from_nanos(100 * (later - count)), Duration::from_millis(later_ticks - ticks)];
        for passed in spans {
            assert!((least..=most).contains(&passed), "{passed:?}");
        }
    }
}
