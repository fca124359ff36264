//! May the calling thread's stack be unwound, up to a frame that will catch?
//!
//! Who ends a thread by unwinding must know beforehand that every frame on the way only cleans up. One that catches
//! would keep the thread alive, and one that must not be unwound (`noexcept`, `extern "C"`) would end the process. So
//! the stack is walked first, and what the language's own unwinder would do with each frame is read from its table.
//!
//! ```text
//!    can_unwind_to ─▶ frame ─▶ frame ─▶ … ─▶ frame of `within` ─▶ the catching frame
//!                     └──────── each is asked ────────────────┘   not asked
//!
//!    the frame's table (LSDA)   header │ call sites: start, length, landing pad, action │ actions: filter, next
//! ```
//!
//! B1  A frame permits if it has no table, if its call site has no landing pad, or if the landing pad only cleans up.
//! B2  Everything else forbids: a catch, a filter, a place in no call site (the language's way to say "terminate"), an
//!     encoding that is not known here, a frame that was interrupted by a signal (the tables describe calls, and it is
//!     at no call), a stack that ends or jumps downwards before the goal.
//! B3  The answer is for the place where each frame is now. It holds as long as the thread stays in the function that
//!     asked.
//!
//! # Safety
//! The bounds of a table are not known: it is what the compiler wrote for the running function, in the format that the
//! personality routines of C, C++ and Rust share. Whatever is not exactly as expected ends the reading.

#![allow(unsafe_code, reason = "the unwinder's interface; tables of unknown size")]

/// Keeps a frame of its own on the stack below its caller, which is to catch, and gives `run` an address inside it: the
/// goal for [`can_unwind_to`].
#[inline(never)]
pub(crate) fn within<R>(run: impl FnOnce(usize) -> R) -> R {
    let marker = 0_u8;
    let result = run((&raw const marker).addr());
    core::hint::black_box(&raw const marker); // no tail call
    result
}

/// Can the calling thread be unwound up to and including the frame that `limit` lies in? `limit` is an address in a frame
/// that the catching one has called, see [`within`]: the first frame whose stack pointer is above it is not asked.
#[inline(never)]
pub(crate) fn can_unwind_to(limit: usize) -> bool {
    #[cfg(any(panic = "abort", target_arch = "arm"))]
    {
        // Nothing to catch with; tables of another kind (EHABI).
        let _ = limit;
        false
    }
    #[cfg(not(any(panic = "abort", target_arch = "arm")))]
    walk::can_unwind_to(limit)
}

#[cfg(not(any(panic = "abort", target_arch = "arm")))]
mod walk {
    use super::table::{self, Answer};
    use core::ffi::{c_int, c_void};

    #[repr(C)]
    struct Context {
        _opaque: [u8; 0],
    }

    const NO_REASON: c_int = 0;
    const END_OF_STACK: c_int = 5;

    type Visit = extern "C" fn(*mut Context, *mut c_void) -> c_int;

    // Of the unwinder that std links. The walk counts as a call that may unwind, so that its callers have call sites.
    unsafe extern "C-unwind" {
        fn _Unwind_Backtrace(visit: Visit, argument: *mut c_void) -> c_int;
    }
    unsafe extern "C" {
        fn _Unwind_GetCFA(context: *mut Context) -> usize;
        fn _Unwind_GetIPInfo(context: *mut Context, before_instruction: *mut c_int) -> usize;
        fn _Unwind_GetRegionStart(context: *mut Context) -> usize;
        fn _Unwind_GetLanguageSpecificData(context: *mut Context) -> *const u8;
    }

    struct Walk {
        limit: usize,
        /// The stack pointer of the frame before.
        last: usize,
        reached: bool,
    }

    #[inline(always)] // its caller's frame is the first one asked
    pub(super) fn can_unwind_to(limit: usize) -> bool {
        let mut walk = Walk { limit, last: 0, reached: false };
        if (&raw const walk).addr() > limit {
            return false; // on another stack
        }
        // SAFETY: `visit` gets the walk back, which outlives the call.
        unsafe { _Unwind_Backtrace(visit, (&raw mut walk).cast()) };
        walk.reached
    }

    extern "C" fn visit(context: *mut Context, walk: *mut c_void) -> c_int {
        // SAFETY: the walk of `can_unwind_to`, which nobody else uses meanwhile.
        let walk = unsafe { &mut *walk.cast::<Walk>() };
        // SAFETY: the unwinder's own context. Despite its name this is the frame's stack pointer.
        let stack = unsafe { _Unwind_GetCFA(context) };
        let forward = stack >= walk.last;
        walk.last = stack;
        walk.reached = forward && stack > walk.limit;
        if forward && !walk.reached && permits(context) { NO_REASON } else { END_OF_STACK }
    }

    /// B1, B2.
    fn permits(context: *mut Context) -> bool {
        let mut before = 0;
        // SAFETY: the unwinder's own context.
        let ip = unsafe { _Unwind_GetIPInfo(context, &raw mut before) };
        if before != 0 {
            return false;
        }
        // SAFETY: the unwinder's own context.
        let lsda = unsafe { _Unwind_GetLanguageSpecificData(context) };
        if lsda.is_null() {
            return true;
        }
        // SAFETY: the unwinder's own context.
        let start = unsafe { _Unwind_GetRegionStart(context) };
        // The return address may be the next call site's.
        let Some(offset) = ip.checked_sub(1).and_then(|call| call.checked_sub(start)) else { return false };
        // SAFETY: the table that the compiler wrote for this function.
        let answer = unsafe { table::look_up(lsda, offset) };
        matches!(answer, Some(Answer::Nothing | Answer::Cleanup))
    }
}

#[cfg(any(test, not(any(panic = "abort", target_arch = "arm"))))]
mod table;

#[cfg(test)]
mod tests;
