//! Timers (T1–T25).

use super::query::Buffer;
use super::{Attributes, create, open, query, runtime, status, telling};
use crate::convention::Code;
use crate::memory::{In, Out, give};
use core::ffi::c_void;
use nt::{AccessMask, Handle, NtStatus, Runtime, TimerApc, TimerType};

calls! {
    fn NtCreateTimer(timer: Out<Handle>, access: u32, attributes: Attributes, timer_type: u32) -> NtStatus {
        let access = AccessMask::from_bits_retain(access);
        create(timer, attributes, |nt, attributes| nt.nt_create_timer(access, attributes, TimerType(timer_type)))
    }

    fn NtOpenTimer(timer: Out<Handle>, access: u32, attributes: Attributes) -> NtStatus {
        open(timer, access, attributes, Runtime::nt_open_timer)
    }

    fn NtSetTimer(
        timer: Handle,
        due: In<i64>,
        routine: Code,
        context: *mut c_void,
        resume: u8,
        period: i32,
        previous: Out<u8>,
    ) -> NtStatus {
        status(|| {
            if period < 0 {
                return Err(NtStatus::INVALID_PARAMETER_6); // T10: before the pointers
            }
            let due = due.require()?;
            let previous = previous.get()?;
            let apc = routine.timer_apc::<C>().map(|routine| TimerApc { routine, context });
            let set = runtime()?.nt_set_timer(timer, due, apc, resume != 0, period)?;
            give(previous, u8::from(set.previous_state));
            Ok(set.status)
        })
    }

    fn NtCancelTimer(timer: Handle, state: Out<u8>) -> NtStatus {
        telling(state, |nt| nt.nt_cancel_timer(timer).map(u8::from))
    }

    fn NtQueryTimer(timer: Handle, class: u32, bytes: Out<u8>, length: u32, return_length: Out<u32>) -> NtStatus {
        let buffer = Buffer { bytes, length, alignment: 8 };
        query(timer, buffer, return_length, |nt, timer, bytes, returned| nt.nt_query_timer(timer, class, bytes, returned))
    }
}
