//! Classes 4, 13 and 30: processors (TI12–TI15). There is one group, 0, with the first 64 of them.

use super::{SET, fixed};
use crate::handle::entry::Handle;
use crate::objects::Target;
use crate::runtime::Runtime;
use crate::runtime::thread::settings::affinity_of;
use crate::status::NtStatus;
use crate::sys::schedule;

/// `MAXIMUM_PROCESSORS`: as an ideal processor it means that nothing is to change (TI14).
const MAXIMUM_PROCESSORS: u32 = 64;
/// A mask that means all processors (TI12).
const ALL: u64 = u64::MAX;

impl Runtime {
    /// Class 4.
    pub(super) fn set_affinity_mask(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let mask = u64::from_ne_bytes(fixed(information)?);
        let target = self.find_thread(thread, SET)?;
        let mask = if mask == ALL { schedule::process_mask() } else { mask };
        self.confine(target, mask)
    }

    /// Class 30: the mask, the group, three reserved words. All ones have no special meaning here (TI15).
    pub(super) fn set_group(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let bytes: [u8; 16] = fixed(information)?;
        let target = self.find_thread(thread, SET)?;
        let (mask, group_and_reserved) = bytes.split_at(8);
        if group_and_reserved.iter().any(|byte| *byte != 0) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        self.confine(target, u64::from_ne_bytes(fixed(mask)?))
    }

    fn confine(&self, target: Target<'_>, mask: u64) -> Result<(), NtStatus> {
        if mask == 0 || mask & !schedule::process_mask() != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        self.resident().set_affinity(target, mask)
    }

    pub(super) fn group_in_bytes(&self, target: Target<'_>) -> Result<[u8; 16], NtStatus> {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&affinity_of(&self.life(target)?).to_ne_bytes());
        Ok(bytes)
    }

    /// Class 13: returns the processor before as a status, as NT does. A hint that only queries see; one that names no
    /// processor of the process changes nothing.
    pub(super) fn set_ideal_processor(&self, thread: Handle, information: &[u8]) -> Result<NtStatus, NtStatus> {
        let wish = u32::from_ne_bytes(fixed(information)?);
        let target = self.find_thread(thread, SET)?;
        if wish > MAXIMUM_PROCESSORS {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let exists = wish < MAXIMUM_PROCESSORS && schedule::process_mask() >> wish & 1 != 0;
        let before = self.resident().on_thread(target, |_, life| {
            let before = life.ideal_processor;
            life.ideal_processor = if exists { wish } else { before };
            before
        })?;
        Ok(NtStatus(before))
    }
}
