//! Calls on handles of any type: `NtClose`, `NtDuplicateObject`, `NtQueryObject`, `NtSetInformationObject`,
//! `NtCompareObjects` (H1–H32).

use super::access::{AccessMask, DuplicateOptions, HandleAttributes, Rights};
use super::{STRING_LENGTH, answer, write_string, write_text};
use crate::handle::Grant;
use crate::handle::entry::{Entry, Handle};
use crate::objects::{Kind, Target};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::traced::traced;
use crate::wait::{Gone, signal};

/// `OBJECT_INFORMATION_CLASS`.
mod class {
    pub(super) const BASIC: u32 = 0;
    pub(super) const NAME: u32 = 1;
    pub(super) const TYPE: u32 = 2;
    pub(super) const HANDLE_FLAGS: u32 = 4;
}

const BASIC_LENGTH: usize = 56;
/// An `OBJECT_TYPE_INFORMATION`, without the text that follows it.
const TYPE_LENGTH: usize = 104;

impl Runtime {
    /// `NtClose`. The object lives on while other handles or waiters refer to it (W35, H10).
    ///
    /// Answers `INVALID_HANDLE` for what is no handle, pseudo handles included (H5); `HANDLE_NOT_CLOSABLE` for one
    /// that is protected (H6).
    pub fn nt_close(&self, handle: Handle) -> NtStatus {
        traced!(NtClose(handle = handle), self.close(handle))
    }

    #[inline(always)]
    pub(crate) fn close(&self, handle: Handle) -> NtStatus {
        self.resident().close(handle).err().unwrap_or(NtStatus::SUCCESS)
    }

    /// `NtDuplicateObject`, within this process: another handle to the same object (H28). The process handles must
    /// name this process ([`Handle::CURRENT_PROCESS`] does).
    ///
    /// `access` is granted as for a creation, also beyond the source's: an unnamed object lets its process do
    /// anything (H21). With `CLOSE_SOURCE` and a target process of [`Handle::NULL`] the source is closed and nothing
    /// made: the answer is the null handle (H17).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` for a process handle without `PROCESS_DUP_HANDLE`
    /// (H20); `INVALID_HANDLE` for the source (H15); `INVALID_PARAMETER` for a null target without `CLOSE_SOURCE`;
    /// `ACCESS_DENIED` for an access that needs a privilege (H21); `INSUFFICIENT_RESOURCES` if the table is full.
    pub fn nt_duplicate_object(
        &self,
        source_process: Handle,
        source: Handle,
        target_process: Handle,
        access: AccessMask,
        attributes: HandleAttributes,
        options: DuplicateOptions,
    ) -> Result<Handle, NtStatus> {
        traced!(NtDuplicateObject(source_process = source_process, handle = source, target_process = target_process,
            access = access, attributes = attributes, options = options) -> handle,
            self.duplicate_object((source_process, source), target_process, access, attributes, options))
    }

