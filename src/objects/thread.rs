//! The thread object's body: what a thread has beyond the word, the lock and the queue of every object.
//!
//! ```text
//!               run                 return, exit, terminate              rundown
//!   WAITING ──────────▶ RUNNING ──────────────────────────▶ ENDING ─────────────────▶ ENDED (signalled)
//!      │                                                       ▲
//!      └───────────── terminate before it ran ─────────────────┘
//! ```
//!
//! | stage   | suspend            | resume       | APC, alert     | terminate          |
//! |---------|--------------------|--------------|----------------|--------------------|
//! | WAITING | count + 1, to 127  | count − 1    | queued, kept   | never runs         |
//! | RUNNING | count + 1, to 127  | count − 1    | queued, kept   | ends               |
//! | ENDING  | is terminating     | nothing, 0   | refused        | nothing            |
//! | ENDED   | is terminating     | nothing, 0   | refused        | nothing            |
//!
//! J1  A body's fields are read and changed under its object's lock; `place`, `name` and `birth` say themselves by whom.
//! J2  The thread's record and Linux id are in the body from WAITING to RUNNING; who has read them may use them only
//!     while the object is locked. The thread takes them out, under the lock, on its way to ENDING; so no request ever
//!     reaches the next owner of a record or of a Linux id.
//! J3  A body belongs to one object from its birth to its death, and is a `ThreadBody` for ever.

#![allow(unsafe_code, reason = "fields guarded by the object lock")]

use super::Kind;
use super::held::Held;
use super::owner::OwnedList;
use crate::sys::atomic::{AtomicU64, Ordering};
use crate::sys::cell::Guarded;
#[cfg(target_arch = "x86_64")]
use crate::sys::cpu;
use crate::sys::lock::FutexLock;
use crate::sys::region::Zeroed;
use crate::sys::usage::{self, Usage};
use crate::waiter::record::ThreadRecord;
use core::ffi::c_void;

/// Most suspensions at a time (TH13).
pub(crate) const MAXIMUM_SUSPEND_COUNT: u32 = 127;

/// Where a thread is between birth and death.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    #[default]
    Waiting,
    Running,
    Ending,
    Ended,
}

/// Times in units of 100 ns: dates since 1601, and spans. While the thread lives, the spans are what its Linux thread had
/// used before: it may have been another thread's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times {
    pub(crate) created: u64,
    pub(crate) ended: u64,
    pub(crate) kernel: u64,
    pub(crate) user: u64,
}

impl Times {
    pub(crate) fn starting_now() -> Self {
        Self { created: usage::now(), ..Self::default() }
    }

    pub(crate) fn end_now(&mut self) {
        self.ended = usage::now();
    }

    pub(crate) fn used(&mut self, usage: Usage) {
        self.kernel = usage.kernel.saturating_sub(self.kernel);
        self.user = usage.user.saturating_sub(self.user);
    }
}

/// What its runtime knows of a thread (J1).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Life {
    pub(crate) stage: Stage,
    pub(crate) suspend_count: u32,
    /// Made by somebody else: it can be suspended, not terminated.
    pub(crate) foreign: bool,
    /// Hidden from debuggers; remembered, no more (TI16).
    pub(crate) hidden: bool,
    pub(crate) boost_disabled: bool,
    /// The code that it is to end with, if somebody has terminated it. The first counts (TH3).
    pub(crate) killed_with: Option<u32>,
    /// The code that it ended with.
    pub(crate) exit_code: u32,
    /// The record, while the thread can be reached (J2).
    pub(crate) record: Option<&'static ThreadRecord>,
    /// The Linux thread id, while the thread runs (J2).
    pub(crate) tid: u32,
    pub(crate) times: Times,
    /// Relative to the class of the process, −2 to 2, or beyond for idle and time critical; 0 is normal (TI7).
    pub(crate) base_increment: i32,
    /// Its priority, if it was set as such; 0: it follows from the increment.
    pub(crate) priority: u8,
    /// What the kernel was told, or is to be told, of the thread: bits of [`changed`].
    pub(crate) changed: u8,
    /// Processors, one bit each; 0 means those of the process.
    pub(crate) affinity: u64,
    pub(crate) ideal_processor: u32,
    /// What the embedder keeps for the thread: an address, its environment block perhaps.
    pub(crate) user_pointer: usize,
    pub(crate) start_address: usize,
}

