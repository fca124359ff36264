//! Critical sections: an owner, a recursion count, and a lock word that counts who waits (CS1–CS17).
//!
//! ```text
//!  LockCount   31              2        1           0
//!              ┌─────────────────┬────────────┬──────────┐      free −1, owned −2, each waiter −4 (CS2)
//!              │ −1 − waiters    │ NONE_WOKEN │ UNLOCKED │
//!              └─────────────────┴────────────┴──────────┘
//!
//!              enter (also past the queue)
//!   UNLOCKED ───────────────────────────────▶ owned ──enter, leave by the owner──▶ recursion ± 1 (CS3)
//!       ▲                                       │
//!       └── leave, the last: wake one, if nobody is on its way (CS11)
//!
//!   who finds it owned:  spin ─▶ queue, −4 ──woken, +4, NONE_WOKEN off──▶ on its way ─▶ enter, or queue again; NONE_WOKEN on
//! ```
//!
//! K1  A thread counts as a waiter exactly while it is queued: the count and the queue change together, under the queue's
//!     lock. Also if it leaves because it is to stop.
//! K2  A leave with waiters wakes one, unless one is on its way already: that one enters, or finds the section owned and
//!     queues again, and then the next leave wakes one. Its depth is raised until then, so it neither stops nor ends
//!     in between.
//! K3  The step that unlocks a section with waiters is done under the queue's lock, and is the leaver's last touch of the
//!     section: who enters after it may free the memory.
//! K4  `owner` is the thread's own number while, and only while, the thread owns the section; so "it is me" is true for
//!     nobody else, whatever a stale load says.
//! orderings   enter: Acquire → leave: Release, both on `LockCount`; the other fields are the owner's (Relaxed).

mod guarded;
mod initialise;

pub use guarded::{CriticalSection, CriticalSectionGuard};
pub use initialise::CriticalSectionFlags;
use initialise::SPINS;

use super::holder::Holder;
use super::owner;
use super::spin::Spin;
use super::stay::{Stay, stay};
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering};
use crate::sys::cpu::BackOff;
use crate::wait::lot::{self, Key, Space};
use crate::waiter::shield::Shield;
use core::cell::Cell;

const UNLOCKED: u32 = 1;
const NONE_WOKEN: u32 = 1 << 1;
const WAITER: u32 = 1 << 2;

const FREE: u32 = u32::MAX;
const OWNED: u32 = FREE - UNLOCKED;

/// The count in memory that was not initialised, only zeroed, and in a section that was deleted. By its bits it would be
/// owned, with a milliard of waiters, which never comes about; so it stands for free.
const ZEROED: u32 = 0;

const fn waiters(count: u32) -> u32 {
    !count / WAITER
}

/// `RTL_CRITICAL_SECTION`: a recursive lock with an owner, in the layout of Windows x64 (CS1).
///
/// It guards no data of its own: [`CriticalSection`] does. It is made with [`new`](Self::new) or one of the calls. 40 zero
/// bytes, which is what a delete leaves, work as a section that never spins; NT does not promise that.
///
/// The owner is the thread's NT id in the process-wide runtime (CS4), which may give the thread an id, and memory for it,
/// when it first enters a section. If that is impossible, and in a child of `fork`, it is another number that no other
/// thread has.
///
/// Waits for it are not alertable. A thread that waits can be suspended and terminated; it is then in no queue. What a
/// terminated thread owned stays owned (TH8), as on Windows.
///
/// What is not done: `LockSemaphore` is not used, so a wrong one does no harm (CS13); a thread that outlives the others
/// while the process ends is not let through (CS15), since processes do not end that way here; nobody is told of waits
/// that last long (CS16); there is no debug information, so `DebugInfo` is always −1 and its flags have no effect (CS1,
/// CS8).
#[derive(Debug)]
#[repr(C)]
pub struct RtlCriticalSection {
    debug_info: AtomicU64,
    lock_count: AtomicU32,
    recursion_count: AtomicU32,
    owner: AtomicU64,
    lock_semaphore: AtomicU64,
    spin_count: AtomicU64,
}

