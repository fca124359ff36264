//! The kick: the signal that makes a thread look at what others want of it.
//!
//! A thread that computes, or sleeps in a system call, notices nothing by itself. Who wants it to stop says so in the
//! thread's record first and then kicks it. The kick carries no order, it only says "look", so one too many is harmless.
//!
//! ```text
//!   kick ──▶ is it ours? ──no──▶ return
//!                │ yes
//!          depth raised? ──yes──▶ leave the note ──▶ asleep in a nap ──▶ end the nap
//!                │ no                           └──▶ in a handler above a nap ──▶ come again when it has returned
//!    in libc's setxid handler? ──yes──▶ come again when it has returned
//!                │ no
//!              serve                                 may block for long, may never return
//! ```
//!
//! K1  A kick is ours if this process queued it, with the cookie that the receiving thread holds: one that comes late,
//!     to another thread with the same number, is ignored.
//! K2  No kick is lost: it is served, or its note is there (G2), or it has been queued again.
//! K3  The handler calls nothing of the C library that locks or allocates, and leaves `errno` as it was.
//! K4  The function to serve with is stored before the handler is installed, and the handler is installed before the
//!     number is published.
//! K5  At most one kick is on its way to a thread, but for one that comes again: who finds the cookie's word set sends
//!     none, and the handler clears it before it looks. So requests to a thread that blocks the signal do not pile up.
//!
//! # What the embedding program must know
//!
//! * The signal is the highest real-time signal from `SIGRTMAX - 3` downwards to `SIGRTMIN + 3` that nobody handles or
//!   ignores when the first thread is made. `NTWAIT_SIGNAL=<number>` names another one; it must be a real-time signal
//!   that nobody uses.
//! * It must be left alone from then on. A thread that blocks it is suspended and terminated only when it unblocks it.
//! * It is installed with `SA_RESTART`: system calls that restart do so after a suspension, the others (`poll`,
//!   `epoll_wait`, `nanosleep`, …) end with `EINTR`, as with any signal. All other signals wait while it is handled,
//!   except for libc's own two.
//! * It is installed with `SA_ONSTACK`: a thread with an alternate signal stack is suspended on that one.

#![allow(unsafe_code, reason = "signals")]

use super::atomic::{AtomicPtr, AtomicU32, Ordering};
use super::nap::{self, Found};
use super::{cpu, depth, tls::thread_local};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::mem::{MaybeUninit, transmute};
use core::ptr::{self, null, null_mut};

/// glibc's `SIGSETXID`, blocked while its handler runs (musl's handler blocks everything).
const SIGSETXID: c_int = 33;
/// How often a kick that must come again is queued again while the queue is full.
const TRIES: u32 = 1000;

static SERVE: AtomicPtr<()> = AtomicPtr::new(null_mut());
static NUMBER: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static COOKIE: Cell<Option<Cookie>> = const { Cell::new(None) };
}

/// No signal is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refused;

/// Why a kick was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// There is no such thread any more.
    Gone,
    /// The user's signal queue is full (`RLIMIT_SIGPENDING`), or the kick cannot be sent for another reason.
    NoRoom,
}

/// Chooses the signal and installs its handler, which calls `serve`. Once per process; then it only looks.
pub(crate) fn install(serve: fn()) -> Result<(), Refused> {
    if number().is_some() {
        return Ok(());
    }
    SERVE.store(serve as *mut (), Ordering::Release);
    let chosen = match super::environment::value_of("NTWAIT_SIGNAL") {
        Some(wish) => {
            wish.to_str().and_then(|wish| wish.trim().parse().ok()).filter(|&wish| is_real_time(wish) && claim(wish))
        }
        None => (libc::SIGRTMIN() + 3..=libc::SIGRTMAX() - 3).rev().find(|&candidate| claim(candidate)),
    };
    let chosen = chosen.ok_or(Refused)?;
    // Two threads may be here at once. They find the same signal, since each knows the other's handler as its own; and if
    // a stranger came between them and they do not, the first one's is sent, and the handler on the other is never called.
    let _ = NUMBER.compare_exchange(0, chosen as u32, Ordering::AcqRel, Ordering::Acquire);
    Ok(())
}

