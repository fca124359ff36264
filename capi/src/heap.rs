//! Memory that callers are given and hand back: `malloc`'s, so that every program can free it.

#![allow(unsafe_code, reason = "malloc and free")]

use crate::memory::Plain;
use core::ffi::c_void;
use nt::NtStatus;

/// A copy of the text with a zero behind it.
pub(crate) fn copy_text<T: Plain + Default>(text: &[T]) -> Result<*mut c_void, NtStatus> {
    let units = text.len().checked_add(1).ok_or(NtStatus::NO_MEMORY)?;
    let bytes = units.checked_mul(size_of::<T>()).ok_or(NtStatus::NO_MEMORY)?;
    // SAFETY: any number of bytes may be asked for.
    let copy = unsafe { libc::malloc(bytes) }.cast::<T>();
    if copy.is_null() {
        return Err(NtStatus::NO_MEMORY);
    }
    // SAFETY: just had, for one unit more than that.
    unsafe { core::ptr::copy_nonoverlapping(text.as_ptr(), copy, text.len()) };
    let end = copy.wrapping_add(text.len());
    // SAFETY: the last unit.
    unsafe { end.write(T::default()) };
    Ok(copy.cast())
}

/// Takes memory back; null is nothing.
pub(crate) fn free(memory: *mut c_void) {
    // SAFETY: null, or what `malloc` gave to a caller, who hands it back once.
    unsafe { libc::free(memory) };
}
