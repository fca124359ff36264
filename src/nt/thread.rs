//! `NtCreateThreadEx`, `NtOpenThread`, `NtTerminateThread`, `RtlExitUserThread`, `NtSuspendThread`, `NtResumeThread` and
//! what tells threads apart (TH1–TH35).

#![allow(unsafe_code, reason = "ending a thread leaves its frames as they are")]

use super::access::{AccessMask, Rights};
use super::attributes::ObjectAttributes;
use crate::handle::entry::Handle;
use crate::objects::thread::StartRoutine;
use crate::objects::{Kind, Target};
use crate::runtime::{Runtime, thread};
use crate::status::NtStatus;
use crate::threads::{self, BackendInUse};
use crate::traced::traced;
use bitflags::bitflags;
use core::ffi::c_void;

bitflags! {
    /// `THREAD_CREATE_FLAGS_*` (TH29).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
    pub struct CreateThreadFlags: u32 {
        /// The thread runs nothing until it is resumed (TH9).
        const CREATE_SUSPENDED = 1;
        /// The thread is hidden from debuggers: remembered, and returned by the query (TI16, TI17).
        const HIDE_FROM_DEBUGGER = 4;
    }
}

/// `CLIENT_ID`: which thread of which process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ClientId {
    /// [`Runtime::process_id`], or 0 for whatever process the thread belongs to.
    pub process: u32,
    /// A multiple of 4.
    pub thread: u32,
}

/// The id of this process: a multiple of 4.
#[must_use]
pub fn current_process_id() -> u32 {
    std::process::id() * 4
}

impl Runtime {
    /// `NtCreateThreadEx`: a new thread of this process and a handle to it.
    ///
    /// The thread calls `routine` with `parameter`; what it returns is the exit code. `stack_size` is in bytes, rounded
    /// up to pages and to 64 KiB at least; 0 is 1 MiB. The memory is the thread's only as far as it is touched, with
    /// a guard page below.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH` for a process handle that is none, `ACCESS_DENIED` for one without
    /// `PROCESS_CREATE_THREAD`; `INVALID_PARAMETER` without a routine, for unknown flags and attributes, and for a name, which threads
    /// cannot have in a directory; `NO_MEMORY` for a stack that cannot be had;
    /// `INSUFFICIENT_RESOURCES` if the kernel's limit of threads is reached or the handle table is full;
    /// `NOT_SUPPORTED` if the runtime was told to use [`ThreadBackend::Clone`](crate::ThreadBackend::Clone) and cannot.
    #[allow(clippy::too_many_arguments, reason = "NT's call has eleven")]
    pub fn nt_create_thread_ex(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        process: Handle,
        routine: Option<StartRoutine>,
        parameter: *mut c_void,
        flags: CreateThreadFlags,
        stack_size: usize,
    ) -> Result<Handle, NtStatus> {
        let nobody = |_: ClientId| ();
        self.nt_create_thread_ex_telling(access, attributes, process, routine, parameter, flags, stack_size, &nobody)
    }

    /// As [`nt_create_thread_ex`](Self::nt_create_thread_ex), and tells the thread's ids before the thread runs, so that it
    /// finds them where they were put. They are told also of a thread for which the kernel has no room after all.
    ///
    /// `tell` is called once at most, where the calling thread cannot be suspended or terminated: it should store what it is
    /// told and do nothing else.
    ///
    /// # Errors
    /// As for `nt_create_thread_ex`.
    #[allow(clippy::too_many_arguments, reason = "NT's call has eleven")]
    pub fn nt_create_thread_ex_telling(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        process: Handle,
        routine: Option<StartRoutine>,
        parameter: *mut c_void,
        flags: CreateThreadFlags,
        stack_size: usize,
        tell: &dyn Fn(ClientId),
    ) -> Result<Handle, NtStatus> {
        traced!(NtCreateThreadEx(access = (access, AccessMask::THREAD_ALL_ACCESS), attributes = attributes,
            process = process, entry_point = routine, parameter = parameter, flags = flags,
            stack_size = stack_size) -> handle,
            self.create_thread(access, attributes, process, routine, parameter, flags, stack_size, tell))
    }