/// Bits of [`Life::changed`]: what a Linux thread has no longer as it was born with.
pub(crate) mod changed {
    pub(crate) const AFFINITY: u8 = 1;
    pub(crate) const SCHEDULING: u8 = 2;
    pub(crate) const NAME: u8 = 4;
}

/// Why a thread is not suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsuspendable {
    /// It is ending or has ended (TH14).
    Ended,
    /// It is suspended as often as can be (TH13).
    Limit,
}

impl Life {
    pub(crate) fn is_over(&self) -> bool {
        self.stage >= Stage::Ending
    }

    /// Counts one more suspension; returns the count before (TH10).
    pub(crate) fn suspend(&mut self) -> Result<u32, Unsuspendable> {
        if self.is_over() {
            return Err(Unsuspendable::Ended);
        }
        if self.suspend_count == MAXIMUM_SUSPEND_COUNT {
            return Err(Unsuspendable::Limit);
        }
        self.suspend_count += 1;
        Ok(self.suspend_count - 1)
    }

    /// Counts one suspension less; returns the count before, 0 for a thread that was not suspended, or is dead (TH11,
    /// TH15).
    pub(crate) fn resume(&mut self) -> u32 {
        if self.is_over() {
            return 0;
        }
        let before = self.suspend_count;
        self.suspend_count = before.saturating_sub(1);
        before
    }

    /// Is to end with this code. False: it was told before, or is over anyway.
    pub(crate) fn kill(&mut self, code: u32) -> bool {
        if self.is_over() || self.killed_with.is_some() {
            return false;
        }
        self.killed_with = Some(code);
        true
    }
}

/// How a thread that the library makes begins: written before it exists, read by it alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) routine: StartRoutine,
    pub(crate) parameter: *mut c_void,
    /// The thread's own reference to its runtime, in a form that the layer above knows.
    pub(crate) resident: *const c_void,
}

/// What a thread runs: a function with one argument; what it returns is the exit code.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum StartRoutine {
    /// A function with the C calling convention of the platform.
    C(extern "C" fn(*mut c_void) -> u32),
    /// A function with the Windows x64 calling convention. The thread's floating-point state is that of a new Windows
    /// thread, too: x87 control word 0x27F, MXCSR 0x1F80 (TH32); with [`C`](Self::C) it is that of Linux's ABI, which
    /// differs in x87's precision.
    #[cfg(target_arch = "x86_64")]
    Win64(extern "win64" fn(*mut c_void) -> u32),
    /// A function of a model, through which the checker's threads unwind to end from within.
    #[cfg(ntwait_loom)]
    Modelled(fn(*mut c_void) -> u32),
}

impl StartRoutine {
    /// The address of the function.
    #[must_use]
    pub fn address(self) -> usize {
        match self {
            Self::C(routine) => routine as usize,
            #[cfg(target_arch = "x86_64")]
            Self::Win64(routine) => routine as usize,
            #[cfg(ntwait_loom)]
            Self::Modelled(routine) => routine as usize,
        }
    }

    /// Calls it, as the first of the calling thread.
    pub(crate) fn call(self, parameter: *mut c_void) -> u32 {
        match self {
            Self::C(routine) => routine(parameter),
            #[cfg(ntwait_loom)]
            Self::Modelled(routine) => routine(parameter),
            #[cfg(target_arch = "x86_64")]
            Self::Win64(routine) => {
                cpu::set_windows_precision(); // TH32
                routine(parameter)
            }
        }
    }
}

/// A thread's name, in UTF-16 without a terminator.
pub(crate) type Name = Option<Box<[u16]>>;

/// A body.
#[derive(Debug, Default)]
pub(crate) struct ThreadBody {
    /// The object that this is the body of: its slot's index + 1, and its generation; 0 for none. For who looks a thread
    /// up by its id, and then proves it by locking that generation.
    place: AtomicU64,
    life: Guarded<Life>,
    /// Not under the object's lock, as it owns memory.
    pub(crate) name: FutexLock<Name>,
    start: Guarded<Option<Start>>,
    /// The mutants that the thread owns: its own business alone.
    pub(crate) owned: OwnedList,
    /// Link of the list of free bodies, under that list's lock.
    pub(crate) next_free: Guarded<u32>,
}

