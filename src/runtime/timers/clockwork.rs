//! What a process has for its timers, once: the schedule, the alarm, and one thread that sleeps until a timer is due.
//!
//! ```text
//!   service thread   ┌─▶ sleep ─▶ lock; pop what is due; unlock ─▶ signal it ─▶ … ─▶ nothing more is due ─┐
//!                    └────────────────────────── tell the kernel of the next ◀────────────────────────────┘
//! ```
//!
//! All of it is made when the first timer is born, and so is the room that each timer needs to be armed: setting a timer
//! needs no memory and no descriptor, and cannot fail for lack of them.
//!
//! K1  The service thread holds no lock while it signals, and refers to the timer's runtime meanwhile. If that is about to
//!     go away, its timers do not expire any more.
//! K2  What expires is named by slot, generation and setting, and is looked at under the object's lock: so it does no harm
//!     if the timer was cancelled, set anew, or has died since it was popped.
//! K3  A child of `fork` has none of its parent's timers, and makes its own clockwork.

#![allow(unsafe_code, reason = "refers to runtimes that are named by their address")]

use super::super::residents::ResidentRef;
use super::body::{Plan, TimerBody};
use super::heap::Entry;
use super::schedule::{Memory, Schedule, State};
use crate::objects::{Kind, Signal, Target};
use crate::status::NtStatus;
use crate::sys::alarm::{Alarm, Clock, Unavailable};
use crate::sys::atomic::{AtomicU32, Ordering, process_static};
#[cfg(not(ntwait_loom))]
use crate::sys::depth;
use crate::sys::lock::FutexLock;
use crate::sys::per_process::PerProcess;
use crate::sys::region::Region;
use crate::threads;
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
    /// Timers that are there, armed or not.
    timers: AtomicU32,
    /// Timers that there is room for.
    room: AtomicU32,
    service: FutexLock<bool>,
}

process_static! {
    fn clockworks() -> PerProcess<Clockwork> = PerProcess::new()
}

impl From<Unavailable> for NtStatus {
    fn from(Unavailable: Unavailable) -> Self {
        Self::INSUFFICIENT_RESOURCES
    }
}

/// The one that is there: wherever there is a timer, there is one.
pub(super) fn known() -> Option<&'static Clockwork> {
    clockworks().known()
}

/// Makes room for one more timer, and whatever timers need.
pub(super) fn admit() -> Result<(), NtStatus> {
    let clockwork = clockworks().get_or_try_make(Clockwork::new)?;
    clockwork.see_to_service()?;
    clockwork.make_room().inspect_err(|_| clockwork.dismiss())
}

impl Clockwork {
    fn new() -> Result<Self, NtStatus> {
        let heap = || Region::<Entry>::reserve(MOST);
        Ok(Self {
            alarm: Alarm::new()?,
            memory: [heap()?, heap()?],
            state: FutexLock::new(State::default()),
            timers: AtomicU32::new(0),
            room: AtomicU32::new(0),
            service: FutexLock::new(false),
        })
    }

    fn see_to_service(&self) -> Result<(), NtStatus> {
        let mut there = self.service.lock();
        if !*there {
            threads::start_service(c"ntwait-timers", serve)?;
            *there = true;
        }
        Ok(())
    }

    /// Counts one more timer, and makes its room if there is none. Making the same twice does no harm.
    fn make_room(&self) -> Result<(), NtStatus> {
        let timers = self.timers.fetch_add(1, Ordering::Relaxed) + 1;
        // Acquire: who finds room finds it made.
        let room = self.room.load(Ordering::Acquire);
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
        self.room.fetch_max(end as u32, Ordering::AcqRel);
        Ok(())
    }

    /// One timer less.
    pub(super) fn dismiss(&self) {
        self.timers.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn lock(&self) -> Schedule<'_> {
        Schedule { memory: &self.memory, state: self.state.lock() }
    }

    /// Tells the kernel what it must know of this clock (S1).
    pub(super) fn tell(&self, clock: Clock, in_any_case: bool) {
        let mut first = self.lock().to_tell(clock, in_any_case);
        while let Some(moment) = first {
            self.alarm.set(clock, moment);
            let mut schedule = self.lock();
            schedule.was_told(clock);
            first = schedule.to_tell(clock, false);
        }
    }

    /// Lets all timers expire that are due at this moment.
    pub(super) fn expire_due(&self, clock: Clock) {
        let (now, monotonic_now) = (clock.now(), Clock::Monotonic.now());
        while let Some((body, plan, resident)) = self.pop(clock, now, monotonic_now) {
            if let Some(resident) = resident {
                expire(body, &plan, &resident);
            }
        }
    }

    /// The next that is due, and its runtime, if that is not about to go away.
    fn pop(
        &self,
        clock: Clock,
        now: u64,
        monotonic_now: u64,
    ) -> Option<(&'static TimerBody, Plan, Option<ResidentRef>)> {
        let mut schedule = self.lock();
        let (body, plan) = schedule.pop(clock, now, monotonic_now)?;
        // SAFETY: S3, it was in a heap a moment ago, and we still have the lock.
        let resident = unsafe { ResidentRef::try_new(plan.resident) };
        if resident.is_none() {
            schedule.remove(body);
        }
        Some((body, plan, resident))
    }
}

/// A timer is due by this plan (K2).
fn expire(_body: &'static TimerBody, plan: &Plan, resident: &ResidentRef) {
    // SAFETY: a slot of this runtime, whose memory stays while we refer to it.
    let Some(slot) = (unsafe { plan.slot.as_ref() }) else {
        return;
    };
    let target = Target { slot, generation: plan.generation, kind: Kind::Timer };
    let _ = signal::signal(target, Signal::Expire(plan.setting), resident.home());
}

/// What the service thread does all its life.
#[cfg(not(ntwait_loom))]
fn serve() {
    let Some(clockwork) = known() else { return };
    depth::raise(); // for good: it has no other state
    loop {
        let come = clockwork.alarm.sleep();
        for clock in Clock::ALL.into_iter().filter(|clock| come[*clock as usize]) {
            clockwork.expire_due(clock);
        }
        // Both, and when all is done: a timer may have gone from one to the other (T12).
        for clock in Clock::ALL {
            clockwork.tell(clock, come[clock as usize]);
        }
    }
}

/// A model's threads do it.
#[cfg(ntwait_loom)]
fn serve() {}
