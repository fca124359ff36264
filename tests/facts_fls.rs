//! Fiber-local slots: facts F10 to F26, TH7, TH8, TH23.
//!
//! | facts | where |
//! |---|---|
//! | F10–F15, F17, F18, F20–F23, F26 | here |
//! | F19, F20, F24, F25, TH7, TH8, TH23 | `facts_fls/ends.rs` |
//! | F17 against ends of threads | `facts_fls/races.rs` |
//! | F16 | a matter of the Win32 face |
//! | F19, F23 (fibers) | there are none |

#![allow(unsafe_code, reason = "callbacks with a pointer; ends of threads; fork")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;
#[path = "facts_fls/ends.rs"]
mod ends;
#[path = "facts_fls/races.rs"]
mod races;

use core::ffi::c_void;
use core::ptr::{self, null_mut, without_provenance_mut};
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::Mutex;

use common::{FOREVER, Nt, within};
use ntwait::{
    FLS_MAXIMUM_AVAILABLE, FlsCallback, FlsSlot, NtStatus, rtl_fls_alloc, rtl_fls_free, rtl_fls_get_value,
    rtl_fls_set_value, rtl_process_fls_data,
};

/// The slots are the process's, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn alone(body: fn()) {
    within(move || {
        let _turn = TURN.lock();
        body();
    });
}

const COUNT: FlsCallback = FlsCallback::C(count);

/// A value that knows how often it was called back, and by whom.
struct Value {
    calls: AtomicU32,
    by: AtomicUsize,
}

impl Value {
    fn new() -> &'static Value {
        Box::leak(Box::new(Value { calls: AtomicU32::new(0), by: AtomicUsize::new(0) }))
    }

    fn pointer(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Was it called back once, by this thread?
    fn was_called_once_by(&self, thread: usize) -> bool {
        (self.calls(), self.by.load(Ordering::SeqCst)) == (1, thread)
    }
}

/// A number that only this thread has.
fn me() -> usize {
    usize::try_from(rustix::thread::gettid().as_raw_nonzero().get()).expect("a positive number")
}

extern "C" fn count(value: *mut c_void) {
    // SAFETY: the tests set pointers to values that live for ever.
    let value = unsafe { &*value.cast::<Value>() };
    value.by.store(me(), Ordering::SeqCst);
    value.calls.fetch_add(1, Ordering::SeqCst);
}

#[cfg(target_arch = "x86_64")]
extern "win64" fn count_win64(value: *mut c_void) {
    count(value);
}

fn alloc(callback: Option<FlsCallback>) -> u32 {
    rtl_fls_alloc(callback).expect("an index")
}

#[track_caller]
fn free(index: u32) {
    assert_eq!(rtl_fls_free(index), NtStatus::SUCCESS);
}

#[track_caller]
fn set(index: u32, value: *mut c_void) {
    assert_eq!(rtl_fls_set_value(index, value), NtStatus::SUCCESS);
}

#[track_caller]
fn get(index: u32) -> *mut c_void {
    rtl_fls_get_value(index).expect("a value in an open chunk")
}

fn number(number: usize) -> *mut c_void {
    without_provenance_mut(number)
}

/// 4,080 indexes, of which 0 is reserved; then there is no memory. What is freed can be allocated again (F22).
#[test]
fn f10_f11_f12_f22_all_indexes() {
    alone(|| {
        assert_eq!(FLS_MAXIMUM_AVAILABLE, 4080);
        for _ in 0..2 {
            let mut all: Vec<u32> = core::iter::from_fn(|| rtl_fls_alloc(None).ok()).collect();
            all.sort_unstable();
            assert_eq!(all, (1..4080).collect::<Vec<u32>>());
            for index in [1, 2000, 4079] {
                assert_eq!(rtl_fls_alloc(Some(COUNT)), Err(NtStatus::NO_MEMORY));
                free(index);
                assert_eq!(rtl_fls_alloc(Some(COUNT)), Ok(index));
            }
            all.into_iter().for_each(free);
        }
    });
}

