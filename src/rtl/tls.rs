//! `TlsAlloc` and its like: 1,088 values for each thread, under indexes that the process hands out (F1–F9).
//!
//! ```text
//!   generation of an index   even: free ── alloc ──▶ odd: allocated ── free ──▶ even …
//!   value of a thread        (value, generation at the time)       counts while that is the index's generation still
//! ```
//!
//! So no other thread's values are touched, ever: freeing an index, or zeroing it, makes all of them old at once (F6).
//!
//! L1  A value is read and written by its thread alone.
//! L2  Generations only grow: a value that is old stays old. (They have 64 bits.)
//! orderings   Relaxed: a thread that was told of an index by whoever allocated it sees the generation by that.

use super::values::{Block, Own, Place, ROOM};
use crate::status::NtStatus;
use crate::sys::atomic::{AtomicPtr, AtomicU64, Ordering, process_static};
use crate::sys::tls::thread_local;
use crate::waiter::at_exit::{self, Leaving};
use crate::waiter::pool::Pool;
use crate::waiter::record;
use core::ffi::c_void;
use core::ptr;

/// Indexes that there are: 64 that were always there, and 1,024 more (F1).
pub const TLS_SLOTS: u32 = 1088;

/// Index 0 is never handed out (F2), and 16 is NT's own, for `errno` (F9).
const RESERVED: [usize; 2] = [0, 16];

/// A model has fewer.
const COUNT: usize = if cfg!(ntwait_loom) { ROOM } else { TLS_SLOTS as usize };

const _: () = assert!(COUNT <= ROOM);

#[derive(Debug)]
struct Value {
    value: AtomicPtr<c_void>,
    generation: AtomicU64,
}

impl Default for Value {
    fn default() -> Self {
        Self { value: AtomicPtr::new(ptr::null_mut()), generation: AtomicU64::new(0) }
    }
}

impl Place for Value {
    fn clear(&self) {
        self.value.store(ptr::null_mut(), Ordering::Relaxed);
    }
}

#[derive(Debug)]
struct Generations([AtomicU64; COUNT]);

impl Generations {
    #[cfg(not(ntwait_loom))]
    const fn new() -> Self {
        Self([const { AtomicU64::new(0) }; COUNT])
    }

    #[cfg(ntwait_loom)]
    fn new() -> Self {
        Self(core::array::from_fn(|_| AtomicU64::new(0)))
    }
}

process_static! {
    fn generations() -> Generations = Generations::new()
}
process_static! {
    fn pool() -> Pool<Block<Value>> = Pool::new()
}
thread_local! {
    static OWN: Own<Value> = const { Own::new() };
}

#[inline]
fn generation(index: u32) -> Result<&'static AtomicU64, NtStatus> {
    generations().0.get(index as usize).ok_or(NtStatus::INVALID_PARAMETER)
}

/// Makes every value of the index old, if its generation is one that `may_pass`. False: it is not.
fn pass(generation: &AtomicU64, steps: u64, may_pass: impl Fn(u64) -> bool) -> bool {
    let mut seen = generation.load(Ordering::Relaxed);
    while may_pass(seen) {
        match generation.compare_exchange(seen, seen + steps, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => return true,
            Err(newer) => seen = newer,
        }
    }
    false
}

const fn is_free(generation: u64) -> bool {
    generation & 1 == 0
}

/// `TlsAlloc`: the lowest index that is free (F4). Its value is NULL in all threads, also if one was set there before.
///
/// # Errors
/// `NO_MORE_ENTRIES`: all are taken (F3).
pub fn tls_alloc() -> Result<u32, NtStatus> {
    let mut candidates = generations().0.iter().enumerate().filter(|(index, _)| !RESERVED.contains(index));
    let taken = candidates.find(|(_, generation)| pass(generation, 1, is_free));
    taken.map(|(index, _)| index as u32).ok_or(NtStatus::NO_MORE_ENTRIES)
}

/// `TlsFree`: the index is free, and its value NULL in all threads (F6). Nothing is called for the values (F9).
///
/// Answers `INVALID_PARAMETER` for an index that is not allocated, or reserved (F5).
pub fn tls_free(index: u32) -> NtStatus {
    match generation(index) {
        Ok(generation) if pass(generation, 1, |seen| !is_free(seen)) => NtStatus::SUCCESS,
        _ => NtStatus::INVALID_PARAMETER,
    }
}

