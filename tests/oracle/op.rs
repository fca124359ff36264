//! What a history is made of: operations on named handles, and what can be answered to them.
//!
//! A handle is named by the slot that keeps it, not by its value, so that a history means the same each time it is run. What a slot
//! kept before it was closed stays there: operations on it test that a stale handle is refused.

use core::fmt;
use core::ops::Deref;

use ntwait::NtStatus;

/// Slots for handles.
pub(crate) const SLOTS: usize = 6;
/// Threads of a history.
pub(crate) const THREADS: usize = 4;
/// Objects of one wait.
const MOST_OBJECTS: usize = 4;

/// How an operation names an object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Name {
    Slot(usize),
    /// A value that was never a handle (W32).
    Null,
    /// The pseudo handle of the calling thread (W28, W29).
    Myself,
}

/// A few names, in an operation that can be copied.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Names {
    count: u8,
    names: [Name; MOST_OBJECTS],
}

impl Names {
    pub(crate) const NONE: Names = Names { count: 0, names: [Name::Null; MOST_OBJECTS] };

    /// As many of them as one operation can name.
    pub(crate) fn of(from: impl IntoIterator<Item = Name>) -> Names {
        let mut names = Names::NONE;
        for (place, name) in names.names.iter_mut().zip(from) {
            *place = name;
            names.count += 1;
        }
        names
    }
}

impl Deref for Names {
    type Target = [Name];
    fn deref(&self) -> &[Name] {
        &self.names[..usize::from(self.count)]
    }
}

/// What a handle may do; the same bits for every kind of object.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Rights {
    pub(crate) query: bool,
    pub(crate) modify: bool,
    pub(crate) wait: bool,
}

impl Rights {
    pub(crate) const ALL: Rights = Rights { query: true, modify: true, wait: true };

    /// As an access mask: the specific rights 1 and 2, and `SYNCHRONIZE`.
    pub(crate) fn mask(self) -> u32 {
        u32::from(self.query) | u32::from(self.modify) << 1 | u32::from(self.wait) << 20
    }
}

/// How long a wait may take. None of the times leaves it to chance whether it passes while a history is run step by step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Time {
    Poll,
    /// An absolute time long ago, which is a poll too (D2).
    Past,
    /// Blocks, and passes before anything else happens.
    Brief,
    /// Passes at no time that a history sees.
    Long,
    Forever,
}

impl Time {
    /// A wait with this time-out ends by itself.
    pub(crate) fn passes(self) -> bool {
        matches!(self, Time::Poll | Time::Past | Time::Brief)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum WaitFor {
    Single,
    Any,
    All,
}

/// What a wait is given besides its objects.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Terms {
    pub(crate) alertable: bool,
    pub(crate) time: Time,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Change {
    Set,
    Reset,
    Clear,
    Pulse,
    Boost,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    Event,
    Mutant,
    Semaphore,
    Timer,
    Thread,
}

/// When a timer is to expire.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Due {
    /// At once, within the call (T3).
    Past,
    /// At no time that a history sees.
    Late,
}

/// One call of one thread. Threads are named by their number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Op {
    CreateEvent {
        to: usize,
        manual: bool,
        set: bool,
    },
    CreateMutant {
        to: usize,
        owned: bool,
    },
    CreateSemaphore {
        to: usize,
        initial: i32,
        maximum: i32,
    },
    CreateTimer {
        to: usize,
        manual: bool,
    },
    OpenThread {
        to: usize,
        thread: usize,
    },
    Duplicate {
        from: Name,
        to: usize,
        rights: Rights,
        close: bool,
    },
    Close(Name),
    /// How many handles the object has.
    Count(Name),
    Event(Change, Name),
    ReleaseMutant(Name),
    ReleaseSemaphore(Name, i32),
    SetTimer(Name, Due),
    CancelTimer(Name),
    Query(Kind, Name),
    Wait(WaitFor, Names, Terms),
    SignalAndWait(Name, Name, Terms),
    Delay(Terms),
    TestAlert,
    Alert(usize),
    AlertResume(usize),
    QueueApc(usize, u8),
    Exit,
    Terminate(usize),
}

impl Op {
    /// What the call is told about time, if it may wait.
    pub(crate) fn terms(self) -> Option<Terms> {
        match self {
            Op::Wait(_, _, terms) | Op::SignalAndWait(_, _, terms) | Op::Delay(terms) => Some(terms),
            _ => None,
        }
    }

    /// A wait that does not end by itself.
    pub(crate) fn may_block(self) -> bool {
        self.terms().is_some_and(|terms| !terms.time.passes())
    }

