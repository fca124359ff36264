//! Threads that are ended by force: facts TH2, TH3, TH7, TH8, TH20, A16, A20, F25, W39. Races are in
//! `facts_terminate_races.rs`; what a program does with it at random moments
//! is in `kill_storm.rs`.

#![allow(unsafe_code, reason = "ends threads by force")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::time::Duration;
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, TryLockError};

use common::nt_threads::{Counter, Log, ME, STILL_ACTIVE, until};
use common::wait_kinds::WAIT_KINDS;
use common::{AUTO, FOREVER, Nt, Worker, ms, object, within};
use ntwait::{AccessMask, CurrentThread, Handle, JoinError, NtStatus, Runtime, Thread, WaitPolicy};

/// A thread that computes, sleeps, reads or waits for a lock ends at once with the code, and all its waiters see it.
#[test]
fn th2_running_threads() {
    within(|| {
        let nt = Nt::new();
        let counter = Counter::new();
        static HELD: Mutex<()> = Mutex::new(());
        let held = HELD.lock().expect("not poisoned");
        let (mut reader, _writer) = std::io::pipe().expect("a pipe");
        let bodies: [Box<dyn FnOnce() -> u32 + Send>; 5] = [
            Box::new(move || counter.run()),
            Box::new(|| {
                std::thread::sleep(Duration::from_secs(1_000));
                0
            }),
            Box::new(move || u32::from(reader.read_exact(&mut [0]).is_ok())),
            Box::new(|| HELD.lock().map_or(1, |_| 0)),
            Box::new(move || nt.nt_delay_execution(false, i64::MIN).0),
        ];
        for (body, code) in bodies.into_iter().zip(99..) {
            let thread = nt.thread(body);
            until("it has begun", || !thread.has_run_nothing());
            let waiters = [(); 3].map(|()| Worker::blocked(move || nt.one(thread.handle, FOREVER)));
            assert_eq!(thread.code(), STILL_ACTIVE);
            thread.kill(code);
            waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), object(0)));
            assert_eq!(thread.join(), code);
        }
        drop(held);
    });
}

/// A thread in a wait, of any kind, suspended there or not: it leaves nothing behind. What is set afterwards stays for others.
#[test]
fn th2_w39_waiting_threads() {
    within(|| {
        let nt = Nt::new();
        for kind in WAIT_KINDS {
            for (suspended, timeout) in [(false, FOREVER), (true, FOREVER), (false, ms(60_000)), (true, ms(60_000))] {
                let scene = kind.scene(nt);
                let thread = scene.blocked(timeout);
                if suspended {
                    thread.suspend_in_wait();
                }
                thread.kill(20);
                assert_eq!(thread.end(), 20, "{}", kind.name);
                scene.assert_intact();
                assert_eq!(thread.resume(), 0);
            }
        }
    });
}

/// A thread that is queued between others: the ones before and after are served as if it had never been there.
#[test]
fn w39_in_the_middle_of_a_queue() {
    within(|| {
        let nt = Nt::new();
        for kind in WAIT_KINDS {
            let scene = kind.scene(nt);
            let threads = [(); 3].map(|()| scene.blocked(FOREVER));
            threads[1].kill(5);
            assert_eq!(threads[1].end(), 5);
            for thread in [threads[0], threads[2]] {
                scene.clear();
                scene.complete();
                // A notification event has released both.
                assert_eq!(NtStatus(thread.end()), kind.ended, "{}", kind.name);
                assert_eq!(scene.states(), scene.taken_states(), "{}", kind.name);
            }
            scene.clear();
            scene.assert_intact();
        }
    });
}

/// A suspended thread ends at once, whatever its count; one that was made suspended runs nothing, no hook either.
#[test]
fn th20_a16_suspended_threads() {
    static HOOKS: AtomicUsize = AtomicUsize::new(0);
    fn hook(_: &CurrentThread<'_>) {
        HOOKS.fetch_add(1, Ordering::SeqCst);
    }
    within(|| {
        let builder = Runtime::builder().on_thread_start(hook).on_thread_exit(hook);
        let nt = Nt(builder.build().expect("a runtime").leak());
        let log = Log::new();
        for count in [1, 2, 127] {
            let thread = nt.suspended(|| 1);
            (1..count).for_each(|before| assert_eq!(thread.suspend(), before));
            assert_eq!(nt.queue_note(thread.handle, log, 1), NtStatus::SUCCESS);
            thread.kill(count + 1_000);
            assert_eq!(thread.end(), count + 1_000);
            assert!(thread.has_run_nothing());
            assert_eq!(nt.queue_note(thread.handle, log, 2), NtStatus::UNSUCCESSFUL);
        }
        assert_eq!((HOOKS.load(Ordering::SeqCst), log.take()), (0, vec![]));
        let counter = Counter::new();
        let thread = nt.thread(move || counter.run());
        counter.assert_runs();
        assert_eq!((thread.suspend(), thread.suspend()), (0, 1));
        counter.assert_stands(|| thread.is_blocked());
        thread.kill(3);
        assert_eq!((thread.join(), HOOKS.load(Ordering::SeqCst)), (3, 1));
    });
}

