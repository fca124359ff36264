//! An object whose lock is held: the one place from which its fields are read and changed (S2).

#![allow(unsafe_code, reason = "fields guarded by the object lock")]

use super::descriptor::{self, DescriptorBody};
use super::owner::Owner;
use super::slot::{NAME_SHIFT, Slot};
use super::word::Word;
use super::{Home, Kind, event, mirror, mutant};
use crate::sys::atomic::Ordering;
use crate::sys::futex;
use crate::waiter::waiting::Rouse;
use crate::waiter::{Link, WaitBlock};

/// An object whose lock we hold, with the word as it will be when we let go.
///
/// While it exists nobody else changes the object (O2). It must be [unlocked](Held::unlock), not dropped.
#[must_use = "the object stays locked"]
#[derive(Debug)]
pub(crate) struct Held<'s> {
    slot: &'s Slot,
    word: Word,
}

/// What the holder owes after an unlock, once it holds no lock at all.
#[must_use = "somebody may sleep for the lock, or the slot may be free"]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owed {
    sleepers: u32,
    destroyed: bool,
    /// The object is watched: is it signalled?
    observed: Option<bool>,
    /// What is to be armed (descriptor.rs, DE3).
    unready: Option<&'static DescriptorBody>,
}

impl Owed {
    pub(crate) fn is_nothing(self) -> bool {
        self.sleepers == 0 && !self.destroyed && self.observed.is_none() && self.unready.is_none()
    }

    /// Wakes who slept for the lock of this slot, sees to what the object follows, and has whoever watches the object look at it.
    /// True: the object is gone and its slot is the caller's to recycle.
    #[must_use = "a destroyed object's slot must go back to the free list"]
    pub(crate) fn pay(self, slot: &Slot, home: &dyn Home) -> bool {
        self.wake(slot);
        if let Some(signaled) = self.observed
            && let Some(lease) = home.mirror(slot)
        {
            if self.destroyed { mirror::end(lease, signaled) } else { mirror::follow(lease, slot) }
        }
        self.destroyed
    }

    /// The same for an object that lives on and whose state has not been touched.
    pub(crate) fn pay_unchanged(self, slot: &Slot) {
        debug_assert!(!self.destroyed);
        self.wake(slot);
    }

    fn wake(self, slot: &Slot) {
        if self.sleepers > 0 {
            futex::wake(slot.lock_futex(), self.sleepers);
        }
        if let Some(body) = self.unready {
            body.arm();
        }
    }
}

impl<'s> Held<'s> {
    /// The lock was taken: `word` is what the object's word is now.
    pub(super) fn new(slot: &'s Slot, word: Word) -> Self {
        Self { slot, word }
    }

