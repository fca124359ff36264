//! Thread-local slots: facts F1 to F9, TH23, TI25.
//!
//! | facts | where |
//! |---|---|
//! | F1–F9, TH23, TI25 | here |
//! | F5, F7, F8 (last error) | a matter of the Win32 face |
//! | TH7, as far as it is about TLS | `facts_fls.rs` |

#![allow(unsafe_code, reason = "ends threads")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::{null_mut, without_provenance_mut};
use std::sync::{Barrier, Mutex, mpsc};

use common::nt_threads::ME;
use common::{FOREVER, Nt, Worker, within};
use ntwait::{AccessMask, NtStatus, TLS_SLOTS, TlsSlot, tls_alloc, tls_free, tls_get, tls_set};

/// The slots are the process's, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn alone(body: fn()) {
    within(move || {
        let _turn = TURN.lock();
        body();
    });
}

fn value(number: usize) -> *mut c_void {
    without_provenance_mut(number)
}

#[track_caller]
fn set(index: u32, number: usize) {
    assert_eq!(tls_set(index, value(number)), NtStatus::SUCCESS);
}

#[track_caller]
fn get(index: u32) -> usize {
    tls_get(index).expect("an index in range").addr()
}

#[track_caller]
fn free(index: u32) {
    assert_eq!(tls_free(index), NtStatus::SUCCESS);
}

/// 1,088 indexes, of which 0 and 16 are never handed out; the lowest first; then there are no more.
#[test]
fn f1_f2_f3_f4_f9_all_indexes() {
    alone(|| {
        assert_eq!(TLS_SLOTS, 1088);
        let expected: Vec<u32> = (1..1088).filter(|index| *index != 16).collect();
        for _ in 0..2 {
            let all: Vec<u32> = core::iter::from_fn(|| tls_alloc().ok()).collect();
            assert_eq!(all, expected);
            assert_eq!(tls_alloc(), Err(NtStatus::NO_MORE_ENTRIES));
            for (freed, next) in [(700, 700), (64, 64), (63, 63), (1087, 1087)] {
                free(freed);
                assert_eq!(tls_alloc(), Ok(next));
            }
            [900, 40, 65].into_iter().for_each(free);
            assert_eq!([tls_alloc(), tls_alloc(), tls_alloc()], [Ok(40), Ok(65), Ok(900)]);
            all.into_iter().for_each(free);
        }
        assert_eq!(get(0), 0, "F2");
    });
}

/// Freeing what is free, reserved or beyond the end is refused.
#[test]
fn f5_free_of_what_is_not_allocated() {
    alone(|| {
        let index = tls_alloc().expect("an index");
        free(index);
        for wrong in [index, 0, 16, 1087, 1088, u32::MAX] {
            assert_eq!(tls_free(wrong), NtStatus::INVALID_PARAMETER, "index {wrong}");
        }
        assert_eq!(tls_alloc(), Ok(index));
        free(index);
    });
}

/// Freeing makes the value NULL in all threads: who allocates the index next finds no old value.
#[test]
fn f6_free_zeroes_in_all_threads() {
    alone(|| {
        let nt = Nt::new();
        let go = nt.manual(false);
        let indexes = [tls_alloc().expect("an index"), tls_alloc().expect("an index")];
        let (say, hear) = mpsc::channel();
        let body = move || {
            indexes.iter().for_each(|index| set(*index, 5));
            say.send(()).expect("the test listens");
            assert_eq!(nt.one(go, FOREVER), NtStatus::WAIT_0);
            indexes.map(get)
        };
        let foreign = Worker::blocked(body.clone());
        let ours = nt.blocked(move || u32::from(body() != [0, 5]));
        indexes.iter().for_each(|index| set(*index, 6));
        (0..2).for_each(|_| hear.recv().expect("both threads have set"));
        free(indexes[0]);
        assert_eq!(indexes.map(get), [0, 6]);
        assert_eq!(tls_alloc(), Ok(indexes[0]));
        nt.set(go);
        assert_eq!(foreign.join(), [0, 5]);
        assert_eq!(ours.join(), 0);
        indexes.into_iter().for_each(free);
    });
}

/// A get beyond the end is refused; inside, an index that nobody has allocated reads NULL.
#[test]
fn f7_get() {
    alone(|| {
        for beyond in [1088, 1089, 4080, u32::MAX] {
            assert_eq!(tls_get(beyond), Err(NtStatus::INVALID_PARAMETER));
            assert_eq!(tls_set(beyond, value(1)), NtStatus::INVALID_PARAMETER);
        }
        let in_new_thread = || (0..1088).map(|index| tls_get(index).expect("in range").addr()).sum::<usize>();
        assert_eq!(std::thread::spawn(in_new_thread).join().expect("a thread"), 0);
    });
}

