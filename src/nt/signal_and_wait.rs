//! `NtSignalAndWaitForSingleObject` (S1–S13).

use super::apc::deliver;
use super::wait::status_of;
use crate::handle::Grant;
use crate::handle::entry::{Entry, Handle};
use crate::objects::{Kind, Signal, Target};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::clock::Timeout;
use crate::traced::traced;
use crate::wait::Ended;
use crate::wait::signal_and_wait::{self, Failure};

impl Runtime {
    /// `NtSignalAndWaitForSingleObject`: sets an event, releases a mutant by one level or a semaphore by one, and waits for
    /// another object, in one indivisible step: who is released by the signal and pulses the other finds the waiter there
    /// (S9). The signal is not taken back, however the wait ends (S8).
    ///
    /// Answers as [`nt_wait_for_single_object`](Self::nt_wait_for_single_object). Before anything is done: `INVALID_HANDLE`
    /// for the first handle; what a wait says of the second (S1); then, of the first object, `OBJECT_TYPE_MISMATCH` for what
    /// cannot be signalled (S2), `ACCESS_DENIED` without the right to modify, which a mutant does not need (S3),
    /// `SEMAPHORE_LIMIT_EXCEEDED` (S4), `MUTANT_NOT_OWNED` or `ABANDONED` (S5, M5).
    pub fn nt_signal_and_wait_for_single_object(
        &self,
        signal: Handle,
        object: Handle,
        alertable: bool,
        timeout: Option<i64>,
    ) -> NtStatus {
        traced!(NtSignalAndWaitForSingleObject(signal_handle = signal, handle = object, alertable = alertable,
            timeout = timeout) -> wait,
            deliver(status_of(self.signal_then_wait(signal, object, alertable, Timeout::from_nt(timeout)))))
    }

    /// The same for Rust callers.
    pub(crate) fn signal_and_wait(&self, signal: Handle, object: Handle, timeout: Timeout) -> Result<Ended, NtStatus> {
        traced!(NtSignalAndWaitForSingleObject(signal_handle = signal, handle = object, timeout = timeout) -> wait,
            self.signal_then_wait(signal, object, false, timeout))
    }

    fn signal_then_wait(
        &self,
        first: Handle,
        object: Handle,
        alertable: bool,
        timeout: Timeout,
    ) -> Result<Ended, NtStatus> {
        let first = self.resolve(first)?;
        let other = self.resolve_to_wait(object)?;
        let (first, mut signal) = to_signal(first)?;
        let terms = self.terms(&[first, other], alertable, timeout)?;
        if signal == Signal::Free {
            self.require_owner(first)?;
            if first.slot.extra() > 0 {
                signal = Signal::Rise; // S12
            }
        }
        signal_and_wait::run((first, signal), other, &terms).map_err(|failure| match failure {
            Failure::Signal(refused) => refused.into(),
            Failure::Wait(refused) => refused.into(),
        })
    }
}

/// What signals the first object, through this handle.
fn to_signal((target, grant): (Target<'_>, Grant)) -> Result<(Target<'_>, Signal), NtStatus> {
    let (signal, right) = match target.kind {
        Kind::Event => (Signal::Set, Entry::MODIFY),
        Kind::Semaphore => (Signal::Post(1), Entry::MODIFY),
        Kind::Mutant => (Signal::Free, 0),
        _ => return Err(NtStatus::OBJECT_TYPE_MISMATCH),
    };
    if grant.bits & right != right {
        return Err(NtStatus::ACCESS_DENIED);
    }
    Ok((target, signal))
}