/// `TlsGetValue`: the calling thread's value; NULL if it has set none, and also for an index that nobody has allocated
/// (F2, F7).
///
/// # Errors
/// `INVALID_PARAMETER`: an index of 1,088 or more (F7).
#[inline]
pub fn tls_get(index: u32) -> Result<*mut c_void, NtStatus> {
    let generation = generation(index)?.load(Ordering::Relaxed);
    let own = OWN.try_with(|own| own.block().and_then(|block| block.own(index as usize)));
    Ok(match own {
        Ok(Some(place)) if place.generation.load(Ordering::Relaxed) == generation => {
            place.value.load(Ordering::Relaxed)
        }
        _ => ptr::null_mut(),
    })
}

/// `TlsSetValue`: sets the calling thread's value. Whether the index is allocated is not asked (F8); if it is not, the
/// value is lost when it is.
///
/// Answers `INVALID_PARAMETER` for an index of 1,088 or more; `NO_MEMORY`; `THREAD_IS_TERMINATING` in a thread that is
/// past its end, for instance in a destructor that runs after the thread's values were taken from it.
#[inline]
pub fn tls_set(index: u32, value: *mut c_void) -> NtStatus {
    set(index, value).err().unwrap_or(NtStatus::SUCCESS)
}

#[inline]
fn set(index: u32, value: *mut c_void) -> Result<(), NtStatus> {
    let generation = generation(index)?.load(Ordering::Relaxed);
    let known = OWN.try_with(Own::block).map_err(|_| NtStatus::THREAD_IS_TERMINATING)?;
    let block = known.map_or_else(take, Ok)?;
    let place = block.own_or_open(index as usize)?;
    place.value.store(value, Ordering::Relaxed);
    place.generation.store(generation, Ordering::Relaxed);
    Ok(())
}

/// The thread's first value: from now on it has a block. Who takes it from a thread of the library is its runtime.
#[cold]
fn take() -> Result<&'static Block<Value>, NtStatus> {
    OWN.with(|own| own.take(pool(), |_| record::is_ours() || at_exit::at_exit(Leaving::Values, let_go)))
}

/// The index keeps its owner, and its value is NULL in all threads (TI25).
pub(crate) fn zero(index: u32) -> Result<(), NtStatus> {
    pass(generation(index)?, 2, |_| true);
    Ok(())
}

/// The calling thread has no values any more, and gets none.
pub(super) fn let_go() {
    let _ = OWN.try_with(|own| {
        own.set_over(true);
        own.give_back(pool());
    });
}

#[cfg(any(feature = "internals", ntwait_loom))]
pub(super) fn begin_anew() {
    OWN.with(|own| own.set_over(false));
}

/// An index that is freed when this is dropped.
///
/// ```
/// use ntwait::TlsSlot;
///
/// let slot = TlsSlot::new()?;
/// let mut mine = 5;
/// slot.set((&raw mut mine).cast())?;
/// std::thread::scope(|scope| scope.spawn(|| assert!(slot.get().is_null())).join()).unwrap();
/// assert_eq!(slot.get(), (&raw mut mine).cast());
/// # Ok::<(), ntwait::NtStatus>(())
/// ```
#[derive(Debug)]
pub struct TlsSlot(u32);

impl TlsSlot {
    /// As [`tls_alloc`].
    ///
    /// # Errors
    /// `NO_MORE_ENTRIES`: all are taken.
    pub fn new() -> Result<Self, NtStatus> {
        tls_alloc().map(Self)
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
        tls_get(self.0).unwrap_or(ptr::null_mut())
    }

    /// Sets the calling thread's value.
    ///
    /// # Errors
    /// `NO_MEMORY`, `THREAD_IS_TERMINATING`: see [`tls_set`].
    #[inline]
    pub fn set(&self, value: *mut c_void) -> Result<(), NtStatus> {
        set(self.0, value)
    }
}

impl Drop for TlsSlot {
    fn drop(&mut self) {
        // An error means that somebody freed it before us; then it is theirs.
        let _ = tls_free(self.0);
    }
}
