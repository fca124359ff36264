//! The part of a runtime that threads keep alive, and the objects of threads that the library did not create.
//!
//! A thread gets an object in a runtime when somebody first asks for it, by way of the pseudo handle. The object is
//! signalled when the thread ends, which may be after the runtime was dropped; so the thread holds a reference.
//!
//! ```text
//!   Runtime ──────┐
//!                 ├──▶ Resident (handle table, memory of all objects)
//!   thread ───────┘    unmapped with the last reference
//! ```
//!
//! D1  A resident is freed by whoever drops the last reference, and by nobody else.
//! orderings   drop: Release → the last one: Acquire, before it frees

#![allow(unsafe_code, reason = "a reference count")]

use crate::handle::{Birth, Table};
use crate::objects::{Kind, Signal, Target};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::tls::thread_local;
use crate::wait::signal;
use core::cell::RefCell;
use core::ops::Deref;
use core::ptr::NonNull;

/// What a runtime's threads share with it.
#[derive(Debug)]
pub(super) struct Resident {
    table: Table,
    references: AtomicU32,
}

impl Resident {
    #[inline]
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The thread that this object stands for has ended.
    fn end_thread(&self, position: (usize, u32)) {
        if let Ok(target) = self.table.target_at(position, Kind::Thread) {
            let _ = signal::signal(target, Signal::Set, &self.table);
            signal::unpin(target, &self.table);
        }
    }
}

/// A counted reference to a [`Resident`].
#[derive(Debug)]
pub(super) struct ResidentRef(NonNull<Resident>);

// SAFETY: a resident is shared by all threads that use its runtime; everything in it is made for that.
unsafe impl Send for ResidentRef {}
// SAFETY: as above.
unsafe impl Sync for ResidentRef {}

impl ResidentRef {
    pub(super) fn new(table: Table) -> Self {
        let resident = Resident { table, references: AtomicU32::new(1) };
        Self(NonNull::from(Box::leak(Box::new(resident))))
    }

    /// The calling thread's object.
    pub(super) fn current_thread(&self) -> Result<Target<'_>, NtStatus> {
        let known = OBJECTS.try_with(|objects| objects.find(self));
        // In a thread whose thread-local values are gone there is no end left to be signalled.
        match known.map_err(|_| NtStatus::THREAD_IS_TERMINATING)? {
            Some(position) => self.table.target_at(position, Kind::Thread),
            None => {
                let target = self.table.create_pinned(Birth::running(Kind::Thread))?;
                let position = (self.table.slot_index(target.slot), target.generation);
                OBJECTS.with(|objects| objects.add(self.clone(), position));
                Ok(target)
            }
        }
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
            // SAFETY: D1, and it was the last.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

/// The calling thread's objects, one in each runtime that was asked for it. They end with the thread.
#[derive(Debug)]
struct ThreadObjects(RefCell<Vec<(ResidentRef, (usize, u32))>>);

thread_local! {
    static OBJECTS: ThreadObjects = const { ThreadObjects(RefCell::new(Vec::new())) };
}

impl ThreadObjects {
    fn find(&self, runtime: &ResidentRef) -> Option<(usize, u32)> {
        let objects = self.0.borrow();
        objects.iter().find(|(resident, _)| resident.0 == runtime.0).map(|(_, position)| *position)
    }

    fn add(&self, runtime: ResidentRef, position: (usize, u32)) {
        let mut objects = self.0.borrow_mut();
        // A runtime that only this thread still refers to has been dropped, and nobody can ask for the object.
        objects.retain(|(resident, _)| resident.references.load(Ordering::Acquire) > 1);
        objects.push((runtime, position));
    }
}

impl Drop for ThreadObjects {
    fn drop(&mut self) {
        for (runtime, position) in self.0.get_mut().drain(..) {
            runtime.end_thread(position);
        }
    }
}

/// Ends the calling thread's objects before the thread ends.
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) fn end_current() {
    let objects = OBJECTS.with(|objects| objects.0.take());
    drop(ThreadObjects(RefCell::new(objects)));
}
