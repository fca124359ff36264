//! What an embedder has done on each thread: start and exit hooks, the user pointer, the other segment base.

#![allow(unsafe_code, reason = "the other segment base; ending threads")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use common::nt_threads::Log;
use common::{FOREVER, Nt, POLL, within};
use ntwait::{CurrentThread, NtStatus, Runtime, Thread, ThreadHook, WaitPolicy};

const START: usize = 1;
const APC: usize = 2;
const ROUTINE: usize = 3;
const EXIT: usize = 4;
const DESTRUCTOR: usize = 5;

fn with_hooks(start: ThreadHook, exit: ThreadHook) -> Nt {
    let builder = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).on_thread_start(start).on_thread_exit(exit);
    Nt(builder.build().expect("a runtime").leak())
}

static STEPS: Mutex<Vec<usize>> = Mutex::new(Vec::new());

fn step(step: usize) {
    STEPS.lock().expect("the steps").push(step);
}

fn steps() -> Vec<usize> {
    core::mem::take(&mut *STEPS.lock().expect("the steps"))
}

struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        step(DESTRUCTOR);
    }
}

thread_local! {
    static AT_END: AtEnd = const { AtEnd };
}

/// In this order: start hook, APCs that were queued before, routine, exit hook, thread-local destructors, signalled.
#[test]
fn a19_th7_the_order_of_things() {
    within(|| {
        let nt = with_hooks(|_| step(START), |_| step(EXIT));
        for _ in 0..30 {
            let thread = nt.suspended(|| {
                AT_END.with(|_| step(ROUTINE));
                8
            });
            assert_eq!(nt.queue_call(thread.handle, || step(APC)), NtStatus::SUCCESS);
            assert!(steps().is_empty());
            assert_eq!(thread.resume(), 1);
            assert_eq!(thread.join(), 8);
            assert_eq!(steps(), [START, APC, ROUTINE, EXIT, DESTRUCTOR]);
        }
        // Not on the threads of others, whatever they do, nor in other runtimes.
        std::thread::spawn(move || nt.myself()).join().expect("a thread");
        assert_eq!(Nt::new().dead(3).join(), 3);
        assert!(steps().is_empty());
        // A panic is a way out like others.
        let panics = || AT_END.with(|_| std::panic::resume_unwind(Box::new(())));
        assert!(Thread::builder().runtime(nt.0).spawn(panics).expect("a thread").join().is_err());
        assert_eq!(steps(), [START, EXIT, DESTRUCTOR]);
    });
}

static POINTERS: Mutex<Vec<(u32, usize)>> = Mutex::new(Vec::new());

/// The user pointer is the thread's own: 0 at first, seen by its exit hook, gone with it. The id is that of the calls.
#[test]
fn th24_user_pointer_and_id() {
    fn start(thread: &CurrentThread<'_>) {
        assert_eq!(thread.user_pointer(), 0);
        thread.set_user_pointer(thread.id() as usize * 1_000);
    }
    fn exit(thread: &CurrentThread<'_>) {
        let mut pointers = POINTERS.lock().expect("the pointers");
        pointers.push((thread.id(), thread.user_pointer()));
        thread.set_user_pointer(1);
    }
    within(|| {
        let nt = with_hooks(start, exit);
        let threads: Vec<_> = (0..50).map(|_| nt.thread(move || nt.current_thread_id().expect("an id"))).collect();
        let mut ids: Vec<u32> = threads.into_iter().map(|thread| thread.join()).collect();
        let mut seen = core::mem::take(&mut *POINTERS.lock().expect("the pointers"));
        ids.sort_unstable();
        seen.sort_unstable();
        assert_eq!(seen, Vec::from_iter(ids.into_iter().map(|id| (id, id as usize * 1_000))));
    });
}

