//! Waits of the model: what they take, when they are blocked, who is released in which order.

use ntwait::NtStatus;

use super::{Answer, Body, Flaw, Model, Outcome, Release, Reply};
use crate::oracle::op::{Name, Terms, WaitFor};

/// What a blocked thread waits for.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Wait {
    all: bool,
    pub(super) objects: Vec<usize>,
    terms: Terms,
    /// How many of the objects it is queued on: all of them, except while it is still queuing (see [`Model::link_next`]).
    pub(super) linked: usize,
}

impl Wait {
    /// How often it stands in the object's queue.
    pub(super) fn places_at(&self, object: usize) -> u32 {
        self.objects[..self.linked].iter().filter(|listed| **listed == object).count() as u32
    }
}

/// What a wait can take at this moment.
#[derive(Clone, Copy)]
pub(super) enum Choice {
    One(usize),
    All,
}

impl Model {
    pub(super) fn wait(&mut self, thread: usize, what: WaitFor, names: &[Name], terms: Terms) -> Reply {
        match self.prepare(thread, what, names, terms) {
            Ok(wait) => self.begin(thread, wait),
            Err(status) => Reply::Given(status.into()),
        }
    }

    /// The checks: how many (W1), each handle in turn (W3, W29), no object twice in a wait-all (W6, W7).
    pub(crate) fn prepare(&self, thread: usize, what: WaitFor, names: &[Name], terms: Terms) -> Result<Wait, NtStatus> {
        if names.is_empty() {
            return Err(NtStatus::INVALID_PARAMETER_1);
        }
        let mut objects = Vec::with_capacity(names.len());
        for name in names {
            if what != WaitFor::Single && *name == Name::Myself {
                return Err(NtStatus::INVALID_HANDLE);
            }
            objects.push(self.find_to_wait(thread, *name)?);
        }
        let all = what == WaitFor::All;
        if all && (1..objects.len()).any(|place| objects[..place].contains(&objects[place])) {
            return Err(NtStatus::INVALID_PARAMETER_MIX);
        }
        Ok(Wait { all, objects, terms, linked: 0 })
    }

    /// The order of evaluation: objects, then alert and APCs, then the time, then the queues (W20).
    pub(super) fn begin(&mut self, thread: usize, mut wait: Wait) -> Reply {
        let interrupted = |model: &mut Model| {
            let hears = wait.terms.alertable || model.has(Flaw::EveryWaitIsAlertable);
            hears.then(|| model.take_request(thread)).flatten()
        };
        if self.has(Flaw::AlertBeatsObject)
            && let Some(outcome) = interrupted(self)
        {
            return Reply::Given(outcome);
        }
        if let Some(choice) = self.choose(thread, &wait) {
            let status = self.take(thread, &wait, choice);
            return Reply::Given(status.into());
        }
        if let Some(outcome) = interrupted(self) {
            return Reply::Given(outcome);
        }
        if wait.terms.time.passes() {
            return Reply::Given(NtStatus::TIMEOUT.into());
        }
        wait.linked = wait.objects.len();
        wait.objects.iter().for_each(|object| self.enqueue(*object, thread));
        self.threads[thread].wait = Some(wait);
        Reply::Blocked
    }

    /// At the tail of the object's queue (W23).
    pub(super) fn enqueue(&mut self, object: usize, thread: usize) {
        let at_head = self.has(Flaw::LastInFirstOut);
        let queue = &mut self.objects[object].queue;
        if !queue.contains(&thread) {
            queue.insert(if at_head { 0 } else { queue.len() }, thread);
        }
    }

    /// S1, S9: both handles are looked up, the second one's right to wait included; then the first is checked; nothing is done before.
    /// Then signal and wait are one step. A signal that is refused is the answer (S4, S5); one that was given stays given (S8).
    pub(super) fn signal_and_wait(&mut self, thread: usize, signal: Name, wait: Name, terms: Terms) -> Reply {
        let found = self.find_any(thread, signal).and_then(|_| self.find_to_wait(thread, wait));
        let found = found.and_then(|then| Ok((self.check_signal(thread, signal)?, then)));
        match found.and_then(|(first, then)| Ok((self.signal(thread, first)?, then))) {
            Ok(((), then)) => self.begin(thread, Wait { all: false, objects: vec![then], terms, linked: 0 }),
            Err(status) => Reply::Given(status.into()),
        }
    }

    /// A wait for nothing; that its time is over is its success (D5, D7).
    pub(super) fn delay(&mut self, thread: usize, terms: Terms) -> Reply {
        let nothing = Wait { all: false, objects: Vec::new(), terms, linked: 0 };
        match self.begin(thread, nothing) {
            Reply::Given(outcome) if outcome == NtStatus::TIMEOUT.into() => Reply::Given(NtStatus::SUCCESS.into()),
            reply => reply,
        }
    }

