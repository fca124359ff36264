//! Semaphores (SE1–SE18).

use super::query::Buffer;
use super::{Attributes, create, open, query, telling};
use crate::memory::Out;
use nt::{AccessMask, Handle, NtStatus, Runtime};

calls! {
    fn NtCreateSemaphore(
        semaphore: Out<Handle>,
        access: u32,
        attributes: Attributes,
        initial: i32,
        maximum: i32,
    ) -> NtStatus {
        let access = AccessMask::from_bits_retain(access);
        create(semaphore, attributes, |nt, attributes| nt.nt_create_semaphore(access, attributes, initial, maximum))
    }

    fn NtOpenSemaphore(semaphore: Out<Handle>, access: u32, attributes: Attributes) -> NtStatus {
        open(semaphore, access, attributes, Runtime::nt_open_semaphore)
    }

    fn NtReleaseSemaphore(semaphore: Handle, count: i32, previous: Out<i32>) -> NtStatus {
        telling(previous, |nt| nt.nt_release_semaphore(semaphore, count))
    }

    fn NtQuerySemaphore(
        semaphore: Handle,
        class: u32,
        bytes: Out<u8>,
        length: u32,
        return_length: Out<u32>,
    ) -> NtStatus {
        let buffer = Buffer { bytes, length, alignment: 4 };
        query(semaphore, buffer, return_length, |nt, semaphore, bytes, returned| {
            nt.nt_query_semaphore(semaphore, class, bytes, returned)
        })
    }
}
