//! The NT face as the checks use it: unexpected statuses become the reason why a check failed.

use ntwait::{AccessMask, EventType, Handle, NtStatus, ObjectAttributes, Runtime, WaitType};

use crate::crowd::{Crowd, stay_behind};
use crate::os::cpus::pin_to;

/// An event of one runtime, closed on drop.
pub(super) struct Event {
    pub(super) runtime: &'static Runtime,
    pub(super) handle: Handle,
}

/// Time-outs are in 100 ns: this many make a millisecond. Negative values are relative.
pub(super) const TICKS_PER_MS: i64 = 10_000;

impl Event {
    /// A clear auto-reset event.
    pub(super) fn auto(runtime: &'static Runtime) -> Result<Self, String> {
        Self::make(runtime, EventType::SYNCHRONIZATION)
    }

    /// A clear manual-reset event.
    pub(super) fn manual(runtime: &'static Runtime) -> Result<Self, String> {
        Self::make(runtime, EventType::NOTIFICATION)
    }

    fn make(runtime: &'static Runtime, event_type: EventType) -> Result<Self, String> {
        let handle = create(runtime, event_type)?;
        Ok(Self { runtime, handle })
    }

    /// `NtSetEvent`; the state before.
    pub(super) fn set(&self) -> Result<i32, String> {
        self.runtime.nt_set_event(self.handle).map_err(|status| format!("set answered {status}"))
    }

    /// `NtResetEvent`; the state before.
    pub(super) fn reset(&self) -> Result<i32, String> {
        self.runtime.nt_reset_event(self.handle).map_err(|status| format!("reset answered {status}"))
    }

    /// `NtPulseEvent`; the state before.
    pub(super) fn pulse(&self) -> Result<i32, String> {
        self.runtime.nt_pulse_event(self.handle).map_err(|status| format!("pulse answered {status}"))
    }

    /// `NtQueryEvent`; the state now.
    pub(super) fn state(&self) -> Result<i32, String> {
        state_of(self.runtime, self.handle)
    }

    /// `NtWaitForSingleObject`.
    pub(super) fn wait(&self, timeout: Option<i64>) -> NtStatus {
        self.runtime.nt_wait_for_single_object(self.handle, false, timeout)
    }

    /// `count` threads that each wait for it without a limit, all asleep.
    pub(super) fn blocked(&self, count: usize) -> Crowd<NtStatus> {
        let (runtime, handle) = (self.runtime, self.handle);
        let crowd = Crowd::of(count, move |_| runtime.nt_wait_for_single_object(handle, false, None));
        crowd.block();
        crowd
    }

    /// The same; and none of them can run while the calling thread is on `cpu`, so that two calls of it come before
    /// whatever the first one releases.
    pub(super) fn blocked_behind(&self, cpu: usize, count: usize) -> Crowd<NtStatus> {
        pin_to(cpu);
        let (runtime, handle) = (self.runtime, self.handle);
        let crowd = Crowd::of(count, move |_| {
            stay_behind(cpu);
            runtime.nt_wait_for_single_object(handle, false, None)
        });
        crowd.block();
        crowd
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        let _ = self.runtime.nt_close(self.handle);
    }
}

/// `NtCreateEvent`, clear, with full access.
pub(super) fn create(runtime: &Runtime, event_type: EventType) -> Result<Handle, String> {
    runtime
        .nt_create_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, event_type, false)
        .map_err(|status| format!("create answered {status}"))
}

/// `NtQueryEvent`: the state half of its eight bytes.
pub(super) fn state_of(runtime: &Runtime, handle: Handle) -> Result<i32, String> {
    const BASIC_INFORMATION: u32 = 0;
    let mut bytes = [0u8; 8];
    let status = runtime.nt_query_event(handle, BASIC_INFORMATION, &mut bytes, None);
    status.ok().map_err(|status| format!("query answered {status}"))?;
    let [_, _, _, _, state @ ..] = bytes;
    Ok(i32::from_ne_bytes(state))
}

/// Several clear auto-reset events.
pub(super) fn autos<const N: usize>(runtime: &'static Runtime) -> Result<[Event; N], String> {
    let events = (0..N).map(|_| Event::auto(runtime)).collect::<Result<Vec<_>, _>>()?;
    events.try_into().map_err(|_| format!("{N} events were asked for"))
}

/// The handles of several events, for a wait on many.
pub(super) fn handles<const N: usize>(events: &[Event; N]) -> [Handle; N] {
    std::array::from_fn(|index| events[index].handle)
}

/// `NtWaitForMultipleObjects` for any.
pub(super) fn wait_any(runtime: &Runtime, handles: &[Handle], timeout: Option<i64>) -> NtStatus {
    runtime.nt_wait_for_multiple_objects(handles, WaitType::ANY, false, timeout)
}

/// `NtWaitForMultipleObjects` for all.
pub(super) fn wait_all(runtime: &Runtime, handles: &[Handle], timeout: Option<i64>) -> NtStatus {
    runtime.nt_wait_for_multiple_objects(handles, WaitType::ALL, false, timeout)
}

/// Joins a crowd whose waits must all have succeeded.
pub(super) fn all_succeeded(crowd: Crowd<NtStatus>) -> Result<(), String> {
    match crowd.join().into_iter().find(|status| *status != NtStatus::WAIT_0) {
        None => Ok(()),
        Some(status) => Err(format!("a released wait answered {status}")),
    }
}
