//! The library beside a model of it (`oracle/model/`): random histories, run on both, must be answered alike.
//!
//! | test | what runs | how it is compared |
//! |---|---|---|
//! | `one_thread` | one thread that never blocks, millions of calls | each answer |
//! | `several_threads_step_by_step` | threads that block, are released, alerted and ended, one call at a time | each answer, each release, every object and queue after each call |
//! | `several_threads_at_once` | short programs at the same time | whether some order of the calls explains the answers (`oracle/linear.rs`) |
//! | the others | wrong variants of the model in the library's place | they must be found, soon and in few calls |
//!
//! A difference is told as the shortest history that was found to show it, one call a line, with the seed that repeats it.
//!
//! * `NTWAIT_ORACLE_OPS=n`: so many calls instead; 0 goes on without end.
//! * `NTWAIT_ORACLE_SECONDS=n`: for so long instead.
//! * `NTWAIT_ORACLE_SEED=n`: other histories. Without it they are always the same, so that a failure is about the code.
//!
//! Ten million calls of one thread take some fifteen seconds as tests are built, without optimization, on two cores: no profile of their own
//! is needed.
//!
//! Not covered: suspension, which takes a waiter out of its queues (W24); APCs that wait or queue others (A5, A6); the APCs of timers; names; time.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
mod oracle {
    #[path = "../oracle/alone.rs"]
    pub(crate) mod alone;
    #[path = "../oracle/bites.rs"]
    pub(crate) mod bites;
    #[path = "../oracle/concurrent.rs"]
    pub(crate) mod concurrent;
    #[path = "../oracle/generate.rs"]
    pub(crate) mod generate;
    #[path = "../oracle/linear.rs"]
    pub(crate) mod linear;
    #[path = "../oracle/lockstep.rs"]
    pub(crate) mod lockstep;
    #[path = "../oracle/model/mod.rs"]
    pub(crate) mod model;
    #[path = "../oracle/op.rs"]
    pub(crate) mod op;
    #[path = "../oracle/program.rs"]
    pub(crate) mod program;
    #[path = "../oracle/real.rs"]
    pub(crate) mod real;
    #[path = "../oracle/report.rs"]
    pub(crate) mod report;
    #[path = "../oracle/shrink.rs"]
    pub(crate) mod shrink;
    #[path = "../oracle/simulate.rs"]
    pub(crate) mod simulate;
    #[path = "../oracle/worker.rs"]
    pub(crate) mod worker;
}

use common::threads::within_limit;
use ntwait::WaitPolicy;
use oracle::alone::Alone;
use oracle::lockstep::LockStep;
use oracle::report::{self, Budget};

#[test]
fn a_wrong_model_is_found() {
    oracle::bites::every_flaw_is_found();
}

#[test]
fn the_right_model_agrees_with_itself() {
    oracle::bites::the_right_model_agrees_with_itself();
}

#[test]
fn what_the_model_answers_is_possible() {
    oracle::simulate::what_the_model_answers_is_possible();
}

#[test]
fn what_a_wrong_model_answers_is_not_possible() {
    oracle::simulate::what_a_wrong_model_answers_is_not();
}

#[test]
fn a_lost_release_is_not_possible() {
    oracle::simulate::a_lost_release_is_not_possible();
}

#[test]
fn one_thread() {
    let budget = Budget::of(10_000_000);
    within_limit(budget.limit(), move || {
        std::thread::scope(|scope| {
            for number in 0..2 {
                let budget = budget.share(number, 2);
                scope.spawn(move || report::examine(&mut Alone::new(), Alone::PROFILE, budget));
            }
        });
    });
}

#[test]
fn several_threads_step_by_step() {
    let budget = Budget::of(200_000);
    within_limit(budget.limit(), move || {
        for (policy, threads) in [(WaitPolicy::NO_SPIN, 4), (WaitPolicy::ADAPTIVE, 3)] {
            let mut lockstep = LockStep::new(policy, threads);
            let profile = lockstep.profile();
            report::examine(&mut lockstep, profile, budget.turn(2));
        }
    });
}

#[test]
fn several_threads_at_once() {
    let budget = Budget::of(200_000);
    within_limit(budget.limit(), move || {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            oracle::concurrent::examine(policy, budget.turn(2));
        }
    });
}
