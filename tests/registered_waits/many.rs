//! Ten thousand registrations and four threads that set their events.

use super::*;

fn threads_of_the_library() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("the task directory");
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    tasks
        .flatten()
        .filter(|task| task.path().exists())
        .map(name)
        .filter(|name| name.starts_with("ntwait-waits"))
        .count()
}

/// 10,000 registrations have one thread; each event that is set has its callback, once, though four threads set them.
#[test]
fn ten_thousand_registrations_one_thread() {
    const MANY: usize = 10_000;
    const ROUNDS: u32 = 5;
    within(|| {
        let nt = Nt::new();
        let all: Vec<_> = (0..MANY)
            .map(|at| {
                let (event, seen) = (nt.auto(false), Seen::new());
                let timeout = if at % 2 == 0 { FOR_EVER } else { 600_000 };
                let flags = if at % 3 == 0 { SERIAL } else { WORKER };
                (event, seen, nt.register_count(event, seen, timeout, flags))
            })
            .collect();
        assert_eq!(threads_of_the_library(), 1);
        let all: &'static [_] = all.leak();
        let setters: Vec<_> = (0..4)
            .map(|setter| {
                std::thread::spawn(move || {
                    for round in 1..=ROUNDS {
                        let mine = || all.iter().skip(setter).step_by(4);
                        mine().for_each(|(event, ..)| assert_eq!(nt.set(*event), 0));
                        mine().for_each(|(_, seen, _)| {
                            until("the callback has come", || seen.counts().0 >= round);
                        });
                        // Each waits again before it is set again.
                        mine().for_each(|(event, ..)| until("it waits again", || nt.references(*event) == 3));
                    }
                })
            })
            .collect();
        setters.into_iter().for_each(|setter| setter.join().expect("a setter"));
        assert_eq!(threads_of_the_library(), 1);
        for (_, seen, wait) in all {
            nt.unregistered(*wait);
            assert_eq!(seen.counts(), (ROUNDS, 0));
        }
    });
}

/// A semaphore that four threads release has one callback for each count, however many registrations share it.
#[test]
fn each_count_has_one_callback() {
    const EACH: u32 = 5_000;
    within(|| {
        let nt = Nt::new();
        let access = AccessMask::from_bits_retain(0x1F_0003);
        let semaphore = nt.nt_create_semaphore(access, ObjectAttributes::NONE, 0, i32::MAX).expect("a semaphore");
        let all: Vec<_> = [WORKER, SERIAL, WaitFlags::LONG_FUNCTION]
            .into_iter()
            .cycle()
            .take(9)
            .map(|flags| {
                let seen = Seen::new();
                (seen, nt.register_count(semaphore, seen, FOR_EVER, flags))
            })
            .collect();
        let release = move || (0..EACH).for_each(|_| assert!(nt.nt_release_semaphore(semaphore, 1).is_ok()));
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(release)).collect();
        threads.into_iter().for_each(|thread| thread.join().expect("no thread panics"));
        let sum = || all.iter().map(|(seen, _)| seen.counts().0).sum::<u32>();
        until("all counts are taken", || sum() == 4 * EACH);
        for (_, wait) in &all {
            nt.unregistered(*wait);
        }
        assert_eq!(sum(), 4 * EACH);
        assert_eq!(nt.one(semaphore, POLL), NtStatus::TIMEOUT);
    });
}
