//! Bad input is an answer, not a crash: every entry point with closed, stale, wrong and garbage handles, impossible counts and classes,
//! time-outs at the ends of their range, and a table that is full. What happens without memory is in `out_of_memory.rs`.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use common::{AUTO, FOREVER, FULL, Look, MANUAL, Nt, POLL, Random, Worker, at_ms, ms, object, within};
use core::time::Duration;
use ntwait::{
    AccessMask, DuplicateOptions, Ended, EventType, Handle, HandleAttributes, NtStatus, Ntdll, NtdllApi,
    ObjectAttributes, Runtime, Timeout, WaitPolicy, WaitType,
};

type EntryPoint = (&'static str, fn(Nt, Handle) -> Result<(), NtStatus>);

const ME: Handle = Handle::CURRENT_PROCESS;
const NO_FLAGS: HandleAttributes = HandleAttributes::empty();
const SAME: DuplicateOptions = DuplicateOptions::SAME_ACCESS;

/// Calls that act on an event alone.
const OF_EVENTS: [EntryPoint; 9] = [
    ("nt_set_event", |nt, handle| nt.nt_set_event(handle).map(drop)),
    ("nt_reset_event", |nt, handle| nt.nt_reset_event(handle).map(drop)),
    ("nt_pulse_event", |nt, handle| nt.nt_pulse_event(handle).map(drop)),
    ("nt_clear_event", |nt, handle| nt.nt_clear_event(handle).ok()),
    ("nt_set_event_boost_priority", |nt, handle| nt.nt_set_event_boost_priority(handle).ok()),
    ("nt_query_event", |nt, handle| nt.nt_query_event(handle, 0, &mut [0; 8], None).ok()),
    ("NtdllApi::nt_set_event", |nt, handle| Ntdll::on(nt.0).nt_set_event(handle)),
    ("NtdllApi::nt_reset_event", |nt, handle| Ntdll::on(nt.0).nt_reset_event(handle)),
    ("NtdllApi::nt_wait_for_event", |nt, handle| Ntdll::on(nt.0).nt_wait_for_event(handle, 0).map(drop)),
];

/// Calls that take any object.
const OF_ALL: [EntryPoint; 19] = [
    ("nt_wait_for_single_object", |nt, handle| nt.one(handle, POLL).ok()),
    ("nt_wait_for_single_object for ever", |nt, handle| nt.one(handle, FOREVER).ok()),
    ("nt_wait_for_multiple_objects any", |nt, handle| nt.any(&[handle], POLL).ok()),
    ("nt_wait_for_multiple_objects any for ever", |nt, handle| nt.any(&[handle, handle], FOREVER).ok()),
    ("nt_wait_for_multiple_objects all", |nt, handle| nt.all(&[handle], POLL).ok()),
    ("nt_wait_for_multiple_objects all for ever", |nt, handle| nt.all(&[handle], FOREVER).ok()),
    ("wait_any", |nt, handle| nt.wait_any(&[handle], Timeout::Poll).map(drop)),
    ("wait_all", |nt, handle| nt.wait_all(&[handle], Timeout::Poll).map(drop)),
    ("NtdllApi::nt_wait_for_single_object", |nt, handle| {
        Ntdll::on(nt.0).nt_wait_for_single_object(handle, 0).map(drop)
    }),
    ("nt_duplicate_object", |nt, handle| nt.nt_duplicate_object(ME, handle, ME, FULL, NO_FLAGS, SAME).map(drop)),
    ("nt_query_object basic", |nt, handle| nt.nt_query_object(handle, 0, &mut [0; 56], None).ok()),
    ("nt_query_object flags", |nt, handle| nt.nt_query_object(handle, 4, &mut [0; 2], None).ok()),
    ("nt_set_information_object", |nt, handle| nt.nt_set_information_object(handle, 4, &[0, 0]).ok()),
    ("nt_compare_objects first", |nt, handle| nt.nt_compare_objects(handle, ME).ok()),
    ("nt_compare_objects second", |nt, handle| nt.nt_compare_objects(ME, handle).ok()),
    ("nt_query_object name", |nt, handle| nt.nt_query_object(handle, 1, &mut [0; 16], None).ok()),
    ("nt_make_temporary_object", |nt, handle| nt.nt_make_temporary_object(handle).ok()),
    // Last: on a good handle these would end its life.
    ("nt_close", |nt, handle| nt.nt_close(handle).ok()),
    ("NtdllApi::nt_close_handle", |nt, handle| Ntdll::on(nt.0).nt_close_handle(handle.0)),
];

/// What is known of a thread and can be set of it.
const OF_THREAD_INFORMATION: [EntryPoint; 10] = [
    ("nt_query_information_thread basic", |nt, handle| {
        nt.nt_query_information_thread(handle, 0, &mut [0; 48], None).ok()
    }),
    ("nt_query_information_thread times", |nt, handle| {
        nt.nt_query_information_thread(handle, 1, &mut [0; 32], None).ok()
    }),
    ("nt_query_information_thread name", |nt, handle| {
        nt.nt_query_information_thread(handle, 38, &mut [0; 16], None).ok()
    }),
    ("nt_set_information_thread base priority", |nt, handle| nt.nt_set_information_thread(handle, 3, &[0; 4]).ok()),
    ("nt_set_information_thread affinity", |nt, handle| nt.nt_set_information_thread(handle, 4, &[0xFF; 8]).ok()),
    ("nt_set_information_thread boost", |nt, handle| nt.nt_set_information_thread(handle, 14, &[0; 4]).ok()),
    ("thread_description", |nt, handle| nt.thread_description(handle).map(drop)),
    ("set_thread_description", |nt, handle| nt.set_thread_description(handle, &[]).ok()),
    ("get_exit_code_thread", |nt, handle| nt.get_exit_code_thread(handle).map(drop)),
    ("thread_id_of", |nt, handle| nt.thread_id_of(handle).map(drop)),
];

/// Calls that take a process.
const OF_PROCESSES: [EntryPoint; 2] = [
    ("nt_duplicate_object source process", |nt, handle| {
        nt.nt_duplicate_object(handle, ME, ME, FULL, NO_FLAGS, SAME).map(drop)
    }),
    ("nt_duplicate_object target process", |nt, handle| {
        nt.nt_duplicate_object(ME, ME, handle, FULL, NO_FLAGS, SAME).map(drop)
    }),
];

/// Every entry point says INVALID_HANDLE to `handle`, and the bystander does not change.
#[track_caller]
fn refused_everywhere(nt: Nt, handle: Handle, bystander: Handle) {
    for (name, call) in OF_EVENTS.iter().chain(&OF_ALL).chain(&OF_PROCESSES).chain(&OF_THREAD_INFORMATION) {
        // A null target process has a meaning of its own: close the source.
        if name.contains("target process") && handle == Handle::NULL {
            continue;
        }
        assert_eq!(call(nt, handle), Err(NtStatus::INVALID_HANDLE), "{name}({:#x})", handle.0);
    }
    nt.check(bystander, MANUAL, 1);
}

#[test]
fn closed_handles_are_refused_everywhere() {
    within(|| {
        let nt = Nt::new();
        let bystander = nt.manual(true);
        for closed in [nt.auto(true), nt.manual(false), nt.process(AccessMask::PROCESS_ALL_ACCESS)] {
            nt.close(closed);
            refused_everywhere(nt, closed, bystander);
        }
    });
}

/// A handle whose place in the table has a new tenant is as dead as one whose place is empty.
#[test]
fn stale_handles_are_refused_everywhere() {
    within(|| {
        let nt = Nt::new();
        let bystander = nt.manual(true);
        let stale: [Handle; 16] = nt.autos();
        stale.iter().for_each(|handle| nt.close(*handle));
        // Enough creations to give every freed place to somebody else.
        let tenants: Vec<Handle> = (0..20_000).map(|_| nt.auto(true)).collect();
        for handle in stale {
            assert!(!tenants.contains(&handle));
            refused_everywhere(nt, handle, bystander);
        }
        assert!(tenants.iter().all(|tenant| nt.one(*tenant, POLL) == object(0)), "all as they were made");
    });
}

#[test]
fn garbage_handles_are_refused_everywhere() {
    within(|| {
        let nt = Nt::new();
        let bystander = nt.manual(true);
        let above = |shift: u32| Handle(bystander.0 | 1 << shift);
        let mut garbage = vec![Handle::NULL, Handle(1), Handle(2), Handle(3), above(32), above(40), above(63)];
        garbage.extend([0x00FF_FFF0, 0x03FF_FFFC, 0x0400_0000, 0x7FFF_FFFC, 0x8000_0000, 1 << 32, 1 << 62].map(Handle));
        // The same place in other generations.
        garbage.extend((26..32).map(above));
        for handle in garbage.into_iter().filter(|handle| handle.0 >> 2 != bystander.0 >> 2) {
            refused_everywhere(nt, handle, bystander);
        }
        let mut random = Random::new(0xBAD);
        for _ in 0..20_000 {
            // Any 53 bits: a hit on the one live handle is out of the question, a crash is not.
            let handle = Handle(random.next() << random.below(11));
            if handle.0 >> 2 != bystander.0 >> 2 {
                refused_everywhere(nt, handle, bystander);
            }
        }
    });
}

#[test]
fn wrong_types_are_refused_and_harmless() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.duplicate(Handle::CURRENT_THREAD, AccessMask::THREAD_ALL_ACCESS).expect("a thread handle");
        let process = nt.process(AccessMask::PROCESS_ALL_ACCESS);
        for other in [thread, process, Handle::CURRENT_THREAD, Handle::CURRENT_PROCESS] {
            for (name, call) in OF_EVENTS {
                assert_eq!(call(nt, other), Err(NtStatus::OBJECT_TYPE_MISMATCH), "{name}({:#x})", other.0);
            }
        }
        let event = nt.auto(true);
        for other in [event, process, Handle::CURRENT_PROCESS] {
            for (name, call) in OF_THREAD_INFORMATION {
                assert_eq!(call(nt, other), Err(NtStatus::OBJECT_TYPE_MISMATCH), "{name}({:#x})", other.0);
            }
        }
        for other in [event, thread, Handle::CURRENT_THREAD] {
            for (name, call) in OF_PROCESSES {
                assert_eq!(call(nt, other), Err(NtStatus::OBJECT_TYPE_MISMATCH), "{name}({:#x})", other.0);
            }
        }
        nt.check(event, AUTO, 1);
        assert_eq!(nt.one(thread, POLL), NtStatus::TIMEOUT);
    });
}

