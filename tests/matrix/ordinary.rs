//! What most programs do.

use crate::tools::{backend, in_thread, status, tid};
use crate::{Case, On};
use core::ptr;
use ntwait::{Thread, ThreadBackend};
use std::backtrace::Backtrace;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::sync::{Arc, Barrier, Mutex};

pub(crate) const CASES: &[Case] = &[
    ("the_backend_is_the_one_asked_for", On::Both, the_backend_is_the_one_asked_for),
    ("first_thread_of_the_process", On::Both, first_thread_of_the_process),
    ("malloc_from_many_threads", On::Both, malloc_from_many_threads),
    ("println", On::Both, println_from_threads),
    ("panic_and_catch", On::Both, panic_and_catch),
    ("backtrace", On::Both, backtrace),
    ("hash_map_seeds", On::Both, hash_map_seeds),
    ("thread_current_and_park", On::Both, thread_current_and_park),
    ("sockets", On::Both, sockets),
    ("nested_std_threads", On::Both, nested_std_threads),
    ("fork_and_exec", On::Both, fork_and_exec),
    ("signals", On::Both, signals),
    ("mutexes_know_their_owner", On::Both, mutexes_know_their_owner),
    ("stack_attributes", On::Both, stack_attributes),
    ("cpu_number", On::Both, cpu_number),
];

fn the_backend_is_the_one_asked_for() {
    let wanted = match std::env::var("NTWAIT_THREADS").as_deref() {
        Ok("clone") => ThreadBackend::Clone,
        _ => ThreadBackend::Pthread,
    };
    let in_use = ntwait::Runtime::global().thread_backend();
    println!("{in_use}");
    assert_eq!(in_use.backend(), wanted, "{in_use}");
}

