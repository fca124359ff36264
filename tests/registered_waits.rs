//! Registered waits: facts T32 and T33, one thread for all of them, and that no signal is lost or answered twice.

#![allow(unsafe_code, reason = "callbacks with a pointer")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
#[path = "registered_waits/ends.rs"]
mod ends;
#[path = "registered_waits/many.rs"]
mod many;

use core::ffi::c_void;
use core::ptr::{self, null_mut};
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::{Mutex, mpsc};
use std::time::Instant;

use common::nt_threads::until;
use common::{AUTO, FOREVER, FULL, Nt, POLL, within};
use ntwait::{
    AccessMask, Fired, Handle, NtStatus, ObjectAttributes, RegisteredWait, WaitCallback, WaitFlags, WaitHandle,
};

const FOR_EVER: u32 = u32::MAX;
const SERIAL: WaitFlags = WaitFlags::IN_WAIT_THREAD;
const ONCE: WaitFlags = WaitFlags::ONLY_ONCE;
const WORKER: WaitFlags = WaitFlags::empty();
/// `INVALID_HANDLE_VALUE`.
const WAIT: Handle = Handle::CURRENT_PROCESS;

/// What a callback has seen.
#[derive(Default)]
struct Seen {
    objects: AtomicU32,
    timed_out: AtomicU32,
    thread: AtomicUsize,
}

impl Seen {
    fn new() -> &'static Seen {
        Box::leak(Box::default())
    }

    fn counts(&self) -> (u32, u32) {
        (self.objects.load(Ordering::SeqCst), self.timed_out.load(Ordering::SeqCst))
    }

    fn context(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    #[track_caller]
    fn wait_for(&self, objects: u32) {
        until("the callbacks have come", || self.counts().0 == objects);
    }
}

/// A number that only this thread has.
fn me() -> usize {
    usize::try_from(rustix::thread::gettid().as_raw_nonzero().get()).expect("a positive number")
}

extern "C" fn count(seen: *mut c_void, timed_out: u8) {
    // SAFETY: the tests register what lives for ever.
    let seen = unsafe { &*seen.cast::<Seen>() };
    seen.thread.store(me(), Ordering::SeqCst);
    if timed_out == 0 { &seen.objects } else { &seen.timed_out }.fetch_add(1, Ordering::SeqCst);
}

#[cfg(target_arch = "x86_64")]
extern "win64" fn count_win64(seen: *mut c_void, timed_out: u8) {
    count(seen, timed_out);
}

const COUNT: Option<WaitCallback> = Some(WaitCallback::C(count));

impl Nt {
    #[track_caller]
    fn register_count(self, object: Handle, seen: &'static Seen, milliseconds: u32, flags: WaitFlags) -> WaitHandle {
        self.register_wait_for_single_object(object, COUNT, seen.context(), milliseconds, flags).expect("registered")
    }

    #[track_caller]
    fn on(self, object: Handle, flags: WaitFlags, closure: impl FnMut(Fired) + Send + 'static) -> RegisteredWait {
        self.register_wait(object, None, flags, closure).expect("registered")
    }

    #[track_caller]
    fn unregistered(self, wait: WaitHandle) {
        assert_eq!(self.unregister_wait_ex(wait, WAIT), NtStatus::SUCCESS);
    }
}

/// One callback for each set, with the context and not as a time-out; of either convention, in worker or wait thread.
#[test]
fn one_callback_for_each_set() {
    within(|| {
        let nt = Nt::new();
        let callbacks = [
            COUNT,
            #[cfg(target_arch = "x86_64")]
            Some(WaitCallback::Win64(count_win64)),
        ];
        for callback in callbacks {
            for flags in [WORKER, SERIAL, WaitFlags::LONG_FUNCTION, WaitFlags::all() - ONCE] {
                let (event, seen) = (nt.auto(false), Seen::new());
                let wait = nt.register_wait_for_single_object(event, callback, seen.context(), FOR_EVER, flags);
                for round in 1..50 {
                    nt.set(event);
                    seen.wait_for(round);
                }
                assert_eq!(seen.counts(), (49, 0));
                assert_ne!(seen.thread.load(Ordering::SeqCst), me());
                nt.unregistered(wait.expect("registered"));
                assert_eq!(nt.set(event), 0);
                assert_eq!((nt.one(event, POLL), seen.counts()), (NtStatus::WAIT_0, (49, 0)), "nobody takes it");
            }
        }
    });
}