#[test]
fn counts_types_and_classes_out_of_range() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(true);
        // At the NT face 0 and 65 objects; in Rust 0, but any number above.
        for wait_type in [WaitType::ANY, WaitType::ALL] {
            for count in [0, 65, 1000] {
                let status = nt.nt_wait_for_multiple_objects(&vec![event; count], wait_type, true, FOREVER);
                assert_eq!(status, NtStatus::INVALID_PARAMETER_1);
            }
        }
        assert!(nt.wait_any(&[], Timeout::Never).is_err());
        assert!(nt.wait_all(&[], Timeout::Never).is_err());
        for class in [3, 5, 6, 100, u32::MAX] {
            let status = nt.nt_query_object(event, class, &mut [0; 256], None);
            assert_eq!(status, NtStatus::INVALID_INFO_CLASS, "query class {class}");
        }
        for class in [0, 1, 2, 3, 5, 100, u32::MAX] {
            let status = nt.nt_set_information_object(event, class, &[0, 1]);
            assert_eq!(status, NtStatus::INVALID_INFO_CLASS, "set class {class}");
        }
        for (class, right) in [(0, 56), (4, 2)] {
            for length in [0, 1, right - 1, right + 1, 4096] {
                let status = nt.nt_query_object(event, class, &mut vec![0; length], None);
                assert_eq!(status, NtStatus::INFO_LENGTH_MISMATCH, "class {class}, {length} bytes");
            }
        }
        for length in [0, 1, 3, 100] {
            let status = nt.nt_set_information_object(event, 4, &vec![1; length]);
            assert_eq!(status, NtStatus::INFO_LENGTH_MISMATCH, "{length} bytes");
        }
        assert_eq!(nt.flags(event), (0, 0));
        nt.check(event, AUTO, 1);
        for class in [2, 3, 4, 10, 13, 39, 100, u32::MAX] {
            let status = nt.nt_query_information_thread(Handle::CURRENT_THREAD, class, &mut [0; 256], None);
            assert_eq!(status, NtStatus::INVALID_INFO_CLASS, "query thread class {class}");
        }
        for class in [0, 1, 9, 11, 38, 39, 100, u32::MAX] {
            let status = nt.nt_set_information_thread(Handle::CURRENT_THREAD, class, &[0; 8]);
            assert_eq!(status, NtStatus::INVALID_INFO_CLASS, "set thread class {class}");
        }
    });
}

