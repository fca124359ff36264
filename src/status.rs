//! NT status codes: one number that says how a call ended.
//!
//! ```text
//!  31 30 29 28          16 15              0
//! ┌─────┬──┬──┬───────────┬─────────────────┐    severity 0 success        (0x0…)
//! │ sev │C │N │ facility  │      code       │             1 informational  (0x4…)
//! └─────┴──┴──┴───────────┴─────────────────┘             2 warning        (0x8…)
//!                                                         3 error          (0xC…)
//! ```
//!
//! Severities 0 and 1 pass [`NtStatus::is_success`]: the sign bit alone decides. The ways a wait can end are all of severity 0:
//!
//! ```text
//!   0x000…0x03F   WAIT_0 + i             object i ended the wait
//!   0x080…0x0BF   ABANDONED_WAIT_0 + i   object i ended it, and its owner had died
//!   0x0C0  0x101  0x102                  APC, alert, time-out
//! ```
//!
//! Every named code has exactly one row in the table below: number, name, Win32 error (fact C6), meaning. Constants, names and the
//! error mapping are all made from that row, so they cannot drift apart.

use core::fmt;

/// The status that an NT call returns.
///
/// Any number may be inside; those with a name are the associated constants, written as in `ntstatus.h` without the `STATUS_` prefix.
///
/// ```
/// use ntwait::NtStatus;
/// assert!(NtStatus::TIMEOUT.is_success());
/// assert_eq!(NtStatus::TIMEOUT.to_string(), "STATUS_TIMEOUT (0x00000102)");
/// assert_eq!(NtStatus::INVALID_HANDLE.ok(), Err(NtStatus::INVALID_HANDLE));
/// ```
#[repr(transparent)]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a status may say that nothing was done"]
pub struct NtStatus(pub u32);

/// What the table knows of one named code.
struct Row {
    status: u32,
    name: &'static str,
    dos_error: u32,
}

