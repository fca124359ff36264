//! What becomes of a thread's values when it ends, in every way in which it can.

use super::*;
use std::sync::mpsc;

use crate::common::nt_threads::{ALL_RIGHTS, ME};
use crate::common::{POLL, Worker};
use ntwait::{
    CreateThreadFlags, Handle, ObjectAttributes, Runtime, StartRoutine, Thread, WaitPolicy, tls_get, tls_set,
};

unsafe extern "C-unwind" {
    #[link_name = "pthread_exit"]
    fn exit_by_force(value: *mut c_void) -> !;
}

/// Makes a thread, which ends, and waits for it.
type End = fn(Nt, fn());

/// Ways in which a thread of the library ends, having done `first`. All but the last are of its own free will.
const OURS: [(&str, bool, End); 6] = [
    ("returns", true, |nt, first| {
        nt.thread(move || {
            first();
            0
        })
        .join();
    }),
    ("exits", true, |nt, first| {
        // SAFETY: nothing refers to the frames.
        let exits = move || unsafe { nt.rtl_exit_user_thread(5) }.0;
        nt.thread(move || {
            first();
            exits()
        })
        .join();
    }),
    ("leaves by pthread_exit", true, |nt, first| {
        extern "C-unwind" fn leaves(first: *mut c_void) -> u32 {
            // SAFETY: such a function, by the caller below.
            let first = unsafe { core::mem::transmute::<*mut c_void, fn()>(first) };
            first();
            // SAFETY: nothing with a destructor is in the frames.
            unsafe { exit_by_force(null_mut()) }
        }
        // SAFETY: the same machine signature; that it unwinds by force its caller knows.
        let leaves = unsafe {
            core::mem::transmute::<extern "C-unwind" fn(*mut c_void) -> u32, extern "C" fn(*mut c_void) -> u32>(leaves)
        };
        let thread = nt.nt_create_thread_ex(
            ALL_RIGHTS,
            ObjectAttributes::NONE,
            Handle::CURRENT_PROCESS,
            Some(StartRoutine::C(leaves)),
            first as *mut c_void,
            CreateThreadFlags::empty(),
            0,
        );
        assert_eq!(nt.one(thread.expect("a thread"), FOREVER), NtStatus::WAIT_0);
    }),
    ("panics", true, |nt, first| {
        let body = move || {
            first();
            std::panic::resume_unwind(Box::new(()));
        };
        assert!(Thread::builder().runtime(nt.0).spawn(body).expect("a thread").join().is_err());
    }),
    ("ends itself by force", false, |nt, first| {
        nt.thread(move || {
            first();
            nt.kill(ME, 3).0
        })
        .join();
    }),
    ("is terminated", false, |nt, first| {
        let event = nt.auto(false);
        let thread = nt.blocked(move || {
            first();
            nt.one(event, FOREVER).0
        });
        thread.kill(3);
        assert_eq!(thread.join(), 3);
    }),
];

/// Ways in which a thread of std's ends, which the library has seen for the slots alone, or as a thread too.
const FOREIGN: [(&str, End); 3] = [
    ("a thread of std", |_, first| std::thread::spawn(first).join().expect("a thread")),
    ("a thread of std with an object", |nt, first| {
        let (go, wait) = mpsc::channel();
        let (worker, handle) = nt.foreign(move || {
            wait.recv().expect("the test says go");
            first();
        });
        go.send(()).expect("the thread listens");
        assert_eq!(nt.one(handle, FOREVER), NtStatus::WAIT_0);
        assert_eq!(CALLED_BEFORE_THE_END.load(Ordering::SeqCst), VALUES.load(Ordering::SeqCst));
        worker.join();
    }),
    ("a thread that had values first", |nt, first| {
        std::thread::spawn(move || {
            first();
            nt.myself()
        })
        .join()
        .map(drop)
        .expect("a thread");
    }),
];

static INDEXES: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static VALUES: AtomicU32 = AtomicU32::new(0);
static CALLED_BEFORE_THE_END: AtomicU32 = AtomicU32::new(0);

/// Sets a value for every index of the test.
fn set_all() {
    for index in INDEXES.lock().expect("the indexes").iter() {
        assert_eq!(rtl_fls_get_value(*index).unwrap_or(null_mut()), null_mut(), "TH23");
        set(*index, number(*index as usize));
        VALUES.fetch_add(1, Ordering::SeqCst);
    }
}

extern "C" fn called(value: *mut c_void) {
    let index = u32::try_from(value.addr()).expect("an index");
    assert_eq!(get(index), null_mut(), "F18");
    CALLED_BEFORE_THE_END.fetch_add(1, Ordering::SeqCst);
}

