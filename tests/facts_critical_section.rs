//! Critical sections: facts CS1 to CS17.
//!
//! | facts | where |
//! |---|---|
//! | CS1–CS12, CS14, CS17 | here |
//! | CS13 | not so here: the field is not used, and a wrong value does no harm |
//! | CS15, CS16 | not done: see the documentation of `RtlCriticalSection` |

#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};

use common::memory::{leak, word_at, zeroed};
use common::nt_threads::{ME, until};
use common::threads::within;
use common::{Nt, Random, Worker};
use ntwait::{CriticalSection, CriticalSectionFlags, NtStatus, RtlCriticalSection, Runtime};

const DEFAULT_SPINS: u64 = 0x0200_07D0;

/// All that can be seen of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    lock_count: i32,
    recursion: i32,
    owner: u64,
}

fn look(section: &RtlCriticalSection) -> Look {
    Look { lock_count: section.lock_count(), recursion: section.recursion_count(), owner: section.owning_thread() }
}

const FREE: Look = Look { lock_count: -1, recursion: 0, owner: 0 };

/// A section in memory that was zeroed, initialised.
fn section() -> &'static RtlCriticalSection {
    let section: &RtlCriticalSection = zeroed();
    section.rtl_initialize_critical_section();
    section
}

/// The calling thread's NT id.
fn my_id() -> u64 {
    let thread = Nt(Runtime::global());
    let mut bytes = [0; 48];
    assert_eq!(thread.nt_query_information_thread(ME, 0, &mut bytes, None), NtStatus::SUCCESS);
    u64::from_ne_bytes(bytes[24..32].try_into().expect("eight bytes"))
}

fn cpus() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A thread that waits for the section, and leaves it when it has entered.
#[track_caller]
fn queue(section: &'static RtlCriticalSection) -> Worker<()> {
    Worker::blocked(move || {
        section.rtl_enter_critical_section();
        section.rtl_leave_critical_section();
    })
}

/// Layout and values after an initialisation: DebugInfo −1, LockCount −1, RecursionCount, OwningThread and LockSemaphore 0.
#[test]
fn cs1_after_initialisation() {
    assert_eq!(size_of::<RtlCriticalSection>(), 40);
    static SECTION: RtlCriticalSection = RtlCriticalSection::new(100);
    for section in [&SECTION, section()] {
        assert_eq!(look(section), FREE);
        assert_eq!(word_at(section, 0), u64::MAX, "DebugInfo");
        assert_eq!(word_at(section, 8), 0xFFFF_FFFF, "LockCount −1, RecursionCount 0");
        assert_eq!([16, 24].map(|offset| word_at(section, offset)), [0, 0], "OwningThread, LockSemaphore");
        assert_eq!(word_at(section, 32), section.spin_count());
    }
}

/// LockCount: −1 free, −2 owned, 4 less for each waiter; recursion does not show.
#[test]
fn cs2_cs3_lock_count() {
    within(|| {
        let section = section();
        section.rtl_enter_critical_section();
        assert_eq!((section.lock_count(), section.recursion_count()), (-2, 1));
        section.rtl_enter_critical_section();
        assert_eq!((section.lock_count(), section.recursion_count()), (-2, 2));
        let first = queue(section);
        assert_eq!(section.lock_count(), -6);
        let second = queue(section);
        assert_eq!(section.lock_count(), -10);
        section.rtl_leave_critical_section();
        assert_eq!((section.lock_count(), section.recursion_count()), (-10, 1));
        section.rtl_leave_critical_section();
        first.join();
        second.join();
        assert_eq!(look(section), FREE);
    });
}

