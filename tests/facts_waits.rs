//! Waits that do not block: facts W1 to W4, W6 to W10, W12 to W14, W20, W21, W28 to W30, W32, W33, W41, W44, W45.
//!
//! | facts | where |
//! |---|---|
//! | W1–W4, W6–W10, W20, W21, W28–W30, W32, W33, W41, W44, W45 | here |
//! | W11–W16, W23, W25–W27, W35, W37, W46, W47 | `facts_waits_blocked.rs` |
//! | W40 | `facts_time.rs` |
//! | W5, W31, W42, W43 | Win32 calls, not of this face (the error mapping is a unit test of `status.rs`) |
//! | W17–W19, W36 | wait for mutants |
//! | W22, and W20 as far as alerts and APCs go | wait for APCs |
//! | W24, W38, W39 | wait for suspension and termination of threads |
//! | W34 | this crate has no object without wait semantics |
//! | W48 | boosts are the scheduler's; that order is by queue is W23 |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{AUTO, FOREVER, FULL, MANUAL, Nt, POLL, at_ms, ms, object, within};
use ntwait::{AccessMask, Handle, NtStatus, Ntdll, NtdllApi, WAIT_OBJECT_0, WAIT_TIMEOUT, WaitType};

/// The count is tested before everything else: 0 and more than 64 are INVALID_PARAMETER_1 even if all else is rubbish.
#[test]
fn w1_count_first() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        for count in [0, 65, 66, 128, 10_000] {
            for handle in [event, Handle::NULL] {
                for wait_type in [WaitType::ALL, WaitType::ANY, WaitType(7)] {
                    for timeout in [FOREVER, POLL, ms(5)] {
                        let status = nt.nt_wait_for_multiple_objects(&vec![handle; count], wait_type, false, timeout);
                        assert_eq!(status, NtStatus::INVALID_PARAMETER_1, "{count} objects");
                    }
                }
            }
        }
        nt.check(event, AUTO, 1);
        // 64 is accepted: all of one event, and of 64 different ones.
        assert_eq!(nt.any(&[event; 64], POLL), object(0));
        let mut many: [Handle; 64] = nt.autos();
        many[63] = nt.auto(true);
        assert_eq!(nt.any(&many, POLL), object(63));
        assert_eq!(nt.all(&many, POLL), NtStatus::TIMEOUT);
    });
}

/// Then the wait type: anything but ALL (0) and ANY (1) is INVALID_PARAMETER_3, before the handles are looked at.
#[test]
fn w2_then_the_type() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        for wrong in [2, 3, 0x100, 0x8000_0000, u32::MAX] {
            for handle in [event, Handle::NULL] {
                let status = nt.nt_wait_for_multiple_objects(&[handle], WaitType(wrong), false, FOREVER);
                assert_eq!(status, NtStatus::INVALID_PARAMETER_3, "type {wrong:#x}");
            }
        }
        nt.check(event, AUTO, 1);
        assert_eq!((WaitType::ALL.0, WaitType::ANY.0), (0, 1));
    });
}

/// Handles are resolved in order and the first bad one decides; nothing is taken from the good ones before it.
#[test]
fn w3_w4_first_bad_handle_decides_and_nothing_is_taken() {
    within(|| {
        let nt = Nt::new();
        let good = nt.auto(true);
        let unknown = nt.auto(true);
        nt.close(unknown);
        let denied = nt.duplicate(nt.auto(true), AccessMask::EVENT_QUERY_STATE).expect("a duplicate");
        let (invalid, access) = (NtStatus::INVALID_HANDLE, NtStatus::ACCESS_DENIED);
        for (handles, expected) in [
            (vec![unknown], invalid),
            (vec![denied], access),
            (vec![good, unknown], invalid),
            (vec![good, denied], access),
            (vec![unknown, denied], invalid),
            (vec![denied, unknown], access),
            (vec![good, denied, unknown], access),
            (vec![good, good, unknown, denied], invalid),
        ] {
            for wait_type in [WaitType::ANY, WaitType::ALL] {
                for timeout in [POLL, ms(5), FOREVER] {
                    let status = nt.nt_wait_for_multiple_objects(&handles, wait_type, false, timeout);
                    assert_eq!(
                        status,
                        expected,
                        "{handles:x?}",
                        handles = handles.iter().map(|h| h.0).collect::<Vec<_>>()
                    );
                    nt.check(good, AUTO, 1);
                    assert_eq!(nt.look(denied).state, 1);
                }
            }
        }
    });
}

