//! Which registration times out next.
//!
//! X1  A registration has one entry that counts, for the time that `entry_at` says. A wait that begins later than the one
//!     that the entry was made for leaves it as it is: when it comes up, the wait is looked at, and entered again. So a
//!     registration that fires often costs nothing here.
//! X2  There is room for one entry for each registration, and as many old ones; when it is full, the old ones go.

use super::registration::Registration;
use crate::sys::atomic::Ordering;
use crate::waiter::pool::NoMemory;
use core::cmp::Reverse;
use std::collections::BinaryHeap;

const NONE: u64 = u64::MAX;

/// Entries: when, and the number of which registration.
type Entries = BinaryHeap<Reverse<(u64, u32)>>;

#[derive(Debug, Default)]
pub(super) struct Timers {
    entries: Entries,
}

impl Timers {
    /// How much room there is.
    pub(super) fn room(&self) -> usize {
        self.entries.capacity()
    }

    /// Room that [`extend`](Self::extend) can take over, made with no lock held.
    pub(super) fn allocate(room: usize) -> Result<Vec<Reverse<(u64, u32)>>, NoMemory> {
        let mut entries = Vec::new();
        entries.try_reserve_exact(room).map_err(|_| NoMemory)?;
        Ok(entries)
    }

    /// Takes over the larger room; returns what is to be freed with no lock held.
    pub(super) fn extend(&mut self, mut larger: Vec<Reverse<(u64, u32)>>) -> Vec<Reverse<(u64, u32)>> {
        if larger.capacity() <= self.room() {
            return larger;
        }
        let mut old = core::mem::take(&mut self.entries).into_vec();
        larger.append(&mut old);
        self.entries = BinaryHeap::from(larger);
        old
    }

    /// Enters a registration. True: it is the next.
    pub(super) fn enter(
        &mut self,
        registration: &Registration,
        at: u64,
        find: impl Fn(u32) -> Option<&'static Registration>,
    ) -> bool {
        let Some(number) = registration.number() else { return false };
        if at >= registration.entry_at.load(Ordering::Relaxed) {
            return false; // X1
        }
        if self.entries.len() == self.room() {
            let counts = |at, number| find(number).is_some_and(|known| known.entry_at.load(Ordering::Relaxed) == at);
            self.entries.retain(|Reverse((at, number))| counts(*at, *number));
        }
        registration.entry_at.store(at, Ordering::Relaxed);
        self.entries.push(Reverse((at, number)));
        self.next() == Some(at)
    }

    /// When the next entry comes up.
    pub(super) fn next(&self) -> Option<u64> {
        self.entries.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes a registration out whose entry has come up.
    pub(super) fn take(
        &mut self,
        now: u64,
        find: impl Fn(u32) -> Option<&'static Registration>,
    ) -> Option<&'static Registration> {
        while self.next().is_some_and(|at| at <= now) {
            let Reverse((at, number)) = self.entries.pop()?;
            let found = find(number).filter(|found| found.entry_at.load(Ordering::Relaxed) == at);
            if let Some(found) = found {
                found.entry_at.store(NONE, Ordering::Relaxed);
                return Some(found);
            }
        }
        None
    }
}
