//! What the models need of the inside: alerts without a thread's object, and the model's ill luck.
//!
//! Not part of the library's interface; it changes without notice.

#![allow(unsafe_code, reason = "a waiter that is notified by its address")]
#![allow(missing_docs, reason = "hidden, and used by the models alone")]

pub mod lot;

use crate::handle::entry::{Entry, Handle};
use crate::objects::Target;
use crate::runtime::Runtime;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, process_static};
use crate::sys::futex;
use crate::wait::unattended::{self, Armed};
use crate::waiter::WaitBlock;
use crate::waiter::park::{Pending, Posted};
use crate::waiter::pool::{Pool, Pooled};
use crate::waiter::record::{self, ThreadRecord};
use crate::waiter::shield::Shield;
use crate::waiter::waiting::{Notifier, Waiter};

/// A thread that can be alerted while it lives.
#[derive(Clone, Copy, Debug)]
pub struct Thread(&'static ThreadRecord);

impl Thread {
    /// The calling thread.
    pub fn current() -> Self {
        Self(record::current_for_good().expect("memory for a record"))
    }

    pub fn alert(self) {
        if self.0.park.post(Pending::Alert) == Posted::Wake {
            futex::wake(self.0.park.futex(), 1);
        }
    }
}

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
        // SAFETY: the place is this watch's, and never freed.
        let armed = unsafe { unattended::arm(&place.waiter, &place.block, target, runtime.resident().home()) };
        Self { place, runtime, target, taken: armed == Ok(Armed::Taken) }
    }

    /// Ends the wait, if nobody has. True: nothing was taken for it.
    pub fn take_back(&self) -> bool {
        let _shield = Shield::raise();
        let home = self.runtime.resident().home();
        unattended::disarm(&self.place.waiter, &self.place.block, self.target, home)
    }

    /// How often its end was notified.
    pub fn notified(&self) -> u32 {
        self.place.notified.load(Ordering::Acquire)
    }
}

/// Does what the end of the calling thread does: ends its objects and gives its record back. The last act of every
/// thread of a model, whose thread-local values are dropped when the model's process may be over.
pub fn release_thread() {
    record::leave_current();
    crate::runtime::thread::begin_anew();
    crate::rtl::begin_anew();
}

/// Returns when the threads that the library made have done their last act, which comes after their objects were
/// signalled. A model's process must not end before.
#[cfg(ntwait_loom)]
pub fn join_threads() {
    crate::threads::join();
}

/// From now on the library can make no thread; or again.
#[cfg(ntwait_loom)]
pub fn refuse_threads(refused: bool) {
    crate::threads::refuse(refused);
}

/// All deadlines pass. Natively they do so by themselves.
pub fn pass_time() {
    #[cfg(ntwait_loom)]
    crate::sys::model::pass_time();
}

/// What the service thread of timers does when it is woken. Natively it does so by itself.
pub fn expire_timers() {
    #[cfg(ntwait_loom)]
    crate::runtime::timers::expire_due();
}

/// All sleepers return for no reason. Natively the kernel may do so, and this does nothing.
pub fn disturb() {
    #[cfg(ntwait_loom)]
    crate::sys::model::disturb();
}

/// How many threads sleep at this moment. Natively nobody knows.
#[cfg(ntwait_loom)]
pub fn sleepers() -> usize {
    crate::sys::model::sleepers()
}

/// From now on the models of this kernel thread load as weakly as the memory model allows, and not every order of
/// their accesses is tried; or the other way round.
#[cfg(ntwait_loom)]
pub fn weak_loads(weak: bool) {
    crate::sys::atomic::weak_loads(weak);
}
