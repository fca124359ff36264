//! Threads as objects: birth, suspension, death.
//!
//! ```text
//!   birth.rs    a body, an object, a Linux thread; its first steps
//!   stop.rs     suspend, resume, alert, queue an APC, terminate: requests to a thread that may be anywhere
//!   end.rs      the last steps, on every way out, and the rundown
//!   current.rs  which objects stand for the calling thread; threads that others made
//!   settings.rs priority, processors, name, times: what is kept of them, and what the kernel is told
//! ```
//!
//! The Linux thread itself is `crate::threads`' business, the stages of a thread `crate::objects::thread`'s, and how a
//! thread stands still `crate::waiter::interrupt`'s.
//!
//! M1  A thread pins its object, in each runtime, from its birth to the moment before it is signalled.
//! M2  Whoever asks something of a thread does so with the thread's object locked and its record still in the body (J2).
//!     The one system call that is made under an object's lock is the one that names the thread by its Linux id, which
//!     nobody else can have while the lock is held.
//! M3  Death is in this order (TH7): callbacks of the user, then TLS and FLS values gone, then no more requests, then
//!     timers with APCs cancelled (T17), then APCs dropped, then mutants abandoned, then the object signalled (M19), then
//!     the record given back.

mod birth;
mod current;
mod end;
mod found;
pub(crate) mod settings;
mod stop;

use super::residents::Resident;
use crate::objects::held::Held;
use crate::objects::thread::{Life, ThreadBody};
use crate::objects::{Kind, Target};
use crate::status::NtStatus;
use crate::threads;
use crate::wait::{Gone, signal};
pub(crate) use birth::Spec;
use core::fmt;
#[cfg(any(feature = "internals", ntwait_loom))]
pub(crate) use current::begin_anew;
pub(crate) use current::is_over;
pub(crate) use end::{exit, is_last};
pub(crate) use found::Found;

/// How a runtime makes threads.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) backend: threads::ThreadBackend,
    pub(crate) parked: threads::Parking,
    pub(crate) on_start: Option<ThreadHook>,
    pub(crate) on_exit: Option<ThreadHook>,
}

/// What an embedder has done on each new thread, before anything else runs there, or on each thread that is about to end.
pub type ThreadHook = fn(&CurrentThread<'_>);

/// Where a thread's object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    slot: usize,
    generation: u32,
    /// The number of its body, from which its id follows.
    body: u32,
}

/// The calling thread, for hooks.
pub struct CurrentThread<'r> {
    resident: &'r Resident,
    place: Place,
}

impl CurrentThread<'_> {
    /// Its NT thread id, a multiple of 4.
    #[must_use]
    pub fn id(&self) -> u32 {
        crate::handle::bodies::id_of(self.place.body)
    }

    /// What [`set_user_pointer`](Self::set_user_pointer) was given last, else 0.
    #[must_use]
    pub fn user_pointer(&self) -> usize {
        self.life(|life| life.user_pointer)
    }

    /// Keeps an address with the thread: its environment block, perhaps. Queries return it as such (TI4).
    pub fn set_user_pointer(&self, address: usize) {
        self.life(|life| life.user_pointer = address);
    }

    fn life<T: Default>(&self, work: impl FnOnce(&mut Life) -> T) -> T {
        self.resident.at_place(self.place, |_, life| work(life)).unwrap_or_default()
    }
}

impl fmt::Debug for CurrentThread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentThread").field("id", &self.id()).finish_non_exhaustive()
    }
}

impl Resident {
    /// Does something with a thread while its object is locked (J1).
    pub(crate) fn on_thread<T>(
        &self,
        target: Target<'_>,
        work: impl FnOnce(&ThreadBody, &mut Life) -> T,
    ) -> Result<T, NtStatus> {
        self.on_held(target, |held, _, body| {
            let mut life = body.life(held);
            let result = work(body, &mut life);
            body.set_life(held, life);
            result
        })
    }

    /// The same, with the object itself and the number of its body.
    fn on_held<T>(
        &self,
        target: Target<'_>,
        work: impl FnOnce(&mut Held<'_>, u32, &ThreadBody) -> T,
    ) -> Result<T, NtStatus> {
        let done = signal::under_lock(target, self.home(), |held| {
            if held.kind() != Kind::Thread {
                return None;
            }
            let number = held.side() as u32;
            let body = self.table().bodies().get(number)?;
            Some(work(held, number, body))
        });
        done.map_err(|Gone| NtStatus::INVALID_HANDLE)?.ok_or(NtStatus::OBJECT_TYPE_MISMATCH)
    }

    fn at_place<T>(&self, place: Place, work: impl FnOnce(&ThreadBody, &mut Life) -> T) -> Result<T, NtStatus> {
        self.on_thread(self.thread_at(place)?, work)
    }

    fn thread_at(&self, place: Place) -> Result<Target<'_>, NtStatus> {
        self.table().target_at((place.slot, place.generation), Kind::Thread)
    }
}
