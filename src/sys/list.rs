//! A list through its members, for those who look at all of a sort: it holds none of them. It stands under a lock.
//!
//! ```text
//!   list ──▶ the last that has joined ──▶ the one before ──▶ … ──▶ nothing      each by its own link
//! ```
//!
//! LI1  A member is on the list from its join until it has left, and stays where it is meanwhile. So what is met is there for as
//!      long as the lock is held.
//! LI2  Links are touched under the lock, so relaxed.
//! LI3  Who leaves a list that it is not on changes nothing: in a child of `fork` lists begin anew, and members of the parent's
//!      lists end there, too.

#![allow(unsafe_code, reason = "a list of what leaves it before it goes")]

use super::atomic::{AtomicPtr, Ordering};
use core::ptr;

/// What can be on a list.
pub(crate) trait Linked: Sized + Sync {
    /// The link to the one before, which is the list's own.
    fn link(&self) -> &AtomicPtr<Self>;
}

/// The last that has joined.
#[derive(Debug)]
pub(crate) struct List<T>(*mut T);

// SAFETY: its members can be shared by threads, and are there while they are on it (LI1).
unsafe impl<T: Linked> Send for List<T> {}

impl<T: Linked> List<T> {
    pub(crate) const EMPTY: Self = Self(ptr::null_mut());

    /// # Safety
    /// The member is on no list, and stays where it is until it has [left](Self::leave) (LI1).
    pub(crate) unsafe fn join(&mut self, member: &T) {
        member.link().store(self.0, Ordering::Relaxed);
        self.0 = ptr::from_ref(member).cast_mut();
    }

    /// LI3.
    pub(crate) fn leave(&mut self, member: &T) {
        let rest = member.link().load(Ordering::Relaxed);
        if ptr::eq(self.0, member) {
            self.0 = rest;
        } else if let Some(next) = self.iter().find(|next| ptr::eq(next.link().load(Ordering::Relaxed), member)) {
            next.link().store(rest, Ordering::Relaxed);
        }
    }

    /// All members, the last that has joined first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        let mut next = self.0;
        core::iter::from_fn(move || {
            // SAFETY: LI1; null at the end.
            let member = unsafe { next.as_ref() }?;
            next = member.link().load(Ordering::Relaxed);
            Some(member)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(u32, AtomicPtr<Self>);

    impl Linked for Number {
        fn link(&self) -> &AtomicPtr<Self> {
            &self.1
        }
    }

    fn numbers(list: &List<Number>) -> Vec<u32> {
        list.iter().map(|number| number.0).collect()
    }

    #[test]
    fn table_of_leavers() {
        let rows: [(u32, &[u32]); 4] = [(0, &[2, 1]), (1, &[2, 0]), (2, &[1, 0]), (3, &[2, 1, 0])];
        for (leaver, rest) in rows {
            let all: Vec<Number> = (0..4).map(|number| Number(number, AtomicPtr::new(ptr::null_mut()))).collect();
            let mut list = List::EMPTY;
            assert!(numbers(&list).is_empty());
            for member in &all[..3] {
                // SAFETY: it outlives the list.
                unsafe { list.join(member) };
            }
            list.leave(&all[leaver as usize]);
            assert_eq!(numbers(&list), rest, "{leaver}");
            all.iter().for_each(|member| list.leave(member));
            assert!(numbers(&list).is_empty());
        }
    }
}
