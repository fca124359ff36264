//! Clocks.

use super::{Bool, succeeded};
use crate::memory::{Out, plain};
use nt::NtStatus;

/// `FILETIME`: a time in two halves, so that four bytes align it.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct FileTime {
    low: u32,
    high: u32,
}

plain!(FileTime);

impl From<u64> for FileTime {
    fn from(time: u64) -> Self {
        Self { low: time as u32, high: (time >> 32) as u32 }
    }
}

/// Puts a number where it is wanted.
fn tell(place: Out<i64>, number: impl FnOnce() -> u64) -> Result<(), NtStatus> {
    place.require().map(|place| place.set(number().cast_signed()))
}

calls! {
    /// Begins anew after 49.7 days.
    fn GetTickCount() -> u32 {
        nt::nt_get_tick_count() as u32
    }

    fn GetTickCount64() -> u64 {
        nt::nt_get_tick_count()
    }

    fn QueryPerformanceCounter(place: Out<i64>) -> Bool {
        succeeded(tell(place, || nt::nt_query_performance_counter().0))
    }

    fn QueryPerformanceFrequency(place: Out<i64>) -> Bool {
        succeeded(tell(place, || nt::nt_query_performance_counter().1))
    }

    /// Does nothing with a bad pointer.
    fn GetSystemTimeAsFileTime(place: Out<FileTime>) {
        if let Ok(place) = place.require() {
            place.set(nt::nt_query_system_time().into());
        }
    }
}
