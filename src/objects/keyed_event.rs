//! The keyed event: two sides that meet at a key, and nothing that is kept.
//!
//! ```text
//!                 a waiter comes, nobody releases                 a releaser comes
//!   nobody ───────────────────────────────────────▶ waiters ─────────────────────▶ the first of them and he go on (K5)
//!          ───────────────────────────────────────▶ releasers ───────────────────▶ likewise
//!                 a releaser comes, nobody waits                  a waiter comes
//! ```
//!
//! KE1  At most one side of a key is queued: who finds the other side there goes on with the first of it at once. Both
//!      queues are under one lock.
//! KE2  A key belongs to one keyed event, by its slot and generation; so nobody meets at the key of an object that is gone
//!      and of the next in its slot. A thread that waits does not keep the object alive: what it waits for is not the
//!      object but a thread, which may have looked the handle up before it was closed.
//! KE3  As an object that ordinary waits can name it is always signalled (K11).
//! NT   `ExpKeyedEventObjectType`; facts K1–K12

use super::{Birth, Kind, Target};
use crate::waiter::seat::{Key, Space};

/// What a thread does at a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Wait,
    Release,
}

impl Side {
    const fn space(self) -> Space {
        match self {
            Self::Wait => Space::KeyedWait,
            Self::Release => Space::KeyedRelease,
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::Wait => Self::Release,
            Self::Release => Self::Wait,
        }
    }
}

/// Which keyed event, as part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    place: usize,
    generation: u32,
}

impl Identity {
    pub(crate) fn of(target: Target<'_>) -> Self {
        Self { place: core::ptr::from_ref(target.slot).addr(), generation: target.generation }
    }

    /// The one that is there without a handle (K2), of whoever is at this address, where no slot is.
    pub(crate) fn global<T>(owner: &T) -> Self {
        Self { place: core::ptr::from_ref(owner).addr(), generation: 0 }
    }

    /// The keys of this side and of the other.
    pub(crate) fn keys(self, address: usize, side: Side) -> [Key; 2] {
        [side, side.other()].map(|side| Key {
            space: side.space(),
            generation: self.generation,
            address,
            object: self.place,
        })
    }
}

/// Is it a key? (K1)
pub(crate) const fn is_key(address: usize) -> bool {
    address.is_multiple_of(2)
}

/// A new one.
pub(crate) const fn birth() -> Birth {
    Birth::plain(Kind::KeyedEvent, Kind::KeyedEvent.flags(), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_of_keys() {
        let (one, other) = (1_u8, 2_u8);
        let identities =
            [Identity::global(&one), Identity::global(&other), Identity { generation: 1, ..Identity::global(&one) }];
        let mut all = Vec::new();
        for identity in identities {
            for address in [0, 2, usize::MAX - 1] {
                let [wait, release] = identity.keys(address, Side::Wait);
                assert_eq!(identity.keys(address, Side::Release), [release, wait]);
                assert_eq!(wait.address, release.address, "under one lock");
                for key in [wait, release] {
                    assert!(!all.contains(&key), "{key:?}");
                    all.push(key);
                }
            }
        }
        assert_eq!([0, 1, 2, usize::MAX].map(is_key), [true, false, true, false]);
    }
}
