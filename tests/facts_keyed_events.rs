//! Keyed events: facts K1 to K7, K9 to K12.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::time::Instant;

use common::nt_threads::{Log, ME, in_any_thread};
use common::{FOREVER, Nt, POLL, Random, Worker, at_ms, ms, object, trials, within};
use ntwait::{AccessMask, DuplicateOptions, Handle, HandleAttributes, NtStatus, ObjectAttributes};

const SUCCESS: NtStatus = NtStatus::SUCCESS;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const MISMATCH: NtStatus = NtStatus::OBJECT_TYPE_MISMATCH;
const ALL: AccessMask = AccessMask::KEYEDEVENT_ALL_ACCESS;
const KEY: usize = 0x1000;

fn keyed_with(nt: Nt, access: AccessMask) -> Handle {
    nt.nt_create_keyed_event(access, ObjectAttributes::NONE, 0).expect("a keyed event")
}

fn keyed(nt: Nt) -> Handle {
    keyed_with(nt, ALL)
}

/// What a thread does at a key; the other side is the one that it meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Wait,
    Release,
}
use Side::{Release, Wait};

const SIDES: [(Side, Side); 2] = [(Wait, Release), (Release, Wait)];

impl Side {
    fn come_alertably(self, nt: Nt, event: Handle, key: usize, alertable: bool, timeout: Option<i64>) -> NtStatus {
        match self {
            Wait => nt.nt_wait_for_keyed_event(event, key, alertable, timeout),
            Release => nt.nt_release_keyed_event(event, key, alertable, timeout),
        }
    }

    fn come(self, nt: Nt, event: Handle, key: usize, timeout: Option<i64>) -> NtStatus {
        self.come_alertably(nt, event, key, false, timeout)
    }

    /// A thread that has come and waits for the other side.
    fn queued(self, nt: Nt, event: Handle, key: usize) -> Worker<NtStatus> {
        Worker::blocked(move || self.come(nt, event, key, FOREVER))
    }
}

/// The key is looked at first: an odd one is refused whatever the handle is.
#[test]
fn k1_odd_keys() {
    let nt = Nt::new();
    let handles =
        [keyed(nt), nt.auto(false), Handle::NULL, Handle(0xDEAD), ME, keyed_with(nt, AccessMask::SYNCHRONIZE)];
    for (side, _) in SIDES {
        for key in [1, 3, KEY + 1, usize::MAX] {
            for handle in handles {
                for timeout in [POLL, FOREVER] {
                    assert_eq!(side.come(nt, handle, key, timeout), NtStatus::INVALID_PARAMETER_1, "{handle:?}");
                }
            }
        }
    }
}

/// 0 and all even numbers are keys.
#[test]
fn k1_even_keys() {
    within(|| {
        let nt = Nt::new();
        for event in [keyed(nt), Handle::NULL] {
            for key in [0, 2, 6, KEY, usize::MAX - 1, 1 << 63] {
                for (side, other) in SIDES {
                    assert_eq!(side.come(nt, event, key, POLL), TIMEOUT);
                    let thread = side.queued(nt, event, key);
                    assert_eq!(other.come(nt, event, key, POLL), SUCCESS);
                    assert_eq!(thread.join(), SUCCESS);
                }
            }
        }
    });
}

/// No handle is a handle to the keyed event that is always there, which is no other, nor another runtime's.
#[test]
fn k2_global_keyed_event() {
    within(|| {
        let (nt, other) = (Nt::new(), Nt::new());
        let thread = Wait.queued(nt, Handle::NULL, KEY);
        assert_eq!(Release.come(nt, keyed(nt), KEY, POLL), TIMEOUT);
        assert_eq!(Release.come(other, Handle::NULL, KEY, POLL), TIMEOUT, "K8");
        assert_eq!(Release.come(nt, Handle::NULL, KEY, FOREVER), SUCCESS);
        assert_eq!(thread.join(), SUCCESS);
    });
}

