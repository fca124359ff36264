//! The part of a runtime that threads keep alive.
//!
//! A thread has an object in a runtime: from its birth, if the runtime made it, or from the moment when somebody first
//! asks for it, by way of the pseudo handle. The object is signalled when the thread ends, which may be after the
//! runtime was dropped; so the thread holds a reference.
//!
//! ```text
//!   Runtime ──────┐
//!                 ├──▶ Resident (handle table, memory of all objects, names, settings of threads)
//!   thread ───────┘    unmapped with the last reference
//! ```
//!
//! D1  A resident is freed by whoever drops the last reference, and by nobody else.
//! D2  When a runtime is dropped its timers are let go of first: whoever finds one armed finds the runtime's own reference,
//!     and may take another (timers/schedule.rs, S3). A thread that outlives the runtime gets no calls from its timers.
//!     So are the objects that follow a descriptor (descriptors.rs, F2).
//! orderings   drop: Release → the last one: Acquire, before it frees

#![allow(unsafe_code, reason = "a reference count")]

use super::mirrors::Mirrors;
use super::names::Names;
#[cfg(not(ntwait_loom))]
use super::roll;
use super::thread::Settings;
use super::{descriptors, service, timers};
use crate::handle::Table;
use crate::handle::entry::Handle;
use crate::objects::lease::Lease;
use crate::objects::slot::{Remains, Slot};
use crate::objects::word::Word;
use crate::objects::{self, Dropped, Home, Kind, Target};
use crate::status::NtStatus;
#[cfg(not(ntwait_loom))]
use crate::sys::atomic::AtomicPtr;
use crate::sys::atomic::{AtomicU32, Ordering};
#[cfg(not(ntwait_loom))]
use crate::sys::list::Linked;
use crate::wait::signal;
use crate::waiter::shield::Shield;
use core::ffi::c_void;
use core::ops::Deref;
use core::ptr::NonNull;

/// What a runtime's threads share with it.
#[derive(Debug)]
pub(crate) struct Resident {
    table: Table,
    pub(super) mirrors: Mirrors,
    pub(super) names: Names,
    pub(crate) threads: Settings,
    references: AtomicU32,
    /// The runtime that was made before this one (roll.rs).
    #[cfg(not(ntwait_loom))]
    made_before: AtomicPtr<Self>,
}

#[cfg(not(ntwait_loom))]
impl Linked for Resident {
    fn link(&self) -> &AtomicPtr<Self> {
        &self.made_before
    }
}

impl Resident {
    #[inline]
    pub(crate) fn table(&self) -> &Table {
        &self.table
    }

    /// Where the slots of its objects go when they die.
    #[inline]
    pub(crate) fn home(&self) -> &dyn Home {
        self
    }

    /// Closes a handle.
    pub(crate) fn close(&self, handle: Handle) -> Result<(), NtStatus> {
        let _shield = Shield::raise();
        let closed = self.table.close(handle, |target| self.drop_handle(target))?;
        if let Some(remains) = closed.remains {
            self.bury(remains);
        }
        if closed.name != 0 {
            self.forget_name(closed.name, closed.place);
        }
        Ok(())
    }

    fn drop_handle(&self, target: Target<'_>) -> Dropped {
        if target.kind == Kind::Mutant
            && let Some(owner) = self.present_owner()
        {
            return owner.drop_handle(target, self);
        }
        objects::drop_handle(target, self)
    }

    /// Sees to what an object kept outside of its slot.
    fn bury(&self, remains: Remains) {
        match remains.kind {
            Kind::Thread => self.table.bodies().put(remains.side as u32),
            Kind::Timer => timers::let_go(remains.side),
            Kind::Descriptor | Kind::Process => descriptors::let_go(remains.side),
            _ => {}
        }
    }

    /// The runtime is dropped, and with it what the service thread could still find (D2).
    pub(super) fn let_go_of_all(&self) {
        let _shield = Shield::raise();
        if !service::is_known() {
            return;
        }
        for slot in self.table.used_slots() {
            let word = slot.load();
            // What is looked for is born SHARED, and what is dead is not. One that dies meanwhile, by the last act of a thread that
            // still refers to the runtime, is that thread's to see to: under the lock only one of us finds the body.
            if word.has(Word::SHARED) {
                let target = Target { slot, generation: word.generation(), kind: Kind::Timer }; // the kind does not matter
                let remains = signal::under_lock(target, self, |held| match held.kind() {
                    kind @ (Kind::Timer | Kind::Descriptor | Kind::Process) => {
                        Some(Remains { kind, side: held.take_side() })
                    }
                    _ => None,
                });
                if let Ok(Some(remains)) = remains {
                    self.bury(remains);
                }
            }
        }
    }

