//! The stubs for AArch64. What each does, [`super`] says.

#![allow(unsafe_code, reason = "assembly")]

use super::{Arguments, Body, Entry};
use core::arch::{asm, naked_asm};
use core::ffi::c_void;

pub(super) const RSEQ_SIGNATURE: u32 = 0xd428_bc00;

/// # Safety
/// As [`super::spawn`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn clone3(
    arguments: *const Arguments,
    size: usize,
    entry: Entry,
    of: *mut c_void,
) -> isize {
    naked_asm!(
        ".cfi_startproc",
        "hint #34", // a landing place, where branch targets are checked
        "mov x9, x2",
        "mov x10, x3",
        "mov x8, #435",
        "svc #0",
        "cbz x0, 2f",
        "ret",
        // The new task: the frame below which there is nothing.
        "2:",
        ".cfi_undefined x30",
        "mov x29, #0",
        "mov x30, #0",
        "mov x0, x10",
        "blr x9",
        "brk #1",
        ".cfi_endproc",
    )
}

/// The older call, for kernels and filters that do not let `clone3` through.
///
/// # Safety
/// As [`super::spawn`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn clone(arguments: *const Arguments, entry: Entry, of: *mut c_void) -> isize {
    naked_asm!(
        ".cfi_startproc",
        "hint #34",
        "mov x9, x1",
        "mov x10, x2",
        "mov x11, x0",
        "ldr x0, [x11]",      // flags
        "ldr x1, [x11, #40]", // stack
        "ldr x2, [x11, #48]", // and its size
        "add x1, x1, x2",
        "ldr x2, [x11, #24]", // parent_tid
        "ldr x3, [x11, #56]", // tls
        "ldr x4, [x11, #16]", // child_tid
        "mov x8, #220",
        "svc #0",
        "cbz x0, 2f",
        "ret",
        "2:",
        ".cfi_undefined x30",
        "mov x29, #0",
        "mov x30, #0",
        "mov x0, x10",
        "blr x9",
        "brk #1",
        ".cfi_endproc",
    )
}

/// # Safety
/// As [`super::enter`].
#[unsafe(naked)]
pub(super) unsafe extern "C-unwind" fn enter(body: *mut Body) -> *mut c_void {
    naked_asm!(
        ".cfi_startproc",
        "hint #34",
        "stp x29, x30, [sp, #-160]!",
        ".cfi_adjust_cfa_offset 160",
        ".cfi_rel_offset x29, 0",
        ".cfi_rel_offset x30, 8",
        "stp x19, x20, [sp, #16]",
        ".cfi_rel_offset x19, 16",
        ".cfi_rel_offset x20, 24",
        "stp x21, x22, [sp, #32]",
        ".cfi_rel_offset x21, 32",
        ".cfi_rel_offset x22, 40",
        "stp x23, x24, [sp, #48]",
        ".cfi_rel_offset x23, 48",
        ".cfi_rel_offset x24, 56",
        "stp x25, x26, [sp, #64]",
        ".cfi_rel_offset x25, 64",
        ".cfi_rel_offset x26, 72",
        "stp x27, x28, [sp, #80]",
        ".cfi_rel_offset x27, 80",
        ".cfi_rel_offset x28, 88",
        "stp d8, d9, [sp, #96]",
        "stp d10, d11, [sp, #112]",
        "stp d12, d13, [sp, #128]",
        "stp d14, d15, [sp, #144]",
        "mov x29, sp",
        "mov x9, sp",
        "str x9, [x0]",
        "ldr x9, [x0, #8]",
        "blr x9",
        "mov x0, sp",
        "b {resume}",
        ".cfi_endproc",
        resume = sym resume,
    )
}

/// # Safety
/// As [`super::resume`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn resume(frame: usize) -> ! {
    naked_asm!(
        "mov sp, x0",
        "ldp d14, d15, [sp, #144]",
        "ldp d12, d13, [sp, #128]",
        "ldp d10, d11, [sp, #112]",
        "ldp d8, d9, [sp, #96]",
        "ldp x27, x28, [sp, #80]",
        "ldp x25, x26, [sp, #64]",
        "ldp x23, x24, [sp, #48]",
        "ldp x21, x22, [sp, #32]",
        "ldp x19, x20, [sp, #16]",
        "ldp x29, x30, [sp], #160",
        "mov x0, #0",
        "ret",
    )
}

/// # Safety
/// As [`super::restart`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn restart(top: usize, entry: Entry, of: *mut c_void) -> ! {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined x30",
        "mov sp, x0",
        "mov x29, #0",
        "mov x30, #0",
        "mov x0, x2",
        "blr x1",
        "brk #1",
        ".cfi_endproc",
    )
}

/// The floating-point control register, as the ABI has it when a thread begins.
pub(super) fn reset_floating_point() {
    // SAFETY: the value that compiled code expects.
    unsafe { asm!("msr fpcr, xzr", "msr fpsr, xzr", options(nostack, nomem)) };
}

pub(super) fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register that every thread may read.
    unsafe { asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nostack, nomem, preserves_flags)) };
    pointer
}

/// There is none on this architecture.
pub(super) fn reset_other_base() {}

/// Has the calling thread a shadow stack, which would not let us leave by another way than we came?
pub(super) fn has_shadow_stack() -> bool {
    const PR_GET_SHADOW_STACK_STATUS: libc::c_int = 74;
    let mut status = 0_u64;
    // SAFETY: writes one word; kernels that do not know the call refuse it.
    let answer = unsafe { libc::prctl(PR_GET_SHADOW_STACK_STATUS, &raw mut status, 0_usize, 0_usize, 0_usize) };
    answer == 0 && status != 0
}
