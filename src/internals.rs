//! What the models need of the inside: alerts without a thread's object, and the model's ill luck.
//!
//! Not part of the library's interface; it changes without notice.

#![allow(missing_docs, reason = "hidden, and used by the models alone")]

pub mod courier;
pub mod descriptor;
pub mod lot;
pub mod mirror;
pub mod notice;
pub mod watch;

use crate::sys::futex;
use crate::waiter::at_exit;
use crate::waiter::park::{Pending, Posted};
use crate::waiter::record::{self, ThreadRecord};

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

/// Does what the end of the calling thread does: ends its objects and gives its record back. The last act of every
/// thread of a model, whose thread-local values are dropped when the model's process may be over.
pub fn release_thread() {
    at_exit::leave_current();
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

/// From now on the threads of this kernel thread's models tell what they wait for, as natively all threads do; or not.
pub fn want_notices(wanted: bool) {
    #[cfg(ntwait_loom)]
    crate::sys::model::want_notices(wanted);
    #[cfg(not(ntwait_loom))]
    let _ = wanted;
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
