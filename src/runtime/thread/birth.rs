//! How a thread comes to be.
//!
//! ```text
//!   maker                                             new thread
//!   body, record, object (pinned by the thread)
//!   handle
//!   start a Linux thread ───────────────────────────▶ take on the record; under the lock: RUNNING, Linux id
//!   return the handle                                 stand still while suspended (TH9); told to end: leave
//!                                                     hook; APCs that were queued already (A19)
//!                                                     the routine
//! ```
//!
//! B1  If no Linux thread can be had, nothing remains: no handle, no object, no body, no record.
//! B2  A request that comes before the thread has its id in the body leaves its bit only; the thread looks at its bits
//!     after it has put the id there, under the same lock. So no request is missed, and a thread that is made suspended
//!     runs nothing.
//! B3  What runs user code has no values with destructors in its frame, and no catch: `pthread_exit` unwinds by force.

#![allow(unsafe_code, reason = "the body is the thread's argument")]

use super::super::residents::{Resident, ResidentRef};
use super::current::{self, Residence};
use super::end::{self, Way};
use super::{CurrentThread, Place};
use crate::handle::entry::Handle;
use crate::handle::{Grant, bodies};
use crate::objects::thread::{Life, Stage, Start, StartRoutine, ThreadBody, Times};
use crate::objects::{Birth, Kind};
use crate::status::NtStatus;
use crate::threads::{self, Job, StartError};
use crate::waiter::apc;
#[cfg(not(ntwait_loom))]
use crate::waiter::at_exit;
use crate::waiter::interrupt::{self, Fate};
use crate::waiter::park::Pending;
use crate::waiter::record::{self, NoMemory, ThreadRecord};
use crate::waiter::shield::Shield;
use core::ffi::c_void;
use core::ptr;

/// What thread is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spec {
    pub(crate) routine: StartRoutine,
    pub(crate) parameter: *mut c_void,
    /// Bytes, 0 for the default.
    pub(crate) stack_size: usize,
    pub(crate) suspended: bool,
    pub(crate) hidden: bool,
}

impl From<StartError> for NtStatus {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NoMemory => Self::NO_MEMORY,
            StartError::NoThread => Self::INSUFFICIENT_RESOURCES,
            StartError::Unsupported => Self::NOT_SUPPORTED,
        }
    }
}

impl ResidentRef {
    /// Makes a thread and a handle to it, and tells its id before it runs.
    pub(crate) fn create_thread(&self, spec: &Spec, grant: Grant, tell: &dyn Fn(u32)) -> Result<Handle, NtStatus> {
        let _shield = Shield::raise();
        // So that it is known when the first thread leaves the process to us (TH5).
        #[cfg(not(ntwait_loom))]
        at_exit::at_exit_of_first(threads::first_has_left);
        // Without a signal only the threads that call us can be stopped; that is no reason to have none.
        #[cfg(not(ntwait_loom))]
        let _ = crate::sys::signal::install(interrupt::serve);
        let record = record::acquire().map_err(|NoMemory| NtStatus::NO_MEMORY)?;
        let place = self.conceive(spec, record).inspect_err(|_| record::release(record))?;
        let born = self.thread_at(place).and_then(|target| self.table().add_handle(target, grant));
        let started = born.and_then(|handle| {
            tell(bodies::id_of(place.body));
            match self.start(place, spec) {
                Ok(()) => Ok(handle),
                Err(error) => {
                    let _ = self.close(handle);
                    Err(error.into())
                }
            }
        });
        started.inspect_err(|_| self.undo(place, record))
    }

    /// The object of a thread that is still to be started.
    fn conceive(&self, spec: &Spec, record: &'static ThreadRecord) -> Result<Place, NtStatus> {
        let table = self.table();
        let body = table.bodies().take()?;
        let born = Birth::running(Kind::Thread, body);
        let target = table.create_pinned(born).inspect_err(|_| table.bodies().put(body))?;
        // SAFETY: the record is for the thread that is to be born.
        unsafe { record.set_end(end::die) };
        if spec.suspended {
            record.control.lock().suspended = 1;
            let _ = record.park.post(Pending::Suspend);
        }
        let life = Life {
            suspend_count: u32::from(spec.suspended),
            hidden: spec.hidden,
            record: Some(record),
            times: Times::starting_now(),
            start_address: spec.routine.address(),
            ..Life::default()
        };
        let start = Start { routine: spec.routine, parameter: spec.parameter, resident: self.to_raw() };
        let place = Place { slot: table.slot_index(target.slot), generation: target.generation, body };
        self.found(place, life, Some(start));
        Ok(place)
    }

