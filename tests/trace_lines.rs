//! Reports as lines: how they look, that they do not mix, what the filter lets through, and what cannot be configured.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod recorder;

use ntwait::{
    AccessMask, EventType, NtStatus, ObjectAttributes, ObjectName, Runtime, TraceCategory, TraceConfig, TraceError,
    TraceFilter,
};
use recorder::Recorder;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Barrier;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

const NONE: ObjectAttributes<'_> = ObjectAttributes::NONE;
const ALL: AccessMask = AccessMask::EVENT_ALL_ACCESS;

/// A file that is gone with this.
struct TempFile(PathBuf);

impl TempFile {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("ntwait-{}-{name}", std::process::id()));
        let _ = fs::remove_file(&path);
        Self(path)
    }

    fn lines(&self) -> Vec<String> {
        fs::read_to_string(&self.0).unwrap_or_default().lines().map(String::from).collect()
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The lines that the calling thread's calls make.
fn lines_of(name: &str, config: TraceConfig, calls: impl FnOnce(&Runtime)) -> Vec<String> {
    let file = TempFile::new(name);
    let runtime = Runtime::new().expect("a runtime");
    let layer = config.file(&file.0).layer().expect("a layer");
    with_default(registry().with(layer), || calls(&runtime));
    file.lines()
}

fn set_and_close(nt: &Runtime) {
    let event = nt.nt_create_event(ALL, NONE, EventType::NOTIFICATION, false).expect("an event");
    assert_eq!(nt.nt_set_event(event), Ok(0));
    assert_eq!(nt.nt_close(event), NtStatus::SUCCESS);
}

#[test]
fn a_line_of_text_is_the_call_behind_time_and_thread() {
    let calls = [
        "CALL   NtCreateEvent(event_type=Notification, initial_state=false)",
        "RETURN NtCreateEvent() -> Ok(handle=0x4)",
        "CALL   NtSetEvent(handle=0x4)",
        "RETURN NtSetEvent() -> Ok(previous_state=0)",
        "CALL   NtClose(handle=0x4)",
        "RETURN NtClose() -> Ok(STATUS_SUCCESS)",
    ];
    let bare = TraceConfig::new().timestamps(false).thread_ids(false);
    assert_eq!(lines_of("bare", bare.clone(), set_and_close), calls);

    // The tests run in threads of their own, which have the tests' names.
    let tid = rustix::thread::gettid().as_raw_nonzero();
    let thread = format!("[TID:{tid} a_line_of_text_] ");
    let with_threads = lines_of("threads", bare.clone().thread_ids(true), set_and_close);
    assert_eq!(with_threads, calls.map(|call| format!("{thread}{call}")));

    for (line, call) in lines_of("all", TraceConfig::new(), set_and_close).iter().zip(calls) {
        let rest = line.strip_prefix('[').expect("a time");
        let (time, rest) = rest.split_once("] ").expect("a time");
        assert_eq!(time.len(), "2026-11-22T21:52:11.123456Z".len(), "{line}");
        assert!(time.ends_with('Z') && time.is_ascii(), "{line}");
        assert_eq!(rest, format!("{thread}{call}"));
    }
}

#[test]
fn a_thread_without_a_name_of_its_own_is_a_number() {
    let bare = TraceConfig::new().timestamps(false);
    let process_name = fs::read_to_string("/proc/self/comm").expect("a name");
    let (line, tid) = std::thread::spawn(move || {
        // What a thread inherits that nobody names, be its creator the first or not.
        fs::write("/proc/thread-self/comm", process_name.trim_end()).expect("a name");
        let lines = lines_of("nameless", bare, |nt| assert_eq!(nt.nt_yield_execution(), NtStatus::SUCCESS));
        (lines[0].clone(), rustix::thread::gettid().as_raw_nonzero())
    })
    .join()
    .expect("it returns");
    assert_eq!(line, format!("[TID:{tid}] CALL   NtYieldExecution()"));
}

#[test]
fn a_line_of_json_has_all_of_it() {
    let name = ObjectName::new("\\BaseNamedObjects\\a \"b\"\n\u{1}ä").expect("a name");
    let lines = lines_of("json", TraceConfig::new().json(), |nt| {
        let event = nt.nt_create_event(ALL, ObjectAttributes::named(&name), EventType::SYNCHRONIZATION, true);
        assert_eq!(nt.nt_wait_for_single_object(event.expect("an event"), false, Some(0)), NtStatus::WAIT_0);
    });
    let objects: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let tid = rustix::thread::gettid().as_raw_nonzero().get();
    let expected = [
        ("call", "NtCreateEvent", "arguments", {
            r#"name="\BaseNamedObjects\a \"b\"\n\u{1}ä", event_type=Synchronization, initial_state=true"#
        }),
        ("return", "NtCreateEvent", "result", "Ok(handle=0x4)"),
        ("call", "NtWaitForSingleObject", "arguments", "handle=0x4, alertable=false, timeout=0"),
        ("return", "NtWaitForSingleObject", "result", "Ok(STATUS_WAIT_0)"),
    ];
    assert_eq!(objects.len(), expected.len());
    for (object, (phase, call, key, detail)) in objects.iter().zip(expected) {
        assert_eq!(object["phase"], phase);
        assert_eq!(object["call"], call);
        assert_eq!(object[key], detail);
        assert_eq!(object["category"], "synchronization");
        assert_eq!(object["tid"], tid);
        assert_eq!(object["thread"], format!("{tid} a_line_of_json_"));
        assert!(object["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
        assert_eq!(object.as_object().map(serde_json::Map::len), Some(7), "and nothing else: {object}");
    }
}

#[test]
fn long_names_are_cut_and_lines_stay_whole() {
    // A quotation mark needs the most room.
    let name = ObjectName::new(&format!("\\{}", "\"".repeat(30_000))).expect("a name");
    let open = |nt: &Runtime| {
        assert!(nt.nt_open_event(ALL, ObjectAttributes::named(&name)).is_err());
    };
    let lines = lines_of("long", TraceConfig::new().json(), open);
    let objects: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(objects.len(), 2);
    let arguments = objects[0]["arguments"].as_str().expect("arguments");
    assert!(arguments.starts_with("name=\"\\\\\"") && arguments.ends_with('…') && arguments.len() <= 1024);
    assert_eq!(lines_of("long text", TraceConfig::new(), open).len(), 2);
}

#[test]
fn lines_of_different_threads_never_mix() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 500;
    let file = TempFile::new("mixed");
    let runtime = Runtime::new().expect("a runtime");
    // Each thread has a layer of its own to the same file: what keeps lines apart is the process's.
    let all_there = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let layer = TraceConfig::new().json().file(&file.0).layer().expect("a layer");
                with_default(registry().with(layer), || {
                    all_there.wait();
                    (0..ROUNDS).for_each(|_| set_and_close(&runtime));
                });
            });
        }
    });
    let mut depths = HashMap::new();
    let lines = file.lines();
    for line in &lines {
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let open: &mut Option<String> = depths.entry(object["tid"].as_u64().expect("a number")).or_default();
        let call = object["call"].as_str().expect("a name").to_owned();
        match object["phase"].as_str() {
            Some("call") => assert_eq!(open.replace(call), None, "{line}"),
            _ => assert_eq!(open.take(), Some(call), "{line}"),
        }
    }
    assert_eq!((lines.len(), depths.len()), (THREADS * ROUNDS * 6, THREADS));
}