macro_rules! status_table {
    ($($status:literal $name:ident $dos_error:literal $meaning:literal;)*) => {
        impl NtStatus {
            $(#[doc = $meaning] pub const $name: NtStatus = NtStatus($status);)*
        }
        const TABLE: &[Row] = &[
            $(Row { status: $status, name: concat!("STATUS_", stringify!($name)), dos_error: $dos_error },)*
        ];
    };
}

status_table! {
    // C1: how a wait ends, and other successes.
    0x0000_0000 SUCCESS 0 "The call did what it was asked to do.";
    0x0000_003F WAIT_63 734 "The last object of 64 ended the wait.";
    0x0000_0080 ABANDONED_WAIT_0 735 "Object 0 ended the wait; the thread that owned it had ended without releasing it.";
    0x0000_00BF ABANDONED_WAIT_63 736 "The last object of 64 ended the wait; its owner had ended without releasing it.";
    0x0000_00C0 USER_APC 737 "An asynchronous procedure call ended the alertable wait.";
    0x0000_0100 KERNEL_APC 738 "The wait has to be made again; no call ever returns this.";
    0x0000_0101 ALERTED 739 "The thread was alerted during its alertable wait.";
    0x0000_0102 TIMEOUT 1460 "The time-out passed first; no object was taken.";
    0x0000_0103 PENDING 997 "The operation has begun and is not finished.";
    // C2: informational codes and warnings.
    0x4000_0000 OBJECT_NAME_EXISTS 183 "An object of that name was there already and has been opened.";
    0x4000_0024 NO_YIELD_PERFORMED 721 "There was no other thread to yield to.";
    0x4000_0025 TIMER_RESUME_IGNORED 722 "The timer is set, but it will not wake a sleeping machine.";
    0x8000_0002 DATATYPE_MISALIGNMENT 998 "A pointer is not aligned as its type needs.";
    0x8000_001A NO_MORE_ENTRIES 259 "There are no more entries.";
    // C3: errors with small numbers.
    0xC000_0001 UNSUCCESSFUL 31 "The operation failed.";
    0xC000_0002 NOT_IMPLEMENTED 1 "The call does not exist here.";
    0xC000_0003 INVALID_INFO_CLASS 87 "The information class is unknown, or not for this kind of object.";
    0xC000_0004 INFO_LENGTH_MISMATCH 24 "The buffer has not the length that the information class needs.";
    0xC000_0005 ACCESS_VIOLATION 998 "A pointer leads nowhere.";
    0xC000_0008 INVALID_HANDLE 6 "The handle names nothing: never issued, or closed.";
    0xC000_000B INVALID_CID 87 "There is no thread or process of that id.";
    0xC000_000D INVALID_PARAMETER 87 "An argument has a value it must not have.";
    0xC000_0017 NO_MEMORY 8 "The system gave no memory.";
    0xC000_0022 ACCESS_DENIED 5 "The handle does not grant the right that the call needs.";
    0xC000_0023 BUFFER_TOO_SMALL 122 "The buffer is too small for the answer.";
    0xC000_0024 OBJECT_TYPE_MISMATCH 6 "The handle names an object of another kind than the call needs.";
    // C4: errors about parameters, names and counts.
    0xC000_0030 INVALID_PARAMETER_MIX 87 "The arguments are each right, but not together.";
    0xC000_0033 OBJECT_NAME_INVALID 123 "The name is not well formed.";
    0xC000_0034 OBJECT_NAME_NOT_FOUND 2 "There is no object of that name.";
    0xC000_0035 OBJECT_NAME_COLLISION 183 "An object of that name is there already.";
    0xC000_003A OBJECT_PATH_NOT_FOUND 3 "A directory of the path does not exist.";
    0xC000_003B OBJECT_PATH_SYNTAX_BAD 161 "The path is not well formed.";
    0xC000_0046 MUTANT_NOT_OWNED 288 "The calling thread does not own the mutant.";
    0xC000_0047 SEMAPHORE_LIMIT_EXCEEDED 298 "The release would lift the count above its maximum.";
    0xC000_004A SUSPEND_COUNT_EXCEEDED 156 "The thread is suspended as often as it can be.";
    0xC000_004B THREAD_IS_TERMINATING 5 "The thread is ending or has ended.";
    0xC000_0061 PRIVILEGE_NOT_HELD 1314 "The caller lacks the privilege.";
    // C5: numbered parameters, ends of processes, handles.
    0xC000_00EF INVALID_PARAMETER_1 87 "The first argument has a value it must not have.";
    0xC000_00F0 INVALID_PARAMETER_2 87 "The second argument has a value it must not have.";
    0xC000_00F1 INVALID_PARAMETER_3 87 "The third argument has a value it must not have.";
    0xC000_00F2 INVALID_PARAMETER_4 87 "The fourth argument has a value it must not have.";
    0xC000_00F3 INVALID_PARAMETER_5 87 "The fifth argument has a value it must not have.";
    0xC000_00F4 INVALID_PARAMETER_6 87 "The sixth argument has a value it must not have.";
    0xC000_010A PROCESS_IS_TERMINATING 5 "The process is ending.";
    0xC000_0191 MUTANT_LIMIT_EXCEEDED 587 "The owner has taken the mutant as often as it can be taken.";
    0xC000_01AC NOT_SAME_OBJECT 1656 "The two handles name two objects.";
    0xC000_0235 HANDLE_NOT_CLOSABLE 6 "The handle is protected from close.";
    0xC000_0245 TIMER_RESOLUTION_NOT_SET 607 "This process has not asked for a timer resolution.";
    // Beyond those facts, needed by the calls of this crate.
    0xC000_009A INSUFFICIENT_RESOURCES 1450 "The handle table is full, or the system gave no memory for it.";
    0xC000_00BB NOT_SUPPORTED 50 "The call is not possible for this object, or on this system.";
    0xC000_011F TOO_MANY_OPENED_FILES 4 "The process, or the system, has as many descriptors as it may have.";
    0xC000_0106 NAME_TOO_LONG 206 "The path has more letters than a string can have.";
    0xC000_00DB CANT_TERMINATE_SELF 555 "The only thread of a process cannot end itself this way.";
    0xC000_0194 POSSIBLE_DEADLOCK 1131 "A lock was not released in the time that a deadlock would need.";
    0xC000_0264 RESOURCE_NOT_OWNED 288 "The calling thread does not own the lock.";
}

/// Win32 `ERROR_MR_MID_NOT_FOUND`: what every code without a Win32 counterpart turns into.
const ERROR_MR_MID_NOT_FOUND: u32 = 317;

/// Win32 `ERROR_WAIT_1`; two and three follow it.
const ERROR_WAIT_1: u32 = 731;

/// How many objects one NT wait can name.
const WAIT_CODES: u32 = 64;

impl NtStatus {
    /// Object 0 ended the wait: the same number as [`NtStatus::SUCCESS`].
    pub const WAIT_0: NtStatus = NtStatus::SUCCESS;

    /// The same number as [`NtStatus::ABANDONED_WAIT_0`].
    pub const ABANDONED: NtStatus = NtStatus::ABANDONED_WAIT_0;

    /// `NT_SUCCESS`: true for successes and informational codes, false for warnings and errors.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 >> 31 == 0
    }

    /// `Ok` for what [`is_success`](Self::is_success), else the status itself as the error.
    ///
    /// # Errors
    /// The status, if it is a warning or an error.
    pub const fn ok(self) -> Result<(), NtStatus> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }

    /// The place of the object that ended a wait, if one did and was not abandoned: 0 to 63.
    #[must_use]
    pub const fn wait_index(self) -> Option<usize> {
        index_in_family(self, NtStatus::WAIT_0)
    }

    /// The place of the abandoned object that ended a wait, if one did: 0 to 63.
    #[must_use]
    pub const fn abandoned_index(self) -> Option<usize> {
        index_in_family(self, NtStatus::ABANDONED_WAIT_0)
    }

    /// The name in `ntstatus.h`, `STATUS_` prefix included, if this code has a constant here.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self.row() {
            Some(row) => Some(row.name),
            None => None,
        }
    }

    /// `RtlNtStatusToDosError`: the Win32 error, 317 (`ERROR_MR_MID_NOT_FOUND`) for a code that has none.
    ///
    /// Apply it to errors only: at the Win32 face wait codes are the function's value, not an error (fact W42).
    #[must_use]
    pub const fn to_dos_error(self) -> u32 {
        match self.row() {
            Some(row) => row.dos_error,
            None if self.0 >= 1 && self.0 <= 3 => ERROR_WAIT_1 + self.0 - 1,
            None => ERROR_MR_MID_NOT_FOUND,
        }
    }

    const fn row(self) -> Option<&'static Row> {
        let mut i = 0;
        while i < TABLE.len() {
            if TABLE[i].status == self.0 {
                return Some(&TABLE[i]);
            }
            i += 1;
        }
        None
    }
}

