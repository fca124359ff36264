//! Timers: set, cancel, ask; what sets them off is in the other files.
//!
//! ```text
//!   body.rs       what a timer has beyond its object
//!   heap.rs       the armed timers of one clock, in order
//!   schedule.rs   both heaps, and what the kernel was told
//!   clockwork.rs  the schedule, the kernel's timers, the service thread: once in a process
//! ```
//!
//! A set or cancel is one step under the lock of the timer's object: the number of the setting, the state and the schedule
//! change together, so two that come at the same time do not mix.
//!
//! L1  Locks are taken in this order: the object, then the schedule. Who has the schedule's takes no other. It is held for
//!     some tens of nanoseconds.
//! L2  An expiry pops its timer under the schedule's lock, lets go, and then takes the object's (clockwork.rs, K2).

#![allow(unsafe_code, reason = "finds the body that a timer's object names")]

mod body;
mod clockwork;
mod heap;
mod schedule;

use super::residents::Resident;
use crate::objects::held::Held;
use crate::objects::{Birth, Kind, Signal, Target, timer};
use crate::status::NtStatus;
use crate::sys::alarm::Clock;
use crate::wait::{Gone, signal};
use crate::waiter::shield::Shield;
use body::{Plan, TimerBody};
use core::ptr;

/// When a timer is to expire first (T3), in units of 100 ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// So long from now, whatever happens to the wall clock.
    After(u64),
    /// When the wall clock shows this, counted from 1601.
    At(u64),
}

impl Due {
    /// NT's form: negative is relative, anything else absolute (T3).
    pub(crate) fn from_nt(due: i64) -> Self {
        match u64::try_from(due) {
            Ok(moment) => Self::At(moment),
            Err(_) => Self::After(due.unsigned_abs()),
        }
    }

    /// The clock and the moment on it, and whether that has passed.
    fn moment(self) -> (Clock, u64, bool) {
        match self {
            // One more, as the clock was read as a little less than it is.
            Self::After(span) => {
                (Clock::Monotonic, Clock::Monotonic.now().saturating_add(span).saturating_add(1), false)
            }
            Self::At(moment) => (Clock::Wall, moment, Clock::Wall.now() >= moment),
        }
    }
}

/// What a timer is to do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    pub(crate) due: Due,
    /// In units of 100 ns, 0 for none.
    pub(crate) period: u64,
}

/// What can be asked of a timer (T21).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Outlook {
    /// Until it is, or was last, due; in units of 100 ns, negative when that has passed.
    pub(crate) remaining: i64,
    pub(crate) state: bool,
}

/// A timer that is not born after all.
pub(crate) fn undo(birth: Birth) {
    // SAFETY: what `conceive_timer` put there, and no object has it.
    if let Some(body) = unsafe { TimerBody::from_side(birth.side) } {
        body::put(body);
    }
    dismiss();
}

fn dismiss() {
    clockwork::known().into_iter().for_each(clockwork::Clockwork::dismiss);
}

impl Resident {
    /// A timer to be, clear and not armed (T2). The depth is raised until it is born, or not.
    pub(crate) fn conceive_timer(&self, flags: u64) -> Result<Birth, NtStatus> {
        clockwork::admit()?;
        match body::take() {
            Ok(body) => {
                // SAFETY: B2, the body is ours.
                let setting = unsafe { body.plan.get() }.setting;
                Ok(Birth { side: body.to_side(), extra: setting, ..Birth::plain(Kind::Timer, flags, 0) })
            }
            Err(_) => {
                dismiss();
                Err(NtStatus::NO_MEMORY)
            }
        }
    }

    /// Sets the timer, whatever it was set to before; returns its state before (T7).
    pub(crate) fn set_timer(&self, target: Target<'_>, setting: &Setting) -> Result<bool, NtStatus> {
        let _shield = Shield::raise();
        let clockwork = clockwork::known().ok_or(NtStatus::INVALID_HANDLE)?;
        let (clock, due, is_now) = setting.due.moment();
        let first = match (is_now, setting.period) {
            (true, 1..) => (Clock::Monotonic, Clock::Monotonic.now().saturating_add(setting.period)),
            _ => (clock, due),
        };
        let is_armed = !is_now || setting.period > 0;
        let mut is_to_be_told = false;
        let mut arrange = |held: &mut Held<'_>| {
            let plan = Plan {
                clock: first.0,
                due: first.1,
                period: setting.period,
                setting: timer::renew(held),
                generation: target.generation,
                slot: target.slot,
                resident: ptr::from_ref(self),
            };
            if let Some(body) = body_of(held) {
                is_to_be_told = clockwork.lock().set(body, plan, is_armed);
            }
        };
        let before = if is_now {
            signal::signal_and(target, Signal::Set, target, self.home(), &mut arrange)?
        } else {
            self.on_timer(target, |held| {
                let before = held.word();
                held.set_word(before.with_state(false)); // T4
                arrange(held);
                before
            })?
        };
        if is_to_be_told {
            clockwork.tell(first.0, false);
        }
        Ok(before.state())
    }

    /// Stops the timer; its state stays, and is returned (T6).
    pub(crate) fn cancel_timer(&self, target: Target<'_>) -> Result<bool, NtStatus> {
        self.on_timer(target, |held| {
            let setting = timer::renew(held);
            if let (Some(body), Some(clockwork)) = (body_of(held), clockwork::known()) {
                clockwork.lock().cancel(body, setting);
            }
            held.word().state()
        })
    }

    /// What can be seen of the timer at one moment.
    pub(crate) fn look_at_timer(&self, target: Target<'_>) -> Result<Outlook, NtStatus> {
        self.on_timer(target, |held| {
            let known = body_of(held).zip(clockwork::known());
            let plan = known.map_or(Plan::NONE, |(body, clockwork)| clockwork.lock().plan_of(body));
            let remaining = i128::from(plan.due) - i128::from(plan.clock.now());
            let remaining = remaining.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            Outlook { remaining, state: held.word().state() }
        })
    }

    fn on_timer<T>(&self, target: Target<'_>, work: impl FnOnce(&mut Held<'_>) -> T) -> Result<T, NtStatus> {
        signal::under_lock(target, self.home(), work).map_err(|Gone| NtStatus::INVALID_HANDLE)
    }
}

/// The body of a timer whose object is locked.
fn body_of(held: &Held<'_>) -> Option<&'static TimerBody> {
    debug_assert_eq!(held.kind(), Kind::Timer);
    // SAFETY: what `create_timer` put there.
    unsafe { TimerBody::from_side(held.side()) }
}

/// A timer has died, and its slot kept this: nothing of it expires from now on (T6).
pub(super) fn let_go(side: u64) {
    // SAFETY: what `create_timer` put there; a child of `fork`, where slots are wiped, finds 0.
    let body = unsafe { TimerBody::from_side(side) };
    if let Some((body, clockwork)) = body.zip(clockwork::known()) {
        clockwork.lock().remove(body);
        clockwork.dismiss();
        body::put(body);
    }
}
