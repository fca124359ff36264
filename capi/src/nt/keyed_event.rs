//! Keyed events (K1–K12).

use super::{Attributes, create, open, timed};
use crate::memory::{In, Out};
use nt::{AccessMask, Handle, NtStatus, Runtime};

/// A wait or a release. The key is checked before anything else is looked at (K1).
fn meet(key: usize, timeout: In<i64>, call: impl FnOnce(&Runtime, Option<i64>) -> NtStatus) -> NtStatus {
    if key.is_multiple_of(2) { timed(timeout, call) } else { NtStatus::INVALID_PARAMETER_1 }
}

calls! {
    fn NtCreateKeyedEvent(keyed_event: Out<Handle>, access: u32, attributes: Attributes, flags: u32) -> NtStatus {
        let access = AccessMask::from_bits_retain(access);
        create(keyed_event, attributes, |nt, attributes| nt.nt_create_keyed_event(access, attributes, flags))
    }

    fn NtOpenKeyedEvent(keyed_event: Out<Handle>, access: u32, attributes: Attributes) -> NtStatus {
        open(keyed_event, access, attributes, Runtime::nt_open_keyed_event)
    }

    fn NtWaitForKeyedEvent(keyed_event: Handle, key: usize, alertable: u8, timeout: In<i64>) -> NtStatus {
        meet(key, timeout, |nt, timeout| nt.nt_wait_for_keyed_event(keyed_event, key, alertable != 0, timeout))
    }

    fn NtReleaseKeyedEvent(keyed_event: Handle, key: usize, alertable: u8, timeout: In<i64>) -> NtStatus {
        meet(key, timeout, |nt, timeout| nt.nt_release_keyed_event(keyed_event, key, alertable != 0, timeout))
    }
}
