//! Semaphores for Rust programs: they own their handle.

use crate::handle::entry::Handle;
use crate::nt::ObjectAttributes;
use crate::nt::access::AccessMask;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::waitable::{Owned, Waitable};
use core::time::Duration;

/// A semaphore: a count that each satisfied wait takes one of, up to a maximum.
///
/// A release gives to those who wait, in the order in which they came, and the rest is the count. Nobody owns anything: any
/// thread may release, also more than was taken. The methods panic only if somebody closed the semaphore's handle behind its
/// back.
///
/// ```
/// let places = ntwait::Semaphore::new(2, 2)?;
/// places.acquire();
/// assert!(places.try_acquire());
/// assert!(!places.try_acquire());
/// assert_eq!(places.release(2), Ok(0));
/// assert_eq!(places.release(1), Err(ntwait::NtStatus::SEMAPHORE_LIMIT_EXCEEDED));
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
#[derive(Debug)]
pub struct Semaphore(Owned);

impl Semaphore {
    /// The highest maximum.
    pub const MOST: u32 = i32::MAX.cast_unsigned();

    /// A semaphore in the process-wide runtime.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: a maximum of 0 or above [`MOST`](Self::MOST), a count above the maximum.
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or there is no memory.
    pub fn new(count: u32, maximum: u32) -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?, count, maximum)
    }

    /// A semaphore in a runtime of the caller's.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn new_in(runtime: &'static Runtime, count: u32, maximum: u32) -> Result<Self, NtStatus> {
        let access = AccessMask::SEMAPHORE_ALL_ACCESS;
        let (count, maximum) = (signed(count)?, signed(maximum)?);
        let handle = runtime.nt_create_semaphore(access, ObjectAttributes::NONE, count, maximum)?;
        Ok(Self(Owned::new(runtime, handle)))
    }

    /// Releases so many. Returns the count before.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: 0, or more than [`MOST`](Self::MOST). `SEMAPHORE_LIMIT_EXCEEDED`: beyond the maximum, whoever
    /// waits; the count stays.
    pub fn release(&self, count: u32) -> Result<u32, NtStatus> {
        match self.0.runtime.nt_release_semaphore(self.0.handle, signed(count)?) {
            Ok(before) => Ok(before.cast_unsigned()),
            Err(refused @ (NtStatus::INVALID_PARAMETER | NtStatus::SEMAPHORE_LIMIT_EXCEEDED)) => Err(refused),
            Err(status) => self.0.sound(Err(status)),
        }
    }

    /// Takes one, for which it waits as long as it takes.
    pub fn acquire(&self) {
        let _ = self.0.wait(Timeout::Never);
    }

    /// Takes one, if there is one. False: there is none.
    #[must_use = "false means that nothing was taken"]
    pub fn try_acquire(&self) -> bool {
        self.0.wait(Timeout::Poll)
    }

    /// Takes one, for which it waits so long at most. False: the time was up, and nothing was taken.
    #[must_use = "false means that nothing was taken"]
    pub fn acquire_timeout(&self, timeout: Duration) -> bool {
        self.0.wait(Timeout::After(timeout))
    }

    /// The count. A look that changes nothing; the answer may be old when it is used.
    #[must_use]
    pub fn count(&self) -> u32 {
        let mut information = [0; 8];
        let status = self.0.runtime.nt_query_semaphore(self.0.handle, 0, &mut information, None);
        self.0.sound(status.ok());
        let [a, b, c, d, ..] = information;
        u32::from_ne_bytes([a, b, c, d])
    }

    /// Its handle, for the `nt_*` calls. It is closed when the semaphore is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle
    }
}

fn signed(count: u32) -> Result<i32, NtStatus> {
    i32::try_from(count).map_err(|_| NtStatus::INVALID_PARAMETER)
}

impl Waitable for Semaphore {
    fn handle(&self) -> Handle {
        self.0.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.0.runtime
    }
}