/// Who enters after it was woken counts no more, and the others still do.
#[test]
fn cs2_count_after_a_hand_over() {
    within(|| {
        let (section, nt) = (section(), Nt::new());
        let gate = nt.auto(false);
        section.rtl_enter_critical_section();
        let waiters = [(); 2].map(|()| {
            nt.blocked(move || {
                section.rtl_enter_critical_section();
                let status = nt.one(gate, None);
                section.rtl_leave_critical_section();
                status.0
            })
        });
        assert_eq!(section.lock_count(), -10);
        section.rtl_leave_critical_section();
        until("the first is in", || section.owning_thread() != 0);
        until("it has arrived", || section.lock_count() == -6);
        assert_eq!(section.recursion_count(), 1);
        nt.set(gate);
        until("the second is in", || section.lock_count() == -2 && section.owning_thread() != 0);
        nt.set(gate);
        waiters.into_iter().for_each(|waiter| assert_eq!(waiter.join(), 0));
        assert_eq!(look(section), FREE);
    });
}

/// The owner is the thread's id, and each thread has its own.
#[test]
fn cs4_owner_is_the_thread_id() {
    within(|| {
        let section = section();
        let check = move || {
            section.rtl_enter_critical_section();
            let owner = section.owning_thread();
            assert_eq!(owner, my_id());
            section.rtl_leave_critical_section();
            assert_eq!(section.owning_thread(), 0);
            owner
        };
        let (mine, theirs) = (check(), Worker::start(check).join());
        assert_ne!(mine, theirs);
    });
}

/// Spin fields: the default, explicit ones, zero; on one processor none.
#[test]
fn cs5_cs6_spin_counts() {
    let section: &RtlCriticalSection = zeroed();
    let several = |count| if cpus() > 1 { count } else { 0 };
    section.rtl_initialize_critical_section();
    assert_eq!(section.spin_count(), several(DEFAULT_SPINS));
    let rows = [(0, DEFAULT_SPINS), (0xFF00_0000, DEFAULT_SPINS), (0x1234, 0x1234), (1, 1), (0x00FF_FFFF, 0x00FF_FFFF)];
    for (asked, kept) in rows {
        section.rtl_initialize_critical_section_and_spin_count(asked);
        assert_eq!(section.spin_count(), several(kept), "{asked:#x}");
        assert_eq!(look(section), FREE, "CS17: it never fails");
    }
    assert_eq!(u64::from(section.rtl_set_critical_section_spin_count(0xFF00_0005)), several(0x00FF_FFFF));
    assert_eq!(section.spin_count(), several(5));
}

/// After an acquisition that had to wait a dynamic spin count is one less; an explicit one stays.
#[test]
fn cs6_dynamic_spin_count_goes_down() {
    within(|| {
        for (asked, after) in [(0, DEFAULT_SPINS - 1), (100, 100)] {
            let section: &'static RtlCriticalSection = zeroed();
            section.rtl_initialize_critical_section_and_spin_count(asked);
            if cpus() == 1 {
                return;
            }
            section.rtl_enter_critical_section();
            let waiter = queue(section);
            section.rtl_leave_critical_section();
            waiter.join();
            assert_eq!(section.spin_count(), after);
        }
    });
}

/// Flags before spin count; a refused initialisation changes nothing.
#[test]
fn cs7_refused_initialisations() {
    let flags = CriticalSectionFlags::from_bits_retain;
    let rows = [
        (0, 0x2000_0000, NtStatus::INVALID_PARAMETER_3),
        (0, 0x8000_0000, NtStatus::INVALID_PARAMETER_3),
        (0, u32::MAX, NtStatus::INVALID_PARAMETER_3),
        (0x1234_5678, u32::MAX, NtStatus::INVALID_PARAMETER_3),
        (0x0100_0000, 0, NtStatus::INVALID_PARAMETER_2),
        (0x8000_0000, 0x1F00_0000, NtStatus::INVALID_PARAMETER_2),
        (0x00FF_FFFF, 0x1FFF_FFFF, NtStatus::SUCCESS),
        (0, 0x0000_0001, NtStatus::SUCCESS),
    ];
    for (spin_count, bits, status) in rows {
        let section: &RtlCriticalSection = zeroed();
        assert_eq!(section.rtl_initialize_critical_section_ex(spin_count, flags(bits)), status, "{bits:#x}");
        if status != NtStatus::SUCCESS {
            assert!((0..40).step_by(8).all(|offset| word_at(section, offset) == 0));
        }
    }
}

