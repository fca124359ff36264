//! Waiting for a change of what is at an address (WA1–WA11).

use crate::memory::{In, wait_while_equal};
use crate::nt::status;
use core::ffi::c_void;
use nt::{NtStatus, rtl_wake_address_all, rtl_wake_address_single};

calls! {
    fn RtlWaitOnAddress(address: In<u8>, compare: In<u8>, size: usize, timeout: In<i64>) -> NtStatus {
        status(|| wait_while_equal(address, compare, size, || timeout.get()))
    }

    fn RtlWakeAddressSingle(address: *const c_void) {
        rtl_wake_address_single(address);
    }

    fn RtlWakeAddressAll(address: *const c_void) {
        rtl_wake_address_all(address);
    }
}