/// An object that is signalled when it is registered fires at once; once means once; the handle stays good until then.
#[test]
fn once_means_once() {
    within(|| {
        let nt = Nt::new();
        for flags in [ONCE, ONCE | SERIAL] {
            let (event, seen) = (nt.manual(true), Seen::new());
            let wait = nt.register_count(event, seen, FOR_EVER, flags);
            seen.wait_for(1);
            nt.unregistered(wait);
            assert_eq!(seen.counts(), (1, 0));
            assert_eq!(nt.unregister_wait(wait), NtStatus::INVALID_HANDLE);
        }
    });
}

/// A manual-reset event that stays set fires again and again, until it is reset.
#[test]
fn manual_reset_fires_while_it_is_set() {
    within(|| {
        let nt = Nt::new();
        for flags in [WORKER, SERIAL] {
            let (event, seen) = (nt.manual(false), Seen::new());
            let wait = nt.register_count(event, seen, FOR_EVER, flags);
            nt.set(event);
            until("it fires a hundred times", || seen.counts().0 > 100);
            nt.reset(event);
            nt.unregistered(wait);
            let count = seen.counts();
            nt.set(event);
            assert_eq!(seen.counts(), count);
        }
    });
}

/// A semaphore's count is taken one by one, a thread's end fires, a mutant is refused.
#[test]
fn other_objects() {
    within(|| {
        let nt = Nt::new();
        let semaphore = nt.nt_create_semaphore(AccessMask::from_bits_retain(0x1F_0003), ObjectAttributes::NONE, 3, 100);
        let (semaphore, seen) = (semaphore.expect("a semaphore"), Seen::new());
        let wait = nt.register_count(semaphore, seen, FOR_EVER, WORKER);
        seen.wait_for(3);
        assert!(nt.nt_release_semaphore(semaphore, 40).is_ok());
        seen.wait_for(43);
        nt.unregistered(wait);
        let (thread, seen) = (nt.suspended(|| 0), Seen::new());
        let wait = nt.register_count(thread.handle, seen, FOR_EVER, ONCE);
        thread.resume();
        seen.wait_for(1);
        nt.unregistered(wait);
        let mutant = nt.nt_create_mutant(AccessMask::from_bits_retain(0x1F_0001), ObjectAttributes::NONE, false);
        let refused = nt.register_wait_for_single_object(
            mutant.expect("a mutant"),
            COUNT,
            Seen::new().context(),
            FOR_EVER,
            WORKER,
        );
        assert_eq!(refused, Err(NtStatus::NOT_SUPPORTED));
    });
}

/// What is not right is refused, and leaves nothing behind.
#[test]
fn bad_input() {
    within(|| {
        let nt = Nt::new();
        let event = nt.auto(false);
        let at_rest = nt.references(event);
        let weak = nt.duplicate(event, FULL - AccessMask::SYNCHRONIZE).expect("a duplicate");
        let context = Seen::new().context();
        let rows = [
            (Handle::NULL, COUNT, WORKER, NtStatus::INVALID_HANDLE),
            (Handle::CURRENT_PROCESS, COUNT, WORKER, NtStatus::INVALID_HANDLE),
            (Handle::CURRENT_THREAD, COUNT, WORKER, NtStatus::INVALID_HANDLE),
            (Handle(0xFFF_FFF0), COUNT, WORKER, NtStatus::INVALID_HANDLE),
            (weak, COUNT, WORKER, NtStatus::ACCESS_DENIED),
            (event, None, WORKER, NtStatus::INVALID_PARAMETER),
            (event, COUNT, WaitFlags::from_bits_retain(0x200), NtStatus::INVALID_PARAMETER),
            (event, COUNT, WaitFlags::from_bits_retain(0x8000), NtStatus::INVALID_PARAMETER),
        ];
        for (object, callback, flags, status) in rows {
            let refused = nt.register_wait_for_single_object(object, callback, context, FOR_EVER, flags);
            assert_eq!(refused, Err(status), "{object:?} {flags:?}");
        }
        nt.close(weak);
        assert_eq!(nt.references(event), at_rest);
        // T32, and handles that never were.
        let wait = nt.register_count(event, Seen::new(), FOR_EVER, WORKER);
        assert!(nt.references(event) > at_rest);
        for wrong in [0, 1, 4, 1 << 32, wait.0 + 1, wait.0 + 4, wait.0 + (1 << 32), u64::MAX] {
            assert_eq!(nt.unregister_wait(WaitHandle(wrong)), NtStatus::INVALID_HANDLE, "{wrong:#x}");
        }
        assert_eq!(Nt::new().unregister_wait(wait), NtStatus::INVALID_HANDLE, "of another runtime");
        let no_modify = nt.duplicate(event, AccessMask::SYNCHRONIZE).expect("a duplicate");
        let process = nt.process(AccessMask::SYNCHRONIZE);
        for (completion, status) in [
            (no_modify, NtStatus::ACCESS_DENIED),
            (process, NtStatus::OBJECT_TYPE_MISMATCH),
            (Handle(0xFFF_FFF0), NtStatus::INVALID_HANDLE),
        ] {
            assert_eq!(nt.unregister_wait_ex(wait, completion), status);
        }
        nt.close(no_modify);
        nt.unregistered(wait);
        assert_eq!(nt.references(event), at_rest);
    });
}

