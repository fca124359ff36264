//! Waits on an address: facts WA1 to WA8, WA11, WA16.

#![allow(unsafe_code, reason = "addresses as they come from C")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::ffi::c_void;
use core::ptr::{from_ref, null, without_provenance};
use core::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
    AtomicUsize, Ordering,
};
use core::time::Duration;
use std::sync::Mutex;
use std::time::Instant;

use common::nt_threads::Log;
use common::{FOREVER, Nt, POLL, Random, Worker, at_ms, ms, trials, within};
use ntwait::{
    NtStatus, Timeout, rtl_wait_on_address, rtl_wake_address_all, rtl_wake_address_single, wait_on_address,
    wake_address_all, wake_address_single,
};

const SUCCESS: NtStatus = NtStatus::SUCCESS;
const TIMEOUT: NtStatus = NtStatus::TIMEOUT;

/// Eight bytes that live for ever, aligned as eight.
fn word(value: u64) -> &'static AtomicU64 {
    Box::leak(Box::new(AtomicU64::new(value)))
}

fn address(word: &AtomicU64) -> *const c_void {
    from_ref(word).cast()
}

/// Waits while the first `size` bytes of the word are those of `compare`.
fn wait_sized(word: &AtomicU64, compare: u64, size: usize, timeout: Option<i64>) -> NtStatus {
    // SAFETY: eight bytes are there at both addresses, and the tests change the word atomically.
    unsafe { rtl_wait_on_address(address(word), from_ref(&compare).cast(), size, timeout) }
}

fn wait(word: &AtomicU64, compare: u64, timeout: Option<i64>) -> NtStatus {
    wait_sized(word, compare, 8, timeout)
}

/// Threads that wait at the word, in this order.
fn waiters<const N: usize>(word: &'static AtomicU64) -> [Worker<NtStatus>; N] {
    [(); N].map(|()| Worker::blocked(move || wait(word, 0, FOREVER)))
}

/// The size comes first: a bad one is refused whatever is there, and whatever the time-out.
#[test]
fn wa1_table_of_sizes() {
    let word = word(0);
    for size in (0..=17).chain([32, 1 << 31, usize::MAX]) {
        let good = matches!(size, 1 | 2 | 4 | 8);
        for (compare, timeout) in [(0, POLL), (u64::MAX, POLL), (u64::MAX, FOREVER)] {
            let status = match (good, compare) {
                (false, _) => NtStatus::INVALID_PARAMETER,
                (true, 0) => TIMEOUT,
                (true, _) => SUCCESS,
            };
            assert_eq!(wait_sized(word, compare, size, timeout), status, "{size}");
        }
        if !good {
            // SAFETY: nothing is read for a bad size.
            let status = unsafe { rtl_wait_on_address(null(), without_provenance(1), size, FOREVER) };
            assert_eq!(status, NtStatus::INVALID_PARAMETER, "{size}");
        }
    }
}

/// What differs ends the call at once, whatever the time-out; only so many bytes are looked at.
#[test]
fn wa2_another_value_is_success_at_once() {
    let word = word(0x1122_3344_5566_7788);
    for timeout in [POLL, ms(60_000), FOREVER, at_ms(-1_000), Some(i64::MIN), Some(i64::MAX)] {
        for (size, compare, status) in [
            (1, 0x1122_3344_5566_7789, SUCCESS),
            (2, 0x1122_3344_5566_7088, SUCCESS),
            (4, 0x1122_3344_0566_7788, SUCCESS),
            (8, 0x0122_3344_5566_7788, SUCCESS),
        ] {
            assert_eq!(wait_sized(word, compare, size, timeout), status, "{size} {timeout:?}");
        }
    }
    for (size, compare) in [(1, 0x88), (2, 0x7788), (4, 0x5566_7788), (8, 0x1122_3344_5566_7788)] {
        assert_eq!(wait_sized(word, compare, size, POLL), TIMEOUT, "{size}: the rest is not looked at");
    }
}

/// WA3, WA4: relative, absolute and past times.
#[test]
fn wa3_wa4_time_outs() {
    within(|| {
        let word = word(0);
        for timeout in [POLL, Some(-1), Some(1), at_ms(-60_000)] {
            assert_eq!(wait(word, 0, timeout), TIMEOUT, "{timeout:?}");
        }
        for timeout in [|| ms(30), || at_ms(30)] {
            let start = Instant::now();
            let timeout = timeout();
            assert_eq!(wait(word, 0, timeout), TIMEOUT);
            assert!(start.elapsed() >= Duration::from_millis(29), "{timeout:?}: {:?}", start.elapsed());
        }
        for timeout in [FOREVER, Some(i64::MIN), Some(i64::MAX)] {
            let waiter = Worker::blocked(move || wait(word, 0, timeout));
            rtl_wake_address_single(address(word));
            assert_eq!(waiter.join(), SUCCESS, "{timeout:?}");
        }
    });
}

