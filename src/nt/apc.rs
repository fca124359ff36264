//! `NtAlertThread`, `NtAlertResumeThread`, `NtQueueApcThread`, `NtTestAlert` (A1–A35); `NtAlertThreadByThreadId`,
//! `NtWaitForAlertByThreadId` (WA12–WA15).

use super::access::AccessMask;
use crate::handle::entry::Handle;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::traced::traced;
use crate::wait::alert;
use crate::waiter::apc::{self, Apc, ApcRoutine, Routine};
use crate::waiter::record::{self, NoMemory};
use core::ffi::c_void;

impl Runtime {
    /// `NtAlertThread`: ends the thread's alertable wait with `ALERTED`, or its next one (A24); a second alert before
    /// that changes nothing (A25).
    ///
    /// Answers `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_ALERT` or
    /// `THREAD_SUSPEND_RESUME` (A27), `THREAD_IS_TERMINATING`.
    pub fn nt_alert_thread(&self, thread: Handle) -> NtStatus {
        traced!(NtAlertThread(handle = thread), self.alert_thread(thread).err().unwrap_or(NtStatus::SUCCESS))
    }

    fn alert_thread(&self, thread: Handle) -> Result<(), NtStatus> {
        let target = self.find_thread(thread, AccessMask::THREAD_ALERT | AccessMask::THREAD_SUSPEND_RESUME)?;
        self.resident().alert(target)
    }

    /// `NtAlertResumeThread`: alerts and resumes in one step; returns the suspend count before (A28). This alert lets
    /// queued APCs go first (A7).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_SUSPEND_RESUME`.
    pub fn nt_alert_resume_thread(&self, thread: Handle) -> Result<u32, NtStatus> {
        traced!(NtAlertResumeThread(handle = thread) -> previous_count,
            self.find_thread(thread, AccessMask::THREAD_SUSPEND_RESUME)
                .and_then(|target| self.resident().alert_and_resume(target)))
    }

    /// `NtAlertThreadByThreadId`: ends the thread's [wait for such an alert](Self::nt_wait_for_alert_by_thread_id), or its
    /// next one; or its wait on an address ([`wait_on_address`](crate::wait_on_address)), which then ends as if it had been
    /// woken (WA16). A second alert before that changes nothing (WA14). Needs no handle.
    ///
    /// Answers `INVALID_CID` for an id that is 0 or unknown; `SUCCESS` for a thread that has ended and that something still
    /// refers to (WA12).
    pub fn nt_alert_thread_by_thread_id(&self, id: u32) -> NtStatus {
        traced!(
            NtAlertThreadByThreadId(thread_id = id),
            match self.thread_of_id(id).and_then(|target| self.resident().alert_by_id(target)) {
                Ok(()) => NtStatus::SUCCESS,
                Err(_) => NtStatus::INVALID_CID, // gone meanwhile
            }
        )
    }

    /// `NtWaitForAlertByThreadId`: sleeps until another thread alerts this one by its id, or the time-out, in units of 100 ns
    /// as for [`nt_wait_for_single_object`](Self::nt_wait_for_single_object). The hint says for debuggers what is waited for;
    /// it has no effect (WA15). Not alertable.
    ///
    /// Answers `ALERTED`, also for an alert that came earlier (WA13); `TIMEOUT`; `NO_MEMORY`.
    pub fn nt_wait_for_alert_by_thread_id(&self, address_hint: usize, timeout: Option<i64>) -> NtStatus {
        let _ = address_hint;
        traced!(
            NtWaitForAlertByThreadId(address_hint = Address(address_hint), timeout = timeout),
            match alert::wait_by_id(Timeout::from_nt(timeout)) {
                Ok(true) => NtStatus::ALERTED,
                Ok(false) => NtStatus::TIMEOUT,
                Err(NoMemory) => NtStatus::NO_MEMORY,
            }
        )
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
        traced!(
            NtQueueApcThread(handle = thread, routine = routine, arguments = arguments),
            self.queue_or_discard(thread, apc).err().unwrap_or(NtStatus::SUCCESS)
        )
    }

    /// The same for Rust callers. A call that is not queued is discarded.
    pub(crate) fn queue_apc(&self, thread: Handle, apc: Apc) -> Result<(), NtStatus> {
        traced!(NtQueueApcThread(handle = thread), self.queue_or_discard(thread, Some(apc)))
    }

    fn queue_or_discard(&self, thread: Handle, apc: Option<Apc>) -> Result<(), NtStatus> {
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
        traced!(NtTestAlert(), test_alert())
    }
}

fn test_alert() -> NtStatus {
    match record::current() {
        Some(me) if me.park.take_alert() => NtStatus::ALERTED,
        Some(me) => {
            apc::drain(me);
            NtStatus::SUCCESS
        }
        None => NtStatus::SUCCESS,
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
