//! The search of linear.rs is right: what the model answers is possible in any overlap of calls, and what a wrong model answers is not.
//!
//! The threads are a simulation: at each moment one of them begins a call, or its call takes effect, or it returns, as chance has it.

use super::bites::FLAWS;
use super::linear::{Call, Record, is_possible};
use super::model::{Flaw, Model, Reply};
use super::op::{Op, Outcome, Step, THREADS, Terms, Time};
use super::program::Programs;
use crate::common::Random;

/// Programs in which a flaw must have shown.
const SOON: usize = 3_000;

/// Flaws that programs without alerts, ends of threads and handles can show. That a waiter is passed over in favour of one that came later
/// is as good as never to be seen in the stamps: the histories that are run step by step show it.
fn shows(flaw: Flaw) -> bool {
    !matches!(
        flaw,
        Flaw::LastInFirstOut
            | Flaw::AlertBeatsObject
            | Flaw::EveryWaitIsAlertable
            | Flaw::ApcsAreLastInFirstOut
            | Flaw::LastCloseEndsWaits
            | Flaw::DuplicateKeepsRights
            | Flaw::AbandonmentIsLost
    )
}

pub(crate) fn what_the_model_answers_is_possible() {
    let mut random = Random::new(3);
    for _ in 0..1_000 {
        let programs = Programs::random(&mut random);
        let record = simulate(&programs, Model::new(THREADS), &mut random, false);
        assert!(is_possible(&programs.model(Model::new(THREADS)), &record), "{programs:#?} {record:#?}");
    }
}

pub(crate) fn what_a_wrong_model_answers_is_not() {
    for flaw in FLAWS.into_iter().filter(|flaw| shows(*flaw)) {
        let tries = tries(|| Model::with_flaw(THREADS, flaw), false);
        println!("{flaw:?}: in {} programs", tries.unwrap_or_else(|| panic!("{flaw:?} is not found")));
    }
}

/// W47: a wait that was given its object must not say that its time was up.
pub(crate) fn a_lost_release_is_not_possible() {
    let tries = tries(|| Model::new(THREADS), true);
    println!("a lost release: in {} programs", tries.expect("a lost release is found"));
}

/// How many programs it takes until one has answers that are not possible.
fn tries(model: impl Fn() -> Model, loses: bool) -> Option<usize> {
    let mut random = Random::new(4);
    (1..SOON).find(|_| {
        let programs = Programs::random(&mut random);
        let record = simulate(&programs, model(), &mut random, loses);
        !is_possible(&programs.model(Model::new(THREADS)), &record)
    })
}

/// What a simulated thread is at.
#[derive(Clone)]
enum At {
    Idle,
    Begun,
    Blocked,
    Effected(Outcome),
}

/// Runs the programs on a model. With `loses` a thread that is released says that its time was up.
fn simulate(programs: &Programs, model: Model, random: &mut Random, loses: bool) -> Record {
    let mut model = programs.model(model);
    let count = programs.threads.len();
    let (mut at, mut begun, mut record) = (vec![At::Idle; count], vec![0; count], vec![Vec::new(); count]);
    for stamp in 0.. {
        let op_of = |thread: usize| programs.threads[thread].get(record[thread].len()).copied();
        let lasts = |t: usize| matches!(at[t], At::Blocked) && op_of(t).is_some_and(|op| op.may_block());
        let busy: Vec<usize> = (0..count).filter(|thread| op_of(*thread).is_some() && !lasts(*thread)).collect();
        if busy.is_empty() {
            break;
        }
        let thread = random.pick(&busy);
        let op = op_of(thread).expect("a busy thread");
        at[thread] = match at[thread].clone() {
            At::Idle => {
                begun[thread] = stamp;
                At::Begun
            }
            At::Begun => match model.apply(Step { thread, op: without_end(op) }) {
                Reply::Given(outcome) => At::Effected(outcome),
                Reply::Blocked => At::Blocked,
            },
            At::Blocked if random.one_in(3) => {
                model.time_out(thread);
                At::Effected(ntwait::NtStatus::TIMEOUT.into())
            }
            At::Blocked => At::Blocked,
            At::Effected(outcome) => {
                record[thread].push(Call { begun: begun[thread], op, outcome: Some(outcome), ended: stamp });
                At::Idle
            }
        };
        for release in model.take_released() {
            let outcome = if loses { ntwait::NtStatus::TIMEOUT.into() } else { release.outcome };
            at[release.thread] = At::Effected(outcome);
        }
    }
    for (thread, calls) in record.iter_mut().enumerate() {
        if let Some(op) = programs.threads[thread].get(calls.len()) {
            calls.push(Call { begun: begun[thread], op: *op, outcome: None, ended: u64::MAX });
        }
    }
    record
}

/// A brief wait is blocked until chance ends it.
fn without_end(op: Op) -> Op {
    match op.terms() {
        Some(terms) if terms.time == Time::Brief => op.with_terms(Terms { time: Time::Forever, ..terms }),
        _ => op,
    }
}
