//! Completion APCs of timers: facts T6, T11, T14 to T19, A2, A13, A19, A33, TH7.

#![allow(unsafe_code, reason = "APCs that look at their context; ending threads by force")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use common::nt_threads::{Log, ME, in_any_thread};
use common::timers::{FAR, NOTIFICATION, NOW, SYNCHRONIZATION, TIMER_TYPES, idle_apc, in_ms, noting};
use common::{FOREVER, Nt, POLL, Worker, ms, now_1601, object, trials, within};
use ntwait::{Handle, NtStatus, Runtime, Thread, TimerApc, TimerApcRoutine};

const USER_APC: NtStatus = NtStatus::USER_APC;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// The routine gets the context and the time of the expiry, in two halves; only an alertable wait makes it run.
#[test]
fn t14_arguments() {
    extern "C" fn keep(context: *mut c_void, low: u32, high: i32) {
        // SAFETY: the test passes this and waits.
        let seen = unsafe { &*context.cast::<AtomicI64>() };
        seen.store(i64::from(high) << 32 | i64::from(low), Ordering::Relaxed);
    }
    #[cfg(target_arch = "x86_64")]
    extern "win64" fn keep_win64(context: *mut c_void, low: u32, high: i32) {
        keep(context, low, high);
    }
    in_any_thread(|nt| {
        let routines = [
            TimerApcRoutine::C(keep),
            #[cfg(target_arch = "x86_64")]
            TimerApcRoutine::Win64(keep_win64),
        ];
        let (clear, timer) = (nt.auto(false), nt.timer(NOTIFICATION));
        for routine in routines {
            for due in [in_ms(2), NOW] {
                let seen = AtomicI64::new(0);
                let apc = TimerApc { routine, context: (&raw const seen).cast_mut().cast() };
                let before = now_1601();
                nt.set_timer_with(timer, due, Some(apc), 0);
                assert_eq!(nt.one(timer, FOREVER), object(0), "not alertable");
                assert_eq!(seen.load(Ordering::Relaxed), 0, "not called");
                assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
                let time = seen.load(Ordering::Relaxed);
                assert!((before..=now_1601()).contains(&time), "{before} {time}");
                assert_eq!(nt.alertable(clear, POLL), TIMEOUT, "called once");
            }
        }
    });
}

/// The call is made by the thread that set the timer, not by another that waits alertably.
#[test]
fn t14_the_thread_that_set_the_timer() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let (stop, timer) = (nt.manual(false), nt.timer(NOTIFICATION));
        let other = nt.blocked(move || nt.alertable(stop, FOREVER).0);
        nt.set_timer_with(timer, in_ms(1), noting(log, 1), 0);
        assert_eq!(nt.one(timer, FOREVER), object(0));
        other.assert_blocked();
        assert_eq!(nt.alertable(nt.auto(false), FOREVER), USER_APC);
        assert_eq!(log.take(), [1]);
        nt.set(stop);
        assert_eq!(other.join(), 0);
    });
}

/// Expiries of a thread that does not become alertable coalesce: one call, with the time of the first. Both types of timer go on.
#[test]
fn t11_t15_a33_expiries_coalesce() {
    extern "C" fn keep(context: *mut c_void, low: u32, high: i32) {
        // SAFETY: the test passes a log that lives for ever.
        let log = unsafe { &*context.cast::<Log>() };
        log.add(usize::try_from(i64::from(high) << 32 | i64::from(low)).expect("a time"));
    }
    in_any_thread(|nt| {
        for timer_type in TIMER_TYPES {
            let (log, clear) = (Log::new(), nt.auto(false));
            let (timer, clock) = (nt.timer(timer_type), nt.timer(SYNCHRONIZATION));
            let context = core::ptr::from_ref(log).cast_mut().cast();
            nt.set_timer_with(timer, NOW, Some(TimerApc { routine: TimerApcRoutine::C(keep), context }), 1);
            let first_at_latest = now_1601();
            nt.set_timer(clock, in_ms(3), 3);
            (0..5).for_each(|_| assert_eq!(nt.one(clock, FOREVER), object(0)));
            assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
            let calls = log.take();
            assert_eq!(calls.len(), 1, "many expiries, one call");
            assert!(calls[0] <= usize::try_from(first_at_latest).expect("a time"), "the first one's time");
            for _ in 0..3 {
                assert_eq!(nt.alertable(clear, FOREVER), USER_APC, "T11: it goes on");
            }
            let calls = log.take();
            assert!(calls.len() >= 3 && calls.is_sorted());
            nt.cancel(timer);
            assert_eq!(nt.alertable(clear, ms(10)), TIMEOUT);
        }
    });
}

