//! A futex sleep that the note of [`depth`](super::depth) ends, with no gap between the look at the note and the sleep.
//!
//! "Is there a note? No: sleep" has a gap: a signal that comes between the two leaves a note that nobody sees, and the
//! sleep begins. So look and sleep are one short stub in assembly with known addresses, and the handler that finds the
//! thread inside it moves it on. A signal that interrupts the sleep itself finds the thread on the system call's
//! instruction, which is where `SA_RESTART` puts it back to: inside the window too.
//!
//! ```text
//!   entry    NAPPING := true
//!   window   note? ──yes──────────────▶ abort        a handler that left a note
//!            load the registers                      and finds the thread in here
//!            system call   ◀── SA_RESTART            moves it to `abort`
//!   done     NAPPING := false, return the result
//!   abort    NAPPING := false, return -EINTR
//!   end
//! ```
//!
//! N1  The kick's handler leaves the note first and looks at the place second ([`find`]); the stub says that it naps
//!     first and looks at the note second.
//! N2  From `window` up to and including the system call nothing is lost by going to `abort`: the call has not begun,
//!     or it was interrupted and took no wake.
//! N3  NAPPING is true while, and only while, the stub runs. If the handler sees it with the thread at a place outside
//!     the stub, then it has interrupted another signal's handler that runs on top of the stub, and comes again when
//!     that one has returned.
//! N4  Who naps has raised the depth; otherwise a kick is served in the handler, leaves no note, and the sleep goes on.
//!
//! On architectures without a stub below this is the plain sleep: there a request to stop takes effect when the wait
//! ends by itself.

#![allow(unsafe_code, reason = "a stub in assembly")]

#[cfg(any(
    all(target_arch = "x86_64", target_pointer_width = "64"),
    all(target_arch = "aarch64", target_pointer_width = "64")
))]
mod stub {
    use super::super::clock::Deadline;
    use super::super::depth;
    use super::super::futex::{FutexAddr, Slept};
    use super::super::tls::thread_local;
    use core::cell::Cell;
    use core::ffi::{c_int, c_long};
    use core::ops::Range;
    use core::ptr;

    thread_local! {
        static NAPPING: Cell<bool> = const { Cell::new(false) };
    }

    // The red zone below the stack pointer, which handlers leave alone, keeps the address of NAPPING over the call.
    #[cfg(target_arch = "x86_64")]
    core::arch::global_asm!(
        ".pushsection .text.ntwait_nap,\"ax\",@progbits",
        ".hidden ntwait_nap, ntwait_nap_window, ntwait_nap_done, ntwait_nap_abort, ntwait_nap_end",
        ".globl ntwait_nap, ntwait_nap_window, ntwait_nap_done, ntwait_nap_abort, ntwait_nap_end",
        ".type ntwait_nap, @function",
        ".p2align 4",
        "ntwait_nap:", // (rdi word, rsi operation, edx expected, rcx until, r8 note, r9 NAPPING)
        ".cfi_startproc",
        "mov [rsp - 8], r9",
        "mov byte ptr [r9], 1",
        "ntwait_nap_window:",
        "cmp byte ptr [r8], 0",
        "jne ntwait_nap_abort",
        "mov r10, rcx",
        "xor r8d, r8d",
        "mov r9d, -1", // any bit
        "mov eax, {futex}",
        "syscall",
        "ntwait_nap_done:",
        "mov rcx, [rsp - 8]",
        "mov byte ptr [rcx], 0",
        "ret",
        "ntwait_nap_abort:",
        "mov rcx, [rsp - 8]",
        "mov byte ptr [rcx], 0",
        "mov rax, {interrupted}",
        "ret",
        "ntwait_nap_end:",
        ".cfi_endproc",
        ".size ntwait_nap, ntwait_nap_end - ntwait_nap",
        ".popsection",
        futex = const libc::SYS_futex,
        interrupted = const -libc::EINTR,
    );

