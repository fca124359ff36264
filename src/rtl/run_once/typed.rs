//! The typed run-once block: a closure that runs once.

use super::RtlRunOnce;
use crate::sys::atomic::const_outside_models;

/// Something that is done once, by whoever needs it first; the others wait for it.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// static ONCE: ntwait::RunOnce = ntwait::RunOnce::new();
/// static CALLS: AtomicU32 = AtomicU32::new(0);
///
/// std::thread::scope(|scope| {
///     for _ in 0..4 {
///         scope.spawn(|| ONCE.call_once(|| { CALLS.fetch_add(1, Ordering::Relaxed); }));
///     }
/// });
/// assert!(ONCE.is_done() && CALLS.load(Ordering::Relaxed) == 1);
/// ```
#[derive(Debug, Default)]
#[repr(transparent)]
pub struct RunOnce {
    raw: RtlRunOnce,
}

impl RunOnce {
    const_outside_models! {
        /// Nothing was done yet.
        #[must_use]
        pub fn new() -> Self {
            Self { raw: RtlRunOnce::new() }
        }
    }

    /// Returns when it is done: by `init`, if nobody was first. If `init` panics it is not done, and the next one tries.
    #[inline]
    pub fn call_once(&self, init: impl FnOnce()) {
        if !self.is_done() {
            let _ = self.try_call_once(|| {
                init();
                Ok::<(), core::convert::Infallible>(())
            });
        }
    }

    /// As [`call_once`](Self::call_once), with an `init` that may fail: then the next one tries.
    ///
    /// # Errors
    /// That of `init`.
    pub fn try_call_once<E>(&self, init: impl FnOnce() -> Result<(), E>) -> Result<(), E> {
        let mut failure = None;
        let _ = self.raw.rtl_run_once_execute_once(
            |_| {
                failure = init().err();
                failure.is_none()
            },
            None,
        );
        failure.map_or(Ok(()), Err)
    }

    /// Is it done? Then what was done is visible to the caller.
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.raw.is_done()
    }
}
