//! Models of a signal that meets wait-alls: the union of their objects, which it must lock, and what is beyond it.
//!
//! The sizes are a model's: two objects fit the small union, three the large one, and four are too many.

use ntwait::internals::pass_time;
use ntwait::{Handle, NtStatus};
use ntwait_models::nt::{BEYOND_THE_CAP, NEVER, Nt, POLL, SOON};
use ntwait_models::{JoinHandle, model, model_reaching};

fn assert_satisfied(wait: JoinHandle<NtStatus>) {
    assert_eq!(wait.join().unwrap(), NtStatus::WAIT_0);
}

fn assert_idle(nt: &Nt, events: &[Handle], states: &[i32]) {
    let found: Vec<_> = events.iter().map(|&event| (nt.state(event), nt.waiters(event))).collect();
    let wanted: Vec<_> = states.iter().map(|&state| (state, 0)).collect();
    assert_eq!(found, wanted);
}

/// More objects than one signal locks: auto-reset events, the first and the last as said, manual ones set between.
fn too_many(nt: &Nt, [first, last]: [bool; 2]) -> (Vec<Handle>, [Handle; 2]) {
    let ends = [nt.auto(first), nt.auto(last)];
    let mut events: Vec<_> = (2..BEYOND_THE_CAP).map(|_| nt.manual(true)).collect();
    events.insert(0, ends[0]);
    events.push(ends[1]);
    (events, ends)
}

/// U2: a wait-all that arrives between the making of the union and its locking.
///
/// A: wait for E and X, may time out          B: wait for E and Y (set)          C: set E
#[test]
fn u2_wait_all_that_arrives_meanwhile() {
    model(|| {
        let nt = Nt::new();
        let [event, x, y] = [nt.auto(false), nt.auto(false), nt.auto(true)];
        pass_time();
        let timed = nt.spawn(move |nt| nt.all(&[event, x], SOON));
        let patient = nt.spawn(move |nt| nt.all(&[event, y], NEVER));
        nt.set(event);
        assert_satisfied(patient);
        assert_eq!(timed.join().unwrap(), NtStatus::TIMEOUT);
        assert_idle(&nt, &[event, x, y], &[0, 0, 0]);
    });
}

/// U2: an object of the union that dies meanwhile, and another that is born in its slot.
///
/// A: wait for X and E, in vain; close X; make Y, set, in X's slot; wait for E and Y          B: set E
#[test]
fn u2_new_object_in_a_slot_of_the_union() {
    model(|| {
        let nt = Nt::new();
        let [event, x] = [nt.auto(false), nt.auto(false)];
        pass_time();
        let setter = nt.spawn(move |nt| nt.set(event));
        assert_eq!(nt.all(&[x, event], SOON), NtStatus::TIMEOUT);
        assert_eq!(nt.close(x), NtStatus::SUCCESS);
        let y = nt.auto(true);
        assert_eq!(nt.all(&[event, y], NEVER), NtStatus::WAIT_0);
        setter.join().unwrap();
        assert_idle(&nt, &[event, y], &[0, 0]);
    });
}

/// U2: the object that is signalled dies while its union is locked.
///
/// A: wait for E and X, in vain; close E          B: set E
#[test]
fn u2_signalled_object_dies_meanwhile() {
    model_reaching(&["set", "gone"], || {
        let nt = Nt::new();
        let [event, x] = [nt.auto(false), nt.auto(false)];
        pass_time();
        let setter = nt.spawn(move |nt| nt.try_set(event));
        assert_eq!(nt.all(&[event, x], SOON), NtStatus::TIMEOUT);
        assert_eq!(nt.close(event), NtStatus::SUCCESS);
        let ending = match setter.join().unwrap() {
            Ok(0) => "set",
            Err(NtStatus::INVALID_HANDLE) => "gone",
            other => panic!("{other:?}"),
        };
        let successors = [nt.auto(false), nt.auto(true)];
        assert_idle(&nt, &[x, successors[0], successors[1]], &[0, 0, 1]);
        ending
    });
}

