//! Figures as people read them.

use crate::faults::Tried;
use crate::measure::Unit;

/// `3256.0` ns → `3.26 µs`: three significant digits and the unit.
pub(super) fn figure(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Nanoseconds if value < 1e3 => format!("{} ns", three_digits(value)),
        Unit::Nanoseconds if value < 1e6 => format!("{} µs", three_digits(value / 1e3)),
        Unit::Nanoseconds if value < 1e9 => format!("{} ms", three_digits(value / 1e6)),
        Unit::Nanoseconds => format!("{} s", three_digits(value / 1e9)),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Times => ratio(value),
        Unit::Share => format!("{:.0} %", value * 100.0),
    }
}

/// `1.0342` → `1.034 ×`: what decides about a target must show.
pub(super) fn ratio(value: f64) -> String {
    if value < 2.0 { format!("{value:.3} ×") } else { format!("{} ×", three_digits(value)) }
}

/// The figure of something that may be missing.
pub(super) fn maybe(unit: Unit, value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| figure(unit, value))
}

/// How a promise was kept, in a few words.
pub(super) fn tried(tried: &Tried) -> String {
    match (&tried.stopped, tried.broken) {
        (Some(why), _) => why.clone(),
        (None, 0) => format!("kept {0} of {0}", tried.trials),
        (None, broken) => format!("BROKEN {broken} of {}", tried.trials),
    }
}

fn three_digits(value: f64) -> String {
    match value {
        _ if value < 9.995 => format!("{value:.2}"),
        _ if value < 99.95 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

/// `1000000` → `1,000,000`.
pub(crate) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A tick of an axis: no digits that say nothing. `20000.0` ns → `20 µs`.
pub(super) fn tick(unit: Unit, value: f64) -> String {
    let text = figure(unit, value);
    let Some((number, unit)) = text.split_once(' ') else { return text };
    let short = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("{short} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_unit() {
        let ns = |value| figure(Unit::Nanoseconds, value);
        assert_eq!(ns(0.127), "0.13 ns");
        assert_eq!(ns(9.996), "10.0 ns");
        assert_eq!(ns(152.4), "152 ns");
        assert_eq!(ns(3_256.0), "3.26 µs");
        assert_eq!(ns(1_871_293.0), "1.87 ms");
        assert_eq!(ns(2e9), "2.00 s");
        assert_eq!(figure(Unit::Bytes, 83.7), "84 B");
        assert_eq!(figure(Unit::Share, 0.998), "100 %");
        assert_eq!(ratio(1.0342), "1.034 ×");
        assert_eq!(ratio(12.34), "12.3 ×");
        assert_eq!(maybe(Unit::Bytes, None), "–");
    }

    #[test]
    fn digits_are_grouped() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_000_000), "1,000,000");
    }

    #[test]
    fn ticks_are_short() {
        assert_eq!(tick(Unit::Nanoseconds, 20_000.0), "20 µs");
        assert_eq!(tick(Unit::Nanoseconds, 100.0), "100 ns");
        assert_eq!(tick(Unit::Nanoseconds, 2.5), "2.5 ns");
        assert_eq!(tick(Unit::Times, 1.0), "1 ×");
    }
}
