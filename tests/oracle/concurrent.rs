//! Programs that threads run at the same time, as fast as they can, each call stamped before and after; then the search for an order that
//! explains the answers (linear.rs).
//!
//! Some programs have waits without end, all of them alertable. When nothing goes on any more the threads that are left are alerted: they
//! should have been blocked for ever, or a release was lost.

use core::num::NonZeroU64;
use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ntwait::{NtStatus, WaitPolicy};
use rustix::thread::set_current_timer_slack;

use super::linear::{Call, Record, is_possible};
use super::model::Model;
use super::op::THREADS;
use super::program::Programs;
use super::real::{Real, Times};
use super::report::Budget;
use crate::common::threads::{LIMIT, all_threads};
use crate::common::{Nt, Random, spin_for};

/// Rounds between two searches, so that threads are started seldom.
const BATCH: usize = 64;

/// What time-outs mean in a round: in some another thread comes before a brief one has passed, in some after, in some just then.
fn times(round: usize) -> Times {
    Times { brief: Duration::from_micros(1 + round as u64), long: Duration::from_secs(600) }
}

/// When nothing has happened for so long, everybody who has not come to the end of his program is blocked, most likely.
const QUIET: Duration = Duration::from_micros(400);

/// Runs rounds for as long as the budget lasts and returns how many calls they had. Fails with the calls that no order explains.
pub(crate) fn examine(policy: WaitPolicy, budget: Budget) -> u64 {
    let nt = Nt::with(policy);
    let reals: Vec<_> = (0..BATCH).map(|round| Real::on(nt, times(round))).collect();
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
            round.real.clear(|slot| model.kind_in(slot).is_some()).expect("open handles");
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
    fn run(&self, me: usize, clock: &AtomicU64, random: &mut Random) -> Ran {
        let stamp = || clock.fetch_add(1, Ordering::AcqRel);
        let begun = stamp();
        let program = self.programs.threads.get(me).map_or(&[][..], Vec::as_slice);
        let mut calls = Vec::with_capacity(program.len());
        let _ = self.real.nt.nt_test_alert(); // of a rescue that came too late
        for op in program {
            if random.one_in(2) {
                spin_for(Duration::from_nanos(random.below(1000)));
            }
            let begun = stamp();
            let outcome = self.real.run(me, *op);
            let is_rescued = outcome == NtStatus::ALERTED.into();
            calls.push(Call { begun, op: *op, outcome: Some(outcome), ended: stamp() });
            if is_rescued {
                break;
            }
        }
        Ran { begun, calls }
    }
}

/// What a thread did in a round.
struct Ran {
    /// From here on the thread knows nothing of earlier alerts.
    begun: u64,
    calls: Vec<Call>,
}

/// Alerts to all threads, between two stamps.
#[derive(Clone, Copy)]
struct Rescue {
    begun: u64,
    ended: u64,
}

/// All threads go from round to round together. Those that are left blocked are rescued.
fn run_together(rounds: &[Round], seed: u64) -> Vec<Record> {
    let together = Together { clock: AtomicU64::new(0), arrived: AtomicUsize::new(0) };
    let mut rescues = Vec::new();
    let mut by_thread: Vec<_> = std::thread::scope(|scope| {
        let together = &together;
        let start = |me| scope.spawn(move || together.run(me, rounds, seed));
        let threads: Vec<_> = (0..THREADS).map(start).collect();
        rescues = together.rescue(rounds, rounds[0].real);
        threads.into_iter().map(|thread| thread.join().expect("a program's calls").into_iter()).collect()
    });
    (0..THREADS).for_each(|me| rounds[0].real.nt.close(rounds[0].real.thread(me)));
    let mut record = || by_thread.iter_mut().map(|calls| calls.next().expect("a round")).collect();
    rounds.iter().map(|_| without_rescues(record(), &rescues)).collect()
}

/// What the threads of a batch share.
struct Together {
    clock: AtomicU64,
    /// How often a thread has come to the beginning of a round or to the end of them all.
    arrived: AtomicUsize,
}

