//! Timers: set, cancel, ask; what sets them off is in the other files.
//!
//! ```text
//!   body.rs       what a timer has beyond its object
//!   heap.rs       the armed timers of one clock, in order
//!   schedule.rs   both heaps, and what the kernel was told
//!   clockwork.rs  the schedule, the kernel's timers, what the service thread does: once in a process
//! ```
//!
//! A set or cancel is one step under the lock of the timer's object: the number of the setting, the state and the schedule
//! change together, so two that come at the same time do not mix.
//!
//! L1  Locks are taken in this order: the timer's object, then either the schedule or the control block of a thread. Who
//!     has one of these takes no other; the object of a thread is not locked. The schedule is locked for some tens of
//!     nanoseconds.
//! L2  An expiry pops its timer under the schedule's lock, lets go, and then takes the object's (clockwork.rs, K2).
//! L3  A timer's completion APC is a standing order to the thread that set it (waiter/standing.rs). The thread has an object
//!     in the timer's runtime, so its end is noticed, and the runtime is there until then.

#![allow(unsafe_code, reason = "finds the body that a timer's object names")]

mod body;
mod clockwork;
mod heap;
mod schedule;

use super::residents::{Resident, ResidentRef};
use crate::objects::held::Held;
use crate::objects::{Birth, Kind, Signal, Target, timer};
use crate::status::NtStatus;
use crate::sys::alarm::Clock;
use crate::wait::{Gone, signal};
use crate::waiter::apc::{Apc, Routine, TimerApcRoutine};
use crate::waiter::record::{self, ThreadRecord};
use crate::waiter::shield::Shield;
use crate::waiter::standing;
use body::{Plan, TimerBody};
#[cfg(not(ntwait_loom))]
pub(super) use clockwork::serve;
use core::ffi::c_void;
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
    /// What the calling thread is to call.
    pub(crate) apc: Option<TimerApc>,
}

/// What a thread calls when a timer that it has set expires (T14).
#[derive(Clone, Copy, Debug)]
pub struct TimerApc {
    /// The function.
    pub routine: TimerApcRoutine,
    /// Its first argument.
    pub context: *mut c_void,
}

impl From<TimerApc> for Apc {
    fn from(apc: TimerApc) -> Self {
        let arguments = [apc.context, ptr::null_mut(), ptr::null_mut()];
        Self { routine: Routine::Timer(apc.routine), arguments, discard: None }
    }
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

    /// Stops the timer; its state stays, and is returned (T6).
    pub(crate) fn cancel_timer(&self, target: Target<'_>) -> Result<bool, NtStatus> {
        self.on_timer(target, |held| {
            stop(held);
            held.word().state()
        })
    }

    /// As [`cancel_timer`](Self::cancel_timer), if this is still its setting.
    fn cancel_setting(&self, target: Target<'_>, setting: u32) {
        let _ = self.on_timer(target, |held| {
            if target.slot.extra() == setting {
                stop(held);
            }
        });
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

impl ResidentRef {
    /// Sets the timer, whatever it was set to before; returns its state before (T7).
    pub(crate) fn set_timer(&self, target: Target<'_>, setting: &Setting) -> Result<bool, NtStatus> {
        let _shield = Shield::raise();
        let clockwork = clockwork::known().ok_or(NtStatus::INVALID_HANDLE)?;
        let order = match setting.apc {
            Some(apc) => Some((self.caller()?, apc.into())),
            None => None,
        };
        let (clock, due, is_now) = setting.due.moment();
        let (clock, due) = match setting.period {
            1.. if is_now => (Clock::Monotonic, Clock::Monotonic.now().saturating_add(setting.period)),
            _ => (clock, due),
        };
        let plan = Plan {
            clock,
            due,
            period: setting.period,
            setting: 0,
            generation: target.generation,
            slot: target.slot,
            resident: ptr::from_ref(&**self),
        };
        let mut arranged = Arranged::default();
        let mut arrange = |held: &mut Held<'_>| {
            let plan = Plan { setting: timer::renew(held), ..plan };
            if let Some(body) = body_of(held) {
                arrange_apc(body, order, plan.setting);
                let is_to_be_told = clockwork.lock().set(body, plan, !is_now || plan.period > 0);
                arranged = Arranged { body: Some(body), setting: plan.setting, is_to_be_told };
            }
        };
        let before = if is_now {
            signal::signal_after(target, Signal::Set, self.home(), &mut arrange)?
        } else {
            self.on_timer(target, |held| {
                let before = held.word();
                held.set_word(before.with_state(false)); // T4
                arrange(held);
                before
            })?
        };
        if is_now && let Some(body) = arranged.body {
            body.fire_apc(arranged.setting);
        }
        if arranged.is_to_be_told {
            clockwork.tell(clock, false);
        }
        Ok(before.state())
    }

    /// The calling thread, which has an object here from now on (L3).
    fn caller(&self) -> Result<&'static ThreadRecord, NtStatus> {
        self.current_thread()?;
        record::current().ok_or(NtStatus::THREAD_IS_TERMINATING)
    }
}

