//! Threads: birth, suspension, death, who they are (TH1–TH35, TI5).

use super::{Bool, FALSE, Security, handle_attributes, inherited, or_else, succeeded, telling};
use crate::convention::Code;
use crate::last_error::{self, ERROR_INVALID_HANDLE};
use crate::memory::Out;
use crate::nt::runtime;
use crate::{ending, thread_id};
use core::ffi::c_void;
use nt::{AccessMask, ClientId, CreateThreadFlags, Handle, NtStatus, ObjectAttributes};

/// `CREATE_SUSPENDED`.
const SUSPENDED: u32 = 4;
/// `STACK_SIZE_PARAM_IS_A_RESERVATION`: it is one always, as memory is the thread's only when it is touched.
const RESERVATION: u32 = 0x0001_0000;

/// What the calls on suspend counts answer when they fail.
const NO_COUNT: u32 = u32::MAX;

/// NT's flags of a creation.
fn creation(flags: u32) -> Result<CreateThreadFlags, NtStatus> {
    if flags & !(SUSPENDED | RESERVATION) != 0 {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    let suspended = flags & SUSPENDED != 0;
    Ok(if suspended { CreateThreadFlags::CREATE_SUSPENDED } else { CreateThreadFlags::empty() })
}

calls! {
    /// The thread finds its id in its place already.
    fn CreateThread(
        security: Security,
        stack_size: usize,
        start: Code,
        parameter: *mut c_void,
        flags: u32,
        id: Out<u32>,
    ) -> Handle {
        let create = || {
            let id = id.get()?;
            let tell = |client: ClientId| {
                if let Some(id) = &id {
                    id.set(client.thread);
                }
            };
            runtime()?.nt_create_thread_ex_telling(
                AccessMask::THREAD_ALL_ACCESS,
                ObjectAttributes::new(handle_attributes(security)?),
                Handle::CURRENT_PROCESS,
                start.start::<C>(),
                parameter,
                creation(flags)?,
                stack_size,
                &tell,
            )
        };
        or_else(create(), Handle::NULL)
    }

    fn OpenThread(access: u32, inherit: Bool, id: u32) -> Handle {
        let attributes = ObjectAttributes::new(inherited(inherit != FALSE));
        let client = ClientId { process: 0, thread: id };
        let access = AccessMask::from_bits_retain(access);
        or_else(runtime().and_then(|nt| nt.nt_open_thread(access, attributes, client)), Handle::NULL)
    }

    /// Does not return.
    fn ExitThread(exit_code: u32) {
        ending::exit(exit_code)
    }

    /// A null handle is none here, other than for NT.
    fn TerminateThread(thread: Handle, exit_code: u32) -> Bool {
        if thread == Handle::NULL {
            last_error::set(ERROR_INVALID_HANDLE);
            return FALSE;
        }
        succeeded(ending::terminate(thread, exit_code).ok())
    }

    fn SuspendThread(thread: Handle) -> u32 {
        or_else(runtime().and_then(|nt| nt.nt_suspend_thread(thread)), NO_COUNT)
    }

    fn ResumeThread(thread: Handle) -> u32 {
        or_else(runtime().and_then(|nt| nt.nt_resume_thread(thread)), NO_COUNT)
    }

    fn GetExitCodeThread(thread: Handle, exit_code: Out<u32>) -> Bool {
        telling(exit_code, |nt| nt.get_exit_code_thread(thread))
    }

    fn GetCurrentProcess() -> Handle {
        Handle::CURRENT_PROCESS
    }

    fn GetCurrentThread() -> Handle {
        Handle::CURRENT_THREAD
    }

    fn GetCurrentThreadId() -> u32 {
        thread_id::current()
    }

    /// As the ids of threads, a multiple of 4.
    fn GetCurrentProcessId() -> u32 {
        nt::current_process_id()
    }

    fn GetThreadId(thread: Handle) -> u32 {
        or_else(runtime().and_then(|nt| nt.thread_id_of(thread)), 0)
    }
}
