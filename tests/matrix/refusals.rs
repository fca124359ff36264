//! Systems that are not as expected: the backend is another, and everything works.

use crate::tools::{in_child, in_thread, skip};
use crate::{Case, On};
use ntwait::{NtStatus, Runtime, Thread, ThreadBackend};
use std::os::unix::process::CommandExt;
use std::time::Duration;

pub(crate) const CASES: &[Case] = &[
    ("each_probe_failing_means_pthreads", On::Auto, each_probe_failing_means_pthreads),
    ("clone_demanded_in_vain", On::Auto, clone_demanded_in_vain),
    ("clone3_denied", On::Clone, clone3_denied),
    ("clone3_unknown", On::Both, || denied(&[libc::SYS_clone3], libc::ENOSYS, None)),
    ("rseq_denied", On::Both, rseq_denied),
    ("prctl_denied", On::Auto, || denied(&[libc::SYS_prctl], libc::EPERM, Some(ThreadBackend::Pthread))),
    ("no_room_for_threads", On::Both, no_room_for_threads),
    ("no_address_space", On::Both, no_address_space),
];

const RSEQ: libc::c_long = if cfg!(target_arch = "x86_64") { 334 } else { 293 };

/// Every look into the C library that can fail, by its name.
const PROBES: &[&str] = &[
    "dynamic glibc",
    "no sanitizer",
    "no shadow stack",
    "gnu_get_libc_version",
    "__nptl_version",
    "__call_tls_dtors",
    "_thread_db_sizeof_pthread",
    "_thread_db_pthread_tid",
    "_thread_db_pthread_cancelhandling",
    "tid field",
    "__pthread_keys",
    "_thread_db___pthread_keys",
    "_thread_db_pthread_key_struct_destr",
    "_thread_db_pthread_specific",
    "_thread_db_pthread_key_data_data",
    "_thread_db_pthread_key_data_level2_data",
    "key destructor",
    "key values",
    "__pthread_register_cancel",
    "__pthread_unregister_cancel",
    "_pthread_cleanup_pop",
    "cleanup chain",
    "PR_GET_TID_ADDRESS",
    "clear_child_tid",
    "robust list",
    "pthread_key_create",
    "self test: a task ends",
    "self test: a slot is given up",
    "self test: fresh thread-locals",
    "self test: keys",
];

fn each_probe_failing_means_pthreads() {
    if !cfg!(debug_assertions) {
        return skip("probes fail on request in builds with debug assertions only");
    }
    for name in PROBES {
        let status = in_child(|| {
            // SAFETY: the only thread of this process.
            unsafe { std::env::set_var("NTWAIT_PROBE_FAIL", name) };
            let in_use = Runtime::global().thread_backend();
            let named = in_use.reason().strip_prefix("probe failed: ") == Some(name);
            if in_use.backend() != ThreadBackend::Pthread || !named {
                println!("{name}: {in_use}");
                return 1;
            }
            let seven = Thread::spawn(|| 7).ok().and_then(|thread| thread.join().ok());
            i32::from(seven != Some(7))
        });
        assert_eq!(status, 0, "{name}");
    }
}

fn clone_demanded_in_vain() {
    if !cfg!(debug_assertions) {
        return skip("probes fail on request in builds with debug assertions only");
    }
    // SAFETY: the only thread of this process.
    unsafe { std::env::set_var("NTWAIT_PROBE_FAIL", "__pthread_keys") };
    let runtime = Runtime::builder().thread_backend(ThreadBackend::Clone).build().unwrap().leak();
    let refused = Thread::builder().runtime(runtime).spawn(|| {});
    assert_eq!(refused.map(|_| ()), Err(NtStatus::NOT_SUPPORTED));
    in_thread(|| {});
}