/// The same object twice in a wait-all is INVALID_PARAMETER_MIX, also through two handles: objects are compared, not handles.
#[test]
fn w6_w7_wait_all_refuses_duplicates() {
    within(|| {
        let nt = Nt::new();
        let (event, other) = (nt.auto(true), nt.auto(true));
        let alias = nt.duplicate(event, FULL).expect("a duplicate");
        for handles in [
            &[event, event][..],
            &[event, alias],
            &[event, Handle(event.0 | 1)],
            &[other, event, alias],
            &[alias, other, event],
        ] {
            for timeout in [POLL, ms(5), FOREVER] {
                assert_eq!(nt.all(handles, timeout), NtStatus::INVALID_PARAMETER_MIX);
                assert_eq!(nt.states([event, other]), [1, 1]);
            }
        }
        assert_eq!(nt.all(&[event, other], POLL), object(0));
        assert_eq!(nt.states([event, other]), [0, 0]);
    });
}

/// Wait-any accepts duplicates; the lowest position of a set object is returned and it is taken exactly once.
#[test]
fn w8_wait_any_accepts_duplicates() {
    within(|| {
        let nt = Nt::new();
        let (event, clear) = (nt.auto(true), nt.auto(false));
        let alias = nt.duplicate(event, FULL).expect("a duplicate");
        for (handles, index) in [
            (&[event, event][..], 0),
            (&[clear, event, event], 1),
            (&[clear, clear, alias, event], 2),
            (&[event, clear, alias], 0),
        ] {
            for timeout in [POLL, ms(60_000), FOREVER] {
                nt.set(event);
                assert_eq!(nt.any(handles, timeout), object(index));
                assert_eq!(nt.states([event, clear]), [0, 0]);
                assert_eq!(nt.any(handles, POLL), NtStatus::TIMEOUT, "taken once");
            }
        }
    });
}

/// Wait-any takes the first set object in order and that one alone; later ones keep their state.
#[test]
fn w9_first_set_object_alone() {
    within(|| {
        let nt = Nt::new();
        // Each row: the states before; all eight patterns of three events.
        for pattern in 0..8_u8 {
            let set = |i: usize| pattern >> i & 1 == 1;
            let events = [0, 1, 2].map(|i| nt.auto(set(i)));
            let mut states = [0, 1, 2].map(|i| i32::from(set(i)));
            while let Some(first) = states.iter().position(|&state| state == 1) {
                assert_eq!(nt.any(&events, POLL), object(first), "pattern {pattern:03b}");
                states[first] = 0;
                assert_eq!(nt.states(events), states);
            }
            assert_eq!(nt.any(&events, POLL), NtStatus::TIMEOUT);
            assert_eq!(nt.states(events), [0, 0, 0]);
        }
    });
}

/// With many manual-reset events set, wait-any returns the lowest for as long as it is set: 64 events.
#[test]
fn w10_lowest_of_64_manual_events() {
    within(|| {
        let nt = Nt::new();
        let events: [Handle; 64] = core::array::from_fn(|_| nt.manual(true));
        for lowest in 0..64 {
            for timeout in [POLL, ms(60_000), FOREVER] {
                assert_eq!(nt.any(&events, timeout), object(lowest));
            }
            assert_eq!(nt.all(&events, POLL), if lowest == 0 { object(0) } else { NtStatus::TIMEOUT });
            assert_eq!(nt.reset(events[lowest]), 1);
        }
        assert_eq!(nt.any(&events, POLL), NtStatus::TIMEOUT);
        assert_eq!(nt.states(events), [0; 64]);
    });
}

