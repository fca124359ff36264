//! One bar for each target: how much of what is allowed ntwait uses.

use super::canvas::{Anchor, Canvas};
use super::scale::Scale;

/// One target.
pub(crate) struct Bar {
    pub(crate) id: String,
    pub(crate) what: String,
    /// ntwait's figure against what is allowed: up to 1 is good.
    pub(crate) used: f64,
    /// The figures behind it.
    pub(crate) note: String,
}

const WIDTH: f64 = 1080.0;
const LEFT: f64 = 440.0;
const RIGHT: f64 = 830.0;
const STEP: f64 = 23.0;
const TOP: f64 = 34.0;
/// Bars end here; a longer one gets an arrow.
const MOST: f64 = 2.0;

/// Draws all bars on one axis.
pub(crate) fn bars(bars: &[Bar]) -> String {
    let bottom = TOP + STEP * bars.len() as f64;
    let mut canvas = Canvas::new(WIDTH, bottom + 30.0);
    let scale = Scale::linear((0.0, MOST), (LEFT, RIGHT));
    for tick in [0.0, 0.5, 1.0, 1.5, 2.0] {
        let x = scale.at(tick);
        canvas.line((x, TOP - 6.0), (x, bottom), if tick == 1.0 { "target" } else { "grid" });
        canvas.text((x, bottom + 16.0), Anchor::Middle, "tick", &format!("{:.0} %", tick * 100.0));
    }
    canvas.text((scale.at(1.0), TOP - 12.0), Anchor::Middle, "axis", "the target: shorter is better");
    for (index, bar) in bars.iter().enumerate() {
        one(&mut canvas, scale, bar, TOP + STEP * index as f64);
    }
    canvas.finish("How much of each target ntwait uses")
}

fn one(canvas: &mut Canvas, scale: Scale, bar: &Bar, y: f64) {
    let middle = y + STEP / 2.0 + 4.0;
    let (class, sign) = if bar.used <= 1.0 { ("bar met", "✓") } else { ("bar missed", "✗") };
    canvas.text((52.0, middle), Anchor::End, "name strong", bar.id.split('.').next().unwrap_or(&bar.id));
    canvas.text_cut((62.0, middle), "name", &bar.what, 58);
    let end = scale.at(bar.used);
    let tip = format!("{} {}: {} – {:.0} % of what is allowed", bar.id, bar.what, bar.note, bar.used * 100.0);
    canvas.rect((LEFT, y + 4.0), (end - LEFT, STEP - 8.0), class, &tip);
    if bar.used > MOST {
        canvas.text((end + 2.0, middle), Anchor::Start, "missed strong", "▶");
    }
    canvas.text((RIGHT + 22.0, middle), Anchor::Start, class.trim_start_matches("bar "), sign);
    canvas.text((RIGHT + 40.0, middle), Anchor::Start, "name", &bar.note);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_its_verdict() {
        let bar = |used| Bar { id: "P7.512".into(), what: "work".into(), used, note: "1 of 2".into() };
        let drawing = bars(&[bar(0.5), bar(7.0)]);
        assert!(drawing.contains("bar met") && drawing.contains("bar missed") && drawing.contains('▶'));
        assert!(drawing.contains(">P7<"));
    }
}
