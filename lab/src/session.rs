//! One run of the lab, from the first check to the report.

use std::io::{IsTerminal, stdout};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::cli::Args;
use crate::measure::{self, Bench};
use crate::os::clock::{clock_read_ns, utc_now};
use crate::os::cpus::{Cpus, pin_to};
use crate::os::machine::{Disturbance, Machine, Ticks};
use crate::peers::adaptive;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::report::{Looks, Report, Threads, Yardstick, checks_text, faults_text, page, peers_text, rows_text};
use crate::{checks, faults, rows, watch};

/// What checks and peer faults are expected to take, each.
const CHECK: Duration = Duration::from_millis(120);
const PEER: Duration = Duration::from_millis(350);
const PEERS: u32 = 7;

/// Runs what `args` ask for and prints it.
pub(crate) fn run(args: &Args) -> Report {
    let start = Instant::now();
    let ticks = Ticks::now();
    let plan = Plan::new(Cpus::discover(), args.quick, args.seconds);
    let looks = Looks { styled: stdout().is_terminal(), width: (!stdout().is_terminal()).then_some(180) };
    let benches: Vec<Bench> = rows::all(&plan).into_iter().filter(|bench| args.wants(bench.row)).collect();
    let mut report = blank(args, &plan);
    println!("ntwait lab {}, {}\n{}", report.version, report.date, report.machine.describe());
    println!("Threads: {}", report.threads);

    let progress = Progress::new(expected(args, &plan, &benches));
    if args.wants_checks() {
        report.checks = checked(&plan, &progress);
        progress.print(&format!("\nChecks: {}", checks_text(&report.checks, looks, args.verbose).trim_end()));
    }
    if args.wants_faults() {
        report.peer_faults = faulted(&plan, &progress);
        progress.print(&format!("\nPeer faults\n{}", faults_text(&report.peer_faults, &report.promises, looks)));
    }
    let mut measured = Vec::new();
    for bench in &benches {
        progress.says(&format!("{}  {}", bench.row, bench.title));
        let slice = plan.slice(bench);
        measured.extend(measure::run(bench, &plan, || progress.did(slice)));
    }
    report.yardstick = report.yardstick.best(yardstick(&plan));
    report.add(measured);
    progress.finish();

    report.disturbance = Ticks::now().since(ticks);
    report.seconds = start.elapsed().as_secs_f64();
    print_rows(&report, looks, args.verbose);
    report
}

/// Writes the report where `args` want it; the page's path.
pub(crate) fn write(report: &Report, args: &Args) -> io::Result<PathBuf> {
    let folder = args.out.clone().unwrap_or_else(default_folder);
    fs::create_dir_all(&folder)?;
    let json = serde_json::to_string_pretty(report).map_err(io::Error::other)?;
    fs::write(folder.join("report.json"), &json)?;
    if let Some(path) = &args.json {
        fs::write(path, &json)?;
    }
    let html = folder.join("report.html");
    fs::write(&html, page(report))?;
    Ok(html)
}

fn blank(args: &Args, plan: &Plan) -> Report {
    Report {
        schema: 1,
        version: env!("CARGO_PKG_VERSION"),
        date: utc_now(),
        quick: args.quick,
        seconds: 0.0,
        machine: Machine::discover(plan.cpus),
        threads: Threads::of(adaptive().thread_backend()),
        yardstick: yardstick(plan),
        disturbance: Disturbance::default(),
        checks: Vec::new(),
        promises: faults::PROMISES,
        peer_faults: Vec::new(),
        rows: Vec::new(),
        histograms: Vec::new(),
    }
}

fn yardstick(plan: &Plan) -> Yardstick {
    let home = plan.cpus.home;
    let time = plan.pick(Duration::from_millis(200), Duration::from_millis(30));
    let locked_rmw_ns = watch::run(Duration::from_secs(10), move || {
        pin_to(home);
        measure::locked_rmw_ns(time)
    });
    Yardstick::new(locked_rmw_ns.unwrap_or(f64::NAN), clock_read_ns())
}

fn expected(args: &Args, plan: &Plan, benches: &[Bench]) -> Duration {
    let turns = |bench: &Bench| plan.slice(bench) * plan.rounds(bench) * bench.contenders.len() as u32;
    let checks = if args.wants_checks() { CHECK * checks::count() as u32 } else { Duration::ZERO };
    let faults = if args.wants_faults() { PEER * PEERS } else { Duration::ZERO };
    checks + faults + benches.iter().map(turns).sum::<Duration>()
}

fn checked(plan: &Plan, progress: &Progress) -> Vec<checks::Outcome> {
    progress.says("checks");
    checks::run(plan, |outcome| {
        progress.says(&format!("checks: {}", outcome.name));
        progress.did(CHECK);
    })
}

fn faulted(plan: &Plan, progress: &Progress) -> Vec<faults::PeerFaults> {
    faults::run(plan, |peer| {
        progress.says(&format!("peer faults: {peer}"));
        progress.did(PEER);
    })
}

fn print_rows(report: &Report, looks: Looks, verbose: bool) {
    if !report.rows.is_empty() {
        if verbose {
            println!("\nEvery contender\n{}", peers_text(report, looks));
        }
        let (met, judged) = report.score();
        println!("\nTargets: {met} of {judged} met\n{}", rows_text(report, looks));
        if verbose {
            report.method().iter().for_each(|line| println!("  {line}"));
        }
    }
    report.dropouts().iter().for_each(|dropout| println!("Left out: {dropout}"));
    report.cautions().iter().for_each(|caution| println!("Caution: {caution}"));
}

/// `target/lab` of the build that this program belongs to, or of the current folder.
pub(crate) fn default_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let is_build_folder = |folder: &&Path| folder.join("CACHEDIR.TAG").is_file();
    program.ancestors().find(is_build_folder).unwrap_or(Path::new("target")).join("lab")
}
