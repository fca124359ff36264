//! Condition variables: threads sleep until somebody says that it is worth looking again (SR11–SR18).
//!
//! ```text
//!  63         48 47                             3    2       1      0
//!  ┌────────────┬────────────────────────────────┬──────┬───────┬────────┐
//!  │ recalls 16 │ address of the sleepers' lock  │ AWAY │ MIXED │ QUEUED │      0: nobody sleeps
//!  └────────────┴────────────────────────────────┴──────┴───────┴────────┘
//!
//!   sleep     queue here ─▶ release the lock ─▶ asleep ──woken──▶ acquire the lock
//!   wake one  the first of the queue
//!   wake all  SRW lock, exclusive:  held: all move to the lock's queue;  free: wake one, move the rest
//!             otherwise:            wake all
//! ```
//!
//! Who was moved is woken by a release of the lock, one at a time, instead of all at once to fight for it.
//!
//! C1  A thread is queued before it releases the lock, so who acquires the lock after it and wakes finds it (SR15).
//! C2  QUEUED and the address are there while somebody is queued, and change under the queue's lock only; so a wake that
//!     finds 0 has nobody to wake, and is lost (SR13).
//! C3  The address is that of the one lock, an SRW lock, that all sleepers released exclusively. MIXED says that there is no
//!     such lock.
//! C4  Who was moved has been woken: neither the time-out nor a suspension sends it back (SR14).
//! C5  From the wake until it has the lock, or queues for it, a thread neither stops nor ends: it may be the one that is on
//!     its way to a free lock with a queue (srw.rs, Q3).
//! C6  While somebody is queued, and the queue's lock is held, the lock of C3 is there: its sleepers refer to it.
//! C7  A sleeper that is suspended leaves the queue, and AWAY says so. A wake of all, or a wake of one that finds nobody to
//!     wake in the queue, recalls those who are away or about to leave: it counts, and takes AWAY back. Who comes back and
//!     finds another count than when it was queued was woken. So a suspension loses no wake, which nobody would repeat. (It
//!     would take 65,536 recalls during one suspension, each after a suspension of somebody else.)
//! C8  A word that says that somebody sleeps though nobody does was never a condition variable's. Its address is not used, and the
//!     wake that finds that out mends it.
//! orderings   the lock's, and the queue's lock; the look of a wake that finds 0 needs none (C1).

#![allow(unsafe_code, reason = "the sleepers' lock, from its address")]

mod typed;

pub use typed::{Condition, Sleepable};

use super::critical_section::RtlCriticalSection;
use super::srw::{HANDED, Mode, RtlSrwLock, Ticket};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU64, Ordering, const_outside_models};
use crate::sys::clock::Timeout;
use crate::wait::Until;
use crate::wait::lot::{self, Key, Left, Orders, Parked, Space, Terms, Unparked};
use crate::waiter::park::Heed;
use crate::waiter::record::NoMemory;
use crate::waiter::shield::Shield;
use bitflags::bitflags;
use core::cell::Cell;

bitflags! {
    /// `RTL_CONDITION_VARIABLE_*`: how [`RtlConditionVariable::rtl_sleep_condition_variable_srw`] finds the lock.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct ConditionFlags: u32 {
        /// Held shared, and to be acquired so again (SR12).
        const LOCKMODE_SHARED = 0x1;
    }
}

const QUEUED: u64 = 1;
const MIXED: u64 = 1 << 1;
const AWAY: u64 = 1 << 2;
const ADDRESS: u64 = (RECALL - 1) & !0b111;
/// What the queue says: of those in it.
const SLEEPERS: u64 = QUEUED | MIXED | ADDRESS;
/// One in the count of recalls.
const RECALL: u64 = 1 << 48;

/// Told to who is woken here: acquire the lock.
const WOKEN: u32 = 0;

/// `RTL_CONDITION_VARIABLE`: one pointer, all zero while nobody sleeps, so that zeroed memory is one (SR1).
///
/// [`Condition`] is the same with guards. A wake that finds nobody asleep is lost (SR13); who wakes need not hold the lock
/// (SR15). A sleep may end for no reason (SR16), though this one does so only if there is no memory to sleep. Sleeps are not
/// alertable. A sleeper that is suspended misses no wake: if there was one, it ends when it goes on, and else it sleeps on, behind
/// the others.
#[derive(Debug)]
#[repr(C)]
pub struct RtlConditionVariable {
    word: AtomicU64,
}

