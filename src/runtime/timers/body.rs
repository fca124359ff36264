//! What a timer has beyond the word, the lock and the queue of every object: when it is due, and where it stands among the
//! others.
//!
//! B1  A body belongs to one timer from its birth to its death; then it goes back to a pool, and is a `TimerBody` for ever.
//! B2  The plan and the place are read and written under the lock of the schedule; apart from that, the plan's number of
//!     the setting is read by whoever has just taken the body from the pool.

#![allow(unsafe_code, reason = "the address of a body as a number")]

use super::super::residents::Resident;
use crate::objects::slot::Slot;
use crate::sys::alarm::Clock;
use crate::sys::atomic::{AtomicU64, process_static};
use crate::sys::cell::Guarded;
use crate::waiter::pool::{NoMemory, Pool, Pooled};
use crate::waiter::standing::StandingApc;
use core::ptr;

/// When a timer is due, and what is to be signalled then.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) clock: Clock,
    pub(super) due: u64,
    /// From one expiry to the next, 0: there is no next.
    pub(super) period: u64,
    /// The number of the setting (objects/timer.rs, M1).
    pub(super) setting: u32,
    pub(super) generation: u32,
    pub(super) slot: *const Slot,
    pub(super) resident: *const Resident,
}

impl Plan {
    /// Of a timer that was never set.
    pub(super) const NONE: Self = Self {
        clock: Clock::Monotonic,
        due: 0,
        period: 0,
        setting: 0,
        generation: 0,
        slot: ptr::null(),
        resident: ptr::null(),
    };
}

/// A body.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct TimerBody {
    /// Its position in a heap, plus one; 0: the timer is not armed.
    pub(super) place: Guarded<u32>,
    pub(super) plan: Guarded<Plan>,
    /// What the thread that set it is to call when it expires; given and withdrawn under the timer's object lock.
    pub(super) apc: StandingApc,
    next_free: AtomicU64,
}

// SAFETY: the fields follow B2; the pointers are used as the schedule says (S3).
unsafe impl Send for TimerBody {}
// SAFETY: as above.
unsafe impl Sync for TimerBody {}

impl Pooled for TimerBody {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self {
            place: Guarded::new(0),
            plan: Guarded::new(Plan::NONE),
            apc: StandingApc::new(),
            next_free: AtomicU64::new(0),
        }
    }
}

process_static! {
    /// Bodies that no timer has.
    fn bodies() -> Pool<TimerBody> = Pool::new()
}

/// A body that no timer has.
pub(super) fn take() -> Result<&'static TimerBody, NoMemory> {
    bodies().take()
}

/// The timer has died, or was not born after all.
pub(super) fn put(body: &'static TimerBody) {
    bodies().put(body);
}

impl TimerBody {
    /// Has its call made at this time, if it still has one by this setting (T14, T16).
    pub(super) fn fire_apc(&'static self, setting: u32) {
        let time = Clock::Wall.now();
        let half = |half: u64| ptr::without_provenance_mut(half as usize);
        self.apc.fire(setting, half(time & u64::from(u32::MAX)), half(time >> 32));
    }

    /// The form in which a timer's slot keeps it.
    pub(super) fn to_side(&self) -> u64 {
        ptr::from_ref(self).expose_provenance() as u64
    }

    /// # Safety
    /// The number is what the slot of a timer keeps, or 0.
    pub(super) unsafe fn from_side(side: u64) -> Option<&'static Self> {
        // SAFETY: null, or a body, which is never freed (B1).
        unsafe { ptr::with_exposed_provenance::<Self>(side as usize).as_ref() }
    }
}
