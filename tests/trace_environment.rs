//! Programs as they are, traced because the environment says so. Each case runs in a process of its own: this program again,
//! with `NTWAIT_TEST_CHILD` set to what the child is to do.

#![allow(unsafe_code, reason = "children that fork, and one that does not ignore broken pipes")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

use ntwait::{AccessMask, EventType, NtStatus, ObjectAttributes, Runtime, TraceConfig, TraceError};
use std::fs;
use std::process::{Command, Output, Stdio};
use std::thread;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

const CHILD: &str = "NTWAIT_TEST_CHILD";

/// What the child's calls tell, without time and thread.
const PAIRS: [&str; 6] = [
    "CALL   NtCreateEvent(event_type=Notification, initial_state=false)",
    "RETURN NtCreateEvent() -> Ok(handle=0x4)",
    "CALL   NtSetEvent(handle=0x4)",
    "RETURN NtSetEvent() -> Ok(previous_state=0)",
    "CALL   NtClose(handle=0x4)",
    "RETURN NtClose() -> Ok(STATUS_SUCCESS)",
];

fn calls(nt: &Runtime) {
    let all = AccessMask::EVENT_ALL_ACCESS;
    let event = nt.nt_create_event(all, ObjectAttributes::NONE, EventType::NOTIFICATION, false).expect("an event");
    assert_eq!(nt.nt_set_event(event), Ok(0));
    assert_eq!(nt.nt_close(event), NtStatus::SUCCESS);
}

/// Does nothing, unless this process is such a child.
#[test]
fn child() {
    match std::env::var(CHILD).as_deref() {
        Ok("global") => calls(Runtime::global()),
        Ok("new") => calls(&Runtime::new().expect("a runtime")),
        Ok("builder") => calls(&Runtime::builder().build().expect("a runtime")),
        Ok("twice") => (0..2).for_each(|_| calls(&Runtime::new().expect("a runtime"))),
        Ok("own subscriber") => {
            TraceConfig::new().timestamps(false).thread_ids(false).stderr().install().expect("the first subscriber");
            calls(Runtime::global());
            assert!(matches!(TraceConfig::new().install(), Err(TraceError::AlreadyInstalled)));
        }
        Ok("chatty") => {
            let subscriber = tracing_subscriber::registry().with(Chatty);
            tracing::subscriber::set_global_default(subscriber).expect("the first subscriber");
            calls(Runtime::global());
        }
        Ok("fork") => {
            calls(Runtime::global());
            fork_while_others_write();
        }
        Ok("storm") => {
            // SAFETY: as in a C program, where a broken pipe ends the process.
            unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
            (0..1000).for_each(|_| calls(Runtime::global()));
        }
        _ => {}
    }
}

/// A subscriber that makes calls itself, and writes the names of those that it is told of.
struct Chatty;

impl<S: Subscriber> Layer<S> for Chatty {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        assert_eq!(Runtime::global().nt_yield_execution(), NtStatus::SUCCESS);
        eprintln!("{}", event.metadata().name());
    }
}

#[test]
fn tr3_calls_of_the_subscriber_itself_are_not_told() {
    let lines = stderr_of("chatty", &[]);
    assert_eq!(lines, ["NtCreateEvent", "NtCreateEvent", "NtSetEvent", "NtSetEvent", "NtClose", "NtClose"]);
}

/// The children of this fork make calls while threads of the parent are in the middle of lines.
fn fork_while_others_write() {
    let nt = Runtime::global();
    thread::scope(|scope| {
        let writers: Vec<_> = (0..2).map(|_| scope.spawn(|| (0..300).for_each(|_| calls(nt)))).collect();
        for _ in 0..20 {
            // SAFETY: the child runs code of this test only, and the C library's allocator survives a fork.
            let child = unsafe { libc::fork() };
            assert!(child >= 0, "a child");
            if child == 0 {
                // SAFETY: ends the child, should it hang.
                unsafe { libc::alarm(20) };
                calls(Runtime::global());
                // SAFETY: no frame of the child has anything to drop.
                unsafe { libc::_exit(0) };
            }
            let mut status = 0;
            // SAFETY: our own child, and a place for its status.
            assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
            assert_eq!(status, 0, "the child hangs or fails");
        }
        writers.into_iter().for_each(|writer| writer.join().expect("it writes"));
    });
}

/// The child that does this, with these variables.
fn command(child: &str, variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CHILD, child);
    ["NTWAIT_TRACE", "NTWAIT_TRACE_FILE", "NTWAIT_TRACE_FORMAT"].into_iter().for_each(|name| {
        command.env_remove(name);
    });
    command.envs(variables.iter().copied()).stdout(Stdio::null());
    command
}

/// What it writes to the standard error.
fn stderr_of(child: &str, variables: &[(&str, &str)]) -> Vec<String> {
    let Output { status, stderr, .. } = command(child, variables).output().expect("a child");
    let stderr = String::from_utf8(stderr).expect("text");
    assert!(status.success(), "{child} {variables:?}: {status}\n{stderr}");
    stderr.lines().map(String::from).collect()
}

/// A line of text without time and thread.
fn bare(line: &str) -> &str {
    line.splitn(3, "] ").last().unwrap_or(line)
}