    /// The same with another time-out, if it may wait.
    pub(crate) fn with_terms(self, terms: Terms) -> Op {
        match self {
            Op::Wait(what, names, _) => Op::Wait(what, names, terms),
            Op::SignalAndWait(signal, wait, _) => Op::SignalAndWait(signal, wait, terms),
            Op::Delay(_) => Op::Delay(terms),
            other => other,
        }
    }

    /// APCs may run in it.
    pub(crate) fn may_run_apcs(self) -> bool {
        self == Op::TestAlert || self.terms().is_some_and(|terms| terms.alertable)
    }
}

/// A call and who makes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) thread: usize,
    pub(crate) op: Op,
}

/// What a call returns.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Status(NtStatus),
    /// The state before, or a count.
    Was(i32),
    /// What a query tells, field by field.
    Looks([i32; 3]),
    /// The thread has ended.
    Ended,
}

impl From<Result<i32, NtStatus>> for Answer {
    fn from(result: Result<i32, NtStatus>) -> Answer {
        result.map_or_else(Answer::Status, Answer::Was)
    }
}

/// An answer and the APCs that ran before it was given, in order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    pub(crate) apcs: Vec<u8>,
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Outcome {
        Outcome { answer, apcs: Vec::new() }
    }
}

impl From<NtStatus> for Outcome {
    fn from(status: NtStatus) -> Outcome {
        Answer::Status(status).into()
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.answer {
            Answer::Status(status) => write!(f, "{}", status.name().unwrap_or(&status.to_string()))?,
            Answer::Was(value) => write!(f, "{value}")?,
            Answer::Looks(fields) => write!(f, "{fields:?}")?,
            Answer::Ended => f.write_str("ended")?,
        }
        if self.apcs.is_empty() { Ok(()) } else { write!(f, " after APCs {:?}", self.apcs) }
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Slot(slot) => write!(f, "h{slot}"),
            Name::Null => f.write_str("null"),
            Name::Myself => f.write_str("-2"),
        }
    }
}

impl fmt::Debug for Rights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = |has: bool, letter: &'static str| if has { letter } else { "-" };
        write!(f, "{}{}{}", letter(self.query, "q"), letter(self.modify, "m"), letter(self.wait, "w"))
    }
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}{}", self.time, if self.alertable { ", alertable" } else { "" })
    }
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Op::CreateEvent { to, manual, set } => {
                write!(f, "h{to} = CreateEvent({}, {set})", if manual { "manual" } else { "auto" })
            }
            Op::CreateMutant { to, owned } => write!(f, "h{to} = CreateMutant(owned: {owned})"),
            Op::CreateSemaphore { to, initial, maximum } => write!(f, "h{to} = CreateSemaphore({initial}, {maximum})"),
            Op::CreateTimer { to, manual } => {
                write!(f, "h{to} = CreateTimer({})", if manual { "notification" } else { "synchronization" })
            }
            Op::OpenThread { to, thread } => write!(f, "h{to} = OpenThread(T{thread})"),
            Op::Duplicate { from, to, rights, close } => {
                write!(f, "h{to} = Duplicate({from:?}, {rights:?}{})", if close { ", close source" } else { "" })
            }
            Op::Close(name) => write!(f, "Close({name:?})"),
            Op::Count(name) => write!(f, "Count({name:?})"),
            Op::Event(change, name) => write!(f, "{change:?}({name:?})"),
            Op::ReleaseMutant(name) => write!(f, "ReleaseMutant({name:?})"),
            Op::ReleaseSemaphore(name, count) => write!(f, "ReleaseSemaphore({name:?}, {count})"),
            Op::SetTimer(name, due) => write!(f, "SetTimer({name:?}, {due:?})"),
            Op::CancelTimer(name) => write!(f, "CancelTimer({name:?})"),
            Op::Query(kind, name) => write!(f, "Query{kind:?}({name:?})"),
            Op::Wait(what, names, terms) => write!(f, "Wait{what:?}({:?}, {terms:?})", &*names),
            Op::SignalAndWait(signal, wait, terms) => write!(f, "SignalAndWait({signal:?}, {wait:?}, {terms:?})"),
            Op::Delay(terms) => write!(f, "Delay({terms:?})"),
            Op::TestAlert => f.write_str("TestAlert()"),
            Op::Alert(thread) => write!(f, "Alert(T{thread})"),
            Op::AlertResume(thread) => write!(f, "AlertResume(T{thread})"),
            Op::QueueApc(thread, note) => write!(f, "QueueApc(T{thread}, {note})"),
            Op::Exit => f.write_str("Exit()"),
            Op::Terminate(thread) => write!(f, "Terminate(T{thread})"),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{} {:?}", self.thread, self.op)
    }
}
