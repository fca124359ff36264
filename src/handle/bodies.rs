//! Where the bodies of thread objects come from, and the ids that follow from their places.
//!
//! A thread's id is four times its body's number, so it is a multiple of 4, it is its own as long as its object lives,
//! and looking a thread up by id is indexing (TH24). Bodies are used again first in, first out, and rest until many
//! others were freed, so that an id that somebody kept by mistake names nobody for a while.
//!
//! O1  A body is on the free list or belongs to one object.
//! O2  Memory is committed with no lock held.

#![allow(unsafe_code, reason = "links of the free list")]

use crate::objects::thread::ThreadBody;
use crate::sys::lock::FutexLock;
use crate::sys::region::{OutOfMemory, Region};

#[cfg(not(ntwait_loom))]
mod sizes {
    /// Threads, dead ones with handles included.
    pub(super) const MOST: usize = 1 << 18;
    /// Bodies that become usable at a time.
    pub(super) const RUN: u32 = 64;
    /// Freed bodies that rest.
    pub(super) const RESTING: u32 = 1024;
}

#[cfg(ntwait_loom)]
mod sizes {
    pub(super) const MOST: usize = 4;
    pub(super) const RUN: u32 = 4;
    pub(super) const RESTING: u32 = 0;
}

use sizes::{MOST, RESTING, RUN};

/// All bodies of one table.
#[derive(Debug)]
pub(crate) struct Bodies {
    bodies: Region<ThreadBody>,
    supply: FutexLock<Supply>,
}

#[derive(Debug, Default)]
struct Supply {
    head: u32,
    tail: u32,
    resting: u32,
    /// The first that was never used.
    fresh: u32,
    committed: u32,
}

impl Bodies {
    pub(super) fn new() -> Result<Self, OutOfMemory> {
        Ok(Self { bodies: Region::reserve(MOST)?, supply: FutexLock::new(Supply::default()) })
    }

    pub(crate) fn get(&self, number: u32) -> Option<&ThreadBody> {
        self.bodies.get(number.checked_sub(1)? as usize)
    }

    /// The body that this thread id names, if it names any.
    pub(crate) fn by_id(&self, id: u32) -> Option<&ThreadBody> {
        self.get(id / 4).filter(|_| id.is_multiple_of(4))
    }

    /// The number of one of these bodies.
    pub(crate) fn number_of(&self, body: &ThreadBody) -> u32 {
        self.bodies.index_of(body) as u32 + 1
    }

    /// The numbers of those that an object may have.
    pub(crate) fn used(&self) -> impl Iterator<Item = u32> {
        1..=self.supply.lock().fresh
    }

    /// The number of a body that is free from now on for the caller.
    pub(crate) fn take(&self) -> Result<u32, OutOfMemory> {
        loop {
            let committed = {
                let mut supply = self.supply.lock();
                if let Some(number) = self.take_from(&mut supply) {
                    return Ok(number);
                }
                supply.committed
            };
            self.commit_after(committed)?;
        }
    }

    fn take_from(&self, supply: &mut Supply) -> Option<u32> {
        let is_full = supply.fresh as usize == self.bodies.len();
        if supply.resting > RESTING || is_full && supply.resting > 0 {
            let number = supply.head;
            // SAFETY: on the free list, whose lock we hold.
            supply.head = unsafe { self.get(number)?.next_free.get() };
            supply.resting -= 1;
            return Some(number);
        }
        (supply.fresh < supply.committed).then(|| {
            supply.fresh += 1;
            supply.fresh
        })
    }

    /// Committing the same twice does no harm (O2).
    fn commit_after(&self, committed: u32) -> Result<(), OutOfMemory> {
        let end = (committed + RUN).min(self.bodies.len() as u32);
        if end == committed {
            return Err(OutOfMemory);
        }
        self.bodies.commit(committed as usize, (end - committed) as usize)?;
        let mut supply = self.supply.lock();
        supply.committed = supply.committed.max(end);
        Ok(())
    }

    /// The object died, or was not born after all.
    pub(crate) fn put(&self, number: u32) {
        let Some(body) = self.get(number) else {
            return;
        };
        body.withdraw();
        let mut supply = self.supply.lock();
        if supply.resting == 0 {
            supply.head = number;
        } else if let Some(last) = self.get(supply.tail) {
            // SAFETY: on the free list, whose lock we hold.
            unsafe { last.next_free.set(number) };
        }
        supply.tail = number;
        supply.resting += 1;
    }
}

/// The id of the thread whose body has this number.
pub(crate) const fn id_of(number: u32) -> u32 {
    number * 4
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;
    use crate::waiter::shield::Shield;

    #[test]
    fn th24_ids_are_multiples_of_4_and_rest_before_they_come_back() {
        let _shield = Shield::raise();
        let bodies = Bodies::new().unwrap();
        let first = bodies.take().unwrap();
        assert_eq!((first, id_of(first)), (1, 4));
        bodies.put(first);
        let until_it_comes_back = (0..).take_while(|_| {
            let number = bodies.take().unwrap();
            bodies.put(number);
            number != first
        });
        assert!(until_it_comes_back.count() >= RESTING as usize);
        for (id, is_known) in [(0, false), (4, true), (5, false), (u32::MAX, false), (4 * (MOST as u32 + 1), false)] {
            assert_eq!(bodies.by_id(id).is_some(), is_known, "{id}");
        }
    }

    #[test]
    fn all_bodies_can_be_used_and_then_no_more() {
        let _shield = Shield::raise();
        let bodies = Bodies::new().unwrap();
        assert_eq!((0..MOST).filter_map(|_| bodies.take().ok()).count(), MOST);
        assert_eq!(bodies.take(), Err(OutOfMemory));
        bodies.put(77);
        assert_eq!(bodies.take(), Ok(77));
    }
}
