//! Mutexes (M1–M35).

use super::names::{self, Text};
use super::{Bool, FALSE, Security, succeeded};
use crate::memory::In;
use crate::nt::runtime;
use nt::{AccessMask, Handle, NtStatus, Runtime};

/// `CREATE_MUTEX_INITIAL_OWNER`.
const INITIAL_OWNER: u32 = 1;

fn create<T: Text>(security: Security, name: In<T>, flags: u32, access: AccessMask) -> Handle {
    names::create(security, name, |nt, attributes| {
        if flags & !INITIAL_OWNER != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        nt.nt_create_mutant(access, attributes, flags & INITIAL_OWNER != 0)
    })
}

fn flags(initial_owner: Bool) -> u32 {
    if initial_owner != FALSE { INITIAL_OWNER } else { 0 }
}

calls! {
    fn CreateMutexA(security: Security, initial_owner: Bool, name: In<u8>) -> Handle {
        create(security, name, flags(initial_owner), AccessMask::MUTANT_ALL_ACCESS)
    }

    fn CreateMutexW(security: Security, initial_owner: Bool, name: In<u16>) -> Handle {
        create(security, name, flags(initial_owner), AccessMask::MUTANT_ALL_ACCESS)
    }

    fn CreateMutexExA(security: Security, name: In<u8>, flags: u32, access: u32) -> Handle {
        create(security, name, flags, AccessMask::from_bits_retain(access))
    }

    fn CreateMutexExW(security: Security, name: In<u16>, flags: u32, access: u32) -> Handle {
        create(security, name, flags, AccessMask::from_bits_retain(access))
    }

    fn OpenMutexA(access: u32, inherit: Bool, name: In<u8>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_mutant)
    }

    fn OpenMutexW(access: u32, inherit: Bool, name: In<u16>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_mutant)
    }

    /// Of an abandoned mutex that nobody has taken since, NT says a success: so this is `TRUE` then, for whoever calls (M5).
    fn ReleaseMutex(mutex: Handle) -> Bool {
        let released = runtime().and_then(|nt| nt.nt_release_mutant(mutex));
        succeeded(released.map(drop).or_else(NtStatus::ok))
    }
}
