//! Models of the epoch, on which plain waits for one notification object sleep.
//!
//! In a model a setter wakes one sleeper itself; with two, the first to rise has the baton and wakes the other.

use ntwait::NtStatus;
use ntwait::internals::{disturb, pass_time};
use ntwait_models::nt::{A_WHILE, NEVER, Nt, SOON};
use ntwait_models::{JoinHandle, model, model_reaching, spawn};

fn assert_satisfied(wait: JoinHandle<NtStatus>) {
    assert_eq!(wait.join().unwrap(), NtStatus::WAIT_0);
}

/// Y1: a set followed at once by a reset releases whoever waited before; nobody is stranded half-way.
///
/// A: set; reset          B: wait, may time out
#[test]
fn y1_set_then_reset_against_a_waiter() {
    model_reaching(&["released", "came late"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, SOON));
        nt.set(event);
        nt.reset(event);
        pass_time();
        let status = waiter.join().unwrap();
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        match status {
            NtStatus::WAIT_0 => "released",
            NtStatus::TIMEOUT => "came late",
            other => panic!("{other:?}"),
        }
    });
}

/// Y1: the same, when it is known that the thread waits: no set is lost to a reset. Also for auto-reset events.
///
/// A: wait until B is queued; set; reset          B: wait, for ever
#[test]
fn y1_set_then_reset_releases_who_is_queued() {
    for manual in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = if manual { nt.manual(false) } else { nt.auto(false) };
            let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
            nt.until_queued(event);
            nt.set(event);
            nt.reset(event);
            assert_satisfied(waiter);
            assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        });
    }
}

/// Y1: a second wait is not satisfied by the first broadcast, and a second broadcast satisfies it.
///
/// A: wait until B sleeps; pulse, twice over          B: wait; wait
#[test]
fn y1_each_broadcast_ends_one_wait() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| [nt.wait(event, NEVER), nt.wait(event, NEVER)]);
        for _ in 0..2 {
            nt.until_asleep(event, 1);
            nt.pulse(event);
        }
        assert_eq!(waiter.join().unwrap(), [NtStatus::WAIT_0; 2]);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// Y1, S5: who was counted is satisfied, also if the object dies and another is born in its place before it looks.
///
/// A: wait until B is queued; set; close; make another          B: wait, for ever
#[test]
fn s5_epoch_outlives_the_object() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.until_queued(event);
        nt.set(event);
        assert_eq!(nt.close(event), NtStatus::SUCCESS);
        let successor = nt.manual(false);
        assert_satisfied(waiter);
        assert_eq!((nt.state(successor), nt.waiters(successor)), (0, 0));
    });
}

/// Y2: a time-out against a set: satisfied, or withdrawn and no longer counted.
///
/// A: set            B: wait, may time out            C: everybody is disturbed; time passes
#[test]
fn y2_timeout_against_set() {
    model_reaching(&["released", "timed out"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, SOON));
        let clock = spawn(|| {
            disturb();
            pass_time();
        });
        nt.set(event);
        let status = waiter.join().unwrap();
        clock.join().unwrap();
        assert_eq!((nt.state(event), nt.waiters(event)), (1, 0));
        match status {
            NtStatus::WAIT_0 => "released",
            NtStatus::TIMEOUT => "timed out",
            other => panic!("{other:?}"),
        }
    });
}

/// Y2: a time-out against a pulse and the object's end.
///
/// A: time passes; pulse; close          B: wait, may time out
#[test]
fn y2_timeout_against_the_end() {
    model_reaching(&["released", "timed out"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiter = nt.spawn(move |nt| nt.wait(event, A_WHILE));
        nt.give_time_to_sleep(event, 1);
        pass_time();
        nt.pulse(event);
        assert_eq!(nt.close(event), NtStatus::SUCCESS);
        let ending = match waiter.join().unwrap() {
            NtStatus::WAIT_0 => "released",
            NtStatus::TIMEOUT => "timed out",
            NtStatus::INVALID_HANDLE if cfg!(not(ntwait_loom)) => "timed out", // it came after the end
            other => panic!("{other:?}"),
        };
        let successors = [nt.manual(false), nt.auto(true)];
        assert_eq!(successors.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0), (1, 0)]);
        ending
    });
}

/// Y3: with more sleepers than the setter wakes itself, the baton reaches all.
///
/// A: set            B: wait, for ever            C: wait, for ever
#[test]
fn y3_baton_wakes_the_rest() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let waiters = [(); 2].map(|()| nt.spawn(move |nt| nt.wait(event, NEVER)));
        nt.set(event);
        waiters.into_iter().for_each(assert_satisfied);
        assert_eq!((nt.state(event), nt.waiters(event)), (1, 0));
    });
}

/// Y3: nor is it lost with a sleeper that is disturbed or times out.
///
/// A: wait until B and C sleep; time passes; pulse      B: wait, may time out      C: wait, for ever
#[test]
fn y3_baton_is_not_lost_to_a_timeout() {
    model_reaching(&["released", "timed out"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let timed = nt.spawn(move |nt| nt.wait(event, A_WHILE));
        nt.give_time_to_sleep(event, 1);
        let patient = nt.spawn(move |nt| nt.wait(event, NEVER));
        nt.give_time_to_sleep(event, 2);
        let clock = spawn(|| {
            disturb();
            pass_time();
        });
        nt.pulse(event);
        let status = timed.join().unwrap();
        clock.join().unwrap();
        // Natively the second may come after the pulse. One that was left asleep is counted no longer: no set helps it.
        nt.set(event);
        assert_satisfied(patient);
        match status {
            NtStatus::WAIT_0 => "released",
            NtStatus::TIMEOUT => "timed out",
            other => panic!("{other:?}"),
        }
    });
}
