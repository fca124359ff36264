//! Queries and settings: a class, a buffer, a length. A bad class and a wrong length are told before a bad pointer, and that
//! before a bad handle (E20, M23, TI2, TI3).

use super::runtime;
use crate::memory::{In, Out, give};
use nt::{Handle, NtStatus, Runtime};

/// More than any class of fixed size has.
const LONGEST: usize = 512;

/// A buffer of the caller's.
#[derive(Clone, Copy)]
pub(crate) struct Buffer<P = Out<u8>> {
    pub(crate) bytes: P,
    pub(crate) length: u32,
    /// What its address is a multiple of.
    pub(crate) alignment: usize,
}

/// Answers a query into the caller's buffer.
pub(crate) fn query(
    handle: Handle,
    buffer: Buffer,
    return_length: Out<u32>,
    ask: impl Fn(&Runtime, Handle, &mut [u8], Option<&mut u32>) -> NtStatus,
) -> NtStatus {
    super::status(|| {
        let nt = runtime()?;
        let length = buffer.length as usize;
        // The length's place comes first (TI18).
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
            Err(bad) => Err(with_scratch(bad, length, |scratch| ask(nt, Handle::NULL, scratch, None))),
        }
    })
}

/// Hands what is in the caller's buffer to a setting.
pub(crate) fn set(
    handle: Handle,
    buffer: Buffer<In<u8>>,
    tell: impl Fn(&Runtime, Handle, &[u8]) -> NtStatus,
) -> NtStatus {
    super::status(|| {
        let nt = runtime()?;
        let length = buffer.length as usize;
        match buffer.bytes.bytes(length, buffer.alignment) {
            Ok(bytes) => Ok(tell(nt, handle, bytes)),
            Err(bad) => Err(with_scratch(bad, length, |scratch| tell(nt, Handle::NULL, scratch))),
        }
    })
}

/// What is wrong beside a bad pointer: what comes before the handle, else the pointer. The call is made without a handle, so
/// it does nothing.
fn with_scratch(bad: NtStatus, length: usize, call: impl FnOnce(&mut [u8]) -> NtStatus) -> NtStatus {
    let mut scratch = [0; LONGEST];
    match call(&mut scratch[..length.min(LONGEST)]) {
        NtStatus::INVALID_HANDLE => bad,
        earlier => earlier,
    }
}
