//! The hand-shake with `setresuid` and its like, which change every thread of the process.
//!
//! The C library marks each thread block, signals each thread whose `tid` it finds there, and waits for those that it
//! could signal. A thread that ends must not leave it waiting; a slot that gets a new task must not let that one slip
//! through with the old identity.
//!
//! ```text
//!   task ends, the slot is used again:   tid := 0, then wait until not marked, then exit
//!   task ends for good:                  set EXITING, then wait until not marked, then exit
//! ```
//!
//! X1  Marking comes before signalling, and both go by the block: a thread that sees no mark after it has cleared its
//!     `tid` is not waited for.
//! X2  A slot without a task has `tid` 0 and no EXITING: it is marked like the others. The kernel writes the `tid` of a
//!     new task before the task runs, and who made it is signalled after it has, so `setresuid`, which looks again until
//!     nobody was left to signal, finds the new task if it was made with the old identity.

#![allow(unsafe_code, reason = "words of the thread block")]

use super::View;
use super::symbols::{Failed, descriptor, probe};
use crate::sys::atomic::{AtomicU32, Ordering};
use crate::sys::clone;
use crate::threads::masked::let_setxid_through;
use core::ptr;

const EXITING: u32 = 0x10;
const MARKED: u32 = 0x40;

/// Two fields of a thread block, by their offset.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::threads) struct Fields {
    tid: Option<usize>,
    flags: Option<usize>,
}

impl Fields {
    pub(in crate::threads) fn find() -> Self {
        Self {
            tid: descriptor!("_thread_db_pthread_tid", 32, 1).ok(),
            flags: descriptor!("_thread_db_pthread_cancelhandling", 32, 1).ok(),
        }
    }

    /// Are they there, and is the first what it should be in the calling thread?
    pub(super) fn prove(&self) -> Result<(), Failed> {
        probe!("_thread_db_pthread_tid", self.tid.is_some())?;
        probe!("_thread_db_pthread_cancelhandling", self.flags.is_some())?;
        let tid = self.view().tid;
        probe!("tid field", word(tid) == crate::sys::cpu::thread_id())
    }

    /// What they and public interfaces tell of the calling thread.
    pub(in crate::threads) fn view(&self) -> View {
        // SAFETY: takes nothing.
        let pthread = unsafe { libc::pthread_self() };
        let field = |offset: Option<usize>| offset.map_or(0, |offset| pthread as usize + offset);
        View {
            pthread,
            thread_pointer: clone::thread_pointer(),
            cleared: clone::cleared_at_exit().map_or(0, |word| word.expose_provenance()),
            tid: field(self.tid),
            flags: field(self.flags),
            ..View::default()
        }
    }
}

fn atomic(at: usize) -> Option<&'static AtomicU32> {
    let word: *const AtomicU32 = ptr::with_exposed_provenance(at);
    // SAFETY: 0, or a word of a thread block that lives at least as long as the slot (G2).
    unsafe { word.as_ref() }
}

pub(super) fn word(at: usize) -> u32 {
    atomic(at).map_or(0, |word| word.load(Ordering::SeqCst))
}

/// Are the flags as they were when the thread began, but for a mark?
pub(super) fn is_calm(flags: usize, calm: u32) -> bool {
    word(flags) & !MARKED == calm & !MARKED
}

fn wait_until_not_marked(flags: usize) {
    if word(flags) & MARKED == 0 {
        return;
    }
    let_setxid_through();
    while word(flags) & MARKED != 0 {
        rustix::thread::sched_yield();
    }
}

impl View {
    /// The last that a task does on a slot which is used again.
    pub(in crate::threads) fn leave_in_good_order(&self) {
        self.clear_tid();
        wait_until_not_marked(self.flags);
    }

    /// The last that a task does which ends without the C library, on a slot that is not used again.
    pub(in crate::threads) fn leave_for_good(&self) {
        if let Some(flags) = atomic(self.flags) {
            flags.fetch_or(EXITING, Ordering::SeqCst);
            wait_until_not_marked(self.flags);
        }
        // Where it is the word that the kernel clears, the kernel shall do it: somebody may wait for that.
        if self.tid != self.cleared {
            self.clear_tid();
        }
    }

    fn clear_tid(&self) {
        if let Some(tid) = atomic(self.tid) {
            tid.store(0, Ordering::SeqCst);
        }
    }

    /// What the kernel and the task would have done, for a task that has died.
    pub(in crate::threads) fn bury(&self) {
        self.clear_tid();
        if let Some(cleared) = atomic(self.cleared) {
            cleared.store(0, Ordering::SeqCst);
            clone::wake_shared(cleared);
        }
    }

    /// Has the kernel the C library's word to clear when the task ends.
    pub(in crate::threads) fn restore_cleared(&self) {
        if let Some(cleared) = atomic(self.cleared) {
            // SAFETY: the word that was the kernel's to clear before.
            unsafe { clone::set_cleared_at_exit(cleared) };
        }
    }
}
