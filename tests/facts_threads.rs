//! Threads as objects that end: facts TH1, TH6, TH22, TH29, W27. Their ids, handles and rights are in `facts_thread_handles.rs`; how they
//! are ended by force, in `facts_terminate.rs`; how they exit, in `facts_exit.rs`.

#![allow(unsafe_code, reason = "threads with raw parameters")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::{self, null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicU32, Ordering};

use common::nt_threads::{ALL_RIGHTS, ME, NtThread, STILL_ACTIVE, until};
use common::{FOREVER, Nt, POLL, Worker, ms, object, within};
use ntwait::{
    AccessMask, ClientId, CreateThreadFlags, Ended, Handle, INFINITE, JoinError, NtStatus, Ntdll, NtdllApi,
    ObjectAttributes, StartRoutine, Thread, Timeout, WAIT_OBJECT_0, WAIT_TIMEOUT,
};

const NONE: ObjectAttributes = ObjectAttributes::NONE;

extern "C" fn return_parameter(parameter: *mut c_void) -> u32 {
    u32::try_from(parameter.addr()).expect("a small number")
}

#[cfg(target_arch = "x86_64")]
extern "win64" fn return_parameter_win64(parameter: *mut c_void) -> u32 {
    u32::try_from(parameter.addr()).expect("a small number") + 1
}

fn create(nt: Nt, routine: StartRoutine, parameter: usize) -> Handle {
    let (me, flags) = (Handle::CURRENT_PROCESS, CreateThreadFlags::empty());
    let parameter = without_provenance_mut(parameter);
    nt.nt_create_thread_ex(ALL_RIGHTS, NONE, me, Some(routine), parameter, flags, 0).expect("a thread")
}

/// The exit code is 259 until the thread has ended, then what its routine returned; 259 too, if it did.
#[test]
fn th1_exit_codes() {
    within(|| {
        let nt = Nt::new();
        for code in [0, 1, 42, STILL_ACTIVE, 0x8000_0000, 0xC000_0005, u32::MAX] {
            let go = nt.auto(false);
            let thread = nt.suspended(move || {
                assert_eq!(nt.one(go, FOREVER), object(0));
                code
            });
            assert_eq!(thread.code(), STILL_ACTIVE, "suspended");
            thread.resume();
            thread.assert_blocked();
            assert_eq!(thread.code(), STILL_ACTIVE, "in a wait");
            nt.set(go);
            assert_eq!(thread.end(), code);
            assert_eq!((thread.code(), thread.join()), (code, code), "and for ever");
        }
    });
}

/// The parameter arrives and the result comes back, in either calling convention.
#[test]
fn th1_calling_conventions() {
    within(|| {
        let nt = Nt::new();
        let threads = [
            (create(nt, StartRoutine::C(return_parameter), 77), 77),
            #[cfg(target_arch = "x86_64")]
            (create(nt, StartRoutine::Win64(return_parameter_win64), 77), 78),
        ];
        for (thread, code) in threads {
            assert_eq!((nt.one(thread, FOREVER), nt.exit_code(thread)), (object(0), Ok(code)));
        }
    });
}

/// The ids are told before the thread runs: it finds its own where they were put.
#[test]
fn th24_ids_are_told_before_the_thread_runs() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..200 {
            let told: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
            let tell = |client: ClientId| {
                assert_eq!(client.process, nt.process_id());
                told.store(client.thread, Ordering::Relaxed);
            };
            let parameter = ptr::from_ref(told).cast_mut().cast();
            let (routine, me) = (Some(StartRoutine::C(return_told)), Handle::CURRENT_PROCESS);
            let flags = CreateThreadFlags::empty();
            let made = nt.nt_create_thread_ex_telling(ALL_RIGHTS, NONE, me, routine, parameter, flags, 0, &tell);
            let thread = made.expect("a thread");
            let id = nt.thread_id_of(thread);
            assert_eq!((nt.one(thread, FOREVER), nt.exit_code(thread)), (object(0), id));
            assert_eq!(Ok(told.load(Ordering::Relaxed)), id);
        }
    });
}

/// A thread that is refused has no ids.
#[test]
fn th24_nothing_is_told_of_a_thread_that_is_refused() {
    let (nt, me) = (Nt::new(), Handle::CURRENT_PROCESS);
    let tell = |_: ClientId| panic!("there is no thread");
    let flags = CreateThreadFlags::empty();
    let refused = nt.nt_create_thread_ex_telling(ALL_RIGHTS, NONE, me, None, null_mut(), flags, 0, &tell);
    assert_eq!(refused, Err(NtStatus::INVALID_PARAMETER));
}

extern "C" fn return_told(told: *mut c_void) -> u32 {
    // SAFETY: it lives for ever.
    unsafe { &*told.cast::<AtomicU32>() }.load(Ordering::Relaxed)
}