/// Which flags show in the spin field.
#[test]
fn cs8_flags_in_the_spin_field() {
    let default = if cpus() > 1 { DEFAULT_SPINS } else { 0 };
    for flag in CriticalSectionFlags::all() {
        let section: &RtlCriticalSection = zeroed();
        assert_eq!(section.rtl_initialize_critical_section_ex(0, flag), NtStatus::SUCCESS);
        assert_eq!(section.spin_count(), default | u64::from(flag.bits() & 0x0B00_0000), "{flag:?}");
        section.rtl_enter_critical_section();
        section.rtl_leave_critical_section();
        assert_eq!(look(section), FREE);
    }
}

/// A try by the owner succeeds and counts, one by another thread fails at once and changes nothing.
#[test]
fn cs9_tries() {
    within(|| {
        let section = section();
        assert!(section.rtl_try_enter_critical_section() && section.rtl_try_enter_critical_section());
        assert_eq!((section.lock_count(), section.recursion_count()), (-2, 2));
        let before = look(section);
        assert!(!Worker::start(move || section.rtl_try_enter_critical_section()).join());
        assert_eq!(look(section), before);
        section.rtl_leave_critical_section();
        section.rtl_leave_critical_section();
        assert_eq!(look(section), FREE);
    });
}

/// A leave is not checked: it spoils counts, and neither crashes nor keeps others out for good.
#[test]
fn cs10_stray_leaves() {
    within(|| {
        let section = section();
        section.rtl_leave_critical_section();
        assert_eq!(section.recursion_count(), -1);
        section.rtl_enter_critical_section();
        assert_eq!((section.lock_count(), section.recursion_count()), (-2, 1), "an enter mends it");
        // Another thread leaves for the owner.
        Worker::start(move || section.rtl_leave_critical_section()).join();
        assert_eq!(look(section), FREE);
        Worker::start(move || section.rtl_enter_critical_section()).join();
        section.rtl_leave_critical_section();
        section.rtl_leave_critical_section();
        queue_free(section);
    });
}

/// Nobody has to wait.
fn queue_free(section: &'static RtlCriticalSection) {
    Worker::start(move || {
        section.rtl_enter_critical_section();
        section.rtl_leave_critical_section();
    })
    .join();
}

/// A leave wakes one waiter and gives it nothing: a running thread is faster, though not each time.
#[test]
fn cs11_running_thread_barges_in() {
    within(|| {
        let barged = (0..1_000).any(|_| {
            let section = section();
            section.rtl_enter_critical_section();
            let waiter = queue(section);
            section.rtl_leave_critical_section();
            let barged = section.rtl_try_enter_critical_section();
            if barged {
                section.rtl_leave_critical_section();
            }
            waiter.join();
            assert_eq!(look(section), FREE);
            barged
        });
        assert!(barged);
    });
}

/// A delete zeroes all fields, of an owned section too; and what is zero can be entered.
#[test]
fn cs12_delete() {
    let section = section();
    section.rtl_enter_critical_section();
    section.rtl_delete_critical_section();
    assert!((0..40).step_by(8).all(|offset| word_at(section, offset) == 0));
    for section in [section, zeroed()] {
        assert!(section.rtl_try_enter_critical_section());
        assert_eq!((section.lock_count(), section.recursion_count()), (-2, 1));
        section.rtl_leave_critical_section();
        assert_eq!(look(section), FREE);
    }
}

