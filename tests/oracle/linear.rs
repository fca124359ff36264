//! Whether what threads were answered at the same time could have been answered by the model, one call after the other.
//!
//! A recorded call is known by the stamps before and after it. The search looks for an order of all calls in which each takes its effect
//! between its stamps and the model gives every answer (Wing and Gong's search, with a memory of the positions that it has been in).
//!
//! ```text
//!   not begun ──takes effect──▶ answered                    everything but waits
//!   not begun ──▶ answered, or blocked ──released──▶ answered   waits for one object or for all, signal-and-wait
//!   looking ──▶ answered                                    waits for the first of several: each object is looked at
//!      └─▶ linking, object by object ──▶ blocked ──▶ answered      and queued on by itself
//! ```
//!
//! It raises no false alarm, and so is content with less than one might ask:
//!
//! | call | what is asked |
//! |---|---|
//! | a wait that timed out | at one moment it could not be satisfied; how long it took is not looked at |
//! | a wait that is blocked for ever | it is still blocked when everything else is over |
//! | the same, for the first of several | each object was clear at one moment, not all at the same one |
//! | a wait that took the second object or a later one without queuing | each before it was clear at one moment while this one did not change |
//! | alerts, APCs, ends of threads, handles | not part of these programs: the order of a request and a look is too fine a thing |
//! | the depth of another thread's mutant | not asked for: a recursive level is given back outside of the step of signal-and-wait, as it releases nobody |

use std::collections::HashSet;

use ntwait::NtStatus;

use super::model::{Linked, Model, Reply};
use super::op::{Answer, Name, Names, Op, Outcome, Step, Terms, Time, WaitFor};

/// A call of a thread, with stamps that order it and the answer.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) begun: u64,
    pub(crate) op: Op,
    /// `None`: it is blocked for ever.
    pub(crate) outcome: Option<Outcome>,
    pub(crate) ended: u64,
}

/// What a wait for the first of several has seen so far.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Seen {
    /// Objects that were clear at one moment.
    clear: u8,
    /// For each object: those that were clear since it last changed.
    beside: [u8; 4],
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    NotBegun,
    Looking(Seen),
    Linking,
    Blocked,
}

/// A position of the search: what each thread has come to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Position {
    model: Model,
    /// Calls of each thread that are answered.
    answered: Vec<usize>,
    /// Of the next call.
    phases: Vec<Phase>,
}

/// The calls of each thread, in the order in which it made them.
pub(crate) type Record = Vec<Vec<Call>>;

/// Whether the model, from this state, can have given these answers.
pub(crate) fn is_possible(model: &Model, record: &Record) -> bool {
    let threads = record.len();
    let mut first =
        Position { model: model.clone(), answered: vec![0; threads], phases: vec![Phase::NotBegun; threads] };
    first.observe(record, None);
    let mut known = HashSet::new();
    let mut open = vec![first];
    while let Some(position) = open.pop() {
        if position.is_end(record) {
            return true;
        }
        let mut next: Vec<_> = (0..threads).filter(|thread| position.may_move(record, *thread)).collect();
        // Who returned first is tried first, so he comes last onto the stack.
        next.sort_by_key(|thread| core::cmp::Reverse(record[*thread][position.answered[*thread]].ended));
        for thread in next {
            for mut moved in position.moves(record, thread) {
                moved.observe(record, Some(&position.model));
                if known.insert(moved.clone()) {
                    open.push(moved);
                }
            }
        }
    }
    false
}

/// The objects of a wait for the first of several.
fn first_of(op: Op) -> Option<(Names, Terms)> {
    match op {
        Op::Wait(WaitFor::Any, names, terms) if names.len() > 1 => Some((names, terms)),
        _ => None,
    }
}

impl Position {
    /// Everything is answered, or blocked for ever.
    fn is_end(&self, record: &Record) -> bool {
        (0..record.len()).all(|thread| match self.call(record, thread) {
            Some(call) => call.outcome.is_none() && self.phases[thread] == Phase::Blocked,
            None => true,
        })
    }

