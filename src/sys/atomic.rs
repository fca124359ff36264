//! The one door to atomics: `core`'s in a program, the model checker's in a model.
//!
//! [`process_static`] declares a value that lives as long as the process (in a model: as long as one explored
//! execution), because the checker's atomics cannot be made in a constant.

#![allow(clippy::disallowed_types, reason = "this file is the door that the ban on std atomics leads to")]

#[cfg(not(ntwait_loom))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};
#[cfg(ntwait_loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// Tells the processor that this is a spin loop. A yield point in a model.
#[inline]
pub(crate) fn spin_hint() {
    #[cfg(not(ntwait_loom))]
    core::hint::spin_loop();
    #[cfg(ntwait_loom)]
    loom::thread::yield_now();
}

/// A function that returns one `'static` value: `process_static! { fn pool() -> Pool = Pool::new() }`.
macro_rules! process_static {
    ($(#[$meta:meta])* fn $name:ident() -> $type:ty = $init:expr) => {
        $(#[$meta])*
        #[inline]
        fn $name() -> &'static $type {
            #[cfg(not(ntwait_loom))]
            {
                static VALUE: $type = $init;
                &VALUE
            }
            #[cfg(ntwait_loom)]
            {
                loom::lazy_static! { static ref VALUE: $type = $init; }
                &VALUE
            }
        }
    };
}
pub(crate) use process_static;