/// The short form that shims use.
#[test]
fn th1_the_short_form() {
    within(|| {
        let nt = Nt::new();
        let platform: &dyn NtdllApi = &Ntdll::on(nt.0);
        for stack_size in [0, 1, 65_536, 1 << 20] {
            let thread = platform.nt_create_thread(return_parameter, without_provenance_mut(5), stack_size);
            let thread = thread.expect("a thread");
            assert_eq!(platform.nt_wait_for_single_object(thread, INFINITE), Ok(WAIT_OBJECT_0));
            assert_eq!(platform.nt_wait_for_event(thread, 0), Err(NtStatus::OBJECT_TYPE_MISMATCH));
            assert_eq!(platform.nt_get_exit_code_thread(thread), Ok(5));
            platform.nt_close_handle(thread.0).expect("close");
            assert_eq!(platform.nt_get_exit_code_thread(thread), Err(NtStatus::INVALID_HANDLE));
        }
        let me = nt.myself();
        assert_eq!(platform.nt_wait_for_single_object(me, 1), Ok(WAIT_TIMEOUT));
        assert_eq!(platform.nt_get_exit_code_thread(me), Ok(STILL_ACTIVE));
        assert_eq!(platform.nt_get_exit_code_thread(ME), Ok(STILL_ACTIVE));
    });
}

/// Any number of waiters, in every kind of wait, before the end and after it.
#[test]
fn th6_w27_every_waiter_succeeds() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let thread = nt.blocked(move || nt.one(go, FOREVER).0);
        let (handle, clear, set) = (thread.handle, nt.auto(false), nt.manual(true));
        type Wait = fn(Nt, [Handle; 3], Option<i64>) -> NtStatus;
        let waits: [Wait; 6] = [
            |nt, [thread, ..], until| nt.one(thread, until),
            |nt, [thread, ..], until| nt.alertable(thread, until),
            |nt, [thread, clear, _], until| NtStatus(nt.any(&[clear, thread], until).0.wrapping_sub(1)),
            |nt, [thread, _, set], until| nt.all(&[set, thread], until),
            |nt, [thread, clear, _], until| nt.any(&[thread, thread, clear], until),
            |nt, [thread, ..], until| match nt.wait_any(&[thread], Timeout::from_nt(until)) {
                Ok(Ended::Object(0)) => NtStatus::WAIT_0,
                ended => panic!("{ended:?}"),
            },
        ];
        let waiters: Vec<_> = (0..36)
            .map(|i| {
                let wait = waits[i % waits.len()];
                Worker::blocked(move || wait(nt, [handle, clear, set], FOREVER))
            })
            .collect();
        nt.set(go);
        for waiter in waiters {
            assert_eq!(waiter.join(), object(0));
        }
        for wait in waits {
            for timeout in [POLL, ms(1), FOREVER] {
                assert_eq!(wait(nt, [handle, clear, set], timeout), object(0));
            }
        }
        assert_eq!(thread.join(), 0);
    });
}

/// A thread in a wait-all or a wait-any with events: nothing is taken before it has ended.
#[test]
fn w27_threads_among_events() {
    within(|| {
        let nt = Nt::new();
        let (go, event) = (nt.auto(false), nt.auto(true));
        let thread = nt.blocked(move || nt.one(go, FOREVER).0);
        assert_eq!(nt.any(&[thread.handle, event], POLL), object(1));
        nt.set(event);
        let all = Worker::blocked(move || nt.all(&[event, thread.handle], FOREVER));
        assert_eq!(nt.look(event).state, 1);
        nt.set(go);
        assert_eq!(all.join(), object(0));
        assert_eq!(nt.look(event).state, 0);
        assert_eq!(nt.all(&[event, thread.handle], POLL), NtStatus::TIMEOUT);
        assert_eq!(nt.any(&[event, thread.handle], POLL), object(1));
        assert_eq!(thread.join(), 0);
    });
}

/// No end of a thread is lost, however short its life: second waiters, handles closed early, threads that ended before the wait.
#[test]
fn th6_many_short_lives() {
    within(|| {
        let nt = Nt::new();
        let done = nt.auto(false);
        for code in 0..2_000 {
            let thread = nt.thread(move || code);
            match code % 4 {
                0 => assert_eq!(thread.join(), code),
                1 => {
                    let second = std::thread::spawn(move || nt.one(thread.handle, FOREVER));
                    assert_eq!((thread.end(), second.join().expect("a waiter")), (code, object(0)));
                    nt.close(thread.handle);
                }
                2 => {
                    nt.close(thread.handle); // it runs on
                    nt.thread(move || nt.set(done).unsigned_abs()).join();
                    assert_eq!(nt.one(done, FOREVER), object(0));
                }
                _ => {
                    until("it has ended", || thread.is_over());
                    assert_eq!(thread.join(), code);
                }
            }
        }
    });
}

