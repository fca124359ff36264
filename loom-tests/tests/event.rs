//! Models of the event: what a set, a reset and a pulse do to those who wait, and of the walk along its queue.

use ntwait::internals::pass_time;
use ntwait::{Handle, NtStatus};
use ntwait_models::nt::{A_WHILE, NEVER, Nt, POLL, SOON};
use ntwait_models::{JoinHandle, model, model_reaching};

/// How many of these waits were satisfied.
fn satisfied(waits: impl IntoIterator<Item = JoinHandle<NtStatus>>) -> usize {
    waits.into_iter().map(|wait| wait.join().unwrap()).filter(|&status| status == NtStatus::WAIT_0).count()
}

/// E1, nobody waits: the set is kept, and one poll takes it.
///
/// A: set            B: poll
#[test]
fn e1_auto_set_is_taken_once_without_waiter() {
    model_reaching(&["taken", "kept"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let poller = nt.spawn(move |nt| nt.wait(event, POLL));
        nt.set(event);
        let taken = satisfied([poller]) == 1;
        assert_eq!(nt.state(event), i32::from(!taken));
        if taken { "taken" } else { "kept" }
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
        let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.set(event);
        assert_eq!(satisfied([waiter]), 1);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// E1, two wait: a set releases exactly one.
///
/// A: set            B: wait, may time out     C: wait, may time out
#[test]
fn e1_auto_set_releases_exactly_one_of_two() {
    model_reaching(&["one", "none came in time"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        pass_time();
        let waiters = [(); 2].map(|()| nt.spawn(move |nt| nt.wait(event, SOON)));
        nt.set(event);
        match (satisfied(waiters), nt.state(event)) {
            (1, 0) => "one",
            (0, 1) => "none came in time",
            other => panic!("released, left: {other:?}"),
        }
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
        let plain = nt.spawn(move |nt| nt.wait(event, NEVER));
        let alertable = nt.spawn(move |nt| nt.wait_alertably(event, NEVER));
        nt.set(event);
        assert_eq!(satisfied([plain, alertable]), 2);
        assert_eq!((nt.state(event), nt.waiters(event)), (1, 0));
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
        let setter = nt.spawn({
            let data = data.clone();
            move |nt| {
                data.raise();
                nt.set(event)
            }
        });
        nt.reset(event);
        let seen = data.is_up();
        setter.join().unwrap();
        assert!(seen || nt.wait(event, POLL) == NtStatus::WAIT_0, "the set was lost, and with it the data");
        if seen { "data seen" } else { "event seen" }
    });
}

/// E3: and so does a set to those whom it releases, in whichever way they wait.
///
/// A: data = 1; set          B: wait; read data
#[test]
fn e3_set_publishes_to_whom_it_releases() {
    type Wait = fn(&Nt, Handle) -> NtStatus;
    let waits: [Wait; 4] = [
        |nt, event| nt.wait(event, NEVER),
        |nt, event| nt.wait_alertably(event, NEVER),
        |nt, event| nt.any(&[event, nt.auto(false)], NEVER),
        |nt, event| nt.all(&[event, nt.auto(true)], NEVER),
    ];
    for (manual, wait) in [false, true].into_iter().flat_map(|manual| waits.map(|wait| (manual, wait))) {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let data = ntwait_models::shared_flag();
            let setter = nt.spawn({
                let data = data.clone();
                move |nt| {
                    data.raise();
                    nt.set(event)
                }
            });
            assert_eq!(wait(&nt, event), NtStatus::WAIT_0);
            assert!(data.is_up(), "released before the set");
            setter.join().unwrap();
        });
    }
}

/// Two sets with two waiters release both [E8]. Who comes late finds the second, if it did not merge with the first.
///
/// A: set, set       B: wait        C: wait
#[test]
fn e8_two_sets_release_two_waiters_that_wait() {
    model_reaching(&["both", "merged"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiters = [(); 2].map(|()| nt.spawn(move |nt| nt.wait(event, SOON)));
        // A set that found the event set is the one that may merge; every other is a token.
        let merged = [nt.set(event), nt.set(event)].contains(&1);
        pass_time();
        let accounted_for = satisfied(waiters) + nt.state(event) as usize;
        assert_eq!(accounted_for, if merged { 1 } else { 2 });
        if merged { "merged" } else { "both" }
    });
}

/// A pulse releases who waits now and leaves the event clear [E6, E11].
///
/// A: wait until B is queued; pulse           B: wait, for ever
#[test]
fn e11_pulse_releases_who_is_queued() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
            nt.until_queued(event);
            assert_eq!(nt.pulse(event), 0);
            assert_eq!(satisfied([waiter]), 1);
            assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        });
    }
}

/// K1: while its lock is held a word says nothing. Who was released by a set finds the event set.
///
/// A: set            B: wait (in the queue); poll
#[test]
fn k1_locked_word_is_unknown() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| (nt.wait_alertably(event, NEVER), nt.wait(event, POLL), nt.state(event)));
        nt.set(event);
        assert_eq!(waiter.join().unwrap(), (NtStatus::WAIT_0, NtStatus::WAIT_0, 1));
    });
}

/// U1: nobody ever sees the moment of a pulse.
///
/// A: pulse          B: poll          C: wait (in the queue), released by the pulse or later
#[test]
fn u1_pulse_has_no_visible_moment() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| nt.wait_alertably(event, NEVER));
        let pulser = nt.spawn(move |nt| {
            nt.until_queued(event);
            nt.pulse(event)
        });
        assert_eq!((nt.wait(event, POLL), nt.state(event)), (NtStatus::TIMEOUT, 0));
        pulser.join().unwrap();
        assert_eq!(satisfied([waiter]), 1);
    });
}

/// O1, W23: who waits in the queue is not overtaken by a poll.
///
/// A: wait until B sleeps; set              B: wait, for ever           C: poll
#[test]
fn o1_poll_does_not_overtake_the_queue() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.until_asleep(event, 1);
        let poller = nt.spawn(move |nt| nt.wait(event, POLL));
        nt.set(event);
        assert_eq!(satisfied([poller]), 0);
        assert_eq!(satisfied([waiter]), 1);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// U4, W23: first come, first served.
///
/// A: wait until B and then C sleep; set; set        B: wait, for ever          C: wait, for ever
#[test]
fn u4_first_come_first_served() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let first = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.until_asleep(event, 1);
        let second = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.until_asleep(event, 2);
        nt.set(event);
        assert_eq!(satisfied([first]), 1);
        nt.set(event);
        assert_eq!(satisfied([second]), 1);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// U4: a wait that is over, but still queued, is passed over: the set goes to the one behind it.
///
/// A: wait until B and then C sleep; time passes; set, and once more if B had the first
/// B: wait, may time out                   C: wait, for ever
#[test]
fn u4_dead_waiter_is_passed_over() {
    model_reaching(&["first", "second"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let timed = nt.spawn(move |nt| nt.wait(event, A_WHILE));
        nt.give_time_to_sleep(event, 1);
        let patient = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.give_time_to_sleep(event, 2);
        pass_time();
        nt.set(event);
        let first = satisfied([timed]) == 1;
        if first {
            nt.set(event);
        }
        assert_eq!(satisfied([patient]), 1);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        if first { "first" } else { "second" }
    });
}
