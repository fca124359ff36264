//! Class 38 and its short forms: what a thread is called (TI19–TI23).

use super::super::{STRING_LENGTH, write_string, write_text};
use super::{QUERY_LIMITED, SET_LIMITED};
use crate::handle::entry::Handle;
use crate::objects::thread::Name;
use crate::runtime::Runtime;
use crate::status::NtStatus;

/// The bytes of the longest name: its length is 16 bits (TI23).
const MOST_BYTES: usize = u16::MAX as usize;

impl Runtime {
    /// `GetThreadDescription`: what the thread is called, in UTF-16; empty if it has no name (TI19).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`; `ACCESS_DENIED` without `THREAD_QUERY_INFORMATION` or
    /// `THREAD_QUERY_LIMITED_INFORMATION` (TI22); `NO_MEMORY`.
    pub fn thread_description(&self, thread: Handle) -> Result<Vec<u16>, NtStatus> {
        let target = self.find_thread(thread, QUERY_LIMITED)?;
        let mut text = Vec::new();
        loop {
            // Memory is had while nothing is locked; a name that has grown meanwhile needs more of it.
            let missing = self.resident().with_name(target, |name| {
                if name.len() <= text.capacity() {
                    text.extend_from_slice(name);
                    return None;
                }
                Some(name.len())
            })?;
            let Some(length) = missing else {
                return Ok(text);
            };
            text.try_reserve_exact(length).map_err(|_| NtStatus::NO_MEMORY)?;
        }
    }

    /// `SetThreadDescription`: names the thread, or takes its name away if the text is empty (TI21). The kernel shows the
    /// first 15 bytes of the name in UTF-8.
    ///
    /// Answers `INVALID_PARAMETER` for more than 65,535 bytes (TI23); `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`;
    /// `ACCESS_DENIED` without `THREAD_SET_INFORMATION` or `THREAD_SET_LIMITED_INFORMATION` (TI22); `NO_MEMORY`.
    pub fn set_thread_description(&self, thread: Handle, description: &[u16]) -> NtStatus {
        self.set_thread_name(thread, description)
    }

    pub(crate) fn set_thread_name(&self, thread: Handle, name: &[u16]) -> NtStatus {
        self.name_thread(thread, name).err().unwrap_or(NtStatus::SUCCESS)
    }

    fn name_thread(&self, thread: Handle, name: &[u16]) -> Result<(), NtStatus> {
        if size_of_val(name) > MOST_BYTES {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let target = self.find_thread(thread, SET_LIMITED)?;
        self.resident().rename(target, copy(name)?)
    }

    /// Class 38. The text's address is that of the bytes behind the structure (TI20).
    pub(super) fn query_name(&self, thread: Handle, buffer: &mut [u8], return_length: Option<&mut u32>) -> NtStatus {
        let written = self.find_thread(thread, QUERY_LIMITED).and_then(|target| {
            // Copied under the lock: the bytes are the caller's and there already.
            self.resident().with_name(target, |name| write(name, buffer))
        });
        let (needed, status) = match written {
            Ok(Ok(needed)) => (needed, NtStatus::SUCCESS),
            Ok(Err(needed)) => (needed, NtStatus::BUFFER_TOO_SMALL),
            Err(status) => return status,
        };
        if let Some(length) = return_length {
            *length = needed as u32;
        }
        status
    }
}

/// The name as a body keeps it.
fn copy(name: &[u16]) -> Result<Name, NtStatus> {
    if name.is_empty() {
        return Ok(None);
    }
    let mut text = Vec::new();
    text.try_reserve_exact(name.len()).map_err(|_| NtStatus::NO_MEMORY)?;
    text.extend_from_slice(name);
    Ok(Some(text.into_boxed_slice()))
}

/// Writes a `UNICODE_STRING` and its text. Returns how many bytes that is, as an error if there is no room for them.
fn write(name: &[u16], buffer: &mut [u8]) -> Result<usize, usize> {
    let bytes = size_of_val(name);
    let needed = STRING_LENGTH + bytes;
    let Some((string, text)) = buffer.get_mut(..needed).and_then(|room| room.split_at_mut_checked(STRING_LENGTH))
    else {
        return Err(needed);
    };
    write_string(string, bytes as u16, bytes as u16, text);
    write_text(text, name.iter().copied());
    Ok(needed)
}
