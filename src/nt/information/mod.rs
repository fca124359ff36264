//! `NtQueryInformationThread`, `NtSetInformationThread` (TI1–TI26), and short forms of what shims ask for most.
//!
//! ```text
//!   basic.rs     who it is, whether it has ended and with what, times
//!   priority.rs  priorities, the boost
//!   affinity.rs  processors
//!   name.rs      descriptions
//! ```

mod affinity;
mod basic;
mod name;
mod priority;

use super::access::AccessMask;
use super::answer;
use crate::handle::entry::Handle;
use crate::objects::Target;
use crate::objects::thread::Life;
use crate::rtl;
use crate::runtime::{Runtime, thread};
use crate::status::NtStatus;
use crate::traced::traced;
pub(crate) use basic::Basic;

/// `THREADINFOCLASS`.
mod class {
    pub(super) const BASIC: u32 = 0;
    pub(super) const TIMES: u32 = 1;
    pub(super) const PRIORITY: u32 = 2;
    pub(super) const BASE_PRIORITY: u32 = 3;
    pub(super) const AFFINITY_MASK: u32 = 4;
    pub(super) const START_ADDRESS: u32 = 9;
    pub(super) const ZERO_TLS_CELL: u32 = 10;
    pub(super) const AM_I_LAST_THREAD: u32 = 12;
    pub(super) const IDEAL_PROCESSOR: u32 = 13;
    pub(super) const PRIORITY_BOOST: u32 = 14;
    pub(super) const IS_IO_PENDING: u32 = 16;
    pub(super) const HIDE_FROM_DEBUGGER: u32 = 17;
    pub(super) const IS_TERMINATED: u32 = 20;
    pub(super) const GROUP: u32 = 30;
    pub(super) const SUSPEND_COUNT: u32 = 35;
    pub(super) const NAME: u32 = 38;
}

/// The right to ask for everything.
const QUERY: AccessMask = AccessMask::THREAD_QUERY_INFORMATION;
/// Either of these lets ask for what is not secret (TI1).
const QUERY_LIMITED: AccessMask = QUERY.union(AccessMask::THREAD_QUERY_LIMITED_INFORMATION);
const SET: AccessMask = AccessMask::THREAD_SET_INFORMATION;
/// Either of these lets name a thread (TI22).
const SET_LIMITED: AccessMask = SET.union(AccessMask::THREAD_SET_LIMITED_INFORMATION);

/// The length of a class's answer, and the rights of which one is needed. `None`: nobody can ask for that.
fn query_of(class: u32) -> Option<(usize, AccessMask)> {
    let found = match class {
        class::BASIC => (basic::LENGTH, QUERY_LIMITED),
        class::TIMES => (32, QUERY_LIMITED),
        class::AM_I_LAST_THREAD | class::PRIORITY_BOOST => (4, QUERY_LIMITED),
        class::IS_TERMINATED | class::SUSPEND_COUNT => (4, QUERY_LIMITED),
        class::IS_IO_PENDING => (4, QUERY),
        class::HIDE_FROM_DEBUGGER => (1, QUERY),
        class::START_ADDRESS => (8, QUERY),
        class::GROUP => (16, QUERY),
        _ => return None,
    };
    Some(found)
}

impl Runtime {
    /// `NtQueryInformationThread`, laid out as on 64-bit Windows, in the machine's byte order.
    ///
    /// | class | bytes | what |
    /// |---|---|---|
    /// | 0 | 48 | exit code (259 until the thread has ended), the address that an embedder keeps for it, process id, thread id, processors, priority, base priority increment (TI4) |
    /// | 1 | 32 | when it was made, when it ended (0 before), time in the kernel, time in its program: units of 100 ns (TI5) |
    /// | 9 | 8 | address of its routine; 0 for a thread that the library did not make |
    /// | 12 | 4 | is only one thread left in the process? |
    /// | 14 | 4 | is the boost disabled? |
    /// | 16 | 4 | 0: no I/O is pending, ever |
    /// | 17 | 1 | is it hidden from debuggers? |
    /// | 20 | 4 | is it ending, or has it ended? |
    /// | 30 | 16 | processors and their group, which is 0 |
    /// | 35 | 4 | how often it is suspended |
    /// | 38 | 16 and more | a `UNICODE_STRING`, and directly behind it the text that it points to (TI19, TI20) |
    ///
    /// Classes 9, 16, 17 and 30 need `THREAD_QUERY_INFORMATION`; for the others `THREAD_QUERY_LIMITED_INFORMATION` is
    /// enough (TI1). The class is checked first, then the length, then the handle, then its rights (TI2).
    ///
    /// Answers `INVALID_INFO_CLASS` (TI26); `INFO_LENGTH_MISMATCH`; `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`,
    /// `ACCESS_DENIED`; for class 38 `BUFFER_TOO_SMALL`, with the size that is needed in `return_length`.
    pub fn nt_query_information_thread(
        &self,
        thread: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        traced!(
            NtQueryInformationThread(handle = thread, class = class, length = buffer.len()),
            self.query_information_thread(thread, class, buffer, return_length)
        )
    }

    fn query_information_thread(
        &self,
        thread: Handle,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        if class == class::NAME {
            return self.query_name(thread, buffer, return_length);
        }
        let Some((length, rights)) = query_of(class) else {
            return NtStatus::INVALID_INFO_CLASS;
        };
        if buffer.len() != length {
            return NtStatus::INFO_LENGTH_MISMATCH;
        }
        match self.find_thread(thread, rights) {
            Ok(target) => self.answer_about(target, class, buffer, return_length),
            Err(status) => status,
        }
    }

