//! Plots, written by hand as inline SVG.
//!
//! Colours, line styles and fonts are CSS classes of the page, so that one drawing is right on light and dark screens.
//! Every plot has axes with units, labels at the things themselves, and a tooltip for each mark.

mod bars;
mod canvas;
mod curves;
mod ridges;
mod scale;

pub(super) use bars::{Bar, bars};
pub(crate) use canvas::escape;
pub(super) use curves::{Curve, curves};
pub(super) use ridges::{Ridge, ridges};

/// The CSS class that gives a contender its colour in every plot.
pub(super) fn class_of(name: &str) -> &'static str {
    match name {
        "ntwait" => "ours",
        "ntwait, no spinning" => "nospin",
        "std Mutex+Condvar" => "std",
        "std + map" => "map",
        "parking_lot" => "parking",
        name if name.starts_with("rsevents") => "rsevents",
        name if name.contains("eventfd") => "eventfd",
        _ => "limit",
    }
}
