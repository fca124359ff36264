//! P17: a mutant and a semaphore that nobody waits for. The limit is two locked instructions, with which no lock does less.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use ntwait::{AccessMask, NtStatus, ObjectAttributes};

use crate::measure::{Bench, Contender, Line, Role, Target, batches};
use crate::os::cpus::pin_to;
use crate::peers::{Padded, adaptive};
use crate::plan::Plan;

pub(super) fn benches(plan: &Plan) -> Vec<Bench> {
    let home = plan.cpus.home;
    vec![mutant(home), semaphore(home)]
}

/// The same two steps again and again, on a pinned thread.
fn pair(name: &'static str, role: Role, home: usize, steps: impl Fn() + Send + Sync + 'static) -> Contender {
    Contender::simple(name, role, move |slice| {
        pin_to(home);
        batches(slice, |n| (0..n).for_each(|_| steps()))
    })
}

fn mutant(home: usize) -> Bench {
    let line = Line::new("P17.mutant", "acquire + release of a free mutant", Target::TimesLimit(1.30));
    let word = Padded(AtomicU32::new(0));
    let bare = move || {
        let word = black_box(&*word);
        let _ = black_box(word.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed));
        black_box(word.swap(0, Ordering::Release));
    };
    let nt = adaptive();
    let handle = nt.nt_create_mutant(AccessMask::MUTANT_ALL_ACCESS, ObjectAttributes::NONE, false);
    let handle = handle.expect("the table has room for a mutant");
    let ours = move || {
        assert_eq!(nt.nt_wait_for_single_object(black_box(handle), false, None), NtStatus::WAIT_0);
        assert_eq!(nt.nt_release_mutant(black_box(handle)), Ok(0));
    };
    let mutex = Padded(Mutex::new(()));
    let contenders = vec![
        pair("bare futex", Role::Limit, home, bare),
        pair("ntwait", Role::Ours, home, ours),
        pair("std Mutex", Role::Peer, home, move || drop(black_box(&*mutex).lock())),
    ];
    Bench::new("P17", line, 0.9, contenders)
}

fn semaphore(home: usize) -> Bench {
    let line = Line::new("P17.semaphore", "release + acquire of a semaphore", Target::TimesLimit(1.30));
    let word = Padded(AtomicU32::new(0));
    let bare = move || {
        let word = black_box(&*word);
        black_box(word.fetch_add(1, Ordering::Release));
        let _ = black_box(word.compare_exchange(1, 0, Ordering::Acquire, Ordering::Relaxed));
    };
    let nt = adaptive();
    let handle = nt.nt_create_semaphore(AccessMask::SEMAPHORE_ALL_ACCESS, ObjectAttributes::NONE, 0, 1);
    let handle = handle.expect("the table has room for a semaphore");
    let ours = move || {
        assert_eq!(nt.nt_release_semaphore(black_box(handle), 1), Ok(0));
        assert_eq!(nt.nt_wait_for_single_object(black_box(handle), false, None), NtStatus::WAIT_0);
    };
    let count = Padded(Mutex::new(0_u32));
    let std = move || {
        let count = black_box(&*count);
        count.lock().map(|mut count| *count += 1).expect("not poisoned");
        count.lock().map(|mut count| *count -= 1).expect("not poisoned");
    };
    let contenders = vec![
        pair("bare futex", Role::Limit, home, bare),
        pair("ntwait", Role::Ours, home, ours),
        pair("std Mutex", Role::Peer, home, std),
    ];
    Bench::new("P17", line, 0.9, contenders)
}