    /// The answer to a class that there is, into a buffer of its length.
    fn answer_about(
        &self,
        target: Target<'_>,
        class: u32,
        buffer: &mut [u8],
        return_length: Option<&mut u32>,
    ) -> NtStatus {
        let number = match class {
            class::BASIC => return answer(buffer, return_length, self.basic(target).map(Basic::to_bytes)),
            class::TIMES => return answer(buffer, return_length, self.times_in_bytes(target)),
            class::GROUP => return answer(buffer, return_length, self.group_in_bytes(target)),
            class::START_ADDRESS => {
                let address = self.life(target).map(|life| life.start_address as u64);
                return answer(buffer, return_length, address.map(u64::to_ne_bytes));
            }
            class::HIDE_FROM_DEBUGGER => {
                let hidden = self.life(target).map(|life| u8::from(life.hidden));
                return answer(buffer, return_length, hidden.map(u8::to_ne_bytes));
            }
            class::AM_I_LAST_THREAD => Ok(u32::from(thread::is_last())),
            class::PRIORITY_BOOST => self.life(target).map(|life| u32::from(life.boost_disabled)),
            class::IS_IO_PENDING => Ok(0),
            class::IS_TERMINATED => self.life(target).map(|life| u32::from(life.is_over())),
            _ => self.suspend_count(target),
        };
        answer(buffer, return_length, number.map(u32::to_ne_bytes))
    }

    /// `NtSetInformationThread`, laid out as on 64-bit Windows, in the machine's byte order.
    ///
    /// | class | bytes | what |
    /// |---|---|---|
    /// | 2 | 4 | priority, 1 to 15; 16 to 31, which is real time, needs a privilege that nobody has here (TI6) |
    /// | 3 | 4 | base priority increment, −2 to 2; −15 or −16 for idle, 15 or 16 for time critical (TI7, TI10) |
    /// | 4 | 8 | processors, one bit each; all ones means all (TI12) |
    /// | 10 | 4 | a TLS index, whose value becomes NULL in all threads; the thread must be the calling one (TI25) |
    /// | 13 | 4 | ideal processor, below 64; 64 only asks. Answers with the one before, as a success (TI14) |
    /// | 14 | 4 | is the boost to be disabled? |
    /// | 17 | 0 | hides the thread from debuggers: remembered, no more, and for ever (TI16) |
    /// | 30 | 16 | processors and their group, which must be 0 (TI15) |
    ///
    /// A priority becomes the Linux thread's nice value as far as the system permits, and processors its affinity. To give
    /// a thread more than the least priority it had, a process needs `CAP_SYS_NICE` or a limit `RLIMIT_NICE`; without, the
    /// thread keeps its nice value, and queries return what was asked for.
    ///
    /// A name (class 38) is a pointer to a text in NT's layout, which a safe call cannot follow: see
    /// [`set_thread_description`](Self::set_thread_description).
    ///
    /// All need `THREAD_SET_INFORMATION`. The class is checked first, then the length, then the handle, its rights, and
    /// the value (TI3).
    ///
    /// Answers `INVALID_INFO_CLASS`, `INFO_LENGTH_MISMATCH`, `INVALID_HANDLE`, `OBJECT_TYPE_MISMATCH`, `ACCESS_DENIED`;
    /// `INVALID_PARAMETER`, `PRIVILEGE_NOT_HELD` for values; `THREAD_IS_TERMINATING` for processors of a thread that is
    /// ending (TI13).
    pub fn nt_set_information_thread(&self, thread: Handle, class: u32, information: &[u8]) -> NtStatus {
        traced!(
            NtSetInformationThread(handle = thread, class = class, length = information.len()),
            self.set_information_thread(thread, class, information)
        )
    }

    fn set_information_thread(&self, thread: Handle, class: u32, information: &[u8]) -> NtStatus {
        let done = match class {
            class::PRIORITY => self.set_absolute_priority(thread, information),
            class::BASE_PRIORITY => self.set_base_priority(thread, information),
            class::AFFINITY_MASK => self.set_affinity_mask(thread, information),
            class::ZERO_TLS_CELL => self.zero_tls_cell(thread, information),
            class::IDEAL_PROCESSOR => {
                return self.set_ideal_processor(thread, information).unwrap_or_else(|status| status);
            }
            class::PRIORITY_BOOST => self.set_priority_boost(thread, information),
            class::HIDE_FROM_DEBUGGER => self.hide_from_debugger(thread, information),
            class::GROUP => self.set_group(thread, information),
            _ => Err(NtStatus::INVALID_INFO_CLASS),
        };
        done.err().unwrap_or(NtStatus::SUCCESS)
    }

    fn life(&self, target: Target<'_>) -> Result<Life, NtStatus> {
        self.resident().look_at(target).map(|seen| seen.life)
    }

    fn zero_tls_cell(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let index = u32::from_ne_bytes(fixed(information)?);
        let target = self.find_thread(thread, SET)?;
        let me = self.resolve_pseudo(Handle::CURRENT_THREAD)?;
        if !core::ptr::eq(me.slot, target.slot) || me.generation != target.generation {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        rtl::zero_tls_cell(index)
    }

    fn hide_from_debugger(&self, thread: Handle, information: &[u8]) -> Result<(), NtStatus> {
        let [] = fixed(information)?;
        let target = self.find_thread(thread, SET)?;
        self.resident().on_thread(target, |_, life| life.hidden = true)
    }
}

/// The bytes of a class of this length.
fn fixed<const N: usize>(information: &[u8]) -> Result<[u8; N], NtStatus> {
    information.try_into().map_err(|_| NtStatus::INFO_LENGTH_MISMATCH)
}
