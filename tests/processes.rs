//! Other processes as objects: signalled when they have ended, for ever; how they have ended; who may be asked.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]
#![allow(unsafe_code, reason = "ending a thread by force")]

mod common;

use common::nt_threads::STILL_ACTIVE;
use common::{FOREVER, Nt, POLL, Worker, ms, object, u32_at, within};
use core::time::Duration;
use ntwait::{
    AccessMask, ClientId, DuplicateOptions, Ended, Event, Handle, HandleAttributes, NtStatus, ObjectAttributes,
    ObjectName, Process, wait_any,
};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

const TIMEOUT: NtStatus = NtStatus::TIMEOUT;
const ALL: AccessMask = AccessMask::PROCESS_ALL_ACCESS;

/// A child that does this once it is told to go on.
struct Waiting {
    child: Child,
    input: Option<ChildStdin>,
}

impl Waiting {
    fn new(script: &str) -> Waiting {
        let script = format!("read line; {script}");
        let mut child = Command::new("sh").args(["-c", &script]).stdin(Stdio::piped()).spawn().expect("a shell");
        let input = child.stdin.take();
        Waiting { child, input }
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn client(&self) -> ClientId {
        ClientId { process: self.id() * 4, thread: 0 }
    }

    fn go_on(&mut self) {
        self.input.take().into_iter().for_each(|mut input| input.write_all(b"\n").expect("the child reads"));
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ways to end, each seen from before the end and after it; the program's own wait still works.
#[test]
fn table_exit_codes() {
    within(|| {
        let nt = Nt::new();
        for (script, code) in
            [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -KILL $$", 137), ("kill -TERM $$", 143)]
        {
            let mut child = Waiting::new(script);
            let process = nt.nt_open_process(ALL, ObjectAttributes::NONE, child.client()).expect("a process");
            assert_eq!(nt.one(process, POLL), TIMEOUT, "{script}");
            assert_eq!(nt.get_exit_code_process(process), Ok(STILL_ACTIVE));
            let waiters = [
                Worker::blocked(move || nt.one(process, FOREVER)),
                Worker::blocked(move || nt.all(&[process, nt.manual(true)], FOREVER)),
            ];
            child.go_on();
            waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), object(0), "{script}"));
            assert_eq!(nt.get_exit_code_process(process), Ok(code), "{script}");
            let basic = nt.process_basic_information(process).expect("the truth");
            assert_eq!(basic.unique_process_id, child.id() * 4);
            assert_eq!(basic.inherited_from_unique_process_id, nt.process_id());
            assert!(child.child.wait().is_ok(), "it can still be waited for");
            assert_eq!(nt.one(process, POLL), object(0), "for ever");
            // Linux 6.15 remembers.
            assert!([Ok(code), Err(NtStatus::NOT_SUPPORTED)].contains(&nt.get_exit_code_process(process)), "{script}");
            nt.close(process);
        }
    });
}

/// One that has ended before it is opened, as long as nobody has waited for it; and when somebody has.
#[test]
fn one_that_has_ended_already() {
    within(|| {
        let nt = Nt::new();
        let mut child = Waiting::new("exit 3");
        let watched = Process::open_in(nt.0, child.id()).expect("a process");
        child.go_on();
        watched.wait();
        let process = nt.open_process(child.id()).expect("it was not waited for");
        assert_eq!((nt.one(process, POLL), nt.get_exit_code_process(process)), (object(0), Ok(3)));
        child.child.wait().expect("a child");
        assert_eq!(nt.open_process(child.id()), Err(NtStatus::INVALID_CID));
        assert_eq!(nt.one(process, FOREVER), object(0), "who has a handle still sees it");
    });
}

/// A grandchild, whose parent does not wait for it until it is told to.
#[test]
fn one_that_is_no_child() {
    within(|| {
        let nt = Nt::new();
        // The inner shell ends when its parent's input says so, and stays a zombie for as long as the parent reads on.
        let script = "sh -c \"read line; exit 9\" <&0 & echo $!; exec sleep 1000";
        let mut parent = Command::new("sh")
            .args(["-c", &format!("exec 3<&0; {}", script.replace("<&0", "<&3"))])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell");
        let mut line = String::new();
        BufReader::new(parent.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        let process = nt.open_process(line.trim().parse().expect("a number")).expect("a process");
        assert_eq!((nt.one(process, POLL), nt.get_exit_code_process(process)), (TIMEOUT, Ok(STILL_ACTIVE)));
        let basic = nt.process_basic_information(process).expect("the truth");
        assert_eq!(basic.inherited_from_unique_process_id, parent.id() * 4);
        let waiter = Worker::blocked(move || nt.one(process, FOREVER));
        parent.stdin.take().expect("its input").write_all(b"\n").expect("somebody reads");
        assert_eq!(waiter.join(), object(0));
        assert_eq!(nt.get_exit_code_process(process), Ok(9), "a zombie of somebody else");
        parent.kill().expect("a child");
        parent.wait().expect("a child");
    });
}

/// Ids that name no process, rights that there are not, in NT's order.
#[test]
fn table_bad_input() {
    within(|| {
        let nt = Nt::new();
        let invalid = Err(NtStatus::INVALID_CID);
        for pid in [0, u32::MAX, i32::MAX.cast_unsigned(), 1 << 30, 1 << 23] {
            assert_eq!(nt.open_process(pid), invalid, "{pid}");
            assert_eq!(Process::open(pid).err(), invalid.err());
        }
        let thread = Worker::blocked(move || nt.one(nt.auto(false), ms(50)));
        assert_eq!(nt.open_process(thread.tid().cast_unsigned()), invalid, "a thread is no process");
        let child = Waiting::new("exit 0");
        let client = child.client();
        let open = |access, attributes, client| nt.nt_open_process(access, attributes, client);
        let none = ObjectAttributes::NONE;
        for client in [
            ClientId { process: 0, thread: 0 },
            ClientId { process: u32::MAX, thread: 0 },
            ClientId { process: u32::MAX - 3, thread: 0 },
            ClientId { process: client.process + 1, thread: 0 },
            ClientId { thread: 4, ..client },
            ClientId { process: nt.process_id(), thread: 3 },
            ClientId { process: nt.process_id(), thread: 0xFFFC },
        ] {
            assert_eq!(open(ALL, none, client), invalid, "{client:?}");
        }
        let name = ObjectName::win32("a name").expect("a name");
        let mixed = NtStatus::INVALID_PARAMETER_MIX;
        assert_eq!(open(ALL, ObjectAttributes::named(&name), client), Err(mixed));
        let bad = none.with(HandleAttributes::from_bits_retain(0x8000_0000));
        assert_eq!(open(ALL, bad, client), Err(NtStatus::INVALID_PARAMETER));
        assert_eq!(open(AccessMask::empty(), none, client), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(open(AccessMask::ACCESS_SYSTEM_SECURITY, none, client), Err(NtStatus::PRIVILEGE_NOT_HELD));

        let blind = open(AccessMask::SYNCHRONIZE, none, client).expect("a process");
        assert_eq!(nt.get_exit_code_process(blind), Err(NtStatus::ACCESS_DENIED));
        assert_eq!(nt.one(blind, POLL), TIMEOUT);
        let deaf = open(AccessMask::PROCESS_QUERY_LIMITED_INFORMATION, none, client).expect("a process");
        assert_eq!(nt.get_exit_code_process(deaf), Ok(STILL_ACTIVE));
        assert_eq!(nt.one(deaf, POLL), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.get_exit_code_process(nt.auto(false)), Err(NtStatus::OBJECT_TYPE_MISMATCH));
        assert_eq!(nt.get_exit_code_process(Handle::NULL), Err(NtStatus::INVALID_HANDLE));
        assert_eq!(nt.nt_set_event(deaf), Err(NtStatus::OBJECT_TYPE_MISMATCH));
    });
}

/// Class 0 byte by byte, of a child and of this process.
#[test]
fn table_queries() {
    within(|| {
        let nt = Nt::new();
        let child = Waiting::new("exit 0");
        let process = nt.open_process(child.id()).expect("a process");
        let parent = std::os::unix::process::parent_id() * 4;
        for (handle, id, parent) in
            [(process, child.id() * 4, nt.process_id()), (Handle::CURRENT_PROCESS, nt.process_id(), parent)]
        {
            let (mut bytes, mut length) = ([0xAA; 48], 0);
            assert_eq!(nt.nt_query_information_process(handle, 0, &mut bytes, Some(&mut length)), NtStatus::SUCCESS);
            assert_eq!(length, 48);
            let words: Vec<_> = (0..48).step_by(4).map(|at| u32_at(&bytes, at)).collect();
            assert_eq!(words, [STILL_ACTIVE, 0, 0, 0, 0, 0, 8, 0, id, 0, parent, 0]);
            assert_eq!(nt.get_exit_code_process(handle), Ok(STILL_ACTIVE));
        }
        let query =
            |handle, class, length: usize| nt.nt_query_information_process(handle, class, &mut vec![0; length], None);
        for class in [1, 2, 27, u32::MAX] {
            assert_eq!(query(process, class, 48), NtStatus::INVALID_INFO_CLASS);
        }
        for length in [0, 47, 49] {
            assert_eq!(query(Handle::NULL, 0, length), NtStatus::INFO_LENGTH_MISMATCH);
        }
        assert_eq!(query(Handle::NULL, 0, 48), NtStatus::INVALID_HANDLE);
        assert_eq!(query(Handle::CURRENT_THREAD, 0, 48), NtStatus::OBJECT_TYPE_MISMATCH);
    });
}

/// The process's own id is this runtime's process object, which the pseudo handle names too.
#[test]
fn ones_own_process() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.current_thread_id().expect("an id");
        let client = ClientId { process: nt.process_id(), thread };
        let me = nt.nt_open_process(ALL, ObjectAttributes::NONE, client).expect("this process");
        assert_eq!(nt.nt_compare_objects(me, Handle::CURRENT_PROCESS), NtStatus::SUCCESS);
        assert_eq!(nt.one(me, ms(1)), TIMEOUT);
        assert_eq!(nt.any(&[me, me], ms(1)), TIMEOUT);
        assert_eq!(nt.all(&[me, nt.manual(true)], ms(1)), TIMEOUT);
        let (event, options) = (nt.auto(false), DuplicateOptions::SAME_ACCESS);
        let duplicate = |process| nt.nt_duplicate_object(process, event, me, ALL, HandleAttributes::empty(), options);
        assert!(duplicate(me).is_ok());
        // Nothing is done to another process.
        let child = Waiting::new("exit 0");
        let other = nt.open_process(child.id()).expect("a process");
        assert_eq!(duplicate(other), Err(NtStatus::NOT_SUPPORTED));
        assert_eq!(nt.nt_compare_objects(me, other), NtStatus::NOT_SAME_OBJECT);
        let second = nt.open_process(child.id()).expect("a process");
        assert_eq!(nt.one(second, POLL), TIMEOUT);
    });
}