/// More than 64 objects in the Rust face: 1,000 in one wait, blocked, any and all.
#[test]
fn rust_waits_have_no_limit_of_64() {
    within(|| {
        let nt = Nt::new();
        let events: Vec<Handle> = (0..1000).map(|_| nt.auto(false)).collect();
        let list = events.clone();
        let any = Worker::blocked(move || nt.wait_any(&list, Timeout::Never));
        nt.set(events[999]);
        assert_eq!(any.join(), Ok(Ended::Object(999)));
        let list = events.clone();
        let all = Worker::blocked(move || nt.wait_all(&list, Timeout::Never));
        for event in &events[1..] {
            nt.set(*event);
        }
        all.assert_blocked();
        nt.set(events[0]);
        assert_eq!(all.join(), Ok(Ended::Object(0)));
        assert_eq!(nt.wait_any(&events, Timeout::Poll), Ok(Ended::TimedOut), "all taken");
        assert_eq!(
            nt.wait_all(&[&events[..], &events[..1]].concat(), Timeout::Poll),
            Err(NtStatus::INVALID_PARAMETER_MIX)
        );
    });
}

/// Time-outs at the ends of their range are far away or long past, never a wrapped number.
#[test]
fn timeouts_at_the_ends_of_their_range() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        for far in [i64::MIN, i64::MIN + 1, i64::MIN / 2, i64::MAX, i64::MAX - 1, i64::MAX / 2] {
            for wait in [
                |nt: Nt, event, far| nt.one(event, Some(far)),
                |nt: Nt, event, far| nt.any(&[event, event], Some(far)),
                |nt: Nt, event, far| nt.all(&[event], Some(far)),
            ] {
                let worker = Worker::blocked(move || wait(nt, event, far));
                nt.set(event);
                assert_eq!(worker.join(), object(0), "time-out {far}");
            }
        }
        for past in [1, 2, 116_444_736_000_000_000, 116_444_735_999_999_999] {
            assert_eq!(nt.one(event, Some(past)), NtStatus::TIMEOUT);
            assert_eq!(nt.nt_delay_execution(false, past), NtStatus::SUCCESS);
        }
        assert_eq!(nt.one(event, Some(-1)), NtStatus::TIMEOUT);
        for timeout_ms in [u32::MAX, u32::MAX - 1, 0x8000_0000] {
            let worker = Worker::blocked(move || Ntdll::on(nt.0).nt_wait_for_single_object(event, timeout_ms));
            nt.set(event);
            assert_eq!(worker.join(), Ok(0));
        }
        nt.check(event, AUTO, 0);
    });
}

