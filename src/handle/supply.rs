//! Where the table's indices and slots come from, and where memory is added.

use super::Table;
use super::shard::{Fresh, Segment, Shard};
use super::sizes::{SEGMENT, SHARDS, SLOT_RUN};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::lock::FutexLock;
use crate::sys::region::{Region, Zeroed};
use crate::sys::tls::thread_local;
use core::cell::Cell;

impl Table {
    /// Is this the process that made the table? (F5)
    pub(crate) fn is_in_its_birthplace(&self) -> bool {
        self.require_birthplace().is_ok()
    }

    /// Fails in a child of the process that made the table (F5).
    pub(super) fn require_birthplace(&self) -> Result<(), NtStatus> {
        match self.birthmark.get(0).map(|mark| mark.load(Ordering::Relaxed)) {
            Some(0) | None => Err(NtStatus::INSUFFICIENT_RESOURCES),
            Some(_) => Ok(()),
        }
    }

    #[inline]
    pub(super) fn take(&self, mask: u32) -> Result<(u32, u64, u32), NtStatus> {
        self.require_birthplace()?;
        let mut shard = self.shards[home_shard()].lock();
        if let Some(slot) = shard.take_slot(&self.slots) {
            if let Some((index, issue)) = shard.take_index(mask, &self.entries) {
                return Ok((index, issue, slot));
            }
            shard.free_slot(slot, &self.slots);
        }
        drop(shard);
        self.take_slowly(mask)
    }

    #[cold]
    fn take_slowly(&self, mask: u32) -> Result<(u32, u64, u32), NtStatus> {
        let slot = self.obtain_slot()?;
        match self.take_index(mask) {
            Ok((index, issue)) => Ok((index, issue, slot)),
            Err(status) => {
                self.shards[home_shard()].lock().free_slot(slot, &self.slots);
                Err(status)
            }
        }
    }

    /// A slot from the home shard; if it has none, from another; if nobody has, a new one.
    pub(super) fn obtain_slot(&self) -> Result<u32, NtStatus> {
        self.require_birthplace()?;
        loop {
            if let Some(slot) = self.take_anywhere(|shard| shard.take_slot(&self.slots)) {
                return Ok(slot);
            }
            self.grow_slots()?;
        }
    }

    /// An index from the home shard; if it has none, a new one; if the pool is empty, from another (F3).
    pub(super) fn take_index(&self, mask: u32) -> Result<(u32, u64), NtStatus> {
        self.require_birthplace()?;
        loop {
            let taken = self.shards[home_shard()].lock().take_index(mask, &self.entries);
            if let Some(taken) = taken {
                return Ok(taken);
            }
            if let Err(status) = self.grow_indices() {
                return self.take_anywhere(|shard| shard.take_index(mask, &self.entries)).ok_or(status);
            }
        }
    }

    fn take_anywhere<T>(&self, take: impl Fn(&mut Shard) -> Option<T>) -> Option<T> {
        let home = home_shard();
        (home..home + SHARDS).find_map(|number| take(&mut self.shards[shard_number(number)].lock()))
    }

    fn grow_indices(&self) -> Result<(), NtStatus> {
        let home = home_shard();
        // Before the claim: a run that was claimed and not added would be lost.
        let masks = Segment::room_for(SEGMENT).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        self.make_room_for_segment(home)?;
        let run = claim(&self.next_segment, SEGMENT, &self.entries)?;
        self.owners[(run.next / SEGMENT) as usize].store(home as u32, Ordering::Release);
        let mut segment = Segment::new(run.next, run.end - run.next, masks);
        while let Err(back) = self.shards[home].lock().add_segment(segment) {
            segment = back; // others took the room
            self.make_room_for_segment(home)?;
        }
        Ok(())
    }

    /// Sees to it that the shard's list of segments can take one more without an allocation (F4).
    fn make_room_for_segment(&self, home: usize) -> Result<(), NtStatus> {
        let (count, has_room) = self.shards[home].lock().segments_and_room();
        if !has_room {
            let mut roomier = Vec::new();
            roomier.try_reserve_exact(count * 2 + 4).map_err(|_| NtStatus::INSUFFICIENT_RESOURCES)?;
            let old = self.shards[home].lock().make_room(roomier);
            drop(old);
        }
        Ok(())
    }

    fn grow_slots(&self) -> Result<(), NtStatus> {
        let run = claim(&self.next_slot, SLOT_RUN, &self.slots)?;
        self.slots.populate(run.next as usize, (run.end - run.next) as usize);
        self.shards[home_shard()].lock().add_slots(run, &self.slots);
        Ok(())
    }

    pub(super) fn shard_of(&self, index: u32) -> &FutexLock<Shard> {
        let owner = self.owners[(index / SEGMENT) as usize].load(Ordering::Acquire);
        &self.shards[owner as usize]
    }
}

/// The next run of a region that nobody has, committed. Committing twice does no harm, so a loser tries again.
fn claim<T: Zeroed>(next: &AtomicU32, step: u32, region: &Region<T>) -> Result<Fresh, NtStatus> {
    let mut first = next.load(Ordering::Relaxed);
    loop {
        let end = (first + step).min(region.len() as u32);
        if first >= end {
            return Err(NtStatus::INSUFFICIENT_RESOURCES);
        }
        region.commit(first as usize, (end - first) as usize)?;
        match next.compare_exchange(first, end, Ordering::AcqRel, Ordering::Relaxed) {
            Ok(_) => return Ok(Fresh { next: first, end }),
            Err(seen) => first = seen,
        }
    }
}

thread_local! {
    static HOME_SHARD: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Which shard has this number when they are counted round and round.
#[allow(clippy::modulo_one, reason = "a model has one shard")]
fn shard_number(number: usize) -> usize {
    number % SHARDS
}

/// The shard that the calling thread takes from: threads are dealt out in turn.
pub(super) fn home_shard() -> usize {
    let dealt = HOME_SHARD.try_with(|home| {
        if home.get() == usize::MAX {
            home.set(shard_number(deal() as usize));
        }
        home.get()
    });
    dealt.unwrap_or(0) // in a destructor, late
}

#[cfg(not(ntwait_loom))]
fn deal() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(ntwait_loom)]
fn deal() -> u32 {
    0
}
