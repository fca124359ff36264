//! Queries: a class, a buffer, and a length to return.

use super::runtime;
use crate::memory::{Out, give};
use nt::{Handle, NtStatus, Runtime};

/// More than any answer of fixed size has.
const LONGEST: usize = 512;

/// A buffer of the caller's.
#[derive(Clone, Copy)]
pub(crate) struct Buffer {
    pub(crate) bytes: Out<u8>,
    pub(crate) length: u32,
    /// What its address is a multiple of.
    pub(crate) alignment: usize,
}

/// Answers a query into the caller's buffer. A bad class and a wrong length are told before a bad pointer, and that before a
/// bad handle (E20, M23, TI2).
pub(crate) fn query(
    handle: Handle,
    buffer: Buffer,
    return_length: Out<u32>,
    ask: impl Fn(&Runtime, Handle, &mut [u8], Option<&mut u32>) -> NtStatus,
) -> NtStatus {
    super::status(|| {
        let nt = runtime()?;
        let length = buffer.length as usize;
        let pointers = return_length.get().and_then(|place| Ok((place, buffer.bytes.bytes(length, buffer.alignment)?)));
        match pointers {
            Ok((place, bytes)) => {
                let mut needed = 0;
                let status = ask(nt, handle, bytes, Some(&mut needed));
                if needed != 0 {
                    give(place, needed);
                }
                Ok(status)
            }
            Err(bad) => {
                let mut scratch = [0; LONGEST];
                match ask(nt, Handle::NULL, &mut scratch[..length.min(LONGEST)], None) {
                    NtStatus::INVALID_HANDLE => Err(bad),
                    earlier => Ok(earlier),
                }
            }
        }
    })
}
