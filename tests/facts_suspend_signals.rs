//! Suspension and what Linux has to do with it: facts TH10, TH18, in system calls and with signals blocked.

#![allow(unsafe_code, reason = "signal masks")]
#![allow(clippy::disallowed_types, clippy::disallowed_methods, reason = "tests are not the product")]

mod common;

use core::mem::MaybeUninit;
use core::ptr::null_mut;
use std::io::{Read as _, Write as _};

use common::nt_threads::{Counter, until};
use common::{Nt, within};

fn with_all_signals(how: i32) {
    let mut mask = MaybeUninit::uninit();
    // SAFETY: fills the mask.
    unsafe { libc::sigfillset(mask.as_mut_ptr()) };
    // SAFETY: a filled mask.
    unsafe { libc::pthread_sigmask(how, mask.as_ptr(), null_mut()) };
}

/// A running thread stops wherever it is: computing, or in a system call, whose result it gets when it goes on.
#[test]
fn th18_a_thread_stops_soon() {
    within(|| {
        let nt = Nt::new();
        let (mut reader, mut writer) = std::io::pipe().expect("a pipe");
        let thread = nt.thread(move || {
            let mut byte = [0];
            reader.read_exact(&mut byte).expect("a byte");
            u32::from(byte[0])
        });
        until("it has begun", || !thread.has_run_nothing());
        for _ in 0..20 {
            assert_eq!(thread.suspend(), 0);
            thread.assert_blocked();
            assert_eq!(thread.resume(), 1);
        }
        assert_eq!(thread.suspend(), 0);
        thread.assert_blocked();
        writer.write_all(&[77]).expect("room in the pipe");
        thread.assert_blocked();
        assert_eq!(thread.resume(), 1);
        assert_eq!(thread.join(), 77);
    });
}

/// A thread that does not look for a while, because it blocks all signals or gets no CPU, may be suspended and resumed as often as
/// anybody likes: requests do not pile up.
#[test]
fn th10_requests_do_not_pile_up() {
    within(|| {
        let nt = Nt::new();
        let (deaf, counter) = (Counter::new(), Counter::new());
        let thread = nt.thread(move || {
            with_all_signals(libc::SIG_BLOCK);
            let code = deaf.run();
            with_all_signals(libc::SIG_UNBLOCK);
            code + counter.run()
        });
        deaf.assert_runs();
        for round in 0..200_000 {
            assert_eq!(nt.nt_suspend_thread(thread.handle), Ok(0), "round {round}");
            assert_eq!(nt.nt_resume_thread(thread.handle), Ok(1), "round {round}");
        }
        deaf.assert_runs();
        // The last of them counts as soon as it looks.
        assert_eq!(thread.suspend(), 0);
        deaf.stop();
        counter.assert_stands(|| thread.is_blocked());
        assert_eq!((counter.count(), thread.resume()), (0, 1));
        counter.assert_runs();
        counter.stop();
        assert_eq!(thread.join(), 14);
    });
}
