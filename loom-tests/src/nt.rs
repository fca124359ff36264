//! Short forms of the calls that models are made of.

mod names;
mod threads;

use crate::JoinHandle;
use ntwait::internals::descriptor::Descriptor;
use ntwait::internals::mirror::Mirror;
use ntwait::internals::watch::Watch;
use ntwait::{
    AccessMask, Ended, EventType, Handle, NtStatus, ObjectAttributes, Runtime, Timeout, TimerApc, TimerType,
    WaitFuture, WaitPolicy, WaitType,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
pub use threads::Calls;

/// A relative time-out. Under the checker it passes when a thread calls `pass_time`; natively, soon.
pub const SOON: Option<i64> = Some(-100);
/// The same under the checker; natively long enough that others see the waiter queued, if they look at once.
pub const A_WHILE: Option<i64> = Some(-10_000);
/// For ever.
pub const NEVER: Option<i64> = None;
/// A poll.
pub const POLL: Option<i64> = Some(0);

/// More objects than one signal locks.
pub const BEYOND_THE_CAP: usize = if cfg!(ntwait_loom) { 4 } else { 257 };

/// How long a native run waits for a thread that may be late.
const PATIENCE: Duration = Duration::from_millis(20);

/// A runtime that several threads share.
#[derive(Clone, Debug)]
pub struct Nt(Arc<Runtime>);

impl Default for Nt {
    fn default() -> Self {
        Self::new()
    }
}

impl Nt {
    /// A small runtime that never spins: models explore the sleep.
    #[must_use]
    pub fn new() -> Self {
        let runtime = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).max_handles(4096).build();
        Self(Arc::new(runtime.expect("address space for a small table")))
    }

    /// A thread of the model that works on this runtime.
    pub fn spawn<T: Send + 'static>(&self, body: impl FnOnce(&Self) -> T + Send + 'static) -> JoinHandle<T> {
        let nt = self.clone();
        crate::spawn(move || body(&nt))
    }

    /// A wait for an object that no thread sleeps in.
    #[must_use]
    pub fn watch(&self, object: Handle) -> Watch<'_> {
        Watch::new(&self.0, object)
    }

    /// The descriptor of an object. `None`: the object is gone.
    #[must_use]
    pub fn export(&self, object: Handle) -> Option<Mirror> {
        Mirror::of(&self.0, object)
    }

    /// A wait for these, as a future.
    pub fn any_async(&self, objects: &[Handle]) -> WaitFuture {
        self.0.wait_any_async(objects)
    }

    /// A wait for all of these, as a future.
    pub fn all_async(&self, objects: &[Handle]) -> WaitFuture {
        self.0.wait_all_async(objects)
    }

    // === events ===

    /// An auto-reset event.
    #[must_use]
    pub fn auto(&self, set: bool) -> Handle {
        self.event(EventType::SYNCHRONIZATION, set)
    }

    /// A manual-reset event.
    #[must_use]
    pub fn manual(&self, set: bool) -> Handle {
        self.event(EventType::NOTIFICATION, set)
    }

    /// A clear auto-reset event and a handle that can do no more than wait for it.
    #[must_use]
    pub fn to_wait_for(&self) -> Handle {
        self.event_with(AccessMask::SYNCHRONIZE, EventType::SYNCHRONIZATION, false)
    }

    fn event(&self, event_type: EventType, set: bool) -> Handle {
        self.event_with(AccessMask::EVENT_ALL_ACCESS, event_type, set)
    }

    fn event_with(&self, access: AccessMask, event_type: EventType, set: bool) -> Handle {
        self.0.nt_create_event(access, ObjectAttributes::NONE, event_type, set).expect("a new event")
    }

    /// Sets; returns the state before.
    pub fn set(&self, event: Handle) -> i32 {
        self.0.nt_set_event(event).expect("an open event")
    }

    /// Sets an event whose handle may be closed.
    pub fn try_set(&self, event: Handle) -> Result<i32, NtStatus> {
        self.0.nt_set_event(event)
    }

    /// Resets; returns the state before.
    pub fn reset(&self, event: Handle) -> i32 {
        self.0.nt_reset_event(event).expect("an open event")
    }

    /// Pulses; returns the state before.
    pub fn pulse(&self, event: Handle) -> i32 {
        self.0.nt_pulse_event(event).expect("an open event")
    }

    /// Is the event set? Takes nothing.
    #[must_use]
    pub fn state(&self, event: Handle) -> i32 {
        let mut information = [0; 8];
        let status = self.0.nt_query_event(event, 0, &mut information, None);
        assert_eq!(status, NtStatus::SUCCESS);
        i32::from(information[4])
    }

    // === mutants and semaphores ===

    /// A mutant, the calling thread's or free.
    #[must_use]
    pub fn mutant(&self, owned: bool) -> Handle {
        self.try_mutant(owned).expect("a new mutant")
    }

    /// A mutant, if there is room for one.
    pub fn try_mutant(&self, owned: bool) -> Result<Handle, NtStatus> {
        self.0.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::NONE, owned)
    }

    /// Gives one level back; returns the count before.
    pub fn release(&self, mutant: Handle) -> i32 {
        self.0.nt_release_mutant(mutant).expect("a mutant of this thread's")
    }

    /// The same of a mutant whose handle may be closed.
    pub fn release_if_open(&self, mutant: Handle) -> Result<i32, NtStatus> {
        self.0.nt_release_mutant(mutant)
    }

    /// The count (1 − the depth), whether it is the calling thread's, whether it is abandoned.
    #[must_use]
    pub fn mutant_state(&self, mutant: Handle) -> (i32, bool, bool) {
        let mut bytes = [0; 8];
        assert_eq!(self.0.nt_query_mutant(mutant, 0, &mut bytes, None), NtStatus::SUCCESS);
        (i32_at(&bytes, 0), bytes[4] == 1, bytes[5] == 1)
    }

    /// A semaphore.
    #[must_use]
    pub fn semaphore(&self, count: i32, maximum: i32) -> Handle {
        let access = AccessMask::SEMAPHORE_ALL_ACCESS;
        self.0.nt_create_semaphore(access, ObjectAttributes::NONE, count, maximum).expect("a new semaphore")
    }

    /// Releases so many; returns the count before.
    pub fn post(&self, semaphore: Handle, count: i32) -> Result<i32, NtStatus> {
        self.0.nt_release_semaphore(semaphore, count)
    }

    /// The count.
    #[must_use]
    pub fn count(&self, semaphore: Handle) -> i32 {
        let mut bytes = [0; 8];
        assert_eq!(self.0.nt_query_semaphore(semaphore, 0, &mut bytes, None), NtStatus::SUCCESS);
        i32_at(&bytes, 0)
    }

    /// A timer, of which a satisfied wait takes the expiry.
    #[must_use]
    pub fn timer(&self) -> Handle {
        let made =
            self.0.nt_create_timer(AccessMask::TIMER_ALL_ACCESS, ObjectAttributes::NONE, TimerType::SYNCHRONIZATION);
        made.expect("a new timer")
    }

    /// Sets a timer for soon. Under the checker it is due when a thread has called `pass_time`, and then expires when one
    /// calls `expire_timers`.
    pub fn set_timer(&self, timer: Handle, apc: Option<TimerApc>) {
        self.0.nt_set_timer(timer, -100, apc, false, 0).expect("an open timer");
    }

    /// Cancels a timer; returns its state.
    pub fn cancel(&self, timer: Handle) -> bool {
        self.0.nt_cancel_timer(timer).expect("an open timer")
    }

    /// Has it expired?
    #[must_use]
    pub fn has_expired(&self, timer: Handle) -> bool {
        let mut bytes = [0; 16];
        assert_eq!(self.0.nt_query_timer(timer, 0, &mut bytes, None), NtStatus::SUCCESS);
        bytes[8] != 0
    }

    /// An object that follows a descriptor.
    #[must_use]
    pub fn import(&self, descriptor: &Descriptor) -> Handle {
        descriptor.import(&self.0)
    }

    /// Signals one and waits for the other.
    pub fn signal_and_wait(&self, signal: Handle, object: Handle, timeout: Option<i64>) -> NtStatus {
        self.0.nt_signal_and_wait_for_single_object(signal, object, false, timeout)
    }

    /// How many objects there is still room for; makes them all. Natively there is room for more than anybody asks.
    #[must_use]
    pub fn room(&self) -> Option<usize> {
        cfg!(ntwait_loom).then(|| (0..16).map_while(|_| self.try_mutant(false).ok()).count())
    }

    // === waits ===

    /// Waits for one object, not alertably.
    pub fn wait(&self, event: Handle, timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_single_object(event, false, timeout)
    }

    /// Waits for one object, alertably.
    pub fn wait_alertably(&self, event: Handle, timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_single_object(event, true, timeout)
    }

    /// Waits for the first of several.
    pub fn any(&self, events: &[Handle], timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_multiple_objects(events, WaitType::ANY, false, timeout)
    }

    /// Waits for all of several.
    pub fn all(&self, events: &[Handle], timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_multiple_objects(events, WaitType::ALL, false, timeout)
    }

    /// Waits for all of any number.
    pub fn all_of_many(&self, events: &[Handle], timeout: Option<i64>) -> NtStatus {
        match self.0.wait_all(events, Timeout::from_nt(timeout)) {
            Ok(Ended::Object(0)) => NtStatus::WAIT_0,
            Ok(Ended::TimedOut) => NtStatus::TIMEOUT,
            other => panic!("{other:?}"),
        }
    }

    /// Waits alertably for the first of several, or for all.
    pub fn several_alertably(&self, wait_type: WaitType, events: &[Handle], timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_multiple_objects(events, wait_type, true, timeout)
    }

    /// Waits for an alert by id.
    pub fn wait_for_alert(&self, timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_alert_by_thread_id(0, timeout)
    }

    /// Waits for a key of the keyed event that every runtime has.
    pub fn wait_for_key(&self, key: usize, timeout: Option<i64>) -> NtStatus {
        self.0.nt_wait_for_keyed_event(Handle::NULL, key, false, timeout)
    }

    /// Releases a key of the same.
    pub fn release_key(&self, key: usize, timeout: Option<i64>) -> NtStatus {
        self.0.nt_release_keyed_event(Handle::NULL, key, false, timeout)
    }

    // === handles ===

    /// Closes.
    pub fn close(&self, handle: Handle) -> NtStatus {
        self.0.nt_close(handle)
    }

    /// A second handle to the same object.
    pub fn duplicate(&self, handle: Handle) -> Result<Handle, NtStatus> {
        let this = Handle::CURRENT_PROCESS;
        let same = ntwait::DuplicateOptions::SAME_ACCESS;
        self.0.nt_duplicate_object(this, handle, this, AccessMask::empty(), Default::default(), same)
    }

    /// Inherit and protect, asked under the lock of the handle's shard.
    pub fn flags(&self, handle: Handle) -> Result<[u8; 2], NtStatus> {
        let mut flags = [0; 2];
        self.0.nt_query_object(handle, 4, &mut flags, None).ok()?;
        Ok(flags)
    }

    /// Protects a handle from being closed.
    pub fn protect(&self, handle: Handle) -> NtStatus {
        self.0.nt_set_information_object(handle, 4, &[0, 1])
    }

    /// What a handle may do.
    pub fn access(&self, handle: Handle) -> Result<AccessMask, NtStatus> {
        self.basic(handle).map(|fields| AccessMask::from_bits_retain(fields[1]))
    }

    /// Handles that refer to the object, asked under its lock.
    pub fn handle_count(&self, handle: Handle) -> Result<u32, NtStatus> {
        self.basic(handle).map(|fields| fields[2])
    }

    /// References to the object that are no handles: nothing but waiters adds such.
    #[must_use]
    pub fn waiters(&self, event: Handle) -> u32 {
        let [_, _, handles, references] = self.basic(event).expect("an open event");
        references - handles
    }

    /// Attributes, access, handles, references.
    fn basic(&self, handle: Handle) -> Result<[u32; 4], NtStatus> {
        let mut basic = [0; 56];
        self.0.nt_query_object(handle, 0, &mut basic, None).ok()?;
        Ok([0, 4, 8, 12].map(|at| u32::from_ne_bytes([basic[at], basic[at + 1], basic[at + 2], basic[at + 3]])))
    }

    /// How many threads can never go on, as far as somebody who looks is told.
    #[must_use]
    pub fn deadlocked(&self) -> usize {
        self.0.deadlocks().iter().map(|deadlock| deadlock.cycle.len() + deadlock.behind.len()).sum()
    }

    /// Returns when `count` threads sleep, all of them for this event and for ever. It orders what comes before a race
    /// without adding to the interleavings of the race.
    pub fn until_asleep(&self, event: Handle, count: usize) {
        while self.sleepers(event) < count {
            crate::yield_now();
        }
    }

    /// The same where some may time out: natively they may be late, or gone already.
    pub fn give_time_to_sleep(&self, event: Handle, count: usize) {
        let start = Instant::now();
        while self.sleepers(event) < count {
            if cfg!(not(ntwait_loom)) && start.elapsed() > PATIENCE {
                return;
            }
            crate::yield_now();
        }
    }

    /// Returns when a thread sleeps, for whatever reason. False: natively nobody knows.
    #[must_use]
    pub fn until_one_sleeps(&self) -> bool {
        while cfg!(ntwait_loom) && self.sleepers(Handle::NULL) == 0 {
            crate::yield_now();
        }
        cfg!(ntwait_loom)
    }

    #[cfg(ntwait_loom)]
    fn sleepers(&self, _: Handle) -> usize {
        ntwait::internals::sleepers()
    }

    #[cfg(not(ntwait_loom))]
    fn sleepers(&self, event: Handle) -> usize {
        self.waiters(event) as usize
    }

    /// Returns when somebody is queued on the event, asleep or on the way to it, and stays so for ever.
    pub fn until_queued(&self, event: Handle) {
        while self.waiters(event) == 0 {
            crate::yield_now();
        }
    }
}

fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
