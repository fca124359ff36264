//! `RtlWaitOnAddress`, `RtlWakeAddressSingle`, `RtlWakeAddressAll` (WA1–WA11, WA16), and the same for Rust's atomics.
//!
//! ```text
//!   waiter   equal? ─▶ lock the queue; still equal: link ─▶ sleep ─▶ woken, alerted by id, or the time is up
//!   waker    change the value ─▶ lock the queue; take out the first, or all ─▶ wake
//! ```
//!
//! AD1  The value is compared once more under the queue's lock, which the waker takes after the change: who compares later
//!      sees the change, who compared before is found in the queue.
//! orderings   the queue's lock; who finds another value at the first look: Acquire

#![allow(unsafe_code, reason = "reads values at addresses of the caller's")]

use crate::status::NtStatus;
use crate::sys::atomic::foreign::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    AtomicUsize, Ordering,
};
use crate::sys::clock::Timeout;
use crate::wait::Until;
use crate::wait::lot::{self, Key, Parked, Space, Terms};
use crate::waiter::park::Heed;
use crate::waiter::record::NoMemory;
use crate::waiter::shield::Shield;
use core::ffi::c_void;

mod sealed {
    /// An atomic of the caller's.
    pub trait Atomic {
        /// What it holds.
        type Value: Copy + PartialEq;
        /// What it holds at this moment. Acquire.
        fn look(&self) -> Self::Value;
    }
}

/// The atomics that a thread can wait on: [`AtomicBool`] and all integers, of 1, 2, 4 and 8 bytes.
pub trait WaitAddress: sealed::Atomic {}

macro_rules! wait_address {
    ($($atomic:ty: $value:ty),*) => {
        $(
            impl sealed::Atomic for $atomic {
                type Value = $value;
                fn look(&self) -> $value {
                    self.load(Ordering::Acquire)
                }
            }
            impl WaitAddress for $atomic {}
        )*
    };
}
wait_address!(AtomicBool: bool, AtomicU8: u8, AtomicI8: i8, AtomicU16: u16, AtomicI16: i16, AtomicU32: u32);
wait_address!(AtomicI32: i32, AtomicU64: u64, AtomicI64: i64, AtomicUsize: usize, AtomicIsize: isize);

/// Sleeps while the atomic is `expected`, until somebody wakes its address.
///
/// `true`: it was something else already (WA2), or somebody has woken the address, whatever it holds by then (WA5); look
/// again. An alert by thread id ([`nt_alert_thread_by_thread_id`](crate::Runtime::nt_alert_thread_by_thread_id)) counts as a
/// wake (WA16). `false`: the time was up (WA3). Not alertable (WA11).
///
/// Change the atomic first, then wake: no wake is lost then. A wake without a waiter is not remembered (WA6).
///
/// ```
/// use std::sync::atomic::{AtomicU8, Ordering};
/// use ntwait::{Timeout, wait_on_address, wake_address_single};
///
/// let door = AtomicU8::new(0);
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         door.store(1, Ordering::Release);
///         wake_address_single(&door);
///     });
///     while door.load(Ordering::Acquire) == 0 {
///         wait_on_address(&door, 0, Timeout::Never)?;
///     }
///     Ok::<(), ntwait::NtStatus>(())
/// })?;
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
///
/// # Errors
/// `NO_MEMORY`: none for what the library keeps of a thread.
pub fn wait_on_address<A: WaitAddress>(
    atomic: &A,
    expected: A::Value,
    timeout: impl Into<Timeout>,
) -> Result<bool, NtStatus> {
    wait(core::ptr::from_ref(atomic).addr(), &|| atomic.look() == expected, timeout.into())
}

/// Wakes the thread that has waited longest at this address, if one waits (WA7). The address is not looked at, so the atomic
/// need not be there any more.
pub fn wake_address_single<A: WaitAddress>(atomic: *const A) {
    wake_one(atomic.addr());
}

/// Wakes all threads that wait at this address, as [`wake_address_single`] one.
pub fn wake_address_all<A: WaitAddress>(atomic: *const A) {
    wake_all(atomic.addr());
}

