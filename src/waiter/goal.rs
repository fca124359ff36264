//! Where a thread that exits from within can be unwound to, if anywhere.
//!
//! ```text
//!   closure of a thread: catch ─▶ reached_by ─▶ … ─▶ exit: the goal is there
//!   foreign code is called: hidden ─▶ … ─▶ exit: there is no goal
//! ```

use crate::sys::tls::thread_local;
use core::cell::Cell;

thread_local! {
    /// An address in the frame below the one that catches, or 0.
    static GOAL: Cell<usize> = const { Cell::new(0) };
}

/// The address to give to the look at the frames. `None`: the thread cannot be unwound.
pub(crate) fn get() -> Option<usize> {
    Some(GOAL.with(Cell::get)).filter(|goal| *goal != 0)
}

/// Runs what the caller will catch the unwinding of.
pub(crate) fn reached_by<R>(run: impl FnOnce() -> R) -> R {
    within(|goal| with(goal, run))
}

/// Runs foreign code.
pub(crate) fn hidden<R>(run: impl FnOnce() -> R) -> R {
    with(0, run)
}

fn with<R>(goal: usize, run: impl FnOnce() -> R) -> R {
    let _restored = Restored(GOAL.with(|known| known.replace(goal)));
    run()
}

/// Puts the goal from before back, also when it is unwound.
struct Restored(usize);

impl Drop for Restored {
    fn drop(&mut self) {
        GOAL.with(|goal| goal.set(self.0));
    }
}

#[cfg(not(ntwait_loom))]
use crate::sys::frames::within;

/// The frames of a model are the checker's.
#[cfg(ntwait_loom)]
fn within<R>(run: impl FnOnce(usize) -> R) -> R {
    run(0)
}