/// The signal, once it is installed.
#[inline]
pub(crate) fn number() -> Option<i32> {
    match NUMBER.load(Ordering::Acquire) {
        0 => None,
        number => Some(number as i32),
    }
}

fn is_real_time(signal: c_int) -> bool {
    (libc::SIGRTMIN()..=libc::SIGRTMAX()).contains(&signal)
}

/// Installs the handler if nobody has another one there.
fn claim(signal: c_int) -> bool {
    match exchange(signal, None).map(|old| old.sa_sigaction) {
        Some(old) if old == address() => return true,
        Some(libc::SIG_DFL) => {}
        _ => return false,
    }
    let mut action = blank();
    action.sa_sigaction = address();
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: our own mask. libc leaves its own two signals out.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    match exchange(signal, Some(&action)) {
        Some(old) if old.sa_sigaction == libc::SIG_DFL || old.sa_sigaction == address() => true,
        // Somebody was faster: it is theirs.
        Some(old) => {
            exchange(signal, Some(&old));
            false
        }
        None => false,
    }
}

fn address() -> libc::sighandler_t {
    kicked as *const () as libc::sighandler_t
}

fn blank() -> libc::sigaction {
    // SAFETY: plain data: the default action, an empty mask, no flags.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// What was there; `None` if the signal cannot be had.
fn exchange(signal: c_int, new: Option<&libc::sigaction>) -> Option<libc::sigaction> {
    let mut old = blank();
    // SAFETY: both structures are whole; the handler, if it is ours, may run from now on (K4).
    let result = unsafe { libc::sigaction(signal, new.map_or(null(), core::ptr::from_ref), &raw mut old) };
    (result == 0).then_some(old)
}

/// What kicks of one thread carry, and no others: the address of a word that is 1 while one is on its way.
pub(crate) type Cookie = &'static AtomicU32;

/// Lets kicks with this cookie through to the calling thread.
pub(crate) fn set_cookie(cookie: Option<Cookie>) {
    COOKIE.with(|own| own.set(cookie));
}

/// The kernel's `siginfo_t` of a queued signal: 128 bytes, the second part aligned as a pointer.
#[repr(C)]
struct Queued {
    signo: c_int,
    errno: c_int,
    code: c_int,
    sender: Sender,
}

#[repr(C)]
struct Sender {
    pid: libc::pid_t,
    uid: libc::uid_t,
    value: usize,
    unused: [u64; 12],
}

const _: () = assert!(size_of::<Queued>() >= size_of::<libc::siginfo_t>());

/// Kicks the thread with this number if it is still there and holds this cookie (K5).
pub(crate) fn send(tid: u32, cookie: Cookie) -> Result<(), Unsent> {
    if cookie.swap(1, Ordering::AcqRel) != 0 {
        return Ok(());
    }
    queue(tid, cookie).inspect_err(|_| cookie.store(0, Ordering::Release))
}

fn queue(tid: u32, cookie: Cookie) -> Result<(), Unsent> {
    let Some(signo) = number() else { return Err(Unsent::NoRoom) };
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    let uid = rustix::process::getuid().as_raw();
    let sender = Sender { pid, uid, value: ptr::from_ref(cookie).addr(), unused: [0; 12] };
    let info = Queued { signo, errno: 0, code: libc::SI_QUEUE, sender };
    // SAFETY: the kernel reads the structure, which is as large as it expects.
    let result = unsafe { libc::syscall(libc::SYS_rt_tgsigqueueinfo, pid, tid, signo, &raw const info) };
    match result {
        0 => Ok(()),
        _ if std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH) => Err(Unsent::Gone),
        _ => Err(Unsent::NoRoom),
    }
}

