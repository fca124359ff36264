//! Primitives in foreign memory, and what lies in them.

#![allow(unsafe_code, reason = "reads the memory of primitives, makes them of zeros")]

use core::sync::atomic::{AtomicU64, Ordering};

/// The first eight bytes of a primitive.
pub(crate) fn word_of<T>(primitive: &T) -> u64 {
    word_at(primitive, 0)
}

/// Eight bytes of a primitive, from this offset on.
#[track_caller]
pub(crate) fn word_at<T>(primitive: &T, offset: usize) -> u64 {
    assert!(offset.is_multiple_of(8) && offset + 8 <= size_of::<T>());
    let word = core::ptr::from_ref(primitive).cast_mut().cast::<u64>().wrapping_byte_add(offset);
    // SAFETY: within the primitive, which consists of atomics, and aligned.
    unsafe { AtomicU64::from_ptr(word) }.load(Ordering::SeqCst)
}

/// Overwrites the first eight bytes, as a program may that has the structure in its own memory.
pub(crate) fn set_word<T>(primitive: &T, value: u64) {
    let word = core::ptr::from_ref(primitive).cast_mut().cast::<u64>();
    // SAFETY: as above.
    unsafe { AtomicU64::from_ptr(word) }.store(value, Ordering::SeqCst);
}

/// Types of which zeroed memory is a value.
///
/// # Safety
/// It is.
pub(crate) unsafe trait Zeroable {}

// SAFETY: one atomic integer.
unsafe impl Zeroable for ntwait::RtlSrwLock {}
// SAFETY: one atomic integer.
unsafe impl Zeroable for ntwait::RtlConditionVariable {}
// SAFETY: one atomic integer.
unsafe impl Zeroable for ntwait::RtlRunOnce {}
// SAFETY: atomic integers.
unsafe impl Zeroable for ntwait::RtlCriticalSection {}
// SAFETY: atomic integers.
unsafe impl Zeroable for ntwait::RtlBarrier {}

/// Zeroed memory of a program's own, which nobody has initialised.
pub(crate) fn zeroed<T: Zeroable>() -> &'static T {
    let memory: &'static mut [u64] = Box::leak(vec![0; size_of::<T>().div_ceil(8)].into_boxed_slice());
    // SAFETY: large enough, aligned, for ever, and zeros are a value.
    unsafe { &*memory.as_ptr().cast::<T>() }
}

/// A value that lives for ever.
pub(crate) fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}