/// A set succeeds for every index below 1,088, allocated or not; allocating makes the value NULL.
#[test]
fn f8_set() {
    alone(|| {
        (0..1088).for_each(|index| set(index, index as usize + 1));
        (0..1088).for_each(|index| assert_eq!(get(index), index as usize + 1));
        let index = tls_alloc().expect("an index");
        assert_eq!((get(index), get(index + 1)), (0, index as usize + 2));
        set(index, 9);
        free(index);
        assert_eq!(get(index), 0);
        (0..1088).for_each(|index| set(index, 0));
    });
}

/// New threads find all values NULL, whichever way the thread ended that had the memory before.
#[test]
fn th23_new_threads_start_with_null() {
    alone(|| {
        let nt = Nt::new();
        let fresh = || {
            let before = (0..1088).map(get).filter(|number| *number != 0).count();
            (0..1088).for_each(|index| set(index, 8));
            u32::try_from(before).expect("a count")
        };
        for _ in 0..20 {
            assert_eq!(std::thread::spawn(fresh).join().expect("a thread"), 0);
            assert_eq!(nt.thread(fresh).join(), 0);
            // SAFETY: nothing refers to the frames.
            let exits = nt.thread(move || unsafe { nt.rtl_exit_user_thread(fresh()) }.0);
            assert_eq!(exits.join(), 0);
            let event = nt.auto(false);
            let killed = nt.blocked(move || {
                assert_eq!(fresh(), 0);
                nt.one(event, FOREVER).0
            });
            killed.kill(3);
            assert_eq!(killed.join(), 3);
        }
    });
}

/// Class 10 makes a value NULL in all threads, for the calling thread's handle alone.
#[test]
fn ti25_zero_tls_cell() {
    const ZERO_TLS_CELL: u32 = 10;
    alone(|| {
        let nt = Nt::new();
        let slot = TlsSlot::new().expect("a slot");
        let (index, go) = (slot.index(), nt.manual(false));
        let other = nt.blocked(move || {
            set(index, 5);
            set(1000, 5);
            let _ = nt.one(go, FOREVER);
            u32::from([get(index), get(1000)] != [0, 5])
        });
        let zero = |thread, index: u32| nt.nt_set_information_thread(thread, ZERO_TLS_CELL, &index.to_ne_bytes());
        set(index, 6);
        let mine = nt.myself();
        for (thread, index, status) in [
            (other.handle, index, NtStatus::INVALID_PARAMETER),
            (mine, 1088, NtStatus::INVALID_PARAMETER),
            (ME, u32::MAX, NtStatus::INVALID_PARAMETER),
            (nt.with_rights(mine, AccessMask::THREAD_QUERY_INFORMATION), index, NtStatus::ACCESS_DENIED),
        ] {
            assert_eq!(zero(thread, index), status);
        }
        assert_eq!(get(index), 6, "what is refused changes nothing");
        for me in [mine, ME] {
            set(index, 6);
            assert_eq!(zero(me, index), NtStatus::SUCCESS);
            assert_eq!(get(index), 0);
        }
        assert_ne!(tls_alloc().inspect(|index| free(*index)), Ok(index), "it stays allocated");
        assert_eq!(zero(ME, 1087), NtStatus::SUCCESS, "allocated or not");
        nt.set(go);
        assert_eq!(other.join(), 0);
    });
}

/// Threads that allocate and free at the same time never have the same index, and each finds it NULL.
#[test]
fn f4_f6_allocated_by_many() {
    alone(|| {
        static OWNERS: [Mutex<()>; 1088] = [const { Mutex::new(()) }; 1088];
        static START: Barrier = Barrier::new(4);
        let body = || {
            START.wait();
            for round in 0..3_000 {
                let index = tls_alloc().expect("an index");
                let owner = OWNERS[index as usize].try_lock().expect("nobody else has it");
                assert_eq!(get(index), 0);
                set(index, round + 1);
                assert_eq!(get(index), round + 1);
                drop(owner);
                free(index);
            }
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(body)).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
    });
}

/// The owner of a slot frees it when it is dropped.
#[test]
fn f4_slot_owner() {
    alone(|| {
        let slot = TlsSlot::new().expect("a slot");
        assert_eq!(slot.get(), null_mut());
        slot.set(value(4)).expect("set");
        assert_eq!((slot.get(), get(slot.index())), (value(4), 4));
        let index = slot.index();
        drop(slot);
        assert_eq!((tls_free(index), get(index)), (NtStatus::INVALID_PARAMETER, 0));
    });
}
