//! Priorities and processors, and what the kernel is told of them: TI6 to TI15.

use super::*;
use rustix::process::getpriority_process;

fn set_mask(nt: Nt, thread: Handle, mask: u64) -> NtStatus {
    nt.nt_set_information_thread(thread, 4, &mask.to_ne_bytes())
}

/// `(priority, increment)` of a thread.
#[track_caller]
fn priorities(nt: Nt, thread: Handle) -> (i32, i32) {
    let Basic { priority, increment, .. } = basic(nt, thread);
    (priority, increment)
}

fn kernel_nice(tid: Pid) -> i32 {
    getpriority_process(Some(tid)).expect("a living thread")
}

/// An absolute priority below real time is taken, the real-time band needs a privilege, and beyond it there is nothing.
#[test]
fn ti6_absolute_priority() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        for priority in [11, 1, 15] {
            assert_eq!(set_number(nt, thread, 2, priority), NtStatus::SUCCESS, "{priority}");
            assert_eq!(priorities(nt, thread), (priority, 0));
        }
        for (priority, status) in [
            (16, NtStatus::PRIVILEGE_NOT_HELD),
            (24, NtStatus::PRIVILEGE_NOT_HELD),
            (31, NtStatus::PRIVILEGE_NOT_HELD),
            (32, NtStatus::INVALID_PARAMETER),
            (0, NtStatus::INVALID_PARAMETER),
            (-1, NtStatus::INVALID_PARAMETER),
            (i32::MIN, NtStatus::INVALID_PARAMETER),
            (i32::MAX, NtStatus::INVALID_PARAMETER),
        ] {
            assert_eq!(set_number(nt, thread, 2, priority), status, "{priority}");
            assert_eq!(priorities(nt, thread), (15, 0), "the old value stays");
        }
        assert_eq!(set_number(nt, thread, 3, -1), NtStatus::SUCCESS);
        assert_eq!(priorities(nt, thread), (7, -1), "computed anew");
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// −2 to 2, idle and time critical are increments; anything else is refused and the old value stays.
#[test]
fn ti7_base_priority_increments() {
    within(|| {
        let nt = Nt::new();
        for thread in [suspended(nt), dead(nt, 1)] {
            for increment in [-2, -1, 0, 1, 2, -15, 15] {
                assert_eq!(set_number(nt, thread, 3, increment), NtStatus::SUCCESS, "{increment}");
                assert_eq!(basic(nt, thread).increment, increment);
            }
            for increment in [-3, 3, -7, 6, 14, -14, 17, -17, 100, i32::MIN, i32::MAX] {
                assert_eq!(set_number(nt, thread, 3, increment), NtStatus::INVALID_PARAMETER, "{increment}");
                assert_eq!(basic(nt, thread).increment, 15);
            }
        }
    });
}

/// The default is 0; without a right, or a thread, there is no answer.
#[test]
fn ti8_the_default_increment() {
    within(|| {
        let nt = Nt::new();
        assert_eq!(basic(nt, suspended(nt)).increment, 0);
        assert_eq!(basic(nt, ME).increment, 0);
        let blind = nt.duplicate(ME, AccessMask::THREAD_SET_INFORMATION).expect("a duplicate");
        assert_eq!(nt.nt_query_information_thread(blind, 0, &mut [0; 48], None), NtStatus::ACCESS_DENIED);
        assert_eq!(nt.nt_query_information_thread(Handle(4 << 20), 0, &mut [0; 48], None), NtStatus::INVALID_HANDLE);
    });
}

