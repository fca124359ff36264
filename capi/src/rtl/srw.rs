//! SRW locks (SR1–SR10). A release of a lock that is not held does nothing: there are no exceptions (SR10).

use super::{holds_on, on};
use crate::memory::Shared;
use nt::RtlSrwLock;

#[inline(always)]
pub(crate) fn release_exclusive(lock: Shared<RtlSrwLock>) {
    on(lock, |lock| {
        let _ = lock.rtl_release_srw_lock_exclusive();
    });
}

#[inline(always)]
pub(crate) fn release_shared(lock: Shared<RtlSrwLock>) {
    on(lock, |lock| {
        let _ = lock.rtl_release_srw_lock_shared();
    });
}

calls! {
    fn RtlInitializeSRWLock(lock: Shared<RtlSrwLock>) {
        on(lock, RtlSrwLock::rtl_initialize_srw_lock);
    }

    fn RtlAcquireSRWLockExclusive(lock: Shared<RtlSrwLock>) {
        on(lock, RtlSrwLock::rtl_acquire_srw_lock_exclusive);
    }

    fn RtlAcquireSRWLockShared(lock: Shared<RtlSrwLock>) {
        on(lock, RtlSrwLock::rtl_acquire_srw_lock_shared);
    }

    fn RtlTryAcquireSRWLockExclusive(lock: Shared<RtlSrwLock>) -> u8 {
        u8::from(holds_on(lock, RtlSrwLock::rtl_try_acquire_srw_lock_exclusive))
    }

    fn RtlTryAcquireSRWLockShared(lock: Shared<RtlSrwLock>) -> u8 {
        u8::from(holds_on(lock, RtlSrwLock::rtl_try_acquire_srw_lock_shared))
    }

    fn RtlReleaseSRWLockExclusive(lock: Shared<RtlSrwLock>) {
        release_exclusive(lock);
    }

    fn RtlReleaseSRWLockShared(lock: Shared<RtlSrwLock>) {
        release_shared(lock);
    }
}
