//! Run-once blocks (RO1–RO12).

use super::on;
use crate::convention::{Code, Convention};
use crate::memory::{Out, Shared, give};
use crate::nt::status;
use core::cell::Cell;
use core::ffi::c_void;
use nt::{NtStatus, RtlRunOnce, RunOnceFlags};

/// Begins. `SUCCESS` says that it is done, and only then the context is there to be given; `PENDING` that the caller is to
/// do it.
pub(crate) fn begin(once: Shared<RtlRunOnce>, flags: u32, context: Out<usize>) -> Result<NtStatus, NtStatus> {
    let (once, place) = (once.get()?, context.get()?);
    let mut context = 0;
    let status = once.rtl_run_once_begin_initialize(RunOnceFlags::from_bits_retain(flags), Some(&mut context));
    if status == NtStatus::SUCCESS {
        give(place, context);
    }
    status.ok()?;
    Ok(status)
}

pub(crate) fn complete(once: Shared<RtlRunOnce>, flags: u32, context: usize) -> Result<(), NtStatus> {
    once.get()?.rtl_run_once_complete(RunOnceFlags::from_bits_retain(flags), context).ok()
}

/// Calls what initialises the block, unless that was done. False: it was called and said that it failed (RO12).
pub(crate) fn execute<C: Convention>(
    block: Shared<RtlRunOnce>,
    initialiser: Code,
    parameter: *mut c_void,
    context: Out<usize>,
) -> Result<bool, NtStatus> {
    let (once, place) = (block.get()?, context.get()?);
    let initialiser = initialiser.initialiser::<C>().ok_or(NtStatus::ACCESS_VIOLATION)?;
    let has_failed = Cell::new(false);
    let mut context = 0;
    let initialise = |context: &mut usize| {
        has_failed.set(!initialiser.call(block.address(), parameter, context));
        !has_failed.get()
    };
    let status = once.rtl_run_once_execute_once(initialise, Some(&mut context));
    if has_failed.get() {
        return Ok(false);
    }
    status.ok()?;
    give(place, context);
    Ok(true)
}

calls! {
    fn RtlRunOnceInitialize(once: Shared<RtlRunOnce>) {
        on(once, RtlRunOnce::rtl_run_once_initialize);
    }

    fn RtlRunOnceBeginInitialize(once: Shared<RtlRunOnce>, flags: u32, context: Out<usize>) -> NtStatus {
        status(|| begin(once, flags, context))
    }

    fn RtlRunOnceComplete(once: Shared<RtlRunOnce>, flags: u32, context: usize) -> NtStatus {
        status(|| complete(once, flags, context).map(|()| NtStatus::SUCCESS))
    }

    fn RtlRunOnceExecuteOnce(
        once: Shared<RtlRunOnce>,
        initialiser: Code,
        parameter: *mut c_void,
        context: Out<usize>,
    ) -> NtStatus {
        status(|| match execute::<C>(once, initialiser, parameter, context)? {
            true => Ok(NtStatus::SUCCESS),
            false => Err(NtStatus::UNSUCCESSFUL),
        })
    }
}