#[test]
fn whoever_makes_the_first_runtime_the_calls_are_traced() {
    for child in ["global", "new", "builder"] {
        let lines = stderr_of(child, &[("NTWAIT_TRACE", "all")]);
        assert_eq!(lines.iter().map(|line| bare(line)).collect::<Vec<_>>(), PAIRS, "{child}");
        assert!(lines[0].starts_with("[20") && lines[0].contains("] [TID:"), "{}", lines[0]);
    }
    assert_eq!(stderr_of("twice", &[("NTWAIT_TRACE", "all")]).len(), 12);
}

#[test]
fn nothing_is_written_unless_it_is_asked_for() {
    assert_eq!(stderr_of("global", &[]), [""; 0]);
    assert_eq!(stderr_of("global", &[("NTWAIT_TRACE", "")]), [""; 0]);
    assert_eq!(stderr_of("global", &[("NTWAIT_TRACE", "timer")]), [""; 0]);
    let lines = stderr_of("global", &[("NTWAIT_TRACE", "handle,NtSet*"), ("NTWAIT_TRACE_FILE", "")]);
    assert_eq!(lines.iter().map(|line| bare(line)).collect::<Vec<_>>(), PAIRS[2..]);
}

#[test]
fn values_that_are_none_are_said_and_the_program_goes_on() {
    let rows: [(&[(&str, &str)], &str); 3] = [
        (&[("NTWAIT_TRACE", "all,foo")], "\"foo\" in the filter names no call"),
        (&[("NTWAIT_TRACE", "all"), ("NTWAIT_TRACE_FORMAT", "xml")], "the format \"xml\" is neither text nor json"),
        (&[("NTWAIT_TRACE", "all"), ("NTWAIT_TRACE_FILE", "/no/such/file")], "cannot open /no/such/file: "),
    ];
    for (variables, expected) in rows {
        let lines = stderr_of("global", variables);
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert!(line.starts_with("ntwait: NTWAIT_TRACE: ") && line.contains(expected), "{line}");
        assert!(line.ends_with("; calls are not traced"), "{line}");
    }
}

#[test]
fn a_subscriber_of_the_programs_own_stays() {
    assert_eq!(stderr_of("own subscriber", &[("NTWAIT_TRACE", "timer")]), PAIRS);
}

#[test]
fn lines_of_json_go_to_the_file_and_are_added_to_it() {
    let file = std::env::temp_dir().join(format!("ntwait-environment-{}", std::process::id()));
    let path = file.to_str().expect("a path");
    let variables = [("NTWAIT_TRACE", "all"), ("NTWAIT_TRACE_FILE", path), ("NTWAIT_TRACE_FORMAT", "json")];
    for runs in 1..=2 {
        assert_eq!(stderr_of("global", &variables), [""; 0]);
        let text = fs::read_to_string(&file).expect("a file");
        let objects: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        assert_eq!(objects.len(), 6 * runs);
        assert_eq!(
            (&objects[3]["call"], &objects[3]["result"]),
            (&"NtSetEvent".into(), &"Ok(previous_state=0)".into())
        );
    }
    fs::remove_file(&file).expect("it was there");
}

/// A file that is as long as it may be loses lines; the signal that comes with it does not end the program.
#[test]
fn a_file_that_is_full_ends_nobody() {
    let file = std::env::temp_dir().join(format!("ntwait-limit-{}", std::process::id()));
    let path = file.to_str().expect("a path");
    let limited = command("fork", &[("NTWAIT_TRACE", "all"), ("NTWAIT_TRACE_FILE", path)]);
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -f 8 && exec "$0" "$@""#]).arg(limited.get_program()).args(limited.get_args());
    for (name, value) in limited.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let Output { status, stderr, .. } = shell.output().expect("a child");
    let written = fs::metadata(&file).expect("a file").len();
    fs::remove_file(&file).expect("it was there");
    assert!(status.success(), "{status} {}", String::from_utf8_lossy(&stderr));
    assert!((1..=8 * 1024).contains(&written), "{written} bytes");
}

#[test]
fn children_of_fork_go_on_into_the_same_file() {
    let file = std::env::temp_dir().join(format!("ntwait-fork-{}", std::process::id()));
    let path = file.to_str().expect("a path");
    assert_eq!(stderr_of("fork", &[("NTWAIT_TRACE", "all"), ("NTWAIT_TRACE_FILE", path)]), [""; 0]);
    let text = fs::read_to_string(&file).expect("a file");
    fs::remove_file(&file).expect("it was there");
    for line in text.lines() {
        assert!(line.starts_with('[') && (line.contains("CALL   Nt") ^ line.contains("RETURN Nt")), "{line}");
    }
    // The parent's thread, two others, twenty children.
    assert_eq!(text.lines().count(), 6 * (1 + 2 * 300 + 20));
    let mains = text.lines().filter(|line| line.contains("[TID:main] CALL   NtSetEvent")).count();
    assert_eq!(mains, 20, "who forks is the first thread of the child");
}

#[test]
fn a_full_disk_and_a_pipe_that_nobody_reads_do_not_hurt() {
    assert_eq!(stderr_of("storm", &[("NTWAIT_TRACE", "all"), ("NTWAIT_TRACE_FILE", "/dev/full")]), [""; 0]);
    let mut child = command("storm", &[("NTWAIT_TRACE", "all")]).stderr(Stdio::piped()).spawn().expect("a child");
    drop(child.stderr.take());
    assert!(child.wait().expect("its end").success());
}
