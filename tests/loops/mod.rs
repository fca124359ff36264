//! The parts of the soak: one way from a giver to a taker, and the three sorts of takers.

pub(crate) mod exported;
pub(crate) mod futures;
pub(crate) mod imported;
pub(crate) mod limits;
pub(crate) mod station;
