//! Models of suspension: a thread that stands still holds nothing, takes nothing, and goes on when it is resumed.

use ntwait::NtStatus;
use ntwait::internals::pass_time;
use ntwait_models::nt::{A_WHILE, NEVER, Nt, POLL};
use ntwait_models::{model, model_reaching, shared_flag, yield_now};

/// I2: a resumption is not lost, wherever the thread is when it is suspended and resumed.
///
/// A: set; end          B: suspend A; resume A; wait for A
#[test]
fn i2_resumption_is_not_lost() {
    model_reaching(&["running", "ended"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            nt.set(event);
        });
        gate.open();
        let suspended = nt.suspend(thread);
        let resumed = nt.resume(thread);
        nt.ended(thread);
        assert_eq!(nt.state(event), 1);
        match (suspended, resumed) {
            (Ok(0), 0 | 1) => "running",
            (Err(NtStatus::THREAD_IS_TERMINATING), 0) => "ended",
            other => panic!("{other:?}"),
        }
    });
}

/// I2, TH10: two who suspend and resume do not disturb each other: at the end the thread runs on.
///
/// A: set; end          B: suspend A; resume A          C: suspend A; resume A; wait for B; let A run; wait for A
#[test]
fn i2_two_suspenders() {
    model_reaching(&["one by one", "together"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            nt.set(event);
        });
        let other = nt.spawn(move |nt| (nt.suspend(thread), nt.resume(thread)));
        let mine = (nt.suspend(thread), nt.resume(thread));
        let others = other.join().unwrap();
        gate.open();
        nt.ended(thread);
        assert_eq!(nt.state(event), 1);
        match [mine, others] {
            [(Ok(0), 1), (Ok(0), 1)] => "one by one",
            [(Ok(0), 1 | 2), (Ok(1), 1 | 2)] | [(Ok(1), 1 | 2), (Ok(0), 1 | 2)] => "together",
            other => panic!("{other:?}"),
        }
    });
}

/// TH17: a thread that suspends itself stands still at once, and its call returns when another has resumed it.
///
/// A: suspend A; look whether to go          B: until it was suspended: go = true; resume A
#[test]
fn th17_self_suspension_against_resumption() {
    model(|| {
        let nt = Nt::new();
        let go = shared_flag();
        let (thread, gate) = nt.thread_at_gate({
            let go = go.clone();
            move |nt| {
                let me = nt.me();
                assert_eq!(nt.suspend(me), Ok(0));
                assert!(go.is_up(), "nobody has resumed it");
            }
        });
        gate.open();
        go.raise();
        while nt.resume(thread) == 0 {
            yield_now();
        }
        nt.ended(thread);
    });
}

/// W38, N5: a suspended thread is in no queue: a signal is there for others, and for it when it goes on.
///
/// A: wait for E          B: suspend A; set E; look for E; set E; resume A; wait for A
#[test]
fn w38_suspended_thread_takes_no_signal() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0));
        nt.until_asleep(event, 1);
        assert_eq!(nt.suspend(thread), Ok(0));
        nt.set(event);
        assert_eq!(nt.wait(event, POLL), NtStatus::WAIT_0, "the suspended thread has taken it");
        nt.set(event);
        assert_eq!((nt.resume(thread), nt.wait(thread, NEVER)), (1, NtStatus::WAIT_0));
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
        nt.ended(thread);
    });
}

/// W38, N5: the same for a wait for two objects together.
///
/// F is set. A: wait for E and F          B: suspend A; set E; look for both; set both; resume A; wait for A
#[test]
fn w38_suspended_wait_all_takes_nothing() {
    model(move || {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(true)];
        let thread = nt.thread(move |nt| assert_eq!(nt.all(&events, NEVER), NtStatus::WAIT_0));
        nt.until_asleep(events[0], 1);
        assert_eq!(nt.suspend(thread), Ok(0));
        nt.set(events[0]);
        // Natively it may be queued and not asleep yet when it is told to stop, and then it is served first (TH18).
        if cfg!(ntwait_loom) || nt.all(&events, POLL) == NtStatus::WAIT_0 {
            if cfg!(ntwait_loom) {
                assert_eq!(nt.all(&events, POLL), NtStatus::WAIT_0, "the suspended thread has taken them");
            }
            let _ = events.map(|event| nt.set(event));
        }
        assert_eq!(nt.resume(thread), 1);
        nt.ended(thread);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// P2, P5: a thread that is suspended while it queues itself stands still then, takes nothing, and misses nothing.
///
/// A: wait for E or F          B: suspend A; when it stands still: set F; look for F; set F; resume A; wait for A
#[test]
fn p2_suspended_while_it_queues() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            assert_eq!(nt.any(&events, NEVER), NtStatus(NtStatus::WAIT_0.0 + 1));
        });
        gate.open();
        assert_eq!(nt.suspend(thread), Ok(0));
        if nt.until_one_sleeps() {
            nt.set(events[1]);
            assert_eq!(nt.wait(events[1], POLL), NtStatus::WAIT_0, "the suspended thread has taken it");
        }
        nt.set(events[1]);
        nt.resume(thread);
        nt.ended(thread);
        assert_eq!(events.map(|event| (nt.state(event), nt.waiters(event))), [(0, 0); 2]);
    });
}

