//! Objects that can have names, as one list.

use super::{AUTO, Nt, u32_at};
use ntwait::{AccessMask, Handle, HandleAttributes, NtStatus, ObjectAttributes, ObjectName, TimerType};

pub(crate) const OPENIF: HandleAttributes = HandleAttributes::OPENIF;

/// The types of which there are named objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Event,
    Mutant,
    Semaphore,
    Timer,
    KeyedEvent,
    Directory,
}

impl Named {
    pub(crate) const ALL: [Named; 6] =
        [Named::Event, Named::Mutant, Named::Semaphore, Named::Timer, Named::KeyedEvent, Named::Directory];

    /// A creation with all rights.
    pub(crate) fn create(self, nt: Nt, attributes: ObjectAttributes<'_>) -> Result<Handle, NtStatus> {
        self.create_with(nt, AccessMask::MAXIMUM_ALLOWED, attributes)
    }

    pub(crate) fn create_with(
        self,
        nt: Nt,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
    ) -> Result<Handle, NtStatus> {
        match self {
            Named::Event => nt.nt_create_event(access, attributes, AUTO, false),
            Named::Mutant => nt.nt_create_mutant(access, attributes, false),
            Named::Semaphore => nt.nt_create_semaphore(access, attributes, 0, 1),
            Named::Timer => nt.nt_create_timer(access, attributes, TimerType::NOTIFICATION),
            Named::KeyedEvent => nt.nt_create_keyed_event(access, attributes, 0),
            Named::Directory => nt.nt_create_directory_object(access, attributes),
        }
    }

    /// An opening with all rights.
    pub(crate) fn open(self, nt: Nt, name: &[u16]) -> Result<Handle, NtStatus> {
        self.open_with(nt, AccessMask::MAXIMUM_ALLOWED, ObjectAttributes::named(name))
    }

    pub(crate) fn open_with(
        self,
        nt: Nt,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
    ) -> Result<Handle, NtStatus> {
        match self {
            Named::Event => nt.nt_open_event(access, attributes),
            Named::Mutant => nt.nt_open_mutant(access, attributes),
            Named::Semaphore => nt.nt_open_semaphore(access, attributes),
            Named::Timer => nt.nt_open_timer(access, attributes),
            Named::KeyedEvent => nt.nt_open_keyed_event(access, attributes),
            Named::Directory => nt.nt_open_directory_object(access, attributes),
        }
    }
}

pub(crate) fn name(path: &str) -> ObjectName {
    ObjectName::new(path).expect("memory")
}

/// A name in the directory that is always there.
pub(crate) fn base(name: &str) -> ObjectName {
    ObjectName::new(&format!(r"\BaseNamedObjects\{name}")).expect("memory")
}

/// A directory that is there.
#[track_caller]
pub(crate) fn directory(nt: Nt, path: &str) -> Handle {
    Named::Directory.open(nt, &name(path)).expect("a directory")
}

/// The length of the name in an object's basic information.
#[track_caller]
pub(crate) fn name_length(nt: Nt, object: Handle) -> u32 {
    let mut bytes = [0xAA; 56];
    assert_eq!(nt.nt_query_object(object, 0, &mut bytes, None), NtStatus::SUCCESS);
    u32_at(&bytes, 36)
}

impl Nt {
    /// The path of an object, empty if it has no name.
    #[track_caller]
    pub(crate) fn path(self, object: Handle) -> String {
        let mut bytes = vec![0xAA; 70_000];
        let mut needed = 0;
        assert_eq!(self.nt_query_object(object, 1, &mut bytes, Some(&mut needed)), NtStatus::SUCCESS);
        let length = usize::from(u16::from_ne_bytes([bytes[0], bytes[1]]));
        let expected = if length == 0 { 16 } else { 16 + length + 2 };
        assert_eq!(needed as usize, expected);
        let units = bytes[16..16 + length].chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]]));
        char::decode_utf16(units).map(|letter| letter.expect("a letter")).collect()
    }
}
