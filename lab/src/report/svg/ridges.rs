//! Distributions one above the other on a common logarithmic axis, one strip for each contender.

use super::canvas::{Anchor, Canvas};
use super::class_of;
use super::scale::Scale;
use crate::measure::Unit;
use crate::report::format::{figure, maybe, tick};
use crate::stats::{Bucket, coarser, steps_between};

/// One contender's distribution.
pub(crate) struct Ridge<'a> {
    pub(crate) name: &'a str,
    /// In ns.
    pub(crate) buckets: &'a [Bucket],
    pub(crate) median: Option<f64>,
    pub(crate) p99: Option<f64>,
}

const WIDTH: f64 = 1080.0;
const LEFT: f64 = 180.0;
const RIGHT: f64 = 840.0;
const STEP: f64 = 52.0;
const TOP: f64 = 12.0;
/// On the whole axis: narrower ones are hard to see and to point at.
const MOST_BUCKETS: f64 = 90.0;
const NS: Unit = Unit::Nanoseconds;

/// Draws all strips; `axis` names what is measured.
pub(crate) fn ridges(ridges: &[Ridge<'_>], axis: &str) -> String {
    let bottom = TOP + STEP * ridges.len() as f64;
    let mut canvas = Canvas::new(WIDTH, bottom + 44.0);
    let (from, to) = range(ridges);
    let scale = Scale::log((from, to), (LEFT, RIGHT));
    let wider = (MOST_BUCKETS.recip() * steps_between(from, to)).ceil().max(1.0) as i64;
    for value in scale.ticks() {
        let x = scale.at(value);
        canvas.line((x, TOP), (x, bottom), "grid");
        canvas.text((x, bottom + 16.0), Anchor::Middle, "tick", &tick(NS, value));
    }
    canvas.text((f64::midpoint(LEFT, RIGHT), bottom + 36.0), Anchor::Middle, "axis", axis);
    for (index, ridge) in ridges.iter().enumerate() {
        strip(&mut canvas, scale, ridge, &coarser(ridge.buckets, wider), TOP + STEP * (index + 1) as f64);
    }
    canvas.finish(&format!("Distribution for each contender: {axis}"))
}

fn strip(canvas: &mut Canvas, scale: Scale, ridge: &Ridge<'_>, buckets: &[Bucket], base: f64) {
    let class = class_of(ridge.name);
    let highest = buckets.iter().map(|bucket| bucket.share).fold(f64::MIN_POSITIVE, f64::max);
    let height = |bucket: &Bucket| (STEP - 12.0) * bucket.share / highest;
    let shown: Vec<&Bucket> = buckets.iter().filter(|bucket| scale.at(bucket.from) < scale.at(bucket.to)).collect();
    let mut outline = Vec::with_capacity(2 * shown.len() + 2);
    outline.push((shown.first().map_or(LEFT, |bucket| scale.at(bucket.from)), base));
    for bucket in &shown {
        let y = base - height(bucket);
        outline.extend([(scale.at(bucket.from), y), (scale.at(bucket.to), y)]);
    }
    outline.push((shown.last().map_or(LEFT, |bucket| scale.at(bucket.to)), base));
    canvas.path(&outline, &format!("area {class}"));
    canvas.line((LEFT, base), (RIGHT, base), "base");
    for bucket in &shown {
        let (from, to) = (scale.at(bucket.from), scale.at(bucket.to));
        let tip = format!(
            "{}: {} to {}: {:.1} % of all",
            ridge.name,
            figure(NS, bucket.from),
            figure(NS, bucket.to),
            bucket.share * 100.0
        );
        canvas.rect((from, base - STEP + 12.0), (to - from, STEP - 12.0), "hover", &tip);
    }
    canvas.text((LEFT - 12.0, base - 6.0), Anchor::End, &format!("name label {class}"), ridge.name);
    let figures = format!("median {} · p99 {}", maybe(NS, ridge.median), maybe(NS, ridge.p99));
    canvas.text((RIGHT + 14.0, base - 6.0), Anchor::Start, "name", &figures);
}

/// From the first to the last value, without the rarest 1 % at each end of each contender.
fn range(ridges: &[Ridge<'_>]) -> (f64, f64) {
    const RARE: f64 = 0.01;
    let first = |buckets: &[Bucket]| {
        let mut below = 0.0;
        buckets
            .iter()
            .find(|bucket| {
                below += bucket.share;
                below > RARE
            })
            .map(|bucket| bucket.from)
    };
    let last = |buckets: &[Bucket]| {
        let mut above = 0.0;
        buckets
            .iter()
            .rev()
            .find(|bucket| {
                above += bucket.share;
                above > RARE
            })
            .map(|bucket| bucket.to)
    };
    let from = ridges.iter().filter_map(|ridge| first(ridge.buckets)).fold(f64::INFINITY, f64::min);
    let to = ridges.iter().filter_map(|ridge| last(ridge.buckets)).fold(0.0, f64::max);
    if from < to { (from, to) } else { (1.0, 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::histogram;

    #[test]
    fn rare_outliers_do_not_stretch_the_axis() {
        let mut values: Vec<f64> = (0..1_000).map(|step| 1_000.0 + f64::from(step)).collect();
        values.push(9e9);
        let buckets = histogram(&values);
        let ridge = Ridge { name: "ntwait", buckets: &buckets, median: Some(1_500.0), p99: None };
        let (from, to) = range(&[ridge]);
        assert!(from <= 1_010.0 && to < 3_000.0, "{from} {to}");
    }

    #[test]
    fn nothing_measured_can_be_drawn() {
        let empty = Ridge { name: "gone", buckets: &[], median: None, p99: None };
        assert!(ridges(&[empty], "time").contains("median –"));
    }
}