// SAFETY: integers; booleans, stages and options that are `false`, `Waiting` and `None` when zero; see the test below.
unsafe impl Zeroed for ThreadBody {}
// SAFETY: the pointers in `Start` go from the maker to the thread, which alone uses them.
unsafe impl Send for ThreadBody {}
// SAFETY: J1 and what the fields say themselves.
unsafe impl Sync for ThreadBody {}

impl ThreadBody {
    /// Makes this the body of a new object, which nobody knows of yet.
    ///
    /// # Safety
    /// The body was taken from the free list and given to no object.
    pub(crate) unsafe fn bear(&self, life: Life, start: Option<Start>) {
        // SAFETY: J3, nobody else has it.
        unsafe { self.life.set(life) };
        // SAFETY: J3, nobody else has it.
        unsafe { self.start.set(start) };
    }

    /// Lets it be found. Release: who finds it locks the object that was born before.
    pub(crate) fn publish(&self, slot_index: usize, generation: u32) {
        self.place.store((slot_index as u64 + 1) << 32 | u64::from(generation), Ordering::Release);
    }

    pub(crate) fn withdraw(&self) {
        self.place.store(0, Ordering::Release);
    }

    /// Where its object is, or was a moment ago.
    pub(crate) fn place(&self) -> Option<(usize, u32)> {
        let place = self.place.load(Ordering::Acquire);
        Some(((place >> 32).checked_sub(1)? as usize, place as u32))
    }

    /// How the thread begins, for the thread.
    ///
    /// # Safety
    /// The caller is the thread that was made for this body.
    pub(crate) unsafe fn start(&self) -> Option<Start> {
        // SAFETY: written before the thread was made, and not while it lives.
        unsafe { self.start.get() }
    }

    /// What is known of the thread.
    pub(crate) fn life(&self, held: &Held<'_>) -> Life {
        debug_assert_eq!(held.kind(), Kind::Thread);
        // SAFETY: J1, its object is locked.
        unsafe { self.life.get() }
    }

    pub(crate) fn set_life(&self, held: &mut Held<'_>, life: Life) {
        debug_assert_eq!(held.kind(), Kind::Thread);
        // SAFETY: J1, its object is locked.
        unsafe { self.life.set(life) };
    }
}

#[cfg(all(test, not(ntwait_loom)))]
mod tests {
    use super::*;

    #[test]
    fn all_zero_is_the_default() {
        // SAFETY: what is being tested; every field is looked at.
        let life: Life = unsafe { core::mem::zeroed() };
        assert_eq!((life.stage, life.suspend_count, life.foreign), (Stage::Waiting, 0, false));
        assert!(life.record.is_none() && !life.hidden && !life.boost_disabled);
        // SAFETY: as above.
        let name: Name = unsafe { core::mem::zeroed() };
        assert!(name.is_none());
    }

    /// The table at the head of this file.
    #[test]
    fn table_stages() {
        for stage in [Stage::Waiting, Stage::Running, Stage::Ending, Stage::Ended] {
            let over = stage >= Stage::Ending;
            let mut life = Life { stage, ..Life::default() };
            assert_eq!(life.suspend(), if over { Err(Unsuspendable::Ended) } else { Ok(0) }, "{stage:?}");
            assert_eq!(life.resume(), u32::from(!over), "{stage:?}");
            assert_eq!(life.resume(), 0, "TH11");
            assert_eq!(life.kill(5), !over, "{stage:?}");
            assert!(!life.kill(6), "TH3");
            assert_eq!(life.killed_with, (!over).then_some(5));
        }
    }

    #[test]
    fn th13_127_suspensions_and_no_more() {
        let mut life = Life::default();
        for count in 0..MAXIMUM_SUSPEND_COUNT {
            assert_eq!(life.suspend(), Ok(count));
        }
        assert_eq!(life.suspend(), Err(Unsuspendable::Limit));
        assert_eq!(life.suspend_count, MAXIMUM_SUSPEND_COUNT);
        assert_eq!(life.resume(), MAXIMUM_SUSPEND_COUNT);
    }
}
