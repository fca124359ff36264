//! Alerts by thread id: facts WA12 to WA15, TH19.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::time::Instant;

use common::nt_threads::{ALL_RIGHTS, Log, ME, in_any_thread};
use common::{FOREVER, Nt, POLL, Worker, at_ms, ms, object, within};
use ntwait::{ClientId, NtStatus, ObjectAttributes};

const SUCCESS: NtStatus = NtStatus::SUCCESS;
const ALERTED: NtStatus = NtStatus::ALERTED;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const INVALID_CID: NtStatus = NtStatus::INVALID_CID;

fn wait(nt: Nt, timeout: Option<i64>) -> NtStatus {
    nt.nt_wait_for_alert_by_thread_id(0, timeout)
}

fn my_id(nt: Nt) -> u32 {
    nt.current_thread_id().expect("an id")
}

/// A thread that waits for an alert, and its id.
fn waiter(nt: Nt, timeout: Option<i64>) -> (Worker<NtStatus>, u32) {
    let (say, hear) = std::sync::mpsc::channel();
    let waiter = Worker::blocked(move || {
        say.send(my_id(nt)).expect("the test listens");
        wait(nt, timeout)
    });
    (waiter, hear.recv().expect("an id"))
}

#[test]
fn wa12_unknown_ids() {
    within(|| {
        let nt = Nt::new();
        let mine = my_id(nt);
        for id in [0, 1, 2, 3, mine + 1, mine + 2, mine + 3, mine + 4_000, u32::MAX, u32::MAX - 3, std::process::id()] {
            assert_eq!(nt.nt_alert_thread_by_thread_id(id), INVALID_CID, "{id}");
        }
        assert_eq!(nt.nt_alert_thread_by_thread_id(mine), SUCCESS);
        assert_eq!(Nt::new().nt_alert_thread_by_thread_id(mine), INVALID_CID, "another runtime does not know it");
    });
}

/// A thread that has ended is alerted in vain as long as somebody has a handle, and unknown afterwards.
#[test]
fn wa12_dead_threads() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.thread(move || my_id(nt));
        let id = thread.end();
        assert_eq!(nt.nt_alert_thread_by_thread_id(id), SUCCESS);
        let again = nt.nt_open_thread(ALL_RIGHTS, ObjectAttributes::NONE, ClientId { process: 0, thread: id });
        nt.close(again.expect("a handle by the id"));
        nt.close(thread.handle);
        common::nt_threads::until("the thread has let go of its object", || {
            nt.nt_alert_thread_by_thread_id(id) == INVALID_CID
        });
    });
}

/// An alert of a thread that waits ends the wait; one that comes earlier ends it at once, whatever the time-out.
#[test]
fn wa13_alert_and_wait() {
    in_any_thread(|nt| {
        let (other, id) = waiter(nt, FOREVER);
        assert_eq!(nt.nt_alert_thread_by_thread_id(id), SUCCESS);
        assert_eq!(other.join(), ALERTED);
        for timeout in [POLL, ms(60_000), FOREVER, at_ms(-1_000)] {
            assert_eq!(nt.nt_alert_thread_by_thread_id(my_id(nt)), SUCCESS);
            assert_eq!(wait(nt, timeout), ALERTED, "{timeout:?}");
            assert_eq!(wait(nt, POLL), TIMEOUT, "{timeout:?}");
        }
    });
}

#[test]
fn wa13_time_outs() {
    in_any_thread(|nt| {
        for timeout in [POLL, Some(-1), Some(1), at_ms(-60_000)] {
            assert_eq!(wait(nt, timeout), TIMEOUT, "{timeout:?}");
        }
        for timeout in [|| ms(30), || at_ms(30)] {
            let start = Instant::now();
            let timeout = timeout();
            assert_eq!(wait(nt, timeout), TIMEOUT);
            assert!(start.elapsed() >= Duration::from_millis(29), "{timeout:?}");
        }
    });
}

