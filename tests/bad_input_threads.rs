//! Bad input to the calls about threads is an answer, not a crash: handles that are closed, stale, of another type or without rights;
//! no routine, unknown flags, other processes, absurd stacks, tables that are full.

#![allow(unsafe_code, reason = "ends threads by force")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::null_mut;

use common::nt_threads::{ALL_RIGHTS, Log, ME, NtThread};
use common::{FOREVER, Nt, Random, object, within};
use ntwait::{
    AccessMask, ClientId, CreateThreadFlags, Handle, HandleAttributes, NtStatus, ObjectAttributes, Runtime,
    StartRoutine, Thread, WaitPolicy,
};

const HERE: Handle = Handle::CURRENT_PROCESS;
const NONE: ObjectAttributes = ObjectAttributes::NONE;
const RUNNING: CreateThreadFlags = CreateThreadFlags::empty();

/// Name, call, and the rights of which one is needed.
type EntryPoint = (&'static str, fn(Nt, Handle) -> Result<(), NtStatus>, AccessMask);

/// Calls that take a thread.
const OF_THREADS: [EntryPoint; 7] = [
    ("nt_suspend_thread", |nt, thread| nt.nt_suspend_thread(thread).map(drop), AccessMask::THREAD_SUSPEND_RESUME),
    ("nt_resume_thread", |nt, thread| nt.nt_resume_thread(thread).map(drop), AccessMask::THREAD_SUSPEND_RESUME),
    ("nt_alert_thread", |nt, thread| nt.nt_alert_thread(thread).ok(), ALERT),
    ("nt_alert_resume_thread", |nt, thread| nt.nt_alert_resume_thread(thread).map(drop), SUSPEND),
    ("nt_queue_apc_thread", |nt, thread| nt.queue_note(thread, Log::new(), 0).ok(), AccessMask::THREAD_SET_CONTEXT),
    ("NtdllApi::nt_get_exit_code_thread", |nt, thread| nt.exit_code(thread).map(drop), QUERY),
    // Last: it ends the thread.
    ("nt_terminate_thread", |nt, thread| nt.kill(thread, 1).ok(), AccessMask::THREAD_TERMINATE),
];

const SUSPEND: AccessMask = AccessMask::THREAD_SUSPEND_RESUME;
const ALERT: AccessMask = AccessMask::THREAD_ALERT.union(SUSPEND);
const QUERY: AccessMask = AccessMask::THREAD_QUERY_INFORMATION.union(AccessMask::THREAD_QUERY_LIMITED_INFORMATION);

extern "C" fn nothing(_: *mut c_void) -> u32 {
    0
}

fn create(nt: Nt, process: Handle, routine: Option<StartRoutine>, stack_size: usize) -> Result<Handle, NtStatus> {
    nt.nt_create_thread_ex(ALL_RIGHTS, NONE, process, routine, null_mut(), RUNNING, stack_size)
}

/// Every call refuses the handle, with this.
#[track_caller]
fn refused_everywhere(nt: Nt, handle: Handle, status: NtStatus) {
    for (name, call, _) in OF_THREADS {
        // A null handle means the calling thread there.
        if name == "nt_terminate_thread" && handle == Handle::NULL {
            continue;
        }
        assert_eq!(call(nt, handle), Err(status), "{name}({:#x})", handle.0);
    }
}

#[test]
fn handles_that_are_none() {
    within(|| {
        let nt = Nt::new();
        let closed = nt.dead(0);
        nt.close(closed.handle);
        let garbage = [0, 1, 0x00FF_FFF0, 0x7FFF_FFFC, 1 << 32, 1 << 62, closed.handle.0, closed.handle.0 | 1 << 40];
        for handle in garbage.map(Handle).into_iter().chain([Handle(-4_i64 as u64), Handle(-5_i64 as u64)]) {
            refused_everywhere(nt, handle, NtStatus::INVALID_HANDLE);
            assert_eq!(create(nt, handle, Some(StartRoutine::C(nothing)), 0), Err(NtStatus::INVALID_HANDLE));
        }
        let witness = nt.suspended(|| 5);
        let mut random = Random::new(0xBAD);
        for _ in 0..5_000 {
            let handle = Handle(random.next() << random.below(11));
            if handle.0 >> 2 != witness.handle.0 >> 2 {
                refused_everywhere(nt, handle, NtStatus::INVALID_HANDLE);
            }
        }
        assert_eq!((witness.resume(), witness.join()), (1, 5));
    });
}

#[test]
fn handles_of_other_types() {
    within(|| {
        let nt = Nt::new();
        let (event, process) = (nt.auto(true), nt.process(AccessMask::PROCESS_ALL_ACCESS));
        let thread = nt.suspended(|| 0);
        for other in [event, process, HERE] {
            refused_everywhere(nt, other, NtStatus::OBJECT_TYPE_MISMATCH);
        }
        for other in [event, thread.handle, ME] {
            let refused = create(nt, other, Some(StartRoutine::C(nothing)), 0);
            assert_eq!(refused, Err(NtStatus::OBJECT_TYPE_MISMATCH));
        }
        assert_eq!((nt.look(event).state, thread.resume(), thread.join()), (1, 1, 0));
    });
}

/// Each call needs one of its rights, and none of the others.
#[test]
fn handles_without_rights() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.suspended(|| 0);
        for (name, call, rights) in OF_THREADS {
            assert_eq!(call(nt, nt.without(thread.handle, rights)), Err(NtStatus::ACCESS_DENIED), "{name}");
        }
        assert_eq!(thread.resume(), 1);
        for (name, call, rights) in OF_THREADS {
            let target = nt.suspended(|| 0);
            for right in rights.iter() {
                assert_eq!(call(nt, nt.with_rights(target.handle, right)), Ok(()), "{name} {right:?}");
            }
            target.kill(0);
            target.join();
        }
        thread.join();
    });
}