    pub(crate) fn slot(&self) -> &'s Slot {
        self.slot
    }

    pub(crate) fn word(&self) -> Word {
        self.word
    }

    pub(crate) fn set_word(&mut self, word: Word) {
        self.word = word;
    }

    pub(crate) fn kind(&self) -> Kind {
        // SAFETY: S2, we hold the lock.
        let bits = unsafe { self.slot.kind.get() };
        Kind::from_bits(bits as u8)
    }

    /// The number of the name that it was born with, 0 for none.
    pub(crate) fn name(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        (unsafe { self.slot.kind.get() }) >> NAME_SHIFT
    }

    /// What the kind keeps beside the word.
    pub(crate) fn side(&self) -> u64 {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.side.get() }
    }

    /// The same, and it keeps that no more.
    pub(crate) fn take_side(&mut self) -> u64 {
        let side = self.side();
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.side.set(0) };
        side
    }

    /// Is its state asked of the kernel (descriptor.rs)?
    pub(crate) fn is_asked(&self) -> bool {
        descriptor::is_asked(self)
    }

    /// Could it be given to somebody who waits?
    pub(crate) fn is_signaled(&self) -> bool {
        if !self.word.has(Word::SPECIAL) {
            return self.word.state();
        }
        if descriptor::is_asked(self) { descriptor::ask(self) } else { self.kind().is_signaled(self.word) }
    }

    /// Would a wait of this thread end with it?
    pub(crate) fn is_signaled_for(&self, who: u32) -> bool {
        if !self.word.has(Word::SPECIAL) {
            return self.word.state();
        }
        if descriptor::is_asked(self) { descriptor::ask(self) } else { self.kind().is_signaled_for(self.word, who) }
    }

    /// Takes what one satisfied wait of this thread takes: a mutant of its own one level deeper (M9).
    ///
    /// Whoever does this for a thread holds the object's lock, and either is the thread or has decided its wait.
    pub(crate) fn consume_for(&mut self, who: u32) {
        if !self.word.has(Word::SPECIAL) {
            self.word = event::consume(self.word);
        } else if self.is_owned_by(who) {
            let _ = Owner::deepen(self.slot); // its thread has seen to it that there is a level left
        } else {
            self.word = self.kind().consume_for(self.word, who);
        }
    }

    pub(crate) fn is_mutant(&self) -> bool {
        self.word.has(Word::SPECIAL) && self.kind() == Kind::Mutant
    }

    /// A mutant whose last owner has died with it, which the next owner is told (M15).
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_mutant() && mutant::is_abandoned(self.word)
    }

    /// A mutant of this thread's own that it cannot own deeper (M11).
    pub(crate) fn is_too_deep_for(&self, who: u32) -> bool {
        self.is_owned_by(who) && self.slot.extra() >= mutant::MOST_LEVELS
    }

    /// A mutant of this thread's.
    pub(crate) fn is_owned_by(&self, who: u32) -> bool {
        self.is_mutant() && mutant::is_owned_by(self.word, who)
    }

    fn has_owner(&self) -> bool {
        self.is_mutant() && !mutant::is_free(self.word)
    }

    /// A mutant that only its owner keeps alive.
    pub(crate) fn is_forsaken(&self) -> bool {
        !self.is_referred_to() && self.has_owner()
    }

    pub(crate) fn handles(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.handles.get() }
    }

    pub(crate) fn add_handle(&mut self) {
        self.word = self.word.with(Word::SHARED);
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.handles.set(self.handles() + 1) };
    }

    /// Returns the number of the name that the object loses by that, 0 for none.
    pub(crate) fn drop_handle(&mut self) -> u32 {
        let handles = self.handles() - 1;
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.handles.set(handles) };
        if handles == 0 { self.name() } else { 0 }
    }

    /// One more reference without a handle.
    pub(crate) fn pin(&mut self) {
        self.word = self.word.with(Word::SHARED);
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.pins.set(pins + 1) };
    }

    pub(crate) fn unpin(&mut self) {
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.pins.set(pins - 1) };
    }

    /// References of any kind, for queries.
    pub(crate) fn references(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        self.handles() + pins + self.epoch_waiters() + self.queued()
    }

    /// Those who are queued.
    pub(crate) fn queued(&self) -> u32 {
        self.waiters().count() as u32
    }

    /// Those who are queued, in their order: where the waiter is, if it is a thread, and the place of the object in its wait.
    pub(crate) fn waiters(&self) -> impl Iterator<Item = (Option<usize>, u32)> {
        let mut link = self.first();
        core::iter::from_fn(move || {
            // SAFETY: we hold the lock, so what is linked stays so.
            let block = unsafe { link.follow() }?;
            // SAFETY: we hold the lock.
            link = unsafe { block.next() };
            // SAFETY: linked, and the lock is held.
            let waiter = unsafe { block.waiter() };
            // SAFETY: as above.
            let is_thread = matches!(unsafe { waiter.rouse() }, Rouse::Wake(_));
            // SAFETY: as above.
            Some((is_thread.then_some(core::ptr::from_ref(waiter).addr()), unsafe { block.index() }))
        })
    }

    pub(crate) fn has_all_waiters(&self) -> bool {
        // SAFETY: S2, we hold the lock.
        (unsafe { self.slot.all_waiters.get() }) > 0
    }

    /// The longest-waiting block.
    pub(crate) fn first(&self) -> Link {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.head.get() }
    }

    /// Puts the block at the end of the queue.
    ///
    /// # Safety
    /// The block is free, and stays where it is until it is free again.
    pub(crate) unsafe fn append(&mut self, block: &WaitBlock) {
        // SAFETY: S2, we hold the lock.
        let last = unsafe { self.slot.tail.get() };
        // SAFETY: we hold the lock; the caller answers for the block.
        unsafe { block.link_after(last) };
        if last.is_none() {
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.head.set(Link::to(block)) };
        }
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.tail.set(Link::to(block)) };
        self.count_all_waiter(block, 1);
    }

    /// Takes the block out of the queue. What becomes of it is the caller's to say.
    ///
    /// # Safety
    /// The block is linked to this object.
    pub(crate) unsafe fn unlink(&mut self, block: &WaitBlock) {
        // SAFETY: we hold the lock, and the block is on this list.
        let (before, after) = unsafe { block.unlink() };
        if before.is_none() {
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.head.set(after) };
        }
        if after.is_none() {
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.tail.set(before) };
        }
        self.count_all_waiter(block, -1);
    }

    fn count_all_waiter(&mut self, block: &WaitBlock, change: i32) {
        // SAFETY: we hold the lock of the object that the block is, or was just now, linked to.
        if unsafe { block.is_all() } {
            // SAFETY: S2, we hold the lock.
            let count = unsafe { self.slot.all_waiters.get() };
            // SAFETY: S2, we hold the lock.
            unsafe { self.slot.all_waiters.set(count.wrapping_add_signed(change)) };
        }
    }

    pub(crate) fn epoch_waiters(&self) -> u32 {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.epoch_waiters.get() }
    }

    pub(crate) fn set_epoch_waiters(&mut self, count: u32) {
        // SAFETY: S2, we hold the lock.
        unsafe { self.slot.epoch_waiters.set(count) };
    }

    /// Ends the wait of everybody who sleeps on the epoch. Release: pairs with [`Slot::epoch`].
    pub(crate) fn advance_epoch(&mut self) {
        self.slot.epoch.fetch_add(1, Ordering::Release);
        self.set_epoch_waiters(0);
    }

    fn is_referred_to(&self) -> bool {
        // SAFETY: S2, we hold the lock.
        let pins = unsafe { self.slot.pins.get() };
        self.handles() > 0 || pins > 0 || !self.first().is_none() || self.epoch_waiters() > 0
    }

    /// Lets go; if nothing refers to the object any more, that destroys it.
    pub(crate) fn unlock(self) -> Owed {
        let is_referred_to = self.is_referred_to();
        let is_forsaken = !is_referred_to && self.has_owner();
        let destroyed = !is_referred_to && !is_forsaken;
        let unready = descriptor::at_unlock(&self);
        let next = if destroyed {
            Word::new(self.word.generation() + 1, 0, false)
        } else {
            // What only its owner keeps alive ends when the owner lets go, which must then pass through the lock.
            let queued = !self.first().is_none() || self.epoch_waiters() > 0 || is_forsaken;
            self.word
                .without(Word::LOCKED | Word::PARKED)
                .set_to(Word::QUEUED, queued)
                .set_to(Word::ALL_WAITER, self.has_all_waiters())
        };
        // While the lock is held: what kind it is stands beside the word.
        let observed = self.word.has(Word::OBSERVED).then(|| self.is_signaled());
        // AcqRel: publishes the fields to the next holder. A swap loses nothing: O2.
        let old = Word::from_bits(self.slot.word.swap(next.bits(), Ordering::AcqRel));
        let sleepers = match (old.has(Word::PARKED), destroyed) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => u32::MAX, // S4
        };
        Owed { sleepers, destroyed, observed, unready }
    }
}