/// What is left to do when the timer's object is not locked any more.
#[derive(Default)]
struct Arranged {
    body: Option<&'static TimerBody>,
    setting: u32,
    is_to_be_told: bool,
}

/// Whatever was to be called is so no more (T18), and this is, if anything.
fn arrange_apc(body: &'static TimerBody, order: Option<(&'static ThreadRecord, Apc)>, setting: u32) {
    // SAFETY: its timer's object is locked.
    unsafe { body.apc.withdraw() };
    if let Some((me, apc)) = order {
        // SAFETY: its timer's object is locked.
        unsafe { body.apc.give(me, apc, setting, ptr::from_ref(body).cast()) };
    }
}

/// Neither expires any more, nor has anything called (T6).
fn stop(held: &mut Held<'_>) {
    let setting = timer::renew(held);
    if let (Some(body), Some(clockwork)) = (body_of(held), clockwork::known()) {
        arrange_apc(body, None, setting);
        clockwork.lock().cancel(body, setting);
    }
}

/// A model has no service thread: one of its own does what is due.
#[cfg(ntwait_loom)]
pub(crate) fn expire_due() {
    let _shield = Shield::raise();
    if let Some(clockwork) = clockwork::known() {
        Clock::ALL.into_iter().for_each(|clock| clockwork.expire_due(clock));
    }
}

/// A thread is ending: the timers that it has set with an APC are cancelled (T17). Costs what it has set.
pub(super) fn cancel_all_of(thread: &'static ThreadRecord) {
    while let Some((bearer, setting)) = standing::take_one(thread) {
        // SAFETY: `arrange_apc` put it there, and bodies are never freed.
        let body = unsafe { bearer.cast::<TimerBody>().as_ref() };
        let Some((body, clockwork)) = body.zip(clockwork::known()) else {
            continue;
        };
        let plan = clockwork.lock().plan_of(body);
        if plan.setting != setting {
            continue; // set anew meanwhile, by another thread
        }
        // SAFETY: L3, the thread's references to its runtimes are still there.
        let resident = unsafe { plan.resident.as_ref() };
        // SAFETY: a slot of that runtime.
        let slot = unsafe { plan.slot.as_ref() };
        if let Some((resident, slot)) = resident.zip(slot) {
            let target = Target { slot, generation: plan.generation, kind: Kind::Timer };
            resident.cancel_setting(target, setting);
        }
    }
}

/// The body of a timer whose object is locked.
fn body_of(held: &Held<'_>) -> Option<&'static TimerBody> {
    debug_assert_eq!(held.kind(), Kind::Timer);
    // SAFETY: what `conceive_timer` put there.
    unsafe { TimerBody::from_side(held.side()) }
}

/// A timer has died, and its slot kept this: nothing of it expires from now on (T6).
pub(super) fn let_go(side: u64) {
    // SAFETY: what `conceive_timer` put there; a child of `fork`, where slots are wiped, finds 0.
    let body = unsafe { TimerBody::from_side(side) };
    if let Some((body, clockwork)) = body.zip(clockwork::known()) {
        // SAFETY: its timer is no more, so nobody else acts for it.
        unsafe { body.apc.withdraw() };
        clockwork.lock().remove(body);
        clockwork.dismiss();
        body::put(body);
    }
}
