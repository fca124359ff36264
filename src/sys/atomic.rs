//! The one door to atomics: `core`'s in a program, the model checker's in a model.
//!
//! [`process_static`] declares a value that lives as long as the process (in a model: as long as one explored
//! execution), because the checker's atomics cannot be made in a constant.

#![allow(clippy::disallowed_types, reason = "this file is the door that the ban on std atomics leads to")]

#[cfg(not(ntwait_loom))]
pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence};
#[cfg(ntwait_loom)]
pub(crate) use modelled::{AtomicPtr, AtomicU32, AtomicU64, Ordering, weak_loads};

/// The atomics of the library's users, on which their threads wait: in a model too, they are not the library's own.
pub(crate) mod foreign {
    pub(crate) use core::sync::atomic::{
        AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
        AtomicUsize, Ordering,
    };
}

/// The checker's atomics, with loads that it cannot overlook.
///
/// The checker tries another order of two accesses where they conflict, but it remembers only the last access to each
/// atomic (loom issues 166 and 392): the load before a thread's own compare-exchange hides the load that another
/// thread did before, and the orders in which that one comes later are never tried. So a load is made a
/// compare-exchange that fails: it conflicts with everything, every order is tried, and it never finds an old value.
/// [`weak_loads`] switches to plain loads, which do find old values; each model is run both ways.
#[cfg(ntwait_loom)]
mod modelled {
    use loom::sync::atomic as checked;
    pub(crate) use loom::sync::atomic::Ordering;
    use std::cell::Cell;

    std::thread_local! {
        // The threads of one model share one kernel thread.
        static WEAK: Cell<bool> = const { Cell::new(false) };
    }

    /// How the models of this kernel thread load from now on.
    pub(crate) fn weak_loads(weak: bool) {
        WEAK.set(weak);
    }

    macro_rules! atomic {
        ($name:ident $(<$param:ident>)?, $value:ty, never $never:expr, $($operation:ident)*) => {
            #[derive(Debug)]
            pub(crate) struct $name $(<$param>)? (checked::$name $(<$param>)?);

            impl $(<$param>)? $name $(<$param>)? {
                pub(crate) fn new(value: $value) -> Self {
                    Self(checked::$name::new(value))
                }

                pub(crate) fn load(&self, order: Ordering) -> $value {
                    if WEAK.get() {
                        return self.0.load(order);
                    }
                    match self.0.compare_exchange($never, $never, Ordering::AcqRel, order) {
                        Ok(value) | Err(value) => value,
                    }
                }

                pub(crate) fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    self.0.compare_exchange(current, new, success, failure)
                }

                $(pub(crate) fn $operation(&self, value: $value, order: Ordering) -> $value {
                    self.0.$operation(value, order)
                })*
            }
        };
    }
    // The values that are never there: no state, count, word, entry or pointer has all bits set.
    atomic!(AtomicU32, u32, never u32::MAX, swap fetch_add fetch_sub fetch_and fetch_or);
    atomic!(AtomicU64, u64, never u64::MAX, swap fetch_sub);
    atomic!(AtomicPtr<T>, *mut T, never core::ptr::without_provenance_mut(usize::MAX), swap);

    impl AtomicU32 {
        pub(crate) fn store(&self, value: u32, order: Ordering) {
            self.0.store(value, order);
        }
    }

    impl AtomicU64 {
        pub(crate) fn store(&self, value: u64, order: Ordering) {
            self.0.store(value, order);
        }
    }

    impl<T> AtomicPtr<T> {
        pub(crate) fn store(&self, value: *mut T, order: Ordering) {
            self.0.store(value, order);
        }
    }

    impl Default for AtomicU64 {
        fn default() -> Self {
            Self::new(0)
        }
    }
}

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

/// A function that is `const`, except in a model, where it makes one of the checker's atomics.
macro_rules! const_outside_models {
    ($(#[$meta:meta])* $vis:vis fn $name:ident($($argument:ident: $type:ty),*) -> Self $body:block) => {
        #[cfg(not(ntwait_loom))]
        $(#[$meta])*
        $vis const fn $name($($argument: $type),*) -> Self $body
        #[cfg(ntwait_loom)]
        $(#[$meta])*
        $vis fn $name($($argument: $type),*) -> Self $body
    };
}
pub(crate) use const_outside_models;
