//! Every `Nt*` call tells a subscriber of `tracing` what it was asked and what came of it: one pair of events for each.

#![allow(unsafe_code, reason = "calls that end threads, of threads that are not there")]

mod recorder;

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::{null_mut, without_provenance_mut};
use ntwait::{
    AccessMask, ApcRoutine, ClientId, CreateThreadFlags, DuplicateOptions, EventType, Handle, HandleAttributes,
    ObjectAttributes, ObjectName, Runtime, StartRoutine, TimerType, WaitType,
};
use recorder::told_in;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const NONE: ObjectAttributes<'_> = ObjectAttributes::NONE;
const ALL: AccessMask = AccessMask::from_bits_retain(0x001F_0003);
/// Names nothing.
const BAD: Handle = Handle(0x7000);
const ME: Handle = Handle::CURRENT_THREAD;

extern "C" fn start(_: *mut c_void) -> u32 {
    7
}

extern "C" fn apc(_: *mut c_void, _: *mut c_void, _: *mut c_void) {}

fn event(nt: &Runtime, set: bool) -> Handle {
    nt.nt_create_event(ALL, NONE, EventType::SYNCHRONIZATION, set).expect("an event")
}

/// What a call answers does not matter here.
fn done<T>(_: T) {}

/// A method, a call of it in a fresh runtime, where the first handle is 0x4, and what is told of the last call.
type Row = (&'static str, fn(&'static Runtime), &'static str, &'static str);

