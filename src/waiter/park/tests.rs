//! The table of states at the head of the parking word, walked.

use super::*;

fn in_state(state: u32, alertable: bool) -> ParkingWord {
    ParkingWord(AtomicU32::new(state | if alertable { ALERTABLE } else { 0 }))
}

/// The table of states at the head of this file, as far as others may leave them.
#[test]
fn table_decide() {
    let rows =
        [(IDLE, Decision::Lost), (LINKING, Decision::Won), (ASLEEP, Decision::WonAsleep), (DONE, Decision::Lost)];
    for (state, decision) in rows {
        let word = in_state(state, false);
        assert_eq!(word.decide(Why::Object, 77), decision, "state {state}");
        if decision != Decision::Lost {
            assert_eq!(word.decide(Why::TimedOut, 0), Decision::Lost, "P1");
            assert_eq!(word.finish(), (Why::Object, 77));
            assert_eq!(word.load(), IDLE);
        }
    }
}

/// P2: where a request decides and where it only leaves its bit.
#[test]
fn table_post() {
    const ANY: [u32; 3] = [0, ALERTABLE, HEEDS_ID];
    // request, why, the flags of the waits that it ends
    let requests: [(Pending, Why, &[u32]); 6] = [
        (Pending::Alert, Why::Alerted, &[ALERTABLE]),
        (Pending::Apc, Why::Apc, &[ALERTABLE]),
        (Pending::SoftAlert, Why::Alerted, &[ALERTABLE]),
        (Pending::Suspend, Why::Stopped, &ANY),
        (Pending::Terminate, Why::Stopped, &ANY),
        (Pending::ById, Why::Alerted, &[HEEDS_ID]),
    ];
    let states = [IDLE, LINKING, ASLEEP, ASLEEP | ALERTABLE, ASLEEP | HEEDS_ID, DONE, DONE | 7 << WHY_SHIFT];
    for state in states {
        for (request, why, ends) in requests {
            let ended = state & STATE == ASLEEP && ends.contains(&(state & !STATE));
            let word = ParkingWord(AtomicU32::new(state));
            let posted = if ended { Posted::Wake } else { Posted::Left };
            assert_eq!(word.post(request), posted, "{request:?} in {state:#x}");
            if ended {
                assert_eq!(word.finish(), (why, 0));
            }
            // An alert that ended a wait is used up; an APC and a stop are not; what decided nothing stays.
            let used_up = ended && why == Why::Alerted;
            assert_eq!(word.pending() & request.bit() != 0, !used_up, "{request:?} in {state:#x}");
        }
    }
}

/// WA14: the alert by id is a flag of its own, which only waits that heed it look at, and which the first of them uses up.
#[test]
fn wa14_table_of_heeds() {
    for (heed, request, goes_on) in [
        (Heed::Stops, Pending::ById, true),
        (Heed::Requests, Pending::ById, true),
        (Heed::ById, Pending::ById, false),
        (Heed::ById, Pending::Alert, true),
        (Heed::ById, Pending::Apc, true),
        (Heed::ById, Pending::Suspend, false),
    ] {
        let word = ParkingWord::default();
        let _ = word.post(request);
        assert_eq!(word.begin_heeding(heed), goes_on, "{heed:?}, {request:?}");
    }
    let word = ParkingWord::default();
    let _ = word.post(Pending::ById);
    assert_eq!(word.take_pending(word.pending()), None, "not an alertable wait's");
    assert!(!word.begin_heeding(Heed::ById));
    assert_eq!(word.finish(), (Why::Alerted, 0));
    assert!(word.begin_heeding(Heed::ById), "used up");
    assert_eq!(word.decide(Why::Object, 5), Decision::WonAsleep);
    assert_eq!((word.finish(), word.load()), ((Why::Object, 5), IDLE), "the flag of the sleep is gone");
}

#[test]
fn a8_alert_beats_apc_and_is_used_up() {
    let word = ParkingWord::default();
    for request in [Pending::SoftAlert, Pending::Apc, Pending::Alert, Pending::Alert] {
        assert_eq!(word.post(request), Posted::Left); // A25: a flag, not a count
    }
    let seen = word.pending();
    assert_eq!(word.take_pending(seen), Some(Why::Alerted));
    assert_eq!(word.take_pending(word.pending()), Some(Why::Apc));
    assert_eq!(word.take_pending(word.pending()), Some(Why::Apc));
    word.withdraw(Pending::Apc);
    assert_eq!(word.take_pending(word.pending()), Some(Why::Alerted), "A7: the soft one comes last");
    assert_eq!(word.take_pending(word.pending()), None);
}

/// P5: a stop is seen until it is withdrawn, and termination goes before suspension (TH20).
#[test]
fn table_stop() {
    let word = ParkingWord::default();
    assert_eq!(word.stop(), None);
    assert_eq!(word.post(Pending::Suspend), Posted::Left);
    assert_eq!(word.stop(), Some(Stop::Suspend(word.load())));
    assert_eq!(word.take_pending(word.pending()), None, "no wait ends for it without having begun");
    assert_eq!(word.post(Pending::Apc), Posted::Wake, "who stands still sleeps on another value now");
    assert_eq!(word.post(Pending::Terminate), Posted::Wake);
    assert_eq!(word.stop(), Some(Stop::Terminate));
    word.withdraw(Pending::Suspend);
    assert_eq!(word.stop(), Some(Stop::Terminate));
}

#[test]
fn w20_commit_looks_at_pending_bits_last() {
    for (alertable, goes_on) in [(false, true), (true, false)] {
        let word = ParkingWord::default();
        word.begin();
        assert_eq!(word.post(Pending::Alert), Posted::Left);
        assert_eq!(word.commit(alertable), goes_on);
    }
}

#[test]
fn w38_a_thread_that_is_to_stop_does_not_fall_asleep() {
    for request in [Pending::Suspend, Pending::Terminate] {
        let word = ParkingWord::default();
        word.begin();
        assert_eq!(word.post(request), Posted::Left);
        assert!(!word.commit(false));
        assert_eq!(word.finish().0, Why::Stopped);
        assert!(!word.begin_asleep(false));
    }
}

#[test]
fn a_sleeper_sees_the_end() {
    let word = ParkingWord::default();
    word.begin();
    assert_eq!(word.asleep(), None);
    assert!(word.commit(false));
    assert!(word.asleep().is_some());
    assert_eq!(word.decide(Why::TimedOut, 0), Decision::WonAsleep);
    assert_eq!(word.asleep(), None);
}
