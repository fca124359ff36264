//! The thread that sees to what has fired and what has timed out: one for the process, from the first registration on.
//!
//! ```text
//!   bell    AWAKE ── nothing to do ──▶ ASLEEP ── rung, or the next time-out ──▶ AWAKE
//!              └── rung meanwhile ──▶ RUNG ── looks again ──▶ AWAKE
//! ```
//!
//! V1  Who has something for the service puts it where the service looks and rings after that; the service says AWAKE and
//!     looks after that. So nothing is overlooked.
//! V2  What fired first comes first (waiter/pile.rs).
//! orderings   ring: AcqRel swap

#![allow(unsafe_code, reason = "registrations by their address, which are never freed")]

use super::job::{Callback, Job};
use super::registration::Registration;
use super::timers::Timers;
use super::workers::Workers;
use super::{Runs, Ticket};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, process_static};
use crate::sys::clock::{self, Deadline};
use crate::sys::futex::{self, FutexAddr};
use crate::sys::lock::FutexLock;
use crate::sys::per_process::PerProcess;
use crate::sys::region::{OutOfMemory, Region};
use crate::sys::tls::thread_local;
use crate::threads;
use crate::waiter::park::MAX_OBJECTS;
use crate::waiter::pile::Pile;
use crate::waiter::pool::{NoMemory, Pool};
use crate::waiter::shield::Shield;
use core::cell::Cell;
use core::ptr;

const AWAKE: u32 = 0;
const ASLEEP: u32 = 1;
const RUNG: u32 = 2;

/// Registrations at a time.
const MOST: usize = MAX_OBJECTS;
/// Entries for which the timers have room at first.
const FIRST_TIMERS: usize = 64;

#[derive(Debug)]
pub(super) struct Service {
    places: Pool<Registration>,
    /// The address of each registration that was ever made, by number.
    directory: Region<AtomicU64>,
    made: AtomicU32,
    fired: Pile<Registration>,
    bell: AtomicU32,
    timers: FutexLock<Timers>,
    /// 1: the thread is there, or about to be.
    is_started: AtomicU32,
    workers: Workers,
}

process_static! {
    fn services() -> PerProcess<Service> = PerProcess::new()
}
thread_local! {
    static IS_SERVICE: Cell<bool> = const { Cell::new(false) };
}

impl From<NoMemory> for NtStatus {
    fn from(NoMemory: NoMemory) -> Self {
        Self::NO_MEMORY
    }
}

impl Service {
    fn new() -> Result<Self, NtStatus> {
        Ok(Self {
            places: Pool::new(),
            directory: Region::reserve(MOST).map_err(|OutOfMemory| NtStatus::NO_MEMORY)?,
            made: AtomicU32::new(0),
            fired: Pile::new(),
            bell: AtomicU32::new(AWAKE),
            timers: FutexLock::default(),
            is_started: AtomicU32::new(0),
            workers: Workers::default(),
        })
    }

