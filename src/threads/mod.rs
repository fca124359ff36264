//! The physical half of threads: tasks of the kernel, the C library's state for them, their stacks.
//!
//! A thread is started with a [`Job`] and ends in one of three ways; the layer above, which has the thread objects,
//! hears of each exactly once.
//!
//! ```text
//!              ┌─ run returns, leave(), pthread_exit ─▶ thread-locals, keys ─▶ finish
//!   start ─▶ run ── a bare exit system call ──────────▶ (on another thread)    orphaned
//!              └─ abandon() ──────────────────────────▶ the caller has seen to it
//! ```
//!
//! Two backends make them:
//!
//! * `Clone`: a raw `clone3` into a thread block that the C library made and still lists ([`donor`]), parked for the
//!   next job when it ends ([`carrier`]). In use where every probe passes ([`probe`]).
//! * `Pthread`: `pthread_create` on stacks of our own ([`pthread`]). Public interfaces only.
//!
//! J1  Of `finish`, `orphaned` and `abandon` one comes, once.
//! J2  A lock of this folder is held only by threads with a raised depth and all signals blocked: no thread is stopped
//!     with one in its hands.

#[cfg(not(ntwait_loom))]
mod carrier;
#[cfg(not(ntwait_loom))]
mod donor;
#[cfg(not(ntwait_loom))]
mod glibc;
#[cfg(not(ntwait_loom))]
mod launch;
#[cfg(not(ntwait_loom))]
mod life;
#[cfg(not(ntwait_loom))]
mod masked;
#[cfg(ntwait_loom)]
mod modelled;
#[cfg(not(ntwait_loom))]
mod ours;
#[cfg(not(ntwait_loom))]
mod pools;
#[cfg(not(ntwait_loom))]
mod probe;
#[cfg(not(ntwait_loom))]
mod pthread;
#[cfg(not(ntwait_loom))]
mod self_test;
#[cfg(not(ntwait_loom))]
mod service;
#[cfg(not(ntwait_loom))]
mod slot;
#[cfg(not(ntwait_loom))]
mod task;
#[cfg(all(test, not(ntwait_loom)))]
mod tests;
#[cfg(not(ntwait_loom))]
mod warden;
#[cfg(not(ntwait_loom))]
mod world;

use crate::sys::futex::LateWake;
use core::fmt;

#[cfg(not(ntwait_loom))]
pub(crate) use launch::{
    abandon, first_has_left, in_use, is_anyone_leaving, kernel_id, leave, mark, service_threads, start, used_before,
};
#[cfg(ntwait_loom)]
pub(crate) use modelled::{
    abandon, in_use, is_anyone_leaving, join, kernel_id, leave, mark, refuse, service_threads, start, start_service,
    used_before,
};
#[cfg(not(ntwait_loom))]
pub(crate) use service::{start_service, start_worker};

/// What a new thread is to do.
#[cfg_attr(ntwait_loom, allow(dead_code, reason = "a model's threads are the checker's"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) data: *mut (),
    /// The user's code, on the new thread. May return, may [`leave`], may never come back. Does not unwind.
    pub(crate) run: unsafe fn(*mut ()),
    /// On the same thread, after the destructors of thread-locals and keys, once, on every way out that passes through
    /// this layer on the thread itself. Signals are blocked. Allocation is fine. After it the data is gone. The wake is
    /// of who waits for the thread, and is done when the thread is out of the way: then he does not have to wait for it,
    /// nor it for him.
    pub(crate) finish: unsafe fn(*mut ()) -> LateWake,
    /// On another thread: the task ended without `finish`. Once.
    pub(crate) orphaned: unsafe fn(*mut ()),
}

/// Settings of one start.
#[cfg_attr(ntwait_loom, allow(dead_code, reason = "a model's threads are the checker's"))]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Start {
    /// Usable bytes; 0 is [`DEFAULT_STACK`].
    pub(crate) stack_size: usize,
    pub(crate) backend: ThreadBackend,
    pub(crate) parked: Parking,
}

/// Usable bytes of a stack for which nothing was said.
#[cfg_attr(ntwait_loom, allow(dead_code, reason = "a model's threads are the checker's"))]
pub(crate) const DEFAULT_STACK: usize = 1 << 20;

/// What becomes of a thread whose job is done: up to `most` wait for the next one, each for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parking {
    pub(crate) most: u32,
    pub(crate) idle_ms: u32,
}

impl Default for Parking {
    fn default() -> Self {
        Self { most: 8, idle_ms: 1000 }
    }
}

/// Why a thread could not be started.
#[cfg_attr(ntwait_loom, allow(dead_code, reason = "a model's threads are the checker's"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartError {
    /// A mapping was refused, or the size is absurd.
    NoMemory,
    /// The limit on threads.
    NoThread,
    /// [`ThreadBackend::Clone`] was demanded, and is not possible here.
    Unsupported,
}

impl From<crate::sys::region::OutOfMemory> for StartError {
    fn from(_: crate::sys::region::OutOfMemory) -> Self {
        Self::NoMemory
    }
}

/// How threads are made.
///
/// The environment variable `NTWAIT_THREADS` (`clone`, `pthread` or `auto`) decides for programs that leave it open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum ThreadBackend {
    /// [`Clone`](Self::Clone) where every look into the C library finds what is expected, else
    /// [`Pthread`](Self::Pthread).
    #[default]
    Auto,
    /// A raw `clone3` into a thread block that the C library made (x86-64 and AArch64, dynamic glibc 2.34 and later).
    /// Threads whose work is done wait a while for the next job.
    Clone,
    /// `pthread_create`, on stacks that are kept for the next thread.
    Pthread,
}

/// Which backend is in use, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackendInUse {
    backend: ThreadBackend,
    reason: &'static str,
}

impl BackendInUse {
    pub(crate) const fn new(backend: ThreadBackend, reason: &'static str) -> Self {
        Self { backend, reason }
    }

    /// [`ThreadBackend::Clone`] or [`ThreadBackend::Pthread`].
    #[must_use]
    pub fn backend(&self) -> ThreadBackend {
        self.backend
    }

    /// In words: `all probes passed`, `NTWAIT_THREADS=pthread`, `probe failed: __pthread_keys`.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for BackendInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.backend {
            ThreadBackend::Auto => "auto",
            ThreadBackend::Clone => "clone",
            ThreadBackend::Pthread => "pthread",
        };
        write!(f, "{name} ({})", self.reason)
    }
}