#[cfg(not(ntwait_loom))]
const _: () = assert!(size_of::<RtlCriticalSection>() == 40);

impl RtlCriticalSection {
    /// `RtlEnterCriticalSection`: returns when the caller owns the section, once more than before if it did (CS3). Always
    /// succeeds.
    #[inline]
    pub fn rtl_enter_critical_section(&self) {
        let me = owner::current();
        if !self.enter_at_once(me) {
            self.enter_slow(me);
        }
    }

    /// `RtlTryEnterCriticalSection`: as
    /// [`rtl_enter_critical_section`](Self::rtl_enter_critical_section), if that is possible at once (CS9).
    #[inline]
    pub fn rtl_try_enter_critical_section(&self) -> bool {
        let me = owner::current();
        self.enter_at_once(me) || self.try_again(me)
    }

    /// `RtlLeaveCriticalSection`: undoes one enter; the last lets go of the section, and one waiter is woken. It does not
    /// own the section for that: a running thread may be faster (CS11).
    ///
    /// The owner is not checked (CS10). A leave by somebody else undoes an enter of the owner's, and one of a section that
    /// nobody owns leaves a recursion count that is wrong until the next enter. Always succeeds.
    #[inline]
    pub fn rtl_leave_critical_section(&self) {
        let depth = self.recursion_count.load(Ordering::Relaxed).wrapping_sub(1);
        self.recursion_count.store(depth, Ordering::Relaxed);
        if depth == 0 {
            self.owner.store(0, Ordering::Relaxed);
            if self.lock_count.compare_exchange(OWNED, FREE, Ordering::Release, Ordering::Relaxed).is_err() {
                self.leave_slow();
            }
        }
    }

    /// `RtlIsCriticalSectionLocked`: does anybody own it? (CS14)
    #[must_use]
    pub fn rtl_is_critical_section_locked(&self) -> bool {
        self.recursion_count() != 0
    }

    /// `RtlIsCriticalSectionLockedByThread`: does the calling thread own it? (CS14)
    #[must_use]
    pub fn rtl_is_critical_section_locked_by_thread(&self) -> bool {
        self.owner.load(Ordering::Relaxed) == owner::current() && self.rtl_is_critical_section_locked()
    }

    /// `LockCount`: −1 free, −2 owned, 4 less for each waiter; see CS2 for the rest.
    #[must_use]
    pub fn lock_count(&self) -> i32 {
        self.lock_count.load(Ordering::Relaxed).cast_signed()
    }

    /// `RecursionCount`: how often the owner has entered.
    #[must_use]
    pub fn recursion_count(&self) -> i32 {
        self.recursion_count.load(Ordering::Relaxed).cast_signed()
    }

    /// `OwningThread`: the owner's number, 0 for none (CS4).
    #[must_use]
    pub fn owning_thread(&self) -> u64 {
        self.owner.load(Ordering::Relaxed)
    }

    /// `SpinCount`, with the flags that are mirrored there (CS5, CS8).
    #[must_use]
    pub fn spin_count(&self) -> u64 {
        self.spin_count.load(Ordering::Relaxed)
    }

