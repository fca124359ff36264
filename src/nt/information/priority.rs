//! Classes 2, 3 and 14: priorities and the boost (TI6–TI11).

use super::{SET, fixed};
use crate::handle::entry::Handle;
use crate::runtime::Runtime;
use crate::runtime::thread::settings::Priority;
use crate::status::NtStatus;

impl Runtime {
    /// Class 2. Real time needs a privilege (TI6); beyond it and below 1 there are no priorities.
    pub(super) fn set_absolute_priority(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let priority = i32::from_ne_bytes(fixed(information)?);
        let target = self.find_thread(thread, SET)?;
        match u8::try_from(priority) {
            Ok(priority @ 1..=15) => self.resident().set_priority(target, Priority::Absolute(priority)),
            Ok(16..=31) => Err(NtStatus::PRIVILEGE_NOT_HELD),
            _ => Err(NtStatus::INVALID_PARAMETER),
        }
    }

    /// Class 3. Idle and time critical are ±15 for Win32 and ±16 for the kernel (TI10): both are taken, and returned by
    /// queries as they were given.
    pub(super) fn set_base_priority(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let increment = i32::from_ne_bytes(fixed(information)?);
        let target = self.find_thread(thread, SET)?;
        match increment {
            -2..=2 | -16 | -15 | 15 | 16 => self.resident().set_priority(target, Priority::Increment(increment)),
            _ => Err(NtStatus::INVALID_PARAMETER),
        }
    }

    /// Class 14. There is no boost that it could disable; queries return what was said.
    pub(super) fn set_priority_boost(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let disable = u32::from_ne_bytes(fixed(information)?);
        let target = self.find_thread(thread, SET)?;
        self.resident().on_thread(target, |_, life| life.boost_disabled = disable != 0)
    }
}