/// Who is woken has waited long enough, whatever the value is.
#[test]
fn wa5_wake_without_a_change() {
    within(|| {
        let word = word(0);
        let [waiter] = waiters(word);
        rtl_wake_address_single(address(word));
        assert_eq!((waiter.join(), word.load(Ordering::Relaxed)), (SUCCESS, 0));
    });
}

/// And a change without a wake ends no wait.
#[test]
fn wa5_change_without_a_wake() {
    within(|| {
        let word = word(0);
        let [waiter] = waiters(word);
        word.store(1, Ordering::Relaxed);
        waiter.assert_blocked();
        rtl_wake_address_all(address(word));
        assert_eq!(waiter.join(), SUCCESS);
    });
}

#[test]
fn wa6_wakes_are_not_remembered() {
    let word = word(0);
    rtl_wake_address_single(address(word));
    rtl_wake_address_all(address(word));
    assert_eq!(wait(word, 0, POLL), TIMEOUT);
    assert_eq!(wait(word, 0, ms(1)), TIMEOUT);
}

/// A single wake releases the one that has waited longest; two release two; a wake of all releases all.
#[test]
fn wa7_first_come_first_served() {
    within(|| {
        let word = word(0);
        let [first, second, third, fourth] = waiters(word);
        for waiter in [first, second] {
            rtl_wake_address_single(address(word));
            assert_eq!(waiter.join(), SUCCESS);
        }
        [&third, &fourth].into_iter().for_each(Worker::assert_blocked);
        rtl_wake_address_all(address(word));
        assert_eq!([third, fourth].map(Worker::join), [SUCCESS; 2]);
    });
}

/// Nobody waits at a null address or at one that leads nowhere. Waiting there is an answer, where NT faults.
#[test]
fn wa7_bad_addresses() {
    for bad in [null(), without_provenance(1), without_provenance::<c_void>(usize::MAX)] {
        rtl_wake_address_single(bad);
        rtl_wake_address_all(bad);
    }
    let word = word(0);
    let good = address(word);
    for (at, compare) in [(null(), good), (good, null()), (null(), null())] {
        // SAFETY: null is what is being tested.
        let status = unsafe { rtl_wait_on_address(at, compare, 8, FOREVER) };
        assert_eq!(status, NtStatus::ACCESS_VIOLATION);
    }
}

/// The queue is the address's: waits of all sizes stand in it, and no wait of another address.
#[test]
fn wa8_sizes_share_the_queue() {
    within(|| {
        let word = word(0);
        let sized = [8, 1, 4, 2].map(|size| Worker::blocked(move || wait_sized(word, 0, size, FOREVER)));
        // SAFETY: seven bytes are left there, and seven zeroes.
        let next_byte = || unsafe {
            rtl_wait_on_address(address(word).wrapping_byte_add(1), [0_u8; 8].as_ptr().cast(), 1, FOREVER)
        };
        let beside = Worker::blocked(next_byte);
        for waiter in sized {
            rtl_wake_address_single(address(word));
            assert_eq!(waiter.join(), SUCCESS);
        }
        rtl_wake_address_all(address(word));
        beside.assert_blocked();
        rtl_wake_address_single(address(word).wrapping_byte_add(1));
        assert_eq!(beside.join(), SUCCESS);
    });
}

/// An address that is no multiple of the size works like any other.
#[test]
fn misaligned_addresses() {
    within(|| {
        let words: &'static [AtomicU64; 2] =
            Box::leak(Box::new([0x0807_0605_0403_0201, 0x100F_0E0D_0C0B_0A09].map(AtomicU64::new)));
        let at = |offset: usize| from_ref(words).cast::<c_void>().wrapping_byte_add(offset);
        for (size, offset) in [(2, 1), (4, 1), (4, 2), (4, 3), (4, 7), (8, 1), (8, 4), (8, 5)] {
            let all = 0x100F_0E0D_0C0B_0A09_0807_0605_0403_0201_u128.to_le_bytes();
            let mut compare = [0; 8];
            compare[..size].copy_from_slice(&all[offset..offset + size]);
            let look = move |compare: [u8; 8], timeout| {
                // SAFETY: both lie inside of what they are parts of.
                unsafe { rtl_wait_on_address(at(offset), compare.as_ptr().cast(), size, timeout) }
            };
            assert_eq!(look(compare, POLL), TIMEOUT, "{size} at {offset}");
            let waiter = Worker::blocked(move || look(compare, FOREVER));
            rtl_wake_address_single(at(offset));
            assert_eq!(waiter.join(), SUCCESS, "{size} at {offset}");
            compare[size - 1] ^= 0x80;
            assert_eq!(look(compare, FOREVER), SUCCESS, "{size} at {offset}");
        }
    });
}

