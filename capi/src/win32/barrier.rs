//! Barriers, which are those of `rtl`, with checks (RO13–RO17).

use super::{Bool, FALSE, or_else, succeeded};
use crate::memory::Shared;
use crate::rtl::barrier;
use nt::{NtStatus, RtlBarrier};

calls! {
    fn InitializeSynchronizationBarrier(barrier: Shared<RtlBarrier>, total: i32, spin_count: i32) -> Bool {
        let initialize = || {
            let barrier = barrier::get(barrier)?;
            if total < 1 || spin_count < -1 {
                return Err(NtStatus::INVALID_PARAMETER); // RO13
            }
            barrier.rtl_init_barrier(total.cast_unsigned(), spin_count);
            Ok(())
        };
        succeeded(initialize())
    }

    /// Unknown flags are an error, where Windows raises an exception (RO16).
    fn EnterSynchronizationBarrier(barrier: Shared<RtlBarrier>, flags: u32) -> Bool {
        or_else(barrier::get(barrier).and_then(|barrier| barrier::enter(barrier, flags)).map(Bool::from), FALSE)
    }

    fn DeleteSynchronizationBarrier(barrier: Shared<RtlBarrier>) -> Bool {
        succeeded(barrier::get(barrier).map(RtlBarrier::rtl_delete_barrier))
    }
}