static WAITING: OnceLock<(Nt, ntwait::Handle, &'static Log)> = OnceLock::new();

/// Hooks may wait, alertably too, and be suspended there like any code of the thread.
#[test]
fn a19_hooks_may_wait() {
    fn start(_: &CurrentThread<'_>) {
        let (nt, event, log) = *WAITING.get().expect("set before");
        log.add(nt.alertable(event, FOREVER).0 as usize);
        log.add(nt.one(event, FOREVER).0 as usize);
    }
    within(|| {
        let nt = with_hooks(start, |_| {});
        let (event, log) = (nt.auto(false), Log::new());
        WAITING.get_or_init(|| (nt, event, log));
        let at_rest = nt.references(event);
        let thread = nt.suspended(move || {
            log.add(77);
            7
        });
        assert_eq!(nt.queue_note(thread.handle, log, 12), NtStatus::SUCCESS);
        assert_eq!(thread.resume(), 1);
        // The APC ended the alertable wait; the other one goes on, over a suspension.
        common::nt_threads::until("the second wait", || nt.references(event) > at_rest);
        assert_eq!(log.take(), [12, 192]);
        assert_eq!((thread.suspend(), nt.set(event), nt.look(event).state), (0, 0, 1));
        assert_eq!(thread.resume(), 1);
        assert_eq!(thread.join(), 7);
        assert_eq!(log.take(), [0, 77]);
        assert_eq!(nt.one(event, POLL), NtStatus::TIMEOUT);
    });
}

static STARTED: AtomicUsize = AtomicUsize::new(0);
static LEFT: AtomicUsize = AtomicUsize::new(0);

/// Every thread that begins and is not terminated has both hooks, once each, whatever becomes of its handle.
#[test]
fn th7_hooks_are_paired() {
    fn count(counter: &AtomicUsize) {
        counter.fetch_add(1, Ordering::SeqCst);
    }
    within(|| {
        let nt = with_hooks(|_| count(&STARTED), |_| count(&LEFT));
        let never_ran = nt.suspended(|| 0);
        never_ran.kill(1);
        assert_eq!(never_ran.join(), 1);
        let threads: Vec<_> = (0..200).map(|code| nt.thread(move || code)).collect();
        threads.into_iter().zip(0..).for_each(|(thread, code)| assert_eq!(thread.join(), code));
        assert_eq!((STARTED.load(Ordering::SeqCst), LEFT.load(Ordering::SeqCst)), (200, 200));
    });
}

#[cfg(target_arch = "x86_64")]
mod segment_base {
    use super::*;

    const ARCH_SET_GS: usize = 0x1001;
    const ARCH_GET_GS: usize = 0x1004;

    fn set(base: usize) {
        // SAFETY: nobody else in this process uses the register.
        assert_eq!(unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, base) }, 0);
    }

    fn get() -> usize {
        let mut base = usize::MAX;
        // SAFETY: a place for the answer.
        assert_eq!(unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_GET_GS, &raw mut base) }, 0);
        base
    }

    /// The first word of the block that the register points to.
    fn first_word() -> usize {
        let word;
        // SAFETY: the base is that of a leaked block.
        unsafe { core::arch::asm!("mov {}, gs:[0]", out(reg) word, options(nostack, readonly)) };
        word
    }

    fn start(thread: &CurrentThread<'_>) {
        let block = Box::leak(Box::new([thread.id() as usize; 64]));
        set(block.as_ptr().addr());
        thread.set_user_pointer(block.as_ptr().addr());
    }

    /// A base that the start hook sets stays for the thread's life: over waits, APCs, suspensions; and is not the next one's.
    #[test]
    fn the_base_stays_and_goes_with_the_thread() {
        within(|| {
            let nt = with_hooks(start, |thread| assert_eq!(get(), thread.user_pointer()));
            let plain = Nt::new();
            let [event, clear, ready] = nt.autos();
            for _ in 0..20 {
                let thread = nt.blocked(move || {
                    let (base, id) = (get(), nt.current_thread_id().expect("an id") as usize);
                    let check = move || assert_eq!((get(), first_word()), (base, id));
                    check();
                    assert_eq!(nt.one(event, FOREVER), NtStatus::WAIT_0);
                    check();
                    assert_eq!(nt.queue_call(common::nt_threads::ME, check), NtStatus::SUCCESS);
                    assert_eq!(nt.alertable(clear, FOREVER), NtStatus::USER_APC);
                    nt.set(ready);
                    assert_eq!(nt.nt_suspend_thread(common::nt_threads::ME), Ok(0));
                    check();
                    5
                });
                thread.suspend_in_wait();
                thread.resume_into_wait();
                nt.set(event);
                assert_eq!(nt.one(ready, FOREVER), NtStatus::WAIT_0);
                thread.assert_blocked();
                assert_eq!(thread.resume(), 1);
                assert_eq!(thread.join(), 5);
                // Perhaps in the same Linux thread.
                assert_eq!(plain.thread(|| u32::from(get() == 0)).join(), 1);
            }
        });
    }

    /// Suspended while it computes, the thread has its base when it goes on.
    #[test]
    fn the_base_stays_over_suspensions_of_a_running_thread() {
        within(|| {
            let nt = with_hooks(start, |_| {});
            let counter = common::nt_threads::Counter::new();
            let thread = nt.thread(move || {
                let base = get();
                counter.run() + u32::from(get() != base)
            });
            counter.assert_runs();
            for _ in 0..200 {
                assert_eq!((thread.suspend(), thread.resume()), (0, 1));
            }
            counter.stop();
            assert_eq!(thread.join(), 7);
        });
    }
}