    fn duplicate_object(
        &self,
        (source_process, source): (Handle, Handle),
        target_process: Handle,
        access: AccessMask,
        attributes: HandleAttributes,
        options: DuplicateOptions,
    ) -> Result<Handle, NtStatus> {
        self.require_process(source_process, AccessMask::PROCESS_DUP_HANDLE)?;
        let close_source = options.contains(DuplicateOptions::CLOSE_SOURCE);
        if target_process == Handle::NULL && !close_source {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let found = self.resolve(source)?;
        let duplicate = if target_process == Handle::NULL {
            Ok(Handle::NULL)
        } else {
            self.require_process(target_process, AccessMask::PROCESS_DUP_HANDLE)
                .and_then(|()| self.duplicate(found, access, attributes, options))
        };
        if close_source {
            // What becomes of the source does not change the answer: it may be protected, or closed already (H18, H19).
            let _ = self.resident().close(source);
        }
        duplicate
    }

    fn duplicate(
        &self,
        (target, source): (Target<'_>, Grant),
        access: AccessMask,
        attributes: HandleAttributes,
        options: DuplicateOptions,
    ) -> Result<Handle, NtStatus> {
        let rights = Rights::of(target.kind);
        let mask = if options.contains(DuplicateOptions::SAME_ACCESS) {
            AccessMask::from_bits_retain(source.mask)
        } else {
            rights.grant(access).ok_or(NtStatus::ACCESS_DENIED)?
        };
        let attribute_bits = if options.contains(DuplicateOptions::SAME_ATTRIBUTES) {
            source.bits & (Entry::INHERIT | Entry::PROTECT)
        } else {
            attributes.entry_bits()
        };
        self.table().add_handle(target, rights.handle_grant(mask, attribute_bits))
    }

    /// `NtQueryObject`: class 0 (basic, 56 bytes), 1 (name), 2 (type) or 4 (handle flags: inherit, protect; 2 bytes),
    /// laid out as on 64-bit Windows, in the machine's byte order.
    ///
    /// Answers `INVALID_INFO_CLASS` for other classes; `INFO_LENGTH_MISMATCH` for a buffer of the wrong size (for
    /// name and type: too small), with the size that is needed in `return_length`. The name is the full path, from the root
    /// on (N22); for one of more than 65,532 bytes, which takes directories within directories, `NAME_TOO_LONG`. A directory
    /// on the path that has lost its name is written as `...`.
    pub fn nt_query_object(
        &self,
        handle: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQueryObject(handle = handle, class = class, length = buffer.len()),
            self.query_object(handle, class, buffer, return_length)
        )
    }

    fn query_object(&self, handle: Handle, class: u32, buffer: &mut [u8], return_length: Option<&mut u32>) -> NtStatus {
        let found = match class {
            class::BASIC | class::NAME | class::TYPE | class::HANDLE_FLAGS => self.resolve(handle),
            _ => return NtStatus::INVALID_INFO_CLASS,
        };
        let (target, grant) = match found {
            Ok(found) => found,
            Err(status) => return status,
        };
        let (needed, exact) = match class {
            class::BASIC => (BASIC_LENGTH, true),
            class::NAME => return self.query_object_name(target, buffer, return_length),
            class::TYPE => (TYPE_LENGTH + 2 * (type_name(target.kind).len() + 1), false),
            _ => (2, true),
        };
        if buffer.len() < needed || exact && buffer.len() != needed {
            if let Some(length) = return_length {
                *length = needed as u32;
            }
            return NtStatus::INFO_LENGTH_MISMATCH;
        }
        match class {
            class::BASIC => answer(buffer, return_length, self.basic_information(target, grant)),
            class::HANDLE_FLAGS => answer(buffer, return_length, Ok(handle_flags(grant))),
            _ => {
                write_type(target.kind, &mut buffer[..needed]);
                if let Some(length) = return_length {
                    *length = needed as u32;
                }
                NtStatus::SUCCESS
            }
        }
    }

    fn basic_information(&self, target: Target<'_>, grant: Grant) -> Result<[u8; BASIC_LENGTH], NtStatus> {
        let counts = signal::counts(target, self.home()).map_err(|Gone| NtStatus::INVALID_HANDLE)?;
        let name_length = self.name_information_length(target)?;
        let attributes = HandleAttributes::from_entry_bits(grant.bits);
        let fields = [
            attributes.bits(),
            grant.mask,
            counts.handles,
            counts.references,
            0, // paged pool
            0, // non-paged pool
            0, // reserved
            0,
            0,
            name_length as u32,
            (TYPE_LENGTH + 2 * (type_name(target.kind).len() + 1)) as u32,
            0, // size of the security descriptor
            0, // creation time, which NT keeps for symbolic links only
            0,
        ];
        let mut bytes = [0; BASIC_LENGTH];
        for (place, field) in bytes.chunks_exact_mut(4).zip(fields) {
            place.copy_from_slice(&field.to_ne_bytes());
        }
        Ok(bytes)
    }

    /// `NtSetInformationObject`, class 4 only: two bytes, inherit and protect from close; not zero is true.
    ///
    /// Answers `INVALID_INFO_CLASS`, `INFO_LENGTH_MISMATCH`, `INVALID_HANDLE`; `ACCESS_DENIED` for a pseudo handle
    /// (H13).
    pub fn nt_set_information_object(&self, handle: Handle, class: u32, information: &[u8]) -> NtStatus {
        traced!(
            NtSetInformationObject(handle = handle, class = class, length = information.len()),
            self.set_information_object(handle, class, information)
        )
    }

    fn set_information_object(&self, handle: Handle, class: u32, information: &[u8]) -> NtStatus {
        if class != class::HANDLE_FLAGS {
            return NtStatus::INVALID_INFO_CLASS;
        }
        let &[inherit, protect] = information else {
            return NtStatus::INFO_LENGTH_MISMATCH;
        };
        let mut flags = HandleAttributes::empty();
        flags.set(HandleAttributes::INHERIT, inherit != 0);
        flags.set(HandleAttributes::PROTECT_CLOSE, protect != 0);
        self.set_flags(handle, HandleAttributes::INHERIT | HandleAttributes::PROTECT_CLOSE, flags)
    }

    /// Sets the handle flags that `mask` names, inherit and protect from close, to those of `flags`, and leaves the other
    /// one as it is, in one step: what a query and [`nt_set_information_object`](Self::nt_set_information_object) do in two,
    /// between which another thread may set the other flag.
    ///
    /// Answers `INVALID_HANDLE`; `ACCESS_DENIED` for a pseudo handle (H13).
    #[doc(hidden)]
    pub fn set_handle_flags(&self, handle: Handle, mask: HandleAttributes, flags: HandleAttributes) -> NtStatus {
        traced!(
            NtSetInformationObject(handle = handle, class = class::HANDLE_FLAGS, length = 2_usize),
            self.set_flags(handle, mask, flags)
        )
    }

    fn set_flags(&self, handle: Handle, mask: HandleAttributes, flags: HandleAttributes) -> NtStatus {
        if handle.pseudo().is_some() {
            return NtStatus::ACCESS_DENIED;
        }
        self.table().set_flags(handle, mask.entry_bits(), flags.entry_bits()).err().unwrap_or(NtStatus::SUCCESS)
    }

    /// `NtCompareObjects`: `SUCCESS` if both handles name one object, else `NOT_SAME_OBJECT` (H29).
    pub fn nt_compare_objects(&self, first: Handle, second: Handle) -> NtStatus {
        traced!(
            NtCompareObjects(handle = first, other_handle = second),
            match (self.resolve(first), self.resolve(second)) {
                (Err(status), _) | (_, Err(status)) => status,
                (Ok((a, _)), Ok((b, _))) if core::ptr::eq(a.slot, b.slot) && a.generation == b.generation => {
                    NtStatus::SUCCESS
                }
                _ => NtStatus::NOT_SAME_OBJECT,
            }
        )
    }

    /// The object of a handle or pseudo handle, and what the handle may do.
    pub(super) fn resolve(&self, handle: Handle) -> Result<(Target<'_>, Grant), NtStatus> {
        if handle.pseudo().is_some() {
            let target = self.resolve_pseudo(handle)?;
            let rights = Rights::of(target.kind);
            return Ok((target, rights.handle_grant(rights.all, 0)));
        }
        Ok((self.table().find_any(handle, 0)?, self.table().grant(handle)?))
    }

    /// The object of a handle or pseudo handle, if the handle may be waited for (W29).
    #[inline]
    pub(super) fn resolve_to_wait(&self, handle: Handle) -> Result<Target<'_>, NtStatus> {
        match handle.pseudo() {
            Some(_) => self.resolve_pseudo(handle),
            None => self.table().find_any(handle, Entry::SYNCHRONIZE),
        }
    }

