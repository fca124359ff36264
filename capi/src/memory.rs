//! Memory of the caller's: what a pointer leads to, and whether it is there.
//!
//! | pointer                              | answer                   |
//! |--------------------------------------|--------------------------|
//! | null where something is required     | `ACCESS_VIOLATION`       |
//! | not aligned for its type             | `DATATYPE_MISALIGNMENT`  |
//! | to memory that cannot be read, or written where it is written | `ACCESS_VIOLATION` |
//! | anything else                        | is used                  |
//!
//! As in the kernel of NT, memory is probed before anything is done, so a bad pointer changes nothing (E19, N13). What is
//! probed is there as long as the caller keeps it, which is its part: nobody may free memory that a call was given.
//!
//! M1  A pointer is followed only through the types of this file, after its memory was probed in the same call.
//! M2  The caller keeps the memory that it handed in, as it is, until the call returns; others may write there.

#![allow(unsafe_code, reason = "pointers of the caller's")]

mod probe;

use core::mem::MaybeUninit;
use core::ptr::NonNull;
use nt::NtStatus;

/// A pointer that is read.
#[repr(transparent)]
pub(crate) struct In<T>(*const T);

/// A pointer that is written.
#[repr(transparent)]
pub(crate) struct Out<T>(*mut T);

impl<T> Clone for In<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for In<T> {}

impl<T> Clone for Out<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Out<T> {}

/// Memory that was probed, for one value.
pub(crate) struct Place<T>(NonNull<T>);

/// What the bytes may be: anything.
///
/// # Safety
/// Every pattern of bits is a value, and there is no padding that would be read.
pub(crate) unsafe trait Plain: Copy {}

/// Says so of integers and raw pointers, and of `repr(C)` structures that are made of them alone.
macro_rules! plain {
    ($($type:ty),*) => {
        $(
            #[allow(unsafe_code, reason = "said of structures where they are defined")]
            // SAFETY: as it says at the macro.
            unsafe impl $crate::memory::Plain for $type {}
        )*
    };
}
pub(crate) use plain;

plain!(u8, u16, u32, u64, i32, i64, usize, nt::Handle, *mut core::ffi::c_void);

#[inline]
fn check_alignment(address: usize, alignment: usize) -> Result<(), NtStatus> {
    if address.is_multiple_of(alignment) { Ok(()) } else { Err(NtStatus::DATATYPE_MISALIGNMENT) }
}

/// The alignment, then the address.
#[inline]
fn check<T>(pointer: *const T, count: usize, access: probe::Access) -> Result<(), NtStatus> {
    check_alignment(pointer.addr(), align_of::<T>())?;
    let length = count.checked_mul(size_of::<T>()).ok_or(NtStatus::ACCESS_VIOLATION)?;
    if probe::is_there(pointer.addr(), length, access) { Ok(()) } else { Err(NtStatus::ACCESS_VIOLATION) }
}

impl<T> In<T> {
    /// The same address, for another type.
    pub(crate) fn cast<U>(self) -> In<U> {
        In(self.0.cast())
    }

    /// What lies directly behind one value.
    pub(crate) fn behind<U>(self) -> In<U> {
        In(self.0.wrapping_add(1).cast())
    }
}

impl<T> Out<T> {
    pub(crate) fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// The same address, for another type.
    pub(crate) fn cast<U>(self) -> Out<U> {
        Out(self.0.cast())
    }
}

impl In<u8> {
    /// So many bytes, where they are, aligned as asked for.
    pub(crate) fn bytes<'a>(self, length: usize, alignment: usize) -> Result<&'a [u8], NtStatus> {
        if length == 0 {
            return Ok(&[]);
        }
        check_alignment(self.0.addr(), alignment)?;
        self.slice(length)
    }
}

impl<T: Plain> In<T> {
    pub(crate) fn address(self) -> usize {
        self.0.addr()
    }

    /// The value; null is none.
    #[inline]
    pub(crate) fn get(self) -> Result<Option<T>, NtStatus> {
        if self.0.is_null() { Ok(None) } else { self.require().map(Some) }
    }

    /// The value.
    #[inline]
    pub(crate) fn require(self) -> Result<T, NtStatus> {
        check(self.0, 1, probe::Access::Read)?;
        // SAFETY: M1, M2; any bits are a value.
        Ok(unsafe { self.0.read_volatile() })
    }

