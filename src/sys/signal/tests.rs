//! Each test runs in a process of its own: the signal, its handler and what it serves are the process's.

#![allow(clippy::disallowed_types, reason = "tests stop their helpers with an Arc")]
#![allow(clippy::disallowed_methods, reason = "tests pause")]

use super::super::clock::{Deadline, Timeout};
use super::super::futex::{FutexAddr, Slept, wait_unless_noted, wake};
use super::super::{atomic::AtomicU64, depth};
use super::*;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

static COOKIE_OF_TEST: AtomicU32 = AtomicU32::new(0);
static OTHER_COOKIE: AtomicU32 = AtomicU32::new(0);
const PATIENCE: Duration = Duration::from_secs(10);

static WORD: AtomicU32 = AtomicU32::new(0);
static ASKED: AtomicU64 = AtomicU64::new(0);
static SERVED: AtomicU64 = AtomicU64::new(0);
static IN_SETXID: AtomicU32 = AtomicU32::new(0);

/// True in the child, which is to do the work; in the parent the child has passed.
fn alone(test: &str, settings: &[(&str, &str)]) -> bool {
    if std::env::var_os("NTWAIT_TEST_ALONE").is_some() {
        return true;
    }
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([&format!("sys::signal::tests::{test}"), "--exact", "--nocapture"])
        .env("NTWAIT_TEST_ALONE", "1")
        .env_remove("NTWAIT_SIGNAL")
        .envs(settings.iter().copied())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > Duration::from_secs(120) {
            child.kill().unwrap();
            panic!("{test} hangs");
        }
        thread::sleep(Duration::from_millis(2));
    };
    assert!(status.success(), "{test}: {status}");
    false
}

fn tid() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get() as u32
}

/// What the handler serves: says that the latest request has been seen.
fn acknowledge() {
    let mut mask = blank().sa_mask;
    // SAFETY: our own mask.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, null(), &raw mut mask) };
    // SAFETY: as above.
    if unsafe { libc::sigismember(&raw const mask, SIGSETXID) } == 1 {
        IN_SETXID.fetch_add(1, Ordering::Relaxed);
    }
    SERVED.store(ASKED.load(Ordering::SeqCst), Ordering::SeqCst);
}