/// A delay to the end of time has begun (the thread sleeps); it cannot be waited for, so the test leaves it asleep.
#[test]
fn endless_delays_sleep() {
    within(|| {
        let nt = Nt::new();
        for far in [i64::MIN, i64::MAX] {
            Worker::blocked(move || nt.nt_delay_execution(false, far));
        }
    });
}

/// Spinning is bounded whatever is asked for, so a wait under any policy sleeps in the end.
#[test]
fn policies_without_reason_still_sleep() {
    within(|| {
        for most in [Duration::ZERO, Duration::from_nanos(1), Duration::from_secs(1), Duration::MAX] {
            let nt = Nt::with(WaitPolicy::spin_at_most(most));
            let event = nt.auto(false);
            let worker = Worker::blocked(move || nt.one(event, FOREVER));
            nt.set(event);
            assert_eq!(worker.join(), object(0));
        }
    });
}

/// A full table: the next handle is INSUFFICIENT_RESOURCES, waits and the objects are unharmed, and closing makes room again.
#[test]
fn full_table() {
    within(|| {
        let builder = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).max_handles(4_096);
        let nt = Nt(builder.build().expect("a runtime").leak());
        let create = || nt.nt_create_event(FULL, ObjectAttributes::NONE, EventType::NOTIFICATION, true);
        let witness = nt.auto(false);
        for round in 0..4 {
            let mut events = Vec::new();
            let refusal = loop {
                match create() {
                    Ok(event) => events.push(event),
                    Err(status) => break status,
                }
            };
            assert_eq!(refusal, NtStatus::INSUFFICIENT_RESOURCES, "round {round}");
            // All of a new table; later the freed entries that still rest are missing, 1,024 at most.
            let fewest = if round == 0 { 4_090 } else { 3_000 };
            assert!((fewest..=4_096).contains(&events.len()), "round {round}: {} events", events.len());
            assert_eq!(nt.duplicate(witness, FULL), Err(NtStatus::INSUFFICIENT_RESOURCES));
            assert_eq!(Ntdll::on(nt.0).nt_create_event(true, true), Err(NtStatus::INSUFFICIENT_RESOURCES));
            nt.check(witness, AUTO, 0);
            let worker = Worker::blocked(move || nt.any(&[witness], FOREVER));
            nt.set(witness);
            assert_eq!(worker.join(), object(0));
            for event in events {
                nt.check(event, MANUAL, 1);
                nt.close(event);
            }
        }
    });
}

