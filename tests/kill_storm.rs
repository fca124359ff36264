//! Threads that are terminated at random moments of calls of the library, with the system's allocator: they allocate nothing themselves
//! (facts TH2, TH3, TH8, TH20, W39). With memory of their own: `kill_storm_memory.rs`.

#![allow(unsafe_code, reason = "an alarm; a routine with a parameter")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::Instant;

use common::storm::{KILLED, KILLS, MINUTES, Stage};
use common::threads::within_limit;
use common::{Random, spin_for};
use ntwait::{CreateThreadFlags, NtStatus, Timeout, WaitPolicy};

/// Every wait, signal and handle operation.
#[test]
fn th2_kills_in_library_calls() {
    within_limit(MINUTES, || {
        for policy in [WaitPolicy::NO_SPIN, WaitPolicy::ADAPTIVE] {
            let stage = Stage::new(policy, Stage::call);
            stage.storm(KILLS / 2);
            stage.assert_intact();
        }
    });
}

/// Kills of threads that are being born: suspended or not, before and after their first step.
#[test]
fn th20_kills_at_birth() {
    within_limit(MINUTES, || {
        let stage = Stage::new(WaitPolicy::NO_SPIN, Stage::call);
        let nt = stage.nt;
        let mut random = Random::new(20);
        let start = Instant::now();
        for _ in 0..KILLS {
            let suspended = random.one_in(2);
            let thread = stage.create(CreateThreadFlags::from_bits_retain(u32::from(suspended)));
            spin_for(Duration::from_nanos(random.below(50_000)));
            if suspended && random.one_in(2) {
                assert_eq!(nt.nt_resume_thread(thread), Ok(1));
            }
            assert_eq!(nt.kill(thread, KILLED), NtStatus::SUCCESS);
            stage.bury(thread);
            if start.elapsed() > Duration::from_secs(60) {
                break;
            }
        }
        stage.assert_intact();
    });
}

/// More objects than fit in a thread's record: the library itself needs memory for such a wait, and must not be stopped meanwhile.
fn wait_for_many(stage: &'static Stage, random: &mut Random) {
    let mut list = [stage.events[0]; 100];
    list[99] = random.pick(&stage.events);
    let _ = stage.nt.wait_any(&list, Timeout::After(Duration::from_micros(random.below(50))));
}

/// The last thing that a thread does by itself: asks whether it is the last thread, and goes.
fn exit(stage: &'static Stage, _: &mut Random) {
    // SAFETY: a victim's frame has nothing to drop.
    let _ = unsafe { stage.nt.rtl_exit_user_thread(KILLED) };
}

/// Who is killed with the allocator's lock held stops every thread that allocates, this test's watchdog too: so each runs in a process
/// of its own, which an alarm ends.
fn in_a_process(test: &str) {
    let itself = std::env::current_exe().expect("this test's path");
    let mut child = std::process::Command::new(itself);
    let output = child.args(["--exact", test, "--ignored", "--nocapture"]).output().expect("a child");
    assert!(output.status.success(), "{}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
}

fn in_this_process(step: fn(&'static Stage, &mut Random)) {
    // SAFETY: ends the process if it hangs.
    unsafe { libc::alarm(60) };
    let stage = Stage::new(WaitPolicy::NO_SPIN, step);
    stage.storm(KILLS);
    stage.assert_intact();
}

#[test]
fn th2_kills_in_long_waits() {
    in_a_process("child_kills_in_long_waits");
}

#[test]
#[ignore = "run by th2_kills_in_long_waits"]
fn child_kills_in_long_waits() {
    in_this_process(wait_for_many);
}

#[test]
fn th2_kills_in_exits() {
    in_a_process("child_kills_in_exits");
}

#[test]
#[ignore = "run by th2_kills_in_exits"]
fn child_kills_in_exits() {
    in_this_process(exit);
}
