//! Short forms of the calls that are about names: of events in the root directory, which is all that a model has.

use super::Nt;
use ntwait::{AccessMask, EventType, Handle, NtStatus, ObjectAttributes, ObjectName};
use std::cell::Cell;

fn name(path: &str) -> ObjectName {
    ObjectName::new(path).expect("memory for a name")
}

impl Nt {
    /// The auto-reset event of this name, and whether it was there; a new one is set or not.
    pub fn create_or_open(&self, path: &str, set: bool) -> Result<(Handle, bool), NtStatus> {
        let (name, existed) = (name(path), Cell::new(false));
        let attributes = ObjectAttributes::named(&name).or_open(&existed);
        let access = AccessMask::EVENT_ALL_ACCESS;
        let event = self.0.nt_create_event(access, attributes, EventType::SYNCHRONIZATION, set)?;
        Ok((event, existed.get()))
    }

    /// A new event of this name.
    #[must_use]
    pub fn named(&self, path: &str, set: bool) -> Handle {
        let (event, existed) = self.create_or_open(path, set).expect("a new event");
        assert!(!existed);
        event
    }

    /// The event of this name.
    pub fn open(&self, path: &str) -> Result<Handle, NtStatus> {
        self.0.nt_open_event(AccessMask::EVENT_ALL_ACCESS, ObjectAttributes::named(&name(path)))
    }

    /// A new directory of this name.
    #[must_use]
    pub fn directory(&self, path: &str) -> Handle {
        let access = AccessMask::DIRECTORY_ALL_ACCESS;
        self.0.nt_create_directory_object(access, ObjectAttributes::named(&name(path))).expect("a new directory")
    }

    /// Do these two lead to one object?
    #[must_use]
    pub fn is_same(&self, first: Handle, second: Handle) -> bool {
        self.0.nt_compare_objects(first, second) == NtStatus::SUCCESS
    }
}
