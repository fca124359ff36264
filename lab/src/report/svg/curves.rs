//! Cost over size, both axes logarithmic, one curve for each contender with its name at its end.

use super::canvas::{Anchor, Canvas};
use super::class_of;
use super::scale::Scale;
use crate::measure::Unit;
use crate::report::format::{figure, tick};

/// One contender's curve.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    /// Size and ns, by size.
    pub(crate) points: Vec<(f64, f64)>,
}

const WIDTH: f64 = 1080.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 84.0;
const RIGHT: f64 = 850.0;
const TOP: f64 = 34.0;
const BOTTOM: f64 = 340.0;
/// Names at the curves' ends keep this distance.
const NAME_STEP: f64 = 17.0;
const NS: Unit = Unit::Nanoseconds;

/// Draws all curves; `across` names the sizes, `up` what is measured.
pub(crate) fn curves(curves: &[Curve], across: &str, up: &str) -> String {
    let mut canvas = Canvas::new(WIDTH, HEIGHT);
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let (x_from, x_to) = bounds(all().map(|point| point.0));
    let (y_from, y_to) = bounds(all().map(|point| point.1));
    let x = Scale::log((x_from, x_to), (LEFT + 10.0, RIGHT));
    let y = Scale::log((y_from * 0.8, y_to * 1.25), (BOTTOM, TOP));
    for value in y.ticks() {
        canvas.line((LEFT, y.at(value)), (RIGHT, y.at(value)), "grid");
        canvas.text((LEFT - 8.0, y.at(value) + 4.0), Anchor::End, "tick", &tick(NS, value));
    }
    let mut sizes: Vec<f64> = all().map(|point| point.0).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.dedup();
    for size in sizes {
        canvas.line((x.at(size), BOTTOM), (x.at(size), BOTTOM + 5.0), "base");
        canvas.text((x.at(size), BOTTOM + 20.0), Anchor::Middle, "tick", &format!("{size:.0}"));
    }
    canvas.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "base");
    canvas.text((f64::midpoint(LEFT, RIGHT), BOTTOM + 42.0), Anchor::Middle, "axis", across);
    canvas.text((LEFT - 60.0, TOP - 18.0), Anchor::Start, "axis", up);
    for curve in curves {
        draw(&mut canvas, curve, x, y);
    }
    names(&mut canvas, curves, y);
    canvas.finish(&format!("{up} over {across}"))
}

fn draw(canvas: &mut Canvas, curve: &Curve, x: Scale, y: Scale) {
    let class = class_of(curve.name);
    let places: Vec<(f64, f64)> = curve.points.iter().map(|(size, ns)| (x.at(*size), y.at(*ns))).collect();
    canvas.path(&places, &format!("curve {class}"));
    for ((size, ns), place) in curve.points.iter().zip(places) {
        canvas.dot(place, &format!("dot {class}"), &format!("{}, {size:.0}: {}", curve.name, figure(NS, *ns)));
    }
}

/// Each curve's name and last figure at its end, moved apart where ends are close.
fn names(canvas: &mut Canvas, curves: &[Curve], y: Scale) {
    let mut ends: Vec<(f64, &Curve, f64)> =
        curves.iter().filter_map(|curve| curve.points.last().map(|(_, ns)| (y.at(*ns), curve, *ns))).collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let places = apart(&ends.iter().map(|end| end.0).collect::<Vec<_>>(), NAME_STEP, BOTTOM);
    for ((end, curve, ns), place) in ends.into_iter().zip(places) {
        canvas.line((RIGHT + 7.0, end), (RIGHT + 20.0, place), "grid");
        let text = format!("{} {}", curve.name, figure(NS, ns));
        canvas.text((RIGHT + 24.0, place + 4.0), Anchor::Start, &format!("name label {}", class_of(curve.name)), &text);
    }
}

/// Moves sorted places down until neighbours are `step` apart, then all that went beyond `most` back up.
fn apart(places: &[f64], step: f64, most: f64) -> Vec<f64> {
    let mut moved: Vec<f64> = Vec::with_capacity(places.len());
    for place in places {
        let least = moved.last().map_or(f64::NEG_INFINITY, |last| last + step);
        moved.push(place.max(least));
    }
    let mut limit = most;
    for place in moved.iter_mut().rev() {
        *place = place.min(limit);
        limit = *place - step;
    }
    moved
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (from, to) = values.fold((f64::INFINITY, 0.0), |(from, to), value| (value.min(from), value.max(to)));
    if from.is_finite() { (from, to) } else { (1.0, 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_moved_apart() {
        assert_eq!(apart(&[10.0, 11.0, 50.0], 15.0, 100.0), [10.0, 25.0, 50.0]);
        assert_eq!(apart(&[95.0, 96.0], 15.0, 100.0), [85.0, 100.0]);
        assert_eq!(apart(&[], 15.0, 100.0), [] as [f64; 0]);
    }

    #[test]
    fn a_curve_has_a_dot_for_each_size() {
        let curve = Curve { name: "ntwait", points: vec![(2.0, 12.0), (8.0, 20.0), (64.0, 90.0)] };
        let drawing = curves(&[curve], "events", "time");
        assert_eq!(drawing.matches("<circle").count(), 3);
        assert!(drawing.contains("ntwait 90.0 ns"));
        assert!(curves(&[], "events", "time").starts_with("<svg"));
    }
}
