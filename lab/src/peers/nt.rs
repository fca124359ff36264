//! ntwait itself, through handles: every call is an `nt_*` method of a [`Runtime`].

use std::sync::OnceLock;
use std::time::Duration;

use ntwait::{AccessMask, EventType, Handle, NtStatus, ObjectAttributes, Runtime, ThreadBackend, WaitPolicy};

use super::Event;

/// An event behind a handle; closed on drop. `SPIN` chooses the runtime: the default policy, or one that never spins.
pub(crate) struct NtEvent<const MANUAL: bool, const SPIN: bool = true> {
    runtime: &'static Runtime,
    handle: Handle,
}

/// The lab's runtime with everything as it is by default: the wait policy, the ways of threads.
pub(crate) fn adaptive() -> &'static Runtime {
    static RUNTIME: OnceLock<&Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| started(Runtime::new()))
}

/// A second runtime, whose waits never spin.
pub(crate) fn no_spin() -> &'static Runtime {
    static RUNTIME: OnceLock<&Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| started(Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).build()))
}

/// Another one, whose threads do not stay parked when they have ended. Each begins as a new Linux thread, whatever the
/// last one did to itself: threads that bind themselves to CPUs are made here.
pub(crate) fn recycling() -> &'static Runtime {
    static RUNTIME: OnceLock<&Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| started(Runtime::builder().parked_threads(0, Duration::ZERO).build()))
}

/// Another one, whose threads are made by `pthread_create`.
pub(crate) fn pthread_backend() -> &'static Runtime {
    static RUNTIME: OnceLock<&Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| started(Runtime::builder().thread_backend(ThreadBackend::Pthread).build()))
}

fn started(runtime: Result<Runtime, NtStatus>) -> &'static Runtime {
    runtime.expect("the kernel has memory for a runtime").leak()
}

impl<const MANUAL: bool, const SPIN: bool> NtEvent<MANUAL, SPIN> {
    /// For waits on many.
    pub(crate) fn handle(&self) -> Handle {
        self.handle
    }
}

impl<const MANUAL: bool, const SPIN: bool> Event for NtEvent<MANUAL, SPIN> {
    const NAME: &'static str = if SPIN { "ntwait" } else { "ntwait, no spinning" };

    fn new() -> Self {
        let runtime = if SPIN { adaptive() } else { no_spin() };
        let handle = create(runtime, if MANUAL { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION });
        Self { runtime, handle }
    }

    #[inline]
    fn set(&self) {
        expect(self.runtime.nt_set_event(self.handle));
    }

    #[inline]
    fn reset(&self) {
        expect(self.runtime.nt_reset_event(self.handle));
    }

    #[inline]
    fn wait(&self) {
        let ended = self.runtime.nt_wait_for_single_object(self.handle, false, None);
        if ended != NtStatus::WAIT_0 {
            unexpected(ended);
        }
    }

    fn wait_timeout(&self, limit: Duration) -> bool {
        let ticks = i64::try_from(limit.as_nanos() / 100).unwrap_or(i64::MAX);
        self.runtime.nt_wait_for_single_object(self.handle, false, Some(-ticks)) == NtStatus::WAIT_0
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.runtime.nt_wait_for_single_object(self.handle, false, Some(0)) == NtStatus::WAIT_0
    }
}

impl<const MANUAL: bool, const SPIN: bool> Drop for NtEvent<MANUAL, SPIN> {
    fn drop(&mut self) {
        let _ = self.runtime.nt_close(self.handle);
    }
}

fn create(runtime: &Runtime, event_type: EventType) -> Handle {
    runtime
        .nt_create_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::NONE, event_type, false)
        .expect("the table has room for one more event")
}

/// The state before a set or reset; an error is a failure of the measurement, which its watchdog reports.
#[inline]
fn expect(before: Result<i32, NtStatus>) {
    if let Err(status) = before {
        unexpected(status);
    }
}

#[cold]
fn unexpected(status: NtStatus) -> ! {
    panic!("ntwait answered {status}");
}
