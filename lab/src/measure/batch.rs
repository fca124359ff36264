//! Timing short operations: in batches that are long against the clock, or one by one.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::Sample;
use crate::stats::quantile;

/// A batch lasts at least this long, so that reading the clock does not count.
const BATCH: Duration = Duration::from_micros(20);

/// Runs `work(n)`, which does `n` operations, in batches for about `slice`. The first eighth is warm-up. The sample is
/// in ns for one operation: the median batch, and all batches as its spread.
pub(crate) fn batches(slice: Duration, mut work: impl FnMut(u64)) -> Sample {
    let start = Instant::now();
    let size = warm_up(start, slice / 8, &mut work);
    let mut spread = Vec::with_capacity(4096);
    while spread.is_empty() || start.elapsed() < slice {
        spread.push(timed(&mut work, size).as_nanos() as f64 / size as f64);
    }
    Sample::of(spread)
}

/// Times each call of `operation` alone, for about `slice`; in ns, one reading of the clock included.
pub(crate) fn singles(slice: Duration, mut operation: impl FnMut()) -> Vec<f64> {
    let mut spread = Vec::with_capacity(16_384);
    let start = Instant::now();
    let mut last = start;
    while spread.is_empty() || last - start < slice {
        operation();
        let now = Instant::now();
        spread.push((now - last).as_nanos() as f64);
        last = now;
    }
    spread
}

/// Price of one locked read-modify-write instruction on a line that nobody else uses, in ns: the yardstick by which
/// absolute targets are scaled to other machines. The tenth percentile, because only disturbances make it longer.
pub(crate) fn locked_rmw_ns(slice: Duration) -> f64 {
    let word = AtomicU64::new(0);
    let sample = batches(slice, |n| {
        for _ in 0..n {
            black_box(&word).fetch_add(1, Ordering::SeqCst);
        }
    });
    quantile(&sample.spread, 0.1).unwrap_or(f64::NAN)
}

/// Doubles the batch until it is long enough and the warm-up time has passed.
fn warm_up(start: Instant, time: Duration, work: &mut impl FnMut(u64)) -> u64 {
    let mut size = 1;
    loop {
        let long_enough = timed(work, size) >= BATCH;
        if !long_enough {
            size *= 2;
        } else if start.elapsed() >= time {
            return size;
        }
    }
}

/// Not inlined: warm-up and measurement run the same machine code.
#[inline(never)]
fn timed(work: &mut impl FnMut(u64), size: u64) -> Duration {
    let start = Instant::now();
    work(size);
    start.elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_pause_is_found_again() {
        let pause = Duration::from_micros(300);
        let spin = || {
            let start = Instant::now();
            while start.elapsed() < pause {}
        };
        let sample = batches(Duration::from_millis(10), |n| (0..n).for_each(|_| spin()));
        assert!(sample.value >= 300_000.0, "{}", sample.value);
        assert!(singles(Duration::from_millis(3), spin).iter().all(|ns| *ns >= 300_000.0));
    }

    #[test]
    fn a_locked_instruction_costs_something() {
        let ns = locked_rmw_ns(Duration::from_millis(5));
        assert!(ns > 0.1 && ns < 1_000.0, "{ns}");
    }
}
