//! Barriers: so many threads wait for each other, again and again (RO13–RO17).
//!
//! ```text
//!   word    63       32 31       0
//!           ┌──────────┬──────────┐     enter: arrived + 1; the last one: phase + 1, arrived 0, and all who sleep are woken
//!           │ phase    │ arrived  │     the others: wait until the phase is another
//!           └──────────┴──────────┘
//!
//!   inside  31       1      0
//!           ┌───────────┬──────────┐    enter: + 1, leave: − 1, unless the caller promises that nobody deletes the barrier;
//!           │ entrants  │ DELETED  │    delete: waits until there are none, and the last to leave wakes it
//!           └───────────┴──────────┘
//! ```
//!
//! A1  Who brings `arrived` to the total begins the next phase in the same step, so the barrier can be entered again at
//!     once, and exactly one entrant of a phase is its last.
//! A2  A thread queues only while the phase is the one that it arrived in; the phase is changed before the queue is woken,
//!     under whose lock that is looked at.
//! A3  The step that takes an entrant out of `inside` is its last touch of the barrier.
//! orderings   arrive: AcqRel, and the phase is read with Acquire: who leaves sees what all did before they entered.

mod typed;

pub use typed::Barrier;

use super::spin::Spin;
use super::stay::{Stay, stay};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, const_outside_models, spin_hint};
use crate::sys::cpu::{self, BackOff};
use crate::wait::lot::{self, Key, Space};
use crate::waiter::shield::Shield;
use bitflags::bitflags;

bitflags! {
    /// `RTL_BARRIER_FLAGS_*`: how an entrant of a barrier waits (RO16).
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct BarrierFlags: u32 {
        /// Never sleep.
        const SPIN_ONLY = 0x1;
        /// Sleep at once. It overrules `SPIN_ONLY`.
        const BLOCK_ONLY = 0x2;
        /// Nobody deletes the barrier while the caller is inside, so the delete need not be told.
        const NO_DELETE = 0x4;
    }
}

const PHASE: u64 = 1 << 32;
const ARRIVED: u64 = PHASE - 1;

const DELETED: u32 = 1;
const ENTRANT: u32 = 2;

/// `RTL_BARRIER`: a barrier in the size of Windows x64, 32 bytes, of which all are private.
///
/// [`Barrier`] is the same for Rust programs. Waits are not alertable and have no time-out. A thread that was terminated
/// inside has arrived and never leaves: the others go on, a delete waits for ever.
#[derive(Debug)]
#[repr(C)]
pub struct RtlBarrier {
    total: AtomicU32,
    spin_count: AtomicU32,
    word: AtomicU64,
    reserved: AtomicU64,
    inside: AtomicU32,
    reserved_too: AtomicU32,
}

#[cfg(not(ntwait_loom))]
const _: () = assert!(size_of::<RtlBarrier>() == 32);

impl RtlBarrier {
    const_outside_models! {
        /// `RtlInitBarrier`: for so many threads, who look so often before they sleep. No number is refused (RO14): with a
        /// total of 0, as with 1, nobody waits; a negative spin count means the default.
        #[must_use]
        pub fn new(total: u32, spin_count: i32) -> Self {
            Self {
                total: AtomicU32::new(total),
                spin_count: AtomicU32::new(spin_count.cast_unsigned()),
                word: AtomicU64::new(0),
                reserved: AtomicU64::new(0),
                inside: AtomicU32::new(0),
                reserved_too: AtomicU32::new(0),
            }
        }
    }

