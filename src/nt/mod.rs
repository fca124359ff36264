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
mod event;
pub(crate) mod information;
mod object;
mod thread;
mod wait;

pub use event::EventType;
pub use thread::{ClientId, CreateThreadFlags};
pub use wait::WaitType;

use crate::status::NtStatus;

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
