//! Thread-local values: `std`'s in a program, the checker's in a model, whose threads share one kernel thread.

#![allow(unsafe_code, reason = "pthread keys")]

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

#[cfg(not(ntwait_loom))]
mod keys {
    use crate::sys::atomic::{AtomicU32, Ordering, process_static};
    use core::ffi::c_void;

    process_static! {
        /// The key, plus one; 0 for none yet. Only one thread asks for it.
        fn key() -> AtomicU32 = AtomicU32::new(0)
    }

    /// Has this called when the destructors of the calling thread's keys are run: for the process's first thread, where
    /// `pthread_exit` runs no others. False: there is no key left, or no memory.
    pub(crate) fn when_keys_go(call: fn()) -> bool {
        if key().load(Ordering::Relaxed) == 0 {
            let mut made = 0;
            // SAFETY: a place for the key, and a destructor for what is set below.
            if unsafe { libc::pthread_key_create(&raw mut made, Some(call_it)) } == 0 {
                key().store(made + 1, Ordering::Relaxed);
            }
        }
        let known = key().load(Ordering::Relaxed).checked_sub(1);
        // SAFETY: made above.
        known.is_some_and(|key| unsafe { libc::pthread_setspecific(key, call as *const c_void) } == 0)
    }

    unsafe extern "C" fn call_it(call: *mut c_void) {
        // SAFETY: what `when_keys_go` has set.
        let call = unsafe { core::mem::transmute::<*mut c_void, fn()>(call) };
        call();
    }
}

#[cfg(not(ntwait_loom))]
pub(crate) use keys::when_keys_go;

/// No thread of a model is the first of the process.
#[cfg(ntwait_loom)]
pub(crate) fn when_keys_go(_call: fn()) -> bool {
    false
}
