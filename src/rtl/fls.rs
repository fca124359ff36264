//! `FlsAlloc` and its like: 4,080 values for each thread, with a callback for what is left behind (F10–F26).
//!
//! Fibers do not exist here: a thread has one set of values (F23).
//!
//! ```text
//!   index    FREE ── alloc ──▶ CLAIMED ── NULL in all threads ──▶ allocated(callback)
//!             ▲                                                      │ free
//!             └── every thread's value taken and called back ── FREEING(callback)
//!
//!   value    NULL ── its thread sets it ──▶ v ── taken, by a free or by its thread's end ──▶ NULL, callback(v)
//! ```
//!
//! X1  A value is taken by one exchange with NULL, whoever does it: so its callback is called once (F17), and finds NULL
//!     in its place (F18).
//! X2  Callbacks are user code: they are called with no lock held, at depth zero, and may do anything, set, alloc and free
//!     included (F18), be terminated there (F24) and not come back.
//! X3  An index is not allocated anew while the walk of a free is under way. What a thread has there it may lose to the
//!     walk, or call back itself if it ends meanwhile.
//! X4  A thread that does not come back from a callback leaves no index FREEING: its end completes the walk, without calls.
//! X5  At its end a thread goes through the indexes once, whatever the callbacks set (F20). Then it has no values.
//! orderings   set: Release → taken: Acquire (the callback sees what the value leads to); allocated: Release → Acquire

mod indexes;

use super::values::{All, Block, Own, Place};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicPtr, Ordering, process_static};
use crate::sys::cpu;
use crate::sys::tls::thread_local;
use crate::waiter::at_exit::{self, Leaving};
use crate::waiter::pool::Pool;
use crate::waiter::shield::Shield;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;
pub use indexes::FlsCallback;
use indexes::{COUNT, Index, Indexes};

/// Indexes that there are, the reserved 0 included (F10, F11).
pub const FLS_MAXIMUM_AVAILABLE: u32 = 4080;

#[derive(Debug)]
struct Value(AtomicPtr<c_void>);

impl Default for Value {
    fn default() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }
}

