//! Condition variables (SR11–SR18).

use super::on;
use crate::memory::{In, Shared};
use crate::nt::status;
use nt::{ConditionFlags, NtStatus, RtlConditionVariable, RtlCriticalSection, RtlSrwLock};

calls! {
    fn RtlInitializeConditionVariable(condition: Shared<RtlConditionVariable>) {
        on(condition, RtlConditionVariable::rtl_initialize_condition_variable);
    }

    fn RtlSleepConditionVariableCS(
        condition: Shared<RtlConditionVariable>,
        section: Shared<RtlCriticalSection>,
        timeout: In<i64>,
    ) -> NtStatus {
        status(|| Ok(condition.get()?.rtl_sleep_condition_variable_cs(section.get()?, timeout.get()?)))
    }

    fn RtlSleepConditionVariableSRW(
        condition: Shared<RtlConditionVariable>,
        lock: Shared<RtlSrwLock>,
        timeout: In<i64>,
        flags: u32,
    ) -> NtStatus {
        let flags = ConditionFlags::from_bits_retain(flags);
        status(|| Ok(condition.get()?.rtl_sleep_condition_variable_srw(lock.get()?, timeout.get()?, flags)))
    }

    fn RtlWakeConditionVariable(condition: Shared<RtlConditionVariable>) {
        on(condition, RtlConditionVariable::rtl_wake_condition_variable);
    }

    fn RtlWakeAllConditionVariable(condition: Shared<RtlConditionVariable>) {
        on(condition, RtlConditionVariable::rtl_wake_all_condition_variable);
    }
}