/// The lock that a sleeper lets go of and acquires again.
#[derive(Clone, Copy)]
enum Lock<'l> {
    Srw(&'l RtlSrwLock, Mode),
    Section(&'l RtlCriticalSection),
}

impl Lock<'_> {
    fn release(self) {
        match self {
            Self::Srw(lock, mode) => {
                let _ = lock.release(mode);
            }
            Self::Section(section) => section.rtl_leave_critical_section(),
        }
    }

    /// It was handed to the calling thread.
    fn sign(self) {
        if let Self::Srw(lock, mode) = self {
            lock.sign(mode);
        }
    }

    /// Who wants it exclusively may be on its way (C5): a release of the lock may have woken the thread.
    fn acquire(self, shield: &mut Shield) {
        match self {
            Self::Srw(lock, mode) => lock.acquire_shielded(shield, mode, mode == Mode::Exclusive),
            Self::Section(section) => section.enter_shielded(shield),
        }
    }

    /// What a condition variable's word says of it (C3).
    fn bits(self) -> u64 {
        match self {
            Self::Srw(lock, Mode::Exclusive) => match core::ptr::from_ref(lock).expose_provenance() as u64 {
                address if address & !ADDRESS == 0 => address,
                _ => MIXED, // an unusual one
            },
            _ => MIXED,
        }
    }

    /// As those in the lock's queue show themselves, for when the thread is moved there.
    fn token(self) -> u32 {
        match self {
            Self::Srw(_, mode) => Ticket::new(mode, false).bits(),
            Self::Section(_) => 0,
        }
    }

    /// Who leaves the lock's queue, where it was moved to, was the last there.
    fn mend(self, left: Left) {
        if let Self::Srw(lock, _) = self {
            lock.mend(left);
        }
    }
}

impl RtlConditionVariable {
    const_outside_models! {
        /// `RTL_CONDITION_VARIABLE_INIT`: nobody sleeps.
        #[must_use]
        pub fn new() -> Self {
            Self { word: AtomicU64::new(0) }
        }
    }

    /// `RtlInitializeConditionVariable` of memory that was something else. Not for one that others use.
    pub fn rtl_initialize_condition_variable(&self) {
        self.word.store(0, Ordering::Release);
    }

    /// `RtlSleepConditionVariableSRW`: lets go of the lock, sleeps until it is woken or the time is up, and acquires the
    /// lock again, in the same mode. `timeout` in units of 100 ns: nothing is for ever, negative relative, positive since
    /// 1601. `SUCCESS`: it was woken, in time (SR14). `TIMEOUT`: it was not. The lock is held in either case (SR11).
    ///
    /// A time-out of zero lets go of the lock for a moment (SR18).
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: unknown flags. `RESOURCE_NOT_OWNED`: nobody holds the lock in that mode. `NO_MEMORY`: the
    /// thread cannot sleep. Nothing was changed.
    pub fn rtl_sleep_condition_variable_srw(
        &self,
        lock: &RtlSrwLock,
        timeout: Option<i64>,
        flags: ConditionFlags,
    ) -> NtStatus {
        if !ConditionFlags::all().contains(flags) {
            return NtStatus::INVALID_PARAMETER;
        }
        let mode = if flags.is_empty() { Mode::Exclusive } else { Mode::Shared };
        if !lock.holds(mode) {
            return NtStatus::RESOURCE_NOT_OWNED;
        }
        self.sleep(Lock::Srw(lock, mode), Timeout::from_nt(timeout))
    }

    /// `RtlSleepConditionVariableCS`: as [`rtl_sleep_condition_variable_srw`](Self::rtl_sleep_condition_variable_srw),
    /// with a critical section that the caller has entered once. If it has entered it more often, one level is left and the
    /// section stays its own while it sleeps (SR17).
    ///
    /// # Errors
    /// `NO_MEMORY`: the thread cannot sleep. Nothing was changed.
    pub fn rtl_sleep_condition_variable_cs(&self, section: &RtlCriticalSection, timeout: Option<i64>) -> NtStatus {
        self.sleep(Lock::Section(section), Timeout::from_nt(timeout))
    }

    /// `RtlWakeConditionVariable`: wakes the thread that has slept for longest, if one sleeps.
    #[inline]
    pub fn rtl_wake_condition_variable(&self) {
        if self.has_sleepers() {
            lot::unpark_one(self.key(), |unparked| self.woke(unparked, unparked.released == 0));
        }
    }

    /// `RtlWakeAllConditionVariable`: wakes all threads that sleep now.
    #[inline]
    pub fn rtl_wake_all_condition_variable(&self) {
        if self.has_sleepers() {
            self.wake_all();
        }
    }

    #[inline]
    fn has_sleepers(&self) -> bool {
        self.word.load(Ordering::Relaxed) & (QUEUED | AWAY) != 0
    }

