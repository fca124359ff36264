//! The calls that are reported: their names, what they are about, and a callsite of `tracing` for each of the two reports.
//!
//! A callsite's name is the call's name and its target the category, so that every filter is asked once for each callsite
//! and a call that nobody wants, while others are wanted, costs the slow path and two loads of what was answered. All are made
//! known to `tracing` before the first call, because that takes locks, and a child of `fork` must never need them.

#![allow(non_upper_case_globals, reason = "named as the calls are")]

use super::switch;
use crate::sys::atomic::{AtomicU32, Ordering};
use core::fmt;
use tracing::callsite::{self, Callsite, Identifier};
use tracing::field::FieldSet;
use tracing::level_filters::STATIC_MAX_LEVEL;
use tracing::metadata::Kind;
use tracing::subscriber::Interest;
use tracing::{Level, Metadata};

/// What a call is about: the last part of its events' target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TraceCategory {
    /// `ntwait::threading`: making, ending, suspending threads, and what is known of them.
    Threading,
    /// `ntwait::synchronization`: events, mutants, semaphores, keyed events, waits, delays, directories of names.
    Synchronization,
    /// `ntwait::handle`: closing, duplicating, comparing handles, and questions about any object.
    Handle,
    /// `ntwait::timer`: timers.
    Timer,
    /// `ntwait::apc`: asynchronous procedure calls and alerts.
    Apc,
}

impl TraceCategory {
    pub(super) const ALL: [Self; 5] = [Self::Threading, Self::Synchronization, Self::Handle, Self::Timer, Self::Apc];

    const fn target(self) -> &'static str {
        match self {
            Self::Threading => "ntwait::threading",
            Self::Synchronization => "ntwait::synchronization",
            Self::Handle => "ntwait::handle",
            Self::Timer => "ntwait::timer",
            Self::Apc => "ntwait::apc",
        }
    }

    /// Its name in filters and in lines of JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.target().rsplit(':').next().unwrap_or_default()
    }

    /// The category of an event of ours.
    pub(super) fn of(metadata: &Metadata<'_>) -> Option<Self> {
        Self::ALL.into_iter().find(|category| metadata.is_event() && category.target() == metadata.target())
    }
}

impl fmt::Display for TraceCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One of a call's two events.
pub(super) struct Point {
    pub(super) metadata: Metadata<'static>,
    /// What subscribers have answered when they were asked whether they want it.
    interest: AtomicU32,
}

/// Answers to be kept: nobody wants it; who wants it must be asked each time; all subscribers do.
const NEVER: u32 = 0;
const SOMETIMES: u32 = 1;
const ALWAYS: u32 = 2;

/// The fields of the events. A subscriber that knows nothing of us shows the first, which is the whole text.
pub(super) const MESSAGE: &str = "message";
pub(super) const CALL: &str = "call";
pub(super) const ARGUMENTS: &str = "arguments";
pub(super) const RESULT: &str = "result";

impl Point {
    const fn new(
        name: &'static str,
        category: TraceCategory,
        fields: &'static [&'static str],
        place: &'static Self,
    ) -> Self {
        let fields = FieldSet::new(fields, Identifier(place));
        let target = category.target();
        Self {
            metadata: Metadata::new(name, target, Level::TRACE, None, None, Some(target), fields, Kind::EVENT),
            interest: AtomicU32::new(NEVER),
        }
    }

    pub(super) fn interest(&self) -> Interest {
        match self.interest.load(Ordering::Relaxed) {
            NEVER => Interest::never(),
            SOMETIMES => Interest::sometimes(),
            _ => Interest::always(),
        }
    }
}

impl Callsite for Point {
    fn set_interest(&self, interest: Interest) {
        let new = match interest {
            interest if interest.is_never() || Level::TRACE > STATIC_MAX_LEVEL => NEVER,
            interest if interest.is_always() => ALWAYS,
            _ => SOMETIMES,
        };
        switch::change(|| {
            let old = self.interest.swap(new, Ordering::Relaxed);
            (old != NEVER, new != NEVER)
        });
    }

    fn metadata(&self) -> &Metadata<'_> {
        &self.metadata
    }
}

/// A call that is reported.
pub(crate) struct Call {
    pub(super) name: &'static str,
    pub(super) enter: Point,
    pub(super) leave: Point,
}

macro_rules! calls {
    ($($category:ident: $($name:ident)*;)*) => {
        $($(pub(crate) static $name: Call = Call {
            name: stringify!($name),
            enter: Point::new(
                stringify!($name), TraceCategory::$category, &[MESSAGE, CALL, ARGUMENTS], &$name.enter),
            leave: Point::new(
                stringify!($name), TraceCategory::$category, &[MESSAGE, CALL, RESULT], &$name.leave),
        };)*)*

        pub(super) static CALLS: &[&Call] = &[$($(&$name,)*)*];
    };
}

calls! {
    Threading:
        NtCreateThread NtCreateThreadEx NtOpenThread NtTerminateThread RtlExitUserThread NtSuspendThread NtResumeThread
        NtQueryInformationThread NtSetInformationThread NtGetExitCodeThread
        NtOpenProcess NtQueryInformationProcess;
    Synchronization:
        NtCreateEvent NtOpenEvent NtSetEvent NtResetEvent NtClearEvent NtPulseEvent NtSetEventBoostPriority NtQueryEvent
        NtCreateMutant NtOpenMutant NtReleaseMutant NtQueryMutant
        NtCreateSemaphore NtOpenSemaphore NtReleaseSemaphore NtQuerySemaphore
        NtCreateKeyedEvent NtOpenKeyedEvent NtWaitForKeyedEvent NtReleaseKeyedEvent
        NtWaitForSingleObject NtWaitForMultipleObjects NtWaitForEvent NtSignalAndWaitForSingleObject
        NtDelayExecution NtYieldExecution
        NtCreateDirectoryObject NtOpenDirectoryObject NtMakeTemporaryObject;
    Handle:
        NtClose NtCloseHandle NtDuplicateObject NtQueryObject NtSetInformationObject NtCompareObjects;
    Timer:
        NtCreateTimer NtOpenTimer NtSetTimer NtCancelTimer NtQueryTimer;
    Apc:
        NtQueueApcThread NtTestAlert NtAlertThread NtAlertResumeThread NtAlertThreadByThreadId NtWaitForAlertByThreadId;
}

/// Makes all of them known to `tracing`, once.
pub(super) fn register_all() {
    for call in CALLS {
        callsite::register(&call.enter);
        callsite::register(&call.leave);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_has_two_events_of_its_name_and_category() {
        for call in CALLS {
            let (enter, leave) = (&call.enter.metadata, &call.leave.metadata);
            assert_eq!((enter.name(), leave.name()), (call.name, call.name));
            let category = TraceCategory::of(enter).expect("a category");
            assert_eq!(TraceCategory::of(leave), Some(category));
            assert_eq!(enter.target(), format!("ntwait::{category}"));
            assert_ne!(enter.callsite(), leave.callsite());
            assert!(enter.fields().field(ARGUMENTS).is_some() && leave.fields().field(RESULT).is_some());
        }
        let mut names: Vec<_> = CALLS.iter().map(|call| call.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), CALLS.len(), "a name stands there once");
    }
}
