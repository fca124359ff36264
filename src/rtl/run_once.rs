//! Run-once blocks: something that is done once, whoever needs it first (RO1–RO12).
//!
//! ```text
//!               begin                    complete
//!   IDLE (0) ───────────▶ SYNC (1) ─────────────────────▶ DONE (2 │ context)
//!     ▲ ▲                  │ ▲  │ failed, somebody queued: the first of them goes on
//!     │ └──────────────────┘ └──┘
//!     │  failed, nobody queued
//!     │          begin async                     complete async, the first
//!     └─────── ─────────────▶ ASYNC (3) ─────────────────────────────────▶ DONE
//! ```
//!
//! The lower two bits are the state (RO1). In SYNC bit 2 says that somebody may be queued; in DONE the rest is the context.
//!
//! RB1 The mark QUEUED is set, and a thread queues, only in SYNC and under the queue's lock; so who leaves SYNC without the
//!     mark leaves nobody behind, and who finds it goes through the queue.
//! RB2 The initialiser's part is handed on under the queue's lock (RO11): no third thread comes between.
//! RB3 The last of those who leave the queue otherwise (they are to stop) takes the mark away.
//! orderings   complete: Release → begin: Acquire, both on the word.

mod typed;

pub use typed::RunOnce;

use super::stay::{Stay, stay};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU64, Ordering, const_outside_models};
use crate::sys::cpu::BackOff;
use crate::wait::lot::{self, Key, Left, Space};
use crate::waiter::shield::Shield;
use bitflags::bitflags;

bitflags! {
    /// `RTL_RUN_ONCE_*`: how [`RtlRunOnce`]'s calls are meant.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct RunOnceFlags: u32 {
        /// Begin: only say whether it is done.
        const CHECK_ONLY = 0x1;
        /// Several threads may try at the same time, and the first to complete wins.
        const ASYNC = 0x2;
        /// Complete: it was not done after all.
        const INIT_FAILED = 0x4;
    }
}

const STATE: u64 = 0b11;
const IDLE: u64 = 0;
const SYNC: u64 = 1;
const DONE: u64 = 2;
const ASYNC: u64 = 3;
const QUEUED: u64 = 1 << 2;

/// Told to who is released: look again.
const LOOK: u32 = 0;
/// Told to who is released: you are the initialiser.
const YOUR_TURN: u32 = 1;

/// `RTL_RUN_ONCE`: one pointer, all zero while nothing was begun, so that zeroed memory is one.
///
/// [`RunOnce`] is the same with a closure. A thread that waits for the initialiser can be suspended and terminated; if the
/// initialiser is terminated, the others wait for ever, as on Windows. Waits are not alertable and have no time-out.
#[derive(Debug)]
#[repr(C)]
pub struct RtlRunOnce {
    word: AtomicU64,
}

impl RtlRunOnce {
    const_outside_models! {
        /// `RTL_RUN_ONCE_INIT`: nothing was begun.
        #[must_use]
        pub fn new() -> Self {
            Self { word: AtomicU64::new(IDLE) }
        }
    }

    /// `RtlRunOnceInitialize`: nothing was begun, whatever was before. Not for a block that others use.
    pub fn rtl_run_once_initialize(&self) {
        self.word.store(IDLE, Ordering::Release);
    }

    /// `RtlRunOnceBeginInitialize`. `PENDING`: the caller is to do it, and to
    /// [complete](Self::rtl_run_once_complete) (RO2, RO7). `SUCCESS`: it is done, and `context` has what the initialiser
    /// left (RO3). A thread that comes while another is at it waits for that one, unless both say `ASYNC`.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: `CHECK_ONLY` together with `ASYNC` (RO5), other flags, a begun block of the other mode (RO6).
    /// `UNSUCCESSFUL`: `CHECK_ONLY`, and it is not done (RO4). `context` is untouched, also for `PENDING`.
    #[inline]
    pub fn rtl_run_once_begin_initialize(&self, flags: RunOnceFlags, context: Option<&mut usize>) -> NtStatus {
        let word = self.word.load(Ordering::Acquire);
        if word & STATE == DONE && flags.is_empty() {
            return deliver(word, context);
        }
        self.begin_slow(flags, context)
    }

    #[cold]
    fn begin_slow(&self, flags: RunOnceFlags, context: Option<&mut usize>) -> NtStatus {
        let mine = match () {
            () if flags == RunOnceFlags::CHECK_ONLY => return self.check(context),
            () if flags == RunOnceFlags::ASYNC => ASYNC,
            () if flags.is_empty() => SYNC,
            () => return NtStatus::INVALID_PARAMETER,
        };
        loop {
            let word = self.word.load(Ordering::Acquire);
            match word & STATE {
                DONE => return deliver(word, context),
                IDLE if self.exchange(word, mine, Ordering::Acquire) => return NtStatus::PENDING,
                IDLE => {}
                ASYNC if mine == ASYNC => return NtStatus::PENDING,
                SYNC if mine == SYNC => {
                    if self.wait() == YOUR_TURN {
                        return NtStatus::PENDING;
                    }
                }
                _ => return NtStatus::INVALID_PARAMETER,
            }
        }
    }

    fn check(&self, context: Option<&mut usize>) -> NtStatus {
        let word = self.word.load(Ordering::Acquire);
        if word & STATE == DONE { deliver(word, context) } else { NtStatus::UNSUCCESSFUL }
    }

    #[inline]
    fn is_done(&self) -> bool {
        self.word.load(Ordering::Acquire) & STATE == DONE
    }

