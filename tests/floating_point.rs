//! What floating-point state a new thread has, whatever its creator did with its own (TH32).

#![cfg(target_arch = "x86_64")]
#![allow(unsafe_code, reason = "reads and writes control registers")]

use core::arch::asm;
use core::ffi::c_void;
use core::ptr::null_mut;
use ntwait::{AccessMask, CreateThreadFlags, Handle, NtStatus, ObjectAttributes, Runtime, StartRoutine};

/// The x87 control word, and MXCSR above it.
fn state() -> u32 {
    let (mut control, mut mxcsr) = (0_u16, 0_u32);
    // SAFETY: stores two registers.
    unsafe { asm!("fnstcw [{}]", "stmxcsr [{}]", in(reg) &raw mut control, in(reg) &raw mut mxcsr) };
    u32::from(control) | mxcsr << 16
}

fn set_state(control: u16, mxcsr: u32) {
    // SAFETY: valid values; nothing computes with floating-point numbers before they are set back.
    unsafe { asm!("fldcw [{}]", "ldmxcsr [{}]", in(reg) &raw const control, in(reg) &raw const mxcsr) };
}

extern "C" fn c_routine(_: *mut c_void) -> u32 {
    let state = state();
    set_state(0x77F, 0x1F80 | 1 << 13); // for the next on the same Linux thread
    state
}

extern "win64" fn windows_routine(_: *mut c_void) -> u32 {
    let state = state();
    set_state(0x77F, 0x1F80 | 1 << 13);
    state
}

fn state_in(nt: &Runtime, routine: StartRoutine) -> u32 {
    let access = AccessMask::THREAD_ALL_ACCESS;
    let (process, flags) = (Handle::CURRENT_PROCESS, CreateThreadFlags::empty());
    let thread = nt
        .nt_create_thread_ex(access, ObjectAttributes::NONE, process, Some(routine), null_mut(), flags, 0)
        .expect("a thread");
    assert_eq!(nt.nt_wait_for_single_object(thread, false, None), NtStatus::WAIT_0);
    let code = nt.get_exit_code_thread(thread).expect("an exit code");
    assert_eq!(nt.nt_close(thread), NtStatus::SUCCESS);
    code
}

#[test]
fn th32_a_new_thread_has_the_default_state() {
    let nt = Runtime::global();
    let own = state();
    for _ in 0..20 {
        // Round down, extended precision, flush to zero.
        set_state(0x77F, 0x1F80 | 1 << 15);
        let (c, windows) =
            (state_in(nt, StartRoutine::C(c_routine)), state_in(nt, StartRoutine::Win64(windows_routine)));
        set_state(own as u16, own >> 16);
        assert_eq!(c, 0x37F | 0x1F80 << 16, "Linux's ABI");
        assert_eq!(windows, 0x27F | 0x1F80 << 16, "TH32");
    }
}
