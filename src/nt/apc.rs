//! `NtAlertThread`, `NtAlertResumeThread`, `NtQueueApcThread`, `NtTestAlert` (A1–A35).

use super::access::AccessMask;
use crate::handle::entry::Handle;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::waiter::apc::{self, Apc, ApcRoutine, Routine};
use crate::waiter::record;
use core::ffi::c_void;

impl Runtime {
    /// `NtAlertThread`: ends the thread's alertable wait with `ALERTED`, or its next one (A24); a second alert before
    /// that changes nothing (A25).
    ///
    /// Answers `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_ALERT` or
    /// `THREAD_SUSPEND_RESUME` (A27), `THREAD_IS_TERMINATING`.
    pub fn nt_alert_thread(&self, thread: Handle) -> NtStatus {
        let found = self.find_thread(thread, AccessMask::THREAD_ALERT | AccessMask::THREAD_SUSPEND_RESUME);
        let alerted = found.and_then(|target| self.resident().alert(target));
        alerted.err().unwrap_or(NtStatus::SUCCESS)
    }

    /// `NtAlertResumeThread`: alerts and resumes in one step; returns the suspend count before (A28). This alert lets
    /// queued APCs go first (A7).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_SUSPEND_RESUME`.
    pub fn nt_alert_resume_thread(&self, thread: Handle) -> Result<u32, NtStatus> {
        let target = self.find_thread(thread, AccessMask::THREAD_SUSPEND_RESUME)?;
        self.resident().alert_and_resume(target)
    }

    /// `NtQueueApcThread`: has the thread call the routine with these arguments when it next waits alertably, or tests
    /// for alerts (A1); in the order in which they were queued (A2). Without a routine nothing is queued (A18).
    ///
    /// Answers `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_SET_CONTEXT` (A17);
    /// `UNSUCCESSFUL` for a thread that has ended (A15); `NO_MEMORY`.
    pub fn nt_queue_apc_thread(
        &self,
        thread: Handle,
        routine: Option<ApcRoutine>,
        arguments: [*mut c_void; 3],
    ) -> NtStatus {
        let apc = routine.map(|routine| Apc { routine: Routine::Foreign(routine), arguments, discard: None });
        self.queue_apc(thread, apc).err().unwrap_or(NtStatus::SUCCESS)
    }

    /// A call that is not queued is discarded.
    pub(crate) fn queue_apc(&self, thread: Handle, apc: Option<Apc>) -> Result<(), NtStatus> {
        let found = self.find_thread(thread, AccessMask::THREAD_SET_CONTEXT);
        let queued = found.and_then(|target| self.resident().queue_apc(target, apc));
        if queued.is_err()
            && let Some((apc, free)) = apc.and_then(|apc| Some((apc, apc.discard?)))
        {
            free(apc.arguments);
        }
        queued
    }

    /// `NtTestAlert`: `ALERTED` if the calling thread was alerted, which uses the alert up and leaves the APCs (A22);
    /// else calls the queued APCs, if any, and answers `SUCCESS` (A21, A23).
    pub fn nt_test_alert(&self) -> NtStatus {
        match record::current() {
            Some(me) if me.park.take_alert() => NtStatus::ALERTED,
            Some(me) => {
                apc::drain(me);
                NtStatus::SUCCESS
            }
            None => NtStatus::SUCCESS,
        }
    }
}

/// After a wait that ended for an APC: calls all that are queued (A3).
pub(super) fn deliver(ended: NtStatus) -> NtStatus {
    if ended == NtStatus::USER_APC
        && let Some(me) = record::current()
    {
        apc::drain(me);
    }
    ended
}
