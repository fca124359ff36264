//! Several object locks held at once, in the order of their addresses.
//!
//! G1  Locks are taken in ascending order of the slots' addresses, and no thread that holds one takes a lower
//!     one: there can be no circle of threads that wait for each other's locks.
//! G2  What the locks owe (sleepers for them, slots of objects that died) is paid after the last is released.

use crate::objects::held::{Held, Owed};
use crate::objects::slot::Slot;
use crate::objects::{Home, Target};
use crate::waiter::shield::ShieldedVec;
use core::ptr;

/// One place of a lock set: empty, held, or released and owing.
#[derive(Debug)]
pub(super) enum Place<'s> {
    Empty,
    Held(Held<'s>),
    Released(&'s Slot, Owed),
}

/// Objects locked together. Made over storage of the caller's, because no memory may be allocated under a lock.
#[derive(Debug)]
pub(super) struct LockSet<'s, 'm> {
    places: &'m mut [Place<'s>],
    count: usize,
}

impl<'s, 'm> LockSet<'s, 'm> {
    pub(super) fn new(places: &'m mut [Place<'s>]) -> Self {
        Self { places, count: 0 }
    }

    /// Adds a lock that was just taken. Its address is above all others (G1).
    pub(super) fn push(&mut self, held: Held<'s>) {
        debug_assert!(self.last().is_none_or(|last| ptr::from_ref(last) < ptr::from_ref(held.slot())));
        self.places[self.count] = Place::Held(held);
        self.count += 1;
    }

    fn last(&self) -> Option<&'s Slot> {
        match self.places[..self.count].last() {
            Some(Place::Held(held)) => Some(held.slot()),
            _ => None,
        }
    }

    /// The lock of this object, if it is among those held.
    pub(super) fn find(&mut self, slot: *const Slot) -> Option<&mut Held<'s>> {
        let places = &mut self.places[..self.count];
        let position = places.binary_search_by_key(&slot, |place| match place {
            Place::Held(held) => ptr::from_ref(held.slot()),
            Place::Empty | Place::Released(..) => ptr::null(),
        });
        match &mut places[position.ok()?] {
            Place::Held(held) => Some(held),
            Place::Empty | Place::Released(..) => None,
        }
    }

    /// Is this very object among those that are locked?
    pub(super) fn holds(&mut self, target: Target<'_>) -> bool {
        self.find(target.slot).is_some_and(|held| held.word().generation() == target.generation)
    }

    /// Would a wait of this thread for all that is locked end now?
    pub(super) fn is_all_signaled_for(&self, who: u32) -> bool {
        let is_signaled = |place: &Place<'_>| match place {
            Place::Held(held) => held.is_signaled_for(who),
            Place::Empty | Place::Released(..) => false,
        };
        let is_asked = |place: &&Place<'_>| matches!(place, Place::Held(held) if held.is_asked());
        let places = &self.places[..self.count];
        let asked = || places.iter().filter(is_asked);
        // The second round: objects/descriptor.rs, DE7.
        places.iter().all(is_signaled) && (asked().nth(1).is_none() || asked().all(is_signaled))
    }

    /// Takes everything that is locked, for this thread. Was a mutant among it that had been abandoned?
    pub(super) fn take_everything_for(&mut self, who: u32) -> bool {
        let mut abandoned = false;
        for place in &mut self.places[..self.count] {
            if let Place::Held(held) = place {
                abandoned |= held.is_abandoned();
                held.consume_for(who);
            }
        }
        abandoned
    }

    /// Releases every lock and then pays what they owe (G2).
    pub(super) fn release(self, home: &dyn Home) {
        let places = &mut self.places[..self.count];
        let mut debts = false;
        for place in &mut *places {
            if let Place::Held(held) = core::mem::replace(place, Place::Empty) {
                let slot = held.slot();
                let owed = held.unlock();
                if !owed.is_nothing() {
                    *place = Place::Released(slot, owed);
                    debts = true;
                }
            }
        }
        if debts {
            pay(places, home);
        }
    }
}

#[cold]
fn pay(places: &mut [Place<'_>], home: &dyn Home) {
    for place in places {
        if let Place::Released(slot, owed) = core::mem::replace(place, Place::Empty)
            && owed.pay(slot, home)
        {
            home.recycle(slot);
        }
    }
}

/// Storage for `count` locks, from the heap. `None` if there is no memory.
pub(super) fn storage<'s>(count: usize) -> Option<ShieldedVec<Place<'s>>> {
    let mut places = ShieldedVec::with_capacity(count)?;
    places.resize_with(count, || Place::Empty);
    Some(places)
}
