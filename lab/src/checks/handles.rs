//! Handles that are closed, stale, or never were.

use std::collections::HashSet;

use ntwait::{AccessMask, DuplicateOptions, EventType, Handle, HandleAttributes, NtStatus, Runtime};

use super::face::{Event, TICKS_PER_MS, all_succeeded, create, state_of, wait_any};
use super::{Check, Lab, Verdict, ensure};
use crate::crowd::Crowd;

pub(super) const CHECKS: [Check; 4] = [
    Check {
        name: "close-while-waited",
        rule: "closing a handle does not end a wait on its object; a duplicate still signals it",
        run: close_while_waited,
    },
    Check {
        name: "close-last-handle",
        rule: "a wait whose object has lost its last handle goes on until its time-out",
        run: close_last_handle,
    },
    Check {
        name: "stale-handle",
        rule: "a closed handle is refused by every call and does not come back within 65,536 creations",
        run: stale_handle,
    },
    Check { name: "garbage-handles", rule: "values that never were handles are refused", run: garbage_handles },
];

fn duplicate(runtime: &Runtime, handle: Handle) -> Result<Handle, String> {
    runtime
        .nt_duplicate_object(
            Handle::CURRENT_PROCESS,
            handle,
            Handle::CURRENT_PROCESS,
            AccessMask::empty(),
            HandleAttributes::empty(),
            DuplicateOptions::SAME_ACCESS,
        )
        .map_err(|status| format!("duplicate answered {status}"))
}

fn close_while_waited(lab: Lab) -> Verdict {
    for trial in 1..=lab.repeats {
        let runtime = lab.runtime;
        let handle = create(runtime, EventType::SYNCHRONIZATION)?;
        let other = Event { runtime, handle: duplicate(runtime, handle)? };
        let crowd = Crowd::of(1, move |_| runtime.nt_wait_for_single_object(handle, false, None));
        crowd.block();
        let status = runtime.nt_close(handle);
        ensure!(status == NtStatus::SUCCESS, "trial {trial}: close answered {status}");
        ensure!(crowd.settle() == 0, "trial {trial}: the close ended the wait");
        other.set()?;
        ensure!(crowd.settle() == 1, "trial {trial}: the duplicate does not reach the waiter");
        ensure!(other.state()? == 0, "trial {trial}: the event is still set");
        all_succeeded(crowd)?;
    }
    Ok(format!("{0} of {0} trials", lab.repeats))
}

fn close_last_handle(lab: Lab) -> Verdict {
    let runtime = lab.runtime;
    let handle = create(runtime, EventType::NOTIFICATION)?;
    let crowd = Crowd::of(2, move |index| match index {
        0 => runtime.nt_wait_for_single_object(handle, false, Some(-100 * TICKS_PER_MS)),
        _ => wait_any(runtime, &[handle, handle], Some(-100 * TICKS_PER_MS)),
    });
    crowd.block();
    let status = runtime.nt_close(handle);
    ensure!(status == NtStatus::SUCCESS, "close answered {status}");
    let set = runtime.nt_set_event(handle);
    ensure!(set == Err(NtStatus::INVALID_HANDLE), "a set through the closed handle answered {set:?}");
    let endings = crowd.join();
    ensure!(endings == [NtStatus::TIMEOUT; 2], "the waits answered {endings:?}");
    Ok("a single wait and a wait-any timed out as if nothing had happened".to_owned())
}

fn stale_handle(lab: Lab) -> Verdict {
    const CREATIONS: u32 = 65_536;
    let runtime = lab.runtime;
    let stale = create(runtime, EventType::SYNCHRONIZATION)?;
    let status = runtime.nt_close(stale);
    ensure!(status == NtStatus::SUCCESS, "close answered {status}");
    let mut values = HashSet::new();
    for made in 1..=CREATIONS {
        let handle = create(runtime, EventType::SYNCHRONIZATION)?;
        ensure!(handle != stale, "the value came back after {made} creations");
        ensure!(handle.0.is_multiple_of(4) && handle.0 != 0, "{:#x} is no handle value", handle.0);
        values.insert(handle.0);
        let status = runtime.nt_close(handle);
        ensure!(status == NtStatus::SUCCESS, "close answered {status}");
    }
    let live = Event::auto(runtime)?;
    refused(runtime, stale)?;
    ensure!(live.state()? == 0, "a stale handle has set another event");
    Ok(format!("{} different values in {CREATIONS} creations", values.len()))
}

fn garbage_handles(lab: Lab) -> Verdict {
    let values = [0, 0x7FFF_FFFC, 0x1_0000_0004, 0xDEAD_BEE0_0000_0010, u64::MAX >> 1, 1 << 63];
    for value in values.into_iter().flat_map(|value| [value, value | 3]) {
        refused(lab.runtime, Handle(value))?;
    }
    let event = Event::auto(lab.runtime)?;
    let tagged = Handle(event.handle.0 | 3);
    let set = lab.runtime.nt_set_event(tagged);
    ensure!(set == Ok(0) && event.state()? == 1, "the two low bits of a handle must be ignored; set answered {set:?}");
    let thread = lab.runtime.nt_wait_for_single_object(Handle::CURRENT_THREAD, false, Some(0));
    ensure!(thread == NtStatus::TIMEOUT, "a poll of the current thread answered {thread}");
    let many = wait_any(lab.runtime, &[event.handle, Handle::CURRENT_THREAD], Some(0));
    ensure!(many == NtStatus::INVALID_HANDLE, "a pseudo handle among many answered {many}");
    ensure!(event.state()? == 1, "the refused wait took an event");
    Ok(format!("{} values", values.len() * 2))
}

/// Every call must answer that there is no such handle.
fn refused(runtime: &Runtime, handle: Handle) -> Result<(), String> {
    let value = handle.0;
    let answers = [
        ("set", runtime.nt_set_event(handle).err()),
        ("reset", runtime.nt_reset_event(handle).err()),
        ("pulse", runtime.nt_pulse_event(handle).err()),
        ("wait", runtime.nt_wait_for_single_object(handle, false, Some(0)).ok().err()),
        ("wait-any", wait_any(runtime, &[handle], Some(0)).ok().err()),
        ("close", runtime.nt_close(handle).ok().err()),
    ];
    for (call, answer) in answers {
        ensure!(answer == Some(NtStatus::INVALID_HANDLE), "{call} of {value:#x} answered {answer:?}");
    }
    ensure!(state_of(runtime, handle).is_err(), "query of {value:#x} succeeded");
    Ok(())
}
