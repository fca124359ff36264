//! What the tests share: a runtime that does not spin, the whole observable state of an event, a mutant and a semaphore, time-outs,
//! seeded random numbers.
//!
//! The other parts: threads that are known to be blocked and tests that cannot hang, in `threads.rs`; threads of the library, in
//! `nt_threads.rs`; waits of every kind to put them in, in `wait_kinds.rs` and `lot_kinds.rs`; primitives in foreign memory, in
//! `memory.rs`; tests with a process of their own, in `processes.rs`; what threads give each other, in `gifts.rs`; random terminations, in `storm.rs`; wakers and polls, in
//! `futures.rs`; pipes as objects, in `pipes.rs`.

#![allow(dead_code, reason = "each test binary uses its own part of this module")]
#![allow(unused_imports, reason = "each test binary uses its own part of this module")]

use core::ops::Deref;
use core::time::Duration;
use std::time::{SystemTime, UNIX_EPOCH};

use ntwait::{
    AccessMask, DuplicateOptions, Ended, EventType, Handle, HandleAttributes, NtStatus, ObjectAttributes, Runtime,
    Timeout, WaitPolicy, WaitType,
};

pub(crate) mod futures;
pub(crate) mod gifts;
pub(crate) mod lot_kinds;
pub(crate) mod memory;
pub(crate) mod names;
pub(crate) mod nt_threads;
pub(crate) mod pipes;
pub(crate) mod processes;
pub(crate) mod storm;
pub(crate) mod threads;
pub(crate) mod timers;
pub(crate) mod wait_kinds;
pub(crate) use processes::{in_child, in_fork};
pub(crate) use threads::{Worker, within};

pub(crate) const MANUAL: EventType = EventType::NOTIFICATION;
pub(crate) const AUTO: EventType = EventType::SYNCHRONIZATION;
pub(crate) const FULL: AccessMask = AccessMask::EVENT_ALL_ACCESS;

/// Time-outs as the NT face takes them.
pub(crate) const FOREVER: Option<i64> = None;
pub(crate) const POLL: Option<i64> = Some(0);

/// A relative time-out.
pub(crate) const fn ms(n: i64) -> Option<i64> {
    Some(-n * 10_000)
}

/// 100 ns units from 1601 to 1970.
const UNIX_EPOCH_1601: i64 = 11_644_473_600 * 10_000_000;

/// Now, as an absolute time: 100 ns units since 1601.
pub(crate) fn now_1601() -> i64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is later than 1970");
    UNIX_EPOCH_1601 + i64::try_from(since_1970.as_nanos() / 100).expect("the clock is earlier than 30000")
}

/// An absolute time-out `n` milliseconds from now; a negative `n` lies in the past.
pub(crate) fn at_ms(n: i64) -> Option<i64> {
    Some(now_1601() + n * 10_000)
}

/// Everything that can be seen of an event from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Look {
    pub(crate) event_type: u32,
    pub(crate) state: i32,
    pub(crate) handles: u32,
}

/// What a thread sees of a mutant, from outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct MutantLook {
    /// 1 − the depth.
    pub(crate) count: i32,
    pub(crate) mine: bool,
    pub(crate) abandoned: bool,
    /// The id of the owner, 0 for none.
    pub(crate) owner: u64,
}

impl MutantLook {
    pub(crate) const FREE: Self = Self { count: 1, mine: false, abandoned: false, owner: 0 };
    pub(crate) const ABANDONED: Self = Self { abandoned: true, ..Self::FREE };
}

/// The basic information of an object, as far as it is about the handle and the counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Basic {
    pub(crate) attributes: u32,
    pub(crate) access: u32,
    pub(crate) handles: u32,
}