    /// `RtlInitBarrier` of memory that was something else: see [`new`](Self::new). Always succeeds.
    pub fn rtl_init_barrier(&self, total: u32, spin_count: i32) {
        self.spin_count.store(spin_count.cast_unsigned(), Ordering::Relaxed);
        self.word.store(0, Ordering::Relaxed);
        self.inside.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Release);
    }

    /// `RtlBarrier`: returns when as many threads have entered as the barrier is for. True for the last of them, and for
    /// no other (RO15). The barrier is ready for the next phase then.
    ///
    /// # Errors
    /// `INVALID_PARAMETER`: unknown flags (RO16). The thread has not entered.
    pub fn rtl_barrier(&self, flags: BarrierFlags) -> Result<bool, NtStatus> {
        if !BarrierFlags::all().contains(flags) {
            return Err(NtStatus::INVALID_PARAMETER);
        }
        let counts = !flags.contains(BarrierFlags::NO_DELETE);
        if counts {
            self.inside.fetch_add(ENTRANT, Ordering::Relaxed);
        }
        let (phase, is_last) = self.enter();
        if !is_last {
            self.await_end_of(phase, flags);
        }
        if counts {
            self.leave();
        }
        Ok(is_last)
    }

    /// Arrives, and lets the others go if that ends the phase: no termination comes between the two.
    fn enter(&self) -> (u64, bool) {
        let _shield = Shield::raise();
        let (phase, is_last) = self.arrive();
        if is_last {
            lot::unpark_all(self.key(), 0);
        }
        (phase, is_last)
    }

    /// Is inside no more, and tells who waits for that.
    fn leave(&self) {
        let _shield = Shield::raise();
        if self.inside.fetch_sub(ENTRANT, Ordering::AcqRel) == ENTRANT | DELETED {
            lot::unpark_all(self.exit_key(), 0); // A3: the address alone
        }
    }

    /// `RtlDeleteBarrier`: returns when those have left who are inside without `NO_DELETE` (RO17). Otherwise it does
    /// nothing. Always succeeds.
    pub fn rtl_delete_barrier(&self) {
        let mut back_off = BackOff::default();
        let mut seen = self.inside.fetch_or(DELETED, Ordering::AcqRel);
        while seen >= ENTRANT {
            let is_used = || self.inside.load(Ordering::Acquire) >= ENTRANT;
            if stay(&mut Shield::raise(), self.exit_key(), 0, is_used, |_| {}) == Stay::NoMemory {
                back_off.pause();
            }
            seen = self.inside.load(Ordering::Acquire);
        }
        self.inside.fetch_and(!DELETED, Ordering::Relaxed);
    }

    /// The phase in which the caller arrives, and whether it ends that phase (A1).
    fn arrive(&self) -> (u64, bool) {
        let total = u64::from(self.total.load(Ordering::Relaxed));
        loop {
            let word = self.word.load(Ordering::Relaxed);
            let is_last = (word & ARRIVED) + 1 >= total;
            let next = if is_last { (word & !ARRIVED).wrapping_add(PHASE) } else { word + 1 };
            if self.word.compare_exchange(word, next, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                return (word / PHASE, is_last);
            }
        }
    }

    fn await_end_of(&self, phase: u64, flags: BarrierFlags) {
        let is_on = || self.word.load(Ordering::Acquire) / PHASE == phase;
        let blocks = flags.contains(BarrierFlags::BLOCK_ONLY);
        if flags.contains(BarrierFlags::SPIN_ONLY) && !blocks {
            return spin_while(is_on);
        }
        let mut spin = Spin::at_most(if blocks { 0 } else { self.spin_count.load(Ordering::Relaxed) });
        let mut back_off = BackOff::default();
        while is_on() {
            if !spin.again() && stay(&mut Shield::raise(), self.key(), 0, is_on, |_| {}) == Stay::NoMemory {
                back_off.pause();
            }
        }
    }

    fn key(&self) -> Key {
        Key::new(Space::Barrier, core::ptr::from_ref(self).addr())
    }

    /// Where a delete waits.
    fn exit_key(&self) -> Key {
        Key::new(Space::Barrier, core::ptr::from_ref(&self.inside).addr())
    }
}

/// Looks between two times that the thread lets others run: one of them may be who is waited for, on this CPU.
const LOOKS: u32 = 1_000;

fn spin_while(condition: impl Fn() -> bool) {
    let mut looks = 0_u32;
    while condition() {
        looks = looks.wrapping_add(1);
        if looks.is_multiple_of(LOOKS) {
            cpu::yield_now();
        } else {
            spin_hint();
        }
    }
}