impl Place for Value {
    fn clear(&self) {
        self.0.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

impl Value {
    /// X1.
    fn take(&self) -> Option<*mut c_void> {
        if self.0.load(Ordering::Relaxed).is_null() {
            return None;
        }
        Some(self.0.swap(ptr::null_mut(), Ordering::Acquire)).filter(|value| !value.is_null())
    }
}

process_static! {
    fn indexes() -> Indexes = Indexes::new()
}
process_static! {
    fn pool() -> Pool<Block<Value>> = Pool::new()
}
process_static! {
    fn all() -> All<Value> = All::new()
}
thread_local! {
    static OWN: Own<Value> = const { Own::new() };
}
thread_local! {
    /// The index that this thread is freeing, 0 for none.
    static FREEING: Cell<usize> = const { Cell::new(0) };
}
thread_local! {
    /// The index with which the thread's end goes on (X5).
    static NEXT: Cell<usize> = const { Cell::new(0) };
}

fn checked(index: u32) -> Result<usize, NtStatus> {
    match index as usize {
        index @ 1..COUNT => Ok(index),
        _ => Err(NtStatus::INVALID_PARAMETER), // F11, F14
    }
}

fn own_block() -> Option<&'static Block<Value>> {
    OWN.try_with(Own::block).ok().flatten()
}

/// `RtlFlsAlloc`: a free index, from 1 on (F11). Its value is NULL in all threads, also if one was set there before.
///
/// The callback is called with every value that is not NULL when a thread ends or the index is freed: on the thread that
/// ends or frees, not on one that is terminated (F25). Beside a free, the end of another thread may be in the callback
/// still when [`rtl_fls_free`] returns. A callback does not unwind.
///
/// # Errors
/// `NO_MEMORY`: all are taken (F12).
pub fn rtl_fls_alloc(callback: Option<FlsCallback>) -> Result<u32, NtStatus> {
    let _shield = Shield::raise();
    let table = indexes();
    let is_claimed =
        |index: &usize| table.load(*index) == Index::FREE && table.exchange(*index, Index::FREE, Index::CLAIMED);
    let index = (1..COUNT).find(is_claimed).ok_or(NtStatus::NO_MEMORY)?;
    clear(index);
    table.settle(index, Index::allocated(callback));
    Ok(index as u32)
}

/// `RtlFlsFree`: frees the index. Every thread's value is NULL from now on; for each that was not, the callback is called
/// by this thread, once (F17).
///
/// Answers `INVALID_PARAMETER` for an index that is not allocated, or being freed (F13), and for 0 (F11).
pub fn rtl_fls_free(index: u32) -> NtStatus {
    match checked(index).and_then(claim) {
        Ok((index, callback)) => {
            call_back_all(index, callback);
            end_of_free(index);
            NtStatus::SUCCESS
        }
        Err(status) => status,
    }
}

/// Takes an allocated index in hand.
fn claim(index: usize) -> Result<(usize, Option<FlsCallback>), NtStatus> {
    let _shield = Shield::raise();
    let table = indexes();
    let seen = table.load(index);
    let freeing = seen.freeing().ok_or(NtStatus::INVALID_PARAMETER)?;
    if !table.exchange(index, seen, freeing) {
        return Err(NtStatus::INVALID_PARAMETER); // somebody else has just freed it
    }
    let outer = FREEING.with(|mine| mine.replace(index));
    table.set_outer(index, outer);
    Ok((index, seen.callback()))
}

/// The index that the thread [claimed](claim) last is free.
fn end_of_free(index: usize) {
    let _shield = Shield::raise();
    FREEING.with(|mine| mine.set(indexes().outer(index)));
    indexes().settle(index, Index::FREE);
}

/// X2: what is in this frame when a callback is called needs no clean-up.
fn call_back_all(index: usize, callback: Option<FlsCallback>) {
    let (process, mine) = (cpu::process_id(), own_block());
    for block in all().iter() {
        let owner = block.process();
        let is_mine = mine.is_some_and(|mine| ptr::eq(mine, block));
        if (owner == process || is_mine && owner != 0)
            && let Some(value) = block.of_any(index).and_then(Value::take)
            && let Some(callback) = callback
        {
            callback.call(value);
        }
    }
}

/// Makes the value NULL in all threads.
fn clear(index: usize) {
    for place in all().iter().filter_map(|block| block.of_any(index)) {
        place.take();
    }
}

/// `RtlFlsGetValue`: the calling thread's value.
///
/// # Errors
/// `INVALID_PARAMETER`: index 0, or 4,080 or more (F11, F14); or the thread has set no value near it yet (F15): the first
/// set makes room for all indexes of its chunk, 1 to 15, 16 to 47, 48 to 111 and so on (F21), and those read NULL.
#[inline]
pub fn rtl_fls_get_value(index: u32) -> Result<*mut c_void, NtStatus> {
    let index = checked(index)?;
    let place = own_block().and_then(|block| block.own(index)).ok_or(NtStatus::INVALID_PARAMETER)?;
    Ok(place.0.load(Ordering::Relaxed))
}

/// `RtlFlsSetValue`: sets the calling thread's value. Whether the index is allocated is not asked (F14); if it is not,
/// nothing is called for the value, and it is lost when it is.
///
/// Answers `INVALID_PARAMETER` for index 0, and for 4,080 or more; `NO_MEMORY`; `THREAD_IS_TERMINATING` in a thread for
/// which the callbacks of its end have been called (F20).
#[inline]
pub fn rtl_fls_set_value(index: u32, value: *mut c_void) -> NtStatus {
    set(index, value).err().unwrap_or(NtStatus::SUCCESS)
}

#[inline]
fn set(index: u32, value: *mut c_void) -> Result<(), NtStatus> {
    let index = checked(index)?;
    let known = OWN.try_with(Own::block).map_err(|_| NtStatus::THREAD_IS_TERMINATING)?;
    let place = known.map_or_else(take, Ok)?.own_or_open(index)?;
    place.0.store(value, Ordering::Release);
    Ok(())
}

/// The thread's first value: from now on its end has something to do, and others find its block.
#[cold]
fn take() -> Result<&'static Block<Value>, NtStatus> {
    OWN.with(|own| {
        own.take(pool(), |block| {
            let is_settled = at_exit::at_exit(Leaving::Callbacks, call_back);
            if is_settled {
                block.set_process(cpu::process_id());
                all().add(block);
            }
            is_settled
        })
    })
}

