//! Mutants for Rust programs: locking gives a guard, which unlocks.

use crate::handle::entry::Handle;
use crate::nt::ObjectAttributes;
use crate::nt::access::AccessMask;
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::waitable::{Owned, Waitable};
use core::marker::PhantomData;
use core::time::Duration;

/// A mutant: a lock that a thread owns, as often as it has taken it, and that can be waited for like any object.
///
/// It protects no data of its own, so the owner may lock it again: each guard is one level. When a thread ends with it, in
/// whichever way, the mutant is free again, and the next to lock it is told so by the [guard](MutantGuard::was_abandoned).
/// The mutant goes to those who wait in the order in which they came.
///
/// A wait for several objects or a [`signal_and_wait`](crate::signal_and_wait) can take it, too. Then there is no guard, and
/// [`release`](Self::release) gives it back.
///
/// ```
/// let mutant = ntwait::Mutant::new()?;
/// std::thread::scope(|scope| {
///     let guard = mutant.lock()?;
///     assert!(!guard.was_abandoned());
///     let again = mutant.lock()?; // the owner's own
///     let other = scope.spawn(|| mutant.try_lock().map(|guard| guard.is_some()));
///     assert_eq!(other.join().unwrap(), Ok(false));
///     drop((again, guard));
///     let end = scope.spawn(|| mutant.lock().map(std::mem::forget)); // the thread ends with it
///     end.join().unwrap()?;
///     assert!(mutant.lock()?.was_abandoned());
///     Ok::<(), ntwait::NtStatus>(())
/// })?;
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
#[derive(Debug)]
pub struct Mutant(Owned);

/// One level of a [`Mutant`] that the thread owns: given back when it is dropped. It stays with its thread:
///
/// ```compile_fail,E0277
/// let mutant = ntwait::Mutant::new().unwrap();
/// let guard = mutant.lock().unwrap();
/// std::thread::scope(|scope| scope.spawn(|| drop(guard)).join());
/// ```
#[derive(Debug)]
#[must_use = "the mutant is given back when the guard is dropped"]
pub struct MutantGuard<'m> {
    mutant: &'m Mutant,
    was_abandoned: bool,
    /// It is the thread's own.
    _not_send: PhantomData<*const ()>,
}

impl Mutant {
    /// A free mutant, in the process-wide runtime.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or there is no memory.
    pub fn new() -> Result<Self, NtStatus> {
        Self::new_in(Runtime::try_global()?)
    }

    /// A free mutant in a runtime of the caller's.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn new_in(runtime: &'static Runtime) -> Result<Self, NtStatus> {
        let handle = runtime.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::NONE, false)?;
        Ok(Self(Owned::new(runtime, handle)))
    }

    /// Waits for the mutant, for ever. The owner does not wait.
    ///
    /// # Errors
    /// `MUTANT_LIMIT_EXCEEDED`: the thread owns it 2³¹ + 1 levels deep. `THREAD_IS_TERMINATING`: a thread at its very end can
    /// own nothing. `NO_MEMORY`, `INSUFFICIENT_RESOURCES`: no memory for what is kept of a thread. `INVALID_HANDLE`: the
    /// handle was closed behind the owner's back.
    pub fn lock(&self) -> Result<MutantGuard<'_>, NtStatus> {
        loop {
            if let Some(guard) = self.lock_by(Timeout::Never)? {
                return Ok(guard);
            }
        }
    }

    /// Takes the mutant if it is free, or the thread's own. `None`: it is another's.
    ///
    /// # Errors
    /// As for [`lock`](Self::lock).
    pub fn try_lock(&self) -> Result<Option<MutantGuard<'_>>, NtStatus> {
        self.lock_by(Timeout::Poll)
    }

    /// Waits for the mutant, for so long. `None`: the time was up, and nothing was taken.
    ///
    /// # Errors
    /// As for [`lock`](Self::lock).
    pub fn lock_timeout(&self, timeout: Duration) -> Result<Option<MutantGuard<'_>>, NtStatus> {
        self.lock_by(Timeout::After(timeout))
    }

    fn lock_by(&self, timeout: Timeout) -> Result<Option<MutantGuard<'_>>, NtStatus> {
        let status = self.0.runtime.wait_for(self.0.handle, timeout);
        let was_abandoned = match status {
            NtStatus::WAIT_0 => false,
            NtStatus::ABANDONED_WAIT_0 => true,
            NtStatus::TIMEOUT => return Ok(None),
            status => return Err(status),
        };
        Ok(Some(self.guard(was_abandoned)))
    }

    /// Of the level that the calling thread has just got.
    pub(crate) fn guard(&self, was_abandoned: bool) -> MutantGuard<'_> {
        MutantGuard { mutant: self, was_abandoned, _not_send: PhantomData }
    }

    /// Gives back one level that the thread has from a wait for several objects, or from a guard that it forgot. Returns how
    /// many remain.
    ///
    /// # Errors
    /// `MUTANT_NOT_OWNED`: it is not the calling thread's. `ABANDONED`: it is nobody's, and its last owner ended with it.
    /// `INVALID_HANDLE`: the handle was closed behind the owner's back.
    pub fn release(&self) -> Result<u32, NtStatus> {
        let before = self.0.runtime.nt_release_mutant(self.0.handle)?;
        Ok(before.unsigned_abs()) // 1 − the depth
    }

    /// Its handle, for the `nt_*` calls. It is closed when the mutant is dropped.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.0.handle
    }
}

impl MutantGuard<'_> {
    /// Did the last owner end without giving the mutant back? Then what it guards may be half-way through a change.
    #[must_use]
    pub fn was_abandoned(&self) -> bool {
        self.was_abandoned
    }
}

impl Drop for MutantGuard<'_> {
    fn drop(&mut self) {
        // An error means that the level was given back without the guard.
        let _ = self.mutant.release();
    }
}

impl Waitable for Mutant {
    fn handle(&self) -> Handle {
        self.0.handle
    }

    fn runtime(&self) -> &'static Runtime {
        self.0.runtime
    }
}
