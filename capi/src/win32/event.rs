//! Events.

use super::names::{self, Text};
use super::{Bool, Security, succeeded};
use crate::memory::In;
use crate::nt::runtime;
use nt::{AccessMask, EventType, Handle, NtStatus, Runtime};

/// `CREATE_EVENT_MANUAL_RESET`.
const MANUAL_RESET: u32 = 1;
/// `CREATE_EVENT_INITIAL_SET`.
const INITIAL_SET: u32 = 2;

fn create<T: Text>(security: Security, name: In<T>, flags: u32, access: AccessMask) -> Handle {
    names::create(security, name, |nt, attributes| {
        if flags & !(MANUAL_RESET | INITIAL_SET) != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let event_type = if flags & MANUAL_RESET != 0 { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
        nt.nt_create_event(access, attributes, event_type, flags & INITIAL_SET != 0)
    })
}

fn flags(manual_reset: Bool, initial_state: Bool) -> u32 {
    let flag = |argument: Bool, flag| if argument != 0 { flag } else { 0 };
    flag(manual_reset, MANUAL_RESET) | flag(initial_state, INITIAL_SET)
}

calls! {
    fn CreateEventA(security: Security, manual_reset: Bool, initial: Bool, name: In<u8>) -> Handle {
        create(security, name, flags(manual_reset, initial), AccessMask::EVENT_ALL_ACCESS)
    }

    fn CreateEventW(security: Security, manual_reset: Bool, initial: Bool, name: In<u16>) -> Handle {
        create(security, name, flags(manual_reset, initial), AccessMask::EVENT_ALL_ACCESS)
    }

    fn CreateEventExA(security: Security, name: In<u8>, flags: u32, access: u32) -> Handle {
        create(security, name, flags, AccessMask::from_bits_retain(access))
    }

    fn CreateEventExW(security: Security, name: In<u16>, flags: u32, access: u32) -> Handle {
        create(security, name, flags, AccessMask::from_bits_retain(access))
    }

    fn OpenEventA(access: u32, inherit: Bool, name: In<u8>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_event)
    }

    fn OpenEventW(access: u32, inherit: Bool, name: In<u16>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_event)
    }

    fn SetEvent(event: Handle) -> Bool {
        succeeded(runtime().and_then(|nt| nt.nt_set_event(event)))
    }

    fn ResetEvent(event: Handle) -> Bool {
        succeeded(runtime().and_then(|nt| nt.nt_reset_event(event)))
    }

    fn PulseEvent(event: Handle) -> Bool {
        succeeded(runtime().and_then(|nt| nt.nt_pulse_event(event)))
    }
}
