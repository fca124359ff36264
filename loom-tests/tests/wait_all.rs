//! Models of waiting for all of several objects: everything or nothing, in one step.

use ntwait::NtStatus;
use ntwait::internals::pass_time;
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{model, model_reaching};

/// V1: whoever sets the last of the objects completes the wait, and it takes both.
///
/// A: set 0          B: set 1          C: wait for 0 and 1
#[test]
fn v1_wait_all_is_completed_by_the_last_set() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let setters = events.map(|event| nt.spawn(move |nt| nt.set(event)));
        assert_eq!(nt.all(&events, NEVER), NtStatus::WAIT_0);
        assert_eq!(setters.map(|setter| setter.join().unwrap()), [0, 0]);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// V1: all or nothing, against a thief of one of the objects.
///
/// A: poll 0         B: set 1          C: wait for 0 (set) and 1, may time out
#[test]
fn v1_wait_all_takes_all_or_nothing_against_a_thief() {
    model_reaching(&["all", "thief"], || {
        let nt = Nt::new();
        let events = [nt.auto(true), nt.auto(false)];
        pass_time();
        let thief = nt.spawn(move |nt| nt.wait(events[0], POLL));
        let setter = nt.spawn(move |nt| nt.set(events[1]));
        let all = nt.all(&events, SOON);
        let stolen = thief.join().unwrap();
        setter.join().unwrap();
        assert_eq!(events.map(|event| nt.waiters(event)), [0, 0]);
        match (all, stolen, events.map(|event| nt.state(event))) {
            (NtStatus::WAIT_0, NtStatus::TIMEOUT, [0, 0]) => "all",
            (NtStatus::TIMEOUT, NtStatus::WAIT_0, [0, 1]) => "thief",
            other => panic!("{other:?}"),
        }
    });
}

/// V1: all or nothing, against a thief who waits in the queue of one of the objects.
///
/// A: wait until B sleeps; wait for 0, may time out     B: wait for 0 and 1     C: time passes; set 0; set 1; set 0
#[test]
fn v1_wait_all_against_a_thief_in_the_queue() {
    model_reaching(&["left to the other", "timed out"], || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let all = nt.spawn(move |nt| nt.all(&events, NEVER));
        nt.until_asleep(events[1], 1);
        pass_time();
        let setter = nt.spawn(move |nt| {
            nt.set(events[0]);
            nt.set(events[1]);
        });
        let stolen = nt.wait(events[0], SOON) == NtStatus::WAIT_0;
        setter.join().unwrap();
        if stolen {
            nt.set(events[0]);
        }
        assert_eq!(all.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
        if stolen { "left to the other" } else { "timed out" }
    });
}

/// G1: two wait-alls for the same objects in opposite orders neither wait for each other's locks nor share.
///
/// A: wait for 0 and 1 (both set), may time out          B: wait for 1 and 0, may time out
#[test]
fn g1_wait_alls_in_opposite_orders() {
    model_reaching(&["forward", "backward"], || {
        let nt = Nt::new();
        let [x, y] = [nt.auto(true), nt.auto(true)];
        pass_time();
        let backward = nt.spawn(move |nt| nt.all(&[y, x], SOON));
        let forward = nt.all(&[x, y], SOON);
        let ending = match (forward, backward.join().unwrap()) {
            (NtStatus::WAIT_0, NtStatus::TIMEOUT) => "forward",
            (NtStatus::TIMEOUT, NtStatus::WAIT_0) => "backward",
            other => panic!("{other:?}"),
        };
        assert_eq!([x, y].map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
        ending
    });
}

/// G1: the same while they queue and are served, by signals that lock what they wait for.
///
/// A: wait for 0 and 1          B: wait for 1 and 0          C: set 0 (1 is set, both by hand)
#[test]
fn g1_wait_alls_in_opposite_orders_are_served() {
    model(|| {
        let nt = Nt::new();
        let [x, y] = [nt.manual(false), nt.manual(true)];
        let forward = nt.spawn(move |nt| nt.all(&[x, y], NEVER));
        let backward = nt.spawn(move |nt| nt.all(&[y, x], NEVER));
        nt.set(x);
        assert_eq!([forward, backward].map(|wait| wait.join().unwrap()), [NtStatus::WAIT_0; 2]);
        assert_eq!([x, y].map(|event| (nt.state(event), nt.waiters(event))), [(1, 0); 2]);
    });
}

/// V2: a wait-all reserves nothing: what it could not take yet is there for others.
///
/// A: set 0; poll 0; set 0; set 1          B: wait for 0 and 1
#[test]
fn v2_wait_all_reserves_nothing() {
    model(|| {
        let nt = Nt::new();
        let [x, y] = [nt.auto(false), nt.auto(false)];
        let all = nt.spawn(move |nt| nt.all(&[x, y], NEVER));
        nt.set(x);
        assert_eq!(nt.wait(x, POLL), NtStatus::WAIT_0);
        nt.set(x);
        nt.set(y);
        assert_eq!(all.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!([x, y].map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// U1: nobody sees a wait-all that has taken one object and not the other.
///
/// A: set 1          B: wait for 0 (set) and 1          C: look at 0; look at 1
#[test]
fn u1_half_a_wait_all_is_never_seen() {
    model_reaching(&["before", "between", "after"], || {
        let nt = Nt::new();
        let [x, y] = [nt.auto(true), nt.auto(false)];
        let all = nt.spawn(move |nt| nt.all(&[x, y], NEVER));
        let setter = nt.spawn(move |nt| nt.set(y));
        let seen = (nt.state(x), nt.state(y));
        assert_eq!(all.join().unwrap(), NtStatus::WAIT_0);
        setter.join().unwrap();
        assert_eq!([x, y].map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
        match seen {
            (1, 0) => "before",
            (1, 1) => "between",
            (0, 0) => "after",
            other => panic!("{other:?}"),
        }
    });
}

/// Z2: the time-out of a wait-all takes nothing, or the wait had everything.
///
/// A: set 1          B: time passes          C: wait for 0 (set) and 1, may time out
#[test]
fn z2_wait_all_against_timeout() {
    model_reaching(&["all", "nothing"], || {
        let nt = Nt::new();
        let events = [nt.auto(true), nt.auto(false)];
        let setter = nt.spawn(move |nt| nt.set(events[1]));
        let clock = ntwait_models::spawn(pass_time);
        let all = nt.all(&events, SOON);
        setter.join().unwrap();
        clock.join().unwrap();
        assert_eq!(events.map(|event| nt.waiters(event)), [0, 0]);
        match (all, events.map(|event| nt.state(event))) {
            (NtStatus::WAIT_0, [0, 0]) => "all",
            (NtStatus::TIMEOUT, [1, 1]) => "nothing",
            other => panic!("{other:?}"),
        }
    });
}