/// The time-out of each registration: a callback that says so, and then the time runs anew; nothing is taken.
#[test]
fn time_outs() {
    within(|| {
        let nt = Nt::new();
        let start = Instant::now();
        let all: Vec<_> = [20_u32, 5, 10, FOR_EVER]
            .into_iter()
            .flat_map(|span| [WORKER, SERIAL, ONCE].map(|flags| (span, flags)))
            .map(|(span, flags)| {
                let seen = Seen::new();
                (span, flags, seen, nt.register_count(nt.auto(false), seen, span, flags))
            })
            .collect();
        until("all have timed out", || {
            all.iter().all(|(span, flags, seen, _)| {
                *span == FOR_EVER || seen.counts().1 >= if flags.contains(ONCE) { 1 } else { 4 }
            })
        });
        assert!(start.elapsed() >= Duration::from_millis(80), "not too early");
        for (span, flags, seen, wait) in all {
            nt.unregistered(wait);
            let (objects, timed_out) = seen.counts();
            assert_eq!(objects, 0);
            assert!(span != FOR_EVER || timed_out == 0);
            assert!(!flags.contains(ONCE) || timed_out <= 1);
            assert!(u128::from(timed_out) * u128::from(span) <= start.elapsed().as_millis());
        }
        // A signal begins the time anew; zero is a look.
        let (event, seen) = (nt.auto(false), Seen::new());
        let wait = nt.register_count(event, seen, 0, ONCE);
        until("it has looked", || seen.counts() == (0, 1));
        nt.unregistered(wait);
        let seen = Seen::new();
        let wait = nt.register_count(event, seen, 60_000, WORKER);
        (1..100).for_each(|round| {
            nt.set(event);
            seen.wait_for(round);
        });
        nt.unregistered(wait);
        assert_eq!(seen.counts(), (99, 0));
    });
}

/// T33: callbacks in the wait thread run one after the other in one thread; one that is slow holds none of the workers' up.
#[test]
fn t33_serially_in_the_wait_thread() {
    within(|| {
        static INSIDE: AtomicU32 = AtomicU32::new(0);
        let nt = Nt::new();
        let threads: &Mutex<Vec<usize>> = Box::leak(Box::default());
        let events: Vec<_> = (0..100).map(|_| nt.auto(false)).collect();
        let waits: Vec<_> = events
            .iter()
            .map(|event| {
                nt.on(*event, SERIAL, move |_| {
                    assert_eq!(INSIDE.fetch_add(1, Ordering::SeqCst), 0, "one at a time");
                    threads.lock().expect("the threads").push(me());
                    std::thread::yield_now();
                    INSIDE.fetch_sub(1, Ordering::SeqCst);
                })
            })
            .collect();
        for round in 1..20 {
            events.iter().for_each(|event| assert_eq!(nt.set(*event), 0));
            until("all have come", || threads.lock().expect("the threads").len() == round * 100);
        }
        drop(waits);
        let mut threads = core::mem::take(&mut *threads.lock().expect("the threads"));
        threads.dedup();
        assert_eq!(threads.len(), 1, "one thread");
    });
}

