//! Waits for any of several events.

use ntwait::{Handle, NtStatus};

use super::face::{Event, autos, handles, wait_any};
use super::{Check, Lab, Verdict, ensure};
use crate::crowd::Crowd;

pub(super) const CHECKS: [Check; 3] = [
    Check {
        name: "any-takes-one",
        rule: "wait-any takes the first set event in order and leaves the others alone",
        run: any_takes_one,
    },
    Check {
        name: "any-blocked",
        rule: "a blocked wait-any answers the index of the event that ended it",
        run: any_blocked,
    },
    Check { name: "any-count", rule: "1 to 64 objects may be waited for, not 0 and not 65", run: any_count },
];

fn any_takes_one(lab: Lab) -> Verdict {
    let events = [Event::auto(lab.runtime)?, Event::auto(lab.runtime)?, Event::auto(lab.runtime)?];
    events[2].set()?;
    events[1].set()?;
    let answers: [NtStatus; 3] = std::array::from_fn(|_| wait_any(lab.runtime, &handles(&events), Some(0)));
    ensure!(answers == [NtStatus(1), NtStatus(2), NtStatus::TIMEOUT], "events 1 and 2 were set, answers {answers:?}");

    events[0].set()?;
    let twice = [events[1].handle, events[0].handle, events[0].handle];
    let answers: [NtStatus; 2] = std::array::from_fn(|_| wait_any(lab.runtime, &twice, Some(0)));
    ensure!(answers == [NtStatus(1), NtStatus::TIMEOUT], "one event listed twice, set once, answers {answers:?}");
    Ok("lowest index first, one event each time".to_owned())
}

fn any_blocked(lab: Lab) -> Verdict {
    for trial in 0..lab.repeats as usize {
        let events: [Event; 4] = autos(lab.runtime)?;
        let listed = handles(&events);
        let runtime = lab.runtime;
        let crowd = Crowd::of(2, move |_| wait_any(runtime, &listed, None));
        crowd.block();
        let ends = [trial % 4, (trial / 4 + 1) % 4];
        for end in ends {
            events[end].set()?;
        }
        let released = crowd.settle();
        ensure!(released == 2, "trial {trial}: two sets released {released} of 2");
        let mut indices: Vec<u32> = crowd.join().iter().map(|status| status.0).collect();
        indices.sort_unstable();
        let mut expected = ends.map(|end| end as u32);
        expected.sort_unstable();
        ensure!(indices == expected, "trial {trial}: set {expected:?}, answered {indices:?}");
        for event in &events {
            ensure!(event.state()? == 0, "trial {trial}: an event is set, though its waiter took it");
        }
    }
    Ok(format!("two waiters on the same four, {0} of {0} trials", lab.repeats))
}

fn any_count(lab: Lab) -> Verdict {
    let events = (0..65).map(|_| Event::auto(lab.runtime)).collect::<Result<Vec<_>, _>>()?;
    let listed: Vec<Handle> = events.iter().map(|event| event.handle).collect();
    events[63].set()?;
    let answers = [
        wait_any(lab.runtime, &listed, Some(0)),
        wait_any(lab.runtime, &[], Some(0)),
        wait_any(lab.runtime, &listed[..64], Some(0)),
        wait_any(lab.runtime, &listed[..64], Some(0)),
    ];
    let expected = [NtStatus::INVALID_PARAMETER_1, NtStatus::INVALID_PARAMETER_1, NtStatus(63), NtStatus::TIMEOUT];
    ensure!(answers == expected, "65, 0, 64 and 64 objects answered {answers:?}");
    Ok("64 work, 0 and 65 are refused and take nothing".to_owned())
}
