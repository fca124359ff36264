//! SRW locks: facts SR1 to SR10.
//!
//! | facts | where |
//! |---|---|
//! | SR1–SR10 | here |
//! | SR11–SR18 | `facts_condition.rs` |
//! | SR19 | is about misaligned pointers: a matter of the C face |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::time::Instant;

use common::memory::{leak, set_word, word_of, zeroed};
use common::nt_threads::Log;
use common::threads::within;
use common::{Nt, Worker};
use ntwait::{NtStatus, RtlSrwLock, SrwLock};

/// How a lock is acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Exclusive,
    Shared,
}
use Mode::{Exclusive, Shared};

fn acquire(lock: &RtlSrwLock, mode: Mode) {
    match mode {
        Exclusive => lock.rtl_acquire_srw_lock_exclusive(),
        Shared => lock.rtl_acquire_srw_lock_shared(),
    }
}

fn try_acquire(lock: &RtlSrwLock, mode: Mode) -> bool {
    match mode {
        Exclusive => lock.rtl_try_acquire_srw_lock_exclusive(),
        Shared => lock.rtl_try_acquire_srw_lock_shared(),
    }
}

fn release(lock: &RtlSrwLock, mode: Mode) -> NtStatus {
    match mode {
        Exclusive => lock.rtl_release_srw_lock_exclusive(),
        Shared => lock.rtl_release_srw_lock_shared(),
    }
}

#[track_caller]
fn let_go(lock: &RtlSrwLock, mode: Mode) {
    assert_eq!(release(lock, mode), NtStatus::SUCCESS);
}

/// A thread that waits for the lock, notes this when it has it, and lets go.
#[track_caller]
fn queue(lock: &'static RtlSrwLock, mode: Mode, log: &'static Log, note: usize) -> Worker<()> {
    Worker::blocked(move || {
        acquire(lock, mode);
        log.add(note);
        let_go(lock, mode);
    })
}

fn join(workers: impl IntoIterator<Item = Worker<()>>) {
    workers.into_iter().for_each(Worker::join);
}

/// The lock can be had in either mode, and is zero afterwards.
#[track_caller]
fn assert_free(lock: &RtlSrwLock) {
    assert_eq!(word_of(lock), 0);
    for mode in [Exclusive, Shared] {
        assert!(try_acquire(lock, mode), "{mode:?}");
        let_go(lock, mode);
    }
    assert_eq!(word_of(lock), 0);
}

/// One pointer, all zero; static zero memory needs no initialisation.
#[test]
fn sr1_zero_is_a_lock() {
    static LOCK: RtlSrwLock = RtlSrwLock::new();
    assert_eq!((size_of::<RtlSrwLock>(), align_of::<RtlSrwLock>()), (8, 8));
    for lock in [&LOCK, zeroed()] {
        assert_eq!(word_of(lock), 0);
        acquire(lock, Exclusive);
        let_go(lock, Exclusive);
        acquire(lock, Shared);
        acquire(lock, Shared);
        let_go(lock, Shared);
        let_go(lock, Shared);
        assert_free(lock);
    }
}

/// Memory that was something else becomes a lock.
#[test]
fn sr1_initialised_memory_is_a_lock() {
    let lock: &RtlSrwLock = zeroed();
    for garbage in [1, 0xA5A5_A5A5_A5A5_A5A5, u64::MAX] {
        set_word(lock, garbage);
        lock.rtl_initialize_srw_lock();
        assert_free(lock);
        assert!(try_acquire(lock, Exclusive));
        let_go(lock, Exclusive);
    }
}

/// Not recursive: each of the three combinations waits for itself. Another thread can help out.
#[test]
fn sr2_not_recursive() {
    within(|| {
        for (first, second) in [(Exclusive, Exclusive), (Exclusive, Shared), (Shared, Exclusive)] {
            let lock = zeroed();
            let stuck = Worker::blocked(move || {
                acquire(lock, first);
                acquire(lock, second);
                let_go(lock, second);
            });
            let_go(lock, first);
            stuck.join();
            assert_free(lock);
        }
    });
}

/// Shared after shared works while no exclusive acquirer is queued, and waits when one is.
#[test]
fn sr3_shared_twice() {
    within(|| {
        let lock = zeroed();
        acquire(lock, Shared);
        acquire(lock, Shared);
        let writer = queue(lock, Exclusive, Log::new(), 1);
        assert!(!try_acquire(lock, Shared));
        let stuck = Worker::blocked(move || {
            acquire(lock, Shared);
            let_go(lock, Shared);
        });
        let_go(lock, Shared);
        let_go(lock, Shared);
        join([writer, stuck]);
        assert_free(lock);
    });
}

/// No owner: another thread releases.
#[test]
fn sr4_no_owner() {
    within(|| {
        for mode in [Exclusive, Shared] {
            let lock: &'static RtlSrwLock = zeroed();
            Worker::start(move || acquire(lock, mode)).join();
            assert!(!try_acquire(lock, Exclusive));
            let_go(lock, mode);
            assert_free(lock);
        }
        let lock = leak(SrwLock::new(1));
        let guard = lock.write();
        Worker::start(move || drop(guard)).join();
        assert_eq!(*lock.read(), 1);
    });
}