    fn sleep(&self, lock: Lock<'_>, timeout: Timeout) -> NtStatus {
        let mut shield = Shield::raise();
        let mut until = Until::new(timeout);
        if until.has_passed() {
            lock.release();
            lock.acquire(&mut shield);
            return NtStatus::TIMEOUT;
        }
        let is_held = Cell::new(true);
        let parked = self.park(&mut shield, lock, &mut until, || {
            if is_held.replace(false) {
                lock.release();
            }
        });
        match parked {
            Err(NoMemory) => return NtStatus::NO_MEMORY,
            Ok(Parked::Released(HANDED)) => {
                lock.sign();
                return NtStatus::SUCCESS;
            }
            _ if is_held.get() => {}
            _ => lock.acquire(&mut shield),
        }
        if parked == Ok(Parked::TimedOut) { NtStatus::TIMEOUT } else { NtStatus::SUCCESS }
    }

    fn park(
        &self,
        shield: &mut Shield,
        lock: Lock<'_>,
        until: &mut Until,
        queued: impl FnMut(),
    ) -> Result<Parked, NoMemory> {
        let terms = Terms { heed: Heed::Stops, until, token: lock.token() };
        // The count of recalls when the thread was queued first.
        let mut since = None;
        let join = || self.join(lock.bits(), &mut since);
        lot::park_and(shield, self.key(), terms, join, queued, |left| match left.moved {
            true => lock.mend(left),
            false => self.leave(left),
        })
    }

    /// Somebody queues, who releases this lock (C2, C3), unless it was away and was woken meanwhile (C7).
    fn join(&self, lock: u64, since: &mut Option<u64>) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        if *since.get_or_insert(word / RECALL) != word / RECALL {
            return false;
        }
        let sleepers = match word & SLEEPERS {
            0 => lock | QUEUED,
            same if same == lock | QUEUED => same,
            _ => MIXED | QUEUED,
        };
        self.set(word & !SLEEPERS | sleepers);
        true
    }

    /// Somebody leaves the queue, perhaps to come back (C7). One step: a wake that looks in between must not find 0.
    fn leave(&self, left: Left) {
        let word = self.word.load(Ordering::Relaxed);
        let sleepers = if left.was_last { 0 } else { word & SLEEPERS };
        let away = if left.stops { AWAY } else { word & AWAY };
        self.set(word & !(SLEEPERS | AWAY) | sleepers | away);
    }

    /// Threads were woken. Those who are away, or about to leave, are recalled.
    fn woke(&self, unparked: Unparked, recalls: bool) -> u32 {
        self.mend(!unparked.more);
        let word = self.word.load(Ordering::Relaxed);
        if recalls && (unparked.more || word & AWAY != 0) {
            self.set((word & !AWAY).wrapping_add(RECALL));
        }
        WOKEN
    }

    /// Nobody is queued any more, if so (C2).
    fn mend(&self, is_empty: bool) {
        if is_empty {
            self.set(self.word.load(Ordering::Relaxed) & !SLEEPERS);
        }
    }

    /// The queue's lock is held, so nobody else changes the word.
    fn set(&self, word: u64) {
        self.word.store(word, Ordering::Relaxed);
    }

    #[cold]
    #[inline(never)]
    fn wake_all(&self) {
        loop {
            let word = self.word.load(Ordering::Relaxed);
            if word & ADDRESS == 0 {
                let all = |_, _| lot::Choice::Take;
                lot::unpark_while(self.key(), all, |unparked| self.woke(unparked, true));
                return;
            }
            if self.wake_one_and_move_the_rest(word) {
                return;
            }
        }
    }

    /// False: the sleepers have another lock by now.
    fn wake_one_and_move_the_rest(&self, word: u64) -> bool {
        let address = (word & ADDRESS) as usize;
        let lock: *const RtlSrwLock = core::ptr::with_exposed_provenance(address);
        let done = lot::requeue(
            self.key(),
            Key::new(Space::Lock, address),
            |somebody_sleeps| {
                if !somebody_sleeps {
                    return Some(Orders { release: 0, transfer: 0 }); // C8
                }
                // SAFETY: C6, if the word is what it was; else it is not used.
                let lock =
                    (self.word.load(Ordering::Relaxed) & SLEEPERS == word & SLEEPERS).then(|| unsafe { &*lock })?;
                // If somebody holds it, the release will wake the first of those who are moved.
                Some(Orders { release: usize::from(!lock.mark_if_exclusive()), transfer: usize::MAX })
            },
            |unparked| {
                if unparked.moved > 0 {
                    // SAFETY: C6, those who were moved are still queued, and the lock of that queue is held.
                    unsafe { &*lock }.mark();
                }
                self.woke(unparked, true)
            },
        );
        done.is_some() || !self.has_sleepers()
    }

    fn key(&self) -> Key {
        Key::new(Space::Condition, core::ptr::from_ref(self).addr())
    }
}

impl Default for RtlConditionVariable {
    fn default() -> Self {
        Self::new()
    }
}
