//! The stubs for x86-64. What each does, [`super`] says.

#![allow(unsafe_code, reason = "assembly")]

use super::{Arguments, Body, Entry};
use core::arch::{asm, naked_asm};
use core::ffi::c_void;

pub(super) const RSEQ_SIGNATURE: u32 = 0x5305_3053;

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
        "mov r8, rdx",
        "mov r9, rcx",
        "mov eax, 435",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "ret",
        // The new task: the frame below which there is nothing.
        "2:",
        ".cfi_undefined rip",
        "xor ebp, ebp",
        "mov rdi, r9",
        "call r8",
        "ud2",
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
        "mov r9, rsi",
        "mov r11, rdx",
        "mov rax, rdi",
        "mov rdi, [rax]",      // flags
        "mov rsi, [rax + 40]", // stack
        "add rsi, [rax + 48]", // and its size: the top
        "mov rdx, [rax + 24]", // parent_tid
        "mov r10, [rax + 16]", // child_tid
        "mov r8, [rax + 56]",  // tls
        "sub rsi, 16",
        "mov [rsi], r11", // r11 does not survive the call, the new stack does
        "mov eax, 56",
        "syscall",
        "test rax, rax",
        "jz 2f",
        "ret",
        "2:",
        ".cfi_undefined rip",
        "xor ebp, ebp",
        "pop rdi",
        "add rsp, 8",
        "call r9",
        "ud2",
        ".cfi_endproc",
    )
}

/// # Safety
/// As [`super::enter`].
#[unsafe(naked)]
pub(super) unsafe extern "C-unwind" fn enter(body: *mut Body) -> *mut c_void {
    naked_asm!(
        ".cfi_startproc",
        "push rbp",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbp, 0",
        "push rbx",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset rbx, 0",
        "push r12",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r12, 0",
        "push r13",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r13, 0",
        "push r14",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r14, 0",
        "push r15",
        ".cfi_adjust_cfa_offset 8",
        ".cfi_rel_offset r15, 0",
        "mov [rdi], rsp",
        "sub rsp, 8",
        ".cfi_adjust_cfa_offset 8",
        "call [rdi + 8]",
        "lea rdi, [rsp + 8]",
        "jmp {resume}",
        ".cfi_endproc",
        resume = sym resume,
    )
}

/// # Safety
/// As [`super::resume`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn resume(frame: usize) -> ! {
    naked_asm!("mov rsp, rdi", "pop r15", "pop r14", "pop r13", "pop r12", "pop rbx", "pop rbp", "xor eax, eax", "ret",)
}

/// # Safety
/// As [`super::restart`].
#[unsafe(naked)]
pub(super) unsafe extern "C" fn restart(top: usize, entry: Entry, of: *mut c_void) -> ! {
    naked_asm!(
        ".cfi_startproc",
        ".cfi_undefined rip",
        "mov rsp, rdi",
        "xor ebp, ebp",
        "mov rdi, rdx",
        "call rsi",
        "ud2",
        ".cfi_endproc",
    )
}

/// Control words of the floating-point units, as the ABI has them when a thread begins; an empty x87 stack.
pub(super) fn reset_floating_point() {
    static MXCSR: u32 = 0x1F80;
    // SAFETY: the values that compiled code expects; the x87 registers are free at a call.
    unsafe { asm!("fninit", "ldmxcsr [{}]", in(reg) &raw const MXCSR, options(nostack)) };
}

pub(super) fn thread_pointer() -> usize {
    let pointer;
    // SAFETY: the ABI keeps the thread block's own address in its first word.
    unsafe { asm!("mov {}, fs:0", out(reg) pointer, options(nostack, readonly, preserves_flags)) };
    pointer
}

/// The other segment base, of which programs that run foreign code make use.
pub(super) fn reset_other_base() {
    const ARCH_SET_GS: libc::c_int = 0x1001;
    /// The kernel lets programs read the base themselves.
    const HWCAP2_FSGSBASE: libc::c_ulong = 2;
    // SAFETY: looks a number up.
    if unsafe { libc::getauxval(libc::AT_HWCAP2) } & HWCAP2_FSGSBASE != 0 {
        let base: u64;
        // SAFETY: reads a register.
        unsafe { asm!("rdgsbase {}", out(reg) base, options(nostack, nomem, preserves_flags)) };
        if base == 0 {
            return;
        }
    }
    // SAFETY: Linux programs do not use it unless they set it, and who set it has ended.
    let _ = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SET_GS, 0_usize) };
}

/// Has the calling thread a shadow stack, which would not let us leave by another way than we came?
pub(super) fn has_shadow_stack() -> bool {
    const ARCH_SHSTK_STATUS: libc::c_int = 0x5005;
    let mut features = 0_u64;
    // SAFETY: writes one word; kernels that do not know the call refuse it.
    let answer = unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_SHSTK_STATUS, &raw mut features) };
    answer == 0 && features != 0
}
