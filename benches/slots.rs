//! What does a thread's own value cost, to read and to set?

#![allow(unsafe_code, reason = "a pthread key")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "benches are not the product")]

mod common;

use std::cell::Cell;
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr::{null_mut, without_provenance_mut};

use common::Group;
use criterion::{Criterion, criterion_group, criterion_main};
use ntwait::{FlsSlot, TlsSlot};

/// One thread-local value.
trait Local {
    fn get(&self) -> *mut c_void;
    fn set(&self, value: *mut c_void);
}

impl Local for TlsSlot {
    fn get(&self) -> *mut c_void {
        TlsSlot::get(self)
    }

    fn set(&self, value: *mut c_void) {
        TlsSlot::set(self, value).expect("set");
    }
}

impl Local for FlsSlot {
    fn get(&self) -> *mut c_void {
        FlsSlot::get(self)
    }

    fn set(&self, value: *mut c_void) {
        FlsSlot::set(self, value).expect("set");
    }
}

/// A key of the C library.
struct Key(libc::pthread_key_t);

impl Key {
    fn new() -> Self {
        let mut key = 0;
        // SAFETY: a place for the key.
        assert_eq!(unsafe { libc::pthread_key_create(&raw mut key, None) }, 0);
        Self(key)
    }
}

impl Local for Key {
    fn get(&self) -> *mut c_void {
        // SAFETY: our own key.
        unsafe { libc::pthread_getspecific(self.0) }
    }

    fn set(&self, value: *mut c_void) {
        // SAFETY: our own key.
        assert_eq!(unsafe { libc::pthread_setspecific(self.0, value) }, 0);
    }
}

/// The compiler's own: no index, so the floor.
struct Std;

thread_local! {
    static STD: Cell<*mut c_void> = const { Cell::new(null_mut()) };
}

impl Local for Std {
    fn get(&self) -> *mut c_void {
        STD.get()
    }

    fn set(&self, value: *mut c_void) {
        STD.set(value);
    }
}

fn every(group: &mut Group<'_>, operation: impl Fn(&dyn Local)) {
    let (low, fls) = (TlsSlot::new().expect("a slot"), FlsSlot::new(None).expect("a slot"));
    let others: Vec<_> = (0..100).map(|_| TlsSlot::new().expect("a slot")).collect();
    let high = others.last().expect("one of a hundred");
    let rivals: [(&str, &dyn Local); 5] = [
        ("ntwait TLS", &low),
        ("ntwait TLS, a high index", high),
        ("ntwait FLS", &fls),
        ("pthread key", &Key::new()),
        ("std", &Std),
    ];
    for (name, local) in rivals {
        local.set(without_provenance_mut(1));
        group.bench_function(name, |bencher| bencher.iter(|| operation(black_box(local))));
    }
}

fn get(criterion: &mut Criterion) {
    every(&mut criterion.benchmark_group("slot_get"), |local| {
        black_box(local.get());
    });
}

fn set(criterion: &mut Criterion) {
    every(&mut criterion.benchmark_group("slot_set"), |local| local.set(without_provenance_mut(2)));
}

criterion_group!(name = benches; config = common::criterion(); targets = get, set);
criterion_main!(benches);
