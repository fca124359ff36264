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

pub use guarded::{CriticalSection, CriticalSectionGuard};

use super::owner;
use super::spin::Spin;
use super::stay::{Stay, stay};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, const_outside_models};
use crate::sys::cpu::{self, BackOff};
use crate::wait::lot::{self, Key, Space};
use crate::waiter::shield::Shield;
use bitflags::bitflags;
use core::cell::Cell;

bitflags! {
    /// `RTL_CRITICAL_SECTION_FLAG_*`: what [`RtlCriticalSection::rtl_initialize_critical_section_ex`] may be asked for (CS8).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct CriticalSectionFlags: u32 {
        /// No debug information. There is none in any case.
        const NO_DEBUG_INFO = 0x0100_0000;
        /// The spin count follows what spinning brings (CS6).
        const DYNAMIC_SPIN = 0x0200_0000;
        /// Accepted, without effect.
        const STATIC_INIT = 0x0400_0000;
        /// Accepted and kept, without effect.
        const RESOURCE_TYPE = 0x0800_0000;
        /// Accepted, without effect: no debug information is kept.
        const FORCE_DEBUG_INFO = 0x1000_0000;
    }
}

impl CriticalSectionFlags {
    /// The bits that no call accepts (CS7). Those below the flags are ignored.
    const UNKNOWN: u32 = 0xE000_0000;
    /// The flags that show in the spin field (CS8).
    const MIRRORED: u32 = 0x0B00_0000;
}

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

/// The spin count proper, in the spin field.
const SPINS: u32 = 0x00FF_FFFF;
/// What a section gets that asks for none in particular (CS5): a dynamic 2000.
const DEFAULT_SPINS: u32 = CriticalSectionFlags::DYNAMIC_SPIN.bits() | 2_000;
/// `DebugInfo` of a section without debug information (CS1).
const NO_DEBUG_INFO: u64 = u64::MAX;

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
    const_outside_models! {
        /// A section that nobody owns, with a spin count: 2000, for instance. 0 never spins.
        #[must_use]
        pub fn new(spin_count: u32) -> Self {
            Self {
                debug_info: AtomicU64::new(NO_DEBUG_INFO),
                lock_count: AtomicU32::new(FREE),
                recursion_count: AtomicU32::new(0),
                owner: AtomicU64::new(0),
                lock_semaphore: AtomicU64::new(0),
                spin_count: AtomicU64::new((spin_count & SPINS) as u64),
            }
        }
    }

    /// `RtlInitializeCriticalSection`: makes a section of this memory, with a dynamic spin count of 2000 where there is
    /// more than one processor (CS5).
    pub fn rtl_initialize_critical_section(&self) {
        self.initialize(DEFAULT_SPINS);
    }

    /// `RtlInitializeCriticalSectionAndSpinCount`: as
    /// [`rtl_initialize_critical_section`](Self::rtl_initialize_critical_section), with a spin count of the caller's, of
    /// which the lower 24 bits count (CS6). 0 means the default. It cannot fail (CS17).
    pub fn rtl_initialize_critical_section_and_spin_count(&self, spin_count: u32) {
        match spin_count & SPINS {
            0 => self.initialize(DEFAULT_SPINS),
            spins => self.initialize(spins),
        }
    }

    /// `RtlInitializeCriticalSectionEx`: as
    /// [`rtl_initialize_critical_section_and_spin_count`](Self::rtl_initialize_critical_section_and_spin_count), with
    /// flags, of which some show in the spin field (CS8).
    ///
    /// # Errors
    /// `INVALID_PARAMETER_3`: unknown flags. `INVALID_PARAMETER_2`: a spin count above 0x00FFFFFF. In this order, and
    /// nothing was changed (CS7).
    pub fn rtl_initialize_critical_section_ex(&self, spin_count: u32, flags: CriticalSectionFlags) -> NtStatus {
        if flags.bits() & CriticalSectionFlags::UNKNOWN != 0 {
            return NtStatus::INVALID_PARAMETER_3;
        }
        if spin_count > SPINS {
            return NtStatus::INVALID_PARAMETER_2;
        }
        self.rtl_initialize_critical_section_and_spin_count(spin_count);
        self.spin_count.store(
            self.spin_count.load(Ordering::Relaxed) | u64::from(flags.bits() & CriticalSectionFlags::MIRRORED),
            Ordering::Relaxed,
        );
        NtStatus::SUCCESS
    }

    fn initialize(&self, spin_count: u32) {
        let _shield = Shield::raise(); // the number of processors may be read from a file
        let fresh = Self::new(0);
        self.debug_info.store(fresh.debug_info.load(Ordering::Relaxed), Ordering::Relaxed);
        self.recursion_count.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Relaxed);
        self.lock_semaphore.store(0, Ordering::Relaxed);
        let spin_count = if cpu::is_single() { 0 } else { spin_count };
        self.spin_count.store(u64::from(spin_count), Ordering::Relaxed);
        self.lock_count.store(FREE, Ordering::Release);
    }

    /// `RtlSetCriticalSectionSpinCount`: from now on this spin count, of which the lower 24 bits count; 0 where there is one
    /// processor only. Returns the one before.
    pub fn rtl_set_critical_section_spin_count(&self, spin_count: u32) -> u32 {
        let old = self.spin_count.load(Ordering::Relaxed) as u32;
        let spin_count = if cpu::is_single() { 0 } else { spin_count & SPINS };
        self.spin_count.store(u64::from(old & !SPINS | spin_count), Ordering::Relaxed);
        old & SPINS
    }

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

    /// `RtlDeleteCriticalSection`: all fields become zero (CS12), and the memory is not a section any more. That somebody
    /// owns it is not noticed; that somebody waits for it is a bug of the program, and that thread waits for ever.
    pub fn rtl_delete_critical_section(&self) {
        self.debug_info.store(0, Ordering::Relaxed);
        self.recursion_count.store(0, Ordering::Relaxed);
        self.owner.store(0, Ordering::Relaxed);
        self.lock_semaphore.store(0, Ordering::Relaxed);
        self.spin_count.store(0, Ordering::Relaxed);
        self.lock_count.store(0, Ordering::Release);
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

    fn key(&self) -> Key {
        Key::new(Space::Lock, core::ptr::from_ref(self).addr())
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests;
