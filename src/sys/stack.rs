//! Stacks: mappings with a guard page below, of which the kernel fills in pages as they are used.
//!
//! ```text
//!   base ─▶ ┌────────┬───────────────────────────────────────────┐
//!           │ guard  │ usable, readable and writable, all zero    │
//!           └────────┴───────────────────────────────────────────┘ ◀─ top
//!                    ▲ low
//! ```
//!
//! K1  The mapping is there, at one address, as long as the stack; nothing else lies in it.
//! K2  The guard page allows no access: a thread that runs out of stack ends the process and harms nobody's memory.

#![allow(unsafe_code, reason = "memory mapping")]

use super::region::OutOfMemory;
use core::mem::MaybeUninit;
use core::ops::Range;
use core::ptr::{null_mut, with_exposed_provenance_mut};
use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};
use rustix::param::page_size;

/// A mapped stack.
#[derive(Debug)]
pub(crate) struct Stack {
    base: usize,
    bytes: usize,
}

/// `bytes` as whole pages, if there is such a number.
pub(crate) fn whole_pages(bytes: usize) -> Option<usize> {
    bytes.checked_next_multiple_of(page_size())
}

/// The stack that the C library knows for the calling thread, from its lowest address to the one above it. Of the main
/// thread's, which grows, it is what it may become. `errno` stays as it is.
///
/// The C library allocates for it, so the caller has a shield.
pub(crate) fn of_this_thread() -> Option<Range<usize>> {
    // SAFETY: errno is the thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    let stack = ask_for_stack();
    // SAFETY: as above.
    unsafe { errno.write(before) };
    stack
}

fn ask_for_stack() -> Option<Range<usize>> {
    let mut attributes = MaybeUninit::uninit();
    // SAFETY: it only tells.
    let me = unsafe { libc::pthread_self() };
    // SAFETY: the calling thread, and a place for its attributes.
    if unsafe { libc::pthread_getattr_np(me, attributes.as_mut_ptr()) } != 0 {
        return None;
    }
    let (mut low, mut bytes) = (null_mut(), 0);
    // SAFETY: filled just now.
    let answer = unsafe { libc::pthread_attr_getstack(attributes.as_ptr(), &raw mut low, &raw mut bytes) };
    // SAFETY: as above, and not used any more.
    unsafe { libc::pthread_attr_destroy(attributes.as_mut_ptr()) };
    let low = low.addr();
    (answer == 0 && low != 0).then_some(low..low.checked_add(bytes)?)
}

impl Stack {
    /// Maps a stack of `usable` bytes, rounded up to pages.
    ///
    /// # Errors
    /// The size is absurd, or the kernel refuses it.
    pub(crate) fn map(usable: usize) -> Result<Self, OutOfMemory> {
        let bytes = whole_pages(usable).and_then(|usable| usable.checked_add(page_size())).ok_or(OutOfMemory)?;
        let _ = isize::try_from(bytes).map_err(|_| OutOfMemory)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::STACK;
        // SAFETY: a fresh anonymous mapping, at an address of the kernel's choice.
        let base = unsafe { mm::mmap_anonymous(null_mut(), bytes, ProtFlags::READ | ProtFlags::WRITE, flags) }
            .map_err(|_| OutOfMemory)?;
        let stack = Self { base: base.expose_provenance(), bytes };
        // SAFETY: the lowest page of our own mapping, which nobody uses yet.
        unsafe { mm::mprotect(base, page_size(), MprotectFlags::empty()) }.map_err(|_| OutOfMemory)?;
        Ok(stack)
    }

    /// The lowest address that may be used.
    pub(crate) fn low(&self) -> usize {
        self.base + page_size()
    }

    /// The address above the stack.
    pub(crate) fn top(&self) -> usize {
        self.base + self.bytes
    }

    /// Gives the memory below `keep_from` back to the kernel; it reads as zero from then on.
    ///
    /// # Safety
    /// Nobody uses, or will look for, what lies there.
    pub(crate) unsafe fn discard_below(&self, keep_from: usize) {
        let end = keep_from.clamp(self.low(), self.top()) & !(page_size() - 1);
        let low = with_exposed_provenance_mut(self.low());
        // SAFETY: part of our own mapping (K1), and the caller says that nobody needs its content.
        let _ = unsafe { mm::madvise(low, end - self.low(), Advice::LinuxDontNeed) };
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: our own mapping (K1); whoever owns the stack has seen its thread end.
        let _ = unsafe { mm::munmap(with_exposed_provenance_mut(self.base), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_pages() {
        let page = page_size();
        let rows = [(1, Some(page)), (page, Some(page)), (page + 1, Some(2 * page)), (0, Some(0)), (usize::MAX, None)];
        for (asked, rounded) in rows {
            assert_eq!(whole_pages(asked), rounded, "{asked}");
        }
    }

    /// The end of the mapping that an address lies in.
    fn mapping_end(address: usize) -> usize {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let number = |text| usize::from_str_radix(text, 16).unwrap();
        let ranges = maps.lines().filter_map(|line| line.split(' ').next()?.split_once('-'));
        let ranges = ranges.map(|(low, high)| number(low)..number(high));
        ranges.into_iter().find(|range| range.contains(&address)).unwrap().end
    }

    fn the_stack_is_the_calling_threads() {
        let mark = 0_u8;
        let here = (&raw const mark).addr();
        let stack = of_this_thread().unwrap();
        assert!(stack.contains(&here), "{here:#x} {stack:#x?}");
        assert!(stack.end <= mapping_end(here), "{here:#x} {stack:#x?}");
        assert_eq!(of_this_thread(), Some(stack));
    }

    #[test]
    fn the_stack_of_the_calling_thread_is_found() {
        the_stack_is_the_calling_threads();
        std::thread::spawn(the_stack_is_the_calling_threads).join().unwrap();
        crate::Thread::spawn(the_stack_is_the_calling_threads).unwrap().join().unwrap();
    }

    #[test]
    fn a_stack_has_its_size_and_absurd_ones_are_refused() {
        let stack = Stack::map(100_000).unwrap();
        assert!(stack.top() - stack.low() >= 100_000);
        for absurd in [usize::MAX, usize::MAX / 2, isize::MAX as usize, 1 << 60] {
            assert_eq!(Stack::map(absurd).map(|_| ()), Err(OutOfMemory), "{absurd:#x}");
        }
    }

    #[test]
    fn discarded_memory_reads_as_zero_and_the_rest_stays() {
        let stack = Stack::map(64 * 1024).unwrap();
        let (low, high) =
            (with_exposed_provenance_mut::<u8>(stack.low()), with_exposed_provenance_mut(stack.top() - 1));
        for place in [low, high] {
            // SAFETY: inside the mapping (K1), which nobody else uses.
            unsafe { place.write_volatile(7) };
        }
        // SAFETY: nobody uses it.
        unsafe { stack.discard_below(stack.low() + 32 * 1024) };
        // SAFETY: as above.
        let values = [low, high].map(|place| unsafe { place.read_volatile() });
        assert_eq!(values, [0, 7]);
    }
}
