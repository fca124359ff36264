//! `NtCreateTimer` and what can be done to a timer (T1–T25).

use super::access::AccessMask;
use super::attributes::ObjectAttributes;
use super::names::Creation;
use super::{answer, check_query};
use crate::handle::entry::{Entry, Handle};
use crate::objects::Kind;
use crate::objects::event;
use crate::runtime::Runtime;
use crate::runtime::timers::{self, Due, Setting, TimerApc};
use crate::status::NtStatus;
use crate::sys::clock::TICKS_PER_SECOND;
use crate::traced::traced;
use crate::waiter::shield::Shield;

/// `TIMER_TYPE`: what a satisfied wait does to a timer that has expired (T1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(transparent)]
pub struct TimerType(pub u32);

impl TimerType {
    /// Stays signalled until it is set again; an expiry releases everybody (T8).
    pub const NOTIFICATION: Self = Self(0);
    /// Each satisfied wait clears it; an expiry releases one (T9).
    pub const SYNCHRONIZATION: Self = Self(1);
}

/// What a call of [`Runtime::nt_set_timer`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerSet {
    /// `SUCCESS`, or `TIMER_RESUME_IGNORED` if the timer was asked to wake the machine from sleep, which it will not do (T20).
    pub status: NtStatus,
    /// Was the timer signalled before, be it set or not (T7)?
    pub previous_state: bool,
}

/// Of `TimerBasicInformation`, the one class of [`Runtime::nt_query_timer`].
const BASIC_LENGTH: usize = 16;

const TICKS_PER_MILLISECOND: u64 = TICKS_PER_SECOND / 1000;

