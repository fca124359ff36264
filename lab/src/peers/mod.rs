//! What ntwait is measured against: the same event, and the same thread, built from what a Linux program has at hand.
//!
//! Each peer is one file and comes in its best form, cheap tricks included; where a peer gives up a promise that
//! ntwait keeps, the section "peer faults" of the report says so. Auto-reset and manual-reset are two types
//! (`E<AUTO>`, `E<MANUAL>`), so that no peer pays for a run-time choice that it would not make by itself.

mod bare;
mod bare_thread;
mod eventfd;
mod locks;
mod nt;
mod parking;
mod rsevent;
mod std_event;
mod std_map;
mod threads;

use std::time::Duration;

pub(crate) use bare::BareFutex;
pub(crate) use bare_thread::BareThread;
pub(crate) use eventfd::EventFd;
pub(crate) use locks::{Lock, NtSection, NtSrw, PlMutex, PlReentrant, PlRwLock, StdMutex, StdRwLock};
pub(crate) use nt::{NtEvent, adaptive, no_spin, pthread_backend, recycling};
pub(crate) use parking::Parking;
pub(crate) use rsevent::RsEvent;
pub(crate) use std_event::StdEvent;
pub(crate) use std_map::StdMap;
pub(crate) use threads::{BareThreads, NtThreads, Pthreads, StdThreads, Threads};

/// One set releases one waiter and the waiter consumes it.
pub(crate) const AUTO: bool = false;
/// A set stays until it is reset; waits leave it alone.
pub(crate) const MANUAL: bool = true;

/// An event, as every contender offers it. Made clear.
pub(crate) trait Event: Send + Sync + 'static {
    /// How the tables call it.
    const NAME: &'static str;

    /// A fresh event, clear.
    fn new() -> Self;
    /// Signals it.
    fn set(&self);
    /// Clears it.
    fn reset(&self);
    /// Waits for ever.
    fn wait(&self);
    /// Waits for at most `limit`; `false` if it timed out.
    fn wait_timeout(&self, limit: Duration) -> bool;
    /// Polls: takes the signal if there is one.
    fn try_wait(&self) -> bool;
}

/// Keeps neighbours off each other's cache lines (two lines, because CPUs prefetch them in pairs).
#[repr(align(128))]
pub(crate) struct Padded<T>(pub(crate) T);

impl<T> std::ops::Deref for Padded<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obeys<E: Event>(manual: bool) {
        let event = E::new();
        assert!(!event.try_wait(), "{}: made clear", E::NAME);
        assert!(!event.wait_timeout(Duration::from_millis(1)), "{}: times out", E::NAME);
        event.set();
        event.set();
        event.wait();
        assert_eq!(event.try_wait(), manual, "{}: only manual stays set", E::NAME);
        event.set();
        event.reset();
        assert!(!event.try_wait(), "{}: reset clears", E::NAME);
        event.set();
        assert!(event.wait_timeout(Duration::from_secs(5)), "{}: set ends a timed wait", E::NAME);
    }

    #[test]
    fn every_peer_is_an_event() {
        obeys::<BareFutex<AUTO>>(false);
        obeys::<BareFutex<MANUAL>>(true);
        obeys::<EventFd<AUTO>>(false);
        obeys::<EventFd<MANUAL>>(true);
        obeys::<NtEvent<AUTO>>(false);
        obeys::<NtEvent<MANUAL>>(true);
        obeys::<Parking<AUTO>>(false);
        obeys::<Parking<MANUAL>>(true);
        obeys::<RsEvent<AUTO>>(false);
        obeys::<RsEvent<MANUAL>>(true);
        obeys::<StdEvent<AUTO>>(false);
        obeys::<StdEvent<MANUAL>>(true);
        obeys::<StdMap<AUTO>>(false);
        obeys::<StdMap<MANUAL>>(true);
    }
}