/// Two alerts are one.
#[test]
fn wa14_a_flag_and_not_a_count() {
    in_any_thread(|nt| {
        for _ in 0..3 {
            assert_eq!(nt.nt_alert_thread_by_thread_id(my_id(nt)), SUCCESS);
        }
        assert_eq!([wait(nt, POLL), wait(nt, POLL)], [ALERTED, TIMEOUT]);
    });
}

/// It is another flag than NtAlertThread's: neither alert ends the other's wait, nor is it used up by it.
#[test]
fn wa14_apart_from_the_other_alert() {
    in_any_thread(|nt| {
        let event = nt.auto(false);
        assert_eq!(nt.nt_alert_thread(ME), SUCCESS);
        assert_eq!(wait(nt, POLL), TIMEOUT);
        assert_eq!(nt.nt_alert_thread_by_thread_id(my_id(nt)), SUCCESS);
        assert_eq!([nt.alertable(event, POLL), nt.alertable(event, POLL)], [ALERTED, TIMEOUT]);
        assert_eq!([nt.nt_test_alert(), wait(nt, POLL), wait(nt, POLL)], [SUCCESS, ALERTED, TIMEOUT]);
    });
}

/// Not alertable, and no other wait looks at the flag.
#[test]
fn wa14_waits_of_one_kind_ignore_the_other() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let (say, hear) = std::sync::mpsc::channel();
        let event = nt.auto(false);
        let (worker, thread) = nt.foreign(move || {
            say.send(my_id(nt)).expect("the test listens");
            let alertable = nt.alertable(event, FOREVER);
            (alertable, wait(nt, POLL), wait(nt, FOREVER))
        });
        let id = hear.recv().expect("an id");
        assert_eq!(nt.nt_alert_thread_by_thread_id(id), SUCCESS);
        worker.assert_blocked();
        nt.set(event);
        worker.assert_blocked();
        assert_eq!((nt.queue_note(thread, log, 1), nt.nt_alert_thread(thread)), (SUCCESS, SUCCESS));
        worker.assert_blocked();
        assert_eq!(nt.nt_alert_thread_by_thread_id(id), SUCCESS);
        assert_eq!((worker.join(), log.take()), ((object(0), ALERTED, ALERTED), vec![]));
    });
}

/// The hint is a hint.
#[test]
fn wa15_any_address_will_do() {
    in_any_thread(|nt| {
        for hint in [0, 1, 0x1000, usize::MAX] {
            assert_eq!(nt.nt_wait_for_alert_by_thread_id(hint, POLL), TIMEOUT);
            assert_eq!(nt.nt_alert_thread_by_thread_id(my_id(nt)), SUCCESS);
            assert_eq!(nt.nt_wait_for_alert_by_thread_id(hint, FOREVER), ALERTED);
        }
    });
}

/// The flag does not go with the record to the next thread that gets it.
#[test]
fn wa14_the_next_thread_is_not_alerted() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..20 {
            let thread = nt.thread(move || {
                assert_eq!(nt.nt_alert_thread_by_thread_id(my_id(nt)), SUCCESS);
                0
            });
            assert_eq!(thread.join(), 0);
            assert_eq!(NtStatus(nt.thread(move || wait(nt, POLL).0).join()), TIMEOUT);
        }
    });
}

/// Two threads hand a turn to and fro: no alert is lost, and none counts twice.
#[test]
fn stress_ping_pong() {
    within(|| {
        let nt = Nt::new();
        let mine = my_id(nt);
        let (say, hear) = std::sync::mpsc::channel();
        let other = Worker::start(move || {
            say.send(my_id(nt)).expect("the test listens");
            let mut turns = 0;
            loop {
                assert_eq!(wait(nt, FOREVER), ALERTED);
                turns += 1;
                assert_eq!(nt.nt_alert_thread_by_thread_id(mine), SUCCESS);
                if turns == 20_000 {
                    return turns;
                }
            }
        });
        let id = hear.recv().expect("an id");
        let mut turns = 0;
        while turns < 20_000 {
            assert_eq!(nt.nt_alert_thread_by_thread_id(id), SUCCESS);
            assert_eq!(wait(nt, FOREVER), ALERTED);
            turns += 1;
        }
        assert_eq!((other.join(), wait(nt, POLL)), (turns, TIMEOUT));
    });
}