/// On every way out but the forced ones, each value that is not NULL is called back, once, before the thread's object is
/// signalled; the next thread starts with none. Nothing is called for a thread that is terminated, neither then nor when
/// the index is freed.
#[test]
fn f19_f25_th7_th8_th23_all_ends() {
    alone(|| {
        let nt = Nt::new();
        let callback = FlsCallback::C(called);
        *INDEXES.lock().expect("the indexes") = (0..200).map(|_| alloc(Some(callback))).collect();
        for _ in 0..3 {
            for (name, calls_back, end) in OURS {
                let before = (VALUES.load(Ordering::SeqCst), CALLED_BEFORE_THE_END.load(Ordering::SeqCst));
                end(nt, set_all);
                assert_eq!(VALUES.load(Ordering::SeqCst), before.0 + 200, "{name}");
                let calls = CALLED_BEFORE_THE_END.load(Ordering::SeqCst) - before.1;
                assert_eq!(calls, if calls_back { 200 } else { 0 }, "{name}");
                CALLED_BEFORE_THE_END.store(VALUES.load(Ordering::SeqCst), Ordering::SeqCst);
            }
            for (name, end) in FOREIGN {
                end(nt, set_all);
                let (values, calls) = (VALUES.load(Ordering::SeqCst), CALLED_BEFORE_THE_END.load(Ordering::SeqCst));
                assert_eq!(calls, values, "{name}");
            }
        }
        core::mem::take(&mut *INDEXES.lock().expect("the indexes")).into_iter().for_each(free);
        assert_eq!(CALLED_BEFORE_THE_END.load(Ordering::SeqCst), VALUES.load(Ordering::SeqCst), "F25");
    });
}

static ORDER: Mutex<Vec<&str>> = Mutex::new(Vec::new());
static SIGNALLED: Mutex<Option<(Nt, Handle)>> = Mutex::new(None);

fn step(step: &'static str) {
    ORDER.lock().expect("the order").push(step);
}

struct AtEnd;

impl Drop for AtEnd {
    fn drop(&mut self) {
        step("thread-local destructor");
        assert_eq!(rtl_fls_set_value(1, number(1)), NtStatus::THREAD_IS_TERMINATING, "F20");
        assert_eq!(rtl_fls_get_value(1), Err(NtStatus::INVALID_PARAMETER), "F20");
        assert_eq!(tls_get(1), Ok(number(7)), "a thread of the library has these until its rundown");
    }
}

thread_local! {
    static AT_END: AtEnd = const { AtEnd };
}

/// Exit hook, callbacks, thread-local destructors, the end of the values, the signal.
#[test]
fn th7_f20_the_order_of_things() {
    extern "C" fn in_order(value: *mut c_void) {
        step("callback");
        assert_eq!(value, number(5));
        assert_eq!(tls_get(1), Ok(number(7)));
        let (nt, handle) = SIGNALLED.lock().expect("the thread").expect("set before");
        assert_eq!(nt.one(handle, POLL), NtStatus::TIMEOUT, "not signalled yet");
    }
    alone(|| {
        let builder = Runtime::builder().wait_policy(WaitPolicy::NO_SPIN).on_thread_exit(|_| step("hook"));
        let nt = Nt(builder.build().expect("a runtime").leak());
        let index = alloc(Some(FlsCallback::C(in_order)));
        for _ in 0..10 {
            let thread = nt.suspended(move || {
                AT_END.with(|_| ());
                assert_eq!(tls_set(1, number(7)), NtStatus::SUCCESS);
                set(index, number(5));
                0
            });
            *SIGNALLED.lock().expect("the thread") = Some((nt, thread.handle));
            thread.resume();
            thread.join();
            let order = core::mem::take(&mut *ORDER.lock().expect("the order"));
            assert_eq!(order, ["hook", "callback", "thread-local destructor"]);
        }
        free(index);
    });
}

static TOTAL: AtomicU32 = AtomicU32::new(0);

/// A callback that sets values again does not restart the loop for ever: each index comes once.
#[test]
fn f20_callbacks_that_set_again() {
    extern "C" fn again(value: *mut c_void) {
        TOTAL.fetch_add(1, Ordering::SeqCst);
        for index in INDEXES.lock().expect("the indexes").iter() {
            set(*index, value);
        }
    }
    alone(|| {
        let nt = Nt::new();
        *INDEXES.lock().expect("the indexes") = (0..5).map(|_| alloc(Some(FlsCallback::C(again)))).collect();
        let first = INDEXES.lock().expect("the indexes")[0];
        std::thread::spawn(move || set(first, number(1))).join().expect("a thread");
        assert_eq!(TOTAL.swap(0, Ordering::SeqCst), 5);
        nt.thread(move || {
            set(first, number(1));
            0
        })
        .join();
        assert_eq!(TOTAL.swap(0, Ordering::SeqCst), 5);
        core::mem::take(&mut *INDEXES.lock().expect("the indexes")).into_iter().for_each(free);
        assert_eq!(TOTAL.swap(0, Ordering::SeqCst), 0, "nothing is left of the threads");
    });
}

