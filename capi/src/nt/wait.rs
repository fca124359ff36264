//! Waits (W1–W48, S1–S13, D1–D11).

use super::{call, runtime, status, timed};
use crate::memory::In;
use core::mem::MaybeUninit;
use nt::{Handle, NtStatus, Runtime, WaitType};

const MAXIMUM_WAIT_OBJECTS: usize = Runtime::MAXIMUM_WAIT_OBJECTS;

/// What comes before the pointers: the count, of which there is a most, and then the type (W1, W2).
#[inline]
pub(crate) fn wait_type_of(count: usize, most: usize, wait_type: u32) -> Result<WaitType, NtStatus> {
    if !(1..=most).contains(&count) {
        return Err(NtStatus::INVALID_PARAMETER_1);
    }
    match WaitType(wait_type) {
        known @ (WaitType::ALL | WaitType::ANY) => Ok(known),
        _ => Err(NtStatus::INVALID_PARAMETER_3),
    }
}

calls! {
    fn NtWaitForSingleObject(object: Handle, alertable: u8, timeout: In<i64>) -> NtStatus {
        timed(timeout, |nt, timeout| nt.nt_wait_for_single_object(object, alertable != 0, timeout))
    }

    /// The count comes before the type, and both before the pointers (W1, W2).
    fn NtWaitForMultipleObjects(
        count: u32,
        objects: In<Handle>,
        wait_type: u32,
        alertable: u8,
        timeout: In<i64>,
    ) -> NtStatus {
        status(|| {
            let count = count as usize;
            let wait_type = wait_type_of(count, MAXIMUM_WAIT_OBJECTS, wait_type)?;
            let timeout = timeout.get()?;
            let mut room = [const { MaybeUninit::uninit() }; MAXIMUM_WAIT_OBJECTS];
            let objects = objects.copy(count, &mut room)?;
            Ok(runtime()?.nt_wait_for_multiple_objects(objects, wait_type, alertable != 0, timeout))
        })
    }

    fn NtSignalAndWaitForSingleObject(signal: Handle, object: Handle, alertable: u8, timeout: In<i64>) -> NtStatus {
        timed(timeout, |nt, timeout| nt.nt_signal_and_wait_for_single_object(signal, object, alertable != 0, timeout))
    }

    /// A null interval is a bad pointer: it is no time-out of for ever (D4).
    fn NtDelayExecution(alertable: u8, interval: In<i64>) -> NtStatus {
        status(|| {
            let interval = interval.require()?;
            Ok(runtime()?.nt_delay_execution(alertable != 0, interval))
        })
    }

    fn NtYieldExecution() -> NtStatus {
        call(|nt| nt.nt_yield_execution())
    }
}
