//! What is known of a thread, and can be changed (TI1–TI26).

use super::class::thread as class;
use super::query::{Buffer, query, set};
use super::{UnicodeString, runtime, status};
use crate::memory::{In, Out};
use nt::{Handle, NtStatus};

/// As the structure of the class has it.
const fn alignment_of(class: u32) -> usize {
    use class::{AFFINITY_MASK, BASIC, GROUP, HIDE_FROM_DEBUGGER, NAME, START_ADDRESS, TIMES};
    match class {
        BASIC | TIMES | AFFINITY_MASK | START_ADDRESS | GROUP | NAME => 8,
        HIDE_FROM_DEBUGGER => 1,
        _ => 4,
    }
}

/// Class 38: a text that the structure leads to (TI21).
fn set_name(thread: Handle, bytes: In<u8>, length: u32) -> NtStatus {
    status(|| {
        if length as usize != size_of::<UnicodeString>() {
            return Err(NtStatus::INFO_LENGTH_MISMATCH);
        }
        let name = bytes.cast::<UnicodeString>().require()?;
        if !name.length.is_multiple_of(2) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let name = name.text()?;
        Ok(runtime()?.set_thread_description(thread, name))
    })
}

calls! {
    fn NtQueryInformationThread(
        thread: Handle,
        class: u32,
        bytes: Out<u8>,
        length: u32,
        return_length: Out<u32>,
    ) -> NtStatus {
        // Who asks for a name without a buffer asks how long it is (TI19).
        let length = if class == class::NAME && bytes.is_null() { 0 } else { length };
        let buffer = Buffer { bytes, length, alignment: alignment_of(class) };
        query(thread, buffer, return_length, |nt, thread, bytes, returned| {
            nt.nt_query_information_thread(thread, class, bytes, returned)
        })
    }

    fn NtSetInformationThread(thread: Handle, class: u32, bytes: In<u8>, length: u32) -> NtStatus {
        if class == class::NAME {
            return set_name(thread, bytes, length);
        }
        let buffer = Buffer { bytes, length, alignment: alignment_of(class) };
        set(thread, buffer, |nt, thread, bytes| nt.nt_set_information_thread(thread, class, bytes))
    }
}
