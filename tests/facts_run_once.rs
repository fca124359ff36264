//! Run-once blocks: facts RO1 to RO12.

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::sync::atomic::{AtomicU32, Ordering};

use common::memory::{leak, word_of, zeroed};
use common::threads::within;
use common::{Nt, Worker};
use ntwait::{NtStatus, RtlRunOnce, RunOnce, RunOnceFlags};

const SYNC: RunOnceFlags = RunOnceFlags::empty();
const ASYNC: RunOnceFlags = RunOnceFlags::ASYNC;
const CHECK_ONLY: RunOnceFlags = RunOnceFlags::CHECK_ONLY;
const FAILED: RunOnceFlags = RunOnceFlags::INIT_FAILED;

const UNTOUCHED: usize = 0xDEAD_BEEF;
const CONTEXT: usize = 0x1000;

/// Begin: the status, and what became of the place for the context.
fn begin(once: &RtlRunOnce, flags: RunOnceFlags) -> (NtStatus, usize) {
    let mut context = UNTOUCHED;
    (once.rtl_run_once_begin_initialize(flags, Some(&mut context)), context)
}

const PENDING: (NtStatus, usize) = (NtStatus::PENDING, UNTOUCHED);

/// A block in one of its states, by number.
fn in_state(state: u64) -> &'static RtlRunOnce {
    let once: &RtlRunOnce = zeroed();
    match state {
        0 => {}
        1 => assert_eq!(begin(once, SYNC), PENDING),
        2 => {
            assert_eq!(begin(once, SYNC), PENDING);
            assert_eq!(once.rtl_run_once_complete(SYNC, CONTEXT), NtStatus::SUCCESS);
        }
        _ => assert_eq!(begin(once, ASYNC), PENDING),
    }
    once
}

/// The lower two bits are the state; with the context above them when it is done.
#[test]
fn ro1_states() {
    static ONCE: RtlRunOnce = RtlRunOnce::new();
    assert_eq!((size_of::<RtlRunOnce>(), word_of(&ONCE)), (8, 0));
    for (state, word) in [(0, 0), (1, 1), (2, 2 | CONTEXT as u64), (3, 3)] {
        let once = in_state(state);
        assert_eq!(word_of(once), word);
        once.rtl_run_once_initialize();
        assert_eq!(word_of(once), 0);
    }
}

/// The first begin is pending, others wait until it is complete, and then get its context.
#[test]
fn ro2_ro3_one_initialises_and_others_wait() {
    within(|| {
        let once: &'static RtlRunOnce = zeroed();
        assert_eq!(begin(once, SYNC), PENDING);
        let waiters = [(); 3].map(|()| Worker::blocked(move || begin(once, SYNC)));
        assert_eq!(word_of(once) & 3, 1);
        assert_eq!(once.rtl_run_once_complete(SYNC, CONTEXT), NtStatus::SUCCESS);
        waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), (NtStatus::SUCCESS, CONTEXT)));
        for flags in [SYNC, ASYNC, CHECK_ONLY] {
            assert_eq!(begin(once, flags), (NtStatus::SUCCESS, CONTEXT), "{flags:?}");
        }
        assert_eq!(once.rtl_run_once_begin_initialize(SYNC, None), NtStatus::SUCCESS);
    });
}

/// Every begin in every state, where it does not wait; a refused one touches neither the block nor the context.
#[test]
fn ro4_ro5_ro6_table_of_begins() {
    let (success, odd, no) = (NtStatus::SUCCESS, NtStatus::INVALID_PARAMETER, NtStatus::UNSUCCESSFUL);
    // flags; what a begin says in the states 0 to 3. State 1 and no flags would wait.
    let unknown = RunOnceFlags::from_bits_retain(0x8);
    let rows = [
        (SYNC, [NtStatus::PENDING, NtStatus::PENDING, success, odd]),
        (ASYNC, [NtStatus::PENDING, odd, success, NtStatus::PENDING]),
        (CHECK_ONLY, [no, no, success, no]),
        (CHECK_ONLY | ASYNC, [odd; 4]),
        (FAILED, [odd; 4]),
        (unknown, [odd; 4]),
        (unknown | CHECK_ONLY, [odd; 4]),
    ];
    for (flags, statuses) in rows {
        for (state, status) in (0..4).zip(statuses) {
            if (flags, state) == (SYNC, 1) {
                continue;
            }
            let once = in_state(state);
            let before = word_of(once);
            let context = if status == success { CONTEXT } else { UNTOUCHED };
            assert_eq!(begin(once, flags), (status, context), "{flags:?} in state {state}");
            if status != NtStatus::PENDING {
                assert_eq!(word_of(once), before, "{flags:?} in state {state}");
            }
        }
    }
}

