//! What all calls that create or open an object have in common; directories of names; `NtMakeTemporaryObject` (N1–N22).
//!
//! ```text
//!   creation   value parameters (N21) ─▶ attributes (H32, N9) ─▶ access ─▶ root (N7) ─▶ name (N4–N6) ─▶ make
//!                                                                                       └─ it exists: type (N3), OPENIF (N2),
//!                                                                                          access (H30, M28–M30)
//!   opening    attributes ─▶ root ─▶ name ─▶ type ─▶ access
//! ```

use super::access::{AccessMask, HandleAttributes, Rights};
use super::attributes::{LONGEST_NAME, ObjectAttributes};
use super::{STRING_LENGTH, write_string};
use crate::handle::Grant;
use crate::handle::entry::Handle;
use crate::objects::{Birth, Kind, Target};
use crate::runtime::Runtime;
use crate::runtime::names::{Made, Path, SEPARATOR, Wanted, directory_birth};
use crate::status::NtStatus;
use crate::traced::traced;

/// The zero behind a text.
const TERMINATOR: usize = 2;

/// A creation whose attributes and access are good.
pub(super) struct Creation<'n> {
    attributes: ObjectAttributes<'n>,
    access: AccessMask,
    grant: Grant,
}

impl<'n> Creation<'n> {
    /// Checks what does not depend on the name. For a kind that is known where it is called, little is left to be done.
    #[inline]
    pub(super) fn check(kind: Kind, access: AccessMask, attributes: ObjectAttributes<'n>) -> Result<Self, NtStatus> {
        Ok(Self { attributes, access, grant: grant(kind, access, &attributes)? })
    }
}

/// What the handle to a new object may do, if its attributes and the access are good.
#[inline]
fn grant(kind: Kind, access: AccessMask, attributes: &ObjectAttributes<'_>) -> Result<Grant, NtStatus> {
    let bits = attributes.entry_bits()?;
    let rights = Rights::of(kind);
    let mask = rights.grant(access).ok_or(NtStatus::PRIVILEGE_NOT_HELD)?;
    Ok(rights.handle_grant(mask, bits))
}

impl Runtime {
    /// A new object and a handle to it, or a handle to the one that has its name.
    #[inline]
    pub(super) fn create_object(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        birth: Birth,
    ) -> Result<Handle, NtStatus> {
        let grant = grant(birth.kind, access, &attributes)?;
        if attributes.text().is_some() {
            return self.make(&Creation { attributes, access, grant }, birth).map(|made| made.handle);
        }
        let (handle, _) = self.table().create_target(birth, grant)?;
        if let Some(existed) = attributes.existed {
            existed.set(false);
        }
        Ok(handle)
    }

