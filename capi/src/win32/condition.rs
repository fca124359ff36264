//! Condition variables, which are those of `rtl`, with milliseconds (SR11–SR18).

use super::{Bool, in_time, timeout};
use crate::memory::Shared;
use crate::nt::status;
use crate::rtl::on;
use nt::{ConditionFlags, RtlConditionVariable, RtlCriticalSection, RtlSrwLock};

calls! {
    fn InitializeConditionVariable(condition: Shared<RtlConditionVariable>) {
        on(condition, RtlConditionVariable::rtl_initialize_condition_variable);
    }

    fn SleepConditionVariableCS(
        condition: Shared<RtlConditionVariable>,
        section: Shared<RtlCriticalSection>,
        milliseconds: u32,
    ) -> Bool {
        let timeout = timeout(milliseconds);
        in_time(status(|| Ok(condition.get()?.rtl_sleep_condition_variable_cs(section.get()?, timeout))))
    }

    fn SleepConditionVariableSRW(
        condition: Shared<RtlConditionVariable>,
        lock: Shared<RtlSrwLock>,
        milliseconds: u32,
        flags: u32,
    ) -> Bool {
        let (timeout, flags) = (timeout(milliseconds), ConditionFlags::from_bits_retain(flags));
        in_time(status(|| Ok(condition.get()?.rtl_sleep_condition_variable_srw(lock.get()?, timeout, flags))))
    }

    fn WakeConditionVariable(condition: Shared<RtlConditionVariable>) {
        on(condition, RtlConditionVariable::rtl_wake_condition_variable);
    }

    fn WakeAllConditionVariable(condition: Shared<RtlConditionVariable>) {
        on(condition, RtlConditionVariable::rtl_wake_all_condition_variable);
    }
}