/// What is told of the calls that the table makes; `@` stands for an address that nobody knows beforehand.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    // Events.
    ("nt_create_event", |nt| done(nt.nt_create_event(ALL, NONE, EventType::NOTIFICATION, false)),
        "synchronization NtCreateEvent(event_type=Notification, initial_state=false)", "Ok(handle=0x4)"),
    ("nt_create_event", |nt| {
        let name = ObjectName::new(r"\BaseNamedObjects\x").expect("a name");
        let existed = Cell::new(false);
        let attributes = ObjectAttributes::named(&name).or_open(&existed);
        done(nt.nt_create_event(AccessMask::SYNCHRONIZE, attributes, EventType(7), true));
    }, "synchronization NtCreateEvent(access=0x100000, attributes=0x80, name=\"\\BaseNamedObjects\\x\", event_type=7, \
        initial_state=true)", "Err(STATUS_INVALID_PARAMETER)"),
    ("nt_open_event", |nt| {
        let name = ObjectName::new(r"\x").expect("a name");
        done(nt.nt_open_event(ALL, ObjectAttributes::named(&name)));
    }, "synchronization NtOpenEvent(name=\"\\x\")", "Err(STATUS_OBJECT_NAME_NOT_FOUND)"),
    ("nt_set_event", |nt| done(nt.nt_set_event(event(nt, false))),
        "synchronization NtSetEvent(handle=0x4)", "Ok(previous_state=0)"),
    ("nt_reset_event", |nt| done(nt.nt_reset_event(event(nt, true))),
        "synchronization NtResetEvent(handle=0x4)", "Ok(previous_state=1)"),
    ("nt_clear_event", |nt| done(nt.nt_clear_event(event(nt, true)).ok()),
        "synchronization NtClearEvent(handle=0x4)", "Ok(STATUS_SUCCESS)"),
    ("nt_pulse_event", |nt| done(nt.nt_pulse_event(event(nt, false))),
        "synchronization NtPulseEvent(handle=0x4)", "Ok(previous_state=0)"),
    ("nt_set_event_boost_priority", |nt| done(nt.nt_set_event_boost_priority(event(nt, false)).ok()),
        "synchronization NtSetEventBoostPriority(handle=0x4)", "Ok(STATUS_SUCCESS)"),
    ("nt_query_event", |nt| done(nt.nt_query_event(event(nt, false), 0, &mut [0; 8], None).ok()),
        "synchronization NtQueryEvent(handle=0x4, class=0, length=8)", "Ok(STATUS_SUCCESS)"),
    // Mutants.
    ("nt_create_mutant", |nt| done(nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, NONE, true)),
        "synchronization NtCreateMutant(initial_owner=true)", "Ok(handle=0x4)"),
    ("nt_open_mutant", |nt| done(nt.nt_open_mutant(ALL, NONE)),
        "synchronization NtOpenMutant(access=0x1f0003)", "Err(STATUS_OBJECT_PATH_SYNTAX_BAD)"),
    ("nt_release_mutant", |nt| {
        let mutant = nt.nt_create_mutant(ALL, NONE, true).expect("a mutant");
        done(nt.nt_release_mutant(mutant));
    }, "synchronization NtReleaseMutant(handle=0x4)", "Ok(previous_count=0)"),
    ("nt_query_mutant", |nt| done(nt.nt_query_mutant(BAD, 1, &mut [0; 16], None).ok()),
        "synchronization NtQueryMutant(handle=0x7000, class=1, length=16)", "Err(STATUS_INVALID_HANDLE)"),
    // Semaphores.
    ("nt_create_semaphore", |nt| done(nt.nt_create_semaphore(ALL, NONE, 1, 2)),
        "synchronization NtCreateSemaphore(initial_count=1, maximum_count=2)", "Ok(handle=0x4)"),
    ("nt_open_semaphore", |nt| done(nt.nt_open_semaphore(ALL, NONE)),
        "synchronization NtOpenSemaphore()", "Err(STATUS_OBJECT_PATH_SYNTAX_BAD)"),
    ("nt_release_semaphore", |nt| {
        let semaphore = nt.nt_create_semaphore(ALL, NONE, 1, 2).expect("a semaphore");
        done(nt.nt_release_semaphore(semaphore, 1));
    }, "synchronization NtReleaseSemaphore(handle=0x4, count=1)", "Ok(previous_count=1)"),
    ("nt_release_semaphore", |nt| done(nt.nt_release_semaphore(BAD, -1)),
        "synchronization NtReleaseSemaphore(handle=0x7000, count=-1)", "Err(STATUS_INVALID_PARAMETER)"),
    ("nt_query_semaphore", |nt| done(nt.nt_query_semaphore(BAD, 9, &mut [0; 8], None).ok()),
        "synchronization NtQuerySemaphore(handle=0x7000, class=9, length=8)", "Err(STATUS_INVALID_INFO_CLASS)"),
    // Keyed events.
    ("nt_create_keyed_event", |nt| done(nt.nt_create_keyed_event(AccessMask::KEYEDEVENT_ALL_ACCESS, NONE, 0)),
        "synchronization NtCreateKeyedEvent(flags=0)", "Ok(handle=0x4)"),
    ("nt_open_keyed_event", |nt| done(nt.nt_open_keyed_event(AccessMask::KEYEDEVENT_ALL_ACCESS, NONE)),
        "synchronization NtOpenKeyedEvent()", "Err(STATUS_OBJECT_PATH_SYNTAX_BAD)"),
    ("nt_wait_for_keyed_event", |nt| done(nt.nt_wait_for_keyed_event(Handle::NULL, 0x10, false, Some(0)).ok()),
        "synchronization NtWaitForKeyedEvent(handle=0x0, key=0x10, alertable=false, timeout=0)", "Ok(STATUS_TIMEOUT)"),
    ("nt_release_keyed_event", |nt| done(nt.nt_release_keyed_event(Handle::NULL, 0x11, true, Some(-5)).ok()),
        "synchronization NtReleaseKeyedEvent(handle=0x0, key=0x11, alertable=true, timeout=500ns)",
        "Err(STATUS_INVALID_PARAMETER_1)"),
    // Waits.
    ("nt_wait_for_single_object", |nt| done(nt.nt_wait_for_single_object(event(nt, true), false, None).ok()),
        "synchronization NtWaitForSingleObject(handle=0x4, alertable=false, timeout=NULL)", "Ok(STATUS_WAIT_0)"),
    ("nt_wait_for_single_object", |nt| done(nt.nt_wait_for_single_object(event(nt, false), true, Some(-50_000)).ok()),
        "synchronization NtWaitForSingleObject(handle=0x4, alertable=true, timeout=5ms)", "Ok(STATUS_TIMEOUT)"),
    ("nt_wait_for_multiple_objects", |nt| {
        let events = [event(nt, false), event(nt, true)];
        done(nt.nt_wait_for_multiple_objects(&events, WaitType::ANY, false, Some(1)).ok());
    }, "synchronization NtWaitForMultipleObjects(handles=[0x4, 0x8], wait_type=Any, alertable=false, \
        timeout=1601-01-01T00:00:00.000000Z)", "Ok(STATUS_WAIT_1)"),
    ("nt_wait_for_multiple_objects", |nt| done(nt.nt_wait_for_multiple_objects(&[], WaitType::ALL, false, None).ok()),
        "synchronization NtWaitForMultipleObjects(handles=[], wait_type=All, alertable=false, timeout=NULL)",
        "Err(STATUS_INVALID_PARAMETER_1)"),
    ("nt_signal_and_wait_for_single_object", |nt| {
        let event = event(nt, false);
        done(nt.nt_signal_and_wait_for_single_object(event, event, false, Some(0)).ok());
    }, "synchronization NtSignalAndWaitForSingleObject(signal_handle=0x4, handle=0x4, alertable=false, timeout=0)",
        "Ok(STATUS_WAIT_0)"),
    ("nt_delay_execution", |nt| done(nt.nt_delay_execution(false, -10).ok()),
        "synchronization NtDelayExecution(alertable=false, interval=1µs)", "Ok(STATUS_SUCCESS)"),
    ("nt_delay_execution", |nt| done(nt.nt_delay_execution(false, 0).ok()),
        "synchronization NtDelayExecution(alertable=false, interval=0)", "Ok(STATUS_SUCCESS)"),
    ("nt_yield_execution", |nt| done(nt.nt_yield_execution().ok()),
        "synchronization NtYieldExecution()", "Ok(STATUS_SUCCESS)"),
    // Names.
    ("nt_create_directory_object", |nt| done(nt.nt_create_directory_object(AccessMask::DIRECTORY_ALL_ACCESS, NONE)),
        "synchronization NtCreateDirectoryObject()", "Ok(handle=0x4)"),
    ("nt_open_directory_object", |nt| {
        let name = ObjectName::new("x").expect("a name");
        let attributes = ObjectAttributes::named(&name).within(BAD).with(HandleAttributes::INHERIT);
        done(nt.nt_open_directory_object(AccessMask::DIRECTORY_QUERY, attributes));
    }, "synchronization NtOpenDirectoryObject(access=0x1, attributes=0x2, root=0x7000, name=\"x\")",
        "Err(STATUS_INVALID_HANDLE)"),
    ("nt_make_temporary_object", |nt| done(nt.nt_make_temporary_object(BAD).ok()),
        "synchronization NtMakeTemporaryObject(handle=0x7000)", "Err(STATUS_INVALID_HANDLE)"),
    // Handles.
    ("nt_close", |nt| done(nt.nt_close(event(nt, false)).ok()), "handle NtClose(handle=0x4)", "Ok(STATUS_SUCCESS)"),
    ("nt_duplicate_object", |nt| {
        let (process, event) = (Handle::CURRENT_PROCESS, event(nt, false));
        let (attributes, options) = (HandleAttributes::empty(), DuplicateOptions::SAME_ACCESS);
        done(nt.nt_duplicate_object(process, event, process, ALL, attributes, options));
    }, "handle NtDuplicateObject(source_process=0xffffffffffffffff, handle=0x4, target_process=0xffffffffffffffff, \
        access=0x1f0003, attributes=0x0, options=0x2)", "Ok(handle=0x8)"),
    ("nt_query_object", |nt| done(nt.nt_query_object(BAD, 0, &mut [0; 56], None).ok()),
        "handle NtQueryObject(handle=0x7000, class=0, length=56)", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_set_information_object", |nt| done(nt.nt_set_information_object(event(nt, false), 4, &[1, 0]).ok()),
        "handle NtSetInformationObject(handle=0x4, class=4, length=2)", "Ok(STATUS_SUCCESS)"),
    ("nt_compare_objects", |nt| done(nt.nt_compare_objects(event(nt, false), event(nt, false)).ok()),
        "handle NtCompareObjects(handle=0x4, other_handle=0x8)", "Err(STATUS_NOT_SAME_OBJECT)"),
    // Timers.
    ("nt_create_timer", |nt| done(nt.nt_create_timer(ALL, NONE, TimerType::NOTIFICATION)),
        "timer NtCreateTimer(timer_type=Notification)", "Ok(handle=0x4)"),
    ("nt_open_timer", |nt| done(nt.nt_open_timer(ALL, NONE)),
        "timer NtOpenTimer()", "Err(STATUS_OBJECT_PATH_SYNTAX_BAD)"),
    ("nt_set_timer", |nt| {
        let timer = nt.nt_create_timer(ALL, NONE, TimerType::SYNCHRONIZATION).expect("a timer");
        done(nt.nt_set_timer(timer, -600_000_000, None, true, 20));
    }, "timer NtSetTimer(handle=0x4, due=60s, apc=0x0, resume=true, period_ms=20)",
        "Ok(STATUS_TIMER_RESUME_IGNORED, previous_state=false)"),
    ("nt_cancel_timer", |nt| done(nt.nt_cancel_timer(BAD)),
        "timer NtCancelTimer(handle=0x7000)", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_query_timer", |nt| done(nt.nt_query_timer(BAD, 0, &mut [0; 16], None).ok()),
        "timer NtQueryTimer(handle=0x7000, class=0, length=16)", "Err(STATUS_INVALID_HANDLE)"),
    // APCs and alerts.
    ("nt_queue_apc_thread", |nt| {
        let arguments = [without_provenance_mut(1), null_mut(), without_provenance_mut(3)];
        done(nt.nt_queue_apc_thread(BAD, Some(ApcRoutine::C(apc)), arguments).ok());
    }, "apc NtQueueApcThread(handle=0x7000, routine=@, arguments=[0x1, 0x0, 0x3])", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_test_alert", |nt| done(nt.nt_test_alert().ok()), "apc NtTestAlert()", "Ok(STATUS_SUCCESS)"),
    ("nt_alert_thread", |nt| done(nt.nt_alert_thread(BAD).ok()),
        "apc NtAlertThread(handle=0x7000)", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_alert_resume_thread", |nt| done(nt.nt_alert_resume_thread(BAD)),
        "apc NtAlertResumeThread(handle=0x7000)", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_alert_thread_by_thread_id", |nt| done(nt.nt_alert_thread_by_thread_id(0).ok()),
        "apc NtAlertThreadByThreadId(thread_id=0)", "Err(STATUS_INVALID_CID)"),
    ("nt_wait_for_alert_by_thread_id", |nt| done(nt.nt_wait_for_alert_by_thread_id(0x20, Some(0)).ok()),
        "apc NtWaitForAlertByThreadId(address_hint=0x20, timeout=0)", "Ok(STATUS_TIMEOUT)"),
    // Threads.
    ("nt_create_thread_ex", |nt| {
        let (flags, routine) = (CreateThreadFlags::empty(), Some(StartRoutine::C(start)));
        let process = Handle::CURRENT_PROCESS;
        let all = AccessMask::THREAD_ALL_ACCESS;
        let thread = nt.nt_create_thread_ex(all, NONE, process, routine, null_mut(), flags, 65_536);
        done(thread);
    }, "threading NtCreateThreadEx(process=0xffffffffffffffff, entry_point=@, parameter=0x0, flags=0x0, \
        stack_size=65536)", "Ok(handle=0x4)"),
    ("nt_create_thread_ex_telling", |nt| {
        let (process, flags) = (Handle::CURRENT_PROCESS, CreateThreadFlags::CREATE_SUSPENDED);
        let all = AccessMask::THREAD_ALL_ACCESS;
        done(nt.nt_create_thread_ex_telling(all, NONE, process, None, without_provenance_mut(8), flags, 0, &|_| ()));
    }, "threading NtCreateThreadEx(process=0xffffffffffffffff, entry_point=0x0, parameter=0x8, flags=0x1, stack_size=0)",
        "Err(STATUS_INVALID_PARAMETER)"),
    ("nt_open_process", |nt| done(nt.nt_open_process(ALL, NONE, ClientId { process: 4 << 28, thread: 0 })),
        "threading NtOpenProcess(access=0x1f0003, process_id=1073741824, thread_id=0)", "Err(STATUS_INVALID_CID)"),
    ("nt_query_information_process", |nt| done(nt.nt_query_information_process(Handle::CURRENT_PROCESS, 0, &mut [0; 48], None)),
        "threading NtQueryInformationProcess(handle=0xffffffffffffffff, class=0, length=48)", "Ok(STATUS_SUCCESS)"),
    ("nt_open_thread", |nt| done(nt.nt_open_thread(ALL, NONE, ClientId { process: 0, thread: 1 })),
        "threading NtOpenThread(access=0x1f0003, process_id=0, thread_id=1)", "Err(STATUS_INVALID_CID)"),
    // SAFETY: there is no such thread.
    ("nt_terminate_thread", |nt| done(unsafe { nt.nt_terminate_thread(BAD, 5) }.ok()),
        "threading NtTerminateThread(handle=0x7000, exit_code=5)", "Err(STATUS_INVALID_HANDLE)"),
    // SAFETY: the calling thread is not the library's, and there are others.
    ("rtl_exit_user_thread", |nt| done(unsafe { nt.rtl_exit_user_thread(5) }.ok()),
        "threading RtlExitUserThread(exit_code=5)", "Err(STATUS_NOT_SUPPORTED)"),
    ("nt_suspend_thread", |nt| done(nt.nt_suspend_thread(BAD)),
        "threading NtSuspendThread(handle=0x7000)", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_resume_thread", |nt| done(nt.nt_resume_thread(ME)),
        "threading NtResumeThread(handle=0xfffffffffffffffe)", "Ok(previous_count=0)"),
    ("nt_query_information_thread", |nt| done(nt.nt_query_information_thread(BAD, 0, &mut [0; 48], None).ok()),
        "threading NtQueryInformationThread(handle=0x7000, class=0, length=48)", "Err(STATUS_INVALID_HANDLE)"),
    ("nt_set_information_thread", |nt| done(nt.nt_set_information_thread(ME, 99, &[]).ok()),
        "threading NtSetInformationThread(handle=0xfffffffffffffffe, class=99, length=0)",
        "Err(STATUS_INVALID_INFO_CLASS)"),
];

