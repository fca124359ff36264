//! Critical sections (CS1–CS17).

use super::{done_on, holds_on};
use crate::memory::Shared;
use nt::{CriticalSectionFlags, NtStatus, RtlCriticalSection};

/// `RtlInitializeCriticalSectionEx`, and what `InitializeCriticalSectionEx` does: the flags and the spin count are checked before the pointer (CS7).
pub(crate) fn initialize_ex(section: Shared<RtlCriticalSection>, spin_count: u32, flags: u32) -> NtStatus {
    let flags = CriticalSectionFlags::from_bits_retain(flags);
    match section.get() {
        Ok(section) => section.rtl_initialize_critical_section_ex(spin_count, flags),
        Err(bad) => match RtlCriticalSection::new(0).rtl_initialize_critical_section_ex(spin_count, flags) {
            NtStatus::SUCCESS => bad,
            earlier => earlier,
        },
    }
}

calls! {
    fn RtlInitializeCriticalSection(section: Shared<RtlCriticalSection>) -> NtStatus {
        done_on(section, RtlCriticalSection::rtl_initialize_critical_section)
    }

    fn RtlInitializeCriticalSectionAndSpinCount(section: Shared<RtlCriticalSection>, spin_count: u32) -> NtStatus {
        done_on(section, |section| section.rtl_initialize_critical_section_and_spin_count(spin_count))
    }

    fn RtlInitializeCriticalSectionEx(section: Shared<RtlCriticalSection>, spin_count: u32, flags: u32) -> NtStatus {
        initialize_ex(section, spin_count, flags)
    }

    fn RtlEnterCriticalSection(section: Shared<RtlCriticalSection>) -> NtStatus {
        done_on(section, RtlCriticalSection::rtl_enter_critical_section)
    }

    fn RtlTryEnterCriticalSection(section: Shared<RtlCriticalSection>) -> u32 {
        u32::from(holds_on(section, RtlCriticalSection::rtl_try_enter_critical_section))
    }

    fn RtlLeaveCriticalSection(section: Shared<RtlCriticalSection>) -> NtStatus {
        done_on(section, RtlCriticalSection::rtl_leave_critical_section)
    }

    fn RtlDeleteCriticalSection(section: Shared<RtlCriticalSection>) -> NtStatus {
        done_on(section, RtlCriticalSection::rtl_delete_critical_section)
    }
}