/// Wait-all takes all or nothing, returns exactly WAIT_0, and a poll that fails leaves everything as it was.
#[test]
fn w12_w13_w14_all_or_nothing() {
    within(|| {
        let nt = Nt::new();
        for pattern in 0..16_u8 {
            let set = |i: usize| pattern >> i & 1 == 1;
            // Three auto-reset events and a manual-reset one, which a wait never clears.
            let kinds = [AUTO, AUTO, MANUAL, AUTO];
            let events = [0, 1, 2, 3].map(|i| nt.event(kinds[i], set(i)));
            let before = nt.states(events);
            if before == [1; 4] {
                assert_eq!(nt.all(&events, ms(60_000)), object(0));
                assert_eq!(nt.states(events), [0, 0, 1, 0]);
            } else {
                for timeout in [POLL, ms(2), at_ms(2), at_ms(-1000)] {
                    assert_eq!(nt.all(&events, timeout), NtStatus::TIMEOUT, "pattern {pattern:04b}");
                    assert_eq!(nt.states(events), before);
                }
            }
        }
    });
}

/// The object's state comes first, then the time-out: what is set is reported even with a time-out of zero or long past.
#[test]
fn w20_w21_object_before_timeout() {
    within(|| {
        let nt = Nt::new();
        for timeout in [POLL, Some(1), at_ms(-60_000), Some(-1), ms(60_000), FOREVER] {
            for alertable in [false, true] {
                let event = nt.auto(true);
                assert_eq!(nt.nt_wait_for_single_object(event, alertable, timeout), object(0), "{timeout:?}");
                nt.check(event, AUTO, 0);
                for wait_type in [WaitType::ANY, WaitType::ALL] {
                    nt.set(event);
                    let status = nt.nt_wait_for_multiple_objects(&[event], wait_type, alertable, timeout);
                    assert_eq!(status, object(0), "{timeout:?}");
                    nt.check(event, AUTO, 0);
                }
            }
        }
        // W21: a zero time-out is a pure poll; W45: alertable or not makes no difference while nothing is pending.
        let event = nt.auto(false);
        for alertable in [false, true] {
            assert_eq!(nt.nt_wait_for_single_object(event, alertable, POLL), NtStatus::TIMEOUT);
            for wait_type in [WaitType::ANY, WaitType::ALL] {
                let status = nt.nt_wait_for_multiple_objects(&[event], wait_type, alertable, POLL);
                assert_eq!(status, NtStatus::TIMEOUT);
            }
        }
        nt.check(event, AUTO, 0);
    });
}

/// A single wait accepts -1 and -2, and with time-out zero it times out; a wait on several objects rejects them.
#[test]
fn w28_w29_pseudo_handles() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        for pseudo in [Handle::CURRENT_PROCESS, Handle::CURRENT_THREAD] {
            for timeout in [POLL, ms(2), at_ms(-1000)] {
                assert_eq!(nt.one(pseudo, timeout), NtStatus::TIMEOUT);
                for handles in [&[pseudo][..], &[event, pseudo], &[pseudo, event]] {
                    assert_eq!(nt.any(handles, timeout), NtStatus::INVALID_HANDLE);
                    assert_eq!(nt.all(handles, timeout), NtStatus::INVALID_HANDLE);
                }
            }
        }
        nt.check(event, AUTO, 1);
    });
}

