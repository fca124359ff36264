//! The timers of one clock, the next that is due first: a heap of four branches.
//!
//! ```text
//!                    0                    the parent of i is (i − 1) / 4
//!        ┌───────┬───┴───┬───────┐        its children are 4i + 1 … 4i + 4
//!        1       2       3       4
//! ```
//!
//! Four, and not two: the children lie in two cache lines at most, and the way down, which each expiry and most cancels
//! take, is half as long. The entries lie in memory that was made ready when the timers were born, so nothing here asks for
//! memory, and nothing can fail.
//!
//! H1  No child is due before its parent.
//! H2  A body's place is its entry's position plus one, so that a cancel removes its entry and no other.
//!
//! All of it under the lock of the schedule.

#![allow(unsafe_code, reason = "entries and places that the schedule's lock guards")]

use super::body::TimerBody;
use crate::sys::cell::Guarded;
use crate::sys::region::{Region, Zeroed};
use core::ptr;

const BRANCHES: usize = 4;

/// Room for one timer.
#[derive(Debug)]
pub(super) struct Entry {
    due: Guarded<u64>,
    body: Guarded<*const TimerBody>,
}

impl Default for Entry {
    fn default() -> Self {
        Self { due: Guarded::new(0), body: Guarded::new(ptr::null()) }
    }
}

// SAFETY: an integer and a pointer, which is null.
unsafe impl Zeroed for Entry {}
// SAFETY: the pointers are to bodies, which never go away and are shared by all threads.
unsafe impl Send for Entry {}
// SAFETY: as above, and the fields are used under the schedule's lock.
unsafe impl Sync for Entry {}

/// A timer and its moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) due: u64,
    pub(super) body: &'static TimerBody,
}

/// The heap, for whoever has the lock of the schedule.
#[derive(Debug)]
pub(super) struct Heap<'h> {
    entries: &'h Region<Entry>,
    len: &'h mut u32,
}

impl<'h> Heap<'h> {
    /// # Safety
    /// The caller holds the lock under which these entries, their number and the places of their bodies are changed. So
    /// many are committed as there are bodies.
    pub(super) unsafe fn new(entries: &'h Region<Entry>, len: &'h mut u32) -> Self {
        Self { entries, len }
    }

    /// The next that is due.
    pub(super) fn first(&self) -> Option<Item> {
        self.get(0)
    }

    fn len(&self) -> usize {
        *self.len as usize
    }

    fn get(&self, position: usize) -> Option<Item> {
        let entry = self.entries.get(position).filter(|_| position < self.len())?;
        // SAFETY: `new`'s caller holds the lock.
        let due = unsafe { entry.due.get() };
        // SAFETY: `new`'s caller holds the lock.
        let body = unsafe { entry.body.get() };
        // SAFETY: what `put` wrote; bodies are never freed.
        Some(Item { due, body: unsafe { body.as_ref() }? })
    }

    fn put(&mut self, position: usize, item: Item) {
        if let Some(entry) = self.entries.get(position) {
            // SAFETY: `new`'s caller holds the lock.
            unsafe { entry.due.set(item.due) };
            // SAFETY: `new`'s caller holds the lock.
            unsafe { entry.body.set(item.body) };
            // SAFETY: `new`'s caller holds the lock.
            unsafe { item.body.place.set(position as u32 + 1) };
        }
    }

    /// Adds a timer that is in no heap.
    pub(super) fn insert(&mut self, item: Item) {
        *self.len += 1;
        self.rise(self.len() - 1, item);
    }

    /// Takes a timer out, if it is here.
    pub(super) fn remove(&mut self, body: &'static TimerBody) {
        // SAFETY: `new`'s caller holds the lock.
        let place = unsafe { body.place.get() };
        let Some(position) = (place as usize).checked_sub(1) else {
            return;
        };
        // SAFETY: `new`'s caller holds the lock.
        unsafe { body.place.set(0) };
        let Some(last) = self.get(self.len() - 1) else {
            return;
        };
        *self.len -= 1;
        if position < self.len() {
            self.rise_or_sink(position, last);
        }
    }

    /// Puts an item where there is a gap, or above, or below it (H1).
    fn rise_or_sink(&mut self, gap: usize, item: Item) {
        match parent(gap).and_then(|above| self.get(above)) {
            Some(above) if item.due < above.due => self.rise(gap, item),
            _ => self.sink(gap, item),
        }
    }

    fn rise(&mut self, mut gap: usize, item: Item) {
        while let Some(above) = parent(gap)
            && let Some(lower) = self.get(above).filter(|known| item.due < known.due)
        {
            self.put(gap, lower);
            gap = above;
        }
        self.put(gap, item);
    }

    fn sink(&mut self, mut gap: usize, item: Item) {
        while let Some((position, child)) = self.first_child(gap).filter(|(_, child)| child.due < item.due) {
            self.put(gap, child);
            gap = position;
        }
        self.put(gap, item);
    }

    /// The child that is due first.
    fn first_child(&self, position: usize) -> Option<(usize, Item)> {
        let first = position * BRANCHES + 1;
        let children = (first..first + BRANCHES).filter_map(|child| Some((child, self.get(child)?)));
        children.min_by_key(|(_, child)| child.due)
    }
}

fn parent(position: usize) -> Option<usize> {
    Some(position.checked_sub(1)? / BRANCHES)
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::super::body;
    use super::*;

    /// H1, H2.
    fn check(heap: &Heap<'_>) {
        for position in 0..heap.len() {
            let item = heap.get(position).unwrap();
            // SAFETY: the test has the heap to itself.
            assert_eq!(unsafe { item.body.place.get() } as usize, position + 1);
            assert!(parent(position).is_none_or(|above| heap.get(above).unwrap().due <= item.due));
        }
    }

    #[test]
    fn h1_h2_random_insertions_and_removals() {
        let memory = Region::reserve(4096).unwrap();
        memory.commit(0, 4096).unwrap();
        let mut len = 0;
        // SAFETY: nobody else has this memory.
        let mut heap = unsafe { Heap::new(&memory, &mut len) };
        let bodies = Vec::from_iter((0..300).map(|_| body::take().unwrap()));
        let mut armed = vec![None; bodies.len()];
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64;
        for step in 0..20_000 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let (index, due) = (seed as usize % bodies.len(), seed >> 40 & 0xFFF);
            match armed[index].take() {
                None => {
                    heap.insert(Item { due, body: bodies[index] });
                    armed[index] = Some(due);
                }
                Some(_) => heap.remove(bodies[index]),
            }
            if step % 64 == 0 {
                check(&heap);
            }
            let least = armed.iter().flatten().min().copied();
            assert_eq!(heap.first().map(|item| item.due), least);
        }
        heap.remove(bodies[armed.iter().position(Option::is_none).unwrap()]); // not there: nothing happens
        let mut dues = Vec::new();
        while let Some(first) = heap.first() {
            dues.push(first.due);
            heap.remove(first.body);
        }
        assert_eq!(dues.len(), armed.iter().flatten().count());
        assert!(dues.is_sorted());
        bodies.into_iter().for_each(body::put);
    }
}
