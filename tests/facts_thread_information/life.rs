//! Who a thread is, whether it has ended and with what, its times, its suspensions: TI4, TI5, TI16, TI17, TI24, TH1, TH26, TH30.

use std::time::Instant;

use super::common::now_1601;
use super::common::threads::LIMIT;
use super::*;
use ntwait::{ClientId, Runtime};

/// Exit status, the embedder's pointer, ids, processors, priorities: of every sort of thread.
#[test]
fn ti4_basic_information() {
    fn keep_pointer(thread: &ntwait::CurrentThread<'_>) {
        thread.set_user_pointer(0x7EB0_0000 + thread.id() as usize);
    }
    within(|| {
        let nt = Nt(Runtime::builder().on_thread_start(keep_pointer).build().expect("a runtime").leak());
        let (suspended, running, foreign) = (suspended(nt), running(nt), foreign(nt));
        let process = u64::from(nt.process_id());
        let check = |handle, exit, has_pointer| {
            let thread = u64::from(nt.thread_id_of(handle).expect("an id"));
            let pointer = if has_pointer { 0x7EB0_0000 + thread } else { 0 };
            let affinity = basic(nt, ME).affinity;
            let expected = Basic { exit, pointer, process, thread, affinity, priority: 8, increment: 0 };
            assert_eq!(basic(nt, handle), expected);
            assert!(thread != 0 && thread.is_multiple_of(4) && affinity != 0);
        };
        check(suspended, 259, false);
        check(running.handle, 259, true);
        check(foreign.handle, 259, false);
        check(ME, 259, false);
        check(dead(nt, 7), 7, true);
        assert_eq!(basic(nt, ME).thread, u64::from(nt.current_thread_id().expect("an id")));
        assert_eq!(basic(nt, ME).affinity, kernel_mask(rustix::process::getpid()));
        assert_eq!(u64::from(running.thread.id()), basic(nt, running.handle).thread);
        running.end(nt);
        assert_eq!(basic(nt, foreign.end(nt)).exit, 0);
        assert_eq!(nt.nt_resume_thread(suspended), Ok(1));
    });
}

fn times(nt: Nt, thread: Handle) -> [u64; 4] {
    let bytes: [u8; 32] = query(nt, thread, 1);
    [0, 8, 16, 24].map(|at| u64_at(&bytes, at))
}

/// Creation and end are dates; the times that were used grow while the thread lives and stand still afterwards.
#[test]
fn ti5_times() {
    within(|| {
        let nt = Nt::new();
        let date = || u64::try_from(now_1601()).expect("after 1601");
        let before = date();
        let sleeper = suspended(nt);
        let [created, ended, kernel, user] = times(nt, sleeper);
        assert!((before..=date()).contains(&created));
        assert_eq!((ended, user), (0, 0));
        assert!(kernel < 10_000_000, "it has done next to nothing");

        let (done, gate) = (nt.manual(false), nt.manual(false));
        let burner = Thread::builder().runtime(nt.0).spawn(move || {
            let [.., kernel, user] = times(nt, ME);
            while times(nt, ME)[2..].iter().sum::<u64>() < kernel + user + 1_000_000 {}
            nt.set(done);
            assert_eq!(nt.one(gate, FOREVER), object(0));
        });
        let burner = burner.expect("a thread");
        assert_eq!(nt.one(done, FOREVER), object(0));
        let alive = times(nt, burner.handle());
        // 100 ms were used; the kernel tells others in steps of 10 ms, for each of the two.
        assert!(alive[2] + alive[3] >= 800_000, "{alive:?}");
        assert_eq!(alive[1], 0);
        nt.set(gate);
        assert_eq!(nt.one(burner.handle(), FOREVER), object(0));
        let dead = times(nt, burner.handle());
        assert_eq!(dead[0], alive[0]);
        assert!((dead[0]..=date()).contains(&dead[1]));
        assert!(dead[2] >= alive[2] && dead[3] >= alive[3] && dead[2] + dead[3] >= 1_000_000, "{alive:?} {dead:?}");
        assert_eq!(times(nt, burner.handle()), dead);
        assert_eq!(nt.nt_resume_thread(sleeper), Ok(1));
    });
}

/// Hiding takes no information at all and cannot be undone.
#[test]
fn ti16_hide_from_debugger() {
    within(|| {
        let nt = Nt::new();
        for thread in [suspended(nt), dead(nt, 0), ME] {
            assert_eq!(query(nt, thread, 17), [0]);
            for wrong in [&[0][..], &[1], &[0; 4], &[1; 8]] {
                assert_eq!(nt.nt_set_information_thread(thread, 17, wrong), NtStatus::INFO_LENGTH_MISMATCH);
            }
            assert_eq!(query(nt, thread, 17), [0]);
            for _ in 0..2 {
                assert_eq!(nt.nt_set_information_thread(thread, 17, &[]), NtStatus::SUCCESS);
                assert_eq!(query(nt, thread, 17), [1]);
            }
        }
    });
}

/// A thread can be made hidden.
#[test]
fn ti17_hidden_from_birth() {
    within(|| {
        let nt = Nt::new();
        let thread = create(nt, 0, CreateThreadFlags::HIDE_FROM_DEBUGGER);
        assert_eq!(query(nt, thread, 17), [1]);
        assert_eq!(query(nt, create(nt, 0, CreateThreadFlags::empty()), 17), [0]);
    });
}

