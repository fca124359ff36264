//! Timers for Rust programs: they own their handle, and waits take references to them.

use crate::handle::entry::Handle;
use crate::nt::access::AccessMask;
use crate::nt::{ObjectAttributes, TimerType};
use crate::runtime::Runtime;
use crate::runtime::timers::{Due, Setting};
use crate::status::NtStatus;
use crate::sys::clock::{NT_EPOCH_SECONDS, TICKS_PER_SECOND, Timeout};
use crate::waitable::{Owned, Waitable};
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

/// A timer: an object that is signalled at a moment.
///
/// A one-shot timer stays expired, for everybody, until it is set again; each expiry of a periodic timer releases one waiter,
/// or the next one that comes, and expiries that nobody waits for do not add up. A timer never expires early. It lives in a
/// [`Runtime`] (the process-wide one, unless it is made with [`Timer::new_in`]) and is closed when it is dropped.
///
/// The methods panic only if somebody closed the timer's handle behind its back.
///
/// ```
/// use ntwait::{Ended, Event, Timer, wait_any};
/// use std::time::Duration;
///
/// let (stop, tick) = (Event::manual_reset(false)?, Timer::periodic(Duration::from_millis(2))?);
/// tick.set_after(Duration::ZERO);
/// for _ in 0..3 {
///     assert_eq!(wait_any(&[&stop, &tick], None)?, Ended::Object(1));
/// }
/// tick.cancel();
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
#[derive(Debug)]
pub struct Timer {
    owned: Owned,
    /// In units of 100 ns, 0 for none.
    period: u64,
}

impl Timer {
    /// A timer that expires once each time it is set, in the process-wide runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`, `NO_MEMORY`: no room for another handle, no memory, no descriptor or no thread.
    pub fn one_shot() -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, None)
    }

    /// A timer that goes on expiring, once it was set, each time so much later, in the process-wide runtime.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: a period below 100 ns. Others as for [`one_shot`](Self::one_shot).
    pub fn periodic(period: Duration) -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, Some(period))
    }

    /// A timer with or without a period, in a runtime of the caller's.
    ///
    /// # Errors
    /// As for [`periodic`](Self::periodic).
    pub fn new_in(runtime: &'static Runtime, period: Option<Duration>) -> Result<Self, NtStatus> {
        let (timer_type, period) = match period.map(to_ticks) {
            None => (TimerType::NOTIFICATION, 0),
            Some(0) => return Err(NtStatus::INVALID_PARAMETER),
            Some(ticks) => (TimerType::SYNCHRONIZATION, ticks),
        };
        let handle = runtime.nt_create_timer(AccessMask::TIMER_ALL_ACCESS, ObjectAttributes::NONE, timer_type)?;
        Ok(Self { owned: Owned::new(runtime, handle), period })
    }

    /// Is to expire so long from now, whatever happens to the wall clock; at once for nothing. Whatever it was set to before
    /// is forgotten. Had it expired before?
    pub fn set_after(&self, time: Duration) -> bool {
        self.set(match to_ticks(time) {
            0 => Due::At(0),
            ticks => Due::After(ticks),
        })
    }

    /// As [`set_after`](Self::set_after), when the wall clock shows this; if that is set, the expiry moves with it. The past
    /// is now.
    pub fn set_at(&self, time: SystemTime) -> bool {
        let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.set(Due::At(to_ticks(since_1970).saturating_add(NT_EPOCH_SECONDS * TICKS_PER_SECOND)))
    }

    /// Stops it: when this has returned it does not expire. Had it expired before? It still has.
    pub fn cancel(&self) -> bool {
        self.owned.sound(self.owned.runtime.nt_cancel_timer(self.owned.handle))
    }

    /// Has it expired, and has nobody taken that? A look that changes nothing; the answer may be old when it is used.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        let mut information = [0; 16];
        let status = self.owned.runtime.nt_query_timer(self.owned.handle, 0, &mut information, None);
        self.owned.sound(status.ok());
        information[8] != 0
    }

    /// Waits for it to expire, for ever.
    pub fn wait(&self) {
        let _ = self.owned.wait(Timeout::Never);
    }

    /// Waits for it to expire, for so long. False: the time was up, and nothing was taken.
    #[must_use = "false means that the timer has not expired in time"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        self.owned.wait(Timeout::After(timeout))
    }

    /// Its handle, for the `nt_*` calls. It is closed when the timer is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.owned.handle
    }

    fn set(&self, due: Due) -> bool {
        let setting = Setting { due, period: self.period, apc: None };
        self.owned.sound(self.owned.runtime.set_timer(self.owned.handle, &setting))
    }
}

/// In NT's unit, rounded up, so that nothing is early; the longest for what is longer.
fn to_ticks(time: Duration) -> u64 {
    u64::try_from(time.as_nanos().div_ceil(100)).unwrap_or(u64::MAX).min(i64::MAX as u64)
}

impl Waitable for Timer {
    fn handle(&self) -> Handle {
        self.owned.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.owned.runtime
    }
}