/// Where `status` stands in the 64 codes that begin with `first`.
const fn index_in_family(status: NtStatus, first: NtStatus) -> Option<usize> {
    let index = status.0.wrapping_sub(first.0);
    if index < WAIT_CODES { Some(index as usize) } else { None }
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.wait_index(), self.abandoned_index()) {
            (Some(name), _, _) => f.write_str(name)?,
            (_, Some(index), _) => write!(f, "STATUS_WAIT_{index}")?,
            (_, _, Some(index)) => write!(f, "STATUS_ABANDONED_WAIT_{index}")?,
            _ => f.write_str("unnamed status")?,
        }
        write!(f, " (0x{:08X})", self.0)
    }
}

impl fmt::Debug for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl core::error::Error for NtStatus {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds the number that Windows documents for each code against what the crate says of it; `$success` is the class.
    macro_rules! check {
        ($success:literal: $($name:ident $number:literal)*) => {$(
            let (status, number, name) = (NtStatus::$name, $number, concat!("STATUS_", stringify!($name)));
            assert_eq!(status, NtStatus(number), "{name}");
            assert_eq!(status.name(), Some(name));
            assert_eq!(status.is_success(), $success, "{name}");
            assert_eq!(status.ok(), if $success { Ok(()) } else { Err(status) }, "{name}");
            let text = format!("{name} (0x{number:08X})");
            assert_eq!((status.to_string(), format!("{status:?}")), (text.clone(), text));
        )*};
    }

    #[test]
    fn table_c1_ends_of_waits() {
        check! { true:
            SUCCESS 0x00
            WAIT_63 0x3F
            ABANDONED_WAIT_0 0x80
            ABANDONED_WAIT_63 0xBF
            USER_APC 0xC0
            KERNEL_APC 0x100
            ALERTED 0x101
            TIMEOUT 258
            PENDING 259
        }
        assert_eq!((NtStatus::WAIT_0, NtStatus::ABANDONED), (NtStatus(0), NtStatus(0x80)));
    }

    #[test]
    fn table_c1_families_give_the_index_back() {
        for number in 0..0x110_u32 {
            let status = NtStatus(number);
            let plain = (number < 64).then_some(number as usize);
            let abandoned = (0x80..0xC0).contains(&number).then(|| (number - 0x80) as usize);
            assert_eq!((status.wait_index(), status.abandoned_index()), (plain, abandoned), "{status}");
            assert!(status.is_success());
        }
        assert_eq!(NtStatus(5).to_string(), "STATUS_WAIT_5 (0x00000005)");
        assert_eq!(NtStatus(0x85).to_string(), "STATUS_ABANDONED_WAIT_5 (0x00000085)");
        assert_eq!(NtStatus(0xC0DE_0000).to_string(), "unnamed status (0xC0DE0000)");
        assert_eq!((NtStatus(u32::MAX).wait_index(), NtStatus(u32::MAX).abandoned_index()), (None, None));
    }

