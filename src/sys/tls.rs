//! Thread-local values: `std`'s in a program, the checker's in a model, whose threads share one kernel thread.

#[cfg(not(ntwait_loom))]
pub(crate) use std::thread_local;

/// `std`'s form with `const { … }`; the checker makes its values at run time.
#[cfg(ntwait_loom)]
macro_rules! modelled {
    ($(#[$meta:meta])* static $name:ident: $type:ty = const $init:block;) => {
        loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
    ($(#[$meta:meta])* static $name:ident: $type:ty = $init:expr;) => {
        loom::thread_local! { $(#[$meta])* static $name: $type = $init; }
    };
}
#[cfg(ntwait_loom)]
pub(crate) use modelled as thread_local;
