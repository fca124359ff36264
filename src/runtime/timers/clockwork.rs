//! What a process has for its timers, once: the schedule, the alarm, and what the service thread does when a timer is due.
//!
//! ```text
//!   service thread   ┌─▶ sleep ─▶ lock; pop what is due; unlock ─▶ signal it ─▶ … ─▶ nothing more is due ─┐
//!    (service.rs)    └────────────────────────── tell the kernel of the next ◀────────────────────────────┘
//! ```
//!
//! All of it is made when the first timer is born, and so is the room that each timer needs to be armed: setting a timer
//! needs no memory and no descriptor, and cannot fail for lack of them.
//!
//! K1  The service thread holds no lock while it signals, and refers to the timer's runtime meanwhile.
//! K2  What expires is named by slot, generation and setting, and is looked at under the object's lock: so it does no harm
//!     if the timer was cancelled, set anew, or has died since it was popped.
//! K3  A child of `fork` has none of its parent's timers, and makes its own clockwork.

#![allow(unsafe_code, reason = "refers to runtimes that are named by their address")]

use super::super::residents::ResidentRef;
use super::super::service::{self, Key, Service};
use super::body::{Plan, TimerBody};
use super::heap::Entry;
use super::schedule::{Memory, Schedule, State};
use crate::objects::{Kind, Signal, Target};
use crate::status::NtStatus;
use crate::sys::alarm::{Alarm, Clock};
use crate::sys::atomic::process_static;
use crate::sys::lock::FutexLock;
use crate::sys::per_process::PerProcess;
use crate::sys::region::Region;
use crate::wait::signal;

/// Armed timers of a process, at most: as many as a runtime has handles.
const MOST: usize = 1 << 24;
/// Timers for which room is made at a time.
const RUN: u32 = 4096;

/// The clockwork.
#[derive(Debug)]
pub(super) struct Clockwork {
    alarm: Alarm,
    memory: Memory,
    state: FutexLock<State>,
}

process_static! {
    fn clockworks() -> PerProcess<Clockwork> = PerProcess::new()
}

/// The one that is there: wherever there is a timer, there is one.
pub(super) fn known() -> Option<&'static Clockwork> {
    clockworks().known()
}

/// Makes room for one more timer, and whatever timers need.
pub(super) fn admit() -> Result<(), NtStatus> {
    let service = service::get()?;
    let clockwork = clockworks().get_or_try_make(|| Clockwork::new(service))?;
    clockwork.make_room().inspect_err(|_| clockwork.dismiss())
}

impl Clockwork {
    fn new(service: &Service) -> Result<Self, NtStatus> {
        let heap = || Region::<Entry>::reserve(MOST);
        Ok(Self {
            alarm: Alarm::new(service.lookout(), Clock::ALL.map(|clock| Key::Clock(clock).number()))?,
            memory: [heap()?, heap()?],
            state: FutexLock::new(State::default()),
        })
    }

    /// Counts one more timer, and makes its room if there is none, with no lock held. Making the same twice does no harm.
    fn make_room(&self) -> Result<(), NtStatus> {
        let (timers, room) = {
            let state = &mut *self.state.lock();
            state.timers += 1;
            (state.timers, state.room)
        };
        if timers <= room {
            return Ok(());
        }
        let most = self.memory.iter().map(Region::len).min().unwrap_or(0);
        let end = (timers.next_multiple_of(RUN) as usize).min(most);
        if timers as usize > end {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        for heap in &self.memory {
            heap.commit(room as usize, end - room as usize)?;
        }
        let state = &mut *self.state.lock();
        state.room = state.room.max(end as u32);
        Ok(())
    }

    /// One timer less.
    pub(super) fn dismiss(&self) {
        self.state.lock().timers -= 1;
    }

    pub(super) fn lock(&self) -> Schedule<'_> {
        Schedule { memory: &self.memory, state: self.state.lock() }
    }

    /// Tells the kernel what it must know of this clock (S1).
    pub(super) fn tell(&self, clock: Clock, in_any_case: bool) {
        let mut first = self.lock().next_to_tell(clock, in_any_case);
        while let Some(moment) = first {
            self.alarm.set(clock, moment);
            let mut schedule = self.lock();
            schedule.was_told(clock);
            first = schedule.next_to_tell(clock, false);
        }
    }

    /// Lets all timers expire that are due at this moment.
    pub(super) fn expire_due(&self, clock: Clock) {
        let (now, monotonic_now) = (clock.now(), Clock::Monotonic.now());
        while let Some((body, plan, resident)) = self.pop(clock, now, monotonic_now) {
            expire(body, &plan, &resident);
        }
    }

    /// The next that is due, with a reference to its runtime.
    fn pop(&self, clock: Clock, now: u64, monotonic_now: u64) -> Option<(&'static TimerBody, Plan, ResidentRef)> {
        let mut schedule = self.lock();
        let (body, plan) = schedule.pop(clock, now, monotonic_now)?;
        // SAFETY: S3, it was in a heap a moment ago, and we still have the lock.
        let resident = unsafe { ResidentRef::to(plan.resident) }?;
        Some((body, plan, resident))
    }
}

/// A timer is due by this plan (K2).
fn expire(body: &'static TimerBody, plan: &Plan, resident: &ResidentRef) {
    // SAFETY: a slot of this runtime, whose memory stays while we refer to it.
    let Some(slot) = (unsafe { plan.slot.as_ref() }) else {
        return;
    };
    let target = Target { slot, generation: plan.generation, kind: Kind::Timer };
    if signal::signal(target, Signal::Expire(plan.setting), resident.home()).is_ok() {
        body.fire_apc(plan.setting); // T16: after the waiters were released
    }
}

/// What the service thread does when a moment has come on these clocks.
#[cfg(not(ntwait_loom))]
pub(in crate::runtime) fn serve(come: [bool; 2]) {
    let Some(clockwork) = known() else { return };
    for clock in Clock::ALL.into_iter().filter(|clock| come[*clock as usize]) {
        clockwork.expire_due(clock);
    }
    // Both, and when all is done: a timer may have gone from one to the other (T12).
    for clock in Clock::ALL {
        clockwork.tell(clock, come[clock as usize]);
    }
}
