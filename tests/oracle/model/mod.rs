//! The objects and the wait rules once more: sequential, slow, and meant to be obviously right.
//!
//! Every operation is one step. It is given its answer at once or its thread is blocked; what it does to blocked threads is in
//! `released`. There is no time: a wait that can end by itself has ended when its step is over, if nothing else ended it.
//!
//! | part | file |
//! |---|---|
//! | what there is, what can be asked of it | here |
//! | handles: what they name, what they may do, making and closing them | `handles.rs` |
//! | what changes an object: set, release, the end of a thread | `change.rs` |
//! | waiting: what a wait takes, queues, who is released | `wait.rs` |
//! | the parts of a wait that others can come between | `stepwise.rs` |
//! | wrong variants, to see that a difference is found | `flaw.rs` |
//!
//! It follows the published facts (`W9`, `M14`), not the library's source. Where the facts leave a choice, it is the library's documented
//! one: a pulse completes a wait-all whose other objects are signalled (E14), and a wait-all that could not be satisfied keeps its place
//! in the queues (W26).

mod change;
mod flaw;
mod handles;
mod stepwise;
mod wait;

use core::ops::RangeInclusive;
use std::collections::VecDeque;

use ntwait::NtStatus;

use super::op::{Answer, Kind, Op, Outcome, Rights, SLOTS, Step};
pub(crate) use flaw::Flaw;
pub(crate) use stepwise::Linked;
pub(crate) use wait::Wait;

/// What an object is and the state it is in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Body {
    Event { manual: bool, set: bool },
    Mutant { owner: Option<usize>, depth: i32, abandoned: bool },
    Semaphore { count: i32, maximum: i32 },
    Timer { manual: bool, set: bool },
    Thread { ended: bool },
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Object {
    body: Body,
    /// Threads that wait for it, in the order in which they came (W23).
    queue: Vec<usize>,
}

/// What a handle names and may do.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Grant {
    object: usize,
    rights: Rights,
}

#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct Thread {
    has_ended: bool,
    wait: Option<Wait>,
    /// A flag, not a count (A25).
    alerted: bool,
    /// The flag of `NtAlertResumeThread`, which lets APCs go first (A7, A28).
    alerted_by_resume: bool,
    apcs: VecDeque<u8>,
    /// Mutants that it owns, in the order in which it got them (M18).
    owned: Vec<usize>,
}

/// What a step comes to for the thread that makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    Given(Outcome),
    Blocked,
}

/// A blocked thread that goes on, and with which answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Release {
    pub(crate) thread: usize,
    pub(crate) outcome: Outcome,
}

/// What can be seen of an object without changing it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Look {
    pub(crate) kind: Kind,
    /// The fields of its query, if the handle may ask.
    pub(crate) state: Option<[i32; 3]>,
    pub(crate) handles: u32,
    /// References that are no handles: one for each place in the queue, where a wait that lists the object twice stands twice, and one of
    /// a running thread to its own object, which it lets go of some time after its end.
    pub(crate) references: RangeInclusive<u32>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    threads: Vec<Thread>,
    /// The objects of the threads come first, in the order of their numbers. An object is never forgotten.
    objects: Vec<Object>,
    slots: [Option<Grant>; SLOTS],
    /// Whom the last step released, in order.
    released: Vec<Release>,
    flaw: Option<Flaw>,
}

impl Model {
    pub(crate) fn new(threads: usize) -> Model {
        let object = Object { body: Body::Thread { ended: false }, queue: Vec::new() };
        Model {
            threads: vec![Thread::default(); threads],
            objects: vec![object; threads],
            slots: [None; SLOTS],
            released: Vec::new(),
            flaw: None,
        }
    }