impl Runtime {
    /// `NtCreateTimer`: a new timer, not signalled and not set (T2), and a handle to it.
    ///
    /// The first timer of a process brings a thread of the library's own and three file descriptors, which serve all timers.
    ///
    /// # Errors
    /// `INVALID_PARAMETER_4`: a type other than 0 and 1 (T1). `INVALID_PARAMETER`: attributes that do not exist or exclude
    /// each other (H32). `PRIVILEGE_NOT_HELD`: a right or an attribute that needs a privilege. `INSUFFICIENT_RESOURCES`:
    /// the handle table is full, or the kernel has no memory, no thread or no descriptor. `NO_MEMORY`.
    pub fn nt_create_timer(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        timer_type: TimerType,
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateTimer(access = (access, AccessMask::TIMER_ALL_ACCESS), attributes = attributes,
            timer_type = timer_type) -> handle,
            self.create_timer(access, attributes, timer_type))
    }

    fn create_timer(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        timer_type: TimerType,
    ) -> Result<Handle, NtStatus> {
        let manual_reset = match timer_type {
            TimerType::NOTIFICATION => true,
            TimerType::SYNCHRONIZATION => false,
            _ => return Err(NtStatus::INVALID_PARAMETER_4),
        };
        let creation = Creation::check(Kind::Timer, access, attributes)?;
        let _shield = Shield::raise(); // the body is nobody's until it is the timer's
        let birth = self.resident().conceive_timer(event::flags(manual_reset))?;
        let made = self.make(&creation, birth);
        if made.as_ref().is_ok_and(|made| !made.existed) {
            return made.map(|made| made.handle);
        }
        timers::undo(birth);
        made.map(|made| made.handle)
    }

    /// `NtOpenTimer`: a handle to the timer of this name.
    ///
    /// # Errors
    /// As for [`nt_open_event`](Self::nt_open_event).
    pub fn nt_open_timer(&self, access: AccessMask, attributes: ObjectAttributes<'_>) -> Result<Handle, NtStatus> {
        traced!(NtOpenTimer(access = (access, AccessMask::TIMER_ALL_ACCESS), attributes = attributes) -> handle,
            self.open_object(Kind::Timer, access, attributes))
    }

    /// `NtSetTimer`: the timer is to expire at `due` (in units of 100 ns: negative from now, else absolute since 1601; what
    /// has passed is now: T3), and then every `period_ms` milliseconds, if that is not 0. Whatever it was set to before is
    /// forgotten, and it is not signalled until it expires (T4).
    ///
    /// At each expiry the calling thread is asked to call `apc`, in its next alertable wait (T14), after those who wait for
    /// the timer were released (T16); once for all expiries that come before it does (T15). Another set, a cancel, the end of
    /// the timer take the call back if it was not made yet (T6, T18); the end of the thread cancels the timer (T17).
    ///
    /// # Errors
    /// `INVALID_PARAMETER_6`: a negative period, whatever the handle is (T10). `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`,
    /// `ACCESS_DENIED` without `TIMER_MODIFY_STATE` (T22). `THREAD_IS_TERMINATING`: an APC for a thread that is past its end.
    pub fn nt_set_timer(
        &self,
        timer: Handle,
        due: i64,
        apc: Option<TimerApc>,
        resume: bool,
        period_ms: i32,
    ) -> Result<TimerSet, NtStatus> {
        traced!(NtSetTimer(handle = timer, due = due, apc = apc, resume = resume, period_ms = period_ms) -> previous_state,
            self.set_timer_in_ticks(timer, due, apc, resume, period_ms))
    }

    fn set_timer_in_ticks(
        &self,
        timer: Handle,
        due: i64,
        apc: Option<TimerApc>,
        resume: bool,
        period_ms: i32,
    ) -> Result<TimerSet, NtStatus> {
        let period = u64::try_from(period_ms).map_err(|_| NtStatus::INVALID_PARAMETER_6)? * TICKS_PER_MILLISECOND;
        let previous_state = self.set_timer_to(timer, &Setting { due: Due::from_nt(due), period, apc })?;
        let status = if resume { NtStatus::TIMER_RESUME_IGNORED } else { NtStatus::SUCCESS };
        Ok(TimerSet { status, previous_state })
    }

    /// The same, for callers with other units.
    pub(crate) fn set_timer(&self, timer: Handle, setting: &Setting) -> Result<bool, NtStatus> {
        traced!(NtSetTimer(handle = timer, due = setting.due, period = Span(setting.period)) -> previous_state,
            self.set_timer_to(timer, setting))
    }

    fn set_timer_to(&self, timer: Handle, setting: &Setting) -> Result<bool, NtStatus> {
        let target = self.table().find(timer, Kind::Timer, Entry::MODIFY)?;
        self.resident().set_timer(target, setting)
    }

    /// `NtCancelTimer`: stops the timer; when this has returned it does not expire. Its state stays, and is returned (T6).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `TIMER_MODIFY_STATE` (T22).
    pub fn nt_cancel_timer(&self, timer: Handle) -> Result<bool, NtStatus> {
        traced!(NtCancelTimer(handle = timer) -> previous_state,
            self.table()
                .find(timer, Kind::Timer, Entry::MODIFY)
                .and_then(|target| self.resident().cancel_timer(target)))
    }

    /// `NtQueryTimer`, class 0: sixteen bytes, the time until the timer is or was last due (`i64`, in units of 100 ns,
    /// negative when that has passed), the state (one byte), seven bytes of nothing; in the machine's byte order. The
    /// class is checked first, then the length, then the handle (T21).
    pub fn nt_query_timer(
        &self,
        timer: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQueryTimer(handle = timer, class = class, length = buffer.len()),
            match check_query(class, &[BASIC_LENGTH], buffer) {
                Err(status) => status,
                Ok(()) => answer(buffer, return_length, self.timer_information(timer)),
            }
        )
    }

    fn timer_information(&self, timer: Handle) -> Result<[u8; BASIC_LENGTH], NtStatus> {
        let target = self.table().find(timer, Kind::Timer, Entry::QUERY)?;
        let seen = self.resident().look_at_timer(target)?;
        let mut bytes = [0; BASIC_LENGTH];
        bytes[..8].copy_from_slice(&seen.remaining.to_ne_bytes());
        bytes[8] = seen.state.into();
        Ok(bytes)
    }
}
