//! Models of the event: what a set, a reset and a pulse do to those who wait.

use ntwait::NtStatus;
use ntwait::internals::{disturb, pass_time};
use ntwait_models::nt::{NEVER, Nt, POLL, SOON};
use ntwait_models::{model, model_reaching, spawn};

/// E1, nobody waits: the set is kept, and one poll takes it.
///
/// A: set            B: poll
#[test]
fn e1_auto_set_is_taken_once_without_waiter() {
    model_reaching(&["taken", "kept"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let poller = spawn({
            let nt = nt.clone();
            move || nt.wait(event, POLL)
        });
        nt.set(event);
        let taken = poller.join().unwrap() == NtStatus::WAIT_0;
        assert_eq!(nt.state(event), i32::from(!taken));
        if taken { "taken" } else { "kept" }.to_owned()
    });
}

/// E1, one waits: the set releases it and leaves the event clear.
///
/// A: set            B: wait
#[test]
fn e1_auto_set_releases_the_one_waiter() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = spawn({
            let nt = nt.clone();
            move || nt.wait(event, NEVER)
        });
        nt.set(event);
        assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(nt.state(event), 0);
    });
}

/// E1, two wait: a set releases exactly one.
///
/// A: set            B: wait, may time out     C: wait, may time out
#[test]
fn e1_auto_set_releases_exactly_one_of_two() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiters = [(); 2].map(|()| {
            let nt = nt.clone();
            spawn(move || nt.wait(event, SOON))
        });
        nt.set(event);
        pass_time();
        let released = waiters.map(|w| w.join().unwrap()).iter().filter(|&&s| s == NtStatus::WAIT_0).count();
        assert_eq!((released, nt.state(event)), (1, 0));
    });
}

/// Two sets with two waiters release both (no set is lost), if both wait. Who comes late finds the second.
///
/// A: set, set       B: wait        C: wait
#[test]
fn e8_two_sets_release_two_waiters_that_wait() {
    model_reaching(&["both", "merged"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiters = [(); 2].map(|()| {
            let nt = nt.clone();
            spawn(move || nt.wait(event, SOON))
        });
        let merged = [nt.set(event), nt.set(event)].contains(&1);
        pass_time();
        let released = waiters.map(|w| w.join().unwrap()).iter().filter(|&&s| s == NtStatus::WAIT_0).count();
        let left = nt.state(event) as usize;
        // A set that found the event set is the one that may merge; every other is a token.
        assert_eq!(released + left, if merged { 1 } else { 2 });
        if merged { "merged" } else { "both" }.to_owned()
    });
}

/// E2: a set of a manual event releases everybody, and stays.
///
/// A: set            B: wait        C: wait (alertably: the other queue)
#[test]
fn e2_manual_set_releases_all() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let plain = spawn({
            let nt = nt.clone();
            move || nt.wait(event, NEVER)
        });
        let alertable = spawn({
            let nt = nt.clone();
            move || nt.wait_alertably(event, NEVER)
        });
        nt.set(event);
        assert_eq!(plain.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(alertable.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!(nt.state(event), 1);
    });
}

/// A set is never lost against a time-out: the wait succeeds, or the event stays set. Also with a stray wake.
///
/// A: set            B: wait, may time out     C: time passes, or everybody is disturbed
#[test]
fn w47_set_against_timeout() {
    for alertable in [false, true] {
        model_reaching(&["released", "timed out"], move || {
            let nt = Nt::new();
            let event = nt.auto(false);
            let waiter = spawn({
                let nt = nt.clone();
                move || if alertable { nt.wait_alertably(event, SOON) } else { nt.wait(event, SOON) }
            });
            let clock = spawn(|| {
                disturb();
                pass_time();
            });
            nt.set(event);
            let status = waiter.join().unwrap();
            clock.join().unwrap();
            match (status, nt.state(event)) {
                (NtStatus::WAIT_0, 0) => "released",
                (NtStatus::TIMEOUT, 1) => "timed out",
                other => panic!("{other:?}"),
            }
            .to_owned()
        });
    }
}

/// A manual set followed at once by a reset releases whoever waited before; nobody is stranded half-way.
///
/// A: set, reset     B: wait, may time out
#[test]
fn y1_set_then_reset_against_a_waiter() {
    model_reaching(&["released", "came late"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = spawn({
            let nt = nt.clone();
            move || nt.wait(event, SOON)
        });
        nt.set(event);
        nt.reset(event);
        pass_time();
        let status = waiter.join().unwrap();
        assert_eq!(nt.state(event), 0);
        if status == NtStatus::WAIT_0 { "released" } else { "came late" }.to_owned()
    });
}

/// The same, when it is known that the thread waits: it must be released (no set is lost to a reset).
///
/// A: wait until B is queued; set, reset      B: wait, for ever
#[test]
fn y1_set_then_reset_releases_who_is_queued() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let waiter = spawn({
                let nt = nt.clone();
                move || nt.wait(event, NEVER)
            });
            nt.until_queued(event);
            nt.set(event);
            nt.reset(event);
            assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        });
    }
}

/// A pulse releases who waits now and leaves the event clear; who comes later is not released.
///
/// A: wait until B is queued; pulse           B: wait, for ever
#[test]
fn e11_pulse_releases_who_is_queued() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let waiter = spawn({
                let nt = nt.clone();
                move || nt.wait(event, NEVER)
            });
            nt.until_queued(event);
            assert_eq!(nt.pulse(event), 0);
            assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
            assert_eq!(nt.state(event), 0);
        });
    }
}

/// U1: nobody ever sees the moment of a pulse.
///
/// A: pulse          B: poll
#[test]
fn u1_pulse_has_no_visible_moment() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let poller = spawn({
            let nt = nt.clone();
            move || (nt.wait(event, POLL), nt.state(event))
        });
        nt.pulse(event);
        assert_eq!(poller.join().unwrap(), (NtStatus::TIMEOUT, 0));
    });
}

/// E3: a set publishes what was written before it, even where the event is set already: set and reset are both
/// read-modify-writes, so one of the two sides sees the other.
///
/// A: data = 1; set          B: reset; read data; poll
#[test]
fn e3_set_of_a_set_event_publishes() {
    model_reaching(&["data seen", "event seen"], || {
        let nt = Nt::new();
        let event = nt.manual(true);
        let data = ntwait_models::shared_flag();
        let setter = spawn({
            let (nt, data) = (nt.clone(), data.clone());
            move || {
                data.raise();
                nt.set(event);
            }
        });
        nt.reset(event);
        let seen = data.is_up();
        let set = nt.wait(event, POLL) == NtStatus::WAIT_0;
        setter.join().unwrap();
        let set = set || nt.wait(event, POLL) == NtStatus::WAIT_0;
        assert!(seen || set, "the set was lost, and with it the data");
        if seen { "data seen" } else { "event seen" }.to_owned()
    });
}
