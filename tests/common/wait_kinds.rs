//! Waits of every kind, to put threads in.

use ntwait::{EventType, Handle, NtStatus, WaitType};

use super::nt_threads::NtThread;
use super::{AUTO, MANUAL, Nt, POLL};

/// A kind of wait, for one or both of two events, that has to block.
#[derive(Clone, Copy)]
pub(crate) struct WaitKind {
    pub(crate) name: &'static str,
    types: [EventType; 2],
    /// Which events must be set.
    needs: [bool; 2],
    pub(crate) ended: NtStatus,
    pub(crate) alertable: bool,
    wait: fn(Nt, [Handle; 2], Option<i64>) -> NtStatus,
}

const SECOND: NtStatus = NtStatus(1);

/// Every way in which the engine lets a thread sleep.
pub(crate) const WAIT_KINDS: [WaitKind; 9] = [
    kind("plain manual", [MANUAL, AUTO], [true, false], |nt, events, until| nt.one(events[0], until)),
    kind("plain auto", [AUTO, AUTO], [true, false], |nt, events, until| nt.one(events[0], until)),
    kind("any", [AUTO, AUTO], [false, true], |nt, events, until| nt.any(&events, until)),
    kind("any of mixed", [AUTO, MANUAL], [false, true], |nt, events, until| nt.any(&events, until)),
    kind("all", [AUTO, AUTO], [true, true], |nt, events, until| nt.all(&events, until)),
    alertable("alertable manual", [MANUAL, AUTO], [true, false], |nt, events, until| nt.alertable(events[0], until)),
    alertable("alertable auto", [AUTO, AUTO], [true, false], |nt, events, until| nt.alertable(events[0], until)),
    alertable("alertable any", [MANUAL, AUTO], [false, true], |nt, events, until| {
        nt.nt_wait_for_multiple_objects(&events, WaitType::ANY, true, until)
    }),
    alertable("alertable all", [AUTO, MANUAL], [true, true], |nt, events, until| {
        nt.nt_wait_for_multiple_objects(&events, WaitType::ALL, true, until)
    }),
];

const fn kind(
    name: &'static str,
    types: [EventType; 2],
    needs: [bool; 2],
    wait: fn(Nt, [Handle; 2], Option<i64>) -> NtStatus,
) -> WaitKind {
    let ended = if needs[0] { NtStatus::WAIT_0 } else { SECOND };
    WaitKind { name, types, needs, ended, alertable: false, wait }
}

const fn alertable(
    name: &'static str,
    types: [EventType; 2],
    needs: [bool; 2],
    wait: fn(Nt, [Handle; 2], Option<i64>) -> NtStatus,
) -> WaitKind {
    WaitKind { alertable: true, ..kind(name, types, needs, wait) }
}

/// Two events of the types that a kind of wait is for, clear.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    pub(crate) nt: Nt,
    pub(crate) kind: WaitKind,
    pub(crate) events: [Handle; 2],
    at_rest: [u32; 2],
}

impl WaitKind {
    #[track_caller]
    pub(crate) fn scene(self, nt: Nt) -> Scene {
        let events = self.types.map(|event_type| nt.event(event_type, false));
        Scene { nt, kind: self, events, at_rest: events.map(|event| nt.references(event)) }
    }
}

impl Scene {
    pub(crate) fn wait(self, timeout: Option<i64>) -> NtStatus {
        (self.kind.wait)(self.nt, self.events, timeout)
    }

    /// A thread of the library that sleeps in the wait; its exit code is the status.
    #[track_caller]
    pub(crate) fn blocked(self, timeout: Option<i64>) -> NtThread {
        self.nt.blocked(move || self.wait(timeout).0)
    }

    /// Sets what the wait needs.
    #[track_caller]
    pub(crate) fn complete(self) {
        for (event, needed) in self.events.into_iter().zip(self.kind.needs) {
            if needed {
                assert_eq!(self.nt.set(event), 0, "{}", self.kind.name);
            }
        }
    }

    /// Resets both events.
    #[track_caller]
    pub(crate) fn clear(self) {
        for event in self.events {
            self.nt.reset(event);
        }
    }

    /// What the events look like when the wait was completed and nobody has taken them.
    pub(crate) fn set_states(self) -> [i32; 2] {
        self.kind.needs.map(i32::from)
    }

    /// What they look like when somebody has.
    pub(crate) fn taken_states(self) -> [i32; 2] {
        let stays = |place: usize| i32::from(self.kind.needs[place] && self.kind.types[place] == MANUAL);
        [stays(0), stays(1)]
    }

    #[track_caller]
    pub(crate) fn states(self) -> [i32; 2] {
        self.nt.states(self.events)
    }

    pub(crate) fn has_no_waiters(self) -> bool {
        self.events.map(|event| self.nt.references(event)) == self.at_rest
    }

    /// Asserts that the events are as good as new: nobody queued, what is set stays and is taken once.
    #[track_caller]
    pub(crate) fn assert_intact(self) {
        assert!(self.has_no_waiters(), "{}", self.kind.name);
        self.clear();
        self.complete();
        assert_eq!(self.states(), self.set_states(), "{}: nobody takes it", self.kind.name);
        assert_eq!(self.wait(POLL), self.kind.ended, "{}", self.kind.name);
        assert_eq!(self.states(), self.taken_states(), "{}", self.kind.name);
        self.clear();
    }
}
