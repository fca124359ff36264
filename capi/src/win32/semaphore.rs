//! Semaphores (SE1–SE18).

use super::names::{self, Text};
use super::{Bool, Security, perhaps_telling};
use crate::memory::{In, Out};
use nt::{AccessMask, Handle, NtStatus, Runtime};

/// A count and the most that it may be.
#[derive(Clone, Copy)]
struct Counts(i32, i32);

/// There are no flags.
fn create<T: Text>(security: Security, name: In<T>, counts: Counts, flags: u32, access: AccessMask) -> Handle {
    names::create(security, name, |nt, attributes| {
        if flags != 0 {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        nt.nt_create_semaphore(access, attributes, counts.0, counts.1)
    })
}

calls! {
    fn CreateSemaphoreA(security: Security, initial: i32, maximum: i32, name: In<u8>) -> Handle {
        create(security, name, Counts(initial, maximum), 0, AccessMask::SEMAPHORE_ALL_ACCESS)
    }

    fn CreateSemaphoreW(security: Security, initial: i32, maximum: i32, name: In<u16>) -> Handle {
        create(security, name, Counts(initial, maximum), 0, AccessMask::SEMAPHORE_ALL_ACCESS)
    }

    fn CreateSemaphoreExA(
        security: Security,
        initial: i32,
        maximum: i32,
        name: In<u8>,
        flags: u32,
        access: u32,
    ) -> Handle {
        create(security, name, Counts(initial, maximum), flags, AccessMask::from_bits_retain(access))
    }

    fn CreateSemaphoreExW(
        security: Security,
        initial: i32,
        maximum: i32,
        name: In<u16>,
        flags: u32,
        access: u32,
    ) -> Handle {
        create(security, name, Counts(initial, maximum), flags, AccessMask::from_bits_retain(access))
    }

    fn OpenSemaphoreA(access: u32, inherit: Bool, name: In<u8>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_semaphore)
    }

    fn OpenSemaphoreW(access: u32, inherit: Bool, name: In<u16>) -> Handle {
        names::open(access, inherit, name, Runtime::nt_open_semaphore)
    }

    fn ReleaseSemaphore(semaphore: Handle, count: i32, previous: Out<i32>) -> Bool {
        perhaps_telling(previous, |nt| nt.nt_release_semaphore(semaphore, count))
    }
}
