//! What a thread does when it is asked to stop: it stands still until it may go on, or ends.
//!
//! A request to stop (suspension, termination) is a bit of the parking word. Who finds the thread in an open wait ends
//! that wait; else the kick signal makes it look. The thread serves the request where it holds nothing: in the signal's
//! handler if the depth is zero, and else when it comes back to zero.
//!
//! ```text
//!   runs, depth 0 ──signal──▶ serve in the handler
//!   runs, depth n ──signal──▶ note ──▶ depth 0 ──▶ serve
//!   open wait ──decided by the request──▶ leave the queues ──▶ depth 0 ──▶ serve ──▶ wait anew (W24, W40)
//! ```
//!
//! I1  Nothing of the library is held while a thread stands still or ends.
//! I2  Who withdraws the request wakes the parking word; standing still is a sleep on it while the bit is there. So a
//!     resumption is never lost.

use super::park::Stop;
use super::record::{self, ThreadRecord};
#[cfg(ntwait_loom)]
use crate::sys::atomic::Ordering;
use crate::sys::clock::Deadline;
use crate::sys::depth;
use crate::sys::futex::{self, FutexAddr, Slept};

/// Obeys whatever the calling thread is asked for. Returns when it may go on. Also called in the signal's handler.
#[cold]
pub(crate) fn serve() {
    // Before the look: a note that comes after it stays, and an old one would end every nap of a section that is open.
    depth::forget_note();
    let Some(me) = record::current() else {
        return;
    };
    if stand_still(me) == Fate::End
        && let Some(end) = me.end()
    {
        end();
    }
}

/// What comes after standing still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    GoOn,
    End,
}

/// Sleeps for as long as the calling thread is suspended (I2).
pub(crate) fn stand_still(me: &ThreadRecord) -> Fate {
    loop {
        match me.park.stop() {
            None => return Fate::GoOn,
            Some(Stop::Terminate) => return Fate::End,
            Some(Stop::Suspend(word)) => {
                futex::wait(me.park.futex(), word, &Deadline::Never);
            }
        }
    }
}

/// A sleep that a request to stop ends, though it is not on the parking word. The depth is raised.
pub(crate) fn nap(me: &ThreadRecord, addr: FutexAddr, expected: u32, deadline: &Deadline) -> Slept {
    #[cfg(not(ntwait_loom))]
    {
        let _ = me;
        futex::wait_unless_noted(addr, expected, deadline)
    }
    #[cfg(ntwait_loom)]
    futex::wait_unless(addr, expected, deadline, me.park.futex(), || is_wanted(me))
}

/// Has somebody asked the thread to stop? Asked with the depth raised. A hint: the request may have been withdrawn.
pub(crate) fn is_wanted(me: &ThreadRecord) -> bool {
    #[cfg(not(ntwait_loom))]
    {
        let _ = me;
        depth::has_note()
    }
    #[cfg(ntwait_loom)]
    return me.note.load(Ordering::Relaxed) != 0;
}

/// Has the signal come, of which [`depth::lower`](crate::sys::depth::lower) knows?
#[inline]
pub(crate) fn has_come() -> bool {
    #[cfg(not(ntwait_loom))]
    return true;
    // A model has no signals: who would send one leaves the note in the record.
    #[cfg(ntwait_loom)]
    record::current().is_some_and(|me| is_wanted(me) && me.note.swap(0, Ordering::Acquire) != 0)
}

/// What the signal does to a thread of a model: it is served when the depth comes back to zero, and ends a nap.
#[cfg(ntwait_loom)]
pub(crate) fn kick(record: &ThreadRecord) {
    // Release: a signal orders what comes before it, as the kernel sends it under a lock.
    record.note.swap(1, Ordering::Release);
    crate::sys::model::end_nap(record.park.futex());
}