/// `RtlProcessFlsData`, for the calling thread (F26). Flag 1: the callbacks are called for its values, and the values that
/// it sets after that are nobody's, neither an [`rtl_fls_free`]'s nor its end's. Flag 2: its values are gone, without a
/// call, and their memory with them; the next that it sets makes a new beginning.
///
/// Answers `INVALID_PARAMETER` for other flags.
pub fn rtl_process_fls_data(flags: u32) -> NtStatus {
    const CALL_BACK: u32 = 1;
    const FREE: u32 = 2;
    if flags & !(CALL_BACK | FREE) != 0 {
        return NtStatus::INVALID_PARAMETER;
    }
    if flags & CALL_BACK != 0 {
        (1..COUNT).for_each(call_back_own);
        if let Some(block) = own_block() {
            block.set_process(0);
        }
    }
    if flags & FREE != 0 {
        let _ = OWN.try_with(|own| own.give_back(pool()));
    }
    NtStatus::SUCCESS
}

/// Calls back for one of the calling thread's values (F19). One for which there is nothing to call stays. The block is not
/// the thread's for long: a callback may give it back.
fn call_back_own(index: usize) {
    let place = own_block().and_then(|block| block.own(index));
    let Some(place) = place.filter(|place| !place.0.load(Ordering::Relaxed).is_null()) else {
        return;
    };
    if let Some(callback) = indexes().load(index).callback()
        && let Some(value) = place.take()
    {
        callback.call(value);
    }
}

/// The calling thread ends, and not by force: calls back for its values (X5). A callback that ends the thread once more
/// comes here again, and the rest is done.
pub(crate) fn call_back() {
    let Ok(false) = OWN.try_with(Own::is_over) else {
        return;
    };
    if own_block().is_some_and(|block| block.process() != 0) {
        while NEXT.with(Cell::get) < COUNT {
            call_back_own(NEXT.with(|next| next.replace(next.get() + 1)));
        }
    }
    let_go();
}

/// The calling thread has no values any more, gets none, and has no index in hand (X4).
pub(super) fn let_go() {
    let _shield = Shield::raise();
    let _ = OWN.try_with(|own| {
        own.set_over(true);
        own.give_back(pool());
    });
    while let Some(index) = FREEING.try_with(Cell::get).ok().filter(|index| *index != 0) {
        clear(index);
        end_of_free(index);
    }
}

#[cfg(any(feature = "internals", ntwait_loom))]
pub(super) fn begin_anew() {
    OWN.with(|own| own.set_over(false));
    NEXT.with(|next| next.set(0));
}

/// An index that is freed when this is dropped: then the callback is called for the values of all threads.
#[derive(Debug)]
pub struct FlsSlot(u32);

impl FlsSlot {
    /// As [`rtl_fls_alloc`].
    ///
    /// # Errors
    /// `NO_MEMORY`: all are taken.
    pub fn new(callback: Option<FlsCallback>) -> Result<Self, NtStatus> {
        rtl_fls_alloc(callback).map(Self)
    }

    /// The index, for the functions. It is freed when the slot is dropped.
    #[must_use]
    pub fn index(&self) -> u32 {
        self.0
    }

    /// The calling thread's value, NULL at first.
    #[inline]
    #[must_use]
    pub fn get(&self) -> *mut c_void {
        rtl_fls_get_value(self.0).unwrap_or(ptr::null_mut())
    }

    /// Sets the calling thread's value.
    ///
    /// # Errors
    /// `NO_MEMORY`, `THREAD_IS_TERMINATING`: see [`rtl_fls_set_value`].
    #[inline]
    pub fn set(&self, value: *mut c_void) -> Result<(), NtStatus> {
        set(self.0, value)
    }
}

impl Drop for FlsSlot {
    fn drop(&mut self) {
        // An error means that somebody freed it before us; then it is theirs.
        let _ = rtl_fls_free(self.0);
    }
}
