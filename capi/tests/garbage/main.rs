//! Every call of the library, in both conventions, with garbage: no crash, no hang, no byte changed that was not given, and
//! the library works afterwards.
//!
//! Each call is walked in a process of its own, some thousand rounds, from the same seed every time. A failure says what the
//! round was and how to do it again.
//!
//! What a call is by contract not proof against is not handed in: code that is none, memory of a lock that is not there,
//! time-outs that nobody lives to see, the walker's own thread for a termination or suspension.

#![allow(unsafe_code, reason = "memory and calls as programs have them")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod arena;
mod arguments;
mod children;
#[path = "../common/mod.rs"]
mod common;
mod handles;
mod library;
mod notes;
mod random;
mod rows;
mod walker;

use std::collections::BTreeSet;
use std::process::Command;

/// What the children run. In a run of the tests it does nothing.
#[test]
fn walker() {
    children::be_walker();
}

/// What the library exports is what is walked.
#[test]
fn every_call_has_a_row() {
    let symbols = Command::new("nm").args(["-D", "--defined-only"]).arg(&*common::LIBRARY).output().expect("nm");
    let symbols = String::from_utf8(symbols.stdout).expect("text");
    let names = symbols.lines().filter_map(|line| line.split_whitespace().nth(2)?.strip_prefix("ntw_"));
    let exported: BTreeSet<&str> = names.collect();
    let walked = rows::ROWS.iter().map(|row| row.name.strip_prefix("ntw_").unwrap_or(row.name)).collect();
    let difference: Vec<_> = exported.symmetric_difference(&walked).collect();
    assert!(difference.is_empty(), "in rows.rs, or exported, and not both: {difference:?}");
}