    /// The same, with the object. Somebody else may have closed the handle already.
    #[inline(never)] // not in the way of unnamed objects
    pub(super) fn make(&self, creation: &Creation<'_>, birth: Birth) -> Result<Made<'_>, NtStatus> {
        let made = match creation.attributes.text() {
            None => {
                let (handle, target) = self.table().create_target(birth, creation.grant)?;
                Made { handle, target, existed: false }
            }
            Some(name) => self.make_named(creation, name, birth)?,
        };
        if let Some(existed) = creation.attributes.existed {
            existed.set(made.existed);
        }
        Ok(made)
    }

    #[inline(never)]
    fn make_named(&self, creation: &Creation<'_>, name: &[u16], birth: Birth) -> Result<Made<'_>, NtStatus> {
        let Creation { attributes, access, grant } = creation;
        let existing = if attributes.attributes.contains(HandleAttributes::OPENIF) {
            Rights::of(birth.kind).admit(*access)
        } else {
            Err(NtStatus::OBJECT_NAME_COLLISION)
        };
        let wanted = Wanted { kind: birth.kind, grant: *grant, existing };
        self.resident().create_named(&self.path(attributes, name)?, &wanted, birth)
    }

    /// A handle to the object of this kind and name.
    pub(super) fn open_object(
        &self,
        kind: Kind,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
    ) -> Result<Handle, NtStatus> {
        let bits = attributes.entry_bits_to_open()?;
        let path = self.path(&attributes, attributes.text().unwrap_or_default())?;
        let rights = Rights::of(kind);
        let mask = rights.grant(access).unwrap_or_default(); // or it is not admitted
        let wanted = Wanted { kind, grant: rights.handle_grant(mask, bits), existing: rights.admit(access) };
        self.resident().open_named(&path, &wanted)
    }

    /// Where the name begins, which depends on the root and the first backslash (N5, N7, N12).
    fn path<'n>(&self, attributes: &ObjectAttributes<'_>, name: &'n [u16]) -> Result<Path<'n>, NtStatus> {
        let ignore_case = attributes.attributes.contains(HandleAttributes::CASE_INSENSITIVE);
        let absolute = name.split_first().filter(|(first, _)| **first == SEPARATOR);
        if attributes.root == Handle::NULL {
            let (_, rest) = absolute.ok_or(NtStatus::OBJECT_PATH_SYNTAX_BAD)?;
            return Ok(Path { from: None, rest, ignore_case });
        }
        let (target, _) = self.resolve(attributes.root)?;
        if absolute.is_some() {
            return Err(NtStatus::OBJECT_PATH_SYNTAX_BAD);
        }
        if target.kind != Kind::Directory {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        }
        Ok(Path { from: Some(self.resident().as_directory(target)?), rest: name, ignore_case })
    }

    /// `NtCreateDirectoryObject`: a new directory of names and a handle to it, for use as a
    /// [root](ObjectAttributes::root) above all.
    ///
    /// These are always there: `\`, `\BaseNamedObjects`, `\Sessions`, `\Sessions\1`, `\Sessions\1\BaseNamedObjects`, the
    /// last of which is for Win32 names (N17). In it `Local` leads to itself and `Global` to `\BaseNamedObjects`; so they
    /// do there. A directory without a handle loses its name; what is in it keeps it.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`, `PRIVILEGE_NOT_HELD`, `INSUFFICIENT_RESOURCES`, `NO_MEMORY`, and what a name can lead to, as for
    /// [`nt_create_event`](Self::nt_create_event).
    pub fn nt_create_directory_object(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateDirectoryObject(
            access = (access, AccessMask::DIRECTORY_ALL_ACCESS), attributes = attributes) -> handle,
            self.create_object(access, attributes, directory_birth()))
    }

    /// `NtOpenDirectoryObject`: a handle to the directory of this name.
    ///
    /// # Errors
    /// As for [`nt_open_event`](Self::nt_open_event).
    pub fn nt_open_directory_object(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
    ) -> Result<Handle, NtStatus> {
        traced!(NtOpenDirectoryObject(
            access = (access, AccessMask::DIRECTORY_ALL_ACCESS), attributes = attributes) -> handle,
            self.open_object(Kind::Directory, access, attributes))
    }

    /// `NtMakeTemporaryObject`: the object's name goes with its last handle (N16). That is so here for all objects but the
    /// directories that are always there, which stay.
    ///
    /// Answers `INVALID_HANDLE`; `ACCESS_DENIED` without `DELETE`.
    pub fn nt_make_temporary_object(&self, object: Handle) -> NtStatus {
        traced!(
            NtMakeTemporaryObject(handle = object),
            match self.resolve(object) {
                Err(status) => status,
                Ok((_, grant)) if grant.mask & AccessMask::DELETE.bits() == 0 => NtStatus::ACCESS_DENIED,
                Ok(_) => NtStatus::SUCCESS,
            }
        )
    }

    /// The size of this object's `OBJECT_NAME_INFORMATION`; 0 if it has no name.
    pub(super) fn name_information_length(&self, target: Target<'_>) -> Result<usize, NtStatus> {
        self.resident().with_path(target, |path| path.map_or(0, |(units, _)| STRING_LENGTH + 2 * units + TERMINATOR))
    }

    /// Class 1 of a query: the string, and behind it the text with a zero at its end. An object without a name has a string of
    /// no length that leads nowhere (N22).
    pub(super) fn query_object_name(
        &self,
        target: Target<'_>,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        // Written under the lock: the bytes are the caller's and there already.
        let written = self.resident().with_path(target, |path| match path {
            None => write_nothing(buffer),
            Some((units, write)) => write_path(units, write, buffer),
        });
        let (status, needed) = match written {
            Ok(written) => written,
            Err(status) => return status,
        };
        if let Some(length) = return_length {
            *length = needed as u32;
        }
        status
    }
}

/// How a query ends, and the size that it needs.
type Written = (NtStatus, usize);

fn write_nothing(buffer: &mut [u8]) -> Written {
    let Some(string) = buffer.get_mut(..STRING_LENGTH) else {
        return (NtStatus::INFO_LENGTH_MISMATCH, STRING_LENGTH);
    };
    string.fill(0);
    (NtStatus::SUCCESS, STRING_LENGTH)
}

fn write_path(units: usize, write: &dyn Fn(&mut [u8]), buffer: &mut [u8]) -> Written {
    let bytes = 2 * units;
    let needed = STRING_LENGTH + bytes + TERMINATOR;
    if units > LONGEST_NAME {
        return (NtStatus::NAME_TOO_LONG, needed);
    }
    let Some((string, text)) = buffer.get_mut(..needed).map(|room| room.split_at_mut(STRING_LENGTH)) else {
        return (NtStatus::INFO_LENGTH_MISMATCH, needed);
    };
    write_string(string, bytes as u16, (bytes + TERMINATOR) as u16, text);
    let (text, terminator) = text.split_at_mut(bytes);
    write(text);
    terminator.fill(0);
    (NtStatus::SUCCESS, needed)
}
