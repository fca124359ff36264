//! Processes: opened, asked about.

use super::query::{Buffer, query};
use super::thread_attributes::ClientIdPair;
use super::{Attributes, open};
use crate::memory::{In, Out};
use nt::{Handle, NtStatus};

calls! {
    /// Processes have no names in a directory, so there must be an id.
    fn NtOpenProcess(process: Out<Handle>, access: u32, attributes: Attributes, client: In<ClientIdPair>) -> NtStatus {
        open(process, access, attributes, |nt, access, attributes| {
            let client = client.get()?.ok_or(NtStatus::INVALID_PARAMETER_MIX)?;
            nt.nt_open_process(access, attributes, client.decode()?)
        })
    }

    fn NtQueryInformationProcess(
        process: Handle,
        class: u32,
        bytes: Out<u8>,
        length: u32,
        return_length: Out<u32>,
    ) -> NtStatus {
        let buffer = Buffer { bytes, length, alignment: 8 };
        query(process, buffer, return_length, |nt, process, bytes, returned| {
            nt.nt_query_information_process(process, class, bytes, returned)
        })
    }
}