/// The call comes after the waiters were released: whoever makes it finds that a wait of another has ended.
#[test]
fn t16_waiters_first() {
    within(|| {
        let nt = Nt::new();
        let (clear, timer) = (nt.auto(false), nt.timer(SYNCHRONIZATION));
        for _ in trials(200) {
            let waiter = Worker::blocked(move || nt.one(timer, FOREVER));
            nt.set_timer_with(timer, in_ms(1), Some(idle_apc()), 0);
            assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
            assert!(!nt.has_expired(timer), "the waiter has it");
            assert_eq!(waiter.join(), object(0));
        }
    });
}

/// A cancel, another set and the end of the timer take a call back that is queued; other calls stay in their order.
#[test]
fn t6_t18_calls_are_taken_back() {
    in_any_thread(|nt| {
        let (log, clear) = (Log::new(), nt.auto(false));
        let ways: [fn(Nt, Handle); 4] = [
            |nt, timer| assert!(nt.cancel(timer)),
            |nt, timer| assert!(nt.set_timer(timer, FAR, 0)),
            |nt, timer| {
                let other = std::thread::spawn(move || nt.set_timer(timer, NOW, 0));
                assert!(other.join().expect("the other thread"));
            },
            |nt, timer| nt.close(timer),
        ];
        for take_back in ways {
            let timer = nt.timer(NOTIFICATION);
            nt.set_timer_with(timer, NOW, noting(log, 1), 0);
            take_back(nt, timer);
            assert_eq!(nt.alertable(clear, POLL), TIMEOUT, "nothing is queued any more");
            let [before, timer, after] = [(); 3].map(|()| nt.timer(NOTIFICATION));
            for (number, timer) in [before, timer, after].into_iter().enumerate() {
                assert_eq!(nt.queue_note(ME, log, 10 + number), NtStatus::SUCCESS);
                nt.set_timer_with(timer, NOW, noting(log, number), 0);
            }
            take_back(nt, timer);
            assert_eq!(nt.alertable(clear, POLL), USER_APC);
            assert_eq!(log.take(), [10, 0, 11, 12, 2], "A2");
        }
    });
}

/// The new setting's call is the one that is made, also where another thread set the timer anew for itself.
#[test]
fn t18_the_last_setting_counts() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let (clear, timer) = (nt.auto(false), nt.timer(NOTIFICATION));
        nt.set_timer_with(timer, NOW, noting(log, 1), 0);
        let other = nt.thread(move || {
            nt.set_timer_with(timer, in_ms(1), noting(log, 2), 0);
            nt.alertable(nt.auto(false), FOREVER).0
        });
        assert_eq!(other.join(), USER_APC.0);
        assert_eq!(nt.alertable(clear, POLL), TIMEOUT);
        assert_eq!(log.take(), [2]);
    });
}

/// A thread that waits alertably for the timer itself: what is signalled when the wait begins beats the call.
#[test]
fn t19_a13_the_signal_beats_the_call() {
    in_any_thread(|nt| {
        let (log, clear) = (Log::new(), nt.auto(false));
        for timer_type in TIMER_TYPES {
            let timer = nt.timer(timer_type);
            nt.set_timer_with(timer, NOW, noting(log, 1), 0);
            assert_eq!(nt.alertable(timer, FOREVER), object(0));
            assert!(log.take().is_empty());
            assert_eq!(nt.alertable(clear, POLL), USER_APC);
            assert_eq!(log.take(), [1]);
            nt.set_timer_with(timer, in_ms(1), noting(log, 2), 0);
            assert_eq!(nt.alertable(timer, FOREVER), object(0), "T16: and the signal comes first");
            assert_eq!(nt.alertable(clear, FOREVER), USER_APC);
            assert_eq!(log.take(), [2]);
        }
    });
}