/// Existence, type, access, in this order; each side needs its own right.
#[test]
fn k3_bad_handles() {
    let nt = Nt::new();
    let closed = keyed(nt);
    nt.close(closed);
    let invalid = NtStatus::INVALID_HANDLE;
    let denied = NtStatus::ACCESS_DENIED;
    let rows = [
        (closed, [invalid; 2]),
        (Handle(0xDEAD_BEE0), [invalid; 2]),
        (Handle(u64::MAX / 2), [invalid; 2]),
        (nt.auto(true), [MISMATCH; 2]),
        (nt.duplicate(nt.auto(true), AccessMask::empty()).expect("a handle"), [MISMATCH; 2]),
        (Handle::CURRENT_PROCESS, [MISMATCH; 2]),
        (ME, [MISMATCH; 2]),
        (keyed_with(nt, AccessMask::empty()), [denied; 2]),
        (keyed_with(nt, AccessMask::SYNCHRONIZE), [denied; 2]),
        (keyed_with(nt, AccessMask::KEYEDEVENT_WAIT), [TIMEOUT, denied]),
        (keyed_with(nt, AccessMask::KEYEDEVENT_WAKE), [denied, TIMEOUT]),
        (keyed(nt), [TIMEOUT; 2]),
    ];
    for (handle, statuses) in rows {
        assert_eq!([Wait, Release].map(|side| side.come(nt, handle, KEY, POLL)), statuses, "{handle:?}");
    }
}

/// Who comes first waits for the other side; nothing is remembered.
#[test]
fn k4_rendezvous() {
    within(|| {
        let nt = Nt::new();
        let event = keyed(nt);
        for (side, other) in SIDES {
            let thread = side.queued(nt, event, KEY);
            assert_eq!(other.come(nt, event, KEY, FOREVER), SUCCESS);
            assert_eq!(thread.join(), SUCCESS);
            assert_eq!(other.come(nt, event, KEY, POLL), TIMEOUT, "it was one");
            assert_eq!(other.come(nt, event, KEY, ms(1)), TIMEOUT);
            assert_eq!(side.come(nt, event, KEY, POLL), TIMEOUT, "who has left is not met");
        }
    });
}

/// One meets one, the first that came.
#[test]
fn k5_first_come_first_served() {
    within(|| {
        let nt = Nt::new();
        let event = keyed(nt);
        for (side, other) in SIDES {
            let threads = [(); 4].map(|()| side.queued(nt, event, KEY));
            let mut left = threads.into_iter();
            while let Some(first) = left.next() {
                assert_eq!(other.come(nt, event, KEY, POLL), SUCCESS);
                assert_eq!(first.join(), SUCCESS);
                left.as_slice().iter().for_each(Worker::assert_blocked);
            }
            assert_eq!(other.come(nt, event, KEY, POLL), TIMEOUT);
        }
    });
}

/// The same key of the same object, by whatever handle.
#[test]
fn k5_keys_and_objects_do_not_mix() {
    within(|| {
        let nt = Nt::new();
        let (event, stranger) = (keyed(nt), keyed(nt));
        let (here, none) = (Handle::CURRENT_PROCESS, HandleAttributes::empty());
        let same = DuplicateOptions::SAME_ACCESS;
        let twin = nt.nt_duplicate_object(here, event, here, AccessMask::empty(), none, same).expect("a duplicate");
        let thread = Wait.queued(nt, event, KEY);
        for (other, key) in [(event, KEY + 2), (event, 0), (stranger, KEY), (Handle::NULL, KEY)] {
            assert_eq!(Release.come(nt, other, key, POLL), TIMEOUT);
        }
        assert_eq!(Wait.come(nt, event, KEY, POLL), TIMEOUT, "two of one side do not meet");
        assert_eq!(Release.come(nt, twin, KEY, POLL), SUCCESS);
        assert_eq!(thread.join(), SUCCESS);
    });
}

/// A thread whose handle is closed while it waits goes on waiting, and is met by who comes by another handle. If there is
/// none, nobody meets it: the next object in the same place has nothing to do with it.
#[test]
fn k5_handles_closed_meanwhile() {
    within(|| {
        let nt = Nt::new();
        let event = keyed(nt);
        let twin = nt.duplicate(event, ALL).expect("a duplicate");
        let thread = Wait.queued(nt, event, KEY);
        nt.close(event);
        assert_eq!(Release.come(nt, event, KEY, POLL), NtStatus::INVALID_HANDLE);
        assert_eq!(Release.come(nt, twin, KEY, POLL), SUCCESS);
        assert_eq!(thread.join(), SUCCESS);
        let (thread, handle) = nt.foreign(move || Wait.come_alertably(nt, twin, KEY, true, FOREVER));
        nt.close(twin);
        for _ in 0..2_000 {
            let next = keyed(nt);
            assert_eq!(Release.come(nt, next, KEY, POLL), TIMEOUT);
            nt.close(next);
        }
        assert_eq!(nt.nt_alert_thread(handle), SUCCESS);
        assert_eq!(thread.join(), NtStatus::ALERTED);
    });
}

