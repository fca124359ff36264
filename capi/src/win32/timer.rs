//! Waitable timers (T1–T25).

use super::names::{self, Text};
use super::{Bool, FALSE, Security, succeeded};
use crate::convention::{Code, Convention};
use crate::last_error::{self, ERROR_NOT_SUPPORTED};
use crate::memory::In;
use crate::nt::runtime;
use core::ffi::c_void;
use nt::{AccessMask, Handle, NtStatus, Runtime, TimerApc, TimerType};

/// `CREATE_WAITABLE_TIMER_MANUAL_RESET`.
const MANUAL_RESET: u32 = 1;
/// `CREATE_WAITABLE_TIMER_HIGH_RESOLUTION`: as all timers are here.
const HIGH_RESOLUTION: u32 = 2;

fn create<T: Text>(security: Security, name: In<T>, flags: u32, access: AccessMask) -> Handle {
    names::create(security, name, |nt, attributes| {
        if flags & !(MANUAL_RESET | HIGH_RESOLUTION) != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let is_manual = flags & MANUAL_RESET != 0;
        let timer_type = if is_manual { TimerType::NOTIFICATION } else { TimerType::SYNCHRONIZATION };
        nt.nt_create_timer(access, attributes, timer_type)
    })
}

fn flags(manual_reset: Bool) -> u32 {
    if manual_reset != FALSE { MANUAL_RESET } else { 0 }
}

/// What a timer is to do.
#[derive(Clone, Copy)]
struct Setting {
    due: In<i64>,
    period: i32,
    apc: Option<TimerApc>,
    resume: bool,
}

impl Setting {
    fn new<C: Convention>(due: In<i64>, period: i32, routine: Code, context: *mut c_void, resume: bool) -> Self {
        let apc = routine.timer_apc::<C>().map(|routine| TimerApc { routine, context });
        Self { due, period, apc, resume }
    }
}

/// A timer that is to wake the machine is set, and the last error says that it will not do that (T20).
fn set(timer: Handle, setting: Setting) -> Bool {
    let set = || {
        let due = setting.due.require()?; // T24
        runtime()?.nt_set_timer(timer, due, setting.apc, setting.resume, setting.period)
    };
    succeeded(set().inspect(|set| {
        if set.status == NtStatus::TIMER_RESUME_IGNORED {
            last_error::set(ERROR_NOT_SUPPORTED);
        }
    }))
}

calls! {
    fn CreateWaitableTimerA(security: Security, manual_reset: Bool, name: In<u8>) -> Handle {
        create(security, name, flags(manual_reset), AccessMask::TIMER_ALL_ACCESS)
    }

    fn CreateWaitableTimerW(security: Security, manual_reset: Bool, name: In<u16>) -> Handle {
        create(security, name, flags(manual_reset), AccessMask::TIMER_ALL_ACCESS)
    }

    fn CreateWaitableTimerExA(security: Security, name: In<u8>, flags: u32, access: u32) -> Handle {
        create(security, name, flags, AccessMask::from_bits_retain(access))
    }

    fn CreateWaitableTimerExW(security: Security, name: In<u16>, flags: u32, access: u32) -> Handle {
        create(security, name, flags, AccessMask::from_bits_retain(access))
    }

    fn OpenWaitableTimerA(access: u32, inherit: Bool, name: In<u8>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_timer)
    }

    fn OpenWaitableTimerW(access: u32, inherit: Bool, name: In<u16>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_timer)
    }

    fn SetWaitableTimer(
        timer: Handle,
        due: In<i64>,
        period: i32,
        routine: Code,
        context: *mut c_void,
        resume: Bool,
    ) -> Bool {
        set(timer, Setting::new::<C>(due, period, routine, context, resume != FALSE))
    }

    /// A reason to wake the machine asks for that. The delay that would be tolerated is not made use of (T25).
    fn SetWaitableTimerEx(
        timer: Handle,
        due: In<i64>,
        period: i32,
        routine: Code,
        context: *mut c_void,
        wake: In<u32>,
        _tolerable_delay: u32,
    ) -> Bool {
        match wake.get() {
            Ok(reason) => set(timer, Setting::new::<C>(due, period, routine, context, reason.is_some())),
            Err(status) => succeeded::<()>(Err(status)),
        }
    }

    fn CancelWaitableTimer(timer: Handle) -> Bool {
        succeeded(runtime().and_then(|nt| nt.nt_cancel_timer(timer)))
    }
}
