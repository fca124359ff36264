//! Run-once blocks, which are those of `rtl` (RO1–RO12).

use super::{Bool, FALSE, or_else, succeeded};
use crate::convention::Code;
use crate::memory::{Out, Shared};
use crate::rtl::{on, run_once};
use core::ffi::c_void;
use nt::{NtStatus, RtlRunOnce};

calls! {
    fn InitOnceInitialize(once: Shared<RtlRunOnce>) {
        on(once, RtlRunOnce::rtl_run_once_initialize);
    }

    fn InitOnceBeginInitialize(once: Shared<RtlRunOnce>, flags: u32, pending: Out<Bool>, context: Out<usize>) -> Bool {
        let begin = || {
            let pending = pending.require()?;
            let status = run_once::begin(once, flags, context)?;
            pending.set(Bool::from(status == NtStatus::PENDING));
            Ok(())
        };
        succeeded(begin())
    }

    fn InitOnceComplete(once: Shared<RtlRunOnce>, flags: u32, context: usize) -> Bool {
        succeeded(run_once::complete(once, flags, context))
    }

    /// After the initialiser's failure the last error is what that left (RO12).
    fn InitOnceExecuteOnce(
        once: Shared<RtlRunOnce>,
        initialiser: Code,
        parameter: *mut c_void,
        context: Out<usize>,
    ) -> Bool {
        or_else(run_once::execute::<C>(once, initialiser, parameter, context).map(Bool::from), FALSE)
    }
}
