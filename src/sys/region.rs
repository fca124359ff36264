//! Memory that never moves: one reservation of address space, made usable piece by piece.
//!
//! A region is reserved once (readable, all zero, no memory behind it) and [`commit`](Region::commit) makes a
//! part writable, with no lock held. An element's address is the base plus its index, so looking one up takes no
//! second load, and reading an element that was never committed yields zeroes instead of a fault.
//!
//! R1  The mapping lives, at one address, as long as the region.
//! R2  All bytes zero is a valid `T` ([`Zeroed`]).
//! R3  A child of `fork` finds the region zeroed (`MADV_WIPEONFORK`): nothing of the parent's state leaks in.
//!
//! # Safety
//! The region hands out `&T` only; writing is up to the atomics and guarded cells inside `T`, and is allowed in
//! committed parts alone, which is the caller's bookkeeping.

#![allow(unsafe_code, reason = "memory mapping")]

/// Says that a value of all zero bytes is valid.
///
/// # Safety
/// It must be.
pub(crate) unsafe trait Zeroed: Default {}

// SAFETY: an integer.
unsafe impl Zeroed for super::atomic::AtomicU64 {}

/// The kernel refused memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

#[cfg(not(ntwait_loom))]
mod mapped {
    use super::{OutOfMemory, Zeroed};
    use core::ffi::c_void;
    use core::ptr::{NonNull, null_mut};
    use rustix::mm::{self, Advice, MapFlags, MprotectFlags, ProtFlags};

    /// The smallest reservation worth having, in elements.
    const SMALLEST: usize = 4096;
    const PAGE: usize = 4096;

    /// Up to `len` elements of `T`, all zero at first.
    #[derive(Debug)]
    pub(crate) struct Region<T> {
        base: NonNull<T>,
        len: usize,
        /// In bytes.
        mapped: usize,
    }

    // SAFETY: a region is its elements; it hands out shared references only.
    unsafe impl<T: Sync> Sync for Region<T> {}
    // SAFETY: the mapping has no tie to a thread.
    unsafe impl<T: Send> Send for Region<T> {}

    impl<T: Zeroed> Region<T> {
        /// Reserves room for `len` elements, or for half as many, and so on, if address space is limited.
        pub(crate) fn reserve(len: usize) -> Result<Self, OutOfMemory> {
            Self::reserve_times(1, len)
        }

        /// The same, and behind it as many elements that stay zero.
        #[cfg(feature = "trace")]
        pub(crate) fn reserve_with_zeroes(len: usize) -> Result<Self, OutOfMemory> {
            Self::reserve_times(2, len)
        }

        fn reserve_times(times: usize, len: usize) -> Result<Self, OutOfMemory> {
            let mut len = len;
            loop {
                let mapped = times * len * size_of::<T>();
                if let Some(base) = map(mapped) {
                    return Ok(Self { base: base.cast(), len, mapped });
                }
                if len <= SMALLEST {
                    return Err(OutOfMemory);
                }
                len = (len / 2).max(SMALLEST);
            }
        }

        pub(crate) fn len(&self) -> usize {
            self.len
        }

        /// Where the first element is; if there are zeroes, theirs is [`len`](Self::len) further.
        #[cfg(feature = "trace")]
        pub(crate) fn base(&self) -> *mut T {
            self.base.as_ptr()
        }

        #[inline]
        pub(crate) fn get(&self, index: usize) -> Option<&T> {
            // SAFETY: the index is below the length.
            (index < self.len).then(|| unsafe { self.get_unchecked(index) })
        }

        /// # Safety
        /// `index` must be below [`len`](Self::len).
        #[inline]
        pub(crate) unsafe fn get_unchecked(&self, index: usize) -> &T {
            // SAFETY: the caller keeps it inside the mapping (R1).
            let element = unsafe { self.base.add(index) };
            // SAFETY: mapped and readable (R1), valid even if never written (R2), changed through atomics only.
            unsafe { element.as_ref() }
        }

        /// Position of an element of this region.
        pub(crate) fn index_of(&self, element: &T) -> usize {
            (core::ptr::from_ref(element).addr() - self.base.as_ptr().addr()) / size_of::<T>()
        }

        /// Makes elements `first .. first + count` writable. They keep what they hold.
        pub(crate) fn commit(&self, first: usize, count: usize) -> Result<(), OutOfMemory> {
            let (at, bytes) = self.pages(first, count);
            // SAFETY: our own mapping (R1); it only gains a right.
            unsafe { mm::mprotect(at, bytes, MprotectFlags::READ | MprotectFlags::WRITE) }.map_err(|_| OutOfMemory)
        }

        /// Brings in the memory of committed elements with one call instead of a fault for each page. Kernels before
        /// 5.14 do not know the call; there the faults come.
        pub(crate) fn populate(&self, first: usize, count: usize) {
            let (at, bytes) = self.pages(first, count);
            // SAFETY: our own mapping, writable here; its content does not change.
            let _ = unsafe { mm::madvise(at, bytes, Advice::LinuxPopulateWrite) };
        }

        /// The pages that these elements lie in.
        fn pages(&self, first: usize, count: usize) -> (*mut c_void, usize) {
            let start = (first * size_of::<T>()) & !(PAGE - 1);
            let end = (first + count).min(self.len) * size_of::<T>();
            (self.base.as_ptr().wrapping_byte_add(start).cast(), end - start)
        }
    }

    fn map(bytes: usize) -> Option<NonNull<c_void>> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: a fresh anonymous mapping, at an address of the kernel's choice.
        let base = unsafe { mm::mmap_anonymous(null_mut(), bytes, ProtFlags::READ, flags) }.ok()?;
        // An old kernel (before 4.14) cannot wipe; then a child sees a copy, which is what it sees of all else.
        // SAFETY: our own mapping, which nobody uses yet.
        let _ = unsafe { mm::madvise(base, bytes, Advice::LinuxWipeOnFork) };
        NonNull::new(base)
    }

    impl<T> Drop for Region<T> {
        fn drop(&mut self) {
            // SAFETY: our own mapping; every reference into it borrowed this region and is gone.
            let _ = unsafe { mm::munmap(self.base.as_ptr().cast(), self.mapped) };
        }
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use mapped::Region;

#[cfg(ntwait_loom)]
mod modelled {
    use super::{OutOfMemory, Zeroed};

    /// What a model needs at most: each element costs the checker memory and time.
    const MODEL_LEN: usize = 8;

    #[derive(Debug)]
    pub(crate) struct Region<T>(Vec<T>);

    impl<T: Zeroed> Region<T> {
        pub(crate) fn reserve(len: usize) -> Result<Self, OutOfMemory> {
            Ok(Self((0..len.min(MODEL_LEN)).map(|_| T::default()).collect()))
        }

        pub(crate) fn len(&self) -> usize {
            self.0.len()
        }

        pub(crate) fn get(&self, index: usize) -> Option<&T> {
            self.0.get(index)
        }

        /// # Safety
        /// None here; the signature is the real one's.
        pub(crate) unsafe fn get_unchecked(&self, index: usize) -> &T {
            &self.0[index]
        }

        pub(crate) fn index_of(&self, element: &T) -> usize {
            self.0.iter().position(|e| core::ptr::eq(e, element)).expect("an element of this region")
        }

        pub(crate) fn populate(&self, _first: usize, _count: usize) {}

        pub(crate) fn commit(&self, _first: usize, _count: usize) -> Result<(), OutOfMemory> {
            Ok(())
        }
    }
}

#[cfg(ntwait_loom)]
pub(crate) use modelled::Region;