/// A runtime of the test's own, never dropped, with the steps that tests repeat.
#[derive(Clone, Copy)]
pub(crate) struct Nt(pub(crate) &'static Runtime);

impl Deref for Nt {
    type Target = Runtime;
    fn deref(&self) -> &Runtime {
        self.0
    }
}

impl Nt {
    /// Waits sleep at once: then a thread that waits can be seen to sleep.
    pub(crate) fn new() -> Nt {
        Nt::with(WaitPolicy::NO_SPIN)
    }

    pub(crate) fn with(policy: WaitPolicy) -> Nt {
        Nt(Runtime::builder().wait_policy(policy).build().expect("a runtime").leak())
    }

    #[track_caller]
    pub(crate) fn event(self, event_type: EventType, set: bool) -> Handle {
        self.nt_create_event(FULL, ObjectAttributes::NONE, event_type, set).expect("an event")
    }

    #[track_caller]
    pub(crate) fn auto(self, set: bool) -> Handle {
        self.event(AUTO, set)
    }

    #[track_caller]
    pub(crate) fn manual(self, set: bool) -> Handle {
        self.event(MANUAL, set)
    }

    /// `n` clear auto-reset events.
    pub(crate) fn autos<const N: usize>(self) -> [Handle; N] {
        core::array::from_fn(|_| self.auto(false))
    }

    #[track_caller]
    pub(crate) fn set(self, event: Handle) -> i32 {
        self.nt_set_event(event).expect("set")
    }

    #[track_caller]
    pub(crate) fn reset(self, event: Handle) -> i32 {
        self.nt_reset_event(event).expect("reset")
    }

    #[track_caller]
    pub(crate) fn pulse(self, event: Handle) -> i32 {
        self.nt_pulse_event(event).expect("pulse")
    }

    #[track_caller]
    pub(crate) fn mutant(self, owned: bool) -> Handle {
        let access = AccessMask::MUTANT_ALL_ACCESS;
        self.nt_create_mutant(access, ObjectAttributes::NONE, owned).expect("a mutant")
    }

    /// Gives one level back; returns the count before.
    #[track_caller]
    pub(crate) fn free(self, mutant: Handle) -> i32 {
        self.nt_release_mutant(mutant).expect("a mutant of this thread's")
    }

    /// Everything that the calling thread can see of a mutant.
    #[track_caller]
    pub(crate) fn look_mutant(self, mutant: Handle) -> MutantLook {
        let (mut basic, mut owner) = ([0xAA; 8], [0xAA; 16]);
        let mut lengths = [0xDEAD_BEEF; 2];
        assert_eq!(self.nt_query_mutant(mutant, 0, &mut basic, Some(&mut lengths[0])), NtStatus::SUCCESS);
        assert_eq!(self.nt_query_mutant(mutant, 1, &mut owner, Some(&mut lengths[1])), NtStatus::SUCCESS);
        assert_eq!((lengths, &basic[6..]), ([8, 16], &[0, 0][..]));
        let flag = |at: usize| match basic[at] {
            0 => false,
            1 => true,
            other => panic!("no flag: {other}"),
        };
        let count = u32_at(&basic, 0).cast_signed();
        let [process, thread] = [0, 8].map(|at| u64::from_ne_bytes(owner[at..at + 8].try_into().expect("eight bytes")));
        let expected = if thread == 0 { 0 } else { u64::from(self.process_id()) };
        assert_eq!(process, expected, "the owner's process");
        MutantLook { count, mine: flag(4), abandoned: flag(5), owner: thread }
    }

    /// What the calling thread sees of a mutant that it owns so many levels deep.
    #[track_caller]
    pub(crate) fn mine(self, depth: i32) -> MutantLook {
        let owner = u64::from(self.current_thread_id().expect("the thread's id"));
        MutantLook { count: 1 - depth, mine: true, abandoned: false, owner }
    }

    #[track_caller]
    pub(crate) fn semaphore(self, initial: i32, maximum: i32) -> Handle {
        let access = AccessMask::SEMAPHORE_ALL_ACCESS;
        self.nt_create_semaphore(access, ObjectAttributes::NONE, initial, maximum).expect("a semaphore")
    }

    /// Releases so many; returns the count before.
    #[track_caller]
    pub(crate) fn post(self, semaphore: Handle, count: i32) -> i32 {
        self.nt_release_semaphore(semaphore, count).expect("a semaphore below its limit")
    }

    /// The count and the maximum.
    #[track_caller]
    pub(crate) fn look_semaphore(self, semaphore: Handle) -> (i32, i32) {
        let (mut bytes, mut length) = ([0xAA; 8], 0xDEAD_BEEF);
        assert_eq!(self.nt_query_semaphore(semaphore, 0, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
        assert_eq!(length, 8);
        (u32_at(&bytes, 0).cast_signed(), u32_at(&bytes, 4).cast_signed())
    }

    /// Signals one and waits for the other, not alertably.
    pub(crate) fn signal_and_wait(self, signal: Handle, object: Handle, timeout: Option<i64>) -> NtStatus {
        self.nt_signal_and_wait_for_single_object(signal, object, false, timeout)
    }

    #[track_caller]
    pub(crate) fn close(self, handle: Handle) {
        assert_eq!(self.nt_close(handle), NtStatus::SUCCESS);
    }

    pub(crate) fn one(self, object: Handle, timeout: Option<i64>) -> NtStatus {
        self.nt_wait_for_single_object(object, false, timeout)
    }

    pub(crate) fn any(self, objects: &[Handle], timeout: Option<i64>) -> NtStatus {
        self.nt_wait_for_multiple_objects(objects, WaitType::ANY, false, timeout)
    }

    pub(crate) fn all(self, objects: &[Handle], timeout: Option<i64>) -> NtStatus {
        self.nt_wait_for_multiple_objects(objects, WaitType::ALL, false, timeout)
    }

    /// A wait of the Rust face for one object of a list of one.
    pub(crate) fn wait_any_of(self, object: Handle, timeout: Timeout) -> Ended {
        self.wait_any(&[object], timeout).expect("a wait")
    }

    pub(crate) fn wait_all_of(self, object: Handle, timeout: Timeout) -> Ended {
        self.wait_all(&[object], timeout).expect("a wait")
    }

    /// A duplicate in this process with the access given.
    pub(crate) fn duplicate(self, source: Handle, access: AccessMask) -> Result<Handle, NtStatus> {
        self.duplicate_with(source, access, HandleAttributes::empty(), DuplicateOptions::empty())
    }

    pub(crate) fn duplicate_with(
        self,
        source: Handle,
        access: AccessMask,
        attributes: HandleAttributes,
        options: DuplicateOptions,
    ) -> Result<Handle, NtStatus> {
        let me = Handle::CURRENT_PROCESS;
        self.nt_duplicate_object(me, source, me, access, attributes, options)
    }

    /// A handle to this process, so to an object that is no event.
    #[track_caller]
    pub(crate) fn process(self, access: AccessMask) -> Handle {
        self.duplicate(Handle::CURRENT_PROCESS, access).expect("a process handle")
    }

    #[track_caller]
    pub(crate) fn basic(self, handle: Handle) -> Basic {
        let mut bytes = [0xAA; 56];
        let mut length = 0xDEAD_BEEF;
        assert_eq!(self.nt_query_object(handle, 0, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
        assert_eq!(length, 56);
        Basic { attributes: u32_at(&bytes, 0), access: u32_at(&bytes, 4), handles: u32_at(&bytes, 8) }
    }

    /// References of any kind to the object: handles and whatever else keeps it, waiters for instance.
    #[track_caller]
    pub(crate) fn references(self, handle: Handle) -> u32 {
        let mut bytes = [0xAA; 56];
        assert_eq!(self.nt_query_object(handle, 0, &mut bytes, None), NtStatus::SUCCESS);
        u32_at(&bytes, 12)
    }

    /// `(inherit, protect)` of a handle.
    #[track_caller]
    pub(crate) fn flags(self, handle: Handle) -> (u8, u8) {
        let mut bytes = [0xAA; 2];
        assert_eq!(self.nt_query_object(handle, 4, &mut bytes, None), NtStatus::SUCCESS);
        (bytes[0], bytes[1])
    }

    #[track_caller]
    pub(crate) fn look(self, event: Handle) -> Look {
        let mut bytes = [0xAA; 8];
        let mut length = 0xDEAD_BEEF;
        assert_eq!(self.nt_query_event(event, 0, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
        assert_eq!(length, 8);
        let state = i32::try_from(u32_at(&bytes, 4)).expect("a small state");
        Look { event_type: u32_at(&bytes, 0), state, handles: self.basic(event).handles }
    }

    /// Asserts that the event is of this type, in this state, and has one handle.
    #[track_caller]
    pub(crate) fn check(self, event: Handle, event_type: EventType, state: i32) {
        assert_eq!(self.look(event), Look { event_type: event_type.0, state, handles: 1 });
    }

    /// The states of several events.
    #[track_caller]
    pub(crate) fn states<const N: usize>(self, events: [Handle; N]) -> [i32; N] {
        events.map(|event| self.look(event).state)
    }
}

/// The wait ended by object `index`, a mutant that had been abandoned.
pub(crate) fn abandoned(index: usize) -> NtStatus {
    NtStatus(NtStatus::ABANDONED_WAIT_0.0 + object(index).0)
}

/// The wait ended by object `index`.
pub(crate) fn object(index: usize) -> NtStatus {
    NtStatus(u32::try_from(index).expect("a wait index"))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// Random numbers that a seed repeats (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(seed | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    pub(crate) fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).expect("below a usize")
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// Numbers of trials in a race: as many as asked for, fewer on a machine that is too busy for so many in a few seconds.
pub(crate) fn trials(most: u32) -> impl Iterator<Item = u32> {
    let start = std::time::Instant::now();
    (0..most).take_while(move |trial| *trial < 300 || start.elapsed() < Duration::from_secs(6))
}

/// Burns about this long without giving the CPU away, to move two threads against each other.
pub(crate) fn spin_for(time: Duration) {
    let start = std::time::Instant::now();
    while start.elapsed() < time {
        core::hint::spin_loop();
    }
}
