//! The same behind integer handles: a map under a mutex, as shims and small loaders write it.
//!
//! In its best form: one process-wide map, whose lock is held only for the look-up and for operations that cannot
//! sleep or wake (that saves the reference count); a wait or a wake clones the `Arc` and lets the map go first.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Event, StdEvent};

/// A handle into the map of all events of its kind; removed from it on drop.
pub(crate) struct StdMap<const MANUAL: bool>
where
    StdEvent<MANUAL>: Kept,
{
    handle: u64,
}

impl<const MANUAL: bool> Drop for StdMap<MANUAL>
where
    StdEvent<MANUAL>: Kept,
{
    fn drop(&mut self) {
        let removed = StdEvent::<MANUAL>::map().remove(&self.handle);
        drop(removed);
    }
}

type Map<const MANUAL: bool> = HashMap<u64, Arc<StdEvent<MANUAL>>>;

static AUTO_EVENTS: LazyLock<Mutex<Map<false>>> = LazyLock::new(Mutex::default);
static MANUAL_EVENTS: LazyLock<Mutex<Map<true>>> = LazyLock::new(Mutex::default);
static NEXT_HANDLE: AtomicU64 = AtomicU64::new(4);

/// Picks the map of a kind: two statics, because a static cannot be generic.
pub(crate) trait Kept: Event {
    fn map() -> MutexGuard<'static, HashMap<u64, Arc<Self>>>;
}

impl Kept for StdEvent<false> {
    #[inline]
    fn map() -> MutexGuard<'static, Map<false>> {
        AUTO_EVENTS.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept for StdEvent<true> {
    #[inline]
    fn map() -> MutexGuard<'static, Map<true>> {
        MANUAL_EVENTS.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<const MANUAL: bool> StdMap<MANUAL>
where
    StdEvent<MANUAL>: Kept,
{
    /// Runs a short operation under the map's lock.
    #[inline]
    fn with<R>(&self, operation: impl FnOnce(&StdEvent<MANUAL>) -> R) -> R {
        operation(&StdEvent::<MANUAL>::map()[&self.handle])
    }

    /// Takes a reference, for operations that may sleep.
    #[inline]
    fn hold(&self) -> Arc<StdEvent<MANUAL>> {
        StdEvent::<MANUAL>::map()[&self.handle].clone()
    }
}

impl<const MANUAL: bool> Event for StdMap<MANUAL>
where
    StdEvent<MANUAL>: Kept,
{
    const NAME: &'static str = "std + map";

    fn new() -> Self {
        let handle = NEXT_HANDLE.fetch_add(4, Relaxed);
        StdEvent::<MANUAL>::map().insert(handle, Arc::new(StdEvent::new()));
        Self { handle }
    }

    #[inline]
    fn set(&self) {
        if self.with(StdEvent::set_quietly) {
            self.hold().notify();
        }
    }

    #[inline]
    fn reset(&self) {
        self.with(StdEvent::reset);
    }

    #[inline]
    fn wait(&self) {
        self.hold().wait();
    }

    fn wait_timeout(&self, limit: Duration) -> bool {
        self.hold().wait_timeout(limit)
    }

    #[inline]
    fn try_wait(&self) -> bool {
        self.with(StdEvent::try_wait)
    }
}
