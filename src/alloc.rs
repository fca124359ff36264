//! The allocator that a thread is never stopped in (G1).

#![allow(unsafe_code, reason = "a global allocator")]

use crate::waiter::shield::Shield;
use std::alloc::{GlobalAlloc, Layout, System};

/// Keeps threads from being suspended or terminated while they are inside the allocator `A`.
///
/// A thread that is terminated inside `malloc` leaves `malloc`'s lock held for ever, and the process hangs at its next
/// allocation. One that is suspended there keeps the lock until it is resumed, and whoever is to resume it must not
/// allocate before. Windows has the same trap. With this allocator the request waits until the thread has left the
/// allocator, which is a matter of nanoseconds to microseconds.
///
/// It costs a thread-local counter's increment and decrement for each allocation and release, about a nanosecond each.
/// Programs that neither suspend nor terminate threads do not need it, and threads that end by themselves never do.
/// It covers what Rust code allocates; memory that C code takes from `malloc` directly is not covered.
///
/// ```
/// use ntwait::KillSafeAlloc;
///
/// #[global_allocator]
/// static ALLOC: KillSafeAlloc = KillSafeAlloc::new();
///
/// fn main() {
///     assert_eq!(vec![1, 2, 3].len(), 3);
/// }
/// ```
///
/// Any other allocator can stand in for the system's:
///
/// ```
/// # use ntwait::KillSafeAlloc;
/// # struct Arena;
/// # unsafe impl std::alloc::GlobalAlloc for Arena {
/// #     unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
/// #         unsafe { std::alloc::System.alloc(layout) }
/// #     }
/// #     unsafe fn dealloc(&self, block: *mut u8, layout: std::alloc::Layout) {
/// #         unsafe { std::alloc::System.dealloc(block, layout) }
/// #     }
/// # }
/// #[global_allocator]
/// static ALLOC: KillSafeAlloc<Arena> = KillSafeAlloc(Arena);
/// # fn main() {}
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct KillSafeAlloc<A = System>(
    /// Does the work.
    pub A,
);

impl KillSafeAlloc {
    /// Around the system's allocator.
    #[must_use]
    pub const fn new() -> Self {
        Self(System)
    }
}

// SAFETY: `A` is an allocator; its answers are passed on as they are.
unsafe impl<A: GlobalAlloc> GlobalAlloc for KillSafeAlloc<A> {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _shield = Shield::raise();
        // SAFETY: the caller's promise is passed on.
        unsafe { self.0.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let _shield = Shield::raise();
        // SAFETY: as above.
        unsafe { self.0.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let _shield = Shield::raise();
        // SAFETY: as above.
        unsafe { self.0.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _shield = Shield::raise();
        // SAFETY: as above.
        unsafe { self.0.realloc(block, layout, size) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::depth;

    /// Answers only where the thread cannot be stopped.
    struct Shielded;

    // SAFETY: the system's allocator.
    unsafe impl GlobalAlloc for Shielded {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            assert!(depth::is_raised());
            // SAFETY: passed on.
            unsafe { System.alloc(layout) }
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            assert!(depth::is_raised());
            // SAFETY: passed on.
            unsafe { System.dealloc(block, layout) }
        }
    }

    #[test]
    fn g1_the_depth_is_raised_inside_the_allocator_and_nowhere_else() {
        let alloc = KillSafeAlloc(Shielded);
        let layout = Layout::new::<[u64; 4]>();
        // SAFETY: the layout is not empty.
        let block = unsafe { alloc.alloc_zeroed(layout) };
        assert!(!block.is_null() && !depth::is_raised());
        // SAFETY: allocated above.
        let block = unsafe { alloc.realloc(block, layout, 64) };
        assert!(!block.is_null() && !depth::is_raised());
        // SAFETY: allocated above, with this size now.
        unsafe { alloc.dealloc(block, Layout::new::<[u64; 8]>()) };
        assert!(!depth::is_raised());
        // SAFETY: the layout is not empty.
        let block = unsafe { alloc.alloc(layout) };
        // SAFETY: allocated above.
        unsafe { alloc.dealloc(block, layout) };
    }
}