/// A call for a thread that has not begun to wait runs in its next alertable wait; one that an APC sets runs as well.
#[test]
fn a19_a_call_that_sets_the_timer_again() {
    struct Again {
        nt: Nt,
        timer: Handle,
        left: AtomicI64,
    }
    extern "C" fn again(context: *mut c_void, _low: u32, _high: i32) {
        // SAFETY: the test passes this and waits.
        let this = unsafe { &*context.cast::<Again>() };
        if this.left.fetch_sub(1, Ordering::Relaxed) > 1 {
            let apc = TimerApc { routine: TimerApcRoutine::C(again), context };
            this.nt.set_timer_with(this.timer, NOW, Some(apc), 0);
        }
    }
    in_any_thread(|nt| {
        let this = Again { nt, timer: nt.timer(SYNCHRONIZATION), left: AtomicI64::new(50) };
        again((&raw const this).cast_mut().cast(), 0, 0);
        assert_eq!(nt.alertable(nt.auto(false), FOREVER), USER_APC);
        assert_eq!(this.left.load(Ordering::Relaxed), 0, "A5: in one drain");
    });
}

/// How a thread can end.
type End = fn(Nt) -> u32;

/// When the thread that set a timer with an APC ends, however it does, the timer is cancelled; one without an APC, or one that another
/// thread has set anew, is not.
#[test]
fn t17_th7_the_end_of_the_thread_cancels() {
    within(|| {
        let nt = Nt::new();
        let ends: [(End, bool); 3] = [
            (|_| 0, false),
            // SAFETY: nothing on the stack is needed.
            (|nt| unsafe { nt.nt_terminate_thread(ME, 0) }.0, false),
            (|nt| nt.one(nt.auto(false), FOREVER).0, true),
        ];
        for (end, is_to_be_killed) in ends {
            for timer_type in TIMER_TYPES {
                let [with, periodic, queued, without, anew] = [(); 5].map(|()| nt.timer(timer_type));
                let ready = nt.auto(false);
                let thread = nt.thread(move || {
                    nt.set_timer_with(with, in_ms(400), Some(idle_apc()), 0);
                    nt.set_timer_with(periodic, in_ms(400), Some(idle_apc()), 1);
                    nt.set_timer_with(queued, NOW, Some(idle_apc()), 0);
                    nt.set_timer(without, in_ms(400), 0);
                    nt.set_timer_with(anew, in_ms(400), Some(idle_apc()), 0);
                    nt.set(ready);
                    end(nt)
                });
                assert_eq!(nt.one(ready, FOREVER), object(0));
                // Between its last words and its end; or before, for what is to be killed.
                if is_to_be_killed {
                    thread.assert_blocked();
                    thread.kill(0);
                }
                thread.end();
                assert!(nt.has_expired(queued), "the state stays");
                let late = [with, periodic].map(|timer| nt.look_at_timer(timer).0 <= 0);
                nt.set_timer(anew, in_ms(1), 0);
                assert_eq!(nt.one(without, FOREVER), object(0), "due when the others would have been");
                assert_eq!(nt.one(anew, FOREVER), object(0));
                if late == [false; 2] {
                    assert_eq!([with, periodic].map(|timer| nt.has_expired(timer)), [false; 2]);
                }
            }
        }
    });
}

/// The same for threads that the library did not make, and for those that end by a bare system call.
#[test]
fn t17_threads_of_others_and_bare_exits() {
    within(|| {
        let nt = Nt::new();
        let [foreign, bare, clock] = [(); 3].map(|()| nt.timer(SYNCHRONIZATION));
        let set = move |timer| {
            nt.set_timer_with(timer, in_ms(300), Some(idle_apc()), 20);
        };
        std::thread::spawn(move || set(foreign)).join().expect("the thread");
        let thread = nt.thread(move || {
            set(bare);
            // SAFETY: what is being tested; the thread's stack holds nothing that anyone needs.
            unsafe { libc::syscall(libc::SYS_exit, 0) };
            unreachable!()
        });
        thread.end();
        let late = [foreign, bare].map(|timer| nt.look_at_timer(timer).0 <= 0);
        nt.set_timer(clock, in_ms(330), 0);
        assert_eq!(nt.one(clock, FOREVER), object(0));
        if late == [false; 2] {
            assert_eq!([foreign, bare].map(|timer| nt.has_expired(timer)), [false; 2]);
        }
    });
}

