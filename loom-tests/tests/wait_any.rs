//! Models of waiting for the first of several objects.

use ntwait::NtStatus;
use ntwait::internals::pass_time;
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{model, model_reaching};

const FIRST: NtStatus = NtStatus::WAIT_0;
const SECOND: NtStatus = NtStatus(NtStatus::WAIT_0.0 + 1);

/// N1, P1: one wait takes one object, whoever signals how many; the others keep theirs.
///
/// A: set 0          B: set 1          C: wait for 0 or 1
#[test]
fn n1_wait_any_takes_one_object() {
    model_reaching(&["first", "second"], || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setters = events.map(|event| nt.spawn(move |nt| nt.set(event)));
        let ending = match nt.any(&events, NEVER) {
            FIRST => "first",
            SECOND => "second",
            other => panic!("{other:?}"),
        };
        for setter in setters {
            setter.join().unwrap();
        }
        let left = events.map(|event| nt.state(event));
        assert_eq!(left, if ending == "first" { [0, 1] } else { [1, 0] });
        assert_eq!(events.map(|event| nt.waiters(event)), [0, 0]);
        ending
    });
}

/// P1: the same with a stray look: a wait that is decided is not decided again by the object it looks at next.
///
/// A: set 1; set 0          B: wait for 0 or 1
#[test]
fn p1_wait_is_decided_once() {
    model_reaching(&["first", "second"], || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setter = nt.spawn(move |nt| [nt.set(events[1]), nt.set(events[0])]);
        let first = nt.any(&events, NEVER) == FIRST;
        assert_eq!(setter.join().unwrap(), [0, 0]);
        assert_eq!(events.map(|event| nt.state(event)), if first { [0, 1] } else { [1, 0] });
        if first { "first" } else { "second" }
    });
}

/// A1: the lowest of those that are signalled wins, and what was signalled first is signalled when the other is [W9].
///
/// A: set 0; set 1          B: wait for 0 or 1
#[test]
fn a1_lowest_signalled_object_wins() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setter = nt.spawn(move |nt| events.map(|event| nt.set(event)));
        assert_eq!(nt.any(&events, NEVER), FIRST);
        setter.join().unwrap();
        assert_eq!(events.map(|event| nt.state(event)), [0, 1]);
    });
}

/// K2: nor does a look, which takes no lock, find the second without the first.
///
/// A: set 0; set 1          B: poll 0 or 1
#[test]
fn k2_look_finds_the_lowest() {
    model_reaching(&["first", "nothing"], || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setter = nt.spawn(move |nt| events.map(|event| nt.set(event)));
        let ending = match nt.any(&events, POLL) {
            FIRST => "first",
            NtStatus::TIMEOUT => "nothing",
            other => panic!("{other:?}"),
        };
        setter.join().unwrap();
        assert_eq!(events.map(|event| nt.state(event)), [i32::from(ending == "nothing"), 1]);
        ending
    });
}

/// K2: nor where the first is taken and the second reset before the look is over.
///
/// A: set 0; set 1; reset 1; take 0          B: poll 0 or 1 (1 is set by hand)
#[test]
fn k2_second_is_not_found_from_when_the_first_was_set() {
    model_reaching(&["first", "nothing"], || {
        let nt = Nt::new();
        let [first, second] = [nt.auto(false), nt.manual(false)];
        let other = nt.spawn(move |nt| {
            nt.set(first);
            nt.set(second);
            nt.reset(second);
            nt.wait(first, POLL) == NtStatus::WAIT_0
        });
        let status = nt.any(&[first, second], POLL);
        let taken = other.join().unwrap();
        match (status, taken) {
            (FIRST, false) => "first",
            (NtStatus::TIMEOUT, true) => "nothing",
            other => panic!("{other:?}"),
        }
    });
}

/// O4, K2: nor where the second was taken and set again meanwhile: that is another set.
///
/// A: poll 1 (set); set 0; set 1          B: poll 0 or 1
#[test]
fn o4_second_that_was_set_again_is_another() {
    model_reaching(&["first", "second", "nothing"], || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(true)];
        let other = nt.spawn(move |nt| {
            let taken = nt.wait(events[1], POLL) == NtStatus::WAIT_0;
            nt.set(events[0]);
            nt.set(events[1]);
            taken
        });
        let status = nt.any(&events, POLL);
        match (status, other.join().unwrap()) {
            (FIRST, true) => "first",
            (SECOND, false) => "second",
            (NtStatus::TIMEOUT, true) => "nothing",
            other => panic!("{other:?}"),
        }
    });
}

/// A2: an object that is listed twice is taken once, at its first place [W8].
///
/// A: set            B: wait for it or it
#[test]
fn a2_object_listed_twice_is_taken_once() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let setter = nt.spawn(move |nt| nt.set(event));
            assert_eq!(nt.any(&[event, event], NEVER), FIRST);
            setter.join().unwrap();
            assert_eq!((nt.state(event), nt.waiters(event)), (i32::from(manual), 0));
        });
    }
}

/// N1: two waits for two objects, in opposite orders, take one each; who came first takes the first that is set.
///
/// A: wait until B sleeps; set 1; set 0          B: wait for 0 or 1          C: wait for 1 or 0
#[test]
fn n1_two_waits_share_two_objects() {
    model(|| {
        let nt = Nt::new();
        let [x, y] = [nt.auto(false), nt.auto(false)];
        let forward = nt.spawn(move |nt| nt.any(&[x, y], NEVER));
        nt.until_asleep(y, 1);
        let backward = nt.spawn(move |nt| nt.any(&[y, x], NEVER));
        nt.set(y);
        nt.set(x);
        assert_eq!((forward.join().unwrap(), backward.join().unwrap()), (SECOND, SECOND));
        assert_eq!([x, y].map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// Z2: the time-out of a wait-any takes nothing, or the wait was satisfied.
///
/// A: time passes; set 1          B: wait for 0 or 1, may time out
#[test]
fn z2_wait_any_against_timeout() {
    model_reaching(&["taken", "timed out"], || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setter = nt.spawn(move |nt| {
            pass_time();
            nt.set(events[1])
        });
        let status = nt.any(&events, SOON);
        setter.join().unwrap();
        assert_eq!(events.map(|event| nt.waiters(event)), [0, 0]);
        match (status, events.map(|event| nt.state(event))) {
            (SECOND, [0, 0]) => "taken",
            (NtStatus::TIMEOUT, [0, 1]) => "timed out",
            other => panic!("{other:?}"),
        }
    });
}
