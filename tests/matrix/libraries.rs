//! Libraries that are loaded while threads are there, before they are, or by them.

use crate::tools::{Loaded, backend, in_thread, library};
use crate::{Case, On};
use core::ffi::c_int;
use ntwait::{Event, Thread, ThreadBackend};
use std::sync::Arc;

pub(crate) const CASES: &[Case] = &[
    ("dlopen_initial_exec", On::Both, || dlopen_live("ie.c", 42)),
    ("dlopen_general_dynamic", On::Both, || dlopen_live("gd.c", 77)),
    ("dlopen_again_and_again", On::Both, dlopen_again_and_again),
    ("dlopen_without_thread_locals", On::Both, dlopen_without_thread_locals),
    ("dlopen_in_a_thread", On::Both, dlopen_in_a_thread),
    ("another_namespace", On::Auto, another_namespace),
];

type Get = extern "C" fn() -> c_int;
type Set = extern "C" fn(c_int);

fn functions(library: &Loaded) -> (Get, Set) {
    // SAFETY: its type.
    let get = unsafe { library.function(c"tls_get") };
    // SAFETY: its type.
    let set = unsafe { library.function(c"tls_set") };
    (get, set)
}

/// Threads that are there already have the new variables too, and later ones find them fresh.
fn dlopen_live(source: &str, first: c_int) {
    let Some(path) = library(source) else { return };
    for _ in 0..8 {
        in_thread(|| {});
    }
    let (opened, done) = (Arc::new(Event::manual_reset(false).unwrap()), Arc::new(Event::auto_reset(false).unwrap()));
    let cell: &'static std::sync::OnceLock<(Get, Set)> = Box::leak(Box::default());
    let threads: Vec<_> = (0..6)
        .map(|i| {
            let (opened, done) = (Arc::clone(&opened), Arc::clone(&done));
            Thread::spawn(move || {
                done.set();
                opened.wait();
                let (get, set) = *cell.get().unwrap();
                assert_eq!(get(), first);
                set(i);
                assert!(get() >= i);
            })
            .unwrap()
        })
        .collect();
    done.wait();
    let library = Loaded::open(&path);
    cell.set(functions(&library)).unwrap();
    opened.set();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let (get, set) = *cell.get().unwrap();
    for _ in 0..50 {
        in_thread(move || {
            assert_eq!(get(), first, "fresh");
            set(1);
        });
    }
    // Threads that do not touch them do not mind.
    for _ in 0..50 {
        in_thread(|| {});
    }
    println!("{}", ntwait::Runtime::global().thread_backend());
    assert_ne!(backend(), ThreadBackend::Auto);
}

fn dlopen_again_and_again() {
    for round in 0..10 {
        for (source, first) in [("ie.c", 42), ("gd.c", 77)] {
            let Some(path) = library(source) else { return };
            let library = Loaded::open(&path);
            let (get, set) = functions(&library);
            for i in 0..5 {
                let threads: Vec<_> = (0..3)
                    .map(|_| {
                        Thread::spawn(move || {
                            assert_eq!(get(), first, "round {round}, thread {i}");
                            set(1);
                        })
                    })
                    .collect();
                threads.into_iter().for_each(|thread| thread.unwrap().join().unwrap());
            }
            library.close();
        }
    }
}

fn dlopen_without_thread_locals() {
    for _ in 0..20 {
        let Some(path) = library("plain.c") else { return };
        let library = Loaded::open(&path);
        // SAFETY: its type.
        let answer: Get = unsafe { library.function(c"answer") };
        assert_eq!(in_thread(move || answer()), 42);
        library.close();
    }
}

fn dlopen_in_a_thread() {
    for _ in 0..5 {
        let Some(path) = library("gd.c") else { return };
        in_thread(move || {
            let library = Loaded::open(&path);
            let (get, set) = functions(&library);
            assert_eq!(get(), 77);
            set(1);
            library.close();
        });
    }
}

/// Variables of objects that the loader does not show us cannot be made fresh: clones are not possible any more.
fn another_namespace() {
    const LM_ID_NEWLM: libc::Lmid_t = -1;
    let Some(path) = library("plain.c") else { return };
    in_thread(|| {});
    let before = backend();
    let path = std::ffi::CString::new(path).unwrap();
    // SAFETY: a library that does nothing when it is loaded, with a C library of its own.
    let handle = unsafe { libc::dlmopen(LM_ID_NEWLM, path.as_ptr(), libc::RTLD_NOW) };
    assert!(!handle.is_null());
    let _ = std::fs::remove_file(path.to_str().unwrap());
    for _ in 0..20 {
        in_thread(|| {});
    }
    println!("{before:?}, then {}", ntwait::Runtime::global().thread_backend());
    assert_eq!(backend(), ThreadBackend::Pthread);
}
