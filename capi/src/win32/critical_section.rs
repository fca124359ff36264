//! Critical sections, which are those of `rtl` (CS1–CS17).

use super::{Bool, succeeded};
use crate::memory::Shared;
use crate::rtl::{critical_section, on};
use nt::RtlCriticalSection;

calls! {
    fn InitializeCriticalSection(section: Shared<RtlCriticalSection>) {
        on(section, RtlCriticalSection::rtl_initialize_critical_section);
    }

    fn InitializeCriticalSectionAndSpinCount(section: Shared<RtlCriticalSection>, spin_count: u32) -> Bool {
        succeeded(section.get().map(|section| section.rtl_initialize_critical_section_and_spin_count(spin_count)))
    }

    fn InitializeCriticalSectionEx(section: Shared<RtlCriticalSection>, spin_count: u32, flags: u32) -> Bool {
        succeeded(critical_section::initialize_ex(section, spin_count, flags).ok())
    }

    fn EnterCriticalSection(section: Shared<RtlCriticalSection>) {
        on(section, RtlCriticalSection::rtl_enter_critical_section);
    }

    fn TryEnterCriticalSection(section: Shared<RtlCriticalSection>) -> Bool {
        match section.get() {
            Ok(section) => Bool::from(section.rtl_try_enter_critical_section()),
            Err(bad) => succeeded::<()>(Err(bad)),
        }
    }

    fn LeaveCriticalSection(section: Shared<RtlCriticalSection>) {
        on(section, RtlCriticalSection::rtl_leave_critical_section);
    }

    fn DeleteCriticalSection(section: Shared<RtlCriticalSection>) {
        on(section, RtlCriticalSection::rtl_delete_critical_section);
    }
}