/// U2: the union of two waits is too large for the first try.
///
/// A: wait for E and X          B: wait for E and Y          C: wait until both sleep; set X; set Y; set E
#[test]
fn u2_union_of_two_waits() {
    model(|| {
        let nt = Nt::new();
        let [event, x, y] = [nt.manual(false), nt.auto(false), nt.auto(false)];
        let first = nt.spawn(move |nt| nt.all(&[event, x], NEVER));
        nt.until_asleep(event, 1);
        let second = nt.spawn(move |nt| nt.all(&[y, event], NEVER));
        nt.set(x);
        nt.set(y);
        nt.set(event);
        assert_satisfied(first);
        assert_satisfied(second);
        assert_idle(&nt, &[event, x, y], &[1, 0, 0]);
    });
}

/// U1: a pulse completes a wait-all whose other object is set [E11], and leaves nothing behind.
///
/// A: wait for E and X (set)          B: wait until A is queued; pulse E
#[test]
fn u1_pulse_completes_a_wait_all() {
    model(|| {
        let nt = Nt::new();
        let [event, x] = [nt.auto(false), nt.auto(true)];
        let all = nt.spawn(move |nt| nt.all(&[x, event], NEVER));
        nt.until_queued(event);
        assert_eq!(nt.pulse(event), 0);
        assert_satisfied(all);
        assert_idle(&nt, &[event, x], &[0, 0]);
    });
}

/// U3: beyond the cap the wait tests for itself, and completes.
///
/// A: wait for too many (all but two are set)          B: set the first          C: set the last
#[test]
fn u3_wait_all_beyond_the_cap() {
    model(|| {
        let nt = Nt::new();
        let (events, [first, last]) = too_many(&nt, [false, false]);
        let setter = nt.spawn(move |nt| nt.set(first));
        let all = nt.spawn(move |nt| nt.all_of_many(&events, NEVER));
        nt.set(last);
        assert_satisfied(all);
        setter.join().unwrap();
        assert_idle(&nt, &[first, last], &[0, 0]);
    });
}

/// U3: all or nothing also there, against a thief and a time-out.
///
/// A: wait for too many (all but one are set), may time out          B: set that          C: poll the first
#[test]
fn u3_thief_beyond_the_cap() {
    model_reaching(&["all", "thief"], || {
        let nt = Nt::new();
        let (events, [first, last]) = too_many(&nt, [true, false]);
        pass_time();
        let setter = nt.spawn(move |nt| nt.set(last));
        let all = nt.spawn(move |nt| nt.all_of_many(&events, SOON));
        let stolen = nt.wait(first, POLL) == NtStatus::WAIT_0;
        setter.join().unwrap();
        let taken = all.join().unwrap() == NtStatus::WAIT_0;
        assert_ne!(stolen, taken);
        assert_idle(&nt, &[first, last], if taken { &[0, 0] } else { &[0, 1] });
        if taken { "all" } else { "thief" }
    });
}

/// U3: a pulse beyond the cap passes over the wait-all (E14), which keeps its place.
///
/// A: wait for too many (all but the last are set)          B: wait until A is queued; pulse the last; set it
#[test]
fn u3_pulse_beyond_the_cap_passes_over() {
    model(|| {
        let nt = Nt::new();
        let (events, [first, last]) = too_many(&nt, [true, false]);
        let all = nt.spawn(move |nt| nt.all_of_many(&events, NEVER));
        nt.until_queued(last);
        assert_eq!(nt.pulse(last), 0);
        assert_eq!([first, last].map(|event| (nt.state(event), nt.waiters(event))), [(1, 1), (0, 1)]);
        nt.set(last);
        assert_satisfied(all);
        assert_idle(&nt, &[first, last], &[0, 0]);
    });
}

/// U4: wait-any and wait-all share one queue [W25]: who came first is served first, if it can be.
///
/// A: wait for E and X          B: wait for E          C: wait until A and then B sleep; set E; set X; set E
#[test]
fn u4_wait_all_that_cannot_be_satisfied_keeps_its_place() {
    model(|| {
        let nt = Nt::new();
        let [event, x] = [nt.auto(false), nt.auto(false)];
        let all = nt.spawn(move |nt| nt.all(&[event, x], NEVER));
        nt.until_asleep(event, 1);
        let any = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.until_asleep(event, 2);
        nt.set(event);
        assert_satisfied(any);
        nt.set(x);
        nt.set(event);
        assert_satisfied(all);
        assert_idle(&nt, &[event, x], &[0, 0]);
    });
}
