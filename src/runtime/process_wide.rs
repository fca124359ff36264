//! The runtime of the process.
//!
//! The pointer to it lies in memory that `fork` wipes: a child that uses the library starts with a fresh runtime of
//! its own instead of one whose locks are held by threads that do not exist.

#![allow(unsafe_code, reason = "a pointer to the one runtime that is never dropped")]

use super::Runtime;
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicPtr, AtomicU64, Ordering, process_static};
use crate::sys::region::{OutOfMemory, Region};
use core::ptr;

/// Room for the pointer: a region's smallest size.
const ROOM: usize = 4096;

process_static! {
    /// The page of the pointer; itself never changes once it is there.
    fn page() -> AtomicPtr<Region<AtomicU64>> = AtomicPtr::new(ptr::null_mut())
}

impl Runtime {
    /// The process-wide runtime, made at first use and never dropped.
    ///
    /// # Errors
    /// `INSUFFICIENT_RESOURCES`: the kernel refuses the address space.
    pub fn try_global() -> Result<&'static Self, NtStatus> {
        let cell = root()?;
        let known = ptr::with_exposed_provenance::<Self>(cell.load(Ordering::Acquire) as usize);
        // SAFETY: null, or published below and never freed.
        if let Some(runtime) = unsafe { known.as_ref() } {
            return Ok(runtime);
        }
        let fresh = Box::into_raw(Box::new(Self::new()?));
        let address = fresh.expose_provenance() as u64;
        match cell.compare_exchange(0, address, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: published now, and never freed.
            Ok(_) => Ok(unsafe { &*fresh }),
            Err(winner) => {
                // SAFETY: ours alone, as it was not published.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: published by the winner and never freed.
                Ok(unsafe { &*ptr::with_exposed_provenance(winner as usize) })
            }
        }
    }

    /// As [`try_global`](Self::try_global), for programs that cannot do without.
    ///
    /// # Panics
    /// If the kernel refuses the address space.
    #[must_use]
    pub fn global() -> &'static Self {
        match Self::try_global() {
            Ok(runtime) => runtime,
            Err(status) => panic!("no address space for the process-wide runtime: {status}"),
        }
    }
}

/// The word that holds the address of the runtime, 0 if there is none (yet, or in this child).
fn root() -> Result<&'static AtomicU64, NtStatus> {
    // SAFETY: null, or published below and never freed.
    if let Some(region) = unsafe { page().load(Ordering::Acquire).as_ref() } {
        return region.get(0).ok_or(NtStatus::INSUFFICIENT_RESOURCES);
    }
    let no_memory = |OutOfMemory| NtStatus::INSUFFICIENT_RESOURCES;
    let region = Region::reserve(ROOM).map_err(no_memory)?;
    region.commit(0, 1).map_err(no_memory)?;
    let fresh = Box::into_raw(Box::new(region));
    if page().compare_exchange(ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
        // SAFETY: ours alone, as it was not published.
        drop(unsafe { Box::from_raw(fresh) });
    }
    root()
}
