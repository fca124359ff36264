//! Priorities, processors and times of threads (TI5, TI7–TI13).

use super::clock::FileTime;
use super::{Bool, FALSE, done, or_else, succeeded};
use crate::memory::{Out, Place};
use crate::nt::class::thread as class;
use crate::nt::runtime;
use nt::{Handle, NtStatus, Runtime};

/// `THREAD_PRIORITY_ERROR_RETURN`.
const NO_PRIORITY: i32 = i32::MAX;
const IDLE: i32 = -15;
const TIME_CRITICAL: i32 = 15;
/// Time critical as the kernel has it, and idle below zero (TI10).
const NATIVE_EXTREME: i32 = 16;

fn set_priority(nt: &Runtime, thread: Handle, priority: i32) -> NtStatus {
    let increment = match priority {
        -2..=2 => priority,
        IDLE => -NATIVE_EXTREME,
        TIME_CRITICAL => NATIVE_EXTREME,
        _ => return NtStatus::INVALID_PARAMETER,
    };
    nt.nt_set_information_thread(thread, class::BASE_PRIORITY, &increment.to_ne_bytes())
}

/// The processors before.
fn set_affinity(thread: Handle, mask: usize) -> Result<usize, NtStatus> {
    let nt = runtime()?;
    let before = nt.thread_affinity_mask(thread)?;
    nt.nt_set_information_thread(thread, class::AFFINITY_MASK, &(mask as u64).to_ne_bytes()).ok()?;
    Ok(before as usize)
}

fn times(thread: Handle, places: [Place<FileTime>; 4]) -> Result<(), NtStatus> {
    let mut bytes = [0; 32];
    runtime()?.nt_query_information_thread(thread, class::TIMES, &mut bytes, None).ok()?;
    let (times, _) = bytes.as_chunks();
    for (place, time) in places.iter().zip(times) {
        place.set(u64::from_ne_bytes(*time).into());
    }
    Ok(())
}

calls! {
    fn GetThreadPriority(thread: Handle) -> i32 {
        let increment = runtime().and_then(|nt| nt.thread_base_priority(thread));
        or_else(increment.map(|increment| increment.clamp(IDLE, TIME_CRITICAL)), NO_PRIORITY)
    }

    fn SetThreadPriority(thread: Handle, priority: i32) -> Bool {
        done(|nt| set_priority(nt, thread, priority))
    }

    fn SetThreadPriorityBoost(thread: Handle, disable: Bool) -> Bool {
        let disable = u32::from(disable != FALSE);
        done(|nt| nt.nt_set_information_thread(thread, class::PRIORITY_BOOST, &disable.to_ne_bytes()))
    }

    fn SetThreadAffinityMask(thread: Handle, mask: usize) -> usize {
        or_else(set_affinity(thread, mask), 0)
    }

    fn GetThreadTimes(
        thread: Handle,
        created: Out<FileTime>,
        ended: Out<FileTime>,
        kernel: Out<FileTime>,
        user: Out<FileTime>,
    ) -> Bool {
        let places = || Ok([created.require()?, ended.require()?, kernel.require()?, user.require()?]);
        succeeded(places().and_then(|places| times(thread, places)))
    }
}
