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
    let requests = [
        (Pending::Alert, Why::Alerted),
        (Pending::Apc, Why::Apc),
        (Pending::SoftAlert, Why::Alerted),
        (Pending::Suspend, Why::Stopped),
        (Pending::Terminate, Why::Stopped),
    ];
    let states = [(IDLE, false), (LINKING, true), (ASLEEP, false), (ASLEEP, true), (DONE, true)];
    for (state, alertable) in states {
        for (request, why) in requests {
            let ended = state == ASLEEP && (alertable || request.is_stop());
            let word = in_state(state, alertable);
            let posted = if ended { Posted::Wake } else { Posted::Left };
            assert_eq!(word.post(request), posted, "{request:?} in {state}");
            if ended {
                assert_eq!(word.finish().0, why);
            }
            // An alert that ended a wait is used up; an APC and a stop are not; what decided nothing stays.
            let used_up = ended && why == Why::Alerted;
            assert_eq!(word.pending() & request.bit() != 0, !used_up, "{request:?} in {state}");
        }
    }
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