/// `RtlWaitOnAddress`: sleeps while the `size` bytes at `address` are those at `compare`, until somebody wakes the address;
/// as [`wait_on_address`]. The time-out is in units of 100 ns, as for
/// [`nt_wait_for_single_object`](crate::Runtime::nt_wait_for_single_object).
///
/// Answers `SUCCESS`; `TIMEOUT`; `INVALID_PARAMETER` for a size other than 1, 2, 4 and 8 (WA1); `ACCESS_VIOLATION` for a null
/// pointer, where NT faults (WA7); `NO_MEMORY`. An address that is no multiple of the size will do; its bytes are then read
/// one by one.
///
/// # Safety
/// `size` bytes at both addresses can be read as long as the call lasts. Other threads change those at `address` by atomic
/// operations only, and those at `compare` not at all.
pub unsafe fn rtl_wait_on_address(
    address: *const c_void,
    compare: *const c_void,
    size: usize,
    timeout: Option<i64>,
) -> NtStatus {
    if !matches!(size, 1 | 2 | 4 | 8) {
        return NtStatus::INVALID_PARAMETER;
    }
    if address.is_null() || compare.is_null() {
        return NtStatus::ACCESS_VIOLATION;
    }
    // SAFETY: the caller's promise; bytes that nobody changes are as good as atomic.
    let expected = unsafe { read(compare, size) };
    // SAFETY: the caller's promise.
    let is_equal = || unsafe { read(address, size) } == expected;
    match wait(address.addr(), &is_equal, Timeout::from_nt(timeout)) {
        Ok(true) => NtStatus::SUCCESS,
        Ok(false) => NtStatus::TIMEOUT,
        Err(status) => status,
    }
}

/// `RtlWakeAddressSingle`: as [`wake_address_single`]. A null address is harmless (WA7).
pub fn rtl_wake_address_single(address: *const c_void) {
    wake_one(address.addr());
}

/// `RtlWakeAddressAll`: as [`wake_address_all`].
pub fn rtl_wake_address_all(address: *const c_void) {
    wake_all(address.addr());
}

/// The value of 1, 2, 4 or 8 bytes at this address. Acquire.
///
/// # Safety
/// They can be read, and nobody changes them but by atomic operations.
unsafe fn read(address: *const c_void, size: usize) -> u64 {
    let at = address.cast_mut();
    if !at.addr().is_multiple_of(size) {
        return (0..size).fold(0, |value, place| {
            // SAFETY: the caller's promise.
            let byte = unsafe { AtomicU8::from_ptr(at.cast::<u8>().wrapping_add(place)) };
            value | u64::from(byte.load(Ordering::Acquire)) << (8 * place)
        });
    }
    match size {
        // SAFETY: the caller's promise.
        1 => u64::from(unsafe { AtomicU8::from_ptr(at.cast()) }.load(Ordering::Acquire)),
        // SAFETY: the caller's promise, and it is aligned.
        2 => u64::from(unsafe { AtomicU16::from_ptr(at.cast()) }.load(Ordering::Acquire)),
        // SAFETY: as above.
        4 => u64::from(unsafe { AtomicU32::from_ptr(at.cast()) }.load(Ordering::Acquire)),
        // SAFETY: as above.
        _ => unsafe { AtomicU64::from_ptr(at.cast()) }.load(Ordering::Acquire),
    }
}

/// False: the time was up.
fn wait(address: usize, is_equal: &dyn Fn() -> bool, timeout: Timeout) -> Result<bool, NtStatus> {
    if !is_equal() {
        return Ok(true);
    }
    let mut shield = Shield::raise();
    let terms = Terms { heed: Heed::ById, until: &mut Until::new(timeout), token: 0 };
    match lot::park(&mut shield, key(address), terms, is_equal, |_| {}) {
        Ok(Parked::TimedOut) => Ok(false),
        Ok(_) => Ok(true),
        Err(NoMemory) => Err(NtStatus::NO_MEMORY),
    }
}

fn wake_one(address: usize) {
    lot::unpark_one(key(address), |_| 0);
}

fn wake_all(address: usize) {
    lot::unpark_all(key(address), 0);
}

/// Matching is by the address alone (WA8).
fn key(address: usize) -> Key {
    Key::new(Space::Address, address)
}