/// The two low bits of a handle are ignored in waits, single and multiple; with them set an unknown handle is still unknown.
#[test]
fn w30_w32_low_bits_and_unknown_handles() {
    within(|| {
        let nt = Nt::new();
        let (event, other) = (nt.auto(false), nt.auto(true));
        for tag in 0..4 {
            let tagged = Handle(event.0 | tag);
            nt.set(event);
            assert_eq!((nt.one(tagged, POLL), nt.one(tagged, POLL)), (object(0), NtStatus::TIMEOUT));
            nt.set(event);
            assert_eq!(nt.any(&[tagged, other], POLL), object(0));
            nt.set(event);
            assert_eq!(nt.all(&[other, tagged], POLL), object(0));
            nt.set(other);

            for unknown in [Handle(tag), Handle(0x00FF_FFF0 | tag), Handle(0xDEAD_BEE0 | tag)] {
                assert_eq!(nt.one(unknown, POLL), NtStatus::INVALID_HANDLE, "{:#x}", unknown.0);
                assert_eq!(nt.any(&[other, unknown], POLL), NtStatus::INVALID_HANDLE, "{:#x}", unknown.0);
                assert_eq!(nt.all(&[unknown, other], POLL), NtStatus::INVALID_HANDLE, "{:#x}", unknown.0);
            }
            assert_eq!(nt.states([event, other]), [0, 1]);
        }
    });
}

/// Waiting needs SYNCHRONIZE and nothing else.
#[test]
fn w33_waiting_needs_synchronize() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        let all_but = nt.duplicate(event, FULL.difference(AccessMask::SYNCHRONIZE)).expect("a duplicate");
        let only = nt.duplicate(event, AccessMask::SYNCHRONIZE).expect("a duplicate");
        for timeout in [POLL, ms(2), FOREVER] {
            assert_eq!(nt.one(all_but, timeout), NtStatus::ACCESS_DENIED);
            assert_eq!(nt.any(&[all_but], timeout), NtStatus::ACCESS_DENIED);
            assert_eq!(nt.all(&[all_but], timeout), NtStatus::ACCESS_DENIED);
            assert_eq!(nt.look(event).state, 1);
        }
        assert_eq!((nt.one(only, POLL), nt.one(only, POLL)), (object(0), NtStatus::TIMEOUT));
    });
}

/// A wait for one object is a wait-any on a list of one.
#[test]
fn w41_single_is_any_of_one() {
    within(|| {
        let nt = Nt::new();
        for event_type in [MANUAL, AUTO] {
            for set in [false, true] {
                for timeout in [POLL, ms(1)] {
                    let (left, right) = (nt.event(event_type, set), nt.event(event_type, set));
                    assert_eq!(nt.one(left, timeout), nt.any(&[right], timeout));
                    assert_eq!(nt.look(left), nt.look(right));
                }
            }
        }
    });
}

/// The shim's milliseconds: 0 polls, n is n · 10,000 units relative, u32::MAX waits for ever; the results are 0 and 258.
#[test]
fn w44_milliseconds_of_the_shim() {
    within(|| {
        let nt = Nt::new();
        let api = Ntdll::on(nt.0);
        let event = api.nt_create_event(false, false).expect("an event");
        nt.check(event, AUTO, 0);
        for (timeout_ms, at_least) in [(0, 0), (1, 1), (30, 30)] {
            let start = std::time::Instant::now();
            assert_eq!(api.nt_wait_for_event(event, timeout_ms), Ok(WAIT_TIMEOUT));
            assert!(start.elapsed().as_millis() >= at_least, "{timeout_ms} ms took {:?}", start.elapsed());
            assert_eq!(api.nt_wait_for_single_object(event, timeout_ms), Ok(WAIT_TIMEOUT));
        }
        let waiter = common::Worker::blocked(move || Ntdll::on(nt.0).nt_wait_for_event(event, u32::MAX));
        assert_eq!(api.nt_set_event(event), Ok(()));
        assert_eq!(waiter.join(), Ok(WAIT_OBJECT_0));
        nt.check(event, AUTO, 0);
        assert_eq!((WAIT_OBJECT_0, WAIT_TIMEOUT, ntwait::INFINITE), (0, 258, u32::MAX));
        let manual = api.nt_create_event(true, true).expect("an event");
        nt.check(manual, MANUAL, 1);
        assert_eq!(api.nt_reset_event(manual), Ok(()));
        nt.check(manual, MANUAL, 0);
        assert_eq!(api.nt_close_handle(manual.0), Ok(()));
        assert_eq!(api.nt_close_handle(manual.0), Err(NtStatus::INVALID_HANDLE));
    });
}