/// A queued exclusive acquirer keeps out those who come for shared access, who wait or fail.
#[test]
fn sr5_queued_writer_bars_readers() {
    within(|| {
        let (lock, log) = (zeroed(), Log::new());
        acquire(lock, Shared);
        assert!(try_acquire(lock, Shared), "nobody is queued");
        let writer = queue(lock, Exclusive, log, 1);
        assert!(!try_acquire(lock, Shared) && !try_acquire(lock, Exclusive));
        let reader = queue(lock, Shared, log, 2);
        let_go(lock, Shared);
        writer.assert_blocked();
        reader.assert_blocked();
        let_go(lock, Shared);
        join([writer, reader]);
        assert_eq!(log.take(), [1, 2]);
        assert_free(lock);
    });
}

/// When the readers leave, the queued exclusive acquirer is first, then the readers that came later, together.
#[test]
fn sr6_writer_comes_before_later_readers() {
    within(|| {
        for _ in 0..20 {
            let (lock, log) = (zeroed(), Log::new());
            acquire(lock, Shared);
            let writer = queue(lock, Exclusive, log, 1);
            let readers = [2, 3].map(|note| queue(lock, Shared, log, note));
            let_go(lock, Shared);
            join([writer]);
            join(readers);
            assert_eq!(log.take()[0], 1);
            assert_free(lock);
        }
    });
}

/// In the order in which they came: a release takes the readers up to the next writer.
#[test]
fn sr6_readers_go_together_up_to_the_next_writer() {
    within(|| {
        let (lock, log) = (zeroed(), Log::new());
        acquire(lock, Exclusive);
        let inside: &'static AtomicU64 = leak(AtomicU64::new(0));
        let readers = [1, 2].map(|note| {
            Worker::blocked(move || {
                acquire(lock, Shared);
                inside.fetch_add(1, Ordering::SeqCst);
                while inside.load(Ordering::SeqCst) < 2 {
                    std::thread::yield_now(); // both are in, or this never ends
                }
                log.add(note);
                let_go(lock, Shared);
            })
        });
        let writer = queue(lock, Exclusive, log, 3);
        let last = queue(lock, Shared, log, 4);
        let_go(lock, Exclusive);
        join(readers);
        join([writer, last]);
        let mut order = log.take();
        order[..2].sort_unstable();
        assert_eq!(order, [1, 2, 3, 4]);
        assert_free(lock);
    });
}

/// What a try gets, by what is held; and a failed one changes nothing.
#[test]
fn sr7_sr8_tries() {
    // held, how often, exclusive?, shared?
    let rows = [
        (None, 0, true, true),
        (Some(Exclusive), 1, false, false),
        (Some(Shared), 1, false, true),
        (Some(Shared), 3, false, true),
    ];
    for (held, count, exclusive, shared) in rows {
        let lock: &RtlSrwLock = zeroed();
        (0..count).for_each(|_| acquire(lock, held.expect("a mode")));
        for (mode, expected) in [(Exclusive, exclusive), (Shared, shared)] {
            let before = word_of(lock);
            assert_eq!(try_acquire(lock, mode), expected, "{mode:?} while held {held:?}");
            if expected {
                let_go(lock, mode);
            }
            assert_eq!(word_of(lock), before);
        }
        (0..count).for_each(|_| let_go(lock, held.expect("a mode")));
        assert_free(lock);
    }
}

/// An uncontended exclusive lock is 1, and a release of 1 gives 0, whoever wrote the 1.
#[test]
fn sr9_exclusive_is_one() {
    let lock: &RtlSrwLock = zeroed();
    acquire(lock, Exclusive);
    assert_eq!(word_of(lock) & 0xF, 1, "above that is the owner");
    let_go(lock, Exclusive);
    assert_eq!(word_of(lock), 0);
    set_word(lock, 1);
    assert!(!try_acquire(lock, Shared) && !try_acquire(lock, Exclusive));
    let_go(lock, Exclusive);
    assert_free(lock);
}

/// A release of a lock that is not held so is refused, and changes nothing.
#[test]
fn sr10_stray_release() {
    within(|| {
        for (held, stray) in [(None, Exclusive), (None, Shared), (Some(Exclusive), Shared), (Some(Shared), Exclusive)] {
            let lock = zeroed();
            if let Some(mode) = held {
                acquire(lock, mode);
            }
            let before = word_of(lock);
            assert_eq!(release(lock, stray), NtStatus::RESOURCE_NOT_OWNED, "{stray:?} while held {held:?}");
            assert_eq!(word_of(lock), before);
            if let Some(mode) = held {
                let writer = queue(lock, Exclusive, Log::new(), 1);
                assert_eq!(release(lock, stray), NtStatus::RESOURCE_NOT_OWNED);
                writer.assert_blocked();
                let_go(lock, mode);
                writer.join();
            }
            assert_free(lock);
        }
    });
}

