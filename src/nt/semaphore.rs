//! `NtCreateSemaphore` and what can be done to a semaphore (SE1–SE18).

use super::access::AccessMask;
use super::attributes::ObjectAttributes;
use super::{answer, check_query};
use crate::handle::entry::{Entry, Handle};
use crate::objects::word::Word;
use crate::objects::{Birth, Kind, Signal, semaphore};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::traced::traced;
use crate::wait::{Gone, signal};

/// Of `SemaphoreBasicInformation`, the one class of [`Runtime::nt_query_semaphore`].
const BASIC_LENGTH: usize = 8;

impl Runtime {
    /// `NtCreateSemaphore`: a new semaphore with a count and a maximum, and a handle to it. Each satisfied wait takes one of
    /// the count. If there is one of that name, and the attributes have `OPENIF`: a handle to that one, whose counts stay as
    /// they are (SE16); [`ObjectAttributes::or_open`] tells which it was.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: a maximum that is not positive, a count that is negative or above it (SE1, SE2); attributes that
    /// do not exist or exclude each other (H32). `PRIVILEGE_NOT_HELD`: a right or an attribute that needs a privilege.
    /// `INSUFFICIENT_RESOURCES`: the handle table is full, or the kernel has no memory. With a name, as for
    /// [`nt_create_event`](Self::nt_create_event).
    pub fn nt_create_semaphore(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        initial: i32,
        maximum: i32,
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateSemaphore(access = (access, AccessMask::SEMAPHORE_ALL_ACCESS), attributes = attributes,
            initial_count = initial, maximum_count = maximum) -> handle,
            self.create_semaphore(access, attributes, initial, maximum))
    }

    fn create_semaphore(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        initial: i32,
        maximum: i32,
    ) -> Result<Handle, NtStatus> {
        let (Ok(count), Ok(limit)) = (u32::try_from(initial), u32::try_from(maximum)) else {
            return Err(NtStatus::INVALID_PARAMETER);
        };
        if limit == 0 || count > limit {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let birth = Birth { extra: limit, ..Birth::plain(Kind::Semaphore, 0, semaphore::value(count)) };
        self.create_object(access, attributes, birth)
    }

    /// `NtOpenSemaphore`: a handle to the semaphore of this name.
    ///
    /// # Errors
    /// As for [`nt_open_event`](Self::nt_open_event).
    pub fn nt_open_semaphore(&self, access: AccessMask, attributes: ObjectAttributes<'_>) -> Result<Handle, NtStatus> {
        traced!(NtOpenSemaphore(access = (access, AccessMask::SEMAPHORE_ALL_ACCESS), attributes = attributes) -> handle,
            self.open_object(Kind::Semaphore, access, attributes))
    }

    /// `NtReleaseSemaphore`: so many more, of which those who wait get one each, in order; the rest is added to the count
    /// (SE9). Returns the count before (SE7).
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: a number that is not positive, whatever the handle is (SE3, SE4). `INVALID_HANDLE`,
    /// `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `SEMAPHORE_MODIFY_STATE`. `SEMAPHORE_LIMIT_EXCEEDED`: beyond the
    /// maximum; the count stays (SE5).
    #[inline]
    pub fn nt_release_semaphore(&self, semaphore: Handle, count: i32) -> Result<i32, NtStatus> {
        match self.release_idle_semaphore(semaphore, count) {
            Some(before) => Ok(before),
            None => self.release_semaphore_slow(semaphore, count),
        }
    }

    /// The release of a semaphore that nobody waits for. `None`: something is not as usual, or calls are to be reported.
    #[inline]
    fn release_idle_semaphore(&self, semaphore: Handle, count: i32) -> Option<i32> {
        let more = more(count)?;
        let target = self.table().glance(semaphore, Kind::Semaphore, Entry::MODIFY)?;
        let post = |word| Signal::Post(more).apply(word, target.slot.extra()).ok();
        signal::change_idle(target, post).map(count_of)
    }

    #[cold]
    #[inline(never)]
    fn release_semaphore_slow(&self, semaphore: Handle, count: i32) -> Result<i32, NtStatus> {
        traced!(NtReleaseSemaphore(handle = semaphore, count = count) -> previous_count,
            self.release_semaphore(semaphore, count))
    }

    fn release_semaphore(&self, semaphore: Handle, count: i32) -> Result<i32, NtStatus> {
        let more = more(count).ok_or(NtStatus::INVALID_PARAMETER)?;
        let target = self.table().find(semaphore, Kind::Semaphore, Entry::MODIFY)?;
        let before = signal::signal(target, Signal::Post(more), self.home())?;
        Ok(count_of(before))
    }

    /// `NtQuerySemaphore`, class 0: eight bytes, the count and the maximum (`i32` each), in the machine's byte order. The
    /// class is checked first, then the length, then the handle (SE13).
    pub fn nt_query_semaphore(
        &self,
        semaphore: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQuerySemaphore(handle = semaphore, class = class, length = buffer.len()),
            match check_query(class, &[BASIC_LENGTH], buffer) {
                Err(status) => status,
                Ok(()) => answer(buffer, return_length, self.semaphore_information(semaphore)),
            }
        )
    }

    fn semaphore_information(&self, semaphore: Handle) -> Result<[u8; BASIC_LENGTH], NtStatus> {
        let target = self.table().find(semaphore, Kind::Semaphore, Entry::QUERY)?;
        let maximum = target.slot.extra();
        // The maximum is this object's if the word, looked at afterwards, is.
        let word = signal::settled_word(target, self.home()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let mut bytes = [0; BASIC_LENGTH];
        bytes[..4].copy_from_slice(&count_of(word).to_ne_bytes());
        bytes[4..].copy_from_slice(&maximum.cast_signed().to_ne_bytes());
        Ok(bytes)
    }
}

/// A number that can be released (SE3).
#[inline]
fn more(count: i32) -> Option<u32> {
    u32::try_from(count).ok().filter(|&more| more > 0)
}

#[inline]
fn count_of(word: Word) -> i32 {
    semaphore::count(word).cast_signed()
}