/// Many may begin asynchronously; the first to complete wins, and the others are told so.
#[test]
fn ro7_first_to_complete_wins() {
    let once: &RtlRunOnce = zeroed();
    for _ in 0..3 {
        assert_eq!(begin(once, ASYNC), PENDING);
    }
    assert_eq!(once.rtl_run_once_complete(ASYNC, CONTEXT), NtStatus::SUCCESS);
    assert_eq!(once.rtl_run_once_complete(ASYNC, 0x2000), NtStatus::UNSUCCESSFUL);
    assert_eq!(begin(once, ASYNC), (NtStatus::SUCCESS, CONTEXT));
}

/// Every complete in every state: parameters first, then the state. What is refused changes nothing.
#[test]
fn ro8_ro9_ro10_table_of_completes() {
    let (success, odd, no) = (NtStatus::SUCCESS, NtStatus::INVALID_PARAMETER, NtStatus::UNSUCCESSFUL);
    // flags, context; what a complete says in the states 0 to 3
    let rows = [
        (SYNC, 0, [no, success, no, odd]),
        (SYNC, CONTEXT, [no, success, no, odd]),
        (SYNC, 1, [odd; 4]),
        (SYNC, CONTEXT | 2, [odd; 4]),
        (ASYNC, CONTEXT, [no, odd, no, success]),
        (ASYNC, CONTEXT | 3, [odd; 4]),
        (FAILED, 0, [no, success, no, odd]),
        (FAILED, CONTEXT, [odd; 4]),
        (FAILED | ASYNC, 0, [odd; 4]),
        (CHECK_ONLY, 0, [odd; 4]),
        (RunOnceFlags::from_bits_retain(0x80), 0, [odd; 4]),
    ];
    for (flags, context, statuses) in rows {
        for (state, status) in (0..4).zip(statuses) {
            let once = in_state(state);
            let before = word_of(once);
            assert_eq!(once.rtl_run_once_complete(flags, context), status, "{flags:?} {context:#x} in state {state}");
            let after = match (status == success, flags == FAILED) {
                (false, _) => before,
                (true, true) => 0,
                (true, false) => 2 | context as u64,
            };
            assert_eq!(word_of(once), after, "{flags:?} {context:#x} in state {state}");
        }
    }
}

/// A failure makes one of those who wait the next initialiser, in their order; the others wait on.
#[test]
fn ro11_failure_hands_over() {
    within(|| {
        let once: &'static RtlRunOnce = zeroed();
        assert_eq!(begin(once, SYNC), PENDING);
        let first = Worker::blocked(move || begin(once, SYNC));
        let second = Worker::blocked(move || begin(once, SYNC));
        let third = Worker::blocked(move || begin(once, SYNC));
        assert_eq!(once.rtl_run_once_complete(FAILED, 0), NtStatus::SUCCESS);
        assert_eq!(first.join(), PENDING);
        second.assert_blocked();
        third.assert_blocked();
        assert_eq!(begin(once, CHECK_ONLY).0, NtStatus::UNSUCCESSFUL);
        assert_eq!(once.rtl_run_once_complete(FAILED, 0), NtStatus::SUCCESS);
        assert_eq!(second.join(), PENDING);
        assert_eq!(once.rtl_run_once_complete(SYNC, CONTEXT), NtStatus::SUCCESS);
        assert_eq!(third.join(), (NtStatus::SUCCESS, CONTEXT));
        // Nobody waits: idle again.
        let once = in_state(1);
        assert_eq!(once.rtl_run_once_complete(FAILED, 0), NtStatus::SUCCESS);
        assert_eq!(word_of(once), 0);
    });
}

