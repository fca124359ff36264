//! Threads: made, opened, ended, suspended (TH1–TH35).

use super::thread_attributes::{AttributeList, ClientIdPair, Outputs};
use super::{Attributes, create, open, telling};
use crate::convention::Code;
use crate::ending;
use crate::memory::{In, Out};
use core::ffi::c_void;
use nt::{AccessMask, CreateThreadFlags, Handle, NtStatus};

/// `THREAD_CREATE_FLAGS_SKIP_THREAD_ATTACH`: there is nothing to attach to.
const SKIP_THREAD_ATTACH: u32 = 2;

calls! {
    #[allow(clippy::too_many_arguments, reason = "NT's call has eleven")]
    fn NtCreateThreadEx(
        thread: Out<Handle>,
        access: u32,
        attributes: Attributes,
        process: Handle,
        start: Code,
        parameter: *mut c_void,
        flags: u32,
        zero_bits: usize,
        stack_size: usize,
        maximum_stack_size: usize,
        list: In<AttributeList>,
    ) -> NtStatus {
        let _ = zero_bits; // where in its address space the stack lies is Linux's to say
        let access = AccessMask::from_bits_retain(access);
        let flags = CreateThreadFlags::from_bits_retain(flags & !SKIP_THREAD_ATTACH);
        let stack_size = stack_size.max(maximum_stack_size);
        create(thread, attributes, |nt, attributes| {
            let outputs = Outputs::read(list)?;
            let tell = |client| outputs.tell(client);
            let start = start.start::<C>();
            nt.nt_create_thread_ex_telling(access, attributes, process, start, parameter, flags, stack_size, &tell)
        })
    }

    /// Threads have no names in a directory, so there must be an id.
    fn NtOpenThread(thread: Out<Handle>, access: u32, attributes: Attributes, client: In<ClientIdPair>) -> NtStatus {
        open(thread, access, attributes, |nt, access, attributes| {
            let client = client.get()?.ok_or(NtStatus::INVALID_PARAMETER_MIX)?;
            nt.nt_open_thread(access, attributes, client.decode()?)
        })
    }

    fn NtTerminateThread(thread: Handle, exit_code: u32) -> NtStatus {
        ending::terminate(thread, exit_code)
    }

    /// Does not return.
    fn RtlExitUserThread(exit_code: u32) {
        ending::exit(exit_code)
    }

    fn NtSuspendThread(thread: Handle, previous: Out<u32>) -> NtStatus {
        telling(previous, |nt| nt.nt_suspend_thread(thread))
    }

    fn NtResumeThread(thread: Handle, previous: Out<u32>) -> NtStatus {
        telling(previous, |nt| nt.nt_resume_thread(thread))
    }
}