/// A thread that can be kicked, doing `work` until it is told to stop.
struct Kickable {
    tid: u32,
    stop: Arc<AtomicU32>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Kickable {
    fn start(mut work: impl FnMut() + Send + 'static) -> Self {
        let stop = Arc::new(AtomicU32::new(0));
        let told = Arc::clone(&stop);
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let thread = thread::spawn(move || {
            set_cookie(Some(&COOKIE_OF_TEST));
            sender.send(tid()).unwrap();
            while told.load(Ordering::Relaxed) == 0 {
                work();
            }
            while told.load(Ordering::Relaxed) != 2 {}
            set_cookie(None);
        });
        Self { tid: receiver.recv().unwrap(), stop, thread: Some(thread) }
    }

    /// Kicks it and waits until it has looked.
    fn kick(&self) {
        let request = ASKED.load(Ordering::SeqCst) + 1;
        ASKED.store(request, Ordering::SeqCst);
        send(self.tid, &COOKIE_OF_TEST).unwrap();
        let start = Instant::now();
        while SERVED.load(Ordering::SeqCst) != request {
            if start.elapsed() > PATIENCE {
                eprintln!("kick {request} was lost");
                std::process::exit(1);
            }
            core::hint::spin_loop();
        }
    }
}

impl Drop for Kickable {
    fn drop(&mut self) {
        self.stop.store(1, Ordering::Relaxed);
        if !thread::panicking() {
            self.kick();
            self.stop.store(2, Ordering::Relaxed);
            self.thread.take().unwrap().join().unwrap();
        }
    }
}

/// Sleeps until there is a note, and obeys it.
fn nap(deadline: &Deadline) {
    depth::raise();
    while !depth::has_note() {
        wait_unless_noted(FutexAddr::whole(&WORD), 0, deadline);
    }
    if depth::lower() {
        acknowledge();
    }
}

/// Spins for some 0 to 20 µs, differently each time.
fn linger(seed: &mut u64) {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    let start = Instant::now();
    while start.elapsed() < Duration::from_nanos((*seed >> 33) % 20_000) {}
}

fn storm(kicks: u32, deadline: Deadline) -> Kickable {
    install(acknowledge).unwrap();
    let napper = Kickable::start(move || nap(&deadline));
    let mut seed = 1;
    for _ in 0..kicks {
        linger(&mut seed);
        napper.kick();
    }
    napper
}

#[test]
fn n1_n2_no_kick_is_slept_through() {
    if alone("n1_n2_no_kick_is_slept_through", &[]) {
        storm(70_000, Deadline::Never);
        storm(30_000, Deadline::new(Timeout::After(Duration::from_secs(3_600))));
    }
}

/// The handler of the program's own signal, which takes its time.
extern "C" fn dawdle(_signal: c_int) {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(15) {}
}

#[test]
fn n3_a_kick_that_hits_a_handler_above_a_nap_comes_again() {
    if !alone("n3_a_kick_that_hits_a_handler_above_a_nap_comes_again", &[]) {
        return;
    }
    let mut action = blank();
    action.sa_sigaction = dawdle as *const () as usize;
    action.sa_flags = libc::SA_RESTART;
    exchange(libc::SIGUSR1, Some(&action)).unwrap();
    install(acknowledge).unwrap();
    let napper = Kickable::start(|| nap(&Deadline::Never));
    let (process, target) = (rustix::process::getpid().as_raw_nonzero().get(), napper.tid);
    let done = Arc::new(AtomicU32::new(0));
    let told = Arc::clone(&done);
    let pest = thread::spawn(move || {
        let mut seed = 7;
        while told.load(Ordering::Relaxed) == 0 {
            // SAFETY: a signal with a handler, to a thread of this process.
            unsafe { libc::syscall(libc::SYS_tgkill, process, target, libc::SIGUSR1) };
            linger(&mut seed);
        }
    });
    let mut seed = 1;
    for _ in 0..20_000 {
        linger(&mut seed);
        napper.kick();
    }
    done.store(1, Ordering::Relaxed);
    pest.join().unwrap();
}

#[test]
fn k2_no_kick_is_served_inside_setxid_and_none_is_lost_there() {
    if !alone("k2_no_kick_is_served_inside_setxid_and_none_is_lost_there", &[]) {
        return;
    }
    install(acknowledge).unwrap();
    let done = Arc::new(AtomicU32::new(0));
    let told = Arc::clone(&done);
    let pest = thread::spawn(move || {
        while told.load(Ordering::Relaxed) == 0 {
            // SAFETY: changes nothing, in every thread.
            assert_eq!(unsafe { libc::setresuid(!0, !0, !0) }, 0);
        }
    });
    for work in [|| nap(&Deadline::Never), core::hint::spin_loop] {
        let target = Kickable::start(work);
        let mut seed = 1;
        for _ in 0..10_000 {
            linger(&mut seed);
            target.kick();
        }
    }
    done.store(1, Ordering::Relaxed);
    pest.join().unwrap();
    assert_eq!(IN_SETXID.load(Ordering::Relaxed), 0);
}

#[test]
fn n1_a_kick_before_the_nap_ends_it_and_its_note_stays() {
    if !alone("n1_a_kick_before_the_nap_ends_it_and_its_note_stays", &[]) {
        return;
    }
    install(acknowledge).unwrap();
    set_cookie(Some(&COOKIE_OF_TEST));
    depth::raise();
    assert!(!depth::has_note());
    send(tid(), &COOKIE_OF_TEST).unwrap();
    for _ in 0..2 {
        assert!(depth::has_note());
        assert_eq!(wait_unless_noted(FutexAddr::whole(&WORD), 0, &Deadline::Never), Slept::Woken);
    }
    assert_eq!(SERVED.load(Ordering::SeqCst), 0);
    assert!(depth::lower(), "the note must not be lost");
    assert!(!depth::has_note());
}

#[test]
fn naps_end_as_other_sleeps_do() {
    if !alone("naps_end_as_other_sleeps_do", &[]) {
        return;
    }
    depth::raise();
    let addr = FutexAddr::whole(&WORD);
    assert_eq!(wait_unless_noted(addr, 1, &Deadline::Never), Slept::Changed);
    assert_eq!(wait_unless_noted(addr, 0, &Deadline::new(Timeout::Poll)), Slept::TimedOut);
    let start = Instant::now();
    let soon = Timeout::After(Duration::from_millis(20));
    assert_eq!(wait_unless_noted(addr, 0, &Deadline::new(soon)), Slept::TimedOut);
    assert!(start.elapsed() >= Duration::from_millis(20));
    let soon = Timeout::At(std::time::SystemTime::now() + Duration::from_millis(20));
    assert_eq!(wait_unless_noted(addr, 0, &Deadline::new(soon)), Slept::TimedOut);
    let waker = thread::spawn(|| while wake(FutexAddr::whole(&WORD), 1) == 0 {});
    assert_eq!(wait_unless_noted(addr, 0, &Deadline::Never), Slept::Woken);
    waker.join().unwrap();
    assert!(!depth::lower());
}

#[test]
fn k1_k3_only_our_own_kicks_count_and_errno_is_kept() {
    if !alone("k1_k3_only_our_own_kicks_count_and_errno_is_kept", &[]) {
        return;
    }
    assert_eq!(send(tid(), &COOKIE_OF_TEST), Err(Unsent::NoRoom), "not installed yet");
    install(acknowledge).unwrap();
    install(acknowledge).unwrap();
    let signal = number().unwrap();
    assert!((libc::SIGRTMIN() + 3..=libc::SIGRTMAX() - 3).contains(&signal));
    ASKED.store(1, Ordering::SeqCst);

    send(tid(), &COOKIE_OF_TEST).unwrap(); // no cookie yet
    set_cookie(Some(&COOKIE_OF_TEST));
    send(tid(), &OTHER_COOKIE).unwrap();
    // SAFETY: a signal with a handler.
    unsafe { libc::raise(signal) };
    assert_eq!(SERVED.load(Ordering::SeqCst), 0);
    assert_eq!(COOKIE_OF_TEST.load(Ordering::SeqCst), 1, "nobody has looked yet");

    fn spoils_errno() {
        acknowledge();
        // SAFETY: an invalid call.
        unsafe { libc::close(-1) };
    }
    SERVE.store(spoils_errno as *mut (), Ordering::Release);
    // SAFETY: an invalid call.
    unsafe { libc::isatty(-1) };
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    let sender = Sender { pid, uid: 0, value: ptr::from_ref(&COOKIE_OF_TEST).addr(), unused: [0; 12] };
    let info = Queued { signo: signal, errno: 0, code: libc::SI_QUEUE, sender };
    // SAFETY: the calling thread's own.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    unsafe { errno.write(libc::ENOTTY) };
    // SAFETY: as in `send`; it succeeds and leaves errno alone.
    unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid(), signal, &raw const info) };
    // SAFETY: as above.
    assert_eq!(unsafe { errno.read() }, libc::ENOTTY);
    assert_eq!(COOKIE_OF_TEST.load(Ordering::SeqCst), 0, "K5");
    assert_eq!(SERVED.load(Ordering::SeqCst), 1);
}

