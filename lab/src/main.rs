//! The lab of ntwait: checks it with threads of its own, measures it against its peers, and says where it stands.
//!
//! ```text
//! cli ──▶ session ──▶ checks   ntwait through its NT face, every answer compared
//!                 ├─▶ faults   the same promises, tried on the peers
//!                 ├─▶ rows     P1 to P20: what is measured, by whom, and the target
//!                 │     └─▶ measure   turns, rounds, clocks       peers   one event each
//!                 └─▶ report   the table, the JSON, the page with its plots
//! ```
//!
//! `soak` is a run of its own: a million threads, and what they leave behind. So is `beside`: two builds of the lab in turns.
//! `graph` and `top` show the wait graph of a server that runs for nothing else (`demonstration`).
//!
//! `os`, `stats`, `crowd`, `race` and `watch` are the tools underneath: pinning, medians, threads that are known to
//! sleep, a set aimed at the end of a timed wait, and work that may hang.

mod beside;
mod checks;
mod cli;
mod crowd;
mod demonstration;
mod faults;
mod graph;
mod measure;
mod os;
mod peers;
mod plan;
mod progress;
mod race;
mod report;
mod rows;
mod session;
mod snapshot;
mod soak;
mod stats;
mod top;
mod watch;

use std::process::ExitCode;

use clap::Parser;
use cli::{Args, Command};

/// ntwait did something wrong.
const FAILED: u8 = 1;
/// The report cannot be written, or a child was asked for nonsense.
const UNUSABLE: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    if let Some(command) = &args.command {
        return match obey(command) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => unusable(&why),
        };
    }
    if let Some(threads) = args.soak {
        return match soak::run(threads) {
            Ok(()) => ExitCode::SUCCESS,
            Err(why) => {
                println!("FAILED: {why}");
                ExitCode::from(FAILED)
            }
        };
    }
    if let Some(other) = &args.beside {
        return beside::run(other).map_or_else(|why| unusable(&why), |()| ExitCode::SUCCESS);
    }
    watch::collect_panics();
    let report = session::run(&args);
    match session::write(&report, &args) {
        Ok(page) => println!("Report: {} (and report.json), {:.0} s", page.display(), report.seconds),
        Err(error) => return unusable(&format!("the report cannot be written: {error}")),
    }
    if report.failed() { ExitCode::from(FAILED) } else { ExitCode::SUCCESS }
}

fn obey(command: &Command) -> Result<(), String> {
    match command {
        Command::Graph { out } => graph::run(out.as_deref()),
        Command::Top { seconds, deadlock, plain } => top::run(*seconds, *deadlock, *plain),
        Command::Alive { kind, cpu, count } => rows::one_child(kind, *cpu, *count),
    }
}

fn unusable(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(UNUSABLE)
}