    /// The next call of a thread, if there is one.
    fn call<'r>(&self, record: &'r Record, thread: usize) -> Option<&'r Call> {
        record[thread].get(self.answered[thread])
    }

    /// The thread's next call may take effect, or go on: nobody has yet to be answered who returned before it began.
    fn may_move(&self, record: &Record, thread: usize) -> bool {
        let Some(call) = self.call(record, thread) else {
            return false;
        };
        let returned_before = |other: usize| self.call(record, other).is_some_and(|other| other.ended < call.begun);
        self.phases[thread] != Phase::Blocked && !(0..record.len()).any(returned_before)
    }

    /// All that the thread's next call can do next.
    fn moves(&self, record: &Record, thread: usize) -> Vec<Position> {
        let call = self.call(record, thread).expect("a call");
        match self.phases[thread] {
            Phase::NotBegun => self.one_step(record, thread, call).into_iter().collect(),
            Phase::Looking(seen) => {
                let (names, terms) = first_of(call.op).expect("a wait for the first of several");
                let decided = self.after_looking(record, thread, call, seen, &names, terms);
                decided.into_iter().chain(self.begins_linking(thread, call, &names, terms)).collect()
            }
            Phase::Linking => self.links(record, thread).into_iter().collect(),
            Phase::Blocked => Vec::new(),
        }
    }

    /// A call that is one step. A wait that timed out was a poll; any other that cannot be satisfied is blocked until it is.
    fn one_step(&self, record: &Record, thread: usize, call: &Call) -> Option<Position> {
        let timed_out = call.outcome == Some(NtStatus::TIMEOUT.into());
        let time = if timed_out { Time::Poll } else { Time::Forever };
        let op = call.op.terms().map_or(call.op, |terms| call.op.with_terms(Terms { time, ..terms }));
        let mut next = self.clone();
        match next.model.apply(Step { thread, op }) {
            Reply::Given(outcome) => next.answer(record, thread, &outcome)?,
            Reply::Blocked => next.phases[thread] = Phase::Blocked,
        }
        next.serve_released(record)
    }

    /// The wait takes an object that it sees, or finds that its time is up.
    fn after_looking(
        &self,
        record: &Record,
        thread: usize,
        call: &Call,
        seen: Seen,
        names: &[Name],
        terms: Terms,
    ) -> Option<Position> {
        let mut next = self.clone();
        let status = match place_of(call) {
            Some(place) => {
                let lower = (1_u8 << place) - 1;
                if seen.beside[place] & lower != lower {
                    return None;
                }
                next.model.take_at(thread, names, terms, place)?
            }
            None if call.outcome.is_some() && seen.clear == (1 << names.len()) - 1 => NtStatus::TIMEOUT,
            None => return None,
        };
        next.answer(record, thread, &status.into())?;
        Some(next)
    }

    /// A wait that has timed out has left no trace in the queues.
    fn begins_linking(&self, thread: usize, call: &Call, names: &[Name], terms: Terms) -> Option<Position> {
        if call.outcome.is_some() {
            place_of(call)?;
        }
        let mut next = self.clone();
        next.model.begin_linking(thread, names, terms);
        next.phases[thread] = Phase::Linking;
        Some(next)
    }

    fn links(&self, record: &Record, thread: usize) -> Option<Position> {
        let mut next = self.clone();
        match next.model.link_next(thread) {
            Linked::Taken(outcome) => next.answer(record, thread, &outcome)?,
            Linked::More => {}
            Linked::All => next.phases[thread] = Phase::Blocked,
        }
        Some(next)
    }

    /// The thread's call is answered, if this is what was recorded.
    fn answer(&mut self, record: &Record, thread: usize, outcome: &Outcome) -> Option<()> {
        if self.call(record, thread)?.outcome.as_ref() != Some(outcome) {
            return None;
        }
        self.answered[thread] += 1;
        self.phases[thread] = Phase::NotBegun;
        Some(())
    }

    fn serve_released(mut self, record: &Record) -> Option<Position> {
        for release in self.model.take_released() {
            self.answer(record, release.thread, &release.outcome)?;
        }
        Some(self)
    }

    /// Those that look see what there is to see.
    fn observe(&mut self, record: &Record, before: Option<&Model>) {
        for thread in 0..record.len() {
            let Some((names, _)) = self.call(record, thread).and_then(|call| first_of(call.op)) else {
                continue;
            };
            let mut seen = match self.phases[thread] {
                Phase::Looking(seen) => seen,
                Phase::NotBegun if self.may_move(record, thread) => Seen::default(),
                _ => continue,
            };
            let bodies = self.model.bodies(thread, &names);
            let changed = before.map(|before| before.bodies(thread, &names));
            let clear = |place: &usize| !self.model.is_signalled_to(thread, names[*place]);
            let now = (0..names.len()).filter(clear).fold(0, |mask, place| mask | 1 << place);
            seen.clear |= now;
            for place in 0..names.len() {
                let same = changed.as_ref().is_none_or(|changed| changed[place] == bodies[place]);
                seen.beside[place] = if same { seen.beside[place] | now } else { now };
            }
            self.phases[thread] = Phase::Looking(seen);
        }
    }
}

/// Which object ended the wait.
fn place_of(call: &Call) -> Option<usize> {
    match call.outcome.as_ref()?.answer {
        Answer::Status(status) => status.wait_index().or(status.abandoned_index()),
        _ => None,
    }
}
