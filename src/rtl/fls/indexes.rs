//! The indexes of fiber-local slots, each in one word: free, or allocated with what is called for its values.

#![allow(unsafe_code, reason = "callbacks are kept as numbers")]

#[cfg(not(ntwait_loom))]
use super::FLS_MAXIMUM_AVAILABLE;
use crate::rtl::values::ROOM;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::waiter::goal;
use core::ffi::c_void;
use core::ptr;

pub(super) const COUNT: usize = ROOM;
#[cfg(not(ntwait_loom))]
const _: () = assert!(COUNT == FLS_MAXIMUM_AVAILABLE as usize);

/// What is called with a value that a thread leaves behind.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum FlsCallback {
    /// A function with the C calling convention of the platform.
    C(extern "C" fn(*mut c_void)),
    /// A function with the Windows x64 calling convention.
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(*mut c_void)),
}

impl FlsCallback {
    pub(super) fn call(self, value: *mut c_void) {
        match self {
            Self::C(callback) => goal::hidden(|| callback(value)),
            #[cfg(target_arch = "x86_64")]
            Self::Win64(callback) => goal::hidden(|| callback(value)),
        }
    }
}

/// An index in one word: three bits say what the others are. No address of a program has any of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index(u64);

impl Index {
    pub(super) const FREE: Self = Self(0);
    const KIND: u64 = 3 << 62;
    /// Allocated; with the address of a function of C's convention, or none.
    const C: u64 = 1 << 62;
    #[cfg(target_arch = "x86_64")]
    const WIN64: u64 = 2 << 62;
    /// Being allocated: half-way in a shielded section, so nobody waits for it.
    pub(super) const CLAIMED: Self = Self(3 << 62);
    /// Beside one of the two kinds: in the hands of a thread that frees it.
    const FREEING: u64 = 1 << 61;

    pub(super) fn allocated(callback: Option<FlsCallback>) -> Self {
        Self(match callback {
            None => Self::C,
            Some(FlsCallback::C(callback)) => Self::C | callback as usize as u64,
            #[cfg(target_arch = "x86_64")]
            Some(FlsCallback::Win64(callback)) => Self::WIN64 | callback as usize as u64,
        })
    }

    /// The word of an allocated index when somebody frees it.
    pub(super) fn freeing(self) -> Option<Self> {
        let is_allocated = self != Self::FREE && self != Self::CLAIMED && self.0 & Self::FREEING == 0;
        is_allocated.then_some(Self(self.0 | Self::FREEING))
    }

    /// What is called for the values of an index that is allocated, or being freed.
    pub(super) fn callback(self) -> Option<FlsCallback> {
        let address = ptr::with_exposed_provenance::<()>((self.0 & !Self::KIND & !Self::FREEING) as usize);
        if address.is_null() {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        if self.0 & Self::KIND == Self::WIN64 {
            // SAFETY: the address of such a function, by `allocated`.
            let callback = unsafe { core::mem::transmute::<*const (), extern "win64" fn(*mut c_void)>(address) };
            return Some(FlsCallback::Win64(callback));
        }
        // SAFETY: the address of such a function, by `allocated`.
        Some(FlsCallback::C(unsafe { core::mem::transmute::<*const (), extern "C" fn(*mut c_void)>(address) }))
    }
}

/// The indexes of the process.
#[derive(Debug)]
pub(super) struct Indexes {
    words: [AtomicU64; COUNT],
    /// Of an index that a thread is freeing: the one that it was freeing already, from whose callback the call came.
    outer: [AtomicU32; COUNT],
}

impl Indexes {
    #[cfg(not(ntwait_loom))]
    pub(super) const fn new() -> Self {
        Self { words: [const { AtomicU64::new(0) }; COUNT], outer: [const { AtomicU32::new(0) }; COUNT] }
    }

    #[cfg(ntwait_loom)]
    pub(super) fn new() -> Self {
        Self { words: core::array::from_fn(|_| AtomicU64::new(0)), outer: core::array::from_fn(|_| AtomicU32::new(0)) }
    }

    pub(super) fn load(&self, index: usize) -> Index {
        Index(self.words[index].load(Ordering::Acquire))
    }

    pub(super) fn exchange(&self, index: usize, old: Index, new: Index) -> bool {
        self.words[index].compare_exchange(old.0, new.0, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The thread that has it in hand lets go of it.
    pub(super) fn settle(&self, index: usize, new: Index) {
        self.words[index].store(new.0, Ordering::Release);
    }
    /// See the field.
    pub(super) fn outer(&self, index: usize) -> usize {
        self.outer[index].load(Ordering::Relaxed) as usize
    }

    /// By the thread that frees the index.
    pub(super) fn set_outer(&self, index: usize, outer: usize) {
        self.outer[index].store(outer as u32, Ordering::Relaxed);
    }
}