    #[allow(clippy::too_many_arguments, reason = "NT's call has eleven")]
    pub(crate) fn create_thread(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        process: Handle,
        routine: Option<StartRoutine>,
        parameter: *mut c_void,
        flags: CreateThreadFlags,
        stack_size: usize,
        tell: &dyn Fn(ClientId),
    ) -> Result<Handle, NtStatus> {
        if !CreateThreadFlags::all().contains(flags) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let attribute_bits = attributes.entry_bits()?;
        if attributes.text().is_some() {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let rights = Rights::of(Kind::Thread);
        let mask = rights.grant(access).ok_or(NtStatus::PRIVILEGE_NOT_HELD)?;
        self.require_process(process, AccessMask::PROCESS_CREATE_THREAD)?;
        let spec = thread::Spec {
            routine: routine.ok_or(NtStatus::INVALID_PARAMETER)?,
            parameter,
            stack_size,
            suspended: flags.contains(CreateThreadFlags::CREATE_SUSPENDED),
            hidden: flags.contains(CreateThreadFlags::HIDE_FROM_DEBUGGER),
        };
        let tell = |thread| tell(ClientId { process: self.process_id(), thread });
        self.resident().create_thread(&spec, rights.handle_grant(mask, attribute_bits), &tell)
    }

    /// `NtOpenThread`: a handle to the thread of this id, dead ones included as long as somebody has a handle (TH26).
    ///
    /// # Errors
    /// `ACCESS_DENIED` for no access at all, `INVALID_CID` for an unknown thread, or one of another process (TH25);
    /// `INVALID_PARAMETER_MIX` for a name beside the id; `INVALID_PARAMETER`, `PRIVILEGE_NOT_HELD`, `INSUFFICIENT_RESOURCES`.
    pub fn nt_open_thread(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        client: ClientId,
    ) -> Result<Handle, NtStatus> {
        traced!(NtOpenThread(access = (access, AccessMask::THREAD_ALL_ACCESS), attributes = attributes,
            client = client) -> handle,
            self.open_thread(access, attributes, client))
    }

    fn open_thread(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        client: ClientId,
    ) -> Result<Handle, NtStatus> {
        let grant = attributes.grant_by_id(Kind::Thread, access)?;
        if client.process != 0 && client.process != self.process_id() {
            return Err(NtStatus::INVALID_CID);
        }
        let target = self.thread_of_id(client.thread)?;
        self.table().add_handle(target, grant.ok_or(NtStatus::ACCESS_DENIED)?).map_err(|status| match status {
            NtStatus::INVALID_HANDLE => NtStatus::INVALID_CID, // it died meanwhile
            status => status,
        })
    }

    /// `NtTerminateThread`: ends the thread with this exit code, wherever it is, without any of its own clean-up: no
    /// exit hook, no thread-local destructors, no unwinding; locks that it holds stay held (TH8). Its waits end, its APCs
    /// are dropped, its object is signalled. [`Handle::NULL`] means the calling thread.
    ///
    /// The call returns when the thread is bound to end; wait for it to know that it has. A thread in a section that the
    /// library protects, or inside [`KillSafeAlloc`](crate::KillSafeAlloc), ends when it leaves it. For a thread that is
    /// ending already nothing is done, and the first code stays (TH3).
    ///
    /// Answers `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_TERMINATE`; `NOT_SUPPORTED`
    /// for a thread that the library did not make; `CANT_TERMINATE_SELF` for the null form in the last thread (TH4).
    ///
    /// # Safety
    /// Nothing may refer to the thread's stack, or rely on destructors there, when it ends: a scope that lent something
    /// of it to other threads, a lock guard, a pinned value.
    pub unsafe fn nt_terminate_thread(&self, thread: Handle, exit_code: u32) -> NtStatus {
        traced!(
            NtTerminateThread(handle = thread, exit_code = exit_code),
            // SAFETY: the caller's promise.
            unsafe { self.terminate_thread(thread, exit_code) }
        )
    }

    /// # Safety
    /// As for [`nt_terminate_thread`](Self::nt_terminate_thread).
    pub(crate) unsafe fn terminate_thread(&self, thread: Handle, exit_code: u32) -> NtStatus {
        let found = if thread == Handle::NULL {
            if thread::is_last() {
                return NtStatus::CANT_TERMINATE_SELF;
            }
            self.resolve_pseudo(Handle::CURRENT_THREAD)
        } else {
            self.find_thread(thread, AccessMask::THREAD_TERMINATE)
        };
        let terminated = found.and_then(|target| self.resident().terminate(target, exit_code));
        terminated.err().unwrap_or(NtStatus::SUCCESS)
    }

    /// `RtlExitUserThread`: ends the calling thread with this exit code, from any depth: the exit hook and the
    /// thread-local destructors run, then its object is signalled.
    ///
    /// In a thread of [`Thread::spawn`](crate::Thread::spawn) the frames are unwound like by a panic, so that their
    /// destructors run, if all of them permit that; a frame that catches panics, or an APC routine of a foreign language,
    /// does not, and then none is unwound. Nor is any in a thread of [`nt_create_thread_ex`](Self::nt_create_thread_ex),
    /// whose routine is foreign. A Rust function that is `extern "C"` and has values to drop looks like any other to
    /// who walks the frames, and aborts the process like under a panic: callbacks that may exit should be
    /// `extern "C-unwind"`. In the last thread of the process the process exits with the code (TH5).
    ///
    /// Returns `NOT_SUPPORTED` in a thread that the library did not make, unless it is the last: the caller knows how to end
    /// it. When it ends, its exit code in this runtime is this one.
    ///
    /// # Safety
    /// As for [`nt_terminate_thread`](Self::nt_terminate_thread), if the frames cannot be unwound.
    pub unsafe fn rtl_exit_user_thread(&self, exit_code: u32) -> NtStatus {
        traced!(
            RtlExitUserThread(exit_code = exit_code),
            // SAFETY: the caller's promise.
            unsafe { self.exit_user_thread(exit_code) }
        )
    }

    /// # Safety
    /// As for [`rtl_exit_user_thread`](Self::rtl_exit_user_thread).
    unsafe fn exit_user_thread(&self, exit_code: u32) -> NtStatus {
        if thread::is_last() {
            std::process::exit(exit_code.cast_signed());
        }
        crate::thread::unwind(exit_code);
        // SAFETY: the caller's promise.
        match unsafe { thread::exit(exit_code) } {
            None => {
                self.resident().will_end_with(exit_code);
                NtStatus::NOT_SUPPORTED
            }
        }
    }

    /// `NtSuspendThread`: the thread stands still until it was resumed as often as suspended. Returns the count before
    /// (TH10).
    ///
    /// A running thread stops a moment later (TH18); one that waits leaves its wait and starts it anew when it goes on,
    /// with the old deadline (TH19, W38, W40). A thread that suspends itself returns from this when it was resumed
    /// (TH17). What it holds it keeps, the allocator's lock included: see [`KillSafeAlloc`](crate::KillSafeAlloc).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_SUSPEND_RESUME`;
    /// `THREAD_IS_TERMINATING` (TH14); `SUSPEND_COUNT_EXCEEDED` beyond 127 (TH13); `INSUFFICIENT_RESOURCES` if the
    /// kernel has no room for a signal, or the process has no signal left for this.
    pub fn nt_suspend_thread(&self, thread: Handle) -> Result<u32, NtStatus> {
        traced!(NtSuspendThread(handle = thread) -> previous_count,
            self.find_thread(thread, AccessMask::THREAD_SUSPEND_RESUME)
                .and_then(|target| self.resident().suspend(target)))
    }

    /// `NtResumeThread`: returns the suspend count before; at 1 the thread goes on, at 0 nothing happens (TH11).
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED` without `THREAD_SUSPEND_RESUME`.
    pub fn nt_resume_thread(&self, thread: Handle) -> Result<u32, NtStatus> {
        traced!(NtResumeThread(handle = thread) -> previous_count,
            self.find_thread(thread, AccessMask::THREAD_SUSPEND_RESUME)
                .and_then(|target| self.resident().resume(target)))
    }

    /// The id of this process: a multiple of 4.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        current_process_id()
    }

    /// The id of the calling thread in this runtime: a multiple of 4, its own as long as it lives or has handles (TH24).
    ///
    /// # Errors
    /// `NO_MEMORY`, `INSUFFICIENT_RESOURCES`: a thread that the library did not make gets its object at the first call.
    pub fn current_thread_id(&self) -> Result<u32, NtStatus> {
        self.resident().current_thread_id()
    }

    /// Which of the ways to make threads this runtime uses, and why.
    #[must_use]
    pub fn thread_backend(&self) -> BackendInUse {
        threads::in_use(self.resident().threads.backend)
    }

    /// The thread of this id; dead ones included, as long as something refers to them.
    pub(super) fn thread_of_id(&self, id: u32) -> Result<Target<'_>, NtStatus> {
        let table = self.table();
        let place = table.bodies().by_id(id).and_then(|body| body.place()).ok_or(NtStatus::INVALID_CID)?;
        table.target_at(place, Kind::Thread).map_err(|_| NtStatus::INVALID_CID)
    }

    /// The thread of a handle or pseudo handle that has one of these rights.
    pub(super) fn find_thread(&self, thread: Handle, rights: AccessMask) -> Result<Target<'_>, NtStatus> {
        self.resolve_as(thread, Kind::Thread, rights)
    }
}
