//! A value that each process makes for itself: one, at first use, never dropped, and fresh in a child of `fork`.
//!
//! The pointer to the value lies in memory that `fork` wipes: a child makes its own value instead of using one whose
//! locks are held by threads that do not exist there.
//!
//! ```text
//!            make, exchange                          fork
//!   page 0 ─────────────────▶ page holds the address ─────▶ (in the child) page 0
//! ```
//!
//! P1  The address in the page is 0, or of a value that is never freed.
//! P2  A kernel before 4.14 cannot wipe; there a child shares what its parent had, as it shares all else.
//! orderings   publish: AcqRel exchange → find: Acquire

#![allow(unsafe_code, reason = "a pointer to a value that is never dropped")]

use super::atomic::{AtomicPtr, AtomicU64, Ordering};
use super::region::{OutOfMemory, Region};
use core::marker::PhantomData;
use core::ptr;

/// Room for the pointer: a region's smallest size.
const ROOM: usize = 4096;

/// The place of the value; itself a static.
#[derive(Debug)]
pub(crate) struct PerProcess<T: 'static> {
    /// The page of the pointer; itself never changes once it is there.
    page: AtomicPtr<Region<AtomicU64>>,
    value: PhantomData<&'static T>,
}

impl<T> PerProcess<T> {
    #[cfg(not(ntwait_loom))]
    pub(crate) const fn new() -> Self {
        Self { page: AtomicPtr::new(ptr::null_mut()), value: PhantomData }
    }

    #[cfg(ntwait_loom)]
    pub(crate) fn new() -> Self {
        Self { page: AtomicPtr::new(ptr::null_mut()), value: PhantomData }
    }

    /// The value of this process, if somebody made it.
    #[inline]
    pub(crate) fn known(&self) -> Option<&'static T> {
        // SAFETY: null, or published below and never freed.
        let region = unsafe { self.page.load(Ordering::Acquire).as_ref() }?;
        let known = ptr::with_exposed_provenance::<T>(region.get(0)?.load(Ordering::Acquire) as usize);
        // SAFETY: P1.
        unsafe { known.as_ref() }
    }

    /// The value of this process, made now if there is none. Of two that make it at the same time one wins; the
    /// other's value is dropped.
    ///
    /// # Errors
    /// What `make` fails with, or no memory.
    pub(crate) fn get_or_try_make<E: From<OutOfMemory>>(
        &self,
        make: impl FnOnce() -> Result<T, E>,
    ) -> Result<&'static T, E> {
        if let Some(known) = self.known() {
            return Ok(known);
        }
        let cell = self.cell()?;
        let fresh = Box::into_raw(Box::new(make()?));
        let address = fresh.expose_provenance() as u64;
        match cell.compare_exchange(0, address, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: published now, and never freed (P1).
            Ok(_) => Ok(unsafe { &*fresh }),
            Err(winner) => {
                // SAFETY: ours alone, as it was not published.
                drop(unsafe { Box::from_raw(fresh) });
                // SAFETY: P1.
                Ok(unsafe { &*ptr::with_exposed_provenance(winner as usize) })
            }
        }
    }

    /// The word that holds the address of the value, 0 if there is none (yet, or in this child).
    fn cell(&self) -> Result<&'static AtomicU64, OutOfMemory> {
        // SAFETY: null, or published below and never freed.
        if let Some(region) = unsafe { self.page.load(Ordering::Acquire).as_ref() } {
            return region.get(0).ok_or(OutOfMemory);
        }
        let region = Region::reserve(ROOM)?;
        region.commit(0, 1)?;
        let fresh = Box::into_raw(Box::new(region));
        if self.page.compare_exchange(ptr::null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: ours alone, as it was not published.
            drop(unsafe { Box::from_raw(fresh) });
        }
        self.cell()
    }
}