/// Is it locked, and by the caller?
#[test]
fn cs14_queries() {
    within(|| {
        let section = section();
        let seen =
            move || (section.rtl_is_critical_section_locked(), section.rtl_is_critical_section_locked_by_thread());
        assert_eq!(seen(), (false, false));
        section.rtl_enter_critical_section();
        assert_eq!((seen(), Worker::start(seen).join()), ((true, true), (true, false)));
        section.rtl_leave_critical_section();
        assert_eq!(seen(), (false, false));
    });
}

/// A suspended acquirer is in no queue and does not count; when it goes on it queues again.
#[test]
fn suspended_acquirer_leaves_the_queue() {
    within(|| {
        let (section, nt) = (section(), Nt::new());
        section.rtl_enter_critical_section();
        let waiter = nt.blocked(move || {
            section.rtl_enter_critical_section();
            section.rtl_leave_critical_section();
            7
        });
        assert_eq!(section.lock_count(), -6);
        waiter.suspend_in_wait();
        assert_eq!(section.lock_count(), -2);
        section.rtl_leave_critical_section();
        assert_eq!(look(section), FREE);
        section.rtl_enter_critical_section();
        waiter.resume_into_wait();
        assert_eq!(section.lock_count(), -6);
        section.rtl_leave_critical_section();
        assert_eq!(waiter.join(), 7);
        assert_eq!(look(section), FREE);
    });
}

/// TH8: a terminated acquirer just vanishes; what a terminated thread owned stays owned.
#[test]
fn th8_terminated_acquirers_and_owners() {
    within(|| {
        let (section, nt) = (section(), Nt::new());
        section.rtl_enter_critical_section();
        let waiter = nt.blocked(move || {
            section.rtl_enter_critical_section();
            0
        });
        waiter.kill(9);
        assert_eq!(waiter.join(), 9);
        assert_eq!(section.lock_count(), -2);
        section.rtl_leave_critical_section();
        let never = nt.auto(false);
        let owner = nt.blocked(move || {
            section.rtl_enter_critical_section();
            nt.one(never, None).0
        });
        owner.kill(9);
        owner.join();
        assert!(!section.rtl_try_enter_critical_section());
        assert_ne!(section.owning_thread(), 0);
    });
}

/// Threads that come and go in the same task have ids of their own: none takes the other's section for its own.
#[test]
fn ids_do_not_go_from_thread_to_thread() {
    within(|| {
        let nt = Nt::new();
        for _ in 0..50 {
            let section = section();
            assert_eq!(
                nt.thread(move || {
                    section.rtl_enter_critical_section();
                    0
                })
                .join(),
                0
            );
            assert_eq!(nt.thread(move || u32::from(section.rtl_try_enter_critical_section())).join(), 0);
        }
    });
}

/// Four threads, nested enters, tries: no two inside.
#[test]
fn four_threads_exclude_each_other() {
    within(|| {
        let section: &'static CriticalSection<[Cell<u64>; 2]> =
            leak(CriticalSection::new([Cell::new(0), Cell::new(0)]));
        let shadow: &'static AtomicU64 = leak(AtomicU64::new(0));
        let threads: Vec<_> = (0..4_u64)
            .map(|seed| {
                Worker::start(move || {
                    let mut random = Random::new(seed + 3);
                    let mut steps = 0;
                    for _ in 0..30_000 {
                        let guard = match random.below(3) {
                            0 => section.try_enter(),
                            _ => Some(section.enter()),
                        };
                        let Some(guard) = guard else { continue };
                        let inner = random.one_in(2).then(|| section.enter());
                        assert!(section.is_mine());
                        guard[0].set(guard[0].get() + 1);
                        shadow.store(guard[0].get(), Ordering::Relaxed);
                        assert_eq!(shadow.load(Ordering::Relaxed), guard[1].get() + 1);
                        guard[1].set(guard[1].get() + 1);
                        drop(inner);
                        steps += 1;
                    }
                    steps
                })
            })
            .collect();
        let steps: u64 = threads.into_iter().map(Worker::join).sum();
        assert_eq!(section.enter()[0].get(), steps);
    });
}
