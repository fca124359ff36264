//! A descriptor that many use for a moment, none of whom may find it closed, or another in its place.
//!
//! ```text
//!            begin               with                       end
//!   NONE ───────────▶ in use by 0 ◀────▶ in use by n ───────────────────▶ OVER, in use by n
//!    ▲                     │ end                                                  │ the last one leaves
//!    └──────── bury ◀──────┴──────────────────────────────────────────────────────┘
//! ```
//!
//! No lock is held across the system calls of its users.
//!
//! R1  The subject is buried once: by who ends it, or by the last who uses it then. Who comes later finds nothing.
//! R2  A new subject can begin when the last one is buried.
//! orderings   every move is an AcqRel change of one word; the last, to NONE, a Release store

#![allow(unsafe_code, reason = "all zero bytes are NONE")]

use crate::sys::atomic::{AtomicU64, Ordering};
use crate::sys::region::Zeroed;

/// The subject, a number of 31 bits, and how many use it.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Lease(AtomicU64);

// SAFETY: an integer; 0 is NONE.
unsafe impl Zeroed for Lease {}

/// What is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Not above 2³¹ − 2.
    pub(crate) number: u32,
    /// Of which of two sorts, for good.
    pub(crate) sort: bool,
}

const OVER: u64 = 1;
const LAST: u64 = 2;
const SORT: u64 = 4;
const USER: u64 = 8;
const USERS: u64 = 0xFFFF_FFFF & !(USER - 1);
const NUMBER_SHIFT: u32 = 32;

const fn subject(word: u64) -> Option<Subject> {
    match (word >> NUMBER_SHIFT).checked_sub(1) {
        Some(number) => Some(Subject { number: number as u32, sort: word & SORT != 0 }),
        None => None,
    }
}

impl Lease {
    /// What there is to use, unless it is over.
    pub(crate) fn subject(&self) -> Option<Subject> {
        let word = self.0.load(Ordering::Acquire);
        subject(word).filter(|_| word & OVER == 0)
    }

    /// From now on there is this to use. False: there is something already.
    #[must_use = "the subject may not have been taken"]
    pub(crate) fn begin(&self, subject: Subject) -> bool {
        let sort = if subject.sort { SORT } else { 0 };
        let word = u64::from(subject.number + 1) << NUMBER_SHIFT | sort;
        self.0.compare_exchange(0, word, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Uses the subject, if there is one.
    #[inline]
    pub(crate) fn with(&self, work: impl FnOnce(Subject), bury: impl FnOnce(Subject, bool)) {
        let entered = self.update(|word| (word & OVER == 0 && word != 0).then(|| word + USER));
        let Some(subject) = entered.and_then(|(word, _)| subject(word)) else {
            return;
        };
        work(subject);
        let word = self.0.fetch_sub(USER, Ordering::AcqRel);
        if word & (OVER | USERS) == OVER | USER {
            // It is over, and nobody enters any more: the word is ours.
            self.0.store(0, Ordering::Release);
            bury(subject, word & LAST != 0);
        }
    }

    /// There is nothing to use any more. `last` is a word to who buries it.
    pub(crate) fn end(&self, last: bool, bury: impl FnOnce(Subject, bool)) {
        let over = if last { OVER | LAST } else { OVER };
        let ended = self.update(|word| match word {
            word if word == 0 || word & OVER != 0 => None,
            word if word & USERS == 0 => Some(0),
            word => Some(word | over),
        });
        if let Some((word, 0)) = ended
            && let Some(subject) = subject(word)
        {
            bury(subject, last);
        }
    }

    #[inline]
    fn update(&self, change: impl Fn(u64) -> Option<u64>) -> Option<(u64, u64)> {
        let mut word = self.0.load(Ordering::Acquire);
        loop {
            let new = change(word)?;
            match self.0.compare_exchange(word, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some((word, new)),
                Err(seen) => word = seen,
            }
        }
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
    use core::cell::Cell;

    /// The picture at the head of this file, walked by one thread: what comes meanwhile comes from within the work.
    #[test]
    fn table_leases() {
        for number in [0, 7, (1 << 31) - 2] {
            for sort in [false, true] {
                walk(Subject { number, sort });
            }
        }
    }

    fn walk(subject: Subject) {
        let lease = Lease::default();
        let (worked, buried) = (Cell::new(0), Cell::new(0));
        let bury = |buried_subject, last| {
            assert_eq!((buried_subject, last), (subject, true));
            buried.set(buried.get() + 1);
        };
        let work = |used| {
            assert_eq!(used, subject);
            worked.set(worked.get() + 1);
        };
        lease.with(work, bury);
        lease.end(true, bury);
        assert_eq!((worked.get(), buried.get(), lease.subject()), (0, 0, None), "NONE");

        assert!(lease.begin(subject) && !lease.begin(subject));
        lease.with(work, bury);
        assert_eq!((worked.get(), buried.get(), lease.subject()), (1, 0, Some(subject)));
        lease.end(true, bury);
        assert_eq!((buried.get(), lease.subject()), (1, None), "R1: in use by nobody");

        assert!(lease.begin(subject));
        let ends = |_| {
            lease.with(work, bury);
            lease.end(true, |_, _| unreachable!("R1: it is in use"));
            lease.end(false, |_, _| unreachable!("R1: it is over"));
            lease.with(|_| unreachable!("R1: it is over"), |_, _| unreachable!());
            assert_eq!((lease.subject(), lease.begin(subject)), (None, false), "R2");
        };
        lease.with(ends, bury);
        assert_eq!((worked.get(), buried.get(), lease.begin(subject)), (2, 2, true));
    }
}