/// Is it the same, an address apart?
fn is_like(text: &str, expected: &str) -> bool {
    match expected.split_once('@') {
        None => text == expected,
        Some((before, after)) => text
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after))
            .and_then(|address| u64::from_str_radix(address.strip_prefix("0x")?, 16).ok())
            .is_some_and(|address| address != 0),
    }
}

#[test]
fn every_call_tells_what_it_was_asked_and_what_came_of_it() {
    for (method, run, call, result) in ROWS {
        let nt = Runtime::new().expect("a runtime").leak();
        let told = told_in(|| run(nt));
        let [.., enter, leave] = &told[..] else { panic!("{method}: {told:?}") };
        let (category, call) = call.split_once(' ').expect("a category");
        let (name, arguments) = call.strip_suffix(')').and_then(|call| call.split_once('(')).expect("arguments");
        assert!(is_like(&enter.message, &format!("CALL   {call}")), "{method}: {}", enter.message);
        assert_eq!(leave.message, format!("RETURN {name}() -> {result}"), "{method}");
        for event in [enter, leave] {
            assert_eq!((event.name.as_str(), event.call.as_deref()), (name, Some(name)));
            assert_eq!(event.target, format!("ntwait::{category}"), "{method}");
        }
        assert!(is_like(enter.arguments.as_deref().expect("arguments"), arguments));
        assert_eq!((leave.result.as_deref(), &enter.result, &leave.arguments), (Some(*result), &None, &None));
        let (calls, returns): (Vec<_>, Vec<_>) = told.iter().partition(|event| event.message.starts_with("CALL"));
        let count = |events: &[&recorder::Told]| events.iter().filter(|event| event.name == name).count();
        assert!(calls.len() == returns.len() && count(&calls) == count(&returns), "{method}: {told:?}");
        assert_eq!(told.len(), 2 * (1 + made_before(call)), "{method}: once and no more: {told:?}");
    }
}

