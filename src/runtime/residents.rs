//! Thread objects of threads that the library did not create, and their ends.
//!
//! A thread gets an object in a runtime when somebody first asks for it, by way of the pseudo handle. The object is
//! signalled when the thread ends; by then its runtime may be gone.
//!
//! ```text
//!   thread exit ──▶ is the runtime registered? ──yes──▶ users += 1 ──▶ signal, unpin ──▶ users −= 1
//!   drop        ──▶ strike it off ──▶ wait for users = 0 ──▶ unmap
//! ```
//!
//! D1  A runtime is unmapped only when no exiting thread is at work in it: `users` is raised under the registry's
//!     lock, while the runtime is on the list.
//! D2  The registry's lock is held for list operations only, never for a signal.

#![allow(unsafe_code, reason = "the registry's pointers to runtimes")]

use crate::handle::{Birth, Table};
use crate::objects::{Kind, Signal};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, Ordering, process_static};
use crate::sys::clock::Deadline;
use crate::sys::futex::{self, FutexAddr};
use crate::sys::lock::FutexLock;
use crate::sys::tls::thread_local;
use crate::wait::{Target, signal};
use core::cell::RefCell;
use core::ptr;

/// A runtime's part that exiting threads may visit: it stays at one address.
#[derive(Debug)]
pub(super) struct Resident {
    table: Table,
    users: AtomicU32,
}

/// Address of a resident runtime, as long as it is on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Address(*const Resident);

// SAFETY: an address; it is followed only as D1 says.
unsafe impl Send for Address {}

process_static! {
    /// The runtimes in which some thread has an object.
    fn registry() -> FutexLock<Vec<Address>> = FutexLock::new(Vec::new())
}

/// A thread's object in one runtime.
#[derive(Clone, Copy, Debug)]
struct ThreadObject {
    runtime: Address,
    position: (usize, u32),
}

/// The calling thread's objects; ends them when the thread ends.
#[derive(Debug, Default)]
struct ThreadObjects(RefCell<Vec<ThreadObject>>);

thread_local! {
    static OBJECTS: ThreadObjects = ThreadObjects::default();
}

impl Resident {
    pub(super) fn new(table: Table) -> Self {
        Self { table, users: AtomicU32::new(0) }
    }

    #[inline]
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// The calling thread's object in this runtime.
    pub(super) fn current_thread(&self) -> Result<Target<'_>, NtStatus> {
        let runtime = Address(ptr::from_ref(self));
        let at = |objects: &ThreadObjects| {
            let objects = objects.0.borrow();
            objects.iter().find(|o| o.runtime == runtime).map(|o| o.position)
        };
        // In a thread whose thread-local values are gone there is no end left to be signalled.
        let known = OBJECTS.try_with(at).map_err(|_| NtStatus::THREAD_IS_TERMINATING)?;
        if let Some(position) = known {
            // An object of an earlier runtime at this address is none of this one's.
            if let Ok(target) = self.table.target_at(position, Kind::Thread) {
                return Ok(target);
            }
        }
        let target = self.table.create_pinned(Birth::running(Kind::Thread))?;
        let position = (self.table.slot_index(target.slot), target.generation);
        OBJECTS.with(|objects| {
            let mut objects = objects.0.borrow_mut();
            objects.retain(|object| object.runtime != runtime);
            objects.push(ThreadObject { runtime, position });
        });
        let mut registered = registry().lock();
        if !registered.contains(&runtime) {
            registered.push(runtime);
        }
        Ok(target)
    }

    /// The thread that this object stands for has ended.
    fn end_thread(&self, position: (usize, u32)) {
        let Ok(target) = self.table.target_at(position, Kind::Thread) else {
            return;
        };
        let _ = signal::signal(target, Signal::Set, &self.table);
        signal::unpin(target, &self.table);
    }

    fn leave(&self) {
        let futex = FutexAddr::whole(&self.users);
        if self.users.fetch_sub(1, Ordering::Release) == 1 {
            futex::wake(futex, u32::MAX);
        }
    }
}

impl Drop for ThreadObjects {
    fn drop(&mut self) {
        for object in self.0.get_mut().drain(..) {
            let registered = registry().lock();
            if !registered.contains(&object.runtime) {
                continue;
            }
            // SAFETY: on the list, so not dropped yet, and D1 keeps it from now on.
            let resident = unsafe { &*object.runtime.0 };
            resident.users.fetch_add(1, Ordering::Relaxed);
            drop(registered);
            resident.end_thread(object.position);
            resident.leave();
        }
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        let address = Address(ptr::from_ref(self));
        registry().lock().retain(|runtime| *runtime != address);
        loop {
            // Acquire: pairs with `leave`.
            match self.users.load(Ordering::Acquire) {
                0 => return,
                users => futex::wait(FutexAddr::whole(&self.users), users, &Deadline::Never),
            };
        }
    }
}
