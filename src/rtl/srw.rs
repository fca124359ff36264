//! The SRW lock: one word, many readers or one writer, no owner (SR1–SR10).
//!
//! ```text
//!  63                    4 3      2        1         0
//!  ┌──────────────────────┬───┬────────┬────────┬───────────┐
//!  │ readers, or who holds│ 0 │ BARRED │ QUEUED │ EXCLUSIVE │
//!  │ it exclusively       │   │        │        │           │
//!  └──────────────────────┴───┴────────┴────────┴───────────┘
//!
//!              acquire exclusive (also past the queue)
//!   0, marks ──────────────────────────────────────────▶ EXCLUSIVE ──release──▶ 0, marks
//!      │ ▲  acquire shared (not if BARRED)
//!      ▼ │ release, the last
//!     readers ──acquire, release──▶ readers ± 1
//!
//!   an acquirer:  spin ─▶ mark ─▶ park ──released──▶ on its way ─▶ acquire, or mark and park again
//!                                   └────handed────▶ holds it
//! ```
//!
//! | mark   | says                                             | set by                | cleared by                    |
//! |--------|--------------------------------------------------|-----------------------|-------------------------------|
//! | QUEUED | somebody may be queued: a release must look      | who is about to park  | under the queue's lock        |
//! | BARRED | an exclusive acquirer is queued or on its way:   | who is about to park, | under the queue's lock, or by |
//! |        | who comes for shared access queues behind (SR5)  | who wakes a writer    | that acquirer when it is in   |
//!
//! A free lock is 0. An exclusive one is 1, as NT has it (SR9), and above that the thread pointer of who acquired it, a multiple
//! of 16: for those who ask who waits for whom. Nothing else depends on it: a lock that is 1 is released as well, and anybody
//! may release one that another acquired (SR4). Where there is no thread pointer, or who was handed the lock has not risen yet,
//! it is 0. A release with somebody queued wakes the longest-waiting
//! writer, or the readers up to the next writer, and lets go of the lock: a running thread may be faster than the one that
//! was woken, which is what makes a contended lock quick. One that has waited for longer than a millisecond is handed the
//! lock instead, so nobody starves.
//!
//! Q1  A mark is set only in a word that says held, or BARRED already; a thread parks only if, under the queue's lock, its
//!     marks are there and the lock is held against it or barred. So a release comes that looks (Q2), or somebody is on
//!     its way (Q3).
//! Q2  The step that lets go of the lock with QUEUED there is done under the queue's lock, and is the releaser's last touch
//!     of the word: who takes the lock after it may free the memory.
//! Q3  Who was released and not handed the lock is on its way: it takes the lock, or finds it held and queues again. It
//!     passes the bar, for it was here before those who raised it. Its depth is raised from before it parked until then, so
//!     it can neither stop nor end in between, and a free lock with a queue always has somebody on its way.
//!     Threads that a condition variable moves here are marked for by it, while the lock is held or one of them is on its way.
//! Q4  A thread that leaves the queue otherwise (it is to stop) mends the marks under the queue's lock, if it was the last
//!     there. Else they stay as they are, and the next release sets them right.
//! orderings   acquire: Acquire → release: Release, all on the word; what is handed over rides on the queue's lock too.

mod guarded;
mod state;

pub use guarded::{SrwLock, SrwReadGuard, SrwWriteGuard};

use super::holder::Holder;
use super::spin::{Patience, Spin};
use super::stay::{Stay, stay};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU64, Ordering, const_outside_models};
use crate::sys::cpu::{self, BackOff};
use crate::wait::lot::{self, Choice, Key, Left, Space};
use crate::waiter::shield::Shield;
use core::cell::Cell;
pub(crate) use state::wants_exclusive;
use state::{Crowd, State, admit};
pub(super) use state::{HANDED, Mode, Ticket};

/// `RTL_SRWLOCK`: a slim reader/writer lock, as NT programs have it in their own structures.
///
/// One pointer, all zero when it is free, and odd when it is held exclusively; it needs no deletion, and zeroed memory is a lock (SR1). It guards no data of its
/// own: [`SrwLock`] does. It is not recursive in any combination: a second acquisition by the same thread may wait for
/// itself (SR2, SR3). It has no owner, so one thread may acquire it and another release it (SR4).
///
/// Waits for it are not alertable and have no time-out. A thread that waits can be suspended and terminated; it is then in
/// no queue. What a terminated thread held stays held (TH8).
#[derive(Debug)]
#[repr(C)]
pub struct RtlSrwLock {
    word: AtomicU64,
}

impl RtlSrwLock {
    const_outside_models! {
        /// `RTL_SRWLOCK_INIT`: a lock that nobody holds.
        #[must_use]
        pub fn new() -> Self {
            Self { word: AtomicU64::new(State::FREE) }
        }
    }

