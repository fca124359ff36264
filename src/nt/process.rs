//! `NtOpenProcess`, `NtQueryInformationProcess`: other processes, whose ends can be waited for.

use super::access::AccessMask;
use super::answer;
use super::attributes::ObjectAttributes;
use super::thread::ClientId;
use crate::handle::entry::Handle;
use crate::objects::{Kind, Target};
use crate::runtime::Runtime;
use crate::status::NtStatus;
use crate::sys::process::{self, End};
use crate::sys::source::Source;
use crate::traced::traced;

/// `PROCESSINFOCLASS`, the one that there is.
const BASIC: u32 = 0;
/// A `PROCESS_BASIC_INFORMATION`.
const BASIC_LENGTH: usize = 48;

/// The priority that NT gives to processes, and which is never another here.
const BASE_PRIORITY: i32 = 8;

/// Either of these lets ask for what is not secret.
const QUERY_LIMITED: AccessMask =
    AccessMask::PROCESS_QUERY_INFORMATION.union(AccessMask::PROCESS_QUERY_LIMITED_INFORMATION);

/// What `PROCESS_BASIC_INFORMATION` says of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessBasicInformation {
    /// 259 (`STATUS_PENDING`, Win32's `STILL_ACTIVE`) while it runs. Then its exit code, 0 to 255; 128 and the number of the signal
    /// for one that a signal has ended.
    pub exit_status: u32,
    /// Its id: four times the number that Linux gave it.
    pub unique_process_id: u32,
    /// The parent's id; 0 if it is not known, as of a process that was waited for.
    pub inherited_from_unique_process_id: u32,
    /// 8: normal.
    pub base_priority: i32,
}

impl ProcessBasicInformation {
    fn to_bytes(self) -> [u8; BASIC_LENGTH] {
        let (process, parent) = (self.unique_process_id, self.inherited_from_unique_process_id);
        let mut bytes = [0; BASIC_LENGTH];
        bytes[..4].copy_from_slice(&self.exit_status.to_ne_bytes());
        bytes[24..28].copy_from_slice(&self.base_priority.to_ne_bytes());
        bytes[32..40].copy_from_slice(&u64::from(process).to_ne_bytes());
        bytes[40..].copy_from_slice(&u64::from(parent).to_ne_bytes());
        bytes
    }
}

impl Runtime {
    /// `NtOpenProcess`: a handle to the process of this id, which is four times Linux's. The object is signalled when the process has
    /// ended, all of its threads, and stays so; waiting for it takes nothing and does not keep the program from waiting for its child.
    ///
    /// The calling process's own id names this runtime's process object, which is never signalled. A thread id that is not 0 must be
    /// that of a thread of this process.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: attributes that do not exist or exclude each other. `INVALID_PARAMETER_MIX`: a name.
    /// `PRIVILEGE_NOT_HELD`: a right that needs a privilege. `INVALID_CID`: there is no such process, any more, or no such thread.
    /// `ACCESS_DENIED`: no right at all, or the system does not permit it. `NOT_SUPPORTED`: another process, with Linux before 5.3.
    /// `TOO_MANY_OPENED_FILES`, `INSUFFICIENT_RESOURCES`: as for [`import_fd`](Self::import_fd).
    pub fn nt_open_process(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        client: ClientId,
    ) -> Result<Handle, NtStatus> {
        traced!(NtOpenProcess(access = (access, AccessMask::PROCESS_ALL_ACCESS), attributes = attributes,
            client = client) -> handle,
            self.open_process_of(access, attributes, client))
    }

    fn open_process_of(
        &self,
        access: AccessMask,
        attributes: ObjectAttributes<'_>,
        client: ClientId,
    ) -> Result<Handle, NtStatus> {
        let grant = attributes.grant_by_id(Kind::Process, access)?;
        if !client.process.is_multiple_of(4) {
            return Err(NtStatus::INVALID_CID);
        }
        let is_own = client.process == self.process_id();
        if client.thread != 0 && (!is_own || self.thread_of_id(client.thread).is_err()) {
            return Err(NtStatus::INVALID_CID);
        }
        let grant = grant.ok_or(NtStatus::ACCESS_DENIED)?;
        if is_own {
            return self.table().add_handle(self.own_process()?, grant);
        }
        let id = client.process / 4;
        self.resident().follow(Kind::Process, grant, id, || Source::process(id))
    }