/// Threads with timers that expire all the time end in any way at any moment, and those timers serve others at once.
#[test]
fn t17_ends_in_the_midst_of_expiries() {
    within(|| {
        let nt = Nt::new();
        let timers = [(); 8].map(|()| nt.timer(SYNCHRONIZATION));
        for trial in trials(400) {
            let thread = nt.thread(move || {
                timers.iter().for_each(|timer| {
                    nt.set_timer_with(*timer, -500, Some(idle_apc()), 1);
                });
                while nt.alertable(ME, ms(2)) == USER_APC {}
                0
            });
            match trial % 3 {
                0 => thread.kill(1),
                1 => timers.iter().for_each(|timer| {
                    nt.cancel(*timer);
                }),
                _ => timers.iter().for_each(|timer| {
                    nt.set_timer_with(*timer, -300, Some(idle_apc()), 0);
                }),
            }
            if trial % 3 != 0 {
                thread.kill(1);
            }
            thread.join();
        }
        let clear = nt.auto(false);
        while nt.alertable(clear, ms(5)) == USER_APC {}
        timers.iter().for_each(|timer| {
            nt.set_timer(*timer, in_ms(1), 0);
        });
        timers.iter().for_each(|timer| assert_eq!(nt.one(*timer, FOREVER), object(0)));
    });
}

/// A cancel from another thread that has returned is not followed by a call, whatever was under way.
#[test]
fn t6_no_call_after_a_cancel() {
    static CANCELLED: AtomicBool = AtomicBool::new(false);
    extern "C" fn check(_context: *mut c_void, _low: u32, _high: i32) {
        assert!(!CANCELLED.load(Ordering::Relaxed), "a call of a timer that was cancelled");
    }
    within(|| {
        let nt = Nt::new();
        let (clear, timer) = (nt.auto(false), nt.timer(NOTIFICATION));
        let apc = TimerApc { routine: TimerApcRoutine::C(check), context: core::ptr::null_mut() };
        for trial in trials(3_000) {
            nt.set_timer_with(timer, -i64::from(trial % 700), Some(apc), 0);
            let other = nt.thread(move || u32::from(nt.cancel(timer)));
            while nt.one(other.handle, POLL) == TIMEOUT {
                let _ = nt.alertable(clear, POLL);
            }
            CANCELLED.store(true, Ordering::Relaxed);
            assert_eq!(nt.alertable(clear, POLL), TIMEOUT, "nothing is queued");
            CANCELLED.store(false, Ordering::Relaxed);
            other.join();
        }
    });
}

/// A runtime that is dropped takes its timers along, also those with calls that are queued, while the thread lives on.
#[test]
fn a_dropped_runtime_takes_its_calls_back() {
    within(|| {
        let (nt, log) = (Nt::new(), Log::new());
        let clear = nt.auto(false);
        for _ in 0..20 {
            let runtime = Runtime::new().expect("a runtime");
            let timers = [(); 4].map(|()| common::timers::create_in(&runtime, SYNCHRONIZATION).expect("a timer"));
            for timer in timers {
                runtime.nt_set_timer(timer, -1_000, noting(log, 1), false, 1).expect("a timer that can be set");
            }
            assert_eq!(nt.alertable(clear, FOREVER), USER_APC, "they do expire");
            drop(runtime);
            log.take();
            assert_eq!(nt.alertable(clear, ms(3)), TIMEOUT);
        }
    });
}

/// A thread that a typed program made, in the process-wide runtime.
#[test]
fn t17_typed_threads() {
    within(|| {
        let nt = Nt(Runtime::global());
        let timer = nt.timer(NOTIFICATION);
        let thread = Thread::spawn(move || {
            nt.set_timer_with(timer, in_ms(300), Some(idle_apc()), 0);
        });
        thread.expect("a thread").join().expect("its end");
        let late = nt.look_at_timer(timer).0 <= 0;
        let ended = nt.one(timer, ms(400));
        assert!(late || ended == TIMEOUT);
    });
}
