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
