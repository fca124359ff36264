//! Programs that threads run at the same time, as fast as they can, each call stamped before and after; then the search for an order that
//! explains the answers (linear.rs).

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use ntwait::{NtStatus, WaitPolicy};

use super::linear::{Call, Record, is_possible};
use super::model::Model;
use super::op::THREADS;
use super::program::Programs;
use super::real::{Real, Times};
use super::report::Budget;
use crate::common::{Nt, Random, spin_for};

/// Rounds between two searches, so that threads are started seldom.
const BATCH: usize = 64;

/// Long enough for another thread to come, short enough for many rounds.
const TIMES: Times = Times { brief: Duration::from_micros(50), long: Duration::from_secs(600) };

/// Runs rounds for as long as the budget lasts and returns how many calls they had. Fails with the calls that no order explains.
pub(crate) fn examine(policy: WaitPolicy, budget: Budget) -> u64 {
    let nt = Nt::with(policy);
    let reals: Vec<_> = (0..BATCH).map(|_| Real::on(nt, TIMES)).collect();
    let mut steps = 0;
    for seed in budget.seed.. {
        let mut random = Random::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let rounds: Vec<_> = reals.iter().map(|real| Round::new(real, &mut random)).collect();
        for round in &rounds {
            round.set_up();
        }
        let records = run_together(&rounds, seed);
        for (round, record) in rounds.iter().zip(&records) {
            let model = round.programs.model(Model::new(THREADS));
            assert!(is_possible(&model, record), "{}", explain(&round.programs, record, seed));
            round.real.clear(|slot| model.kind_in(slot).is_some());
            steps += round.programs.steps();
        }
        if !budget.lasts(steps) {
            break;
        }
    }
    steps
}

/// Programs, and where their handles are kept.
struct Round {
    real: &'static Real,
    programs: Programs,
}

impl Round {
    fn new(real: &'static Real, random: &mut Random) -> Round {
        Round { real, programs: Programs::random(random) }
    }

    fn set_up(&self) {
        for step in &self.programs.setup {
            assert_eq!(self.real.run(step.thread, step.op), NtStatus::SUCCESS.into());
        }
    }

    /// Thread number `me` runs its program, if it has one.
    fn run(&self, me: usize, clock: &AtomicU64, random: &mut Random) -> Vec<Call> {
        let Some(program) = self.programs.threads.get(me) else {
            return Vec::new();
        };
        let stamp = || clock.fetch_add(1, Ordering::AcqRel);
        let mut calls = Vec::with_capacity(program.len());
        for op in program {
            if random.one_in(2) {
                spin_for(Duration::from_nanos(random.below(1000)));
            }
            let begun = stamp();
            let outcome = self.real.run(me, *op);
            calls.push(Call { begun, op: *op, outcome, ended: stamp() });
        }
        calls
    }
}

/// All threads go from round to round together.
fn run_together(rounds: &[Round], seed: u64) -> Vec<Record> {
    let (clock, arrived) = (AtomicU64::new(0), AtomicUsize::new(0));
    let work = |me: usize| {
        let mut random = Random::new(seed.wrapping_add(me as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let meet = |number: usize| {
            arrived.fetch_add(1, Ordering::AcqRel);
            while arrived.load(Ordering::Acquire) < number * THREADS {
                std::thread::yield_now();
            }
        };
        let run = |(number, round): (usize, &Round)| {
            meet(number + 1);
            round.run(me, &clock, &mut random)
        };
        let calls: Vec<_> = rounds.iter().enumerate().map(run).collect();
        meet(rounds.len() + 1); // a thread that ends abandons its mutants
        calls
    };
    let mut by_thread: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|me| scope.spawn(move || work(me))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a program's calls").into_iter()).collect()
    });
    rounds.iter().map(|_| by_thread.iter_mut().map(|calls| calls.next().expect("a round")).collect()).collect()
}

/// All calls in the order in which they began, with the stamps between which each took its effect.
fn explain(programs: &Programs, record: &Record, seed: u64) -> String {
    use core::fmt::Write as _;
    let mut text = "no order of these calls explains the answers\n".to_owned();
    for step in &programs.setup {
        let _ = writeln!(text, "            {step:?}");
    }
    let mut calls: Vec<_> =
        record.iter().enumerate().flat_map(|(t, calls)| calls.iter().map(move |c| (t, c))).collect();
    calls.sort_by_key(|(_, call)| call.begun);
    let start = calls.first().map_or(0, |(_, call)| call.begun);
    for (thread, Call { begun, op, outcome, ended }) in calls {
        let _ = writeln!(text, "{:>4} – {:<4} T{thread} {op:?}  →  {outcome:?}", begun - start, ended - start);
    }
    let _ = writeln!(text, "the same programs, in whatever order: NTWAIT_ORACLE_SEED={seed}");
    text
}