/// The builder takes any limit and makes of it the nearest that there can be.
#[test]
fn limits_of_the_table_out_of_range() {
    within(|| {
        for limit in [0, 1, 4_095, 1 << 24, u32::MAX] {
            let nt = Nt(Runtime::builder().max_handles(limit).build().expect("a runtime").leak());
            for _ in 0..100 {
                nt.check(nt.auto(true), AUTO, 1);
            }
        }
    });
}

/// The handles of a wait are copied when it begins: closing one and giving its place away changes nothing for who waits.
#[test]
fn handles_closed_under_a_wait_of_many() {
    within(|| {
        let nt = Nt::new();
        let events: [Handle; 64] = nt.autos();
        let witness = nt.duplicate(events[63], FULL).expect("a duplicate");
        let any = Worker::blocked(move || nt.any(&events, FOREVER));
        let expiring = Worker::blocked(move || nt.all(&events, at_ms(1_000)));
        events.iter().for_each(|event| nt.close(*event));
        let fresh: [Handle; 64] = core::array::from_fn(|_| nt.manual(true));
        any.assert_blocked();
        assert_eq!(nt.any(&events, ms(5)), NtStatus::INVALID_HANDLE);
        nt.set(witness);
        assert_eq!((any.join(), expiring.join()), (object(63), NtStatus::TIMEOUT));
        assert_eq!(nt.look(witness), Look { event_type: 1, state: 0, handles: 1 });
        assert_eq!(nt.states(fresh), [1; 64]);
    });
}
