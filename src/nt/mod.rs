//! The NT face: methods of [`Runtime`](crate::Runtime) with the names, arguments and answers of the `Nt*` calls.
//!
//! Each method decodes its arguments, looks the handles up, calls the engine, and encodes what came of it; the
//! order of the checks is NT's, because the order decides which of two errors a caller sees. File names mirror
//! `objects/`.
//!
//! Where NT writes through a pointer, these methods return a value; where NT reads a buffer's length, they take
//! a slice. What a bad pointer would have got has no counterpart here.

pub(crate) mod access;
mod apc;
mod attributes;
#[cfg(not(ntwait_loom))]
mod clock;
#[cfg(not(ntwait_loom))]
mod descriptor;
mod event;
#[cfg(not(ntwait_loom))]
mod import;
pub(crate) mod information;
mod keyed_event;
mod mutant;
mod names;
mod object;
#[cfg(not(ntwait_loom))]
mod process;
#[cfg(not(ntwait_loom))]
mod registered_wait;
mod semaphore;
mod signal_and_wait;
mod thread;
mod timer;
mod wait;

pub use attributes::{ObjectAttributes, ObjectName};
#[cfg(not(ntwait_loom))]
pub use clock::{nt_get_tick_count, nt_query_performance_counter, nt_query_system_time};
pub use event::EventType;
#[cfg(not(ntwait_loom))]
pub use import::Interest;
#[cfg(not(ntwait_loom))]
pub use process::ProcessBasicInformation;
#[cfg(not(ntwait_loom))]
pub use registered_wait::{Fired, RegisteredWait, WaitCallback, WaitFlags, WaitHandle};
pub use thread::{ClientId, CreateThreadFlags, current_process_id};
pub use timer::{TimerSet, TimerType};
pub use wait::WaitType;

use crate::status::NtStatus;

/// A `UNICODE_STRING`, in bytes.
const STRING_LENGTH: usize = 16;

/// Writes a `UNICODE_STRING` of so many bytes, with room for so many, which leads to this text.
fn write_string(string: &mut [u8], length: u16, maximum: u16, text: &[u8]) {
    string.fill(0);
    string[..2].copy_from_slice(&length.to_ne_bytes());
    string[2..4].copy_from_slice(&maximum.to_ne_bytes());
    string[8..].copy_from_slice(&(text.as_ptr().expose_provenance() as u64).to_ne_bytes());
}

/// Writes UTF-16, as far as there is room.
fn write_text(text: &mut [u8], units: impl Iterator<Item = u16>) {
    for (place, unit) in text.chunks_exact_mut(2).zip(units) {
        place.copy_from_slice(&unit.to_ne_bytes());
    }
}

/// The checks of a query that come before the handle: the class, then the length, which is fixed for each class.
fn check_query(class: u32, lengths: &[usize], buffer: &[u8]) -> Result<(), NtStatus> {
    match lengths.get(class as usize) {
        None => Err(NtStatus::INVALID_INFO_CLASS),
        Some(length) if buffer.len() != *length => Err(NtStatus::INFO_LENGTH_MISMATCH),
        Some(_) => Ok(()),
    }
}

/// Answers a query of one fixed-size class: the length is checked, the bytes are written, the length is returned.
fn answer<const N: usize>(
    buffer: &mut [u8],
    return_length: Option<&mut u32>,
    bytes: Result<[u8; N], NtStatus>,
) -> NtStatus {
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(status) => return status,
    };
    if let Some(length) = return_length {
        *length = N as u32;
    }
    buffer.copy_from_slice(&bytes);
    NtStatus::SUCCESS
}
