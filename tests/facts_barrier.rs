//! Barriers: facts RO13 to RO17.
//!
//! | facts | where |
//! |---|---|
//! | RO14–RO17 | here |
//! | RO13 | is about the Win32 call |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};

use common::memory::{leak, zeroed};
use common::threads::within;
use common::{Nt, Worker};
use ntwait::{Barrier, BarrierFlags, NtStatus, RtlBarrier};

const NONE: BarrierFlags = BarrierFlags::empty();

fn ways() -> [BarrierFlags; 6] {
    let (spin, block, keep) = (BarrierFlags::SPIN_ONLY, BarrierFlags::BLOCK_ONLY, BarrierFlags::NO_DELETE);
    [NONE, spin, block, keep, spin | keep, block | spin | keep]
}

/// Odd numbers are accepted: with 0, as with 1, nobody waits.
#[test]
fn ro14_odd_numbers() {
    assert_eq!(size_of::<RtlBarrier>(), 32);
    for (total, spins) in [(0, 0), (1, -1), (1, i32::MIN), (0, i32::MAX)] {
        let barrier: &RtlBarrier = zeroed();
        barrier.rtl_init_barrier(total, spins);
        for flags in ways() {
            assert_eq!(barrier.rtl_barrier(flags), Ok(true), "{total} {spins} {flags:?}");
        }
        barrier.rtl_delete_barrier();
    }
    within(|| {
        let barrier: &'static RtlBarrier = leak(RtlBarrier::new(u32::MAX, -1));
        let waiter = Nt::new().blocked(move || u32::from(barrier.rtl_barrier(NONE) == Ok(true)));
        waiter.kill(9);
        assert_eq!(waiter.join(), 9);
    });
}

/// The last to arrive gets true, the others false; and at once the next phase can begin.
#[test]
fn ro15_one_true_in_each_phase() {
    within(|| {
        static BARRIER: RtlBarrier = RtlBarrier::new(3, 0);
        for _ in 0..50 {
            let others = [(); 2].map(|()| Worker::blocked(|| BARRIER.rtl_barrier(NONE)));
            assert_eq!(BARRIER.rtl_barrier(NONE), Ok(true));
            others.into_iter().for_each(|other| assert_eq!(other.join(), Ok(false)));
        }
        for flags in ways() {
            let lasts: &'static AtomicU32 = leak(AtomicU32::new(0));
            let arrived: &'static AtomicU32 = leak(AtomicU32::new(0));
            let threads = [(); 3].map(|()| {
                Worker::start(move || {
                    for phase in 1..=300 {
                        arrived.fetch_add(1, Ordering::Relaxed);
                        let last = BARRIER.rtl_barrier(flags).expect("known flags");
                        assert!(arrived.load(Ordering::Relaxed) >= 3 * phase, "{flags:?}: nobody goes before all came");
                        lasts.fetch_add(u32::from(last), Ordering::Relaxed);
                    }
                })
            });
            threads.into_iter().for_each(Worker::join);
            assert_eq!(lasts.load(Ordering::Relaxed), 300, "{flags:?}");
        }
    });
}

/// Unknown flags are refused, and do not count as an arrival.
#[test]
fn ro16_flags() {
    within(|| {
        let barrier: &'static RtlBarrier = leak(RtlBarrier::new(2, 0));
        for bits in [0x8, 0x1_0000, 0x8000_0000, u32::MAX] {
            let flags = BarrierFlags::from_bits_retain(bits);
            assert_eq!(barrier.rtl_barrier(flags), Err(NtStatus::INVALID_PARAMETER), "{bits:#x}");
        }
        let first = Worker::blocked(|| barrier.rtl_barrier(BarrierFlags::BLOCK_ONLY));
        assert_eq!(barrier.rtl_barrier(NONE), Ok(true));
        assert_eq!(first.join(), Ok(false));
    });
}

/// A delete waits for those who are inside, unless they have promised that there is none.
#[test]
fn ro17_delete_waits_for_who_is_inside() {
    within(|| {
        let barrier: &'static RtlBarrier = leak(RtlBarrier::new(2, 0));
        barrier.rtl_delete_barrier();
        let inside = Worker::blocked(|| barrier.rtl_barrier(NONE));
        let deleter = Worker::blocked(|| barrier.rtl_delete_barrier());
        assert_eq!(barrier.rtl_barrier(BarrierFlags::NO_DELETE), Ok(true));
        assert_eq!(inside.join(), Ok(false));
        deleter.join();
        let kept = Worker::blocked(|| barrier.rtl_barrier(BarrierFlags::NO_DELETE));
        barrier.rtl_delete_barrier();
        assert_eq!(barrier.rtl_barrier(BarrierFlags::NO_DELETE), Ok(true));
        assert_eq!(kept.join(), Ok(false));
    });
}

/// An entrant that is suspended while the phase ends leaves when it goes on; one that was terminated has arrived.
#[test]
fn suspended_and_terminated_entrants() {
    within(|| {
        let (nt, barrier): (Nt, &'static Barrier) = (Nt::new(), leak(Barrier::new(3)));
        let slept = nt.blocked(|| u32::from(barrier.wait()));
        let killed = nt.blocked(|| u32::from(barrier.wait()));
        slept.suspend_in_wait();
        killed.kill(9);
        assert_eq!(killed.join(), 9);
        assert!(barrier.wait());
        slept.assert_blocked();
        slept.resume();
        assert_eq!(slept.join(), 0);
        let others = [(); 2].map(|()| Worker::blocked(|| barrier.wait()));
        assert!(barrier.wait());
        assert_eq!(others.map(Worker::join), [false, false]);
    });
}