    /// `RtlInitializeSRWLock` of memory that was something else. Not for a lock that others use.
    pub fn rtl_initialize_srw_lock(&self) {
        self.word.store(State::FREE, Ordering::Release);
    }

    /// `RtlAcquireSRWLockExclusive`: returns when the caller alone holds the lock.
    #[inline]
    pub fn rtl_acquire_srw_lock_exclusive(&self) {
        if !self.rtl_try_acquire_srw_lock_exclusive() {
            self.acquire_slow(Mode::Exclusive);
        }
    }

    /// `RtlAcquireSRWLockShared`: returns when the caller holds the lock together with others who want it shared. Waits
    /// while an exclusive acquirer is queued (SR5).
    #[inline]
    pub fn rtl_acquire_srw_lock_shared(&self) {
        if !self.rtl_try_acquire_srw_lock_shared() {
            self.acquire_slow(Mode::Shared);
        }
    }

    /// `RtlTryAcquireSRWLockExclusive`: acquires the lock if nobody holds it (SR7). A failure changes nothing (SR8).
    #[inline]
    pub fn rtl_try_acquire_srw_lock_exclusive(&self) -> bool {
        self.word.compare_exchange(State::FREE, mine(), Ordering::Acquire, Ordering::Relaxed).is_ok()
            || self.try_again(Mode::Exclusive)
    }

    /// `RtlTryAcquireSRWLockShared`: acquires the lock if nobody holds it exclusively and no exclusive acquirer is queued
    /// (SR5, SR7). A failure changes nothing (SR8).
    #[inline]
    pub fn rtl_try_acquire_srw_lock_shared(&self) -> bool {
        let word = State(self.word.load(Ordering::Relaxed));
        word.taken(Mode::Shared, false, 0).is_some_and(|taken| self.exchange(word, taken))
            || self.try_again(Mode::Shared)
    }

    /// `RtlReleaseSRWLockExclusive`: lets go of a lock that is held exclusively, by whomever.
    ///
    /// # Errors
    /// `RESOURCE_NOT_OWNED`: it is not held so; nothing was changed (SR10).
    #[inline]
    pub fn rtl_release_srw_lock_exclusive(&self) -> NtStatus {
        match self.word.compare_exchange(mine(), State::FREE, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => NtStatus::SUCCESS,
            Err(_) => self.release_slow(Mode::Exclusive),
        }
    }

    /// `RtlReleaseSRWLockShared`: lets go of a lock that is held shared, by whomever.
    ///
    /// # Errors
    /// `RESOURCE_NOT_OWNED`: it is not held so; nothing was changed (SR10).
    #[inline]
    pub fn rtl_release_srw_lock_shared(&self) -> NtStatus {
        let word = State(self.word.load(Ordering::Relaxed));
        let is_plain = word.readers() > 1 || word.readers() == 1 && !word.has(State::QUEUED);
        if is_plain && self.let_go(word, Mode::Shared) {
            return NtStatus::SUCCESS;
        }
        self.release_slow(Mode::Shared)
    }

    pub(super) fn release(&self, mode: Mode) -> NtStatus {
        match mode {
            Mode::Exclusive => self.rtl_release_srw_lock_exclusive(),
            Mode::Shared => self.rtl_release_srw_lock_shared(),
        }
    }

    pub(super) fn holds(&self, mode: Mode) -> bool {
        self.load().is_held(mode)
    }

    /// For those who ask who waits for what.
    pub(super) fn holder(&self) -> Holder {
        let word = self.load();
        match word.readers() {
            _ if word.owner() != 0 => Holder::Pointer(word.owner()),
            _ if word.has(State::EXCLUSIVE) => Holder::Somebody,
            0 => Holder::Nobody,
            readers => Holder::Readers(readers),
        }
    }

    pub(super) fn key(&self) -> Key {
        Key::new(Space::Lock, core::ptr::from_ref(self).expose_provenance())
    }

    #[inline]
    fn load(&self) -> State {
        State(self.word.load(Ordering::Relaxed))
    }

