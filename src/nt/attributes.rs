//! `OBJECT_ATTRIBUTES`: the flags of a creation, and the name of an object.

use super::access::{AccessMask, HandleAttributes, Rights};
use crate::handle::Grant;
use crate::handle::entry::Handle;
use crate::objects::Kind;
use crate::runtime::names::SEPARATOR;
use crate::status::NtStatus;
use crate::waiter::shield::ShieldedVec;
use core::cell::Cell;
use core::fmt;
use core::ops::Deref;

/// The longest name, in units: 65,532 bytes (N9).
pub(super) const LONGEST_NAME: usize = 32_766;

/// Attributes of an object to create or to open.
///
/// ```
/// use core::cell::Cell;
/// use ntwait::{AccessMask, EventType, NtStatus, ObjectAttributes, ObjectName, Runtime};
///
/// let nt = Runtime::new()?;
/// let (name, all) = (ObjectName::new(r"\BaseNamedObjects\ready")?, AccessMask::EVENT_ALL_ACCESS);
/// let existed = Cell::new(false);
/// let create = || {
///     let attributes = ObjectAttributes::named(&name).or_open(&existed);
///     nt.nt_create_event(all, attributes, EventType::NOTIFICATION, false)
/// };
/// let first = create()?;
/// assert!(!existed.get());
/// let second = create()?; // a handle of its own to the same event
/// assert!(existed.get());
/// assert_eq!(nt.nt_compare_objects(first, second), NtStatus::SUCCESS);
/// let third = nt.nt_open_event(all, ObjectAttributes::named(&name))?;
/// # let _ = third;
/// # Ok::<(), NtStatus>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectAttributes<'n> {
    /// The `OBJ_*` flags.
    pub attributes: HandleAttributes,
    /// The directory that the name begins in; [`Handle::NULL`] if the name begins at the root, with a backslash (N5).
    pub root: Handle,
    /// The name, in UTF-16. None, or one of no length, is none at all (N12).
    pub name: Option<&'n [u16]>,
    /// Is told by a creation that succeeds whether the object was there already, which in NT is the difference between
    /// `SUCCESS` and `OBJECT_NAME_EXISTS` (N1).
    pub existed: Option<&'n Cell<bool>>,
}

impl Default for ObjectAttributes<'_> {
    fn default() -> Self {
        Self::NONE
    }
}

impl<'n> ObjectAttributes<'n> {
    /// An unnamed object, an ordinary handle.
    pub const NONE: Self = Self::new(HandleAttributes::empty());

    /// An unnamed object with these flags.
    #[must_use]
    pub const fn new(attributes: HandleAttributes) -> Self {
        Self { attributes, root: Handle::NULL, name: None, existed: None }
    }

    /// An object of this name. A creation fails if there is one (N2).
    #[must_use]
    pub const fn named(name: &'n [u16]) -> Self {
        Self { name: Some(name), ..Self::NONE }
    }

    /// The same with these flags.
    #[must_use]
    pub const fn with(self, attributes: HandleAttributes) -> Self {
        Self { attributes, ..self }
    }

    /// The same in this directory.
    #[must_use]
    pub const fn within(self, root: Handle) -> Self {
        Self { root, ..self }
    }

    /// The same for a creation that opens what is there already (`OBJ_OPENIF`), and tells whether it was.
    #[must_use]
    pub const fn or_open(self, existed: &'n Cell<bool>) -> Self {
        let attributes = self.attributes.union(HandleAttributes::OPENIF);
        Self { attributes, existed: Some(existed), ..self }
    }

