//! Mutants (M1–M35).

use super::class::mutant as class;
use super::query::Buffer;
use super::{Attributes, create, open, query, telling};
use crate::memory::Out;
use nt::{AccessMask, Handle, NtStatus, Runtime};

calls! {
    fn NtCreateMutant(mutant: Out<Handle>, access: u32, attributes: Attributes, initial_owner: u8) -> NtStatus {
        let access = AccessMask::from_bits_retain(access);
        create(mutant, attributes, |nt, attributes| nt.nt_create_mutant(access, attributes, initial_owner != 0))
    }

    fn NtOpenMutant(mutant: Out<Handle>, access: u32, attributes: Attributes) -> NtStatus {
        open(mutant, access, attributes, Runtime::nt_open_mutant)
    }

    fn NtReleaseMutant(mutant: Handle, previous: Out<i32>) -> NtStatus {
        telling(previous, |nt| nt.nt_release_mutant(mutant))
    }

    fn NtQueryMutant(mutant: Handle, class: u32, bytes: Out<u8>, length: u32, return_length: Out<u32>) -> NtStatus {
        let alignment = if class == class::OWNER { 8 } else { 4 }; // the owner is a CLIENT_ID: two handles
        let buffer = Buffer { bytes, length, alignment };
        query(mutant, buffer, return_length, |nt, mutant, bytes, returned| {
            nt.nt_query_mutant(mutant, class, bytes, returned)
        })
    }
}