    /// Takes it: Acquire.
    #[inline]
    fn exchange(&self, seen: State, new: State) -> bool {
        self.word.compare_exchange(seen.0, new.0, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Lets go of it: Release.
    #[inline]
    fn let_go(&self, seen: State, mode: Mode) -> bool {
        self.word.compare_exchange(seen.0, seen.released(mode).0, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// As long as it can be had, somebody else's change of the word is no failure.
    #[cold]
    fn try_again(&self, mode: Mode) -> bool {
        loop {
            let word = self.load();
            match word.taken(mode, false, mine() & State::OWNER) {
                Some(taken) if self.exchange(word, taken) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn acquire_slow(&self, mode: Mode) {
        self.acquire_shielded(&mut Shield::raise(), mode, false);
    }

    /// Acquires it for a thread that `passes` the bar if it is on its way (Q3).
    pub(super) fn acquire_shielded(&self, shield: &mut Shield, mode: Mode, mut passes: bool) {
        let (mut spin, mut patience, mut back_off) = (Spin::default(), Patience::default(), BackOff::default());
        loop {
            let word = self.load();
            if let Some(taken) = word.taken(mode, passes, mine() & State::OWNER) {
                if self.exchange(word, taken) {
                    return;
                }
                continue;
            }
            if !word.has(State::QUEUED) && spin.again() {
                continue;
            }
            let marked = word.marked(mode);
            if marked != word && !self.exchange(word, marked) {
                continue;
            }
            let ticket = Ticket::new(mode, patience.is_over());
            match self.park(shield, ticket, passes) {
                Stay::Released(HANDED) => return self.sign(mode),
                Stay::Released(_) => (passes, spin) = (true, Spin::default()),
                Stay::NoMemory => back_off.pause(),
                Stay::NotValid => {}
            }
        }
    }

    /// The calling thread was handed the lock in this mode, and says so if it is the only one to have it.
    pub(super) fn sign(&self, mode: Mode) {
        let mut word = self.load();
        while mode == Mode::Exclusive && word.has(State::EXCLUSIVE) && word.owner() == 0 {
            let signed = word.0 | mine();
            match self.word.compare_exchange(word.0, signed, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return,
                Err(seen) => word = State(seen),
            }
        }
    }

    fn park(&self, shield: &mut Shield, ticket: Ticket, passes: bool) -> Stay {
        let is_valid = || self.load().holds_up(ticket.mode, passes);
        stay(shield, self.key(), ticket.bits(), is_valid, |left| self.mend(left))
    }

    /// Who leaves the queue says whether it was the last. Nobody can queue meanwhile: the queue's lock is held (Q4).
    pub(super) fn mend(&self, left: Left) {
        let mut word = self.load();
        while left.was_last && word.has(State::MARKS) && !self.exchange(word, word.with_marks(0)) {
            word = self.load();
        }
    }

    /// Threads are about to be moved to the queue, and need a release that looks. False: nobody holds the lock exclusively.
    pub(super) fn mark_if_exclusive(&self) -> bool {
        self.mark_if(|word| word.has(State::EXCLUSIVE))
    }

    /// Threads were moved to the queue, and either the lock is marked, or one like them is on its way.
    pub(super) fn mark(&self) {
        self.mark_if(|_| true);
    }

    /// Sets the marks of exclusive acquirers.
    fn mark_if(&self, condition: impl Fn(State) -> bool) -> bool {
        loop {
            let word = self.load();
            if !condition(word) {
                return false;
            }
            if self.exchange(word, word.marked(Mode::Exclusive)) {
                return true;
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn release_slow(&self, mode: Mode) -> NtStatus {
        loop {
            let word = self.load();
            if !word.is_held(mode) {
                return NtStatus::RESOURCE_NOT_OWNED;
            }
            if word.has(State::QUEUED) && word.readers() <= 1 {
                self.hand_on(mode);
                return NtStatus::SUCCESS;
            }
            if self.let_go(word, mode) {
                return NtStatus::SUCCESS;
            }
        }
    }

    /// Lets go of it and wakes those whose turn it is (Q2).
    fn hand_on(&self, mode: Mode) {
        let _shield = Shield::raise();
        // Of the last that was taken, and urgent if one was.
        let taken = Cell::new(Ticket::new(Mode::Shared, false));
        let filter = |chosen, token| {
            let next = Ticket::from_bits(token);
            let choice = admit(chosen, next);
            if choice == Choice::Take {
                taken.set(Ticket::new(next.mode, taken.get().is_urgent || next.is_urgent));
            }
            choice
        };
        lot::unpark_while(self.key(), filter, |unparked| {
            let crowd = Crowd { ticket: taken.get(), count: unparked.released };
            loop {
                let word = self.load();
                let (next, told) = crowd.settle(word.released(mode), unparked.more);
                // AcqRel: Release for who takes the lock without a look at the queue.
                if self.word.compare_exchange(word.0, next.0, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                    return told;
                }
            }
        });
    }
}

/// An exclusive lock of the calling thread's that nobody waits for.
#[inline]
fn mine() -> u64 {
    State::EXCLUSIVE | cpu::thread_pointer() & State::OWNER
}

impl Default for RtlSrwLock {
    fn default() -> Self {
        Self::new()
    }
}
