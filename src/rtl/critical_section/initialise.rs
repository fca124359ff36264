//! How a critical section begins and ends, and its spin field (CS1, CS5–CS8, CS12, CS17).

use super::{FREE, RtlCriticalSection};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicU32, AtomicU64, Ordering, const_outside_models};
use crate::sys::cpu;
use crate::waiter::shield::Shield;
use bitflags::bitflags;

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

/// The spin count proper, in the spin field.
pub(super) const SPINS: u32 = 0x00FF_FFFF;
/// What a section gets that asks for none in particular (CS5): a dynamic 2000.
const DEFAULT_SPINS: u32 = CriticalSectionFlags::DYNAMIC_SPIN.bits() | 2_000;
/// `DebugInfo` of a section without debug information (CS1).
const NO_DEBUG_INFO: u64 = u64::MAX;

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
}
