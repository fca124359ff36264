//! Alerts and APCs (A1–A28), alerts by the thread's id (WA12–WA15).

use super::{call, telling, timed};
use crate::convention::Code;
use crate::memory::{In, Out};
use core::ffi::c_void;
use nt::{Handle, NtStatus};

calls! {
    fn NtAlertThread(thread: Handle) -> NtStatus {
        call(|nt| nt.nt_alert_thread(thread))
    }

    fn NtAlertResumeThread(thread: Handle, previous: Out<u32>) -> NtStatus {
        telling(previous, |nt| nt.nt_alert_resume_thread(thread))
    }

    fn NtTestAlert() -> NtStatus {
        call(|nt| nt.nt_test_alert())
    }

    fn NtQueueApcThread(
        thread: Handle,
        routine: Code,
        first: *mut c_void,
        second: *mut c_void,
        third: *mut c_void,
    ) -> NtStatus {
        let routine = routine.apc::<C>();
        call(|nt| nt.nt_queue_apc_thread(thread, routine, [first, second, third]))
    }

    fn NtWaitForAlertByThreadId(address: usize, timeout: In<i64>) -> NtStatus {
        timed(timeout, |nt, timeout| nt.nt_wait_for_alert_by_thread_id(address, timeout))
    }

    /// The id is as wide as a handle; none is beyond 32 bits.
    fn NtAlertThreadByThreadId(id: usize) -> NtStatus {
        u32::try_from(id).map_or(NtStatus::INVALID_CID, |id| call(|nt| nt.nt_alert_thread_by_thread_id(id)))
    }
}