#[test]
fn k6_time_outs() {
    in_any_thread(|nt| {
        let event = keyed(nt);
        for (side, other) in SIDES {
            for timeout in [POLL, Some(-1), Some(1), at_ms(-60_000)] {
                assert_eq!(side.come(nt, event, KEY, timeout), TIMEOUT, "{timeout:?}");
            }
            for timeout in [|| ms(30), || at_ms(30)] {
                let start = Instant::now();
                assert_eq!(side.come(nt, event, KEY, timeout()), TIMEOUT);
                assert!(start.elapsed() >= Duration::from_millis(29));
            }
            for timeout in [POLL, at_ms(-60_000), ms(60_000)] {
                let thread = side.queued(nt, event, KEY);
                assert_eq!(other.come(nt, event, KEY, timeout), SUCCESS, "{timeout:?}: who is there is met first");
                assert_eq!(thread.join(), SUCCESS);
            }
        }
    });
}

/// An alertable call ends for an APC, which is called, and for an alert; a meeting that is possible comes before.
#[test]
fn k7_alertable() {
    in_any_thread(|nt| {
        let (event, log) = (keyed(nt), Log::new());
        for (side, other) in SIDES {
            for timeout in [POLL, FOREVER] {
                assert_eq!(nt.queue_note(ME, log, 1), SUCCESS);
                assert_eq!(side.come(nt, event, KEY, POLL), TIMEOUT, "not alertable");
                assert!(log.take().is_empty());
                assert_eq!(side.come_alertably(nt, event, KEY, true, timeout), NtStatus::USER_APC);
                assert_eq!(log.take(), vec![1]);
                assert_eq!(nt.nt_alert_thread(ME), SUCCESS);
                assert_eq!(side.come(nt, event, KEY, POLL), TIMEOUT, "not alertable");
                assert_eq!(side.come_alertably(nt, event, KEY, true, timeout), NtStatus::ALERTED);
                assert_eq!(side.come_alertably(nt, event, KEY, true, POLL), TIMEOUT);
            }
            let thread = other.queued(nt, event, KEY);
            assert_eq!(nt.nt_alert_thread(ME), SUCCESS);
            assert_eq!(side.come_alertably(nt, event, KEY, true, FOREVER), SUCCESS, "W22");
            assert_eq!((thread.join(), nt.nt_test_alert()), (SUCCESS, NtStatus::ALERTED));
        }
    });
}

/// A thread that waits: an APC ends an alertable call only, and who comes later does not meet it.
#[test]
fn k7_apc_for_a_thread_that_waits() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let event = keyed(nt);
        for (side, other) in SIDES {
            let (thread, handle) = nt.foreign(move || side.come_alertably(nt, event, KEY, true, FOREVER));
            assert_eq!(nt.queue_note(handle, log, 2), SUCCESS);
            assert_eq!((thread.join(), log.take()), (NtStatus::USER_APC, vec![2]));
            assert_eq!(other.come(nt, event, KEY, POLL), TIMEOUT);
            let (thread, handle) = nt.foreign(move || side.come(nt, event, KEY, FOREVER));
            assert_eq!((nt.queue_note(handle, log, 3), nt.nt_alert_thread(handle)), (SUCCESS, SUCCESS));
            thread.assert_blocked();
            assert_eq!(other.come(nt, event, KEY, POLL), SUCCESS);
            assert_eq!((thread.join(), log.take()), (SUCCESS, vec![]));
        }
    });
}

/// An alert by id is none of its business (WA14).
#[test]
fn k7_not_ended_by_an_alert_by_id() {
    let nt = Nt::new();
    let event = keyed(nt);
    assert_eq!(nt.nt_alert_thread_by_thread_id(nt.current_thread_id().expect("an id")), SUCCESS);
    assert_eq!(Wait.come_alertably(nt, event, KEY, true, POLL), TIMEOUT);
    assert_eq!(nt.nt_wait_for_alert_by_thread_id(0, POLL), NtStatus::ALERTED);
}

