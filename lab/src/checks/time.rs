//! Time-outs, and what happens when one meets a set.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ntwait::NtStatus;

use super::face::{Event, TICKS_PER_MS, autos, handles, wait_all, wait_any};
use super::{Check, Lab, Verdict, ensure};
use crate::race::{self, Tally};

pub(super) const CHECKS: [Check; 4] = [
    Check {
        name: "time-outs",
        rule: "zero polls, negative is relative, positive is absolute, none is early",
        run: time_outs,
    },
    Check {
        name: "time-out-race",
        rule: "a timed wait that races a set reports success exactly when it took the event",
        run: race_single,
    },
    Check { name: "time-out-race-any", rule: "the same for wait-any over four events", run: race_any },
    Check {
        name: "time-out-race-all",
        rule: "the same for wait-all over two events, one of them set before",
        run: race_all,
    },
];

fn time_outs(lab: Lab) -> Verdict {
    let event = Event::auto(lab.runtime)?;
    let span = Duration::from_millis(20);
    let ticks = 20 * TICKS_PER_MS;
    let mut latest = Duration::ZERO;
    let mut times_out = |what: &str, timeout: i64, at_least: Duration| -> Result<(), String> {
        let start = Instant::now();
        let status = event.wait(Some(timeout));
        let took = start.elapsed();
        ensure!(status == NtStatus::TIMEOUT, "{what}: answered {status}");
        ensure!(took >= at_least, "{what}: over after {took:?}");
        latest = latest.max(took.saturating_sub(at_least));
        Ok(())
    };
    times_out("zero", 0, Duration::ZERO)?;
    times_out("20 ms relative", -ticks, span)?;
    times_out("absolute, past", 1, Duration::ZERO)?;
    times_out("absolute, in 20 ms", now_since_1601() + ticks, span - Duration::from_millis(1))?;
    event.set()?;
    let status = event.wait(Some(0));
    ensure!(status == NtStatus::WAIT_0, "zero on a set event: answered {status}");
    Ok(format!("four kinds, at most {:.1} ms late", latest.as_secs_f64() * 1e3))
}

/// Now, in 100 ns since the year 1601, on the wall clock.
fn now_since_1601() -> i64 {
    const UNIX_EPOCH_TICKS: i64 = 116_444_736_000_000_000;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() / 100);
    UNIX_EPOCH_TICKS + i64::try_from(since).unwrap_or(0)
}

fn relative(limit: Duration) -> Option<i64> {
    Some(-i64::try_from(limit.as_nanos() / 100).unwrap_or(i64::MAX))
}

fn race_single(lab: Lab) -> Verdict {
    let event = Event::auto(lab.runtime)?;
    let (runtime, handle) = (event.runtime, event.handle);
    let wait = move |limit| runtime.nt_wait_for_single_object(handle, false, relative(limit)) == NtStatus::WAIT_0;
    let matches = |succeeded: bool| (event.wait(Some(0)) == NtStatus::TIMEOUT) == succeeded;
    judge(race::run(lab.cpus, lab.repeats * 60, wait, || _ = event.set(), matches))
}

fn race_any(lab: Lab) -> Verdict {
    let events: [Event; 4] = autos(lab.runtime)?;
    let (runtime, listed) = (lab.runtime, handles(&events));
    let wait = move |limit| wait_any(runtime, &listed, relative(limit)) == NtStatus(2);
    let matches = |succeeded: bool| (events[2].wait(Some(0)) == NtStatus::TIMEOUT) == succeeded;
    judge(race::run(lab.cpus, lab.repeats * 40, wait, || _ = events[2].set(), matches))
}

fn race_all(lab: Lab) -> Verdict {
    let events = [Event::auto(lab.runtime)?, Event::auto(lab.runtime)?];
    events[0].set()?;
    let (runtime, listed) = (lab.runtime, handles(&events));
    let wait = move |limit| wait_all(runtime, &listed, relative(limit)) == NtStatus::WAIT_0;
    let matches = |succeeded: bool| {
        let left = [events[0].wait(Some(0)), events[1].wait(Some(0))];
        let expected = if succeeded { [NtStatus::TIMEOUT; 2] } else { [NtStatus::WAIT_0; 2] };
        left == expected && events[0].set().is_ok()
    };
    judge(race::run(lab.cpus, lab.repeats * 40, wait, || _ = events[1].set(), matches))
}

fn judge(tally: Tally) -> Verdict {
    let Tally { succeeded, timed_out, wrong } = tally;
    let trials = succeeded + timed_out;
    ensure!(wrong == 0, "{wrong} of {trials} answers do not match what was taken");
    Ok(format!("{succeeded} succeeded, {timed_out} timed out, every answer matches"))
}