/// The C library locks nothing until it knows that there are threads.
fn first_thread_of_the_process() {
    let allocate = || {
        for i in 0..100_000_usize {
            core::hint::black_box(vec![0_u8; i % 3000 + 20]);
        }
    };
    let threads: Vec<_> = (0..4).map(|_| Thread::spawn(allocate).unwrap()).collect();
    allocate();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn malloc_from_many_threads() {
    for round in 0..20 {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let kept = Arc::clone(&kept);
                Thread::spawn(move || {
                    let blocks: Vec<Vec<u8>> = (0..200).map(|i| vec![number; (i * 97 + round) % 5000]).collect();
                    kept.lock().unwrap().push(blocks);
                })
                .unwrap()
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        let kept = kept.lock().unwrap();
        assert!(kept.len() == 8 && kept.iter().flatten().all(|block| block.windows(2).all(|pair| pair[0] == pair[1])));
    }
}

fn println_from_threads() {
    let threads: Vec<_> = (0..20).map(|i| Thread::spawn(move || println!("thread {i}")).unwrap()).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    in_thread(|| {
        // SAFETY: a format with its argument.
        unsafe { libc::printf(c"printf %s\n".as_ptr(), c"too".as_ptr()) };
        // SAFETY: all streams.
        unsafe { libc::fflush(ptr::null_mut()) };
    });
}

fn panic_and_catch() {
    std::panic::set_hook(Box::new(|_| {}));
    for i in 0..200 {
        let caught = in_thread(move || {
            let caught = std::panic::catch_unwind(|| panic!("number {i}"));
            caught.unwrap_err().downcast_ref::<String>().cloned()
        });
        assert_eq!(caught, Some(format!("number {i}")));
        let thread = Thread::spawn(|| panic!("through the whole thread")).unwrap();
        assert!(thread.join().unwrap_err().to_string().contains("whole thread"));
    }
}

#[inline(never)]
fn a_frame_with_a_name() -> String {
    core::hint::black_box(Backtrace::force_capture().to_string())
}

fn backtrace() {
    for _ in 0..3 {
        let trace = in_thread(a_frame_with_a_name);
        assert!(trace.contains("a_frame_with_a_name"), "{trace}");
        assert!(trace.lines().count() < 200, "{trace}");
    }
}

fn hash_map_seeds() {
    for _ in 0..100 {
        let sum: u32 = in_thread(|| (0..100).map(|i| (i, i)).collect::<HashMap<u32, u32>>().values().sum());
        assert_eq!(sum, 4950);
    }
}

fn thread_current_and_park() {
    let mut ids = std::collections::HashSet::new();
    for _ in 0..50 {
        let (say, hear) = std::sync::mpsc::channel();
        let thread = Thread::spawn(move || {
            let me = std::thread::current();
            assert!(me.name().is_none());
            say.send(me.clone()).unwrap();
            std::thread::park();
            me.id()
        })
        .unwrap();
        hear.recv().unwrap().unpark();
        assert!(ids.insert(thread.join().unwrap()), "each thread has an id of its own");
    }
}

fn sockets() {
    for _ in 0..10 {
        let (mut ours, mut theirs) = UnixStream::pair().unwrap();
        let echo = Thread::spawn(move || {
            let mut word = [0; 4];
            theirs.read_exact(&mut word).unwrap();
            theirs.write_all(&word).unwrap();
        });
        ours.write_all(b"ping").unwrap();
        let mut word = [0; 4];
        ours.read_exact(&mut word).unwrap();
        echo.unwrap().join().unwrap();
        assert_eq!(&word, b"ping");
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let client = Thread::spawn(move || TcpStream::connect(address).unwrap().write_all(b"hello").unwrap()).unwrap();
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        client.join().unwrap();
        assert_eq!(text, "hello");
        // The resolver keeps a state for each thread.
        in_thread(|| assert!(("localhost", 80).to_socket_addrs().is_ok_and(|mut all| all.next().is_some())));
    }
}

fn nested_std_threads() {
    let sum = Arc::new(AtomicU32::new(0));
    let all: Vec<_> = (0..50)
        .map(|_| {
            let sum = Arc::clone(&sum);
            Thread::spawn(move || {
                std::thread::scope(|scope| {
                    for _ in 0..2 {
                        scope.spawn(|| {
                            let sum = Arc::clone(&sum);
                            in_thread(move || sum.fetch_add(1, Ordering::Relaxed))
                        });
                    }
                });
            })
            .unwrap()
        })
        .collect();
    all.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(sum.load(Ordering::Relaxed), 100);
}

fn fork_and_exec() {
    for _ in 0..10 {
        let output = in_thread(|| std::process::Command::new("echo").arg("hi").output().unwrap());
        assert_eq!(output.stdout, b"hi\n");
        let status = in_thread(|| crate::tools::in_child(|| i32::from(vec![1; 100].len() != 100)));
        assert_eq!(status, 0);
        // Threads in the child, by the only thread there, which is one of ours in the parent.
        let status = in_thread(|| {
            crate::tools::in_child(|| Thread::spawn(|| 7).ok().and_then(|thread| thread.join().ok()).unwrap_or(1))
        });
        assert_eq!(status, 7 << 8);
    }
}

static SIGNALLED: AtomicI32 = AtomicI32::new(0);

extern "C" fn note_signal(_: i32) {
    SIGNALLED.store(tid(), Ordering::SeqCst);
}

fn signals() {
    // SAFETY: zero is a valid action.
    let mut action: libc::sigaction = unsafe { core::mem::zeroed() };
    action.sa_sigaction = note_signal as extern "C" fn(i32) as usize;
    // SAFETY: a handler that does what handlers may.
    unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) };
    for _ in 0..20 {
        let barriers = Arc::new((Barrier::new(2), Barrier::new(2)));
        let theirs = Arc::clone(&barriers);
        let (say, hear) = std::sync::mpsc::channel();
        let thread = Thread::spawn(move || {
            // SAFETY: to ourselves.
            unsafe { libc::raise(libc::SIGUSR1) };
            assert_eq!(SIGNALLED.swap(0, Ordering::SeqCst), tid());
            // SAFETY: takes nothing.
            say.send((unsafe { libc::pthread_self() }, tid())).unwrap();
            theirs.0.wait();
            theirs.1.wait();
        })
        .unwrap();
        let (pthread, tid) = hear.recv().unwrap();
        barriers.0.wait();
        // SAFETY: it is alive until the second barrier.
        assert_eq!(unsafe { libc::pthread_kill(pthread, libc::SIGUSR1) }, 0);
        crate::tools::soon("the signal", || SIGNALLED.load(Ordering::SeqCst) == tid);
        SIGNALLED.store(0, Ordering::SeqCst);
        barriers.1.wait();
        thread.join().unwrap();
    }
    masks();
}