    #[inline]
    fn enter_at_once(&self, me: u64) -> bool {
        if self.owner.load(Ordering::Relaxed) == me {
            self.recursion_count.store(self.recursion_count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
            return true;
        }
        if self.lock_count.compare_exchange(FREE, OWNED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            self.own(me);
            return true;
        }
        false
    }

    #[inline]
    fn own(&self, me: u64) {
        self.owner.store(me, Ordering::Relaxed);
        self.recursion_count.store(1, Ordering::Relaxed);
    }

    /// Takes the section if it is unlocked; `woken`: as the one that is on its way (K2).
    fn take(&self, woken: bool) -> bool {
        let arrived = if woken { NONE_WOKEN } else { 0 };
        self.change(Ordering::Acquire, |count| match count {
            ZEROED => Some(OWNED),
            _ => (count & UNLOCKED != 0).then_some(count & !UNLOCKED | arrived),
        })
    }

    fn change(&self, success: Ordering, change: impl Fn(u32) -> Option<u32>) -> bool {
        loop {
            let count = self.lock_count.load(Ordering::Relaxed);
            let Some(next) = change(count) else {
                return false;
            };
            if self.lock_count.compare_exchange(count, next, success, Ordering::Relaxed).is_ok() {
                return true;
            }
        }
    }

    #[cold]
    fn try_again(&self, me: u64) -> bool {
        let taken = self.take(false);
        if taken {
            self.own(me);
        }
        taken
    }

    #[cold]
    #[inline(never)]
    fn enter_slow(&self, me: u64) {
        self.wait_and_enter(&mut Shield::raise(), me);
    }

    /// For a thread whose depth is raised, and stays so.
    pub(super) fn enter_shielded(&self, shield: &mut Shield) {
        let me = owner::current();
        if !self.enter_at_once(me) {
            self.wait_and_enter(shield, me);
        }
    }

    fn wait_and_enter(&self, shield: &mut Shield, me: u64) {
        let (mut spin, mut back_off) = (self.spin(), BackOff::default());
        let woken = Cell::new(false);
        let mut has_slept = false;
        while !self.take(woken.get()) {
            if waiters(self.lock_count.load(Ordering::Relaxed)) == 0 && spin.again() {
                continue;
            }
            match stay(shield, self.key(), 0, || self.join(&woken), |_| self.part()) {
                Stay::Released(_) => {
                    woken.set(true);
                    (has_slept, spin) = (true, self.spin());
                }
                Stay::NoMemory => back_off.pause(),
                Stay::NotValid => {}
            }
        }
        self.own(me);
        if has_slept {
            self.spin_less();
        }
    }

    fn spin(&self) -> Spin {
        Spin::at_most(self.spin_count() as u32 & SPINS)
    }

    /// One waiter more, if there is something to wait for (K1).
    fn join(&self, woken: &Cell<bool>) -> bool {
        let gives_up = if woken.get() { NONE_WOKEN } else { 0 };
        let joined = self.change(Ordering::Relaxed, |count| {
            (count & UNLOCKED == 0 && count != ZEROED).then_some(count.wrapping_sub(WAITER) | gives_up)
        });
        if joined {
            woken.set(false);
        }
        joined
    }

    /// One waiter less, which was not woken (K1).
    fn part(&self) {
        self.change(Ordering::Relaxed, |count| Some(count.wrapping_add(WAITER)));
    }

    /// Spinning was in vain: a dynamic spin count goes down (CS6). Only the owner does this.
    fn spin_less(&self) {
        let spin_count = self.spin_count();
        let is_dynamic = spin_count & u64::from(CriticalSectionFlags::DYNAMIC_SPIN.bits()) != 0;
        if is_dynamic && spin_count as u32 & SPINS != 0 {
            self.spin_count.store(spin_count - 1, Ordering::Relaxed);
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_slow(&self) {
        loop {
            let count = self.lock_count.load(Ordering::Relaxed);
            if count & UNLOCKED != 0 {
                return; // a stray leave (CS10)
            }
            if waiters(count) != 0 && count & NONE_WOKEN != 0 {
                return self.wake_one();
            }
            let unlocked = count | UNLOCKED;
            if self.lock_count.compare_exchange(count, unlocked, Ordering::Release, Ordering::Relaxed).is_ok() {
                return;
            }
        }
    }

    /// Unlocks, and wakes the one that has waited for longest (K3).
    fn wake_one(&self) {
        lot::unpark_one(self.key(), |unparked| {
            self.change(Ordering::Release, |count| {
                Some(match unparked.released {
                    0 => count | UNLOCKED,
                    _ => (count | UNLOCKED).wrapping_add(WAITER) & !NONE_WOKEN,
                })
            });
            0
        });
    }

    /// For those who ask who waits for what.
    pub(super) fn holder(&self) -> Holder {
        match self.owning_thread() {
            0 if self.lock_count.load(Ordering::Relaxed) & UNLOCKED != 0 => Holder::Nobody,
            0 => Holder::Somebody,
            owner => Holder::Owner(owner, self.recursion_count()),
        }
    }

    fn key(&self) -> Key {
        Key::new(Space::OwnedLock, core::ptr::from_ref(self).expose_provenance())
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests;
