//! Calls of the Windows x64 convention, and callbacks in it, made of instructions: what the compilers take for granted is
//! looked at here.
//!
//! | register                                         | across a call                                   |
//! |--------------------------------------------------|-------------------------------------------------|
//! | rcx, rdx, r8, r9, then the stack above 32 bytes   | arguments                                        |
//! | rax                                              | the result                                      |
//! | rbx, rbp, rdi, rsi, r12–r15, xmm6–xmm15           | as they were                                    |
//! | the 32 bytes above the return address            | the callee's                                    |
//!
//! W1  A call is made with a pattern in every register of the third row, and finds it there afterwards.
//! W2  A callback notes its arguments, its stack's alignment, and those registers; it overwrites every register that it may and
//!     the 32 bytes, so that a caller which counts on them is caught.

#![allow(unsafe_code, reason = "calls of another convention")]

use core::arch::global_asm;
use core::ffi::c_void;
use core::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Arguments of a call, at most.
const ARGUMENTS: usize = 11;
/// rbx, rbp, rdi, rsi, r12, r13, r14, r15.
const INTEGERS: usize = 8;
/// xmm6 to xmm15.
const VECTORS: usize = 10;

/// A call: what the instructions below read and write, at the offsets that stand there.
#[repr(C, align(16))]
struct Frame {
    function: *const c_void,         // 0
    arguments: [u64; ARGUMENTS],     // 8
    result: u64,                     // 96
    _pad: u64,                       // 104
    integers: [u64; INTEGERS],       // 112
    vectors: [u128; VECTORS],        // 176
    integers_after: [u64; INTEGERS], // 336
    vectors_after: [u128; VECTORS],  // 400
}

global_asm!(
    ".p2align 4",
    "ntwait_test_call:",
    "push rbp",
    "push rbx",
    "push r12",
    "push r13",
    "push r14",
    "push r15",
    // 32 bytes that are the callee's, seven arguments, the frame; and the stack is a multiple of 16.
    "sub rsp, 104",
    "mov [rsp + 96], rdi",
    "mov r10, rdi",
    "lea rsi, [r10 + 40]",
    "lea rdi, [rsp + 32]",
    "mov ecx, 7",
    "rep movsq",
    "mov rcx, [r10 + 8]",
    "mov rdx, [r10 + 16]",
    "mov r8, [r10 + 24]",
    "mov r9, [r10 + 32]",
    "movdqa xmm6, [r10 + 176]",
    "movdqa xmm7, [r10 + 192]",
    "movdqa xmm8, [r10 + 208]",
    "movdqa xmm9, [r10 + 224]",
    "movdqa xmm10, [r10 + 240]",
    "movdqa xmm11, [r10 + 256]",
    "movdqa xmm12, [r10 + 272]",
    "movdqa xmm13, [r10 + 288]",
    "movdqa xmm14, [r10 + 304]",
    "movdqa xmm15, [r10 + 320]",
    "mov rbx, [r10 + 112]",
    "mov rbp, [r10 + 120]",
    "mov rdi, [r10 + 128]",
    "mov rsi, [r10 + 136]",
    "mov r12, [r10 + 144]",
    "mov r13, [r10 + 152]",
    "mov r14, [r10 + 160]",
    "mov r15, [r10 + 168]",
    "call [r10]",
    "mov r10, [rsp + 96]",
    "mov [r10 + 96], rax",
    "mov [r10 + 336], rbx",
    "mov [r10 + 344], rbp",
    "mov [r10 + 352], rdi",
    "mov [r10 + 360], rsi",
    "mov [r10 + 368], r12",
    "mov [r10 + 376], r13",
    "mov [r10 + 384], r14",
    "mov [r10 + 392], r15",
    "movdqa [r10 + 400], xmm6",
    "movdqa [r10 + 416], xmm7",
    "movdqa [r10 + 432], xmm8",
    "movdqa [r10 + 448], xmm9",
    "movdqa [r10 + 464], xmm10",
    "movdqa [r10 + 480], xmm11",
    "movdqa [r10 + 496], xmm12",
    "movdqa [r10 + 512], xmm13",
    "movdqa [r10 + 528], xmm14",
    "movdqa [r10 + 544], xmm15",
    "add rsp, 104",
    "pop r15",
    "pop r14",
    "pop r13",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
);

unsafe extern "C" {
    #[link_name = "ntwait_test_call"]
    fn call_frame(frame: *mut Frame);
}