    #[test]
    fn table_c2_informational_and_warnings() {
        check! { true:
            OBJECT_NAME_EXISTS 0x4000_0000
            NO_YIELD_PERFORMED 0x4000_0024
            TIMER_RESUME_IGNORED 0x4000_0025
        }
        check! { false:
            DATATYPE_MISALIGNMENT 0x8000_0002
            NO_MORE_ENTRIES 0x8000_001A
        }
    }

    #[test]
    fn table_c3_errors() {
        check! { false:
            UNSUCCESSFUL 0xC000_0001
            NOT_IMPLEMENTED 0xC000_0002
            INVALID_INFO_CLASS 0xC000_0003
            INFO_LENGTH_MISMATCH 0xC000_0004
            ACCESS_VIOLATION 0xC000_0005
            INVALID_HANDLE 0xC000_0008
            INVALID_CID 0xC000_000B
            INVALID_PARAMETER 0xC000_000D
            NO_MEMORY 0xC000_0017
            ACCESS_DENIED 0xC000_0022
            BUFFER_TOO_SMALL 0xC000_0023
            OBJECT_TYPE_MISMATCH 0xC000_0024
        }
    }

    #[test]
    fn table_c4_errors() {
        check! { false:
            INVALID_PARAMETER_MIX 0xC000_0030
            OBJECT_NAME_INVALID 0xC000_0033
            OBJECT_NAME_NOT_FOUND 0xC000_0034
            OBJECT_NAME_COLLISION 0xC000_0035
            OBJECT_PATH_NOT_FOUND 0xC000_003A
            OBJECT_PATH_SYNTAX_BAD 0xC000_003B
            MUTANT_NOT_OWNED 0xC000_0046
            SEMAPHORE_LIMIT_EXCEEDED 0xC000_0047
            SUSPEND_COUNT_EXCEEDED 0xC000_004A
            THREAD_IS_TERMINATING 0xC000_004B
            PRIVILEGE_NOT_HELD 0xC000_0061
        }
    }

    #[test]
    fn table_c5_errors() {
        check! { false:
            INVALID_PARAMETER_1 0xC000_00EF
            INVALID_PARAMETER_2 0xC000_00F0
            INVALID_PARAMETER_3 0xC000_00F1
            INVALID_PARAMETER_4 0xC000_00F2
            INVALID_PARAMETER_5 0xC000_00F3
            INVALID_PARAMETER_6 0xC000_00F4
            PROCESS_IS_TERMINATING 0xC000_010A
            MUTANT_LIMIT_EXCEEDED 0xC000_0191
            NOT_SAME_OBJECT 0xC000_01AC
            HANDLE_NOT_CLOSABLE 0xC000_0235
            TIMER_RESOLUTION_NOT_SET 0xC000_0245
        }
    }

    #[test]
    fn table_c6_win32_errors() {
        for (dos_error, numbers) in [
            (6, &[0xC000_0008, 0xC000_0024][..]),
            (5, &[0xC000_0022]),
            (2, &[0xC000_0034]),
            (3, &[0xC000_003A]),
            (87, &[0xC000_000D, 0xC000_0030, 0xC000_00EF, 0xC000_00F0]),
            (87, &[0xC000_00F1, 0xC000_00F2, 0xC000_00F3, 0xC000_00F4]),
            (31, &[0xC000_0001]),
            (156, &[0xC000_004A]),
            (183, &[0x4000_0000, 0xC000_0035]),
            (288, &[0xC000_0046]),
            (298, &[0xC000_0047]),
            (587, &[0xC000_0191]),
            (735, &[0x80]),
            (998, &[0xC000_0005]),
            (1460, &[0x102]),
            (1314, &[0xC000_0061]),
            (122, &[0xC000_0023]),
            (24, &[0xC000_0004]),
            // The successes; then the families' unnamed members and garbage, which Win32 has no word for.
            (0, &[0]),
            (731, &[1]),
            (733, &[3]),
            (317, &[4, 62, 0x81, 0xBE, 0x104, 0xC000_FFFF, 0x7FFF_FFFF, u32::MAX]),
        ] {
            for &number in numbers {
                assert_eq!(NtStatus(number).to_dos_error(), dos_error, "{}", NtStatus(number));
            }
        }
    }

    #[test]
    fn table_has_each_number_and_each_name_once() {
        for (i, row) in TABLE.iter().enumerate() {
            for other in &TABLE[i + 1..] {
                assert!(row.status != other.status && row.name != other.name, "{} and {}", row.name, other.name);
            }
        }
    }
}
