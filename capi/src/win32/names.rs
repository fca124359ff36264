//! Named objects as Win32 has them: text that ends with a zero, UTF-16 or UTF-8, below `BaseNamedObjects` (N14–N19).

use super::{Security, handle_attributes, inherited, or_else};
use crate::last_error::{self, ERROR_ALREADY_EXISTS, ERROR_SUCCESS};
use crate::memory::{In, Plain};
use crate::nt::runtime;
use core::cell::Cell;
use nt::{AccessMask, Handle, NtStatus, ObjectAttributes, ObjectName, Runtime};

/// The longest text of UTF-16, in units: what a `UNICODE_STRING` can have.
const LONGEST_WIDE: usize = 32_767;

/// The longest name of an `A` call, in bytes: `MAX_PATH` with its zero.
const LONGEST_NARROW: usize = 259;

/// Text of a call in its `A` or its `W` form.
pub(crate) trait Text: Plain + PartialEq + Default {
    /// The name, below the directory of the session.
    fn name(text: In<Self>) -> Result<ObjectName, NtStatus>;
}

impl Text for u16 {
    fn name(text: In<Self>) -> Result<ObjectName, NtStatus> {
        let text = text.until_zero(LONGEST_WIDE)?.ok_or(NtStatus::NAME_TOO_LONG)?;
        ObjectName::win32_wide(text)
    }
}

impl Text for u8 {
    fn name(text: In<Self>) -> Result<ObjectName, NtStatus> {
        let text = text.until_zero(LONGEST_NARROW)?.ok_or(NtStatus::NAME_TOO_LONG)?;
        let text = core::str::from_utf8(text).map_err(|_| NtStatus::OBJECT_NAME_INVALID)?;
        ObjectName::win32(text)
    }
}

/// `CreateX`: makes an object or opens the one of that name. The last error says which, 0 or 183 (E25, E26); after a failure
/// it says why, and the handle is null.
pub(crate) fn create<T: Text>(
    security: Security,
    name: In<T>,
    create: impl FnOnce(&Runtime, ObjectAttributes<'_>) -> Result<Handle, NtStatus>,
) -> Handle {
    let existed = Cell::new(false);
    let made = || {
        let attributes = handle_attributes(security)?;
        let is_named = name.get()?.is_some_and(|first| first != T::default()); // N12
        let name = is_named.then(|| T::name(name)).transpose()?;
        let named =
            name.as_deref().map_or(ObjectAttributes::NONE, |name| ObjectAttributes::named(name).or_open(&existed));
        create(runtime()?, named.with(named.attributes | attributes))
    };
    or_else(
        made().inspect(|_| last_error::set(if existed.get() { ERROR_ALREADY_EXISTS } else { ERROR_SUCCESS })),
        Handle::NULL,
    )
}

/// `OpenX`: without a name `ERROR_INVALID_PARAMETER` (N19), with one of no length `ERROR_INVALID_NAME`.
pub(crate) fn open<T: Text>(
    access: u32,
    inherit: i32,
    name: In<T>,
    open: impl FnOnce(&Runtime, AccessMask, ObjectAttributes<'_>) -> Result<Handle, NtStatus>,
) -> Handle {
    let opened = || {
        let first = name.get()?;
        let name = first.map_or(Err(NtStatus::INVALID_PARAMETER), |_| T::name(name))?;
        let attributes = ObjectAttributes::named(&name).with(inherited(inherit != 0));
        open(runtime()?, AccessMask::from_bits_retain(access), attributes)
    };
    or_else(opened(), Handle::NULL)
}
