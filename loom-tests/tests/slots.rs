//! Models of fiber-local slots: a value is called back once, whoever comes for it.

#![allow(unsafe_code, reason = "values are pointers")]

use ntwait::{FlsCallback, NtStatus, rtl_fls_alloc, rtl_fls_free, rtl_fls_get_value, rtl_fls_set_value};
use ntwait_models::{Gate, model_reaching, spawn};
use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

extern "C" fn count(value: *mut c_void) {
    // SAFETY: the models' values live until all threads are gone.
    unsafe { &*value.cast::<AtomicU32>() }.fetch_add(1, Ordering::Relaxed);
}

fn pointer(value: &Arc<AtomicU32>) -> *mut c_void {
    Arc::as_ptr(value).cast_mut().cast()
}

/// X1, F17: a value that its thread's end and a free of the index come for at the same time is called back once.
///
/// A: set a value; end          B: free the index
#[test]
fn x1_free_against_the_end_of_a_thread() {
    model_reaching(&["by the free", "by the end"], || {
        let index = rtl_fls_alloc(Some(FlsCallback::C(count))).expect("an index");
        let value = Arc::new(AtomicU32::new(0));
        let gate = Gate::new();
        let ending = spawn({
            let (value, gate) = (Arc::clone(&value), gate.clone());
            move || {
                assert_eq!(rtl_fls_set_value(index, pointer(&value)), NtStatus::SUCCESS);
                gate.open();
            }
        });
        gate.pass();
        let before = value.load(Ordering::Relaxed);
        assert_eq!(rtl_fls_free(index), NtStatus::SUCCESS);
        let after = value.load(Ordering::Relaxed);
        ending.join().unwrap();
        assert_eq!(value.load(Ordering::Relaxed), 1, "F17: once");
        if before == 0 && after == 1 { "by the free" } else { "by the end" }
    });
}

/// X1, X3: who allocates the index that is being freed finds no value of before, and what it sets is its own.
///
/// A: free the index; allocate one, set a value, free it          B: set a value; allocate an index, set a value, free it
#[test]
fn x3_no_value_of_the_last_owner() {
    model_reaching(&["the same index", "another"], || {
        let index = rtl_fls_alloc(Some(FlsCallback::C(count))).expect("an index");
        let values: [Arc<AtomicU32>; 2] = Default::default();
        let gate = Gate::new();
        let other = spawn({
            let (values, gate) = (values.clone(), gate.clone());
            move || {
                assert_eq!(rtl_fls_set_value(index, pointer(&values[0])), NtStatus::SUCCESS);
                gate.open();
                let mine = rtl_fls_alloc(Some(FlsCallback::C(count))).expect("an index");
                let found = rtl_fls_get_value(mine).expect("an open chunk");
                assert!(found.is_null(), "F17: all values are NULL");
                assert_eq!(rtl_fls_set_value(mine, pointer(&values[1])), NtStatus::SUCCESS);
                assert_eq!(values[1].load(Ordering::Relaxed), 0, "X3");
                assert_eq!(rtl_fls_free(mine), NtStatus::SUCCESS);
                mine
            }
        });
        gate.pass();
        assert_eq!(rtl_fls_free(index), NtStatus::SUCCESS);
        let theirs = other.join().unwrap();
        assert_eq!(values.map(|value| value.load(Ordering::Relaxed)), [1, 1]);
        if theirs == index { "the same index" } else { "another" }
    });
}