/// How many objects a row of the table makes before its call.
fn made_before(call: &str) -> usize {
    let makes = call.starts_with("NtCreate") || call.starts_with("RtlExit");
    if makes {
        return 0;
    }
    // Every event and timer that a row makes has a handle in the arguments, of which some have two.
    let arguments = &call[call.find('(').expect("arguments")..];
    usize::from(arguments.contains("0x4")) + usize::from(arguments.contains("0x8"))
}

/// The methods of the sources, each of which has a row.
#[test]
fn the_table_has_every_method() {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/nt")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            for line in fs::read_to_string(path).expect("a source").lines() {
                let method = line.strip_prefix("    pub ").map(|rest| rest.trim_start_matches("unsafe "));
                let name = method.and_then(|rest| rest.strip_prefix("fn ")).and_then(|rest| rest.split('(').next());
                found.extend(name.filter(|name| name.starts_with("nt_") || name.starts_with("rtl_")).map(String::from));
            }
        }
    }
    let rows: BTreeSet<_> = ROWS.iter().map(|(method, ..)| String::from(*method)).collect();
    assert_eq!(rows, found);
    assert!(rows.len() > 50);
}

/// The same calls without a subscriber, and with one that wants none of them, do what they do and tell nothing.
#[test]
fn nothing_is_told_of_calls_that_nobody_wants() {
    use tracing_subscriber::layer::{Layer, SubscriberExt};
    let recorder = recorder::Recorder::default();
    let nobody = tracing_subscriber::filter::filter_fn(|_| false);
    let subscriber = tracing_subscriber::registry().with(recorder.clone().with_filter(nobody));
    tracing::subscriber::with_default(subscriber, || {
        for (_, run, ..) in ROWS {
            run(Runtime::new().expect("a runtime").leak());
        }
    });
    assert!(recorder.take().is_empty());
}
