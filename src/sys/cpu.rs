//! What the processors allow: how long it makes sense to spin, a clock cheap enough to do it by, a cache hint.

#![allow(unsafe_code, reason = "one instruction of assembly")]

use rustix::time::Timespec;

/// Reads of a lock word, without a pause between them, before its waiter goes to sleep. A holder that runs on another
/// CPU is done within them; one that was preempted is not, and then sleeping is right. A model explores the sleep,
/// not the luck.
#[cfg(not(ntwait_loom))]
pub(crate) const LOCK_SPINS: u32 = 100;
#[cfg(ntwait_loom)]
pub(crate) const LOCK_SPINS: u32 = 0;

/// Pauses of a thread that finds a lock of a program's own held, before it queues for it. A model does not spin.
pub(crate) fn most_pauses() -> u32 {
    if cfg!(ntwait_loom) { 0 } else { 126 }
}

/// Looks at an object between two looks at the clock.
pub(crate) const SPINS_PER_CLOCK_READ: u32 = 16;

/// Has the machine one CPU only, so that nobody can signal while we spin? Asked of the kernel once. (Where only the
/// process or a thread is confined to one CPU, the thread learns from its failures.)
#[cfg(not(ntwait_loom))]
pub(crate) fn is_single() -> bool {
    use super::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let known = COUNT.load(Ordering::Relaxed);
    if known != 0 {
        return known == 1;
    }
    let count = std::fs::read_to_string("/sys/devices/system/cpu/online")
        .ok()
        .and_then(|list| count_in_list(list.trim()))
        .unwrap_or(2);
    COUNT.store(count, Ordering::Relaxed);
    count == 1
}

/// A model does not spin.
#[cfg(ntwait_loom)]
pub(crate) fn is_single() -> bool {
    true
}

/// Asks for the cache line of a word that is about to be looked at and then changed: one transfer instead of two (first
/// to share, then to own) if another CPU had it. Changes nothing that a program can see.
#[inline]
pub(crate) fn prefetch_to_write<T>(place: &T) {
    #[cfg(all(target_arch = "x86_64", not(ntwait_loom), not(miri)))]
    // SAFETY: a hint on a valid address; it reads and writes no memory as far as the program can tell.
    unsafe {
        core::arch::asm!("prefetchw [{}]", in(reg) place, options(nostack, preserves_flags, readonly));
    }
    #[cfg(all(target_arch = "aarch64", not(ntwait_loom), not(miri)))]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!("prfm pstl1keep, [{}]", in(reg) place, options(nostack, preserves_flags, readonly));
    }
    let _ = place;
}

/// Lets another thread run (`sched_yield`).
pub(crate) fn yield_now() {
    #[cfg(not(ntwait_loom))]
    rustix::thread::sched_yield();
    #[cfg(ntwait_loom)]
    loom::thread::yield_now();
}

/// Makes the x87 unit compute as in a new Windows thread: with 53 bits.
#[cfg(target_arch = "x86_64")]
pub(crate) fn set_windows_precision() {
    static CONTROL_WORD: u16 = 0x27F;
    // SAFETY: no code of the calling thread that needs more precision has begun yet.
    unsafe { core::arch::asm!("fldcw [{}]", in(reg) &raw const CONTROL_WORD, options(nostack, readonly)) };
}

/// The kernel's number for the calling thread.
pub(crate) fn thread_id() -> u32 {
    #[cfg(not(ntwait_loom))]
    return rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs();
    #[cfg(ntwait_loom)]
    return 1;
}

/// Where the C library keeps what it knows of the calling thread: no other thread has this address meanwhile. A multiple of 16;
/// 0 where it is not known how to ask. One instruction.
#[inline]
pub(crate) fn thread_pointer() -> u64 {
    #[cfg(all(target_arch = "x86_64", not(ntwait_loom), not(miri)))]
    {
        let pointer: u64;
        // SAFETY: the first word of the thread's block is its own address, on every Linux of this architecture.
        unsafe {
            core::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nostack, preserves_flags, readonly, pure));
        }
        pointer
    }
    #[cfg(all(target_arch = "aarch64", not(ntwait_loom), not(miri)))]
    {
        let pointer: u64;
        // SAFETY: reads a register.
        unsafe {
            core::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nomem, nostack, preserves_flags, pure));
        }
        pointer
    }
    #[cfg(any(not(any(target_arch = "x86_64", target_arch = "aarch64")), ntwait_loom, miri))]
    0
}

/// The kernel's number for the process.
pub(crate) fn process_id() -> u32 {
    #[cfg(not(ntwait_loom))]
    return std::process::id();
    #[cfg(ntwait_loom)]
    return 1;
}

/// Is the calling thread the one that the process began with?
pub(crate) fn is_first_thread() -> bool {
    #[cfg(not(ntwait_loom))]
    return thread_id() == process_id();
    #[cfg(ntwait_loom)]
    return false;
}

/// How many threads the process has, the first one always included. `None`: the kernel does not say.
#[cfg(not(ntwait_loom))]
pub(crate) fn tasks_of_process() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

/// How many of them run.
#[cfg(not(ntwait_loom))]
pub(crate) fn threads_of_process() -> Option<u32> {
    Some(tasks_of_process()? - u32::from(is_first_thread_gone()))
}

/// Has the thread that the process began with ended? The kernel keeps it until the last has, and counts it.
#[cfg(not(ntwait_loom))]
pub(crate) fn is_first_thread_gone() -> bool {
    let stat = std::fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id()));
    // The state comes after the name, which is in parentheses and free to contain any.
    stat.is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with(['Z', 'X'])))
}

#[cfg(ntwait_loom)]
pub(crate) fn tasks_of_process() -> Option<u32> {
    None
}

/// The number of CPUs in the kernel's notation: `0-3,8`.
#[cfg(not(ntwait_loom))]
fn count_in_list(list: &str) -> Option<u32> {
    list.split(',')
        .map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
            (last + 1).checked_sub(first)
        })
        .sum()
}

/// Sleeps for a moment.
pub(crate) fn nap() {
    let moment = Timespec { tv_sec: 0, tv_nsec: 50_000 };
    let _ = rustix::thread::nanosleep(&moment);
}

/// Waits, in growing steps, for something that another thread is about to do: first by letting it run, then, as it may
/// have a lower priority than we and wait for our CPU, by short sleeps. crossbeam's would only yield.
#[derive(Debug, Default)]
pub(crate) struct BackOff(u32);

impl BackOff {
    pub(crate) fn pause(&mut self) {
        self.0 += 1;
        if self.0 < 100 || cfg!(ntwait_loom) {
            yield_now();
        } else {
            nap();
        }
    }
}

/// Time since a moment, on the monotonic clock (no system call: the kernel maps the clock into the process).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Nanoseconds; four seconds and more read as the most that fits. In a model everything takes so long.
    pub(crate) fn elapsed_ns(&self) -> u32 {
        if cfg!(ntwait_loom) {
            return u32::MAX;
        }
        u32::try_from(self.0.elapsed().as_nanos()).unwrap_or(u32::MAX)
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::count_in_list;

    #[test]
    fn cpu_lists() {
        let rows =
            [("0", Some(1)), ("0-1", Some(2)), ("0-3,8", Some(5)), ("0-3,8-9,11", Some(7)), ("", None), ("3-1", None)];
        for (list, count) in rows {
            assert_eq!(count_in_list(list), count, "{list:?}");
        }
    }
}