/// W35: the handle may be closed while somebody waits.
#[test]
fn w35_closed_while_somebody_waits() {
    within(|| {
        let nt = Nt::new();
        let mut child = Waiting::new("exit 0");
        let process = nt.open_process(child.id()).expect("a process");
        let waiter = Worker::blocked(move || nt.any(&[nt.auto(false), process], FOREVER));
        nt.close(process);
        assert_eq!(nt.get_exit_code_process(process), Err(NtStatus::INVALID_HANDLE));
        child.go_on();
        assert_eq!(waiter.join(), object(1));
    });
}

/// The face for Rust, with the death of a process against an event.
#[test]
fn typed() {
    within(|| {
        let mut child = Waiting::new("exit 5");
        let (stop, process) =
            (Event::manual_reset(false).expect("an event"), Process::open(child.id()).expect("a process"));
        assert_eq!(process.exit_code(), Ok(None));
        assert!(!process.wait_timeout(Duration::from_millis(1)));
        assert_eq!(wait_any(&[&stop, &process], Duration::from_millis(1)), Ok(Ended::TimedOut));
        stop.set();
        assert_eq!(wait_any(&[&process, &stop], None), Ok(Ended::Object(1)));
        child.go_on();
        process.wait();
        assert_eq!(wait_any(&[&process, &stop], None), Ok(Ended::Object(0)));
        assert_eq!(process.exit_code(), Ok(Some(5)));
    });
}