    /// Is this a child, by `fork`, of the process that it was made in? Then its objects are not there.
    pub(crate) fn is_of_a_parent(&self) -> bool {
        !self.table.is_in_its_birthplace()
    }

    /// Has only one of its references remained?
    pub(super) fn is_forsaken(&self) -> bool {
        self.references.load(Ordering::Acquire) == 1
    }
}

impl Home for Resident {
    #[cold]
    fn recycle(&self, slot: &Slot) {
        if let Some(remains) = self.table.free_slot(slot) {
            self.bury(remains);
        }
    }

    fn mirror(&self, slot: &Slot) -> Option<&Lease> {
        self.mirrors.of(self.table.slot_index(slot))
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        self.mirrors.close(0..self.table.used_slots().count());
    }
}

/// A counted reference to a [`Resident`].
#[derive(Debug)]
pub(crate) struct ResidentRef(NonNull<Resident>);

// SAFETY: a resident is shared by all threads that use its runtime; everything in it is made for that.
unsafe impl Send for ResidentRef {}
// SAFETY: as above.
unsafe impl Sync for ResidentRef {}

impl ResidentRef {
    pub(super) fn new(table: Table, threads: Settings) -> Result<Self, NtStatus> {
        let mirrors = Mirrors::new(table.slots().len())?;
        let resident = Resident {
            table,
            mirrors,
            names: Names::default(),
            threads,
            references: AtomicU32::new(1),
            #[cfg(not(ntwait_loom))]
            made_before: AtomicPtr::new(core::ptr::null_mut()),
        };
        let resident = Self(NonNull::from(Box::leak(Box::new(resident))));
        #[cfg(all(feature = "trace", not(ntwait_loom)))]
        // SAFETY: it stays there until the last reference is dropped, where it leaves.
        unsafe {
            resident.table.hurried.join();
        }
        #[cfg(not(ntwait_loom))]
        // SAFETY: as above.
        unsafe {
            roll::join(&resident);
        }
        Ok(resident)
    }

    pub(crate) fn is(&self, other: &Resident) -> bool {
        core::ptr::eq(self.0.as_ptr(), other)
    }

    /// One more reference, as a number of the caller's to keep.
    pub(super) fn to_raw(&self) -> *const c_void {
        let raw = self.0.as_ptr().cast_const().cast();
        core::mem::forget(self.clone());
        raw
    }

    /// # Safety
    /// It came from [`to_raw`](Self::to_raw), and is made a reference again once only.
    pub(super) unsafe fn from_raw(raw: *const c_void) -> Option<Self> {
        NonNull::new(raw.cast_mut().cast()).map(Self)
    }

    /// One more reference.
    ///
    /// # Safety
    /// Somebody has one already, and does not let go of it meanwhile.
    pub(super) unsafe fn to(resident: *const Resident) -> Option<Self> {
        let known = core::mem::ManuallyDrop::new(Self(NonNull::new(resident.cast_mut())?));
        Some((*known).clone())
    }

    /// One more reference to what is on the list of all (roll.rs), whose lock is held: `None` if there is none left.
    #[cfg(not(ntwait_loom))]
    pub(super) fn to_living(resident: &Resident) -> Option<Self> {
        let mut known = resident.references.load(Ordering::Relaxed);
        while known != 0 {
            // Relaxed: as for a clone.
            match resident.references.compare_exchange(known, known + 1, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(Self(NonNull::from(resident))),
                Err(seen) => known = seen,
            }
        }
        None
    }

    /// Lets go of a reference where nothing may be freed: if it is the last, the resident stays for ever.
    pub(super) fn let_go(self) {
        self.references.fetch_sub(1, Ordering::Release);
        core::mem::forget(self);
    }
}

impl Deref for ResidentRef {
    type Target = Resident;
    #[inline]
    fn deref(&self) -> &Resident {
        // SAFETY: D1, and this is a reference.
        unsafe { self.0.as_ref() }
    }
}

impl Clone for ResidentRef {
    fn clone(&self) -> Self {
        // Relaxed: there is a reference already, so nobody is about to free.
        self.references.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for ResidentRef {
    fn drop(&mut self) {
        if self.references.fetch_sub(1, Ordering::Release) == 1 {
            // Acquire: what the others did comes before the end.
            let _ = self.references.load(Ordering::Acquire);
            #[cfg(all(feature = "trace", not(ntwait_loom)))]
            self.table.hurried.leave();
            #[cfg(not(ntwait_loom))]
            roll::leave(self);
            // SAFETY: D1, and it was the last.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}
