//! A pile: anybody puts something on it, and one takes all of it at once, what was put there first coming first.
//!
//! Nothing on it is ever freed, and nothing is on two piles: what is put there is the pile's until it is taken.
//!
//! PL1 It is emptied in one step and turned over afterwards, by who then has it for himself.
//! PL2 Who has taken something may put it somewhere else before he takes the next: its link is read before that.
//! orderings   put: AcqRel exchange → taken: AcqRel exchange

#![allow(unsafe_code, reason = "a list through things that are never freed")]

use crate::sys::atomic::{AtomicPtr, Ordering};
use core::ptr;

/// What can lie on a pile.
pub(crate) trait Piled: Sync + Sized + 'static {
    /// The link of the pile.
    fn next(&self) -> &AtomicPtr<Self>;
}

#[derive(Debug)]
pub(crate) struct Pile<T: 'static> {
    top: AtomicPtr<T>,
}

impl<T: Piled> Pile<T> {
    pub(crate) fn new() -> Self {
        Self { top: AtomicPtr::new(ptr::null_mut()) }
    }

    pub(crate) fn put(&self, item: &'static T) {
        let this = ptr::from_ref(item).cast_mut();
        let mut top = self.top.load(Ordering::Relaxed);
        loop {
            item.next().store(top, Ordering::Relaxed);
            match self.top.compare_exchange(top, this, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => top = seen,
            }
        }
    }

    /// All that lies there, the first first (PL1).
    pub(crate) fn take(&self) -> impl Iterator<Item = &'static T> {
        let mut first = self.top.swap(ptr::null_mut(), Ordering::AcqRel);
        let mut turned: *mut T = ptr::null_mut();
        // SAFETY: null, or something that is never freed; the list is ours now.
        while let Some(item) = unsafe { first.as_ref() } {
            (first, turned) = (item.next().swap(turned, Ordering::Relaxed), first);
        }
        core::iter::from_fn(move || {
            // SAFETY: as above; the link is read before the item is anybody else's (PL2).
            let item = unsafe { turned.as_ref::<'static>() }?;
            turned = item.next().load(Ordering::Relaxed);
            Some(item)
        })
    }
}