    /// The object of a handle or pseudo handle, if it is of this kind and the handle has one of these rights: the type is
    /// checked before the access (H8).
    pub(super) fn resolve_as(&self, handle: Handle, kind: Kind, rights: AccessMask) -> Result<Target<'_>, NtStatus> {
        let (target, grant) = self.resolve(handle)?;
        if target.kind != kind {
            return Err(NtStatus::OBJECT_TYPE_MISMATCH);
        }
        if grant.mask & rights.bits() == 0 {
            return Err(NtStatus::ACCESS_DENIED);
        }
        Ok(target)
    }

    /// Is this a handle of this process, one with this right? (H20) What is to be done to another process is not supported.
    pub(super) fn require_process(&self, process: Handle, right: AccessMask) -> Result<(), NtStatus> {
        if process == Handle::CURRENT_PROCESS {
            return Ok(());
        }
        match self.is_own_process(self.resolve_as(process, Kind::Process, right)?) {
            true => Ok(()),
            false => Err(NtStatus::NOT_SUPPORTED),
        }
    }
}

fn handle_flags(grant: Grant) -> [u8; 2] {
    [u8::from(grant.bits & Entry::INHERIT != 0), u8::from(grant.bits & Entry::PROTECT != 0)]
}

/// What NT calls the type (N23).
fn type_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Event => "Event",
        Kind::Process => "Process",
        Kind::Thread => "Thread",
        Kind::Mutant => "Mutant",
        Kind::Semaphore => "Semaphore",
        Kind::Timer => "Timer",
        Kind::KeyedEvent => "KeyedEvent",
        Kind::Directory => "Directory",
        Kind::Descriptor => "File",
    }
}

/// `OBJECT_TYPE_INFORMATION`: the string's address is that of the text behind the structure.
fn write_type(kind: Kind, buffer: &mut [u8]) {
    let name = type_name(kind);
    let length = 2 * name.len() as u16;
    buffer.fill(0);
    let (information, text) = buffer.split_at_mut(TYPE_LENGTH);
    write_string(&mut information[..STRING_LENGTH], length, length + 2, text);
    let valid = Rights::of(kind).all.bits();
    information[84..88].copy_from_slice(&valid.to_ne_bytes());
    write_text(text, name.encode_utf16());
}