    /// The name, if there is one (N12).
    #[inline]
    pub(super) fn text(&self) -> Option<&'n [u16]> {
        self.name.filter(|name| !name.is_empty())
    }

    /// What a handle gets to an object of this kind that is opened by an id, without a name. `None`: no right at all, which is an error
    /// once it is known that there is such an object.
    pub(super) fn grant_by_id(&self, kind: Kind, access: AccessMask) -> Result<Option<Grant>, NtStatus> {
        let bits = self.entry_bits()?;
        if self.text().is_some() {
            return Err(NtStatus::INVALID_PARAMETER_MIX);
        }
        let rights = Rights::of(kind);
        let mask = rights.grant(access).ok_or(NtStatus::PRIVILEGE_NOT_HELD)?;
        Ok((!mask.is_empty()).then(|| rights.handle_grant(mask, bits)))
    }

    /// The entry bits of the handle to a new object, or why there can be none (H32).
    #[inline]
    pub(super) fn entry_bits(&self) -> Result<u64, NtStatus> {
        let bits = self.entry_bits_to_open()?;
        if self.attributes.contains(HandleAttributes::PERMANENT) {
            return Err(NtStatus::PRIVILEGE_NOT_HELD);
        }
        Ok(bits)
    }

    /// The same for an object that exists, which may be permanent.
    #[inline]
    pub(super) fn entry_bits_to_open(&self) -> Result<u64, NtStatus> {
        let attributes = self.attributes;
        let valid = HandleAttributes::all() - HandleAttributes::PROTECT_CLOSE;
        if !valid.contains(attributes) || attributes.contains(HandleAttributes::EXCLUSIVE | HandleAttributes::INHERIT) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        if self.name.is_some_and(|name| name.len() > LONGEST_NAME) {
            return Err(NtStatus::OBJECT_NAME_INVALID);
        }
        Ok(attributes.entry_bits())
    }
}

/// The name of an object in UTF-16, made of a Rust string.
pub struct ObjectName(ShieldedVec<u16>);

impl ObjectName {
    /// The path as it is: `\BaseNamedObjects\x`, or one that begins in a directory that is given with it.
    ///
    /// # Errors
    /// `NO_MEMORY`.
    pub fn new(path: &str) -> Result<Self, NtStatus> {
        Self::joined("", path.encode_utf16())
    }

    /// A name as Win32 calls take it: `x` and `Local\x` are `\Sessions\1\BaseNamedObjects\x`, `Global\x` is
    /// `\BaseNamedObjects\x` (N17). Further backslashes separate directories (N18).
    ///
    /// # Errors
    /// `OBJECT_PATH_SYNTAX_BAD`: it begins with a backslash (N5). `NO_MEMORY`.
    pub fn win32(name: &str) -> Result<Self, NtStatus> {
        Self::below_session(name.encode_utf16())
    }

    /// As [`win32`](Self::win32), for a name in UTF-16, well-formed or not.
    ///
    /// # Errors
    /// As for `win32`.
    pub fn win32_wide(name: &[u16]) -> Result<Self, NtStatus> {
        Self::below_session(name.iter().copied())
    }

    fn below_session(name: impl Iterator<Item = u16> + Clone) -> Result<Self, NtStatus> {
        if name.clone().next() == Some(SEPARATOR) {
            return Err(NtStatus::OBJECT_PATH_SYNTAX_BAD);
        }
        Self::joined(r"\Sessions\1\BaseNamedObjects\", name)
    }

    fn joined(directory: &str, name: impl Iterator<Item = u16> + Clone) -> Result<Self, NtStatus> {
        let units = || directory.encode_utf16().chain(name.clone());
        let mut text = ShieldedVec::with_capacity(units().count()).ok_or(NtStatus::NO_MEMORY)?;
        text.extend(units());
        Ok(Self(text))
    }
}

impl Deref for ObjectName {
    type Target = [u16];
    fn deref(&self) -> &[u16] {
        &self.0
    }
}

impl fmt::Debug for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf16_lossy(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handle::entry::Entry;

    #[test]
    fn h32_table_of_attributes() {
        let rows = [
            (0x000, Ok(0)),
            (0x002, Ok(Entry::INHERIT)),
            (0x020, Ok(0)),
            (0x0C0, Ok(0)),
            (0x022, Err(NtStatus::INVALID_PARAMETER)),
            (0x001, Err(NtStatus::INVALID_PARAMETER)),
            (0x004, Err(NtStatus::INVALID_PARAMETER)),
            (0x010, Err(NtStatus::PRIVILEGE_NOT_HELD)),
            (0x8000_0000, Err(NtStatus::INVALID_PARAMETER)),
        ];
        for (bits, expected) in rows {
            let attributes = ObjectAttributes::new(HandleAttributes::from_bits_retain(bits));
            assert_eq!(attributes.entry_bits(), expected, "{bits:#x}");
        }
    }
}
