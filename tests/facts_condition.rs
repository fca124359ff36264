//! Condition variables: facts SR1 and SR11 to SR18.
//!
//! SR19 is about misaligned pointers: a matter of the C face.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;
use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::time::Instant;

use common::memory::{leak, set_word, word_of, zeroed};
use common::nt_threads::Log;
use common::threads::within;
use common::{FOREVER, Nt, POLL, Random, Worker, at_ms, ms};
use ntwait::{
    Condition, ConditionFlags, CriticalSection, NtStatus, RtlConditionVariable, RtlCriticalSection, RtlSrwLock, SrwLock,
};

/// A lock of either sort, in one of its modes.
#[derive(Clone, Copy)]
enum Lock {
    Exclusive(&'static RtlSrwLock),
    Shared(&'static RtlSrwLock),
    Section(&'static RtlCriticalSection),
}

impl Lock {
    fn all() -> [Lock; 3] {
        [Lock::Exclusive(zeroed()), Lock::Shared(zeroed()), Lock::Section(leak(RtlCriticalSection::new(0)))]
    }

    fn acquire(self) {
        match self {
            Lock::Exclusive(lock) => lock.rtl_acquire_srw_lock_exclusive(),
            Lock::Shared(lock) => lock.rtl_acquire_srw_lock_shared(),
            Lock::Section(section) => section.rtl_enter_critical_section(),
        }
    }

    #[track_caller]
    fn release(self) {
        match self {
            Lock::Exclusive(lock) => assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS),
            Lock::Shared(lock) => assert_eq!(lock.rtl_release_srw_lock_shared(), NtStatus::SUCCESS),
            Lock::Section(section) => section.rtl_leave_critical_section(),
        }
    }

    /// Sleeps with the lock held, which it is before and after.
    fn sleep(self, condition: &RtlConditionVariable, timeout: Option<i64>) -> NtStatus {
        match self {
            Lock::Exclusive(lock) => condition.rtl_sleep_condition_variable_srw(lock, timeout, ConditionFlags::empty()),
            Lock::Shared(lock) => {
                condition.rtl_sleep_condition_variable_srw(lock, timeout, ConditionFlags::LOCKMODE_SHARED)
            }
            Lock::Section(section) => condition.rtl_sleep_condition_variable_cs(section, timeout),
        }
    }

    /// Keeps everybody out who wants the lock in its mode.
    fn shut(self) {
        match self {
            Lock::Shared(lock) | Lock::Exclusive(lock) => lock.rtl_acquire_srw_lock_exclusive(),
            Lock::Section(section) => section.rtl_enter_critical_section(),
        }
    }

    fn open(self) {
        match self {
            Lock::Shared(lock) => Lock::Exclusive(lock).release(),
            _ => self.release(),
        }
    }

    /// Acquires it, sleeps, and lets go.
    fn whole_sleep(self, condition: &RtlConditionVariable, timeout: Option<i64>) -> NtStatus {
        self.acquire();
        let status = self.sleep(condition, timeout);
        self.release();
        status
    }

    #[track_caller]
    fn assert_free(self) {
        match self {
            Lock::Exclusive(lock) | Lock::Shared(lock) => assert_eq!(word_of(lock), 0),
            Lock::Section(section) => assert_eq!(section.lock_count(), -1),
        }
    }
}

/// A thread that sleeps, notes this when it was woken, and says how.
#[track_caller]
fn sleeper(lock: Lock, condition: &'static RtlConditionVariable, log: &'static Log, note: usize) -> Worker<NtStatus> {
    Worker::blocked(move || {
        lock.acquire();
        let status = lock.sleep(condition, FOREVER);
        log.add(note);
        lock.release();
        status
    })
}

/// One pointer, all zero while nobody sleeps; zeroed memory is one.
#[test]
fn sr1_zero_is_a_condition() {
    static CONDITION: RtlConditionVariable = RtlConditionVariable::new();
    assert_eq!(size_of::<RtlConditionVariable>(), 8);
    within(|| {
        for condition in [&CONDITION, zeroed()] {
            for lock in Lock::all() {
                assert_eq!(word_of(condition), 0);
                let thread = sleeper(lock, condition, Log::new(), 0);
                assert_ne!(word_of(condition), 0);
                condition.rtl_wake_condition_variable();
                assert_eq!(thread.join(), NtStatus::SUCCESS);
                assert_eq!(word_of(condition), 0);
                lock.assert_free();
            }
        }
    });
}

/// Memory that was something else becomes one; and what is in it without that leads a wake nowhere, not even to an address.
#[test]
fn sr1_c8_garbage() {
    let condition: &RtlConditionVariable = zeroed();
    for garbage in [1, 4, 0x41, 0xDEAD_BEE1, 0xA5A5_A5A5_A5A5_A5A5, u64::MAX] {
        set_word(condition, garbage);
        within(|| condition.rtl_wake_all_condition_variable());
        set_word(condition, garbage);
        within(|| condition.rtl_wake_condition_variable());
        condition.rtl_initialize_condition_variable();
        assert_eq!(word_of(condition), 0);
    }
}

/// When the time is up the answer is TIMEOUT, and the lock is held again: relative and absolute times.
#[test]
fn sr11_timeout_holds_the_lock() {
    within(|| {
        for lock in Lock::all() {
            let condition: &RtlConditionVariable = zeroed();
            for timeout in [ms, at_ms] {
                let start = Instant::now();
                assert_eq!(lock.whole_sleep(condition, timeout(20)), NtStatus::TIMEOUT);
                assert!(start.elapsed() >= Duration::from_millis(15));
                lock.assert_free();
                assert_eq!(word_of(condition), 0);
            }
        }
    });
}

/// The lock is acquired again before the return, however long that takes.
#[test]
fn sr11_sr14_return_waits_for_the_lock() {
    within(|| {
        for lock in Lock::all() {
            let condition: &'static RtlConditionVariable = zeroed();
            let woken = Worker::blocked(move || lock.whole_sleep(condition, ms(300)));
            lock.shut();
            condition.rtl_wake_condition_variable();
            std::thread::sleep(Duration::from_millis(320)); // longer than the sleeper's time-out
            woken.assert_blocked();
            lock.open();
            // SR14: the wake came in time.
            assert_eq!(woken.join(), NtStatus::SUCCESS);

            let late = Worker::blocked(move || lock.whole_sleep(condition, ms(400)));
            lock.shut();
            std::thread::sleep(Duration::from_millis(120));
            late.assert_blocked();
            lock.open();
            assert_eq!(late.join(), NtStatus::TIMEOUT);
            lock.assert_free();
        }
    });
}

/// SR14 for those whom a wake of all has moved to the lock's queue: the time-out comes there, and does not count.
#[test]
fn sr14_moved_sleepers_were_woken() {
    within(|| {
        let (lock, condition): (_, &'static RtlConditionVariable) = (Lock::Exclusive(zeroed()), zeroed());
        let sleepers = [(); 3].map(|()| Worker::blocked(move || lock.whole_sleep(condition, ms(100))));
        lock.acquire();
        condition.rtl_wake_all_condition_variable();
        assert_eq!(word_of(condition), 0);
        std::thread::sleep(Duration::from_millis(450)); // longer than their time-outs
        lock.release();
        sleepers.into_iter().for_each(|sleeper| assert_eq!(sleeper.join(), NtStatus::SUCCESS));
        lock.assert_free();
    });
}

/// With flag 1 the lock is let go of and taken back shared: readers are in all the time.
#[test]
fn sr12_shared_mode() {
    within(|| {
        let (raw, condition): (&'static RtlSrwLock, &'static RtlConditionVariable) = (zeroed(), zeroed());
        let lock = Lock::Shared(raw);
        let thread = sleeper(lock, condition, Log::new(), 0);
        assert!(raw.rtl_try_acquire_srw_lock_exclusive(), "nobody holds it");
        lock.open();
        raw.rtl_acquire_srw_lock_shared();
        condition.rtl_wake_condition_variable();
        assert_eq!(thread.join(), NtStatus::SUCCESS, "beside another reader");
        lock.release();
        lock.assert_free();
    });
}

/// A sleep with other flags, or with a lock that is not held so, is refused, and nothing is changed.
#[test]
fn bad_input_is_refused() {
    let (lock, condition): (&RtlSrwLock, &RtlConditionVariable) = (zeroed(), zeroed());
    let (exclusive, shared) = (ConditionFlags::empty(), ConditionFlags::LOCKMODE_SHARED);
    let sleep = |flags| condition.rtl_sleep_condition_variable_srw(lock, ms(1), flags);
    for bits in [2, 3, 0x8000_0000, u32::MAX] {
        assert_eq!(sleep(ConditionFlags::from_bits_retain(bits)), NtStatus::INVALID_PARAMETER, "{bits:#x}");
    }
    assert_eq!([exclusive, shared].map(sleep), [NtStatus::RESOURCE_NOT_OWNED; 2]);
    lock.rtl_acquire_srw_lock_shared();
    assert_eq!(sleep(exclusive), NtStatus::RESOURCE_NOT_OWNED);
    assert_eq!(sleep(shared), NtStatus::TIMEOUT);
    assert_eq!(lock.rtl_release_srw_lock_shared(), NtStatus::SUCCESS);
    lock.rtl_acquire_srw_lock_exclusive();
    assert_eq!(sleep(shared), NtStatus::RESOURCE_NOT_OWNED);
    assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
    assert_eq!((word_of(lock), word_of(condition)), (0, 0));
}

/// A wake without a sleeper is lost; a wake releases one, in order; a wake of all releases all who sleep then.
#[test]
fn sr13_one_and_all() {
    within(|| {
        for lock in Lock::all() {
            let (condition, log): (&'static RtlConditionVariable, _) = (zeroed(), Log::new());
            condition.rtl_wake_condition_variable();
            condition.rtl_wake_all_condition_variable();
            let sleepers = [1, 2, 3, 4].map(|note| sleeper(lock, condition, log, note));
            let [first, second, third, fourth] = sleepers;
            condition.rtl_wake_condition_variable();
            assert_eq!(first.join(), NtStatus::SUCCESS);
            [&second, &third, &fourth].into_iter().for_each(Worker::assert_blocked);
            condition.rtl_wake_condition_variable();
            assert_eq!(second.join(), NtStatus::SUCCESS);
            [&third, &fourth].into_iter().for_each(Worker::assert_blocked);
            assert_eq!(log.take(), [1, 2]);
            condition.rtl_wake_all_condition_variable();
            assert_eq!([third, fourth].map(Worker::join), [NtStatus::SUCCESS; 2]);
            let late = sleeper(lock, condition, log, 5);
            condition.rtl_wake_condition_variable();
            assert_eq!(late.join(), NtStatus::SUCCESS);
            lock.assert_free();
        }
    });
}

/// A wake of all works with sleepers that have let go of different locks, in different modes.
#[test]
fn sr13_all_with_different_locks() {
    within(|| {
        for shut in [false, true] {
            let (condition, log): (&'static RtlConditionVariable, _) = (zeroed(), Log::new());
            let (locks, one) = (Lock::all(), zeroed());
            let locks = [locks[0], locks[1], locks[2], locks[0], Lock::Exclusive(one), Lock::Shared(one)];
            let sleepers = locks.map(|lock| sleeper(lock, condition, log, 0));
            if shut {
                locks[0].shut();
            }
            condition.rtl_wake_all_condition_variable();
            if shut {
                locks[0].open();
            }
            sleepers.into_iter().for_each(|sleeper| assert_eq!(sleeper.join(), NtStatus::SUCCESS));
            locks.into_iter().for_each(Lock::assert_free);
            assert_eq!(word_of(condition), 0);
        }
    });
}

/// The waker need not hold the lock: the state is changed under it, the wake comes after, and none is lost.
#[test]
fn sr15_waker_without_the_lock() {
    within(|| {
        let pair: &'static (SrwLock<u32>, Condition) = leak((SrwLock::new(0), Condition::new()));
        let taker = Worker::start(|| {
            for _ in 0..20_000 {
                let mut count = pair.0.write();
                pair.1.wait_while(&mut count, |count| **count == 0);
                *count -= 1;
            }
        });
        for _ in 0..20_000 {
            *pair.0.write() += 1;
            pair.1.wake_one();
        }
        taker.join();
        assert_eq!(*pair.0.read(), 0);
    });
}

/// With a section that was entered twice one level is left: the section stays its owner's.
#[test]
fn sr17_one_level_is_left() {
    within(|| {
        let (section, condition): (&'static RtlCriticalSection, &'static RtlConditionVariable) =
            (leak(RtlCriticalSection::new(0)), zeroed());
        let thread = Worker::blocked(move || {
            section.rtl_enter_critical_section();
            section.rtl_enter_critical_section();
            let status = section_sleep(section, condition);
            let depth = section.recursion_count();
            section.rtl_leave_critical_section();
            section.rtl_leave_critical_section();
            (status, depth)
        });
        assert_eq!(section.recursion_count(), 1);
        assert!(!section.rtl_try_enter_critical_section());
        condition.rtl_wake_condition_variable();
        assert_eq!(thread.join(), (NtStatus::SUCCESS, 2));
        assert_eq!(section.lock_count(), -1);
    });
}

fn section_sleep(section: &RtlCriticalSection, condition: &RtlConditionVariable) -> NtStatus {
    condition.rtl_sleep_condition_variable_cs(section, FOREVER)
}

/// A time-out of zero, or one that is past, lets go of the lock for a moment: who waits for it gets it.
#[test]
fn sr18_zero_timeout() {
    within(|| {
        for timeout in [POLL, at_ms(-1_000)] {
            for lock in Lock::all() {
                let condition: &RtlConditionVariable = zeroed();
                assert_eq!(lock.whole_sleep(condition, timeout), NtStatus::TIMEOUT);
                lock.assert_free();
            }
        }
        let lock: &'static RtlSrwLock = zeroed();
        lock.rtl_acquire_srw_lock_exclusive();
        let other = Worker::blocked(move || {
            lock.rtl_acquire_srw_lock_exclusive();
            assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        });
        while !other.is_finished() {
            assert_eq!(Lock::Exclusive(lock).sleep(zeroed(), POLL), NtStatus::TIMEOUT);
        }
        assert_eq!(lock.rtl_release_srw_lock_exclusive(), NtStatus::SUCCESS);
        other.join();
    });
}

/// W38: a suspended sleeper is in no queue, and a wake goes to another; when it goes on it sleeps again, with its old deadline.
#[test]
fn w38_suspended_sleepers() {
    within(|| {
        let nt = Nt::new();
        for lock in Lock::all() {
            let (condition, log): (&'static RtlConditionVariable, _) = (zeroed(), Log::new());
            let slept = nt.blocked(move || lock.whole_sleep(condition, FOREVER).0);
            let late = nt.blocked(move || lock.whole_sleep(condition, ms(500)).0);
            let other = sleeper(lock, condition, log, 1);
            slept.suspend_in_wait();
            late.suspend_in_wait();
            condition.rtl_wake_condition_variable();
            assert_eq!(other.join(), NtStatus::SUCCESS);
            slept.resume_into_wait();
            std::thread::sleep(Duration::from_millis(500));
            late.resume();
            assert_eq!(NtStatus(late.join()), NtStatus::TIMEOUT, "W40");
            condition.rtl_wake_all_condition_variable();
            assert_eq!(NtStatus(slept.join()), NtStatus::SUCCESS);
            lock.assert_free();
        }
    });
}

/// A sleeper that was woken and waits for the lock stays woken, though it is suspended; terminated, it keeps nobody out.
#[test]
fn w38_woken_sleepers_stay_woken() {
    within(|| {
        let nt = Nt::new();
        for lock in Lock::all() {
            let condition: &'static RtlConditionVariable = zeroed();
            let [slept, killed, third] = [(); 3].map(|()| nt.blocked(move || lock.whole_sleep(condition, FOREVER).0));
            lock.shut();
            condition.rtl_wake_all_condition_variable();
            slept.suspend_in_wait();
            killed.assert_blocked();
            killed.kill(9);
            assert_eq!(killed.join(), 9);
            lock.open();
            assert_eq!(NtStatus(third.join()), NtStatus::SUCCESS);
            slept.resume();
            assert_eq!(NtStatus(slept.join()), NtStatus::SUCCESS);
            lock.assert_free();
            assert_eq!(word_of(condition), 0);
        }
    });
}

/// A wake that comes while the only sleeper is suspended is not lost: the sleeper has it when it goes on. (A condition has no
/// state in which the wake could wait for it, as an event has.)
#[test]
fn sr13_wake_of_a_suspended_sleeper() {
    within(|| {
        let nt = Nt::new();
        let wakes =
            [RtlConditionVariable::rtl_wake_condition_variable, RtlConditionVariable::rtl_wake_all_condition_variable];
        for (lock, wake) in Lock::all().into_iter().flat_map(|lock| wakes.map(|wake| (lock, wake))) {
            let condition: &'static RtlConditionVariable = zeroed();
            let thread = nt.blocked(move || lock.whole_sleep(condition, FOREVER).0);
            thread.suspend_in_wait();
            wake(condition);
            assert_eq!(thread.resume(), 1);
            assert_eq!(NtStatus(thread.join()), NtStatus::SUCCESS);
            lock.assert_free();
        }
    });
}

/// Terminated sleepers just vanish.
#[test]
fn th8_terminated_sleepers() {
    within(|| {
        let nt = Nt::new();
        for lock in Lock::all() {
            let condition: &'static RtlConditionVariable = zeroed();
            let [killed, other] = [(); 2].map(|()| nt.blocked(move || lock.whole_sleep(condition, FOREVER).0));
            killed.kill(9);
            assert_eq!(killed.join(), 9);
            condition.rtl_wake_condition_variable();
            assert_eq!(NtStatus(other.join()), NtStatus::SUCCESS);
            lock.assert_free();
            assert_eq!(word_of(condition) & 0b11, 0, "nobody is queued");
        }
    });
}

/// A bounded queue, two who fill and two who empty it, wakes of one and of all, with time-outs: nothing is lost.
#[test]
fn four_threads_lose_nothing() {
    const ITEMS: u32 = 8_000;
    within(|| {
        struct Queue {
            items: SrwLock<Vec<u32>>,
            changed: Condition,
            sum: AtomicU32,
        }
        let queue: &'static Queue =
            leak(Queue { items: SrwLock::new(Vec::new()), changed: Condition::new(), sum: AtomicU32::new(0) });
        let fill = move |seed| {
            let mut random = Random::new(seed);
            for _ in 0..ITEMS {
                let mut items = queue.items.write();
                queue.changed.wait_while(&mut items, |items| items.len() == 3);
                items.push(1);
                if random.one_in(2) {
                    drop(items);
                }
                queue.changed.wake_all();
            }
        };
        let empty = move |seed| {
            let mut random = Random::new(seed);
            for _ in 0..ITEMS {
                let mut items = queue.items.write();
                while items.is_empty() {
                    let timeout = random.one_in(4).then_some(Duration::from_micros(50));
                    let _ = queue.changed.wait_timeout(&mut items, timeout);
                }
                queue.sum.fetch_add(items.pop().expect("an item"), Ordering::Relaxed);
                queue.changed.wake_all();
            }
        };
        let threads: Vec<_> =
            (1..=2).flat_map(|n| [Worker::start(move || fill(n)), Worker::start(move || empty(n))]).collect();
        threads.into_iter().for_each(Worker::join);
        assert_eq!(queue.sum.load(Ordering::Relaxed), 2 * ITEMS);
        assert!(queue.items.read().is_empty());
    });
}

/// The typed face with a section and with a reader.
#[test]
fn guards_of_every_sort() {
    within(|| {
        let shared: &'static (CriticalSection<Cell<bool>>, Condition) =
            leak((CriticalSection::new(Cell::new(false)), Condition::new()));
        let waiter = Worker::blocked(|| {
            let mut guard = shared.0.enter();
            shared.1.wait_while(&mut guard, |guard| !guard.get());
        });
        shared.0.enter().set(true);
        shared.1.wake_one();
        waiter.join();
        let lock = SrwLock::new(());
        assert!(!shared.1.wait_timeout(&mut lock.read(), Duration::from_millis(1)));
        assert!(!shared.1.wait_timeout(&mut lock.write(), Duration::ZERO));
        assert!(lock.try_write().is_some());
    });
}
