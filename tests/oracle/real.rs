//! The library, called as a history says.

use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;

use ntwait::{
    AccessMask, DuplicateOptions, EventType, Handle, HandleAttributes, NtStatus, ObjectAttributes, TimerType,
    WaitPolicy, WaitType,
};

use super::model::Look;
use super::op::{Answer, Change, Due, Kind, Name, Op, Outcome, Rights, SLOTS, THREADS, Time, WaitFor};
use crate::common::nt_threads::Log;
use crate::common::{Nt, u32_at};

/// A runtime and the handles of one history after the other. It lives for ever, as do the threads that were killed in it.
pub(crate) struct Real {
    pub(crate) nt: Nt,
    slots: [AtomicU64; SLOTS],
    /// With all rights, and not closed by any step.
    threads: [AtomicU64; THREADS],
    apcs: [&'static Log; THREADS],
    times: Times,
}

/// An hour, in 100 ns units.
const LATE: i64 = -3600 * 10_000_000;

/// What the time-outs of a history mean.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    /// Of a wait that is to end by itself.
    pub(crate) brief: Duration,
    /// Of one that must not.
    pub(crate) long: Duration,
}

/// What the object of a slot looks like.
pub(crate) struct Basic {
    pub(crate) handles: u32,
    /// References that are no handles.
    pub(crate) others: u32,
}

