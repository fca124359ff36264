//! Medians, quantiles and logarithmic histograms.

use serde::Serialize;

/// The value below which a share `q` (0 to 1) of `values` lies, interpolated between neighbours. `None` of nothing.
pub(crate) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let place = q.clamp(0.0, 1.0) * last as f64;
    let below = sorted[place.floor() as usize];
    let above = sorted[place.ceil() as usize];
    Some(below + (above - below) * place.fract())
}

/// The middle value. `None` of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// How often values fell between two bounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Bucket {
    /// Lower bound, included.
    pub(crate) from: f64,
    /// Upper bound, excluded.
    pub(crate) to: f64,
    /// Share of all values, 0 to 1.
    pub(crate) share: f64,
}

/// Buckets per doubling: neighbours differ by about 2 %.
const STEPS: f64 = 32.0;

/// A histogram with buckets of equal ratio, from the first to the last that is not empty. Values ≤ 0 are left out.
pub(crate) fn histogram(values: &[f64]) -> Vec<Bucket> {
    let step = |value: f64| (value.log2() * STEPS).floor() as i64;
    let steps: Vec<i64> = values.iter().filter(|value| **value > 0.0).map(|value| step(*value)).collect();
    let (Some(first), Some(last)) = (steps.iter().min().copied(), steps.iter().max().copied()) else {
        return Vec::new();
    };
    let mut counts = vec![0u64; usize::try_from(last - first).unwrap_or(0) + 1];
    for at in &steps {
        counts[usize::try_from(at - first).unwrap_or(0)] += 1;
    }
    let bound = |at: i64| (at as f64 / STEPS).exp2();
    let bucket = |(at, count): (i64, u64)| Bucket {
        from: bound(at),
        to: bound(at + 1),
        share: count as f64 / steps.len() as f64,
    };
    (first..).zip(counts).map(bucket).collect()
}

/// The same histogram with buckets `times` as wide. Bounds fall on the same places for all histograms.
pub(crate) fn coarser(buckets: &[Bucket], times: i64) -> Vec<Bucket> {
    let group = |bucket: &Bucket| ((bucket.from.log2() * STEPS).round() as i64).div_euclid(times);
    let same_group = |a: &Bucket, b: &Bucket| group(a) == group(b);
    let bound = |group: i64| ((group * times) as f64 / STEPS).exp2();
    let merged = |some: &[Bucket]| {
        let at = some.first().map_or(0, group);
        Bucket { from: bound(at), to: bound(at + 1), share: some.iter().map(|bucket| bucket.share).sum() }
    };
    buckets.chunk_by(same_group).map(merged).collect()
}

/// How many doublings lie between two values, in buckets of [`histogram`].
pub(crate) fn steps_between(from: f64, to: f64) -> f64 {
    (to / from).log2() * STEPS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0]), Some(3.0));
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        let hundred: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(quantile(&hundred, 0.99), Some(99.0));
        assert_eq!(quantile(&hundred, 2.0), Some(100.0));
    }

    #[test]
    fn buckets_cover_every_value_once() {
        let values = [1.0, 1.05, 2.0, 900.0, -1.0];
        let buckets = histogram(&values);
        let total: f64 = buckets.iter().map(|bucket| bucket.share).sum();
        assert!((total - 1.0).abs() < 1e-12);
        assert!(buckets[0].from <= 1.0 && buckets[0].share > 0.0);
        assert!(buckets.windows(2).all(|pair| pair[0].to == pair[1].from));
        assert!(buckets[buckets.len() - 1].to > 900.0);
        assert!(histogram(&[]).is_empty());
    }

    #[test]
    fn coarser_buckets_hold_the_same() {
        let values: Vec<f64> = (1..1_000).map(f64::from).collect();
        let fine = histogram(&values);
        let wide = coarser(&fine, 4);
        let total: f64 = wide.iter().map(|bucket| bucket.share).sum();
        assert!((total - 1.0).abs() < 1e-9);
        assert!(wide.len() <= fine.len() / 4 + 2);
        assert!(wide.windows(2).all(|pair| (pair[0].to - pair[1].from).abs() < 1e-9 * pair[0].to));
        assert_eq!(coarser(&fine, 1).len(), fine.len());
    }
}