impl Together {
    /// The work of one thread: its calls in each round.
    fn run(&self, me: usize, rounds: &[Round], seed: u64) -> Vec<Ran> {
        let mut random = Random::new(seed.wrapping_add(me as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        // Without this the kernel is fifty microseconds late with each time-out.
        set_current_timer_slack(NonZeroU64::new(1)).expect("a time-out on time");
        let real = rounds[0].real;
        real.introduce(me, real.nt.myself());
        let mut calls = Vec::with_capacity(rounds.len());
        for (number, round) in rounds.iter().enumerate() {
            self.meet(number + 1);
            calls.push(round.run(me, &self.clock, &mut random));
        }
        self.meet(rounds.len() + 1); // a thread that ends abandons its mutants
        calls
    }

    fn meet(&self, number: usize) {
        self.arrived.fetch_add(1, Ordering::AcqRel);
        while self.arrived.load(Ordering::Acquire) < number * THREADS {
            std::thread::yield_now();
        }
    }

    /// Until all have come to the end: alerts everybody when nothing has happened for a while. Returns when that was.
    fn rescue(&self, rounds: &[Round], real: &Real) -> Vec<Rescue> {
        let stamp = || self.clock.fetch_add(1, Ordering::AcqRel);
        let mut rescues = Vec::new();
        let (mut last, mut arrival) = ((u64::MAX, Instant::now()), (0, Instant::now()));
        loop {
            let (now, arrived) = (self.clock.load(Ordering::Acquire), self.arrived.load(Ordering::Acquire));
            if arrived == (rounds.len() + 1) * THREADS {
                return rescues;
            }
            if arrival.0 != arrived {
                arrival = (arrived, Instant::now());
            } else if arrival.1.elapsed() > LIMIT {
                give_up(&rounds[(arrived / THREADS).saturating_sub(1).min(rounds.len() - 1)]);
            }
            if last.0 != now {
                last = (now, Instant::now());
            } else if arrived >= THREADS && last.1.elapsed() > QUIET {
                let begun = stamp();
                for thread in 0..THREADS {
                    let _ = real.nt.nt_alert_thread(real.thread(thread));
                }
                rescues.push(Rescue { begun, ended: stamp() });
            }
            std::thread::sleep(QUIET / 8);
        }
    }
}

/// A thread hangs in a call that should have ended by itself, or by an alert. It can neither be joined nor left behind.
fn give_up(round: &Round) -> ! {
    eprintln!("a thread hangs in one of these: {:#?}\n{}", round.programs, all_threads());
    std::process::abort()
}

/// A call that was rescued when all others had been answered, or were rescued too, would never have been answered. One that may have been
/// rescued earlier counts as one whose time was up.
fn without_rescues(ran: Vec<Ran>, rescues: &[Rescue]) -> Record {
    let alerted = Some(NtStatus::ALERTED.into());
    // The one rescue that there was since all the threads had begun.
    let begun = ran.iter().map(|ran| ran.begun).min().unwrap_or(0);
    let late = rescues.iter().find(|rescue| rescue.ended > begun).map_or(0, |rescue| rescue.begun);
    let has_all = ran.iter().all(|ran| ran.begun < late);
    let mut record: Record = ran.into_iter().map(|ran| ran.calls).collect();
    let is_rescued = |call: &Call| call.outcome == alerted && call.begun < late && late < call.ended;
    let settles = |call: &Call| is_rescued(call) || call.outcome != alerted && call.ended < late;
    let at_rest = has_all && record.iter().flatten().all(settles);
    for call in record.iter_mut().flatten().filter(|call| call.outcome == alerted) {
        call.outcome = if at_rest { None } else { Some(NtStatus::TIMEOUT.into()) };
        call.ended = if at_rest { u64::MAX } else { call.ended };
    }
    record
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
        let ended = if outcome.is_some() { (ended - start).to_string() } else { "∞".to_owned() };
        let _ = writeln!(text, "{:>4} – {ended:<4} T{thread} {op:?}  →  {outcome:?}", begun - start);
    }
    let _ = writeln!(text, "the same programs, in whatever order: NTWAIT_ORACLE_SEED={seed}");
    text
}
