//! What a registration is about: an object, a callback, how it is to be called, and whom to tell when it is over.

#![allow(unsafe_code, reason = "a context of the user's goes to another thread")]

use super::{Pinned, Runs};
use crate::nt::WaitCallback;
use crate::objects::Signal;
use crate::wait::signal;
use crate::waiter::goal;
use core::ffi::c_void;
use core::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What is called.
pub(crate) enum Callback {
    Foreign(WaitCallback, Context),
    Own(Box<dyn FnMut(bool) + Send>),
}

/// What a foreign callback is called with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context(pub(crate) *mut c_void);

// SAFETY: a number, as far as the library is concerned.
unsafe impl Send for Context {}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Callback")
    }
}

impl Callback {
    /// False: it has panicked.
    pub(super) fn call(&mut self, timed_out: bool) -> bool {
        match self {
            Self::Foreign(callback, Context(context)) => {
                goal::hidden(|| callback.call(*context, timed_out));
                true
            }
            Self::Own(closure) => catch_unwind(AssertUnwindSafe(|| closure(timed_out))).is_ok(),
        }
    }
}

/// What a registration is about.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) object: Pinned,
    /// Not here while it runs.
    pub(super) callback: Option<Callback>,
    pub(super) timeout_ns: Option<u64>,
    pub(super) once: bool,
    pub(super) runs: Runs,
}

/// An event to be set when it is over.
#[derive(Debug)]
pub(super) struct Completion(pub(super) Pinned);

impl Completion {
    pub(super) fn complete(self) {
        if let Ok(event) = self.0.target() {
            let _ = signal::signal(event, Signal::Set, self.0.resident.home());
        }
    }
}