    /// A handle with all rights to the process to which Linux gave this number, as [`std::process::Child::id`] has it.
    ///
    /// # Errors
    /// As for [`nt_open_process`](Self::nt_open_process).
    pub fn open_process(&self, pid: u32) -> Result<Handle, NtStatus> {
        let process = pid.checked_mul(4).ok_or(NtStatus::INVALID_CID)?;
        let client = ClientId { process, thread: 0 };
        self.open_process_of(AccessMask::PROCESS_ALL_ACCESS, ObjectAttributes::NONE, client)
    }

    /// `NtQueryInformationProcess`, class 0 (basic, 48 bytes), laid out as on 64-bit Windows, in the machine's byte order: what
    /// [`process_basic_information`](Self::process_basic_information) says, with an address and processors that are 0.
    ///
    /// Answers `INVALID_INFO_CLASS`, `INFO_LENGTH_MISMATCH`, and what `process_basic_information` can, in this order.
    pub fn nt_query_information_process(
        &self,
        process: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQueryInformationProcess(handle = process, class = class, length = buffer.len()),
            self.query_information_process(process, class, buffer, return_length)
        )
    }

    fn query_information_process(
        &self,
        process: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        if class != BASIC {
            return NtStatus::INVALID_INFO_CLASS;
        }
        if buffer.len() != BASIC_LENGTH {
            return NtStatus::INFO_LENGTH_MISMATCH;
        }
        let basic = self.process_basic_information(process);
        answer(buffer, return_length, basic.map(ProcessBasicInformation::to_bytes))
    }

    /// Who a process is, and how it has ended. [`Handle::CURRENT_PROCESS`] names this one.
    ///
    /// The exit status is there as soon as a wait would succeed. It is not taken from the parent. Of a process that is no child of
    /// this one, or that the program has waited for, Linux 6.15 and later tell; before, of one that was not waited for and is of
    /// the same user.
    ///
    /// # Errors
    /// `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`; `ACCESS_DENIED` without `PROCESS_QUERY_INFORMATION` or
    /// `PROCESS_QUERY_LIMITED_INFORMATION`; `NOT_SUPPORTED`: it has ended, and the kernel does not tell how.
    pub fn process_basic_information(&self, process: Handle) -> Result<ProcessBasicInformation, NtStatus> {
        let target = self.resolve_as(process, Kind::Process, QUERY_LIMITED)?;
        let basic = |exit_status, id: u32, parent: u32| ProcessBasicInformation {
            exit_status,
            unique_process_id: id * 4,
            inherited_from_unique_process_id: parent * 4,
            base_priority: BASE_PRIORITY,
        };
        let other = self.resident().with_source(target, |source, id| {
            let exit_status = match process::end_of(source, id) {
                End::Running => NtStatus::PENDING.0,
                End::Code(code) => code,
                End::Unknown => return Err(NtStatus::NOT_SUPPORTED),
            };
            Ok(basic(exit_status, id, process::parent_of(source, id)))
        })?;
        other.unwrap_or_else(|| Ok(basic(NtStatus::PENDING.0, self.process_id() / 4, process::own_parent())))
    }

    /// The exit code of a process; 259 until it has ended.
    ///
    /// # Errors
    /// As for [`process_basic_information`](Self::process_basic_information).
    pub fn get_exit_code_process(&self, process: Handle) -> Result<u32, NtStatus> {
        self.process_basic_information(process).map(|basic| basic.exit_status)
    }

    fn own_process(&self) -> Result<Target<'_>, NtStatus> {
        self.resolve_pseudo(Handle::CURRENT_PROCESS)
    }
}
