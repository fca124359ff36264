//! The rows of the table: P1 to P20, each a question with its contenders, its limit and its target.

mod alive;
mod all;
mod any;
mod born;
mod broadcast;
mod child;
mod cores;
mod create;
mod exported;
mod handoff;
mod idle;
mod living;
mod locks;
mod owned;
mod timers;
mod uncontended;

pub(crate) use child::one_child;

use crate::measure::Bench;
use crate::plan::Plan;

/// The names of all rows.
pub(crate) const NAMES: [&str; 20] = [
    "P1", "P2", "P3", "P4", "P5", "P6", "P7", "P8", "P9", "P10", "P11", "P12", "P13", "P14", "P15", "P16", "P17",
    "P18", "P19", "P20",
];

/// All benches, in the order of the table.
pub(crate) fn all(plan: &Plan) -> Vec<Bench> {
    [
        uncontended::benches(plan),
        handoff::benches(plan),
        idle::benches(plan),
        broadcast::benches(plan),
        any::benches(plan),
        all::benches(plan),
        create::benches(plan),
        alive::benches(plan),
        cores::benches(plan),
        born::benches(plan),
        living::benches(plan),
        owned::benches(plan),
        locks::benches(plan),
        exported::benches(plan),
        timers::benches(plan),
    ]
    .into_iter()
    .flatten()
    .collect()
}