/// Many threads alive at once, all released by one event.
#[test]
fn th6_many_at_once() {
    within(|| {
        let nt = Nt::new();
        let go = nt.manual(false);
        let threads: Vec<NtThread> = (0..300).map(|i| nt.thread(move || nt.one(go, FOREVER).0 + i)).collect();
        threads.iter().for_each(|thread| assert_eq!(thread.code(), STILL_ACTIVE));
        nt.set(go);
        for (thread, code) in threads.into_iter().zip(0..) {
            assert_eq!(thread.join(), code);
        }
    });
}

/// The object lives on in a duplicate, and in a wait, when the first handle is closed.
#[test]
fn th6_handles_come_and_go() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let thread = nt.blocked(move || nt.one(go, FOREVER).0 + 6);
        let other = nt.duplicate(thread.handle, ALL_RIGHTS).expect("a duplicate");
        assert_eq!(nt.nt_compare_objects(thread.handle, other), NtStatus::SUCCESS);
        let waiter = Worker::blocked(move || nt.one(thread.handle, FOREVER));
        nt.close(thread.handle);
        assert_eq!(nt.exit_code(thread.handle), Err(NtStatus::INVALID_HANDLE));
        assert_eq!(nt.exit_code(other), Ok(STILL_ACTIVE));
        nt.set(go);
        assert_eq!((waiter.join(), nt.one(other, FOREVER), nt.exit_code(other)), (object(0), object(0), Ok(6)));
        // No handle at all is left while the thread runs and somebody waits for it.
        let lonely = nt.blocked(move || nt.one(go, FOREVER).0);
        let waiter = Worker::blocked(move || nt.any(&[go, lonely.handle], FOREVER));
        nt.close(lonely.handle);
        nt.set(go);
        assert_eq!(waiter.join(), object(1));
    });
}

/// Flags 1 and 4 are known, others are refused.
#[test]
fn th29_flags() {
    within(|| {
        let nt = Nt::new();
        for bits in 0..=u32::from(u8::MAX) {
            let flags = CreateThreadFlags::from_bits_retain(bits);
            let (me, routine) = (Handle::CURRENT_PROCESS, Some(StartRoutine::C(return_parameter)));
            let created = nt.nt_create_thread_ex(ALL_RIGHTS, NONE, me, routine, null_mut(), flags, 0);
            if bits & !5 != 0 {
                assert_eq!(created, Err(NtStatus::INVALID_PARAMETER), "{bits:#x}");
                continue;
            }
            let thread = created.expect("a thread");
            assert_eq!(nt.nt_resume_thread(thread), Ok(bits & 1));
            assert_eq!(nt.one(thread, FOREVER), object(0));
        }
    });
}

/// A thread of the typed face returns a value; what unwinds it comes back too.
#[test]
fn th1_typed_threads() {
    within(|| {
        let nt = Nt::new();
        let spawn = |body: fn() -> String| Thread::builder().runtime(nt.0).spawn(body).expect("a thread");
        let thread = spawn(|| "forty-two".to_owned());
        let id = thread.id();
        assert!(id % 4 == 0 && id > 0);
        assert_eq!(ntwait::wait_any(&[&thread], Timeout::Never), Ok(Ended::Object(0)));
        assert_eq!((thread.exit_code(), thread.join().expect("a value")), (Some(0), "forty-two".to_owned()));
        let thread = spawn(|| std::panic::resume_unwind(Box::new("this is meant")));
        assert_eq!(nt.one(thread.handle(), FOREVER), object(0));
        assert_eq!(thread.exit_code(), Some(101));
        match thread.join() {
            Err(JoinError::Panicked(payload)) => assert_eq!(payload.downcast_ref(), Some(&"this is meant")),
            other => panic!("{other:?}"),
        }
        let go = nt.auto(false);
        let thread = Thread::builder().runtime(nt.0).spawn(move || nt.one(go, FOREVER)).expect("a thread");
        assert_eq!(thread.exit_code(), None);
        let watch = nt.with_rights(thread.handle(), AccessMask::SYNCHRONIZE);
        drop(thread);
        assert_eq!(nt.one(watch, POLL), NtStatus::TIMEOUT, "it runs on");
        nt.set(go);
        assert_eq!(nt.one(watch, FOREVER), object(0));
    });
}

/// A thread has the stack that was asked for.
#[test]
fn th22_stack_sizes() {
    #[inline(never)]
    fn deep(kilobytes: usize) -> usize {
        let mut page = [0_u8; 1024];
        core::hint::black_box(&mut page);
        if kilobytes == 0 { 0 } else { 1 + deep(kilobytes - 1) + usize::from(page[0]) }
    }
    within(|| {
        let nt = Nt::new();
        for (asked, used) in [(0, 512), (8 << 20, 5 << 10), (32 << 20, 20 << 10), (1, 16), (0, 512)] {
            let thread = Thread::builder().runtime(nt.0).stack_size(asked).spawn(move || deep(used));
            assert_eq!(thread.expect("a thread").join().expect("enough stack"), used, "{asked} bytes");
        }
    });
}
