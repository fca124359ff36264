//! A timed wait against a set, aimed at the moment when the time runs out.
//!
//! The set comes later after a wait that succeeded and earlier after one that timed out, so most trials happen within
//! a few hundred nanoseconds of the race.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::crowd::spawn;
use crate::os::cpus::{Cpus, pin_to};

/// How often each side won.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Waits that succeeded.
    pub(crate) succeeded: u32,
    /// Waits that timed out.
    pub(crate) timed_out: u32,
    /// Trials whose outcome did not match the state that was left.
    pub(crate) wrong: u32,
}

/// How long each wait may take.
pub(crate) const LIMIT: Duration = Duration::from_micros(60);

/// Runs `trials` races. `wait` is called on another thread with [`LIMIT`] and tells whether it succeeded; `set` is
/// called once for each; `check` is then told the outcome, says whether the state matches it, and clears the state.
pub(crate) fn run(
    cpus: Cpus,
    trials: u32,
    wait: impl Fn(Duration) -> bool + Send + 'static,
    set: impl Fn(),
    mut check: impl FnMut(bool) -> bool,
) -> Tally {
    let turn = Arc::new(Turn::default());
    let waiter = spawn({
        let turn = Arc::clone(&turn);
        move || {
            pin_to(cpus.other());
            sharpen_timers();
            (1..=u64::from(trials)).for_each(|trial| turn.wait(trial, &wait));
        }
    });
    pin_to(cpus.home);
    let mut tally = Tally::default();
    let mut aim = Aim { delay: LIMIT };
    for trial in 1..=u64::from(trials) {
        let succeeded = turn.race(trial, aim.delay, &set);
        aim.correct(succeeded, trial);
        tally.succeeded += u32::from(succeeded);
        tally.timed_out += u32::from(!succeeded);
        tally.wrong += u32::from(!check(succeeded));
    }
    waiter.join().expect("the waiter ends");
    tally
}

/// Timers of the calling thread fire as soon as they can; usually the kernel may let them be 50 µs late.
fn sharpen_timers() {
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

/// Both sides' place in the sequence of trials.
#[derive(Default)]
struct Turn {
    /// The trial that has begun.
    begun: AtomicU64,
    /// Twice the trial that has ended, plus 1 if its wait succeeded.
    ended: AtomicU64,
}

impl Turn {
    fn wait(&self, trial: u64, wait: impl Fn(Duration) -> bool) {
        while self.begun.load(Ordering::Acquire) != trial {
            thread::yield_now();
        }
        let succeeded = wait(LIMIT);
        self.ended.store(2 * trial + u64::from(succeeded), Ordering::Release);
    }

    fn race(&self, trial: u64, delay: Duration, set: impl Fn()) -> bool {
        self.begun.store(trial, Ordering::Release);
        let start = Instant::now();
        while start.elapsed() < delay {}
        set();
        loop {
            let ended = self.ended.load(Ordering::Acquire);
            if ended / 2 == trial {
                return ended % 2 == 1;
            }
            thread::yield_now();
        }
    }
}

/// When to set.
struct Aim {
    delay: Duration,
}

impl Aim {
    fn correct(&mut self, succeeded: bool, trial: u64) {
        // A small spread around the aim, so that no moment is always missed.
        let step = Duration::from_nanos(150 + (trial * 97) % 500);
        self.delay = if succeeded { self.delay + step } else { self.delay.saturating_sub(step) };
        self.delay = self.delay.clamp(LIMIT / 4, LIMIT * 20);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{AUTO, BareFutex, Event};

    #[test]
    fn both_outcomes_are_reached_and_match() {
        let event = Arc::new(BareFutex::<AUTO>::new());
        let waits = Arc::clone(&event);
        let tally = run(
            Cpus::discover(),
            400,
            move |limit| waits.wait_timeout(limit),
            || event.set(),
            |ok| event.try_wait() != ok,
        );
        assert_eq!((tally.succeeded + tally.timed_out, tally.wrong), (400, 0));
        assert!(tally.succeeded > 0 && tally.timed_out > 0, "{tally:?}");
    }
}
