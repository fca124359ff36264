//! Who tells futures what a thread that ends must not tell them itself (node.rs, FU4): the service thread.
//!
//! ```text
//!   thread that ends ─▶ told ─▶ bell ─▶ the service thread ─▶ tell: the waker, or what a dropped future left
//! ```
//!
//! It is there before the first future waits for something that the end of a thread can signal: a thread, or a mutant.
//!
//! C1  Who ended first is told first (waiter/pile.rs).
//! C2  Who puts something there rings after that, and who is rung makes the bell silent before he looks. So nothing is
//!     overlooked.

#![allow(unsafe_code, reason = "a descriptor by its number")]

use super::later;
use super::node::Node;
#[cfg(not(ntwait_loom))]
use crate::runtime::service;
use crate::runtime::thread;
use crate::status::NtStatus;
use crate::sys::atomic::process_static;
use crate::sys::eventfd;
#[cfg(not(ntwait_loom))]
use crate::sys::lock::FutexLock;
use crate::sys::per_process::PerProcess;
use crate::waiter::pile::Pile;

#[derive(Debug)]
struct Courier {
    told: Pile<Node>,
    /// The number of the descriptor that the service watches, never closed once it does.
    bell: u32,
    #[cfg(not(ntwait_loom))]
    is_watched: FutexLock<bool>,
}

process_static! {
    fn couriers() -> PerProcess<Courier> = PerProcess::new()
}

/// From now on there is one. The depth is raised.
pub(super) fn engage() -> Result<(), NtStatus> {
    let courier = match couriers().known() {
        Some(courier) => courier,
        None => couriers().get_or_try_make(Courier::new)?,
    };
    courier.begin()
}

/// Takes it upon itself to tell this node, if the calling thread is ending.
pub(super) fn takes(node: &'static Node) -> bool {
    if !thread::is_over() {
        return false;
    }
    let Some(courier) = couriers().known() else { return false };
    courier.told.put(node);
    eventfd::raise(courier.bell());
    true
}

impl Courier {
    fn new() -> Result<Self, NtStatus> {
        let bell = eventfd::into_number(eventfd::make()?);
        Ok(Self {
            told: Pile::new(),
            bell,
            #[cfg(not(ntwait_loom))]
            is_watched: FutexLock::new(false),
        })
    }

    fn bell(&self) -> eventfd::Borrowed<'_> {
        // SAFETY: closed by the drop alone.
        unsafe { eventfd::borrow(self.bell) }
    }

    #[cfg(not(ntwait_loom))]
    fn begin(&self) -> Result<(), NtStatus> {
        let mut is_watched = self.is_watched.lock();
        if !*is_watched {
            service::get()?.call_when_readable(self.bell(), deliver)?;
            *is_watched = true;
        }
        Ok(())
    }
}

#[cfg(ntwait_loom)]
impl Courier {
    /// A model's service is one of its threads.
    #[allow(clippy::unnecessary_wraps, reason = "as the real one")]
    fn begin(&self) -> Result<(), NtStatus> {
        Ok(())
    }
}

/// What a model's service does as long as the bell says that there is something.
#[cfg(ntwait_loom)]
pub(crate) fn serve() {
    let _shield = crate::waiter::shield::Shield::raise();
    let has_rung = || couriers().known().is_some_and(|courier| eventfd::is_readable(courier.bell) == Some(true));
    while has_rung() {
        deliver();
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        // SAFETY: nobody watches it: another was quicker to make one.
        unsafe { eventfd::close(self.bell) };
    }
}

/// What the service thread calls when the bell rings.
fn deliver() {
    if let Some(courier) = couriers().known() {
        eventfd::lower(courier.bell()); // C2
        courier.told.take().for_each(later::tell);
    }
}
