//! Who a thread is to a lock that has an owner: a number that no other thread of the process has, kept where a thread finds
//! it with one load.
//!
//! It is the thread's NT id in the process-wide runtime (CS4), which the thread gets one in if it had none. Where that
//! cannot be, because there is no memory or the thread is past its end, it is the kernel's number for the thread with the
//! highest of 32 bits set, which no NT id has. It stays what it was at first.
//!
//! In a child of `fork` ids are given out from the beginning, and the thread that forked has one from before, with which it
//! may own something. So the number of a thread that is asked for it in another process than the first has that process's
//! id in its upper half.

use crate::runtime::Runtime;
use crate::sys::atomic::{AtomicU32, Ordering, process_static};
use crate::sys::cpu;
use crate::sys::tls::thread_local;
use crate::waiter::record;
use core::cell::Cell;

/// No NT id is as large: they are multiples of 4, of which there are not as many threads.
const KERNELS: u32 = 1 << 31;

thread_local! {
    static NUMBER: Cell<u64> = const { Cell::new(0) };
}

process_static! {
    /// The process in which somebody asked first.
    fn first_process() -> AtomicU32 = AtomicU32::new(0)
}

/// The calling thread's number; never 0.
#[inline]
pub(super) fn current() -> u64 {
    match NUMBER.with(Cell::get) {
        0 => ask(),
        known => known,
    }
}

#[cold]
#[inline(never)]
fn ask() -> u64 {
    let process = cpu::process_id();
    let first = match first_process().compare_exchange(0, process, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => process,
        Err(first) => first,
    };
    let id = Runtime::try_global().and_then(|global| global.resident().current_thread_id());
    let number = u64::from(id.unwrap_or_else(|_| cpu::thread_id() | KERNELS));
    let number = if process == first { number } else { number | u64::from(process) << 32 };
    NUMBER.with(|known| known.set(number));
    if let Some(me) = record::current() {
        me.owner_number.store(number, Ordering::Release);
    }
    number
}
