//! The objects that stand for the calling thread: one in each runtime that made it, or was asked for it.
//!
//! R1  The list is touched by its thread alone, and only in a shielded section: the signal that ends a thread finds it
//!     whole.

#![allow(unsafe_code, reason = "a thread keeps its runtime alive")]

use super::super::residents::{Resident, ResidentRef};
use super::{Place, end};
use crate::handle::bodies;
use crate::objects::owner::Owner;
use crate::objects::thread::{Life, Stage, ThreadBody, Times};
use crate::objects::{Birth, Kind, Target};
use crate::status::NtStatus;
use crate::sys::atomic::Ordering;
use crate::sys::cpu;
use crate::sys::tls::thread_local;
use crate::wait::take::Taker;
use crate::waiter::at_exit::{self, Leaving};
use crate::waiter::record;
use crate::waiter::shield::Shield;
use core::cell::{Cell, RefCell};
use core::mem::ManuallyDrop;
use core::ptr;

/// A thread as an owner in one runtime, for the thread itself.
#[derive(Clone, Copy, Debug)]
struct Here {
    resident: *const Resident,
    body: *const ThreadBody,
    number: u32,
}

/// The thread's object in one runtime.
#[derive(Debug)]
pub(super) struct Residence {
    /// Is it the runtime that made the thread?
    pub(super) is_native: bool,
    pub(super) resident: ResidentRef,
    pub(super) place: Place,
}

/// All of them. The first needs no memory: most threads have one, and a thread can end where nothing may be freed.
#[derive(Debug)]
pub(super) struct Residences {
    first: Option<Residence>,
    more: Vec<Residence>,
}

impl Residences {
    const NONE: Self = Self { first: None, more: Vec::new() };

    pub(super) fn iter(&self) -> impl Iterator<Item = &Residence> {
        self.first.iter().chain(&self.more)
    }

    /// Lets go of the runtimes where nothing may be freed.
    pub(super) fn let_go(self) {
        let mut more = ManuallyDrop::new(self.more);
        if let Some(first) = self.first {
            first.resident.let_go();
        }
        while let Some(next) = more.pop() {
            next.resident.let_go();
        }
    }

    fn add(&mut self, residence: Residence) {
        // A runtime that only this thread still refers to has been dropped, and nobody can ask for the object.
        self.more.retain(|known| !known.resident.is_forsaken());
        HERE.with(|here| here.set(None));
        match &mut self.first {
            Some(_) => self.more.push(residence),
            first => *first = Some(residence),
        }
    }
}

thread_local! {
    /// The thread's rundown has begun: it gets no more objects.
    static IS_OVER: Cell<bool> = const { Cell::new(false) };
}
thread_local! {
    /// The thread in the runtime in which it was last asked for: a value without a destructor, so a plain load.
    static HERE: Cell<Option<Here>> = const { Cell::new(None) };
}
thread_local! {
    // Without a destructor: the thread's end is somebody's explicit business.
    static RESIDENCES: ManuallyDrop<RefCell<Residences>> = const { ManuallyDrop::new(RefCell::new(Residences::NONE)) };
}

/// The calling thread has this object from now on.
pub(super) fn settle(residence: Residence) {
    let _shield = Shield::raise();
    RESIDENCES.with(|residences| residences.borrow_mut().add(residence));
}

/// The calling thread has no objects from now on; these were they.
pub(super) fn take() -> Residences {
    IS_OVER.with(|is_over| is_over.set(true));
    HERE.with(|here| here.set(None));
    RESIDENCES.with(|residences| residences.replace(Residences::NONE))
}

/// The runtime that made the calling thread, and the thread's object there; until the rundown.
pub(super) fn native() -> Option<(&'static Resident, Place)> {
    let _shield = Shield::raise();
    RESIDENCES.with(|residences| {
        let residences = residences.borrow();
        let native = residences.first.as_ref().filter(|first| first.is_native)?;
        let resident: *const Resident = &*native.resident;
        // SAFETY: the residence stays until the rundown, with which the thread's own steps are over.
        Some((unsafe { &*resident }, native.place))
    })
}

/// Has the calling thread's rundown begun? Then it may have been terminated in the middle of anything.
pub(crate) fn is_over() -> bool {
    IS_OVER.with(Cell::get)
}

/// The calling thread is to be another's from now on: a model's native runs share one.
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) fn begin_anew() {
    IS_OVER.with(|is_over| is_over.set(false));
}