    fn start(&self, place: Place, spec: &Spec) -> Result<(), StartError> {
        let body = self.table().bodies().get(place.body).ok_or(StartError::NoMemory)?;
        let data = ptr::from_ref(body).cast_mut().cast();
        let job = Job { data, run, finish: end::finish, orphaned: end::orphaned };
        let settings = &self.threads;
        let how = threads::Start { stack_size: spec.stack_size, backend: settings.backend, parked: settings.parked };
        threads::start(job, &how)
    }

    /// B1. Somebody may have found the thread by its id meanwhile: for him it has ended.
    fn undo(&self, place: Place, record: &'static ThreadRecord) {
        let raw = self.at_place(place, |body, life| {
            life.stage = Stage::Ending;
            life.record = None;
            // SAFETY: there is no thread.
            unsafe { body.start() }.map(|start| start.resident)
        });
        end::end_object(self, place).pay();
        end::clear(record, Way::Clean);
        record::release(record);
        if let Ok(Some(raw)) = raw {
            // SAFETY: the thread that it was made for was not born.
            drop(unsafe { Self::from_raw(raw) });
        }
    }
}

impl Resident {
    /// Gives a new object its body and lets it be found by its id.
    pub(super) fn found(&self, place: Place, life: Life, start: Option<Start>) {
        if let Some(body) = self.table().bodies().get(place.body) {
            *body.name.lock() = None;
            // SAFETY: just taken from the free list.
            unsafe { body.bear(life, start) };
            body.publish(place.slot, place.generation);
        }
    }
}

/// A thread's first function, and its last but for the end. B3: nothing here has a destructor.
///
/// # Safety
/// `data` is the body that this thread was made for, with its `Start` still in it.
unsafe fn run(data: *mut ()) {
    // SAFETY: the caller's promise.
    let Some(start) = (unsafe { arrive(data) }) else {
        return;
    };
    let code = start.routine.call(start.parameter);
    end::depart(code);
}

/// Takes the new thread to the point where its routine can be called. `None`: it is to end without.
///
/// # Safety
/// As for [`run`].
#[inline(never)]
unsafe fn arrive(data: *mut ()) -> Option<Start> {
    // SAFETY: the caller's promise, and this is the thread.
    let (start, resident, place) = unsafe { take_over(data) }?;
    current::settle(Residence { is_native: true, resident, place });
    let (resident, _) = current::native()?;
    let me = take_on_record(resident, place)?;
    if interrupt::stand_still(me) == Fate::End {
        return None;
    }
    if let Some(hook) = resident.threads.on_start {
        hook(&CurrentThread { resident, place });
    }
    apc::drain(me); // A19
    Some(start)
}

/// How the thread of this body begins, its reference to its runtime, and its place there.
///
/// # Safety
/// `data` is a body that a thread was made for, with its `Start` still in it, and the caller is that thread; or the
/// thread is gone and the caller acts for it. The reference is the thread's own: whoever had it before has none now.
pub(super) unsafe fn take_over(data: *mut ()) -> Option<(Start, ResidentRef, Place)> {
    // SAFETY: bodies are never freed while a thread refers to their runtime, and the caller has its reference.
    let body = unsafe { &*data.cast::<ThreadBody>() };
    // SAFETY: the caller's promise.
    let start = unsafe { body.start() }?;
    // SAFETY: made for the thread, and the caller's alone.
    let resident = unsafe { ResidentRef::from_raw(start.resident) }?;
    let (slot, generation) = body.place()?;
    let place = Place { slot, generation, body: resident.table().bodies().number_of(body) };
    Some((start, resident, place))
}

/// B2.
fn take_on_record(resident: &Resident, place: Place) -> Option<&'static ThreadRecord> {
    let tid = threads::kernel_id();
    let before = threads::used_before();
    let arrived = resident.at_place(place, |_, life| {
        if let Some(record) = life.record {
            record::adopt(record, tid);
        }
        life.tid = tid;
        life.stage = Stage::Running;
        (life.times.kernel, life.times.user) = (before.kernel, before.user);
        (life.record, life.changed != 0)
    });
    let (record, is_changed) = arrived.ok()?;
    if is_changed {
        resident.catch_up(place);
    }
    record
}
