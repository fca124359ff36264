//! Waiting for a change of what is at an address, with milliseconds (WA1–WA11).

use super::{Bool, in_time, timeout};
use crate::memory::{In, wait_while_equal};
use crate::nt::status;
use core::ffi::c_void;
use nt::{rtl_wake_address_all, rtl_wake_address_single};

calls! {
    fn WaitOnAddress(address: In<u8>, compare: In<u8>, size: usize, milliseconds: u32) -> Bool {
        in_time(status(|| wait_while_equal(address, compare, size, || Ok(timeout(milliseconds)))))
    }

    fn WakeByAddressSingle(address: *const c_void) {
        rtl_wake_address_single(address);
    }

    fn WakeByAddressAll(address: *const c_void) {
        rtl_wake_address_all(address);
    }
}