/// Where the calling thread's object in this runtime is.
pub(super) fn find(resident: &Resident) -> Option<Place> {
    let _shield = Shield::raise();
    RESIDENCES.with(|residences| {
        residences.borrow().iter().find(|known| known.resident.is(resident)).map(|known| known.place)
    })
}

impl Resident {
    /// The calling thread as an owner, if it was one here lately.
    #[inline]
    pub(crate) fn known_owner(&self) -> Option<Owner<'_>> {
        let here = HERE.with(Cell::get).filter(|here| ptr::eq(here.resident, self))?;
        // SAFETY: the body is one of this resident's, and belongs to the calling thread until its end.
        let body = unsafe { &*here.body };
        // SAFETY: as above, and the number is the body's.
        Some(unsafe { Owner::new(here.number, &body.owned, self.table().slots()) })
    }
}

impl Resident {
    /// The calling thread as an owner, if it has an object here.
    pub(crate) fn present_owner(&self) -> Option<Owner<'_>> {
        self.known_owner().or_else(|| {
            let number = find(self)?.body;
            let body = self.table().bodies().get(number)?;
            // SAFETY: the body of the calling thread's object here, and its number.
            Some(unsafe { Owner::new(number, &body.owned, self.table().slots()) })
        })
    }
}

impl ResidentRef {
    /// Who takes, in a wait of the calling thread for these: its own number is needed for mutants alone.
    #[inline]
    pub(crate) fn taker(&self, targets: &[Target<'_>]) -> Result<Taker<'_>, NtStatus> {
        let owner = match targets.iter().any(|target| target.kind == Kind::Mutant) {
            true => Some(self.owner()?),
            false => None,
        };
        Ok(Taker { owner, home: self.home() })
    }

    /// The calling thread as an owner of mutants.
    #[inline]
    pub(crate) fn owner(&self) -> Result<Owner<'_>, NtStatus> {
        match self.known_owner() {
            Some(owner) => Ok(owner),
            None => self.find_owner(),
        }
    }

    #[cold]
    fn find_owner(&self) -> Result<Owner<'_>, NtStatus> {
        let number = self.current_place()?.body;
        let body = self.table().bodies().get(number).ok_or(NtStatus::INVALID_HANDLE)?;
        HERE.with(|here| here.set(Some(Here { resident: &raw const **self, body, number })));
        self.known_owner().ok_or(NtStatus::THREAD_IS_TERMINATING)
    }

    /// The calling thread's object.
    pub(crate) fn current_thread(&self) -> Result<Target<'_>, NtStatus> {
        self.thread_at(self.current_place()?)
    }

    /// The id of the calling thread.
    pub(crate) fn current_thread_id(&self) -> Result<u32, NtStatus> {
        self.owner().map(|owner| bodies::id_of(owner.number()))
    }

    /// The exit code of the calling thread, if it has an object here, for when it ends.
    pub(crate) fn will_end_with(&self, exit_code: u32) {
        if let Some(place) = find(self) {
            let _ = self.at_place(place, |_, life| life.exit_code = exit_code);
        }
    }

    fn current_place(&self) -> Result<Place, NtStatus> {
        let _shield = Shield::raise();
        find(self).map_or_else(|| self.naturalize(), Ok)
    }

    /// Makes an object for the calling thread, which somebody else made.
    fn naturalize(&self) -> Result<Place, NtStatus> {
        if IS_OVER.with(Cell::get) {
            return Err(NtStatus::THREAD_IS_TERMINATING);
        }
        // In a thread whose thread-local values are gone there is no end left to be signalled.
        let me = record::current_for_good().ok_or(NtStatus::THREAD_IS_TERMINATING)?;
        let number = self.table().bodies().take()?;
        let born = Birth::running(Kind::Thread, number);
        let target = self.table().create_pinned(born).inspect_err(|_| self.table().bodies().put(number))?;
        let life = Life {
            stage: Stage::Running,
            foreign: true,
            record: Some(me),
            tid: cpu::thread_id(),
            times: Times::starting_now(),
            ..Life::default()
        };
        let place = Place { slot: self.table().slot_index(target.slot), generation: target.generation, body: number };
        self.found(place, life, None);
        settle(Residence { is_native: false, resident: self.clone(), place });
        me.is_known_elsewhere.store(1, Ordering::Relaxed);
        if native().is_none() {
            at_exit::at_exit(Leaving::Objects, end::end_foreign); // the rundown of a thread of ours is its own
        }
        Ok(place)
    }
}
