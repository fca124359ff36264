//! Keys of thread-specific data: their destructors, run as the C library runs them when a thread ends.
//!
//! A thread's values lie in blocks of 32, the first in its thread block, the others made when needed; a table of 32
//! pointers says where. Looking through those that are there finds the values that are set; getting and setting is left
//! to the public functions, which know of deleted keys.

#![allow(unsafe_code, reason = "looks into the thread block")]

use super::symbols::{Failed, check, descriptor, probe, read, symbol};
use core::ffi::c_void;
use core::mem::transmute;
use core::ptr;

/// Keys that a process can have, and values in a block.
const COUNT: usize = 1024;
const IN_BLOCK: usize = 32;
/// A value, with its sequence number before it; a key, with its sequence number before the destructor.
const PAIR: usize = 16;
const SECOND: usize = 8;
/// POSIX: destructors may set values again, and are run again, so many times.
pub(in crate::threads) const ROUNDS: u32 = 4;

#[derive(Clone, Copy, Debug)]
pub(in crate::threads) struct Keys {
    /// The table of keys.
    table: usize,
    /// Where the thread block has its table of blocks.
    blocks: usize,
}

impl Keys {
    /// Finds the tables and proves them with a key of our own, which has `destructor` and is set in this thread.
    pub(super) fn find(own: libc::pthread_key_t, destructor: usize) -> Result<Self, Failed> {
        let table = symbol!("__pthread_keys")?;
        let shape = symbol!("_thread_db___pthread_keys").map(super::symbols::description)?;
        probe!("_thread_db___pthread_keys", shape == [8 * PAIR as u32, COUNT as u32, 0])?;
        let at = descriptor!("_thread_db_pthread_key_struct_destr", 64, 1)?;
        probe!("_thread_db_pthread_key_struct_destr", at == SECOND)?;
        let blocks = descriptor!("_thread_db_pthread_specific", 64 * IN_BLOCK as u32, 1)?;
        let value = descriptor!("_thread_db_pthread_key_data_data", 64, 1)?;
        probe!("_thread_db_pthread_key_data_data", value == SECOND)?;
        let values = descriptor!("_thread_db_pthread_key_data_level2_data", 8 * PAIR as u32, IN_BLOCK as u32)?;
        probe!("_thread_db_pthread_key_data_level2_data", values == 0)?;
        let keys = Self { table, blocks };
        probe!("key destructor", keys.destructor(own as usize).map_or(0, |found| found as usize) == destructor)?;
        Ok(keys)
    }

    /// Does the calling thread's block hold the value that was set for this key?
    pub(super) fn prove(&self, pd: usize, own: libc::pthread_key_t, value: usize) -> Result<(), Failed> {
        let first: usize = self.block(pd, 0);
        check("probe failed: key values", (pd..pd + 4096).contains(&first))?;
        let own = own as usize;
        let block = self.block(pd, own / IN_BLOCK);
        probe!("key values", block != 0 && Self::value(block, own % IN_BLOCK) == value)
    }

    /// Runs the destructors of the calling thread's values, but not that of `own`. True if nothing is left.
    ///
    /// # Safety
    /// Nothing that the destructors may free is used any more.
    pub(super) unsafe fn run(&self, pd: usize, own: libc::pthread_key_t, mut between: impl FnMut()) -> bool {
        for _ in 0..ROUNDS {
            // SAFETY: the caller's.
            if !unsafe { self.run_round(pd, own) } {
                break;
            }
            between();
        }
        self.is_empty(pd, own)
    }

    /// # Safety
    /// As [`run`](Self::run). True if a destructor ran.
    unsafe fn run_round(&self, pd: usize, own: libc::pthread_key_t) -> bool {
        let mut ran = false;
        for key in self.set_keys(pd, own) {
            // SAFETY: any key may be asked for.
            let value = unsafe { libc::pthread_getspecific(key) };
            if value.is_null() {
                continue; // a deleted key's
            }
            // SAFETY: the key exists: it had a value just now.
            unsafe { libc::pthread_setspecific(key, ptr::null()) };
            if let Some(destroy) = self.destructor(key as usize) {
                ran = true;
                // SAFETY: the key's own destructor, with a value of this thread that is not set any more.
                unsafe { destroy(value) };
            }
        }
        ran
    }

    fn is_empty(&self, pd: usize, own: libc::pthread_key_t) -> bool {
        // SAFETY: any key may be asked for.
        self.set_keys(pd, own).all(|key| unsafe { libc::pthread_getspecific(key) }.is_null())
    }

    /// The keys for which this thread has something, but `own`.
    fn set_keys(&self, pd: usize, own: libc::pthread_key_t) -> impl Iterator<Item = libc::pthread_key_t> {
        let blocks = (0..COUNT / IN_BLOCK).map(move |number| (number, self.block(pd, number)));
        blocks
            .filter(|(_, block)| *block != 0)
            .flat_map(|(number, block)| (0..IN_BLOCK).map(move |index| (number * IN_BLOCK + index, block, index)))
            .filter(move |(key, block, index)| *key != own as usize && Self::value(*block, *index) != 0)
            .map(|(key, _, _)| key as libc::pthread_key_t)
    }

    fn block(&self, pd: usize, number: usize) -> usize {
        // SAFETY: the thread block has 32 pointers there, as its description said.
        unsafe { read(pd + self.blocks + number * size_of::<usize>()) }
    }

    fn value(block: usize, index: usize) -> usize {
        // SAFETY: a block has 32 pairs, of which the second is the value.
        unsafe { read(block + index * PAIR + SECOND) }
    }

    fn destructor(&self, key: usize) -> Option<unsafe extern "C-unwind" fn(*mut c_void)> {
        // SAFETY: the table has 1024 pairs, of which the second is the destructor.
        let address: usize = unsafe { read(self.table + key * PAIR + SECOND) };
        // SAFETY: null, or a destructor that somebody gave to `pthread_key_create`.
        unsafe { transmute::<usize, Option<unsafe extern "C-unwind" fn(*mut c_void)>>(address) }
    }
}