/// Calls a function with these arguments and proves W1. What it returns.
pub(crate) fn call(name: &str, function: *const c_void, arguments: &[u64]) -> u64 {
    let mut frame = Frame {
        function,
        arguments: [0xDEAD_DEAD_DEAD_DEAD; ARGUMENTS],
        result: 0,
        _pad: 0,
        integers: core::array::from_fn(|i| 0x0101_0101_0101_0101 * (i as u64 + 1)),
        vectors: core::array::from_fn(|i| 0x1011_1213_1415_1617_1819_1A1B_1C1D_1E1F * (i as u128 + 1)),
        integers_after: [0; INTEGERS],
        vectors_after: [0; VECTORS],
    };
    frame.arguments[..arguments.len()].copy_from_slice(arguments);
    // SAFETY: the frame is as the instructions expect it, and the function of this convention.
    unsafe { call_frame(&mut frame) };
    assert_eq!(frame.integers_after, frame.integers, "{name}: rbx, rbp, rdi, rsi, r12-r15");
    assert_eq!(frame.vectors_after, frame.vectors, "{name}: xmm6-xmm15");
    frame.result
}

/// How many callbacks a program can have: each has an entry of its own, as nothing else says which one is called.
const ENTRIES: usize = 16;

/// What the last call of an entry has noted, at the offsets that stand below.
#[repr(C, align(64))]
struct Note {
    calls: AtomicU64,          // 0
    arguments: [AtomicU64; 4], // 8
    stack: AtomicU64,          // 40: rsp on entry
    result: AtomicU64,         // 48: to be returned
    _pad: u64,
}

static NOTES: [Note; ENTRIES] = [const {
    Note {
        calls: AtomicU64::new(0),
        arguments: [const { AtomicU64::new(0) }; 4],
        stack: AtomicU64::new(0),
        result: AtomicU64::new(0),
        _pad: 0,
    }
}; ENTRIES];

// Sixteen entries of sixteen bytes each: a number in eax, and on to what they share.
global_asm!(
    ".p2align 4",
    "ntwait_test_entries:",
    ".set number, 0",
    ".rept 16",
    ".p2align 4",
    "mov eax, number",
    "jmp 2f",
    ".set number, number + 1",
    ".endr",
    ".p2align 4",
    "2:",
    "shl rax, 6",
    "lea r10, [rip + {notes}]",
    "add r10, rax",
    "mov [r10 + 8], rcx",
    "mov [r10 + 16], rdx",
    "mov [r10 + 24], r8",
    "mov [r10 + 32], r9",
    "mov [r10 + 40], rsp",
    // W2: the 32 bytes and the registers that are ours.
    "mov r11, -1",
    "mov [rsp + 8], r11",
    "mov [rsp + 16], r11",
    "mov [rsp + 24], r11",
    "mov [rsp + 32], r11",
    "mov rax, [r10 + 48]",
    "lock inc qword ptr [r10]",
    "mov rcx, r11",
    "mov rdx, r11",
    "mov r8, r11",
    "mov r9, r11",
    "mov r10, r11",
    "pcmpeqd xmm0, xmm0",
    "pcmpeqd xmm1, xmm1",
    "pcmpeqd xmm2, xmm2",
    "pcmpeqd xmm3, xmm3",
    "pcmpeqd xmm4, xmm4",
    "pcmpeqd xmm5, xmm5",
    "ret",
    notes = sym NOTES,
);

unsafe extern "C" {
    #[link_name = "ntwait_test_entries"]
    static ENTRY_CODE: u8;
}

/// A function of the Windows x64 convention that notes how it is called.
#[derive(Clone, Copy)]
pub(crate) struct Callback(usize);

impl Callback {
    /// One that nobody has yet, with its result.
    pub(crate) fn returning(result: u64) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed) as usize;
        NOTES[number].result.store(result, Ordering::Relaxed);
        Self(number)
    }

    pub(crate) fn address(self) -> u64 {
        (&raw const ENTRY_CODE).expose_provenance() as u64 + self.0 as u64 * 16
    }

    /// So many calls, the last with these arguments, on an aligned stack.
    pub(crate) fn expect(self, calls: u64, arguments: &[u64]) {
        let note = &NOTES[self.0];
        assert_eq!(note.calls.load(Ordering::SeqCst), calls);
        let noted = note.arguments.each_ref().map(|argument| argument.load(Ordering::Relaxed));
        assert_eq!(&noted[..arguments.len()], arguments);
        assert_eq!(note.stack.load(Ordering::Relaxed) % 16, 8, "a call leaves eight bytes on an aligned stack");
    }

    /// The same, for a number and a byte.
    pub(crate) fn expect_bytes(self, calls: u64, first: u64, second: u8) {
        self.expect(calls, &[first]);
        assert_eq!(NOTES[self.0].arguments[1].load(Ordering::Relaxed) as u8, second);
    }

    /// Waits for a call by another thread.
    pub(crate) fn wait_for(self, calls: u64) {
        let end = Instant::now() + Duration::from_secs(10);
        while NOTES[self.0].calls.load(Ordering::SeqCst) < calls {
            assert!(Instant::now() < end, "the callback is not called");
            sleep(Duration::from_millis(1));
        }
    }
}
