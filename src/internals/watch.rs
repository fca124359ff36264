//! Waits that no thread sleeps in, for the models.

#![allow(unsafe_code, reason = "a waiter that is notified by its address")]

use crate::handle::entry::{Entry, Handle};
use crate::objects::Target;
use crate::runtime::Runtime;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, process_static};
use crate::wait::take::Taker;
use crate::wait::unattended::{self, Armed, How};
use crate::waiter::WaitBlock;
use crate::waiter::pool::{Pool, Pooled};
use crate::waiter::shield::Shield;
use crate::waiter::waiting::{Notifier, Waiter};
use core::slice;

#[derive(Debug)]
#[repr(align(128))]
struct Place {
    waiter: Waiter,
    block: WaitBlock,
    notified: AtomicU32,
    next_free: AtomicU64,
}

impl Pooled for Place {
    fn next_free(&self) -> &AtomicU64 {
        &self.next_free
    }

    fn fresh() -> Self {
        Self {
            waiter: Waiter::new(),
            block: WaitBlock::default(),
            notified: AtomicU32::new(0),
            next_free: AtomicU64::new(0),
        }
    }
}

process_static! {
    fn places() -> Pool<Place> = Pool::new()
}

/// A wait for an object that no thread sleeps in. Each is used once.
#[derive(Debug)]
pub struct Watch<'r> {
    place: &'static Place,
    runtime: &'r Runtime,
    target: Target<'r>,
    /// The object was signalled, and was taken at once.
    pub taken: bool,
}

impl<'r> Watch<'r> {
    /// Queues it on the object of this handle.
    pub fn new(runtime: &'r Runtime, object: Handle) -> Self {
        fn notified(place: *const ()) {
            // SAFETY: the place that is never freed, given below.
            unsafe { &*place.cast::<Place>() }.notified.fetch_add(1, Ordering::AcqRel);
        }
        let _shield = Shield::raise();
        let place = places().take().expect("memory");
        let target = runtime.table().find_any(object, Entry::SYNCHRONIZE).expect("an open handle");
        let data = core::ptr::from_ref(place).cast();
        // SAFETY: no block of it is linked.
        unsafe { place.waiter.set_notifier(Notifier { notify: notified, data }) };
        let taker = Taker { owner: None, home: runtime.resident().home() };
        // SAFETY: the place is this watch's, and never freed.
        let armed =
            unsafe { unattended::arm(&place.waiter, slice::from_ref(&place.block), &[target], &taker, How::Any) };
        Self { place, runtime, target, taken: matches!(armed, Ok(Armed::Taken(_))) }
    }

    /// Ends the wait, if nobody has. True: nothing was taken for it.
    pub fn take_back(&self) -> bool {
        let _shield = Shield::raise();
        let home = self.runtime.resident().home();
        unattended::disarm(&self.place.waiter, slice::from_ref(&self.place.block), &[self.target], home)
    }

    /// How often its end was notified.
    pub fn notified(&self) -> u32 {
        self.place.notified.load(Ordering::Acquire)
    }
}
