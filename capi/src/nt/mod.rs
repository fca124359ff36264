//! `Nt*` and `Rtl*`: what `ntdll` has.

mod apc;
mod attributes;
pub(crate) mod class;
mod event;
mod information;
mod keyed_event;
mod mutant;
mod object;
mod process;
mod query;
mod semaphore;
mod thread;
mod thread_attributes;
mod timer;
pub(crate) mod wait;

use crate::export::Export;
use crate::memory::{In, Out};
pub(crate) use attributes::{Attributes, ObjectAttributes, UnicodeString};
use core::cell::Cell;
use nt::{AccessMask, Handle, NtStatus, Runtime};
pub(crate) use query::query;

/// All calls, by file.
pub(crate) const CALLS: &[&[Export]] = &[
    apc::CALLS,
    event::CALLS,
    information::CALLS,
    keyed_event::CALLS,
    mutant::CALLS,
    object::CALLS,
    process::CALLS,
    semaphore::CALLS,
    thread::CALLS,
    timer::CALLS,
    wait::CALLS,
];

/// The one runtime of the C face.
#[inline]
pub(crate) fn runtime() -> Result<&'static Runtime, NtStatus> {
    Runtime::try_global()
}

/// The status of a call that ends early with an error.
#[inline]
pub(crate) fn status(call: impl FnOnce() -> Result<NtStatus, NtStatus>) -> NtStatus {
    call().unwrap_or_else(|status| status)
}

/// A call without pointers.
#[inline]
pub(crate) fn call(call: impl FnOnce(&Runtime) -> NtStatus) -> NtStatus {
    runtime().map_or_else(|status| status, call)
}

/// A call with a time-out, which is read before anything is done (D4); null is for ever (D1).
#[inline]
pub(crate) fn timed(timeout: In<i64>, call: impl FnOnce(&Runtime, Option<i64>) -> NtStatus) -> NtStatus {
    status(|| {
        let timeout = timeout.get()?;
        Ok(call(runtime()?, timeout))
    })
}

/// Makes an object, or opens the one of that name, if the attributes permit that. The handle's place is probed before
/// anything is done, and holds 0 unless the call succeeds (N13).
pub(crate) fn create(
    place: Out<Handle>,
    attributes: Attributes,
    create: impl FnOnce(&Runtime, nt::ObjectAttributes<'_>) -> Result<Handle, NtStatus>,
) -> NtStatus {
    status(|| {
        let place = place.require()?;
        place.set(Handle::NULL);
        let existed = Cell::new(false);
        let attributes = ObjectAttributes::read_optional(attributes)?.telling(&existed);
        place.set(create(runtime()?, attributes)?);
        Ok(if existed.get() { NtStatus::OBJECT_NAME_EXISTS } else { NtStatus::SUCCESS })
    })
}

/// Opens an object by name; as [`create`], but attributes are required (N10).
pub(crate) fn open(
    place: Out<Handle>,
    access: u32,
    attributes: Attributes,
    open: impl FnOnce(&Runtime, AccessMask, nt::ObjectAttributes<'_>) -> Result<Handle, NtStatus>,
) -> NtStatus {
    status(|| {
        let place = place.require()?;
        place.set(Handle::NULL);
        let attributes = ObjectAttributes::read(attributes)?;
        place.set(open(runtime()?, AccessMask::from_bits_retain(access), attributes.as_ref())?);
        Ok(NtStatus::SUCCESS)
    })
}

/// A call that tells what was before, if it is wanted, and only if it succeeds (M6, SE5). The place is probed first (E19).
#[inline]
pub(crate) fn telling<T: crate::memory::Plain>(
    place: Out<T>,
    call: impl FnOnce(&Runtime) -> Result<T, NtStatus>,
) -> NtStatus {
    status(|| {
        let place = place.get()?;
        crate::memory::give(place, call(runtime()?)?);
        Ok(NtStatus::SUCCESS)
    })
}
