//! Who tells futures what a thread that ends must not tell them itself (node.rs, FU4): the service thread.
//!
//! ```text
//!   thread that ends ─▶ told ─▶ bell ─▶ the service thread ─▶ tell: the waker, or what a dropped future left
//! ```
//!
//! It is there before the first future waits for something that the end of a thread can signal: a thread, or a mutant.
//!
//! C1  `told` is a stack that is emptied in one step and turned over: who ended first is told first.
//! C2  Who puts something there rings after that, and who is rung makes the bell silent before he looks. So nothing is
//!     overlooked.
//! orderings   put on `told`: AcqRel exchange → taken: AcqRel exchange

#![allow(unsafe_code, reason = "a list through nodes, which are never freed; a descriptor by its number")]

use super::later;
use super::node::Node;
use crate::runtime::{service, thread};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicPtr, Ordering, process_static};
use crate::sys::eventfd;
use crate::sys::lock::FutexLock;
use crate::sys::per_process::PerProcess;
use core::ptr;

#[derive(Debug)]
struct Courier {
    told: AtomicPtr<Node>,
    /// The number of the descriptor that the service watches, never closed once it does.
    bell: u32,
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
    let Some(courier) = couriers().known().filter(|_| thread::is_over()) else { return false };
    courier.put(node);
    true
}

impl Courier {
    fn new() -> Result<Self, NtStatus> {
        let bell = eventfd::into_number(eventfd::make()?);
        Ok(Self { told: AtomicPtr::new(ptr::null_mut()), bell, is_watched: FutexLock::new(false) })
    }

    fn bell(&self) -> eventfd::Borrowed<'_> {
        // SAFETY: closed by the drop alone.
        unsafe { eventfd::borrow(self.bell) }
    }

    fn begin(&self) -> Result<(), NtStatus> {
        let mut is_watched = self.is_watched.lock();
        if !*is_watched {
            service::get()?.call_when_readable(self.bell(), deliver)?;
            *is_watched = true;
        }
        Ok(())
    }

    fn put(&self, node: &Node) {
        let this = ptr::from_ref(node).cast_mut();
        let mut last = self.told.load(Ordering::Relaxed);
        loop {
            node.next.store(last, Ordering::Relaxed);
            match self.told.compare_exchange(last, this, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(seen) => last = seen,
            }
        }
        eventfd::raise(self.bell());
    }

    /// All that was put there, the first first (C1).
    fn take(&self) -> impl Iterator<Item = &'static Node> {
        let mut first = self.told.swap(ptr::null_mut(), Ordering::AcqRel);
        let mut turned: *mut Node = ptr::null_mut();
        // SAFETY: null, or a node, which is never freed; the list is ours now.
        while let Some(node) = unsafe { first.as_ref() } {
            (first, turned) = (node.next.swap(turned, Ordering::Relaxed), first);
        }
        core::iter::from_fn(move || {
            // SAFETY: as above; the link is read before the node is anybody else's.
            let node = unsafe { turned.as_ref::<'static>() }?;
            turned = node.next.load(Ordering::Relaxed);
            Some(node)
        })
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
        courier.take().for_each(later::tell);
    }
}
