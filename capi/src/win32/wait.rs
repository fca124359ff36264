//! Waits and sleeps (W1–W48, S1–S13, D1–D12). An alert is not visible: the call is made once more (W43).

use super::{Bool, FALSE, INFINITE, TRUE, timeout};
use crate::last_error;
use crate::memory::In;
use crate::nt::{runtime, status};
use core::mem::MaybeUninit;
use core::time::Duration;
use nt::{Handle, NtStatus, Runtime, WaitType};

const WAIT_FAILED: u32 = u32::MAX;
const MAXIMUM_WAIT_OBJECTS: usize = Runtime::MAXIMUM_WAIT_OBJECTS;

/// The value of a wait: its status, or `WAIT_FAILED` and the last error, which otherwise stays as it is (W31, W42).
#[inline]
fn ended(status: NtStatus) -> u32 {
    if status.is_success() {
        return status.0;
    }
    last_error::set_status(status);
    WAIT_FAILED
}

/// Waits, alertably or not. After an alert it does so from the beginning, with its full time-out (W43).
#[inline]
fn unalerted(wait: impl Fn(&Runtime) -> NtStatus) -> NtStatus {
    status(|| {
        let nt = runtime()?;
        loop {
            let ended = wait(nt);
            if ended != NtStatus::ALERTED {
                return Ok(ended);
            }
        }
    })
}

fn wait_for_multiple(count: u32, objects: In<Handle>, wait_all: Bool, alertable: Bool, milliseconds: u32) -> u32 {
    let wait = || {
        if count == 0 {
            return Err(NtStatus::INVALID_PARAMETER); // W5, before the pointer
        }
        let mut room = [MaybeUninit::uninit(); MAXIMUM_WAIT_OBJECTS];
        let objects = objects.copy(count as usize, &mut room)?;
        let wait_type = if wait_all != FALSE { WaitType::ALL } else { WaitType::ANY };
        let (alertable, timeout) = (alertable != FALSE, timeout(milliseconds));
        Ok(unalerted(|nt| nt.nt_wait_for_multiple_objects(objects, wait_type, alertable, timeout)))
    };
    ended(status(wait))
}

/// `WAIT_IO_COMPLETION` if APCs ended it, else 0. It cannot fail: without memory for the engine the kernel sleeps for us.
fn sleep(milliseconds: u32, alertable: bool) -> u32 {
    let interval = timeout(milliseconds).unwrap_or(i64::MIN);
    match unalerted(|nt| nt.nt_delay_execution(alertable, interval)) {
        NtStatus::USER_APC => NtStatus::USER_APC.0,
        ended if ended.is_success() => 0,
        _ => {
            sleep_without(milliseconds);
            0
        }
    }
}

#[cold]
#[allow(clippy::disallowed_methods, reason = "there is nothing else to sleep with")]
fn sleep_without(milliseconds: u32) {
    let span = if milliseconds == INFINITE { Duration::MAX } else { Duration::from_millis(milliseconds.into()) };
    std::thread::sleep(span);
}

calls! {
    fn WaitForSingleObject(object: Handle, milliseconds: u32) -> u32 {
        let wait = |nt: &Runtime| nt.nt_wait_for_single_object(object, false, timeout(milliseconds));
        ended(runtime().map_or_else(|status| status, wait))
    }

    fn WaitForSingleObjectEx(object: Handle, milliseconds: u32, alertable: Bool) -> u32 {
        let (alertable, timeout) = (alertable != FALSE, timeout(milliseconds));
        ended(unalerted(|nt| nt.nt_wait_for_single_object(object, alertable, timeout)))
    }

    fn WaitForMultipleObjects(count: u32, objects: In<Handle>, wait_all: Bool, milliseconds: u32) -> u32 {
        wait_for_multiple(count, objects, wait_all, FALSE, milliseconds)
    }

    fn WaitForMultipleObjectsEx(
        count: u32,
        objects: In<Handle>,
        wait_all: Bool,
        milliseconds: u32,
        alertable: Bool,
    ) -> u32 {
        wait_for_multiple(count, objects, wait_all, alertable, milliseconds)
    }

    /// What is done once more after an alert is all of it, the signal too, as on Windows (W43).
    fn SignalObjectAndWait(signal: Handle, object: Handle, milliseconds: u32, alertable: Bool) -> u32 {
        let (alertable, timeout) = (alertable != FALSE, timeout(milliseconds));
        ended(unalerted(|nt| nt.nt_signal_and_wait_for_single_object(signal, object, alertable, timeout)))
    }

    fn Sleep(milliseconds: u32) {
        sleep(milliseconds, false);
    }

    fn SleepEx(milliseconds: u32, alertable: Bool) -> u32 {
        sleep(milliseconds, alertable != FALSE)
    }

    fn SwitchToThread() -> Bool {
        match runtime().map(Runtime::nt_yield_execution) {
            Ok(NtStatus::NO_YIELD_PERFORMED) | Err(_) => FALSE,
            Ok(_) => TRUE,
        }
    }
}
