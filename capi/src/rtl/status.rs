//! What a status is to Win32 (C6).

use nt::NtStatus;

calls! {
    fn RtlNtStatusToDosError(status: NtStatus) -> u32 {
        status.to_dos_error()
    }
}