static BLOCKING: Mutex<Option<(Nt, Handle)>> = Mutex::new(None);

/// Waits for ever for values below 100.
extern "C" fn blocks(value: *mut c_void) {
    TOTAL.fetch_add(1, Ordering::SeqCst);
    if value.addr() < 100 {
        let (nt, event) = BLOCKING.lock().expect("the event").expect("set before");
        let _ = nt.one(event, FOREVER);
    }
}

/// A thread that is terminated in a callback, of its own end or of a free, holds nothing afterwards: the index can be
/// freed, or is free, and no callback comes twice.
#[test]
fn f24_terminated_in_a_callback() {
    alone(|| {
        let nt = Nt::new();
        *BLOCKING.lock().expect("the event") = Some((nt, nt.auto(false)));
        let index = alloc(Some(FlsCallback::C(blocks)));
        let ending = nt.blocked(move || {
            set(index, number(1));
            0
        });
        ending.kill(9);
        assert_eq!((ending.join(), TOTAL.swap(0, Ordering::SeqCst)), (9, 1));
        // Its successor has the same memory.
        let go = nt.auto(false);
        let third = nt.blocked(move || {
            set(index, number(3));
            let _ = nt.one(go, FOREVER);
            u32::from(!get(index).is_null())
        });
        let freeing = nt.blocked(move || {
            set(index, number(2));
            rtl_fls_free(index).0
        });
        assert_eq!(rtl_fls_free(index), NtStatus::INVALID_PARAMETER, "it is being freed");
        freeing.kill(9);
        assert_eq!((freeing.join(), TOTAL.swap(0, Ordering::SeqCst)), (9, 1));
        assert_eq!(rtl_fls_free(index), NtStatus::INVALID_PARAMETER, "it is free");
        nt.set(go);
        assert_eq!(third.join(), 0, "F17: all are NULL");
        assert_eq!(alloc(Some(FlsCallback::C(blocks))), index);
        free(index);
        assert_eq!(TOTAL.swap(0, Ordering::SeqCst), 0);
    });
}

/// A callback that ends its thread once more ends it: the rest of the values is called back all the same.
#[test]
fn f19_callbacks_that_exit() {
    extern "C" fn exits(_: *mut c_void) {
        TOTAL.fetch_add(1, Ordering::SeqCst);
        let (nt, _) = BLOCKING.lock().expect("the runtime").expect("set before");
        // SAFETY: nothing refers to the frames.
        let _ = unsafe { nt.rtl_exit_user_thread(4) };
    }
    alone(|| {
        let nt = Nt::new();
        *BLOCKING.lock().expect("the runtime") = Some((nt, Handle::NULL));
        let indexes = [0; 4].map(|_| alloc(Some(FlsCallback::C(exits))));
        let thread = nt.thread(move || {
            indexes.iter().for_each(|index| set(*index, number(1)));
            3
        });
        assert_eq!((thread.join(), TOTAL.swap(0, Ordering::SeqCst)), (4, 4));
        // In the callback of a free.
        let thread = nt.thread(move || {
            indexes.iter().for_each(|index| set(*index, number(1)));
            rtl_fls_free(indexes[2]).0
        });
        assert_eq!((thread.join(), TOTAL.swap(0, Ordering::SeqCst)), (4, 4));
        assert_eq!(indexes.map(rtl_fls_free)[2], NtStatus::INVALID_PARAMETER);
        assert_eq!(alloc(None), indexes[0]);
        free(indexes[0]);
    });
}

/// In a child of `fork` the values of threads that are not there are nobody's; those of the one that is are its own.
#[test]
fn f17_fork() {
    alone(|| {
        let nt = Nt::new();
        let (index, go) = (alloc(Some(COUNT)), nt.auto(false));
        let (mine, others) = (Value::new(), Value::new());
        let other = Worker::blocked(move || {
            set(index, others.pointer());
            nt.one(go, FOREVER)
        });
        set(index, mine.pointer());
        // SAFETY: the child calls nothing that needs a lock.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let status = rtl_fls_free(index);
            let is_right = status == NtStatus::SUCCESS && (mine.calls(), others.calls()) == (1, 0);
            // SAFETY: ends the child.
            unsafe { libc::_exit(if is_right { 0 } else { 1 }) };
        }
        let mut status = -1;
        // SAFETY: our own child.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        free(index);
        assert!(mine.was_called_once_by(me()) && others.was_called_once_by(me()));
        nt.set(go);
        assert_eq!(other.join(), NtStatus::WAIT_0);
    });
}