    /// So many values, copied.
    #[inline]
    pub(crate) fn copy<const N: usize>(self, count: usize, room: &mut [MaybeUninit<T>; N]) -> Result<&[T], NtStatus> {
        let room = room.get_mut(..count).ok_or(NtStatus::INVALID_PARAMETER)?;
        check(self.0, count, probe::Access::Read)?;
        // SAFETY: M1, M2; the room has place for as many, and lies elsewhere.
        unsafe { core::ptr::copy_nonoverlapping(self.0, room.as_mut_ptr().cast(), count) };
        // SAFETY: filled just now.
        Ok(unsafe { room.assume_init_ref() })
    }

    /// So many values, where they are. They must stay as they are until the call returns.
    pub(crate) fn slice<'a>(self, count: usize) -> Result<&'a [T], NtStatus> {
        if count == 0 {
            return Ok(&[]);
        }
        check(self.0, count, probe::Access::Read)?;
        // SAFETY: M1, M2.
        Ok(unsafe { core::slice::from_raw_parts(self.0, count) })
    }

    /// What comes before the first zero, of at most so many values; more are no text.
    pub(crate) fn until_zero<'a>(self, most: usize) -> Result<Option<&'a [T]>, NtStatus>
    where
        T: PartialEq + Default,
    {
        for length in 0..=most {
            let next = self.0.wrapping_add(length);
            // A page is probed when the text begins and when it goes on there.
            if length == 0 || next.addr().is_multiple_of(probe::PAGE) {
                check(next, 1, probe::Access::Read)?;
            }
            // SAFETY: M1, M2: the page was probed.
            if unsafe { next.read_volatile() } == T::default() {
                return self.slice(length).map(Some);
            }
        }
        Ok(None)
    }
}

impl<T: Plain> Out<T> {
    /// The place; null is none.
    #[inline]
    pub(crate) fn get(self) -> Result<Option<Place<T>>, NtStatus> {
        if self.0.is_null() { Ok(None) } else { self.require().map(Some) }
    }

    /// The place.
    #[inline]
    pub(crate) fn require(self) -> Result<Place<T>, NtStatus> {
        check(self.0, 1, probe::Access::Write)?;
        NonNull::new(self.0).map(Place).ok_or(NtStatus::ACCESS_VIOLATION)
    }
}

impl Out<u8> {
    /// So many bytes to fill, aligned as asked for.
    pub(crate) fn bytes<'a>(self, length: usize, alignment: usize) -> Result<&'a mut [u8], NtStatus> {
        if length == 0 {
            return Ok(&mut []);
        }
        check_alignment(self.0.addr(), alignment)?;
        check(self.0, length, probe::Access::Write)?;
        // SAFETY: M1, M2.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.0, length) })
    }
}

impl<T: Plain> Place<T> {
    #[inline]
    pub(crate) fn set(&self, value: T) {
        // SAFETY: M1, M2.
        unsafe { self.0.write_volatile(value) };
    }
}

/// Writes the value, if somebody wants it.
#[inline]
pub(crate) fn give<T: Plain>(place: Option<Place<T>>, value: T) {
    if let Some(place) = place {
        place.set(value);
    }
}

/// Sleeps while so many bytes at the address are those at the other: [`nt::rtl_wait_on_address`], of memory that is there. A
/// wrong size is told before a bad pointer (WA1), and that before anything about the time-out.
pub(crate) fn wait_while_equal(
    address: In<u8>,
    compare: In<u8>,
    size: usize,
    timeout: impl FnOnce() -> Result<Option<i64>, NtStatus>,
) -> Result<NtStatus, NtStatus> {
    if !matches!(size, 1 | 2 | 4 | 8) {
        return Err(NtStatus::INVALID_PARAMETER);
    }
    check(address.0, size, probe::Access::Read)?;
    check(compare.0, size, probe::Access::Read)?;
    let timeout = timeout()?;
    // SAFETY: M1, M2.
    Ok(unsafe { nt::rtl_wait_on_address(address.0.cast(), compare.0.cast(), size, timeout) })
}

/// A structure that lives in the caller's memory and is used there by many: a lock. Null, misaligned and impossible addresses
/// are told; else the memory is the caller's word, as probing would cost more than the lock.
#[repr(transparent)]
pub(crate) struct Shared<T>(*const T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}

impl<T> Shared<T> {
    /// The structure.
    #[inline]
    pub(crate) fn get<'a>(self) -> Result<&'a T, NtStatus> {
        check_alignment(self.0.addr(), align_of::<T>())?;
        if !probe::is_possible(self.0.addr(), size_of::<T>()) {
            return Err(NtStatus::ACCESS_VIOLATION);
        }
        // SAFETY: M2; these structures are atomics through and through, for which any bits will do.
        Ok(unsafe { &*self.0 })
    }

    pub(crate) fn address(self) -> *mut core::ffi::c_void {
        self.0.cast_mut().cast()
    }
}
