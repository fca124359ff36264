//! Events (E1–E32).

use super::query::Buffer;
use super::{Attributes, call, create, open, query, telling};
use crate::memory::Out;
use nt::{AccessMask, EventType, Handle, NtStatus, Runtime};

calls! {
    fn NtCreateEvent(event: Out<Handle>, access: u32, attributes: Attributes, event_type: u32, initial: u8) -> NtStatus {
        let access = AccessMask::from_bits_retain(access);
        create(event, attributes, |nt, attributes| {
            nt.nt_create_event(access, attributes, EventType(event_type), initial != 0)
        })
    }

    fn NtOpenEvent(event: Out<Handle>, access: u32, attributes: Attributes) -> NtStatus {
        open(event, access, attributes, Runtime::nt_open_event)
    }

    fn NtSetEvent(event: Handle, previous: Out<i32>) -> NtStatus {
        telling(previous, |nt| nt.nt_set_event(event))
    }

    fn NtResetEvent(event: Handle, previous: Out<i32>) -> NtStatus {
        telling(previous, |nt| nt.nt_reset_event(event))
    }

    fn NtClearEvent(event: Handle) -> NtStatus {
        call(|nt| nt.nt_clear_event(event))
    }

    fn NtPulseEvent(event: Handle, previous: Out<i32>) -> NtStatus {
        telling(previous, |nt| nt.nt_pulse_event(event))
    }

    fn NtQueryEvent(event: Handle, class: u32, bytes: Out<u8>, length: u32, return_length: Out<u32>) -> NtStatus {
        let buffer = Buffer { bytes, length, alignment: 4 };
        query(event, buffer, return_length, |nt, event, bytes, returned| nt.nt_query_event(event, class, bytes, returned))
    }
}