/// A suspended acquirer is in no queue: others pass it; when it goes on it queues again.
#[test]
fn suspended_acquirer_leaves_the_queue() {
    within(|| {
        let nt = Nt::new();
        for mode in [Exclusive, Shared] {
            let lock = zeroed();
            acquire(lock, Exclusive);
            let thread = nt.blocked(move || {
                acquire(lock, mode);
                7
            });
            thread.suspend_in_wait();
            assert_eq!(word_of(lock) & 0xF, 1, "its marks are mended");
            let_go(lock, Exclusive);
            acquire(lock, Exclusive);
            thread.resume_into_wait();
            let_go(lock, Exclusive);
            assert_eq!(thread.join(), 7);
            let_go(lock, mode);
            assert_free(lock);
        }
    });
}

/// A suspended writer bars nobody for longer than the lock is held.
#[test]
fn suspended_writer_lets_readers_pass() {
    within(|| {
        let (nt, lock, log) = (Nt::new(), zeroed(), Log::new());
        acquire(lock, Shared);
        let writer = nt.blocked(move || {
            acquire(lock, Exclusive);
            log.add(2);
            let_go(lock, Exclusive);
            0
        });
        let reader = queue(lock, Shared, log, 1);
        writer.suspend_in_wait();
        let_go(lock, Shared);
        reader.join();
        assert_free(lock);
        writer.resume();
        writer.join();
        assert_eq!(log.take(), [1, 2]);
        assert_free(lock);
    });
}

/// TH8: a terminated acquirer just vanishes; what a terminated thread held stays held.
#[test]
fn th8_terminated_acquirers_and_holders() {
    within(|| {
        let nt = Nt::new();
        for mode in [Exclusive, Shared] {
            let lock = zeroed();
            acquire(lock, Exclusive);
            let acquirer = nt.blocked(move || {
                acquire(lock, mode);
                0
            });
            acquirer.kill(9);
            assert_eq!(acquirer.join(), 9);
            assert_eq!(word_of(lock) & 0xF, 1);
            let_go(lock, Exclusive);

            let never = nt.auto(false);
            let holder = nt.blocked(move || {
                acquire(lock, mode);
                nt.one(never, None).0
            });
            holder.kill(9);
            holder.join();
            assert!(!try_acquire(lock, Exclusive), "still held");
            let_go(lock, mode);
            assert_free(lock);
        }
    });
}

/// Who waits in the queue while a thread acquires and releases without end gets the lock, in either mode.
#[test]
fn nobody_starves() {
    within(|| {
        for mode in [Exclusive, Shared] {
            let lock: &'static RtlSrwLock = zeroed();
            let stop: &'static AtomicBool = leak(AtomicBool::new(false));
            let hogs = [(); 2].map(|()| {
                Worker::start(move || {
                    while !stop.load(Ordering::Relaxed) {
                        acquire(lock, Exclusive);
                        common::spin_for(Duration::from_micros(20));
                        let_go(lock, Exclusive);
                    }
                })
            });
            let start = Instant::now();
            for _ in 0..100 {
                acquire(lock, mode);
                let_go(lock, mode);
            }
            stop.store(true, Ordering::Relaxed);
            join(hogs);
            assert!(start.elapsed() < Duration::from_secs(20), "{mode:?}: {:?}", start.elapsed());
            assert_free(lock);
        }
    });
}

/// Four threads, all ways to acquire: no two writers, no reader beside a writer, no write lost.
#[test]
fn four_threads_exclude_each_other() {
    within(|| {
        // A number that is read and written in two steps, twice.
        let lock: &'static SrwLock<[Slot; 2]> = leak(SrwLock::default());
        let threads: Vec<_> = (0..4_u64)
            .map(|seed| {
                Worker::start(move || {
                    let mut random = common::Random::new(seed + 11);
                    let mut writes = 0;
                    for _ in 0..30_000 {
                        match random.below(4) {
                            0 => {
                                let pair = lock.read();
                                assert_eq!(pair[0].get(), pair[1].get());
                            }
                            1 => {
                                if let Some(pair) = lock.try_read() {
                                    assert_eq!(pair[0].get(), pair[1].get());
                                }
                            }
                            2 => {
                                let pair = lock.write();
                                pair[0].set(pair[0].get() + 1);
                                pair[1].set(pair[0].get());
                                writes += 1;
                            }
                            _ => {
                                if let Some(pair) = lock.try_write() {
                                    pair[0].set(pair[0].get() + 1);
                                    pair[1].set(pair[0].get());
                                    writes += 1;
                                }
                            }
                        }
                    }
                    writes
                })
            })
            .collect();
        let writes: u64 = threads.into_iter().map(Worker::join).sum();
        assert_eq!(lock.read()[0].get(), writes);
    });
}

/// An atomic that is used as if it were none: without the lock, changes would be lost.
#[derive(Default)]
struct Slot(AtomicU64);

impl Slot {
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}
