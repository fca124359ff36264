//! Many in a row, and many at once, within bounds of memory.

use crate::tools::{in_thread, soon, status, tasks};
use crate::{Case, On};
use core::cell::RefCell;
use ntwait::{Event, Runtime, Thread, ThreadBackend};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    ("many_in_a_row", On::Both, many_in_a_row),
    ("many_at_once", On::Both, many_at_once),
    ("without_parking", On::Both, without_parking),
    ("starts_from_many_threads", On::Both, starts_from_many_threads),
    ("parked_threads_go", On::Clone, parked_threads_go),
];

thread_local! {
    static LIST: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Allocates, and leaves something to be destroyed.
fn work(i: u64) {
    let blocks: Vec<Vec<u8>> = (0..20).map(|k| vec![k as u8; ((i * 31 + k * 97) % 4000) as usize]).collect();
    LIST.with_borrow_mut(|list| list.push(vec![1; 300]));
    let map: HashMap<u64, String> = (0..10).map(|k| (k, format!("{k}-{i}"))).collect();
    core::hint::black_box((blocks, map));
}

fn deep() -> bool {
    std::env::var("NTWAIT_DEEP").is_ok_and(|deep| deep != "0")
}

fn many_in_a_row() {
    in_a_row(|i| in_thread(move || work(i)));
}

fn without_parking() {
    let runtime = Runtime::builder().parked_threads(0, Duration::ZERO).build().unwrap().leak();
    in_a_row(|i| {
        let thread = Thread::builder().runtime(runtime).spawn(move || {
            work(i);
            i
        });
        assert_eq!(thread.unwrap().join().unwrap(), i);
    });
    soon("their end", || tasks() <= 3);
}

fn in_a_row(one: impl Fn(u64)) {
    let count = if deep() { 100_000 } else { 20_000 };
    let mut marks = Vec::new();
    for i in 0..count {
        one(i);
        if i % (count / 5) == count / 10 {
            marks.push(status("VmRSS"));
        }
    }
    println!("kB: {marks:?}; virtual {} MB", status("VmSize") / 1024);
    assert!(marks[4] < marks[0] + 2048, "no leak: {marks:?}");
}

fn many_at_once() {
    const COUNT: u64 = 2000;
    in_thread(|| {});
    let before = status("VmRSS");
    for round in 0..2 {
        let go = Arc::new(Event::manual_reset(false).unwrap());
        let threads: Vec<_> = (0..COUNT)
            .map(|i| {
                let go = Arc::clone(&go);
                Thread::spawn(move || {
                    work(i);
                    go.wait();
                })
                .unwrap()
            })
            .collect();
        assert!(tasks() as u64 >= COUNT);
        let each = (status("VmRSS") - before) as f64 / COUNT as f64;
        go.set();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        println!("round {round}: {each:.1} kB each alive, {} kB in all after their end", status("VmRSS") - before);
        assert!(each < 60.0, "{each}");
    }
    soon("their end", || (tasks() as u64) < 100);
    assert!(status("VmRSS") < before + COUNT * 60, "what is kept is bounded");
}

fn starts_from_many_threads() {
    let starters: Vec<_> = (0..4)
        .map(|number| {
            std::thread::spawn(move || {
                for i in 0..500 {
                    let size = if number % 2 == 0 { 0 } else { 100_000 * (1 + i % 3) };
                    let threads: Vec<_> =
                        (0..3).map(|k| Thread::builder().stack_size(size).spawn(move || work(k)).unwrap()).collect();
                    threads.into_iter().for_each(|thread| thread.join().unwrap());
                }
            })
        })
        .collect();
    starters.into_iter().for_each(|starter| starter.join().unwrap());
}

fn parked_threads_go() {
    assert_eq!(Runtime::global().thread_backend().backend(), ThreadBackend::Clone);
    let runtime = Runtime::builder().parked_threads(3, Duration::from_millis(200)).build().unwrap().leak();
    let spawn = || Thread::builder().runtime(runtime).spawn(crate::tools::tid).unwrap();
    let threads: Vec<_> = (0..10).map(|_| spawn()).collect();
    threads.into_iter().for_each(|thread| assert!(thread.join().unwrap() > 0));
    soon("only three, the warden and this one", || tasks() <= 5);
    let again: Vec<_> = (0..5).map(|_| spawn().join().unwrap()).collect();
    let different: std::collections::HashSet<_> = again.iter().collect();
    assert!(different.len() <= 3, "five threads in three tasks: {again:?}");
    soon("the warden and this one", || tasks() == 2);
}
