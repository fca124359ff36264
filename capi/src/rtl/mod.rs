//! `Rtl*`: what NT does in user mode, in memory of the caller's and without handles. The Win32 forms are in `win32/`.
//!
//! A call on an address that cannot be one (null, misaligned, below or above what programs have) does nothing; it returns
//! the status, or false, if it returns anything. Any other address of a lock is the caller's word (see [`Shared`]).
//!
//! | file                  | structure                | facts     |
//! |-----------------------|--------------------------|-----------|
//! | `critical_section.rs` | `RTL_CRITICAL_SECTION`   | CS1–CS17  |
//! | `srw.rs`              | `RTL_SRWLOCK`            | SR1–SR10  |
//! | `condition.rs`        | `RTL_CONDITION_VARIABLE` | SR11–SR18 |
//! | `run_once.rs`         | `RTL_RUN_ONCE`           | RO1–RO12  |
//! | `barrier.rs`          | `RTL_BARRIER`            | RO13–RO17 |
//! | `address.rs`          | any word                 | WA1–WA11  |
//! | `string.rs`           | `UNICODE_STRING`         |           |
//! | `status.rs`           |                          | C6        |

mod address;
pub(crate) mod barrier;
mod condition;
pub(crate) mod critical_section;
pub(crate) mod run_once;
pub(crate) mod srw;
mod status;
mod string;

use crate::export::Export;
use crate::memory::Shared;
use nt::NtStatus;

/// All calls, by file.
pub(crate) const CALLS: &[&[Export]] = &[
    address::CALLS,
    barrier::CALLS,
    condition::CALLS,
    critical_section::CALLS,
    run_once::CALLS,
    srw::CALLS,
    status::CALLS,
    string::CALLS,
];

/// A call that returns nothing.
#[inline(always)]
pub(crate) fn on<T>(structure: Shared<T>, call: impl FnOnce(&T)) {
    if let Ok(structure) = structure.get() {
        call(structure);
    }
}

/// A call that always succeeds, on a structure that is there.
#[inline(always)]
fn done_on<T>(structure: Shared<T>, call: impl FnOnce(&T)) -> NtStatus {
    match structure.get() {
        Ok(structure) => {
            call(structure);
            NtStatus::SUCCESS
        }
        Err(status) => status,
    }
}

/// A call that says yes or no.
#[inline(always)]
pub(crate) fn holds_on<T>(structure: Shared<T>, call: impl FnOnce(&T) -> bool) -> bool {
    structure.get().is_ok_and(call)
}