/// Y4, W38: a thread that sleeps on an epoch withdraws when it is suspended. A pulse that comes after that is lost to it,
/// one that comes before is not; and the next set releases it.
///
/// A: wait for E; is it set?          B: suspend A; pulse E; resume A; set E; wait for A
#[test]
fn y4_suspended_thread_leaves_the_epoch() {
    model_reaching(&["released by the pulse", "released"], || {
        let nt = Nt::new();
        let event = nt.manual(false);
        let was_clear = shared_flag();
        let thread = nt.thread({
            let was_clear = was_clear.clone();
            move |nt| {
                assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0);
                if nt.state(event) == 0 {
                    was_clear.raise();
                }
            }
        });
        nt.until_asleep(event, 1);
        assert_eq!(nt.suspend(thread), Ok(0));
        nt.pulse(event);
        nt.resume(thread);
        nt.set(event);
        nt.ended(thread);
        assert_eq!(nt.waiters(event), 0);
        if was_clear.is_up() { "released by the pulse" } else { "released" }
    });
}

/// N6, W35: a wait goes on referring to its objects while its thread is suspended, though their handles are closed.
///
/// A: wait for E or F          B: suspend A; close E; resume A; set F; wait for A
#[test]
fn n6_closed_while_the_waiter_is_suspended() {
    model(|| {
        let nt = Nt::new();
        let events = [nt.auto(false), nt.auto(false)];
        let thread = nt.thread(move |nt| {
            assert_eq!(nt.any(&events, NEVER), NtStatus(NtStatus::WAIT_0.0 + 1));
        });
        nt.until_asleep(events[1], 1);
        assert_eq!((nt.suspend(thread), nt.close(events[0])), (Ok(0), NtStatus::SUCCESS));
        nt.resume(thread);
        nt.set(events[1]);
        nt.ended(thread);
        assert_eq!((nt.state(events[1]), nt.waiters(events[1])), (0, 0));
    });
}

/// N6: a wait that is interrupted twice refers to its object once, and lets go of it when it is over.
///
/// A: wait for E          B: suspend A; resume A; suspend A; resume A; set E; wait for A
#[test]
fn n6_suspended_twice_refers_once() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0));
        nt.until_asleep(event, 1);
        for _ in 0..2 {
            assert_eq!((nt.suspend(thread), nt.resume(thread)), (Ok(0), 1));
        }
        nt.set(event);
        nt.ended(thread);
        assert_eq!((nt.state(event), nt.waiters(event)), (0, 0));
    });
}

/// Y4, Y1: a sleeper of an epoch that was released before it was suspended stays released.
///
/// A: wait for E          B: pulse E; suspend A; resume A; wait for A
#[test]
fn y4_released_stays_released() {
    model(|| {
        let nt = Nt::new();
        let event = nt.manual(false);
        let thread = nt.thread(move |nt| assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0));
        nt.until_asleep(event, 1);
        nt.pulse(event);
        let _ = nt.suspend(thread);
        nt.resume(thread);
        nt.ended(thread);
        assert_eq!(nt.waiters(event), 0);
    });
}

/// Y4, Y3: a suspension does not disturb the others of the epoch, nor the baton that goes round among them.
///
/// A, C: wait for E          B: suspend A; set E, or the other way round; wait for C; resume A; wait for A
#[test]
fn y4_suspended_thread_passes_the_baton_on() {
    for suspended_first in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = nt.manual(false);
            let thread = nt.thread(move |nt| assert_eq!(nt.wait(event, NEVER), NtStatus::WAIT_0));
            nt.until_asleep(event, 1);
            let other = nt.spawn(move |nt| nt.wait(event, NEVER));
            nt.until_asleep(event, 2);
            let early = suspended_first.then(|| nt.suspend(thread));
            nt.set(event);
            let suspended = early.unwrap_or_else(|| nt.suspend(thread));
            assert_eq!(other.join().unwrap(), NtStatus::WAIT_0);
            assert!(matches!((suspended, nt.resume(thread)), (Ok(0), 0 | 1) | (Err(_), 0)), "{suspended:?}");
            nt.ended(thread);
            assert_eq!(nt.waiters(event), 0);
        });
    }
}