    /// What the wait could take: the first that is signalled (W9), or all if all are (W12).
    pub(super) fn choose(&self, thread: usize, wait: &Wait) -> Option<Choice> {
        let mut signalled = (0..wait.objects.len()).filter(|place| self.is_signalled(wait.objects[*place], thread));
        if wait.all {
            let enough = if self.has(Flaw::AllIsContentWithOneLess) { 1 } else { 0 };
            return (signalled.count() + enough >= wait.objects.len().max(enough + 1)).then_some(Choice::All);
        }
        if self.has(Flaw::AnyTakesTheLast) {
            return signalled.next_back().map(Choice::One);
        }
        signalled.next().map(Choice::One)
    }

    /// Takes it. The answer says which, and whether it had been abandoned: the position for a wait-any (W17), nothing more for a
    /// wait-all (W14, W18).
    pub(super) fn take(&mut self, thread: usize, wait: &Wait, choice: Choice) -> NtStatus {
        let (abandoned, index) = match choice {
            Choice::One(place) => {
                if self.has(Flaw::DuplicatesAreTakenTwice) {
                    let again = wait.objects[place + 1..].contains(&wait.objects[place]);
                    if again && self.is_signalled(wait.objects[place], thread) {
                        self.consume(thread, wait.objects[place]);
                    }
                }
                (self.consume(thread, wait.objects[place]), place as u32)
            }
            Choice::All => (wait.objects.iter().fold(false, |any, object| self.consume(thread, *object) | any), 0),
        };
        let first = if abandoned { NtStatus::ABANDONED_WAIT_0 } else { NtStatus::WAIT_0 };
        NtStatus(first.0 + index)
    }

    /// A mutant is so for its owner too (M8), a thread once it has ended (W27).
    pub(super) fn is_signalled(&self, object: usize, thread: usize) -> bool {
        match self.objects[object].body {
            Body::Event { set, .. } | Body::Timer { set, .. } => set,
            Body::Mutant { owner, .. } => {
                owner.is_none() || owner == Some(thread) && !self.has(Flaw::MutantIsNotRecursive)
            }
            Body::Semaphore { count, .. } => count > 0,
            Body::Thread { ended } => ended,
        }
    }

    /// What a satisfied wait does to an object; whether that was abandoned, which the first to own it again is told alone (M15, M16).
    fn consume(&mut self, thread: usize, object: usize) -> bool {
        match &mut self.objects[object].body {
            Body::Event { manual, set } | Body::Timer { manual, set } => *set = *manual,
            Body::Semaphore { count, .. } => *count -= 1,
            Body::Thread { .. } => {}
            Body::Mutant { owner, depth, abandoned } => {
                *depth += 1;
                if owner.replace(thread).is_none() {
                    self.threads[thread].owned.push(object);
                }
                return core::mem::take(abandoned);
            }
        }
        false
    }

    /// Serves the object's queue from its head for as long as the object is signalled (W25). A wait-all that lacks another object is
    /// passed over and keeps its place.
    pub(super) fn settle(&mut self, object: usize) {
        let mut place = 0;
        while let Some(thread) = self.objects[object].queue.get(place).copied()
            && self.is_signalled(object, thread)
        {
            let wait = self.threads[thread].wait.clone().expect("who is queued waits");
            match self.choose_queued(thread, &wait) {
                Some(choice) => {
                    let status = self.take(thread, &wait, choice);
                    self.release(thread, status.into());
                }
                None => place += 1,
            }
        }
    }

    /// As [`choose`](Self::choose), among those that the wait is queued on.
    fn choose_queued(&self, thread: usize, wait: &Wait) -> Option<Choice> {
        let mut queued = wait.clone();
        queued.objects.truncate(wait.linked);
        self.choose(thread, &queued)
    }

    /// The thread goes on with this answer.
    pub(super) fn release(&mut self, thread: usize, outcome: Outcome) {
        self.unlink(thread);
        self.released.push(Release { thread, outcome });
    }

    /// The thread waits no longer and stands in no queue.
    pub(super) fn unlink(&mut self, thread: usize) {
        if let Some(wait) = self.threads[thread].wait.take() {
            for object in wait.objects {
                self.objects[object].queue.retain(|queued| *queued != thread);
            }
        }
    }

    /// An alertable thread that is blocked goes on if there is a request for it.
    pub(super) fn interrupt(&mut self, thread: usize) {
        let hears = |wait: &Wait| wait.terms.alertable;
        if self.threads[thread].wait.as_ref().is_some_and(hears)
            && let Some(outcome) = self.take_request(thread)
        {
            self.release(thread, outcome);
        }
    }

    /// What ends an alertable wait: an alert before the APCs, all of which run (A3, A7, A8), these before the alert of a resume.
    pub(super) fn take_request(&mut self, thread: usize) -> Option<Outcome> {
        let state = &mut self.threads[thread];
        if core::mem::take(&mut state.alerted) {
            return Some(NtStatus::ALERTED.into());
        }
        if !state.apcs.is_empty() {
            return Some(Outcome { answer: Answer::Status(NtStatus::USER_APC), apcs: self.drain(thread) });
        }
        core::mem::take(&mut state.alerted_by_resume).then(|| NtStatus::ALERTED.into())
    }
}
