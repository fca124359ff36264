//! SRW locks, which are those of `rtl` (SR1–SR10).

use crate::memory::Shared;
use crate::rtl::srw::{release_exclusive, release_shared};
use crate::rtl::{holds_on, on};
use nt::RtlSrwLock;

calls! {
    fn InitializeSRWLock(lock: Shared<RtlSrwLock>) {
        on(lock, RtlSrwLock::rtl_initialize_srw_lock);
    }

    fn AcquireSRWLockExclusive(lock: Shared<RtlSrwLock>) {
        on(lock, RtlSrwLock::rtl_acquire_srw_lock_exclusive);
    }

    fn AcquireSRWLockShared(lock: Shared<RtlSrwLock>) {
        on(lock, RtlSrwLock::rtl_acquire_srw_lock_shared);
    }

    fn TryAcquireSRWLockExclusive(lock: Shared<RtlSrwLock>) -> u8 {
        u8::from(holds_on(lock, RtlSrwLock::rtl_try_acquire_srw_lock_exclusive))
    }

    fn TryAcquireSRWLockShared(lock: Shared<RtlSrwLock>) -> u8 {
        u8::from(holds_on(lock, RtlSrwLock::rtl_try_acquire_srw_lock_shared))
    }

    fn ReleaseSRWLockExclusive(lock: Shared<RtlSrwLock>) {
        release_exclusive(lock);
    }

    fn ReleaseSRWLockShared(lock: Shared<RtlSrwLock>) {
        release_shared(lock);
    }
}