/// W40, N4: time passes for a suspended thread too, and is noticed when it goes on.
///
/// A: wait for E, may time out          B: suspend A; time passes; set E or not; resume A
#[test]
fn w40_deadline_is_kept() {
    for set in [false, true] {
        model(move || {
            let nt = Nt::new();
            let event = nt.auto(false);
            let timed_out = shared_flag();
            let thread = nt.thread({
                let timed_out = timed_out.clone();
                move |nt| match nt.wait(event, A_WHILE) {
                    NtStatus::WAIT_0 => {}
                    NtStatus::TIMEOUT => timed_out.raise(),
                    other => panic!("{other:?}"),
                }
            });
            nt.give_time_to_sleep(event, 1);
            let suspended = nt.suspend(thread);
            pass_time();
            if set {
                nt.set(event);
            }
            nt.resume(thread);
            nt.ended(thread);
            assert_eq!((nt.state(event) == 1, nt.waiters(event)), (set && timed_out.is_up(), 0));
            if cfg!(ntwait_loom) {
                assert_eq!((suspended, timed_out.is_up()), (Ok(0), !set));
            }
        });
    }
}

/// I1, G1: a thread that stands still holds no lock that others need.
///
/// A: set E          B: suspend A; set E; close E's second handle; resume A
#[test]
fn i1_stands_still_with_nothing_in_its_hands() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            let again = nt.duplicate(event).unwrap();
            nt.set(again);
            let _ = nt.close(again);
        });
        gate.open();
        let _ = nt.suspend(thread);
        nt.set(event);
        let again = nt.duplicate(event).unwrap();
        assert_eq!((nt.wait(event, POLL), nt.close(again)), (NtStatus::WAIT_0, NtStatus::SUCCESS));
        nt.resume(thread);
        nt.ended(thread);
    });
}

/// TH10: a thread that two runtimes have suspended stands still until both have resumed it.
///
/// A: wait for E          B: suspend A in both; resume in one; set E; look for E; resume in the other; set E
#[test]
fn th10_suspended_in_two_runtimes() {
    model(|| {
        let nts = [Nt::new(), Nt::new()];
        let event = nts[0].auto(false);
        let handles = std::sync::Arc::new(std::sync::Mutex::new([ntwait::Handle::NULL; 2]));
        let waiter = nts[0].spawn({
            let (other, handles) = (nts[1].clone(), handles.clone());
            move |nt| {
                *handles.lock().unwrap() = [nt.me(), other.me()];
                drop(other);
                nt.wait(event, NEVER)
            }
        });
        nts[0].until_asleep(event, 1);
        let handles = *handles.lock().unwrap();
        assert_eq!([0, 1].map(|i| nts[i].suspend(handles[i])), [Ok(0); 2]);
        assert_eq!(nts[0].resume(handles[0]), 1);
        nts[0].set(event);
        assert_eq!(nts[0].wait(event, POLL), NtStatus::WAIT_0, "it goes on, though it is suspended");
        nts[0].set(event);
        assert_eq!(nts[1].resume(handles[1]), 1);
        assert_eq!(waiter.join().unwrap(), NtStatus::WAIT_0);
        assert_eq!((nts[0].state(event), nts[0].waiters(event)), (0, 0));
    });
}

/// A28: who alerts and resumes in one step finds the thread alerted as soon as it runs.
///
/// A: suspend A; look alertably          B: until it was suspended: alert and resume A
#[test]
fn a28_alert_comes_with_the_resumption() {
    model_reaching(&["alerted early", "alerted in time"], || {
        let nt = Nt::new();
        let event = nt.auto(false);
        let (thread, gate) = nt.thread_at_gate(move |nt| {
            let me = nt.me();
            assert_eq!(nt.suspend(me), Ok(0));
            assert_eq!(nt.wait_alertably(event, POLL), NtStatus::ALERTED);
        });
        gate.open();
        let mut early = false;
        while nt.alert_and_resume(thread) == 0 {
            early = true;
            yield_now();
        }
        nt.ended(thread);
        if early { "alerted early" } else { "alerted in time" }
    });
}

/// A28: and a suspended thread's wait ends with the alert, once.
///
/// A: wait alertably for E; look alertably          B: suspend A; alert and resume A; wait for A
#[test]
fn a28_alert_ends_the_wait_of_a_suspended_thread() {
    model(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let thread = nt.thread(move |nt| {
            assert_eq!(nt.wait_alertably(event, NEVER), NtStatus::ALERTED);
            assert_eq!(nt.wait_alertably(event, POLL), NtStatus::TIMEOUT);
        });
        nt.until_asleep(event, 1);
        assert_eq!(nt.suspend(thread), Ok(0));
        assert_eq!(nt.alert_and_resume(thread), 1);
        nt.ended(thread);
        assert_eq!(nt.waiters(event), 0);
    });
}
