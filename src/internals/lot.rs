//! The parking lot, with keys that are numbers.

use crate::sys::clock::Timeout;
use crate::wait::Until;
use crate::wait::lot::{self, Key, Orders, Space, Terms};
use crate::waiter::park::Heed;
use crate::waiter::shield::Shield;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(Key);

impl Place {
    pub fn lock(number: usize) -> Self {
        Self(Key::new(Space::Lock, number))
    }

    /// In another bucket than locks.
    pub fn condition(number: usize) -> Self {
        Self(Key::new(Space::Condition, number))
    }
}

/// How a stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parked {
    Released(u32),
    NotValid,
    Moved,
    TimedOut,
    Alerted,
}

/// As the lot says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    pub moved: bool,
    pub was_last: bool,
}

/// As the lot says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unparked {
    pub released: usize,
    pub moved: usize,
    pub more: bool,
}

impl From<lot::Unparked> for Unparked {
    fn from(lot::Unparked { released, moved, more }: lot::Unparked) -> Self {
        Self { released, moved, more }
    }
}

/// The stay is alertable.
pub fn park(
    place: Place,
    timeout: Option<i64>,
    validate: impl FnMut() -> bool,
    mut on_leave: impl FnMut(Left),
) -> Parked {
    let mut until = Until::new(Timeout::from_nt(timeout));
    let terms = Terms { heed: Heed::Requests, until: &mut until, token: 0 };
    let left = |lot::Left { moved, was_last, .. }| on_leave(Left { moved, was_last });
    match lot::park(&mut Shield::raise(), place.0, terms, validate, left) {
        Ok(lot::Parked::Released(told)) => Parked::Released(told),
        Ok(lot::Parked::NotValid) => Parked::NotValid,
        Ok(lot::Parked::Moved) => Parked::Moved,
        Ok(lot::Parked::TimedOut) => Parked::TimedOut,
        Ok(lot::Parked::Alerted) => Parked::Alerted,
        other => panic!("{other:?}: nobody has asked for that"),
    }
}

pub fn unpark_one(place: Place, callback: impl FnOnce(Unparked) -> u32) -> bool {
    lot::unpark_one(place.0, |done| callback(done.into()))
}

pub fn unpark_all(place: Place, told: u32) -> usize {
    lot::unpark_all(place.0, told)
}

pub fn requeue(from: Place, to: Place, release: usize, transfer: usize, told: u32) -> Unparked {
    let done = lot::requeue(from.0, to.0, |_| Some(Orders { release, transfer }), |_| told);
    done.expect("it was ordered").into()
}
