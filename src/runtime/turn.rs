//! Work on something that lies outside, a descriptor, that is to follow what lies inside: one does it at a time, and as often as
//! it was asked for.
//!
//! ```text
//!            begin              ask                       ask
//!   NONE ───────────▶ IDLE ───────────▶ BUSY ──────────────────────▶ BUSY|AGAIN
//!    ▲                 │ ▲               │ ▲        works again          │
//!    │                 │ └──── done ─────┘ └─────────────────────────────┘
//!    │       end       │                 │ end: OVER beside BUSY
//!    └─────────────────┴──── bury ◀──────┘ done: whoever was busy buries
//! ```
//!
//! Whoever has changed what lies inside asks. If somebody is at work, that one works again and the asker goes on: no lock is held
//! across the system calls of the work, and what was asked for last is done last.
//!
//! R1  AGAIN is taken away before the work looks at what lies inside, and set after that was changed: so work that begins after a
//!     change has seen it, and nothing is forgotten.
//! R2  The subject belongs to whoever is BUSY. It is buried once: by who ends it, or by who is busy then. So it is never closed
//!     while somebody else is about to use it.
//! R3  `mark` is a note of the work's own about the subject, from one time to the next.
//! orderings   every move is an AcqRel exchange of one word

#![allow(unsafe_code, reason = "all zero bytes are NONE")]

use crate::sys::atomic::{AtomicU64, Ordering};
use crate::sys::region::Zeroed;

/// Whose turn it is, and the subject: a number of 31 bits.
#[derive(Debug, Default)]
#[repr(transparent)]
pub(crate) struct Turn(AtomicU64);

// SAFETY: an integer; 0 is NONE.
unsafe impl Zeroed for Turn {}

/// What the work is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subject {
    /// Not above 2³¹ − 2.
    pub(crate) number: u32,
    /// Of which of two sorts, for good.
    pub(crate) sort: bool,
}

const BUSY: u64 = 1;
const AGAIN: u64 = 2;
const OVER: u64 = 4;
const MARK: u64 = 8;
const SORT: u64 = 16;
const NUMBER_SHIFT: u32 = 32;

const fn subject(word: u64) -> Option<Subject> {
    match (word >> NUMBER_SHIFT).checked_sub(1) {
        Some(number) if word & OVER == 0 => Some(Subject { number: number as u32, sort: word & SORT != 0 }),
        _ => None,
    }
}

impl Turn {
    /// What there is to work on.
    pub(crate) fn subject(&self) -> Option<Subject> {
        subject(self.0.load(Ordering::Acquire))
    }

    /// From now on there is this to work on. False: there is something already.
    #[must_use = "the subject may not have been taken"]
    pub(crate) fn begin(&self, subject: Subject) -> bool {
        let sort = if subject.sort { SORT } else { 0 };
        let word = u64::from(subject.number + 1) << NUMBER_SHIFT | sort;
        self.0.compare_exchange(0, word, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Has the work done, by the caller or by who is at it. The work is given the mark, and says what it is from then on.
    pub(crate) fn ask(&self, mut work: impl FnMut(Subject, bool) -> bool, bury: impl FnOnce(Subject)) {
        let asked = self.update(|word| {
            subject(word)?;
            Some(if word & BUSY == 0 { word | BUSY } else { word | AGAIN })
        });
        let Some((before, mut word)) = asked.filter(|(before, _)| before & BUSY == 0) else {
            return;
        };
        let Some(subject) = subject(before) else { return };
        loop {
            let mark = if work(subject, word & MARK != 0) { MARK } else { 0 };
            let left = self.update(|word| {
                Some(match word {
                    word if word & OVER != 0 => 0,
                    word if word & AGAIN != 0 => word & !(AGAIN | MARK) | mark, // R1
                    word => word & !(BUSY | MARK) | mark,
                })
            });
            let Some((_, after)) = left else { return };
            match after {
                0 => return bury(subject), // R2
                after if after & BUSY == 0 => return,
                after => word = after,
            }
        }
    }

    /// There is nothing to work on any more.
    pub(crate) fn end(&self, bury: impl FnOnce(Subject)) {
        let ended = self.update(|word| {
            subject(word)?;
            Some(if word & BUSY == 0 { 0 } else { word | OVER })
        });
        if let Some((before, 0)) = ended
            && let Some(subject) = subject(before)
        {
            bury(subject);
        }
    }

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

    const SUBJECT: Subject = Subject { number: 0, sort: true };

    /// The picture at the head of this file, walked by one thread: what comes meanwhile comes from within the work.
    #[test]
    fn table_turns() {
        let turn = Turn::default();
        let (worked, buried) = (Cell::new(0), Cell::new(0));
        let bury = |subject| {
            assert_eq!(subject, SUBJECT);
            buried.set(buried.get() + 1);
        };
        let counted = |_, mark: bool| {
            worked.set(worked.get() + 1);
            !mark
        };
        turn.ask(counted, bury);
        turn.end(bury);
        assert_eq!((worked.get(), buried.get(), turn.subject()), (0, 0, None), "NONE");

        assert!(turn.begin(SUBJECT) && !turn.begin(SUBJECT));
        turn.ask(counted, bury);
        assert_eq!((worked.get(), turn.subject()), (1, Some(SUBJECT)), "IDLE, BUSY, IDLE");

        let asked = Cell::new(0);
        let asks = |subject, mark: bool| {
            assert_eq!((subject, mark), (SUBJECT, asked.get() % 2 == 0), "R3");
            if asked.get() < 2 {
                turn.ask(|_, _| unreachable!("somebody is at work"), |_| unreachable!());
                turn.ask(|_, _| unreachable!("somebody is at work"), |_| unreachable!());
            }
            asked.set(asked.get() + 1);
            !mark
        };
        turn.ask(asks, bury);
        assert_eq!(asked.get(), 3, "R1: twice asked for meanwhile is once more");

        let ends = |_, mark: bool| {
            turn.end(|_| unreachable!("R2: somebody is at work"));
            assert_eq!(turn.subject(), None);
            assert!(!turn.begin(SUBJECT), "not before it is buried");
            mark
        };
        turn.ask(ends, bury);
        assert_eq!(buried.get(), 1, "R2");
        assert!(turn.begin(SUBJECT));
        turn.end(bury);
        assert_eq!((buried.get(), turn.subject()), (2, None));
    }
}