/// No routine, flags and attributes that there are not: nothing is made.
#[test]
fn arguments_of_creation() {
    within(|| {
        let nt = Nt::new();
        assert_eq!(create(nt, HERE, None, 0), Err(NtStatus::INVALID_PARAMETER));
        assert_eq!(create(nt, HERE, None, usize::MAX), Err(NtStatus::INVALID_PARAMETER));
        let routine = Some(StartRoutine::C(nothing));
        let with = |access, attributes, flags| {
            nt.nt_create_thread_ex(access, ObjectAttributes::new(attributes), HERE, routine, null_mut(), flags, 0)
        };
        for bits in [2, 8, 0x10, 0x80, 1 << 31, u32::MAX] {
            let flags = CreateThreadFlags::from_bits_retain(bits);
            let refused = with(ALL_RIGHTS, HandleAttributes::empty(), flags);
            assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER), "{bits:#x}");
        }
        let both = HandleAttributes::EXCLUSIVE | HandleAttributes::INHERIT;
        let unknown = HandleAttributes::from_bits_retain(1 << 20);
        for attributes in [both, unknown, HandleAttributes::PROTECT_CLOSE] {
            assert_eq!(with(ALL_RIGHTS, attributes, RUNNING), Err(NtStatus::INVALID_PARAMETER), "{attributes:?}");
        }
        let privileged = AccessMask::ACCESS_SYSTEM_SECURITY;
        assert_eq!(with(privileged, HandleAttributes::empty(), RUNNING), Err(NtStatus::PRIVILEGE_NOT_HELD));
        assert_eq!(with(ALL_RIGHTS, HandleAttributes::PERMANENT, RUNNING), Err(NtStatus::PRIVILEGE_NOT_HELD));
        // A handle without any rights is a handle (H30).
        let blind = with(AccessMask::empty(), HandleAttributes::empty(), RUNNING).expect("a thread");
        refused_everywhere(nt, blind, NtStatus::ACCESS_DENIED);
        assert_eq!(nt.one(blind, FOREVER), NtStatus::ACCESS_DENIED);
        nt.close(blind);
        let client = ClientId { process: 0, thread: nt.current_thread_id().expect("an id") };
        let opened = nt.nt_open_thread(privileged, NONE, client);
        assert_eq!(opened, Err(NtStatus::PRIVILEGE_NOT_HELD));
        assert_eq!(
            nt.nt_open_thread(ALL_RIGHTS, ObjectAttributes::new(both), client),
            Err(NtStatus::INVALID_PARAMETER)
        );
    });
}

/// Stacks that no machine has are NO_MEMORY; small ones are rounded up.
#[test]
fn absurd_stacks() {
    within(|| {
        let nt = Nt::new();
        let routine = Some(StartRoutine::C(nothing));
        for absurd in [usize::MAX, usize::MAX - 1, usize::MAX - 65_536, isize::MAX as usize, 1 << 50, 1 << 62] {
            assert_eq!(create(nt, HERE, routine, absurd), Err(NtStatus::NO_MEMORY), "{absurd:#x}");
            let typed = Thread::builder().runtime(nt.0).stack_size(absurd).spawn(|| 1);
            assert_eq!(typed.map(drop), Err(NtStatus::NO_MEMORY), "{absurd:#x}");
        }
        for small in [1, 4_095, 4_096, 4_097, 65_535, 65_537, 1 << 20] {
            let thread = create(nt, HERE, routine, small).expect("a thread");
            assert_eq!(nt.one(thread, FOREVER), object(0));
            nt.close(thread);
        }
    });
}

/// A full table refuses threads and leaves nothing of them; those that are there can be handled.
#[test]
fn full_table() {
    within(|| {
        let builder = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).max_handles(4_096);
        let nt = Nt(builder.build().expect("a runtime").leak());
        let go = nt.manual(false);
        let thread = nt.blocked(move || nt.one(go, FOREVER).0);
        for _ in 0..3 {
            let mut events = Vec::new();
            while let Ok(event) = nt.nt_create_event(AccessMask::EVENT_ALL_ACCESS, NONE, common::AUTO, false) {
                events.push(event);
            }
            for _ in 0..200 {
                let refused = create(nt, HERE, Some(StartRoutine::C(nothing)), 0);
                assert_eq!(refused, Err(NtStatus::INSUFFICIENT_RESOURCES));
                let typed = Thread::builder().runtime(nt.0).spawn(|| 1);
                assert_eq!(typed.map(drop), Err(NtStatus::INSUFFICIENT_RESOURCES));
            }
            assert_eq!((thread.suspend(), thread.resume()), (0, 1));
            events.into_iter().for_each(|event| nt.close(event));
            assert_eq!(nt.dead(3).join(), 3);
        }
        nt.set(go);
        assert_eq!(NtThread::join(thread), 0);
    });
}
