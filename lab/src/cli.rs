//! The command line.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Parser, Subcommand};

use crate::rows;

/// Checks ntwait with threads of its own, measures it against its peers, and says where it stands.
///
/// Without options it does all of it in about half a minute: it drives threads and events through the NT face and compares
/// every answer, tries the same promises on the peers, measures the rows P1 to P20 in one interleaved run, prints one table,
/// and writes a report with plots for light and dark screens.
#[derive(Debug, Parser)]
#[command(name = "ntwait-lab", version, after_help = AFTER_HELP, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// Do only these parts: rows P1 to P20, checks, faults. May be given again or as a list: --only P4,P5
    #[arg(long, value_name = "PART", value_delimiter = ',', ignore_case = true, value_parser = parts(), hide_possible_values = true)]
    pub(crate) only: Vec<String>,

    /// A gate of a few seconds: every check, but measurements too short to mean much
    #[arg(long)]
    pub(crate) quick: bool,

    /// Time for the measurements of a whole run, in seconds [default: 25]
    #[arg(long, value_name = "N", value_parser = seconds)]
    pub(crate) seconds: Option<f64>,

    /// Write the report as JSON to this file as well
    #[arg(long, value_name = "PATH")]
    pub(crate) json: Option<PathBuf>,

    /// Folder for report.html and report.json [default: target/lab]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Instead of all that: make and end so many threads in every way, and fail if memory, mappings, descriptors or tasks
    /// have grown since the first of them [default: 1000000]
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "1000000", value_parser = threads, conflicts_with_all = ["only", "quick", "seconds", "json", "out", "verbose"])]
    pub(crate) soak: Option<usize>,

    /// Instead of all that: measure P1 to P3 in turns with another build of the lab, like one with `--features trace`, and say
    /// how that differs
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["only", "quick", "seconds", "json", "out", "verbose", "soak"])]
    pub(crate) beside: Option<PathBuf>,

    /// Show each check and each contender of each row
    #[arg(short, long)]
    pub(crate) verbose: bool,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the lab does instead of a run.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs a small server into a deadlock, says who waits for whom, and draws it
    Graph {
        /// The picture; beside it lie the same graph for Graphviz (.dot) and for programs (.json)
        /// [default: target/lab/graph.svg]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Runs a small server and shows what its threads do: live on a terminal, elsewhere a page a second
    Top {
        /// For so long [default: 10; on a terminal until q is pressed]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=3600))]
        seconds: Option<u32>,
        /// Let it run into a deadlock
        #[arg(long)]
        deadlock: bool,
        /// Print pages, on a terminal too
        #[arg(long)]
        plain: bool,
    },
    /// Of a child process: makes many events of one kind in this fresh process and prints what each cost.
    #[command(hide = true)]
    Alive {
        /// Which events.
        kind: String,
        /// The CPU to run on.
        cpu: usize,
        /// How many.
        count: usize,
    },
}

const AFTER_HELP: &str = "\
Rows:
  P1  set + reset              P6   price of spinning in vain   P11  create + close
  P2  set + satisfied wait     P7   broadcast to a crowd        P12  a million alive
  P3  poll                     P8   wait-any, satisfied         P13  two CPUs, two events
  P4  ping-pong on one CPU     P9   wait-any that sleeps        P14  two CPUs, one event
  P5  ping-pong on two CPUs    P10  wait-all                    P15  a thread, create + join
                                                                P16  a thousand threads alive
                                                                P17  a mutant, a semaphore
                                                                P18  locks in a program's own memory
                                                                P19  objects as descriptors
                                                                P20  ten thousand timers

Exit status: 0, or 1 if ntwait failed a check, broke a promise, hung or panicked, or 2 for wrong usage
or a report that cannot be written. Targets that are not met and peers that break do not change it.

Close other programs first: the lab needs two idle CPUs to be fair.";

/// Besides the rows.
const CHECKS: &str = "checks";
const FAULTS: &str = "faults";

fn parts() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(rows::NAMES.into_iter().chain([CHECKS, FAULTS]).map(PossibleValue::new))
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.5..=3600.0).contains(&seconds) => Ok(seconds),
        Ok(_) => Err("between 0.5 and 3600".to_owned()),
        Err(_) => Err("not a number".to_owned()),
    }
}

fn threads(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(threads) if threads >= 1_000 => Ok(threads),
        Ok(_) => Err("at least 1000".to_owned()),
        Err(_) => Err("not a number".to_owned()),
    }
}

impl Args {
    /// Whether the correctness checks are wanted.
    pub(crate) fn wants_checks(&self) -> bool {
        self.wants(CHECKS)
    }

    /// Whether the peers' faults are wanted.
    pub(crate) fn wants_faults(&self) -> bool {
        self.wants(FAULTS)
    }

    /// Whether the row of that name is wanted.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted.eq_ignore_ascii_case(part))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(line.split_whitespace())
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn parts_may_be_listed_or_repeated() {
        let args = parse("lab --only p4,P12 --only checks").expect("valid");
        assert!(args.wants("P4") && args.wants("P12") && args.wants_checks());
        assert!(!args.wants("P1") && !args.wants_faults());
        assert!(parse("lab").expect("valid").wants("P1"));
    }

    #[test]
    fn a_soak_has_a_usual_size() {
        assert_eq!(parse("lab").expect("valid").soak, None);
        assert_eq!(parse("lab --soak").expect("valid").soak, Some(1_000_000));
        assert_eq!(parse("lab --soak 20000").expect("valid").soak, Some(20_000));
    }

    #[test]
    fn nonsense_is_refused() {
        for line in [
            "lab --only P99",
            "lab --soak 5",
            "lab --soak --quick",
            "lab --seconds 0",
            "lab --seconds x",
            "lab nothing",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
