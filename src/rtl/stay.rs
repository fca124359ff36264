//! Being in a queue of the parking lot for as long as it takes: what the locks here have in common.

use crate::sys::clock::Timeout;
use crate::wait::Until;
use crate::wait::lot::{self, Key, Left, Parked, Terms};
use crate::waiter::park::Heed;
use crate::waiter::shield::Shield;

/// How a stay without a time-out ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "only who was released has what it waited for"]
pub(super) enum Stay {
    /// By a releaser, who said this.
    Released(u32),
    /// There was nothing to wait for.
    NotValid,
    /// The thread can be in no queue.
    NoMemory,
}

/// Queues the calling thread and sleeps until it is released. No request but a stop reaches it: these waits are not
/// alertable.
pub(super) fn stay(
    shield: &mut Shield,
    key: Key,
    token: u32,
    validate: impl FnMut() -> bool,
    on_leave: impl FnMut(Left),
) -> Stay {
    let terms = Terms { heed: Heed::Stops, until: &mut Until::new(Timeout::Never), token };
    match lot::park(shield, key, terms, validate, on_leave) {
        Ok(Parked::Released(told)) => Stay::Released(told),
        Ok(_) => Stay::NotValid,
        Err(_) => Stay::NoMemory,
    }
}
