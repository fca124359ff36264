//! `OBJECT_ATTRIBUTES` and `UNICODE_STRING` (N5–N12).

use crate::memory::{In, plain};
use core::cell::Cell;
use core::ffi::c_void;
use nt::{Handle, HandleAttributes, NtStatus};

/// `OBJECT_ATTRIBUTES` in the caller's memory.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct RawAttributes {
    length: u32,
    root: Handle,
    name: In<UnicodeString>,
    attributes: u32,
    security_descriptor: *mut c_void,
    quality_of_service: *mut c_void,
}

/// `UNICODE_STRING` in the caller's memory: lengths in bytes.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct UnicodeString {
    pub(crate) length: u16,
    pub(crate) maximum: u16,
    pub(crate) buffer: In<u16>,
}

plain!(RawAttributes, UnicodeString);

const _: () = assert!(size_of::<RawAttributes>() == 48 && size_of::<UnicodeString>() == 16);

pub(crate) type Attributes = In<RawAttributes>;

impl UnicodeString {
    /// The text, where it is.
    pub(crate) fn text<'a>(self) -> Result<&'a [u16], NtStatus> {
        if !self.length.is_multiple_of(2) {
            return Err(NtStatus::OBJECT_NAME_INVALID); // N8
        }
        self.buffer.slice(usize::from(self.length) / 2)
    }
}

/// Attributes that were read; the name is where the caller has it.
#[derive(Clone, Copy)]
pub(crate) struct ObjectAttributes<'n>(nt::ObjectAttributes<'n>);

impl<'n> ObjectAttributes<'n> {
    /// For a creation: none are none (N10).
    pub(crate) fn read_optional(attributes: Attributes) -> Result<Self, NtStatus> {
        attributes.get()?.map_or(Ok(Self(nt::ObjectAttributes::NONE)), Self::decode)
    }

    /// For an opening.
    pub(crate) fn read(attributes: Attributes) -> Result<Self, NtStatus> {
        attributes.get()?.map_or(Err(NtStatus::INVALID_PARAMETER), Self::decode)
    }

    fn decode(raw: RawAttributes) -> Result<Self, NtStatus> {
        if raw.length as usize != size_of::<RawAttributes>() {
            return Err(NtStatus::INVALID_PARAMETER); // N11
        }
        let mut attributes = nt::ObjectAttributes::new(HandleAttributes::from_bits_retain(raw.attributes));
        attributes.root = raw.root;
        attributes.name = raw.name.get()?.map(UnicodeString::text).transpose()?;
        Ok(Self(attributes))
    }

    pub(crate) fn as_ref(self) -> nt::ObjectAttributes<'n> {
        self.0
    }

    /// The same for a creation that says whether the object was there already, if the attributes permit that.
    pub(crate) fn telling(self, existed: &'n Cell<bool>) -> nt::ObjectAttributes<'n> {
        let mut attributes = self.0;
        attributes.existed = Some(existed);
        attributes
    }
}
