//! Calls on handles of any type (H1–H32).

use super::class::object as class;
use super::query::{Buffer, query, set};
use super::{call, runtime, status};
use crate::memory::{In, Out, give};
use nt::{AccessMask, DuplicateOptions, Handle, HandleAttributes, NtStatus};

/// The flags are bytes, which may lie anywhere.
const fn alignment_of(class: u32) -> usize {
    if class == class::HANDLE_FLAGS { 1 } else { 4 }
}

calls! {
    fn NtClose(handle: Handle) -> NtStatus {
        call(|nt| nt.nt_close(handle))
    }

    /// Without a place for it the handle is made nonetheless (H16).
    fn NtDuplicateObject(
        source_process: Handle,
        source: Handle,
        target_process: Handle,
        target: Out<Handle>,
        access: u32,
        attributes: u32,
        options: u32,
    ) -> NtStatus {
        status(|| {
            let place = target.get()?;
            if let Some(place) = &place {
                place.set(Handle::NULL); // H15
            }
            let access = AccessMask::from_bits_retain(access);
            let attributes = HandleAttributes::from_bits_retain(attributes);
            let options = DuplicateOptions::from_bits_retain(options);
            let nt = runtime()?;
            let made = nt.nt_duplicate_object(source_process, source, target_process, access, attributes, options)?;
            give(place, made);
            Ok(NtStatus::SUCCESS)
        })
    }

    fn NtQueryObject(handle: Handle, class: u32, bytes: Out<u8>, length: u32, return_length: Out<u32>) -> NtStatus {
        let buffer = Buffer { bytes, length, alignment: alignment_of(class) };
        query(handle, buffer, return_length, |nt, handle, bytes, returned| {
            nt.nt_query_object(handle, class, bytes, returned)
        })
    }

    fn NtSetInformationObject(handle: Handle, class: u32, bytes: In<u8>, length: u32) -> NtStatus {
        let buffer = Buffer { bytes, length, alignment: alignment_of(class) };
        set(handle, buffer, |nt, handle, bytes| nt.nt_set_information_object(handle, class, bytes))
    }

    fn NtCompareObjects(first: Handle, second: Handle) -> NtStatus {
        call(|nt| nt.nt_compare_objects(first, second))
    }
}