/// Index 0, those beyond the end and those that nobody has allocated cannot be freed; 0 has no value.
#[test]
fn f11_f13_what_cannot_be_freed() {
    alone(|| {
        let index = alloc(Some(COUNT));
        free(index);
        for wrong in [index, 0, 4079, 4080, u32::MAX] {
            assert_eq!(rtl_fls_free(wrong), NtStatus::INVALID_PARAMETER, "index {wrong}");
        }
        set(1, number(1));
        assert_eq!(rtl_fls_get_value(0), Err(NtStatus::INVALID_PARAMETER));
        assert_eq!(rtl_fls_set_value(0, number(1)), NtStatus::INVALID_PARAMETER);
        set(1, null_mut());
    });
}

/// A set in range succeeds, allocated or not, and the value is stored; nothing is called for it. Beyond it is refused.
#[test]
fn f14_set() {
    alone(|| {
        let values: Vec<_> = (1..4080).map(|_| Value::new()).collect();
        (1..4080).zip(&values).for_each(|(index, value)| set(index, value.pointer()));
        (1..4080).zip(&values).for_each(|(index, value)| assert_eq!(get(index), value.pointer()));
        for beyond in [4080, 4081, u32::MAX] {
            assert_eq!(rtl_fls_set_value(beyond, number(1)), NtStatus::INVALID_PARAMETER);
            assert_eq!(rtl_fls_get_value(beyond), Err(NtStatus::INVALID_PARAMETER));
        }
        // What was set before the index was allocated is nobody's.
        let index = alloc(Some(COUNT));
        assert_eq!(get(index), null_mut());
        free(index);
        let others = std::thread::spawn(|| (1..4080).for_each(|index| set(index, Value::new().pointer())));
        others.join().expect("a thread");
        assert_eq!(rtl_process_fls_data(3), NtStatus::SUCCESS);
        assert!(values.iter().all(|value| value.calls() == 0));
    });
}

/// A get is refused until the thread has set a value in that chunk; then the neighbours read NULL. Chunks double.
#[test]
fn f15_f21_chunks() {
    alone(|| {
        let chunks = [1..16, 16..48, 48..112, 112..240, 240..496, 496..1008, 1008..2032, 2032..4080];
        let body = move || {
            for (turn, place) in [(5, 0), (0, 1), (7, 2), (2, 3), (1, 4), (6, 5), (4, 6), (3, 7)] {
                let chunk = chunks[turn].clone();
                let open: Vec<u32> = (0..4081).filter(|index| rtl_fls_get_value(*index).is_ok()).collect();
                assert!(open.iter().all(|index| !chunk.contains(index)), "chunk {turn}");
                // A NULL is a value that was set.
                set(if place % 2 == 0 { chunk.start } else { chunk.end - 1 }, null_mut());
                assert!(chunk.clone().all(|index| rtl_fls_get_value(index) == Ok(null_mut())), "chunk {turn}");
                let now = (0..4081).filter(|index| rtl_fls_get_value(*index).is_ok()).count();
                assert_eq!(now, open.len() + chunk.len());
            }
        };
        // The second thread has the first one's memory, and finds no chunk open.
        for _ in 0..2 {
            std::thread::spawn(body.clone()).join().expect("a thread");
        }
    });
}

/// A free calls back once for each thread's value that is not NULL, on the freeing thread; then all values are NULL.
#[test]
fn f17_free_calls_back() {
    alone(|| {
        let nt = Nt::new();
        let callbacks = [
            Some(COUNT),
            None,
            #[cfg(target_arch = "x86_64")]
            Some(FlsCallback::Win64(count_win64)),
        ];
        for callback in callbacks {
            let (index, go) = (alloc(callback), nt.manual(false));
            let values: [&Value; 5] = core::array::from_fn(|_| Value::new());
            let threads = [1, 2, 3].map(|mine: usize| {
                nt.blocked(move || {
                    // The third one's is NULL in the end.
                    set(index, values[mine].pointer());
                    set(index, if mine == 3 { null_mut() } else { values[mine].pointer() });
                    let _ = nt.one(go, FOREVER);
                    u32::from(!get(index).is_null())
                })
            });
            set(index, values[0].pointer());
            assert!(values.iter().all(|value| value.calls() == 0));
            free(index);
            assert_eq!(get(index), null_mut());
            let called = values.map(|value| value.was_called_once_by(me()));
            let expected = callback.is_some();
            assert_eq!(called, [expected, expected, expected, false, false]);
            nt.set(go);
            assert_eq!(threads.map(|thread| thread.join()), [0, 0, 0], "all are NULL afterwards");
            assert!(values.iter().all(|value| value.calls() <= 1));
        }
    });
}

