//! A section in which the calling thread is neither suspended nor terminated (G1).

use super::interrupt;
use crate::sys::depth;
use core::marker::PhantomData;
use core::mem;
use core::ops::{Deref, DerefMut};

/// Keeps requests to stop away from the thread until it is dropped; then, if it was the outermost, obeys them.
///
/// Every lock of the library is taken under one. It is dropped after the last lock is released and the last wake done,
/// because it may put the thread to sleep, or end it.
#[must_use = "the section ends with it"]
#[derive(Debug)]
pub(crate) struct Shield(PhantomData<*const ()>); // the depth is the thread's own

impl Shield {
    #[inline]
    pub(crate) fn raise() -> Self {
        depth::raise();
        Self(PhantomData)
    }

    /// Obeys what the thread was asked to while the section lasted, and begins it anew. It is the outermost, and the thread
    /// holds nothing.
    pub(crate) fn obey(&mut self) {
        self.end();
        debug_assert!(!depth::is_raised());
        interrupt::serve();
        depth::raise();
    }

    #[inline]
    fn end(&self) {
        if depth::lower() && interrupt::has_come() {
            interrupt::serve();
        }
    }
}

impl Drop for Shield {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

/// A list that is made and freed under a shield, and may be used outside: a thread that ends with it in use loses its
/// memory, and does not end inside the allocator.
#[derive(Debug)]
pub(crate) struct ShieldedVec<T>(Vec<T>);

impl<T> ShieldedVec<T> {
    /// `None`: no memory.
    pub(crate) fn with_capacity(count: usize) -> Option<Self> {
        let _shield = Shield::raise();
        let mut list = Vec::new();
        list.try_reserve_exact(count).ok()?;
        Some(Self(list))
    }
}

impl<T> Deref for ShieldedVec<T> {
    type Target = Vec<T>;
    fn deref(&self) -> &Vec<T> {
        &self.0
    }
}

impl<T> DerefMut for ShieldedVec<T> {
    fn deref_mut(&mut self) -> &mut Vec<T> {
        &mut self.0
    }
}

impl<T> Drop for ShieldedVec<T> {
    fn drop(&mut self) {
        let _shield = Shield::raise();
        drop(mem::take(&mut self.0));
    }
}
