//! The typed barrier.

use super::{BarrierFlags, RtlBarrier};
use crate::sys::atomic::const_outside_models;

/// The spin count of the Win32 call's default (−1).
const SPIN_COUNT: i32 = 2_000;

/// A point that so many threads pass together, again and again.
///
/// ```
/// let barrier = ntwait::Barrier::new(3);
/// let last_ones: u32 = std::thread::scope(|scope| {
///     let threads = [(); 3].map(|()| scope.spawn(|| u32::from(barrier.wait())));
///     threads.map(|thread| thread.join().unwrap()).iter().sum()
/// });
/// assert_eq!(last_ones, 1);
/// ```
#[derive(Debug)]
#[repr(transparent)]
pub struct Barrier {
    raw: RtlBarrier,
}

impl Barrier {
    const_outside_models! {
        /// For so many threads; 0 is as 1.
        #[must_use]
        pub fn new(threads: u32) -> Self {
            Self { raw: RtlBarrier::new(threads, SPIN_COUNT) }
        }
    }

    /// Returns when all have come. True for exactly one of them, the last (RO15). The barrier can be used again at once.
    pub fn wait(&self) -> bool {
        // Nobody can delete it while it is borrowed. The flags are known, so this is no error.
        self.raw.rtl_barrier(BarrierFlags::NO_DELETE).unwrap_or(false)
    }
}