    // A system call leaves all registers but x0 as they are.
    #[cfg(target_arch = "aarch64")]
    core::arch::global_asm!(
        ".pushsection .text.ntwait_nap,\"ax\",@progbits",
        ".hidden ntwait_nap, ntwait_nap_window, ntwait_nap_done, ntwait_nap_abort, ntwait_nap_end",
        ".globl ntwait_nap, ntwait_nap_window, ntwait_nap_done, ntwait_nap_abort, ntwait_nap_end",
        ".type ntwait_nap, @function",
        ".p2align 4",
        "ntwait_nap:", // (x0 word, x1 operation, w2 expected, x3 until, x4 note, x5 NAPPING)
        ".cfi_startproc",
        "mov x9, x5",
        "mov x10, x4",
        "mov w11, #1",
        "strb w11, [x9]",
        "ntwait_nap_window:",
        "ldrb w11, [x10]",
        "cbnz w11, ntwait_nap_abort",
        "mov x4, xzr",
        "mov w5, #-1", // any bit
        "mov x8, #{futex}",
        "svc #0",
        "ntwait_nap_done:",
        "strb wzr, [x9]",
        "ret",
        "ntwait_nap_abort:",
        "strb wzr, [x9]",
        "mov x0, #{interrupted}",
        "ret",
        "ntwait_nap_end:",
        ".cfi_endproc",
        ".size ntwait_nap, ntwait_nap_end - ntwait_nap",
        ".popsection",
        futex = const libc::SYS_futex,
        interrupted = const -libc::EINTR,
    );

    unsafe extern "C" {
        fn ntwait_nap(
            word: *const u32,
            operation: c_int,
            expected: u32,
            until: *const libc::timespec,
            note: *const bool,
            napping: *mut bool,
        ) -> c_long;
        static ntwait_nap_window: u8;
        static ntwait_nap_done: u8;
        static ntwait_nap_abort: u8;
        static ntwait_nap_end: u8;
    }

    /// As [`wait`](super::super::futex::wait), but it ends at once ([`Slept::Woken`]) if there is a note, or as soon as
    /// the kick's handler leaves one. The note stays where it is.
    pub(crate) fn wait_unless_noted(addr: FutexAddr, expected: u32, deadline: &Deadline) -> Slept {
        let private = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
        let (operation, until) = match deadline {
            Deadline::Never => (private, None),
            Deadline::Monotonic(at) => (private, Some(at)),
            Deadline::Realtime(at) => (private | libc::FUTEX_CLOCK_REALTIME, Some(at)),
        };
        let until = until.map(|at| libc::timespec { tv_sec: at.tv_sec, tv_nsec: at.tv_nsec });
        let until = until.as_ref().map_or(ptr::null(), ptr::from_ref);
        let word = addr.as_ptr().cast::<u32>();
        let napping = NAPPING.with(Cell::as_ptr);
        // SAFETY: the word is not accessed, the kernel compares it; the rest is this thread's own and outlives the call.
        let result = unsafe { ntwait_nap(word, operation, expected, until, depth::note_address(), napping) };
        match c_int::try_from(-result) {
            Ok(libc::EAGAIN) => Slept::Changed,
            Ok(libc::ETIMEDOUT) => Slept::TimedOut,
            // Zero, EINTR, and what cannot be (see `wait`): looking again is right for all of them.
            _ => Slept::Woken,
        }
    }

    /// Where a thread was when the handler interrupted it, as far as naps are concerned.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Found {
        /// Not in a nap, or past it, or before its look at the note: the note is enough.
        Awake,
        /// In the window: it must go on at this address instead (N2).
        Napping(usize),
        /// In another handler, on top of a nap (N3).
        Beneath,
    }

    /// Looks where the interrupted place `pc` of the calling thread is. For the handler, after it left the note (N1).
    pub(crate) fn find(pc: usize) -> Found {
        if window().contains(&pc) {
            Found::Napping((&raw const ntwait_nap_abort).addr())
        } else if NAPPING.with(Cell::get) && !whole().contains(&pc) {
            Found::Beneath
        } else {
            Found::Awake
        }
    }

    pub(crate) fn window() -> Range<usize> {
        (&raw const ntwait_nap_window).addr()..(&raw const ntwait_nap_done).addr()
    }

    pub(crate) fn whole() -> Range<usize> {
        ntwait_nap as *const () as usize..(&raw const ntwait_nap_end).addr()
    }
}

#[cfg(not(any(
    all(target_arch = "x86_64", target_pointer_width = "64"),
    all(target_arch = "aarch64", target_pointer_width = "64")
)))]
mod stub {
    pub(crate) use super::super::futex::wait as wait_unless_noted;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[allow(dead_code, reason = "the handler's code is the same everywhere")]
    pub(crate) enum Found {
        Awake,
        Napping(usize),
        Beneath,
    }

    pub(crate) fn find(_pc: usize) -> Found {
        Found::Awake
    }
}

pub(crate) use stub::{Found, find, wait_unless_noted};
#[cfg(all(test, target_arch = "x86_64", target_pointer_width = "64"))]
pub(crate) use stub::{whole, window};
