//! Barriers (RO13–RO17).

use super::holds_on;
use crate::memory::Shared;
use nt::{BarrierFlags, NtStatus, RtlBarrier as Barrier};

/// Null is a wrong parameter to these calls, not a fault (RO13, RO14).
pub(crate) fn get<'a>(barrier: Shared<Barrier>) -> Result<&'a Barrier, NtStatus> {
    if barrier.address().is_null() { Err(NtStatus::INVALID_PARAMETER) } else { barrier.get() }
}

pub(crate) fn enter(barrier: &Barrier, flags: u32) -> Result<bool, NtStatus> {
    barrier.rtl_barrier(BarrierFlags::from_bits_retain(flags))
}

calls! {
    /// No number is refused (RO14).
    fn RtlInitBarrier(barrier: Shared<Barrier>, total: u32, spin_count: i32) -> NtStatus {
        get(barrier).map_or_else(|bad| bad, |barrier| {
            barrier.rtl_init_barrier(total, spin_count);
            NtStatus::SUCCESS
        })
    }

    /// False also for unknown flags, where Windows raises an exception (RO16).
    fn RtlBarrier(barrier: Shared<Barrier>, flags: u32) -> u8 {
        u8::from(holds_on(barrier, |barrier| enter(barrier, flags) == Ok(true)))
    }

    fn RtlDeleteBarrier(barrier: Shared<Barrier>) -> NtStatus {
        get(barrier).map_or_else(|bad| bad, |barrier| {
            barrier.rtl_delete_barrier();
            NtStatus::SUCCESS
        })
    }
}