/// Has the kernel refuse these calls from now on.
fn deny(calls: &[libc::c_long], error: i32) {
    const LOAD: u16 = 0x20; // BPF_LD | BPF_W | BPF_ABS
    const JUMP_IF: u16 = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
    const RETURN: u16 = 0x06; // BPF_RET | BPF_K
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = vec![step(LOAD, 0, 0, 0)];
    for call in calls {
        filter.push(step(JUMP_IF, 0, 1, *call as u32));
        filter.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | error as u32));
    }
    filter.push(step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW));
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: no pointers.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: a program that is there for the time of the call.
    let done = unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    assert_eq!(done, 0, "seccomp");
}

fn denied(calls: &[libc::c_long], error: i32, expected: Option<ThreadBackend>) {
    deny(calls, error);
    many_threads();
    let in_use = Runtime::global().thread_backend();
    println!("{in_use}");
    if let Some(expected) = expected {
        assert_eq!(in_use.backend(), expected, "{in_use}");
    }
}

fn many_threads() {
    for _ in 0..100 {
        let value = in_thread(|| {
            let thread = Thread::spawn(|| vec![1; 1000].len()).unwrap();
            // SAFETY: takes nothing.
            assert!(unsafe { libc::sched_getcpu() } >= 0);
            thread.join().unwrap()
        });
        assert_eq!(value, 1000);
    }
}

/// The C library does not try the older call when the newer one is refused like this; with slots that are there we do.
fn clone3_denied() {
    let runtime = Runtime::builder().parked_threads(0, Duration::ZERO).build().unwrap().leak();
    let spawn = || Thread::builder().runtime(runtime).spawn(crate::tools::tid);
    spawn().unwrap().join().unwrap();
    let a_moment = || std::thread::sleep(Duration::from_millis(2)); // until its slot is free
    a_moment();
    deny(&[libc::SYS_clone3], libc::EPERM);
    assert!(std::thread::Builder::new().spawn(|| {}).is_err(), "the filter works");
    for _ in 0..100 {
        assert!(spawn().unwrap().join().unwrap() > 0);
        a_moment();
    }
    assert_eq!(runtime.thread_backend().backend(), ThreadBackend::Clone);
}

/// A C library that was let register one thread insists on all: it is refused from the process' beginning.
fn rseq_denied() {
    const AGAIN: &str = "NTWAIT_RSEQ_DENIED";
    if std::env::var_os(AGAIN).is_none() {
        deny(&[RSEQ], libc::EPERM);
        let error = std::process::Command::new("/proc/self/exe").env(AGAIN, "1").exec();
        panic!("{error}");
    }
    let in_use = Runtime::global().thread_backend();
    println!("{in_use}");
    assert_eq!(in_use.to_string().split(' ').next(), std::env::var("NTWAIT_THREADS").ok().as_deref());
    many_threads();
}

fn no_room_for_threads() {
    in_thread(|| {});
    std::thread::sleep(Duration::from_millis(1200)); // parked ones go
    let none = libc::rlimit { rlim_cur: 1, rlim_max: 1 };
    // SAFETY: a limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NPROC, &raw const none) }, 0);
    // Root has no limit.
    // SAFETY: numbers.
    if unsafe { libc::geteuid() } == 0 && unsafe { libc::setresuid(65_533, 65_533, 65_533) } != 0 {
        return skip("cannot give up root");
    }
    for _ in 0..50 {
        let refused = Thread::spawn(|| {});
        assert_eq!(refused.map(|_| ()), Err(NtStatus::INSUFFICIENT_RESOURCES));
    }
}

fn no_address_space() {
    in_thread(|| {});
    for size in [usize::MAX, usize::MAX / 2, 1 << 60] {
        let refused = Thread::builder().stack_size(size).spawn(|| {});
        assert_eq!(refused.map(|_| ()), Err(NtStatus::NO_MEMORY));
    }
    let now = crate::tools::status("VmSize") * 1024;
    let limit = libc::rlimit { rlim_cur: now + (64 << 20), rlim_max: now + (64 << 20) };
    // SAFETY: a limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_AS, &raw const limit) }, 0);
    let refused = Thread::builder().stack_size(256 << 20).spawn(|| {});
    assert_eq!(refused.map(|_| ()), Err(NtStatus::NO_MEMORY));
    in_thread(|| {});
}
