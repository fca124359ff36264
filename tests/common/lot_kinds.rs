//! Waits for what is no object: at an address, at a key, for an alert by id.

use core::sync::atomic::{AtomicU32, Ordering};

use ntwait::{AccessMask, Handle, NtStatus, ObjectAttributes, Timeout, wait_on_address, wake_address_single};

use super::nt_threads::{NtThread, until};
use super::{FOREVER, Nt, POLL};

/// A kind of such waits.
#[derive(Clone, Copy)]
pub(crate) struct LotKind {
    pub(crate) name: &'static str,
    /// What it answers when it was satisfied.
    pub(crate) ended: NtStatus,
    /// An alert by id is for one thread; of the others several can wait.
    pub(crate) has_queue: bool,
    /// What satisfies it is kept for a thread that is suspended.
    pub(crate) is_kept: bool,
    wait: fn(Place, Option<i64>) -> NtStatus,
    /// Satisfies one wait, if there is one.
    wake: fn(Place),
}

/// Where threads wait.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) nt: Nt,
    pub(crate) kind: LotKind,
    keyed: Handle,
    word: &'static AtomicU32,
    /// The id of the thread that came last.
    last: &'static AtomicU32,
}

const KEY: usize = 0x40;

pub(crate) const LOT_KINDS: [LotKind; 4] = [
    LotKind {
        name: "address",
        ended: NtStatus::SUCCESS,
        has_queue: true,
        is_kept: false,
        wait: |place, timeout| match wait_on_address(place.word, 0, Timeout::from_nt(timeout)) {
            Ok(true) => NtStatus::SUCCESS,
            Ok(false) => NtStatus::TIMEOUT,
            Err(status) => status,
        },
        wake: |place| wake_address_single(place.word),
    },
    LotKind {
        name: "keyed wait",
        ended: NtStatus::SUCCESS,
        has_queue: true,
        is_kept: false,
        wait: |place, timeout| place.nt.nt_wait_for_keyed_event(place.keyed, KEY, false, timeout),
        wake: |place| {
            let _ = place.nt.nt_release_keyed_event(place.keyed, KEY, false, POLL);
        },
    },
    LotKind {
        name: "keyed release",
        ended: NtStatus::SUCCESS,
        has_queue: true,
        is_kept: false,
        wait: |place, timeout| place.nt.nt_release_keyed_event(place.keyed, KEY, true, timeout),
        wake: |place| {
            let _ = place.nt.nt_wait_for_keyed_event(place.keyed, KEY, false, POLL);
        },
    },
    LotKind {
        name: "alert by id",
        ended: NtStatus::ALERTED,
        has_queue: false,
        is_kept: true,
        wait: |place, timeout| place.nt.nt_wait_for_alert_by_thread_id(0, timeout),
        wake: |place| {
            let _ = place.nt.nt_alert_thread_by_thread_id(place.last.load(Ordering::Acquire));
        },
    },
];

impl LotKind {
    pub(crate) fn place(self, nt: Nt) -> Place {
        let access = AccessMask::KEYEDEVENT_ALL_ACCESS;
        let keyed = nt.nt_create_keyed_event(access, ObjectAttributes::NONE, 0).expect("a keyed event");
        let [word, last] = [(); 2].map(|()| &*Box::leak(Box::new(AtomicU32::new(0))));
        Place { nt, kind: self, keyed, word, last }
    }
}

impl Place {
    pub(crate) fn wait(self, timeout: Option<i64>) -> NtStatus {
        self.last.store(self.nt.current_thread_id().expect("an id"), Ordering::Release);
        (self.kind.wait)(self, timeout)
    }

    pub(crate) fn wake(self) {
        (self.kind.wake)(self);
    }

    /// A thread of the library that sleeps in the wait; its exit code is the status.
    #[track_caller]
    pub(crate) fn blocked(self, timeout: Option<i64>) -> NtThread {
        self.nt.blocked(move || self.wait(timeout).0)
    }

    /// Nobody is queued, nothing is kept, and a wait is satisfied as ever.
    #[track_caller]
    pub(crate) fn assert_intact(self) {
        assert_eq!(self.wait(POLL), NtStatus::TIMEOUT, "{}", self.kind.name);
        let thread = self.blocked(FOREVER);
        self.wake();
        assert_eq!(NtStatus(thread.join()), self.kind.ended, "{}: the first in the queue", self.kind.name);
        until("nobody is left", || self.wait(POLL) == NtStatus::TIMEOUT);
    }
}
