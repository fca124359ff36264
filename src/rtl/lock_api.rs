//! The raw locks as the crate `lock_api` wants them: `lock_api::RwLock<RtlSrwLock, T>`, `lock_api::Mutex<RtlSrwLock, T>`.
//!
//! A guard may go to another thread, as the lock has no owner (SR4). There is no timed form, because NT has none.

#![allow(unsafe_code, reason = "lock_api's traits are a promise of exclusion")]

use super::RtlSrwLock;

// SAFETY: exclusive access excludes all others.
unsafe impl lock_api::RawMutex for RtlSrwLock {
    #[allow(clippy::declare_interior_mutable_const, reason = "a value to start from, as lock_api has it")]
    const INIT: Self = Self::new();
    type GuardMarker = lock_api::GuardSend;

    #[inline]
    fn lock(&self) {
        self.rtl_acquire_srw_lock_exclusive();
    }

    #[inline]
    fn try_lock(&self) -> bool {
        self.rtl_try_acquire_srw_lock_exclusive()
    }

    #[inline]
    unsafe fn unlock(&self) {
        let _ = self.rtl_release_srw_lock_exclusive();
    }
}

// SAFETY: exclusive access excludes all others, shared access excludes exclusive.
unsafe impl lock_api::RawRwLock for RtlSrwLock {
    #[allow(clippy::declare_interior_mutable_const, reason = "a value to start from, as lock_api has it")]
    const INIT: Self = Self::new();
    type GuardMarker = lock_api::GuardSend;

    #[inline]
    fn lock_shared(&self) {
        self.rtl_acquire_srw_lock_shared();
    }

    #[inline]
    fn try_lock_shared(&self) -> bool {
        self.rtl_try_acquire_srw_lock_shared()
    }

    #[inline]
    unsafe fn unlock_shared(&self) {
        let _ = self.rtl_release_srw_lock_shared();
    }

    #[inline]
    fn lock_exclusive(&self) {
        self.rtl_acquire_srw_lock_exclusive();
    }

    #[inline]
    fn try_lock_exclusive(&self) -> bool {
        self.rtl_try_acquire_srw_lock_exclusive()
    }

    #[inline]
    unsafe fn unlock_exclusive(&self) {
        let _ = self.rtl_release_srw_lock_exclusive();
    }
}