/// A thread has the mask of its maker, whatever the last job of its slot did.
fn masks() {
    fn mask_of_thread() -> String {
        let path = format!("/proc/self/task/{}/status", tid());
        let status = std::fs::read_to_string(path).unwrap();
        status.lines().find(|line| line.starts_with("SigBlk")).unwrap().to_owned()
    }
    fn block(how: i32) {
        // SAFETY: zero is an empty set.
        let mut set: libc::sigset_t = unsafe { core::mem::zeroed() };
        // SAFETY: a set, and a signal.
        unsafe { libc::sigaddset(&raw mut set, libc::SIGUSR2) };
        // SAFETY: a set.
        unsafe { libc::pthread_sigmask(how, &raw const set, ptr::null_mut()) };
    }
    let plain = in_thread(mask_of_thread);
    in_thread(|| block(libc::SIG_BLOCK));
    assert_eq!(in_thread(mask_of_thread), plain);
    block(libc::SIG_BLOCK);
    assert_ne!(in_thread(mask_of_thread), plain);
    block(libc::SIG_UNBLOCK);
    assert_eq!(in_thread(mask_of_thread), plain);
}

fn mutexes_know_their_owner() {
    // SAFETY: zero is what the initializer is, and attributes are set before they are used.
    let mut how: libc::pthread_mutexattr_t = unsafe { core::mem::zeroed() };
    // SAFETY: a place for attributes.
    unsafe { libc::pthread_mutexattr_init(&raw mut how) };
    // SAFETY: made above.
    unsafe { libc::pthread_mutexattr_settype(&raw mut how, libc::PTHREAD_MUTEX_RECURSIVE) };
    let mutex = Box::leak(Box::new(libc::PTHREAD_MUTEX_INITIALIZER));
    // SAFETY: a place for a mutex, which is never freed.
    unsafe { libc::pthread_mutex_init(mutex, &raw const how) };
    let mutex = ptr::from_mut(mutex).addr();
    let lock = move || {
        // SAFETY: made above.
        unsafe { libc::pthread_mutex_trylock(ptr::with_exposed_provenance_mut(mutex)) }
    };
    let _ = ptr::with_exposed_provenance::<u8>(mutex);
    for _ in 0..10 {
        in_thread(move || {
            assert_eq!([lock(), lock()], [0, 0]);
            assert_eq!(in_thread(lock), libc::EBUSY);
            for _ in 0..2 {
                // SAFETY: ours.
                assert_eq!(unsafe { libc::pthread_mutex_unlock(ptr::with_exposed_provenance_mut(mutex)) }, 0);
            }
        });
    }
}

fn stack_attributes() {
    let size = 3 << 20;
    let thread = Thread::builder().stack_size(size).spawn(move || {
        // SAFETY: zero is a place for attributes.
        let mut how: libc::pthread_attr_t = unsafe { core::mem::zeroed() };
        // SAFETY: takes nothing.
        let me = unsafe { libc::pthread_self() };
        // SAFETY: ourselves.
        assert_eq!(unsafe { libc::pthread_getattr_np(me, &raw mut how) }, 0);
        let (mut low, mut bytes) = (ptr::null_mut(), 0);
        // SAFETY: filled in above.
        unsafe { libc::pthread_attr_getstack(&raw const how, &raw mut low, &raw mut bytes) };
        let here = (&raw const bytes).addr();
        assert!((low.addr()..low.addr() + bytes).contains(&here) && bytes >= size, "{low:?} {bytes:#x} {here:#x}");
        assert!(here - low.addr() > size - 16 * 1024, "what was asked for is there to be used");
        use_much_stack();
    });
    thread.unwrap().join().unwrap();
    assert!(status("VmRSS") > 0);
}

#[inline(never)]
fn use_much_stack() {
    core::hint::black_box(&mut [0_u8; (3 << 20) - 64 * 1024]);
}

/// The area for restartable sequences is the thread's own.
fn cpu_number() {
    for _ in 0..4 {
        for cpu in [0, 1] {
            in_thread(move || {
                let mut set = rustix::thread::CpuSet::new();
                set.set(cpu);
                if rustix::thread::sched_setaffinity(None, &set).is_ok() {
                    // SAFETY: takes nothing.
                    assert_eq!(unsafe { libc::sched_getcpu() }, cpu as i32);
                }
            });
        }
    }
    assert_ne!(backend(), ThreadBackend::Auto);
}
