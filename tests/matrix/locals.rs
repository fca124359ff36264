//! What belongs to a thread: each finds it new, and what it leaves is destroyed once.

use crate::tools::{Loaded, in_thread, library};
use crate::{Case, On};
use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_void};
use core::ptr;
use ntwait::Thread;
use std::sync::atomic::{AtomicU32, Ordering};

pub(crate) const CASES: &[Case] = &[
    ("thread_locals", On::Both, thread_locals),
    ("thread_locals_of_cxx", On::Both, thread_locals_of_cxx),
    ("pthread_keys", On::Both, pthread_keys),
    ("a_key_value_that_clings", On::Both, a_key_value_that_clings),
    ("locale_and_errno", On::Both, locale_and_errno),
    ("cancellation_state", On::Both, cancellation_state),
    ("rounding_mode", On::Both, rounding_mode),
];

static DROPPED: AtomicU32 = AtomicU32::new(0);

struct Counted(#[allow(dead_code, reason = "memory to be freed")] Vec<u8>);

impl Drop for Counted {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

thread_local! {
    static PLAIN: Cell<u64> = const { Cell::new(0x1234_5678) };
    static CONST: RefCell<Vec<Counted>> = const { RefCell::new(Vec::new()) };
    static LAZY: RefCell<Vec<Counted>> = RefCell::new(Vec::with_capacity(3));
    static LATE: Cell<Option<Counted>> = const { Cell::new(None) };
    static MAKES_ANOTHER: MakesAnother = const { MakesAnother };
}

struct MakesAnother;

impl Drop for MakesAnother {
    fn drop(&mut self) {
        LATE.set(Some(Counted(vec![1; 10])));
    }
}

fn thread_locals() {
    for round in 1..=200 {
        in_thread(|| {
            assert_eq!(PLAIN.replace(1), 0x1234_5678);
            for list in [&CONST, &LAZY] {
                list.with_borrow_mut(|list| {
                    assert!(list.is_empty());
                    list.push(Counted(vec![0; 100]));
                });
            }
            MAKES_ANOTHER.with(|_| {});
        });
        assert_eq!(DROPPED.load(Ordering::SeqCst), 3 * round);
    }
}

fn thread_locals_of_cxx() {
    let Some(path) = library("cxx.cc") else { return };
    let library: &'static Loaded = Box::leak(Box::new(Loaded::open(&path)));
    // SAFETY: its type.
    let throw: extern "C" fn(c_int) -> c_int = unsafe { library.function(c"cxx_throw") };
    // SAFETY: its type.
    let set: extern "C" fn(*mut c_int) -> c_int = unsafe { library.function(c"cxx_thread_local") };
    let drops: &'static AtomicU32 = Box::leak(Box::new(AtomicU32::new(0)));
    for round in 1..=50 {
        in_thread(move || {
            assert_eq!(throw(12), 3);
            assert_eq!(set(drops.as_ptr().cast()), 1, "fresh");
        });
        assert_eq!(drops.load(Ordering::SeqCst), round);
    }
}

static DESTROYED: AtomicU32 = AtomicU32::new(0);

extern "C" fn destroy(_: *mut c_void) {
    DESTROYED.fetch_add(1, Ordering::SeqCst);
}

fn key(destructor: extern "C" fn(*mut c_void)) -> libc::pthread_key_t {
    let mut key = 0;
    // SAFETY: a place for the key.
    assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, Some(destructor)) }, 0);
    key
}

fn get(key: libc::pthread_key_t) -> bool {
    // SAFETY: any key may be asked for.
    !unsafe { libc::pthread_getspecific(key) }.is_null()
}

fn set(key: libc::pthread_key_t) {
    // SAFETY: a key that exists.
    assert_eq!(unsafe { libc::pthread_setspecific(key, ptr::without_provenance(1)) }, 0);
}

