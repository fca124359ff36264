//! Classes 0, 1 and 35: who a thread is, whether it has ended and with what, its times, its suspensions.

use super::super::thread::ClientId;
use super::QUERY_LIMITED;
use crate::handle::bodies;
use crate::handle::entry::Handle;
use crate::objects::Target;
use crate::runtime::Runtime;
use crate::runtime::thread::settings::{affinity_of, priority_of};
use crate::status::NtStatus;

/// A `THREAD_BASIC_INFORMATION`.
pub(super) const LENGTH: usize = 48;

/// What `THREAD_BASIC_INFORMATION` says (TI4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Basic {
    pub(crate) exit_status: u32,
    pub(crate) client: ClientId,
    /// The address that an embedder keeps for the thread.
    user_pointer: u64,
    affinity: u64,
    priority: i32,
    base_increment: i32,
}

impl Basic {
    pub(super) fn to_bytes(self) -> [u8; LENGTH] {
        let words = [self.user_pointer, u64::from(self.client.process), u64::from(self.client.thread), self.affinity];
        let mut bytes = [0; LENGTH];
        bytes[..4].copy_from_slice(&self.exit_status.to_ne_bytes());
        for (place, word) in bytes[8..40].chunks_exact_mut(8).zip(words) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        bytes[40..44].copy_from_slice(&self.priority.to_ne_bytes());
        bytes[44..].copy_from_slice(&self.base_increment.to_ne_bytes());
        bytes
    }
}

impl Runtime {
    /// The thread's exit code; 259 (`STATUS_PENDING`) until it has ended, and a wait for it would succeed (TH1).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`; `ACCESS_DENIED` without `THREAD_QUERY_INFORMATION` or
    /// `THREAD_QUERY_LIMITED_INFORMATION` (TH30).
    pub fn get_exit_code_thread(&self, thread: Handle) -> Result<u32, NtStatus> {
        self.thread_basic_information(thread).map(|basic| basic.exit_status)
    }

    /// The thread's id: a multiple of 4, its own as long as it lives or has handles (TH24, TH26).
    ///
    /// # Errors
    /// As for [`get_exit_code_thread`](Self::get_exit_code_thread).
    pub fn thread_id_of(&self, thread: Handle) -> Result<u32, NtStatus> {
        self.thread_basic_information(thread).map(|basic| basic.client.thread)
    }

    /// The thread's base priority increment: -2 to 2, or beyond for idle and time critical, as it was set; 0 is normal (TI8).
    ///
    /// # Errors
    /// As for [`get_exit_code_thread`](Self::get_exit_code_thread).
    pub fn thread_base_priority(&self, thread: Handle) -> Result<i32, NtStatus> {
        self.thread_basic_information(thread).map(|basic| basic.base_increment)
    }

    /// The processors that the thread may run on, one bit each (TI12).
    ///
    /// # Errors
    /// As for [`get_exit_code_thread`](Self::get_exit_code_thread).
    pub fn thread_affinity_mask(&self, thread: Handle) -> Result<u64, NtStatus> {
        self.thread_basic_information(thread).map(|basic| basic.affinity)
    }

    pub(crate) fn thread_basic_information(&self, thread: Handle) -> Result<Basic, NtStatus> {
        self.basic(self.find_thread(thread, QUERY_LIMITED)?)
    }

    pub(super) fn basic(&self, target: Target<'_>) -> Result<Basic, NtStatus> {
        let seen = self.resident().look_at(target)?;
        Ok(Basic {
            // By the object's state, so that the code is there exactly when a wait would succeed.
            exit_status: if seen.is_signaled { seen.life.exit_code } else { NtStatus::PENDING.0 },
            client: ClientId { process: self.process_id(), thread: bodies::id_of(seen.number) },
            user_pointer: seen.life.user_pointer as u64,
            affinity: affinity_of(&seen.life),
            priority: priority_of(&seen.life),
            base_increment: seen.life.base_increment,
        })
    }

    pub(super) fn times_in_bytes(&self, target: Target<'_>) -> Result<[u8; 32], NtStatus> {
        let times = self.resident().times(target)?;
        let mut bytes = [0; 32];
        let fields = [times.created, times.ended, times.kernel, times.user];
        for (place, time) in bytes.chunks_exact_mut(8).zip(fields) {
            place.copy_from_slice(&time.to_ne_bytes());
        }
        Ok(bytes)
    }

    /// A dead thread is not suspended, whatever was asked of it before (TH20).
    pub(super) fn suspend_count(&self, target: Target<'_>) -> Result<u32, NtStatus> {
        self.life(target).map(|life| if life.is_over() { 0 } else { life.suspend_count })
    }
}