impl Real {
    pub(crate) fn new(policy: WaitPolicy, times: Times) -> &'static Real {
        Real::on(Nt::with(policy), times)
    }

    /// One of several with the same runtime.
    pub(crate) fn on(nt: Nt, times: Times) -> &'static Real {
        Box::leak(Box::new(Real {
            nt,
            slots: Default::default(),
            threads: Default::default(),
            apcs: core::array::from_fn(|_| Log::new()),
            times,
        }))
    }

    /// Which thread of the library a number of the history means.
    pub(crate) fn introduce(&self, thread: usize, handle: Handle) {
        self.threads[thread].store(handle.0, Ordering::Relaxed);
    }

    pub(crate) fn thread(&self, thread: usize) -> Handle {
        Handle(self.threads[thread].load(Ordering::Relaxed))
    }

    fn slot(&self, slot: usize) -> Handle {
        Handle(self.slots[slot].load(Ordering::Relaxed))
    }

    fn handle(&self, name: Name) -> Handle {
        match name {
            Name::Slot(slot) => self.slot(slot),
            Name::Null => Handle::NULL,
            Name::Myself => Handle::CURRENT_THREAD,
        }
    }

    /// Closes what is open. Then it is as if no slot had ever held a handle.
    pub(crate) fn clear(&self, is_open: impl Fn(usize) -> bool) -> Result<(), String> {
        let mut result = Ok(());
        for (number, slot) in self.slots.iter().enumerate() {
            if is_open(number) && self.nt.nt_close(self.slot(number)) != NtStatus::SUCCESS {
                result = Err(format!("h{number} cannot be closed in the end"));
            }
            slot.store(Handle::NULL.0, Ordering::Relaxed);
        }
        result
    }

    /// Makes the call, as thread number `me`, which is the calling one.
    pub(crate) fn run(&self, me: usize, op: Op) -> Outcome {
        let answer = self.call(op);
        let apcs = if op.may_run_apcs() { self.apcs[me].take() } else { Vec::new() };
        Outcome { answer, apcs: apcs.into_iter().map(|note| note as u8).collect() }
    }

    fn call(&self, op: Op) -> Answer {
        let nt = self.nt;
        match op {
            Op::CreateEvent { to, manual, set } => {
                let event_type = if manual { EventType::NOTIFICATION } else { EventType::SYNCHRONIZATION };
                let access = AccessMask::EVENT_ALL_ACCESS;
                self.keep(to, nt.nt_create_event(access, ObjectAttributes::NONE, event_type, set))
            }
            Op::CreateMutant { to, owned } => {
                self.keep(to, nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::NONE, owned))
            }
            Op::CreateSemaphore { to, initial, maximum } => {
                let (access, none) = (AccessMask::SEMAPHORE_ALL_ACCESS, ObjectAttributes::NONE);
                self.keep(to, nt.nt_create_semaphore(access, none, initial, maximum))
            }
            Op::CreateTimer { to, manual } => {
                let timer_type = if manual { TimerType::NOTIFICATION } else { TimerType::SYNCHRONIZATION };
                let access = AccessMask::TIMER_ALL_ACCESS;
                self.keep(to, nt.nt_create_timer(access, ObjectAttributes::NONE, timer_type))
            }
            Op::OpenThread { to, thread } => self.duplicate(self.thread(thread), to, Rights::ALL, false),
            Op::Duplicate { from, to, rights, close } => self.duplicate(self.handle(from), to, rights, close),
            Op::Close(name) => Answer::Status(nt.nt_close(self.handle(name))),
            Op::Count(name) => self.basic(self.handle(name)).map(|basic| basic.handles.cast_signed()).into(),
            Op::Event(change, name) => self.change(change, self.handle(name)),
            Op::ReleaseMutant(name) => nt.nt_release_mutant(self.handle(name)).into(),
            Op::ReleaseSemaphore(name, count) => nt.nt_release_semaphore(self.handle(name), count).into(),
            Op::SignalAndWait(signal, wait, terms) => {
                let (signal, wait) = (self.handle(signal), self.handle(wait));
                let timeout = self.timeout(terms.time);
                Answer::Status(nt.nt_signal_and_wait_for_single_object(signal, wait, terms.alertable, timeout))
            }
            Op::SetTimer(name, due) => {
                let due = if due == Due::Past { 1 } else { LATE };
                let before = nt.nt_set_timer(self.handle(name), due, None, false, 0);
                before.map(|set| i32::from(set.previous_state)).into()
            }
            Op::CancelTimer(name) => nt.nt_cancel_timer(self.handle(name)).map(i32::from).into(),
            Op::Query(kind, name) => self.query(kind, self.handle(name)).map_or_else(Answer::Status, Answer::Looks),
            Op::Wait(WaitFor::Single, names, terms) => {
                let object = self.handle(names[0]);
                Answer::Status(nt.nt_wait_for_single_object(object, terms.alertable, self.timeout(terms.time)))
            }
            Op::Wait(what, names, terms) => {
                let mut handles = [Handle::NULL; 4];
                handles.iter_mut().zip(&*names).for_each(|(handle, name)| *handle = self.handle(*name));
                let wait_type = if what == WaitFor::All { WaitType::ALL } else { WaitType::ANY };
                let (handles, timeout) = (&handles[..names.len()], self.timeout(terms.time));
                Answer::Status(nt.nt_wait_for_multiple_objects(handles, wait_type, terms.alertable, timeout))
            }
            Op::Delay(terms) => {
                // A delay cannot be without end (D4): the longest that there is.
                let interval = self.timeout(terms.time).unwrap_or(i64::MIN);
                Answer::Status(nt.nt_delay_execution(terms.alertable, interval))
            }
            Op::TestAlert => Answer::Status(nt.nt_test_alert()),
            Op::Alert(thread) => Answer::Status(nt.nt_alert_thread(self.thread(thread))),
            Op::AlertResume(thread) => nt.nt_alert_resume_thread(self.thread(thread)).map(u32::cast_signed).into(),
            Op::QueueApc(thread, note) => {
                Answer::Status(nt.queue_note(self.thread(thread), self.apcs[thread], usize::from(note)))
            }
            Op::Terminate(thread) => Answer::Status(nt.kill(self.thread(thread), 99)),
            Op::Exit => Answer::Ended, // whoever runs the thread lets it return
        }
    }

    /// What a slot keeps stays there when it is closed; a failed creation leaves it alone.
    fn keep(&self, to: usize, made: Result<Handle, NtStatus>) -> Answer {
        match made {
            Ok(handle) => {
                self.slots[to].store(handle.0, Ordering::Relaxed);
                Answer::Status(NtStatus::SUCCESS)
            }
            Err(status) => Answer::Status(status),
        }
    }

    fn duplicate(&self, from: Handle, to: usize, rights: Rights, close: bool) -> Answer {
        let (me, access) = (Handle::CURRENT_PROCESS, AccessMask::from_bits_retain(rights.mask()));
        let options = if close { DuplicateOptions::CLOSE_SOURCE } else { DuplicateOptions::empty() };
        self.keep(to, self.nt.nt_duplicate_object(me, from, me, access, HandleAttributes::empty(), options))
    }

    fn change(&self, change: Change, event: Handle) -> Answer {
        let nt = self.nt;
        match change {
            Change::Set => nt.nt_set_event(event).into(),
            Change::Reset => nt.nt_reset_event(event).into(),
            Change::Pulse => nt.nt_pulse_event(event).into(),
            Change::Clear => Answer::Status(nt.nt_clear_event(event)),
            Change::Boost => Answer::Status(nt.nt_set_event_boost_priority(event)),
        }
    }

    fn query(&self, kind: Kind, object: Handle) -> Result<[i32; 3], NtStatus> {
        let mut bytes = [0xAA; 16];
        let eight = &mut bytes[..8];
        match kind {
            Kind::Event => self.nt.nt_query_event(object, 0, eight, None),
            Kind::Mutant => self.nt.nt_query_mutant(object, 0, eight, None),
            Kind::Semaphore => self.nt.nt_query_semaphore(object, 0, eight, None),
            Kind::Timer => self.nt.nt_query_timer(object, 0, &mut bytes, None),
            Kind::Thread => unreachable!("threads have other queries"),
        }
        .ok()?;
        let first = u32_at(&bytes, 0).cast_signed();
        Ok(match kind {
            Kind::Mutant => [first, i32::from(bytes[4]), i32::from(bytes[5])],
            Kind::Timer => [i32::from(bytes[8]), 0, 0],
            _ => [first, u32_at(&bytes, 4).cast_signed(), 0],
        })
    }

    /// Compares what the calling thread can see of a slot's object.
    pub(crate) fn check(&self, slot: usize, look: Look) -> Result<(), String> {
        let handle = self.slot(slot);
        if let Some(state) = look.state
            && self.query(look.kind, handle) != Ok(state)
        {
            return Err(format!("h{slot}: state {state:?} expected, {:?} found", self.query(look.kind, handle)));
        }
        match self.basic(handle) {
            Err(status) => Err(format!("h{slot}: open, but {status}")),
            Ok(found) if found.handles != look.handles => {
                Err(format!("h{slot}: {} handles expected, {} found", look.handles, found.handles))
            }
            Ok(_) => Ok(()),
        }
    }

    /// References to a slot's object that are no handles.
    pub(crate) fn references(&self, slot: usize) -> u32 {
        self.basic(self.slot(slot)).map_or(0, |basic| basic.others)
    }

    fn basic(&self, handle: Handle) -> Result<Basic, NtStatus> {
        let mut bytes = [0xAA; 56];
        self.nt.nt_query_object(handle, 0, &mut bytes, None).ok()?;
        let handles = u32_at(&bytes, 8);
        Ok(Basic { handles, others: u32_at(&bytes, 12) - handles })
    }

    fn timeout(&self, time: Time) -> Option<i64> {
        let relative = |time: Duration| Some(-i64::try_from(time.as_nanos() / 100).expect("a time-out"));
        match time {
            Time::Poll => Some(0),
            Time::Past => Some(1),
            Time::Brief => relative(self.times.brief),
            Time::Long => relative(self.times.long),
            Time::Forever => None,
        }
    }
}