/// A thread ends itself, by any handle that means it; nothing comes after the call.
#[test]
fn th2_a_thread_ends_itself() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let names: [fn(Nt) -> Handle; 3] = [|_| ME, |_| Handle::NULL, Nt::myself];
        for (name, code) in names.into_iter().zip(10..) {
            let thread = nt.thread(move || {
                let status = nt.kill(name(nt), code);
                log.add(status.0 as usize);
                1
            });
            assert_eq!((thread.join(), log.take()), (code, vec![]));
        }
        // In an APC, too.
        let clear = nt.auto(false);
        let thread = nt.blocked(move || nt.alertable(clear, FOREVER).0);
        assert_eq!(nt.queue_call(thread.handle, move || log.add(nt.kill(ME, 77).0 as usize)), NtStatus::SUCCESS);
        assert_eq!((thread.join(), log.take()), (77, vec![]));
    });
}

/// The first code stays: a second termination, and one of a dead thread, succeed and change nothing.
#[test]
fn th3_the_first_code_stays() {
    within(|| {
        let nt = Nt::new();
        let clear = nt.auto(false);
        for thread in [nt.suspended(|| 1), nt.blocked(move || nt.one(clear, FOREVER).0)] {
            (41..50).for_each(|code| thread.kill(code));
            assert_eq!(thread.end(), 41);
            thread.kill(50);
            assert_eq!(thread.join(), 41);
        }
        let dead = nt.dead(7);
        dead.kill(8);
        assert_eq!((dead.code(), dead.join()), (7, 7));
        // 259 is a code like others.
        let thread = nt.suspended(|| 1);
        thread.kill(STILL_ACTIVE);
        assert_eq!(thread.join(), STILL_ACTIVE);
    });
}

struct CountDrop(&'static AtomicUsize);

impl Drop for CountDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

static DESTRUCTORS: AtomicUsize = AtomicUsize::new(0);
static FRAMES: AtomicUsize = AtomicUsize::new(0);
static EXIT_HOOKS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static COUNTED: CountDrop = const { CountDrop(&DESTRUCTORS) };
}

/// Nothing of the thread's own clean-up is done: no thread-local destructors, no exit hook, no destructors of its frames; the locks
/// that it holds stay held. Its APCs are gone.
#[test]
fn th8_f25_a20_no_clean_up() {
    fn hook(_: &CurrentThread<'_>) {
        EXIT_HOOKS.fetch_add(1, Ordering::SeqCst);
    }
    static LOCK: Mutex<()> = Mutex::new(());
    static RUNS: AtomicBool = AtomicBool::new(false);
    within(|| {
        let nt = Nt(Runtime::builder().on_thread_exit(hook).build().expect("a runtime").leak());
        let (clear, log) = (nt.auto(false), Log::new());
        let counts = || [&DESTRUCTORS, &FRAMES, &EXIT_HOOKS].map(|count| count.load(Ordering::SeqCst));
        let body = move || {
            let _frame = CountDrop(&FRAMES);
            COUNTED.with(|_| ());
            let _held = LOCK.lock();
            nt.one(clear, FOREVER).0
        };
        let thread = nt.blocked(body);
        assert_eq!(nt.queue_note(thread.handle, log, 1), NtStatus::SUCCESS);
        thread.kill(8);
        assert_eq!((thread.join(), counts(), log.take()), (8, [0; 3], vec![]));
        assert!(matches!(LOCK.try_lock(), Err(TryLockError::WouldBlock)));
        // Those who come after it in this process are not affected: they have their own.
        for _ in 0..50 {
            nt.thread(|| COUNTED.with(|_| 0)).join();
        }
        assert_eq!(counts(), [50, 0, 50]);
        let running = nt.thread(|| {
            let _frame = CountDrop(&FRAMES);
            COUNTED.with(|_| {
                RUNS.store(true, Ordering::SeqCst);
                loop {
                    core::hint::spin_loop();
                }
            })
        });
        // Not before: registering the destructor takes memory.
        until("it has begun", || RUNS.load(Ordering::SeqCst));
        running.kill(9);
        assert_eq!((running.join(), counts()), (9, [50, 0, 50]));
    });
}