fn pthread_keys() {
    // Some of them in the second block.
    let keys: Vec<_> = (0..60).map(|_| key(destroy)).collect();
    for round in 1..=50 {
        for key in [keys[0], keys[59]] {
            in_thread(move || {
                assert!(!get(key));
                set(key);
            });
        }
        assert_eq!(DESTROYED.load(Ordering::SeqCst), 2 * round);
    }
    // A deleted key's value is nobody's.
    let deleted = keys[30];
    in_thread(move || {
        set(deleted);
        // SAFETY: nobody else uses it.
        unsafe { libc::pthread_key_delete(deleted) };
    });
    let again = key(destroy);
    in_thread(move || assert!(!get(again)));
    assert_eq!(DESTROYED.load(Ordering::SeqCst), 100);
}

static CLINGS: AtomicU32 = AtomicU32::new(0);

extern "C" fn cling(value: *mut c_void) {
    let key = CLINGS.fetch_add(1 << 16, Ordering::SeqCst) & 0xffff;
    // SAFETY: a key that exists.
    unsafe { libc::pthread_setspecific(key, value) };
}

fn a_key_value_that_clings() {
    let key = key(cling);
    CLINGS.store(key, Ordering::SeqCst);
    for _ in 0..20 {
        in_thread(move || {
            assert!(!get(key), "the next thread does not have it");
            set(key);
        });
    }
    assert!(CLINGS.load(Ordering::SeqCst) >> 16 >= 80);
}

unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
    fn pthread_setcanceltype(kind: c_int, old: *mut c_int) -> c_int;
    fn fesetround(mode: c_int) -> c_int;
    fn fegetround() -> c_int;
}

fn locale_and_errno() {
    // SAFETY: a locale that is always there.
    let utf8 = unsafe { libc::newlocale(libc::LC_ALL_MASK, c"C.UTF-8".as_ptr(), ptr::null_mut()) };
    let utf8 = utf8.expose_provenance();
    for _ in 0..50 {
        in_thread(move || {
            assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(0));
            // SAFETY: a locale that is never freed.
            let before = unsafe { libc::uselocale(ptr::with_exposed_provenance_mut(utf8)) };
            assert_eq!(before.addr(), usize::MAX, "the process' own");
            // SAFETY: a bad descriptor.
            unsafe { libc::close(-1) };
        });
    }
}

fn cancellation_state() {
    for _ in 0..50 {
        in_thread(|| {
            let (mut state, mut kind) = (7, 7);
            // SAFETY: states that exist.
            unsafe { pthread_setcancelstate(1, &raw mut state) };
            // SAFETY: as above.
            unsafe { pthread_setcanceltype(1, &raw mut kind) };
            assert_eq!((state, kind), (0, 0));
        });
    }
    // Cancelled, but not listening: the next thread is not.
    for _ in 0..10 {
        in_thread(|| {
            // SAFETY: a state that exists.
            unsafe { pthread_setcancelstate(1, ptr::null_mut()) };
            // SAFETY: takes nothing.
            let me = unsafe { libc::pthread_self() };
            // SAFETY: ourselves.
            unsafe { libc::pthread_cancel(me) };
        });
    }
}

fn rounding_mode() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    const UPWARD: c_int = 0x800;
    for _ in 0..10 {
        in_thread(|| {
            // SAFETY: takes nothing.
            assert_eq!(unsafe { fegetround() }, 0);
            // SAFETY: a mode that exists; the compiler's own arithmetic does not depend on it here.
            assert_eq!(unsafe { fesetround(UPWARD) }, 0);
        });
    }
    // Nor does a thread inherit it.
    // SAFETY: as above.
    unsafe { fesetround(UPWARD) };
    // SAFETY: takes nothing.
    let thread = Thread::spawn(|| unsafe { fegetround() }).unwrap();
    // SAFETY: as above.
    unsafe { fesetround(0) };
    assert_eq!(thread.join().unwrap(), 0);
}
