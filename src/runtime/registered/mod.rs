//! Registered waits: callbacks for objects, any number of them, watched by one thread.
//!
//! ```text
//!   signaller ── takes the object for a registration ──▶ fired ──▶ service thread ──▶ the callback, there
//!   time ────────────────────────────────────────────────▲                │
//!                                                                          └──▶ ready ──▶ a worker: the callback
//! ```
//!
//! A registration stands in its object's queue itself ([`unattended`](crate::wait::unattended)), with a wait block and a
//! parking word of its own. So an object that fires costs the same with one registration as with a million, and the
//! object is handed over exactly as to a thread: one satisfied wait for each callback, first come, first served.
//!
//! ```text
//!   registration.rs  one registration: its states
//!   job.rs           what it is about
//!   service.rs       the thread that sees to what has fired and what has timed out
//!   timers.rs        which registration times out next
//!   workers.rs       threads that run callbacks
//! ```
//!
//! All of it is the process's, not a runtime's: one thread however many runtimes. A child of `fork` begins with none.
//!
//! G1  Locks are taken in this order: a registration's control, then an object's lock, or the timers', or the workers'.
//! G2  Callbacks run, and closures are dropped, with no lock held and at depth zero.

mod job;
mod registration;
mod service;
mod timers;
mod workers;

use super::residents::ResidentRef;
use crate::objects::{Kind, Target};
use crate::status::NtStatus;
use crate::wait::{Gone, signal};
use crate::waiter::shield::Shield;
use core::time::Duration;
pub(crate) use job::{Callback, Context};
use job::{Completion, Job};
use registration::Unregistered;
use service::Service;

/// What a registration is to be.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) callback: Callback,
    /// How long each wait may last; `None` for ever.
    pub(crate) timeout: Option<Duration>,
    /// One callback, and no more.
    pub(crate) once: bool,
    pub(crate) runs: Runs,
}

/// Where a callback runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Runs {
    /// In the thread that watches, one after the other (T33).
    Serially,
    /// In a worker.
    InWorker,
    /// In a worker, for so long that others must not wait for it.
    LongInWorker,
}

/// Which registration, and which of those that had its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ticket {
    pub(crate) number: u32,
    pub(crate) life: u32,
}

/// What is to happen when the callbacks of a registration that goes are done.
#[derive(Debug)]
pub(crate) enum WhenDone<'r> {
    Nothing,
    /// The caller waits for it.
    Wait,
    /// This event is set.
    Set(Target<'r>),
}

/// A pin of an object, with the runtime that it is in.
#[derive(Debug)]
struct Pinned {
    resident: ResidentRef,
    /// The object's slot and generation.
    place: (usize, u32),
    kind: Kind,
}

impl Pinned {
    fn new(resident: &ResidentRef, target: Target<'_>) -> Result<Self, NtStatus> {
        signal::under_lock(target, resident.home(), |held| held.pin()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let place = (resident.table().slot_index(target.slot), target.generation);
        Ok(Self { resident: resident.clone(), place, kind: target.kind })
    }

    fn target(&self) -> Result<Target<'_>, Gone> {
        self.resident.table().target_at(self.place, self.kind).map_err(|_| Gone)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if let Ok(target) = self.target() {
            signal::unpin(target, self.resident.home());
        }
    }
}

/// Has the callback called whenever the object is signalled, or the time is up. The ticket is told before anything is called.
pub(crate) fn register(
    resident: &ResidentRef,
    target: Target<'_>,
    wanted: Wanted,
    tell: &dyn Fn(Ticket),
) -> Result<Ticket, NtStatus> {
    if target.kind == Kind::Mutant {
        return Err(NtStatus::NOT_SUPPORTED); // whose would it be?
    }
    let mut callback = Some(wanted.callback); // dropped under no shield, if nothing comes of it
    let _shield = Shield::raise();
    let service = Service::of_this_process()?;
    let object = Pinned::new(resident, target)?;
    let timeout_ns = wanted.timeout.map(|span| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX));
    let job = Job { object, callback: None, timeout_ns, once: wanted.once, runs: wanted.runs };
    service.begin(job, &mut callback, tell)
}

/// Ends a registration. What its callbacks were called for stays taken; one that has been decided still comes.
pub(crate) fn unregister(resident: &ResidentRef, ticket: Ticket, when_done: WhenDone<'_>) -> NtStatus {
    let completion = match when_done {
        WhenDone::Set(event) => match Pinned::new(resident, event) {
            Ok(event) => Some(Completion(event)),
            Err(status) => return status,
        },
        WhenDone::Nothing | WhenDone::Wait => None,
    };
    let Some(registration) = Service::known().and_then(|service| service.find(ticket.number)) else {
        return NtStatus::INVALID_HANDLE;
    };
    match registration.unregister(resident, ticket.life, completion) {
        Unregistered::Unknown => NtStatus::INVALID_HANDLE,
        Unregistered::Over => NtStatus::SUCCESS,
        Unregistered::Pending if matches!(when_done, WhenDone::Wait) && registration.await_end(ticket.life) => {
            NtStatus::SUCCESS
        }
        Unregistered::Pending => NtStatus::PENDING,
    }
}

/// The runtime goes: so do its registrations. What has been decided still comes.
pub(super) fn unregister_all(resident: &ResidentRef) {
    let Some(service) = Service::known() else { return };
    for registration in service.all() {
        if let Some(life) = registration.life_in(resident) {
            let _ = registration.unregister(resident, life, None);
        }
    }
}
