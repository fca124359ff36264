//! From values to places on an axis, and where its ticks are.

/// A linear or logarithmic axis.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    log: bool,
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Scale {
    /// Values `from..to` on places `start..end`.
    pub(super) fn linear(values: (f64, f64), places: (f64, f64)) -> Self {
        Self { log: false, from: values.0, to: values.1, start: places.0, end: places.1 }
    }

    /// The same for values > 0, each doubling equally long.
    pub(super) fn log(values: (f64, f64), places: (f64, f64)) -> Self {
        let from = values.0.max(f64::MIN_POSITIVE);
        // An axis that spans nothing would divide by zero.
        let to = values.1.max(from * 1.01);
        Self { log: true, from, to, start: places.0, end: places.1 }
    }

    /// The place of `value`; values beyond the axis end at its ends.
    pub(super) fn at(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(f64::MIN_POSITIVE) / self.from).ln() / (self.to / self.from).ln()
        } else {
            (value - self.from) / (self.to - self.from)
        };
        self.start + share.clamp(0.0, 1.0) * (self.end - self.start)
    }

    /// Round values within the axis; on a logarithmic one 1, 2, 5 of each decade, or only each decade where there are
    /// many.
    pub(super) fn ticks(&self) -> Vec<f64> {
        if self.log { self.log_ticks() } else { self.linear_ticks() }
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = (self.to / self.from).log10();
        if decades < 0.5 {
            return self.linear_ticks();
        }
        let steps: &[f64] = if decades < 3.2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let (first, last) = (self.from.log10().floor() as i32, self.to.log10().ceil() as i32);
        let all = (first..=last).flat_map(|decade| steps.iter().map(move |step| step * 10f64.powi(decade)));
        all.filter(|value| (self.from..=self.to).contains(value)).collect()
    }

    fn linear_ticks(&self) -> Vec<f64> {
        let rough = (self.to - self.from) / 5.0;
        let decade = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|times| times * decade).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(10.0 * decade);
        let first = (self.from / step).ceil() as i64;
        let last = (self.to / step + 1e-9).floor() as i64;
        (first..=last).map(|tick| tick as f64 * step).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_are_where_they_belong() {
        let linear = Scale::linear((0.0, 2.0), (100.0, 300.0));
        assert_eq!([linear.at(0.0), linear.at(1.0), linear.at(2.0)], [100.0, 200.0, 300.0]);
        assert_eq!([linear.at(-5.0), linear.at(9.0)], [100.0, 300.0], "what is beyond stays on the plot");
        let log = Scale::log((1.0, 100.0), (0.0, 200.0));
        assert!((log.at(10.0) - 100.0).abs() < 1e-9);
        assert_eq!(log.at(0.0), 0.0);
    }

    #[test]
    fn axes_may_point_up() {
        let up = Scale::linear((0.0, 1.0), (300.0, 100.0));
        assert_eq!([up.at(0.0), up.at(1.0)], [300.0, 100.0]);
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(Scale::linear((0.0, 2.0), (0.0, 1.0)).ticks(), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(Scale::log((1.0, 100.0), (0.0, 1.0)).ticks(), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]);
        assert_eq!(Scale::log((10.0, 20_000.0), (0.0, 1.0)).ticks(), [10.0, 100.0, 1_000.0, 10_000.0]);
        assert!(Scale::log((3_100.0, 4_900.0), (0.0, 1.0)).ticks().len() >= 2);
    }

    #[test]
    fn an_axis_that_spans_nothing_is_harmless() {
        let point = Scale::log((5.0, 5.0), (0.0, 100.0));
        assert!(point.at(5.0).is_finite());
    }
}