    /// Waits until the initialiser is done or fails. What it was told; or it is to look again.
    fn wait(&self) -> u32 {
        let mut back_off = BackOff::default();
        match stay(&mut Shield::raise(), self.key(), 0, || self.join(), |left| self.mend(left)) {
            Stay::Released(told) => told,
            Stay::NotValid => LOOK,
            Stay::NoMemory => {
                back_off.pause();
                LOOK
            }
        }
    }

    /// Somebody queues, if there is something to wait for (RB1).
    fn join(&self) -> bool {
        self.change(|word| (word & STATE == SYNC).then_some(word | QUEUED))
    }

    /// RB3.
    fn mend(&self, left: Left) {
        if left.was_last {
            self.change(|word| (word & STATE == SYNC).then_some(word & !QUEUED));
        }
    }

    /// `RtlRunOnceComplete`: it is done, and `context` is what those get who come later; or, with `INIT_FAILED`, it is not,
    /// and one of those who wait tries (RO11). `ASYNC` if the begin said so; then the first to complete wins.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: a context whose lower two bits are not zero (RO8); `INIT_FAILED` with a context or with `ASYNC`
    /// (RO9); other flags; the other mode than was begun in. `UNSUCCESSFUL`: nothing was begun, or it is done already
    /// (RO7, RO10).
    pub fn rtl_run_once_complete(&self, flags: RunOnceFlags, context: usize) -> NtStatus {
        let failed = flags.contains(RunOnceFlags::INIT_FAILED);
        let known = RunOnceFlags::INIT_FAILED | RunOnceFlags::ASYNC;
        let odd = context as u64 & STATE != 0 || !known.contains(flags);
        if odd || failed && (context != 0 || flags.contains(RunOnceFlags::ASYNC)) {
            return NtStatus::INVALID_PARAMETER;
        }
        let mine = if flags.contains(RunOnceFlags::ASYNC) { ASYNC } else { SYNC };
        let next = if failed { IDLE } else { context as u64 | DONE };
        loop {
            let word = self.word.load(Ordering::Relaxed);
            match word & STATE {
                IDLE | DONE => return NtStatus::UNSUCCESSFUL,
                state if state != mine => return NtStatus::INVALID_PARAMETER,
                _ if word & QUEUED != 0 && mine == SYNC => return self.complete_queued(next),
                _ if self.exchange(word, next, Ordering::Release) => return NtStatus::SUCCESS,
                _ => {}
            }
        }
    }

    /// RB2.
    fn complete_queued(&self, next: u64) -> NtStatus {
        let mut status = NtStatus::SUCCESS;
        let filter = |chosen: lot::Chosen, _| match next == IDLE && chosen.count > 0 {
            true => lot::Choice::Stop,
            false => lot::Choice::Take,
        };
        lot::unpark_while(self.key(), filter, |unparked| {
            let (next, told) = match (next, unparked.released) {
                (IDLE, 1..) => (SYNC | if unparked.more { QUEUED } else { 0 }, YOUR_TURN),
                _ => (next, LOOK),
            };
            if !self.change(|word| (word & STATE == SYNC).then_some(next)) {
                status = NtStatus::UNSUCCESSFUL; // somebody else has completed it as well
                return LOOK;
            }
            told
        });
        status
    }

    /// `RtlRunOnceExecuteOnce`: runs `init` if nobody has, and waits if somebody is at it. `init` gets a place for the
    /// context and says whether it was done (RO12). It runs with no lock held; if it begins the same block, it waits for
    /// itself.
    ///
    /// # Errors
    /// `UNSUCCESSFUL`: `init` has said no; then another may try. `INVALID_PARAMETER`: asynchronous initialisations are
    /// under way (RO6), or a context whose lower two bits are not zero (RO8): it counts as a failure.
    pub fn rtl_run_once_execute_once(
        &self,
        init: impl FnOnce(&mut usize) -> bool,
        context: Option<&mut usize>,
    ) -> NtStatus {
        let mut made = 0;
        let mut context = context;
        match self.rtl_run_once_begin_initialize(RunOnceFlags::empty(), context.as_deref_mut()) {
            NtStatus::PENDING => {}
            status => return status,
        }
        let attempt = Attempt(self);
        if !init(&mut made) {
            return NtStatus::UNSUCCESSFUL;
        }
        let status = self.rtl_run_once_complete(RunOnceFlags::empty(), made);
        if status == NtStatus::SUCCESS {
            core::mem::forget(attempt);
            if let Some(context) = context {
                *context = made;
            }
        }
        status
    }

    fn change(&self, change: impl Fn(u64) -> Option<u64>) -> bool {
        loop {
            let word = self.word.load(Ordering::Relaxed);
            let Some(next) = change(word) else {
                return false;
            };
            if self.exchange(word, next, Ordering::AcqRel) {
                return true;
            }
        }
    }

    fn exchange(&self, seen: u64, next: u64, success: Ordering) -> bool {
        self.word.compare_exchange(seen, next, success, Ordering::Relaxed).is_ok()
    }

    fn key(&self) -> Key {
        Key::new(Space::Once, core::ptr::from_ref(self).addr())
    }
}

impl Default for RtlRunOnce {
    fn default() -> Self {
        Self::new()
    }
}

/// The caller is the initialiser; dropped, also by a panic, it has failed.
struct Attempt<'o>(&'o RtlRunOnce);

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let _ = self.0.rtl_run_once_complete(RunOnceFlags::INIT_FAILED, 0);
    }
}

fn deliver(word: u64, context: Option<&mut usize>) -> NtStatus {
    if let Some(context) = context {
        *context = (word & !STATE) as usize;
    }
    NtStatus::SUCCESS
}