/// A closure that is queued as an APC to a thread that is terminated is never called.
#[test]
fn a20_typed_threads() {
    within(|| {
        let nt = Nt::new();
        let (clear, log) = (nt.auto(false), Log::new());
        let thread = Thread::builder().runtime(nt.0).spawn(move || nt.one(clear, FOREVER)).expect("a thread");
        let before_it_began = thread.queue_apc(|| ());
        assert_eq!(before_it_began, Ok(()));
        let suspended = Thread::builder().runtime(nt.0).suspended().spawn(move || log.add(1)).expect("a thread");
        assert_eq!(suspended.queue_apc(move || log.add(2)), Ok(()));
        for (thread, code) in [(thread.handle(), 12), (suspended.handle(), 13)] {
            assert_eq!(nt.kill(thread, code), NtStatus::SUCCESS);
        }
        assert!(matches!(thread.join(), Err(JoinError::Ended(12))));
        assert_eq!(nt.one(suspended.handle(), FOREVER), object(0));
        assert_eq!(suspended.queue_apc(move || log.add(3)), Err(NtStatus::UNSUCCESSFUL));
        // SAFETY: it has ended already.
        assert_eq!(unsafe { suspended.terminate(14) }, Ok(()));
        assert_eq!((suspended.exit_code(), log.take()), (Some(13), vec![]));
    });
}

static OVERSLEPT: AtomicUsize = AtomicUsize::new(0);
static WAITS_AT_END: Mutex<Option<(Nt, Handle)>> = Mutex::new(None);

struct WaitAtEnd;

impl Drop for WaitAtEnd {
    fn drop(&mut self) {
        let (nt, event) = WAITS_AT_END.lock().expect("not poisoned").expect("set before");
        let _ = nt.one(event, FOREVER);
        OVERSLEPT.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static WAITING: WaitAtEnd = const { WaitAtEnd };
}

/// A thread that is ending, in a thread-local destructor or in its exit hook, can be terminated there: it has the new code.
#[test]
fn th7_dying_threads() {
    static HOOK_WAITS: AtomicUsize = AtomicUsize::new(0);
    fn hook(_: &CurrentThread<'_>) {
        if HOOK_WAITS.load(Ordering::SeqCst) == 1 {
            drop(WaitAtEnd);
        }
    }
    within(|| {
        let nt = Nt(Runtime::builder()
            .wait_policy(WaitPolicy::NO_SPIN)
            .on_thread_exit(hook)
            .build()
            .expect("a runtime")
            .leak());
        let event = nt.auto(false);
        let at_rest = nt.references(event);
        *WAITS_AT_END.lock().expect("not poisoned") = Some((nt, event));
        let before = OVERSLEPT.load(Ordering::SeqCst);
        let bodies: [fn() -> u32; 2] = [|| WAITING.with(|_| 1), || 2];
        for round in 0..20 {
            HOOK_WAITS.store(round % 2, Ordering::SeqCst);
            let thread = nt.thread(bodies[round % 2]);
            until("it waits in its last steps", || nt.references(event) > at_rest);
            assert_eq!((thread.is_over(), thread.code()), (false, STILL_ACTIVE));
            thread.kill(33);
            assert_eq!(thread.join(), 33);
            assert_eq!(nt.references(event), at_rest);
            nt.set(event);
            nt.check(event, AUTO, 1);
            nt.reset(event);
        }
        assert_eq!(OVERSLEPT.load(Ordering::SeqCst), before);
        // Left alone, they end with their own codes; suspended there, they go on.
        for round in 0..4 {
            HOOK_WAITS.store(round % 2, Ordering::SeqCst);
            let thread = nt.thread(bodies[round % 2]);
            until("it waits in its last steps", || nt.references(event) > at_rest);
            assert_eq!((thread.suspend(), nt.set(event), thread.resume()), (0, 0, 1));
            assert_eq!(thread.join(), 1 + u32::from(round % 2 == 1));
        }
    });
}

/// A thread of somebody else is not ended by force; it does not notice.
#[test]
fn th2_threads_of_std() {
    within(|| {
        let nt = Nt::new();
        let go = nt.auto(false);
        let (worker, handle) = nt.foreign(move || {
            assert_eq!(nt.one(go, FOREVER), object(0));
            [nt.kill(Handle::NULL, 3), nt.kill(ME, 3)]
        });
        assert_eq!(nt.kill(handle, 2), NtStatus::NOT_SUPPORTED);
        worker.assert_blocked();
        assert_eq!(nt.exit_code(handle), Ok(STILL_ACTIVE));
        nt.set(go);
        assert_eq!(worker.join(), [NtStatus::NOT_SUPPORTED; 2]);
        assert_eq!((nt.one(handle, FOREVER), nt.kill(handle, 4)), (object(0), NtStatus::SUCCESS));
        assert_eq!(nt.exit_code(handle), Ok(0));
    });
}

/// Terminating needs THREAD_TERMINATE.
#[test]
fn th2_rights() {
    within(|| {
        let nt = Nt::new();
        let thread = nt.suspended(|| 0);
        let right = AccessMask::THREAD_TERMINATE;
        assert_eq!(nt.kill(nt.without(thread.handle, right), 1), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.kill(nt.auto(true), 1), NtStatus::OBJECT_TYPE_MISMATCH);
        assert_eq!(nt.kill(Handle(0x00FF_FFF0), 1), NtStatus::INVALID_HANDLE);
        assert!(!thread.is_over());
        assert_eq!(nt.kill(nt.with_rights(thread.handle, right), 2), NtStatus::SUCCESS);
        assert_eq!(thread.join(), 2);
    });
}