static REMEMBERED: AtomicU32 = AtomicU32::new(0);

/// The value is NULL when the callback is called, which may use all calls: the index being freed is not free for them.
#[test]
fn f18_callbacks_use_the_calls() {
    extern "C" fn recursive(value: *mut c_void) {
        let index = REMEMBERED.load(Ordering::SeqCst);
        assert_eq!(get(index), null_mut());
        assert_eq!(rtl_fls_free(index), NtStatus::INVALID_PARAMETER);
        set(index, value); // is nobody's: no endless loop
        let inner = Value::new();
        let other = alloc(Some(COUNT));
        assert_ne!(other, index);
        set(other, inner.pointer());
        free(other);
        assert_eq!(inner.calls(), 1);
        count(value);
    }
    alone(|| {
        let (index, value) = (alloc(Some(FlsCallback::C(recursive))), Value::new());
        REMEMBERED.store(index, Ordering::SeqCst);
        set(index, value.pointer());
        free(index);
        assert_eq!(value.calls(), 1);
        assert_eq!(alloc(Some(COUNT)), index, "the index is free again");
        assert_eq!(get(index), null_mut());
        free(index);
        assert_eq!(value.calls(), 1);
    });
}

/// Each thread has its own values.
#[test]
fn f23_a_set_of_values_for_each_thread() {
    alone(|| {
        let slot = FlsSlot::new(None).expect("a slot");
        let index = slot.index();
        slot.set(number(1)).expect("set");
        let other = std::thread::spawn(move || {
            let before = rtl_fls_get_value(index).map(|value| value.addr());
            set(index, number(2));
            (before, get(index).addr())
        });
        assert_eq!(other.join().expect("a thread"), (Err(NtStatus::INVALID_PARAMETER), 2));
        assert_eq!((slot.get(), get(index)), (number(1), number(1)));
        drop(slot);
        assert_eq!(rtl_fls_free(index), NtStatus::INVALID_PARAMETER);
    });
}

/// Flag 1 calls back and unlinks, flag 2 frees; both may come together, or not at all.
#[test]
fn f26_process_fls_data() {
    alone(|| {
        let index = alloc(Some(COUNT));
        let body = move || {
            assert_eq!(rtl_process_fls_data(3), NtStatus::SUCCESS, "nothing there is no error");
            // flags, what the value reads afterwards, calls, calls after a free of the slot
            let rows = [(0, true, 0), (1, false, 1), (2, false, 0), (3, false, 1)];
            for (flags, stays, calls) in rows {
                let value = Value::new();
                set(index, value.pointer());
                for wrong in [4, 7, u32::MAX] {
                    assert_eq!(rtl_process_fls_data(wrong), NtStatus::INVALID_PARAMETER);
                }
                assert_eq!(rtl_process_fls_data(flags), NtStatus::SUCCESS, "flags {flags}");
                let read = rtl_fls_get_value(index);
                let is_freed = flags & 2 != 0;
                assert_eq!(read.is_err(), is_freed, "flags {flags}");
                assert_eq!(read == Ok(value.pointer()), stays, "flags {flags}");
                assert_eq!(value.calls(), calls, "flags {flags}");
                assert_eq!(rtl_process_fls_data(2), NtStatus::SUCCESS);
                assert_eq!(value.calls(), calls, "flags {flags}");
            }
            // Unlinked: what is set then is nobody's.
            set(index, null_mut());
            assert_eq!(rtl_process_fls_data(1), NtStatus::SUCCESS);
            let value = Value::new();
            set(index, value.pointer());
            (value, me())
        };
        let (unlinked, _) = std::thread::spawn(body).join().expect("a thread");
        assert_eq!(unlinked.calls(), 0, "not at the thread's end");
        let (unlinked, _) = body();
        free(index);
        assert_eq!(unlinked.calls(), 0, "nor when the index is freed");
        assert_eq!(rtl_process_fls_data(2), NtStatus::SUCCESS);
        // A new beginning.
        let (index, value) = (alloc(Some(COUNT)), Value::new());
        set(index, value.pointer());
        free(index);
        assert!(value.was_called_once_by(me()));
    });
}