/// Execute: the value is 1 while the callback runs; its no is passed on and leaves the block idle; its yes stays.
#[test]
fn ro12_execute() {
    let once: &RtlRunOnce = zeroed();
    let mut context = UNTOUCHED;
    let status = once.rtl_run_once_execute_once(|_| word_of(once) != 1, Some(&mut context));
    assert_eq!((status, context, word_of(once)), (NtStatus::UNSUCCESSFUL, UNTOUCHED, 0));
    let make = |place: &mut usize| {
        *place = CONTEXT;
        word_of(once) == 1
    };
    assert_eq!(once.rtl_run_once_execute_once(make, Some(&mut context)), NtStatus::SUCCESS);
    assert_eq!((context, word_of(once)), (CONTEXT, 2 | CONTEXT as u64));
    context = 0;
    assert_eq!(once.rtl_run_once_execute_once(|_| panic!("it is done"), Some(&mut context)), NtStatus::SUCCESS);
    assert_eq!(context, CONTEXT);
    // A context that cannot be kept is a failure; and so is a panic.
    let once: &RtlRunOnce = zeroed();
    let odd = |place: &mut usize| {
        *place = 1;
        true
    };
    assert_eq!(once.rtl_run_once_execute_once(odd, None), NtStatus::INVALID_PARAMETER);
    assert_eq!(word_of(once), 0);
    let panics = std::panic::AssertUnwindSafe(|| once.rtl_run_once_execute_once(|_| panic!("on purpose"), None));
    assert!(std::panic::catch_unwind(panics).is_err());
    assert_eq!(word_of(once), 0);
    assert_eq!(in_state(3).rtl_run_once_execute_once(|_| true, None), NtStatus::INVALID_PARAMETER);
}

/// A suspended waiter is in no queue, and finds it done when it goes on; a terminated one just vanishes.
#[test]
fn suspended_and_terminated_waiters() {
    within(|| {
        let nt = Nt::new();
        let once = in_state(1);
        let [slept, killed] = [(); 2].map(|()| nt.blocked(move || begin(once, SYNC).0.0));
        slept.suspend_in_wait();
        killed.kill(9);
        assert_eq!(killed.join(), 9);
        assert_eq!(word_of(once), 1, "nobody is queued");
        assert_eq!(once.rtl_run_once_complete(FAILED, 0), NtStatus::SUCCESS);
        assert_eq!(word_of(once), 0);
        assert_eq!(begin(once, SYNC), PENDING);
        slept.resume_into_wait();
        assert_eq!(once.rtl_run_once_complete(SYNC, CONTEXT), NtStatus::SUCCESS);
        assert_eq!(slept.join(), 0);
    });
}

/// Four threads at many blocks, with failures: each is done exactly once.
#[test]
fn four_threads_do_it_once() {
    within(|| {
        let blocks: &'static [(RunOnce, AtomicU32, AtomicU32)] =
            Vec::leak((0..2_000).map(|_| (RunOnce::new(), AtomicU32::new(0), AtomicU32::new(0))).collect());
        let threads = [(); 4].map(|()| {
            Worker::start(move || {
                for (once, tries, done) in blocks {
                    while once
                        .try_call_once(|| match tries.fetch_add(1, Ordering::Relaxed) {
                            0 | 1 => Err(()),
                            _ => {
                                done.fetch_add(1, Ordering::Relaxed);
                                Ok(())
                            }
                        })
                        .is_err()
                    {}
                    assert!(once.is_done());
                    assert_eq!(done.load(Ordering::Relaxed), 1);
                }
            })
        });
        threads.into_iter().for_each(Worker::join);
        assert!(blocks.iter().all(|(_, tries, _)| tries.load(Ordering::Relaxed) == 3));
        let once: &RunOnce = leak(RunOnce::new());
        once.call_once(|| {});
        once.call_once(|| panic!("it is done"));
    });
}