/// How often a thread is suspended, and whether it is over, are four bytes each.
#[test]
fn ti24_suspend_count_and_is_terminated() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        let look = |thread| (number(nt, thread, 35), number(nt, thread, 20));
        assert_eq!(look(thread), (1, 0));
        for count in 1..=3 {
            assert_eq!(nt.nt_suspend_thread(thread), Ok(count));
            assert_eq!(look(thread), (count + 1, 0));
        }
        for count in (1..=4).rev() {
            assert_eq!(look(thread), (count, 0));
            assert_eq!(nt.nt_resume_thread(thread), Ok(count));
        }
        assert_eq!(nt.one(thread, FOREVER), object(0));
        assert_eq!(look(thread), (0, 1));
        let foreign = foreign(nt);
        assert_eq!((look(foreign.handle), look(ME)), ((0, 0), (0, 0)));
        assert_eq!(look(foreign.end(nt)), (0, 1));
    });
}

/// The address of the routine, of threads that the library made; no I/O is ever pending.
#[test]
fn start_address_and_pending_io() {
    within(|| {
        let nt = Nt::new();
        let address = StartRoutine::C(returns).address() as u64;
        let foreign = foreign(nt);
        let rows = [(suspended(nt), address), (dead(nt, 0), address), (ME, 0), (foreign.handle, 0)];
        for (thread, address) in rows {
            assert_eq!(u64::from_ne_bytes(query(nt, thread, 9)), address);
            assert_eq!(number(nt, thread, 16), 0);
        }
        foreign.end(nt);
    });
}

/// With other threads about it is 0, in a process with one thread 1.
#[test]
fn am_i_last_thread() {
    within(|| {
        let nt = Nt::new();
        assert_eq!((number(nt, ME, 12), number(nt, suspended(nt), 12)), (0, 0));
        // SAFETY: the child calls the library and `_exit`, nothing that a lost thread could have locked.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let mut bytes = [0; 4];
            let code = match Runtime::new() {
                Ok(fresh) => match fresh.nt_query_information_thread(ME, 12, &mut bytes, None) {
                    NtStatus::SUCCESS => 10 + i32::from(bytes[0]) + i32::from(bytes[3]),
                    _ => 2,
                },
                Err(_) => 1,
            };
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: our own child, waited for once.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert!(libc::WIFEXITED(status));
        assert_eq!(libc::WEXITSTATUS(status), 11);
    });
}

/// 259 until the thread has ended, then its code; a thread that returns 259 looks alive. The code comes with the signal.
#[test]
fn th1_exit_code() {
    within(|| {
        let nt = Nt::new();
        let start = Instant::now();
        for code in 0..300 {
            let thread = create(nt, code, CreateThreadFlags::CREATE_SUSPENDED);
            assert_eq!(nt.get_exit_code_thread(thread), Ok(259));
            assert_eq!(nt.nt_resume_thread(thread), Ok(1));
            // 259 returned looks like 259 alive: then the object decides.
            while nt.get_exit_code_thread(thread) == Ok(259) && !(code == 259 && nt.one(thread, POLL) == object(0)) {
                assert!(start.elapsed() < LIMIT);
            }
            assert_eq!(nt.one(thread, POLL), object(0), "no code before the signal");
            assert_eq!(nt.get_exit_code_thread(thread), Ok(u32::try_from(code).expect("a small code")));
            nt.close(thread);
        }
        assert_eq!(nt.get_exit_code_thread(ME), Ok(259));
    });
}

/// A dead thread's id stays known while somebody has a handle.
#[test]
fn th26_ids_of_the_dead() {
    within(|| {
        let nt = Nt::new();
        let thread = dead(nt, 77);
        let id = nt.thread_id_of(thread).expect("an id");
        let open = || nt.nt_open_thread(ALL, ObjectAttributes::NONE, ClientId { process: 0, thread: id });
        let again = open().expect("a dead thread");
        assert_eq!((nt.thread_id_of(again), nt.get_exit_code_thread(again)), (Ok(id), Ok(77)));
        nt.close(thread);
        nt.close(again);
        // The thread itself lets go of its object a moment after it was signalled.
        let start = Instant::now();
        while let Ok(handle) = open() {
            nt.close(handle);
            assert!(start.elapsed() < LIMIT);
        }
        assert_eq!(open(), Err(NtStatus::INVALID_CID));
    });
}

/// The exit code needs one of the two rights to ask.
#[test]
fn th30_rights_for_the_exit_code() {
    within(|| {
        let nt = Nt::new();
        let thread = dead(nt, 5);
        let either = AccessMask::THREAD_QUERY_INFORMATION | AccessMask::THREAD_QUERY_LIMITED_INFORMATION;
        for (access, code) in [
            (AccessMask::THREAD_QUERY_INFORMATION, Ok(5)),
            (AccessMask::THREAD_QUERY_LIMITED_INFORMATION, Ok(5)),
            (ALL - either, Err(NtStatus::ACCESS_DENIED)),
        ] {
            let handle = nt.duplicate(thread, access).expect("a duplicate");
            assert_eq!(nt.get_exit_code_thread(handle), code);
            assert_eq!(nt.thread_id_of(handle).map(drop), code.map(drop));
        }
        for (wrong, status) in [
            (Handle::NULL, NtStatus::INVALID_HANDLE),
            (nt.auto(true), NtStatus::OBJECT_TYPE_MISMATCH),
            (Handle::CURRENT_PROCESS, NtStatus::OBJECT_TYPE_MISMATCH),
        ] {
            assert_eq!((nt.get_exit_code_thread(wrong), nt.thread_id_of(wrong)), (Err(status), Err(status)));
        }
    });
}
