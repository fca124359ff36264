//! Requests to a thread: alerts and APCs, which end an alertable wait.
//!
//! The request is one read-modify-write of the thread's parking word (P2, P3); if that ended a wait in which the
//! thread sleeps, it is woken. The calls that make requests, and the queue of APCs, belong to threads.

use crate::sys::futex;
use crate::waiter::park::Pending;
use crate::waiter::record::ThreadRecord;

/// Leaves a request with the thread and ends its wait if that is alertable.
pub(crate) fn post(thread: &ThreadRecord, request: Pending) {
    if thread.park.post(request) {
        futex::wake(thread.park.futex(), 1);
    }
}