#[test]
fn a_kick_that_cannot_be_sent_says_why() {
    if !alone("a_kick_that_cannot_be_sent_says_why", &[]) {
        return;
    }
    install(acknowledge).unwrap();
    let ended = thread::spawn(tid).join().unwrap();
    let start = Instant::now();
    while queue(ended, &OTHER_COOKIE) != Err(Unsent::Gone) {
        assert!(start.elapsed() < PATIENCE);
    }
    let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: a whole structure.
    unsafe { libc::setrlimit(libc::RLIMIT_SIGPENDING, &raw const none) };
    assert_eq!(send(tid(), &OTHER_COOKIE), Err(Unsent::NoRoom));
}

#[test]
fn the_environment_names_the_signal() {
    if !alone("the_environment_names_the_signal", &[("NTWAIT_SIGNAL", "40")]) {
        return;
    }
    install(acknowledge).unwrap();
    assert_eq!(number(), Some(40));
}

#[test]
fn a_signal_in_use_or_of_the_wrong_kind_is_refused() {
    for wish in ["10", "0", "-1", "99", "33", "loud", "42"] {
        if alone("a_signal_in_use_or_of_the_wrong_kind_is_refused", &[("NTWAIT_SIGNAL", wish)]) {
            let mut ignored = blank();
            ignored.sa_sigaction = libc::SIG_IGN;
            exchange(42, Some(&ignored)).unwrap();
            assert_eq!(install(acknowledge), Err(Refused));
            assert_eq!(number(), None);
            return;
        }
    }
}

#[test]
fn the_highest_free_signal_is_chosen() {
    if !alone("the_highest_free_signal_is_chosen", &[]) {
        return;
    }
    let mut taken = blank();
    taken.sa_sigaction = dawdle as *const () as usize;
    exchange(libc::SIGRTMAX() - 3, Some(&taken)).unwrap();
    taken.sa_sigaction = libc::SIG_IGN;
    exchange(libc::SIGRTMAX() - 4, Some(&taken)).unwrap();
    install(acknowledge).unwrap();
    assert_eq!(number(), Some(libc::SIGRTMAX() - 5));
    assert_eq!(exchange(libc::SIGRTMAX() - 3, None).unwrap().sa_sigaction, dawdle as *const () as usize);
}

#[cfg(all(target_arch = "x86_64", target_pointer_width = "64"))]
mod stepwise;