    /// The one that is there, if any.
    pub(super) fn known() -> Option<&'static Self> {
        services().known()
    }

    /// The one of this process, with its thread. The depth is raised.
    pub(super) fn of_this_process() -> Result<&'static Self, NtStatus> {
        let service = services().get_or_try_make(Self::new)?;
        if service.is_started.swap(1, Ordering::AcqRel) == 0 {
            threads::start_worker(c"ntwait-waits", || service.serve())
                .inspect_err(|_| service.is_started.store(0, Ordering::Release))?;
        }
        Ok(service)
    }

    pub(super) fn is_this_thread() -> bool {
        IS_SERVICE.with(Cell::get)
    }

    pub(super) fn find(&self, number: u32) -> Option<&'static Registration> {
        if number >= self.made.load(Ordering::Acquire) {
            return None;
        }
        let address = self.directory.get(number as usize)?.load(Ordering::Acquire);
        // SAFETY: 0, or the exposed address of a registration, which is never freed.
        unsafe { ptr::with_exposed_provenance::<Registration>(address as usize).as_ref() }
    }

    /// All that there ever were.
    pub(super) fn all(&self) -> impl Iterator<Item = &'static Registration> {
        (0..self.made.load(Ordering::Acquire)).filter_map(|number| self.find(number))
    }

    /// Makes a registration. The depth is raised.
    pub(super) fn begin(
        &'static self,
        job: Job,
        callback: &mut Option<Callback>,
        tell: &dyn Fn(Ticket),
    ) -> Result<Ticket, NtStatus> {
        let registration = self.places.take()?;
        let number = self.number_of(registration).inspect_err(|_| self.places.put(registration))?;
        if job.timeout_ns.is_some() {
            self.make_room().inspect_err(|_| self.places.put(registration))?;
        }
        let ticket = Ticket { number, life: registration.next_life() };
        tell(ticket);
        registration.begin(job, callback);
        Ok(ticket)
    }

    /// The place is free.
    pub(super) fn give_back(&self, registration: &'static Registration) {
        self.places.put(registration);
    }

    fn number_of(&self, registration: &'static Registration) -> Result<u32, NtStatus> {
        if let Some(number) = registration.number() {
            return Ok(number);
        }
        let mut number = self.made.load(Ordering::Relaxed);
        loop {
            if number as usize >= self.directory.len() {
                return Err(NtStatus::INSUFFICIENT_RESOURCES);
            }
            self.directory.commit(number as usize, 1).map_err(|OutOfMemory| NtStatus::NO_MEMORY)?;
            match self.made.compare_exchange(number, number + 1, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(seen) => number = seen,
            }
        }
        if let Some(entry) = self.directory.get(number as usize) {
            entry.store(ptr::from_ref(registration).expose_provenance() as u64, Ordering::Release);
        }
        registration.set_number(number);
        Ok(number)
    }

    /// Room among the timers for all registrations that there are.
    fn make_room(&self) -> Result<(), NoMemory> {
        let needed = FIRST_TIMERS.max(2 * self.made.load(Ordering::Relaxed) as usize);
        if self.timers.lock().room() >= needed {
            return Ok(());
        }
        let larger = Timers::allocate(2 * needed)?;
        let smaller = self.timers.lock().extend(larger);
        drop(smaller);
        Ok(())
    }

    /// Something has fired. May be called under the shield of whoever ended the wait.
    pub(super) fn fire(&self, registration: &'static Registration) {
        self.fired.put(registration);
        self.ring();
    }

    /// A wait times out then.
    pub(super) fn time_out_at(&self, registration: &Registration, deadline: u64) {
        let _shield = Shield::raise();
        let is_next = self.timers.lock().enter(registration, deadline, |number| self.find(number));
        if is_next {
            self.ring();
        }
    }

    fn ring(&self) {
        if self.bell.swap(RUNG, Ordering::AcqRel) == ASLEEP {
            futex::wake(FutexAddr::whole(&self.bell), 1);
        }
    }

    /// What the thread does, for ever.
    fn serve(&'static self) {
        IS_SERVICE.with(|is_service| is_service.set(true));
        loop {
            self.bell.swap(AWAKE, Ordering::AcqRel); // V1
            for registration in self.fired.take() {
                self.dispatch(registration, registration.fired());
            }
            let next = self.time_out_all();
            let check = self.workers.look_after();
            let until = [next, check].into_iter().flatten().min();
            let deadline = until.map_or(Deadline::Never, Deadline::at_ns);
            if self.bell.compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                futex::wait(FutexAddr::whole(&self.bell), ASLEEP, &deadline);
            }
        }
    }

    fn dispatch(&'static self, registration: &'static Registration, runs: Runs) {
        match runs {
            Runs::Serially => registration.run(),
            _ => self.workers.give(registration, runs == Runs::LongInWorker),
        }
    }

    /// Sees to those whose time is up at this moment; says when the next one's is.
    fn time_out_all(&'static self) -> Option<u64> {
        let now = clock::now_ns();
        loop {
            let (found, next) = {
                let _shield = Shield::raise();
                let mut timers = self.timers.lock();
                (timers.take(now, |number| self.find(number)), timers.next())
            };
            let Some(registration) = found else { return next };
            if registration.time_out(now) {
                self.dispatch(registration, registration.fired());
            }
        }
    }
}