/// The handler.
unsafe extern "C" fn kicked(_signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the calling thread's own; the address stays.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let before = unsafe { errno.read() };
    // SAFETY: the kernel made it for this handler.
    let info = unsafe { &*info };
    if let Some(cookie) = COOKIE.with(Cell::get)
        && is_ours(info, cookie)
    {
        // Before the look: who wants something after it kicks again (K5). An exchange: it sees what was wanted before the last who found the word set.
        cookie.swap(0, Ordering::AcqRel);
        look(Interrupted(context.cast()), cookie);
    }
    // SAFETY: as above.
    unsafe { errno.write(before) };
}

/// K1.
fn is_ours(info: &libc::siginfo_t, own: Cookie) -> bool {
    if info.si_code != libc::SI_QUEUE {
        return false;
    }
    // SAFETY: a queued signal has a sender.
    let pid = unsafe { info.si_pid() };
    // SAFETY: a queued signal has a value.
    let cookie = unsafe { info.si_value() }.sival_ptr.addr();
    pid == rustix::process::getpid().as_raw_nonzero().get() && cookie == ptr::from_ref(own).addr()
}

fn look(place: Interrupted, cookie: Cookie) {
    if depth::is_raised() {
        depth::leave_note();
        match nap::find(place.pc()) {
            Found::Awake => {}
            Found::Napping(abort) => place.go_on_at(abort),
            Found::Beneath => place.come_again(cookie),
        }
    } else if place.is_in_setxid() {
        place.come_again(cookie);
    } else {
        serve();
    }
}

fn serve() {
    let serve = SERVE.load(Ordering::Acquire);
    if serve.is_null() {
        return;
    }
    // SAFETY: the only pointers ever stored there are functions of this type (`install`).
    let serve: fn() = unsafe { transmute(serve) };
    serve();
}

/// What the kernel saved of the thread when it called the handler, and restores when the handler returns. Only the first
/// word of the mask is there; all of its fields are reached through the pointer, never as a whole.
#[derive(Clone, Copy)]
struct Interrupted(*mut libc::ucontext_t);

impl Interrupted {
    fn mask(self) -> *mut libc::sigset_t {
        // SAFETY: the kernel made it for the running handler.
        unsafe { &raw mut (*self.0).uc_sigmask }
    }

    fn is_in_setxid(self) -> bool {
        // SAFETY: a bit in the first word.
        unsafe { libc::sigismember(self.mask(), SIGSETXID) == 1 }
    }

    /// Queues the kick again and keeps it away until the interrupted handler, which blocked less, has returned.
    fn come_again(self, cookie: Cookie) {
        let tid = cpu::thread_id();
        let queued = (0..TRIES).any(|_| {
            let sent = queue(tid, cookie).is_ok();
            if !sent {
                rustix::thread::sched_yield();
            }
            sent
        });
        let (true, Some(number)) = (queued, number()) else { return depth::leave_note() };
        cookie.store(1, Ordering::Release);
        // SAFETY: a bit in the first word.
        unsafe { libc::sigaddset(self.mask(), number) };
    }

    fn pc(self) -> usize {
        // SAFETY: the kernel made it for the running handler.
        (unsafe { self.place().read() }) as usize
    }

    fn go_on_at(self, address: usize) {
        // SAFETY: as above; the address is one where the interrupted stub can go on (N2).
        unsafe { self.place().write(address as _) };
    }

    #[cfg(target_arch = "x86_64")]
    fn place(self) -> *mut libc::greg_t {
        // SAFETY: as above.
        unsafe { &raw mut (*self.0).uc_mcontext.gregs[libc::REG_RIP as usize] }
    }

    #[cfg(target_arch = "aarch64")]
    fn place(self) -> *mut libc::c_ulonglong {
        // SAFETY: as above.
        unsafe { &raw mut (*self.0).uc_mcontext.pc }
    }

    /// Elsewhere there is no nap to look for.
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn place(self) -> *mut usize {
        self.0.cast()
    }
}

#[cfg(test)]
mod tests;