    pub(crate) fn with_flaw(threads: usize, flaw: Flaw) -> Model {
        Model { flaw: Some(flaw), ..Model::new(threads) }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    /// Whether the step means anything: its thread can run, and a slot that it fills is empty. Others are passed over, so that a
    /// history stays one when steps are taken out.
    pub(crate) fn admits(&self, step: Step) -> bool {
        let is_thread = |thread: usize| thread < self.threads.len();
        is_thread(step.thread)
            && self.can_run(step.thread)
            && match step.op {
                Op::CreateEvent { to, .. }
                | Op::CreateMutant { to, .. }
                | Op::CreateSemaphore { to, .. }
                | Op::CreateTimer { to, .. }
                | Op::Duplicate { to, .. } => self.slots[to].is_none(),
                Op::OpenThread { to, thread } => self.slots[to].is_none() && is_thread(thread),
                Op::Terminate(thread) => is_thread(thread) && thread != step.thread,
                Op::Alert(thread) | Op::AlertResume(thread) | Op::QueueApc(thread, _) => is_thread(thread),
                _ => true,
            }
    }

    /// Neither blocked nor ended.
    pub(crate) fn can_run(&self, thread: usize) -> bool {
        !self.threads[thread].has_ended && self.threads[thread].wait.is_none()
    }

    pub(crate) fn is_blocked(&self, thread: usize) -> bool {
        self.threads[thread].wait.is_some()
    }

    /// The kind of object that the handle in a slot names, if it is open.
    pub(crate) fn kind_in(&self, slot: usize) -> Option<Kind> {
        self.slots[slot].map(|grant| self.kind(grant.object))
    }

    fn kind(&self, object: usize) -> Kind {
        match self.objects[object].body {
            Body::Event { .. } => Kind::Event,
            Body::Mutant { .. } => Kind::Mutant,
            Body::Semaphore { .. } => Kind::Semaphore,
            Body::Timer { .. } => Kind::Timer,
            Body::Thread { .. } => Kind::Thread,
        }
    }

    /// Whom the step before released, in the order of the release.
    pub(crate) fn take_released(&mut self) -> Vec<Release> {
        core::mem::take(&mut self.released)
    }

    /// One step.
    pub(crate) fn apply(&mut self, Step { thread, op }: Step) -> Reply {
        let outcome: Outcome = match op {
            Op::CreateEvent { to, manual, set } => self.create(to, Body::Event { manual, set }),
            Op::CreateMutant { to, owned } => self.create_mutant(thread, to, owned),
            Op::CreateSemaphore { to, initial, maximum } => self.create_semaphore(to, initial, maximum),
            Op::CreateTimer { to, manual } => self.create(to, Body::Timer { manual, set: false }),
            Op::OpenThread { to, thread } => self.open(to, thread, Rights::ALL),
            Op::Duplicate { from, to, rights, close } => self.duplicate(thread, from, to, rights, close),
            Op::Close(name) => self.close(name).into(),
            Op::Count(name) => self.count(thread, name).into(),
            Op::Event(change, name) => self.change_event(thread, change, name),
            Op::ReleaseMutant(name) => Answer::from(self.release_mutant(thread, name)).into(),
            Op::ReleaseSemaphore(name, count) => Answer::from(self.release_semaphore(thread, name, count)).into(),
            Op::SetTimer(name, due) => Answer::from(self.set_timer(thread, name, due)).into(),
            Op::CancelTimer(name) => Answer::from(self.cancel_timer(thread, name)).into(),
            Op::Query(kind, name) => self.query(thread, kind, name).into(),
            Op::Wait(what, names, terms) => return self.wait(thread, what, &names, terms),
            Op::SignalAndWait(signal, wait, terms) => return self.signal_and_wait(thread, signal, wait, terms),
            Op::Delay(terms) => return self.delay(thread, terms),
            Op::TestAlert => self.test_alert(thread),
            Op::Alert(target) => self.alert(target).into(),
            Op::AlertResume(target) => self.alert_resume(target).into(),
            Op::QueueApc(target, note) => self.queue_apc(target, note).into(),
            Op::Exit => {
                self.end(thread);
                Answer::Ended.into()
            }
            Op::Terminate(target) => {
                self.end(target);
                NtStatus::SUCCESS.into() // TH3: also if it had ended before
            }
        };
        Reply::Given(outcome)
    }

    /// Whether the step, which is admitted, blocks its thread.
    pub(crate) fn would_block(&self, step: Step) -> bool {
        step.op.may_block() && self.clone().apply(step) == Reply::Blocked
    }

    /// What the slot's object looks like to a thread of the history, or to one that has no part in it.
    pub(crate) fn look(&self, slot: usize, viewer: Option<usize>) -> Option<Look> {
        let Grant { object, rights } = self.slots[slot]?;
        let in_queues = self.threads.iter().filter_map(|thread| thread.wait.as_ref());
        let kind = self.kind(object);
        let waiters: u32 = in_queues.map(|wait| wait.places_at(object)).sum();
        let of_itself = match self.objects[object].body {
            Body::Thread { ended: false } => 1..=1,
            Body::Thread { ended: true } => 0..=1,
            _ => 0..=0,
        };
        Some(Look {
            kind,
            state: (rights.query && kind != Kind::Thread).then(|| self.state(object, viewer)),
            handles: self.handles(object),
            references: waiters + of_itself.start()..=waiters + of_itself.end(),
        })
    }

    /// The fields of a query: event type and state (E21); count, owned by the caller, abandoned (M24); count and maximum (SE13); the
    /// state of a timer (T21), without the time that is left.
    fn state(&self, object: usize, caller: Option<usize>) -> [i32; 3] {
        match self.objects[object].body {
            Body::Event { manual, set } => [i32::from(!manual), i32::from(set), 0],
            Body::Mutant { owner, depth, abandoned } => {
                let is_mine = owner.is_some() && owner == caller;
                [1 - depth, i32::from(is_mine), i32::from(abandoned)]
            }
            Body::Semaphore { count, maximum } => [count, maximum, 0],
            Body::Timer { set, .. } => [i32::from(set), 0, 0],
            Body::Thread { ended } => [i32::from(ended), 0, 0],
        }
    }

    fn query(&self, thread: usize, kind: Kind, name: super::op::Name) -> Answer {
        match self.find(thread, name, kind, |rights| rights.query) {
            Ok(object) => Answer::Looks(self.state(object, Some(thread))),
            Err(status) => Answer::Status(status),
        }
    }
}