#[test]
fn k9_flags() {
    let nt = Nt::new();
    for flags in [1, 2, 0x8000_0000, u32::MAX] {
        assert_eq!(nt.nt_create_keyed_event(ALL, ObjectAttributes::NONE, flags), Err(NtStatus::INVALID_PARAMETER));
    }
    let bad = ObjectAttributes::new(HandleAttributes::from_bits_retain(0x8000_0000));
    assert_eq!(nt.nt_create_keyed_event(ALL, bad, 0), Err(NtStatus::INVALID_PARAMETER));
    let privileged = AccessMask::ACCESS_SYSTEM_SECURITY;
    let refused = nt.nt_create_keyed_event(privileged, ObjectAttributes::NONE, 0);
    assert_eq!(refused, Err(NtStatus::PRIVILEGE_NOT_HELD));
}

#[test]
fn k10_rights() {
    let nt = Nt::new();
    for (asked, granted) in [
        (AccessMask::GENERIC_READ, 0x2_0001),
        (AccessMask::GENERIC_WRITE, 0x2_0002),
        (AccessMask::GENERIC_ALL, 0xF_0003),
        (AccessMask::MAXIMUM_ALLOWED, 0xF_0003),
        (AccessMask::SYNCHRONIZE, 0x10_0000),
        (ALL | AccessMask::SYNCHRONIZE, 0x1F_0003),
    ] {
        assert_eq!(nt.basic(keyed_with(nt, asked)).access, granted, "{asked:?}");
    }
}

/// For ordinary waits it is always signalled, whoever waits at its keys.
#[test]
fn k11_always_signalled() {
    within(|| {
        let nt = Nt::new();
        let event = keyed_with(nt, ALL | AccessMask::SYNCHRONIZE);
        let thread = Wait.queued(nt, event, KEY);
        for _ in 0..3 {
            assert_eq!(nt.one(event, FOREVER), object(0));
            assert_eq!(nt.alertable(event, POLL), object(0));
            assert_eq!(nt.any(&[nt.auto(false), event], POLL), object(1));
            assert_eq!(nt.all(&[nt.auto(true), event], POLL), object(0));
        }
        assert_eq!(nt.one(keyed(nt), POLL), NtStatus::ACCESS_DENIED);
        thread.assert_blocked();
        assert_eq!(Release.come(nt, event, KEY, POLL), SUCCESS);
        assert_eq!(thread.join(), SUCCESS);
    });
}

/// What is for other objects is refused.
#[test]
fn k12_it_is_no_event() {
    let nt = Nt::new();
    let event = keyed_with(nt, ALL | AccessMask::SYNCHRONIZE);
    assert_eq!(nt.nt_set_event(event), Err(MISMATCH));
    assert_eq!(nt.nt_reset_event(event), Err(MISMATCH));
    assert_eq!(nt.nt_pulse_event(event), Err(MISMATCH));
    assert_eq!(nt.nt_clear_event(event), MISMATCH);
    assert_eq!(nt.nt_query_event(event, 0, &mut [0; 8], None), MISMATCH);
    assert_eq!(nt.nt_release_semaphore(event, 1), Err(MISMATCH));
    assert_eq!(nt.nt_alert_thread(event), MISMATCH);
}

/// Four threads come to keys at random, on either side, with time-outs: as many waits as releases are met.
#[test]
fn stress_random_pairs() {
    within(|| {
        let nt = Nt::new();
        let events = [keyed(nt), Handle::NULL];
        let met: &'static [AtomicU32; 2] = Box::leak(Box::default());
        let threads = [1, 2, 3, 4].map(|seed| {
            Worker::start(move || {
                let mut random = Random::new(seed);
                for _ in trials(20_000) {
                    let side = random.pick(&[Wait, Release]);
                    let timeout = random.pick(&[POLL, Some(-100), Some(-1_000), ms(1)]);
                    match side.come(nt, random.pick(&events), random.pick(&[0, 2]), timeout) {
                        SUCCESS => met[side as usize].fetch_add(1, Ordering::Relaxed),
                        TIMEOUT => 0,
                        status => panic!("{status}"),
                    };
                }
            })
        });
        threads.into_iter().for_each(Worker::join);
        let [waits, releases] = [0, 1].map(|side: usize| met[side].load(Ordering::Relaxed));
        assert_eq!(waits, releases);
        assert!(waits > 0);
    });
}