#[test]
fn table_of_filters() {
    use TraceCategory::{Handle, Synchronization, Threading, Timer};
    let calls = [
        ("NtCreateThreadEx", Threading),
        ("NtCreateEvent", Synchronization),
        ("NtSetEvent", Synchronization),
        ("NtWaitForSingleObject", Synchronization),
        ("NtClose", Handle),
        ("NtSetTimer", Timer),
    ];
    let rows = [
        ("all", "TCSWHt"),
        ("ALL", "TCSWHt"),
        ("synchronization", "CSW"),
        ("Threading , timer", "Tt"),
        ("apc", ""),
        ("NtSet*", "St"),
        ("nt*event", "CS"),
        ("Nt????e", "H"),
        ("NtSetEvent,NtClose", "SH"),
        ("synchronization,NtSet*", "CSWt"),
        ("synchronization,-NtWait*", "CS"),
        ("-synchronization", "THt"),
        ("!synchronization,-NtClose", "Tt"),
        ("all,-all", ""),
        ("NtCreate*,- threading", "C"),
        ("synchronization,", "CSW"),
        (",NtClose,,", "H"),
    ];
    for (text, expected) in rows {
        let filter: TraceFilter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let taken = calls.iter().zip("TCSWHt".chars()).filter(|((call, category), _)| filter.takes(call, *category));
        assert_eq!(taken.map(|(_, letter)| letter).collect::<String>(), expected, "{text}");
    }
    for (text, word) in [
        ("NtSetEvnt", "NtSetEvnt"),
        ("all,threads", "threads"),
        (" , ", " , "),
        ("", ""),
        ("NtWait*,-Foo*", "-Foo*"),
        ("-", "-"),
        ("a,b", "a"),
    ] {
        match text.parse::<TraceFilter>() {
            Err(TraceError::UnknownWord(unknown)) => assert_eq!(unknown, word, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn only_what_the_filter_takes_becomes_a_line() {
    let filters = [
        (TraceFilter::all(), 6),
        (TraceFilter::default(), 6),
        (TraceFilter::category(TraceCategory::Handle), 2),
        (TraceFilter::functions(["NtSetEvent", "NtClose"]), 4),
        (TraceFilter::pattern("Nt*Event"), 4),
        (TraceFilter::pattern("Nt*Event").or(TraceFilter::category(TraceCategory::Handle)), 6),
        (TraceFilter::all().except(TraceFilter::pattern("NtSet*")), 4),
        (TraceFilter::category(TraceCategory::Apc), 0),
    ];
    for (filter, count) in filters {
        let lines = lines_of("filtered", TraceConfig::new().filter(filter.clone()), set_and_close);
        assert_eq!(lines.len(), count, "{filter:?}: {lines:?}");
    }
}

#[test]
fn the_filter_is_that_of_its_layer_alone() {
    let file = TempFile::new("layers");
    let (before, after) = (Recorder::default(), Recorder::default());
    let layer = TraceConfig::new().filter(TraceFilter::functions(["NtSetEvent"])).file(&file.0).layer();
    let subscriber = registry().with(before.clone()).with(layer.expect("a layer")).with(after.clone());
    let runtime = Runtime::new().expect("a runtime");
    with_default(subscriber, || {
        tracing::error!("somebody else's");
        tracing::trace!(target: "ntwait::synchronization::not", arguments = "no call of ours");
        set_and_close(&runtime);
    });
    assert_eq!(file.lines().len(), 2);
    assert_eq!((before.take().len(), after.take().len()), (7, 7), "the other layers see everything");
}

#[test]
fn what_cannot_be_is_said() {
    let layer = || TraceConfig::new().file("/no/such/folder/file").layer::<registry::Registry>();
    assert!(matches!(layer(), Err(TraceError::Output(name, _)) if name == "/no/such/folder/file"));
    let error = layer().err().expect("no such folder");
    assert!(error.to_string().starts_with("cannot open /no/such/folder/file: "), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert!(matches!(TraceConfig::new().file("/no/such/file").install(), Err(TraceError::Output(..))));
    let error = "foo".parse::<TraceFilter>().expect_err("no call");
    assert!(error.to_string().contains("\"foo\""), "{error}");
}
