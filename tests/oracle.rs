//! The library beside a model of it: random histories, run on both, must be answered alike.

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
    #[path = "../oracle/worker.rs"]
    pub(crate) mod worker;
}

#[test]
fn a_wrong_model_is_found() {
    oracle::bites::every_flaw_is_found();
}

#[test]
fn the_right_model_agrees_with_itself() {
    oracle::bites::the_right_model_agrees_with_itself();
}

#[test]
fn one_thread() {
    use common::threads::within_limit;
    use oracle::{alone::Alone, generate::KINDS, report};
    let budget = report::Budget::of(10_000_000);
    within_limit(budget.limit(), move || {
        std::thread::scope(|scope| {
            for number in 0..2 {
                scope.spawn(move || {
                    let steps = report::examine(&mut Alone::new(), Alone::profile(KINDS), budget.share(number, 2));
                    println!("{steps} steps");
                });
            }
        });
    });
}

#[test]
fn several_threads_step_by_step() {
    use common::threads::within_limit;
    use oracle::{generate::KINDS, lockstep::LockStep, report};
    let budget = report::Budget::of(100_000);
    within_limit(budget.limit(), move || {
        let mut lockstep = LockStep::new(ntwait::WaitPolicy::NO_SPIN, 4);
        let start = std::time::Instant::now();
        let profile = lockstep.profile(KINDS);
        let steps = report::examine(&mut lockstep, profile, budget);
        println!("{steps} steps in {:?}", start.elapsed());
    });
}

#[test]
fn several_threads_at_once() {
    use common::threads::within_limit;
    use oracle::{concurrent, report};
    let budget = report::Budget::of(200_000);
    within_limit(budget.limit(), move || {
        for policy in [ntwait::WaitPolicy::NO_SPIN, ntwait::WaitPolicy::ADAPTIVE] {
            let start = std::time::Instant::now();
            let steps = concurrent::examine(policy, budget);
            println!("{steps} steps in {:?}", start.elapsed());
        }
    });
}