/// A normal thread has priority 8; idle saturates at 1, time critical at 15.
#[test]
fn ti9_priorities_from_increments() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        for (increment, priority) in [(0, 8), (-2, 6), (-1, 7), (1, 9), (2, 10), (-15, 1), (15, 15), (0, 8)] {
            assert_eq!(set_number(nt, thread, 3, increment), NtStatus::SUCCESS);
            assert_eq!(priorities(nt, thread), (priority, increment));
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// The kernel's form of idle and time critical, ±16, means the same.
#[test]
fn ti10_saturated_increments() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        for (increment, priority) in [(-16, 1), (16, 15)] {
            assert_eq!(set_number(nt, thread, 3, increment), NtStatus::SUCCESS);
            assert_eq!(priorities(nt, thread), (priority, increment));
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// A lower priority is a higher nice value of that one Linux thread; what the kernel does not permit is remembered.
#[test]
fn priorities_reach_the_kernel() {
    within(|| {
        let nt = Nt::new();
        let (running, foreign) = (running(nt), foreign(nt));
        let before = kernel_nice(own_tid());
        for (handle, tid) in [(running.handle, running.tid), (foreign.handle, foreign.tid)] {
            for (increment, nice) in [(-1, 5), (-2, 10), (-15, 19), (0, 0), (1, -5), (2, -10), (15, -15)] {
                let old = kernel_nice(tid);
                assert_eq!(set_number(nt, handle, 3, increment), NtStatus::SUCCESS);
                let is_refused = nice < old && kernel_nice(tid) == old;
                assert!(kernel_nice(tid) == nice || is_refused, "increment {increment}: {}", kernel_nice(tid));
                assert_eq!(basic(nt, handle).increment, increment, "remembered, permitted or not");
            }
        }
        assert_eq!(kernel_nice(own_tid()), before, "only the thread that was named");
        running.end(nt);
        foreign.end(nt);
    });
}

/// The boost is each thread's own.
#[test]
fn ti11_priority_boost() {
    within(|| {
        let nt = Nt::new();
        let (thread, other) = (suspended(nt), dead(nt, 0));
        assert_eq!(number(nt, thread, 14), 0);
        for (disable, disabled) in [(1, 1), (0, 0), (-7, 1)] {
            assert_eq!(set_number(nt, thread, 14, disable), NtStatus::SUCCESS);
            assert_eq!((number(nt, thread, 14), number(nt, other, 14)), (disabled, 0));
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// Processors: some of the process's, or all ones for all; anything else is refused and changes nothing.
#[test]
fn ti12_affinity() {
    within(|| {
        let nt = Nt::new();
        let all = kernel_mask(rustix::process::getpid());
        let (first, last) = (all & all.wrapping_neg(), 1 << all.ilog2());
        let (running, foreign, waiting) = (running(nt), foreign(nt), suspended(nt));
        let threads = [(running.handle, Some(running.tid)), (foreign.handle, Some(foreign.tid)), (waiting, None)];
        for (handle, tid) in threads.into_iter().chain([(ME, Some(own_tid()))]) {
            let check = |mask| {
                assert_eq!(basic(nt, handle).affinity, mask);
                assert!(tid.is_none_or(|tid| kernel_mask(tid) == mask));
            };
            check(all);
            for (mask, effect) in [(first, first), (last, last), (u64::MAX, all), (first, first)] {
                assert_eq!(set_mask(nt, handle, mask), NtStatus::SUCCESS, "{mask:#x}");
                check(effect);
            }
            // Others' processors, alone and together with ours, if there are any that are not ours.
            let others = [!all, first | !all].into_iter().filter(|mask| mask & !all != 0 && *mask != u64::MAX);
            for mask in others.chain([0]) {
                assert_eq!(set_mask(nt, handle, mask), NtStatus::INVALID_PARAMETER, "{mask:#x}");
                check(first);
            }
            assert_eq!(set_mask(nt, handle, u64::MAX), NtStatus::SUCCESS);
        }
        running.end(nt);
        foreign.end(nt);
        assert_eq!(nt.nt_resume_thread(waiting), Ok(1));
    });
}

/// Processors of a thread that has ended: THREAD_IS_TERMINATING, if the mask is one at all.
#[test]
fn ti13_affinity_of_the_dead() {
    within(|| {
        let nt = Nt::new();
        let all = basic(nt, ME).affinity;
        for thread in [dead(nt, 3), foreign(nt).end(nt)] {
            assert_eq!(set_mask(nt, thread, all), NtStatus::THREAD_IS_TERMINATING);
            assert_eq!(set_mask(nt, thread, u64::MAX), NtStatus::THREAD_IS_TERMINATING);
            assert_eq!(set_mask(nt, thread, 0), NtStatus::INVALID_PARAMETER);
            assert_eq!(basic(nt, thread).affinity, all);
        }
    });
}

/// An ideal processor is answered with the one before; 64 only asks, beyond is refused.
#[test]
fn ti14_ideal_processor() {
    within(|| {
        let nt = Nt::new();
        let all = basic(nt, ME).affinity;
        let last = all.ilog2();
        let thread = suspended(nt);
        let set = |processor: u32| nt.nt_set_information_thread(thread, 13, &processor.to_ne_bytes());
        assert_eq!((set(last), set(64), set(64)), (NtStatus(0), NtStatus(last), NtStatus(last)));
        for beyond in [65, 1000, u32::MAX] {
            assert_eq!(set(beyond), NtStatus::INVALID_PARAMETER);
        }
        if let Some(missing) = (0..64).find(|cpu| all >> cpu & 1 == 0) {
            assert_eq!((set(missing), set(64)), (NtStatus(last), NtStatus(last)), "there is no such processor");
        }
        assert_eq!(nt.nt_query_information_thread(thread, 13, &mut [0; 4], None), NtStatus::INVALID_INFO_CLASS);
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// Group 0 with processors that there are; another group, other processors, reserved words: INVALID_PARAMETER.
#[test]
fn ti15_group_affinity() {
    fn group(mask: u64, group: u16, reserved: [u16; 3]) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&mask.to_ne_bytes());
        for (place, word) in bytes[8..].chunks_exact_mut(2).zip([group].into_iter().chain(reserved)) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }
    within(|| {
        let nt = Nt::new();
        let all = basic(nt, ME).affinity;
        let first = all & all.wrapping_neg();
        let running = running(nt);
        let set = |bytes: [u8; 16]| nt.nt_set_information_thread(running.handle, 30, &bytes);
        assert_eq!(query(nt, running.handle, 30), group(all, 0, [0; 3]));
        assert_eq!(set(group(first, 0, [0; 3])), NtStatus::SUCCESS);
        let mut wrong = vec![group(first, 1, [0; 3]), group(first, u16::MAX, [0; 3]), group(0, 0, [0; 3])];
        wrong.extend([[1, 0, 0], [0, 1, 0], [0, 0, 0x8000]].map(|reserved| group(first, 0, reserved)));
        if all != u64::MAX {
            wrong.extend([group(u64::MAX, 0, [0; 3]), group(!all, 0, [0; 3])]);
        }
        for bytes in wrong {
            assert_eq!(set(bytes), NtStatus::INVALID_PARAMETER, "{bytes:?}");
        }
        assert_eq!(query(nt, running.handle, 30), group(first, 0, [0; 3]));
        assert_eq!((kernel_mask(running.tid), basic(nt, running.handle).affinity), (first, first));
        running.end(nt);
    });
}