/// Workers: callbacks that wait for each other do not stand in each other's way, long ones at once, others after a while.
#[test]
fn workers_grow() {
    within(|| {
        let nt = Nt::new();
        for flags in [WORKER, WaitFlags::LONG_FUNCTION] {
            const MANY: usize = 20;
            let barrier: &std::sync::Barrier = Box::leak(Box::new(std::sync::Barrier::new(MANY + 1)));
            let go = nt.manual(true);
            let meet = move |_| {
                barrier.wait();
            };
            let waits: Vec<_> = (0..MANY).map(|_| nt.on(go, flags | ONCE, meet)).collect();
            barrier.wait();
            drop(waits);
        }
    });
}

/// A registered wait stands in the queue with the threads: first come, first served.
#[test]
fn first_come_first_served() {
    within(|| {
        let nt = Nt::new();
        let (event, seen) = (nt.auto(false), Seen::new());
        let before = common::Worker::blocked(move || nt.one(event, FOREVER));
        let wait = nt.register_count(event, seen, FOR_EVER, ONCE);
        let after = common::Worker::blocked(move || nt.one(event, FOREVER));
        nt.set(event);
        assert_eq!((before.join(), seen.counts()), (NtStatus::WAIT_0, (0, 0)));
        nt.set(event);
        seen.wait_for(1);
        assert!(after.is_blocked());
        nt.set(event);
        assert_eq!(after.join(), NtStatus::WAIT_0);
        nt.unregistered(wait);
        // A pulse reaches it, too.
        let (event, seen) = (nt.event(AUTO, false), Seen::new());
        let wait = nt.register_count(event, seen, FOR_EVER, WORKER);
        (1..50).for_each(|round| {
            until("it waits again", || {
                nt.pulse(event);
                seen.counts().0 >= round
            });
        });
        nt.unregistered(wait);
        // In a wait-all's queue as well.
        let (both, seen) = ([nt.auto(false), nt.auto(false)], Seen::new());
        let wait = nt.register_count(both[0], seen, FOR_EVER, ONCE);
        let all = common::Worker::blocked(move || nt.all(&both, FOREVER));
        nt.set(both[0]);
        seen.wait_for(1);
        nt.set(both[1]);
        assert!(all.is_blocked());
        nt.set(both[0]);
        assert_eq!(all.join(), NtStatus::WAIT_0);
        nt.unregistered(wait);
    });
}

/// A callback that asks for its own registered wait, which it is told of before it is called: it unregisters itself.
struct Told {
    nt: Nt,
    wait: AtomicU64,
    answer: AtomicU32,
}

extern "C" fn unregister_told(told: *mut c_void, _: u8) {
    // SAFETY: the test registers what lives for ever.
    let told = unsafe { &*told.cast::<Told>() };
    let wait = WaitHandle(told.wait.load(Ordering::SeqCst));
    told.answer.store(told.nt.unregister_wait(wait).0, Ordering::SeqCst);
}

/// The first callback, which comes at once, knows its registered wait; from inside it the answer is PENDING.
#[test]
fn t32_the_wait_is_told_before_its_callbacks() {
    within(|| {
        let nt = Nt::new();
        let set = nt.manual(true);
        for flags in [WORKER, SERIAL] {
            for _ in 0..100 {
                let (wait, answer) = (AtomicU64::new(0), AtomicU32::new(u32::MAX));
                let told: &'static Told = Box::leak(Box::new(Told { nt, wait, answer }));
                let callback = Some(WaitCallback::C(unregister_told));
                let context = ptr::from_ref(told).cast_mut().cast();
                let tell = |wait: WaitHandle| told.wait.store(wait.0, Ordering::SeqCst);
                let wait = nt.register_wait_for_single_object_telling(set, callback, context, FOR_EVER, flags, &tell);
                assert_eq!(wait.map(|wait| wait.0), Ok(told.wait.load(Ordering::SeqCst)));
                until("the callback", || told.answer.load(Ordering::SeqCst) != u32::MAX);
                assert_eq!(told.answer.load(Ordering::SeqCst), NtStatus::PENDING.0, "{flags:?}");
            }
        }
    });
}

/// Nothing is told of a registration that is refused.
#[test]
fn t32_nothing_is_told_of_a_wait_that_is_refused() {
    let (nt, seen) = (Nt::new(), Seen::new());
    let tell = |_: WaitHandle| panic!("there is no registered wait");
    for (object, flags) in [(Handle::NULL, WORKER), (nt.auto(true), WaitFlags::from_bits_retain(0x200))] {
        let made = nt.register_wait_for_single_object_telling(object, COUNT, seen.context(), FOR_EVER, flags, &tell);
        assert!(made.is_err());
    }
}
