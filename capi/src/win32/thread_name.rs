//! What a thread is called (TI19–TI23). The answers are statuses as `HRESULT`s.

use crate::heap;
use crate::memory::{In, Out};
use crate::nt::{runtime, status};
use core::ffi::c_void;
use nt::{Handle, NtStatus};

/// The longest name, in units (TI23).
const LONGEST: usize = 32_767;

/// `HRESULT_FROM_NT`: also of a success, as on Windows.
fn hresult(status: NtStatus) -> i32 {
    const FACILITY_NT_BIT: u32 = 0x1000_0000;
    (status.0 | FACILITY_NT_BIT).cast_signed()
}

/// Without a text, as with one of no length, the thread loses its name (TI21).
fn describe(thread: Handle, text: In<u16>) -> Result<NtStatus, NtStatus> {
    let text = match text.address() {
        0 => &[],
        _ => text.until_zero(LONGEST)?.ok_or(NtStatus::INVALID_PARAMETER)?,
    };
    Ok(runtime()?.set_thread_description(thread, text))
}

fn description(thread: Handle, place: Out<*mut c_void>) -> Result<NtStatus, NtStatus> {
    let place = place.require()?;
    place.set(core::ptr::null_mut());
    let text = runtime()?.thread_description(thread)?;
    place.set(heap::copy_text(&text)?);
    Ok(NtStatus::SUCCESS)
}

calls! {
    fn SetThreadDescription(thread: Handle, text: In<u16>) -> i32 {
        hresult(status(|| describe(thread, text)))
    }

    /// The text is freed with `LocalFree`, or `free`.
    fn GetThreadDescription(thread: Handle, place: Out<*mut c_void>) -> i32 {
        hresult(status(|| description(thread, place)))
    }
}
