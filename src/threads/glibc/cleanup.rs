//! The calling thread's cleanup handlers (`pthread_cleanup_push`), forgotten.
//!
//! A thread that leaves from any depth leaves handlers behind whose frames are gone. The C library chains them in two
//! ways, for C with and without exceptions; the public functions that take one off a chain set the chain to what the
//! handler says was before it, so a forged handler sets it to anything.

#![allow(unsafe_code, reason = "functions of the C library that libc's crate does not have")]

use super::symbols::{Failed, probe, read, symbol};
use core::ffi::{c_int, c_void};
use core::mem::transmute;
use core::ptr;

/// `__pthread_unwind_buf_t`, as long as on any architecture; what was before it comes after the saved registers.
#[repr(C, align(16))]
struct Jump([usize; 64]);

const REGISTERS: usize = if cfg!(target_arch = "aarch64") { 22 } else { 8 };
/// In words: the registers, a flag, and there it is.
const BEFORE: usize = REGISTERS + 1;

/// `struct _pthread_cleanup_buffer`.
#[repr(C)]
struct Handler {
    routine: Option<unsafe extern "C" fn(*mut c_void)>,
    argument: *mut c_void,
    cancel_type: c_int,
    before: *mut c_void,
}

type TakeJump = unsafe extern "C" fn(*mut Jump);
type TakeHandler = unsafe extern "C" fn(*mut Handler, c_int);

#[derive(Clone, Copy, Debug)]
pub(in crate::threads) struct Cleanup {
    push_jump: TakeJump,
    pop_jump: TakeJump,
    pop_handler: TakeHandler,
}

impl Cleanup {
    pub(super) fn find() -> Result<Self, Failed> {
        let push_jump = symbol!("__pthread_register_cancel")?;
        let pop_jump = symbol!("__pthread_unregister_cancel")?;
        let pop_handler = symbol!("_pthread_cleanup_pop")?;
        Ok(Self {
            // SAFETY: the function of that name.
            push_jump: unsafe { transmute::<usize, TakeJump>(push_jump) },
            // SAFETY: the function of that name.
            pop_jump: unsafe { transmute::<usize, TakeJump>(pop_jump) },
            // SAFETY: the function of that name.
            pop_handler: unsafe { transmute::<usize, TakeHandler>(pop_handler) },
        })
    }

    /// What the chain of a thread begins with: where `pthread_exit` goes back to in the C library's frame.
    pub(super) fn bottom(&self, stack: &core::ops::Range<usize>) -> Result<usize, Failed> {
        let mut jump = Jump([0; 64]);
        let at = (&raw mut jump).expose_provenance();
        // SAFETY: a place for it, which is taken off again before it goes.
        unsafe { (self.push_jump)(&raw mut jump) };
        // SAFETY: the words of our own value.
        let bottom: usize = unsafe { read(at + BEFORE * size_of::<usize>()) };
        // SAFETY: the one that was put on above.
        unsafe { (self.pop_jump)(&raw mut jump) };
        probe!("cleanup chain", stack.contains(&bottom) && bottom > at)?;
        Ok(bottom)
    }

    /// Sets both chains back to how they are when a thread begins.
    pub(super) fn forget(&self, bottom: usize) {
        let mut jump = Jump([0; 64]);
        jump.0[BEFORE] = bottom;
        // SAFETY: sets the chain to what was before this one: the C library's own frame.
        unsafe { (self.pop_jump)(&raw mut jump) };
        let before = ptr::null_mut();
        let mut handler = Handler { routine: None, argument: before, cancel_type: 0, before };
        // SAFETY: sets the chain to what was before this one: nothing. It is not called.
        unsafe { (self.pop_handler)(&raw mut handler, 0) };
    }
}