/// Neither an APC nor an alert ends it.
#[test]
fn wa11_not_alertable() {
    within(|| {
        let (nt, word, log) = (Nt::new(), word(0), Log::new());
        let (waiter, thread) = nt.foreign(move || wait(word, 0, FOREVER));
        assert_eq!(nt.queue_note(thread, log, 1), SUCCESS);
        assert_eq!(nt.nt_alert_thread(thread), SUCCESS);
        waiter.assert_blocked();
        rtl_wake_address_single(address(word));
        assert_eq!((waiter.join(), log.take()), (SUCCESS, vec![]));
    });
}

/// An alert by id ends it as a wake would, be it an earlier one, and is used up.
#[test]
fn wa16_alert_by_id_wakes() {
    within(|| {
        let (nt, word) = (Nt::new(), word(0));
        let (say, hear) = std::sync::mpsc::channel();
        let waiter = Worker::blocked(move || {
            say.send(nt.current_thread_id().expect("an id")).expect("the test listens");
            let woken = wait(word, 0, FOREVER);
            assert_eq!(wait(word, 0, POLL), TIMEOUT, "used up");
            assert_eq!(nt.nt_alert_thread_by_thread_id(nt.current_thread_id().expect("an id")), SUCCESS);
            (woken, wait(word, 0, FOREVER), wait(word, 0, POLL))
        });
        assert_eq!(nt.nt_alert_thread_by_thread_id(hear.recv().expect("an id")), SUCCESS);
        assert_eq!(waiter.join(), (SUCCESS, SUCCESS, TIMEOUT));
    });
}

/// The face for Rust's atomics, of every type.
#[test]
fn typed_atomics() {
    macro_rules! check {
        ($($atomic:ty: $here:expr, $other:expr);*) => {
            $({
                let atomic: &'static $atomic = Box::leak(Box::new(<$atomic>::new($here)));
                assert_eq!(wait_on_address(atomic, $other, Timeout::Never), Ok(true));
                assert_eq!(wait_on_address(atomic, $here, Timeout::Poll), Ok(false));
                assert_eq!(wait_on_address(atomic, $here, Duration::from_millis(1)), Ok(false));
                let waiters = [(); 3].map(|()| Worker::blocked(|| wait_on_address(atomic, $here, None)));
                atomic.store($other, Ordering::Release);
                let mut waiters = waiters.into_iter();
                wake_address_single(atomic);
                assert_eq!(waiters.next().map(Worker::join), Some(Ok(true)));
                wake_address_all(atomic);
                waiters.for_each(|waiter| assert_eq!(waiter.join(), Ok(true)));
            })*
        };
    }
    within(|| {
        check!(AtomicBool: false, true; AtomicU8: 1, 2; AtomicI8: -1, 1; AtomicU16: 1, 257; AtomicI16: -1, 1;
            AtomicU32: 1, 0x1_0001; AtomicI32: -1, 1; AtomicU64: 1, 0x1_0000_0001; AtomicI64: -1, 1;
            AtomicUsize: 1, 2; AtomicIsize: -1, 1);
    });
}

/// A word may be gone when it is woken: the wake looks at its address alone.
#[test]
fn wake_of_a_word_that_is_gone() {
    let word = Box::into_raw(Box::new(AtomicU32::new(0)));
    // SAFETY: just made.
    drop(unsafe { Box::from_raw(word) });
    wake_address_single(word);
    wake_address_all(word);
}

/// A lock of one word, with the three states of every futex lock, keeps four threads apart and loses no wake.
#[test]
fn stress_lock_on_an_address() {
    static STATE: AtomicU8 = AtomicU8::new(0);
    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    fn lock() {
        if STATE.compare_exchange(0, 1, Ordering::Acquire, Ordering::Relaxed).is_ok() {
            return;
        }
        while STATE.swap(2, Ordering::Acquire) != 0 {
            assert_eq!(wait_on_address(&STATE, 2, Timeout::Never), Ok(true));
        }
    }
    fn unlock() {
        if STATE.swap(0, Ordering::Release) == 2 {
            wake_address_single(&STATE);
        }
    }
    within(|| {
        let total = Mutex::new(0_u64);
        std::thread::scope(|scope| {
            for seed in 1..=4 {
                let total = &total;
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    let mut rounds = 0;
                    for _ in trials(20_000) {
                        lock();
                        assert_eq!(INSIDE.fetch_add(1, Ordering::Relaxed), 0, "alone");
                        if random.one_in(4) {
                            std::thread::yield_now();
                        }
                        INSIDE.fetch_sub(1, Ordering::Relaxed);
                        unlock();
                        rounds += 1;
                    }
                    *total.lock().expect("the sum") += rounds;
                });
            }
        });
        assert!(*total.lock().expect("the sum") >= 1_200);
    });
}
